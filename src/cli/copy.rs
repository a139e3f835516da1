//! `copy`: copies a whole native store to a new one, in either engine.

use std::ffi::OsString;
use std::io::Write;

use anyhow::{Context, Result};
use clap::{Args, ValueHint};
use shell_words::quote;

use super::arguments::non_empty;
use super::location::StoreName;
use super::progress::Progress;
use super::session::Session;
use super::stop::Stop;
use crate::failure::{Failure, Kind};
use crate::output::{CANNOT_PRINT, Format, Printer, Times};
use crate::store::{Copying, Mode};

/// Copy a whole native store to a new one.
///
/// From SQLite to PostgreSQL, back, or within either: all tables with their ids, the
/// digests of the tokens and the audit events, as of one instant. Every row is read
/// back and compared before there is a new store; a run that fails, is stopped or is
/// killed leaves none. Only an administrator may copy a store.
///
/// The old store is only read. An application that goes on writing to it meanwhile loses
/// nothing there, but the copy does not have it: stop it first, and switch it over after.
/// A file that keeps a rollback journal takes no writes while it is read.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tokenctl --db tokens.db copy postgres:///tokens
  tokenctl --db postgres:///tokens copy tokens.db

Columns and keys:
  table   string: a table of the store
  rows    number: how many rows it has, in both stores
  sha256  string: of those rows, in both stores")]
pub struct Copy {
    /// The new store: a path, or a URL as for --db, without a password
    #[arg(value_name = "TARGET", value_parser = non_empty(), value_hint = ValueHint::FilePath)]
    target: OsString,
}

impl Copy {
    pub fn run(self, session: &Session) -> Result<()> {
        if session.format() == Format::Ids {
            return Err(Failure::usage("-o ids prints ids, and a copy has none").into());
        }
        let typed = self.target.to_string_lossy().into_owned();
        let target = StoreName::of_argument("<TARGET>", self.target)
            .map_err(|failure| failure.hint("set PGPASSWORD, or write it into ~/.pgpass"))?
            .location()?;
        let stop = Stop::listen()?;
        let mut store = session.open(Mode::Read)?;
        store.stop_when(stop.flag());
        if !session.actor(&store)?.is_admin() {
            let message = "only an administrator may copy a store";
            return Err(Failure::new(Kind::Denied, message).into());
        }
        let progress = Progress::searching(session, &stop, "{pos} rows written or read back");
        let told = |rows| progress.reach(rows);
        let copying = Copying { stop: stop.flag(), progress: &told };
        let copied = store.copy_to(&target, copying);
        drop(progress);
        let copied =
            copied.or_else(|error| stop.check().context("no store was created").and(Err(error)))?;
        let rows: u64 = copied.iter().map(|it| it.rows).sum();
        let mut printer = Printer::new(session.out(None)?, &session.style(Times::default()))?;
        for table in &copied {
            printer.record(table)?;
        }
        printer.finish()?.flush().context(CANNOT_PRINT)?;
        session.note(&format!("copied {rows} rows, and read each back; to switch:"));
        session.note_more(&format!("  export TOKENCTL_DB={}", quote(&typed)));
        Ok(())
    }
}
