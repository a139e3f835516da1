//! How users, projects and groups are named on the command line.

use std::fmt;
use std::str::FromStr;

use super::id::{Id, is_digits, parse_id};

/// A reference to a user, project or group: an id if it is all digits, else a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    Id(Id),
    /// A username or a full path; ASCII case is ignored.
    Name(String),
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Name(name) => write!(f, "'{name}'"),
        }
    }
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("it is empty".into());
        }
        if is_digits(text.trim()) {
            let id = parse_id(text)?;
            // Where ids are texts, the zeros before a number count.
            let is_plain = !text.trim().starts_with('0');
            return Ok(Self::Id(if is_plain { id.into() } else { text.trim().into() }));
        }
        Ok(Self::Name(text.into()))
    }
}

/// A reference to a user that may be `@me`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserRef {
    /// `@me`: the actor.
    Me,
    Other(Reference),
}

impl fmt::Display for UserRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Me => "@me".fmt(f),
            Self::Other(reference) => reference.fmt(f),
        }
    }
}

impl FromStr for UserRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "@me" => Ok(Self::Me),
            _ => text.parse().map(Self::Other),
        }
    }
}
