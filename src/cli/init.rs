//! `init`: creates a native store.

use anyhow::{Context, Result};
use clap::Args;
use shell_words::quote;

use super::arguments::number_in;
use super::progress::Progress;
use super::session::Session;
use super::stop::Stop;
use crate::failure::Failure;
use crate::store::{self, Location};

/// Create a new SQLite store.
///
/// Never overwrites a file: the store is built in a temporary file beside it and
/// renamed when complete. Only the owner of the file may read it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tokenctl --db tokens.db init           an empty store, for an application
  tokenctl --db demo.db init --sample    a made-up organisation, 200 tokens
  tokenctl --db big.db init --sample=1000000")]
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
        let Location::File(path) = session.location()? else {
            return Err(Failure::usage("a new store is a SQLite file, not a server's database")
                .hint("give its path with --db")
                .into());
        };
        let stop = Stop::listen()?;
        let progress = Progress::searching(session, &stop, "{pos} rows written");
        let told = |rows| progress.reach(rows);
        let now = session.now.instant;
        let is_done = store::create(&path, self.sample, now, stop.flag(), &told)?;
        drop(progress);
        if !is_done {
            stop.check().context("no store was created")?;
        }

        let shown = path.display().to_string();
        let db = quote(&shown);
        session.note(&format!("created store {shown}; try:"));
        if self.sample.is_some() {
            session.note_more(&format!("  tokenctl --db {db} --as root list --limit 10"));
            session.note_more(&format!(
                "  tokenctl --db {db} --as root list --unused-for 90d --state active"
            ));
            session.note_more(&format!("  tokenctl --db {db} --as root revoke 1 --dry-run"));
        } else {
            session.note_more(&format!(
                "  sqlite3 {db} \"INSERT INTO users (username, admin) VALUES ('root', 1)\""
            ));
            session.note_more(&format!("  tokenctl --db {db} --as root list"));
        }
        Ok(())
    }
}
