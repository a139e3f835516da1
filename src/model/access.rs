//! Who may do what: every permission rule of the program.
//!
//! The store runs nothing but a [`Query`], and only an [`Actor`] makes one. The
//! actor's reach in it becomes the first condition of the WHERE, so no filter
//! can widen what the actor sees. What the actor may not name at all (another
//! user, a project that he does not maintain) is refused before.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use super::Entity;
use super::audit::{self, AuditEvent};
use super::deploy_token::{self, DeployToken, Place};
use super::personal_access_token::{self, PersonalAccessToken};
use super::token::{Token, TokenId, UserId, is_digits, parse_id};

/// The user that the program acts as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    id: UserId,
    username: String,
    admin: bool,
}

/// The level of a member in a project or group, as GitLab numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccessLevel(pub i64);

impl AccessLevel {
    pub const MAINTAINER: Self = Self(40);
    pub const OWNER: Self = Self(50);
}

/// An actor's standing in a project or group that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    place: Place,
    level: Option<AccessLevel>,
}

/// What is done to the tokens of a query; the reach depends on it.
pub trait Act {
    /// Whether tokens that are revoked already are in question.
    const REVOKED: bool = true;
    /// Whether an owner reaches his own impersonation tokens.
    const OWN_IMPERSONATION: bool;
    /// The least level in a project that reaches its deploy tokens.
    const PROJECT_LEVEL: AccessLevel = AccessLevel::MAINTAINER;
    /// The least level in a group that reaches its deploy tokens.
    const GROUP_LEVEL: AccessLevel;
}

/// Any number of tokens are read.
#[derive(Debug)]
pub struct List;
/// One token is read.
#[derive(Debug)]
pub struct Show;
/// Tokens are revoked.
#[derive(Debug)]
pub struct Revoke;

impl Act for List {
    const OWN_IMPERSONATION: bool = false;
    const GROUP_LEVEL: AccessLevel = AccessLevel::MAINTAINER;
}

impl Act for Show {
    const OWN_IMPERSONATION: bool = true;
    const GROUP_LEVEL: AccessLevel = AccessLevel::MAINTAINER;
}

impl Act for Revoke {
    const REVOKED: bool = false;
    const OWN_IMPERSONATION: bool = false;
    const GROUP_LEVEL: AccessLevel = AccessLevel::OWNER;
}

/// Which tokens, or events, an actor gets at, whatever the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    All,
    /// The personal access tokens of one user.
    Own {
        user: UserId,
        impersonation: bool,
    },
    /// The deploy tokens of what the user is a member of, directly or through a
    /// group above, at these levels or more.
    Member {
        user: UserId,
        project_level: AccessLevel,
        group_level: AccessLevel,
    },
    /// The events on one user's tokens, and those of his own acts.
    Involved {
        user: UserId,
    },
}

/// The answer to everything that is missing or not permitted; it does not tell
/// which of the two.
#[derive(Debug, PartialEq, Eq)]
pub struct Denied;

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not found, or not permitted")
    }
}

impl std::error::Error for Denied {}

/// A kind of thing whose reach is ruled here.
pub trait Guarded: Entity {
    /// What `actor` reaches of this kind with `filter`.
    ///
    /// # Errors
    ///
    /// [`Denied`] where the actor may not put the question at all.
    fn reach<A: Act>(actor: &Actor, filter: &Self::Filter) -> Result<Reach, Denied>;
}

impl Guarded for PersonalAccessToken {
    fn reach<A: Act>(
        actor: &Actor,
        filter: &personal_access_token::Filter,
    ) -> Result<Reach, Denied> {
        if actor.admin {
            return Ok(Reach::All);
        }
        let named = filter.user.iter().chain(&filter.except_users);
        for &user in named {
            actor.may_name(Some(user))?;
        }
        Ok(Reach::Own { user: actor.id, impersonation: A::OWN_IMPERSONATION })
    }
}

impl Guarded for DeployToken {
    fn reach<A: Act>(actor: &Actor, filter: &deploy_token::Filter) -> Result<Reach, Denied> {
        if actor.admin {
            return Ok(Reach::All);
        }
        let asks_for_all = filter.token.ids.is_none();
        match filter.place {
            None if asks_for_all => return Err(Denied),
            None => {}
            Some(Membership { place, level }) => {
                let needed = match place {
                    Place::Project(_) => A::PROJECT_LEVEL,
                    Place::Group(_) => A::GROUP_LEVEL,
                };
                if level < Some(needed) {
                    return Err(Denied);
                }
            }
        }
        Ok(Reach::Member {
            user: actor.id,
            project_level: A::PROJECT_LEVEL,
            group_level: A::GROUP_LEVEL,
        })
    }
}

impl Guarded for AuditEvent {
    fn reach<A: Act>(actor: &Actor, filter: &audit::Filter) -> Result<Reach, Denied> {
        if actor.admin {
            return Ok(Reach::All);
        }
        for user in [filter.user, filter.actor].into_iter().flatten() {
            actor.may_name(Some(user))?;
        }
        Ok(Reach::Involved { user: actor.id })
    }
}

impl Actor {
    /// Vouches for an actor. Only the store calls this, for a user that it found
    /// to be active; a lint keeps everything else away.
    #[must_use]
    pub fn vouched(id: UserId, username: String, admin: bool) -> Self {
        Self { id, username, admin }
    }

    #[must_use]
    pub fn id(&self) -> UserId {
        self.id
    }

    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Whether the actor may name other users.
    #[must_use]
    pub fn may_name_anyone(&self) -> bool {
        self.admin
    }

    /// The user that a reference led to, if the actor may name him: an
    /// administrator names anyone, anybody else only himself.
    ///
    /// # Errors
    ///
    /// [`Denied`], also where the reference led nowhere.
    pub fn may_name(&self, found: Option<UserId>) -> Result<UserId, Denied> {
        found.filter(|&user| self.may_name_anyone() || user == self.id).ok_or(Denied)
    }

    /// The query that does `A` to what `filter` keeps of the actor's reach.
    ///
    /// # Errors
    ///
    /// [`Denied`] where the actor may not put the question at all.
    pub fn query<T: Guarded, A: Act>(&self, filter: T::Filter) -> Result<Query<T, A>, Denied> {
        Ok(Query { reach: T::reach::<A>(self, &filter)?, filter, act: PhantomData })
    }
}

impl Membership {
    /// Vouches for a standing. Only the store calls this; a lint keeps
    /// everything else away.
    #[must_use]
    pub fn vouched(place: Place, level: Option<AccessLevel>) -> Self {
        Self { place, level }
    }

    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }
}

/// A permitted question: a filter, and the reach that bounds it.
#[derive(Clone, Debug)]
pub struct Query<T: Entity, A> {
    filter: T::Filter,
    reach: Reach,
    act: PhantomData<A>,
}

impl<T: Entity, A> Query<T, A> {
    #[must_use]
    pub fn filter(&self) -> &T::Filter {
        &self.filter
    }

    #[must_use]
    pub fn reach(&self) -> Reach {
        self.reach
    }
}

impl<T: Token, A> Query<T, A> {
    /// The same question about these ids.
    #[must_use]
    pub fn among(&self, ids: &[TokenId]) -> Self {
        let mut filter = self.filter.clone();
        filter.as_mut().ids = Some(ids.to_vec());
        Self { filter, reach: self.reach, act: PhantomData }
    }
}

/// How a project, group or user is named: digits only are an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    Id(i64),
    /// A username or a full path; ASCII case is ignored.
    Name(String),
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Name(name) => write!(f, "'{name}'"),
        }
    }
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("it is empty".into());
        }
        if is_digits(text.trim()) {
            return parse_id(text).map(Self::Id);
        }
        Ok(Self::Name(text.into()))
    }
}

/// How a user is named by one who is known himself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserRef {
    /// `@me`: the actor.
    Me,
    Other(Reference),
}

impl fmt::Display for UserRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Me => "@me".fmt(f),
            Self::Other(reference) => reference.fmt(f),
        }
    }
}

impl FromStr for UserRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "@me" => Ok(Self::Me),
            _ => text.parse().map(Self::Other),
        }
    }
}
