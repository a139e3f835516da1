//! `schema list`: the descriptions that the program brings.

use std::io::Write;

use anyhow::{Context, Result};
use clap::Args;

use crate::cli::session::Session;
use crate::failure::Failure;
use crate::output::schema::Shipped;
use crate::output::{CANNOT_PRINT, Format, Printer, Times};
use crate::store::schema;

/// List the descriptions that the program brings.
///
/// A version in 'verified' is one that the description was tried with; without one it is
/// known from the application's own migrations.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tokenctl schema list
  tokenctl schema list -o json | jq -r '.[] | select(.verified).name'

Keys of JSON (null: not known):
  name                  string: for --schema
  application           string
  databases             array of strings
  verified              string: the version that it was tried with
  takes_effect          string: when a revocation is noticed
  detected              true or false: whether its tables are recognised
                        without --schema")]
pub struct List {}

impl List {
    #[expect(clippy::unused_self, reason = "as every command")]
    pub fn run(self, session: &Session) -> Result<()> {
        if session.format() == Format::Ids {
            return Err(Failure::usage("-o ids prints ids, and descriptions have none").into());
        }
        let style = session.style(Times::default());
        let mut printer = Printer::new(session.out(None)?, &style)?;
        for description in schema::all()? {
            let Some(described) = description.described() else { continue };
            printer.record(&Shipped {
                name: description.name,
                application: description.application.clone(),
                databases: description.dialects.iter().map(|it| it.name().to_owned()).collect(),
                verified: described.file.verified.clone(),
                takes_effect: description.takes_effect().map(Into::into),
                is_detected: !description.signature.is_empty(),
            })?;
        }
        printer.finish()?.flush().context(CANNOT_PRINT)
    }
}
