//! What tells one database's SQL from another's: its dialect, and what was asked of the
//! database once. Writes no SQL.

use std::sync::Arc;

use super::text::Quoted;
use super::value::Value;

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
}
