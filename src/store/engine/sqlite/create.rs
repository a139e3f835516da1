//! Filling the tables of a new store in a file.

use anyhow::Result;
use rusqlite::params_from_iter;

use super::Sqlite;
use super::error::statement_error;
use crate::store::engine::{FilledColumn, NewRows};
use crate::store::sql::Sql;

impl Sqlite {
    /// Fills a table of a new store.
    pub fn fill(
        &self,
        table: &'static str,
        columns: &[FilledColumn],
        rows: &mut NewRows<'_>,
    ) -> Result<()> {
        let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
        let (marks, names) = (vec!["?"; columns.len()].join(", "), names.join(", "));
        let insert = format!("INSERT INTO {table} ({names}) VALUES ({marks})");
        let mut insert = self.connection.prepare(&insert)?;
        for row in rows {
            insert.execute(params_from_iter(row?)).map_err(statement_error)?;
        }
        Ok(())
    }

    /// Has each table give ids behind the last that was given.
    pub fn finish(&self, given: &[(&'static str, i64)]) -> Result<()> {
        let is_counted = "SELECT sql LIKE '%AUTOINCREMENT%' FROM sqlite_schema WHERE name = ?1";
        for (table, last) in given {
            let is_counted = self.connection.query_one(is_counted, [table], |row| row.get(0))?;
            if is_counted {
                self.connection.execute("DELETE FROM sqlite_sequence WHERE name = ?1", [table])?;
                let insert = "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)";
                self.connection.execute(insert, (table, last))?;
            }
        }
        Ok(())
    }

    /// The statement that reads the last id that a table has given.
    pub fn given_ids(&self, table: &'static str) -> Sql {
        let mut sql = self.sql();
        sql.push("SELECT seq FROM sqlite_sequence WHERE name = ").bind(table);
        sql
    }
}
