//! Loads audit events from a file into a temporary table, where they are queried like
//! those of a native store.

use std::time::Duration;

use anyhow::{Context, Result};
use rusqlite::{Connection, params};

use super::Store;
use super::engine::Engine;
use super::engine::sqlite::Sqlite;
use super::schema::native;
use super::schema::{AuditEvents, Lookup, NO_NAME, Schema};
use super::sql::{Dialect, IdColumn, IdForm};
use crate::model::audit::{AuditEvent, Outcome};
use crate::model::id::TokenId;

/// A temporary table of audit events, filled with intents and then their outcomes.
#[derive(Debug)]
pub struct EventTable {
    connection: Connection,
}

const TABLE: &str = "
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE audit_events (
        id INTEGER PRIMARY KEY,
        created_at TEXT NOT NULL,
        run_id TEXT NOT NULL,
        action TEXT NOT NULL,
        actor TEXT NOT NULL,
        actor_id,
        os_user TEXT NOT NULL,
        target_type TEXT NOT NULL,
        target_id NOT NULL,
        target_name TEXT NOT NULL,
        target_user_id,
        target_username TEXT,
        reason TEXT,
        outcome TEXT NOT NULL,
        UNIQUE (run_id, target_type, target_id)
    );
    BEGIN;
";

const CANNOT: &str = "cannot sort the audit events";

impl EventTable {
    /// # Errors
    ///
    /// When there is no room for a temporary file; the same holds for the other functions.
    pub fn new() -> Result<Self> {
        // An empty path opens a temporary database, only part of which is in memory.
        let connection = Connection::open("").context(CANNOT)?;
        connection.execute_batch(TABLE).context(CANNOT)?;
        Ok(Self { connection })
    }

    /// Adds an intent, which is unresolved until its outcome is added.
    pub fn record_intent(&self, event: &AuditEvent) -> Result<()> {
        let insert = "INSERT OR REPLACE INTO audit_events \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
        let mut insert = self.connection.prepare_cached(insert).context(CANNOT)?;
        let inserted = insert.execute(params![
            event.id.0,
            event.created_at.to_string(),
            event.run_id,
            event.action,
            event.actor,
            event.actor_id.as_ref().map(|id| &id.0),
            event.os_user,
            event.target_type,
            &event.target_id.0,
            event.target_name,
            event.target_user_id.as_ref().map(|id| &id.0),
            event.target_username,
            event.reason,
            Outcome::Unresolved.name(),
        ]);
        inserted.map(|_| ()).context(CANNOT)
    }

    /// Adds the outcome of an intent; `None` removes the intent, as nothing was done.
    pub fn record_outcome(
        &self,
        run_id: &str,
        target_type: &str,
        target_id: &TokenId,
        outcome: Option<Outcome>,
    ) -> Result<()> {
        let values = params![run_id, target_type, &target_id.0, outcome.map(Outcome::name)];
        let sql = match outcome {
            Some(_) => {
                "UPDATE audit_events SET outcome = ?4 \
                 WHERE run_id = ?1 AND target_type = ?2 AND target_id = ?3"
            }
            None => {
                "DELETE FROM audit_events \
                 WHERE run_id = ?1 AND target_type = ?2 AND target_id = ?3 AND ?4 IS NULL"
            }
        };
        let mut statement = self.connection.prepare_cached(sql).context(CANNOT)?;
        statement.execute(values).map(|_| ()).context(CANNOT)
    }

    /// Counts the events without an outcome.
    pub fn unresolved(&self) -> Result<u64> {
        let count = "SELECT count(*) FROM audit_events WHERE outcome = ?1";
        let unresolved = [Outcome::Unresolved.name()];
        self.connection.query_row(count, unresolved, |row| row.get(0)).context(CANNOT)
    }

    /// Converts to a store that holds only the events.
    pub fn into_store(self) -> Result<Store> {
        self.connection.execute_batch("COMMIT").context(CANNOT)?;
        let schema = native::schema(Dialect::Sqlite);
        let own = native::audit_events(Dialect::Sqlite);
        let events = AuditEvents {
            outcome: "t.outcome",
            reuses_user_ids: true,
            // Whatever the application has.
            actor_id: IdColumn { form: IdForm::Any, ..own.actor_id },
            target_id: IdColumn { form: IdForm::Any, ..own.target_id },
            target_user_id: IdColumn { form: IdForm::Any, ..own.target_user_id },
            // Names change hands, so whoever is gone is found by id alone.
            owners: Lookup { by_name: NO_NAME, ..own.owners },
            ..own
        };
        let engine = Engine::Sqlite(Sqlite::unnamed(self.connection)?);
        let schema = Schema { audit_events: Some(events), ..schema };
        Ok(Store::of(engine, schema, Duration::ZERO))
    }
}
