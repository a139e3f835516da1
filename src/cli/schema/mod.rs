//! `schema`: descriptions of other applications' databases. None of its commands changes a
//! database, and none needs somebody to act as: who can open the database can read it.

mod check;
mod draft;
mod list;
mod show;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::session::Session;
use crate::failure::Failure;
use crate::output::Format;

/// Descriptions of other applications' databases: list, show, check and draft them.
///
/// A description says in names and a few forms where an application keeps tokens, whose they
/// are and how one is revoked. --schema takes the name of one that the program brings, or a
/// file.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tokenctl schema list
  tokenctl schema show doorkeeper > ours.toml
  tokenctl --db app.db schema draft > ours.toml
  tokenctl --db app.db schema check ours.toml")]
pub struct Schema {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::List),
    Show(show::Show),
    Check(check::Check),
    Draft(draft::Draft),
}

impl Schema {
    pub fn run(self, session: &Session) -> Result<()> {
        match self.command {
            Command::List(command) => command.run(session),
            Command::Show(command) => command.run(session),
            Command::Check(command) => command.run(session),
            Command::Draft(command) => command.run(session),
        }
    }
}

/// Refuses a format where what is printed is a description.
fn prints_toml(session: &Session) -> Result<()> {
    if session.format() == Format::Table {
        return Ok(());
    }
    Err(Failure::usage("a description is printed as TOML alone: leave -o out").into())
}
