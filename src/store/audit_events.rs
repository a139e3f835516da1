//! Audit events in a store: which columns are read, what the filters mean in
//! SQL, and how a row becomes a record. `revoke` writes them, in the transaction
//! of what they record.

use anyhow::Result;
use uuid::fmt::Hyphenated;

use super::Store;
use super::engine::Decoder;
use super::filter::{at, from_where};
use super::schema::{AuditEvents, Comparison, Schema, Table};
use super::sql::Sql;
use super::stored::{FilterContext, Projection, Stored, Unrecorded};
use super::way::Criterion;
use crate::model::access::{ListQuery, Reach};
use crate::model::audit::{AuditEvent, Filter};
use crate::model::id::{EventId, IdList, OwnerRef, TokenId, UserId};
use crate::model::time::Moment;
use crate::model::token::SortKey;

impl Projection<Self> for AuditEvent {
    fn select_list(columns: &AuditEvents, _: &Filter) -> Vec<(&'static str, &'static str)> {
        vec![
            ("id", columns.table.id.sql),
            ("created_at", columns.created_at.sql),
            ("run_id", columns.run_id),
            ("action", columns.action),
            ("actor", columns.actor),
            ("actor_id", columns.actor_id.sql),
            ("os_user", columns.os_user),
            ("target_type", columns.target_type),
            ("target_id", columns.target_id.sql),
            ("target_name", columns.target_name),
            ("target_user_id", columns.target_user_id.sql),
            ("target_username", columns.target_username),
            ("reason", columns.reason),
            ("outcome", columns.outcome),
        ]
    }

    fn decode(row: &mut Decoder<'_>, columns: &AuditEvents) -> Result<Self, String> {
        Ok(Self {
            id: EventId(row.integer()?),
            created_at: row.timestamp(columns.created_at.form)?,
            run_id: row.text()?,
            action: row.text()?,
            actor: row.text()?,
            actor_id: row.optional_id()?.map(UserId),
            os_user: row.text()?,
            schema: None,
            target_type: row.text()?,
            target_id: TokenId(row.id()?),
            target_name: row.text()?,
            target_user_id: row.optional_id()?.map(UserId),
            target_username: row.optional_text()?,
            reason: row.optional_text()?,
            outcome: row.text()?,
        })
    }
}

impl Store {
    /// The ids of the runs that a query's events are of, the first and the last in the order of
    /// their letters; `None`: there are no events.
    ///
    /// # Errors
    ///
    /// As for [`Store::list`].
    pub fn runs(&self, query: &ListQuery<AuditEvent>, now: Moment) -> Result<Option<[String; 2]>> {
        let columns = self.columns::<AuditEvent>()?;
        self.read(|transaction| {
            // Each is found by its index, however many events there are.
            let find = |extreme| -> Result<Option<String>> {
                let mut sql = self.sql();
                sql.push("SELECT ").push(extreme).push("(").push(columns.run_id).push(")");
                from_where(&mut sql, columns.table.alone(), columns, query.selection(), now)
                    .map_err(|error| self.unrecorded(&error))?;
                let read = |row: &mut Decoder<'_>| row.optional_text().map_err(anyhow::Error::msg);
                Ok(transaction.rows(&sql, read)?.into_iter().next().transpose()?.flatten())
            };
            Ok(find("min")?.zip(find("max")?).map(<[_; 2]>::from))
        })
    }
}

impl Stored for AuditEvent {
    type Columns = AuditEvents;

    const NOUN: [&'static str; 2] = ["audit event", "audit events"];

    fn columns(schema: &Schema) -> Option<&AuditEvents> {
        schema.audit_events.as_ref()
    }

    fn table(columns: &AuditEvents) -> &Table {
        &columns.table
    }

    fn reach_condition(sql: &mut Sql, columns: &AuditEvents, reach: &Reach, _: Option<&IdList>) {
        match reach {
            Reach::All => {
                sql.push("TRUE");
            }
            Reach::Involved { user, username } => {
                let is_theirs = |sql: &mut Sql, id, name| {
                    sql.one_of(id, &user.0.clone().into());
                    if columns.reuses_user_ids {
                        // NULL, where no name is on record, is nobody's.
                        sql.push(" AND ").push(name).push(" = ").bind(username.as_str());
                    }
                };
                sql.push("(");
                is_theirs(sql, columns.target_user_id, columns.target_username);
                sql.push(" OR ");
                is_theirs(sql, columns.actor_id, columns.actor);
                sql.push(")");
            }
            Reach::Own { .. } | Reach::Member { .. } => {
                sql.push("FALSE");
            }
        }
    }

    fn ids(_: &Filter) -> Option<&IdList> {
        None
    }

    fn is_narrow(filter: &Filter) -> bool {
        filter.run.is_some() || !filter.targets.is_empty()
    }

    fn conditions(
        sql: &mut Sql,
        columns: &AuditEvents,
        filter: &Filter,
        context: FilterContext<'_>,
    ) -> Result<(), Unrecorded> {
        // No `..`: a new filter field without SQL is a compile error.
        let Filter { targets, target_type, user, actor, run, action, since: _, until: _ } = filter; // in bounds

        if !targets.is_empty() {
            let targets = targets.iter().cloned().collect();
            sql.and_one_of(columns.target_id, &targets, context.is_restricted);
        }
        if let Some(kind) = target_type {
            sql.push(" AND ").push(columns.target_type).push(" = ").bind(*kind);
        }
        for (column, wanted) in [(columns.target_user_id, user), (columns.actor_id, actor)] {
            match wanted {
                None => {}
                Some(OwnerRef::User(UserId(id))) => {
                    sql.push(" AND ").one_of(column, &id.clone().into());
                }
                // Events are of users alone.
                Some(OwnerRef::Service(..)) => {
                    sql.push(" AND FALSE");
                }
            }
        }
        if let Some(run) = run {
            // By its index, others' events would be found first, and cost more than none.
            let [begin, end] = if context.is_restricted { ["coalesce(", ", '')"] } else { [""; 2] };
            let mut compare = |comparison, bound: &str| {
                sql.push(" AND ").push(begin).push(columns.run_id).push(end);
                sql.push(comparison).bind(bound);
            };
            if run.len() == Hyphenated::LENGTH {
                compare(" = ", run);
            } else {
                // Ids of runs have nothing that sorts behind 'f'.
                compare(" >= ", run);
                compare(" < ", &format!("{run}g"));
            }
        }
        if let Some(action) = action {
            sql.push(" AND ").push(columns.action).push(" = ").bind(action.name());
        }
        Ok(())
    }

    fn bounds(
        columns: &AuditEvents,
        filter: &Filter,
        _: Moment,
    ) -> Result<Vec<Criterion>, Unrecorded> {
        let created =
            [(Comparison::AtLeast, at(filter.since)), (Comparison::AtMost, at(filter.until))];
        Ok(Criterion::within(Ok(columns.created_at), created)?.into_iter().collect())
    }

    fn sort_column(columns: &AuditEvents, key: SortKey) -> Result<&'static str, Unrecorded> {
        match key {
            SortKey::Id => Ok(columns.table.id.sql),
            SortKey::Created => Ok(columns.created_at.sql),
            SortKey::Name => Ok(columns.target_name),
            SortKey::LastUsed | SortKey::Expires => Err(Unrecorded("that time of events")),
        }
    }
}
