//! Revoking a batch: its tokens are evaluated, their intent is recorded, they are
//! written in one transaction that asks the filter again, and the outcome is recorded.

mod evaluate;
mod settle;
mod write;

use std::time::Instant;

use anyhow::{Result, ensure};

use self::settle::{Settled, check_none_is_back};
use self::write::Written;
use super::engine::{Interrupted, Mode, Unresolved};
use super::{BrokenRow, Store, Stored};
use crate::model::access::RevokeQuery;
use crate::model::actor::Actor;
use crate::model::audit::{Action, AuditEvent, Outcome};
use crate::model::id::{EventId, IdList, Owner, TokenId};
use crate::model::time::{Moment, Timestamp};
use crate::model::token::Token;

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
            actor_id: self.actor.id().cloned(),
            os_user: self.os_user.clone(),
            schema: None,
            target_type: T::TARGET_TYPE.into(),
            target_id: token.id(),
            target_name: token.properties().name.clone().unwrap_or_default(),
            target_user_id: match token.owner() {
                Some(Owner::User(user)) => Some(user),
                Some(Owner::Place(_)) | None => None,
            },
            target_username: token.owner_name().map(Into::into),
            reason: self.reason.clone(),
            outcome: Outcome::Revoked.name().into(),
        }
    }
}

/// What is recorded outside the store about the tokens of a batch.
#[derive(Debug)]
pub enum AuditRecord<'a, T> {
    /// What is about to be done. Nothing is done before it is on record.
    Intent(&'a [&'a T]),
    /// For each token of the intent of which it is known, whether it was revoked.
    Outcome(&'a [(TokenId, bool)]),
}

/// Writes a record of what a run does at an instant.
pub type Recorder<'a, T> = dyn Fn(&Run, Timestamp, &AuditRecord<'_, T>) -> Result<()> + 'a;

/// How one batch is revoked.
pub struct BatchOptions<'a, T> {
    /// The instant that tokens are judged by.
    pub now: Moment,
    /// `None`: a dry run.
    pub run: Option<&'a Run>,
    pub recorder: Option<&'a Recorder<'a, T>>,
    /// Whether a token is the one that was named; `None`: an id is all that is known.
    pub fits: Option<&'a dyn Fn(&T) -> bool>,
    /// The tokens that may be revoked if the query keeps them, in ascending order;
    /// `None`: all.
    pub chosen: Option<&'a IdList>,
    /// When the last of these was created, where that is known. SQLite may give the id of
    /// a deleted token to a later one, which was not chosen.
    pub newest: Option<Timestamp>,
    /// Until when the lock is left to other writers: as long as the batch before held it.
    /// SQLite's waiting is unfair, and batches back to back would leave them hardly a chance.
    pub free_until: Option<Instant>,
}

impl<T> BatchOptions<'_, T> {
    fn record(&self, run: &Run, record: &AuditRecord<'_, T>) -> Result<()> {
        self.recorder.map_or(Ok(()), |write| write(run, run.time(), record))
    }
}

/// What one batch did.
#[derive(Debug)]
pub struct Batch<T> {
    /// One for each id, in order; none for those that were left as they are because the
    /// run ends.
    pub decisions: Vec<Decision<T>>,
    /// Until when the next batch leaves the lock to other writers.
    pub free_until: Option<Instant>,
    /// What ends the run after this batch.
    pub ended: Result<()>,
}

/// What becomes of one id.
#[derive(Debug)]
pub enum Decision<T> {
    /// It is revoked; in a dry run: it would be.
    Revoke(T),
    AlreadyRevoked(T),
    /// It is not the one that was named, was not chosen, or the filter does not keep it, or
    /// no longer does.
    Spare(T),
    /// It is missing, or out of the actor's reach.
    Deny(TokenId),
    /// Whether it is revoked cannot be found out.
    Unresolved(T),
    /// Its row cannot be read.
    Broken(BrokenRow),
}

impl<T> Decision<T> {
    /// The token that is revoked.
    fn revoked(&self) -> Option<&T> {
        match self {
            Self::Revoke(token) => Some(token),
            Self::AlreadyRevoked(_)
            | Self::Spare(_)
            | Self::Deny(_)
            | Self::Unresolved(_)
            | Self::Broken(_) => None,
        }
    }
}

impl Store {
    /// Revokes the tokens of a query, which names them by their ids in ascending
    /// order, as far as they are chosen and its filter keeps them, and records
    /// an event for each: all in one transaction, or nothing. The statement that
    /// revokes asks the filter again. Without a `run` it does all but the writing. A
    /// store that is locked is tried again until the run is stopped.
    ///
    /// # Errors
    ///
    /// Those of the database, and where the file or the actor's rights have changed
    /// since the store was opened; then nothing has been revoked. A COMMIT that failed is
    /// no such error: what it did is read again.
    pub fn revoke<T: Stored + Token>(
        &self,
        query: &RevokeQuery<T>,
        options: &BatchOptions<'_, T>,
    ) -> Result<Batch<T>> {
        if self.engine.reading_keeps_writers_out() {
            self.leave_free(options.free_until)?;
        }
        let mut decisions = self.retry_while_locked(|timeout, _| {
            let transaction = self.engine.begin(Mode::Read, timeout)?;
            let decisions = self.evaluate(&transaction, query, options)?;
            transaction.commit()?;
            Ok(decisions)
        })?;
        let tokens: Vec<&T> = decisions.iter().filter_map(Decision::revoked).collect();
        let Some(run) = options.run.filter(|_| !tokens.is_empty()) else {
            return Ok(Batch { decisions, free_until: options.free_until, ended: Ok(()) });
        };
        self.leave_free(options.free_until)?;

        let intended: Vec<TokenId> = tokens.iter().map(|token| token.id()).collect();
        let record_outcome = |revoked: &[TokenId]| {
            let was_revoked = |id: &TokenId| (id.clone(), revoked.binary_search(id).is_ok());
            let outcome: Vec<_> = intended.iter().map(was_revoked).collect();
            options.record(run, &AuditRecord::Outcome(&outcome))
        };
        options.record(run, &AuditRecord::Intent(&tokens))?;
        let written = self.retry_while_locked(|timeout, locked_at| {
            let transaction = self.engine.begin(Mode::Write, timeout)?;
            *locked_at = Some(transaction.begun());
            self.write(
                transaction,
                &query.among(intended.iter().cloned().collect()),
                options,
                run,
                &tokens,
            )
        });
        let Written { revoked, others, free_until } = match written {
            Ok(written) => written,
            Err(error) => {
                let Some(unresolved) = error.downcast_ref::<Unresolved>() else {
                    // That the write failed is the more important error.
                    let _ = record_outcome(&[]);
                    return Err(error);
                };
                let settled = self.settle::<T>(unresolved, &intended, run.time());
                let reason = unresolved.reason.clone();
                return Ok(settled.into_batch(decisions, (error, &reason), run, options));
            }
        };
        let mut others = others.into_iter();
        for decision in &mut decisions {
            if decision.revoked().is_some_and(|it| revoked.ids.binary_search(&it.id()).is_err())
                && let Some(other) = others.next()
            {
                *decision = other;
            }
        }
        let back = match self.brought_back::<T>(&revoked, run.time()) {
            Ok(back) => back,
            Err(error) => {
                return Ok(Settled::unknown().into_batch(decisions, (error, ""), run, options));
            }
        };
        let is_back = |id: &TokenId| back.binary_search(id).is_ok();
        let mut revoked = revoked.ids;
        revoked.retain(|id| !is_back(id));
        decisions.retain(|it| it.revoked().is_none_or(|token| !is_back(&token.id())));
        let recorded = record_outcome(&revoked);
        Ok(Batch { decisions, free_until, ended: check_none_is_back(&back).and(recorded) })
    }

    /// Waits until other writers have had their time.
    fn leave_free(&self, until: Option<Instant>) -> Result<()> {
        if let Some(until) = until {
            self.stop.wait_until(until);
            ensure!(!self.stop.is_set(), Interrupted);
        }
        Ok(())
    }
}
