//! What a rule of permission is made of. Private to the model, so that no other module
//! can make an act or rule the reach of a kind: the rules are those of `access`.

use std::fmt::Debug;

use super::actor::{AccessLevel, Actor, Denied};
use super::id::UserId;

/// What an act reaches of an owner's and a member's tokens.
#[derive(Clone, Copy, Debug)]
pub struct Act {
    /// Whether tokens that are revoked already are in question.
    pub includes_revoked: bool,
    /// Whether an owner reaches their own impersonation tokens.
    pub own_impersonation: bool,
    /// The least level in a project that reaches its deploy tokens.
    pub project_level: AccessLevel,
    /// The least level in a group that reaches its deploy tokens.
    pub group_level: AccessLevel,
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
    /// The events on one user's tokens, and those of their own acts.
    Involved {
        user: UserId,
    },
}

/// A kind of thing whose reach is ruled.
pub trait Guarded: Clone + Debug {
    /// What the kind can be filtered by; the default keeps everything.
    type Filter: Default + Clone + Debug;

    /// What an actor who is no administrator reaches of this kind with `filter`.
    ///
    /// # Errors
    ///
    /// [`Denied`] where the actor may not put the question at all.
    fn reach(actor: &Actor, act: Act, filter: &Self::Filter) -> Result<Reach, Denied>;
}
