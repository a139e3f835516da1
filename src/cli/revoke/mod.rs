//! `revoke`: personal access tokens by id, by filter, or both. These are the flags, and what
//! can be told from them alone: no store is open yet.

mod run;

use std::io;

use anyhow::Result;
use clap::Args;

use super::arguments::{ANY, ONE_OR_MORE, TimesArg, not_blank, number_in, revoke_help, token_id};
use super::filter::FilterArgs;
use super::ids::{Listed, read_list};
use super::session::Session;
use crate::failure::Failure;
use crate::model::id::{IdList, IdSyntax};
use crate::model::token::Token;
use crate::output::view::Record;
use crate::store::Stored;

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

/// A batch is in memory, and other writers may have to wait for all of it.
const LARGEST_BATCH: u64 = 10_000;

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

    /// Revoke at most N tokens in one transaction, 10000 or fewer
    #[arg(
        long,
        value_name = "N",
        default_value = "1000",
        value_parser = number_in(1..=LARGEST_BATCH),
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
}

fn unconfirmed(what: &str) -> anyhow::Error {
    Failure::usage(format!("the confirmation is missing: {what}"))
        .hint("look at it with --dry-run, then give --yes")
        .into()
}
