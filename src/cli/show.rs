//! `show`: shows one personal access token.

use std::io::Write;

use anyhow::{Context, Result, anyhow};
use clap::Args;

use super::arguments::{TimesArg, token_id};
use super::audit::last_event;
use super::list::KEYS;
use super::session::{Session, broken_row};
use crate::audit_file::AuditFile;
use crate::failure::say;
use crate::model::actor::Denied;
use crate::model::audit::{Action, Filter};
use crate::model::id::TokenId;
use crate::model::personal_access_token::PersonalAccessToken;
use crate::model::token::Token;
use crate::output::view::Record;
use crate::output::{Format, print_one};
use crate::store::{Mode, Stored};

/// Show one personal access token.
///
/// Print every property of the token, but never its value or a digest of it. An
/// administrator may see any token; an owner their own, including impersonation
/// tokens.
///
/// At a terminal, a token that was revoked with tokenctl also tells who revoked it, when and
/// why.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{KEYS}\n\n{EXAMPLES}"))]
pub struct Show {
    #[command(flatten)]
    show: ShowArgs,
}

const EXAMPLES: &str = "\
Examples:
  tokenctl show 42
  tokenctl show 42 -o json | jq .last_used_at";

/// What is shown, and how.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The id of the token
    #[arg(value_name = "ID")]
    id: String,

    #[command(flatten)]
    times: TimesArg,
}

impl Show {
    pub fn run(self, session: &Session) -> Result<()> {
        self.show.run::<PersonalAccessToken>(session)
    }
}

impl ShowArgs {
    /// Prints the token with this id.
    pub fn run<T: Stored + Token + Record>(&self, session: &Session) -> Result<()> {
        let id = token_id(&self.id, session.id_syntax())?;
        let mut style = session.style(self.times.times);
        let tells_more = style.terminal.is_some() && style.format == Format::Table;
        // Opened before the store, which may change this process's user.
        let log = if tells_more { session.audit_log(AuditFile::read) } else { Ok(None) };
        let log = log.unwrap_or_default();
        let store = session.open(Mode::Read)?;
        store.check_has::<T>()?;
        let ids = store.own_ids::<T>(id.into())?;
        let id = TokenId(ids.last().context("it is one id")?);
        let actor = session.actor(&store)?;

        let what = || format!("{} {id}", T::NOUN[0]);
        let query = actor.to_show::<T>(id.clone()).with_context(what)?;
        let found = store.show(&query, session.now)?;
        let token = match found.ok_or(Denied).with_context(what)? {
            Ok(token) => token,
            Err(row) => {
                say(&broken_row(T::NOUN[0], &row));
                return Err(anyhow!("{} cannot be read", what()));
            }
        };
        style.unrecorded = store.unrecorded_properties::<T>()?;
        print_one(session.out(None)?, &token, &style)?;
        if tells_more && token.properties().revoked {
            let filter = Filter {
                targets: vec![id.clone()],
                target_type: Some(T::TARGET_TYPE),
                action: Some(Action::Revoke),
                ..Filter::default()
            };
            let event = last_event(session, &store, &actor, log.as_ref(), filter)?;
            if let Some(event) = event {
                style.columns = Some(WHO_REVOKED.map(Into::into).into());
                writeln!(session.out(None)?, "\nrevoked with tokenctl:")?;
                print_one(session.out(None)?, &event, &style)?;
            }
        }
        store.leave_open();
        Ok(())
    }
}

/// What of an event tells who revoked a token, when and why.
const WHO_REVOKED: [&str; 5] = ["created_at", "actor", "os_user", "reason", "run_id"];
