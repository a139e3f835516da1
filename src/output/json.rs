//! Writes records as JSON objects, each on one line.

use std::io::{self, Write};

use anyhow::Result;
use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter};
use serde_json::value::RawValue;

use super::text::{is_hostile, is_plain};
use super::view::{self, Cell, Column, Record};
use crate::model::time::Moment;

/// Appends these columns of a record as an object, without a newline.
pub(super) fn write<R: Record>(
    line: &mut Vec<u8>,
    columns: &[&Column<R>],
    record: &R,
    now: Moment,
) -> Result<()> {
    let mut before = b'{';
    for column in columns {
        // Keys are this program's own words and need no escaping.
        line.extend_from_slice(&[before, b'"']);
        line.extend_from_slice(column.name.as_bytes());
        line.extend_from_slice(b"\":");
        write_cell(line, (column.cell)(record, now))?;
        before = b',';
    }
    line.push(b'}');
    Ok(())
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
        Cell::Word(text) | Cell::Text(text) | Cell::Whole(text) => write_text(line, text)?,
        Cell::List(texts) | Cell::Lines(texts) => {
            line.push(b'[');
            for (index, text) in texts.iter().enumerate() {
                line.extend_from_slice(if index > 0 { b"," } else { b"" });
                write_text(line, text)?;
            }
            line.push(b']');
        }
        Cell::State(state) => write_text(line, state.name())?,
        Cell::Time(time) => write_text(line, &time.text())?,
        Cell::Expiry(expiry) => write_text(line, &expiry.text())?,
    }
    Ok(())
}

fn write_text(line: &mut Vec<u8>, text: &str) -> Result<()> {
    let is_verbatim = |byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    if !text.bytes().all(is_verbatim) {
        return write_value(line, &text);
    }
    // Takes a quarter of the time, and nearly all text is like this.
    line.push(b'"');
    line.extend_from_slice(text.as_bytes());
    line.push(b'"');
    Ok(())
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
    write(&mut line, &view::keys().collect::<Vec<_>>(), record, now)?;
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
