//! Tables, laid out a page at a time. The widths of the pages before are lower
//! bounds of a page's, so that columns stay in line.

use std::collections::VecDeque;
use std::io::Write;

use anstyle::Style as Paint;
use anyhow::Result;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, Width};

use super::OutputStyle;
use super::cell::{Content, END, Tint, WIDE, content, cut, is_relative};
use super::layout::{GAP, Place, WIDEST_IN_LINE, fit};
use super::text::width;
use super::view::{self, Cell, Column, Record, Room};

/// Rows that are laid out together.
const PAGE: usize = 1000;

/// How many cells of a value `show` breaks into lines at a terminal. A longer one is left to
/// the terminal: comfy-table's time to break a text grows with the square of its length.
const MOST_TO_BREAK: usize = 2000;

/// What stands beside a key has at least so many cells: those of an exact time.
const LEAST_BESIDE: usize = 24;

pub(super) struct Table<W: Write, R: Record> {
    out: W,
    columns: Vec<&'static Column<R>>,
    places: Vec<Place>,
    style: OutputStyle,
    header_is_due: bool,
    page: Vec<Vec<Content>>,
}

impl<W: Write, R: Record> Table<W, R> {
    pub fn new(out: W, style: &OutputStyle) -> Self {
        let columns = match (&style.columns, style.terminal) {
            (Some(names), _) => view::columns(names),
            (None, Some(_)) => view::columns(R::TERMINAL),
            (None, None) => view::columns(R::TABLE),
        };
        Self {
            out,
            places: columns.iter().map(|column| Place::of(column)).collect(),
            columns,
            style: style.clone(),
            header_is_due: true,
            page: Vec::new(),
        }
    }

    pub fn record(&mut self, record: &R) -> Result<()> {
        let row = self.columns.iter().map(|column| content(column, record, &self.style));
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

    pub fn left_out(&self) -> Vec<&'static str> {
        let columns = self.columns.iter().zip(&self.places);
        columns.filter(|(_, place)| place.is_left_out).map(|(column, _)| column.name).collect()
    }

    pub fn finish(mut self) -> Result<W> {
        self.write_rest()?;
        Ok(self.out)
    }

    fn write_page(&mut self) -> Result<()> {
        let mut page = std::mem::take(&mut self.page);
        for row in &page {
            for (content, place) in row.iter().zip(&mut self.places) {
                place.hold(width(&content.text));
            }
        }
        if let Some(terminal) = self.style.terminal {
            let shown = self.left_out().len();
            fit(&mut self.places, R::LEFT_OUT, R::KEPT, terminal.width);
            self.header_is_due |= self.left_out().len() > shown;
        }
        if self.header_is_due {
            self.header_is_due = false;
            page.insert(0, self.columns.iter().map(|it| Content::heading(it.name)).collect());
        }
        if self.style.terminal.is_some() {
            for row in &mut page {
                let mut places = self.places.iter();
                row.retain_mut(|content| {
                    places.next().is_some_and(|place| {
                        cut(&mut content.text, place.width);
                        !place.is_left_out
                    })
                });
            }
        }
        let places: Vec<_> = self.places.iter().filter(|it| !it.is_left_out).collect();
        let columns = places.iter().map(|place| {
            let is_right = self.style.terminal.is_some() && place.room == Room::Number;
            (place.width, if is_right { CellAlignment::Right } else { CellAlignment::Left })
        });
        let columns: Vec<_> = columns.collect();
        write_lines(&mut self.out, page, &columns, WIDEST_IN_LINE, self.style.colour)
    }
}

/// Writes one record as lines of a key and its value.
pub(super) fn details<R: Record>(
    out: &mut impl Write,
    record: &R,
    style: &OutputStyle,
) -> Result<()> {
    let names: Vec<_> = view::column_names::<R>().collect();
    let columns = match &style.columns {
        None => view::columns::<R>(&names),
        Some(names) => view::columns(names),
    };
    let lines = columns.iter().flat_map(|column| {
        let mut value = content(column, record, style);
        let cell = (column.cell)(record, style.now);
        if let Cell::Lines([first, others @ ..]) = cell {
            let below = others.iter().map(|it| vec![Content::heading(""), Content::text(it)]);
            let first = vec![Content::heading(column.name), Content::text(first)];
            return [first].into_iter().chain(below).collect::<Vec<_>>();
        }
        // There is room for the exact time beside the relative one.
        if matches!(cell, Cell::Time(_) | Cell::Expiry(_)) && is_relative(style) {
            let relative = std::mem::take(&mut value.text);
            cell.write_plain(&mut value.text);
            if value.text != relative {
                value.text.extend([" (", &relative, ")"]);
            }
        }
        vec![vec![Content::heading(column.name), value]]
    });
    let key = names.iter().map(|name| name.len()).max().unwrap_or(0);
    let lines: Vec<Vec<Content>> = lines.collect();
    if let Some(terminal) = style.terminal.filter(|it| it.width < key + GAP + LEAST_BESIDE) {
        // Below its key a value has the whole width.
        let lines = lines.into_iter().flatten().map(|content| vec![content]);
        let columns = [(terminal.width.max(1), CellAlignment::Left)];
        return write_lines(out, lines.collect(), &columns, MOST_TO_BREAK, style.colour);
    }
    let room = style.terminal.map(|it| it.width.saturating_sub(key + GAP).max(1));
    // Elsewhere each value is on one line, however long it is.
    let (room, most) = room.map_or((1, 1), |room| (room, MOST_TO_BREAK));
    let columns = [(key, CellAlignment::Left), (room, CellAlignment::Left)];
    write_lines(out, lines, &columns, most, style.colour)
}

/// Writes rows in columns of these widths. What is wider than its column is broken into
/// lines, unless it has more than `most` cells: then it stands in its line as it is.
fn write_lines(
    out: &mut impl Write,
    rows: Vec<Vec<Content>>,
    columns: &[(usize, CellAlignment)],
    most: usize,
    colour: bool,
) -> Result<()> {
    let mut table = comfy_table::Table::new();
    table.load_style(NOTHING);
    let mut wide = VecDeque::new();
    for row in rows {
        let cells = row.into_iter().zip(columns).map(|(content, (room, _))| {
            let mut text = content.text;
            if text.len() > most.max(*room) && width(&text) > most.max(*room) {
                let stand_in = format!("{WIDE}{}", "_".repeat(*room));
                wide.push_back(std::mem::replace(&mut text, stand_in));
            }
            if let Some(paint) = content.paint.filter(|_| colour && !text.is_empty()) {
                text.insert(0, paint.mark());
                text.push(END);
            }
            comfy_table::Cell::new_owned(text)
        });
        table.add_row(cells.collect::<Vec<_>>());
    }
    let gap = u16::try_from(GAP)?;
    for (column, (room, alignment)) in table.column_iter_mut().zip(columns) {
        let room = Width::Fixed(u16::try_from(*room)?.saturating_add(gap));
        column.set_padding((0, gap)).set_constraint(ColumnConstraint::Absolute(room));
        column.set_cell_alignment(*alignment);
    }
    for line in table.lines() {
        let line = line.trim_end_matches(' ');
        if colour || !wide.is_empty() {
            write_marked(out, line, &mut wide)?;
        } else {
            out.write_all(line.as_bytes())?;
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Writes a line with what its marks stand for.
fn write_marked(out: &mut impl Write, line: &str, wide: &mut VecDeque<String>) -> Result<()> {
    let mut rest = line;
    let mut paint = Paint::new();
    let is_mark = |c| ('\u{2060}'..=WIDE).contains(&c);
    while let Some((before, mark)) = rest.find(is_mark).map(|at| rest.split_at(at)) {
        out.write_all(before.as_bytes())?;
        let mark_char = mark.chars().next().unwrap_or(END);
        rest = &mark[mark_char.len_utf8()..];
        if let Some(tint) = Tint::ALL.into_iter().find(|it| it.mark() == mark_char) {
            paint = tint.paint();
            write!(out, "{paint}")?;
        } else if mark_char == WIDE {
            out.write_all(wide.pop_front().unwrap_or_default().as_bytes())?;
            rest = rest.trim_start_matches('_');
        } else {
            write!(out, "{paint:#}")?;
        }
    }
    out.write_all(rest.as_bytes())?;
    Ok(())
}
