//! Audit events in a store: which columns are read, what the filters mean in
//! SQL, and how a row becomes a record. They are written in `revoke`, with what
//! they record.

use super::Stored;
use super::filter::{Terms, at, bounded};
use super::schema::Schema;
use super::sql::Sql;
use super::sqlite::Decoder;
use crate::model::access::Reach;
use crate::model::audit::{AuditEvent, Filter};
use crate::model::token::{EventId, SortKey, TokenId, UserId};

impl Stored for AuditEvent {
    fn from(schema: &Schema) -> &'static str {
        schema.audit_events.from
    }

    fn id_column(schema: &Schema) -> &'static str {
        schema.audit_events.id
    }

    fn select_list(schema: &Schema) -> Vec<&'static str> {
        let columns = &schema.audit_events;
        vec![
            columns.id,
            columns.created_at.sql,
            columns.run_id,
            columns.action,
            columns.actor,
            columns.actor_id,
            columns.os_user,
            columns.target_type,
            columns.target_id,
            columns.target_name,
            columns.target_user_id,
            columns.reason,
        ]
    }

    fn decode(row: &mut Decoder<'_>, _: &Schema) -> Result<Self, String> {
        Ok(Self {
            id: EventId(row.integer()?),
            created_at: row.timestamp()?,
            run_id: row.text()?,
            action: row.text()?,
            actor: row.text()?,
            actor_id: UserId(row.integer()?),
            os_user: row.text()?,
            target_type: row.text()?,
            target_id: TokenId(row.integer()?),
            target_name: row.text()?,
            target_user_id: row.optional_integer()?.map(UserId),
            reason: row.optional_text()?,
        })
    }

    fn reach_condition(sql: &mut Sql, schema: &Schema, reach: Reach) {
        let columns = &schema.audit_events;
        match reach {
            Reach::All => {
                sql.push("TRUE");
            }
            Reach::Involved { user } => {
                sql.push("(").push(columns.target_user_id).push(" = ").bind(user.0);
                sql.push(" OR ").push(columns.actor_id).push(" = ").bind(user.0).push(")");
            }
            Reach::Own { .. } | Reach::Member { .. } => {
                sql.push("FALSE");
            }
        }
    }

    fn ids(_: &Filter) -> Option<&[TokenId]> {
        None
    }

    fn is_narrow(filter: &Filter) -> bool {
        filter.run.is_some()
    }

    fn conditions(sql: &mut Sql, schema: &Schema, filter: &Filter, terms: Terms) {
        let columns = &schema.audit_events;
        // Without `..`: a filter that nobody compiles does not compile.
        let Filter { user, actor, run, action, since, until } = filter;

        if let Some(UserId(user)) = user {
            sql.push(" AND ").push(columns.target_user_id).push(" = ").bind(*user);
        }
        if let Some(UserId(actor)) = actor {
            sql.push(" AND ").push(columns.actor_id).push(" = ").bind(*actor);
        }
        if let Some(run) = run {
            sql.push(" AND ").push(columns.run_id).push(" = ").bind(run.as_str());
        }
        if let Some(action) = action {
            sql.push(" AND ").push(columns.action).push(" = ").bind(action.name());
        }
        let created = [(" >= ", since), (" <= ", until)];
        bounded(sql, columns.created_at, terms.bounds, created.map(at));
    }

    fn sort_column(schema: &Schema, key: SortKey) -> &'static str {
        let columns = &schema.audit_events;
        match key {
            SortKey::Id => columns.id,
            SortKey::Created => columns.created_at.sql,
            SortKey::Name => columns.target_name,
            // An event has neither.
            SortKey::LastUsed | SortKey::Expires => "NULL",
        }
    }
}
