//! The native store, whose tables `native.sql` and `native_postgres.sql` document.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::{
    AuditEvents, DeployTokens, Description, Lookup, NO_NAME, Needs, OptionalColumns, OwnerColumn,
    PersonalAccessTokens, Places, RevokeMethod, Schema, Source, Table, Tables, Time, TimeForm,
    Tokens, Users,
};
use crate::failure::{Failure, Kind};
use crate::store::scopes::{Scopes, ScopesForm};
use crate::store::sql::{Dialect, IdColumn, IdForm};

/// Marks the file as a tokenctl store: "tokn" in ASCII.
pub const APPLICATION_ID: i32 = 0x746F_6B6E;

/// The migrations from an empty file to the newest version. `user_version` is the number
/// of applied migrations, so none is ever changed or removed.
pub const MIGRATIONS: &[&str] = &[include_str!("../native.sql")];

/// The same for an empty schema of a server, whose table [`VERSION`] has that number.
pub const SERVER_MIGRATIONS: &[&str] = &[include_str!("../native_postgres.sql")];

/// Tells a store on a server from other tables, and has its version.
const SIGNATURE: Tables = &[("tokenctl_schema", "version")];
pub const VERSION: &str = "SELECT max(version)::bigint FROM @tokenctl_schema";

/// The schema of a server in which a store is made unless another is named.
pub const NAMESPACE: &str = "tokenctl";

/// Refuses a store whose schema is of another version than the newest.
pub fn check_version(version: i64) -> Result<(), Failure> {
    let version = usize::try_from(version).unwrap_or(0);
    let newest = MIGRATIONS.len();
    let failed =
        |problem| Failure::new(Kind::Failed, format!("its schema has version {version}{problem}"));
    if version > newest {
        let problem = format!(", made by a newer tokenctl; this one knows {newest}");
        return Err(failed(problem).hint("upgrade tokenctl"));
    }
    if version < newest {
        return Err(failed(format!("; this tokenctl works with {newest}")));
    }
    Ok(())
}

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

/// A user's highest level in a project, its group and all parent groups: the text after
/// the user's id. UNION ends the recursion where groups form a cycle.
macro_rules! level_tail {
    ($project:literal, $group:literal) => {
        concat!(
            " AND (m.project_id = ",
            $project,
            " OR m.group_id IN (",
            "WITH RECURSIVE above (id) AS (SELECT ",
            $group,
            " UNION ",
            "SELECT parent.parent_id FROM @groups parent JOIN above ON parent.id = above.id) ",
            "SELECT id FROM above)))",
        )
    };
}

/// The same: the text before the user's id.
macro_rules! level_head {
    () => {
        "(SELECT max(m.access_level) FROM @members m WHERE m.user_id = "
    };
}

macro_rules! place {
    ($table:literal, $is:expr, $end:expr, $project:literal, $group:literal) => {
        [
            concat!("SELECT x.id, ", level_head!()),
            concat!(level_tail!($project, $group), " FROM @", $table, " x WHERE ", $is),
            $end,
        ]
    };
}

/// The groups of a user's memberships and all below them, as `below`: the text before the
/// user's id, and after it, where a condition on `m` may stand between.
macro_rules! below_head {
    () => {
        "WITH RECURSIVE below (id, level) AS (SELECT m.group_id, m.access_level FROM @members m \
         WHERE m.group_id IS NOT NULL AND m.user_id = "
    };
}

macro_rules! below_tail {
    () => {
        " UNION SELECT g.id, below.level FROM @groups g JOIN below ON g.parent_id = below.id)"
    };
}

/// The end of the statement that finds one of the places of a member.
macro_rules! place_of_member {
    ($is:expr) => {
        concat!(") SELECT r.id, max(r.level) FROM r WHERE ", $is)
    };
}

macro_rules! project_of_member {
    ($is:expr, $end:expr) => {
        &[
            below_head!(),
            concat!(
                below_tail!(),
                ", r (id, full_path, level) AS MATERIALIZED (\
                 SELECT p.id, p.full_path, below.level FROM below \
                 CROSS JOIN @projects p WHERE p.group_id = below.id UNION ALL \
                 SELECT p.id, p.full_path, m.access_level FROM @members m \
                 CROSS JOIN @projects p WHERE p.id = m.project_id AND m.user_id = "
            ),
            concat!(" AND m.project_id IS NOT NULL", place_of_member!($is)),
            concat!($end, " GROUP BY r.id"),
        ]
    };
}

macro_rules! group_of_member {
    ($is:expr, $end:expr) => {
        &[
            below_head!(),
            concat!(
                below_tail!(),
                ", r (id, full_path, level) AS MATERIALIZED (\
                 SELECT g.id, g.full_path, below.level FROM below \
                 CROSS JOIN @groups g WHERE g.id = below.id",
                place_of_member!($is)
            ),
            concat!($end, " GROUP BY r.id"),
        ]
    };
}

macro_rules! time {
    ($table:literal, $column:literal, $form:ident) => {
        Time {
            sql: concat!("t.", $column),
            form: TimeForm::$form,
            ids: Some([concat!("SELECT i.id FROM @", $table, " i WHERE "), concat!("i.", $column)]),
        }
    };
}

/// What finds projects and groups in a dialect.
macro_rules! places {
    ($dialect:ident) => {
        [
            Places {
                by_id: place!("projects", "x.id = ", "", "x.id", "x.group_id"),
                by_path: place!(
                    "projects",
                    name_is!($dialect, "x.full_path"),
                    name_end!($dialect),
                    "x.id",
                    "x.group_id"
                ),
                of_member: [
                    project_of_member!("r.id = ", ""),
                    project_of_member!(name_is!($dialect, "r.full_path"), name_end!($dialect)),
                ],
            },
            Places {
                by_id: place!("groups", "x.id = ", "", "NULL", "x.id"),
                by_path: place!(
                    "groups",
                    name_is!($dialect, "x.full_path"),
                    name_end!($dialect),
                    "NULL",
                    "x.id"
                ),
                of_member: [
                    group_of_member!("r.id = ", ""),
                    group_of_member!(name_is!($dialect, "r.full_path"), name_end!($dialect)),
                ],
            },
        ]
    };
}

/// The deploy tokens that a member reaches.
const REACHED: [&str; 7] = [
    concat!(
        "WITH r (id) AS MATERIALIZED (SELECT x.id FROM @deploy_tokens x \
                     WHERE x.project_id IN (",
        "SELECT m.project_id FROM @members m \
                     WHERE m.project_id IS NOT NULL AND m.user_id = "
    ),
    " AND m.access_level >= ",
    concat!(" UNION SELECT p.id FROM @projects p WHERE p.group_id IN (", below_head!()),
    " AND m.access_level >= ",
    concat!(
        below_tail!(),
        " SELECT id FROM below)) UNION ALL \
                     SELECT x.id FROM @deploy_tokens x WHERE x.group_id IN (",
        below_head!()
    ),
    " AND m.access_level >= ",
    concat!(below_tail!(), " SELECT id FROM below)) SELECT r.id FROM r"),
];

/// Selects a user's id and name.
const USER: &str = "SELECT id, username FROM @users WHERE id = ";

/// What statements find by names in a dialect.
struct ByName {
    acting: [&'static str; 2],
    user: [&'static str; 2],
    actor: [&'static str; 2],
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
    fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Sqlite => by_name!(Sqlite, "actor COLLATE NOCASE = "),
            Dialect::Postgres => by_name!(Postgres, name_is!(Postgres, "actor")),
        }
    }
}

/// A time as the dialect has it: a server has types for what is text in SQLite, and a planner
/// that knows how many rows are within bounds.
fn on(dialect: Dialect, time: Time) -> Time {
    match dialect {
        Dialect::Sqlite => time,
        Dialect::Postgres => Time::plain(time.sql, form_on(dialect, time.form)),
    }
}

/// The form of a time in a dialect, of its form in SQLite.
#[must_use]
pub fn form_on(dialect: Dialect, form: TimeForm) -> TimeForm {
    match (dialect, form) {
        (Dialect::Postgres, TimeForm::Iso) => TimeForm::Timestamptz,
        (Dialect::Postgres, TimeForm::IsoDate) => TimeForm::Date,
        (_, form) => form,
    }
}

/// The form of scopes in a dialect.
#[must_use]
pub fn scopes_form(dialect: Dialect) -> ScopesForm {
    match dialect {
        Dialect::Sqlite => ScopesForm::Json,
        Dialect::Postgres => ScopesForm::Array,
    }
}

fn scopes(dialect: Dialect) -> Scopes {
    Scopes { sql: "t.scopes", form: scopes_form(dialect) }
}

/// The name for `--schema`.
pub const NAME: &str = "native";

/// The description, which the `application_id` of a file identifies.
#[must_use]
pub fn description() -> &'static Description {
    static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description {
        name: NAME,
        application: "tokenctl".into(),
        dialects: vec![Dialect::Sqlite, Dialect::Postgres],
        signature: SIGNATURE,
        required: REQUIRED.into(),
        optional: Needs::default(),
        source: Source::Native,
        returning: None,
    });
    &DESCRIPTION
}

const REQUIRED: Tables = &[
    ("users", "id username admin state user_type"),
    ("groups", "id full_path parent_id"),
    ("projects", "id full_path group_id"),
    ("members", "user_id group_id project_id access_level"),
    (
        "personal_access_tokens",
        "id user_id name description scopes impersonation revoked created_at updated_at \
             last_used_at expires_at",
    ),
    ("deploy_tokens", "id name username scopes revoked created_at expires_at project_id group_id"),
    (
        "audit_events",
        "id created_at run_id action actor actor_id os_user target_type target_id \
             target_name target_user_id target_username reason",
    ),
];

fn users(by_name: &ByName) -> Users {
    Users {
        form: IdForm::Integer,
        acting: Lookup {
            by_id: ["SELECT id, username, admin FROM @users WHERE state = 'active' AND id = ", ""],
            by_name: by_name.acting,
        },
        named: Lookup { by_id: [USER, ""], by_name: by_name.user },
        gone: Lookup {
            by_id: [
                "SELECT t.user_id, NULL FROM @personal_access_tokens t WHERE t.user_id = ",
                " LIMIT 1",
            ],
            by_name: NO_NAME,
        },
        services: Vec::new(),
        administrators: None,
        has_administrators: true,
    }
}

/// The schema of a store.
#[must_use]
pub fn schema(dialect: Dialect) -> Schema {
    let by_name = ByName::of(dialect);
    let is_sqlite = dialect == Dialect::Sqlite;
    Schema {
        description: description(),
        dialect,
        literals: Vec::new(),
        columns: BTreeSet::new(),
        is_checked: true,
        users: users(&by_name),
        personal_access_tokens: PersonalAccessTokens {
            token: Tokens {
                table: Table {
                    from: "@personal_access_tokens t LEFT JOIN @users u ON u.id = t.user_id",
                    id: IdColumn::integer("t.id"),
                    only: None,
                },
                name: Some("t.name"),
                scopes: Some(scopes(dialect)),
                revoked: Some("t.revoked"),
                created_at: Some(on(dialect, time!("personal_access_tokens", "created_at", Iso))),
                expires_at: Some(on(
                    dialect,
                    time!("personal_access_tokens", "expires_at", IsoDate),
                )),
                revoke: RevokeMethod {
                    statement: "UPDATE @personal_access_tokens AS t SET revoked = TRUE",
                    times: vec![(", updated_at = ", form_on(dialect, TimeForm::Iso))],
                    condition: " WHERE ",
                    returning: "CASE WHEN revoked THEN id END",
                    renames: false,
                    deletes: false,
                    expires: false,
                    remaining: "SELECT t.id FROM @personal_access_tokens t WHERE NOT t.revoked AND ",
                    dependents: Vec::new(),
                    left_over: Vec::new(),
                },
            },
            user_id: Some(OwnerColumn::integer("t.user_id")),
            username: "u.username",
            // A server joins them at no cost to us.
            owners: is_sqlite.then_some(
                "SELECT u.id, u.username, u.user_type, u.state FROM @users u \
                 WHERE (SELECT max(id) FROM @users) <= (SELECT max(id) FROM @personal_access_tokens) \
                 ORDER BY u.id",
            ),
            service_ids: Vec::new(),
            optional: OptionalColumns {
                note_on_scopes: None,
                user_type: Some("u.user_type"),
                // A subquery, which keeps SQLite from using an index and sorting most rows.
                is_of_user_type: Some([
                    "(SELECT x.user_type FROM @users x WHERE x.id = t.user_id) = ",
                    "",
                ]),
                user_state: Some("coalesce(u.state, 'gone')"),
                is_in_user_state: Some([
                    "coalesce((SELECT x.state FROM @users x WHERE x.id = t.user_id), 'gone') = ",
                    "",
                ]),
                description: Some("t.description"),
                impersonation: Some("t.impersonation"),
            },
            last_used_at: Some(on(dialect, time!("personal_access_tokens", "last_used_at", Iso))),
        },
        deploy_tokens: Some(deploy_tokens(dialect)),
        audit_events: Some(audit_events(dialect)),
    }
}

fn deploy_tokens(dialect: Dialect) -> DeployTokens {
    let [projects, groups] = match dialect {
        Dialect::Sqlite => places!(Sqlite),
        Dialect::Postgres => places!(Postgres),
    };
    DeployTokens {
        token: Tokens {
            table: Table {
                from: "@deploy_tokens t LEFT JOIN @projects p ON p.id = t.project_id \
                   LEFT JOIN @groups g ON g.id = t.group_id",
                id: IdColumn::integer("t.id"),
                only: None,
            },
            name: Some("t.name"),
            scopes: Some(scopes(dialect)),
            revoked: Some("t.revoked"),
            created_at: Some(on(dialect, time!("deploy_tokens", "created_at", Iso))),
            expires_at: Some(on(dialect, time!("deploy_tokens", "expires_at", Iso))),
            revoke: RevokeMethod {
                statement: "UPDATE @deploy_tokens AS t SET revoked = TRUE",
                times: Vec::new(),
                condition: " WHERE ",
                returning: "CASE WHEN revoked THEN id END",
                renames: false,
                deletes: false,
                expires: false,
                remaining: "SELECT t.id FROM @deploy_tokens t WHERE NOT t.revoked AND ",
                dependents: Vec::new(),
                left_over: Vec::new(),
            },
        },
        username: "t.username",
        project_id: "t.project_id",
        group_id: "t.group_id",
        project_path: "p.full_path",
        group_path: "g.full_path",
        is_of_project: ["t.project_id = ", ""],
        is_of_group: ["t.group_id = ", ""],
        level: [
            level_head!(),
            level_tail!(
                "t.project_id",
                "coalesce(t.group_id, (SELECT x.group_id FROM @projects x WHERE x.id = t.project_id))"
            ),
        ],
        reached: REACHED,
        projects,
        groups,
    }
}

/// The table of audit events.
#[must_use]
pub fn audit_events(dialect: Dialect) -> AuditEvents {
    let by_name = ByName::of(dialect);
    AuditEvents {
        table: Table { from: "@audit_events t", id: IdColumn::integer("t.id"), only: None },
        created_at: on(dialect, time!("audit_events", "created_at", Iso)),
        run_id: "t.run_id",
        action: "t.action",
        actor: "t.actor",
        actor_id: IdColumn::integer("t.actor_id"),
        os_user: "t.os_user",
        target_type: "t.target_type",
        target_id: IdColumn::integer("t.target_id"),
        target_name: "t.target_name",
        target_user_id: IdColumn::integer("t.target_user_id"),
        target_username: "t.target_username",
        reason: "t.reason",
        // Events are written in the transaction of the revocation.
        outcome: "'revoked'",
        reuses_user_ids: false,
        owners: Lookup {
            by_id: [
                "SELECT target_user_id, '' FROM @audit_events WHERE target_user_id = ",
                " LIMIT 1",
            ],
            // Names change hands, so whoever is gone is found by id alone.
            by_name: by_name.user,
        },
        actors: Lookup {
            by_id: ["SELECT actor_id, actor FROM @audit_events WHERE actor_id = ", " LIMIT 1"],
            by_name: by_name.actor,
        },
        newest: "SELECT coalesce(max(t.id), 0) FROM @audit_events t",
        targets: "SELECT t.target_id FROM @audit_events t WHERE t.run_id = ",
        insert: "INSERT INTO @audit_events (created_at, run_id, action, actor, actor_id, os_user, \
             target_type, reason, target_id, target_name, target_user_id, target_username) SELECT ",
    }
}
