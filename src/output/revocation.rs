//! The results of a revocation, as rows.

use super::view::{Cell, Column, Record, key, name, number, text};
use crate::model::deploy_token::DeployToken;
use crate::model::id::TokenId;
use crate::model::personal_access_token::PersonalAccessToken;
use crate::model::token::Token;

/// The result of a revocation for one id.
#[derive(Clone, Debug)]
pub struct Revocation<T> {
    pub id: TokenId,
    /// `None`: denied, or deleted.
    pub token: Option<T>,
    pub result: RevocationResult,
    /// `None`: this run recorded no event for it.
    pub run_id: Option<String>,
}

/// The `result` of a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationResult {
    Revoked,
    WouldRevoke,
    AlreadyRevoked,
    Spared,
    Denied,
    Unresolved,
}

impl RevocationResult {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::WouldRevoke => "would_revoke",
            Self::AlreadyRevoked => "already_revoked",
            Self::Spared => "spared",
            Self::Denied => "denied",
            Self::Unresolved => "unresolved",
        }
    }
}

impl<T: Token> Revocation<T> {
    fn of_token<'a>(&'a self, cell: impl FnOnce(&'a T) -> Cell<'a>) -> Cell<'a> {
        self.token.as_ref().map_or(Cell::Null, cell)
    }

    fn revoked_id(&self) -> Option<TokenId> {
        match self.result {
            RevocationResult::Revoked | RevocationResult::WouldRevoke => Some(self.id.clone()),
            RevocationResult::AlreadyRevoked
            | RevocationResult::Spared
            | RevocationResult::Denied
            | RevocationResult::Unresolved => None,
        }
    }
}

const fn result<T: Token + 'static>() -> Column<Revocation<T>> {
    key("result", |it, _| Cell::Word(it.result.name()))
}

const fn run_id<T: Token + 'static>() -> Column<Revocation<T>> {
    key("run_id", |it, _| it.run_id.as_ref().map_or(Cell::Null, |id| Cell::Whole(id)))
}

impl Record for Revocation<PersonalAccessToken> {
    const COLUMNS: &'static [Column<Self>] = &[
        number("id", |it, _| Cell::id(&it.id.0)),
        name("name", |it, _| it.of_token(|token| Cell::text(token.properties().name.as_ref()))),
        number("user_id", |it, _| {
            it.of_token(|token| token.user_id.as_ref().map_or(Cell::Null, |id| Cell::id(&id.0)))
        }),
        name("username", |it, _| it.of_token(|token| Cell::text(token.username.as_ref()))),
        result(),
        run_id(),
    ];
    const TABLE: &'static [&'static str] =
        &["id", "name", "user_id", "username", "result", "run_id"];
    // The summary names the run.
    const TERMINAL: &'static [&'static str] = &["id", "name", "user_id", "username", "result"];
    const LEFT_OUT: &'static [&'static str] = &["user_id", "username", "name"];
    const KEPT: &'static [&'static str] = &["id", "result"];

    fn listed_id(&self) -> Option<TokenId> {
        self.revoked_id()
    }
}

impl Record for Revocation<DeployToken> {
    const COLUMNS: &'static [Column<Self>] = &[
        number("id", |it, _| Cell::id(&it.id.0)),
        name("name", |it, _| it.of_token(|token| Cell::text(token.properties().name.as_ref()))),
        text("project", |it, _| it.of_token(|token| Cell::text(token.project.as_ref()))),
        text("group", |it, _| it.of_token(|token| Cell::text(token.group.as_ref()))),
        result(),
        run_id(),
    ];
    const TABLE: &'static [&'static str] = &["id", "name", "project", "group", "result", "run_id"];
    const TERMINAL: &'static [&'static str] = &["id", "name", "project", "group", "result"];
    const LEFT_OUT: &'static [&'static str] = &["group", "project", "name"];
    const KEPT: &'static [&'static str] = &["id", "result"];

    fn listed_id(&self) -> Option<TokenId> {
        self.revoked_id()
    }
}
