//! SQL text that is fixed at compile time, with every value bound.
//!
//! User input cannot become SQL: text is `&'static str` or a [`Quoted`] name, everything
//! else a bound [`Value`]. Where the dialects differ, [`Sql`] has a method; all other text
//! is the same in both.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use uuid::Uuid;

use super::scopes::{Scopes, ScopesForm, in_json};
use crate::model::id::{Id, TokenId};
use crate::model::token::fold;

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

/// A name from a database's catalogue, as it stands in statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted(String);

impl Quoted {
    #[must_use]
    pub fn name(name: &str) -> Self {
        Self(format!("\"{}\"", name.replace('"', "\"\"")))
    }
}

impl fmt::Display for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value to bind.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Integer(i64),
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

/// A column of ids.
#[derive(Clone, Copy, Debug)]
pub struct IdColumn {
    pub sql: &'static str,
    pub form: IdForm,
}

/// The form of ids in a column. Those that are asked for are bound in the same form, so that
/// the column's index finds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdForm {
    Integer,
    Text,
    /// PostgreSQL's type; as text with small letters.
    Uuid,
    /// Integers and texts, in SQLite.
    Any,
}

impl IdColumn {
    #[must_use]
    pub const fn integer(sql: &'static str) -> Self {
        Self { sql, form: IdForm::Integer }
    }
}

impl IdForm {
    /// The value of an id; `None` where no id of this form is equal to it.
    #[must_use]
    pub fn value(self, id: &Id) -> Option<Value> {
        match (self, id) {
            (Self::Integer | Self::Any, Id::Integer(id)) => Some(Value::Integer(*id)),
            (Self::Any, Id::Text(id)) => Some(Value::from(&**id)),
            (Self::Integer, Id::Text(_)) => None,
            (Self::Text, id) => Some(Value::Text(id.to_string())),
            (Self::Uuid, id) => Uuid::parse_str(&id.to_string()).ok().map(Value::Uuid),
        }
    }

    /// The value of several; those that no id of this form is equal to are left out.
    fn values<'i>(self, ids: impl Iterator<Item = &'i Id>) -> Value {
        match self {
            Self::Integer => Value::Integers(
                ids.filter_map(|id| match id {
                    Id::Integer(id) => Some(*id),
                    Id::Text(_) => None,
                })
                .collect(),
            ),
            Self::Text => Value::Texts(ids.map(Id::to_string).collect()),
            Self::Uuid => {
                Value::Uuids(ids.filter_map(|id| Uuid::parse_str(&id.to_string()).ok()).collect())
            }
            Self::Any => Value::Ids(ids.cloned().collect()),
        }
    }
}

/// What statements depend on besides the dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flavour {
    pub dialect: Dialect,
    /// The schema of the server that the tables are in.
    pub namespace: Option<Quoted>,
    pub encoding: Encoding,
    /// Whether `lower` knows the letters of ASCII: under a Turkish collation it does not.
    pub folds_ascii: bool,
}

/// How a database keeps text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    /// SQLite compares the bytes of it.
    Utf16,
    /// PostgreSQL does not know what the bytes mean.
    Unknown,
    /// Of a repertoire that is smaller than Unicode's.
    Other,
}

impl Flavour {
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, namespace: None, encoding: Encoding::Utf8, folds_ascii: true }
    }
}

/// The database's collation, and that of bytes. A column may have one of its own, with other
/// letters, or one by which texts are equal that are not the same, and has no say in what is
/// found. For a column without one the first changes nothing, so that its indexes serve.
const DEFAULT: &str = " COLLATE \"default\"";
const PLAIN: &str = " COLLATE \"C\"";

/// A statement under construction. Placeholders are numbered in the order of
/// binding: `?1`, `?2`, … or `$1`, `$2`, …
#[derive(Clone, Debug, PartialEq)]
pub struct Sql {
    flavour: Flavour,
    text: String,
    values: Vec<Value>,
}

impl Sql {
    #[must_use]
    pub fn new(flavour: Flavour) -> Self {
        Self { flavour, text: String::new(), values: Vec::new() }
    }

    /// Writes text, in which each name of a table has an `@` before it, so that a server finds
    /// the table in its schema, and no other of that name. Behind a text whose case is ignored
    /// stands a `#`, for the collation of that: the database's, whatever a column has.
    pub fn push(&mut self, text: &'static str) -> &mut Self {
        for part in text.split_inclusive(['@', '#']) {
            let plain = part.trim_end_matches(['@', '#']);
            self.text.push_str(plain);
            match (&part[plain.len()..], &self.flavour.namespace) {
                ("@", Some(Quoted(namespace))) => self.text.extend([namespace, "."]),
                ("#", _) if self.flavour.dialect == Dialect::Postgres => {
                    self.text.push_str(if self.flavour.folds_ascii { DEFAULT } else { PLAIN });
                }
                _ => {}
            }
        }
        self
    }

    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        // SQLite takes `$1` for a name, and numbers it by first occurrence.
        self.text.push(match self.flavour.dialect {
            Dialect::Sqlite => '?',
            Dialect::Postgres => '$',
        });
        self.text.push_str(&self.values.len().to_string());
        self
    }

    /// Writes a condition that a column is one of these ids.
    pub fn one_of<'i>(
        &mut self,
        column: IdColumn,
        ids: impl ExactSizeIterator<Item = &'i Id> + Clone,
    ) -> &mut Self {
        self.push(column.sql);
        if ids.len() == 1
            && let Some(id) = ids.clone().next().and_then(|id| column.form.value(id))
        {
            return self.push(" = ").bind(id);
        }
        let ids = column.form.values(ids);
        match self.flavour.dialect {
            Dialect::Sqlite => self.push(" IN (SELECT value FROM json_each(").bind(ids).push("))"),
            Dialect::Postgres => self.push(" = ANY(").bind(ids).push(")"),
        }
    }

    /// Writes a further condition that a column is one of these ids. With `is_last`, no
    /// index finds rows by them: the other conditions find rows, of which this keeps some.
    pub fn and_one_of(&mut self, column: IdColumn, ids: &[TokenId], is_last: bool) -> &mut Self {
        let wanted = ids.iter().map(|id| &id.0);
        if !is_last {
            return self.push(" AND ").one_of(column, wanted);
        }
        // An expression, which no index has.
        match (self.flavour.dialect, column.form) {
            (Dialect::Postgres, IdForm::Text | IdForm::Uuid) => {
                self.push(" AND (").push(column.sql).push(")::text || '' = ANY(");
                self.bind(IdForm::Text.values(wanted)).push(")")
            }
            (Dialect::Sqlite | Dialect::Postgres, _) => self.push(" AND +").one_of(column, wanted),
        }
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

    /// Writes a condition that a name contains a word, whatever the case of either.
    pub fn contains(&mut self, name: &'static str, word: &str) -> &mut Self {
        match self.flavour.dialect {
            Dialect::Sqlite => {
                let word: String = fold(word).collect();
                self.push("tokenctl_contains(").push(name).push(", ").bind(word).push(")")
            }
            // Both by the collation of the database.
            Dialect::Postgres => self
                .push("strpos(lower((")
                .push(name)
                .push(")::text")
                .push(DEFAULT)
                .push("), lower(")
                .bind(word)
                .push(DEFAULT)
                .push(")) > 0"),
        }
    }

    /// Writes a condition that scopes include any of these; NULL where they cannot be read.
    pub fn has_scope(&mut self, scopes: Scopes, wanted: &[String]) -> &mut Self {
        let mut wanted = wanted.to_vec();
        match self.flavour.dialect {
            Dialect::Sqlite => {
                self.push("tokenctl_has_scope('").push(scopes.form.name()).push("', ");
                self.push(scopes.sql).push(", ").bind(Value::Texts(wanted)).push(")")
            }
            Dialect::Postgres => {
                let is_unicode = self.flavour.encoding == Encoding::Utf8;
                for (index, part) in scopes.form.array(is_unicode).iter().enumerate() {
                    if index > 0 {
                        self.push("(").push(scopes.sql).push(PLAIN).push(")");
                    }
                    self.push(part);
                }
                if scopes.form == ScopesForm::Json && !is_unicode {
                    wanted.extend(wanted.iter().flat_map(|it| in_json(it)).collect::<Vec<_>>());
                }
                self.push(" && ").bind(Value::Texts(wanted))
            }
        }
    }

    /// Writes a key of ORDER BY that compares text by code point.
    pub fn by_code_point(&mut self, text: &'static str) -> &mut Self {
        let [begin, end] = match self.flavour.dialect {
            Dialect::Sqlite if self.flavour.encoding == Encoding::Utf16 => ["tokenctl_utf8(", ")"],
            Dialect::Sqlite => ["", ""],
            Dialect::Postgres => ["", PLAIN],
        };
        self.push(begin).push(text).push(end)
    }

    /// Writes a key of ORDER BY: integers as numbers, text by code point.
    pub fn by_id(&mut self, column: IdColumn) -> &mut Self {
        match column.form {
            IdForm::Text => self.by_code_point(column.sql),
            IdForm::Integer | IdForm::Uuid | IdForm::Any => self.push(column.sql),
        }
    }

    /// Returns the statement with a prefix.
    #[cfg(test)]
    pub fn with_prefix(&self, prefix: &'static str) -> Self {
        Self { text: format!("{prefix}{}", self.text), ..self.clone() }
    }

    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.flavour.dialect
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
