//! What every kind of token has in common: its state at an instant, the
//! filters that apply to all kinds, and the orders they can be listed in.

use super::id::{IdList, Owner, TokenId};
use super::reach::Guarded;
use super::time::{Expiry, Moment, Timestamp};

/// The state of a token at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Active,
    /// Takes precedence over expired.
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

/// What a filter asks of a token's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateFilter {
    Is(State),
    /// Revoked or expired.
    Inactive,
}

impl StateFilter {
    pub const ALL: [Self; 4] = [
        Self::Is(State::Active),
        Self::Inactive,
        Self::Is(State::Revoked),
        Self::Is(State::Expired),
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Is(state) => state.name(),
            Self::Inactive => "inactive",
        }
    }

    #[must_use]
    pub fn keeps(self, state: State) -> bool {
        match self {
            Self::Is(wanted) => state == wanted,
            Self::Inactive => state != State::Active,
        }
    }
}

/// The properties of every kind of token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenProperties {
    pub id: TokenId,
    /// `None`: not recorded.
    pub name: Option<String>,
    /// `None`: not recorded.
    pub scopes: Option<Vec<String>>,
    pub revoked: bool,
    /// `None`: not recorded.
    pub created_at: Option<Timestamp>,
    /// `None`: never.
    pub expires_at: Option<Expiry>,
}

impl TokenProperties {
    #[must_use]
    pub fn is_expired(&self, now: Moment) -> bool {
        self.expires_at.is_some_and(|expiry| expiry.has_passed(now))
    }

    #[must_use]
    pub fn is_active(&self, now: Moment) -> bool {
        self.state(now) == State::Active
    }

    #[must_use]
    pub fn state(&self, now: Moment) -> State {
        if self.revoked {
            State::Revoked
        } else if self.is_expired(now) {
            State::Expired
        } else {
            State::Active
        }
    }
}

/// A kind of token.
pub trait Token: Guarded<Filter: AsRef<TokenFilter> + AsMut<TokenFilter>> {
    /// The `target_type` of audit events.
    const TARGET_TYPE: &'static str;
    /// The owner of such tokens in messages: singular and plural.
    const OWNERS: [&'static str; 2];
    /// The keys that a list can be sorted by.
    const SORT_KEYS: &'static [SortKey];

    fn properties(&self) -> &TokenProperties;

    /// Returns the token's owner; `None` where the store does not record it.
    fn owner(&self) -> Option<Owner>;

    /// Returns the owner's name, where the owner has one.
    fn owner_name(&self) -> Option<&str> {
        None
    }

    /// Returns the last use; `None`: never, or not recorded for this kind.
    fn last_used_at(&self) -> Option<Timestamp> {
        None
    }

    fn id(&self) -> TokenId {
        self.properties().id.clone()
    }

    /// Whether it is the same token as one that was read before, and not another that was
    /// given its id: not every store records when a token was created.
    fn is_same_as(&self, before: &Self) -> bool {
        let (now, then) = (self.properties(), before.properties());
        let is_same = now.created_at == then.created_at
            && now.name == then.name
            && now.scopes == then.scopes
            && now.expires_at == then.expires_at;
        is_same && self.owner() == before.owner()
    }

    /// Returns the filter that keeps the tokens in a state.
    #[must_use]
    fn in_state(state: State) -> Self::Filter {
        let mut filter = Self::Filter::default();
        filter.as_mut().states = vec![StateFilter::Is(state)];
        filter
    }

    /// Returns the filter that keeps the tokens used in the last seven days; `None` where the
    /// use of this kind is not recorded.
    #[must_use]
    fn used_lately(_: Moment) -> Option<Self::Filter> {
        None
    }

    /// Returns the filter without its exemptions; `None` where it has none.
    #[must_use]
    fn without_exemptions(mut filter: Self::Filter) -> Option<Self::Filter> {
        let exemptions = std::mem::take(&mut filter.as_mut().except_scopes);
        (!exemptions.is_empty()).then_some(filter)
    }

    /// Whether `filter` keeps the token. The store's tests compare its SQL with this.
    fn is_kept_by(&self, filter: &Self::Filter, now: Moment) -> bool;
}

/// The filters that every kind of token has. All combine with AND; `None` and
/// empty lists keep everything.
#[derive(Clone, Debug, Default)]
pub struct TokenFilter {
    /// Only these ids.
    pub ids: Option<IdList>,
    /// All of these.
    pub states: Vec<StateFilter>,
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
    /// Every word occurs in the name, once both are [`fold`]ed.
    pub search: Vec<String>,
    /// Has any of these.
    pub scopes: Vec<String>,
    /// Has none of these.
    pub except_scopes: Vec<String>,
}

impl TokenFilter {
    /// Whether a token passes the filters that all kinds share.
    #[must_use]
    pub fn keeps(&self, token: &TokenProperties, now: Moment) -> bool {
        let Self {
            ids,
            states,
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
        let expiry = token.expires_at;
        let has_any =
            |wanted: &[String]| token.scopes.iter().flatten().any(|it| wanted.contains(it));
        let has_all = |words: &[String]| {
            let name: String = fold(token.name.as_deref().unwrap_or_default()).collect();
            words.iter().all(|word| name.contains(&fold(word).collect::<String>()))
        };

        ids.as_ref().is_none_or(|ids| ids.iter().any(|id| id == token.id.0))
            && states.iter().all(|wanted| wanted.keeps(token.state(now)))
            && revoked.is_none_or(|wanted| token.revoked == wanted)
            && expired.is_none_or(|wanted| token.is_expired(now) == wanted)
            && created_after.is_none_or(|bound| token.created_at.is_some_and(|it| it >= bound))
            && created_before.is_none_or(|bound| token.created_at.is_some_and(|it| it <= bound))
            && expires_after.is_none_or(|bound| expiry.is_some_and(|it| it.compare(bound).is_ge()))
            && expires_before.is_none_or(|bound| expiry.is_some_and(|it| it.compare(bound).is_lt()))
            && expires_within.is_none_or(|bound| {
                expiry.is_some_and(|it| !it.has_passed(now) && it.compare(bound).is_le())
            })
            && no_expiry.is_none_or(|wanted| expiry.is_none() == wanted)
            && (search.is_empty() || has_all(search))
            && (scopes.is_empty() || has_any(scopes))
            && !has_any(except_scopes)
    }
}

/// Lower-cases text for searching, each character independently of its neighbours.
pub fn fold(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(char::to_lowercase)
}

/// The order of a list. Ties are sorted by id in the same direction; NULLs come last
/// ascending and first descending.
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

    /// Lists every order by these keys.
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
