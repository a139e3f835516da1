//! Values that statements bind, of the types that either dialect has. None becomes text of a
//! statement.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use uuid::Uuid;

use crate::model::id::Id;

/// A value to bind.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Integer(i64),
    Boolean(bool),
    Text(String),
    Integers(Vec<i64>),
    Texts(Vec<String>),
    Uuid(Uuid),
    Uuids(Vec<Uuid>),
    /// Integers and texts: for SQLite, where a column may hold both.
    Ids(Vec<Id>),
    /// In UTC, for a column without time zone.
    Timestamp(NaiveDateTime),
    Timestamptz(DateTime<Utc>),
    Date(NaiveDate),
}

impl Value {
    /// The texts in it.
    pub fn texts(&mut self) -> &mut [String] {
        match self {
            Self::Text(text) => std::slice::from_mut(text),
            Self::Texts(texts) => texts,
            _ => &mut [],
        }
    }

    #[must_use]
    pub fn is_ascii(&self) -> bool {
        match self {
            Self::Text(text) => text.is_ascii(),
            Self::Texts(texts) => texts.iter().all(|text| text.is_ascii()),
            _ => true,
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
