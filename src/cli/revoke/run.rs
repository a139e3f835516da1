//! A run of `revoke`, up to the plan of what is revoked, to which whoever runs it has agreed by
//! then. Changes no row: `revocations` does, by the plan.

use anyhow::Result;
use uuid::{NoContext, Uuid};

use super::RevokeArgs;
use crate::audit_file::AuditFile;
use crate::cli::audit::needs_log;
use crate::cli::environment::variable;
use crate::cli::filter::{Filters, denied};
use crate::cli::ids::Listed;
use crate::cli::matching::{Matching, PREVIEW, Question, Wanted};
use crate::cli::pick::PICKABLE;
use crate::cli::revocations::Revocations;
use crate::cli::revoke_plan::RevokePlan;
use crate::cli::scopes::missing;
use crate::cli::session::Session;
use crate::cli::stop::Stop;
use crate::failure::{Failure, Kind};
use crate::model::actor::Actor;
use crate::model::id::IdList;
use crate::model::token::Token;
use crate::output::revocation::Revocation;
use crate::output::view::Record;
use crate::store::{Mode, OsUser, Run, Store, Stored, revokes_by};

impl RevokeArgs {
    pub fn run<F: Filters>(self, session: &Session, filters: F) -> Result<()>
    where
        F::Token: Record,
        Revocation<F::Token>: Record,
    {
        if !self.dry_run && session.now.instant > session.clock {
            return Err(Failure::usage("--now lies in the future")
                .hint("revoke takes that only with --dry-run")
                .into());
        }
        filters.check_safe_to_revoke(session.now)?;
        let is_filtered = filters != F::default();
        if self.ids.is_empty() && !is_filtered {
            return Err(Failure::usage("no tokens given")
                .hint("give ids, '-' to read them from standard input, or a filter")
                .into());
        }
        let named = self.named::<F::Token>(session.id_syntax())?;
        let mut asks = self.asks(session, is_filtered, named.as_ref().map(|it| &it.ids))?;

        // Noted now: opening the store may turn this process into its owner's.
        let os_user = os_user();
        let mut log = if self.dry_run { None } else { session.audit_log(AuditFile::append)? };
        let mut store = session.open(if self.dry_run { Mode::Read } else { Mode::Write })?;
        self.check_store::<F::Token>(session, &store, log.is_some())?;
        let named = named.map(|it| it.own::<F::Token>(&store)).transpose()?;
        let is_lost = store.deletes::<F::Token>()?;
        asks |= is_lost && !self.yes && !self.dry_run && session.can_ask();
        let actor = session.actor(&store)?;
        if let Some(note) = filters.note(&store) {
            session.note(note);
        }
        let (subject, hint) = (filters.subject(), filters.hint_if_denied());
        let mut filter = filters.resolve(&store, &actor, session.now)?;
        let missing = missing::<F::Token>(&store, &actor, &filter, session.now)?;
        missing.refuse_near()?;
        missing.notes().iter().for_each(|note| session.note(note));
        filter.as_mut().ids = named.as_ref().map(|it| it.ids.clone());
        let mut query = denied(actor.to_revoke::<F::Token>(filter.clone()), &subject, hint)?;
        if named.is_some() {
            // They come in part by part.
            query = query.among(IdList::default());
            filter.as_mut().ids = None;
        }

        // Not before: a signal ends the reading of ids at once.
        let stop = Stop::listen()?;
        store.stop_when(stop.flag());
        if let Some(log) = &mut log {
            log.stop_when(stop.flag());
        }
        let is_simple = !is_filtered
            && !asks
            && !self.interactive
            && self.max.is_none()
            && self.limit.is_none();
        let plan = match named {
            Some(Listed { ids, reviewed }) if is_simple => {
                let batch_size = self.batch_size;
                RevokePlan {
                    ids,
                    ids_given: true,
                    reviewed,
                    chosen: None,
                    newest: None,
                    unreadable: 0,
                    batch_size,
                }
            }
            named => {
                let mut chosen = self.matching(named.as_ref(), asks, |wanted| {
                    Matching::read(session, &store, &query, &stop, wanted)
                })?;
                let matching = chosen.count() + chosen.more();
                if self.interactive {
                    chosen = chosen.pick(session, &store, &stop, self.times.times)?;
                }
                self.refuse_more_than_max(&chosen)?;
                if asks {
                    filter.as_mut().ids = named.as_ref().map(|it| it.ids.clone());
                    let count = |filter| count::<F::Token>(session, &store, &actor, filter);
                    let with_exempt = <F::Token as Token>::without_exemptions(filter);
                    let with_exempt = with_exempt.filter(|_| !self.interactive).map(count);
                    let question = Question {
                        actor: actor.username().to_owned(),
                        how: how(&store),
                        effect: effect(&store, is_lost),
                        exempt: with_exempt.transpose()?.map(|it| it.saturating_sub(matching)),
                        times: self.times.times,
                    };
                    chosen.confirm(session, &store, &stop, &question)?;
                }
                if chosen.more() > 0 {
                    session.note(&format!("{} more match beyond --limit", chosen.more()));
                }
                chosen.plan(named, self.batch_size)
            }
        };

        let run = (!self.dry_run).then(|| Run {
            id: run_id(session),
            began: (session.clock, session.began),
            actor,
            os_user,
            reason: self.reason,
        });
        Revocations::new(session, run, log, stop).run(&store, &query, &plan)
    }

    /// Refuses a store in which this cannot be done as it was asked for.
    fn check_store<T: Stored + Token>(
        &self,
        session: &Session,
        store: &Store,
        has_log: bool,
    ) -> Result<()> {
        store.check_has::<T>()?;
        session.check_prints_ids::<T>(store)?;
        if !self.dry_run
            && let Some(described) = store.description().described()
        {
            described.check_answered()?;
        }
        if !self.dry_run && !store.records_events() && !has_log {
            return Err(needs_log(store).hint("a dry run needs none").into());
        }
        Ok(())
    }

    /// Reads what matches, and of it what somebody will be told.
    fn matching<T: Stored + Token>(
        &self,
        named: Option<&Listed>,
        asks: bool,
        read: impl Fn(&Wanted<'_>) -> Result<Matching<T>>,
    ) -> Result<Matching<T>> {
        let shown = if self.interactive { PICKABLE } else { PREVIEW };
        let shown = (asks || self.interactive).then_some(shown);
        let wanted = Wanted { shown, limit: self.limit, named };
        let matching = read(&wanted)?;
        if shown.is_none() && self.max.is_some_and(|max| matching.count() > max) {
            // The refusal says whose they are.
            return read(&Wanted { shown: Some(0), ..wanted });
        }
        Ok(matching)
    }

    fn refuse_more_than_max<T: Stored + Token>(&self, chosen: &Matching<T>) -> Result<()> {
        match self.max {
            Some(max) if chosen.count() > max => {
                let message = format!(
                    "{} would be revoked, more than --max {max}; nothing was changed",
                    chosen.described()
                );
                let hint = "narrow the filter, or raise --max";
                Err(Failure::new(Kind::Failed, message).hint(hint).into())
            }
            _ => Ok(()),
        }
    }
}

/// How many tokens a filter would revoke.
fn count<T: Stored + Token>(
    session: &Session,
    store: &Store,
    actor: &Actor,
    filter: T::Filter,
) -> Result<u64> {
    store.count(actor.to_revoke::<T>(filter)?.selection(), session.now)
}

/// What a description of the user's does to each row; `None`: the application's own way.
fn how(store: &Store) -> Option<String> {
    let description = store.description();
    let described = description.described().filter(|_| description.digest().is_some())?;
    Some(format!("As {} says, each {}.", description.name, revokes_by(described)))
}

/// What a revocation does there, and that it is for good.
fn effect(store: &Store, is_lost: bool) -> String {
    let application = &store.description().application;
    if is_lost {
        format!("This deletes their rows from {application}; there is no way back.")
    } else {
        "There is no way back: what is revoked stays revoked.".into()
    }
}

/// A new id, which sorts by time.
fn run_id(session: &Session) -> String {
    let (seconds, nanoseconds) = session.clock.unix();
    let time = uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds);
    Uuid::new_v7(time).to_string()
}

/// Who runs the program, and through sudo for whom.
fn os_user() -> String {
    let user = OsUser::current();
    match variable("SUDO_USER") {
        Some(sudo) => format!("{user} (SUDO_USER {})", sudo.to_string_lossy()),
        None => user.to_string(),
    }
}
