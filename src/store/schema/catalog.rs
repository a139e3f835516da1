//! The tables and columns of a database, and the schema detected from them.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{ALL, Description, Schema, Tables};
use crate::failure::{Failure, Kind};
use crate::store::sql::Dialect;

/// The tables of a database, each with its columns.
#[derive(Debug, Default)]
pub struct Catalog(BTreeMap<String, Vec<String>>);

impl Catalog {
    pub fn add(&mut self, table: String, column: String) {
        self.0.entry(table).or_default().push(column);
    }

    /// Adds a table that is of no use, so that it can be named.
    pub fn add_other(&mut self, table: String) {
        self.0.entry(table).or_default();
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
        let known = ALL.iter().copied().filter(|it| it.dialects.contains(&dialect));
        let known = known.filter(|it| !it.signature.is_empty());
        let detected = || known.clone().find(|it| self.lacks(it.signature).is_none());
        let Some(description) = named.or_else(detected) else {
            let mut message =
                "another program's database, of no known schema: looked for ".to_owned();
            for (index, it) in known.enumerate() {
                let _ = write!(message, "{}{} (", if index > 0 { ", " } else { "" }, it.name);
                for (index, (table, columns)) in it.signature.iter().enumerate() {
                    let _ = write!(message, "{}{table}", if index > 0 { ", " } else { "" });
                    if !columns.is_empty() {
                        let _ = write!(message, " with {}", columns.replace(' ', " and "));
                    }
                }
                message.push(')');
            }
            let _ = write!(message, "; found {}", self.in_words());
            return Err(Failure::new(Kind::Failed, message)
                .hint("check that it is the right database, or name its schema with --schema"));
        };
        description.check(self, dialect)
    }

    /// Lists the tables, as many as fit on a line.
    fn in_words(&self) -> String {
        const SHOWN: usize = 12;
        let names: Vec<_> = self.0.keys().take(SHOWN).map(String::as_str).collect();
        match self.0.len() {
            0 => "no table".into(),
            count if count > SHOWN => {
                format!("{} and {} more tables", names.join(", "), count - SHOWN)
            }
            _ => format!("tables {}", names.join(", ")),
        }
    }
}
