//! Months and how many tokens each has, for a picture that has room for so many of them.

use crate::model::stats::{Bucket, Key};
use crate::model::time::Date;

/// How many months before now and after have a bar of their own: five years.
const REACH: i64 = 60;
/// The fewest bars, so that none is a block.
const FEWEST: i64 = 12;

/// How many tokens each month has, and those that are further away.
#[derive(Debug, PartialEq, Eq)]
pub struct Months {
    /// The number of the first month.
    first: i64,
    pub counts: Vec<u64>,
    /// Before the first of them, and after the last.
    pub earlier: u64,
    pub later: u64,
    /// Without such a time.
    pub none: u64,
}

impl Months {
    /// Takes the months of groups from the first to the last, now among them.
    pub fn of(groups: &[(Key, u64)], now: Date) -> Self {
        let number = |date: Date| Bucket::Month.number(date);
        let now = number(now);
        let times = || groups.iter().filter_map(|(key, count)| Some((number(date(key)?), *count)));
        let within = |month: i64| month.clamp(now - REACH, now + REACH);
        let last = times().map(|(month, _)| within(month)).max().unwrap_or(now).max(now);
        let first = times().map(|(month, _)| within(month)).min().unwrap_or(now).min(now);
        let first = first.min(last - FEWEST + 1);
        let length = usize::try_from(last - first + 1).unwrap_or(1);
        let (mut counts, mut earlier, mut later) = (vec![0; length], 0, 0);
        for (month, count) in times() {
            match usize::try_from(month - first) {
                Err(_) => earlier += count,
                Ok(index) => *counts.get_mut(index).unwrap_or(&mut later) += count,
            }
        }
        let none = groups.iter().filter(|(key, _)| date(key).is_none());
        Self { first, counts, earlier, later, none: none.map(|(_, count)| count).sum() }
    }

    /// A month as `2024-03`, by its place.
    pub fn name(&self, index: usize) -> String {
        let (year, month) = self.month(index);
        format!("{year:04}-{:02}", month + 1)
    }

    /// The name of the last month.
    pub fn last(&self) -> String {
        self.name(self.counts.len() - 1)
    }

    /// The year of a place, and its month from 0 on.
    pub fn month(&self, index: usize) -> (i64, i64) {
        let number = self.first + i64::try_from(index).unwrap_or(0);
        (number.div_euclid(12), number.rem_euclid(12))
    }

    /// The place of the month of a day.
    pub fn place(&self, date: Date) -> Option<usize> {
        let index = usize::try_from(Bucket::Month.number(date) - self.first).ok()?;
        (index < self.counts.len()).then_some(index)
    }

    /// The most of one bar.
    pub fn most(&self) -> u64 {
        let ends = [self.earlier, self.later];
        self.counts.iter().chain(&ends).copied().max().unwrap_or(0)
    }

    /// How many have a time.
    pub fn timed(&self) -> u64 {
        self.counts.iter().sum::<u64>() + self.earlier + self.later
    }
}

fn date(key: &Key) -> Option<Date> {
    match key {
        Key::Date(date) => *date,
        Key::Total(_) | Key::Text(_) | Key::Others(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        crate::model::time::date_from_stored(text).expect("a date")
    }

    fn months(dates: &[&str]) -> Months {
        let groups: Vec<_> = dates.iter().map(|it| (Key::Date(Some(day(it))), 1)).collect();
        Months::of(&groups, day("2024-03-15"))
    }

    #[test]
    fn the_window_holds_now_and_a_year_at_least() {
        let none = Months::of(&[(Key::Date(None), 4)], day("2024-03-15"));
        assert_eq!((none.counts.len(), none.none, none.timed()), (12, 4, 0));
        assert_eq!((none.name(0), none.name(11)), ("2023-04".into(), "2024-03".into()));
        let found = months(&["2022-12-01", "2024-02-01", "2024-05-01"]);
        assert_eq!((found.name(0), found.counts.len()), ("2022-12".into(), 18));
        assert_eq!((found.counts[0], found.counts[14], found.counts[17]), (1, 1, 1));
        assert_eq!(found.place(day("2024-03-15")), Some(15));
        assert_eq!((found.most(), found.timed(), found.earlier + found.later), (1, 3, 0));
    }

    #[test]
    fn what_is_far_away_is_one_bar_at_each_end() {
        let mut groups = vec![(Key::Date(Some(Date::MIN)), 2), (Key::Date(Some(Date::MAX)), 3)];
        groups.push((Key::Date(Some(day("9999-12-01"))), 4));
        let found = Months::of(&groups, day("2024-03-15"));
        assert_eq!((found.earlier, found.later, found.counts.len()), (2, 7, 121));
        assert_eq!((found.name(0), found.name(120)), ("2019-03".into(), "2029-03".into()));
        assert_eq!((found.most(), found.timed()), (7, 9));
    }
}
