//! The databases that a store may be in, each in its folder: what is asked of any of them goes
//! through here. All asking is in transactions. A further engine is a folder, what is missing here
//! then, a [`Dialect`], and what its stores are called in `cli/location`.

mod decode;
mod opening;
pub mod postgres;
pub mod sqlite;
mod stream;
mod table;
mod transaction;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;

pub use self::decode::Decoder;
use self::decode::Raw;
use self::opening::cannot;
pub use self::opening::{Mode, Opening};
use self::postgres::Postgres;
pub use self::postgres::Settings;
use self::sqlite::{PageRow, Sqlite};
pub use self::stream::{Stream, Streamed};
pub use self::table::{FilledColumn, Index, NewRows};
pub use self::transaction::{Ended, Interrupted, NotCommitted, Transaction, Unresolved};
use super::schema::{Catalog, Schema};
use super::sql::{Dialect, Sql};
use crate::model::database::Database;
use crate::model::status::Facts;
use crate::stop_flag::StopFlag;

/// Where a store is.
pub enum Location {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL server.
    Server(Box<Settings>),
}

impl Location {
    /// The path, where it is a file.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        if let Self::File(path) = self { Some(path) } else { None }
    }

    /// The line for a shell that adds the first administrator to a new store.
    #[must_use]
    pub fn adding_root(&self) -> String {
        match self {
            Self::File(path) => sqlite::adding_root(path),
            Self::Server(settings) => postgres::adding_root(settings),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Server(settings) => settings.fmt(f),
        }
    }
}

#[derive(Debug)]
pub enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// Asks an engine what each answers in its way.
macro_rules! ask {
    ($engine:expr, $it:ident => $ask:expr) => {
        match $engine {
            Self::Sqlite($it) => $ask,
            Self::Postgres($it) => $ask,
        }
    };
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

    /// Makes a store where there is none, whose tables `fill` fills: all of it or nothing.
    ///
    /// # Errors
    ///
    /// When there is something in its place, it cannot be written, and those of `fill`.
    pub fn create(
        location: &Location,
        wait: Duration,
        stop: &StopFlag,
        fill: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let fill = |mut new: Self| {
            fill(&mut new)?;
            ask!(new, it => it.publish())
        };
        match location {
            Location::File(path) => sqlite::new_file(path, |new| fill(Self::Sqlite(new))),
            Location::Server(settings) => {
                postgres::new_store(settings, wait, stop, |new| fill(Self::Postgres(new)))
            }
        }
    }

    /// Sets what is looked at wherever the database has to be waited for.
    pub fn stop_when(&mut self, stop: &StopFlag) {
        ask!(self, it => it.stop_when(stop));
    }

    /// A statement on the store's tables.
    #[must_use]
    pub fn sql(&self) -> Sql {
        ask!(self, it => it.sql())
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

    fn begin_inside(&self, mode: Mode, wait: Duration) -> Result<()> {
        ask!(self, it => it.begin(mode, wait))
    }

    fn rows<R>(&self, sql: &Sql, decode: impl Fn(&mut Decoder<'_>) -> R) -> Result<Vec<R>> {
        ask!(self, it => it.rows(sql, decode))
    }

    /// What a server calls the transaction, see [`Transaction::bring_forward`].
    fn bring_forward(&self) -> Result<Option<i64>> {
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Postgres(it) => it.bring_forward(),
        }
    }

    fn commit(&self, mode: Mode) -> Result<Instant, NotCommitted> {
        match self {
            Self::Sqlite(it) => it.commit(),
            Self::Postgres(it) => it.commit(mode).map(|()| Instant::now()),
        }
    }

    fn rollback(&self) {
        ask!(self, it => it.rollback());
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

    /// How a transaction ended whose end was not heard of, and how to read what it has left.
    fn how_ended(&self, number: Option<i64>, wait: Duration) -> (Mode, Ended) {
        match self {
            Self::Sqlite(_) => (Mode::Write, Ended::Somehow),
            Self::Postgres(it) => (Mode::Read, it.how_ended(number, wait)),
        }
    }

    /// Writes what replaces an interrupted COMMIT, where one may come back after a crash.
    fn write_nothing(&self) -> Result<()> {
        match self {
            Self::Sqlite(it) => it.write_nothing(),
            Self::Postgres(_) => Ok(()),
        }
    }

    /// What the engine says of itself, and what keeps this process from writing.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn facts(&self) -> Result<Facts> {
        ask!(self, it => it.facts())
    }

    fn indexes(&self, table: &str) -> Result<Vec<Index>> {
        ask!(self, it => it.indexes(table))
    }

    fn references(&self, table: &str) -> Result<Vec<String>> {
        ask!(self, it => it.references(table))
    }

    /// Whether others cannot commit what they wrote while this reads.
    pub fn reading_keeps_writers_out(&self) -> bool {
        matches!(self, Self::Sqlite(it) if !it.has_log)
    }

    /// Whether all others who write wait while one does. A server locks the rows alone.
    pub fn has_one_writer(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// Whether triggers may wait for the COMMIT after all, deferred again by one before it.
    pub(super) fn defers(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Keeps little of the database in memory, or as much as usual, where it is this process that
    /// keeps it.
    fn keep_little(&self, is_little: bool) -> Result<()> {
        match self {
            Self::Sqlite(it) => it.keep_little(is_little),
            Self::Postgres(_) => Ok(()),
        }
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
        ask!(self, it => it.fill(table, columns, rows))
    }

    /// Has each table of a new store, all of whose rows are there, give ids behind the last that
    /// was given.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn finish(&self, given: &[(&'static str, i64)]) -> Result<()> {
        ask!(self, it => it.finish(given))
    }

    /// The statement that reads the last id that a table of a native store has given.
    #[must_use]
    pub fn given_ids(&self, table: &'static str) -> Sql {
        ask!(self, it => it.given_ids(table))
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
        ask!(self, it => it.stream_rows(sql, decode, stop, read))
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
