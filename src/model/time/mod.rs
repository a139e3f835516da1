//! Instants, dates and durations, as users write them and as stores hold them.
//!
//! Never reads the clock: functions take the current time as a [`Moment`].

mod argument;
mod period;
mod relative;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::{Deref, Range};
use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use self::argument::{OUT_OF_RANGE, Rounding, TimeArg};
pub use self::period::Period;
pub use self::relative::{relative, relative_expiry};

/// A UTC day.
pub type Date = NaiveDate;

/// An instant in UTC, in whole milliseconds: of the years 0 to 9999, but where another
/// application's database has another one, or an infinite one.
///
/// Displays as `2020-07-23T14:31:47.729Z`, which sorts as text in the order of
/// time, other years as they are, and those beyond all as PostgreSQL writes them, `infinity`
/// and `-infinity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// Between these lie all times that a token is likely to have: outside, a number may have
    /// been taken for another unit.
    pub const FIRST_LIKELY: Self = Self(DateTime::from_timestamp(946_684_800, 0).expect("2000"));
    pub const LAST_LIKELY: Self = Self(DateTime::from_timestamp(7_258_118_400, 0).expect("2200"));

    /// 1970-01-01, from which systems count.
    pub const EPOCH: Self = Self(DateTime::UNIX_EPOCH);

    /// Truncates `instant` to its millisecond; `None` outside the years 0 to 9999.
    #[must_use]
    pub fn new(instant: DateTime<Utc>) -> Option<Self> {
        // Through the number of milliseconds, which also normalises a leap second.
        let instant = DateTime::from_timestamp_millis(instant.timestamp_millis())?;
        in_range(instant.date_naive()).then_some(Self(instant))
    }

    /// Returns 00:00 UTC of `date`; `None` outside the years 0 to 9999.
    #[must_use]
    pub fn midnight(date: Date) -> Option<Self> {
        Self::new(date.and_time(NaiveTime::MIN).and_utc())
    }

    /// Takes an instant as another application's database has it, and truncates it to its
    /// millisecond.
    #[must_use]
    pub fn from_database(instant: DateTime<Utc>) -> Self {
        let whole = DateTime::from_timestamp_millis(instant.timestamp_millis());
        Self(whole.unwrap_or(instant))
    }

    /// Parses the stored form, `2020-07-23T14:31:47.729Z`.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        let [year, month, day, hour, minute, second, milli] =
            numbers(text, b"0000-00-00T00:00:00.000Z")?;
        let date = Date::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        // The form allows only years 0 to 9999 and whole milliseconds.
        Some(Self(date.and_hms_milli_opt(hour, minute, second, milli)?.and_utc()))
    }

    /// Parses a UTC time without zone: `2020-07-23 14:31:47`, or with a `T`, and with an
    /// optional fraction of the second, which is truncated to milliseconds.
    #[must_use]
    pub fn from_spaced(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let [year, month, day, hour, minute, second] = numbers(whole, b"0000-00-00 00:00:00")
            .or_else(|| numbers(whole, b"0000-00-00T00:00:00"))?;
        if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let milli = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
        let date = Date::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        Self::new(date.and_hms_milli_opt(hour, minute, second, milli)?.and_utc())
    }

    /// Parses a time with or without a zone, in UTC without one, in the forms that programs
    /// write to columns of text: `2020-07-23T14:31:47.729Z`, `2020-07-23 14:31:47.729+02:00`.
    #[must_use]
    pub fn from_any_zone(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_suffix(" UTC").unwrap_or(text);
        if let Some(time) = Self::from_spaced(text.strip_suffix('Z').unwrap_or(text)) {
            return Some(time);
        }
        let forms =
            ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %#z"];
        let parsed = forms.iter().find_map(|form| DateTime::parse_from_str(text, form).ok())?;
        Self::new(parsed.to_utc())
    }

    /// Converts to chrono's type.
    #[must_use]
    pub fn to_utc(self) -> DateTime<Utc> {
        self.0
    }

    /// Returns the next millisecond; the same one at the end of the range.
    #[must_use]
    pub fn next(self) -> Self {
        self.plus(Duration::from_millis(1))
    }

    /// Whether the instant is not a whole second.
    #[must_use]
    pub fn has_fraction(self) -> bool {
        self.0.timestamp_subsec_nanos() > 0
    }

    /// Returns the UTC day of the instant.
    #[must_use]
    pub fn date(self) -> Date {
        self.0.date_naive()
    }

    /// Returns the milliseconds since 1970, negative before.
    #[must_use]
    pub fn milliseconds(self) -> i64 {
        self.0.timestamp_millis()
    }

    /// Returns the seconds since 1970, and the nanoseconds beyond; zero before 1970.
    #[must_use]
    pub fn unix(self) -> (u64, u32) {
        match u64::try_from(self.0.timestamp()) {
            Ok(seconds) => (seconds, self.0.timestamp_subsec_nanos()),
            Err(_) => (0, 0),
        }
    }

    /// Returns the instant this long after; the same one beyond the range.
    #[must_use]
    pub fn plus(self, length: Duration) -> Self {
        let length = TimeDelta::from_std(length).ok();
        let later = length.and_then(|length| self.0.checked_add_signed(length));
        later.and_then(Self::new).unwrap_or(self)
    }

    /// Whether it is neither of the ends of time.
    #[must_use]
    pub fn is_finite(self) -> bool {
        let date = self.date();
        date > Date::MIN && date < Date::MAX
    }

    /// Formats the instant as `2020-07-23T14:31:47.729Z`.
    #[must_use]
    pub fn text(self) -> TimeText {
        TimeText::of(self.0.date_naive()).at(self.0.time())
    }

    /// Returns the time from `earlier` to this instant, negative if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> TimeDelta {
        self.0 - earlier.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_stored(&text)
            .ok_or_else(|| de::Error::custom("not a time such as 2020-07-23T14:31:47.729Z"))
    }
}

/// A time as text, made without `format!` and without allocation, because every row of a
/// list has several.
#[derive(Clone, Copy, Debug)]
pub struct TimeText {
    /// Of the widest year, `-262143`, too.
    bytes: [u8; 28],
    length: usize,
}

impl TimeText {
    fn of(date: Date) -> Self {
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

    fn at(mut self, time: NaiveTime) -> Self {
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

/// Parses the stored form of a date, `2020-07-23`.
#[must_use]
pub fn date_from_stored(text: &str) -> Option<Date> {
    let [year, month, day] = numbers(text, b"0000-00-00")?;
    Date::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

/// Parses the numbers in a text of a fixed form, where `form` has a 0 for every digit.
/// Every row of a list has such texts, and chrono's general parsers took most of the time
/// of a list of ids.
#[inline]
fn numbers<const N: usize, const L: usize>(text: &str, form: &[u8; L]) -> Option<[u32; N]> {
    // The fixed length lets the compiler unroll the loop, which has no other way out.
    let text: &[u8; L] = text.as_bytes().try_into().ok()?;
    let (mut numbers, mut index, mut fits) = ([0; N], 0, true);
    for (byte, expected) in text.iter().zip(form) {
        let digit = byte.wrapping_sub(b'0');
        if *expected == b'0' {
            fits &= digit <= 9;
            numbers[index] = 10 * numbers[index] + u32::from(digit);
        } else {
            fits &= byte == expected;
            index += 1;
        }
    }
    fits.then_some(numbers)
}

fn in_range(date: Date) -> bool {
    (0..=9999).contains(&date.year())
}

/// A point in time in both forms in which an expiry may be stored.
///
/// The date is not always the instant's UTC day: for a written time, it is the date as
/// written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub instant: Timestamp,
    pub date: Date,
}

impl Moment {
    /// Returns the moment of an instant, with its UTC day.
    #[must_use]
    pub fn at(instant: Timestamp) -> Self {
        Self { instant, date: instant.date() }
    }

    /// Returns 00:00 UTC of the moment's date.
    #[must_use]
    pub fn midnight(self) -> Self {
        Self { instant: Timestamp::midnight(self.date).unwrap_or(self.instant), date: self.date }
    }
}

/// When a token stops working, in the form in which its store records it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expiry {
    /// The token stops at 00:00 UTC of this day.
    Date(Date),
    /// The token stops at this instant.
    Instant(Timestamp),
}

impl Expiry {
    /// Compares in the expiry's own form: a date with the moment's date, an
    /// instant with its instant.
    #[must_use]
    pub fn compare(self, moment: Moment) -> std::cmp::Ordering {
        match self {
            Self::Date(date) => date.cmp(&moment.date),
            Self::Instant(instant) => instant.cmp(&moment.instant),
        }
    }

    /// Formats the expiry in its own form: `2020-07-23`, or as [`Timestamp::text`].
    #[must_use]
    pub fn text(self) -> TimeText {
        match self {
            Self::Date(date) => TimeText::of(date),
            Self::Instant(instant) => instant.text(),
        }
    }

    /// Returns the milliseconds since 1970 of its instant, or of the midnight of its date.
    #[must_use]
    pub fn milliseconds(self) -> i64 {
        match self {
            Self::Date(date) => date.and_time(NaiveTime::MIN).and_utc().timestamp_millis(),
            Self::Instant(instant) => instant.milliseconds(),
        }
    }

    /// Whether a token with this expiry has stopped working at `now`.
    #[must_use]
    pub fn has_passed(self, now: Moment) -> bool {
        self.compare(now).is_le()
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}
