//! SQL text that is fixed at compile time, with every value bound.
//!
//! What a user typed cannot become SQL: text enters as `&'static str`, all else
//! as a [`Value`].

use rusqlite::types::{ToSql, ToSqlOutput};

use crate::model::access::Reference;

/// A value to bind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Integer(i64),
    Text(String),
}

impl From<&Reference> for Value {
    fn from(reference: &Reference) -> Self {
        match reference {
            Reference::Id(id) => Self::Integer(*id),
            Reference::Name(name) => Self::Text(name.clone()),
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

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Integer(value) => value.to_sql(),
            Self::Text(value) => value.to_sql(),
        }
    }
}

/// A statement under construction. Placeholders are numbered `?1`, `?2`, … in
/// the order of binding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    #[must_use]
    pub fn new(text: &'static str) -> Self {
        Self { text: text.into(), values: Vec::new() }
    }

    pub fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.text.push('?');
        self.text.push_str(&self.values.len().to_string());
        self
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }
}
