//! The columns of records: the keys of JSON, the columns of tables and CSV, and their
//! values.

use super::text::visible;
use crate::model::audit::AuditEvent;
use crate::model::deploy_token::DeployToken;
use crate::model::id::{Id, ROW, TokenId};
use crate::model::personal_access_token::PersonalAccessToken;
use crate::model::status::Status;
use crate::model::time::{Expiry, Moment, Timestamp};
use crate::model::token::{State, Token};

/// A value, before it is formatted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    /// A part of one, in ten-thousandths.
    Share(u32),
    /// This program's own text.
    Word(&'a str),
    /// Untrusted text, which may be hostile.
    Text(&'a str),
    /// Untrusted text that is useless when cut.
    Whole(&'a str),
    /// Untrusted texts: a JSON array, elsewhere separated by blanks.
    List(&'a [String]),
    /// The same, of texts that have blanks: elsewhere separated by semicolons.
    Lines(&'a [String]),
    State(State),
    Time(Timestamp),
    Expiry(Expiry),
    /// Never used, or never expires.
    Never,
}

impl<'a> Cell<'a> {
    pub(super) fn text(text: Option<&'a String>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text))
    }

    fn list(list: Option<&'a Vec<String>>) -> Self {
        list.map_or(Self::Null, |list| Self::List(list))
    }

    pub(super) fn id(id: &'a Id) -> Self {
        match id {
            Id::Integer(id) => Self::Integer(*id),
            Id::Text(id) if id.starts_with(ROW) => Self::Null,
            Id::Text(id) => Self::Whole(id),
        }
    }

    pub(super) fn count(count: Option<u64>) -> Self {
        count.map_or(Self::Null, |it| Self::Integer(i64::try_from(it).unwrap_or(i64::MAX)))
    }

    /// Appends the exact value as text that is safe to print; nothing if there is none.
    pub fn write_plain(self, out: &mut String) {
        match self {
            Self::Null | Self::Never => {}
            Self::Boolean(value) => out.push_str(if value { "true" } else { "false" }),
            Self::Integer(value) => out.push_str(itoa::Buffer::new().format(value)),
            Self::Share(parts) => write_share(out, parts),
            Self::Word(text) => out.push_str(text),
            Self::Text(text) | Self::Whole(text) => out.push_str(&visible(text)),
            Self::List(texts) => {
                for (index, text) in texts.iter().enumerate() {
                    out.push_str(if index > 0 { " " } else { "" });
                    out.push_str(&visible(text));
                }
            }
            Self::Lines(texts) => {
                for (index, text) in texts.iter().enumerate() {
                    out.push_str(if index > 0 { "; " } else { "" });
                    out.push_str(&visible(text));
                }
            }
            Self::State(state) => out.push_str(state.name()),
            Self::Time(time) => out.push_str(&time.text()),
            Self::Expiry(expiry) => out.push_str(&expiry.text()),
        }
    }
}

/// Appends a number from 0 to 1, without zeros that say nothing.
fn write_share(out: &mut String, parts: u32) {
    let text = format!("{}.{:04}", parts / 10_000, parts % 10_000);
    out.push_str(text.trim_end_matches('0').trim_end_matches('.'));
}

/// A named property of a record.
pub struct Column<R: 'static> {
    pub name: &'static str,
    pub room: Room,
    pub cell: ToCell<R>,
}

pub(super) type ToCell<R> = for<'a> fn(&'a R, Moment) -> Cell<'a>;

/// How a column takes part in the width of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Useless when cut.
    Whole,
    /// Useless when cut, and aligned to the right.
    Number,
    /// What a person knows the record by: is cut late, and left out last.
    Name,
    /// Is cut first.
    Text,
}

pub(super) const fn key<R>(name: &'static str, cell: ToCell<R>) -> Column<R> {
    Column { name, room: Room::Whole, cell }
}

pub(super) const fn number<R>(name: &'static str, cell: ToCell<R>) -> Column<R> {
    Column { name, room: Room::Number, cell }
}

pub(super) const fn name<R>(name: &'static str, cell: ToCell<R>) -> Column<R> {
    Column { name, room: Room::Name, cell }
}

pub(super) const fn text<R>(name: &'static str, cell: ToCell<R>) -> Column<R> {
    Column { name, room: Room::Text, cell }
}

/// Something that can be printed in every format.
pub trait Record: Sized + 'static {
    /// Every column, in the order of JSON keys.
    const COLUMNS: &'static [Column<Self>];
    /// The default columns of a table.
    const TABLE: &'static [&'static str];
    /// Those of a table at a terminal.
    const TERMINAL: &'static [&'static str] = Self::TABLE;
    /// The columns that a terminal which is too narrow for all can do without, in this
    /// order.
    const LEFT_OUT: &'static [&'static str];
    /// Those that it cannot do without.
    const KEPT: &'static [&'static str] = &["id", "state"];

    /// Returns the id that `-o ids` prints, if any.
    fn listed_id(&self) -> Option<TokenId>;
}

/// Finds a column by name.
#[must_use]
pub fn column<R: Record>(name: &str) -> Option<&'static Column<R>> {
    R::COLUMNS.iter().find(|column| column.name == name)
}

/// Finds columns by name, in the order of the names.
pub fn columns<R: Record>(names: &[impl AsRef<str>]) -> Vec<&'static Column<R>> {
    names.iter().filter_map(|name| column(name.as_ref())).collect()
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
        number("id", |it, _| Cell::id(&it.token.id.0)),
        name("name", |it, _| Cell::text(it.token.name.as_ref())),
        key("revoked", |it, _| Cell::Boolean(it.token.revoked)),
        key("created_at", |it, _| it.token.created_at.map_or(Cell::Null, Cell::Time)),
        text("scopes", |it, _| Cell::list(it.token.scopes.as_ref())),
        number("user_id", |it, _| it.user_id.as_ref().map_or(Cell::Null, |id| Cell::id(&id.0))),
        key("last_used_at", |it, _| it.last_used_at.map_or(Cell::Never, Cell::Time)),
        key("active", |it, now| Cell::Boolean(it.token.is_active(now))),
        key("expires_at", |it, _| it.token.expires_at.map_or(Cell::Never, Cell::Expiry)),
        key("expired", |it, now| Cell::Boolean(it.token.is_expired(now))),
        text("description", |it, _| Cell::text(it.description.as_ref())),
        key("impersonation", |it, _| it.impersonation.map_or(Cell::Null, Cell::Boolean)),
        name("username", |it, _| Cell::text(it.username.as_ref())),
        state(),
        key("user_type", |it, _| it.user_type.map_or(Cell::Null, |it| Cell::Word(it.name()))),
        key("user_state", |it, _| it.user_state.map_or(Cell::Null, |it| Cell::Word(it.name()))),
    ];
    const TABLE: &'static [&'static str] =
        &["id", "username", "name", "scopes", "state", "created_at", "last_used_at", "expires_at"];
    const LEFT_OUT: &'static [&'static str] =
        &["scopes", "created_at", "expires_at", "last_used_at", "username"];

    fn listed_id(&self) -> Option<TokenId> {
        Some(self.token.id.clone())
    }
}

impl Record for DeployToken {
    const COLUMNS: &'static [Column<Self>] = &[
        number("id", |it, _| Cell::id(&it.token.id.0)),
        name("name", |it, _| Cell::text(it.token.name.as_ref())),
        text("username", |it, _| Cell::Text(&it.username)),
        key("expires_at", |it, _| it.token.expires_at.map_or(Cell::Never, Cell::Expiry)),
        text("scopes", |it, _| Cell::list(it.token.scopes.as_ref())),
        key("revoked", |it, _| Cell::Boolean(it.token.revoked)),
        key("expired", |it, now| Cell::Boolean(it.token.is_expired(now))),
        key("active", |it, now| Cell::Boolean(it.token.is_active(now))),
        key("created_at", |it, _| it.token.created_at.map_or(Cell::Null, Cell::Time)),
        name("project", |it, _| Cell::text(it.project.as_ref())),
        text("group", |it, _| Cell::text(it.group.as_ref())),
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
    const LEFT_OUT: &'static [&'static str] =
        &["username", "scopes", "created_at", "expires_at", "group", "project"];

    fn listed_id(&self) -> Option<TokenId> {
        Some(self.token.id.clone())
    }
}

impl Record for AuditEvent {
    const COLUMNS: &'static [Column<Self>] = &[
        number("id", |it, _| Cell::Integer(it.id.0)),
        key("created_at", |it, _| Cell::Time(it.created_at)),
        key("run_id", |it, _| Cell::Whole(&it.run_id)),
        key("action", |it, _| Cell::Text(&it.action)),
        name("actor", |it, _| Cell::Text(&it.actor)),
        number("actor_id", |it, _| it.actor_id.as_ref().map_or(Cell::Null, |id| Cell::id(&id.0))),
        text("os_user", |it, _| Cell::Text(&it.os_user)),
        key("target_type", |it, _| Cell::Text(&it.target_type)),
        number("target_id", |it, _| Cell::id(&it.target_id.0)),
        name("target_name", |it, _| Cell::Text(&it.target_name)),
        number("target_user_id", |it, _| {
            it.target_user_id.as_ref().map_or(Cell::Null, |id| Cell::id(&id.0))
        }),
        name("target_username", |it, _| Cell::text(it.target_username.as_ref())),
        text("reason", |it, _| Cell::text(it.reason.as_ref())),
        key("outcome", |it, _| Cell::Text(&it.outcome)),
    ];
    const TABLE: &'static [&'static str] =
        &["created_at", "actor", "action", "target_id", "target_name", "target_username", "reason"];
    const LEFT_OUT: &'static [&'static str] =
        &["action", "reason", "created_at", "actor", "target_username", "target_name"];
    const KEPT: &'static [&'static str] = &["target_id", "outcome"];

    /// Returns the token's id: `revoke -` does not take ids of events.
    fn listed_id(&self) -> Option<TokenId> {
        Some(self.target_id.clone())
    }
}

impl Record for TokenId {
    const COLUMNS: &'static [Column<Self>] = &[number("id", |it, _| Cell::id(&it.0))];
    const TABLE: &'static [&'static str] = &["id"];
    const LEFT_OUT: &'static [&'static str] = &[];

    fn listed_id(&self) -> Option<TokenId> {
        Some(self.clone())
    }
}

impl Record for Status {
    const COLUMNS: &'static [Column<Self>] = &[
        text("store", |it, _| Cell::Text(&it.store)),
        key("engine", |it, _| Cell::Word(it.facts.engine)),
        key("version", |it, _| Cell::Text(&it.facts.version)),
        key("encoding", |it, _| Cell::Text(&it.facts.encoding)),
        key("journal_mode", |it, _| Cell::text(it.facts.journal_mode.as_ref())),
        key("schema", |it, _| Cell::Word(it.schema)),
        key("application", |it, _| Cell::Text(&it.application)),
        text("unrecorded", |it, _| Cell::List(&it.unrecorded)),
        name("actor", |it, _| Cell::Text(&it.actor)),
        number("actor_id", |it, _| it.actor_id.as_ref().map_or(Cell::Null, |id| Cell::id(&id.0))),
        key("admin", |it, _| Cell::Boolean(it.is_admin)),
        number("active", |it, _| Cell::count(Some(it.personal_access_tokens.active))),
        number("expired", |it, _| Cell::count(Some(it.personal_access_tokens.expired))),
        number("revoked", |it, _| Cell::count(Some(it.personal_access_tokens.revoked))),
        number("deploy_active", |it, _| Cell::count(it.deploy_tokens.map(|it| it.active))),
        number("deploy_expired", |it, _| Cell::count(it.deploy_tokens.map(|it| it.expired))),
        number("deploy_revoked", |it, _| Cell::count(it.deploy_tokens.map(|it| it.revoked))),
        text("audit_events", |it, _| Cell::text(it.audit_events.as_ref())),
        key("may_revoke", |it, _| Cell::Boolean(it.facts.obstacles.is_empty())),
        text("obstacles", |it, _| Cell::List(&it.facts.obstacles)),
    ];
    const TABLE: &'static [&'static str] = &[];
    const LEFT_OUT: &'static [&'static str] = &[];

    fn listed_id(&self) -> Option<TokenId> {
        None
    }
}
