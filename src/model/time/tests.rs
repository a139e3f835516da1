//! Parsing and formatting round-trip, and stored times sort as text.

use chrono::FixedOffset;
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

#[test]
fn times_are_said_in_whole_units() {
    for (time, said) in [
        ("2024-03-15T12:00:00.000Z", "now"),
        ("2024-03-15T11:59:59.999Z", "0s ago"),
        ("2024-03-15T11:37:00.000Z", "22min ago"),
        ("2024-03-14T12:00:00.000Z", "23h ago"),
        ("2024-03-14T11:59:59.999Z", "1d ago"),
        ("2023-12-07T12:00:00.000Z", "98d ago"),
        ("2023-11-15T12:00:00.000Z", "3mo ago"),
        ("2023-11-15T11:00:00.000Z", "4mo ago"),
        ("2022-03-15T11:00:00.000Z", "2y ago"),
        ("2021-04-15T11:00:00.000Z", "2y 11mo ago"),
        ("2024-03-15T12:00:01.500Z", "in 1s"),
        ("2024-03-20T11:59:00.000Z", "in 4d"),
        ("2024-06-23T12:00:00.000Z", "in 3mo"),
        ("2034-03-15T12:00:00.000Z", "in 10y"),
        ("2034-03-15T11:59:00.000Z", "in 9y 11mo"),
    ] {
        let time = Timestamp::from_stored(time).expect("a time");
        assert_eq!(relative(time, now()).as_deref(), Some(said), "{time}");
    }
    for (date, said) in [
        ("2024-03-15", "today"),
        ("2024-03-14", "1d ago"),
        ("2024-03-16", "in 1d"),
        ("2023-03-15", "1y ago"),
        ("2024-09-15", "in 6mo"),
    ] {
        let date = date_from_stored(date).expect("a date");
        let said_of_it = relative_expiry(Expiry::Date(date), Moment::at(now()));
        assert_eq!(said_of_it.as_deref(), Some(said), "{date}");
    }
}

proptest! {
    /// Months end on days that other months do not have, and `--now DATE` is a midnight.
    #[test]
    fn months_agree_with_the_filters_at_each_midnight(day in 0_i64..4000, ago in 100_i64..3000, ms in 0_i64..86_400_000) {
        let midnight = 1_577_836_800_000 + day * 86_400_000;
        let at = |ms| Timestamp::new(DateTime::from_timestamp_millis(ms).expect("a time")).expect("a time");
        let (now, then) = (at(midnight), at(midnight - ago * 86_400_000 + ms));
        let said = relative(then, now).expect("a finite time");
        let length = said.strip_suffix(" ago").expect("the past");
        let (years, months) = match length.split_once("y ") {
            Some((years, rest)) => (years, rest),
            None if length.ends_with('y') => (&length[..length.len() - 1], "0mo"),
            None => ("0", length),
        };
        if let Some(months) = months.strip_suffix("mo") {
            let count = 12 * years.parse::<u32>().expect("years") + months.parse::<u32>().expect("months");
            let before = |count: u32| format!("{count}mo").parse::<Period>().ok()?.before(now);
            prop_assert!(before(count).is_none_or(|it| then < it), "{} {}", said, now);
            prop_assert!(before(count + 1).is_none_or(|it| then >= it), "{} {}", said, now);
        }
    }

    /// What reads `2y 11mo ago` is unused for `35mo`, and not yet for one more.
    #[test]
    fn what_is_said_of_the_past_agrees_with_the_filters(then in any_timestamp(), now in any_timestamp()) {
        prop_assume!(then < now);
        let said = relative(then, now).expect("a finite time");
        let (length, _) = said.split_once(" ago").expect("the past");
        let (years, rest) = length.split_once("y ").unwrap_or(("0", length));
        let years: u32 = years.parse().expect("years");
        let digits = rest.trim_end_matches(|it: char| !it.is_ascii_digit());
        let (count, unit) = (digits.parse::<u32>().expect("a number"), &rest[digits.len()..]);
        let count = if years > 0 { 12 * years + count } else { count };
        let before = |count| format!("{count}{unit}").parse::<Period>().ok()?.before(now);
        prop_assert!(before(count).is_none_or(|it| then < it), "{}", said);
        prop_assert!(before(count + 1).is_none_or(|it| then >= it), "{}", said);
    }

    #[test]
    fn no_text_is_too_strange_to_be_refused(text in "\\PC*|[0-9Tt:.Z+ -]{0,30}|[+]?[0-9]{0,12}[a-z]{0,3}") {
        // Parsing never panics, and what is accepted round-trips.
        if let Ok(time) = text.parse::<TimeArg>() {
            let shown = time.to_string();
            prop_assert_eq!(shown.parse(), Ok(time), "{}", shown);
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
