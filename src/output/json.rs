//! Writes records as JSON objects, each on one line.

use std::io::{self, Write};

use anyhow::Result;
use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter};
use serde_json::value::RawValue;

use super::text::{has_only, is_hostile, is_plain};
use super::view::{self, Cell, Column, Record};
use crate::model::time::Moment;

/// The columns of an object, each with the text before its value.
pub(super) struct Keys<R: 'static>(Vec<(String, &'static Column<R>)>);

impl<R: Record> Keys<R> {
    pub fn new(columns: impl IntoIterator<Item = &'static Column<R>>) -> Self {
        let keys = columns.into_iter().enumerate().map(|(index, column)| {
            let before = if index > 0 { ',' } else { '{' };
            // Keys are this program's own words and need no escaping.
            (format!("{before}\"{}\":", column.name), column)
        });
        Self(keys.collect())
    }

    /// Appends a record as an object, without a newline.
    pub fn write(&self, line: &mut Vec<u8>, record: &R, now: Moment) -> Result<()> {
        for (key, column) in &self.0 {
            line.extend_from_slice(key.as_bytes());
            write_cell(line, (column.cell)(record, now))?;
        }
        line.push(b'}');
        Ok(())
    }
}

fn write_cell(line: &mut Vec<u8>, cell: Cell<'_>) -> Result<()> {
    match cell {
        Cell::Null | Cell::Never => line.extend_from_slice(b"null"),
        Cell::Boolean(value) => line.extend_from_slice(if value { b"true" } else { b"false" }),
        Cell::Integer(value) => {
            line.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        }
        Cell::Share(_) => {
            let mut text = String::new();
            cell.write_plain(&mut text);
            line.extend_from_slice(text.as_bytes());
        }
        Cell::Word(text) => write_quoted(line, text),
        Cell::Text(text) | Cell::Whole(text) => write_text(line, text)?,
        Cell::List(texts) | Cell::Lines(texts) => {
            line.push(b'[');
            for (index, text) in texts.iter().enumerate() {
                line.extend_from_slice(if index > 0 { b"," } else { b"" });
                write_text(line, text)?;
            }
            line.push(b']');
        }
        Cell::State(state) => write_quoted(line, state.name()),
        Cell::Time(time) => write_quoted(line, time.text()),
        Cell::Expiry(expiry) => write_quoted(line, expiry.text()),
    }
    Ok(())
}

fn write_text(line: &mut Vec<u8>, text: &str) -> Result<()> {
    if has_only(text, |byte| matches!(byte, b' ' | b'!' | b'#'..=b'[' | b']'..=b'~')) {
        // Takes a quarter of the time, and nearly all text is like this.
        write_quoted(line, text);
        return Ok(());
    }
    write_value(line, &text)
}

/// Writes text that needs no escaping.
fn write_quoted(line: &mut Vec<u8>, text: impl AsRef<[u8]>) {
    line.push(b'"');
    line.extend_from_slice(text.as_ref());
    line.push(b'"');
}

/// Writes a value without a newline.
///
/// # Errors
///
/// When `out` cannot be written to.
pub fn write_value(out: impl Write, value: &impl Serialize) -> Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(out, EscapeHostile))?;
    Ok(())
}

/// Returns a record as an object to embed in another value.
///
/// # Errors
///
/// When the result is not JSON, which would be a bug in this module.
pub fn object<R: Record>(record: &R, now: Moment) -> Result<Box<RawValue>> {
    let mut line = Vec::new();
    Keys::new(view::keys()).write(&mut line, record, now)?;
    Ok(RawValue::from_string(String::from_utf8(line)?)?)
}

/// Escapes hostile characters as `\uXXXX`, which a JSON parser reverses.
struct EscapeHostile;

impl Formatter for EscapeHostile {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if is_plain(fragment) {
            return out.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some((at, hostile)) = rest.char_indices().find(|(_, c)| is_hostile(*c)) {
            out.write_all(&rest.as_bytes()[..at])?;
            for unit in hostile.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &rest[at + hostile.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }

    fn write_char_escape<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        CompactFormatter.write_char_escape(out, escape)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_parses_back_exactly_and_is_harmless(text in any::<String>(), more in "\\PC*[\u{0}-\u{a0}\u{2000}-\u{2070}\u{feff}]*") {
            for text in [text, more] {
                let mut out = Vec::new();
                write_cell(&mut out, Cell::Text(&text)).expect("a Vec");
                let written = String::from_utf8(out).expect("UTF-8");
                prop_assert!(!written.contains(is_hostile), "{written:?}");
                let read: String = serde_json::from_str(&written).expect("JSON");
                prop_assert_eq!(read, text);
            }
        }
    }
}
