//! The ids of rows, one type for each kind, and how they are parsed.

mod list;

use std::fmt;

pub use self::list::IdList;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An id as a database has it. Integers sort as numbers, texts by code point.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Id {
    Integer(i64),
    Text(Box<str>),
}

// A list of ten million ids is kept in memory.
const _: () = assert!(size_of::<Id>() == 16);

impl From<i64> for Id {
    fn from(id: i64) -> Self {
        Self::Integer(id)
    }
}

impl From<&str> for Id {
    fn from(id: &str) -> Self {
        Self::Text(id.into())
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(id) => id.fmt(f),
            Self::Text(id) => id.fmt(f),
        }
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Integer(id) => serializer.serialize_i64(*id),
            Self::Text(id) => serializer.serialize_str(id),
        }
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdVisitor;
        impl Visitor<'_> for IdVisitor {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer or a string")
            }

            fn visit_i64<E>(self, id: i64) -> Result<Id, E> {
                Ok(Id::Integer(id))
            }

            fn visit_u64<E: de::Error>(self, id: u64) -> Result<Id, E> {
                i64::try_from(id).map(Id::Integer).map_err(E::custom)
            }

            fn visit_str<E>(self, id: &str) -> Result<Id, E> {
                Ok(id.into())
            }
        }
        deserializer.deserialize_any(IdVisitor)
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Id);

        impl From<i64> for $name {
            fn from(id: i64) -> Self {
                Self(Id::Integer(id))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);
    };
}

id!(
    /// The id of a personal access token or of a deploy token.
    TokenId
);
id!(
    /// The id of a user.
    UserId
);
number!(
    /// The id of an audit event.
    EventId
);
number!(
    /// The id of a project.
    ProjectId
);
number!(
    /// The id of a group.
    GroupId
);

/// Parses an id: digits, 1 to 2^63-1, ignoring blanks around it.
///
/// # Errors
///
/// Anything else. The message repeats the text only where it cannot be a token's value
/// that was given by mistake.
pub fn parse_id(text: &str) -> Result<i64, String> {
    let digits = text.trim();
    let shown = if digits.len() < 20 || is_digits(digits) {
        format!("'{digits}'")
    } else {
        "the value".into()
    };
    if !is_digits(digits) {
        return Err(format!("{shown} is not an id: an id is a whole number"));
    }
    match digits.parse() {
        Ok(id) if id > 0 => Ok(id),
        _ => Err(format!("{shown} is not an id: ids are 1 to 9223372036854775807")),
    }
}

/// What the id of a row begins with whose table has none: it stands for the row while a run
/// lasts, and is shown to nobody.
pub const ROW: &str = "~row:";

/// Reads an id that is a text: printable ASCII, at most 255 characters, and such that it can
/// be given back in a list of ids, where other lines are comments or JSON.
#[must_use]
pub fn text_id(text: &[u8]) -> Option<Id> {
    let is_printable = |byte: &u8| (b' '..=b'~').contains(byte);
    let is_text = (1..=255).contains(&text.len()) && text.iter().all(is_printable);
    let text = std::str::from_utf8(text).ok().filter(|_| is_text)?;
    let is_plain = !text.starts_with(['#', '[', '{', '"']) && !text.contains(" #");
    (is_plain && text.trim() == text && text != "-" && !text.starts_with(ROW)).then(|| text.into())
}

/// What is taken for an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdSyntax {
    /// Digits.
    Numbers,
    /// Digits or a text: the store tells which it has.
    Any,
}

impl IdSyntax {
    /// Parses an id, ignoring blanks around it.
    ///
    /// # Errors
    ///
    /// What is none, in words.
    pub fn parse(self, text: &str) -> Result<Id, String> {
        match self {
            Self::Numbers => parse_id(text).map(Id::Integer),
            Self::Any => text_id(text.trim().as_bytes()).ok_or_else(|| {
                "it is not an id: an id is printable ASCII, at most 255 characters".into()
            }),
        }
    }
}

/// Whether a reference is an id, not a name.
#[must_use]
pub fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whom a token belongs to, where it is one of the users or one of the services beside them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OwnerRef {
    User(UserId),
    /// Of the kind of service with this number.
    Service(usize, Id),
}

/// What a deploy token is linked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    Project(ProjectId),
    Group(GroupId),
}

/// What a token belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    User(UserId),
    Place(Place),
}
