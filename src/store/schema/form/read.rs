//! How the parts of a description are read that may be written in several ways: a name or a
//! table, one or a list.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use toml::Spanned;

use super::{
    Admin, Conditions, Effect, Literal, Name, NameOr, OneOrMany, Revoke, StateValues, Test,
};

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
                    (None, None) if conditions.0.is_empty() => {
                        Err(A::Error::custom("it has no condition"))
                    }
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
