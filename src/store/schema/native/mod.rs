//! The native store, whose tables `native.sql` and `native_postgres.sql` document: its
//! description, and its schema in either dialect, which depends on nothing that is found.

mod audit_events;
mod by_name;
mod deploy_tokens;
mod forms;
mod members;
mod personal_access_tokens;
mod version;

use std::collections::BTreeSet;
use std::sync::LazyLock;

pub use self::audit_events::audit_events;
use self::by_name::ByName;
use self::deploy_tokens::deploy_tokens;
pub use self::forms::{form_on, scopes_form};
use self::personal_access_tokens::personal_access_tokens;
pub use self::version::{
    APPLICATION_ID, MIGRATIONS, SERVER_MIGRATIONS, VERSION, check_version, columns_as_made,
};
use super::{Description, Lookup, NO_NAME, Needs, Schema, Source, Tables, Users};
use crate::store::sql::{Dialect, IdForm};

/// The name for `--schema`.
pub const NAME: &str = "native";

/// The schema of a server in which a store is made unless another is named.
pub const NAMESPACE: &str = "tokenctl";

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

/// Tells a store on a server from other tables, and has its version.
const SIGNATURE: Tables = &[("tokenctl_schema", "version")];

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
        named: Lookup {
            by_id: ["SELECT id, username FROM @users WHERE id = ", ""],
            by_name: by_name.user,
        },
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
    Schema {
        description: description(),
        dialect,
        literals: Vec::new(),
        columns: BTreeSet::new(),
        is_checked: true,
        users: users(&ByName::of(dialect)),
        personal_access_tokens: personal_access_tokens(dialect),
        deploy_tokens: Some(deploy_tokens(dialect)),
        audit_events: Some(audit_events(dialect)),
    }
}
