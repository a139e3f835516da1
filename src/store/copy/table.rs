//! The tables of a native store as they are copied: their columns, in which form each dialect
//! has them, and what stands in them whichever has it.

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use crate::model::time::{Expiry, Moment, Timestamp};
use crate::store::engine::{Decoder, FilledColumn};
use crate::store::schema::{ColumnKind, TimeForm, native};
use crate::store::sql::{Dialect, Sql, Value};

/// What a column holds, and in which form each dialect has it.
#[derive(Clone, Copy)]
enum Form {
    Integer,
    Boolean,
    Text,
    Time,
    Date,
    Scopes,
}

/// A table that is copied.
pub struct Table {
    pub name: &'static str,
    columns: &'static [(&'static str, Form)],
    /// The order of its rows, in which no two are the same.
    order: &'static str,
    /// The columns that name a row of another table.
    pub links: &'static [(&'static str, &'static str)],
}

/// In an order in which each row finds those that it names.
pub const TABLES: [Table; 7] = {
    use Form::{Boolean, Date, Integer, Scopes, Text, Time};
    [
        Table {
            name: "users",
            columns: &[
                ("id", Integer),
                ("username", Text),
                ("name", Text),
                ("admin", Boolean),
                ("state", Text),
                ("user_type", Text),
                ("created_at", Time),
            ],
            order: "id",
            links: &[],
        },
        Table {
            name: "groups",
            columns: &[("id", Integer), ("full_path", Text), ("parent_id", Integer)],
            order: "id",
            links: &[("parent_id", "groups")],
        },
        Table {
            name: "projects",
            columns: &[("id", Integer), ("full_path", Text), ("group_id", Integer)],
            order: "id",
            links: &[("group_id", "groups")],
        },
        Table {
            name: "members",
            columns: &[
                ("user_id", Integer),
                ("group_id", Integer),
                ("project_id", Integer),
                ("access_level", Integer),
            ],
            order: "user_id, coalesce(group_id, 0), coalesce(project_id, 0)",
            links: &[("user_id", "users"), ("group_id", "groups"), ("project_id", "projects")],
        },
        Table {
            name: "personal_access_tokens",
            columns: &[
                ("id", Integer),
                ("user_id", Integer),
                ("name", Text),
                ("description", Text),
                ("scopes", Scopes),
                ("token_digest", Text),
                ("impersonation", Boolean),
                ("revoked", Boolean),
                ("created_at", Time),
                ("updated_at", Time),
                ("last_used_at", Time),
                ("expires_at", Date),
            ],
            order: "id",
            links: &[("user_id", "users")],
        },
        Table {
            name: "deploy_tokens",
            columns: &[
                ("id", Integer),
                ("name", Text),
                ("username", Text),
                ("scopes", Scopes),
                ("token_digest", Text),
                ("revoked", Boolean),
                ("created_at", Time),
                ("expires_at", Time),
                ("creator_id", Integer),
                ("project_id", Integer),
                ("group_id", Integer),
            ],
            order: "id",
            links: &[("creator_id", "users"), ("project_id", "projects"), ("group_id", "groups")],
        },
        Table {
            name: "audit_events",
            columns: &[
                ("id", Integer),
                ("created_at", Time),
                ("run_id", Text),
                ("action", Text),
                ("actor_id", Integer),
                ("actor", Text),
                ("os_user", Text),
                ("target_type", Text),
                ("target_id", Integer),
                ("target_name", Text),
                ("target_user_id", Integer),
                ("target_username", Text),
                ("reason", Text),
            ],
            order: "id",
            links: &[],
        },
    ]
};

/// A value of a row, whichever engine it is from.
#[derive(Debug)]
pub enum Field {
    Null,
    Integer(i64),
    Boolean(bool),
    Text(String),
    Time(Timestamp),
    Date(NaiveDate),
    Scopes(Vec<String>),
}

impl Form {
    /// What a server's column holds.
    fn kind(self) -> ColumnKind {
        match self {
            Self::Integer => ColumnKind::Integer,
            Self::Boolean => ColumnKind::Boolean,
            Self::Text => ColumnKind::Text,
            Self::Time => ColumnKind::Timestamptz,
            Self::Date => ColumnKind::Date,
            Self::Scopes => ColumnKind::Array,
        }
    }

    fn read(self, row: &mut Decoder<'_>, dialect: Dialect) -> Result<Field, String> {
        let time = native::form_on(dialect, TimeForm::Iso);
        Ok(match self {
            Self::Integer => row.optional_integer()?.map_or(Field::Null, Field::Integer),
            Self::Boolean => row.optional_boolean()?.map_or(Field::Null, Field::Boolean),
            Self::Text => row.optional_text()?.map_or(Field::Null, Field::Text),
            Self::Time => row.optional_timestamp(time)?.map_or(Field::Null, Field::Time),
            Self::Date => match row.expiry(Some(native::form_on(dialect, TimeForm::IsoDate)))? {
                None => Field::Null,
                Some(Expiry::Date(date)) => Field::Date(date),
                Some(Expiry::Instant(time)) => Field::Time(time),
            },
            Self::Scopes => Field::Scopes(row.scopes(native::scopes_form(dialect))?),
        })
    }
}

impl Field {
    /// As a dialect stores it.
    pub fn into_value(self, dialect: Dialect) -> Option<Value> {
        let time = |form, moment| native::form_on(dialect, form).value(moment);
        Some(match self {
            Self::Null => return None,
            Self::Integer(number) => Value::Integer(number),
            Self::Boolean(is) => Value::Boolean(is),
            Self::Text(text) => Value::Text(text),
            Self::Time(at) => time(TimeForm::Iso, Moment::at(at)),
            Self::Date(date) => {
                let moment = Moment { date, ..Moment::at(Timestamp::EPOCH) };
                time(TimeForm::IsoDate, moment)
            }
            Self::Scopes(scopes) => Value::Texts(scopes),
        })
    }

    /// Adds it to a digest, so that no two rows give the same bytes.
    pub fn add_to(&self, digest: &mut Sha256) {
        match self {
            Self::Null => digest.update([0]),
            Self::Boolean(is) => digest.update([1, u8::from(*is)]),
            Self::Integer(number) => {
                digest.update([2]);
                digest.update(number.to_be_bytes());
            }
            Self::Text(text) => add_text(digest, 3, text),
            Self::Time(at) => add_text(digest, 4, &at.to_string()),
            Self::Date(date) => add_text(digest, 5, &date.to_string()),
            Self::Scopes(scopes) => {
                digest.update([6]);
                digest.update((scopes.len() as u64).to_be_bytes());
                for scope in scopes {
                    add_text(digest, 3, scope);
                }
            }
        }
    }
}

/// Adds a text of a kind to a digest.
fn add_text(digest: &mut Sha256, kind: u8, text: &str) {
    digest.update([kind]);
    digest.update((text.len() as u64).to_be_bytes());
    digest.update(text);
}

impl Table {
    /// Whether its rows have ids.
    pub fn has_ids(&self) -> bool {
        self.order == "id"
    }

    /// The statement that reads its rows in their order.
    pub fn select(&self, mut sql: Sql) -> Sql {
        sql.push("SELECT ").push_list(self.columns.iter().map(|(name, _)| *name));
        sql.push(" FROM @").push(self.name).push(" ORDER BY ").push(self.order);
        sql
    }

    /// Its columns, for a new store.
    pub fn filled_columns(&self) -> Vec<FilledColumn> {
        self.columns.iter().map(|(name, form)| (*name, form.kind())).collect()
    }

    /// Reads one.
    pub fn read(&self, row: &mut Decoder<'_>, dialect: Dialect) -> Result<Vec<Field>, String> {
        self.columns.iter().map(|(_, form)| form.read(row, dialect)).collect()
    }
}
