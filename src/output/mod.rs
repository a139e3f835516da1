//! Formats rows, one file per format. Handles one row at a time, so that memory stays
//! bounded however many rows there are.

pub mod blocking;
mod cell;
pub mod chart;
mod copied_table;
pub mod csv;
pub mod json;
mod layout;
pub mod metrics;
pub mod report;
pub mod revocation;
pub mod schema;
pub mod spool;
pub mod stats;
mod table;
pub mod text;
pub mod view;

use std::io::Write;

use anyhow::{Context, Result};
use clap::ValueEnum;

use self::json::Keys;
use self::table::Table;
use self::view::Record;
use crate::model::id::Id;
use crate::model::time::Moment;

/// The form of the result on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns for people
    Table,
    /// One array, one object per line
    Json,
    /// One object per line
    Jsonl,
    /// RFC 4180 with a header
    Csv,
    /// One id per line, ready for 'revoke -'
    Ids,
}

/// The style of a result.
#[derive(Clone, Debug)]
pub struct OutputStyle {
    pub format: Format,
    /// The time for states and relative times.
    pub now: Moment,
    /// The terminal that the result goes to, if it goes to one. Only there cells are cut.
    pub terminal: Option<Terminal>,
    pub colour: bool,
    /// Columns of all formats but ids, instead of the default ones.
    pub columns: Option<Vec<String>>,
    /// Whether only the number of the records is printed, in whatever format.
    pub counts: bool,
    /// Properties that the store does not record. What is missing there is not what never
    /// happened.
    pub unrecorded: Vec<&'static str>,
}

/// How a terminal shows a table.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// In cells.
    pub width: usize,
    pub times: Times,
}

/// How a terminal shows times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Times {
    /// How far from now, in whole units, never rounded up: 2y 11mo ago
    #[default]
    Relative,
    /// As all other output has them: 2020-07-23T14:31:47.729Z
    Exact,
}

/// Writes records in one format.
pub struct Printer<W: Write, R: Record> {
    body: Body<W, R>,
    now: Moment,
    /// A line, reused to avoid allocation.
    line: Vec<u8>,
}

#[expect(clippy::large_enum_variant, reason = "one value per run")]
enum Body<W: Write, R: Record> {
    Table(Table<W, R>),
    Json { out: W, keys: Keys<R>, any: bool },
    Jsonl { out: W, keys: Keys<R> },
    Csv(csv::Lines<W, R>),
    Ids(W),
    Count { out: W, count: u64 },
}

impl<W: Write, R: Record> Printer<W, R> {
    /// Begins the output; CSV writes its header.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written to; the same holds for the other functions.
    pub fn new(out: W, style: &OutputStyle) -> Result<Self> {
        let columns = || match &style.columns {
            None => view::keys().collect(),
            Some(names) => view::columns(names),
        };
        let keys = || Keys::new(columns());
        Ok(Self {
            now: style.now,
            line: Vec::new(),
            body: match style.format {
                _ if style.counts => Body::Count { out, count: 0 },
                Format::Table => Body::Table(Table::new(out, style)),
                Format::Json => Body::Json { out, keys: keys(), any: false },
                Format::Jsonl => Body::Jsonl { out, keys: keys() },
                Format::Csv => Body::Csv(csv::Lines::new(out, columns())?),
                Format::Ids => Body::Ids(out),
            },
        })
    }

    pub fn record(&mut self, record: &R) -> Result<()> {
        self.write(record).context(CANNOT_PRINT)
    }

    fn write(&mut self, record: &R) -> Result<()> {
        let line = &mut self.line;
        line.clear();
        match &mut self.body {
            Body::Table(table) => table.record(record)?,
            Body::Json { out, keys, any } => {
                line.extend_from_slice(if *any { b",\n" } else { b"[\n" });
                *any = true;
                keys.write(line, record, self.now)?;
                out.write_all(line)?;
            }
            Body::Jsonl { out, keys } => {
                keys.write(line, record, self.now)?;
                line.push(b'\n');
                out.write_all(line)?;
            }
            Body::Csv(lines) => lines.record(record, self.now)?,
            Body::Ids(out) => {
                if let Some(id) = record.listed_id() {
                    match &id.0 {
                        Id::Integer(id) => {
                            line.extend_from_slice(itoa::Buffer::new().format(*id).as_bytes());
                        }
                        Id::Text(id) => line.extend_from_slice(id.as_bytes()),
                    }
                    line.push(b'\n');
                    out.write_all(line)?;
                }
            }
            Body::Count { count, .. } => *count += 1,
        }
        Ok(())
    }

    /// Writes out what is buffered, and flushes the writer.
    pub fn flush(&mut self) -> Result<()> {
        match &mut self.body {
            Body::Table(table) => table.flush(),
            Body::Json { out, .. }
            | Body::Jsonl { out, .. }
            | Body::Ids(out)
            | Body::Count { out, .. } => out.flush().map_err(Into::into),
            Body::Csv(lines) => lines.flush(),
        }
        .context(CANNOT_PRINT)
    }

    /// Returns the columns for which the terminal has no room, now that all is written.
    pub fn left_out(&mut self) -> Result<Vec<&'static str>> {
        match &mut self.body {
            Body::Table(table) => {
                table.write_rest().context(CANNOT_PRINT)?;
                Ok(table.left_out())
            }
            Body::Json { .. }
            | Body::Jsonl { .. }
            | Body::Csv(_)
            | Body::Ids(_)
            | Body::Count { .. } => Ok(Vec::new()),
        }
    }

    /// Ends the output and gives the writer back; JSON closes its array.
    pub fn finish(self) -> Result<W> {
        let finished = || -> Result<W> {
            Ok(match self.body {
                Body::Table(table) => table.finish()?,
                Body::Json { mut out, any, .. } => {
                    out.write_all(if any { b"\n]\n" } else { b"[]\n" })?;
                    out
                }
                Body::Jsonl { out, .. } | Body::Ids(out) => out,
                Body::Csv(lines) => lines.finish()?,
                Body::Count { mut out, count } => {
                    writeln!(out, "{count}")?;
                    out
                }
            })
        };
        finished().context(CANNOT_PRINT)
    }
}

/// Writes a single record, for which `table` and `json` have another form.
///
/// # Errors
///
/// When `out` cannot be written to.
pub fn print_one<R: Record>(mut out: impl Write, record: &R, style: &OutputStyle) -> Result<()> {
    let format = match style.format {
        Format::Table => {
            return table::details(&mut out, record, style)
                .and_then(|()| out.flush().map_err(Into::into))
                .context(CANNOT_PRINT);
        }
        // An object, not an array with one element.
        Format::Json => Format::Jsonl,
        Format::Jsonl | Format::Csv | Format::Ids => style.format,
    };
    let mut printer = Printer::new(out, &OutputStyle { format, ..style.clone() })?;
    printer.record(record)?;
    printer.finish()?.flush().context(CANNOT_PRINT)
}

pub const CANNOT_PRINT: &str = "cannot write to standard output";
