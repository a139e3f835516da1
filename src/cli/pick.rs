//! Picks records from a table at the terminal. Nothing is picked at first, and cancelling
//! picks nothing.

use std::fmt;
use std::io;

use anyhow::{Context, Result};
use dialoguer::MultiSelect;
use dialoguer::theme::Theme;
use nix::sys::termios::{FlushArg, tcflush};

use super::ask::{CANNOT_ASK, NOTHING_CHANGED};
use super::session::Session;
use super::stop::Stop;
use crate::failure::Failure;
use crate::output::Printer;
use crate::output::view::Record;

/// The most records that can be picked from.
pub const PICKABLE: usize = 1000;

/// The smallest usable terminal.
const MIN_ROWS: u16 = 6;
const MIN_COLUMNS: u16 = 50;
/// Cells that dialoguer adds before an item, and after the prompt of a paged list.
const ITEM_MARK: usize = "> [ ] ".len();
const PAGE_MARK: usize = " [Page 100/100] ".len();

/// Lets the user pick, and returns the picked indexes: none on cancel.
pub fn pick<R: Record>(session: &Session, stop: &Stop, records: &[R]) -> Result<Vec<usize>> {
    let terminal = stop.terminal().context(CANNOT_ASK)?;
    let (rows, columns) = terminal.size();
    if rows < MIN_ROWS || columns < MIN_COLUMNS {
        let least = format!("{MIN_COLUMNS} columns and {MIN_ROWS} rows");
        return Err(Failure::usage(format!("picking takes a terminal of {least}")).into());
    }
    // The prompt takes two lines; dialoguer leaves two more free.
    let length = usize::from(rows).saturating_sub(2);
    let has_pages = records.len() + 2 > length;
    let lines = lines(session, records, if has_pages { PAGE_MARK } else { 0 })?;
    let (heading, items) = lines.split_first().context("a table has a heading")?;
    tcflush(io::stdin(), FlushArg::TCIFLUSH).context(CANNOT_ASK)?;
    stop.count_signals_as_one(true);
    let picked = MultiSelect::with_theme(&PromptWithoutColon)
        .with_prompt(format!("space picks, a all, enter ends, esc gives up\n      {heading}"))
        .items(items)
        .max_length(length)
        .report(false)
        .interact_on_opt(&terminal);
    // dialoguer leaves the cursor hidden after an error.
    let shown = terminal.show_cursor();
    stop.count_signals_as_one(false);
    stop.check().context(NOTHING_CHANGED)?;
    shown.context(CANNOT_ASK)?;

    Ok(picked.context(CANNOT_ASK)?.unwrap_or_default())
}

/// Formats a table that leaves room for dialoguer's marks and for `free` cells.
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

/// Omits dialoguer's colon after the prompt, which ends in column headings.
struct PromptWithoutColon;

impl Theme for PromptWithoutColon {
    fn format_multi_select_prompt(&self, f: &mut dyn fmt::Write, prompt: &str) -> fmt::Result {
        f.write_str(prompt)
    }
}
