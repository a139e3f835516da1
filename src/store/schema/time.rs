//! Columns that hold times: their forms, and how they are compared.

use crate::model::time::{Moment, Timestamp};
use crate::store::sql::Value;

/// A column that holds times.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    pub sql: &'static str,
    pub form: TimeForm,
    /// A statement that reads ids from the column's index: the text up to the column, and the
    /// column's name in it. `None` where there is no such index, or the planner chooses it by
    /// itself.
    pub ids: Option<[&'static str; 2]>,
}

impl Time {
    /// Describes a column without a useful index.
    #[must_use]
    pub const fn plain(sql: &'static str, form: TimeForm) -> Self {
        Self { sql, form, ids: None }
    }
}

/// The form of times in a column. Comparisons bind values in the same form, so that
/// indexes can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeForm {
    /// Text: `2020-07-23T14:31:47.729Z`
    Iso,
    /// Text: `2020-07-23`
    IsoDate,
    /// Text without a zone, in UTC: `2020-07-23 14:31:47.729000`
    Spaced,
    /// Text with a zone, for times that are written: `2020-07-23 14:31:47.729+00:00`
    SpacedWithZone,
    /// Seconds since 1970.
    Epoch,
    /// Milliseconds since 1970.
    EpochMillis,
    /// PostgreSQL's timestamp without time zone, in UTC.
    Timestamp,
    /// PostgreSQL's timestamp with time zone.
    Timestamptz,
    /// PostgreSQL's date.
    Date,
}

/// A comparison with a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Before,
    AtMost,
    After,
    AtLeast,
}

impl TimeForm {
    #[must_use]
    pub fn is_date(self) -> bool {
        matches!(self, Self::IsoDate | Self::Date)
    }

    /// Parses a text of this form.
    #[must_use]
    pub fn timestamp_from_text(self, text: &str) -> Option<Timestamp> {
        match self {
            Self::Iso => Timestamp::from_stored(text),
            Self::Spaced => Timestamp::from_spaced(text),
            Self::SpacedWithZone => Timestamp::from_any_zone(text),
            Self::IsoDate
            | Self::Epoch
            | Self::EpochMillis
            | Self::Timestamp
            | Self::Timestamptz
            | Self::Date => None,
        }
    }

    /// Converts a moment to this form.
    #[must_use]
    pub fn value(self, moment: Moment) -> Value {
        let instant = moment.instant.to_utc();
        match self {
            Self::Iso => moment.instant.to_string().into(),
            Self::IsoDate => moment.date.to_string().into(),
            Self::Spaced => instant.format("%Y-%m-%d %H:%M:%S.%6f").to_string().into(),
            Self::SpacedWithZone => {
                instant.format("%Y-%m-%d %H:%M:%S%.3f+00:00").to_string().into()
            }
            Self::Epoch => instant.timestamp().into(),
            Self::EpochMillis => instant.timestamp_millis().into(),
            Self::Timestamp => Value::Timestamp(instant.naive_utc()),
            Self::Timestamptz => Value::Timestamptz(instant),
            Self::Date => Value::Date(moment.date),
        }
    }

    /// Returns the operator and the value that compare a column of this form with a moment,
    /// as if the column were truncated to milliseconds, as it is shown.
    #[must_use]
    pub fn compare(self, comparison: Comparison, moment: Moment) -> (&'static str, Value) {
        use Comparison::{After, AtLeast, AtMost, Before};
        match self {
            Self::Iso | Self::IsoDate | Self::SpacedWithZone | Self::Date | Self::EpochMillis => {
                let operator = match comparison {
                    Before => " < ",
                    AtMost => " <= ",
                    After => " > ",
                    AtLeast => " >= ",
                };
                (operator, self.value(moment))
            }
            // Other precisions than milliseconds: compares with the first value from the
            // bound on.
            Self::Spaced | Self::Epoch | Self::Timestamp | Self::Timestamptz => {
                let operator = match comparison {
                    Before | AtMost => " < ",
                    After | AtLeast => " >= ",
                };
                let bound = match comparison {
                    Before | AtLeast => moment.instant,
                    AtMost | After => moment.instant.next(),
                };
                (operator, self.first_from(bound))
            }
        }
    }

    /// Returns the first value of this form that is not before an instant.
    fn first_from(self, instant: Timestamp) -> Value {
        let whole = self.value(Moment::at(instant));
        match whole {
            Value::Integer(seconds) => (seconds + i64::from(instant.has_fraction())).into(),
            // As text, `47.729` sorts before `47.729000`, which is the same time.
            Value::Text(text) => text.trim_end_matches('0').trim_end_matches('.').into(),
            whole => whole,
        }
    }
}
