//! What is to be known of a store before one works on it.

use super::id::UserId;

/// A store, who works on it, and what they may do there.
#[derive(Clone, Debug)]
pub struct Status {
    /// The path, or the database and its host.
    pub store: String,
    pub facts: Facts,
    /// The name of the schema, and of the application whose it is.
    pub schema: &'static str,
    pub application: String,
    /// Properties of tokens that the store does not record.
    pub unrecorded: Vec<String>,
    pub actor: String,
    /// `None`: the operator.
    pub actor_id: Option<UserId>,
    pub is_admin: bool,
    pub personal_access_tokens: Counts,
    /// `None`: the store has none, or the actor may not ask for all.
    pub deploy_tokens: Option<Counts>,
    /// Where audit events go; `None`: nowhere yet.
    pub audit_events: Option<String>,
}

/// What an engine says of a database.
#[derive(Clone, Debug)]
pub struct Facts {
    pub engine: &'static str,
    pub version: String,
    pub encoding: String,
    /// `None`: the engine has no choice of them.
    pub journal_mode: Option<String>,
    /// What keeps this process from revoking here.
    pub obstacles: Vec<String>,
}

/// How many tokens are in reach.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    pub active: u64,
    pub expired: u64,
    pub revoked: u64,
}
