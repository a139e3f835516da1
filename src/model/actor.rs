//! The user that the program acts as, and their membership of projects and groups. Only
//! the store creates either, from the database.

use std::fmt;

use super::id::{OwnerRef, Place, UserId};

/// The name of the operator.
pub const OPERATOR: &str = "@operator";

/// The user that the program acts as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// `None`: the operator.
    id: Option<UserId>,
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

/// An actor's level in an existing project or group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    place: Place,
    level: Option<AccessLevel>,
}

/// The error for what is missing or not permitted; it does not tell which.
#[derive(Debug, PartialEq, Eq)]
pub struct Denied;

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not found, or not permitted")
    }
}

impl std::error::Error for Denied {}

impl Actor {
    /// Creates an actor of an active user. A lint reserves this for the store.
    #[must_use]
    pub(crate) fn vouched(id: UserId, username: String, admin: bool) -> Self {
        Self { id: Some(id), username, admin }
    }

    /// Creates the operator: whoever can open the store, where it knows no administrators.
    /// A lint reserves this for the store.
    #[must_use]
    pub(crate) fn operator() -> Self {
        Self { id: None, username: OPERATOR.into(), admin: true }
    }

    /// Returns `None` for the operator, who is no user of the store.
    #[must_use]
    pub fn id(&self) -> Option<&UserId> {
        self.id.as_ref()
    }

    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.admin
    }

    /// Returns the user found, if the actor may name them: an administrator may name
    /// anyone, others only themselves.
    ///
    /// # Errors
    ///
    /// [`Denied`], also where no user was found.
    pub fn may_name(&self, found: Option<OwnerRef>) -> Result<OwnerRef, Denied> {
        let is_me = |it: &OwnerRef| matches!(it, OwnerRef::User(id) if Some(id) == self.id());
        found.filter(|it| self.admin || is_me(it)).ok_or(Denied)
    }
}

impl Membership {
    /// Creates a membership. A lint reserves this for the store.
    #[must_use]
    pub(crate) fn vouched(place: Place, level: Option<AccessLevel>) -> Self {
        Self { place, level }
    }

    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// The highest level that the actor has there, if any.
    #[must_use]
    pub fn level(&self) -> Option<AccessLevel> {
        self.level
    }
}
