//! PostgreSQL: one connection, used in a way that works with PgBouncer in transaction mode.
//! Nothing outlives a transaction, no statement has a name but a COPY, which is closed in it, and
//! every setting is `LOCAL`.

mod catalog;
mod connect;
mod create;
mod error;
mod host;
mod namespace;
mod parameters;
mod password_file;
mod relation;
mod rows;
mod search_path;
mod session;
mod settings;
mod target;
mod tls;
mod transaction;
mod values;

use std::cell::Cell;
use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio_postgres::{Error, SimpleQueryMessage};

pub use self::create::{adding_root, new_store};
use self::error::SessionError;
use self::host::addresses;
use self::parameters::Encoded;
use self::session::Session;
pub use self::settings::Settings;
pub use self::values::{texts, value};
use super::{Mode, Opening};
use crate::model::database::Database;
use crate::model::status::Facts;
use crate::stop_flag::StopFlag;
use crate::store::schema::{Catalog, Schema};
use crate::store::sql::{Dialect, Flavour, Sql};

/// A connection to a server.
pub struct Postgres {
    session: Box<Session>,
    settings: Box<Settings>,
    /// What the database is like, once it is known.
    flavour: Flavour,
    /// The BEGIN of a transaction that reads, until its first statement takes it along.
    unsent: Cell<Option<String>>,
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
            unsent: Cell::default(),
            is_cancelled: Cell::default(),
            flavour: Flavour::new(Dialect::Postgres),
        })
    }

    /// Sends a statement, behind the BEGIN that waits for it, and waits for its answer.
    fn ask<T>(
        &self,
        limit: Duration,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, SessionError> {
        let begin = self.unsent.take();
        self.session.ask(limit, self.session.behind(begin, answer))
    }

    /// Sends statements that take no values, and have few rows.
    fn batch(&self, limit: Duration, text: &str) -> Result<Vec<SimpleQueryMessage>, SessionError> {
        self.ask(limit, self.session.client().simple_query(text))
    }

    pub fn stop_when(&mut self, stop: &StopFlag) {
        self.session.stop = stop.clone();
    }

    /// A statement on the application's tables.
    pub fn sql(&self) -> Sql {
        Sql::new(self.flavour.clone())
    }

    pub fn facts(&self) -> Result<Facts> {
        self.begin(Mode::Read, Duration::ZERO)?;
        let mut sql = self.sql();
        sql.push(
            "SELECT current_setting('server_version'), current_setting('server_encoding'), \
             pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'on'",
        );
        let rows = self.rows(&sql, |row| {
            Ok::<_, String>((row.text()?, row.text()?, row.boolean()?, row.boolean()?))
        })?;
        self.commit(Mode::Read)?;
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
}

/// What a statement but a scan may take, which a server that answers others may have lost.
const LONGEST: Duration = Duration::from_mins(10);
/// The first value of an answer.
fn first_text(answer: &[SimpleQueryMessage]) -> Option<&str> {
    answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    })
}
