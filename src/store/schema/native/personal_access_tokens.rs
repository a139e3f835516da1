//! The personal access tokens of a native store.

use super::forms::{form_on, name, revoke, scopes, time};
use crate::store::schema::{
    OptionalColumns, OwnerColumn, PersonalAccessTokens, Table, TimeForm, Tokens,
};
use crate::store::sql::{Dialect, IdColumn};

/// The table of personal access tokens.
pub fn personal_access_tokens(dialect: Dialect) -> PersonalAccessTokens {
    let updated = vec![(", updated_at = ", form_on(dialect, TimeForm::Iso))];
    PersonalAccessTokens {
        token: Tokens {
            table: Table {
                from: "@personal_access_tokens t LEFT JOIN @users u ON u.id = t.user_id",
                id: IdColumn::integer("t.id"),
                only: None,
            },
            name: Some(name!(dialect, "personal_access_tokens")),
            scopes: Some(scopes(dialect)),
            revoked: Some("t.revoked"),
            created_at: Some(time!(dialect, "personal_access_tokens", "created_at", Iso)),
            expires_at: Some(time!(dialect, "personal_access_tokens", "expires_at", IsoDate)),
            revoke: revoke!("personal_access_tokens", updated),
        },
        user_id: Some(OwnerColumn::integer("t.user_id")),
        username: "u.username",
        owners: Some(
            "SELECT u.id, u.username, u.user_type, u.state FROM @users u \
                 WHERE (SELECT max(id) FROM @users) \
                 <= (SELECT max(id) FROM @personal_access_tokens) \
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
        last_used_at: Some(time!(dialect, "personal_access_tokens", "last_used_at", Iso)),
    }
}
