//! `deploy-tokens list`: the deploy tokens that the filters keep.

use anyhow::Result;
use clap::Args;

use crate::cli::arguments::long_help;
use crate::cli::filter::DeployFilterArgs;
use crate::cli::list::{ListArgs, of_kind};
use crate::cli::session::Session;
use crate::model::deploy_token::DeployToken;

/// List deploy tokens.
///
/// With --project or --group the list holds the tokens linked to it directly,
/// none of what is above or below it. Without either it is the whole store,
/// which only an administrator may list.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help(EXAMPLES))]
#[command(mut_args(of_kind::<DeployToken>))]
pub struct List {
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    filter: DeployFilterArgs,
}

const EXAMPLES: &str = "\
Examples:
  tokenctl deploy-tokens list --active
  tokenctl deploy-tokens list --project platform/api --expires-within 30d
  tokenctl deploy-tokens list --scope write_registry --no-expiry -o csv";

impl List {
    pub fn run(self, session: &Session) -> Result<()> {
        self.list.run(session, self.filter)
    }
}
