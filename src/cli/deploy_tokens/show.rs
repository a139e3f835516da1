//! `deploy-tokens show`: shows one deploy token.

use anyhow::Result;
use clap::Args;

use crate::cli::session::Session;
use crate::cli::show::show;
use crate::model::deploy_token::DeployToken;

/// Show one deploy token.
///
/// The token's own project or group decides who may see it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tokenctl deploy-tokens show 7
  tokenctl deploy-tokens show 7 -o json | jq -r .project")]
pub struct Show {
    /// The id of the token
    #[arg(value_name = "ID")]
    id: String,
}

impl Show {
    pub fn run(self, session: &Session) -> Result<()> {
        show::<DeployToken>(session, &self.id)
    }
}
