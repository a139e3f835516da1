//! What a member of projects and groups reaches in GitLab's database. Nothing here looks at
//! a project, group or token of anybody else.

/// The namespaces of a user's memberships and all below them: the text before the user's id.
macro_rules! below {
    () => {
        concat!(
            "SELECT n.id FROM @namespaces n WHERE n.traversal_ids::bigint[] && ARRAY(\
             SELECT m.source_id::bigint FROM @members m WHERE m.source_type = 'Namespace' AND ",
            member!()
        )
    };
}

/// A user's places with their levels and paths, and the end of the statement that finds one
/// of them.
macro_rules! place_of_member {
    ($type:literal, $condition:literal) => {
        concat!(
            "), o (id, level, path) AS MATERIALIZED (SELECT r.id, r.level, p.path FROM r \
             JOIN @routes p ON p.source_type = '",
            $type,
            "' AND p.source_id = r.id) SELECT o.id, max(o.level) FROM o WHERE ",
            $condition
        )
    };
}

macro_rules! project_of_member {
    ($condition:literal, $end:literal) => {
        &[
            concat!(
                "WITH r (id, level) AS MATERIALIZED (\
                 SELECT p.id, m.access_level FROM @members m \
                 JOIN @namespaces n ON n.traversal_ids::bigint[] && ARRAY[m.source_id::bigint] \
                 JOIN @projects p ON p.namespace_id = n.id \
                 WHERE m.source_type = 'Namespace' AND ",
                member!()
            ),
            concat!(
                " UNION ALL SELECT p.id, m.access_level FROM @members m \
                 JOIN @projects p ON p.id = m.source_id \
         WHERE m.source_type = 'Project' AND ",
                member!()
            ),
            place_of_member!("Project", $condition),
            concat!($end, " GROUP BY o.id"),
        ]
    };
}

macro_rules! group_of_member {
    ($condition:literal, $end:literal) => {
        &[
            concat!(
                "WITH r (id, level) AS MATERIALIZED (\
                 SELECT n.id, m.access_level FROM @members m \
                 JOIN @namespaces n ON n.traversal_ids::bigint[] && ARRAY[m.source_id::bigint] \
                 WHERE n.type = 'Group' AND m.source_type = 'Namespace' AND ",
                member!()
            ),
            place_of_member!("Namespace", $condition),
            concat!($end, " GROUP BY o.id"),
        ]
    };
}

/// Of several links of a token the lowest counts, a project's before a group's, as where the
/// token's own place is asked for.
pub const REACHED: [&str; 7] = [
    concat!(
        "WITH r (id) AS MATERIALIZED (\
         SELECT l.deploy_token_id FROM @project_deploy_tokens l WHERE NOT EXISTS (\
         SELECT 1 FROM @project_deploy_tokens o \
         WHERE o.deploy_token_id = l.deploy_token_id AND o.project_id < l.project_id) \
         AND l.project_id IN (SELECT m.source_id FROM @members m \
         WHERE m.source_type = 'Project' AND ",
        member!()
    ),
    " AND m.access_level >= ",
    concat!(" UNION SELECT p.id FROM @projects p WHERE p.namespace_id IN (", below!()),
    " AND m.access_level >= ",
    concat!(
        "))) UNION ALL \
         SELECT l.deploy_token_id FROM @group_deploy_tokens l WHERE NOT EXISTS (\
         SELECT 1 FROM @project_deploy_tokens o \
         WHERE o.deploy_token_id = l.deploy_token_id) AND NOT EXISTS (\
         SELECT 1 FROM @group_deploy_tokens o \
         WHERE o.deploy_token_id = l.deploy_token_id AND o.group_id < l.group_id) \
         AND l.group_id IN (",
        below!()
    ),
    " AND m.access_level >= ",
    "))) SELECT r.id FROM r",
];

pub const PROJECTS: [&[&str]; 2] =
    [project_of_member!("o.id = ", ""), project_of_member!("lower(o.path::text#) = lower(", "#)")];

pub const GROUPS: [&[&str]; 2] =
    [group_of_member!("o.id = ", ""), group_of_member!("lower(o.path::text#) = lower(", "#)")];
