//! CSV as RFC 4180 has it, with LF line ends.

use std::borrow::Cow;
use std::io::Write;

use anyhow::Result;

use super::view::{Cell, Column, Record};
use crate::model::time::Moment;

pub(super) struct Lines<W: Write, R: Record> {
    writer: csv::Writer<W>,
    columns: Vec<&'static Column<R>>,
}

impl<W: Write, R: Record> Lines<W, R> {
    pub fn new(out: W, columns: Vec<&'static Column<R>>) -> Result<Self> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(columns.iter().map(|column| column.name))?;
        Ok(Self { writer, columns })
    }

    pub fn record(&mut self, record: &R, now: Moment) -> Result<()> {
        for column in &self.columns {
            self.writer.write_field(field((column.cell)(record, now)).as_ref())?;
        }
        self.writer.write_record(None::<&[u8]>)?;
        Ok(())
    }

    pub fn flush(&mut self) -> Result<()> {
        Ok(self.writer.flush()?)
    }
}

fn field(cell: Cell<'_>) -> Cow<'_, str> {
    let text = cell.plain();
    match cell {
        // A spreadsheet would take these beginnings for a formula, and run it.
        Cell::Text(_) | Cell::Whole(_) | Cell::List(_)
            if text.starts_with(['=', '+', '-', '@']) =>
        {
            format!("'{text}").into()
        }
        _ => text,
    }
}
