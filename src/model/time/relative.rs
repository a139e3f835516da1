//! Times beside now, in the words and units of [`Period`](super::Period).

use chrono::{DateTime, Datelike, Months, NaiveTime, TimeDelta, Utc};

use super::{Date, Expiry, Moment, Timestamp};

/// Up to this many days are said as days: whoever prunes thinks in 30, 60 and 90 of them.
const MOST_DAYS: i64 = 99;

/// Says in whole units how far an instant is from `now`: `2y 11mo ago`, `in 12d`, `now`.
///
/// Never rounds up, and counts months as the filters do: what reads `2y ago` is unused for
/// `2y`, which means for more than that. The ends of time are `None`.
#[must_use]
pub fn relative(time: Timestamp, now: Timestamp) -> Option<String> {
    time.is_finite().then(|| in_words(time.0, now.0, TimeDelta::milliseconds(1), "now"))
}

/// Says in whole days or more how far an expiry is from `now`, in the expiry's own form.
#[must_use]
pub fn relative_expiry(expiry: Expiry, now: Moment) -> Option<String> {
    match expiry {
        Expiry::Instant(time) => relative(time, now.instant),
        Expiry::Date(Date::MIN | Date::MAX) => None,
        Expiry::Date(date) => {
            let [date, today] = [date, now.date].map(|it| it.and_time(NaiveTime::MIN));
            Some(in_words(date.and_utc(), today.and_utc(), TimeDelta::zero(), "today"))
        }
    }
}

/// `beyond`: how much more than a length of time must have passed for it to be said.
fn in_words(then: DateTime<Utc>, now: DateTime<Utc>, beyond: TimeDelta, same: &str) -> String {
    if then == now {
        return same.into();
    }
    if then > now {
        let lasts = |months| now.checked_add_months(months).is_some_and(|it| it <= then);
        return format!("in {}", length(now, then, lasts));
    }
    let lasts = |months| now.checked_sub_months(months).is_some_and(|it| it - beyond >= then);
    format!("{} ago", length(then + beyond, now, lasts))
}

/// Formats the length of the time between two instants, of which `lasts` tells whether it
/// is at least so many months.
fn length(from: DateTime<Utc>, to: DateTime<Utc>, lasts: impl Fn(Months) -> bool) -> String {
    let delta = to - from;
    match delta.num_days() {
        0 if delta.num_hours() > 0 => return format!("{}h", delta.num_hours()),
        0 if delta.num_minutes() > 0 => return format!("{}min", delta.num_minutes()),
        0 => return format!("{}s", delta.num_seconds()),
        days @ 1..=MOST_DAYS => return format!("{days}d"),
        _ => {}
    }
    let month = |it: DateTime<Utc>| i64::from(it.year()) * 12 + i64::from(it.month0());
    let mut months = u32::try_from(month(to) - month(from)).unwrap_or(0);
    if !lasts(Months::new(months)) {
        // The last of them is not over yet.
        months = months.saturating_sub(1);
    }
    match (months / 12, months % 12) {
        (0, months) => format!("{months}mo"),
        (years, 0) => format!("{years}y"),
        (years, months) => format!("{years}y {months}mo"),
    }
}
