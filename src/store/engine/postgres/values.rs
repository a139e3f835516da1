//! Values as PostgreSQL takes and gives them.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql, Type};
use uuid::Uuid;

use crate::store::engine::Raw;
use crate::store::schema::ColumnKind;
use crate::store::sql::Value;

/// A value with its type.
type Typed<'v> = (&'v (dyn ToSql + Sync), Type);

/// Values with their types.
pub fn typed(values: &[Value]) -> Vec<Typed<'_>> {
    values.iter().map(typed_value).collect()
}

fn typed_value(value: &Value) -> Typed<'_> {
    match value {
        Value::Integer(value) => (value, Type::INT8),
        Value::Boolean(value) => (value, Type::BOOL),
        Value::Text(value) => (value, Type::TEXT),
        Value::Integers(values) => (values, Type::INT8_ARRAY),
        Value::Texts(values) => (values, Type::TEXT_ARRAY),
        Value::Uuid(value) => (value, Type::UUID),
        Value::Uuids(values) => (values, Type::UUID_ARRAY),
        // No column of PostgreSQL holds both.
        Value::Ids(_) => (&None::<&str>, Type::TEXT_ARRAY),
        Value::Timestamp(value) => (value, Type::TIMESTAMP),
        Value::Timestamptz(value) => (value, Type::TIMESTAMPTZ),
        Value::Date(value) => (value, Type::DATE),
    }
}

/// The type of a column of a native store.
pub fn type_of(kind: ColumnKind) -> Type {
    match kind {
        ColumnKind::Integer => Type::INT8,
        ColumnKind::Boolean => Type::BOOL,
        ColumnKind::Timestamptz => Type::TIMESTAMPTZ,
        ColumnKind::Date => Type::DATE,
        ColumnKind::Array => Type::TEXT_ARRAY,
        _ => Type::TEXT,
    }
}

/// A value for a column of a kind.
pub fn field(value: Option<&Value>, kind: ColumnKind) -> &(dyn ToSql + Sync) {
    match (value, kind) {
        (Some(value), _) => typed_value(value).0,
        // The driver asks for the type of NULL, too.
        (None, ColumnKind::Integer) => &None::<i64>,
        (None, ColumnKind::Boolean) => &None::<bool>,
        (None, ColumnKind::Timestamptz) => &None::<DateTime<Utc>>,
        (None, ColumnKind::Date) => &None::<NaiveDate>,
        (None, ColumnKind::Array) => &None::<Vec<String>>,
        (None, _) => &None::<&str>,
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
            // A database of no encoding lets anything pass.
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME => {
                str::from_utf8(raw).map_or(Self::Bytes(raw), Self::Text)
            }
            Type::TIMESTAMP | Type::TIMESTAMPTZ => {
                Self::Instant(instant(i64::from_be_bytes(raw.try_into()?)))
            }
            Type::DATE => Self::Date(date(i32::from_be_bytes(raw.try_into()?))),
            Type::TEXT_ARRAY => Self::Texts(raw),
            Type::UUID => Self::Uuid(Uuid::from_sql(of_type, raw)?),
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

/// The texts of an array, of which none is NULL.
pub fn texts(raw: &[u8]) -> Option<Vec<String>> {
    Vec::from_sql(&Type::TEXT_ARRAY, raw).ok()
}

/// PostgreSQL counts from 2000.
const EPOCH: NaiveDate = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a date");

/// The instant so many microseconds after [`EPOCH`]. The ends of the calendar stand for
/// infinity; PostgreSQL's years go on for longer than 262142, and stay below that.
fn instant(microseconds: i64) -> DateTime<Utc> {
    let epoch = EPOCH.and_time(NaiveTime::MIN).and_utc();
    match microseconds {
        i64::MAX => DateTime::<Utc>::MAX_UTC,
        i64::MIN => DateTime::<Utc>::MIN_UTC,
        _ => {
            let found = epoch.checked_add_signed(TimeDelta::microseconds(microseconds));
            found.unwrap_or_else(|| LATEST.and_time(NaiveTime::MIN).and_utc())
        }
    }
}

/// The date so many days after [`EPOCH`].
fn date(days: i32) -> NaiveDate {
    match days {
        i32::MAX => NaiveDate::MAX,
        i32::MIN => NaiveDate::MIN,
        0.. => EPOCH.checked_add_days(Days::new(days.unsigned_abs().into())).unwrap_or(LATEST),
        // PostgreSQL's calendar begins within ours.
        _ => {
            EPOCH.checked_sub_days(Days::new(days.unsigned_abs().into())).unwrap_or(NaiveDate::MIN)
        }
    }
}

/// The last day but infinity.
const LATEST: NaiveDate = NaiveDate::MAX.pred_opt().expect("a date");
