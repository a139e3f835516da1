//! Making a native store in a schema of a server: in one transaction, so that a run which fails
//! or is killed leaves nothing.

use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Result};
use shell_words::quote;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::error::SqlState;

use super::catalog::{ROLE, TEXT};
use super::error::{SessionError, first_error, server_error};
use super::namespace::{flavour, text};
use super::values::{field, type_of};
use super::{LONGEST, Postgres, Settings};
use crate::failure::{Failure, Kind};
use crate::stop_flag::StopFlag;
use crate::store::engine::{Decoder, FilledColumn, Mode, NewRows, NotCommitted, Opening};
use crate::store::schema::native::SERVER_MIGRATIONS;
use crate::store::sql::{Encoding, Quoted, Sql};

/// Makes a store, whose tables `fill` fills and [publishes](Postgres::publish). What is not
/// published goes with the connection.
///
/// # Errors
///
/// If no host accepts the connection, or the schema has tables, or may not be made, and those
/// of `fill`.
pub fn new_store(
    settings: &Settings,
    wait: Duration,
    stop: &StopFlag,
    fill: impl FnOnce(Postgres) -> Result<()>,
) -> Result<()> {
    let how = Opening { mode: Mode::Write, busy_timeout: wait, foreign_owner: false, schema: None };
    let begun = Postgres::begin_store(settings, &how, stop);
    begun.and_then(fill).with_context(|| format!("cannot create store {settings}"))
}

/// The line for a shell that adds the first administrator.
pub fn adding_root(settings: &Settings) -> String {
    let users = format!("{}.users", settings.new_schema());
    let insert = format!("INSERT INTO {users} (username, admin) VALUES ('root', TRUE)");
    format!("psql {} -c {}", quote(&settings.to_string()), quote(&insert))
}

impl Postgres {
    /// Connects, and begins the transaction that makes the store, whose tables are empty yet.
    fn begin_store(settings: &Settings, how: &Opening, stop: &StopFlag) -> Result<Self> {
        let mut postgres = Self::connected(settings, how)?;
        postgres.stop_when(stop);
        let answer =
            postgres.begin_now([ROLE, TEXT], Mode::Write, how.busy_timeout).map_err(first_error)?;
        let role = text(&answer, "role").unwrap_or_default();
        postgres.flavour = flavour(&answer);
        if postgres.flavour.encoding != Encoding::Utf8 {
            let message = "the database does not keep text as UTF-8, which a store needs";
            return Err(Failure::new(Kind::Failed, message)
                .hint("CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8'")
                .into());
        }
        let schema = settings.new_schema();
        postgres.check_is_new(&schema)?;
        postgres.flavour.namespace = Some(schema.clone());
        let tables = SERVER_MIGRATIONS.concat();
        // Where a name is PostgreSQL's too, that is meant.
        let text = format!(
            "CREATE SCHEMA IF NOT EXISTS {schema}; SET LOCAL search_path = {schema}, pg_temp; \
             {tables}; SET LOCAL search_path = pg_catalog, pg_temp"
        );
        postgres.batch(LONGEST, &text).map_err(|error| match &error {
            SessionError::Driver(driver)
                if driver.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) =>
            {
                let (role, database) = (Quoted::name(role), Quoted::name(&settings.database));
                Failure::recast(Kind::Failed, &server_error(error))
                    .hint(format!("GRANT CREATE ON DATABASE {database} TO {role}"))
                    .into()
            }
            _ => server_error(error),
        })?;
        Ok(postgres)
    }

    /// Refuses a schema in which there is something.
    fn check_is_new(&self, schema: &Quoted) -> Result<()> {
        let mut sql = self.sql();
        sql.push(
            "SELECT count(*) FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ",
        );
        let read = |row: &mut Decoder<'_>| row.integer();
        let count = self.rows(sql.bind(schema.unquoted()), read)?;
        if count.iter().all(|count| *count == Ok(0)) {
            return Ok(());
        }
        let message = format!("the schema {schema} exists, and is not empty");
        Err(Failure::new(Kind::Failed, message)
            .hint("name another in the URL: ?options=-csearch_path%3DNAME")
            .into())
    }

    /// Fills a table by COPY.
    pub fn fill(
        &self,
        table: &'static str,
        columns: &[FilledColumn],
        rows: &mut NewRows<'_>,
    ) -> Result<()> {
        let mut sql = self.sql();
        sql.push("COPY @").push(table).push(" (");
        sql.push_list(columns.iter().map(|(name, _)| *name)).push(") FROM STDIN (FORMAT binary)");
        let (session, types) =
            (&self.session, columns.iter().map(|(_, kind)| type_of(*kind)).collect::<Vec<_>>());
        let sink = session.wait(None, session.client().copy_in(sql.text()));
        let mut writer =
            pin!(BinaryCopyInWriter::new(sink.map_err(server_error)?, types.as_slice()));
        loop {
            let some: Vec<_> = rows.take(AT_ONCE).collect::<Result<_>>()?;
            if some.is_empty() {
                break;
            }
            let written = session.wait(None, async {
                for row in &some {
                    let fields: Vec<_> = row
                        .iter()
                        .zip(columns)
                        .map(|(value, (_, kind))| field(value.as_ref(), *kind))
                        .collect();
                    writer.as_mut().write(&fields).await?;
                }
                Ok(())
            });
            written.map_err(server_error)?;
        }
        session.wait(None, writer.as_mut().finish()).map(drop).map_err(server_error)
    }

    /// Has each table give ids behind those that were given, and counts rows for the planner.
    pub fn finish(&self, given: &[(&'static str, i64)]) -> Result<()> {
        for (table, last) in given.iter().filter(|(_, last)| *last > 0) {
            let mut sql = self.sql();
            sql.push("SELECT setval(").push(SEQUENCE[0]).bind(self.name_of(table));
            sql.push(SEQUENCE[1]).push(", ").bind(*last).push(")");
            self.rows(&sql, |_| ())?;
            let mut sql = self.sql();
            sql.push("ANALYZE @").push(table);
            self.batch(LONGEST, sql.text()).map_err(server_error)?;
        }
        Ok(())
    }

    /// The name of a table, as text.
    fn name_of(&self, table: &'static str) -> String {
        let mut name = self.sql();
        name.push("@").push(table);
        name.text().into()
    }

    /// The statement that reads the last id that a table has given.
    pub fn given_ids(&self, table: &'static str) -> Sql {
        let mut sql = self.sql();
        sql.push("SELECT pg_sequence_last_value(").push(SEQUENCE[0]).bind(self.name_of(table));
        sql.push(SEQUENCE[1]).push(")");
        sql
    }

    /// Ends the transaction that made the store.
    ///
    /// # Errors
    ///
    /// Where it is not committed, or that is not known.
    pub fn publish(self) -> Result<()> {
        self.commit(Mode::Write).map_err(|NotCommitted { error, is_rolled_back }| {
            if is_rolled_back {
                error
            } else {
                error
                    .context("whether there is a new store now is not known: tokenctl status tells")
            }
        })
    }
}

/// What gives a table its ids: the text before the table's name, and after it.
const SEQUENCE: [&str; 2] = ["pg_get_serial_sequence(", ", 'id')::regclass"];

/// How many rows are handed on at once.
const AT_ONCE: usize = 1000;
