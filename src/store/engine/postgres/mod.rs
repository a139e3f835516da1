//! PostgreSQL: one connection, used in a way that works with PgBouncer in transaction mode.
//! Nothing outlives a transaction, no statement has a name but a COPY, which is closed in it, and
//! every setting is `LOCAL`.

mod connect;
mod create;
mod error;
mod host;
mod namespace;
mod parameters;
mod password_file;
mod search_path;
mod session;
mod settings;
mod target;
mod tls;
mod values;

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, SimpleQueryMessage};

use self::error::{SessionError, is_rolled_back, server_error};
use self::host::addresses;
use self::parameters::Encoded;
use self::session::Session;
pub use self::settings::Settings;
use self::values::typed;
pub use self::values::{texts, value};
use super::stream::{Received, spawn, stream_rows};
use super::{Decoder, Ended, EngineRow, Mode, NotCommitted, Opening, Stream, cannot};
use crate::model::database::Database;
use crate::stop_flag::StopFlag;
use crate::store::schema::{Catalog, Schema};
use crate::store::sql::{Dialect, Encoding, Flavour, Sql, Value};

/// A connection to a server.
pub struct Postgres {
    session: Box<Session>,
    settings: Box<Settings>,
    /// What the database is like, once it is known.
    flavour: Flavour,
    /// Whether a statement was cancelled, which may hit those after it.
    is_cancelled: Cell<bool>,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Postgres")
    }
}

/// Connects to a server and recognises the schema of the database.
///
/// # Errors
///
/// If no host accepts the connection, or the schema is unknown.
pub fn open(settings: &Settings, how: &Opening) -> Result<(Postgres, Schema)> {
    let opened = || -> Result<_> {
        let mut postgres = Postgres::connected(settings, how)?;
        let (flavour, schema) = postgres.recognise(how.busy_timeout, how.schema)?;
        postgres.flavour = flavour;
        Ok((postgres, schema))
    };
    opened().with_context(|| format!("cannot open store {settings}"))
}

/// Connects to a server, and looks at all tables of the database, or of the schema that is
/// named.
///
/// # Errors
///
/// If no host accepts the connection, or it has no such schema.
pub fn catalog_of(settings: &Settings, how: &Opening) -> Result<Catalog> {
    let looked = || Postgres::connected(settings, how)?.all_tables(how.busy_timeout);
    looked().with_context(|| format!("cannot open store {settings}"))
}

impl Postgres {
    fn connected(settings: &Settings, how: &Opening) -> Result<Self> {
        Ok(Self {
            session: Box::new(settings.connect(how.mode)?),
            settings: Box::new(settings.clone()),
            is_cancelled: Cell::new(false),
            flavour: Flavour::new(Dialect::Postgres),
        })
    }

    /// Sends statements that take no values, and have few rows.
    fn batch(&self, limit: Duration, text: &str) -> Result<Vec<SimpleQueryMessage>, SessionError> {
        self.session.wait(Some(limit), self.session.client().simple_query(text))
    }

    pub fn stop_when(&mut self, stop: &StopFlag) {
        self.session.stop = stop.clone();
    }

    /// A statement on the application's tables.
    pub fn sql(&self) -> Sql {
        Sql::new(self.flavour.clone())
    }

    /// The values of a statement. A text that the database's encoding does not have cannot
    /// be there, and is sent as one that nobody has.
    fn values<'s>(&self, sql: &'s Sql) -> Result<Cow<'s, [Value]>> {
        let is_other = self.flavour.encoding == Encoding::Other;
        if !is_other || sql.values().iter().all(Value::is_ascii) {
            return Ok(sql.values().into());
        }
        let mut values = sql.values().to_vec();
        for text in values.iter_mut().flat_map(Value::texts) {
            if !text.is_ascii() && !self.can_have(text)? {
                *text = NOBODYS.into();
            }
        }
        Ok(values.into())
    }

    /// Whether the database's encoding has a text.
    fn can_have(&self, text: &str) -> Result<bool> {
        self.batch(LONGEST, "SAVEPOINT tokenctl_text").map_err(server_error)?;
        let values: [(&(dyn ToSql + Sync), Type); 1] = [(&text, Type::TEXT)];
        let question = self.session.client().query_typed("SELECT $1", &values);
        let answer = self.session.wait(Some(LONGEST), question);
        let has = match answer {
            Ok(_) => true,
            Err(SessionError::Driver(error))
                if error.code() == Some(&SqlState::UNTRANSLATABLE_CHARACTER) =>
            {
                false
            }
            Err(error) => return Err(server_error(error)),
        };
        let end = "ROLLBACK TO SAVEPOINT tokenctl_text; RELEASE SAVEPOINT tokenctl_text";
        self.batch(LONGEST, end).map_err(server_error)?;
        Ok(has)
    }

    /// Which database it is. What a server does not tell goes by the settings: a pooler may
    /// have other names, and not every role may ask for the identifier.
    pub fn database(&self) -> Database {
        let ask = |query| -> Option<String> {
            let answer = self.batch(LONGEST, query).ok()?;
            first_text(&answer).map(Into::into)
        };
        let name = ask("SELECT pg_catalog.current_database()");
        let name = name.unwrap_or_else(|| self.settings.database.clone());
        Database::Server {
            address: addresses(&self.settings.hosts),
            name: Encoded(&name).to_string(),
            system: ask("SELECT system_identifier FROM pg_catalog.pg_control_system()"),
        }
    }

    pub fn begin(&self, mode: Mode, wait: Duration) -> Result<()> {
        self.begin_with([""; 2], mode, wait).map(|_| ()).map_err(server_error)
    }

    /// Begins a transaction with a statement that still has the session's settings, and
    /// another that has ours.
    fn begin_with(
        &self,
        [first, last]: [&'static str; 2],
        mode: Mode,
        wait: Duration,
    ) -> Result<Vec<SimpleQueryMessage>, SessionError> {
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
        let text = format!(
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
        );
        self.batch(LONGEST, &text)
    }

    /// Fires what is deferred until COMMIT, and gives the transaction's number.
    pub fn bring_forward(&self) -> Result<Option<i64>> {
        let text = "SET CONSTRAINTS ALL IMMEDIATE; SELECT pg_catalog.txid_current_if_assigned()";
        let answer = self.batch(LONGEST, text).map_err(server_error)?;
        Ok(first_text(&answer).and_then(|number| number.parse().ok()))
    }

    pub fn commit(&self) -> Result<(), NotCommitted> {
        if self.is_cancelled.get() {
            // There is nothing to commit of what was only read.
            self.rollback();
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
        Ok(Self { session, settings, flavour, is_cancelled: Cell::new(false) })
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
        // If the connection is lost, the server rolls back by itself.
        let _ = self.batch(LONGEST, "ROLLBACK");
    }

    pub fn rows<R>(&self, sql: &Sql, decode: impl Fn(&mut Decoder<'_>) -> R) -> Result<Vec<R>> {
        let values = self.values(sql)?;
        let values = typed(&values);
        let answer = self.session.client().query_typed(sql.text(), &values);
        let rows = self.session.wait(Some(LONGEST), answer).map_err(server_error)?;
        Ok(rows.iter().map(|row| decode(&mut Decoder::new(EngineRow::Postgres(row)))).collect())
    }

    pub fn stream_rows<R, O>(
        &self,
        sql: &Sql,
        decode: impl Fn(&mut Decoder<'_>) -> R + Send + Sync,
        stop: &StopFlag,
        read: impl FnOnce(&mut Stream<'_, R>) -> Result<O> + Send,
    ) -> Result<O> {
        let (session, values) = (&self.session, self.values(sql)?);
        let values = typed(&values);
        // One of this name may have been left open in a session of a pool.
        let portal = format!("tokenctl_rows_{:016x}", fastrand::u64(..));
        let declare = format!("DECLARE {portal} NO SCROLL CURSOR FOR {}", sql.text());
        let declared = session.wait(None, session.client().query_typed(&declare, &values));
        declared.map_err(server_error).context(cannot(Mode::Read))?;
        thread::scope(|scope| {
            // While one batch is read, the server produces the next.
            let (sender, receiver) = mpsc::sync_channel(1);
            let fetching = spawn(scope, move || {
                let mut rows = 1;
                loop {
                    let begun = Instant::now();
                    let fetch = format!("FETCH FORWARD {rows} FROM {portal}");
                    let fetched = session.wait(None, session.client().query_typed(&fetch, &[]));
                    // Fewer than were asked for are the last.
                    let is_full = |found: &Vec<Row>| u32::try_from(found.len()) == Ok(rows);
                    let is_more = fetched.as_ref().is_ok_and(is_full);
                    // The reader may have stopped.
                    if sender.send(fetched.map_err(server_error)).is_err() || !is_more {
                        return;
                    }
                    rows = match begun.elapsed() {
                        took if took > SLOW => 1,
                        _ => (rows * 10).min(MOST_ROWS),
                    };
                }
            })?;
            let decode = |rows: &mut Vec<Row>, index: usize| {
                rows.get(index).map(|row| decode(&mut Decoder::new(EngineRow::Postgres(row))))
            };
            let read = stream_rows(|| Received::from(&receiver), decode, stop, read);
            drop(receiver);
            // A scan whose reader has left. What is nearly done ends by itself: a request to
            // cancel that comes too late would hit the next statement.
            let left_at = Instant::now();
            while !fetching.is_finished() {
                if left_at.elapsed() > SLOW {
                    session.cancel();
                    self.is_cancelled.set(true);
                    break;
                }
                // As a rule the thread is just ending.
                thread::sleep(Duration::from_micros(50));
            }
            read
        })
    }
}

/// A text that no name and no scope is.
const NOBODYS: &str = "\u{1}\u{2}\u{3}";

/// What a statement but a scan may take, which a server that answers others may have lost.
const LONGEST: Duration = Duration::from_mins(10);
/// Far more than a standby takes that the COMMIT waits for.
const LONGEST_COMMIT: Duration = Duration::from_mins(1);

/// What a host has for its answer once the run is stopped.
const BRIEF: Duration = Duration::from_millis(450);

/// Between two looks whether a transaction has ended.
const PAUSE: Duration = Duration::from_millis(50);

/// The first value of an answer.
fn first_text(answer: &[SimpleQueryMessage]) -> Option<&str> {
    answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    })
}

/// The batches grow, so that the first rows of a slow search arrive early, and begin anew
/// where one takes this long.
const SLOW: Duration = Duration::from_millis(25);
const MOST_ROWS: u32 = 1000;
