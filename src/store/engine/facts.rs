//! What each engine says of its database, and what keeps this process from writing to it.

use anyhow::{Context, Result};

use super::{Engine, Mode};
use crate::model::status::Facts;

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
}
