//! The form of a description file: what may stand in it, as serde reads it. It holds names,
//! literals and a few forms, and no SQL. What the names mean is looked up in a database's
//! catalogue later, so a name keeps where it stands.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
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

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DatabaseName {
    Sqlite,
    Postgres,
    /// Known to the file, and not to this program.
    Mysql,
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

/// A column by its name, or a table that says more.
#[derive(Clone, Debug)]
pub enum NameOr<T> {
    Name(Name),
    Table(T),
}

/// A value alone, or a list.
#[derive(Clone, Debug)]
pub struct OneOrMany<T>(pub Vec<T>);

/// Any value, before it is known what it stands for.
enum Raw<M, S> {
    Text(String),
    Integer(i64),
    Boolean(bool),
    Map(M),
    List(Vec<S>),
}

impl<'de, M: Deserialize<'de>, S: Deserialize<'de>> Deserialize<'de> for Raw<M, S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any<M, S>(PhantomData<(M, S)>);
        impl<'de, M: Deserialize<'de>, S: Deserialize<'de>> Visitor<'de> for Any<M, S> {
            type Value = Raw<M, S>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a whole number, true or false, a list or a table")
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Raw::Text(text.into()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Raw::Integer(number))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Raw::Boolean(value))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                M::deserialize(MapAccessDeserializer::new(map)).map(Raw::Map)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = list.next_element()? {
                    all.push(one);
                }
                Ok(Raw::List(all))
            }
        }
        deserializer.deserialize_any(Any(PhantomData))
    }
}

/// What may not stand in a place.
struct Nothing;

impl<'de> Deserialize<'de> for Nothing {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom("neither a list nor a table may stand here"))
    }
}

/// Reads a value, with what makes a name of a text where it stands.
#[expect(clippy::type_complexity, reason = "the second has no name")]
fn raw<'de, M, S, D>(deserializer: D) -> Result<(Raw<M, S>, impl Fn(String) -> Name), D::Error>
where
    M: Deserialize<'de>,
    S: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let spanned = Spanned::<Raw<M, S>>::deserialize(deserializer)?;
    let span = spanned.span();
    Ok((spanned.into_inner(), move |text| Spanned::new(span.clone(), text)))
}

impl<'de> Deserialize<'de> for Effect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let seconds = text.strip_prefix("within ").and_then(|it| it.strip_suffix('s'));
        let is_number = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
        if text == "at once" || text == "on restart" || seconds.is_some_and(is_number) {
            Ok(Self(text))
        } else {
            Err(D::Error::custom("it is none of: at once, within 60s (any number), on restart"))
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for NameOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match raw::<T, Nothing, D>(deserializer)? {
            (Raw::Text(text), name) => Ok(Self::Name(name(text))),
            (Raw::Map(table), _) => Ok(Self::Table(table)),
            _ => Err(D::Error::custom("it takes a name or a table")),
        }
    }
}

impl<'de> Deserialize<'de> for OneOrMany<Name> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match raw::<Nothing, Name, D>(deserializer)? {
            (Raw::Text(text), name) => Ok(Self(vec![name(text)])),
            (Raw::List(all), _) if !all.is_empty() => Ok(Self(all)),
            _ => Err(D::Error::custom("it takes a text or a list of texts")),
        }
    }
}

impl<'de> Deserialize<'de> for OneOrMany<Admin> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match raw::<AdminRow, Admin, D>(deserializer)? {
            (Raw::List(all), _) if !all.is_empty() => Ok(Self(all)),
            (one, name) => Admin::of(one, name).map(|it| Self(vec![it])),
        }
    }
}

impl<'de> Deserialize<'de> for Admin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (one, name) = raw::<AdminRow, Nothing, D>(deserializer)?;
        Self::of(one, name)
    }
}

impl Admin {
    fn of<S, E: Error>(raw: Raw<AdminRow, S>, name: impl Fn(String) -> Name) -> Result<Self, E> {
        match raw {
            Raw::Text(text) => Ok(Self::Flag(name(text))),
            Raw::Map(AdminRow { via: None, conditions }) => Ok(Self::Row(conditions)),
            Raw::Map(AdminRow { via: Some((via, only)), conditions }) => {
                if conditions.0.is_empty() {
                    Ok(Self::Linked { via, only })
                } else {
                    Err(E::custom("conditions behind a link stand in its 'where'"))
                }
            }
            _ => Err(E::custom("it takes a column, conditions, or a link")),
        }
    }
}

/// A table that says who is an administrator.
struct AdminRow {
    via: Option<(OneOrMany<Name>, Conditions)>,
    conditions: Conditions,
}

impl<'de> Deserialize<'de> for AdminRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Row;
        impl<'de> Visitor<'de> for Row {
            type Value = AdminRow;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("conditions")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AdminRow, A::Error> {
                let (mut via, mut only, mut conditions) = (None, None, Conditions::default());
                while let Some(key) = map.next_key::<Name>()? {
                    match key.get_ref().as_str() {
                        "via" => via = Some(map.next_value()?),
                        "where" => only = Some(map.next_value()?),
                        _ => conditions.0.push((key, map.next_value()?)),
                    }
                }
                match (via, only) {
                    (Some(via), only) => {
                        let via = Some((via, only.unwrap_or_default()));
                        Ok(AdminRow { via, conditions })
                    }
                    (None, Some(_)) => Err(A::Error::custom("'where' needs a 'via'")),
                    (None, None) => Ok(AdminRow { via: None, conditions }),
                }
            }
        }
        deserializer.deserialize_map(Row)
    }
}

impl<'de> Deserialize<'de> for Conditions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Columns;
        impl<'de> Visitor<'de> for Columns {
            type Value = Conditions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("columns, and what each has to be")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Conditions, A::Error> {
                let mut all = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    all.push(entry);
                }
                if all.is_empty() {
                    return Err(A::Error::custom("it has no condition"));
                }
                Ok(Conditions(all))
            }
        }
        deserializer.deserialize_map(Columns)
    }
}

impl<'de> Deserialize<'de> for Test {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct More {
            null: Option<bool>,
            has: Option<String>,
        }
        match Raw::<More, Literal>::deserialize(deserializer)? {
            Raw::List(all) if !all.is_empty() => Ok(Self::AnyOf(all)),
            Raw::List(_) => Err(D::Error::custom("an empty list keeps nothing")),
            Raw::Map(More { null: Some(null), has: None }) => Ok(Self::Null(null)),
            Raw::Map(More { null: None, has: Some(word) }) => Ok(Self::Has(word)),
            Raw::Map(_) => Err(D::Error::custom("it takes either null or has")),
            one => one.literal().map(|it| Self::AnyOf(vec![it])),
        }
    }
}

impl<'de> Deserialize<'de> for Literal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Raw::<Nothing, Nothing>::deserialize(deserializer)?.literal()
    }
}

impl<M, S> Raw<M, S> {
    fn literal<E: Error>(self) -> Result<Literal, E> {
        match self {
            Self::Text(text) => Ok(Literal::Text(text)),
            Self::Integer(number) => Ok(Literal::Integer(number)),
            Self::Boolean(value) => Ok(Literal::Boolean(value)),
            Self::Map(_) | Self::List(_) => Err(E::custom("it takes a single value")),
        }
    }
}

impl<'de> Deserialize<'de> for StateValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Raw::<Conditions, Literal>::deserialize(deserializer)? {
            Raw::List(all) => Ok(Self::Values(all)),
            Raw::Map(row) => Ok(Self::Row(row)),
            one => one.literal().map(|it| Self::Values(vec![it])),
        }
    }
}

impl<'de> Deserialize<'de> for Revoke {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Form {
            set: Option<Name>,
            to: Option<Literal>,
            clear: Option<Name>,
            stamp: Option<Name>,
            expire: Option<Name>,
            erase: Option<Name>,
        }
        const FORMS: &str = "it takes \"delete\", or one of set, clear, stamp, expire, erase";
        match Raw::<Form, Nothing>::deserialize(deserializer)? {
            Raw::Text(text) if text == "delete" => Ok(Self::Delete),
            Raw::Map(Form { set, to, clear, stamp, expire, erase }) => {
                if to.is_some() && set.is_none() {
                    return Err(D::Error::custom("'to' needs a 'set'"));
                }
                let mut given = [
                    set.map(|flag| Self::Set { flag, to }),
                    clear.map(Self::Clear),
                    stamp.map(Self::Stamp),
                    expire.map(Self::Expire),
                    erase.map(Self::Erase),
                ]
                .into_iter()
                .flatten();
                match (given.next(), given.next()) {
                    (Some(one), None) => Ok(one),
                    _ => Err(D::Error::custom(FORMS)),
                }
            }
            _ => Err(D::Error::custom(FORMS)),
        }
    }
}
