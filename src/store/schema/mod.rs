//! What a database looks like, as data: for every logical column its SQL
//! expression and the form of its values. The native store is one such
//! description; a file beside it is all that another application's database takes.
//!
//! In every expression `t` is the row of the token. What conditions are made of
//! reads other tables in queries of its own, never by a join: the statement that
//! revokes has the row alone, and asks the same conditions again.

mod catalog;
pub mod gitea;
pub mod gitlab;
pub mod jupyterhub;
pub mod native;
mod time;

pub use self::catalog::Catalog;
pub use self::time::{Comparison, Time, TimeForm};
use super::scopes::Scopes;
use super::sql::Dialect;
use crate::failure::{Failure, Kind};

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
    /// Those who may act; whether they are administrators is selected too.
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
    pub table: Table,
    pub name: &'static str,
    pub scopes: Scopes,
    /// True or false, never NULL.
    pub revoked: Option<&'static str>,
    pub created_at: Time,
    pub expires_at: Option<Time>,
    pub revoke: RevokeMethod,
}

/// Where rows of a kind are.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// The table as `t`, and what else the select list takes.
    pub from: &'static str,
    pub id: &'static str,
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
    pub table: Table,
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
