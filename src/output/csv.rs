//! Writes CSV as in RFC 4180, but with LF line ends.

use std::cell::Cell as Shared;
use std::io::{self, Write};
use std::rc::Rc;

use anyhow::Result;

use super::view::{Cell, Column, Record};
use crate::model::time::Moment;

pub(super) struct Lines<W: Write, R: Record> {
    writer: csv::Writer<Patient<W>>,
    is_pause: Rc<Shared<bool>>,
    columns: Vec<&'static Column<R>>,
    /// The text of a cell, reused to avoid allocation.
    text: String,
}

impl<W: Write, R: Record> Lines<W, R> {
    pub fn new(out: W, columns: Vec<&'static Column<R>>) -> Result<Self> {
        let is_pause = Rc::default();
        let mut writer = csv::Writer::from_writer(Patient { out, is_pause: Rc::clone(&is_pause) });
        writer.write_record(columns.iter().map(|column| column.name))?;
        Ok(Self { writer, is_pause, columns, text: String::new() })
    }

    pub fn record(&mut self, record: &R, now: Moment) -> Result<()> {
        for column in &self.columns {
            self.text.clear();
            write_cell(&mut self.text, (column.cell)(record, now));
            self.writer.write_field(&self.text)?;
        }
        self.writer.write_record(None::<&[u8]>)?;
        Ok(())
    }

    pub fn finish(self) -> Result<W> {
        let unwritten = |error: csv::IntoInnerError<_>| {
            let (code, kind) = (error.error().raw_os_error(), error.error().kind());
            code.map_or(kind.into(), io::Error::from_raw_os_error)
        };
        Ok(self.writer.into_inner().map_err(unwritten)?.out)
    }

    pub fn flush(&mut self) -> Result<()> {
        self.is_pause.set(true);
        let flushed = self.writer.flush();
        self.is_pause.set(false);
        Ok(flushed?)
    }
}

/// What is flushed only in a pause: csv would do so in the end too, where that is left to
/// whoever gave the writer.
struct Patient<W> {
    out: W,
    is_pause: Rc<Shared<bool>>,
}

impl<W: Write> Write for Patient<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_pause.get() { self.out.flush() } else { Ok(()) }
    }
}

/// What a spreadsheet takes for the beginning of a formula.
pub const FORMULA: [char; 4] = ['=', '+', '-', '@'];

/// Appends a value as a cell has it, before it is quoted.
pub fn write_cell(text: &mut String, cell: Cell<'_>) {
    let at = text.len();
    cell.write_plain(text);
    if is_untrusted(cell) && text[at..].starts_with(FORMULA) {
        // Keeps a spreadsheet from running the text as a formula.
        text.insert(at, '\'');
    }
}

/// Whether the cell is untrusted text.
fn is_untrusted(cell: Cell<'_>) -> bool {
    matches!(cell, Cell::Text(_) | Cell::Whole(_) | Cell::List(_) | Cell::Lines(_))
}
