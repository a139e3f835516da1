//! `audit`: shows what was revoked, by whom, when and why.

use anyhow::{Context, Result};
use clap::Args;
use clap::builder::{NonEmptyStringValueParser, TypedValueParser};

use super::arguments::{ANY, TimesArg, long_help, number_in, token_id, values_by_name};
use super::filter::{lower_bound, upper_bound};
use super::list::{chosen_columns, column_parser, print};
use super::session::Session;
use crate::audit_file::{AuditFile, FileEvents};
use crate::failure::{Failure, Kind};
use crate::model::actor::Actor;
use crate::model::audit::{Action, AuditEvent, Filter};
use crate::model::id::{IdList, TokenId};
use crate::model::personal_access_token::PersonalAccessToken;
use crate::model::reference::UserRef;
use crate::model::time::TimeArg;
use crate::model::token::Sort;
use crate::output::Format;
use crate::output::view::Record;
use crate::store::{EventPart, ListOptions, Mode, Store, Streamed};

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
    /// Match events on these tokens, of both kinds
    #[arg(value_name = "ID")]
    ids: Vec<String>,

    /// Print at most N events, and say so when there are more
    #[arg(long, value_name = "N", value_parser = number_in(ANY), allow_hyphen_values = true)]
    limit: Option<u64>,

    /// Print these columns, or keys of JSON, in this order; 'all': every one
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',', value_parser = column_parser::<AuditEvent>())]
    columns: Option<Vec<String>>,

    #[command(flatten)]
    times: TimesArg,

    #[command(flatten)]
    filter: FilterArgs,
}

const EXAMPLES: &str = "\
Examples:
  tokenctl audit --since 7d
  tokenctl audit 42
  tokenctl audit --actor @me --limit 20
  tokenctl audit --run 0190e2c5 -o csv
  tokenctl audit --user maria.ferreira -o jsonl | jq -r .target_name

Keys of JSON and columns of CSV (null, or empty: none, or not recorded):
  id, actor_id, target_id, target_user_id
                        numbers
  actor, os_user        strings: who it was, in the store and in the system
  target_type           string: personal_access_token or deploy_token
  target_name, target_username
                        strings: the token's name and its owner's
  action                string: revoke
  outcome               string: revoked or unresolved
  run_id, reason        strings
  created_at            time, such as 2020-07-23T14:31:47.729Z";

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

    /// Match events of one run of the program: its id, or at least 8 characters of its beginning
    #[arg(long, value_name = "RUN_ID", value_parser = NonEmptyStringValueParser::new().try_map(|it| run_id(&it)))]
    run: Option<String>,

    /// Match events of this kind
    #[arg(long)]
    action: Option<Action>,

    /// Match events of T or later
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    since: Option<TimeArg>,

    /// Match events of T or earlier
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    until: Option<TimeArg>,
}

values_by_name!(Action);

/// Takes the id of a run, or enough of its beginning that hardly another has it.
fn run_id(text: &str) -> Result<String, &'static str> {
    if text.len() < 8 {
        return Err("it takes the id of a run, or at least 8 characters of its beginning");
    }
    Ok(text.to_ascii_lowercase())
}

impl Audit {
    pub fn run(self, session: &Session) -> Result<()> {
        let columns = chosen_columns::<AuditEvent>(session, self.columns)?;
        let syntax = session.id_syntax();
        let targets =
            self.ids.iter().map(|id| token_id(id, syntax)).collect::<Result<IdList, _>>()?;
        // Opened before the store, which may change this process's user.
        let log = session.audit_log(AuditFile::read);
        let store = session.open(Mode::Read)?;
        let targets = store.own_ids::<PersonalAccessToken>(targets)?;
        let targets = targets.iter().map(TokenId).collect();
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
        let run = run.map(|it| whole_run(events, &actor, it, session)).transpose()?;
        let filter =
            Filter { targets, target_type: None, user, actor: by, run, action, since, until };
        let query = actor.to_list::<AuditEvent>(filter)?;
        let options = ListOptions { sort: Sort::NEWEST_FIRST, limit: self.limit, now: session.now };
        let mut style = session.style(self.times.times);
        style.columns = columns;
        if from_log.is_some() && style.format == Format::Table && style.columns.is_none() {
            // Where revocation and event are not one transaction, the one may lack the other.
            let names = AuditEvent::TABLE.iter().chain(&["outcome"]);
            style.columns = Some(names.map(ToString::to_string).collect());
        }
        print::<AuditEvent, AuditEvent>(session, events, &query, &options, &style)?;
        from_log.map_or(Ok(()), |it| it.report_problems(session, &actor))
    }
}

/// The id of the run that begins like this. What several begin with is refused.
fn whole_run(events: &Store, actor: &Actor, run: String, session: &Session) -> Result<String> {
    let filter = Filter { run: Some(run.clone()), ..Filter::default() };
    let query = actor.to_list::<AuditEvent>(filter)?;
    let (one, other) = match events.runs(&query, session.now)? {
        None => return Ok(run),
        Some([one, other]) if one == other => return Ok(one),
        Some([one, other]) => (one, other),
    };
    let problem = format!("several runs begin like this, such as {one} and {other}");
    Err(Failure::value("--run <RUN_ID>", &run, problem).hint("give more of the id").into())
}

/// Finds the last event that a filter keeps, in the store or, where that records none, in the
/// audit file.
pub fn last_event(
    session: &Session,
    store: &Store,
    actor: &Actor,
    log: Option<&AuditFile>,
    filter: Filter,
) -> Result<Option<AuditEvent>> {
    let from_log = match log {
        Some(log) if !store.records_events() => Some(log.events(store)?.events.into_store()?),
        _ => None,
    };
    let events = match &from_log {
        Some(events) => events,
        None if store.records_events() => store,
        None => return Ok(None),
    };
    let query = actor.to_list::<AuditEvent>(filter)?;
    let options = ListOptions { sort: Sort::NEWEST_FIRST, limit: Some(1), now: session.now };
    events.list::<AuditEvent, AuditEvent, _>(&query, &options, |rows| {
        for row in rows {
            if let Streamed::Row(Ok(event)) = row? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    })
}

/// Builds the error for a missing --audit-log.
pub fn needs_log(store: &Store) -> Failure {
    let application = &store.description().application;
    Failure::usage(format!("{application} has no place for the audit events of tokenctl"))
        .hint("name a file for them: --audit-log FILE, or TOKENCTL_AUDIT_LOG")
}

/// The events of an audit file, as a store, and what is said of them.
pub struct FromFile {
    events: Store,
    unresolved: u64,
    others: u64,
    broken: u64,
}

impl FromFile {
    pub fn read(log: &AuditFile, store: &Store) -> Result<Self> {
        let FileEvents { events, others, broken } = log.events(store)?;
        Ok(Self { unresolved: events.unresolved()?, events: events.into_store()?, others, broken })
    }

    pub fn events(&self) -> &Store {
        &self.events
    }

    /// How many lines cannot be read.
    pub fn broken(&self) -> u64 {
        self.broken
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
