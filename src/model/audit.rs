//! Audit events: what was done to tokens, by whom, when and why.

use serde::{Deserialize, Serialize};

use super::id::{EventId, OwnerRef, TokenId, UserId};
use super::time::Timestamp;

/// One action on one token. It holds the names of that time, so it outlives users and
/// tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// Assigned by the store or file that holds the event.
    #[serde(skip, default = "unnumbered")]
    pub id: EventId,
    /// The time of the action.
    pub created_at: Timestamp,
    /// The id of the run of the program that did it.
    pub run_id: String,
    /// The name of an [`Action`].
    pub action: String,
    /// The username of the actor.
    pub actor: String,
    /// `None`: the operator, who is no user of the store.
    pub actor_id: Option<UserId>,
    /// The operating system's user who ran the program.
    pub os_user: String,
    /// The schema of the store, in an audit file: ids have no meaning in a database of
    /// another schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The kind of token.
    pub target_type: String,
    pub target_id: TokenId,
    /// The token's name.
    pub target_name: String,
    /// The token's owner; `None` for a token that belongs to no user.
    pub target_user_id: Option<UserId>,
    /// What the owner was called; `None` where they were gone, or are no user. Lines of
    /// older audit files lack it.
    #[serde(default)]
    pub target_username: Option<String>,
    pub reason: Option<String>,
    /// The name of an [`Outcome`], unknown when the event is written.
    #[serde(skip, default = "unresolved")]
    pub outcome: String,
}

fn unnumbered() -> EventId {
    EventId(0)
}

fn unresolved() -> String {
    Outcome::Unresolved.name().into()
}

/// The outcome of an action whose intent was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Revoked,
    /// The run ended before it recorded an outcome.
    Unresolved,
}

impl Outcome {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Unresolved => "unresolved",
        }
    }
}

/// What can be done to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Revoke,
}

impl Action {
    pub const ALL: [Self; 1] = [Self::Revoke];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Revoke => "revoke",
        }
    }
}

/// The filters of audit events. All combine with AND.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The ids of any of these tokens; empty: of all.
    pub targets: Vec<TokenId>,
    /// The kind of token.
    pub target_type: Option<&'static str>,
    /// The owner of the token.
    pub user: Option<OwnerRef>,
    pub actor: Option<OwnerRef>,
    /// How the run's id begins.
    pub run: Option<String>,
    pub action: Option<Action>,
    /// `created_at >= bound`.
    pub since: Option<Timestamp>,
    /// `created_at <= bound`.
    pub until: Option<Timestamp>,
}

impl AuditEvent {
    /// Whether `filter` keeps the event. The store's tests compare its SQL with this.
    #[must_use]
    pub fn is_kept_by(&self, filter: &Filter) -> bool {
        let Filter { targets, target_type, user, actor, run, action, since, until } = filter;
        let is = |wanted: &OwnerRef, id: Option<&UserId>| matches!(wanted, OwnerRef::User(user) if Some(user) == id);

        (targets.is_empty() || targets.contains(&self.target_id))
            && target_type.is_none_or(|wanted| self.target_type == wanted)
            && user.as_ref().is_none_or(|wanted| is(wanted, self.target_user_id.as_ref()))
            && actor.as_ref().is_none_or(|wanted| is(wanted, self.actor_id.as_ref()))
            && run.as_ref().is_none_or(|wanted| self.run_id.starts_with(wanted))
            && action.is_none_or(|wanted| self.action == wanted.name())
            && since.is_none_or(|bound| self.created_at >= bound)
            && until.is_none_or(|bound| self.created_at <= bound)
    }
}
