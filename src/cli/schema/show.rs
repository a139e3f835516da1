//! `schema show`: the text of a description that the program brings, to start a file from.

use std::io::Write;

use anyhow::{Context, Result};
use clap::Args;

use super::prints_toml;
use crate::cli::arguments::not_blank;
use crate::cli::description_file::{names, unknown};
use crate::cli::session::Session;
use crate::output::CANNOT_PRINT;
use crate::store::schema::shipped;

/// Print a description that the program brings, to start a file from.
///
/// What is printed is of the form that --schema and 'schema check' take.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tokenctl schema show doorkeeper > ours.toml
  tokenctl --db app.db schema check ours.toml")]
pub struct Show {
    /// A name of 'schema list'
    #[arg(value_name = "NAME", value_parser = not_blank(), add = names())]
    name: String,
}

impl Show {
    pub fn run(self, session: &Session) -> Result<()> {
        prints_toml(session)?;
        let text = shipped(&self.name).ok_or_else(|| unknown("<NAME>", &self.name))?;
        let mut out = session.out(None)?;
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).context(CANNOT_PRINT)
    }
}
