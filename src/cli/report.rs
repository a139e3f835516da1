//! `report`: a page for auditors, in one file. It shows what `list` would, and nothing more.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, ValueHint};

use super::arguments::long_help;
use super::audit::FromFile;
use super::filter::{FilterArgs, Filters, denied};
use super::list_line::{Addition, filters_given, list_line};
use super::scopes::tell_missing;
use super::session::{Session, broken_row};
use super::write_beside::{READABLE_BY_OWNER, write_beside};
use crate::audit_file::AuditFile;
use crate::failure::{Failure, Kind, say};
use crate::model::access::ListQuery;
use crate::model::actor::Actor;
use crate::model::attention::{Attended, Attention, LEFT};
use crate::model::audit::{self, Action, AuditEvent};
use crate::model::deploy_token::DeployToken;
use crate::model::personal_access_token::{PersonalAccessToken, UserState};
use crate::model::revocation_runs::RevocationRuns;
use crate::model::stats::{Bucket, By};
use crate::model::token::Sort;
use crate::output::Format;
use crate::output::report::{self, Listed, MOST_ROWS, Report as Page, Revocations};
use crate::store::{ListOptions, Mode, Store, Stored, Streamed, Wanted};

/// Write a page for auditors: one HTML file that needs nothing else.
///
/// It tells of the tokens that 'list' shows with the same filters: totals, when they expire,
/// how old they are, their scopes and owners, and by name those that never expire, are unused
/// for 90 days, belong to people who left or have the widest scopes, up to 10,000 of each; and
/// the last runs that revoked tokens.
///
/// The file replaces another at once, and only you may read it. Where the store has no place
/// for audit events, name their file with --audit-log.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help(EXAMPLES))]
pub struct Report {
    /// Write the page to FILE, at once and readable by you only
    #[arg(id = "file", long = "output", value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,

    // Stands in for the global option, whose long name is that of the file here.
    #[arg(id = "output", short = 'o', value_name = "FORMAT", hide = true)]
    format: Option<Format>,

    #[command(flatten)]
    filter: FilterArgs,
}

const EXAMPLES: &str = "\
Examples:
  tokenctl report --output audit.html
  tokenctl report --output active.html --state active
  tokenctl report --output maria.html --user maria.ferreira
  tokenctl --now +90d report --output in-90-days.html";

impl Report {
    pub fn run(self, session: &Session) -> Result<()> {
        if session.format() != Format::Table {
            return Err(Failure::usage("report does not go with -o: it writes a page")
                .hint("for the rows or the numbers: tokenctl list -o json, tokenctl stats -o json")
                .into());
        }
        session.refuse_own_file(FILE, &self.file)?;
        if session.audit_log_path().is_some_and(|log| leads_to(log, &self.file)) {
            let problem = "it is the audit file";
            return Err(Failure::value(FILE, self.file.display(), problem).into());
        }
        // Before the store, which may change this process's user. There is no file before the
        // first revocation.
        let log = match session.audit_log_path() {
            Some(path) if path.exists() => session.audit_log(AuditFile::read)?,
            _ => None,
        };
        let store = session.open(Mode::Read)?;
        let actor = session.actor(&store)?;
        if let Some(note) = self.filter.note(&store) {
            session.note(note);
        }
        let (subject, hint) = (self.filter.subject(), self.filter.hint_if_denied());
        let filter = self.filter.resolve(&store, &actor, session.now)?;
        let query = denied(actor.to_list::<PersonalAccessToken>(filter.clone()), &subject, hint)?;

        let page = page(session, &store, &actor, &query, log.as_ref())?;
        for row in &page.unread {
            say(row);
        }
        write_beside(&self.file, READABLE_BY_OWNER, |out| report::write(out, &page))?;
        let tokens = PersonalAccessToken::NOUN[usize::from(page.total != 1)];
        session.note(&format!("wrote {}: {} {tokens}", self.file.display(), page.total));
        tell_missing::<PersonalAccessToken>(session, &store, &actor, &filter, page.total)?;
        let message = match (&page.revocations, page.broken) {
            (_, 1..) => {
                format!("{} of the store's rows cannot be read and are left out", page.broken)
            }
            (Revocations::Recorded { unreadable: records @ 1.., .. }, 0) => {
                format!("{records} records of revocations cannot be read and are left out")
            }
            _ => return Ok(()),
        };
        Err(Failure::new(Kind::Failed, message).into())
    }
}

const FILE: &str = "--output <FILE>";

/// Whether two paths lead to one file.
fn leads_to(one: &Path, other: &Path) -> bool {
    one == other
        || one.canonicalize().is_ok_and(|it| other.canonicalize().is_ok_and(|other| it == other))
}

fn page(
    session: &Session,
    store: &Store,
    actor: &Actor,
    query: &ListQuery<PersonalAccessToken>,
    log: Option<&AuditFile>,
) -> Result<Page> {
    let now = session.now;
    let mut by = Vec::new();
    for one in By::ALL {
        if store.records(one)? {
            by.push(one);
        }
    }
    let mut attended = Attention::ALL.map(|it| Attended::new(it, now, MOST_ROWS));
    let wanted = Wanted { by: &by, bucket: Bucket::Month, now };
    let mut counted = store.survey(query, wanted, |token| {
        for it in &mut attended {
            it.look_at(token, now);
        }
    })?;
    for groups in counted.groups.iter_mut().filter(|it| !it.by.is_time()) {
        groups.keep(MOST_ROWS);
    }
    let listed = |it: Attended| {
        let needed = match it.attention {
            Attention::NoExpiry => By::Expires,
            Attention::OwnerLeft => By::UserState,
            Attention::Unused => By::LastUsed,
            Attention::WideScopes => By::Scope,
        };
        let line = filters_of(it.attention);
        let line = line.and_then(|more| list_line(session.arguments(), &more));
        Listed { attended: it, is_recorded: by.contains(&needed), line }
    };
    let facts = store.facts()?;
    Ok(Page {
        made: session.clock,
        now,
        store: store.database().place(),
        engine: format!("{} {}", facts.engine, facts.version),
        application: store.description().application.clone(),
        schema: store.description().name,
        actor: actor.username().into(),
        actor_id: actor.id().map(ToString::to_string),
        is_admin: actor.is_admin(),
        filters: filters_given(session.arguments()),
        total: counted.total,
        totals: counted.totals,
        groups: counted.groups,
        attended: attended.into_iter().map(listed).collect(),
        unrecorded: store.unrecorded_properties::<PersonalAccessToken>()?,
        deploy_tokens: store.count_by_state::<DeployToken>(actor, now)?,
        revocations: revocations(session, store, actor, log)?,
        unread: counted
            .unread
            .iter()
            .map(|row| broken_row(PersonalAccessToken::NOUN[0], row))
            .collect(),
        broken: counted.broken,
    })
}

/// The filters of a list that shows the same tokens. `None`: there are none.
fn filters_of(attention: Attention) -> Option<Vec<Addition>> {
    let active = ("--state", Some("active".to_owned()));
    match attention {
        Attention::NoExpiry => Some(vec![active, ("--no-expiry", None)]),
        Attention::Unused => Some(vec![active, ("--unused-for", Some("90d".to_owned()))]),
        Attention::OwnerLeft => {
            let states = LEFT.map(UserState::name).join(",");
            Some(vec![active, ("--user-state", Some(states))])
        }
        Attention::WideScopes => None,
    }
}

/// The last runs that revoked tokens, of the events in the actor's reach.
fn revocations(
    session: &Session,
    store: &Store,
    actor: &Actor,
    log: Option<&AuditFile>,
) -> Result<Revocations> {
    let from_log = match log {
        Some(log) if !store.records_events() => Some(FromFile::read(log, store)?),
        _ => None,
    };
    let events = match &from_log {
        Some(from_log) => from_log.events(),
        None if store.records_events() => store,
        None if session.audit_log_path().is_none() => return Ok(Revocations::Nowhere),
        None => {
            return Ok(Revocations::Recorded { runs: Vec::new(), earlier: 0, unreadable: 0 });
        }
    };
    let filter = audit::Filter { action: Some(Action::Revoke), ..audit::Filter::default() };
    let query = actor.to_list::<AuditEvent>(filter)?;
    let options = ListOptions { sort: Sort::NEWEST_FIRST, limit: None, now: session.now };
    let (runs, broken) = events.list::<AuditEvent, AuditEvent, _>(&query, &options, |rows| {
        let (mut runs, mut broken) = (RevocationRuns::new(MOST_ROWS), 0_u64);
        for row in rows {
            match row? {
                Streamed::Row(Ok(event)) => runs.add(event),
                Streamed::Row(Err(_)) => broken += 1,
                Streamed::Pause => {}
            }
        }
        Ok((runs, broken))
    })?;
    let unreadable = broken + from_log.map_or(0, |it| it.broken());
    Ok(Revocations::Recorded { earlier: runs.earlier, runs: runs.into_runs(), unreadable })
}
