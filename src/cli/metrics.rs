//! `metrics`: how many tokens there are, as gauges for Prometheus.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueHint};

use super::audit::last_event;
use super::filter::deadline;
use super::session::Session;
use super::write_beside::{READABLE_BY_ALL, write_beside};
use crate::audit_file::AuditFile;
use crate::failure::{Failure, Kind};
use crate::model::actor::Actor;
use crate::model::audit::{self, Action};
use crate::model::deploy_token::DeployToken;
use crate::model::personal_access_token::{self, PersonalAccessToken};
use crate::model::time::Period;
use crate::model::token::{State, Token};
use crate::output::CANNOT_PRINT;
use crate::output::metrics::{Gauge, Sample, text};
use crate::store::{Mode, Store, Stored};

/// Count tokens as gauges for Prometheus.
///
/// They are of the tokens that the user reaches; the deploy tokens are counted for who may
/// list all. No label holds a name.
///
/// A run that fails prints tokenctl_scrape_success 0 and nothing else, and exits with 1.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tokenctl metrics
  tokenctl metrics --textfile tokenctl.prom

Gauges (what a store does not record is left out):
  tokenctl_tokens{kind,state}
  tokenctl_tokens_never_used{kind}        of the active tokens
  tokenctl_tokens_unused{kind,days}       the same: 30, 90, 180, 365 days
  tokenctl_tokens_expiring{kind,days}     the same: 1, 7, 30, 90 days
  tokenctl_tokens_without_expiry{kind}    the same
  tokenctl_last_revocation_timestamp_seconds
                                          0: none is recorded
  tokenctl_scrape_success                 1, or 0 where the run failed")]
pub struct Metrics {
    /// Write to FILE, at once and readable by all: for node_exporter, in its folder and with a
    /// name that ends in .prom
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    textfile: Option<PathBuf>,
}

/// Days, as numbers and as labels.
type Days = [(u32, &'static str); 4];
const UNUSED: Days = [(30, "30"), (90, "90"), (180, "180"), (365, "365")];
const EXPIRING: Days = [(1, "1"), (7, "7"), (30, "30"), (90, "90")];

impl Metrics {
    pub fn run(self, session: &Session) -> Result<()> {
        if let Some(path) = &self.textfile {
            session.refuse_own_file("--textfile <FILE>", path)?;
        }
        let counted = gauges(session);
        let is_success = counted.is_ok();
        let (mut gauges, failed) = match counted {
            Ok(gauges) => (gauges, Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        let success = Sample { labels: Vec::new(), value: u8::from(is_success).to_string() };
        gauges.push(Gauge {
            name: "tokenctl_scrape_success",
            help: "Whether the tokens could be counted.",
            samples: vec![success],
        });
        let text = text(&gauges);
        let written = if let Some(path) = &self.textfile {
            write_beside(path, READABLE_BY_ALL, |file| Ok(file.write_all(text.as_bytes())?))
        } else {
            let mut out = session.out(None)?;
            out.write_all(text.as_bytes()).and_then(|()| out.flush()).context(CANNOT_PRINT)
        };
        // One status for whatever went wrong: what is read is the gauge.
        let failed = failed.map_err(|error| {
            let error = error.context("the tokens cannot be counted");
            anyhow::Error::from(Failure::recast(Kind::Failed, &error))
        });
        failed.and(written)
    }
}

/// The gauges that count tokens: names and help.
const COUNTS: [(&str, &str); 5] = [
    (TOKENS, "Tokens by state."),
    (NEVER_USED, "Active tokens that were never used."),
    (UNUSED_FOR, "Active tokens made more than so many days ago and not used since."),
    (EXPIRING_IN, "Active tokens that expire within so many days."),
    (NO_EXPIRY, "Active tokens that never expire."),
];
const TOKENS: &str = "tokenctl_tokens";
const NEVER_USED: &str = "tokenctl_tokens_never_used";
const UNUSED_FOR: &str = "tokenctl_tokens_unused";
const EXPIRING_IN: &str = "tokenctl_tokens_expiring";
const NO_EXPIRY: &str = "tokenctl_tokens_without_expiry";

/// A gauge's name, a further label, and the filter that keeps what is counted.
type Asked<F> = (&'static str, Option<(&'static str, &'static str)>, F);

fn gauges(session: &Session) -> Result<Vec<Gauge>> {
    // Before the store, which may change this process's user. There is no file before the
    // first revocation.
    let log = match session.audit_log_path() {
        Some(path) if path.exists() => session.audit_log(AuditFile::read)?,
        _ => None,
    };
    let store = session.open(Mode::Read)?;
    let actor = session.actor(&store)?;
    let mut gauges = COUNTS.map(|(name, help)| Gauge { name, help, samples: Vec::new() }).to_vec();

    let mut asked = asked_of_all::<PersonalAccessToken>(session);
    asked.extend(asked_of_use(session));
    count::<PersonalAccessToken>(session, &store, &actor, asked, &mut gauges)?;
    if store.check_has::<DeployToken>().is_ok() {
        let asked = asked_of_all::<DeployToken>(session);
        count::<DeployToken>(session, &store, &actor, asked, &mut gauges)?;
    }

    let last = last_revocation(session, &store, &actor, log.as_ref())?;
    let last = last.map(|it| Sample { labels: Vec::new(), value: it.to_string() });
    gauges.push(Gauge {
        name: "tokenctl_last_revocation_timestamp_seconds",
        help: "When the last token was revoked by tokenctl; 0: none is recorded.",
        samples: last.into_iter().collect(),
    });
    Ok(gauges)
}

/// What is counted of every kind of token.
fn asked_of_all<T: Stored + Token>(session: &Session) -> Vec<Asked<T::Filter>> {
    let states = [State::Active, State::Expired, State::Revoked];
    let in_state = |state: State| (TOKENS, Some(("state", state.name())), T::in_state(state));
    let mut asked: Vec<Asked<T::Filter>> = states.map(in_state).into();
    for (days, label) in EXPIRING {
        if let Some(until) = deadline(Period::days(days), session.now) {
            let mut filter = T::in_state(State::Active);
            filter.as_mut().expires_within = Some(until);
            asked.push((EXPIRING_IN, Some(("days", label)), filter));
        }
    }
    let mut filter = T::in_state(State::Active);
    filter.as_mut().no_expiry = Some(true);
    asked.push((NO_EXPIRY, None, filter));
    asked
}

/// What is counted of the use of tokens.
fn asked_of_use(session: &Session) -> Vec<Asked<personal_access_token::Filter>> {
    let active = PersonalAccessToken::in_state(State::Active);
    let never = personal_access_token::Filter { never_used: Some(true), ..active.clone() };
    let mut asked = vec![(NEVER_USED, None, never)];
    for (days, label) in UNUSED {
        // Nothing is older than the year 0.
        let unused_since = Period::days(days).before(session.now.instant);
        if unused_since.is_some() {
            let filter = personal_access_token::Filter { unused_since, ..active.clone() };
            asked.push((UNUSED_FOR, Some(("days", label)), filter));
        }
    }
    asked
}

/// Adds what is asked for to the gauges, as far as the store records it: nothing where the
/// actor may not list all tokens of the kind.
fn count<T: Stored + Token>(
    session: &Session,
    store: &Store,
    actor: &Actor,
    mut asked: Vec<Asked<T::Filter>>,
    gauges: &mut [Gauge],
) -> Result<()> {
    let Ok(query) = actor.to_list::<T>(T::Filter::default()) else { return Ok(()) };
    asked.retain(|(_, _, filter)| store.can_ask::<T>(filter, session.now));
    let filters: Vec<_> = asked.iter().map(|(_, _, filter)| filter.clone()).collect();
    let (counts, broken) = store.count_each(&query, &filters, session.now)?;
    if broken > 0 {
        session.note(&format!("{broken} {} cannot be read and are left out", T::NOUN[1]));
    }
    for ((name, label, _), count) in asked.into_iter().zip(counts) {
        let labels = [("kind", T::TARGET_TYPE)].into_iter().chain(label).collect();
        let sample = Sample { labels, value: count.to_string() };
        if let Some(gauge) = gauges.iter_mut().find(|it| it.name == name) {
            gauge.samples.push(sample);
        }
    }
    Ok(())
}

/// When a token was last revoked, in seconds since 1970; 0 where that is not recorded. `None`
/// where it is recorded nowhere.
fn last_revocation(
    session: &Session,
    store: &Store,
    actor: &Actor,
    log: Option<&AuditFile>,
) -> Result<Option<u64>> {
    if !store.records_events() && log.is_none() {
        return Ok(session.audit_log_path().map(|_| 0));
    }
    let filter = audit::Filter { action: Some(Action::Revoke), ..audit::Filter::default() };
    let last = last_event(session, store, actor, log, filter)?;
    Ok(Some(last.map_or(0, |it| it.created_at.unix().0)))
}
