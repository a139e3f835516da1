//! The shape of a schema: the SQL expression and the form of values of every logical column.
//! In each `t` is the row of the token. Conditions read other tables by subqueries, never by a
//! join: the statement that revokes reuses them, and has only the row.

use super::time::{Time, TimeForm};
use crate::store::scopes::Scopes;
use crate::store::sql::{IdColumn, IdForm};

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
    pub name: Option<NameColumn>,
    pub scopes: Option<Scopes>,
    /// True or false, never NULL.
    pub revoked: Option<&'static str>,
    pub created_at: Option<Time>,
    pub expires_at: Option<Time>,
    pub revoke: RevokeMethod,
}

/// A column of names.
#[derive(Clone, Copy, Debug)]
pub struct NameColumn {
    pub sql: &'static str,
    /// As for a [`Time`].
    pub ids: Option<[&'static str; 2]>,
}

impl NameColumn {
    /// Describes a column without a useful index.
    #[must_use]
    pub const fn plain(sql: &'static str) -> Self {
        Self { sql, ids: None }
    }
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
    /// Selects the ids of the tokens of a run's events; the run is bound behind it. Asked for
    /// those behind the newest, it reads no others.
    pub targets: &'static str,
    /// Inserts events: what a run's have in common, from `created_at` to `reason`, is bound
    /// after it, and what each token is called is selected, from its id to its owner's name.
    pub insert: &'static str,
}
