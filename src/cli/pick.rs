//! Picking from a table at the terminal. Nothing is picked at first, and giving up picks
//! nothing.

use std::fmt;
use std::io;

use anyhow::{Context, Result};
use dialoguer::MultiSelect;
use dialoguer::console::Term;
use dialoguer::theme::Theme;
use nix::sys::termios::{FlushArg, tcflush};

use super::ask::{CANNOT_ASK, NOTHING_CHANGED};
use super::session::Session;
use super::stop::Stop;
use crate::failure::Failure;
use crate::output::Printer;
use crate::output::view::Record;

/// How many records can be picked from.
pub const PICKABLE: usize = 1000;

/// In less nobody sees what they pick.
const LEAST_ROWS: u16 = 6;
const LEAST_COLUMNS: u16 = 50;
/// Cells that dialoguer takes before an item, and behind the prompt of a list of
/// more than one page.
const ITEM_MARK: usize = "> [ ] ".len();
const PAGE_MARK: usize = " [Page 100/100] ".len();

/// Lets the user pick, and gives the places of what they picked: none if they give up.
pub fn pick<R: Record>(session: &Session, stop: &Stop, records: &[R]) -> Result<Vec<usize>> {
    let terminal = Term::stderr();
    let (rows, columns) = terminal.size();
    if rows < LEAST_ROWS || columns < LEAST_COLUMNS {
        let least = format!("{LEAST_COLUMNS} columns and {LEAST_ROWS} rows");
        return Err(Failure::usage(format!("picking takes a terminal of {least}")).into());
    }
    // Two lines of ours stand above the tokens; dialoguer keeps two more free.
    let length = usize::from(rows).saturating_sub(2);
    let has_pages = records.len() + 2 > length;
    let lines = lines(session, records, if has_pages { PAGE_MARK } else { 0 })?;
    let (heading, items) = lines.split_first().context("a table has a heading")?;
    tcflush(io::stdin(), FlushArg::TCIFLUSH).context(CANNOT_ASK)?;
    // dialoguer turns one signal into two.
    stop.count_signals_as_one();
    let picked = MultiSelect::with_theme(&Bare)
        .with_prompt(format!("space picks, a all, enter ends, esc gives up\n      {heading}"))
        .items(items)
        .max_length(length)
        .report(false)
        .interact_on_opt(&terminal);
    // An error leaves it hidden.
    terminal.show_cursor().context(CANNOT_ASK)?;
    stop.end_at_second_signal()?;
    stop.check().context(NOTHING_CHANGED)?;

    Ok(picked.context(CANNOT_ASK)?.unwrap_or_default())
}

/// The lines of a table, as wide as the terminal without the marks before them
/// and what is left free behind them.
fn lines<R: Record>(session: &Session, records: &[R], free: usize) -> Result<Vec<String>> {
    let mut style = session.preview_style();
    style.terminal = style.terminal.map(|width| width.saturating_sub(ITEM_MARK + free + 1));
    style.colour = false;
    let mut table = Vec::new();
    let mut printer = Printer::new(&mut table, &style)?;
    for record in records {
        printer.record(record)?;
    }
    printer.finish()?;
    let table = String::from_utf8(table).context(CANNOT_ASK)?;
    Ok(table.lines().map(Into::into).collect())
}

/// Without the colon that dialoguer sets behind a prompt: ours ends in headings.
struct Bare;

impl Theme for Bare {
    fn format_multi_select_prompt(&self, f: &mut dyn fmt::Write, prompt: &str) -> fmt::Result {
        f.write_str(prompt)
    }
}
