//! The audit events of a native store. Those of an audit file are read from a table of the same
//! form.

use super::by_name::ByName;
use super::forms::time;
use crate::store::schema::{AuditEvents, Lookup, Table};
use crate::store::sql::{Dialect, IdColumn};

/// The table of audit events.
#[must_use]
pub fn audit_events(dialect: Dialect) -> AuditEvents {
    let by_name = ByName::of(dialect);
    AuditEvents {
        table: Table { from: "@audit_events t", id: IdColumn::integer("t.id"), only: None },
        created_at: time!(dialect, "audit_events", "created_at", Iso),
        run_id: "t.run_id",
        action: "t.action",
        actor: "t.actor",
        actor_id: IdColumn::integer("t.actor_id"),
        os_user: "t.os_user",
        target_type: "t.target_type",
        target_id: IdColumn::integer("t.target_id"),
        target_name: "t.target_name",
        target_user_id: IdColumn::integer("t.target_user_id"),
        target_username: "t.target_username",
        reason: "t.reason",
        // Events are written in the transaction of the revocation.
        outcome: "'revoked'",
        reuses_user_ids: false,
        owners: Lookup {
            by_id: [
                "SELECT target_user_id, '' FROM @audit_events WHERE target_user_id = ",
                " LIMIT 1",
            ],
            // Names change hands, so whoever is gone is found by id alone.
            by_name: by_name.user,
        },
        actors: Lookup {
            by_id: ["SELECT actor_id, actor FROM @audit_events WHERE actor_id = ", " LIMIT 1"],
            by_name: by_name.actor,
        },
        newest: "SELECT coalesce(max(t.id), 0) FROM @audit_events t",
        // An expression, which no index has: the run may have a million events, of which those
        // behind the newest are found by their ids.
        targets: "SELECT t.target_id FROM @audit_events t WHERE t.run_id || '' = ",
        insert: "INSERT INTO @audit_events (created_at, run_id, action, actor, actor_id, os_user, \
             target_type, reason, target_id, target_name, target_user_id, target_username) SELECT ",
    }
}
