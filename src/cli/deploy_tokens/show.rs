//! `deploy-tokens show`: shows one deploy token.

use anyhow::Result;
use clap::Args;

use super::list::KEYS;
use crate::cli::session::Session;
use crate::cli::show::ShowArgs;
use crate::model::deploy_token::DeployToken;

/// Show one deploy token.
///
/// The token's own project or group decides who may see it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{KEYS}\n\n{EXAMPLES}"))]
pub struct Show {
    #[command(flatten)]
    show: ShowArgs,
}

const EXAMPLES: &str = "\
Examples:
  tokenctl deploy-tokens show 7
  tokenctl deploy-tokens show 7 -o json | jq -r .project";

impl Show {
    pub fn run(self, session: &Session) -> Result<()> {
        self.show.run::<DeployToken>(session)
    }
}
