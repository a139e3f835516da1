//! The tables and columns of a database, and the schema detected from them.

use std::collections::BTreeMap;

use super::{ALL, Description, Schema, Tables};
use crate::failure::{Failure, Kind};
use crate::store::sql::Dialect;

/// The tables of a database, each with its columns.
#[derive(Clone, Debug, Default)]
pub struct Catalog(BTreeMap<String, Vec<String>>);

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
    pub fn add(&mut self, table: String, column: Option<String>) {
        self.0.entry(table).or_default().extend(column);
    }

    /// Leaves a table out.
    pub fn forget(&mut self, table: &str) {
        self.0.remove(table);
    }

    #[must_use]
    pub fn has(&self, table: &str, column: &str) -> bool {
        debug_assert!(Description::any_uses(table), "{table} is not looked at");
        self.columns(table).is_some_and(|it| it.iter().any(|it| it.eq_ignore_ascii_case(column)))
    }

    fn columns(&self, table: &str) -> Option<&[String]> {
        self.0.get(table).map(Vec::as_slice)
    }

    /// Describes the first missing table or column.
    pub(super) fn lacks(&self, tables: Tables) -> Option<String> {
        tables.iter().find_map(|&(table, columns)| {
            if self.columns(table).is_none() {
                return Some(format!("there is no table {table}"));
            }
            let column = columns.split_whitespace().find(|column| !self.has(table, column))?;
            Some(format!("there is no column {column} in table {table}"))
        })
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
            let all: Vec<_> = known(dialect).map(|it| it.name).collect();
            let message = format!(
                "another program's database, none of {}: found {}",
                all.join(", "),
                self.in_words()
            );
            return Err(Failure::new(Kind::Failed, message)
                .hint("if it is the right database, --schema NAME tells what is missing"));
        };
        description.check(self, dialect)
    }

    /// Returns the descriptions whose signature the tables have: of the one named, or of all.
    pub fn fitting(
        &self,
        named: Option<&'static Description>,
        dialect: Dialect,
    ) -> impl Iterator<Item = &'static Description> {
        let known =
            known(dialect).filter(move |it| named.is_none_or(|named| named.name == it.name));
        known.filter(|it| self.lacks(it.signature).is_none())
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

/// The descriptions of databases that are told by their tables.
fn known(dialect: Dialect) -> impl Iterator<Item = &'static Description> {
    let known = ALL.iter().copied().filter(move |it| it.dialects.contains(&dialect));
    known.filter(|it| !it.signature.is_empty())
}
