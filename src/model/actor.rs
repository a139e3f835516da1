//! Who asks: the user that the program acts as, and their standing in projects
//! and groups. Only the store makes either, from what the database says.

use std::fmt;

use super::id::{Place, UserId};

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

impl Actor {
    /// Vouches for a user whom the store found to be active. A lint keeps all modules
    /// but the store from calling it.
    #[must_use]
    pub(crate) fn vouched(id: UserId, username: String, admin: bool) -> Self {
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

    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.admin
    }

    /// The user that a reference led to, if the actor may name them: an administrator
    /// names anyone, anybody else only themselves.
    ///
    /// # Errors
    ///
    /// [`Denied`], also where the reference led nowhere.
    pub fn may_name(&self, found: Option<UserId>) -> Result<UserId, Denied> {
        found.filter(|&user| self.admin || user == self.id).ok_or(Denied)
    }
}

impl Membership {
    /// Vouches for a standing that the store has found. A lint keeps all modules but the
    /// store from calling it.
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
