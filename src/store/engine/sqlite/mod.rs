//! SQLite: one connection to one file. One thread steps through a statement and copies its
//! rows into pages, another decodes them.

mod functions;
mod open;
mod page;
mod values;

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{self, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rusqlite::{Connection, ErrorCode, Rows, params_from_iter};

#[cfg(test)]
pub use self::functions::contains;
pub use self::open::open;
#[cfg(test)]
pub use self::open::recognise;
use self::page::Page;
pub use self::page::PageRow;
pub use self::values::value;
use super::{Decoder, EngineRow, Mode, NotCommitted, stream_rows};
use crate::store::file_owner::Identity;
use crate::store::sql::Sql;

/// A file that is open.
#[derive(Debug)]
pub struct Sqlite {
    pub(in crate::store) connection: Connection,
    /// `None`: no file of a name.
    file: Option<Identity>,
}

impl Sqlite {
    /// A database that no path leads to.
    ///
    /// # Errors
    ///
    /// When our functions cannot be added.
    pub fn unnamed(connection: Connection) -> Result<Self> {
        functions::add(&connection)?;
        Ok(Self { connection, file: None })
    }

    pub fn begin(&self, mode: Mode, wait: Duration) -> Result<()> {
        self.connection.busy_timeout(wait)?;
        Ok(self.connection.execute_batch(match mode {
            Mode::Read => "BEGIN",
            Mode::Write => "BEGIN IMMEDIATE",
        })?)
    }

    pub fn commit(&self) -> Result<(), NotCommitted> {
        self.connection.execute_batch("COMMIT").map_err(|error| {
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
            NotCommitted { error: error.into(), is_rolled_back }
        })
    }

    /// Another connection to the same file.
    pub fn reconnect(&self, wait: Duration) -> Result<Self> {
        let file = self.file.as_ref().context("there is no file to open again")?;
        file.check()?;
        let connection = open::connect(file.path(), Mode::Write, wait)?;
        Ok(Self { connection, file: Some(file.clone()) })
    }

    /// Writes the schema's version as it is. What is committed after it in the log then
    /// replaces whatever an interrupted COMMIT may have left there, and with a rollback
    /// journal the folder is synced behind the interrupted one.
    pub fn write_nothing(&self) -> Result<()> {
        let version: i32 =
            self.connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok(self.connection.pragma_update(None, "user_version", version)?)
    }

    pub fn rollback(&self) {
        // Some errors have rolled back already.
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }

    pub fn check_identity(&self) -> Result<()> {
        self.file.as_ref().map_or(Ok(()), Identity::check)
    }

    pub fn rows<R>(&self, sql: &Sql, decode: impl Fn(&mut Decoder<'_>) -> R) -> Result<Vec<R>> {
        let mut statement = self.connection.prepare_cached(sql.text())?;
        let mut page = Page::new(Page::columns(&statement));
        let mut rows = statement.query(params_from_iter(sql.values()))?;
        while let Some(row) = rows.next()? {
            page.add(row)?;
        }
        Ok((0..page.rows()).map(|index| decode(&mut decoder(&page, index))).collect())
    }

    pub fn stream_rows<R, O>(
        &self,
        sql: &Sql,
        cannot: &'static str,
        decode: impl Fn(&mut Decoder<'_>) -> R + Send,
        read: impl FnOnce(&mut dyn Iterator<Item = Result<R>>) -> Result<O> + Send,
    ) -> Result<O>
    where
        O: Send,
    {
        let mut statement = self.connection.prepare_cached(sql.text()).context(cannot)?;
        let columns = Page::columns(&statement);
        let mut rows = statement.query(params_from_iter(sql.values())).context(cannot)?;
        let decode = move |page: &Page, index: usize| {
            (index < page.rows()).then(|| decode(&mut decoder(page, index)))
        };

        let mut page = Page::new(Arc::clone(&columns));
        let filled = fill(&mut page, &mut rows);
        let filled = match filled {
            // A lock is found when the first row is asked for.
            Err(error) if page.rows() == 0 => return Err(error).context(cannot),
            filled => filled,
        };
        let (sender, receiver) = mpsc::sync_channel(PAGES);
        let mut is_more = send_page(page, filled, &sender);
        if !is_more {
            drop(sender);
            return stream_rows(&receiver, cannot, decode, read);
        }
        thread::scope(|scope| {
            // Reading the store does not wait for what is made of the rows.
            let lent = scope.spawn(move || stream_rows(&receiver, cannot, decode, read));
            while is_more {
                let mut page = Page::new(Arc::clone(&columns));
                let filled = fill(&mut page, &mut rows);
                is_more = send_page(page, filled, &sender);
            }
            drop(sender);
            lent.join().unwrap_or_else(|panic| resume_unwind(panic))
        })
    }
}

/// How many pages wait for their reader.
const PAGES: usize = 4;
/// A page that takes longer than this to fill is handed over as it is: a search may find
/// few rows.
const SOON: Duration = Duration::from_millis(10);

/// Hands a page over, and what ended its filling. Tells whether more is to come, and is
/// wanted.
fn send_page(
    page: Page,
    filled: rusqlite::Result<bool>,
    sender: &SyncSender<Result<Page>>,
) -> bool {
    let is_wanted = sender.send(Ok(page)).is_ok();
    match filled {
        Ok(is_more) => is_more && is_wanted,
        Err(error) => {
            // Behind the rows that there were. Who has gone does not mind.
            let _ = sender.send(Err(error.into()));
            false
        }
    }
}

/// Tells whether there may be more rows than the page takes.
fn fill(page: &mut Page, rows: &mut Rows<'_>) -> rusqlite::Result<bool> {
    let begun = Instant::now();
    while let Some(row) = rows.next()? {
        page.add(row)?;
        // To ask the time after each of many rows would be a tenth of the work.
        let is_asked = page.rows() < 64 || page.rows().is_multiple_of(64);
        if page.is_full() || (is_asked && begun.elapsed() > SOON) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn decoder(page: &Page, index: usize) -> Decoder<'_> {
    Decoder::new(EngineRow::Sqlite(page.row(index)))
}
