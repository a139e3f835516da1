//! The types of permission rules. Private to the model, so that no other module can
//! define rules beside those of `access`.

use std::fmt::Debug;

use super::actor::{AccessLevel, Actor, Denied};
use super::id::UserId;

/// The rules of one action (list, show or revoke) for actors other than administrators.
#[derive(Clone, Copy, Debug)]
pub struct Act {
    /// Whether revoked tokens are included.
    pub includes_revoked: bool,
    /// Whether an owner reaches their own impersonation tokens.
    pub own_impersonation: bool,
    /// The lowest level in a project that reaches its deploy tokens.
    pub project_level: AccessLevel,
    /// The lowest level in a group that reaches its deploy tokens.
    pub group_level: AccessLevel,
}

/// The tokens or events that an actor may access, whatever the filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    All,
    /// The personal access tokens of one user.
    Own {
        user: UserId,
        impersonation: bool,
    },
    /// The deploy tokens of projects and groups where the user has at least these levels,
    /// directly or through a parent group.
    Member {
        user: UserId,
        project_level: AccessLevel,
        group_level: AccessLevel,
    },
    /// The events on one user's tokens, and of that user's own actions. The name tells
    /// them from a predecessor with the same id.
    Involved {
        user: UserId,
        username: String,
    },
}

/// A kind of record with permission rules.
pub trait Guarded: Clone + Debug {
    /// The filters of the kind; the default keeps everything.
    type Filter: Default + Clone + Debug + Send;

    /// Returns what an actor who is no administrator may access with `filter`.
    ///
    /// # Errors
    ///
    /// [`Denied`] where the actor may not ask at all.
    fn reach(actor: &Actor, act: Act, filter: &Self::Filter) -> Result<Reach, Denied>;
}
