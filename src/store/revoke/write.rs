//! The transaction that revokes: lock, check again, delete dependents, write, verify,
//! record, commit.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Result, bail, ensure};

use super::{BatchOptions, Decision, Run};
use crate::failure::{Failure, Kind};
use crate::model::access::RevokeQuery;
use crate::model::actor::{Actor, Denied};
use crate::model::id::TokenId;
use crate::model::reference::Reference;
use crate::model::time::{Moment, Timestamp};
use crate::model::token::Token;
use crate::store::engine::{Decoder, Transaction};
use crate::store::schema::{AuditEvents, RevokeMethod};
use crate::store::sql::{Sql, Value};
use crate::store::stored::Unrecorded;
use crate::store::{Store, Stored, filter};

/// What a transaction made of tokens that were to be revoked.
pub(super) struct Written<T> {
    pub revoked: Revoked,
    /// What the others are now, in the order of their ids.
    pub others: Vec<Decision<T>>,
    /// Until when the lock is left to other writers, for as long as they were kept out; `None`:
    /// they were not.
    pub free_until: Option<Instant>,
}

/// The tokens that a statement has revoked.
pub(super) struct Revoked {
    /// In ascending order.
    pub ids: Vec<TokenId>,
    /// What the database calls their rows now, in the same order; `None`: as before.
    renamed: Option<Vec<TokenId>>,
}

impl Revoked {
    /// What the database calls their rows now.
    pub fn rows(&self) -> &[TokenId] {
        self.renamed.as_ref().unwrap_or(&self.ids)
    }

    /// Those of the tokens whose rows are among some, which are in ascending order.
    pub fn of_rows(&self, rows: &[TokenId]) -> Vec<TokenId> {
        let is_wanted = |(_, row): &(_, &TokenId)| rows.binary_search(row).is_ok();
        let wanted = self.ids.iter().zip(self.rows()).filter(is_wanted);
        wanted.map(|(id, _)| id.clone()).collect()
    }
}

impl Store {
    /// Revokes those of `tokens` that the query, which names them, still keeps. The
    /// transaction has the lock.
    pub(super) fn write<T: Stored + Token>(
        &self,
        mut transaction: Transaction<'_>,
        query: &RevokeQuery<T>,
        options: &BatchOptions<'_, T>,
        run: &Run,
        tokens: &[&T],
    ) -> Result<Written<T>> {
        self.engine.check_identity()?;
        self.check_still_may_act(&transaction, &run.actor)?;
        let query = &self.without_successors(&transaction, query, options, tokens)?;

        let at = run.time();
        let (method, now, selection) = (self.revoke_method::<T>()?, options.now, query.selection());
        let mut stripped = Vec::new();
        for dependents in &method.dependents {
            stripped.extend(self.change::<T>(&transaction, |sql, columns| {
                filter::of_tokens(sql, columns, *dependents, selection, now)
            })?);
        }
        for left_over in &method.left_over {
            let mut sql = self.sql();
            filter::of_tokens(&mut sql, self.columns::<T>()?, *left_over, selection, now)
                .map_err(|error| self.unrecorded(&error))?;
            // A trigger, or a policy of rows.
            let left = transaction.rows(&sql, |_| ())?;
            ensure!(left.is_empty(), "the database keeps what hangs on a token from being deleted");
        }
        let mut sql = self.sql();
        filter::revoke(&mut sql, self.columns::<T>()?, method, selection, (now, at))
            .map_err(|error| self.unrecorded(&error))?;
        let revoked = revoked(&transaction, &sql, method)?;
        if stripped.iter().any(|id| revoked.ids.binary_search(id).is_err()) {
            // Between the two statements; nothing of it is done, and it is tried again.
            let message = "a token was changed in the middle of its revocation";
            return Err(Failure::new(Kind::Locked, message).into());
        }

        let (done, missed): (Vec<_>, Vec<_>) =
            tokens.iter().partition(|token| revoked.ids.binary_search(&token.id()).is_ok());
        let others = self.verify_others(&transaction, query, options, &missed)?;
        self.record_events(&transaction, run, at, &done)?;
        transaction.bring_forward()?;
        // RETURNING does not see what triggers did after it.
        if let Some(id) = self.undone::<T>(&transaction, &revoked, at)?.first() {
            bail!("the database keeps token {id} from being revoked");
        }
        let begun = transaction.begun();
        let ended = transaction.commit()?;
        let free_until = self.engine.has_one_writer().then(|| ended + ended.duration_since(begun));
        Ok(Written { revoked, others, free_until })
    }

    /// A question may stand for a night, and a long run go on for an hour: whoever
    /// is blocked or demoted meanwhile revokes nothing more.
    fn check_still_may_act(&self, transaction: &Transaction<'_>, actor: &Actor) -> Result<()> {
        let Some(user) = actor.id() else { return Ok(()) };
        let has_same_rights = match self.acting(transaction, &Reference::Id(user.0.clone())) {
            Ok(again) => again.is_admin() == actor.is_admin(),
            Err(error) if error.is::<Denied>() => false,
            Err(error) => return Err(error),
        };
        let message = || format!("the rights of {} have changed meanwhile", actor.username());
        ensure!(has_same_rights, Failure::new(Kind::Failed, message()));
        Ok(())
    }

    /// The query without the ids that now belong to other tokens, since SQLite may reuse the
    /// id of a deleted row, and without tokens that are not what was said of them any more.
    fn without_successors<T: Stored + Token>(
        &self,
        transaction: &Transaction<'_>,
        query: &RevokeQuery<T>,
        options: &BatchOptions<'_, T>,
        tokens: &[&T],
    ) -> Result<RevokeQuery<T>> {
        let method = self.revoke_method::<T>()?;
        if !method.deletes && !method.renames && options.fits.is_none() {
            return Ok(query.clone());
        }
        let again = self.evaluate(transaction, query, options)?;
        let same = tokens.iter().zip(again.iter().map(Decision::revoked));
        let same = same.filter(|(then, now)| now.is_some_and(|it| it.is_same_as(then)));
        Ok(query.among(same.map(|(token, _)| token.id()).collect()))
    }

    /// Changes what a statement of [`filter`] covers, and gives the tokens' ids.
    fn change<T: Stored + Token>(
        &self,
        transaction: &Transaction<'_>,
        write: impl FnOnce(&mut Sql, &T::Columns) -> Result<(), Unrecorded>,
    ) -> Result<Vec<TokenId>> {
        let mut sql = self.sql();
        write(&mut sql, self.columns::<T>()?).map_err(|error| self.unrecorded(&error))?;
        ids(transaction, &sql)
    }

    /// What those are now that the statement did not revoke. None of them may be one that
    /// it ought to have revoked.
    fn verify_others<T: Stored + Token>(
        &self,
        transaction: &Transaction<'_>,
        query: &RevokeQuery<T>,
        options: &BatchOptions<'_, T>,
        missed: &[&T],
    ) -> Result<Vec<Decision<T>>> {
        if missed.is_empty() {
            return Ok(Vec::new());
        }
        let ids = missed.iter().map(|token| token.id()).collect();
        let mut others = self.evaluate(transaction, &query.among(ids), options)?;
        for other in &mut others {
            let Some(id) = other.revoked().map(Token::id) else { continue };
            if query.ids().is_some_and(|ids| ids.has(&id.0)) {
                // A trigger, or a policy of rows.
                bail!("the database keeps token {id} from being revoked");
            }
            // Another token, with the id of one that was deleted.
            if let Decision::Revoke(token) = std::mem::replace(other, Decision::Deny(id)) {
                *other = Decision::Spare(token);
            }
        }
        Ok(others)
    }

    /// Records an event for each token, where the store has a place for it, and reads back
    /// that each is there.
    fn record_events<T: Stored + Token>(
        &self,
        transaction: &Transaction<'_>,
        run: &Run,
        at: Timestamp,
        tokens: &[&T],
    ) -> Result<()> {
        let (Some(events), Some(&first)) = (&self.schema.audit_events, tokens.first()) else {
            return Ok(());
        };
        let mut sql = self.sql();
        let read = |row: &mut Decoder<'_>| row.integer();
        let newest = transaction.rows(sql.push(events.newest), read)?;
        let newest = newest.into_iter().next().and_then(Result::ok).unwrap_or(0);

        let of_run = run.event(at, first);
        let text = |text: &String| Some(Value::from(text.as_str()));
        let of_run = [
            Some(events.created_at.form.value(Moment::at(at))),
            text(&of_run.run_id),
            text(&of_run.action),
            text(&of_run.actor),
            of_run.actor_id.as_ref().and_then(|id| events.actor_id.form.value(&id.0)),
            text(&of_run.os_user),
            text(&of_run.target_type),
            of_run.reason.as_ref().and_then(text),
        ];
        let columns = self.columns::<T>()?;
        let table = T::table(columns);
        let mut sql = self.sql();
        sql.push(events.insert);
        for value in of_run {
            match value {
                Some(value) => sql.bind(value),
                None => sql.push("NULL"),
            };
            sql.push(", ");
        }
        sql.push(table.id.sql);
        for column in T::event_columns(columns) {
            sql.push(", ").push(column);
        }
        // One statement: with one for each token, SQLite writes page after page to a file
        // that would undo each of them.
        sql.push(" FROM ").push(table.from).push(" WHERE ");
        sql.one_of(table.id, &tokens.iter().map(|it| it.id()).collect());
        sql.push(" ORDER BY ").by_id(table.id);
        transaction.rows(&sql, |_| ())?;

        let recorded = ids(transaction, &self.recorded_sql(events, &run.id, newest))?;
        if let Some(token) = tokens.iter().find(|it| recorded.binary_search(&it.id()).is_err()) {
            bail!("the database keeps the audit event of token {} from being recorded", token.id());
        }
        Ok(())
    }

    /// The statement that reads the tokens of a run's events behind what was the newest.
    pub(in crate::store) fn recorded_sql(
        &self,
        events: &AuditEvents,
        run_id: &str,
        newest: i64,
    ) -> Sql {
        let mut sql = self.sql();
        sql.push(events.targets).bind(run_id);
        sql.push(" AND ").push(events.table.id.sql).push(" > ").bind(newest);
        sql
    }

    /// Those of the tokens that the database keeps from being revoked, read back from the table.
    fn undone<T: Stored + Token>(
        &self,
        transaction: &Transaction<'_>,
        revoked: &Revoked,
        at: Timestamp,
    ) -> Result<Vec<TokenId>> {
        let mut undone = self.remaining::<T>(transaction, revoked.rows(), at)?;
        if revoked.renamed.is_some() {
            let table = T::table(self.columns::<T>()?);
            let mut sql = self.sql();
            sql.push("SELECT ").push(table.id.sql).push(" FROM ").push(table.alone());
            sql.push(" WHERE ").one_of(table.id, &revoked.rows().iter().cloned().collect());
            let found = ids(transaction, &sql)?;
            // A trigger has changed it once more: to what, nobody knows.
            let is_lost = |row: &&TokenId| found.binary_search(row).is_err();
            undone.extend(revoked.rows().iter().filter(is_lost).cloned());
            undone.sort_unstable();
        }
        Ok(revoked.of_rows(&undone))
    }

    /// Those of the tokens that are not revoked at an instant, read from the table, in
    /// ascending order.
    pub(super) fn remaining<T: Stored + Token>(
        &self,
        transaction: &Transaction<'_>,
        tokens: &[TokenId],
        at: Timestamp,
    ) -> Result<Vec<TokenId>> {
        let columns = self.columns::<T>()?;
        let (table, method) = (T::table(columns), self.revoke_method::<T>()?);
        let mut sql = self.sql();
        sql.push(method.remaining);
        if let (true, Some(expiry)) = (method.expires, T::expires_at(columns)) {
            filter::not_expired(&mut sql, expiry, Moment::at(at));
            sql.push(" AND ");
        }
        sql.one_of(table.id, &tokens.iter().cloned().collect());
        ids(transaction, &sql)
    }
}

/// Carries out the statement that revokes.
fn revoked(transaction: &Transaction<'_>, sql: &Sql, method: &RevokeMethod) -> Result<Revoked> {
    if !method.renames {
        return Ok(Revoked { ids: ids(transaction, sql)?, renamed: None });
    }
    let mut rows = BTreeMap::new();
    for row in
        transaction.rows(sql, |row| Ok::<_, String>((row.optional_id()?, row.optional_id()?)))?
    {
        let (Some(id), Some(now)) = row.map_err(anyhow::Error::msg)? else {
            // It has another name now, by which the filter would not be asked again.
            bail!("the database keeps a token from being revoked");
        };
        rows.insert(TokenId(id), TokenId(now));
    }
    let (ids, renamed) = rows.into_iter().unzip();
    Ok(Revoked { ids, renamed: Some(renamed) })
}

/// The ids that a statement gives, in ascending order. NULL stands for a row that a
/// trigger has kept as it was.
fn ids(transaction: &Transaction<'_>, sql: &Sql) -> Result<Vec<TokenId>> {
    let ids = transaction.rows(sql, |row| row.optional_id().map_err(anyhow::Error::msg))?;
    let ids = ids.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten();
    let mut ids: Vec<_> = ids.map(TokenId).collect();
    ids.sort_unstable();
    Ok(ids)
}
