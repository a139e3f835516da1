//! The columns of records: the keys of JSON, the columns of tables and CSV, and their
//! values.

use super::text::visible;
use crate::model::audit::AuditEvent;
use crate::model::deploy_token::DeployToken;
use crate::model::id::TokenId;
use crate::model::personal_access_token::PersonalAccessToken;
use crate::model::time::{Expiry, Moment, Timestamp};
use crate::model::token::{State, Token};

/// A value, before it is formatted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    /// This program's own text.
    Word(&'a str),
    /// Untrusted text, which may be hostile.
    Text(&'a str),
    /// Untrusted text that is useless when cut.
    Whole(&'a str),
    /// Untrusted texts: a JSON array, elsewhere separated by blanks.
    List(&'a [String]),
    State(State),
    Time(Timestamp),
    Expiry(Expiry),
    /// Never used, or never expires.
    Never,
}

impl<'a> Cell<'a> {
    fn text(text: Option<&'a String>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text))
    }

    /// Appends the exact value as text that is safe to print; nothing if there is none.
    pub fn write_plain(self, out: &mut String) {
        match self {
            Self::Null | Self::Never => {}
            Self::Boolean(value) => out.push_str(if value { "true" } else { "false" }),
            Self::Integer(value) => out.push_str(itoa::Buffer::new().format(value)),
            Self::Word(text) => out.push_str(text),
            Self::Text(text) | Self::Whole(text) => out.push_str(&visible(text)),
            Self::List(texts) => {
                for (index, text) in texts.iter().enumerate() {
                    out.push_str(if index > 0 { " " } else { "" });
                    out.push_str(&visible(text));
                }
            }
            Self::State(state) => out.push_str(state.name()),
            Self::Time(time) => out.push_str(&time.text()),
            Self::Expiry(expiry) => out.push_str(&expiry.text()),
        }
    }
}

/// A named property of a record.
pub struct Column<R: 'static> {
    pub name: &'static str,
    pub cell: for<'a> fn(&'a R, Moment) -> Cell<'a>,
}

const fn key<R>(name: &'static str, cell: for<'a> fn(&'a R, Moment) -> Cell<'a>) -> Column<R> {
    Column { name, cell }
}

/// Something that can be printed in every format.
pub trait Record: Sized + 'static {
    /// Every column, in the order of JSON keys.
    const COLUMNS: &'static [Column<Self>];
    /// The default columns of a table.
    const TABLE: &'static [&'static str];

    /// Returns the id that `-o ids` prints, if any.
    fn listed_id(&self) -> Option<TokenId>;
}

/// Finds a column by name.
#[must_use]
pub fn column<R: Record>(name: &str) -> Option<&'static Column<R>> {
    R::COLUMNS.iter().find(|column| column.name == name)
}

/// Returns the default columns of a table.
#[must_use]
pub fn table<R: Record>() -> Vec<&'static Column<R>> {
    R::TABLE.iter().filter_map(|name| column(name)).collect()
}

/// Lists the keys of JSON and CSV.
pub fn keys<R: Record>() -> impl Iterator<Item = &'static Column<R>> {
    R::COLUMNS.iter()
}

/// Lists the names that `--columns` accepts, those of the table first.
pub fn column_names<R: Record>() -> impl Iterator<Item = &'static str> {
    let more = R::COLUMNS.iter().map(|column| column.name);
    let more = more.filter(|name| !R::TABLE.contains(name));
    R::TABLE.iter().copied().chain(more)
}

const fn state<R: Token + 'static>() -> Column<R> {
    key("state", |token, now| Cell::State(token.properties().state(now)))
}

impl Record for PersonalAccessToken {
    const COLUMNS: &'static [Column<Self>] = &[
        key("id", |it, _| Cell::Integer(it.token.id.0)),
        key("name", |it, _| Cell::Text(&it.token.name)),
        key("revoked", |it, _| Cell::Boolean(it.token.revoked)),
        key("created_at", |it, _| it.token.created_at.map_or(Cell::Null, Cell::Time)),
        key("scopes", |it, _| Cell::List(&it.token.scopes)),
        key("user_id", |it, _| it.user_id.map_or(Cell::Null, |id| Cell::Integer(id.0))),
        key("last_used_at", |it, _| it.last_used_at.map_or(Cell::Never, Cell::Time)),
        key("active", |it, now| Cell::Boolean(it.token.is_active(now))),
        key("expires_at", |it, _| it.token.expires_at.map_or(Cell::Never, Cell::Expiry)),
        key("expired", |it, now| Cell::Boolean(it.token.is_expired(now))),
        key("description", |it, _| Cell::text(it.description.as_ref())),
        key("impersonation", |it, _| it.impersonation.map_or(Cell::Null, Cell::Boolean)),
        key("username", |it, _| Cell::text(it.username.as_ref())),
        state(),
        key("user_type", |it, _| it.user_type.map_or(Cell::Null, |it| Cell::Word(it.name()))),
        key("user_state", |it, _| it.user_state.map_or(Cell::Null, |it| Cell::Word(it.name()))),
    ];
    const TABLE: &'static [&'static str] =
        &["id", "username", "name", "scopes", "state", "created_at", "last_used_at", "expires_at"];

    fn listed_id(&self) -> Option<TokenId> {
        Some(self.token.id)
    }
}

impl Record for DeployToken {
    const COLUMNS: &'static [Column<Self>] = &[
        key("id", |it, _| Cell::Integer(it.token.id.0)),
        key("name", |it, _| Cell::Text(&it.token.name)),
        key("username", |it, _| Cell::Text(&it.username)),
        key("expires_at", |it, _| it.token.expires_at.map_or(Cell::Never, Cell::Expiry)),
        key("scopes", |it, _| Cell::List(&it.token.scopes)),
        key("revoked", |it, _| Cell::Boolean(it.token.revoked)),
        key("expired", |it, now| Cell::Boolean(it.token.is_expired(now))),
        key("active", |it, now| Cell::Boolean(it.token.is_active(now))),
        key("created_at", |it, _| it.token.created_at.map_or(Cell::Null, Cell::Time)),
        key("project", |it, _| Cell::text(it.project.as_ref())),
        key("group", |it, _| Cell::text(it.group.as_ref())),
        state(),
    ];
    const TABLE: &'static [&'static str] = &[
        "id",
        "name",
        "username",
        "project",
        "group",
        "scopes",
        "state",
        "created_at",
        "expires_at",
    ];

    fn listed_id(&self) -> Option<TokenId> {
        Some(self.token.id)
    }
}

impl Record for AuditEvent {
    const COLUMNS: &'static [Column<Self>] = &[
        key("id", |it, _| Cell::Integer(it.id.0)),
        key("created_at", |it, _| Cell::Time(it.created_at)),
        key("run_id", |it, _| Cell::Whole(&it.run_id)),
        key("action", |it, _| Cell::Text(&it.action)),
        key("actor", |it, _| Cell::Text(&it.actor)),
        key("actor_id", |it, _| Cell::Integer(it.actor_id.0)),
        key("os_user", |it, _| Cell::Text(&it.os_user)),
        key("target_type", |it, _| Cell::Text(&it.target_type)),
        key("target_id", |it, _| Cell::Integer(it.target_id.0)),
        key("target_name", |it, _| Cell::Text(&it.target_name)),
        key("target_user_id", |it, _| {
            it.target_user_id.map_or(Cell::Null, |id| Cell::Integer(id.0))
        }),
        key("target_username", |it, _| Cell::text(it.target_username.as_ref())),
        key("reason", |it, _| Cell::text(it.reason.as_ref())),
        key("outcome", |it, _| Cell::Text(&it.outcome)),
    ];
    const TABLE: &'static [&'static str] = &[
        "created_at",
        "actor",
        "action",
        "target_type",
        "target_id",
        "target_name",
        "reason",
        "outcome",
        "run_id",
    ];

    /// Returns the token's id: `revoke -` does not take ids of events.
    fn listed_id(&self) -> Option<TokenId> {
        Some(self.target_id)
    }
}

impl Record for TokenId {
    const COLUMNS: &'static [Column<Self>] = &[key("id", |it, _| Cell::Integer(it.0))];
    const TABLE: &'static [&'static str] = &["id"];

    fn listed_id(&self) -> Option<TokenId> {
        Some(*self)
    }
}

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
            RevocationResult::Revoked | RevocationResult::WouldRevoke => Some(self.id),
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
        key("id", |it, _| Cell::Integer(it.id.0)),
        key("name", |it, _| it.of_token(|token| Cell::Text(&token.properties().name))),
        key("user_id", |it, _| {
            it.of_token(|token| token.user_id.map_or(Cell::Null, |id| Cell::Integer(id.0)))
        }),
        key("username", |it, _| it.of_token(|token| Cell::text(token.username.as_ref()))),
        result(),
        run_id(),
    ];
    const TABLE: &'static [&'static str] =
        &["id", "name", "user_id", "username", "result", "run_id"];

    fn listed_id(&self) -> Option<TokenId> {
        self.revoked_id()
    }
}

impl Record for Revocation<DeployToken> {
    const COLUMNS: &'static [Column<Self>] = &[
        key("id", |it, _| Cell::Integer(it.id.0)),
        key("name", |it, _| it.of_token(|token| Cell::Text(&token.properties().name))),
        key("project", |it, _| it.of_token(|token| Cell::text(token.project.as_ref()))),
        key("group", |it, _| it.of_token(|token| Cell::text(token.group.as_ref()))),
        result(),
        run_id(),
    ];
    const TABLE: &'static [&'static str] = &["id", "name", "project", "group", "result", "run_id"];

    fn listed_id(&self) -> Option<TokenId> {
        self.revoked_id()
    }
}
