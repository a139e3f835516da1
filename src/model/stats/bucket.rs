//! Lengths of time that tokens are counted by.

use chrono::{Datelike, Days, Months, Weekday};

use crate::model::time::Date;

/// The length of time that is one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    Day,
    /// From Monday on.
    Week,
    Month,
    Year,
}

impl Bucket {
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Year];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// Returns the first day of the bucket that a day is in. The ends of time are their own.
    #[must_use]
    pub fn start(self, date: Date) -> Date {
        if date == Date::MIN || date == Date::MAX {
            return date;
        }
        let start = match self {
            Self::Day => Some(date),
            Self::Week => Some(date.week(Weekday::Mon)).and_then(|it| it.checked_first_day()),
            Self::Month => date.with_day(1),
            Self::Year => Date::from_ymd_opt(date.year(), 1, 1),
        };
        start.unwrap_or(date)
    }

    /// Returns the first day behind the bucket that begins on a day.
    #[must_use]
    pub fn end(self, start: Date) -> Option<Date> {
        match self {
            Self::Day => start.checked_add_days(Days::new(1)),
            Self::Week => start.checked_add_days(Days::new(7)),
            Self::Month => start.checked_add_months(Months::new(1)),
            Self::Year => start.checked_add_months(Months::new(12)),
        }
    }

    /// Numbers the buckets in the order of time.
    #[must_use]
    pub fn number(self, start: Date) -> i64 {
        let (days, year) = (i64::from(start.num_days_from_ce()), i64::from(start.year()));
        match self {
            Self::Day => days,
            // 0001-01-01, which is day 1, was a Monday.
            Self::Week => (days - 1).div_euclid(7),
            Self::Month => year * 12 + i64::from(start.month0()),
            Self::Year => year,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::date_from_stored;

    fn date(text: &str) -> Date {
        date_from_stored(text).expect("a date")
    }

    #[test]
    fn buckets_begin_and_end_as_calendars_have_them() {
        for (bucket, begin, end) in [
            (Bucket::Day, "2024-02-29", "2024-03-01"),
            (Bucket::Week, "2024-02-26", "2024-03-04"),
            (Bucket::Month, "2024-02-01", "2024-03-01"),
            (Bucket::Year, "2024-01-01", "2025-01-01"),
        ] {
            let start = bucket.start(date("2024-02-29"));
            assert_eq!((start, bucket.end(start)), (date(begin), Some(date(end))));
            assert_eq!(bucket.number(date(end)), bucket.number(start) + 1);
            for end in [Date::MIN, Date::MAX] {
                assert_eq!(bucket.start(end), end);
            }
        }
    }
}
