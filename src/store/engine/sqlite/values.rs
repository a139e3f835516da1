//! Values as SQLite takes and gives them.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use rusqlite::Error::ToSqlConversionFailure;
use uuid::Uuid;

use super::page::PageRow;
use crate::model::id::Id;
use crate::store::engine::Raw;
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
            Self::Text(value) => Ok(value.as_str().into()),
            // One value however many there are, so no limit on parameters is met.
            Self::Integers(values) => Ok(json(values).into()),
            Self::Texts(values) => Ok(json(values).into()),
            Self::Ids(values) => {
                let values = serde_json::to_string(values);
                values.map(Into::into).map_err(|error| ToSqlConversionFailure(error.into()))
            }
            // No column of SQLite has these forms.
            Self::Uuid(value) => Ok(value.to_string().into()),
            Self::Uuids(values) => {
                Ok(json(&values.iter().map(Uuid::to_string).collect::<Vec<_>>()).into())
            }
            Self::Timestamp(value) => Ok(value.to_string().into()),
            Self::Timestamptz(value) => Ok(value.to_string().into()),
            Self::Date(value) => Ok(value.to_string().into()),
        }
    }
}

fn json<V: Clone + Into<serde_json::Value>>(values: &[V]) -> String {
    serde_json::Value::from(values).to_string()
}

/// The value of a column.
pub fn value(row: PageRow<'_>, index: usize) -> Result<Raw<'_>, String> {
    match row.value(index) {
        Some(ValueRef::Null) => Ok(Raw::Null),
        Some(ValueRef::Integer(value)) => Ok(Raw::Integer(value)),
        Some(ValueRef::Text(text)) => Ok(Raw::Text(text)),
        Some(ValueRef::Real(_) | ValueRef::Blob(_)) => Ok(Raw::Other),
        None => Err("it has fewer columns".into()),
    }
}
