//! Transactions of a file: what is checked as one begins, and when its end lets others in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rusqlite::config::DbConfig;
use rusqlite::hooks::Wal;
use rusqlite::{Connection, ErrorCode};

use super::error::statement_error;
use super::{Released, Sqlite, lock, open};
use crate::store::engine::{Mode, NotCommitted};
use crate::store::identity::Identity;

impl Sqlite {
    pub fn begin(&self, mode: Mode, wait: Duration) -> Result<()> {
        if let Some(file) = self.exposed() {
            file.check_sidecars()?;
        }
        let begin = match mode {
            Mode::Read => "BEGIN",
            Mode::Write => "BEGIN IMMEDIATE",
        };
        let waits = self.connection.busy_timeout(wait);
        let done = waits.and_then(|()| self.connection.execute_batch(begin));
        done.map_err(|error| self.explain(error))?;
        self.check_beside().inspect_err(|_| {
            // Nothing of it is to be kept, nor written back at the end.
            self.rollback();
            let setting = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
            let _ = self.connection.set_db_config(setting, true);
        })
    }

    /// The file, where SQLite may open others beside it when a transaction begins: a journal, or
    /// a log that has appeared meanwhile. A log that is open stays open.
    fn exposed(&self) -> Option<&Identity> {
        self.file.as_ref().filter(|_| !self.has_log)
    }

    /// Checks what a transaction has opened.
    fn check_beside(&self) -> Result<()> {
        let Some(file) = self.exposed().filter(|it| it.is_watched()) else { return Ok(()) };
        let read = self.connection.pragma_query_value(None, "user_version", |_| Ok(()));
        read.map_err(|error| self.explain(error))?;
        file.check_beside()
    }

    pub fn commit(&self) -> Result<Instant, NotCommitted> {
        *lock(&self.released) = None;
        let committed = self.connection.execute_batch("COMMIT");
        let released = lock(&self.released).take();
        committed.map(|()| released.unwrap_or_else(Instant::now)).map_err(|error| {
            let code = error.sqlite_error_code();
            self.rollback();
            // A lock, a constraint and a full disk are met before the point of no return.
            // An I/O error may be met behind it: a log that was written and not synced is
            // played back after a crash.
            let is_rolled_back = matches!(
                code,
                Some(
                    ErrorCode::DatabaseBusy
                        | ErrorCode::DatabaseLocked
                        | ErrorCode::ConstraintViolation
                        | ErrorCode::DiskFull
                )
            );
            NotCommitted { error: self.explain(error), is_rolled_back }
        })
    }

    /// Another connection to the same file.
    pub fn reconnect(&self, wait: Duration) -> Result<Self> {
        let file = self.file.as_ref().context("there is no file to open again")?;
        file.check()?;
        let (connection, file) = open::connect(file, Mode::Write, wait)?;
        let again = Self::new(connection, Some(file))?;
        Ok(Self { flavour: self.flavour.clone(), ..again })
    }

    /// Writes the schema's version as it is. What is committed after it in the log then
    /// replaces whatever an interrupted COMMIT may have left there, and with a rollback
    /// journal the folder is synced behind the interrupted one.
    pub fn write_nothing(&self) -> Result<()> {
        let version = self.connection.pragma_query_value(None, "user_version", |row| row.get(0));
        version
            .and_then(|version: i32| self.connection.pragma_update(None, "user_version", version))
            .map_err(statement_error)
    }

    pub fn rollback(&self) {
        // Some errors have rolled back already.
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }
}

/// From how many pages on SQLite takes a log over into the file, by default.
const LONG_LOG: i32 = 1000;

/// Notes when COMMIT lets other writers in. Then it still takes the log over into the file,
/// which keeps nobody waiting: that is done here as SQLite does it by itself.
pub(super) fn note_release(
    connection: &mut Connection,
    released: &Released,
) -> rusqlite::Result<()> {
    let released = Arc::clone(released);
    connection.wal_hook(Some(move |wal: &mut Wal, pages| {
        *lock(&released) = Some(Instant::now());
        if pages >= LONG_LOG {
            // Another COMMIT will take over what this could not.
            let _ = wal.checkpoint();
        }
        Ok(())
    }))
}
