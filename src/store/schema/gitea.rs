//! The database of Gitea, and of Forgejo, which has the same tables: SQLite, or
//! PostgreSQL.
//!
//! Sources: `models/auth/access_token.go` and `models/user/user.go` of both.

use super::{
    Catalog, Description, Lookup, NO_NAME, OptionalColumns, PersonalAccessTokens, RevokeMethod,
    Schema, Table, Time, TimeForm, Tokens, Users,
};
use crate::store::scopes::{Scopes, ScopesForm};
use crate::store::sql::{Dialect, IdColumn, IdForm};

pub static DESCRIPTION: Description = Description {
    name: "gitea",
    application: "Gitea or Forgejo",
    dialects: &[Dialect::Sqlite, Dialect::Postgres],
    signature: &[("access_token", "token_last_eight"), ("user", "lower_name")],
    required: &[
        ("access_token", "id uid name scope created_unix updated_unix"),
        ("user", "id name lower_name is_admin is_active prohibit_login type"),
    ],
    // Forgejo's.
    optional: &[("access_token_resource_repo", "token_id")],
    schema,
    returning: None,
    direct_revoke: &[
        "Also Forgejo. Deletes the row, as they do: there is no flag,",
        "and no way back; revoking the id again finds no token (exit",
        "4). The row is looked up at each use, so the token stops",
        "working at once. Nobody is notified.",
    ],
};

macro_rules! acting {
    ($where:literal) => {
        concat!(
            "SELECT u.id, u.name, coalesce(u.is_admin, FALSE) FROM @\"user\" u \
             WHERE u.type = 0 AND u.is_active AND u.prohibit_login IS NOT TRUE AND ",
            $where
        )
    };
}

/// Maps Gitea's user types; its bots are service accounts.
macro_rules! user_type {
    ($user:literal) => {
        concat!("CASE ", $user, ".type WHEN 0 THEN 'human' WHEN 4 THEN 'service_account' END")
    };
}

/// Maps Gitea's flags of users.
macro_rules! user_state {
    ($user:literal) => {
        concat!(
            "CASE WHEN ",
            $user,
            ".prohibit_login IS TRUE THEN 'blocked' WHEN ",
            $user,
            ".is_active THEN 'active' WHEN ",
            $user,
            ".id IS NOT NULL THEN 'deactivated' END"
        )
    };
}

fn schema(dialect: Dialect, found: &Catalog) -> Schema {
    Schema {
        description: &DESCRIPTION,
        dialect,
        is_checked: false,
        users: Users {
            form: IdForm::Integer,
            acting: Lookup {
                by_id: [acting!("u.id = "), ""],
                by_name: [acting!("u.lower_name = lower("), "#)"],
            },
            named: Lookup {
                by_id: ["SELECT u.id, u.name FROM @\"user\" u WHERE u.id = ", ""],
                by_name: ["SELECT u.id, u.name FROM @\"user\" u WHERE u.lower_name = lower(", "#)"],
            },
            gone: Lookup {
                by_id: ["SELECT t.uid, NULL FROM @access_token t WHERE t.uid = ", " LIMIT 1"],
                by_name: NO_NAME,
            },
            services: Vec::new(),
        },
        personal_access_tokens: PersonalAccessTokens {
            token: Tokens {
                table: Table {
                    from: "@access_token t LEFT JOIN @\"user\" u ON u.id = t.uid",
                    id: IdColumn::integer("t.id"),
                },
                name: "coalesce(t.name, '')",
                // Without scopes nothing is permitted. Tokens from before scopes existed were
                // given all of them.
                scopes: Scopes { sql: "coalesce(t.scope, '')", form: ScopesForm::Commas },
                revoked: None,
                created_at: Time::plain("t.created_unix", TimeForm::Epoch),
                expires_at: None,
                revoke: RevokeMethod {
                    statement: "DELETE FROM @access_token AS t",
                    time: None,
                    deletes: true,
                    remaining: "SELECT t.id FROM @access_token t WHERE ",
                    // Forgejo's table for tokens limited to some repositories.
                    dependents: found.has("access_token_resource_repo", "token_id").then_some([
                        "DELETE FROM @access_token_resource_repo WHERE token_id IN \
                         (SELECT t.id FROM @access_token t WHERE ",
                        ") RETURNING token_id",
                    ]),
                },
            },
            user_id: IdColumn::integer("t.uid"),
            username: "u.name",
            service_ids: Vec::new(),
            optional: OptionalColumns {
                user_type: Some(user_type!("u")),
                is_of_user_type: Some([
                    concat!(
                        "(SELECT ",
                        user_type!("x"),
                        " FROM @\"user\" x WHERE x.id = t.uid) = "
                    ),
                    "",
                ]),
                user_state: Some(concat!("coalesce(", user_state!("u"), ", 'gone')")),
                is_in_user_state: Some([
                    concat!(
                        "coalesce((SELECT ",
                        user_state!("x"),
                        " FROM @\"user\" x WHERE x.id = t.uid), 'gone') = "
                    ),
                    "",
                ]),
                ..OptionalColumns::default()
            },
            // Gitea sets `updated_unix` at each use.
            last_used_at: Time::plain(
                "CASE WHEN t.updated_unix > t.created_unix THEN t.updated_unix END",
                TimeForm::Epoch,
            ),
        },
        deploy_tokens: None,
        audit_events: None,
    }
}
