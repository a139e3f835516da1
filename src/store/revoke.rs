//! Revoking: a batch is judged, announced, changed in one transaction that asks the
//! filter again, and concluded.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use super::engine::{Mode, Transaction, Unresolved};
use super::sql::{Sql, Value};
use super::{BrokenRow, Row, Store, StoredToken, decoded, filter, schema};
use crate::failure::{self, Failure, Kind};
use crate::model::access::{Actor, Denied, Query, Reference, Revoke};
use crate::model::audit::{self, Action, AuditEvent};
use crate::model::time::{Moment, Timestamp};
use crate::model::token::{EventId, Owner, Sort, Token, TokenId};

/// What the audit events of one run have in common.
#[derive(Clone, Debug)]
pub struct Run {
    pub id: String,
    /// The real time at which it began, whatever instant the tokens are judged by,
    /// on the calendar and on the clock that counts on.
    pub began: (Timestamp, Instant),
    pub actor: Actor,
    pub os_user: String,
    pub reason: Option<String>,
}

impl Run {
    /// The present. An application that looks for what has changed since it last
    /// looked would miss what bears the time of the run's beginning.
    fn time(&self) -> Timestamp {
        let (calendar, clock) = self.began;
        calendar.plus(clock.elapsed())
    }

    /// The event that a token is revoked.
    #[must_use]
    pub fn event<T: Token>(&self, at: Timestamp, token: &T) -> AuditEvent {
        AuditEvent {
            // The store gives it one.
            id: EventId(0),
            created_at: at,
            run_id: self.id.clone(),
            action: Action::Revoke.name().into(),
            actor: self.actor.username().into(),
            actor_id: self.actor.id(),
            os_user: self.os_user.clone(),
            schema: None,
            target_type: T::TARGET_TYPE.into(),
            target_id: token.id(),
            target_name: token.name().into(),
            target_user_id: match token.owner() {
                Some(Owner::User(user)) => Some(user),
                Some(Owner::Project(_) | Owner::Group(_)) | None => None,
            },
            reason: self.reason.clone(),
            outcome: audit::Outcome::Revoked.name().into(),
        }
    }
}

/// A record outside the store of what is about to be done to tokens, and of what came
/// of it.
pub trait Journal<T> {
    /// Records what is about to be done; nothing is done before.
    fn announce(&self, run: &Run, at: Timestamp, tokens: &[&T]) -> Result<()>;
    /// Records of each token that was announced whether it was done.
    fn conclude(&self, run: &Run, at: Timestamp, done: &[(TokenId, bool)]) -> Result<()>;
}

/// What one batch is to do.
pub struct BatchOptions<'a, T> {
    /// The instant that tokens are judged by.
    pub now: Moment,
    /// `None`: a dry run.
    pub run: Option<&'a Run>,
    pub journal: Option<&'a dyn Journal<T>>,
    /// Whether a token may be revoked if the query keeps it.
    pub is_chosen: &'a dyn Fn(&T) -> bool,
    /// Whether to give up waiting for the lock.
    pub is_stopped: &'a dyn Fn() -> bool,
}

/// What one batch did.
#[derive(Debug)]
pub struct Batch<T> {
    /// One for each id, in order.
    pub decisions: Vec<Decision<T>>,
    /// How long it kept other writers out.
    pub held: Duration,
    /// Whether the journal has it.
    pub concluded: Result<()>,
}

/// What a revocation made of one id.
#[derive(Debug)]
pub enum Decision<T> {
    /// Revoked; in a dry run: would have been.
    Revoked(T),
    AlreadyRevoked(T),
    /// It was not chosen, or the filter does not keep it, or no longer does.
    Spared(T),
    /// Missing, or out of the actor's reach.
    Denied(TokenId),
    Broken(BrokenRow),
}

impl Store {
    /// Revokes the tokens of a query, which names them by their ids in ascending
    /// order, as far as they are chosen and its filter keeps them, and records
    /// an event for each: all in one transaction, or nothing. The statement that
    /// revokes asks the filter again. Without a `run` it does all but the writing. A
    /// store that is locked is tried again and again in turns, to hear between
    /// them whether the run has been stopped.
    ///
    /// # Errors
    ///
    /// Those of the database, and where the file or the actor's rights have changed
    /// since the store was opened; then nothing has been revoked. Whether anything has is
    /// unknown where the error says so.
    pub fn revoke<T: StoredToken>(
        &self,
        query: &Query<T, Revoke>,
        options: &BatchOptions<'_, T>,
    ) -> Result<Batch<T>> {
        let mut decisions = self.retry_while_locked(options.is_stopped, |wait, _| {
            let transaction = self.engine.begin(Mode::Read, wait)?;
            let decisions = self.evaluate(&transaction, query, options)?;
            transaction.commit()?;
            Ok(decisions)
        })?;
        let tokens: Vec<&T> = decisions.iter().filter_map(Decision::revoked).collect();
        let Some(run) = options.run.filter(|_| !tokens.is_empty()) else {
            return Ok(Batch { decisions, held: Duration::ZERO, concluded: Ok(()) });
        };

        let announced: Vec<TokenId> = tokens.iter().map(|token| token.id()).collect();
        let conclude = |revoked: &[TokenId]| {
            let Some(journal) = options.journal else { return Ok(()) };
            let done: Vec<_> =
                announced.iter().map(|&id| (id, revoked.binary_search(&id).is_ok())).collect();
            journal.conclude(run, run.time(), &done)
        };
        if let Some(journal) = options.journal {
            journal.announce(run, run.time(), &tokens)?;
        }
        let changed = self.retry_while_locked(options.is_stopped, |wait, locked_at| {
            let transaction = self.engine.begin(Mode::Write, wait)?;
            *locked_at = Some(transaction.begun());
            self.change(transaction, &query.among(&announced), options, run, &tokens)
        });
        let Changed { revoked, missed, held } = match changed {
            Ok(changed) => changed,
            Err(error) => {
                if !error.is::<Unresolved>() {
                    // That it failed is the more important error.
                    let _ = conclude(&[]);
                }
                return Err(error);
            }
        };
        let concluded = conclude(&revoked);
        let mut missed = missed.into_iter();
        for decision in &mut decisions {
            if decision.revoked().is_some_and(|it| revoked.binary_search(&it.id()).is_err())
                && let Some(missed) = missed.next()
            {
                *decision = missed;
            }
        }
        Ok(Batch { decisions, held, concluded })
    }

    /// What is to become of each id of a query.
    fn evaluate<T: StoredToken>(
        &self,
        transaction: &Transaction<'_>,
        query: &Query<T, Revoke>,
        options: &BatchOptions<'_, T>,
    ) -> Result<Vec<Decision<T>>> {
        let columns = self.columns::<T>()?;
        let sql = self.evaluation(query, options.now)?;
        let rows = transaction.rows(&sql, |row| {
            let token = decoded::<T, T>(row, columns);
            // NULL where a column is that the filter asks for: not kept.
            let is_kept = token.is_ok() && row.optional_boolean() == Ok(Some(true));
            (token, is_kept)
        })?;
        let mut rows = rows.into_iter().peekable();

        let ids = query.filter().as_ref().ids.as_deref().unwrap_or_default();
        let mut decisions = Vec::with_capacity(ids.len());
        for &id in ids {
            decisions.push(match rows.next_if(|(row, _)| id_of(row) == id) {
                None => Decision::Denied(id),
                Some((Err(broken), _)) => Decision::Broken(broken),
                Some((Ok(token), _)) if token.is_revoked() => Decision::AlreadyRevoked(token),
                Some((Ok(token), is_kept)) if !is_kept || !(options.is_chosen)(&token) => {
                    Decision::Spared(token)
                }
                Some((Ok(token), _)) => Decision::Revoked(token),
            });
        }
        ensure!(rows.next().is_none(), "ids are not in ascending order");
        Ok(decisions)
    }

    /// Tries again and again, in turns, what a lock may keep from being done.
    pub(super) fn retry_while_locked<R>(
        &self,
        is_stopped: &dyn Fn() -> bool,
        mut attempt: impl FnMut(Duration, &mut Option<Instant>) -> Result<R>,
    ) -> Result<R> {
        let deadline = Instant::now() + self.busy_timeout;
        let attempt_timeout = self.engine.attempt_timeout();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut locked_at = None;
            let done = attempt(left.min(attempt_timeout), &mut locked_at);
            let is_locked = done.as_ref().is_err_and(|it| failure::kind(it) == Kind::Locked);
            if !is_locked || left <= attempt_timeout || is_stopped() {
                return done;
            }
            if let Some(locked_at) = locked_at {
                // With a rollback journal, what waits to be committed keeps new readers out.
                thread::sleep(locked_at.elapsed());
            }
        }
    }

    /// Revokes the tokens that the query names and keeps.
    fn change<T: StoredToken>(
        &self,
        transaction: Transaction<'_>,
        query: &Query<T, Revoke>,
        options: &BatchOptions<'_, T>,
        run: &Run,
        tokens: &[&T],
    ) -> Result<Changed<T>> {
        self.engine.check_identity()?;
        self.check_still_may_act(&transaction, &run.actor)?;

        let at = run.time();
        let columns = self.columns::<T>()?;
        let query = if T::tokens(columns).revoke.deletes {
            // What was deleted since may have left its id to another.
            let again = self.evaluate(&transaction, query, options)?;
            let same: Vec<_> = tokens
                .iter()
                .zip(again.iter().map(Decision::revoked))
                .filter(|(then, now)| now.is_some_and(|it| it.created_at() == then.created_at()))
                .map(|(then, _)| then.id())
                .collect();
            &query.among(&same)
        } else {
            query
        };
        let mut sql = self.sql();
        let dependents = filter::revoke_dependents(&mut sql, columns, query, options.now);
        let stripped = if dependents.map_err(|error| self.unrecorded(&error))? {
            ids(&transaction, &sql)?
        } else {
            Vec::new()
        };
        let mut sql = self.sql();
        filter::revoke(&mut sql, columns, query, options.now, at)
            .map_err(|error| self.unrecorded(&error))?;
        let revoked = ids(&transaction, &sql)?;
        if stripped.iter().any(|id| revoked.binary_search(id).is_err()) {
            // Between the two statements; nothing of it is done, and it is tried again.
            let message = "a token was changed in the middle of its revocation";
            return Err(Failure::new(Kind::Locked, message).into());
        }

        let mut missed = Vec::new();
        for token in tokens {
            if revoked.binary_search(&token.id()).is_err() {
                missed.push(token.id());
            } else if let Some(events) = &self.schema.audit_events {
                self.record(&transaction, events, &run.event(at, *token))?;
            }
        }
        let missed = if missed.is_empty() {
            Vec::new()
        } else {
            self.evaluate(&transaction, &query.among(&missed), options)?
        };
        let mut spared = Vec::with_capacity(missed.len());
        for decision in missed {
            let id = decision.revoked().map(Token::id);
            let of_query = query.filter().as_ref().ids.as_deref().unwrap_or_default();
            if let Some(id) = id.filter(|id| of_query.binary_search(id).is_ok()) {
                // A trigger, or a policy of rows.
                bail!("the database keeps token {id} from being revoked");
            }
            spared.push(match decision {
                // Another, with its id.
                Decision::Revoked(token) => Decision::Spared(token),
                decision => decision,
            });
        }
        let begun = transaction.begun();
        transaction.commit()?;
        Ok(Changed { revoked, missed: spared, held: begun.elapsed() })
    }

    /// A question may stand for a night, and a long run go on for an hour: whoever
    /// is blocked or demoted meanwhile revokes nothing more.
    fn check_still_may_act(&self, transaction: &Transaction<'_>, actor: &Actor) -> Result<()> {
        let has_same_rights = match self.acting(transaction, &Reference::Id(actor.id().0)) {
            Ok(again) => again.may_name_anyone() == actor.may_name_anyone(),
            Err(error) if error.is::<Denied>() => false,
            Err(error) => return Err(error),
        };
        let message = || format!("the rights of {} have changed meanwhile", actor.username());
        ensure!(has_same_rights, Failure::new(Kind::Failed, message()));
        Ok(())
    }

    /// Inserts an event.
    pub(super) fn record(
        &self,
        transaction: &Transaction<'_>,
        events: &schema::AuditEvents,
        event: &AuditEvent,
    ) -> Result<()> {
        let text = |text: &String| Some(Value::from(text.as_str()));
        let values = [
            Some(events.created_at.form.value(Moment::at(event.created_at))),
            text(&event.run_id),
            text(&event.action),
            text(&event.actor),
            Some(event.actor_id.0.into()),
            text(&event.os_user),
            text(&event.target_type),
            Some(event.target_id.0.into()),
            text(&event.target_name),
            event.target_user_id.map(|id| id.0.into()),
            event.reason.as_ref().and_then(text),
        ];
        let mut sql = self.sql();
        sql.push(events.insert);
        for (index, value) in values.into_iter().enumerate() {
            sql.push(if index > 0 { ", " } else { "" });
            match value {
                Some(value) => sql.bind(value),
                None => sql.push("NULL"),
            };
        }
        transaction.rows(sql.push(")"), |_| ())?;
        Ok(())
    }

    /// The statement that judges the tokens that a query names.
    pub(super) fn evaluation<T: StoredToken>(
        &self,
        query: &Query<T, Revoke>,
        now: Moment,
    ) -> Result<Sql> {
        let columns = self.columns::<T>()?;
        let mut sql = self.sql();
        filter::evaluate(&mut sql, columns, query, now)
            .and_then(|()| filter::order_by::<T>(&mut sql, columns, Sort::BY_ID))
            .map_err(|error| self.unrecorded(&error))?;
        Ok(sql)
    }
}

/// What a transaction made of tokens that were to be revoked.
struct Changed<T> {
    /// In ascending order.
    revoked: Vec<TokenId>,
    /// What the others are now, in the order of their ids.
    missed: Vec<Decision<T>>,
    /// How long it kept other writers out.
    held: Duration,
}

impl<T> Decision<T> {
    /// The token that was, or is to be, revoked.
    fn revoked(&self) -> Option<&T> {
        match self {
            Self::Revoked(token) => Some(token),
            Self::AlreadyRevoked(_) | Self::Spared(_) | Self::Denied(_) | Self::Broken(_) => None,
        }
    }
}

/// The ids that a statement gives, in ascending order.
/// NULL stands for a row that a trigger has kept as it was.
fn ids(transaction: &Transaction<'_>, sql: &Sql) -> Result<Vec<TokenId>> {
    let ids = transaction.rows(sql, |row| row.optional_integer().map_err(anyhow::Error::msg))?;
    let ids = ids.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten();
    let mut ids: Vec<_> = ids.map(TokenId).collect();
    ids.sort_unstable();
    Ok(ids)
}

fn id_of<T: Token>(row: &Row<T>) -> TokenId {
    match row {
        Ok(token) => token.id(),
        Err(broken) => TokenId(broken.id),
    }
}
