//! `init`: creates a native store.

use anyhow::{Context, Result};
use clap::Args;
use shell_words::quote;

use super::arguments::number_in;
use super::progress::Progress;
use super::session::Session;
use super::stop::Stop;
use crate::store::{self, Copying};

/// Create a new store: a SQLite file, or a schema of a PostgreSQL database.
///
/// Never overwrites anything. A file is built beside its place and renamed when complete;
/// only its owner may read it. On a server the schema is tokenctl, or the one that the URL
/// names by ?options=-csearch_path%3DNAME, and is made in one transaction.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tokenctl --db tokens.db init           an empty store, for an application
  tokenctl --db demo.db init --sample    a made-up organisation, 200 tokens
  tokenctl --db big.db init --sample=1000000
  tokenctl --db postgres:///tokens init  a schema of that database")]
pub struct Init {
    /// Fill it with a made-up organisation that has N personal access tokens, 1 to 10000000, dated
    /// up to --now; the administrator is root
    #[arg(
        long,
        value_name = "N",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "200",
        value_parser = number_in(1..=10_000_000),
    )]
    sample: Option<u64>,
}

impl Init {
    pub fn run(self, session: &Session) -> Result<()> {
        let location = session.location()?;
        let stop = Stop::listen()?;
        let progress = Progress::searching(session, &stop, "{pos} rows written");
        let told = |rows| progress.reach(rows);
        let copying = Copying { stop: stop.flag(), progress: &told };
        let now = session.now.instant;
        let created = store::create(&location, self.sample, now, session.busy_timeout, copying);
        drop(progress);
        created.or_else(|error| stop.check().context("no store was created").and(Err(error)))?;

        let shown = location.to_string();
        let db = quote(&shown);
        session.note(&format!("created store {shown}; try:"));
        if self.sample.is_some() {
            session.note_more(&format!("  tokenctl --db {db} --as root list --limit 10"));
            session.note_more(&format!(
                "  tokenctl --db {db} --as root list --unused-for 90d --state active"
            ));
            session.note_more(&format!("  tokenctl --db {db} --as root revoke 1 --dry-run"));
        } else {
            session.note_more(&format!("  {}", location.adding_root()));
            session.note_more(&format!("  tokenctl --db {db} --as root list"));
        }
        Ok(())
    }
}
