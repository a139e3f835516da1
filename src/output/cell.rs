//! What stands in a cell of a table: its text, as long as it may be, and what it is painted
//! with.

use anstyle::{AnsiColor, Style as Paint};
use unicode_width::UnicodeWidthChar;

use super::text::{visible, width};
use super::view::{Cell, Column};
use super::{OutputStyle, Terminal, Times};
use crate::model::time::{relative, relative_expiry};
use crate::model::token::State;

/// The text of a cell and what it is painted with.
#[derive(Default)]
pub struct Content {
    pub text: String,
    pub paint: Option<Tint>,
}

impl Content {
    /// Takes what a record has in a column, in the place of what there was: exact, or in words
    /// where a person reads it.
    pub fn take<R>(&mut self, column: &Column<R>, record: &R, style: &OutputStyle) {
        let cell = (column.cell)(record, style.now);
        let said = match cell {
            Cell::Time(time) if is_relative(style) => relative(time, style.now.instant),
            Cell::Expiry(expiry) if is_relative(style) => relative_expiry(expiry, style.now),
            _ => None,
        };
        self.text.clear();
        match cell {
            Cell::Null => self.text.push('-'),
            Cell::Never if style.terminal.is_none() => self.text.push('-'),
            // What is not recorded may well happen.
            Cell::Never if style.unrecorded.contains(&column.name) => self.text.push('-'),
            Cell::Never => self.text.push_str("never"),
            _ => match said {
                Some(words) => self.text.push_str(&words),
                None => cell.write_plain(&mut self.text),
            },
        }
        self.paint = match cell {
            Cell::State(State::Active) => Some(Tint::Active),
            Cell::State(State::Revoked) => Some(Tint::Revoked),
            Cell::State(State::Expired) => Some(Tint::Expired),
            Cell::Null | Cell::Never => Some(Tint::Absent),
            _ => None,
        };
    }

    pub fn text(text: &str) -> Self {
        Self { text: visible(text).into(), paint: None }
    }

    pub fn heading(text: &str) -> Self {
        Self { text: text.into(), paint: Some(Tint::Heading) }
    }
}

/// What a cell is painted with, as a character that takes no place and that no text has,
/// since [`visible`] escapes it: comfy-table measures the text, not the
/// codes of the terminal, which take its place afterwards.
#[derive(Clone, Copy)]
pub enum Tint {
    Heading,
    Active,
    Revoked,
    Expired,
    Absent,
}

impl Tint {
    pub const ALL: [Self; 5] =
        [Self::Heading, Self::Active, Self::Revoked, Self::Expired, Self::Absent];

    pub fn mark(self) -> char {
        match self {
            Self::Heading => '\u{2060}',
            Self::Active => '\u{2061}',
            Self::Revoked => '\u{2062}',
            Self::Expired => '\u{2063}',
            Self::Absent => '\u{2064}',
        }
    }

    pub fn paint(self) -> Paint {
        match self {
            Self::Heading => Paint::new().bold(),
            Self::Active => AnsiColor::Green.on_default(),
            Self::Revoked => AnsiColor::Red.on_default(),
            Self::Expired => AnsiColor::Yellow.on_default(),
            Self::Absent => Paint::new().dimmed(),
        }
    }
}

/// Ends what is painted.
pub const END: char = '\u{206a}';

/// Begins a stand-in for a text that is wider than its column.
pub const WIDE: char = '\u{206b}';

/// Cuts a text to `room` cells, the last of them an ellipsis.
pub fn cut(text: &mut String, room: usize) {
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

pub fn is_relative(style: &OutputStyle) -> bool {
    matches!(style.terminal, Some(Terminal { times: Times::Relative, .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_take_no_place_and_no_text_has_them() {
        for mark in Tint::ALL.map(Tint::mark).into_iter().chain([END, WIDE]) {
            assert_eq!(width(&mark.to_string()), 0);
            assert!(super::super::text::is_hostile(mark));
        }
    }
}
