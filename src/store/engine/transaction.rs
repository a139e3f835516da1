//! Transactions of either engine, and how they end.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::{Decoder, Engine, Index, Mode, Stream, cannot};
use crate::stop_flag::StopFlag;
use crate::store::sql::Sql;

/// A transaction, which is rolled back unless it is committed.
#[derive(Debug)]
pub struct Transaction<'e> {
    engine: &'e Engine,
    mode: Mode,
    begun: Instant,
    is_open: bool,
    /// Whether little of the database is kept in memory.
    keeps_little: bool,
    /// What a server calls it, where that was asked.
    number: Option<i64>,
}

impl Engine {
    /// Begins a transaction, in which each lock is waited for this long.
    ///
    /// # Errors
    ///
    /// Those of the database, a lock among them.
    pub fn begin(&self, mode: Mode, wait: Duration) -> Result<Transaction<'_>> {
        self.begin_inside(mode, wait).context(cannot(mode))?;
        Ok(Transaction {
            engine: self,
            mode,
            begun: Instant::now(),
            is_open: true,
            keeps_little: false,
            number: None,
        })
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
        let (mode, ended) = self.how_ended(unresolved.number, wait);
        let transaction = self.begin(mode, wait)?;
        let result = read(&transaction)?;
        self.write_nothing().context(cannot(mode))?;
        transaction.commit()?;
        Ok((result, ended))
    }
}

impl Transaction<'_> {
    /// Since when it has kept others waiting.
    #[must_use]
    pub fn begun(&self) -> Instant {
        self.begun
    }

    /// Keeps little of the database in memory until its end, where it is this process that keeps
    /// it: for what reads each page once.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn keep_little(&mut self) -> Result<()> {
        self.keeps_little = true;
        self.engine.keep_little(true)
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
        self.engine.rows(sql, decode).context(cannot(self.mode))
    }

    /// The indexes of a table that hold all of its rows.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn indexes(&self, table: &str) -> Result<Vec<Index>> {
        self.engine.indexes(table)
    }

    /// The links, as descriptions write them, of rows of other tables that keep rows of a table
    /// from being deleted.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn references(&self, table: &str) -> Result<Vec<String>> {
        self.engine.references(table)
    }

    /// Does now what the database would put off until COMMIT, so that it is seen before.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn bring_forward(&mut self) -> Result<()> {
        self.number = self.engine.bring_forward().context(cannot(self.mode))?;
        Ok(())
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
        self.engine
            .commit(self.mode)
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
            self.engine.rollback();
        }
        if self.keeps_little {
            // With little, what comes afterwards would only be slower.
            let _ = self.engine.keep_little(false);
        }
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
    pub(super) error: anyhow::Error,
    /// Whether it is certain that nothing was committed.
    pub(super) is_rolled_back: bool,
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
