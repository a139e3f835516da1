//! The tokens that an auditor looks at first, as many of them as are kept, and how many there
//! are. All of them are active: the others open nothing any more.

use std::collections::BTreeMap;

use super::personal_access_token::{Filter, PersonalAccessToken, UserState};
use super::stats::Total;
use super::time::{Moment, Timestamp};
use super::token::{State, StateFilter, Token};

/// Why a token wants attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attention {
    NoExpiry,
    /// For 90 days.
    Unused,
    OwnerLeft,
    WideScopes,
}

/// Whose owner works here no more, or not for now.
pub const LEFT: [UserState; 4] =
    [UserState::Gone, UserState::Blocked, UserState::Banned, UserState::Deactivated];

/// From how many scopes on a token is wide, whatever they are.
pub const MANY_SCOPES: usize = 5;

/// The scopes that the known applications have for all that the owner may do.
pub const WIDE_SCOPES: [&str; 4] = ["all", "api", "inherit", "sudo"];

impl Attention {
    pub const ALL: [Self; 4] = [Self::NoExpiry, Self::Unused, Self::OwnerLeft, Self::WideScopes];

    /// Returns the filter that keeps what is looked at; [`Attention::WideScopes`] are looked at
    /// more closely. `None` where nothing can be so old.
    #[must_use]
    pub fn filter(self, now: Moment) -> Option<Filter> {
        let mut filter = match self {
            Self::NoExpiry => Total::NoExpiry.filter(now)?,
            Self::Unused => Total::Unused.filter(now)?,
            Self::OwnerLeft => Filter { user_states: LEFT.to_vec(), ..Filter::default() },
            Self::WideScopes => Filter::default(),
        };
        filter.token.states = vec![StateFilter::Is(State::Active)];
        Some(filter)
    }

    /// Where a token stands among the others, the least first: those from the longest ago, and
    /// the widest.
    fn rank(self, token: &PersonalAccessToken) -> [i64; 2] {
        let at = |time: Option<Timestamp>| time.map_or(i64::MIN, Timestamp::milliseconds);
        let created = token.token.created_at;
        match self {
            Self::NoExpiry => [at(created), 0],
            Self::Unused => [at(token.last_used_at.or(created)), 0],
            Self::OwnerLeft => [0, 0],
            Self::WideScopes => {
                let [wide, all] = breadth(token.token.scopes.as_deref().unwrap_or_default())
                    .map(|it| i64::try_from(it).ok());
                [-wide.unwrap_or(i64::MAX), -all.unwrap_or(i64::MAX)]
            }
        }
    }
}

/// Whether a scope covers all that the owner may do, or administration, by its name.
#[must_use]
pub fn is_wide(scope: &str) -> bool {
    let mut words = scope.split(|c: char| !c.is_ascii_alphanumeric());
    WIDE_SCOPES.contains(&scope) || words.any(|it| it.eq_ignore_ascii_case("admin"))
}

/// How many of the scopes are wide, and how many there are.
fn breadth(scopes: &[String]) -> [usize; 2] {
    let mut each: Vec<_> = scopes.iter().collect();
    each.sort_unstable();
    each.dedup();
    [each.iter().filter(|it| is_wide(it)).count(), each.len()]
}

/// The tokens that want attention for one reason, while they are looked for.
#[derive(Debug)]
pub struct Attended {
    pub attention: Attention,
    filter: Option<Filter>,
    /// As many as are kept, in their order; equals in that of their coming.
    kept: BTreeMap<([i64; 2], u64), PersonalAccessToken>,
    most: usize,
    count: u64,
}

impl Attended {
    /// Keeps at most so many, the first by their order.
    #[must_use]
    pub fn new(attention: Attention, now: Moment, most: usize) -> Self {
        let filter = attention.filter(now);
        Self { attention, filter, kept: BTreeMap::new(), most, count: 0 }
    }

    /// Looks at one token.
    pub fn look_at(&mut self, token: &PersonalAccessToken, now: Moment) {
        if !self.filter.as_ref().is_some_and(|it| token.is_kept_by(it, now)) {
            return;
        }
        if self.attention == Attention::WideScopes {
            let [wide, all] = breadth(token.token.scopes.as_deref().unwrap_or_default());
            if wide == 0 && all < MANY_SCOPES {
                return;
            }
        }
        self.count += 1;
        let place = (self.attention.rank(token), self.count);
        let is_full = self.kept.len() >= self.most;
        if is_full && self.kept.last_key_value().is_none_or(|(last, _)| *last < place) {
            return;
        }
        self.kept.insert(place, token.clone());
        if is_full {
            self.kept.pop_last();
        }
    }

    /// How many there are, those too that are not kept.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    #[must_use]
    pub fn tokens(&self) -> impl ExactSizeIterator<Item = &PersonalAccessToken> {
        self.kept.values()
    }
}

#[cfg(test)]
mod tests {
    use super::super::id::UserId;
    use super::super::token::TokenProperties;
    use super::*;

    fn token(id: u8, scopes: &[&str], last_used: Option<&str>) -> PersonalAccessToken {
        let at = |text| Timestamp::from_stored(text).expect("a time");
        PersonalAccessToken {
            token: TokenProperties {
                id: i64::from(id).into(),
                name: None,
                scopes: Some(scopes.iter().map(|it| (*it).to_owned()).collect()),
                revoked: false,
                created_at: Some(at("2020-01-01T00:00:00.000Z")),
                expires_at: None,
            },
            user_id: Some(UserId::from(1)),
            username: None,
            user_type: None,
            user_state: None,
            description: None,
            impersonation: None,
            last_used_at: last_used.map(at),
        }
    }

    fn kept(attention: Attention, most: usize, tokens: &[PersonalAccessToken]) -> (String, u64) {
        let now = Moment::at(Timestamp::from_stored("2024-01-01T00:00:00.000Z").expect("a time"));
        let mut attended = Attended::new(attention, now, most);
        for token in tokens {
            attended.look_at(token, now);
        }
        let ids: Vec<_> = attended.tokens().map(|it| it.token.id.to_string()).collect();
        (ids.join(" "), attended.count())
    }

    #[test]
    fn the_widest_come_first_and_narrow_ones_not_at_all() {
        let tokens = [
            token(1, &["read_user"], None),
            token(2, &["api"], None),
            token(3, &["a", "b", "c", "d", "e"], None),
            token(4, &["api", "api", "read_user"], None),
            token(5, &["sudo", "write:admin"], None),
            token(6, &["administered", "read_api"], None),
            token(7, &["api"], None),
        ];
        assert_eq!(kept(Attention::WideScopes, 9, &tokens), ("5 4 2 7 3".into(), 5));
        assert_eq!(kept(Attention::WideScopes, 2, &tokens), ("5 4".into(), 5));
        assert_eq!(kept(Attention::WideScopes, 0, &tokens), (String::new(), 5));
    }

    #[test]
    fn the_longest_unused_are_kept_and_the_rest_is_counted() {
        let tokens = [
            token(1, &[], Some("2023-02-01T00:00:00.000Z")),
            token(2, &[], Some("2023-01-01T00:00:00.000Z")),
            token(3, &[], Some("2023-12-31T00:00:00.000Z")),
            token(4, &[], None),
        ];
        assert_eq!(kept(Attention::Unused, 9, &tokens), ("4 2 1".into(), 3));
        assert_eq!(kept(Attention::Unused, 2, &tokens), ("4 2".into(), 3));
        assert_eq!(kept(Attention::NoExpiry, 3, &tokens), ("1 2 3".into(), 4));
        assert_eq!(kept(Attention::OwnerLeft, 3, &tokens), (String::new(), 0));
    }
}
