//! What columns and tables are called that hold these things, as a rule, the likeliest first.
//! Looks at names and types alone, at no row.

use crate::store::schema::described::looks_secret;
use crate::store::schema::{Column, ColumnKind};

pub const ID: &[&str] = &["id", "uuid", "tokenid", "token_id", "key_id"];
pub const NAME: &[&str] =
    &["name", "label", "note", "title", "description", "token_name", "comment"];
pub const DESCRIPTION: &[&str] = &["description", "comment", "notes"];
pub const SCOPES: &[&str] = &["scopes", "scope", "abilities", "permissions", "scope_list", "roles"];
pub const CREATED: &[&str] = &[
    "created_at",
    "created",
    "createdat",
    "creation_time",
    "date_added",
    "created_on",
    "created_unix",
    "inserted_at",
    "date_created",
    "creationdate",
];
pub const LAST_USED: &[&str] = &[
    "last_used_at",
    "last_used",
    "lastusedat",
    "lastrequest",
    "last_request",
    "last_activity",
    "last_seen",
    "last_seen_at",
    "last_access",
    "seen_at",
    "used_at",
    "date_last_used",
    "lastaccess",
    "last_active",
    "last_connection_date",
];
pub const EXPIRES: &[&str] = &[
    "expires_at",
    "expires",
    "expiresat",
    "expiry",
    "expiration",
    "expired_at",
    "valid_until",
    "expires_on",
    "expiration_date",
    "expire_at",
    "valid_until_ms",
];
pub const REVOKED: &[&str] =
    &["revoked", "is_revoked", "disabled", "is_disabled", "blocked", "deleted"];
pub const REVOKED_AT: &[&str] =
    &["revoked_at", "deactivated_at", "date_deactivated", "deleted_at", "revokedat", "disabled_at"];
pub const ENABLED: &[&str] = &["enabled", "is_enabled", "is_active", "isactive", "active"];
pub const TOUCHED: &[&str] = &["updated_at", "updated", "updatedat", "modified_at"];
pub const OWNER: &[&str] = &[
    "user_id",
    "owner_id",
    "userid",
    "uid",
    "user",
    "user_uuid",
    "owner",
    "resource_owner_id",
    "created_by_id",
    "account_id",
    "referenceid",
    "service_account_id",
];
pub const USERS: &[&str] =
    &["users", "user", "auth_user", "accounts", "account", "users_user", "app_user"];
pub const USERNAME: &[&str] = &["username", "login", "user_name", "email", "name", "nickname"];
pub const ADMIN: &[&str] = &["is_superuser", "is_admin", "admin", "isadmin", "superuser"];
pub const ACTIVE: &[&str] = &["is_active", "active", "isactive"];

/// Words of tables that hold tokens.
pub const WORDS: &[&str] =
    &["token", "tokens", "key", "keys", "apikey", "apikeys", "credential", "credentials", "api"];

/// Finds the first of these names that a column has, whatever the case.
pub fn find<'c>(columns: &'c [Column], names: &[&str]) -> Option<&'c Column> {
    names.iter().find_map(|name| columns.iter().find(|it| it.name.eq_ignore_ascii_case(name)))
}

/// The same of a column that is true or false.
pub fn find_flag<'c>(columns: &'c [Column], names: &[&str]) -> Option<&'c Column> {
    let is_flag = |it: &&Column| matches!(it.kind, ColumnKind::Boolean | ColumnKind::Integer);
    find(columns, names).filter(is_flag)
}

/// Finds the column that is called as the table, with `_id` behind it.
pub fn named_after<'c>(table: &str, columns: &'c [Column]) -> Option<&'c Column> {
    let table = table.to_lowercase();
    columns.iter().find(|it| {
        let name = it.name.to_lowercase();
        let of = name.strip_suffix("_id").unwrap_or_default();
        !of.is_empty() && (table == of || table.strip_suffix('s') == Some(of))
    })
}

/// Whether a column is called like a secret, and of a type that holds one.
pub fn is_secret(column: &Column) -> bool {
    let may_hold = matches!(
        column.kind,
        ColumnKind::Text | ColumnKind::Castable | ColumnKind::Any | ColumnKind::Other
    );
    may_hold
        && looks_secret(&column.name)
        && !column.name.to_lowercase().ends_with("_id")
        && find(std::slice::from_ref(column), &[NAME, SCOPES].concat()).is_none()
}
