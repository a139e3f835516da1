//! Points in time, as users write them.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, FixedOffset, NaiveTime, TimeDelta};

use super::{Moment, Period, Timestamp, date_from_stored};

/// A point in time as written on the command line, before `now` is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeArg {
    /// A time or a date, with the offset as it was written.
    At(DateTime<FixedOffset>),
    Now,
    Today,
    Yesterday,
    Ago(Period),
    Ahead(Period),
}

/// How a time between two milliseconds is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the earlier one: for upper bounds.
    Down,
    /// To the later one: for lower bounds.
    Up,
}

impl TimeArg {
    /// Resolves the time, relative to `now`.
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
            Self::Yesterday => Period::DAY.before(now).map(|it| Moment::at(it).midnight()),
            Self::Ago(period) => period.before(now).map(Moment::at),
            Self::Ahead(period) => period.after(now).map(Moment::at),
        };
        moment.ok_or_else(|| OUT_OF_RANGE.into())
    }

    /// Resolves to 00:00 UTC of the date; for a written time, of the date as written.
    ///
    /// # Errors
    ///
    /// When it lies outside the years 0 to 9999.
    pub fn date(self, now: Moment) -> Result<Moment, String> {
        let date = match self {
            Self::At(time) => time.date_naive(),
            Self::Now | Self::Today | Self::Yesterday | Self::Ago(_) | Self::Ahead(_) => {
                self.resolve(now.instant, Rounding::Down)?.date
            }
        };
        Timestamp::midnight(date).map(Moment::at).ok_or_else(|| OUT_OF_RANGE.into())
    }
}

/// The message for a time that cannot be stored.
pub const OUT_OF_RANGE: &str = "the time lies outside the years 0000 to 9999";

impl FromStr for TimeArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "now" => return Ok(Self::Now),
            "today" => return Ok(Self::Today),
            "yesterday" => return Ok(Self::Yesterday),
            _ => {}
        }
        if let Some(period) = text.strip_prefix('+') {
            return period.parse().map(Self::Ahead);
        }
        if let Some(seconds) = text.strip_prefix('@') {
            let seconds = seconds.parse().map_err(|_| TIME_FORM)?;
            let instant = DateTime::from_timestamp(seconds, 0).ok_or(OUT_OF_RANGE)?;
            return Ok(Self::At(instant.fixed_offset()));
        }
        // A date starts with four digits and a hyphen; a duration never does.
        if text.as_bytes().get(4) != Some(&b'-') {
            return text.parse().map(Self::Ago).map_err(|error| {
                let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
                let digits = text.len() - unit.len();
                // Four digits alone are a year.
                let is_duration = (1..6).contains(&digits)
                    && unit.bytes().all(|it| it.is_ascii_alphabetic())
                    && (digits != 4 || !unit.is_empty());
                if is_duration { error } else { TIME_FORM.into() }
            });
        }
        let written = text.get(..10).and_then(date_from_stored);
        let has_form = text.bytes().take(10).enumerate().all(|(at, it)| match at {
            4 | 7 => it == b'-',
            _ => it.is_ascii_digit(),
        });
        let problem =
            if has_form && text.len() >= 10 { "there is no such date" } else { TIME_FORM };
        let written = written.ok_or(problem)?;
        let rest = text.get(10..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(Self::At(written.and_time(NaiveTime::MIN).and_utc().fixed_offset()));
        }
        // The zone (UTC) and the seconds are optional.
        let mut time = text.replacen(' ', "T", 1);
        // An offset without its colon, as `date +%z` has it.
        let sign = time.rfind(['+', '-']).filter(|sign| *sign > 10);
        if let Some(sign) = sign.filter(|sign| time.len() - sign == "+0200".len()) {
            time.insert(sign + 3, ':');
        }
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
            Self::Yesterday => "yesterday".fmt(f),
            Self::Ago(period) => period.fmt(f),
            Self::Ahead(period) => write!(f, "+{period}"),
        }
    }
}

const TIME_FORM: &str = "a time is a date (2020-07-23), a time (2020-07-23T14:31:47Z, UTC where \
                         it has no zone), now, today, yesterday, @SECONDS since 1970, 90d (that \
                         long ago) or +90d (ahead)";
