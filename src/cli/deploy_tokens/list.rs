//! `deploy-tokens list`: lists the deploy tokens that the filters match.

use anyhow::Result;
use clap::Args;

use super::filter::DeployFilterArgs;
use crate::cli::arguments::long_help;
use crate::cli::list::{ListArgs, with_choices_of};
use crate::cli::session::Session;
use crate::model::deploy_token::DeployToken;

/// List deploy tokens.
///
/// With --project or --group, list only tokens linked to it directly, not those of
/// its parents or children. Without either, list the whole store, which only an
/// administrator may do.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help(&format!("{KEYS}\n\n{EXAMPLES}")))]
#[command(mut_args(with_choices_of::<DeployToken>))]
pub struct List {
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    filter: DeployFilterArgs,
}

const EXAMPLES: &str = "\
Examples:
  tokenctl deploy-tokens list --active
  tokenctl deploy-tokens list --project mobile/alerts --expires-within 30d
  tokenctl deploy-tokens list --scope write_registry --no-expiry -o csv";

/// The keys of JSON, which are the names of columns.
pub const KEYS: &str = "\
Keys of JSON and columns of CSV (null, or empty: absent):
  id                        number
  name, username            strings
  project, group            strings: full paths, one of the two
  state                     string: active, revoked or expired
  scopes                    array of strings; in CSV separated by blanks
  revoked, expired, active  true or false
  created_at, expires_at    times, such as 2020-07-23T14:31:47.729Z";

impl List {
    pub fn run(self, session: &Session) -> Result<()> {
        self.list.run(session, self.filter)
    }
}
