//! Tables, laid out a page at a time. The widths of the pages before are lower
//! bounds of a page's, so that columns stay in line.

use std::io::Write;

use anstyle::{AnsiColor, Style as Paint};
use anyhow::Result;
use chrono_humanize::HumanTime;
use unicode_width::UnicodeWidthChar;

use super::OutputStyle;
use super::text::width;
use super::view::{self, Cell, Column, Record};
use crate::model::time::{Date, Expiry, Moment};
use crate::model::token::State;

/// Rows that are laid out together.
const PAGE: usize = 1000;
/// Cells between two columns.
const GAP: usize = 2;
/// No column is cut to fewer cells than this, unless the terminal is so narrow
/// that nothing else is left.
const LEAST_WIDTH: usize = 5;

/// A cell wider than this pushes the rest of its own line out of line, instead of
/// widening every line: a name may be as long as its owner likes.
const WIDEST_IN_LINE: usize = 256;

pub(super) struct Table<W: Write, R: Record> {
    out: W,
    columns: Vec<&'static Column<R>>,
    style: Style,
    widths: Vec<usize>,
    /// Whether the column holds text from outside, which is cut first.
    is_text: Vec<bool>,
    header_is_due: bool,
    page: Vec<Vec<Content>>,
}

#[derive(Clone, Copy)]
struct Style {
    terminal: Option<usize>,
    colour: bool,
    now: Moment,
}

impl Style {
    fn of(style: &OutputStyle) -> Self {
        Self { terminal: style.terminal, colour: style.colour, now: style.now }
    }
}

/// The text of a cell and what it is painted with.
struct Content {
    text: String,
    paint: Paint,
}

impl Content {
    fn heading(text: &str) -> Self {
        Self { text: text.into(), paint: Paint::new().bold() }
    }
}

impl<W: Write, R: Record> Table<W, R> {
    pub fn new(out: W, columns: Vec<&'static Column<R>>, style: &OutputStyle) -> Self {
        Self {
            out,
            widths: columns.iter().map(|column| column.name.len()).collect(),
            is_text: vec![false; columns.len()],
            columns,
            style: Style::of(style),
            header_is_due: true,
            page: Vec::new(),
        }
    }

    pub fn record(&mut self, record: &R) -> Result<()> {
        let cells = self.columns.iter().map(|column| (column.cell)(record, self.style.now));
        let row = cells.zip(&mut self.is_text).map(|(cell, is_text)| {
            *is_text |= matches!(cell, Cell::Text(_) | Cell::List(_));
            content(cell, self.style)
        });
        self.page.push(row.collect());
        if self.page.len() == PAGE {
            self.write_page()?;
        }
        Ok(())
    }

    /// Writes the rows of a page that is not full.
    fn write_rest(&mut self) -> Result<()> {
        if self.page.is_empty() { Ok(()) } else { self.write_page() }
    }

    pub fn flush(&mut self) -> Result<()> {
        self.write_rest()?;
        Ok(self.out.flush()?)
    }

    pub fn finish(mut self) -> Result<W> {
        self.write_rest()?;
        Ok(self.out)
    }

    fn write_page(&mut self) -> Result<()> {
        let mut page = std::mem::take(&mut self.page);
        if self.header_is_due {
            self.header_is_due = false;
            page.insert(0, self.columns.iter().map(|it| Content::heading(it.name)).collect());
        }
        for row in &page {
            for (content, widest) in row.iter().zip(&mut self.widths) {
                *widest = (*widest).max(width(&content.text).min(WIDEST_IN_LINE));
            }
        }
        if let Some(terminal) = self.style.terminal {
            fit(&mut self.widths, &self.is_text, terminal);
            for row in &mut page {
                for (content, &room) in row.iter_mut().zip(&self.widths) {
                    cut(&mut content.text, room);
                }
            }
        }
        write_lines(&mut self.out, &page, &self.widths, self.style)
    }
}

/// Writes one record as lines of a key and its value.
pub(super) fn details<R: Record>(
    out: &mut impl Write,
    record: &R,
    style: &OutputStyle,
) -> Result<()> {
    let style = Style::of(style);
    let names: Vec<_> = view::column_names::<R>().collect();
    let lines = names.iter().filter_map(|name| view::column::<R>(name)).map(|column| {
        let key = Content::heading(column.name);
        let cell = (column.cell)(record, style.now);
        let mut value = content(cell, style);
        // There is room for the exact time beside the relative one.
        if style.terminal.is_some() && matches!(cell, Cell::Time(_) | Cell::Expiry(_)) {
            let relative = std::mem::take(&mut value.text);
            cell.write_plain(&mut value.text);
            value.text.extend([" (", &relative, ")"]);
        }
        vec![key, value]
    });
    let widths = [names.iter().map(|name| name.len()).max().unwrap_or(0), 0];
    write_lines(out, &lines.collect::<Vec<_>>(), &widths, style)
}

/// Pads every cell to the width of its column, but for the last of a line.
fn write_lines(
    out: &mut impl Write,
    rows: &[Vec<Content>],
    widths: &[usize],
    style: Style,
) -> Result<()> {
    for row in rows {
        // What pads a cell is written when another follows, so no line ends in
        // blanks.
        let mut blanks = 0;
        for (content, room) in row.iter().zip(widths) {
            if !content.text.is_empty() {
                let paint = if style.colour { content.paint } else { Paint::new() };
                write!(out, "{}{paint}{}{paint:#}", " ".repeat(blanks), content.text)?;
                blanks = 0;
            }
            blanks += room.saturating_sub(width(&content.text)) + GAP;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Narrows the widest columns until all fit into `room`: those of text, and the
/// others when that is not enough.
fn fit(widths: &mut [usize], is_text: &[bool], room: usize) {
    let gaps = GAP * widths.len().saturating_sub(1);
    for (text_only, least) in [(true, LEAST_WIDTH), (false, LEAST_WIDTH), (false, 1)] {
        while widths.iter().sum::<usize>() + gaps > room {
            let columns = widths.iter_mut().zip(is_text);
            let columns = columns.filter(|(_, is_text)| **is_text || !text_only);
            match columns.map(|(width, _)| width).max() {
                Some(widest) if *widest > least => *widest -= 1,
                _ => break,
            }
        }
    }
}

/// Cuts a text to `room` cells, the last of them an ellipsis.
fn cut(text: &mut String, room: usize) {
    if width(text) <= room {
        return;
    }
    // Added up character by character: the width of a sequence of them is never
    // more, and a long name costs no more than its length.
    let mut used = 0;
    let mut fits = |c: char| {
        used += c.width().unwrap_or(0);
        used < room
    };
    let end = text.chars().take_while(|&c| fits(c)).map(char::len_utf8).sum();
    text.truncate(end);
    text.push('…');
}

/// The text of a cell: exact, or in words where a person reads it.
fn content(cell: Cell<'_>, style: Style) -> Content {
    let relative = style.terminal.map(|_| style.now);
    let text = match (cell, relative) {
        (Cell::Never, Some(_)) => "never".into(),
        (Cell::Null | Cell::Never, _) => "-".into(),
        (Cell::Time(time) | Cell::Expiry(Expiry::Instant(time)), Some(now)) if time.is_finite() => {
            HumanTime::from(time.since(now.instant)).to_string()
        }
        (Cell::Expiry(Expiry::Date(date)), Some(now)) if date == now.date => "today".into(),
        (Cell::Expiry(Expiry::Date(date)), Some(now)) if date > Date::MIN => {
            HumanTime::from(date - now.date).to_string()
        }
        _ => {
            let mut text = String::new();
            cell.write_plain(&mut text);
            text
        }
    };
    let paint = match cell {
        Cell::State(State::Active) => AnsiColor::Green.on_default(),
        Cell::State(State::Revoked) => AnsiColor::Red.on_default(),
        Cell::State(State::Expired) => AnsiColor::Yellow.on_default(),
        Cell::Null | Cell::Never => Paint::new().dimmed(),
        _ => Paint::new(),
    };
    Content { text, paint }
}
