//! What each engine says of its database and its tables, and what keeps this process from
//! writing to it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::{Decoder, Engine, Mode, Transaction};
use crate::model::status::Facts;

/// An index of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    pub is_unique: bool,
    /// In their order; an expression is an empty name.
    pub columns: Vec<String>,
}

impl Engine {
    /// # Errors
    ///
    /// Those of the database.
    pub fn facts(&self) -> Result<Facts> {
        match self {
            Self::Sqlite(sqlite) => Ok(Facts {
                engine: "SQLite",
                version: rusqlite::version().into(),
                encoding: sqlite.setting("encoding")?,
                journal_mode: Some(sqlite.setting("journal_mode")?),
                obstacles: sqlite.obstacles().into_iter().collect(),
            }),
            Self::Postgres(_) => self.of_server(),
        }
    }

    fn of_server(&self) -> Result<Facts> {
        let transaction = self.begin(Mode::Read, std::time::Duration::ZERO)?;
        let mut sql = self.sql();
        sql.push(
            "SELECT current_setting('server_version'), current_setting('server_encoding'), \
             pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'on'",
        );
        let rows = transaction.rows(&sql, |row| {
            Ok::<_, String>((row.text()?, row.text()?, row.boolean()?, row.boolean()?))
        })?;
        transaction.commit()?;
        let row = rows.into_iter().next().context("a server has settings")?;
        let (version, encoding, is_standby, is_read_only) = row.map_err(anyhow::Error::msg)?;
        let obstacles = [
            (is_standby, "the server is a standby, which takes no writes"),
            (is_read_only, "default_transaction_read_only is on for this role or database"),
        ];
        Ok(Facts {
            engine: "PostgreSQL",
            version,
            encoding,
            journal_mode: None,
            obstacles: obstacles.iter().filter(|(is, _)| *is).map(|(_, it)| (*it).into()).collect(),
        })
    }

    /// The indexes of a table that hold all of its rows.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn indexes(&self, transaction: &Transaction<'_>, table: &str) -> Result<Vec<Index>> {
        let sql = match self {
            Self::Sqlite(it) => return it.indexes(table),
            Self::Postgres(it) => it.indexes_sql(table),
        };
        let mut indexes = BTreeMap::<String, Index>::new();
        let read = |row: &mut Decoder<'_>| {
            Ok::<_, String>((row.text()?, row.boolean()?, row.optional_text()?))
        };
        for row in transaction.rows(&sql, read)? {
            let (name, is_unique, column) = row.map_err(anyhow::Error::msg)?;
            let index = indexes.entry(name).or_insert(Index { is_unique, columns: Vec::new() });
            // An expression stands for no column.
            index.columns.push(column.unwrap_or_default());
        }
        Ok(indexes.into_values().collect())
    }

    /// The links, as descriptions write them, of rows of other tables that keep rows of a table
    /// from being deleted.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn references(&self, transaction: &Transaction<'_>, table: &str) -> Result<Vec<String>> {
        let sql = match self {
            Self::Sqlite(it) => return it.references(table),
            Self::Postgres(it) => it.references_sql(table),
        };
        let rows = transaction.rows(&sql, |row| row.text().map_err(anyhow::Error::msg))?;
        rows.into_iter().collect()
    }
}
