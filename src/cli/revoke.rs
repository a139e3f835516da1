//! `revoke`: personal access tokens by id.

use std::io::{self, BufRead, Write};

use anyhow::{Context, Result};
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use nix::sys::termios::{FlushArg, tcflush};
use nix::unistd::{Uid, User};
use uuid::{NoContext, Uuid};

use super::arguments::token_id;
use super::revocations::Revocations;
use super::session::{Session, report_broken, variable};
use super::stop::Stop;
use crate::failure::{Failure, Kind};
use crate::model::access::{Query, Revoke as ToRevoke};
use crate::model::personal_access_token::PersonalAccessToken;
use crate::model::token::{Sort, TokenId, parse_id};
use crate::output::Printer;
use crate::output::view::{Record, Revocation};
use crate::store::{Mode, Run, Store, Stored};

/// Revoke personal access tokens by id.
///
/// The tokens and the audit events of their revocation are written together, in
/// short transactions of up to 1000. Revoking again is success and changes
/// nothing. An administrator revokes any token; an owner his own, but not an
/// impersonation token.
///
/// One id needs no confirmation. More than one does: at a terminal the program
/// asks, elsewhere, and always with '-', it needs --yes or --dry-run.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tokenctl revoke 42 --reason 'left the team'
  tokenctl revoke 42 43 44 --dry-run
  tokenctl list --unused-for 90d -o ids | tokenctl revoke - --yes --reason 'unused for 90 days'")]
pub struct Revoke {
    #[command(flatten)]
    revoke: RevokeArgs,
}

/// What is to be revoked, and how.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// The ids of the tokens, or '-' to read them from standard input: one a line, or JSON lines
    /// with an 'id'; blank lines and '#' comments are skipped
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,

    /// Change nothing; print what would be revoked
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    /// Record this reason in the audit events
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    reason: Option<String>,
}

impl Revoke {
    pub fn run(self, session: &Session) -> Result<()> {
        self.revoke.run::<PersonalAccessToken>(session)
    }
}

/// How many tokens a question shows.
const PREVIEW: u64 = 10;

impl RevokeArgs {
    pub fn run<T: Stored + Record>(self, session: &Session) -> Result<()>
    where
        Revocation<T>: Record,
    {
        if !self.dry_run && session.now.instant > session.clock {
            return Err(Failure::usage("--now lies in the future")
                .hint("revoke takes that only with --dry-run")
                .into());
        }
        let ids = self.ids(session)?;
        let asks = ids.len() > 1 && !self.yes && !self.dry_run;

        let mode = if self.dry_run { Mode::Read } else { Mode::Write };
        let store = session.open(mode)?;
        let actor = session.actor(&store)?;
        if asks {
            let mut left = T::Filter::default();
            left.as_mut().ids = Some(ids.clone());
            left.as_mut().revoked = Some(false);
            confirm::<T>(session, &store, &actor.query(left)?)?;
        }
        // Not before: a signal ends reading and asking at once, and nothing is done
        // that would have to be told.
        let stop = Stop::listen()?;
        // The ids come in batch by batch.
        let mut none = T::Filter::default();
        none.as_mut().ids = Some(Vec::new());
        let query = actor.query(none)?;

        let run = (!self.dry_run).then(|| Run {
            id: run_id(session),
            at: session.clock,
            actor,
            os_user: os_user(),
            reason: self.reason,
        });
        Revocations::new(session, run, stop).work_off::<T>(&store, &query, &ids)
    }

    /// The ids in ascending order, each once. Reads all of them before anything
    /// is touched.
    fn ids(&self, session: &Session) -> Result<Vec<TokenId>> {
        let confirmed = self.yes || self.dry_run;
        let mut ids = match self.ids.as_slice() {
            [dash] if dash == "-" => {
                if !confirmed {
                    return Err(unconfirmed("ids from standard input are not asked about"));
                }
                ids_from(io::stdin().lock())?
            }
            ids if ids.iter().any(|id| id == "-") => {
                return Err(Failure::usage(
                    "'-' stands alone: ids come from standard input or from the command line",
                )
                .into());
            }
            ids => ids.iter().map(|id| token_id(id)).collect::<Result<_, _>>()?,
        };
        ids.sort_unstable();
        ids.dedup();
        if ids.len() > 1 && !confirmed && !session.can_ask() {
            return Err(unconfirmed("more than one token, and no terminal to ask at"));
        }
        Ok(ids)
    }
}

fn unconfirmed(what: &str) -> anyhow::Error {
    Failure::usage(format!("the confirmation is missing: {what}"))
        .hint("look at it with --dry-run, then give --yes")
        .into()
}

/// Reads ids: one a line, or JSON lines with an `id`.
fn ids_from(input: impl BufRead) -> Result<Vec<TokenId>> {
    let mut ids = Vec::new();
    for (index, line) in input.split(b'\n').enumerate() {
        let line = line.context("cannot read standard input")?;
        let line = String::from_utf8_lossy(&line);
        // Some editors put a byte order mark before the first line.
        let line = line.trim_start_matches('\u{feff}').trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let id = if line.starts_with('{') { id_of_json(line) } else { parse_id(line).map(TokenId) };
        ids.push(id.map_err(|problem| {
            Failure::usage(format!("standard input, line {}: {problem}", index + 1))
                .hint("ids come one a line, or as JSON lines with an 'id': -o ids, -o jsonl")
        })?);
    }
    Ok(ids)
}

fn id_of_json(line: &str) -> Result<TokenId, String> {
    let value: serde_json::Value =
        serde_json::from_str(line).map_err(|_| "it is not a JSON object")?;
    match value.get("id") {
        Some(serde_json::Value::Number(id)) => parse_id(&id.to_string()).map(TokenId),
        _ => Err("the object has no 'id' that is a number".into()),
    }
}

/// Shows what would be revoked, and asks. The default is no.
fn confirm<T: Stored + Record>(
    session: &Session,
    store: &Store,
    query: &Query<T, ToRevoke>,
) -> Result<()> {
    let count = store.count(query, session.now)?;
    if count.tokens == 0 {
        return Ok(());
    }
    store.select(query, Sort::BY_ID, Some(PREVIEW), session.now, |rows| {
        let mut preview = Printer::new(io::stderr().lock(), &session.preview_look())?;
        for row in rows {
            match row? {
                Ok(token) => preview.record(&token)?,
                Err(row) => report_broken(T::NOUN[0], &row),
            }
        }
        preview.finish()
    })?;
    if count.tokens > PREVIEW {
        session.note_more(&format!("… and {} more", count.tokens - PREVIEW));
    }
    let question = format!("Revoke {}?", tokens_of::<T>(count.tokens, count.owners));
    if answers_yes(&question)? {
        Ok(())
    } else {
        Err(Failure::new(Kind::Declined, "nothing was revoked").into())
    }
}

/// Asks at the terminal. Anything but `y` or `yes` on a line is a no, and so is
/// what was typed before the question was there to read.
fn answers_yes(question: &str) -> Result<bool> {
    let cannot = "cannot ask";
    tcflush(io::stdin(), FlushArg::TCIFLUSH).context(cannot)?;
    write!(io::stderr(), "{question} [y/N] ").context(cannot)?;
    let mut answer = String::new();
    if io::stdin().read_line(&mut answer).context(cannot)? == 0 {
        // The end of input, by Ctrl-D, does not end the line.
        writeln!(io::stderr()).context(cannot)?;
    }
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Such as `3 deploy tokens of 2 projects and groups`.
pub fn tokens_of<T: Stored>(tokens: u64, owners: u64) -> String {
    let [one, many] = T::NOUN;
    let noun = if tokens == 1 { one } else { many };
    let [owner, of_owners] = T::OWNERS;
    let owner = if owners == 1 { owner } else { of_owners };
    format!("{tokens} {noun} of {owners} {owner}")
}

/// A new id, which sorts by time.
fn run_id(session: &Session) -> String {
    let (seconds, nanoseconds) = session.clock.unix();
    let time = uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds);
    Uuid::new_v7(time).to_string()
}

/// Who runs the program, and through sudo for whom.
fn os_user() -> String {
    let uid = Uid::effective();
    let name = match User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        _ => format!("uid {uid}"),
    };
    match variable("SUDO_USER") {
        Some(user) => format!("{name} (SUDO_USER {})", user.to_string_lossy()),
        None => name,
    }
}
