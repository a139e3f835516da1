//! What tells one database's SQL from another's: its dialect, what was asked of the database
//! once, and the conditions that each dialect writes in its way. Nothing else in statements
//! depends on the dialect.

use std::sync::Arc;

use super::Sql;
use super::ids::{IdColumn, IdForm};
use super::text::Quoted;
use super::value::Value;
use crate::model::id::IdList;
use crate::model::token::fold;
use crate::store::scopes::{Scopes, ScopesForm, in_json};

/// The database's collation, and that of bytes. A column may have one of its own, with other
/// letters, or one by which texts are equal that are not the same, and has no say in what is
/// found. For a column without one the first changes nothing, so that its indexes serve.
const DEFAULT: &str = " COLLATE \"default\"";
const PLAIN: &str = " COLLATE \"C\"";

/// A dialect of SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// What it is called in files that describe tables.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// What stands before the number of a value.
    pub(super) fn placeholder(self) -> char {
        match self {
            Self::Sqlite => '?',
            // SQLite would take it for a name, and number it by first occurrence.
            Self::Postgres => '$',
        }
    }

    /// Whether two names are the same.
    #[must_use]
    pub fn is_same_name(self, one: &str, other: &str) -> bool {
        match self {
            Self::Sqlite => one.eq_ignore_ascii_case(other),
            Self::Postgres => one == other,
        }
    }

    /// Whether RETURNING knows the row by the name that the statement gives the table.
    #[must_use]
    pub fn returns_by_alias(self) -> bool {
        match self {
            Self::Sqlite => false,
            Self::Postgres => true,
        }
    }

    /// Whether it has types for times: elsewhere they are texts, or numbers.
    #[must_use]
    pub fn has_types_of_times(self) -> bool {
        match self {
            Self::Sqlite => false,
            Self::Postgres => true,
        }
    }
}

/// What statements depend on besides the dialect.
#[derive(Clone, Debug, PartialEq)]
pub struct Flavour {
    pub dialect: Dialect,
    /// The schema of the server that the tables are in.
    pub namespace: Option<Quoted>,
    pub encoding: Encoding,
    /// Whether `lower` knows the letters of ASCII: under a Turkish collation it does not.
    pub folds_ascii: bool,
    /// The values that stand in a description, which texts name by their numbers.
    pub literals: Arc<[Value]>,
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
        Self {
            dialect,
            namespace: None,
            encoding: Encoding::Utf8,
            folds_ascii: true,
            literals: Arc::new([]),
        }
    }

    /// The collation of a text whose case is ignored.
    pub(super) fn folding(&self) -> &'static str {
        match self.dialect {
            Dialect::Sqlite => "",
            Dialect::Postgres if self.folds_ascii => DEFAULT,
            Dialect::Postgres => PLAIN,
        }
    }
}

impl Sql {
    /// Writes, behind a column, that it is one of these.
    pub(super) fn is_any_of(&mut self, ids: Value) -> &mut Self {
        match self.flavour.dialect {
            Dialect::Sqlite => self.push(" IN (SELECT value FROM json_each(").bind(ids).push("))"),
            Dialect::Postgres => self.push(" = ANY(").bind(ids).push(")"),
        }
    }

    /// Writes a further condition that a column is one of these ids. With `is_last`, no
    /// index finds rows by them: the other conditions find rows, of which this keeps some.
    pub fn and_one_of(&mut self, column: IdColumn, ids: &IdList, is_last: bool) -> &mut Self {
        if !is_last {
            return self.push(" AND ").one_of(column, ids);
        }
        // An expression, which no index has.
        match (self.flavour.dialect, column.form) {
            (Dialect::Postgres, IdForm::Text | IdForm::Uuid | IdForm::Row) => {
                self.push(" AND (").push(column.sql).push(")::text || '' = ANY(");
                self.bind(IdForm::Text.values(ids)).push(")")
            }
            (Dialect::Sqlite | Dialect::Postgres, _) => self.push(" AND +").one_of(column, ids),
        }
    }

    /// Writes a condition that a name contains all words, whatever the case of either.
    pub fn contains(&mut self, name: &'static str, words: &[String]) -> &mut Self {
        match self.flavour.dialect {
            Dialect::Sqlite => {
                // One value however many there are: SQLite takes no more than a thousand
                // conditions.
                let words = words.iter().map(|word| fold(word).collect()).collect();
                self.push("tokenctl_contains(").push(name).push(", ");
                self.bind(Value::Texts(words)).push(")");
            }
            // Both by the collation of the database.
            Dialect::Postgres => {
                for (index, word) in words.iter().enumerate() {
                    self.push(if index > 0 { " AND " } else { "" });
                    self.push("strpos(lower((").push(name).push(")::text").push(DEFAULT);
                    self.push("), lower(").bind(word.as_str()).push(DEFAULT).push(")) > 0");
                }
            }
        }
        self
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
}
