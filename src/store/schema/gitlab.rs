//! GitLab's database, which is always PostgreSQL.
//!
//! Sources: `db/structure.sql`, `app/models/{personal_access_token,deploy_token,member}.rb`
//! of GitLab. Columns added late are optional here.

use super::{
    Catalog, DeployTokens, Known, NameColumn, Places, RevokeMethod, Schema, Table, Time, TimeForm,
    Tokens,
};
use crate::store::scopes::{Scopes, ScopesForm};
use crate::store::sql::{self, IdColumn};

pub const KNOWN: Known = Known {
    name: "gitlab",
    signature: &[
        ("personal_access_tokens", "impersonation last_used_at"),
        ("deploy_tokens", ""),
        ("users", ""),
        ("namespaces", ""),
    ],
    required: &[
        (
            "deploy_tokens",
            "id name username revoked created_at expires_at read_repository read_registry \
             write_registry read_package_registry write_package_registry",
        ),
        ("project_deploy_tokens", "project_id deploy_token_id"),
        ("group_deploy_tokens", "group_id deploy_token_id"),
        ("projects", "id namespace_id"),
        ("namespaces", "id type traversal_ids"),
        ("routes", "source_id source_type path"),
        ("members", "user_id source_id source_type access_level requested_at expires_at state"),
    ],
    optional: &[
        ("personal_access_tokens", "granular sudo"),
        ("deploy_tokens", "read_virtual_registry write_virtual_registry"),
    ],
    complete,
    returning: None,
    direct_revoke: &[
        "Sets the flag that GitLab sets; it takes effect at the token's",
        "next use. GitLab sends the owner no e-mail, and writes no",
        "audit event of its own. The row of a deploy token stays;",
        "GitLab's API would delete it.",
    ],
};

/// A user's highest level in a project, its group and all parent groups: the text before
/// the user's id. Memberships expire by the server's clock, not by --now.
macro_rules! level_head {
    () => {
        concat!("(SELECT max(m.access_level) FROM @members m WHERE ", member!())
    };
}

/// The condition on a membership of a user: the text before the user's id.
macro_rules! member {
    () => {
        "m.requested_at IS NULL AND m.state = 0 \
         AND (m.expires_at IS NULL OR m.expires_at > (now() AT TIME ZONE 'UTC')::date) \
         AND m.user_id = "
    };
}

mod members;

macro_rules! level_tail {
    ($project:expr, $namespace:expr) => {
        concat!(
            " AND (m.source_type = 'Project' AND m.source_id = ",
            $project,
            " OR m.source_type = 'Namespace' AND m.source_id IN (\
             SELECT unnest(n.traversal_ids) FROM @namespaces n WHERE n.id = ",
            $namespace,
            ")))",
        )
    };
}

macro_rules! place {
    ($from:literal, $id:literal, $namespace:expr, $where:literal, $end:literal) => {
        [
            concat!("SELECT ", $id, ", ", level_head!()),
            concat!(level_tail!($id, $namespace), " FROM @", $from, " WHERE ", $where),
            $end,
        ]
    };
}

macro_rules! group {
    ($where:literal, $end:literal) => {
        [
            concat!("SELECT g.id, ", level_head!()),
            concat!(level_tail!("NULL", "g.id"), " FROM @namespaces g ", $where),
            $end,
        ]
    };
}

macro_rules! namespace_of {
    ($project:expr) => {
        concat!("(SELECT p.namespace_id FROM @projects p WHERE p.id = ", $project, ")")
    };
}

/// The project of a deploy token. The tables allow several, but GitLab links one.
macro_rules! project_id {
    () => {
        "(SELECT min(l.project_id) FROM @project_deploy_tokens l WHERE l.deploy_token_id = t.id)"
    };
}

macro_rules! group_id {
    () => {
        "(SELECT min(l.group_id) FROM @group_deploy_tokens l WHERE l.deploy_token_id = t.id)"
    };
}

macro_rules! scope {
    ($name:literal) => {
        concat!(", CASE WHEN t.", $name, " THEN '", $name, "' END")
    };
}

/// The scopes of deploy tokens, one column each, in GitLab's order.
macro_rules! deploy_scopes {
    ($($late:literal),*) => {
        concat!(
            "concat_ws(','",
            scope!("read_repository"),
            scope!("read_registry"),
            scope!("write_registry"),
            scope!("read_package_registry"),
            scope!("write_package_registry"),
            $(scope!($late),)*
            ")"
        )
    };
}

/// Adds what the file does not say: deploy tokens, and what later versions keep elsewhere.
fn complete(schema: &mut Schema, found: &Catalog) {
    schema.deploy_tokens = Some(deploy_tokens(found));
    let has = |column| found.has("personal_access_tokens", column);
    let tokens = &mut schema.personal_access_tokens;
    if let (true, Some(scopes)) = (has("sudo"), &mut tokens.token.scopes) {
        scopes.sql = SCOPES_WITH_SUDO;
    }
    if has("granular") {
        tokens.optional.note_on_scopes = Some(
            "fine-grained tokens have the scope 'granular' only: what they may do GitLab keeps \
             elsewhere, and no filter looks at it",
        );
    }
    // GitLab has an index for names without regard to case, by the database's collation.
    let by_name = [
        "lower(u.\"username\"::text COLLATE \"C\") = lower(",
        "lower(u.\"username\"::text#) = lower(",
    ];
    let users = &mut schema.users;
    for lookup in [&mut users.acting, &mut users.named] {
        lookup.by_name = [sql::replaced(lookup.by_name[0], by_name), "#)"];
    }
}

/// The scopes with `sudo`, which later versions keep in a column of its own.
const SCOPES_WITH_SUDO: &str = r"CASE WHEN t.sudo AND t.scopes !~ '\n- :?sudo *(\n|$)' THEN rtrim(regexp_replace(t.scopes, '^--- +\[\]', E'---\n- api'), E'\n') || E'\n- sudo\n' ELSE t.scopes END";

fn deploy_tokens(found: &Catalog) -> DeployTokens {
    // GitLab added them in this order, in different versions.
    let late = ["read_virtual_registry", "write_virtual_registry"];
    let [reads, writes] = late.map(|column| found.has("deploy_tokens", column));
    DeployTokens {
        token: Tokens {
            table: Table { from: "@deploy_tokens t", id: IdColumn::integer("t.id"), only: None },
            name: Some(NameColumn::plain("t.name")),
            scopes: Some(Scopes {
                sql: match (reads, writes) {
                    (true, true) => {
                        deploy_scopes!("read_virtual_registry", "write_virtual_registry")
                    }
                    (true, false) => deploy_scopes!("read_virtual_registry"),
                    (false, _) => deploy_scopes!(),
                },
                form: ScopesForm::Commas,
            }),
            revoked: Some("t.revoked IS TRUE"),
            created_at: Some(Time::plain("t.created_at", TimeForm::Timestamptz)),
            // The column is never NULL: GitLab stores this date for no expiry.
            expires_at: Some(Time::plain(
                "nullif(nullif(t.expires_at, '3000-01-01 00:00:00+00'), 'infinity')",
                TimeForm::Timestamptz,
            )),
            revoke: RevokeMethod {
                statement: "UPDATE @deploy_tokens AS t SET revoked = TRUE",
                times: Vec::new(),
                condition: " WHERE ",
                returning: "CASE WHEN t.revoked THEN t.id END",
                renames: false,
                deletes: false,
                expires: false,
                remaining: "SELECT t.id FROM @deploy_tokens t WHERE t.revoked IS NOT TRUE AND ",
                dependents: Vec::new(),
                left_over: Vec::new(),
            },
        },
        username: "t.username",
        project_id: project_id!(),
        group_id: group_id!(),
        project_path: concat!(
            "(SELECT r.path FROM @routes r WHERE r.source_type = 'Project' AND r.source_id = ",
            project_id!(),
            ")"
        ),
        group_path: concat!(
            "(SELECT r.path FROM @routes r WHERE r.source_type = 'Namespace' AND r.source_id = ",
            group_id!(),
            ")"
        ),
        is_of_project: [
            "t.id IN (SELECT l.deploy_token_id FROM @project_deploy_tokens l \
                 WHERE l.project_id = ",
            ")",
        ],
        is_of_group: [
            "t.id IN (SELECT l.deploy_token_id FROM @group_deploy_tokens l WHERE l.group_id = ",
            ")",
        ],
        level: [
            level_head!(),
            level_tail!(
                project_id!(),
                concat!("coalesce(", group_id!(), ", ", namespace_of!(project_id!()), ")")
            ),
        ],
        reached: members::REACHED,
        projects: Places {
            of_member: members::PROJECTS,
            by_id: place!("projects x", "x.id", "x.namespace_id", "x.id = ", ""),
            by_path: place!(
                "routes r",
                "r.source_id",
                namespace_of!("r.source_id"),
                "r.source_type = 'Project' AND lower(r.path::text#) = lower(",
                "#)"
            ),
        },
        groups: Places {
            of_member: members::GROUPS,
            by_id: group!("WHERE g.type = 'Group' AND g.id = ", ""),
            by_path: group!(
                "JOIN @routes r ON r.source_type = 'Namespace' AND r.source_id = g.id \
                     WHERE g.type = 'Group' AND lower(r.path::text#) = lower(",
                "#)"
            ),
        },
    }
}
