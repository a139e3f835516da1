//! The databases that a store may be in, each in its folder. All asking is in transactions.

mod decode;
mod facts;
pub mod postgres;
pub mod sqlite;
mod stream;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

pub use self::decode::Decoder;
use self::decode::Raw;
use self::postgres::Postgres;
pub use self::postgres::Settings;
use self::sqlite::{PageRow, Sqlite};
pub use self::stream::{Stream, Streamed};
use super::schema::{Catalog, ColumnKind, Description, Schema};
use super::sql::{Dialect, Sql, Value};
use crate::model::database::Database;
use crate::stop_flag::StopFlag;

/// Where a store is.
pub enum Location {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL server.
    Server(Box<Settings>),
}

/// How a store is opened.
pub struct Opening {
    pub mode: Mode,
    pub busy_timeout: Duration,
    /// Whether a file may belong to another user.
    pub foreign_owner: bool,
    /// What the database holds; `None`: its tables tell.
    pub schema: Option<&'static Description>,
}

/// A column of a new table, and what it holds.
pub type FilledColumn = (&'static str, ColumnKind);

/// The rows of a new table, as they come: a value for each column.
pub type NewRows<'r> = dyn Iterator<Item = Result<Vec<Option<Value>>>> + 'r;

/// Whether a run writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Read,
    Write,
}

#[derive(Debug)]
pub enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// An index of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    pub is_unique: bool,
    /// In their order; an expression is an empty name.
    pub columns: Vec<String>,
}

/// A transaction, which is rolled back unless it is committed.
#[derive(Debug)]
pub struct Transaction<'e> {
    engine: &'e Engine,
    mode: Mode,
    begun: Instant,
    is_open: bool,
    /// What a server calls it, where that was asked.
    number: Option<i64>,
}

/// A row that an engine lends.
#[derive(Clone, Copy)]
enum EngineRow<'r> {
    Sqlite(PageRow<'r>),
    Postgres(&'r tokio_postgres::Row),
}

impl<'r> EngineRow<'r> {
    fn value(self, index: usize) -> Result<Raw<'r>, String> {
        match self {
            Self::Sqlite(row) => row.value(index).ok_or_else(|| "it has fewer columns".into()),
            Self::Postgres(row) => postgres::value(row, index),
        }
    }

    fn column_name(self, index: usize) -> Option<&'r str> {
        match self {
            Self::Sqlite(row) => row.column_name(index),
            Self::Postgres(row) => row.columns().get(index).map(tokio_postgres::Column::name),
        }
    }
}

/// Looks at all tables of a database, whatever it holds.
///
/// # Errors
///
/// When it cannot be opened.
pub fn catalog(location: &Location, how: &Opening) -> Result<(Dialect, Catalog)> {
    match location {
        Location::File(path) => Ok((Dialect::Sqlite, sqlite::catalog_of(path, how)?)),
        Location::Server(settings) => Ok((Dialect::Postgres, postgres::catalog_of(settings, how)?)),
    }
}

impl Engine {
    /// Opens a database that exists, and looks what it holds.
    ///
    /// # Errors
    ///
    /// When there is none, or it is of no schema that is known.
    pub fn open(location: &Location, how: &Opening) -> Result<(Self, Schema)> {
        match location {
            Location::File(path) => {
                let (sqlite, schema) = sqlite::open(path, how)?;
                Ok((Self::Sqlite(sqlite), schema))
            }
            Location::Server(settings) => {
                let (postgres, schema) = postgres::open(settings, how)?;
                Ok((Self::Postgres(postgres), schema))
            }
        }
    }

    /// Sets what is looked at wherever the database has to be waited for.
    pub fn stop_when(&mut self, stop: &StopFlag) {
        match self {
            Self::Sqlite(it) => it.stop_when(stop),
            Self::Postgres(it) => it.stop_when(stop),
        }
    }

    /// A statement on the store's tables.
    #[must_use]
    pub fn sql(&self) -> Sql {
        match self {
            Self::Sqlite(it) => it.sql(),
            Self::Postgres(it) => it.sql(),
        }
    }

    /// How long one attempt waits for a lock, so that between two it can be heard
    /// whether the run has been stopped. A server notes each in its log.
    #[must_use]
    pub fn attempt_timeout(&self) -> Duration {
        match self {
            Self::Sqlite(_) => Duration::from_millis(100),
            Self::Postgres(_) => Duration::from_secs(1),
        }
    }

    /// Begins a transaction, in which each lock is waited for this long.
    ///
    /// # Errors
    ///
    /// Those of the database, a lock among them.
    pub fn begin(&self, mode: Mode, wait: Duration) -> Result<Transaction<'_>> {
        match self {
            Self::Sqlite(it) => it.begin(mode, wait),
            Self::Postgres(it) => it.begin(mode, wait),
        }
        .context(cannot(mode))?;
        Ok(Transaction { engine: self, mode, begun: Instant::now(), is_open: true, number: None })
    }

    /// Another connection, to find out what became of a transaction of this one.
    ///
    /// # Errors
    ///
    /// As for [`Engine::open`].
    pub fn reconnect(&self, wait: Duration) -> Result<Self> {
        match self {
            Self::Sqlite(it) => it.reconnect(wait).map(Self::Sqlite),
            Self::Postgres(it) => it.reconnect().map(Self::Postgres),
        }
    }

    /// Reads what a transaction of another connection, whose end was not heard of, has
    /// left. Gives how it ended.
    ///
    /// # Errors
    ///
    /// Those of the database. Then nothing is known.
    pub fn read_settled<R>(
        &self,
        unresolved: &Unresolved,
        wait: Duration,
        read: impl FnOnce(&Transaction<'_>) -> Result<R>,
    ) -> Result<(R, Ended)> {
        let (mode, ended) = match self {
            Self::Sqlite(_) => (Mode::Write, Ended::Somehow),
            Self::Postgres(it) => (Mode::Read, it.how_ended(unresolved.number, wait)),
        };
        let transaction = self.begin(mode, wait)?;
        let result = read(&transaction)?;
        if let Self::Sqlite(it) = self {
            it.write_nothing().context(cannot(mode))?;
        }
        transaction.commit()?;
        Ok((result, ended))
    }

    /// Whether others cannot commit what they wrote while this reads.
    pub fn reading_keeps_writers_out(&self) -> bool {
        match self {
            Self::Sqlite(it) => !it.has_log,
            Self::Postgres(_) => false,
        }
    }

    /// Whether all others who write wait while one does. A server locks the rows alone.
    pub fn has_one_writer(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// Whether triggers may wait for the COMMIT after all, deferred again by one before it.
    pub(super) fn defers(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Keeps no more of the database in memory, where it is this process that keeps it; `None`:
    /// the usual.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn keep_at_most(&self, mebibytes: Option<i32>) -> Result<()> {
        match self {
            Self::Sqlite(it) => it.keep_at_most(mebibytes),
            Self::Postgres(_) => Ok(()),
        }
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

    /// Fills a table of a new store.
    ///
    /// # Errors
    ///
    /// Those of the rows, and of the database.
    pub fn fill(
        &mut self,
        table: &'static str,
        columns: &[FilledColumn],
        rows: &mut NewRows<'_>,
    ) -> Result<()> {
        match self {
            Self::Sqlite(it) => it.fill(table, columns, rows),
            Self::Postgres(it) => it.fill(table, columns, rows),
        }
    }

    /// Has each table of a new store, all of whose rows are there, give ids behind the last that
    /// was given.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn finish(&self, given: &[(&'static str, i64)]) -> Result<()> {
        match self {
            Self::Sqlite(it) => it.finish(given),
            Self::Postgres(it) => it.finish(given),
        }
    }

    /// The statement that reads the last id that a table of a native store has given.
    #[must_use]
    pub fn given_ids(&self, table: &'static str) -> Sql {
        match self {
            Self::Sqlite(it) => it.given_ids(table),
            Self::Postgres(it) => it.given_ids(table),
        }
    }

    /// Lends the rows of a statement, see [`Transaction::stream_rows`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn stream_rows<R: Send, O: Send>(
        &self,
        sql: &Sql,
        decode: impl Fn(&mut Decoder<'_>) -> R + Send + Sync,
        stop: &StopFlag,
        read: impl FnOnce(&mut Stream<'_, R>) -> Result<O> + Send,
    ) -> Result<O> {
        match self {
            Self::Sqlite(it) => it.stream_rows(sql, decode, stop, read),
            Self::Postgres(it) => it.stream_rows(sql, decode, stop, read),
        }
    }

    /// Which database it is.
    #[must_use]
    pub fn database(&self) -> Database {
        match self {
            Self::Sqlite(it) => Database::File(it.path()),
            Self::Postgres(it) => it.database(),
        }
    }

    /// Checks that what is open is still the store that its name leads to.
    ///
    /// # Errors
    ///
    /// When a file was moved or replaced.
    pub fn check_identity(&self) -> Result<()> {
        match self {
            Self::Sqlite(it) => it.check_identity(),
            // A connection does not change its server.
            Self::Postgres(_) => Ok(()),
        }
    }
}

impl Transaction<'_> {
    /// Since when it has kept others waiting.
    #[must_use]
    pub fn begun(&self) -> Instant {
        self.begun
    }

    /// Lends the rows of a statement to `read`, in order, one at a time, in bounded
    /// memory. `read` is called when the first of them is there, or it is known that there
    /// is none, or when the run is stopped: a statement that cannot begin does not call it.
    /// A statement that `read` leaves before its end is ended.
    ///
    /// # Errors
    ///
    /// Those of `read`, and of the database.
    pub fn stream_rows<R: Send, O: Send>(
        &self,
        sql: &Sql,
        decode: impl Fn(&mut Decoder<'_>) -> R + Send + Sync,
        stop: &StopFlag,
        read: impl FnOnce(&mut Stream<'_, R>) -> Result<O> + Send,
    ) -> Result<O> {
        self.engine.stream_rows(sql, decode, stop, read)
    }

    /// Carries a statement out, and gives all its rows, which are few.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn rows<R>(&self, sql: &Sql, decode: impl Fn(&mut Decoder<'_>) -> R) -> Result<Vec<R>> {
        match self.engine {
            Engine::Sqlite(it) => it.rows(sql, decode),
            Engine::Postgres(it) => it.rows(sql, decode),
        }
        .context(cannot(self.mode))
    }

    /// Does now what the database would put off until COMMIT, so that it is seen before.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn bring_forward(&mut self) -> Result<()> {
        match self.engine {
            Engine::Sqlite(_) => Ok(()),
            Engine::Postgres(it) => it.bring_forward().map(|number| self.number = number),
        }
        .context(cannot(self.mode))
    }

    /// Ends it, and gives when others no longer waited for it.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Unresolved`] is among them where it is not known what came
    /// of what was written.
    pub fn commit(mut self) -> Result<Instant> {
        // What cannot be committed is rolled back by the database.
        self.is_open = false;
        let committed = match self.engine {
            Engine::Sqlite(it) => it.commit(),
            Engine::Postgres(it) => it.commit().map(|()| Instant::now()),
        };
        committed
            .map_err(|NotCommitted { error, is_rolled_back }| {
                if is_rolled_back || self.mode == Mode::Read {
                    error
                } else {
                    let reason = error.to_string();
                    error.context(Unresolved { number: self.number, reason })
                }
            })
            .context(cannot(self.mode))
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.is_open {
            match self.engine {
                Engine::Sqlite(it) => it.rollback(),
                Engine::Postgres(it) => it.rollback(),
            }
        }
    }
}

fn cannot(mode: Mode) -> &'static str {
    match mode {
        Mode::Read => "cannot read the store",
        Mode::Write => "cannot write to the store",
    }
}

/// The run was stopped while it waited for somebody else.
#[derive(Debug)]
pub struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the run was stopped meanwhile")
    }
}

impl std::error::Error for Interrupted {}

/// A COMMIT that failed.
pub struct NotCommitted {
    error: anyhow::Error,
    /// Whether it is certain that nothing was committed.
    is_rolled_back: bool,
}

impl From<NotCommitted> for anyhow::Error {
    fn from(not_committed: NotCommitted) -> Self {
        not_committed.error
    }
}

/// How a transaction ended whose end was not heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Committed,
    RolledBack,
    /// What is read now will not be found different later: it tells how.
    Somehow,
    Unknown,
}

/// A transaction whose end was not heard of.
#[derive(Debug)]
pub struct Unresolved {
    /// What a server calls it, where that was asked.
    number: Option<i64>,
    /// What the COMMIT failed with.
    pub reason: String,
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("whether the last batch was committed is not known")
    }
}
