//! Revoking in batches: each is one short transaction, and its results are
//! printed when it is committed. The run stops between batches, never in one.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::time::Instant;

use anyhow::{Context, Result};

use super::progress::Progress;
use super::revoke_plan::{RevokePlan, tokens_of};
use super::session::{Session, broken_row};
use super::stop::Stop;
use crate::audit_file::AuditFile;
use crate::failure::{Failure, Kind, is_closed_pipe, say};
use crate::model::access::RevokeQuery;
use crate::model::id::{IdList, Owner, TokenId};
use crate::model::time::Timestamp;
use crate::model::token::Token;
use crate::output::blocking::Blocking;
use crate::output::revocation::{Revocation, RevocationResult};
use crate::output::view::Record;
use crate::output::{CANNOT_PRINT, Printer, Times};
use crate::store::{AuditRecord, Batch, BatchOptions, Decision, Run, Store, Stored};

/// How many ids of tokens that will be back are shown.
const SHOWN: usize = 10;

/// A run of revocations.
pub struct Revocations<'s> {
    session: &'s Session,
    /// `None`: a dry run.
    run: Option<Run>,
    log: Option<AuditFile>,
    stop: Stop,
    tally: Tally,
}

/// What has been done so far.
#[derive(Debug, Default)]
struct Tally {
    /// Ids whose batch is committed.
    ids: usize,
    revoked: u64,
    owners: HashSet<Owner>,
    already_revoked: u64,
    spared: u64,
    denied: u64,
    unresolved: u64,
    broken: u64,
    /// The tokens that the application will put back, and why.
    returning: Option<(Vec<TokenId>, &'static str)>,
}

impl<'s> Revocations<'s> {
    pub fn new(session: &'s Session, run: Option<Run>, log: Option<AuditFile>, stop: Stop) -> Self {
        Self { session, run, log, stop, tally: Tally::default() }
    }

    /// Revokes what the query keeps, and prints what became of each id.
    pub fn run<T: Stored + Token + Record>(
        mut self,
        store: &Store,
        query: &RevokeQuery<T>,
        plan: &RevokePlan,
    ) -> Result<()>
    where
        Revocation<T>: Record,
    {
        let ids = &plan.ids;
        self.tally.broken = plan.unreadable;
        let mut results = Results::new(self.session, &self.stop)?;
        let progress = Progress::of(self.session, &self.stop, ids.len());

        let (mut ended, mut free_until) = (Ok(()), None);
        let batch_size = usize::try_from(plan.batch_size).unwrap_or(usize::MAX);
        for batch in ids.chunks(batch_size) {
            ended = self.stop.check();
            if ended.is_err() {
                break;
            }
            let done = match self.revoke(store, query, batch, plan, free_until) {
                Ok(done) => done,
                Err(error) => {
                    ended = Err(error);
                    break;
                }
            };
            let Batch { decisions, ended: batch_ended, .. } = done;
            free_until = done.free_until;

            self.note_returning(store, &decisions);
            let rows = self.count(decisions, plan);
            let printed = progress.suspend(|| results.print(&rows));
            ended = printed.map_err(|error| self.stop.reason(error)).and(batch_ended);
            if ended.is_err() {
                break;
            }
            progress.reach(self.tally.ids);
        }
        drop(progress);
        let closed = results.finish().map_err(|error| self.stop.reason(error));
        self.session.note(&self.summary::<T>());
        if let Some((ids, why)) = &self.tally.returning {
            let shown = ids.iter().take(SHOWN).map(ToString::to_string).collect::<Vec<_>>();
            let more = if ids.len() > SHOWN { ", …" } else { "" };
            let are = if ids.len() == 1 { "is" } else { "are" };
            self.session.note_more(&format!(
                "{} of them ({}{more}) {are} {why}",
                ids.len(),
                shown.join(", ")
            ));
        }
        if self.run.is_some()
            && self.tally.revoked > 0
            && let Some(effect) = store.description().takes_effect()
        {
            let application = &store.description().application;
            self.session.note_more(&format!("{application} takes notice {effect}"));
        }
        let done = if self.run.is_some() { "done" } else { "checked" };
        ended.with_context(|| format!("{} of {} ids {done}", self.tally.ids, ids.len()))?;
        closed?;
        self.verdict(ids.len())
    }

    fn revoke<T: Stored + Token + Record>(
        &self,
        store: &Store,
        query: &RevokeQuery<T>,
        batch: IdList,
        plan: &RevokePlan,
        free_until: Option<Instant>,
    ) -> Result<Batch<T>> {
        let recorder = self.log.as_ref().map(|log| {
            move |run: &Run, at: Timestamp, record: &AuditRecord<'_, T>| {
                log.record(store, run, at, self.session.now, record)
            }
        });
        let fits = |token: &T| plan.reviewed.fits(token, self.session.now);
        let options = BatchOptions {
            now: self.session.now,
            run: self.run.as_ref(),
            recorder: recorder.as_ref().map(|it| it as _),
            fits: (!plan.reviewed.is_empty()).then_some(&fits),
            chosen: plan.chosen.as_ref(),
            newest: plan.newest,
            free_until,
        };
        let done = store.revoke(&query.among(batch), &options);
        done.map_err(|error| self.stop.reason(error))
    }

    fn note_returning<T: Stored + Token>(&mut self, store: &Store, decisions: &[Decision<T>]) {
        for decision in decisions {
            if let Decision::Revoke(token) = decision
                && let Some(why) = store.description().returning(token.properties().name.as_deref())
            {
                self.tally.returning.get_or_insert((Vec::new(), why)).0.push(token.id());
            }
        }
    }

    /// Counts what has happened, whether or not it can be printed then.
    fn count<T: Stored + Token>(
        &mut self,
        decisions: Vec<Decision<T>>,
        plan: &RevokePlan,
    ) -> Vec<Revocation<T>> {
        let tally = &mut self.tally;
        tally.ids += decisions.iter().filter(|it| !matches!(it, Decision::Unresolved(_))).count();
        let mut rows = Vec::with_capacity(decisions.len());
        for decision in decisions {
            let (id, token, result) = match decision {
                Decision::Revoke(token) => {
                    tally.revoked += 1;
                    tally.owners.extend(token.owner());
                    let result = match self.run {
                        Some(_) => RevocationResult::Revoked,
                        None => RevocationResult::WouldRevoke,
                    };
                    (token.id(), Some(token), result)
                }
                Decision::AlreadyRevoked(token) => {
                    tally.already_revoked += 1;
                    (token.id(), Some(token), RevocationResult::AlreadyRevoked)
                }
                Decision::Spare(token) => {
                    tally.spared += 1;
                    (token.id(), Some(token), RevocationResult::Spared)
                }
                // A filter found it before: it is gone.
                Decision::Deny(id) if !plan.ids_given => {
                    tally.spared += 1;
                    (id, None, RevocationResult::Spared)
                }
                Decision::Deny(id) => {
                    tally.denied += 1;
                    (id, None, RevocationResult::Denied)
                }
                Decision::Unresolved(token) => {
                    tally.unresolved += 1;
                    (token.id(), Some(token), RevocationResult::Unresolved)
                }
                Decision::Broken(row) => {
                    tally.broken += 1;
                    say(&broken_row(T::NOUN[0], &row));
                    continue;
                }
            };
            // An event of this run stands behind no other result.
            let is_recorded =
                matches!(result, RevocationResult::Revoked | RevocationResult::Unresolved);
            let run = self.run.as_ref().filter(|_| is_recorded);
            rows.push(Revocation { id, token, result, run_id: run.map(|run| run.id.clone()) });
        }
        rows
    }

    fn summary<T: Stored + Token>(&self) -> String {
        let tally = &self.tally;
        let tokens = tokens_of::<T>(tally.revoked, tally.owners.len() as u64);
        let done = if self.run.is_some() { "revoked" } else { "would revoke" };
        let others = [
            (tally.already_revoked, "already revoked"),
            (tally.spared, "spared"),
            (tally.denied, "not found or not permitted"),
            (tally.unresolved, "unresolved"),
            (tally.broken, "unreadable"),
        ];
        let others = others.iter().filter(|(count, _)| *count > 0);
        let others: Vec<_> = others.map(|(count, what)| format!(", {count} {what}")).collect();
        let end = match &self.run {
            Some(run) if tally.revoked + tally.unresolved > 0 => format!("run {}", run.id),
            Some(_) => "nothing changed".into(),
            None => "dry run, nothing changed".into(),
        };
        format!("{done} {tokens}{} ({end})", others.concat())
    }

    /// Whether every id came to what was asked for.
    fn verdict(&self, ids: usize) -> Result<()> {
        let tally = &self.tally;
        let failure = if tally.broken > 0 {
            Failure::new(
                Kind::Failed,
                format!("{} of the tokens cannot be read and are left alone", tally.broken),
            )
        } else if tally.denied == 0 {
            return Ok(());
        } else {
            let kind = if tally.denied == ids as u64 { Kind::Denied } else { Kind::PartlyDenied };
            Failure::new(
                kind,
                format!("{} of {ids} ids: not found, or not permitted", tally.denied),
            )
        };
        Err(failure.into())
    }
}

/// The rows on standard output, as long as somebody reads them: revoking goes on
/// without a reader.
struct Results<T: Stored + Token>
where
    Revocation<T>: Record,
{
    printer: Option<Printer<BufWriter<Blocking<File>>, Revocation<T>>>,
}

impl<T: Stored + Token> Results<T>
where
    Revocation<T>: Record,
{
    fn new(session: &Session, stop: &Stop) -> Result<Self> {
        let printer = Printer::new(session.out(Some(stop))?, &session.style(Times::default()))?;
        Ok(Self { printer: Some(printer) })
    }

    fn print(&mut self, rows: &[Revocation<T>]) -> Result<()> {
        let printed = self.printer.as_mut().map(|printer| {
            rows.iter().try_for_each(|row| printer.record(row))?;
            printer.flush()
        });
        self.unless_closed(printed)
    }

    fn finish(mut self) -> Result<()> {
        let finished =
            self.printer.take().map(|printer| printer.finish()?.flush().context(CANNOT_PRINT));
        self.unless_closed(finished)
    }

    fn unless_closed(&mut self, done: Option<Result<()>>) -> Result<()> {
        match done {
            Some(Err(error)) if is_closed_pipe(&error) => {
                self.printer = None;
                Ok(())
            }
            done => done.unwrap_or(Ok(())),
        }
    }
}
