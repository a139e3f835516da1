//! `deploy-tokens revoke`: deploy tokens by id.

use anyhow::Result;
use clap::Args;

use crate::cli::revoke::RevokeArgs;
use crate::cli::session::Session;
use crate::model::deploy_token::DeployToken;

/// Revoke deploy tokens by id.
///
/// The token's own project or group decides who may revoke it: a Maintainer a
/// project's, an Owner a group's.
///
/// One id needs no confirmation. More than one does: at a terminal the program
/// asks, elsewhere, and always with '-', it needs --yes or --dry-run.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tokenctl deploy-tokens revoke 7 --reason 'pipeline is gone'
  tokenctl deploy-tokens list --project platform/old -o ids | tokenctl deploy-tokens revoke - --yes")]
pub struct Revoke {
    #[command(flatten)]
    revoke: RevokeArgs,
}

impl Revoke {
    pub fn run(self, session: &Session) -> Result<()> {
        self.revoke.run::<DeployToken>(session)
    }
}
