//! The form of a description file: what may stand in it, as serde reads it. It holds names,
//! literals and a few forms, and no SQL. What the names mean is looked up in a database's
//! catalogue later, so a name keeps where it stands.

mod read;

use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use crate::model::personal_access_token::UserType;

/// A name of a table or a column, and where it stands.
pub type Name = Spanned<String>;

/// A whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub format: Spanned<i64>,
    pub application: String,
    /// The version of the application that it was tried with.
    pub verified: Option<String>,
    pub databases: Vec<DatabaseName>,
    pub takes_effect: Option<Effect>,
    pub notes: Option<String>,
    pub tokens: TokenTable,
    pub owner: Option<OwnerTable>,
    #[serde(default)]
    pub also_owned_by: Vec<ServiceTable>,
}

/// A kind of database. The form knows some that this program does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DatabaseName {
    Sqlite,
    Postgres,
    Mysql,
}

impl DatabaseName {
    /// As the file has it.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
        }
    }
}

/// When the application takes notice of a revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect(pub String);

/// Where tokens are, and how one is revoked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenTable {
    pub table: Name,
    /// Columns that are never read, wherever else they are named.
    pub secret: Vec<Name>,
    /// Columns that look secret by their names, and are not.
    #[serde(default)]
    pub plain: Vec<Name>,
    pub id: Option<OneOrMany<Name>>,
    pub name: Option<NameOr<Linked>>,
    pub description: Option<NameOr<Linked>>,
    pub scopes: Option<Spanned<ScopesForm>>,
    pub created: Option<NameOr<TimeColumn>>,
    pub last_used: Option<NameOr<TimeColumn>>,
    pub expires: Option<NameOr<TimeColumn>>,
    pub impersonation: Option<Name>,
    /// The rows that are tokens, where a table has others too.
    #[serde(rename = "where")]
    pub only: Option<Conditions>,
    /// Tables, and columns of the tokens, that older versions lack.
    #[serde(default)]
    pub optional: Vec<Name>,
    pub revoke: Spanned<Revoke>,
    pub touch: Option<Name>,
    #[serde(default)]
    pub also_delete: Vec<Name>,
}

impl TokenTable {
    /// The times that a file has of tokens.
    pub fn times(&self) -> impl Iterator<Item = &NameOr<TimeColumn>> + Clone {
        [&self.created, &self.last_used, &self.expires].into_iter().flatten()
    }
}

/// A column of another table, found by links from row to row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Linked {
    pub via: OneOrMany<Name>,
    pub column: Name,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopesForm {
    pub via: Option<OneOrMany<Name>>,
    pub column: Option<Name>,
    #[serde(rename = "as")]
    pub form: Option<ScopesAs>,
    /// Boolean columns, each a scope by its name.
    #[serde(default)]
    pub flags: Vec<Name>,
    /// What an empty list means.
    #[serde(default)]
    pub empty: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScopesAs {
    Words,
    Commas,
    Json,
    Yaml,
    Array,
    One,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeColumn {
    pub via: Option<OneOrMany<Name>>,
    pub column: Option<Name>,
    #[serde(rename = "as")]
    pub form: Option<TimeAs>,
    /// The value that stands for no time.
    pub never: Option<Literal>,
    /// The value counts only where it is later than that column's.
    pub if_after: Option<Name>,
    /// So many seconds after another column.
    pub seconds: Option<Name>,
    pub after: Option<Name>,
}

impl NameOr<TimeColumn> {
    /// The column of the time; `None`: it is made of others.
    #[must_use]
    pub fn column(&self) -> Option<&Name> {
        match self {
            Self::Name(name) => Some(name),
            Self::Table(time) => time.column.as_ref(),
        }
    }

    /// What the time takes beside its column.
    #[must_use]
    pub fn table(&self) -> Option<&TimeColumn> {
        match self {
            Self::Name(_) => None,
            Self::Table(time) => Some(time),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum TimeAs {
    #[serde(rename = "seconds")]
    Seconds,
    #[serde(rename = "milliseconds")]
    Milliseconds,
    #[serde(rename = "iso")]
    Iso,
    #[serde(rename = "spaced")]
    Spaced,
    #[serde(rename = "spaced with zone")]
    SpacedWithZone,
}

/// How a token is revoked.
#[derive(Clone, Debug)]
pub enum Revoke {
    Delete,
    Set { flag: Name, to: Option<Literal> },
    Clear(Name),
    Stamp(Name),
    Expire(Name),
    Erase(Name),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerTable {
    /// The column of the token, or of what `via` leads to.
    pub column: Name,
    pub via: Option<OneOrMany<Name>>,
    /// The tokens that such owners own, where tokens have owners of several kinds.
    pub only: Option<Conditions>,
    pub table: Name,
    pub key: Option<Name>,
    pub username: Name,
    /// The username in small letters, where the application keeps that in an index.
    pub username_lower: Option<Name>,
    pub admin: Option<OneOrMany<Admin>>,
    pub active: Option<Conditions>,
    pub kind: Option<NameOr<KindColumn>>,
    pub state: Option<Spanned<States>>,
}

/// Services that own tokens beside users.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceTable {
    pub column: Name,
    pub via: Option<OneOrMany<Name>>,
    pub only: Option<Conditions>,
    pub table: Name,
    pub key: Option<Name>,
    pub username: Name,
    pub kind: Spanned<Kind>,
}

/// Who is an administrator.
#[derive(Clone, Debug)]
pub enum Admin {
    Flag(Name),
    Row(Conditions),
    Linked { via: OneOrMany<Name>, only: Conditions },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindColumn {
    pub column: Name,
    #[serde(default)]
    pub human: Vec<Literal>,
    #[serde(default)]
    pub project_bot: Vec<Literal>,
    #[serde(default)]
    pub service_account: Vec<Literal>,
    /// What an owner is whose column is NULL.
    pub null: Option<Kind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Human,
    ProjectBot,
    ServiceAccount,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Human, Self::ProjectBot, Self::ServiceAccount];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Human => UserType::Human.name(),
            Self::ProjectBot => UserType::ProjectBot.name(),
            Self::ServiceAccount => UserType::ServiceAccount.name(),
        }
    }
}

/// The states of owners: by the values of a column, or by conditions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct States {
    pub column: Option<Name>,
    pub active: Option<StateValues>,
    pub blocked: Option<StateValues>,
    pub banned: Option<StateValues>,
    pub deactivated: Option<StateValues>,
}

#[derive(Clone, Debug)]
pub enum StateValues {
    Values(Vec<Literal>),
    Row(Conditions),
}

/// Columns and what each has to be.
#[derive(Clone, Debug, Default)]
pub struct Conditions(pub Vec<(Name, Test)>);

#[derive(Clone, Debug)]
pub enum Test {
    AnyOf(Vec<Literal>),
    Null(bool),
    /// One of the words of a text, or of an array.
    Has(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    Integer(i64),
    Boolean(bool),
    Text(String),
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Boolean(value) => value.fmt(f),
            Self::Text(text) => write!(f, "'{text}'"),
        }
    }
}

/// A column by its name, or a table that says more.
#[derive(Clone, Debug)]
pub enum NameOr<T> {
    Name(Name),
    Table(T),
}

/// A value alone, or a list.
#[derive(Clone, Debug)]
pub struct OneOrMany<T>(pub Vec<T>);
