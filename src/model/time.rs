//! Instants, dates and durations, as users write them and as stores hold them.
//!
//! Never reads the clock: whatever depends on the present takes it as a
//! [`Moment`].

use std::fmt;
use std::ops::{Deref, Range};
use std::str::FromStr;
use std::time::Duration;

use chrono::{
    DateTime, Datelike, Days, FixedOffset, Months, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A UTC day.
pub type Date = NaiveDate;

/// An instant in UTC of the years 0 to 9999, in whole milliseconds.
///
/// Displays as `2020-07-23T14:31:47.729Z`, which sorts as text in the order of
/// time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// Cuts `instant` to its millisecond; `None` outside the years 0 to 9999.
    #[must_use]
    pub fn new(instant: DateTime<Utc>) -> Option<Self> {
        // By way of the number, which also carries a leap second over.
        let instant = DateTime::from_timestamp_millis(instant.timestamp_millis())?;
        in_range(instant.date_naive()).then_some(Self(instant))
    }

    /// 00:00 UTC of `date`; `None` outside the years 0 to 9999.
    #[must_use]
    pub fn midnight(date: Date) -> Option<Self> {
        Self::new(date.and_time(NaiveTime::MIN).and_utc())
    }

    /// Reads the one form that stores hold, `2020-07-23T14:31:47.729Z`.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        let [year, month, day, hour, minute, second, milli] =
            numbers(text, b"0000-00-00T00:00:00.000Z")?;
        let date = Date::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        // Four digits of a year and three of a fraction: in range, and whole.
        Some(Self(date.and_hms_milli_opt(hour, minute, second, milli)?.and_utc()))
    }

    /// Reads a time without zone, in UTC: `2020-07-23 14:31:47`, with or without a
    /// fraction of the second, which is cut to its millisecond.
    #[must_use]
    pub fn from_spaced(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let [year, month, day, hour, minute, second] = numbers(whole, b"0000-00-00 00:00:00")?;
        if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let milli = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
        let date = Date::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        Self::new(date.and_hms_milli_opt(hour, minute, second, milli)?.and_utc())
    }

    /// The same instant as chrono has it.
    #[must_use]
    pub fn to_utc(self) -> DateTime<Utc> {
        self.0
    }

    /// The next instant that can be told from this one; the same one at the end of time.
    #[must_use]
    pub fn next(self) -> Self {
        self.plus(Duration::from_millis(1))
    }

    /// Whether the instant lies within a second.
    #[must_use]
    pub fn has_fraction(self) -> bool {
        self.0.timestamp_subsec_nanos() > 0
    }

    /// The UTC day of the instant.
    #[must_use]
    pub fn date(self) -> Date {
        self.0.date_naive()
    }

    /// Seconds since 1970, and the nanoseconds beyond them. Before 1970: zero.
    #[must_use]
    pub fn unix(self) -> (u64, u32) {
        match u64::try_from(self.0.timestamp()) {
            Ok(seconds) => (seconds, self.0.timestamp_subsec_nanos()),
            Err(_) => (0, 0),
        }
    }

    /// The instant this long after; the same one where that cannot be told.
    #[must_use]
    pub fn plus(self, length: Duration) -> Self {
        let length = TimeDelta::from_std(length).ok();
        let later = length.and_then(|length| self.0.checked_add_signed(length));
        later.and_then(Self::new).unwrap_or(self)
    }

    /// The instant as `2020-07-23T14:31:47.729Z`.
    #[must_use]
    pub fn text(self) -> TimeText {
        TimeText::of(self.0.date_naive()).at(self.0.time())
    }

    /// The time from `earlier` to this instant, negative if it is later.
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
        Self::from_stored(&text).ok_or_else(|| de::Error::custom("not a time as stores hold it"))
    }
}

/// A time as text. Every row of a list has several: they are written here without
/// the machinery of `format!`, and without memory of their own.
#[derive(Clone, Copy, Debug)]
pub struct TimeText {
    bytes: [u8; 24],
    length: usize,
}

impl TimeText {
    fn of(date: Date) -> Self {
        let mut text = Self { bytes: *b"0000-00-00T00:00:00.000Z", length: "0000-00-00".len() };
        text.put(0..4, u32::try_from(date.year()).unwrap_or(0));
        text.put(5..7, date.month());
        text.put(8..10, date.day());
        text
    }

    fn at(mut self, time: NaiveTime) -> Self {
        self.put(11..13, time.hour());
        self.put(14..16, time.minute());
        self.put(17..19, time.second());
        self.put(20..23, time.nanosecond() / 1_000_000);
        self.length = self.bytes.len();
        self
    }

    fn put(&mut self, digits: Range<usize>, mut number: u32) {
        for digit in self.bytes[digits].iter_mut().rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
        }
    }
}

impl Deref for TimeText {
    type Target = str;

    fn deref(&self) -> &str {
        str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

/// Reads the one form of a date that stores hold, `2020-07-23`.
#[must_use]
pub fn date_from_stored(text: &str) -> Option<Date> {
    let [year, month, day] = numbers(text, b"0000-00-00")?;
    Date::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

/// The numbers in a text of a form in which every digit is written as 0. Every
/// row of a list has such texts, and chrono's parsers, made for more than one
/// form, took the larger part of the time of a list of ids.
fn numbers<const N: usize, const L: usize>(text: &str, form: &[u8; L]) -> Option<[u32; N]> {
    // Of a length that is known, so that the compiler unrolls the loop.
    let text: &[u8; L] = text.as_bytes().try_into().ok()?;
    let mut numbers = [0; N];
    let mut index = 0;
    for (byte, expected) in text.iter().zip(form) {
        match expected {
            b'0' if byte.is_ascii_digit() => {
                numbers[index] = 10 * numbers[index] + u32::from(byte - b'0');
            }
            _ if byte != expected => return None,
            _ => index += 1,
        }
    }
    Some(numbers)
}

fn in_range(date: Date) -> bool {
    (0..=9999).contains(&date.year())
}

/// A point in time in both forms in which an expiry may be stored.
///
/// The date is not always the instant's UTC day: of a written time, it is the
/// date as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub instant: Timestamp,
    pub date: Date,
}

impl Moment {
    /// The moment of an instant, with its UTC day.
    #[must_use]
    pub fn at(instant: Timestamp) -> Self {
        Self { instant, date: instant.date() }
    }

    /// 00:00 UTC of the moment's date.
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

    /// The expiry in its own form: `2020-07-23`, or as [`Timestamp::text`].
    #[must_use]
    pub fn text(self) -> TimeText {
        match self {
            Self::Date(date) => TimeText::of(date),
            Self::Instant(instant) => instant.text(),
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

/// A length of time as written: digits and one unit, such as `90d`.
///
/// Months and years are the calendar's, so the length depends on where it is
/// laid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    count: u32,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl Period {
    pub const DAY: Self = Self { count: 1, unit: Unit::Day };

    /// The instant this long before `start`; `None` before the year 0.
    #[must_use]
    pub fn before(self, start: Timestamp) -> Option<Timestamp> {
        Timestamp::new(match self.step()? {
            Step::Exact(delta) => start.0.checked_sub_signed(delta)?,
            Step::Days(days) => start.0.checked_sub_days(days)?,
            Step::Months(months) => start.0.checked_sub_months(months)?,
        })
    }

    /// The instant this long after `start`; `None` after the year 9999.
    #[must_use]
    pub fn after(self, start: Timestamp) -> Option<Timestamp> {
        Timestamp::new(match self.step()? {
            Step::Exact(delta) => start.0.checked_add_signed(delta)?,
            Step::Days(days) => start.0.checked_add_days(days)?,
            Step::Months(months) => start.0.checked_add_months(months)?,
        })
    }

    fn step(self) -> Option<Step> {
        let count = i64::from(self.count);
        Some(match self.unit {
            Unit::Second => Step::Exact(TimeDelta::try_seconds(count)?),
            Unit::Minute => Step::Exact(TimeDelta::try_minutes(count)?),
            Unit::Hour => Step::Exact(TimeDelta::try_hours(count)?),
            Unit::Day => Step::Days(Days::new(self.count.into())),
            Unit::Week => Step::Days(Days::new(u64::from(self.count) * 7)),
            Unit::Month => Step::Months(Months::new(self.count)),
            Unit::Year => Step::Months(Months::new(self.count.checked_mul(12)?)),
        })
    }
}

enum Step {
    Exact(TimeDelta),
    Days(Days),
    Months(Months),
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, unit) = text.split_at(digits);
        let unit = match unit {
            _ if count.is_empty() => return Err(PERIOD_FORM.into()),
            "s" => Unit::Second,
            "min" => Unit::Minute,
            "h" => Unit::Hour,
            "d" => Unit::Day,
            "w" => Unit::Week,
            "mo" => Unit::Month,
            "y" => Unit::Year,
            "m" => {
                return Err(format!(
                    "'m' is ambiguous: write {count}min for minutes or {count}mo for months"
                ));
            }
            _ => return Err(PERIOD_FORM.into()),
        };
        let count = count.parse().map_err(|_| "the number is too large")?;
        Ok(Self { count, unit })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Second => "s",
            Unit::Minute => "min",
            Unit::Hour => "h",
            Unit::Day => "d",
            Unit::Week => "w",
            Unit::Month => "mo",
            Unit::Year => "y",
        };
        write!(f, "{}{unit}", self.count)
    }
}

const PERIOD_FORM: &str = "a duration is digits and one unit (s, min, h, d, w, mo, y), such as 90d";

/// A point in time as written on the command line, before `now` is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeArg {
    /// A time or a date, with the offset as it was written.
    At(DateTime<FixedOffset>),
    Now,
    Today,
    Ago(Period),
    Ahead(Period),
}

/// Which way a time between two milliseconds goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the earlier one: for upper bounds.
    Down,
    /// To the later one: for lower bounds.
    Up,
}

impl TimeArg {
    /// The moment that is meant, judged at `now`.
    ///
    /// # Errors
    ///
    /// When it lies outside the years 0 to 9999.
    pub fn resolve(self, now: Timestamp, rounding: Rounding) -> Result<Moment, String> {
        let moment = match self {
            Self::At(time) => {
                let nudge = match rounding {
                    Rounding::Down => TimeDelta::zero(),
                    Rounding::Up => TimeDelta::nanoseconds(999_999),
                };
                let instant = time.to_utc().checked_add_signed(nudge).and_then(Timestamp::new);
                instant.map(|instant| Moment { instant, date: time.date_naive() })
            }
            Self::Now => Some(Moment::at(now)),
            Self::Today => Some(Moment::at(now).midnight()),
            Self::Ago(period) => period.before(now).map(Moment::at),
            Self::Ahead(period) => period.after(now).map(Moment::at),
        };
        moment.ok_or_else(|| OUT_OF_RANGE.into())
    }

    /// 00:00 UTC of the date that is meant: of a written time, the date as written.
    ///
    /// # Errors
    ///
    /// When it lies outside the years 0 to 9999.
    pub fn date(self, now: Moment) -> Result<Moment, String> {
        let date = match self {
            Self::At(time) => time.date_naive(),
            Self::Now | Self::Today | Self::Ago(_) | Self::Ahead(_) => {
                self.resolve(now.instant, Rounding::Down)?.date
            }
        };
        Timestamp::midnight(date).map(Moment::at).ok_or_else(|| OUT_OF_RANGE.into())
    }
}

/// What is said of a time that cannot be stored.
pub const OUT_OF_RANGE: &str = "the time lies outside the years 0000 to 9999";

impl FromStr for TimeArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "now" => return Ok(Self::Now),
            "today" => return Ok(Self::Today),
            _ => {}
        }
        if let Some(period) = text.strip_prefix('+') {
            return period.parse().map(Self::Ahead);
        }
        // Four digits and a hyphen begin a date; no duration does.
        if text.as_bytes().get(4) != Some(&b'-') {
            return text.parse().map(Self::Ago).map_err(|error| {
                if text.starts_with(|c: char| c.is_ascii_digit()) {
                    error
                } else {
                    TIME_FORM.into()
                }
            });
        }
        let written = text.get(..10).and_then(date_from_stored);
        let written = written.ok_or("it does not begin with a date that exists")?;
        let rest = text.get(10..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(Self::At(written.and_time(NaiveTime::MIN).and_utc().fixed_offset()));
        }
        // Without a zone it is UTC; the seconds may be left out.
        let time = text.replacen(' ', "T", 1);
        [time.clone(), format!("{time}Z"), format!("{time}:00Z")]
            .iter()
            .find_map(|time| DateTime::parse_from_rfc3339(time).ok())
            .map(Self::At)
            .ok_or_else(|| TIME_FORM.into())
    }
}

impl fmt::Display for TimeArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(time) => time.to_rfc3339().fmt(f),
            Self::Now => "now".fmt(f),
            Self::Today => "today".fmt(f),
            Self::Ago(period) => period.fmt(f),
            Self::Ahead(period) => write!(f, "+{period}"),
        }
    }
}

const TIME_FORM: &str = "a time is 2020-07-23T14:31:47Z, 2020-07-23T14:31:47 (UTC), 2020-07-23, \
                         now, today, 90d (that long ago) or +90d (ahead)";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_timestamp() -> impl Strategy<Value = Timestamp> {
        // The years 0 to 9999, in milliseconds.
        (-62_167_219_200_000..=253_402_300_799_999_i64).prop_map(|milliseconds| {
            let instant = DateTime::from_timestamp_millis(milliseconds);
            instant.and_then(Timestamp::new).expect("an instant of these years")
        })
    }

    fn now() -> Timestamp {
        Timestamp::from_stored("2024-03-15T12:00:00.000Z").expect("a time")
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange_to_be_refused(text in "\\PC*|[0-9Tt:.Z+ -]{0,30}|[+]?[0-9]{0,12}[a-z]{0,3}") {
            // Neither panics; what is taken can be said again.
            if let Ok(time) = text.parse::<TimeArg>() {
                let said = time.to_string();
                prop_assert_eq!(said.parse(), Ok(time), "{}", said);
                let _ = time.resolve(now(), Rounding::Up);
                let _ = time.date(Moment::at(now()));
            }
            if let Ok(period) = text.parse::<Period>() {
                prop_assert_eq!(period.to_string().parse(), Ok(period));
                let _ = (period.before(now()), period.after(now()));
            }
            let _ = (Timestamp::from_stored(&text), date_from_stored(&text));
            let _ = Timestamp::from_spaced(&text);
        }

        #[test]
        fn a_stored_time_reads_back_and_sorts_as_text(one in any_timestamp(), other in any_timestamp()) {
            prop_assert_eq!(Timestamp::from_stored(&one.to_string()), Some(one));
            prop_assert_eq!(one.cmp(&other), one.to_string().cmp(&other.to_string()));
            prop_assert_eq!(date_from_stored(&one.date().to_string()), Some(one.date()));
        }

        #[test]
        fn a_written_time_is_that_instant(time in any_timestamp(), minutes in -1439..=1439_i32) {
            let moment = |text: &str| text.parse::<TimeArg>()?.resolve(now(), Rounding::Down);
            let written = time.to_string();
            prop_assert_eq!(moment(&written), Ok(Moment::at(time)));
            prop_assert_eq!(moment(written.trim_end_matches('Z')), Ok(Moment::at(time)));
            // In another zone it is the same instant, of the date as written.
            let zone = FixedOffset::east_opt(minutes * 60).expect("less than a day");
            let local = time.0.with_timezone(&zone);
            if in_range(local.date_naive()) {
                let expected = Moment { instant: time, date: local.date_naive() };
                prop_assert_eq!(moment(&local.to_rfc3339()), Ok(expected));
            }
        }

        #[test]
        fn back_and_forth_by_a_fixed_length_is_the_same(time in any_timestamp(), count in 0..100_000_u32, unit in "s|min|h|d|w") {
            let period: Period = format!("{count}{unit}").parse().expect("a duration");
            if let Some(later) = period.after(time) {
                prop_assert_eq!(period.before(later), Some(time));
                prop_assert!(later >= time);
            }
        }

        #[test]
        fn a_longer_time_ago_is_earlier(count in 0..5000_u32, unit in "s|min|h|d|w|mo|y") {
            let ago = |count: u32| -> Option<Timestamp> {
                format!("{count}{unit}").parse::<Period>().ok()?.before(now())
            };
            if let (Some(less), Some(more)) = (ago(count), ago(count + 1)) {
                prop_assert!(more < less);
            }
        }
    }
}
