//! Transactions of a server: their settings, and how one ended whose end was not heard of.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio_postgres::SimpleQueryMessage;

use super::error::{SessionError, is_rolled_back, server_error};
use super::{LONGEST, Postgres, first_text};
use crate::store::engine::{Ended, Mode, NotCommitted};

impl Postgres {
    /// Begins a transaction. One that reads begins with its first statement, for which it
    /// does not have to be waited twice.
    pub fn begin(&self, mode: Mode, wait: Duration) -> Result<()> {
        match mode {
            Mode::Read => self.unsent.set(Some(begin_text([""; 2], mode, wait))),
            Mode::Write => {
                self.begin_now([""; 2], mode, wait).map_err(server_error)?;
            }
        }
        Ok(())
    }

    /// Begins a transaction with two statements, see [`begin_text`], and gives their answers.
    pub fn begin_now(
        &self,
        statements: [&'static str; 2],
        mode: Mode,
        wait: Duration,
    ) -> Result<Vec<SimpleQueryMessage>, SessionError> {
        self.batch(LONGEST, &begin_text(statements, mode, wait))
    }

    /// Fires what is deferred until COMMIT, and gives the transaction's number.
    pub fn bring_forward(&self) -> Result<Option<i64>> {
        let text = "SET CONSTRAINTS ALL IMMEDIATE; SELECT pg_catalog.txid_current_if_assigned()";
        let answer = self.batch(LONGEST, text).map_err(server_error)?;
        Ok(first_text(&answer).and_then(|number| number.parse().ok()))
    }

    /// Commits what was written. Of what was only read there is nothing to commit: the
    /// transaction is ended, and it is not waited for that.
    pub fn commit(&self, mode: Mode) -> Result<(), NotCommitted> {
        if self.unsent.take().is_some() {
            return Ok(());
        }
        if self.is_cancelled.get() {
            self.rollback();
            return Ok(());
        }
        if mode == Mode::Read {
            self.session.send("COMMIT");
            return Ok(());
        }
        self.batch(LONGEST_COMMIT, "COMMIT").map(drop).map_err(|error| {
            let is_rolled_back = is_rolled_back(&error);
            NotCommitted { error: server_error(error), is_rolled_back }
        })
    }

    /// Another connection, to a host that takes writes.
    pub fn reconnect(&self) -> Result<Self> {
        let mut settings = self.settings.clone();
        if self.session.stop.is_set() {
            settings.limit = Some(BRIEF);
        }
        let session = Box::new(settings.connect(Mode::Write)?);
        let flavour = self.flavour.clone();
        let (unsent, is_cancelled) = (Cell::default(), Cell::default());
        Ok(Self { session, settings, flavour, unsent, is_cancelled })
    }

    /// Waits for a transaction to end, at most so long, and gives how it has. Its
    /// session may live on for a while without us.
    pub fn how_ended(&self, transaction: Option<i64>, wait: Duration) -> Ended {
        let Some(number) = transaction else { return Ended::Unknown };
        let deadline = Instant::now() + wait;
        loop {
            let text = format!("SELECT pg_catalog.txid_status({number})");
            let answer = self.batch(LONGEST, &text);
            match answer.as_deref().ok().and_then(first_text) {
                Some("committed") => return Ended::Committed,
                Some("aborted") => return Ended::RolledBack,
                Some(_) if Instant::now() < deadline => thread::sleep(PAUSE),
                // It is too old, or another server's.
                _ => return Ended::Unknown,
            }
        }
    }

    pub fn rollback(&self) {
        if self.unsent.take().is_some() {
            return;
        }
        // If the connection is lost, the server rolls back by itself.
        let _ = self.batch(LONGEST, "ROLLBACK");
    }
}

/// The text of a BEGIN, with a statement that still has the session's settings, and another
/// that has ours.
pub fn begin_text([first, last]: [&'static str; 2], mode: Mode, wait: Duration) -> String {
    // A COMMIT that is answered before the log is on disk may be undone by a crash.
    // What is read in several statements is as of one instant. What is written is so by the
    // rows as they are then: each statement sees what is committed, and a row that another
    // session has changed meanwhile is evaluated again.
    let (access, durable) = match mode {
        Mode::Read => ("REPEATABLE READ, READ ONLY", ""),
        Mode::Write => (
            "READ COMMITTED, READ WRITE",
            "SELECT set_config('synchronous_commit', 'local', true) \
             WHERE current_setting('synchronous_commit') = 'off'; ",
        ),
    };
    // Zero would mean no limit.
    let milliseconds = wait.as_millis().max(1);
    // Operators, functions and types are those of PostgreSQL itself: whoever may create
    // some elsewhere could have theirs preferred, and have them run with our rights.
    //
    // Independent of the server's defaults, a long scan may take its time (GitLab's
    // packages set a statement_timeout of a minute). Not every
    // version has a transaction_timeout. Where the server does not know what bytes mean,
    // it would refuse to send some as UTF-8, and all rows behind them.
    format!(
        "BEGIN ISOLATION LEVEL {access}; {first}\
         SET LOCAL search_path = pg_catalog, pg_temp; {durable}\
         SET LOCAL lock_timeout = {milliseconds}; SET LOCAL statement_timeout = 0; \
         SET LOCAL idle_in_transaction_session_timeout = 0; \
         SET LOCAL standard_conforming_strings = on; SET LOCAL row_security = off; \
         SET LOCAL exit_on_error = off; \
         SELECT set_config('transaction_timeout', '0', true) \
         WHERE current_setting('transaction_timeout', true) IS NOT NULL; \
         SELECT set_config('client_encoding', 'SQL_ASCII', true) \
         WHERE current_setting('server_encoding') = 'SQL_ASCII'{last}"
    )
}

/// Far more than a standby takes that the COMMIT waits for.
const LONGEST_COMMIT: Duration = Duration::from_mins(1);

/// What a host has for its answer once the run is stopped.
const BRIEF: Duration = Duration::from_millis(450);

/// Between two looks whether a transaction has ended.
const PAUSE: Duration = Duration::from_millis(50);
