//! `deploy-tokens revoke`: revokes deploy tokens by id, by filter, or both.

use anyhow::Result;
use clap::Args;

use super::filter::DeployFilterArgs;
use crate::cli::arguments::revoke_help;
use crate::cli::revoke::RevokeArgs;
use crate::cli::session::Session;

/// Revoke deploy tokens by id, by filter, or both.
///
/// With ids: revoke these; each token's own project or group decides who may. With
/// filters: revoke all that match and are not yet revoked; only an administrator may
/// leave out both --project and --group. With both: revoke those ids that match. A
/// project's tokens require its Maintainer, a group's its Owner.
///
/// One id needs no confirmation. A filter, or more than one id, does: at a
/// terminal the program shows how many tokens match, and asks; elsewhere, and
/// always with '-', it needs --yes or --dry-run.
///
/// Matching tokens are read once, then revoked in short transactions that check each
/// token again: one that no longer matches is spared. A native store records the audit
/// event in the same transaction. Revoking again succeeds and changes nothing.
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
  tokenctl deploy-tokens revoke --project mobile/alerts --dry-run
  tokenctl deploy-tokens revoke --expired --yes --max 100

Keys of JSON and columns of CSV, for each token:
  id                    number
  name, project, group  strings
  result                string: revoked, already_revoked, would_revoke,
                        spared, denied (only the id is known), unresolved
  run_id                string: the run as 'audit --run' takes it";

impl Revoke {
    pub fn run(self, session: &Session) -> Result<()> {
        self.revoke.run(session, self.filter)
    }
}
