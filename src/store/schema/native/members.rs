//! What a member of projects and groups reaches in a native store, and at which level. What is
//! of a member looks at no project, group or token of anybody else.

use super::by_name::{name_end, name_is};
use crate::store::schema::Places;
use crate::store::sql::Dialect;

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

macro_rules! places_of {
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

/// What finds projects and groups in a dialect.
pub fn places(dialect: Dialect) -> [Places; 2] {
    if dialect == Dialect::Sqlite { places_of!(Sqlite) } else { places_of!(Postgres) }
}

/// A user's highest level in the place of a deploy token.
pub const LEVEL: [&str; 2] = [
    level_head!(),
    level_tail!(
        "t.project_id",
        "coalesce(t.group_id, (SELECT x.group_id FROM @projects x WHERE x.id = t.project_id))"
    ),
];

/// The deploy tokens that a member reaches.
pub const REACHED: [&str; 7] = [
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
