//! `audit`: shows what was revoked, by whom, when and why.

use anyhow::{Context, Result};
use clap::builder::{NonEmptyStringValueParser, PossibleValue};
use clap::{Args, ValueEnum};

use super::arguments::long_help;
use super::filter::{lower_bound, upper_bound};
use super::list::print;
use super::session::Session;
use crate::audit_file::{AuditFile, FileEvents};
use crate::failure::{Failure, Kind};
use crate::model::actor::Actor;
use crate::model::audit::{Action, AuditEvent, Filter};
use crate::model::reference::UserRef;
use crate::model::time::TimeArg;
use crate::model::token::Sort;
use crate::store::{EventPart, ListOptions, Mode, Store};

/// Show what was revoked, by whom, when and why.
///
/// Events are listed newest first. An administrator sees all of them; anyone else sees
/// events on their own tokens and events of their own actions. Events outlive the users
/// and tokens that they name. -o ids prints the ids of the tokens, of both kinds.
///
/// A native store holds its own events. Those of another application's database are in
/// the file given by --audit-log. One file may serve several databases: events of other
/// databases are not shown, and an administrator is told how many there are. An event there
/// is 'unresolved' if its run was killed, or lost its server, before it recorded the outcome:
/// check such a token with 'show'.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help(EXAMPLES))]
pub struct Audit {
    /// Print at most N events, and say so when there are more
    #[arg(long, value_name = "N")]
    limit: Option<u64>,

    #[command(flatten)]
    filter: FilterArgs,
}

const EXAMPLES: &str = "\
Examples:
  tokenctl audit --since 7d
  tokenctl audit --actor @me --limit 20
  tokenctl audit --run 0190e2c5-7d3b-7c2e-9f6a-3b1c5d7e9f01 -o csv
  tokenctl audit --user maria -o jsonl | jq -r '[.created_at, .actor, .target_name] | @tsv'";

#[derive(Debug, Args)]
#[command(next_help_heading = "Filters (all combine with AND)")]
struct FilterArgs {
    /// Match events on tokens of this user: an id (also of a deleted user), a username, or @me
    #[arg(short, long)]
    user: Option<UserRef>,

    /// Match what this user did: an id or a username (also of a deleted user), or @me
    // Not named `actor`: clap uses that id for the global --as.
    #[arg(long = "actor", value_name = "USER")]
    by: Option<UserRef>,

    /// Match events of one run of the program
    #[arg(long, value_name = "RUN_ID", value_parser = NonEmptyStringValueParser::new())]
    run: Option<String>,

    /// Match events of this kind
    #[arg(long)]
    action: Option<Action>,

    /// Match events of T or later
    #[arg(long, value_name = "T")]
    since: Option<TimeArg>,

    /// Match events of T or earlier
    #[arg(long, value_name = "T")]
    until: Option<TimeArg>,
}

impl ValueEnum for Action {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

impl Audit {
    pub fn run(self, session: &Session) -> Result<()> {
        // Opened before the store, which may change this process's user.
        let log = session.audit_log(AuditFile::read);
        let store = session.open(Mode::Read)?;
        let actor = session.actor(&store)?;
        let FilterArgs { user, by, run, action, since, until } = self.filter;
        // Values are checked before users, so that errors do not tell which users exist.
        let since = lower_bound("--since <T>", since, session.now)?;
        let until = upper_bound("--until <T>", until, session.now)?;
        let from_log = if store.records_events() {
            None
        } else {
            let log = log?.ok_or_else(|| needs_log(&store))?;
            Some(FromFile::read(&log, &store)?)
        };
        let events = from_log.as_ref().map_or(&store, |it| &it.events);
        let user = user.map(|it| {
            store
                .recorded_user(events, EventPart::Owner, &actor, &it)
                .context(format!("--user {it}"))
        });
        let by = by.map(|it| {
            store
                .recorded_user(events, EventPart::Actor, &actor, &it)
                .context(format!("--actor {it}"))
        });
        let (user, by) = (user.transpose()?, by.transpose()?);
        let filter = Filter { user, actor: by, run, action, since, until };
        let query = actor.to_list::<AuditEvent>(filter)?;
        let options = ListOptions { sort: Sort::NEWEST_FIRST, limit: self.limit, now: session.now };
        print::<AuditEvent, AuditEvent>(session, events, &query, &options, &session.style())?;
        from_log.map_or(Ok(()), |it| it.report_problems(session, &actor))
    }
}

/// Builds the error for a missing --audit-log.
pub fn needs_log(store: &Store) -> Failure {
    let application = store.description().application;
    Failure::usage(format!("{application} has no place for the audit events of tokenctl"))
        .hint("name a file for them: --audit-log FILE, or TOKENCTL_AUDIT_LOG")
}

/// The events of an audit file, as a store, and what is said of them.
struct FromFile {
    events: Store,
    unresolved: u64,
    others: u64,
    broken: u64,
}

impl FromFile {
    fn read(log: &AuditFile, store: &Store) -> Result<Self> {
        let FileEvents { events, others, broken } = log.events(store)?;
        Ok(Self { unresolved: events.unresolved()?, events: events.into_store()?, others, broken })
    }

    fn report_problems(&self, session: &Session, actor: &Actor) -> Result<()> {
        let Self { events: _, unresolved, others, broken } = self;
        // Others must not learn how many there are.
        if actor.is_admin() {
            if *others > 0 {
                let events = if *others == 1 { "event" } else { "events" };
                let are = if *others == 1 { "is" } else { "are" };
                session.note(&format!("{others} {events} of other databases {are} in the file"));
            }
            if *unresolved > 0 {
                session.note(&format!(
                    "{unresolved} of the log's events are unresolved: a run was killed, or lost \
                     its server, before it recorded their outcome; check with 'show'"
                ));
            }
        }
        if *broken > 0 {
            let message = format!("{broken} of the audit log's lines cannot be read");
            return Err(Failure::new(Kind::Failed, message).into());
        }
        Ok(())
    }
}
