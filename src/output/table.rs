//! Tables, laid out a page at a time. The widths of the pages before are lower
//! bounds of a page's, so that columns stay in line.

use std::collections::VecDeque;
use std::io::Write;

use anstyle::Style as Paint;
use anyhow::Result;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, Width};

use super::OutputStyle;
use super::cell::{Content, END, Tint, WIDE, cut, is_relative};
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
    /// The rows of the page, of which so many are filled: the others are of the page before,
    /// and their memory is used again.
    page: Vec<Vec<Content>>,
    filled: usize,
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
            filled: 0,
        }
    }

    pub fn record(&mut self, record: &R) -> Result<()> {
        if self.filled == self.page.len() {
            self.page.push(self.columns.iter().map(|_| Content::default()).collect());
        }
        for (content, column) in self.page[self.filled].iter_mut().zip(&self.columns) {
            content.take(column, record, &self.style);
        }
        self.filled += 1;
        if self.filled == PAGE { self.write_page() } else { Ok(()) }
    }

    /// Writes the rows of a page that is not full.
    pub fn write_rest(&mut self) -> Result<()> {
        if self.filled == 0 { Ok(()) } else { self.write_page() }
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
        let page = &mut self.page[..std::mem::take(&mut self.filled)];
        for row in page.iter() {
            for (content, place) in row.iter().zip(&mut self.places) {
                place.hold(width(&content.text));
            }
        }
        if let Some(terminal) = self.style.terminal {
            let left_out = |places: &[Place]| places.iter().filter(|it| it.is_left_out).count();
            let before = left_out(&self.places);
            fit(&mut self.places, R::LEFT_OUT, R::KEPT, terminal.width);
            self.header_is_due |= left_out(&self.places) > before;
        }
        let mut header = Vec::new();
        if std::mem::take(&mut self.header_is_due) {
            header = self.columns.iter().map(|it| Content::heading(it.name)).collect();
        }
        if self.style.terminal.is_some() {
            for row in page.iter_mut().chain([&mut header]) {
                for (content, place) in row.iter_mut().zip(&self.places) {
                    cut(&mut content.text, place.width);
                }
            }
        }
        let is_shown = |place: &&Place| !place.is_left_out;
        let rows = [&header].into_iter().filter(|it| !it.is_empty()).chain(&*page).map(|row| {
            let cells = row.iter().zip(&self.places).filter(|(_, place)| is_shown(place));
            cells.map(|(content, _)| content)
        });
        let columns = self.places.iter().filter(is_shown).map(|place| {
            let is_right = self.style.terminal.is_some() && place.room == Room::Number;
            (place.width, if is_right { CellAlignment::Right } else { CellAlignment::Left })
        });
        let columns: Vec<_> = columns.collect();
        // No text of a page is broken into lines.
        let layout = Layout { columns: &columns, most: WIDEST_IN_LINE, together: PAGE + 1 };
        write_lines(&mut self.out, rows, &layout, self.style.colour)
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
        let mut value = Content::default();
        value.take(column, record, style);
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
        let lines = lines.iter().flatten().map(std::iter::once);
        let columns = [(terminal.width.max(1), CellAlignment::Left)];
        let layout = Layout { columns: &columns, most: MOST_TO_BREAK, together: 1 };
        return write_lines(out, lines, &layout, style.colour);
    }
    let room = style.terminal.map(|it| it.width.saturating_sub(key + GAP).max(1));
    // Elsewhere each value is on one line, however long it is.
    let (room, most) = room.map_or((1, 1), |room| (room, MOST_TO_BREAK));
    let columns = [(key, CellAlignment::Left), (room, CellAlignment::Left)];
    let layout = Layout { columns: &columns, most, together: 1 };
    write_lines(out, lines.iter().map(|line| line.iter()), &layout, style.colour)
}

/// How rows are laid out.
struct Layout<'c> {
    /// Their widths in cells. What is wider than its column is broken into lines.
    columns: &'c [(usize, CellAlignment)],
    /// What has more cells than this, and than its column, is not: it stands in its line as it
    /// is.
    most: usize,
    /// So many rows are one of comfy-table's, a line in its cells each, which takes half the
    /// time: where no text is broken.
    together: usize,
}

/// Writes rows in columns.
fn write_lines<'c>(
    out: &mut impl Write,
    rows: impl Iterator<Item = impl Iterator<Item = &'c Content>>,
    layout: &Layout<'_>,
    colour: bool,
) -> Result<()> {
    let Layout { columns, most, together } = *layout;
    let mut table = comfy_table::Table::new();
    table.load_style(NOTHING);
    let mut wide = VecDeque::new();
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let mut cells = vec![String::new(); columns.len()];
        for (index, row) in rows.by_ref().take(together).enumerate() {
            for ((content, (room, _)), cell) in row.zip(columns).zip(&mut cells) {
                let text = &content.text;
                let paint = content.paint.filter(|_| colour && !text.is_empty());
                cell.extend((index > 0).then_some('\n'));
                cell.extend(paint.map(Tint::mark));
                if text.len() > most.max(*room) && width(text) > most.max(*room) {
                    wide.push_back(text.as_str());
                    cell.push(WIDE);
                    cell.extend(std::iter::repeat_n('_', *room));
                } else {
                    cell.push_str(text);
                }
                cell.extend(paint.map(|_| END));
            }
        }
        table.add_row(cells.into_iter().map(comfy_table::Cell::new_owned).collect::<Vec<_>>());
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
fn write_marked(out: &mut impl Write, line: &str, wide: &mut VecDeque<&str>) -> Result<()> {
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
