//! JupyterHub's database: SQLite, or PostgreSQL when it is large.
//!
//! Sources: `jupyterhub/orm.py`, and the database of a hub.

use super::{
    Catalog, Description, Lookup, NO_NAME, OptionalColumns, PersonalAccessTokens, Returning,
    RevokeMethod, Schema, Table, Time, TimeForm, Tokens, Users,
};
use crate::store::scopes::{Scopes, ScopesForm};
use crate::store::sql::{Dialect, IdColumn, IdForm};

pub static DESCRIPTION: Description = Description {
    name: "jupyterhub",
    application: "JupyterHub",
    dialects: &[Dialect::Sqlite, Dialect::Postgres],
    signature: &[
        ("api_tokens", "prefix last_activity"),
        ("users", ""),
        ("roles", ""),
        ("alembic_version", ""),
    ],
    required: &[
        (
            "api_tokens",
            "id user_id service_id note scopes client_id session_id created expires_at \
             last_activity",
        ),
        ("users", "id name admin"),
        ("services", "id name"),
        ("roles", "id name"),
        ("user_role_map", "user_id role_id"),
    ],
    optional: &[
        ("group_role_map", "role_id group_id"),
        ("user_group_map", "user_id group_id"),
        ("oauth_clients", "identifier description"),
    ],
    schema,
    returning: Some(Returning {
        name: "from config",
        why: "given in the hub's configuration, and will be back when the hub starts again: \
              remove them there too",
    }),
    direct_revoke: &[
        "Deletes the row, as the hub does: there is no flag, and no way",
        "back; revoking the id again finds no token (exit 4). The hub",
        "refuses the token at its next request; a user's server may",
        "take it for up to 300 s more, from its cache. The hub shows",
        "the token until it is restarted, and in SQLite the id of the",
        "newest may be given to a later token: do not revoke it once",
        "more at the hub, and give old lists of ids together with a",
        "filter. A token of the hub's configuration (its name is 'from",
        "config') comes back when the hub starts: remove it there too.",
    ],
};

/// A user is an administrator by flag, by role, or by the role of a group.
macro_rules! acting {
    ($groups:expr, $where:literal) => {
        concat!(
            "SELECT u.id, u.name, coalesce(u.admin, FALSE) OR EXISTS (SELECT 1 FROM @roles r \
             WHERE r.name = 'admin' AND (r.id IN (SELECT m.role_id FROM @user_role_map m \
             WHERE m.user_id = u.id)",
            $groups,
            ")) FROM @users u WHERE ",
            $where
        )
    };
}

macro_rules! by_group {
    () => {
        " OR r.id IN (SELECT g.role_id FROM @group_role_map g \
         JOIN @user_group_map m ON m.group_id = g.group_id WHERE m.user_id = u.id)"
    };
}

/// Ignores ASCII case only: PostgreSQL's `lower` would use the database's collation.
macro_rules! by_name {
    ($dialect:expr, $acting:ident, $($groups:expr)?) => {
        match $dialect {
            Dialect::Sqlite => [$acting!($($groups,)? "lower(u.name) = lower("), ")"],
            Dialect::Postgres => [
                $acting!($($groups,)? "lower(u.name::text COLLATE \"C\") = lower("),
                " COLLATE \"C\")",
            ],
        }
    };
}

macro_rules! named {
    ($where:literal) => {
        concat!("SELECT u.id, u.name FROM @users u WHERE ", $where)
    };
}

macro_rules! service {
    ($where:literal) => {
        concat!("SELECT u.id, u.name FROM @services u WHERE ", $where)
    };
}

/// The type of the owner; JupyterHub's services are service accounts.
macro_rules! user_type {
    () => {
        "CASE WHEN t.user_id IS NOT NULL THEN 'human' \
         WHEN t.service_id IS NOT NULL THEN 'service_account' END"
    };
}

fn schema(dialect: Dialect, found: &Catalog) -> Schema {
    let has_group_roles =
        found.has("group_role_map", "role_id") && found.has("user_group_map", "group_id");
    // Some rows in SQLite have a T between date and time, which sorts behind a blank.
    let [created_at, expires_at, last_used_at] = match dialect {
        Dialect::Sqlite => [
            Time::plain("replace(t.created, 'T', ' ')", TimeForm::Spaced),
            Time::plain("replace(t.expires_at, 'T', ' ')", TimeForm::Spaced),
            Time::plain("replace(t.last_activity, 'T', ' ')", TimeForm::Spaced),
        ],
        Dialect::Postgres => [
            Time::plain("t.created", TimeForm::Timestamp),
            Time::plain("nullif(t.expires_at, 'infinity')", TimeForm::Timestamp),
            Time::plain("t.last_activity", TimeForm::Timestamp),
        ],
    };
    Schema {
        description: &DESCRIPTION,
        dialect,
        is_checked: false,
        users: Users {
            form: IdForm::Integer,
            acting: if has_group_roles {
                Lookup {
                    by_id: [acting!(by_group!(), "u.id = "), ""],
                    by_name: by_name!(dialect, acting, by_group!()),
                }
            } else {
                Lookup {
                    by_id: [acting!("", "u.id = "), ""],
                    by_name: by_name!(dialect, acting, ""),
                }
            },
            named: Lookup { by_id: [named!("u.id = "), ""], by_name: by_name!(dialect, named,) },
            gone: Lookup {
                by_id: ["SELECT t.user_id, NULL FROM @api_tokens t WHERE t.user_id = ", " LIMIT 1"],
                by_name: NO_NAME,
            },
            services: vec![(
                Lookup { by_id: [service!("u.id = "), ""], by_name: by_name!(dialect, service,) },
                IdForm::Integer,
            )],
        },
        personal_access_tokens: PersonalAccessTokens {
            token: Tokens {
                table: Table {
                    from: "@api_tokens t LEFT JOIN @users u ON u.id = t.user_id \
                       LEFT JOIN @services s ON s.id = t.service_id",
                    id: IdColumn::integer("t.id"),
                },
                name: "coalesce(t.note, '')",
                scopes: Scopes { sql: "coalesce(t.scopes, '[]')", form: ScopesForm::Json },
                revoked: None,
                created_at,
                expires_at: Some(expires_at),
                revoke: RevokeMethod {
                    statement: "DELETE FROM @api_tokens AS t",
                    time: None,
                    deletes: true,
                    remaining: "SELECT t.id FROM @api_tokens t WHERE ",
                    dependents: None,
                },
            },
            user_id: IdColumn::integer("t.user_id"),
            username: "coalesce(u.name, s.name)",
            service_ids: vec![IdColumn::integer("t.service_id")],
            optional: OptionalColumns {
                user_type: Some(user_type!()),
                user_state: Some(
                    "CASE WHEN u.id IS NOT NULL OR s.id IS NOT NULL THEN 'active' ELSE 'gone' END",
                ),
                is_in_user_state: Some([
                    "CASE WHEN EXISTS (SELECT 1 FROM @users x WHERE x.id = t.user_id) \
                     OR EXISTS (SELECT 1 FROM @services x WHERE x.id = t.service_id) \
                     THEN 'active' ELSE 'gone' END = ",
                    "",
                ]),
                is_of_user_type: Some([concat!(user_type!(), " = "), ""]),
                // For tokens of sessions and OAuth clients, the client.
                description: Some(if found.has("oauth_clients", "description") {
                    "CASE WHEN t.session_id IS NOT NULL OR t.client_id <> 'jupyterhub' \
                 THEN coalesce((SELECT nullif(c.description, '') FROM @oauth_clients c \
                 WHERE c.identifier = t.client_id), t.client_id) END"
                } else {
                    "CASE WHEN t.session_id IS NOT NULL OR t.client_id <> 'jupyterhub' \
                 THEN t.client_id END"
                }),
                ..OptionalColumns::default()
            },
            last_used_at,
        },
        deploy_tokens: None,
        audit_events: None,
    }
}
