//! What a database looks like, as data: for every logical column its SQL
//! expression and the form of its values. The native store is one such
//! description; a file beside it is all that another application's database takes.
//!
//! In every expression `t` is the row of the token. What conditions are made of
//! reads other tables in queries of its own, never by a join: the statement that
//! revokes has the row alone, and asks the same conditions again.

pub mod gitea;
pub mod gitlab;
pub mod jupyterhub;
pub mod native;

use std::collections::BTreeMap;
use std::fmt::Write;

use super::scopes::Scopes;
use super::sql::{Dialect, Value};
use crate::failure::{Failure, Kind};
use crate::model::time::{Moment, Timestamp};

/// A kind of database, before one is looked at.
#[derive(Debug)]
pub struct Description {
    /// What `--schema` calls it.
    pub name: &'static str,
    /// The application, in messages.
    pub application: &'static str,
    pub dialects: &'static [Dialect],
    /// The tables that it is told by, each with columns that no other has. Empty where
    /// the database says itself what it is.
    pub signature: Tables,
    /// The tables and columns that must be there.
    pub required: Tables,
    /// The schema of a database that has all these.
    pub schema: fn(Dialect, &Catalog) -> Schema,
    /// What a revocation past the application does and leaves out, and how long a token
    /// may live on: lines for the help, of at most 84 characters.
    pub direct_revoke: &'static [&'static str],
}

/// Tables, each with some of its columns, blanks between.
pub type Tables = &'static [(&'static str, &'static str)];

/// Every kind of database that there is a description of.
pub const ALL: &[&Description] =
    &[&native::DESCRIPTION, &gitlab::DESCRIPTION, &jupyterhub::DESCRIPTION, &gitea::DESCRIPTION];

/// The tables of a database, each with its columns.
#[derive(Debug, Default)]
pub struct Catalog(BTreeMap<String, Vec<String>>);

impl Catalog {
    pub fn add(&mut self, table: String, column: String) {
        self.0.entry(table).or_default().push(column);
    }

    #[must_use]
    pub fn has(&self, table: &str, column: &str) -> bool {
        self.columns(table).is_some_and(|it| it.iter().any(|it| it.eq_ignore_ascii_case(column)))
    }

    fn columns(&self, table: &str) -> Option<&[String]> {
        self.0.get(table).map(Vec::as_slice)
    }

    /// The first column that is not there, in words.
    fn lacks(&self, tables: Tables) -> Option<String> {
        tables.iter().find_map(|&(table, columns)| {
            if self.columns(table).is_none() {
                return Some(format!("there is no table {table}"));
            }
            let column = columns.split_whitespace().find(|column| !self.has(table, column))?;
            Some(format!("there is no column {column} in table {table}"))
        })
    }

    /// The schema of the database: the one that is named, or that its tables tell.
    ///
    /// # Errors
    ///
    /// When no description fits, or not wholly.
    pub fn recognise(
        &self,
        named: Option<&'static Description>,
        dialect: Dialect,
    ) -> Result<Schema, Failure> {
        if let Some(named) = named.filter(|it| !it.dialects.contains(&dialect)) {
            let message = format!("the {} schema does not exist on {}", named.name, dialect.name());
            return Err(Failure::usage(message));
        }
        let known = ALL.iter().copied().filter(|it| it.dialects.contains(&dialect));
        let known = known.filter(|it| !it.signature.is_empty());
        let told = || known.clone().find(|it| self.lacks(it.signature).is_none());
        let Some(description) = named.or_else(told) else {
            let mut message =
                "another program's database, of no known schema: looked for ".to_owned();
            for (index, it) in known.enumerate() {
                let _ = write!(message, "{}{} (", if index > 0 { ", " } else { "" }, it.name);
                for (index, (table, columns)) in it.signature.iter().enumerate() {
                    let _ = write!(message, "{}{table}", if index > 0 { ", " } else { "" });
                    if !columns.is_empty() {
                        let _ = write!(message, " with {}", columns.replace(' ', " and "));
                    }
                }
                message.push(')');
            }
            let _ = write!(message, "; found {}", self.in_words());
            return Err(Failure::new(Kind::Failed, message)
                .hint("check that it is the right database, or name its schema with --schema"));
        };
        description.check(self, dialect)
    }

    /// The tables, as many as fit in a line.
    fn in_words(&self) -> String {
        const SHOWN: usize = 12;
        let names: Vec<_> = self.0.keys().take(SHOWN).map(String::as_str).collect();
        match self.0.len() {
            0 => "no table".into(),
            count if count > SHOWN => {
                format!("{} and {} more tables", names.join(", "), count - SHOWN)
            }
            _ => format!("tables {}", names.join(", ")),
        }
    }
}

impl Description {
    /// The description that `--schema` names.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().copied().find(|it| it.name == name)
    }

    /// The schema of a database that has what this needs.
    fn check(&self, found: &Catalog, dialect: Dialect) -> Result<Schema, Failure> {
        let Self { name, application, .. } = self;
        match found.lacks(self.required) {
            None => Ok((self.schema)(dialect, found)),
            Some(lack) => Err(Failure::new(
                Kind::Failed,
                format!("the schema of {application} ({name}) is incomplete: {lack}"),
            )),
        }
    }
}

/// A database that tokens can be read from.
#[derive(Debug)]
pub struct Schema {
    pub description: &'static Description,
    pub dialect: Dialect,
    /// Whether constraints of the database refuse rows that could not be decoded.
    pub is_checked: bool,
    pub users: Users,
    pub personal_access_tokens: PersonalAccessTokens,
    pub deploy_tokens: Option<DeployTokens>,
    /// `None`: it has no place for them.
    pub audit_events: Option<AuditEvents>,
}

/// How users are found. Each statement selects id and username, and ends where
/// what is looked for is bound.
#[derive(Debug)]
pub struct Users {
    /// Those who may act; whether he is an administrator is selected too.
    pub acting: Lookup,
    pub named: Lookup,
}

/// Statements that find rows by an id, and by a name whose ASCII case is ignored:
/// the text before and behind what is bound.
#[derive(Clone, Copy, Debug)]
pub struct Lookup {
    pub by_id: [&'static str; 2],
    pub by_name: [&'static str; 2],
}

/// Statements that find a project or group, and a user's level in it. The user
/// is bound between the first two parts, the id or path between the others.
#[derive(Debug)]
pub struct Places {
    pub by_id: [&'static str; 3],
    pub by_path: [&'static str; 3],
}

/// The columns that every kind of token has. `None`: not recorded.
#[derive(Debug)]
pub struct Tokens {
    /// The table as `t`, and what else the select list takes.
    pub from: &'static str,
    pub id: &'static str,
    pub name: &'static str,
    pub scopes: Scopes,
    /// True or false, never NULL.
    pub revoked: Option<&'static str>,
    pub created_at: Time,
    pub expires_at: Option<Time>,
    pub revoke: RevokeMethod,
}

/// How a token is revoked.
#[derive(Debug)]
pub struct RevokeMethod {
    /// The statement as far as its WHERE.
    pub statement: &'static str,
    /// What goes on with the time, which is bound behind it.
    pub time: Option<(&'static str, TimeForm)>,
    /// Whether the row is gone then.
    pub deletes: bool,
    /// What deletes the rows that belong to it first: the text before and behind the
    /// conditions of the tokens. It gives the id of the token of each.
    pub dependents: Option<[&'static str; 2]>,
}

#[derive(Debug)]
pub struct PersonalAccessTokens {
    pub token: Tokens,
    pub user_id: &'static str,
    pub username: &'static str,
    pub user_type: Option<&'static str>,
    /// The condition that the owner is of a kind: the text before and behind its name.
    pub is_of_user_type: Option<[&'static str; 2]>,
    pub description: Option<&'static str>,
    pub impersonation: Option<&'static str>,
    pub last_used_at: Time,
}

#[derive(Debug)]
pub struct DeployTokens {
    pub token: Tokens,
    pub username: &'static str,
    pub project_id: &'static str,
    pub group_id: &'static str,
    pub project_path: &'static str,
    pub group_path: &'static str,
    /// The condition that it is linked to a project or group: the text before and
    /// behind the id.
    pub is_of_project: [&'static str; 2],
    pub is_of_group: [&'static str; 2],
    /// The highest level of a user over the token's project, its group and all
    /// groups above; the user is bound between the two.
    pub level: [&'static str; 2],
    pub projects: Places,
    pub groups: Places,
}

#[derive(Clone, Debug)]
pub struct AuditEvents {
    pub from: &'static str,
    pub id: &'static str,
    pub created_at: Time,
    pub run_id: &'static str,
    pub action: &'static str,
    pub actor: &'static str,
    pub actor_id: &'static str,
    pub os_user: &'static str,
    pub target_type: &'static str,
    pub target_id: &'static str,
    pub target_name: &'static str,
    pub target_user_id: &'static str,
    pub reason: &'static str,
    pub outcome: &'static str,
    /// Selects the id of a user who owned a token, or who acted, and a name: events
    /// outlive users.
    pub owners: Lookup,
    pub actors: Lookup,
    /// Inserts an event; its columns in the order of the contract, from
    /// `created_at` to `reason`, are bound behind it.
    pub insert: &'static str,
}

/// A column that holds times.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    pub sql: &'static str,
    pub form: TimeForm,
    /// A condition that looks ids up by the column's index: its text as far as the
    /// column, and the column in there. A parenthesis stays open. `None` where the
    /// database has no such index, or finds its way to it by itself.
    pub ids: Option<[&'static str; 2]>,
}

impl Time {
    /// A column without an index that is of use.
    #[must_use]
    pub const fn plain(sql: &'static str, form: TimeForm) -> Self {
        Self { sql, form, ids: None }
    }
}

/// How a column spells a time. Comparisons bind their values in the same form,
/// so that the database's indexes serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeForm {
    /// Text: `2020-07-23T14:31:47.729Z`
    Iso,
    /// Text: `2020-07-23`
    IsoDate,
    /// Text without a zone, in UTC: `2020-07-23 14:31:47.729000`
    Spaced,
    /// Seconds since 1970.
    Epoch,
    /// PostgreSQL's timestamp without time zone, in UTC.
    Timestamp,
    /// PostgreSQL's timestamp with time zone.
    Timestamptz,
    /// PostgreSQL's date.
    Date,
}

/// A comparison with a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Before,
    AtMost,
    After,
    AtLeast,
}

impl TimeForm {
    #[must_use]
    pub fn is_date(self) -> bool {
        matches!(self, Self::IsoDate | Self::Date)
    }

    /// Reads a text of this form.
    #[must_use]
    pub fn timestamp_from_text(self, text: &str) -> Option<Timestamp> {
        match self {
            Self::Iso => Timestamp::from_stored(text),
            Self::Spaced => Timestamp::from_spaced(text),
            Self::IsoDate | Self::Epoch | Self::Timestamp | Self::Timestamptz | Self::Date => None,
        }
    }

    /// The moment in this form.
    #[must_use]
    pub fn value(self, moment: Moment) -> Value {
        let instant = moment.instant.to_utc();
        match self {
            Self::Iso => moment.instant.to_string().into(),
            Self::IsoDate => moment.date.to_string().into(),
            Self::Spaced => instant.format("%Y-%m-%d %H:%M:%S.%6f").to_string().into(),
            Self::Epoch => instant.timestamp().into(),
            Self::Timestamp => Value::Timestamp(instant.naive_utc()),
            Self::Timestamptz => Value::Timestamptz(instant),
            Self::Date => Value::Date(moment.date),
        }
    }

    /// The operator and the value that compare a column of this form with a moment,
    /// as if the column were cut to the millisecond, which is how it is shown.
    #[must_use]
    pub fn compare(self, comparison: Comparison, moment: Moment) -> (&'static str, Value) {
        use Comparison::{After, AtLeast, AtMost, Before};
        match self {
            Self::Iso | Self::IsoDate | Self::Date => {
                let operator = match comparison {
                    Before => " < ",
                    AtMost => " <= ",
                    After => " > ",
                    AtLeast => " >= ",
                };
                (operator, self.value(moment))
            }
            // The first unit that is not before the moment, or that is after it.
            Self::Spaced | Self::Epoch | Self::Timestamp | Self::Timestamptz => {
                let operator = match comparison {
                    Before | AtMost => " < ",
                    After | AtLeast => " >= ",
                };
                let bound = match comparison {
                    Before | AtLeast => moment.instant,
                    AtMost | After => moment.instant.next(),
                };
                (operator, self.first_from(bound))
            }
        }
    }

    /// The first value of this form that is not before an instant.
    fn first_from(self, instant: Timestamp) -> Value {
        let whole = self.value(Moment::at(instant));
        match whole {
            Value::Integer(seconds) => (seconds + i64::from(instant.has_fraction())).into(),
            // As text `47.729` comes before `47.729000`, and both are the same time.
            Value::Text(text) => text.trim_end_matches('0').trim_end_matches('.').into(),
            whole => whole,
        }
    }
}
