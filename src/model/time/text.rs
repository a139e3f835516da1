//! Writes times and dates as text, as lists show them and as stores hold them. Reads none.

use std::ops::{Deref, Range};

use chrono::{Datelike, NaiveTime, Timelike};

use super::Date;

/// A time as text, made without `format!` and without allocation, because every row of a
/// list has several.
#[derive(Clone, Copy, Debug)]
pub struct TimeText {
    /// Of the widest year, `-262143`, too.
    bytes: [u8; 28],
    length: usize,
}

impl TimeText {
    pub(super) fn of(date: Date) -> Self {
        let mut text = Self { bytes: [0; 28], length: 0 };
        match date.year() {
            year @ 0..=9999 => {
                text.push(b"0000-00-00");
                text.put(0..4, u32::try_from(year).unwrap_or(0));
            }
            // As far from now as it goes; the calendar itself ends with these days.
            _ if date == Date::MAX => text.push(b"infinity"),
            _ if date == Date::MIN => text.push(b"-infinity"),
            year => text.push(format!("{year:05}-00-00").as_bytes()),
        }
        if text.is_finite() {
            let end = text.length;
            text.put(end - 5..end - 3, date.month());
            text.put(end - 2..end, date.day());
        }
        text
    }

    pub(super) fn at(mut self, time: NaiveTime) -> Self {
        if self.is_finite() {
            let end = self.length;
            self.push(b"T00:00:00.000Z");
            self.put(end + 1..end + 3, time.hour());
            self.put(end + 4..end + 6, time.minute());
            self.put(end + 7..end + 9, time.second());
            self.put(end + 10..end + 13, time.nanosecond() / 1_000_000);
        }
        self
    }

    /// Whether it ends in digits, not in a word.
    fn is_finite(&self) -> bool {
        self.bytes[self.length - 1].is_ascii_digit()
    }

    fn push(&mut self, text: &[u8]) {
        self.bytes[self.length..][..text.len()].copy_from_slice(text);
        self.length += text.len();
    }

    fn put(&mut self, digits: Range<usize>, mut number: u32) {
        for digit in self.bytes[digits].iter_mut().rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
        }
    }
}

impl AsRef<[u8]> for TimeText {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Deref for TimeText {
    type Target = str;

    fn deref(&self) -> &str {
        str::from_utf8(self.as_ref()).unwrap_or_default()
    }
}
