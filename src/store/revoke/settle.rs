//! Finding out what became of a batch behind its COMMIT. One that failed, by an I/O error or
//! an answer that was lost, means neither that it was done nor that it was not; one that did
//! not may have fired triggers.

use anyhow::{Context, Result, bail};

use super::write::Revoked;
use super::{AuditRecord, Batch, BatchOptions, Decision, Run};
use crate::failure::{Failure, Kind};
use crate::model::id::TokenId;
use crate::model::time::Timestamp;
use crate::model::token::Token;
use crate::store::engine::{Ended, Engine, Mode, Unresolved};
use crate::store::{Store, Stored};

/// What is known of the tokens of such a batch.
pub(super) struct Settled {
    /// Found not revoked, in ascending order; `None`: the rows could not be read.
    remaining: Option<Vec<TokenId>>,
    ended: Ended,
    /// Whether the ids are what the database calls the rows, which it may do otherwise now.
    are_rows: bool,
}

impl Store {
    /// Reads the tokens again, by another connection.
    pub(super) fn settle<T: Stored + Token>(
        &self,
        unresolved: &Unresolved,
        ids: &[TokenId],
        at: Timestamp,
    ) -> Settled {
        let read = || {
            let engine = self.engine.reconnect(self.busy_timeout)?;
            engine.read_settled(unresolved, self.busy_timeout, |transaction| {
                self.remaining::<T>(transaction, ids, at)
            })
        };
        match read() {
            Ok((remaining, ended)) => {
                let are_rows = !self.has_ids::<T>().unwrap_or(true);
                Settled { remaining: Some(remaining), ended, are_rows }
            }
            // The COMMIT's own error is the one to report.
            Err(_) => Settled::unknown(),
        }
    }

    /// Those of the tokens of a committed batch that are not revoked after all, in ascending
    /// order: read again, by another connection where this one is lost.
    pub(super) fn brought_back<T: Stored + Token>(
        &self,
        revoked: &Revoked,
        at: Timestamp,
    ) -> Result<Vec<TokenId>> {
        if !self.engine.defers() {
            return Ok(Vec::new());
        }
        let read = |engine: &Engine| -> Result<_> {
            let transaction = engine.begin(Mode::Read, self.busy_timeout)?;
            let remaining = self.remaining::<T>(&transaction, revoked.rows(), at)?;
            transaction.commit()?;
            Ok(revoked.of_rows(&remaining))
        };
        read(&self.engine)
            .or_else(|_| read(&self.engine.reconnect(self.busy_timeout)?))
            .context("whether the last batch is revoked is not known")
    }
}

/// Fails where the database brought tokens back.
pub(super) fn check_none_is_back(back: &[TokenId]) -> Result<()> {
    let Some((first, others)) = back.split_first() else { return Ok(()) };
    let others = match others.len() {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    bail!("the database brought token {first}{others} back when the batch was committed");
}

impl Settled {
    /// Nothing can be read.
    pub(super) fn unknown() -> Self {
        Self { remaining: None, ended: Ended::Unknown, are_rows: false }
    }

    /// Whether a token is revoked; `None`: nobody can tell.
    fn is_revoked(&self, id: &TokenId) -> Option<bool> {
        let is_remaining = self.remaining.as_ref()?.binary_search(id).is_ok();
        match self.ended {
            Ended::Unknown if is_remaining => None,
            _ if is_remaining => Some(false),
            Ended::RolledBack if self.are_rows => Some(false),
            Ended::Unknown if self.are_rows => None,
            Ended::Committed | Ended::RolledBack | Ended::Somehow | Ended::Unknown => Some(true),
        }
    }

    /// The batch as far as it is known, which ends the run with the COMMIT's error.
    pub(super) fn into_batch<T: Token>(
        self,
        decisions: Vec<Decision<T>>,
        (error, reason): (anyhow::Error, &str),
        run: &Run,
        options: &BatchOptions<'_, T>,
    ) -> Batch<T> {
        let mut known = Vec::new();
        let mut left = Vec::with_capacity(decisions.len());
        let mut is_all_known = true;
        for decision in decisions {
            let Decision::Revoke(token) = decision else {
                left.push(decision);
                continue;
            };
            let is_revoked = self.is_revoked(&token.id());
            known.extend(is_revoked.map(|is_revoked| (token.id(), is_revoked)));
            match is_revoked {
                Some(true) => left.push(Decision::Revoke(token)),
                Some(false) => {}
                None => {
                    is_all_known = false;
                    left.push(Decision::Unresolved(token));
                }
            }
        }
        let recorded = options.record(run, &AuditRecord::Outcome(&known));
        let ended: Result<()> = if is_all_known {
            let revoked = known.iter().filter(|(_, is_revoked)| *is_revoked).count();
            let message = format!(
                "COMMIT failed: {reason}; the rows were read again: {revoked} of {} are revoked",
                known.len()
            );
            Err(Failure::new(Kind::Failed, message).into())
        } else {
            Err(error)
        };
        Batch { decisions: left, free_until: None, ended: ended.and(recorded) }
    }
}
