//! The deploy tokens of a native store. Who reaches them is in `members`.

use super::forms::{name, revoke, scopes, time};
use super::members::{LEVEL, REACHED, places};
use crate::store::schema::{DeployTokens, Table, Tokens};
use crate::store::sql::{Dialect, IdColumn};

/// The table of deploy tokens.
pub fn deploy_tokens(dialect: Dialect) -> DeployTokens {
    let [projects, groups] = places(dialect);
    DeployTokens {
        token: Tokens {
            table: Table {
                from: "@deploy_tokens t LEFT JOIN @projects p ON p.id = t.project_id \
                   LEFT JOIN @groups g ON g.id = t.group_id",
                id: IdColumn::integer("t.id"),
                only: None,
            },
            name: Some(name!(dialect, "deploy_tokens")),
            scopes: Some(scopes(dialect)),
            revoked: Some("t.revoked"),
            created_at: Some(time!(dialect, "deploy_tokens", "created_at", Iso)),
            expires_at: Some(time!(dialect, "deploy_tokens", "expires_at", Iso)),
            revoke: revoke!("deploy_tokens", Vec::new()),
        },
        username: "t.username",
        project_id: "t.project_id",
        group_id: "t.group_id",
        project_path: "p.full_path",
        group_path: "g.full_path",
        is_of_project: ["t.project_id = ", ""],
        is_of_group: ["t.group_id = ", ""],
        level: LEVEL,
        reached: REACHED,
        projects,
        groups,
    }
}
