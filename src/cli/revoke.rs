//! `revoke`: personal access tokens by id, by filter, or both.

use std::io;

use anyhow::Result;
use clap::Args;
use uuid::{NoContext, Uuid};

use super::arguments::{ANY, ONE_OR_MORE, TimesArg, not_blank, number_in, revoke_help, token_id};
use super::audit::needs_log;
use super::environment::variable;
use super::filter::{FilterArgs, Filters, denied};
use super::ids::{Listed, ReviewedRows, read_list};
use super::matching::{Matching, PREVIEW, Question, Wanted};
use super::pick::PICKABLE;
use super::revocations::Revocations;
use super::revoke_plan::RevokePlan;
use super::scopes::missing;
use super::session::Session;
use super::stop::Stop;
use crate::audit_file::AuditFile;
use crate::failure::{Failure, Kind};
use crate::model::actor::Actor;
use crate::model::id::{IdList, IdSyntax};
use crate::model::token::Token;
use crate::output::revocation::Revocation;
use crate::output::view::Record;
use crate::store::{Mode, OsUser, Run, Store, Stored, revokes_by};

/// Revoke personal access tokens by id, by filter, or both.
///
/// With ids: revoke these. With filters: revoke all that match and are not yet
/// revoked. With both: revoke those ids that match. An administrator may revoke any
/// token; an owner their own, except impersonation tokens.
///
/// One id needs no confirmation, unless revoking deletes the row. A filter, or more than
/// one id, does: at a terminal the program shows what matches, and asks; elsewhere, and
/// always with '-', it needs --yes or --dry-run.
///
/// Matching tokens are read once, then revoked in short transactions that check each
/// token again: one that no longer matches, because it was used meanwhile, is spared. A
/// native store records the audit event in the same transaction. Revoking again succeeds
/// and changes nothing, unless revoking deletes the row.
///
/// Likely accidents are refused: a blank --search, --unused-for under a day
/// (applications record use with a delay), and, except in a dry run, a --now later
/// than the clock.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = revoke_help(EXAMPLES))]
pub struct Revoke {
    #[command(flatten)]
    revoke: RevokeArgs,
    #[command(flatten)]
    filter: FilterArgs,
}

const EXAMPLES: &str = "\
Examples:
  tokenctl revoke 42 --reason 'left the team'
  tokenctl revoke --user maria.ferreira --dry-run
  tokenctl revoke --unused-for 180d --user-type human --yes --max 500
  tokenctl revoke --search 'old laptop' --interactive
  tokenctl revoke - --unused-for 180d --yes < reviewed.txt

Keys of JSON and columns of CSV, for each token:
  id, user_id     numbers
  name, username  strings
  result          string: revoked, already_revoked, would_revoke, spared,
                  denied (then only the id is known) or unresolved
  run_id          string: the run as 'audit --run' takes it";

/// What is to be revoked, and how.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// The ids of the tokens, or '-' to read them from standard input: one per line, JSON lines
    /// with an 'id', or CSV whose header has 'id'. A token is spared if the name, owner or
    /// creation time in its row is not what the store has
    #[arg(value_name = "ID")]
    ids: Vec<String>,

    /// Change nothing; print what would be revoked
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,

    /// Pick from the matching tokens, at most 1000, at the terminal, then confirm
    #[arg(short, long)]
    interactive: bool,

    /// Revoke nothing if more than N tokens would be revoked
    #[arg(long, value_name = "N", value_parser = number_in(ANY), allow_hyphen_values = true)]
    max: Option<u64>,

    /// Revoke only the first N tokens that match, by id, and say how many more there are
    #[arg(long, value_name = "N", value_parser = number_in(ONE_OR_MORE), allow_hyphen_values = true)]
    limit: Option<u64>,

    /// Record this reason in the audit events
    #[arg(long, value_name = "TEXT", value_parser = not_blank(), allow_hyphen_values = true)]
    reason: Option<String>,

    /// Revoke at most N tokens in one transaction
    #[arg(
        long,
        value_name = "N",
        default_value = "1000",
        value_parser = number_in(ONE_OR_MORE),
        allow_hyphen_values = true,
    )]
    batch_size: u64,

    #[command(flatten)]
    times: TimesArg,
}

impl Revoke {
    pub fn run(self, session: &Session) -> Result<()> {
        self.revoke.run(session, self.filter)
    }
}

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
        let query = denied(actor.to_revoke::<F::Token>(filter.clone()), &subject, hint)?;

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
                let reviewed = named.as_ref().map(|it| &it.reviewed);
                let mut chosen = self.matching(reviewed, asks, |wanted| {
                    Matching::read(session, &store, &query, &stop, wanted)
                })?;
                let matching = chosen.count() + chosen.more();
                if self.interactive {
                    chosen = chosen.pick(session, &store, &stop, self.times.times)?;
                }
                self.refuse_more_than_max(&chosen)?;
                if asks {
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
        // The ids come in batch by batch.
        let query = query.among(IdList::default());
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

    /// The ids that are named, if any. Reads all of them before anything is touched.
    fn named<T: Stored + Token + Record>(&self, syntax: IdSyntax) -> Result<Option<Listed>> {
        match self.ids.as_slice() {
            [] => Ok(None),
            [dash] if dash == "-" => {
                if self.interactive {
                    return Err(Failure::usage(
                        "--interactive picks at the terminal, which '-' leaves no input from",
                    )
                    .into());
                }
                if !self.yes && !self.dry_run {
                    return Err(unconfirmed("ids from standard input are not asked about"));
                }
                read_list::<T>(io::stdin().lock(), syntax).map(Some)
            }
            ids if ids.iter().any(|id| id == "-") => Err(Failure::usage(
                "'-' stands alone: ids come from standard input or from the command line",
            )
            .into()),
            ids => {
                let ids =
                    ids.iter().map(|id| token_id(id, syntax)).collect::<Result<IdList, _>>()?;
                Ok(Some(Listed::of(ids)))
            }
        }
    }

    /// Whether to ask. That takes a terminal; without one the confirmation has to
    /// be on the command line, whatever matches.
    fn asks(&self, session: &Session, is_filtered: bool, named: Option<&IdList>) -> Result<bool> {
        if self.interactive && !session.can_ask() {
            return Err(Failure::usage("--interactive needs a terminal")
                .hint("choose by filter or by id, and look at it with --dry-run")
                .into());
        }
        let is_one_id = !is_filtered && named.is_some_and(|ids| ids.len() <= 1);
        if self.yes || self.dry_run || (is_one_id && !self.interactive) {
            return Ok(false);
        }
        if !session.can_ask() {
            let what = if is_filtered { "tokens by filter" } else { "more than one token" };
            return Err(unconfirmed(&format!("{what}, and no terminal to ask at")));
        }
        Ok(true)
    }

    /// Reads what matches, and of it what somebody will be told.
    fn matching<T: Stored + Token>(
        &self,
        reviewed: Option<&ReviewedRows>,
        asks: bool,
        read: impl Fn(&Wanted<'_>) -> Result<Matching<T>>,
    ) -> Result<Matching<T>> {
        let shown = if self.interactive { PICKABLE } else { PREVIEW };
        let shown = (asks || self.interactive).then_some(shown);
        let wanted = Wanted { shown, limit: self.limit, reviewed };
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

fn unconfirmed(what: &str) -> anyhow::Error {
    Failure::usage(format!("the confirmation is missing: {what}"))
        .hint("look at it with --dry-run, then give --yes")
        .into()
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
