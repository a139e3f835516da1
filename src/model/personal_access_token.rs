//! Personal access tokens: those that belong to a user.

use super::id::{Owner, OwnerRef, UserId};
use super::time::{Moment, Period, Timestamp};
use super::token::{SortKey, Token, TokenFilter, TokenProperties};

/// A personal access token, without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalAccessToken {
    pub token: TokenProperties,
    /// `None` where the token belongs to a service, not to a user.
    pub user_id: Option<UserId>,
    /// The name of the owner or service; `None` where it was deleted.
    pub username: Option<String>,
    /// `None` where the user was deleted, or is of another kind.
    pub user_type: Option<UserType>,
    /// `None` where the store does not record it.
    pub user_state: Option<UserState>,
    pub description: Option<String>,
    /// Created by an administrator to act as the user; `None` where the store does not
    /// record it.
    pub impersonation: Option<bool>,
    /// `None`: never used.
    pub last_used_at: Option<Timestamp>,
}

/// The kind of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserType {
    Human,
    ProjectBot,
    ServiceAccount,
}

impl UserType {
    pub const ALL: [Self; 3] = [Self::Human, Self::ProjectBot, Self::ServiceAccount];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::ProjectBot => "project_bot",
            Self::ServiceAccount => "service_account",
        }
    }
}

/// The state of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserState {
    Active,
    Blocked,
    Banned,
    Deactivated,
    /// There is no such user any more.
    Gone,
}

impl UserState {
    pub const ALL: [Self; 5] =
        [Self::Active, Self::Blocked, Self::Banned, Self::Deactivated, Self::Gone];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Blocked => "blocked",
            Self::Banned => "banned",
            Self::Deactivated => "deactivated",
            Self::Gone => "gone",
        }
    }
}

/// The filters of personal access tokens. All combine with AND.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub token: TokenFilter,
    /// Of any of these users; empty: of all.
    pub users: Vec<OwnerRef>,
    pub except_users: Vec<OwnerRef>,
    /// Any of these, in both.
    pub user_types: Vec<UserType>,
    pub user_states: Vec<UserState>,
    pub impersonation: Option<bool>,
    /// `last_used_at >= bound`; never-used tokens do not match.
    pub last_used_after: Option<Timestamp>,
    /// `last_used_at <= bound`; never-used tokens do not match.
    pub last_used_before: Option<Timestamp>,
    pub never_used: Option<bool>,
    /// Created before this, and not used since.
    pub unused_since: Option<Timestamp>,
}

impl AsRef<TokenFilter> for Filter {
    fn as_ref(&self) -> &TokenFilter {
        &self.token
    }
}

impl AsMut<TokenFilter> for Filter {
    fn as_mut(&mut self) -> &mut TokenFilter {
        &mut self.token
    }
}

impl Token for PersonalAccessToken {
    const TARGET_TYPE: &'static str = "personal_access_token";
    const OWNERS: [&'static str; 2] = ["user", "users"];
    const SORT_KEYS: &'static [SortKey] =
        &[SortKey::Id, SortKey::Created, SortKey::LastUsed, SortKey::Expires, SortKey::Name];

    fn properties(&self) -> &TokenProperties {
        &self.token
    }

    fn last_used_at(&self) -> Option<Timestamp> {
        self.last_used_at
    }

    fn used_lately(now: Moment) -> Option<Filter> {
        // Before the year 0 nothing was used.
        let since = Period::WEEK.before(now.instant).unwrap_or(now.instant);
        Some(Filter { last_used_after: Some(since), ..Filter::default() })
    }

    fn owner(&self) -> Option<Owner> {
        self.user_id.clone().map(Owner::User)
    }

    fn owner_name(&self) -> Option<&str> {
        self.username.as_deref()
    }

    fn without_exemptions(mut filter: Filter) -> Option<Filter> {
        let scopes = std::mem::take(&mut filter.token.except_scopes);
        let users = std::mem::take(&mut filter.except_users);
        (!scopes.is_empty() || !users.is_empty()).then_some(filter)
    }

    fn is_kept_by(&self, filter: &Filter, now: Moment) -> bool {
        let Filter {
            token,
            users,
            except_users,
            user_types,
            user_states,
            impersonation,
            last_used_after,
            last_used_before,
            never_used,
            unused_since,
        } = filter;
        let last_used = self.last_used_at;
        let is_of = |users: &[OwnerRef]| {
            let user = self.user_id.as_ref();
            users.iter().any(|it| matches!(it, OwnerRef::User(id) if Some(id) == user))
        };

        token.keeps(&self.token, now)
            && (users.is_empty() || is_of(users))
            && !is_of(except_users)
            && (user_types.is_empty() || self.user_type.is_some_and(|it| user_types.contains(&it)))
            && (user_states.is_empty()
                || self.user_state.is_some_and(|it| user_states.contains(&it)))
            && impersonation.is_none_or(|wanted| self.impersonation == Some(wanted))
            && last_used_after.is_none_or(|bound| last_used.is_some_and(|it| it >= bound))
            && last_used_before.is_none_or(|bound| last_used.is_some_and(|it| it <= bound))
            && never_used.is_none_or(|wanted| last_used.is_none() == wanted)
            && unused_since.is_none_or(|since| {
                self.token.created_at.is_some_and(|it| it < since)
                    && last_used.is_none_or(|it| it < since)
            })
    }
}
