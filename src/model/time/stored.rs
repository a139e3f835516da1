//! Reads times and dates as stores hold them: texts of a few fixed forms. Never guesses: what
//! users write is read by [`TimeArg`](super::TimeArg).

use chrono::DateTime;

use super::{Date, Timestamp};

impl Timestamp {
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
