//! `show`: shows one personal access token.

use anyhow::{Context, Result, anyhow};
use clap::Args;

use super::arguments::token_id;
use super::session::{Session, broken_row};
use crate::failure::say;
use crate::model::actor::Denied;
use crate::model::personal_access_token::PersonalAccessToken;
use crate::model::token::Token;
use crate::output::print_one;
use crate::output::view::Record;
use crate::store::{Mode, Stored};

/// Show one personal access token.
///
/// Print every property of the token, but never its value or a digest of it. An
/// administrator may see any token; an owner their own, including impersonation
/// tokens.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tokenctl show 42
  tokenctl show 42 -o json | jq .last_used_at")]
pub struct Show {
    /// The id of the token
    #[arg(value_name = "ID")]
    id: String,
}

impl Show {
    pub fn run(self, session: &Session) -> Result<()> {
        show::<PersonalAccessToken>(session, &self.id)
    }
}

/// Prints the token with this id.
pub fn show<T: Stored + Token + Record>(session: &Session, id: &str) -> Result<()> {
    let id = token_id(id)?;
    let store = session.open(Mode::Read)?;
    store.check_has::<T>()?;
    let actor = session.actor(&store)?;

    let what = || format!("{} {id}", T::NOUN[0]);
    let query = actor.to_show::<T>(id).with_context(what)?;
    let found = store.show(&query, session.now)?;
    match found.ok_or(Denied).with_context(what)? {
        Ok(token) => print_one(session.out(None)?, &token, &session.style()),
        Err(row) => {
            say(&broken_row(T::NOUN[0], &row));
            Err(anyhow!("{} cannot be read", what()))
        }
    }
}
