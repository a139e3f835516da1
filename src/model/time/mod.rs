//! Instants, dates and durations, as users write them and as stores hold them.
//!
//! Never reads the clock: functions take the current time as a [`Moment`].

mod argument;
mod expiry;
mod period;
mod relative;
mod stored;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use self::argument::{OUT_OF_RANGE, Rounding, TimeArg};
pub use self::expiry::{Expiry, Moment};
pub use self::period::Period;
pub use self::relative::{relative, relative_expiry};
pub use self::stored::date_from_stored;
pub use self::text::TimeText;

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

fn in_range(date: Date) -> bool {
    (0..=9999).contains(&date.year())
}
