//! How many tokens there are: the totals, and the groups by one of their properties.

mod bucket;

pub use self::bucket::Bucket;
use super::personal_access_token::{Filter, PersonalAccessToken, UserState};
use super::time::{Date, Expiry, Moment, Period};
use super::token::{State, Token};

/// The property that tokens are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    User,
    Scope,
    UserType,
    UserState,
    Created,
    Expires,
    LastUsed,
}

impl By {
    pub const ALL: [Self; 7] = [
        Self::User,
        Self::Scope,
        Self::UserType,
        Self::UserState,
        Self::Created,
        Self::Expires,
        Self::LastUsed,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        self.names()[0]
    }

    /// The name of the groups beyond the largest, which are counted as one. It is another
    /// property, so that no name of a user can be taken for it.
    #[must_use]
    pub fn others(self) -> &'static str {
        self.names()[1]
    }

    fn names(self) -> [&'static str; 2] {
        match self {
            Self::User => ["user", "user:others"],
            Self::Scope => ["scope", "scope:others"],
            Self::UserType => ["user-type", "user-type:others"],
            Self::UserState => ["user-state", "user-state:others"],
            Self::Created => ["created", "created:others"],
            Self::Expires => ["expires", "expires:others"],
            Self::LastUsed => ["last-used", "last-used:others"],
        }
    }

    #[must_use]
    pub fn is_time(self) -> bool {
        matches!(self, Self::Created | Self::Expires | Self::LastUsed)
    }
}

/// What is counted of all tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    All,
    State(State),
    NeverUsed,
    /// For 90 days.
    Unused,
    NoExpiry,
}

impl Total {
    pub const ALL: [Self; 7] = [
        Self::All,
        Self::State(State::Active),
        Self::State(State::Expired),
        Self::State(State::Revoked),
        Self::NeverUsed,
        Self::Unused,
        Self::NoExpiry,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "total",
            Self::State(state) => state.name(),
            Self::NeverUsed => "never_used",
            Self::Unused => "unused_90d",
            Self::NoExpiry => "no_expiry",
        }
    }

    /// Returns the filter that keeps what is counted: the same that a list has. `None` where
    /// nothing can be so old.
    #[must_use]
    pub fn filter(self, now: Moment) -> Option<Filter> {
        let mut filter = Filter::default();
        match self {
            Self::All => {}
            Self::State(state) => filter = PersonalAccessToken::in_state(state),
            Self::NeverUsed => filter.never_used = Some(true),
            Self::Unused => filter.unused_since = Some(Period::days(90).before(now.instant)?),
            Self::NoExpiry => filter.token.no_expiry = Some(true),
        }
        Some(filter)
    }
}

/// The name of a group, as it is stored. `None`: the tokens have none of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    Total(Total),
    Text(Option<Box<str>>),
    /// The first day of a bucket.
    Date(Option<Date>),
    /// So many groups, counted as one.
    Others(u64),
}

/// Some of the tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// `None`: of all tokens.
    pub by: Option<By>,
    pub key: Key,
    pub count: u64,
    /// Of all tokens, in ten-thousandths.
    pub share: u32,
}

impl Group {
    #[must_use]
    pub fn new(by: Option<By>, key: Key, count: u64, total: u64) -> Self {
        let rounded = (u128::from(count) * 20_000 + u128::from(total))
            .checked_div(2 * u128::from(total))
            .unwrap_or(0);
        Self { by, key, count, share: u32::try_from(rounded).unwrap_or(u32::MAX) }
    }

    /// The name of the property, or of what stands beyond the largest groups.
    #[must_use]
    pub fn by_name(&self) -> &'static str {
        match (self.by, &self.key) {
            (None, _) => Total::All.name(),
            (Some(by), Key::Others(_)) => by.others(),
            (Some(by), _) => by.name(),
        }
    }

    /// The state that the group is of, as a state of tokens of the same colour.
    #[must_use]
    pub fn state(&self) -> Option<State> {
        match (self.by, &self.key) {
            (_, Key::Total(Total::State(state))) => Some(*state),
            (Some(By::UserState), Key::Text(Some(name))) => {
                match UserState::ALL.into_iter().find(|it| it.name() == &**name)? {
                    UserState::Active => Some(State::Active),
                    UserState::Blocked | UserState::Banned => Some(State::Revoked),
                    UserState::Deactivated | UserState::Gone => Some(State::Expired),
                }
            }
            _ => None,
        }
    }
}

/// Returns the day that a time is in.
#[must_use]
pub fn day(time: Expiry) -> Date {
    match time {
        Expiry::Date(date) => date,
        Expiry::Instant(instant) => instant.date(),
    }
}

/// The groups of one property, with how many tokens each has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    pub by: By,
    pub groups: Vec<(Key, u64)>,
}

impl Groups {
    /// Puts the largest first, or times in their order; those without it last among equals.
    pub fn sort(&mut self) {
        if self.by.is_time() {
            self.groups.sort_unstable_by_key(|(key, _)| time_order(key));
        } else {
            self.groups.sort_unstable_by(|(one, count), (other, than)| {
                than.cmp(count).then_with(|| text_order(one).cmp(&text_order(other)))
            });
        }
    }

    /// Keeps the `top` largest, in their order, and counts the rest as one.
    pub fn keep(&mut self, top: usize) {
        if self.groups.len() <= top {
            return;
        }
        if self.by.is_time() {
            self.groups.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        }
        let others = self.groups.split_off(top);
        if self.by.is_time() {
            self.groups.sort_unstable_by_key(|(key, _)| time_order(key));
        }
        let count = others.iter().map(|(_, count)| count).sum();
        self.groups.push((Key::Others(others.len() as u64), count));
    }

    /// Returns the largest group; the first of several.
    #[must_use]
    pub fn largest(&self) -> Option<&Key> {
        let named = self.groups.iter().rev().filter(|(key, _)| !matches!(key, Key::Others(_)));
        named.max_by_key(|(_, count)| *count).map(|(key, _)| key)
    }
}

/// Where a name stands among groups of one size.
fn text_order(key: &Key) -> (bool, Option<&str>) {
    match key {
        Key::Text(Some(text)) => (false, Some(text)),
        _ => (true, None),
    }
}

/// Where a time stands in the order of times.
fn time_order(key: &Key) -> (bool, Option<Date>) {
    match key {
        Key::Date(Some(date)) => (false, Some(*date)),
        _ => (true, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        crate::model::time::date_from_stored(text).expect("a date")
    }

    #[test]
    fn shares_are_rounded_and_nothing_of_nothing_is_none() {
        let share = |count, total| Group::new(None, Key::Text(None), count, total).share;
        assert_eq!([share(1, 3), share(2, 3), share(3, 3), share(0, 0)], [3333, 6667, 10_000, 0]);
        assert_eq!(share(u64::MAX, u64::MAX), 10_000);
    }

    #[test]
    fn the_rest_is_one_group_and_times_stay_in_order() {
        let key = |text: &str| Key::Date(Some(date(text)));
        let groups = vec![
            (key("2024-03-01"), 2),
            (Key::Date(None), 9),
            (key("2024-01-01"), 3),
            (key("2024-02-01"), 1),
        ];
        let mut groups = Groups { by: By::Created, groups };
        groups.sort();
        groups.keep(2);
        let rest = Key::Others(2);
        assert_eq!(groups.groups, [(key("2024-01-01"), 3), (Key::Date(None), 9), (rest, 3)]);
        assert_eq!(groups.largest(), Some(&Key::Date(None)));
    }
}
