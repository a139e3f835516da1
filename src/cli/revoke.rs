//! `revoke`: personal access tokens by id, by filter, or both.

use std::io;

use anyhow::{Context, Result};
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use uuid::{NoContext, Uuid};

use super::arguments::{revoke_help, token_id};
use super::audit::needs_log;
use super::environment::variable;
use super::filter::{FilterArgs, Filters};
use super::ids::{Listed, read_list};
use super::matching::{Matching, PREVIEW};
use super::pick::PICKABLE;
use super::revocations::Revocations;
use super::revoke_plan::RevokePlan;
use super::scopes::near_miss;
use super::session::Session;
use super::stop::Stop;
use crate::audit_file::AuditFile;
use crate::failure::{Failure, Kind};
use crate::model::id::TokenId;
use crate::model::token::Token;
use crate::output::view::{Record, Revocation};
use crate::store::{Mode, OsUser, Run, Store, Stored};

/// Revoke personal access tokens by id, by filter, or both.
///
/// With ids: revoke these. With filters: revoke all that match and are not yet
/// revoked. With both: revoke those ids that match. An administrator may revoke any
/// token; an owner their own, except impersonation tokens.
///
/// One id needs no confirmation. A filter, or more than one id, does: at a
/// terminal the program shows how many tokens of how many users match, and asks;
/// elsewhere, and always with '-', it needs --yes or --dry-run.
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
  tokenctl revoke --user maria --dry-run
  tokenctl revoke --unused-for 180d --user-type human --yes --max 500 --reason 'unused for 180 days'
  tokenctl revoke --search 'old laptop' --interactive
  tokenctl revoke - --unused-for 180d --yes < reviewed.txt";

/// What is to be revoked, and how.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// The ids of the tokens, or '-' to read them from standard input: one per line, or JSON lines
    /// with an 'id', or CSV whose header has 'id'; blank lines and '#' comments are skipped. A
    /// token is spared if the name, owner or creation time in its row is not what the store has
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
    #[arg(long, value_name = "N")]
    max: Option<u64>,

    /// Record this reason in the audit events
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    reason: Option<String>,

    /// Revoke at most N tokens in one transaction
    #[arg(
        long,
        value_name = "N",
        default_value = "1000",
        value_parser = clap::value_parser!(u32).range(1..),
    )]
    batch_size: u32,
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
        let named = if self.ids.is_empty() { None } else { Some(self.named::<F::Token>()?) };
        let asks = self.asks(session, is_filtered, named.as_ref().map(|it| it.ids.as_slice()))?;

        // Noted now: opening the store may turn this process into its owner's.
        let os_user = os_user();
        let mut log = if self.dry_run { None } else { session.audit_log(AuditFile::append)? };
        let mut store = session.open(if self.dry_run { Mode::Read } else { Mode::Write })?;
        store.check_has::<F::Token>()?;
        if !self.dry_run && !store.records_events() && log.is_none() {
            return Err(needs_log(&store).hint("a dry run needs none").into());
        }
        let actor = session.actor(&store)?;
        if let Some(note) = filters.note(&store) {
            session.note(note);
        }
        let subject = filters.subject();
        let mut filter = filters.resolve(&store, &actor, session.now)?;
        if let Some(miss) = near_miss::<F::Token>(&store, &actor, &filter, session.now)? {
            return Err(miss.failure().into());
        }
        filter.as_mut().ids = named.as_ref().map(|it| it.ids.clone());
        let query = actor.to_revoke(filter).context(subject)?;

        // Not before: a signal ends the reading of ids at once.
        let stop = Stop::listen()?;
        store.stop_when(stop.flag());
        if let Some(log) = &mut log {
            log.stop_when(stop.flag());
        }
        let is_simple = !is_filtered && !asks && !self.interactive && self.max.is_none();
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
                let shown = if self.interactive { PICKABLE } else { PREVIEW };
                let reviewed = named.as_ref().map(|it| &it.reviewed);
                let mut chosen = Matching::read(session, &store, &query, &stop, (shown, reviewed))?;
                if self.interactive {
                    chosen = chosen.pick(session, &store, &stop)?;
                }
                self.refuse_more_than_max(&chosen)?;
                if asks {
                    chosen.confirm(session, &stop, effect::<F::Token>(&store)?)?;
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
        let query = query.among(&[]);
        Revocations::new(session, run, log, stop).run(&store, &query, &plan)
    }

    /// The ids that are named. Reads all of them before anything is touched.
    fn named<T: Stored + Token + Record>(&self) -> Result<Listed> {
        match self.ids.as_slice() {
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
                read_list::<T>(io::stdin().lock())
            }
            ids if ids.iter().any(|id| id == "-") => Err(Failure::usage(
                "'-' stands alone: ids come from standard input or from the command line",
            )
            .into()),
            ids => {
                let ids = ids.iter().map(|id| token_id(id)).collect::<Result<_, _>>()?;
                Ok(Listed::of(ids))
            }
        }
    }

    /// Whether to ask. That takes a terminal; without one the confirmation has to
    /// be on the command line, whatever matches.
    fn asks(
        &self,
        session: &Session,
        is_filtered: bool,
        named: Option<&[TokenId]>,
    ) -> Result<bool> {
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

/// What the question has to say of what a revocation does there.
fn effect<T: Stored + Token>(store: &Store) -> Result<Option<String>> {
    let application = store.description().application;
    let message = || format!("This deletes their rows from {application}; there is no way back.");
    Ok(store.deletes::<T>()?.then(message))
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
