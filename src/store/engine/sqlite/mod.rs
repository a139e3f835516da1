//! SQLite: one connection to one file. One thread steps through a statement and copies its
//! rows into pages, another decodes them, or whichever has the time.

mod error;
mod functions;
mod open;
mod page;
mod values;

use std::os::unix::ffi::OsStrExt;
use std::panic::resume_unwind;
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rusqlite::config::DbConfig;
use rusqlite::hooks::Wal;
use rusqlite::{Connection, ErrorCode, Rows, params_from_iter};

use self::error::statement_error;
#[cfg(test)]
pub use self::functions::contains;
use self::open::CACHE;
#[cfg(test)]
pub use self::open::recognise;
pub use self::open::{catalog_of, open};
use self::page::Page;
pub use self::page::PageRow;
use super::stream::{Received, spawn, stream_rows};
use super::{Decoder, EngineRow, FilledColumn, Index, Mode, NewRows, NotCommitted, Stream, cannot};
use crate::stop_flag::StopFlag;
use crate::store::identity::Identity;
use crate::store::schema::Schema;
use crate::store::sql::{Dialect, Encoding, Flavour, Sql};

/// A file that is open.
#[derive(Debug)]
pub struct Sqlite {
    pub(in crate::store) connection: Connection,
    /// `None`: no file of a name.
    file: Option<Identity>,
    flavour: Flavour,
    /// Whether it keeps a log (WAL), and not a journal. While this connection is there, nobody
    /// can change that.
    pub(super) has_log: bool,
    /// When the last transaction that wrote to a log let other writers in.
    released: Released,
}

type Released = Arc<Mutex<Option<Instant>>>;

impl Sqlite {
    /// Makes a connection ready for our statements.
    fn new(mut connection: Connection, file: Option<Identity>) -> Result<Self> {
        functions::add(&connection)?;
        let released = Released::default();
        note_release(&mut connection, &released)?;
        let encoding: String = connection.pragma_query_value(None, "encoding", |row| row.get(0))?;
        let encoding = if encoding == "UTF-8" { Encoding::Utf8 } else { Encoding::Utf16 };
        let flavour = Flavour { encoding, ..Flavour::new(Dialect::Sqlite) };
        let has_log = connection.pragma_query_value(None, "journal_mode", |row| {
            row.get::<_, String>(0).map(|mode| mode == "wal")
        })?;
        Ok(Self { connection, file, flavour, has_log, released })
    }

    /// Makes statements on a schema's tables.
    #[must_use]
    pub fn with_literals(mut self, schema: &Schema) -> Self {
        self.flavour.literals = schema.literals.as_slice().into();
        self
    }

    /// A database that no path leads to.
    ///
    /// # Errors
    ///
    /// When our functions cannot be added.
    pub fn unnamed(connection: Connection) -> Result<Self> {
        Self::new(connection, None)
    }

    /// Ends a statement that goes on for long after the run is stopped: a trigger may never
    /// come to an end. The batch is rolled back.
    pub fn stop_when(&mut self, stop: &StopFlag) {
        // Where it cannot be set, the second signal ends the run.
        let _ = self.connection.progress_handler(STEPS, Some(stop.set_for(GRACE)));
    }

    /// A statement on the database's tables.
    #[must_use]
    pub fn sql(&self) -> Sql {
        Sql::new(self.flavour.clone())
    }

    /// Whether it compares text by the bytes of UTF-16.
    #[cfg(test)]
    pub fn is_utf16(&self) -> bool {
        self.flavour.encoding == Encoding::Utf16
    }

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
        let Some(file) = self.exposed() else { return Ok(()) };
        let read = self.connection.pragma_query_value(None, "user_version", |_| Ok(()));
        read.map_err(|error| self.explain(error))?;
        file.check_beside()
    }

    /// The failure for an error of a statement.
    fn explain(&self, error: rusqlite::Error) -> anyhow::Error {
        let error = match &self.file {
            Some(file) => file.explain(error.into()),
            None => error.into(),
        };
        match error.downcast() {
            Ok(error) => statement_error(error),
            Err(explained) => explained,
        }
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
        let again = Self::new(open::connect(file, Mode::Write, wait)?, Some(file.clone()))?;
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

    /// The path without links; bytes that are no UTF-8 are escaped.
    pub fn path(&self) -> String {
        let path = self.file.as_ref().map(|file| file.path().as_os_str().as_bytes());
        let path = path.unwrap_or_default();
        str::from_utf8(path).map_or_else(|_| path.escape_ascii().to_string(), Into::into)
    }

    /// Keeps no more of the file in memory from now on; `None`: the usual.
    pub fn keep_at_most(&self, mebibytes: Option<i32>) -> Result<()> {
        let size = mebibytes.map_or(CACHE, |it| -it << 10);
        Ok(self.connection.pragma_update(None, "cache_size", size)?)
    }

    /// The value of a pragma that tells of the database.
    pub fn setting(&self, pragma: &str) -> Result<String> {
        Ok(self.connection.pragma_query_value(None, pragma, |row| row.get(0))?)
    }

    /// The indexes of a table that hold all of its rows.
    pub fn indexes(&self, table: &str) -> Result<Vec<Index>> {
        let mut indexes = Vec::new();
        let mut names = Vec::new();
        self.connection.pragma(Some("main"), "index_list", table, |row| {
            let is_partial: bool = row.get("partial")?;
            if !is_partial {
                names.push((row.get::<_, String>("name")?, row.get("unique")?));
            }
            Ok(())
        })?;
        for (name, is_unique) in names {
            let mut columns = Vec::new();
            self.connection.pragma(Some("main"), "index_info", &name, |row| {
                columns.push(row.get::<_, Option<String>>("name")?.unwrap_or_default());
                Ok(())
            })?;
            indexes.push(Index { is_unique, columns });
        }
        // A key that is the number of the row has no index of its own.
        let mut key = Vec::new();
        self.connection.pragma(Some("main"), "table_info", table, |row| {
            let (place, declared): (i64, String) = (row.get("pk")?, row.get("type")?);
            if place > 0 {
                key.push((row.get::<_, String>("name")?, declared.eq_ignore_ascii_case("integer")));
            }
            Ok(())
        })?;
        if let [(name, true)] = &key[..] {
            indexes.push(Index { is_unique: true, columns: vec![name.clone()] });
        }
        Ok(indexes)
    }

    /// The links of rows that keep rows of a table from being deleted, as
    /// `other(column = column)`.
    pub fn references(&self, table: &str) -> Result<Vec<String>> {
        let mut others = self.connection.prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name",
        )?;
        let others = others.query_map([], |row| row.get::<_, String>(0))?;
        let mut links = Vec::new();
        for other in others {
            let other = other?;
            self.connection.pragma(Some("main"), "foreign_key_list", &other, |row| {
                let (to, on_delete): (String, String) = (row.get("table")?, row.get("on_delete")?);
                let is_first = row.get::<_, i64>("seq")? == 0;
                if to.eq_ignore_ascii_case(table) && is_first && !removes(&on_delete) {
                    let from: String = row.get("from")?;
                    let key = row.get::<_, Option<String>>("to")?.unwrap_or_else(|| "id".into());
                    links.push(format!("{other}({from} = {key})"));
                }
                Ok(())
            })?;
        }
        Ok(links)
    }

    /// What keeps this process from writing to the file.
    pub fn obstacles(&self) -> Option<String> {
        self.file.as_ref().and_then(Identity::obstacle)
    }

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

    pub fn check_identity(&self) -> Result<()> {
        self.file.as_ref().map_or(Ok(()), Identity::check)
    }

    pub fn rows<R>(&self, sql: &Sql, decode: impl Fn(&mut Decoder<'_>) -> R) -> Result<Vec<R>> {
        let read = || -> rusqlite::Result<Page> {
            let mut statement = self.connection.prepare_cached(sql.text())?;
            let mut page = Page::new(Page::columns(&statement));
            let mut rows = statement.query(params_from_iter(sql.values()))?;
            while let Some(row) = rows.next()? {
                page.add(row)?;
            }
            Ok(page)
        };
        let page = read().map_err(|error| self.explain(error))?.complete();
        Ok((0..page.rows()).map(|index| decode(&mut decoder(&page, index))).collect())
    }

    pub fn stream_rows<R: Send, O: Send>(
        &self,
        sql: &Sql,
        decode: impl Fn(&mut Decoder<'_>) -> R + Send + Sync,
        stop: &StopFlag,
        read: impl FnOnce(&mut Stream<'_, R>) -> Result<O> + Send,
    ) -> Result<O> {
        let failed = |error| statement_error(error).context(cannot(Mode::Read));
        let mut statement = self.connection.prepare_cached(sql.text()).map_err(failed)?;
        let columns = Page::columns(&statement);
        let mut rows = statement.query(params_from_iter(sql.values())).map_err(failed)?;
        let decode = &decode;
        let next = |batch: &mut Batch<R>, index: usize| match batch {
            Batch::Page(page) => (index < page.rows()).then(|| decode(&mut decoder(page, index))),
            Batch::Decoded(rows) => rows.next(),
        };

        // The page that is being filled is handed over when it is full, or taken when
        // nothing else comes.
        let filling = &Mutex::new(Page::new(Arc::clone(&columns)));
        let (sender, receiver) = mpsc::sync_channel(PAGES);
        let interrupt = self.connection.get_interrupt_handle();
        let take =
            |page: &mut Page| std::mem::replace(page, Page::new(Arc::clone(&columns))).complete();
        let receive = move || {
            let batch = Received::from(&receiver);
            if !matches!(batch, Received::Pause) {
                return batch;
            }
            // With the lock: what is in the page came after what is in the channel.
            let mut page = lock(filling);
            match receiver.try_recv() {
                Ok(page) => page.map_or_else(Received::Failed, Received::Batch),
                Err(_) if page.rows() > 0 => Received::Batch(Batch::Page(take(&mut page))),
                Err(_) => Received::Pause,
            }
        };
        let fill =
            |rows: &mut Rows<'_>, sender: &SyncSender<Result<Batch<R>>>| -> rusqlite::Result<()> {
                while let Some(row) = rows.next()? {
                    let mut page = lock(filling);
                    page.add(row)?;
                    if page.is_full() {
                        let full = take(&mut page);
                        drop(page);
                        let sent = match sender.try_send(Ok(Batch::Page(full))) {
                            // Rather than wait for the reader, some of its work is done here.
                            Err(TrySendError::Full(Ok(Batch::Page(full)))) => {
                                let decode = |index| decode(&mut decoder(&full, index));
                                let rows: Vec<_> = (0..full.rows()).map(decode).collect();
                                sender.send(Ok(Batch::Decoded(rows.into_iter()))).is_ok()
                            }
                            sent => sent.is_ok(),
                        };
                        if !sent {
                            break;
                        }
                    }
                }
                Ok(())
            };
        thread::scope(|scope| {
            // Reading the store does not wait for what is made of the rows.
            let lent = spawn(scope, move || {
                let read = stream_rows(receive, next, stop, read);
                // A scan that nobody waits for any more.
                interrupt.interrupt();
                read
            })?;
            let filled = fill(&mut rows, &sender);
            // Behind the rows that there were. A reader that has gone does not mind.
            let rest = take(&mut lock(filling));
            // Of a statement that found no row, only the error is told.
            if rest.rows() > 0 {
                let _ = sender.send(Ok(Batch::Page(rest)));
            }
            if let Err(error) = filled {
                let _ = sender.send(Err(self.explain(error)));
            }
            drop(sender);
            lent.join().unwrap_or_else(|panic| resume_unwind(panic))
        })
    }
}

/// Rows on the way to their reader.
enum Batch<R> {
    Page(Page),
    Decoded(std::vec::IntoIter<R>),
}

/// Whether a foreign key lets the row go that it refers to.
fn removes(on_delete: &str) -> bool {
    matches!(on_delete, "CASCADE" | "SET NULL" | "SET DEFAULT")
}

/// What a statement is given once the run is stopped: a batch takes less.
const GRACE: Duration = Duration::from_millis(600);
/// How often that is looked at, in steps of SQLite's machine: some thousand times a second.
const STEPS: i32 = 10_000;

/// How many pages wait for their reader.
const PAGES: usize = 4;

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From how many pages on SQLite takes a log over into the file, by default.
const LONG_LOG: i32 = 1000;

/// Notes when COMMIT lets other writers in. Then it still takes the log over into the file,
/// which keeps nobody waiting: that is done here as SQLite does it by itself.
fn note_release(connection: &mut Connection, released: &Released) -> rusqlite::Result<()> {
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

fn decoder(page: &Page, index: usize) -> Decoder<'_> {
    Decoder::new(EngineRow::Sqlite(page.row(index)))
}
