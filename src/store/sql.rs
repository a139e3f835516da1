//! SQL text that is fixed at compile time, with every value bound.
//!
//! User input cannot become SQL: text is `&'static str`, everything else a bound
//! [`Value`]. Where the dialects differ, [`Sql`] has a method; all other text is the same
//! in both.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

use super::scopes::Scopes;
use crate::model::id::TokenId;
use crate::model::reference::Reference;

/// A dialect of SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// A value to bind.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Integer(i64),
    Text(String),
    Integers(Vec<i64>),
    Texts(Vec<String>),
    /// In UTC, for a column without time zone.
    Timestamp(NaiveDateTime),
    Timestamptz(DateTime<Utc>),
    Date(NaiveDate),
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

/// A statement under construction. Placeholders are numbered in the order of
/// binding: `?1`, `?2`, … or `$1`, `$2`, …
#[derive(Clone, Debug, PartialEq)]
pub struct Sql {
    dialect: Dialect,
    text: String,
    values: Vec<Value>,
    /// Whether SQLite keeps text in UTF-16, and compares its bytes.
    is_utf16: bool,
}

impl Sql {
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, text: String::new(), values: Vec::new(), is_utf16: false }
    }

    /// For a database whose text is in UTF-16, or is not.
    #[must_use]
    pub fn in_utf16(self, is_utf16: bool) -> Self {
        Self { is_utf16, ..self }
    }

    pub fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        // SQLite takes `$1` for a name, and numbers it by first occurrence.
        self.text.push(match self.dialect {
            Dialect::Sqlite => '?',
            Dialect::Postgres => '$',
        });
        self.text.push_str(&self.values.len().to_string());
        self
    }

    /// Writes a condition that a column is one of these ids.
    pub fn one_of(&mut self, column: &'static str, ids: &[TokenId]) -> &mut Self {
        self.push(column);
        if let [TokenId(id)] = ids {
            return self.push(" = ").bind(*id);
        }
        let ids = Value::Integers(ids.iter().map(|id| id.0).collect());
        match self.dialect {
            Dialect::Sqlite => self.push(" IN (SELECT value FROM json_each(").bind(ids).push("))"),
            Dialect::Postgres => self.push(" = ANY(").bind(ids).push(")"),
        }
    }

    /// Writes a further condition that a column is one of these ids. With `is_last`, no
    /// index finds rows by them: the other conditions find rows, of which this keeps some.
    pub fn and_one_of(
        &mut self,
        column: &'static str,
        ids: &[TokenId],
        is_last: bool,
    ) -> &mut Self {
        // A sign makes it an expression, which no index has.
        self.push(if is_last { " AND +" } else { " AND " }).one_of(column, ids)
    }

    /// Writes text with a value between each two parts.
    pub fn push_bound(
        &mut self,
        parts: &[&'static str],
        values: impl IntoIterator<Item = impl Into<Value>>,
    ) -> &mut Self {
        let mut values = values.into_iter();
        for (index, part) in parts.iter().enumerate() {
            if let Some(value) = (index > 0).then(|| values.next()).flatten() {
                self.bind(value);
            }
            self.push(part);
        }
        self
    }

    /// Writes a condition that a name contains a folded word.
    pub fn contains(&mut self, name: &'static str, word: &str) -> &mut Self {
        match self.dialect {
            Dialect::Sqlite => {
                self.push("tokenctl_contains(").push(name).push(", ").bind(word).push(")")
            }
            // Folded again, by the same collation as the name.
            Dialect::Postgres => self
                .push("strpos(lower((")
                .push(name)
                .push(")::text), lower(")
                .bind(word)
                .push(")) > 0"),
        }
    }

    /// Writes a condition that scopes include any of these; NULL where they cannot be read.
    pub fn has_scope(&mut self, scopes: Scopes, wanted: &[String]) -> &mut Self {
        let wanted = Value::Texts(wanted.to_vec());
        match self.dialect {
            Dialect::Sqlite => {
                self.push("tokenctl_has_scope('").push(scopes.form.name()).push("', ");
                self.push(scopes.sql).push(", ").bind(wanted).push(")")
            }
            Dialect::Postgres => {
                for (index, part) in scopes.form.array().iter().enumerate() {
                    self.push(if index > 0 { scopes.sql } else { "" }).push(part);
                }
                self.push(" && ").bind(wanted)
            }
        }
    }

    /// Writes a key of ORDER BY that compares text by code point.
    pub fn by_code_point(&mut self, text: &'static str) -> &mut Self {
        let [begin, end] = match self.dialect {
            Dialect::Sqlite if self.is_utf16 => ["tokenctl_utf8(", ")"],
            Dialect::Sqlite => ["", ""],
            Dialect::Postgres => ["", " COLLATE \"C\""],
        };
        self.push(begin).push(text).push(end)
    }

    /// Returns the statement with a prefix.
    #[cfg(test)]
    pub fn with_prefix(&self, prefix: &'static str) -> Self {
        Self { text: format!("{prefix}{}", self.text), ..self.clone() }
    }

    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
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
