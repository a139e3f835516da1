//! `schema draft`: a first description of a database that nobody described.

use std::io::Write;

use anyhow::{Context, Result};
use clap::Args;

use super::prints_toml;
use crate::cli::session::Session;
use crate::output::CANNOT_PRINT;
use crate::store::{Mode, draft};

/// Draft a description of a database from the names of its tables and columns.
///
/// No row is read. The table that looks most like one of tokens is described, others are
/// named; what names cannot tell is marked with '#?'.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tokenctl --db app.db schema draft > ours.toml
  tokenctl --db app.db schema check ours.toml
  tokenctl --db app.db --schema ./ours.toml --as @operator list")]
pub struct Draft {
    /// Describe this table, instead of the one that looks most like one of tokens
    #[arg(value_name = "TABLE")]
    table: Option<String>,
}

impl Draft {
    pub fn run(self, session: &Session) -> Result<()> {
        prints_toml(session)?;
        let table = self.table.as_deref();
        let text = session.without_schema(Mode::Read, |at, how| draft(at, how, table))?;
        let mut out = session.out(None)?;
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).context(CANNOT_PRINT)
    }
}
