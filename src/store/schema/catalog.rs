//! The tables and columns of a database, and the schema detected from them.

use std::collections::BTreeMap;

use super::known::known;
use super::{Description, Needs, Schema, Tables, native};
use crate::failure::{Failure, Kind};
use crate::store::sql::Dialect;

/// The tables of a database, each with its columns.
#[derive(Clone, Debug, Default)]
pub struct Catalog(BTreeMap<String, Vec<Column>>);

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: ColumnKind,
}

/// What a column holds, as far as its declaration tells. In SQLite it may hold anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    Integer,
    Boolean,
    Text,
    /// What is compared and read as text once it is cast: PostgreSQL's enumerations, and text
    /// whose case it ignores.
    Castable,
    Uuid,
    Timestamp,
    Timestamptz,
    Date,
    /// Of texts, or of what is cast to them.
    Array,
    Json,
    /// Of SQLite, without a declaration.
    Any,
    Other,
}

impl ColumnKind {
    /// Tells it from the declaration of a column of SQLite, by the words that [affinity] goes
    /// by, and those that applications use for what SQLite has no types for.
    ///
    /// [affinity]: https://www.sqlite.org/datatype3.html#determination_of_column_affinity
    #[must_use]
    pub fn declared(declaration: &str) -> Self {
        let declaration = declaration.to_ascii_lowercase();
        let has = |word: &str| declaration.contains(word);
        match declaration.as_str() {
            "" => Self::Any,
            "date" => Self::Date,
            _ if has("bool") => Self::Boolean,
            _ if has("int") => Self::Integer,
            _ if has("char") || has("text") || has("clob") || has("uuid") || has("enum") => {
                Self::Text
            }
            _ if has("time") || has("date") => Self::Text,
            _ if has("json") => Self::Text,
            _ => Self::Other,
        }
    }

    /// Tells it from the name of a type of PostgreSQL; of an enumeration and an array these
    /// words stand there.
    #[must_use]
    pub fn of_type(name: &str) -> Self {
        match name {
            "int2" | "int4" | "int8" => Self::Integer,
            "bool" => Self::Boolean,
            "text" | "varchar" | "name" => Self::Text,
            // The blanks at the end of the second are no part of it.
            "enum" | "bpchar" | "citext" => Self::Castable,
            "uuid" => Self::Uuid,
            "timestamp" => Self::Timestamp,
            "timestamptz" => Self::Timestamptz,
            "date" => Self::Date,
            "array" => Self::Array,
            "json" | "jsonb" => Self::Json,
            _ => Self::Other,
        }
    }
}

/// The tables of several catalogues, with the columns of all that have the same name.
impl FromIterator<Self> for Catalog {
    fn from_iter<I: IntoIterator<Item = Self>>(catalogs: I) -> Self {
        let mut all = Self::default();
        for (table, columns) in catalogs.into_iter().flat_map(|it| it.0) {
            all.0.entry(table).or_default().extend(columns);
        }
        all
    }
}

impl Catalog {
    /// Adds a table, and one of its columns.
    pub fn add(&mut self, table: String, column: Option<Column>) {
        self.0.entry(table).or_default().extend(column);
    }

    /// Leaves a table out.
    pub fn forget(&mut self, table: &str) {
        self.0.remove(table);
    }

    #[must_use]
    pub fn has(&self, table: &str, column: &str) -> bool {
        self.columns(table)
            .is_some_and(|it| it.iter().any(|it| it.name.eq_ignore_ascii_case(column)))
    }

    /// The columns of a table.
    #[must_use]
    pub fn columns(&self, table: &str) -> Option<&[Column]> {
        self.0.get(table).map(Vec::as_slice)
    }

    /// The names of all tables.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Describes the first missing table or column.
    pub(super) fn lacks(&self, needs: &Needs) -> Option<String> {
        needs.0.iter().find_map(|(table, columns)| {
            if self.columns(table).is_none() {
                return Some(format!("there is no table {table}"));
            }
            let column = columns.iter().find(|column| !self.has(table, column))?;
            Some(format!("there is no column {column} in table {table}"))
        })
    }

    fn has_all(&self, tables: Tables) -> bool {
        self.lacks(&tables.into()).is_none()
    }

    /// Returns the schema of the database: the one named, or the one detected.
    ///
    /// # Errors
    ///
    /// When no description fits, or tables or columns are missing.
    pub fn recognise(
        &self,
        named: Option<&'static Description>,
        dialect: Dialect,
    ) -> Result<Schema, Failure> {
        if let Some(named) = named.filter(|it| !it.dialects.contains(&dialect)) {
            let message = format!("the {} schema does not exist on {}", named.name, dialect.name());
            return Err(Failure::usage(message));
        }
        let Some(description) = named.or_else(|| self.fitting(None, dialect).next()) else {
            let all: Vec<_> = told_by_tables(dialect).map(|it| it.name).collect();
            let message = format!(
                "another program's database, none of {}: found {}",
                all.join(", "),
                self.in_words()
            );
            return Err(Failure::new(Kind::Failed, message)
                .hint("if it is the right database, --schema NAME tells what is missing")
                .hint("any other can be described in a file: tokenctl schema draft"));
        };
        description.check(self, dialect)
    }

    /// Returns the descriptions that the tables may be of: the one named, or all whose
    /// signature they have.
    pub fn fitting(
        &self,
        named: Option<&'static Description>,
        dialect: Dialect,
    ) -> impl Iterator<Item = &'static Description> {
        let known = told_by_tables(dialect).filter(move |_| named.is_none());
        named.into_iter().chain(known).filter(move |it| match it.signature {
            // Of one that has to be named, the tables have to be there.
            [] => it.required.tables().all(|table| self.columns(table).is_some()),
            signature => self.has_all(signature),
        })
    }

    /// Lists the tables, as many as fit on a line.
    fn in_words(&self) -> String {
        const SHOWN: usize = 4;
        let names: Vec<_> = self.0.keys().take(SHOWN).map(String::as_str).collect();
        match self.0.len() {
            0 => "no table".into(),
            count if count > SHOWN => {
                format!("tables {} and {} more", names.join(", "), count - SHOWN)
            }
            _ => format!("tables {}", names.join(", ")),
        }
    }
}

/// The descriptions of databases that are told by their tables. A file says by itself that it
/// is a native store.
fn told_by_tables(dialect: Dialect) -> impl Iterator<Item = &'static Description> {
    let native = (dialect == Dialect::Postgres).then(native::description);
    native.into_iter().chain(known()).filter(move |it| it.dialects.contains(&dialect))
}
