//! The runs that revoked tokens, made of the events that they left: as many of the last ones
//! as are kept, and how many events there are of earlier ones.

use std::collections::HashMap;

use super::audit::{AuditEvent, Outcome};
use super::deploy_token::DeployToken;
use super::time::Timestamp;
use super::token::Token;

/// One run of the program, by what it did to tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationRun {
    pub run_id: String,
    /// Of its first and its last event.
    pub began: Timestamp,
    pub ended: Timestamp,
    pub actor: String,
    pub os_user: String,
    pub reason: Option<String>,
    /// Of both kinds.
    pub tokens: u64,
    pub deploy_tokens: u64,
    /// How many have no outcome on record.
    pub unresolved: u64,
}

/// The last runs, while their events come, the newest first.
#[derive(Debug, Default)]
pub struct RevocationRuns {
    runs: HashMap<String, RevocationRun>,
    most: usize,
    /// How many tokens earlier runs revoked.
    pub earlier: u64,
}

impl RevocationRuns {
    /// Keeps at most so many runs.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    pub fn add(&mut self, event: AuditEvent) {
        let is_known = self.runs.contains_key(&event.run_id);
        if !is_known && self.runs.len() >= self.most {
            self.earlier += 1;
            return;
        }
        let at = event.created_at;
        let run = self.runs.entry(event.run_id).or_insert_with_key(|run_id| RevocationRun {
            run_id: run_id.clone(),
            began: at,
            ended: at,
            actor: event.actor,
            os_user: event.os_user,
            reason: event.reason,
            tokens: 0,
            deploy_tokens: 0,
            unresolved: 0,
        });
        run.began = run.began.min(at);
        run.ended = run.ended.max(at);
        run.tokens += 1;
        run.deploy_tokens += u64::from(event.target_type == DeployToken::TARGET_TYPE);
        run.unresolved += u64::from(event.outcome == Outcome::Unresolved.name());
    }

    /// The runs that are kept, the last first.
    #[must_use]
    pub fn into_runs(self) -> Vec<RevocationRun> {
        let mut runs: Vec<_> = self.runs.into_values().collect();
        runs.sort_unstable_by(|one, other| {
            (other.ended, &other.run_id).cmp(&(one.ended, &one.run_id))
        });
        runs
    }
}
