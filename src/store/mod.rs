//! Runs queries on databases: the only module with a connection or SQL.
//!
//! A [`Store`] looks up actors and memberships (`lookup`), lists and shows rows (`list`),
//! and revokes tokens (`revoke`), all with the conditions of `filter`. [`schema`]
//! describes each kind of database as data; `engine` connects to it.

mod audit_events;
mod check;
mod choose_way;
mod copy;
mod deploy_tokens;
mod draft;
mod engine;
mod event_table;
mod file_owner;
mod filter;
mod identity;
mod init;
mod links;
mod list;
mod lookup;
mod open_files;
mod order;
mod owners;
mod revoke;
mod sample;
pub mod schema;
mod scopes;
mod sql;
mod stats;
mod status;
mod stored;
#[cfg(test)]
mod tests;
mod tokens;
mod way;

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

pub use self::check::revokes_by;
pub use self::copy::Copying;
pub use self::draft::draft;
use self::engine::{Engine, Transaction};
pub use self::engine::{Interrupted, Location, Mode, Opening, Settings, Stream, Streamed};
pub use self::event_table::EventTable;
pub use self::file_owner::{ForeignFile, OsUser, sidecar_paths};
pub use self::identity::is_same_file;
pub use self::init::create;
pub use self::links::Destination;
pub use self::list::ListOptions;
pub use self::lookup::EventPart;
pub use self::revoke::{AuditRecord, Batch, BatchOptions, Decision, Run};
use self::schema::{Description, RevokeMethod, Schema};
use self::sql::{IdForm, Sql};
pub use self::stats::{Stats, Wanted};
use self::stored::Unrecorded;
pub use self::stored::{BrokenRow, Projection, Row, Stored, TokenScopes};
use crate::failure::{self, Failure, Kind};
use crate::model::database::Database;
use crate::model::id::IdList;
use crate::model::token::Token;
use crate::stop_flag::StopFlag;

/// An open store.
#[derive(Debug)]
pub struct Store {
    engine: Engine,
    busy_timeout: Duration,
    schema: Schema,
    stop: StopFlag,
}

impl Store {
    /// Opens an existing store. A root process first becomes the file's owner, for good.
    ///
    /// # Errors
    ///
    /// When there is no such store, its schema is unknown, too new or incomplete, or, as a
    /// [`ForeignFile`], when opening another user's file could lock that user out.
    pub fn open(location: &Location, how: &Opening) -> Result<Self> {
        let (engine, schema) = Engine::open(location, how)?;
        Ok(Self::of(engine, schema, how.busy_timeout))
    }

    fn of(engine: Engine, schema: Schema, busy_timeout: Duration) -> Self {
        Self { engine, busy_timeout, schema, stop: StopFlag::default() }
    }

    /// Leaves a file that was only read open until the process ends, which closes it faster
    /// than SQLite does: the look-up of one token takes a thirtieth less.
    pub fn leave_open(self) {
        if let Engine::Sqlite(sqlite) = self.engine {
            std::mem::forget(sqlite);
        }
    }

    /// Sets what is looked at wherever the store has to be waited for.
    pub fn stop_when(&mut self, stop: &StopFlag) {
        self.engine.stop_when(stop);
        self.stop = stop.clone();
    }

    /// Returns the description of the store's kind of database.
    #[must_use]
    pub fn description(&self) -> &'static Description {
        self.schema.description
    }

    /// Which database it is. A server is asked.
    #[must_use]
    pub fn database(&self) -> Database {
        self.engine.database()
    }

    /// Whether the store has a table for audit events.
    #[must_use]
    pub fn records_events(&self) -> bool {
        self.schema.audit_events.is_some()
    }

    /// Whether revoking a token of this kind deletes its row.
    ///
    /// # Errors
    ///
    /// Where the store has none of this kind.
    pub fn deletes<T: Stored + Token>(&self) -> Result<bool> {
        Ok(self.revoke_method::<T>()?.deletes)
    }

    /// The ids as the store has them, of such that were given before it was open.
    ///
    /// # Errors
    ///
    /// A usage error where one is none.
    pub fn own_ids<T: Stored>(&self, ids: IdList) -> Result<IdList> {
        let form = T::table(self.columns::<T>()?).id.form;
        ids.convert(|id| form.own(id)).map_err(|problem| {
            Failure::usage(format!("invalid value for '<ID>': {problem}")).into()
        })
    }

    /// Whether tokens have ids that can be given back.
    ///
    /// # Errors
    ///
    /// Where the store has none of the kind.
    pub fn has_ids<T: Stored>(&self) -> Result<bool> {
        Ok(T::table(self.columns::<T>()?).id.form != IdForm::Row)
    }

    /// What has to be known of a filter by the scopes of personal access tokens.
    #[must_use]
    pub fn note_on_scopes(&self) -> Option<&'static str> {
        self.schema.personal_access_tokens.optional.note_on_scopes
    }

    /// Fails where the store does not hold this kind of record.
    ///
    /// # Errors
    ///
    /// A usage error that names the store's application.
    pub fn check_has<T: Stored>(&self) -> Result<()> {
        self.columns::<T>().map(|_| ())
    }

    fn columns<T: Stored>(&self) -> Result<&T::Columns> {
        T::columns(&self.schema).ok_or_else(|| {
            let Description { application, name, .. } = self.description();
            Failure::usage(format!("{application} ({name}) has no {}", T::NOUN[1])).into()
        })
    }

    fn revoke_method<T: Stored>(&self) -> Result<&RevokeMethod> {
        let method = T::revoke_method(self.columns::<T>()?);
        method.ok_or_else(|| Failure::usage(format!("{} are not revoked", T::NOUN[1])).into())
    }

    fn sql(&self) -> Sql {
        self.engine.sql()
    }

    fn unrecorded(&self, what: &Unrecorded) -> Failure {
        let Description { application, name, .. } = self.description();
        Failure::usage(format!("the store is one of {application} ({name}), and {what}"))
            .hint("leave that filter or order out")
    }

    /// Reads in a transaction of its own.
    fn read<R>(&self, read: impl FnOnce(&Transaction<'_>) -> Result<R>) -> Result<R> {
        let transaction = self.engine.begin(Mode::Read, self.busy_timeout)?;
        let result = read(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    /// Retries while the store is locked, until the busy timeout is over or the run is
    /// stopped. An attempt receives the time that it may wait for a lock, and sets when it
    /// got one.
    fn retry_while_locked<R>(
        &self,
        mut attempt: impl FnMut(Duration, &mut Option<Instant>) -> Result<R>,
    ) -> Result<R> {
        let deadline = Instant::now() + self.busy_timeout;
        let attempt_timeout = self.engine.attempt_timeout();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut locked_at = None;
            let done = attempt(left.min(attempt_timeout), &mut locked_at);
            let is_locked = done.as_ref().is_err_and(|it| failure::kind(it) == Kind::Locked);
            if !is_locked || left <= attempt_timeout || self.stop.is_set() {
                return done;
            }
            if let Some(locked_at) = locked_at {
                // Gives readers a turn: with a rollback journal, a write that waits to commit
                // keeps them out.
                thread::sleep(locked_at.elapsed());
            }
        }
    }
}
