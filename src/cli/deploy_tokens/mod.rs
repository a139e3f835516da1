//! `deploy-tokens`: the tokens that belong to projects and groups.

mod filter;
mod list;
mod revoke;
mod show;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::session::Session;

/// List, show and revoke deploy tokens.
///
/// Deploy tokens belong to a project or a group. An administrator may use all of
/// them; a Maintainer those of their projects and groups and of everything below.
/// Revoking a group's tokens requires its Owner.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tokenctl deploy-tokens list --active
  tokenctl deploy-tokens show 7
  tokenctl deploy-tokens revoke 7 --reason 'pipeline is gone'")]
pub struct DeployTokens {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(visible_alias = "ls")]
    List(list::List),
    Show(show::Show),
    Revoke(revoke::Revoke),
}

impl DeployTokens {
    pub fn run(self, session: &Session) -> Result<()> {
        match self.command {
            Command::List(command) => command.run(session),
            Command::Show(command) => command.run(session),
            Command::Revoke(command) => command.run(session),
        }
    }
}
