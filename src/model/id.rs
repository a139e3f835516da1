//! The ids of rows, one type for each kind, and how they are parsed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// The id of a personal access token or of a deploy token.
    TokenId
);
id!(
    /// The id of an audit event.
    EventId
);
id!(
    /// The id of a user.
    UserId
);
id!(
    /// The id of a project.
    ProjectId
);
id!(
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

/// Whether a reference is an id, not a name.
#[must_use]
pub fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl FromStr for TokenId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_id(text).map(Self)
    }
}

/// What a deploy token is linked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    Project(ProjectId),
    Group(GroupId),
}

/// What a token belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    User(UserId),
    Place(Place),
}
