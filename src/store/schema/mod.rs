//! Describes databases as data: the SQL expression and the form of values of every
//! logical column. The database of another application is a file in `descriptions`.
//!
//! In every expression `t` is the row of the token. Conditions read other tables by
//! subqueries, never by a join: the statement that revokes reuses them, and has only the
//! row.

mod catalog;
pub mod described;
pub mod form;
mod gitlab;
mod jupyterhub;
mod known;
pub mod native;
mod time;

use std::borrow::Cow;
use std::collections::BTreeSet;

pub use self::catalog::{Catalog, Column, ColumnKind};
use self::described::{Described, Origin};
#[cfg(test)]
pub use self::known::of_files;
pub use self::known::{KNOWN, NAMES, all, known, named, of_file, shipped};
pub use self::time::{Comparison, Time, TimeForm};
use super::scopes::Scopes;
use super::sql::{Dialect, IdColumn, IdForm, Value};
use crate::failure::{Failure, Kind};
use crate::model::id::IdSyntax;

/// The description of a kind of database.
#[derive(Debug)]
pub struct Description {
    /// The name for `--schema`.
    pub name: &'static str,
    /// The name of the application in messages.
    pub application: String,
    pub dialects: Vec<Dialect>,
    /// The tables that identify it, each with columns that no other kind has. Empty where the
    /// description has to be named.
    pub signature: Tables,
    /// The required tables and columns, that of the tokens first.
    pub required: Needs,
    /// The tables and columns that the schema uses where they are.
    pub optional: Needs,
    pub source: Source,
    /// The tokens that the application puts back by itself, where it does.
    pub returning: Option<&'static Returning>,
}

/// What a schema is made from.
#[derive(Debug)]
pub enum Source {
    /// The store that this program makes.
    Native,
    /// A file, and what is added to what a file can say.
    File(Box<Described>, fn(&mut Schema, &Catalog)),
}

/// An application that is told by its tables, and what it has beyond its file.
pub struct Known {
    pub name: &'static str,
    /// The tables that identify it, each with columns that no other kind has.
    pub signature: Tables,
    /// What is needed beyond its file.
    pub required: Tables,
    pub optional: Tables,
    pub complete: fn(&mut Schema, &Catalog),
    pub returning: Option<&'static Returning>,
    /// What a revocation without the application does and leaves out, and how long a token
    /// may keep working: lines for the help, of at most 84 characters.
    pub direct_revoke: &'static [&'static str],
}

/// Tokens that come back after they are deleted.
#[derive(Debug)]
pub struct Returning {
    /// What the application calls each of them.
    pub name: &'static str,
    /// Why, and what to do: behind how many they are.
    pub why: &'static str,
}

/// Tables, each with some of its columns, separated by blanks.
pub type Tables = &'static [(&'static str, &'static str)];

/// Tables, each with some of its columns.
#[derive(Clone, Debug, Default)]
pub struct Needs(pub Vec<(String, Vec<String>)>);

impl From<Tables> for Needs {
    fn from(tables: Tables) -> Self {
        let mut needs = Self::default();
        for (table, columns) in tables {
            needs.add(table, columns.split_whitespace());
        }
        needs
    }
}

impl Needs {
    /// Adds columns of a table.
    pub fn add<'c>(&mut self, table: &str, columns: impl IntoIterator<Item = &'c str>) {
        let place = self.0.iter().position(|(name, _)| name == table).unwrap_or_else(|| {
            self.0.push((table.into(), Vec::new()));
            self.0.len() - 1
        });
        let known = &mut self.0[place].1;
        for column in columns {
            if !known.iter().any(|it| it == column) {
                known.push(column.into());
            }
        }
    }

    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(table, _)| table.as_str())
    }
}

impl Description {
    /// Lists the tables that matter here. Others are not looked at: what they are made of may
    /// be beyond us.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        let identifying = self.signature.iter().map(|(table, _)| *table);
        identifying.chain(self.required.tables()).chain(self.optional.tables())
    }

    /// What is taken for an id of a token before the store is open. What is told by its tables
    /// has integers.
    #[must_use]
    pub fn id_syntax(&self) -> IdSyntax {
        match self.source {
            Source::File(..) if self.signature.is_empty() => IdSyntax::Any,
            Source::File(..) | Source::Native => IdSyntax::Numbers,
        }
    }

    /// The file that it comes from.
    #[must_use]
    pub fn described(&self) -> Option<&Described> {
        match &self.source {
            Source::Native => None,
            Source::File(described, _) => Some(described),
        }
    }

    /// When the application takes notice of a revocation, in words; `None`: it is not told.
    #[must_use]
    pub fn takes_effect(&self) -> Option<&str> {
        self.described()?.file.takes_effect.as_ref().map(|it| it.0.as_str())
    }

    /// What has to be known of a revocation in the database.
    #[must_use]
    pub fn notes(&self) -> Option<&str> {
        self.described()?.file.notes.as_deref()
    }

    /// What names the schema in an audit file. Of what is not told by its tables that is the
    /// table, whatever a file is called.
    #[must_use]
    pub fn audited_as(&self) -> Cow<'_, str> {
        match self.described().filter(|_| self.signature.is_empty()) {
            Some(described) => format!("table {}", described.file.tokens.table.get_ref()).into(),
            None => self.name.into(),
        }
    }

    /// The SHA-256 of the file that it comes from, unless this program brings it.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        match &self.described()?.origin {
            Origin::File { digest, .. } => Some(digest),
            Origin::Shipped(_) => None,
        }
    }

    /// Whether the application will put a token of this name back by itself, and why.
    #[must_use]
    pub fn returning(&self, name: Option<&str>) -> Option<&'static str> {
        self.returning.filter(|it| Some(it.name) == name).map(|it| it.why)
    }

    /// Builds the schema of a database, if it has the required tables and columns.
    fn check(&'static self, found: &Catalog, dialect: Dialect) -> Result<Schema, Failure> {
        // What somebody's file names is told with the line where it stands.
        let tells_lines = self.described().is_some_and(Described::tells_lines);
        if let Some(lack) = found.lacks(&self.required).filter(|_| !tells_lines) {
            let Self { name, application, .. } = self;
            return Err(Failure::new(
                Kind::Failed,
                format!("the schema of {application} ({name}) is incomplete: {lack}"),
            ));
        }
        match &self.source {
            Source::Native => Ok(native::schema(dialect)),
            Source::File(described, complete) => {
                let mut schema = described.schema(self, found, dialect)?;
                complete(&mut schema, found);
                Ok(schema)
            }
        }
    }
}

/// Lists the tables that are looked at for a description, or for all that are told by their
/// tables.
#[must_use]
pub fn wanted(named: Option<&'static Description>) -> Vec<&'static str> {
    let all: &[_] = if named.is_some() { &[] } else { known() };
    let named = named.unwrap_or_else(native::description);
    [named].into_iter().chain(all).flat_map(Description::tables).collect()
}

/// The schema of one database.
#[derive(Debug)]
pub struct Schema {
    pub description: &'static Description,
    pub dialect: Dialect,
    /// What its texts name by number.
    pub literals: Vec<Value>,
    /// The columns that a description which is a file has in its statements: table and name.
    pub columns: BTreeSet<(String, String)>,
    /// Whether constraints of the database refuse rows that could not be decoded.
    pub is_checked: bool,
    pub users: Users,
    pub personal_access_tokens: PersonalAccessTokens,
    pub deploy_tokens: Option<DeployTokens>,
    /// `None`: it has no table for them.
    pub audit_events: Option<AuditEvents>,
}

/// The statements that find users; each selects id and username.
#[derive(Debug)]
pub struct Users {
    /// The form of the users' ids.
    pub form: IdForm,
    /// Finds users who may act, and whether they are administrators.
    pub acting: Lookup,
    pub named: Lookup,
    /// Finds owners of tokens who are no users any more, by id.
    pub gone: Lookup,
    /// Find the services beside users, each of one kind.
    pub services: Vec<(Lookup, IdForm)>,
    /// Selects the names of administrators, up to a LIMIT; `None`: the description tells none.
    pub administrators: Option<&'static str>,
    /// Whether some of them are told as administrators. Where none are, whoever can open the
    /// store may act as the operator.
    pub has_administrators: bool,
}

/// The statements that find rows by id, and by name without regard to ASCII case: the
/// text before and after the bound value.
#[derive(Clone, Copy, Debug)]
pub struct Lookup {
    pub by_id: [&'static str; 2],
    pub by_name: [&'static str; 2],
}

/// Finds no name.
pub const NO_NAME: [&str; 2] = ["SELECT 0, '' WHERE FALSE AND '' = ", ""];

/// The statements that find a project or group, and a user's level in it. The user is
/// bound between the first two parts, the id or path between the last two.
#[derive(Debug)]
pub struct Places {
    pub by_id: [&'static str; 3],
    pub by_path: [&'static str; 3],
    /// The same by id and by path, among those places alone that the user is a member of:
    /// others cost what missing ones cost. The user is bound between all parts but the last
    /// two.
    pub of_member: [&'static [&'static str]; 2],
}

/// The columns that every kind of token has. `None`: not recorded.
#[derive(Debug)]
pub struct Tokens {
    pub table: Table,
    pub name: Option<&'static str>,
    pub scopes: Option<Scopes>,
    /// True or false, never NULL.
    pub revoked: Option<&'static str>,
    pub created_at: Option<Time>,
    pub expires_at: Option<Time>,
    pub revoke: RevokeMethod,
}

/// The table of a kind of row.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// The table as `t`, and the joins that the select list needs.
    pub from: &'static str,
    pub id: IdColumn,
    /// The condition on rows of the table that are of the kind, where others are among them.
    pub only: Option<&'static str>,
}

impl Table {
    /// The table without joins, which no condition needs. SQLite looks for the rows of a join
    /// that an aggregate does not use.
    #[must_use]
    pub fn alone(&self) -> &'static str {
        // Not in a name.
        let is_text = |at: usize| self.from[..at].matches('"').count().is_multiple_of(2);
        let join = self.from.match_indices(" LEFT JOIN ").find(|(at, _)| is_text(*at));
        join.map_or(self.from, |(at, _)| &self.from[..at])
    }
}

/// How a token is revoked.
#[derive(Debug)]
pub struct RevokeMethod {
    /// The statement up to its WHERE, or to the first time column.
    pub statement: &'static str,
    /// The texts that set a time column each; the time is bound after it.
    pub times: Vec<(&'static str, TimeForm)>,
    /// Stands before the conditions, after the times.
    pub condition: &'static str,
    /// The id of a row that the statement has revoked, NULL where a trigger reset it: for
    /// RETURNING.
    pub returning: &'static str,
    /// Whether the database calls a changed row otherwise than before: what it calls it then
    /// is returned behind the id.
    pub renames: bool,
    /// Whether the row is a token no more.
    pub deletes: bool,
    /// Whether it sets the expiry to the present: an expired token is as good as revoked.
    pub expires: bool,
    /// Selects the ids of tokens that are not revoked, from the table itself, up to the
    /// condition on their ids.
    pub remaining: &'static str,
    /// The statements that first delete rows that depend on the tokens, and return the
    /// tokens' ids: the text before and after the tokens' conditions.
    pub dependents: Vec<[&'static str; 2]>,
    /// The statements that find one of such rows: the text before and after the conditions.
    pub left_over: Vec<[&'static str; 2]>,
}

#[derive(Debug)]
pub struct PersonalAccessTokens {
    pub token: Tokens,
    /// `None`: tokens have no owners.
    pub user_id: Option<OwnerColumn>,
    pub username: &'static str,
    /// The statement that reads all owners at once; `None`: they are read with each token.
    pub owners: Option<&'static str>,
    pub last_used_at: Option<Time>,
    /// The owner where it is a service and no user, for each kind of service.
    pub service_ids: Vec<OwnerColumn>,
    pub optional: OptionalColumns,
}

/// The owner of a token.
#[derive(Clone, Copy, Debug)]
pub struct OwnerColumn {
    pub id: IdColumn,
    /// The condition under which the column holds an owner of this kind.
    pub only: Option<&'static str>,
    /// The owner, or NULL where it is of another kind.
    pub shown: &'static str,
}

impl OwnerColumn {
    /// A column that holds an owner in every row, as an integer.
    #[must_use]
    pub const fn integer(sql: &'static str) -> Self {
        Self { id: IdColumn::integer(sql), only: None, shown: sql }
    }
}

/// Columns that not every application has. The default is to have none.
#[derive(Debug, Default)]
pub struct OptionalColumns {
    pub user_type: Option<&'static str>,
    /// The condition on the type of the owner: the text before and after the type.
    pub is_of_user_type: Option<[&'static str; 2]>,
    /// One of the names of `UserState`: what is unknown is the nearest of those.
    pub user_state: Option<&'static str>,
    /// The same for the state.
    pub is_in_user_state: Option<[&'static str; 2]>,
    pub description: Option<&'static str>,
    pub impersonation: Option<&'static str>,
    /// What has to be known of a filter by scopes.
    pub note_on_scopes: Option<&'static str>,
}

#[derive(Debug)]
pub struct DeployTokens {
    pub token: Tokens,
    pub username: &'static str,
    pub project_id: &'static str,
    pub group_id: &'static str,
    pub project_path: &'static str,
    pub group_path: &'static str,
    /// The conditions on the linked project and group: the text before and after the id.
    pub is_of_project: [&'static str; 2],
    pub is_of_group: [&'static str; 2],
    /// A user's highest level in the token's project, its group and all parent groups: the
    /// text before and after the user's id.
    pub level: [&'static str; 2],
    /// Selects, as `r`, the ids of all tokens of the projects and groups where a user has at
    /// least some level: without a look at any other token. Between its parts are bound the
    /// user and the level in projects, both again, and the user and the level in groups.
    pub reached: [&'static str; 7],
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
    pub actor_id: IdColumn,
    pub os_user: &'static str,
    pub target_type: &'static str,
    pub target_id: IdColumn,
    pub target_name: &'static str,
    pub target_user_id: IdColumn,
    pub target_username: &'static str,
    pub reason: &'static str,
    pub outcome: &'static str,
    /// Whether the application may reuse the id of a deleted user: events then belong to
    /// a user only by id and name.
    pub reuses_user_ids: bool,
    /// Find users who owned a token, or who acted, in the events: events outlive users.
    pub owners: Lookup,
    pub actors: Lookup,
    /// Selects the id of the newest event, or 0.
    pub newest: &'static str,
    /// Selects the ids of the tokens of a run's events; the run is bound behind it.
    pub targets: &'static str,
    /// Inserts events: what a run's have in common, from `created_at` to `reason`, is bound
    /// after it, and what each token is called is selected, from its id to its owner's name.
    pub insert: &'static str,
}
