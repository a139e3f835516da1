//! The databases that a store may be in. What is asked of them is the same, and all of it
//! in transactions.

use std::fmt;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::decode::Decoder;
use super::postgres::Postgres;
use super::sql::Sql;
use super::sqlite::Sqlite;

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

/// A transaction, which is rolled back unless it is committed.
#[derive(Debug)]
pub struct Transaction<'e> {
    engine: &'e Engine,
    mode: Mode,
    begun: Instant,
    is_open: bool,
}

impl Engine {
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
        Ok(Transaction { engine: self, mode, begun: Instant::now(), is_open: true })
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
    /// memory.
    ///
    /// # Errors
    ///
    /// Those of `read`, and of the database.
    pub fn stream_rows<R, O>(
        &self,
        sql: &Sql,
        decode: impl Fn(&mut Decoder<'_>) -> R + Send,
        read: impl FnOnce(&mut dyn Iterator<Item = Result<R>>) -> Result<O> + Send,
    ) -> Result<O>
    where
        O: Send,
    {
        let cannot = cannot(self.mode);
        match self.engine {
            Engine::Sqlite(it) => it.stream_rows(sql, cannot, decode, read),
            Engine::Postgres(it) => it.stream_rows(sql, cannot, decode, read),
        }
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

    /// # Errors
    ///
    /// Those of the database; [`Unresolved`] is among them where it is not known what came
    /// of the transaction.
    pub fn commit(mut self) -> Result<()> {
        // What cannot be committed is rolled back by the database.
        self.is_open = false;
        match self.engine {
            Engine::Sqlite(it) => it.commit(),
            Engine::Postgres(it) => it.commit(),
        }
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

/// Lends rows that another thread reads from the database, some at a time.
pub fn stream_rows<B, R, O>(
    receiver: &Receiver<Result<B>>,
    cannot: &'static str,
    decode: impl Fn(&B, usize) -> Option<R>,
    read: impl FnOnce(&mut dyn Iterator<Item = Result<R>>) -> Result<O>,
) -> Result<O> {
    let mut batch = None;
    let mut next = 0;
    let mut rows = std::iter::from_fn(|| {
        loop {
            if let Some(row) = batch.as_ref().and_then(|batch| decode(batch, next)) {
                next += 1;
                return Some(Ok(row));
            }
            match receiver.recv().ok()? {
                Ok(rows) => (batch, next) = (Some(rows), 0),
                Err(error) => return Some(Err(error).context(cannot)),
            }
        }
    });
    read(&mut rows)
}

fn cannot(mode: Mode) -> &'static str {
    match mode {
        Mode::Read => "cannot read the store",
        Mode::Write => "cannot write to the store",
    }
}

/// A transaction whose end was not heard of.
#[derive(Debug)]
pub struct Unresolved;

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("whether the last batch was committed is not known")
    }
}
