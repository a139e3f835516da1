//! What is found by name in a native store, whatever the ASCII case. In SQLite the columns have
//! a collation for that; on a server each statement says so, and trusts none.

use crate::store::sql::Dialect;

/// The condition that a name is the one that is bound behind it, whatever its ASCII case: the
/// text before the value, and after it.
macro_rules! name_is {
    (Sqlite, $column:literal) => {
        concat!($column, " = ")
    };
    (Postgres, $column:literal) => {
        concat!("lower(", $column, " COLLATE \"C\") = lower(")
    };
}

macro_rules! name_end {
    (Sqlite) => {
        ""
    };
    (Postgres) => {
        " COLLATE \"C\")"
    };
}

pub(super) use {name_end, name_is};

/// What statements find by names in a dialect.
pub(super) struct ByName {
    pub acting: [&'static str; 2],
    pub user: [&'static str; 2],
    pub actor: [&'static str; 2],
}

macro_rules! by_name {
    ($dialect:ident, $actor:expr) => {
        ByName {
            acting: [
                concat!(
                    "SELECT id, username, admin FROM @users WHERE state = 'active' AND ",
                    name_is!($dialect, "username")
                ),
                name_end!($dialect),
            ],
            user: [
                concat!("SELECT id, username FROM @users WHERE ", name_is!($dialect, "username")),
                name_end!($dialect),
            ],
            actor: [
                concat!("SELECT actor_id, actor FROM @audit_events WHERE ", $actor),
                concat!(name_end!($dialect), " LIMIT 1"),
            ],
        }
    };
}

impl ByName {
    pub fn of(dialect: Dialect) -> Self {
        if dialect == Dialect::Sqlite {
            by_name!(Sqlite, "actor COLLATE NOCASE = ")
        } else {
            by_name!(Postgres, name_is!(Postgres, "actor"))
        }
    }
}
