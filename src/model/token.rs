//! What every kind of token has in common: its state at an instant, the
//! filters that apply to all kinds, and the orders they can be listed in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Entity;
use super::time::{Expiry, Moment, Timestamp};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// The id of a personal access token or of a deploy token.
    TokenId
);
id!(
    /// The id of an audit event.
    EventId
);
id!(
    /// The id of a user.
    UserId
);
id!(
    /// The id of a project.
    ProjectId
);
id!(
    /// The id of a group.
    GroupId
);

/// Reads an id: digits, 1 to 2^63-1, with blanks around it ignored.
///
/// # Errors
///
/// Anything else. The message repeats a value only where it cannot be a token
/// that was given in place of its id.
pub fn parse_id(text: &str) -> Result<i64, String> {
    let digits = text.trim();
    let shown = if digits.len() < 20 || is_digits(digits) {
        format!("'{digits}'")
    } else {
        "the value".into()
    };
    if !is_digits(digits) {
        return Err(format!("{shown} is not an id: an id is a whole number"));
    }
    match digits.parse() {
        Ok(id) if id > 0 => Ok(id),
        _ => Err(format!("{shown} is not an id: ids are 1 to 9223372036854775807")),
    }
}

/// Whether a reference is to be read as an id.
#[must_use]
pub fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl FromStr for TokenId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_id(text).map(Self)
    }
}

/// What a token is worth at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Active,
    /// Wins over expired.
    Revoked,
    Expired,
}

impl State {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }
}

/// What a token belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    User(UserId),
    Project(ProjectId),
    Group(GroupId),
}

/// A kind of token.
pub trait Token: Entity<Filter: AsRef<TokenFilter> + AsMut<TokenFilter>> {
    /// The `target_type` of audit events.
    const TARGET_TYPE: &'static str;
    /// What tokens of this kind belong to, in messages: one, and many.
    const OWNERS: [&'static str; 2];
    /// The keys that a list can be sorted by.
    const SORT_KEYS: &'static [SortKey];

    fn id(&self) -> TokenId;
    fn name(&self) -> &str;
    fn scopes(&self) -> &[String];
    fn is_revoked(&self) -> bool;
    fn created_at(&self) -> Timestamp;
    fn last_used_at(&self) -> Option<Timestamp>;
    fn expires_at(&self) -> Option<Expiry>;
    /// What the token belongs to; `None` where the store does not tell.
    fn owner(&self) -> Option<Owner>;

    fn is_expired(&self, now: Moment) -> bool {
        self.expires_at().is_some_and(|expiry| expiry.has_passed(now))
    }

    fn is_active(&self, now: Moment) -> bool {
        self.state(now) == State::Active
    }

    fn state(&self, now: Moment) -> State {
        if self.is_revoked() {
            State::Revoked
        } else if self.is_expired(now) {
            State::Expired
        } else {
            State::Active
        }
    }

    /// Whether `filter` keeps the token. The store answers the same question in
    /// SQL; this plain form is what its tests compare it with.
    fn is_kept_by(&self, filter: &Self::Filter, now: Moment) -> bool;
}

/// The filters that every kind of token has. All combine with AND; `None` and
/// empty lists keep everything.
#[derive(Clone, Debug, Default)]
pub struct TokenFilter {
    /// Only these ids.
    pub ids: Option<Vec<TokenId>>,
    /// Neither revoked nor expired, or its complement.
    pub active: Option<bool>,
    pub revoked: Option<bool>,
    pub expired: Option<bool>,
    /// `created_at >= bound`.
    pub created_after: Option<Timestamp>,
    /// `created_at <= bound`.
    pub created_before: Option<Timestamp>,
    /// `expires_at >= bound`; tokens without expiry do not match.
    pub expires_after: Option<Moment>,
    /// `expires_at < bound`; tokens without expiry do not match.
    pub expires_before: Option<Moment>,
    /// Not expired, and `expires_at <= bound`.
    pub expires_within: Option<Moment>,
    pub no_expiry: Option<bool>,
    /// Every word occurs in the name; words are [`fold`]ed.
    pub search: Vec<String>,
    /// Has any of these.
    pub scopes: Vec<String>,
    /// Has none of these.
    pub except_scopes: Vec<String>,
}

impl TokenFilter {
    /// Whether a token passes the filters that all kinds share.
    pub fn keeps(&self, token: &impl Token, now: Moment) -> bool {
        let Self {
            ids,
            active,
            revoked,
            expired,
            created_after,
            created_before,
            expires_after,
            expires_before,
            expires_within,
            no_expiry,
            search,
            scopes,
            except_scopes,
        } = self;
        let expiry = token.expires_at();
        let has_any = |wanted: &[String]| token.scopes().iter().any(|it| wanted.contains(it));
        let name: String = fold(token.name()).collect();

        ids.as_ref().is_none_or(|ids| ids.contains(&token.id()))
            && active.is_none_or(|wanted| token.is_active(now) == wanted)
            && revoked.is_none_or(|wanted| token.is_revoked() == wanted)
            && expired.is_none_or(|wanted| token.is_expired(now) == wanted)
            && created_after.is_none_or(|bound| token.created_at() >= bound)
            && created_before.is_none_or(|bound| token.created_at() <= bound)
            && expires_after.is_none_or(|bound| expiry.is_some_and(|it| it.compare(bound).is_ge()))
            && expires_before.is_none_or(|bound| expiry.is_some_and(|it| it.compare(bound).is_lt()))
            && expires_within.is_none_or(|bound| {
                expiry.is_some_and(|it| !it.has_passed(now) && it.compare(bound).is_le())
            })
            && no_expiry.is_none_or(|wanted| expiry.is_none() == wanted)
            && search.iter().all(|word| name.contains(word))
            && (scopes.is_empty() || has_any(scopes))
            && !has_any(except_scopes)
    }
}

/// Lower-cases for searching: character by character, so that what a character
/// becomes does not depend on its neighbours.
pub fn fold(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(char::to_lowercase)
}

/// What a list is sorted by. Ties go by id in the same direction; NULLs come
/// last ascending and first descending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    pub key: SortKey,
    pub descending: bool,
}

impl Sort {
    pub const BY_ID: Self = Self { key: SortKey::Id, descending: false };
    pub const NEWEST_FIRST: Self = Self { key: SortKey::Created, descending: true };

    /// The order as the command line names it, such as `id_asc`.
    #[must_use]
    pub fn name(self) -> String {
        let direction = if self.descending { "desc" } else { "asc" };
        format!("{}_{direction}", self.key.name())
    }

    /// Every order of a kind of token.
    pub fn all(keys: &'static [SortKey]) -> impl Iterator<Item = Self> + Clone {
        keys.iter().flat_map(|&key| [false, true].map(|descending| Self { key, descending }))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    Id,
    Created,
    LastUsed,
    Expires,
    /// By code point.
    Name,
}

impl SortKey {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Created => "created",
            Self::LastUsed => "last_used",
            Self::Expires => "expires",
            Self::Name => "name",
        }
    }
}
