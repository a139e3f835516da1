//! When a token stops working, and the moment that this is compared with. Never asks the
//! clock for one.

use std::fmt;

use chrono::NaiveTime;

use super::{Date, TimeText, Timestamp};

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
