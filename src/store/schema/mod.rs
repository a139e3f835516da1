//! What a database looks like, as data: for every logical column its SQL
//! expression, and for times the form of the values. The native store is one
//! such description.

pub mod native;

use crate::model::time::Moment;
use crate::store::sql::Value;

/// A database that tokens can be read from.
#[derive(Debug)]
pub struct Schema {
    /// Each table with the columns that must be there.
    pub tables: &'static [(&'static str, &'static [&'static str])],
    pub users: Users,
    pub projects: Places,
    pub groups: Places,
    pub personal_access_tokens: PersonalAccessTokens,
    pub deploy_tokens: DeployTokens,
    pub audit_events: AuditEvents,
}

/// How users are found.
#[derive(Debug)]
pub struct Users {
    /// Selects id, username and whether he is an administrator, of those who
    /// may act.
    pub acting: UserLookup,
    /// Selects the id.
    pub named: UserLookup,
}

/// Statements that find a user by what is bound behind them.
#[derive(Debug)]
pub struct UserLookup {
    pub by_id: &'static str,
    pub by_name: &'static str,
}

/// Statements that find a project or group, and a user's level in it. The user
/// is bound between the two parts, the id or path behind them.
#[derive(Debug)]
pub struct Places {
    pub by_id: [&'static str; 2],
    pub by_path: [&'static str; 2],
}

/// The columns that every kind of token has.
#[derive(Debug)]
pub struct Tokens {
    pub from: &'static str,
    pub id: &'static str,
    pub name: &'static str,
    pub scopes: &'static str,
    /// True or false, never NULL.
    pub revoked: &'static str,
    pub created_at: Time,
    pub expires_at: Time,
    /// What the token belongs to, one value each.
    pub owner: &'static str,
    /// Revokes a token that is not yet revoked: `?1` is the time, `?2` the id.
    pub revoke: &'static str,
}

#[derive(Debug)]
pub struct PersonalAccessTokens {
    pub token: Tokens,
    pub user_id: &'static str,
    pub username: &'static str,
    pub user_type: &'static str,
    pub description: &'static str,
    pub impersonation: &'static str,
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
    /// The highest level of a user over the token's project, its group and all
    /// groups above; the user is bound between the two.
    pub level: [&'static str; 2],
}

#[derive(Debug)]
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
    /// Selects the id of a user who owned a token, or who acted: events outlive
    /// users.
    pub owners: UserLookup,
    pub actors: UserLookup,
    /// Inserts an event; its columns in the order of the contract, from
    /// `created_at` on, are `?1` to `?11`.
    pub insert: &'static str,
}

/// A column that holds times, and that the database has an index of.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    pub sql: &'static str,
    pub form: TimeForm,
    /// A condition that looks ids up by the column's index: its text as far as the
    /// column, and the column in there. A parenthesis stays open.
    pub ids: [&'static str; 2],
}

/// How a column spells a time. Comparisons bind their values in the same form,
/// so that the database's indexes serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeForm {
    /// `2020-07-23T14:31:47.729Z`
    Timestamp,
    /// `2020-07-23`
    Date,
}

impl TimeForm {
    /// The moment in this form.
    #[must_use]
    pub fn value(self, moment: Moment) -> Value {
        match self {
            Self::Timestamp => moment.instant.to_string().into(),
            Self::Date => moment.date.to_string().into(),
        }
    }
}
