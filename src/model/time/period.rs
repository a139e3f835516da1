//! Lengths of time, as users write them.

use std::fmt;
use std::str::FromStr;

use chrono::{Days, Months, TimeDelta};

use super::Timestamp;

/// A length of time as written: digits and one unit, such as `90d`.
///
/// Months and years follow the calendar, so their length depends on the start.
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
    pub const WEEK: Self = Self { count: 1, unit: Unit::Week };

    #[must_use]
    pub const fn days(count: u32) -> Self {
        Self { count, unit: Unit::Day }
    }

    /// Returns the instant this long before `start`; `None` before the year 0.
    #[must_use]
    pub fn before(self, start: Timestamp) -> Option<Timestamp> {
        Timestamp::new(match self.step()? {
            Step::Exact(delta) => start.0.checked_sub_signed(delta)?,
            Step::Days(days) => start.0.checked_sub_days(days)?,
            Step::Months(months) => start.0.checked_sub_months(months)?,
        })
    }

    /// Returns the instant this long after `start`; `None` after the year 9999.
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
            _ if text.starts_with('-') => return Err("a duration has no sign: 90d".into()),
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
            "" => {
                return Err(format!("the unit is missing: {count}s are seconds, {count}d days"));
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
