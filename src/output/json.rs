//! JSON: one object, on one line.

use std::io::{self, Write};

use anyhow::Result;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::ser::{CharEscape, CompactFormatter, Formatter};

use super::text::{is_hostile, is_plain};
use super::view::{self, Cell, Record};
use crate::model::time::Moment;

/// Writes a record as an object, without a newline.
pub(super) fn write<R: Record>(out: impl Write, record: &R, now: Moment) -> Result<()> {
    write_value(out, &object(record, now))
}

/// Writes a value without a newline.
///
/// # Errors
///
/// When `out` cannot be written to.
pub fn write_value(out: impl Write, value: &impl Serialize) -> Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(out, Harmless))?;
    Ok(())
}

/// A record as an object with its keys.
pub fn object<R: Record>(record: &R, now: Moment) -> impl Serialize + '_ {
    Object { record, now }
}

struct Object<'a, R> {
    record: &'a R,
    now: Moment,
}

impl<R: Record> Serialize for Object<'_, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for column in view::keys::<R>() {
            map.serialize_entry(column.name, &(column.cell)(self.record, self.now))?;
        }
        map.end()
    }
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null | Self::Never => serializer.serialize_unit(),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serializer.serialize_i64(*value),
            Self::Word(text) | Self::Text(text) | Self::Whole(text) => {
                serializer.serialize_str(text)
            }
            Self::List(texts) => serializer.collect_seq(*texts),
            Self::State(state) => serializer.serialize_str(state.name()),
            Self::Time(time) => serializer.serialize_str(&time.to_string()),
            Self::Expiry(expiry) => serializer.serialize_str(&expiry.to_string()),
        }
    }
}

/// Escapes hostile characters, which a JSON parser gives back as they were.
struct Harmless;

impl Formatter for Harmless {
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
                let mut serializer = serde_json::Serializer::with_formatter(&mut out, Harmless);
                Cell::Text(&text).serialize(&mut serializer).expect("a Vec");
                let written = String::from_utf8(out).expect("UTF-8");
                prop_assert!(!written.contains(is_hostile), "{written:?}");
                let read: String = serde_json::from_str(&written).expect("JSON");
                prop_assert_eq!(read, text);
            }
        }
    }
}
