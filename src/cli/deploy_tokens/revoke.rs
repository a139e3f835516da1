//! `deploy-tokens revoke`: deploy tokens by id, by filter, or both.

use anyhow::Result;
use clap::Args;

use crate::cli::arguments::revoke_help;
use crate::cli::filter::DeployFilterArgs;
use crate::cli::revoke::RevokeArgs;
use crate::cli::session::Session;

/// Revoke deploy tokens by id, by filter, or both.
///
/// With ids: these; the token's own project or group decides who may revoke it. With
/// filters: all that match and are not yet revoked; --project or --group names
/// where, and only an administrator may leave both out. With both: those of the ids
/// that match. A project's tokens take its Maintainer, a group's its Owner.
///
/// One id needs no confirmation. A filter, or more than one id, does: at a
/// terminal the program shows how many tokens match, and asks; elsewhere, and
/// always with '-', it needs --yes or --dry-run.
///
/// The set is fixed when it is read. Tokens are revoked in short transactions, and each
/// token is judged again there: one that no longer matches is spared. A native store has
/// the audit event in the same transaction. Revoking again is success and changes
/// nothing.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = revoke_help(EXAMPLES))]
pub struct Revoke {
    #[command(flatten)]
    revoke: RevokeArgs,
    #[command(flatten)]
    filter: DeployFilterArgs,
}

const EXAMPLES: &str = "\
Examples:
  tokenctl deploy-tokens revoke 7 --reason 'pipeline is gone'
  tokenctl deploy-tokens revoke --project platform/old --dry-run
  tokenctl deploy-tokens revoke --expired --yes --max 100 --reason 'expired'";

impl Revoke {
    pub fn run(self, session: &Session) -> Result<()> {
        self.revoke.run(session, self.filter)
    }
}
