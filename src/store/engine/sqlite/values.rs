//! Values as SQLite takes and gives them.

use rusqlite::types::{ToSql, ToSqlOutput};

use rusqlite::Error::ToSqlConversionFailure;
use serde::Serialize;
use uuid::Uuid;

use crate::model::id::Id;
use crate::store::sql::Value;

impl ToSql for Id {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Integer(id) => Ok((*id).into()),
            Self::Text(id) => Ok((&**id).into()),
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Integer(value) => Ok((*value).into()),
            Self::Boolean(value) => Ok((*value).into()),
            Self::Text(value) => Ok(value.as_str().into()),
            // One value however many there are, so no limit on parameters is met.
            Self::Integers(values) => json(values),
            Self::Texts(values) => json(values),
            Self::Ids(values) => json(values),
            // No column of SQLite has these forms.
            Self::Uuid(value) => Ok(value.to_string().into()),
            Self::Uuids(values) => json(&values.iter().map(Uuid::to_string).collect::<Vec<_>>()),
            Self::Timestamp(value) => Ok(value.to_string().into()),
            Self::Timestamptz(value) => Ok(value.to_string().into()),
            Self::Date(value) => Ok(value.to_string().into()),
        }
    }
}

fn json(values: &impl Serialize) -> rusqlite::Result<ToSqlOutput<'static>> {
    let text = serde_json::to_string(values);
    text.map(Into::into).map_err(|error| ToSqlConversionFailure(error.into()))
}
