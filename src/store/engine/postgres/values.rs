//! Values as PostgreSQL takes and gives them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql, Type};

use crate::store::engine::Raw;
use crate::store::sql::{Sql, Value};

/// A value with its type.
type Typed<'v> = (&'v (dyn ToSql + Sync), Type);

/// The values of a statement.
pub fn typed(sql: &Sql) -> Vec<Typed<'_>> {
    sql.values().iter().map(typed_value).collect()
}

fn typed_value(value: &Value) -> Typed<'_> {
    match value {
        Value::Integer(value) => (value, Type::INT8),
        Value::Text(value) => (value, Type::TEXT),
        Value::Integers(values) => (values, Type::INT8_ARRAY),
        Value::Texts(values) => (values, Type::TEXT_ARRAY),
        Value::Timestamp(value) => (value, Type::TIMESTAMP),
        Value::Timestamptz(value) => (value, Type::TIMESTAMPTZ),
        Value::Date(value) => (value, Type::DATE),
    }
}

/// The value of a column.
pub fn value(row: &Row, index: usize) -> Result<Raw<'_>, String> {
    row.try_get(index).map_err(|error| error.to_string())
}

impl<'r> FromSql<'r> for Raw<'r> {
    fn from_sql(
        of_type: &Type,
        raw: &'r [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *of_type {
            Type::BOOL => Self::Boolean(bool::from_sql(of_type, raw)?),
            Type::INT2 => Self::Integer(i16::from_sql(of_type, raw)?.into()),
            Type::INT4 => Self::Integer(i32::from_sql(of_type, raw)?.into()),
            Type::INT8 => Self::Integer(i64::from_sql(of_type, raw)?),
            // Whether it is UTF-8 is asked when it is read: a database of no encoding
            // lets anything pass.
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME => Self::Text(raw),
            // Infinity, and the years that chrono does not know, are no instants.
            Type::TIMESTAMP => NaiveDateTime::from_sql(of_type, raw)
                .map_or(Self::Other, |value| Self::Instant(value.and_utc())),
            Type::TIMESTAMPTZ => {
                DateTime::<Utc>::from_sql(of_type, raw).map_or(Self::Other, Self::Instant)
            }
            Type::DATE => NaiveDate::from_sql(of_type, raw).map_or(Self::Other, Self::Date),
            _ => Self::Other,
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
