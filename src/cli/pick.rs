//! Picks records from a table at the terminal. Nothing is picked at first, and giving up
//! picks nothing.

use std::fmt::Write;

use anyhow::{Context, Result};
use dialoguer::console::{Term, truncate_str};
use dialoguer::theme::{SimpleTheme, Theme};
use signal_hook::consts::SIGINT;
use signal_hook::low_level::raise;

use super::ask::{CANNOT_ASK, NOTHING_CHANGED};
use super::raw_terminal::{Key, RawTerminal};
use super::session::Session;
use super::stop::Stop;
use crate::failure::Failure;
use crate::output::Printer;
use crate::output::Times;
use crate::output::view::Record;

/// The most records that can be picked from.
pub const PICKABLE: usize = 1000;

/// The smallest usable terminal: of one record, the keys, the headings and the count.
const MIN_ROWS: usize = 4;
const MIN_COLUMNS: usize = 20;
/// Cells that stand before a record.
const MARK: usize = "> [ ] ".len();

/// The keys, in as many words as there is room for.
const KEYS: [&str; 3] = [
    "space picks, a picks the page, enter ends, esc gives up, PgUp PgDn Home End move",
    "space, a: page, enter, esc, PgUp, PgDn",
    "space a enter esc",
];

/// Lets the user pick, and returns the picked indexes in order: none on giving up.
pub fn pick<R: Record>(
    session: &Session,
    stop: &Stop,
    times: Times,
    records: &[R],
) -> Result<Vec<usize>> {
    let screen = stop.terminal().context(CANNOT_ASK)?;
    let mut picker = Picker { session, times, records, picked: vec![false; records.len()], at: 0 };
    let chosen = RawTerminal::enter(&screen)
        .context(CANNOT_ASK)
        .and_then(|terminal| picker.run(&screen, &terminal, stop));
    stop.check().context(NOTHING_CHANGED)?;
    chosen.map_err(|error| stop.reason(error))
}

struct Picker<'p, R> {
    session: &'p Session,
    times: Times,
    records: &'p [R],
    picked: Vec<bool>,
    /// The index of the record that keys are about.
    at: usize,
}

/// What fits on a screen of one size.
struct Page {
    columns: usize,
    /// How many records.
    length: usize,
    headings: String,
    /// One for each record, on whatever page it is.
    lines: Vec<String>,
}

impl<R: Record> Picker<'_, R> {
    fn run(
        &mut self,
        screen: &Term,
        terminal: &RawTerminal<'_>,
        stop: &Stop,
    ) -> Result<Vec<usize>> {
        let mut size = screen.size();
        let mut page = self.laid_out(size)?;
        self.draw(screen, &page).context(CANNOT_ASK)?;
        while stop.check().is_ok() {
            let key = terminal.key().context(CANNOT_ASK)?;
            if screen.size() != size {
                size = screen.size();
                // One that is too small shows what there is room for until it grows again.
                page = self.laid_out(size).unwrap_or(page);
            } else if key.is_none() {
                continue;
            }
            match key.unwrap_or(Key::Redraw) {
                Key::Enter => {
                    let picked = self.picked.iter().enumerate();
                    return Ok(picked.filter(|(_, it)| **it).map(|(index, _)| index).collect());
                }
                Key::Escape => break,
                // Heard as everywhere else.
                Key::Interrupt => raise(SIGINT).context(CANNOT_ASK)?,
                key => self.press(key, page.length),
            }
            self.draw(screen, &page).context(CANNOT_ASK)?;
        }
        Ok(Vec::new())
    }

    fn press(&mut self, key: Key, length: usize) {
        let last = self.records.len() - 1;
        self.at = match key {
            Key::Up | Key::Letter(b'k') => self.at.saturating_sub(1),
            Key::Down | Key::Letter(b'j') => (self.at + 1).min(last),
            Key::PageUp => self.at.saturating_sub(length),
            Key::PageDown => (self.at + length).min(last),
            Key::Home => 0,
            Key::End => last,
            _ => self.at,
        };
        match key {
            Key::Space => self.picked[self.at] ^= true,
            Key::Letter(b'a') => {
                let begin = self.at - self.at % length;
                let page = &mut self.picked[begin..(begin + length).min(last + 1)];
                // Once all are picked, none.
                let picks = page.contains(&false);
                page.fill(picks);
            }
            _ => {}
        }
    }

    fn laid_out(&self, (rows, columns): (u16, u16)) -> Result<Page> {
        let (rows, columns) = (usize::from(rows), usize::from(columns));
        if rows < MIN_ROWS || columns < MIN_COLUMNS {
            let least = format!("{MIN_COLUMNS} columns and {MIN_ROWS} rows");
            return Err(Failure::usage(format!("picking takes a terminal of {least}")).into());
        }
        let mut style = self.session.preview_style(self.times);
        if let Some(terminal) = &mut style.terminal {
            terminal.width = columns - MARK;
        }
        style.colour = false;
        let mut table = Vec::new();
        let mut printer = Printer::new(&mut table, &style)?;
        for record in self.records {
            printer.record(record)?;
        }
        printer.finish()?;
        let table = String::from_utf8(table).context(CANNOT_ASK)?;
        let mut lines = table.lines().map(Into::into);
        let headings = lines.next().unwrap_or_default();
        Ok(Page { columns, length: rows + 1 - MIN_ROWS, headings, lines: lines.collect() })
    }

    fn draw(&self, screen: &Term, page: &Page) -> Result<()> {
        let Page { columns, length, headings, lines } = page;
        let begin = self.at - self.at % length;
        let keys = KEYS.into_iter().find(|it| it.len() <= *columns).unwrap_or_default();
        let mut text = format!("{keys}\n{:MARK$}{headings}\n", "");
        for (index, line) in lines.iter().enumerate().skip(begin).take(*length) {
            let is_here = index == self.at;
            SimpleTheme.format_multi_select_prompt_item(
                &mut text,
                line,
                self.picked[index],
                is_here,
            )?;
            text.push('\n');
        }
        let picked = self.picked.iter().filter(|it| **it).count();
        let mut count = format!("{picked} of {} picked", lines.len());
        let pages = lines.len().div_ceil(*length);
        if pages > 1 {
            let page = begin / length + 1;
            write!(count, ", page {page} of {pages}")?;
            if count.len() > *columns {
                count = format!("{picked}/{} p. {page}/{pages}", lines.len());
            }
        }
        text.push_str(&truncate_str(&count, *columns, "…"));
        screen.clear_screen()?;
        // At once: what is drawn line by line flickers.
        Ok(screen.write_str(&text)?)
    }
}
