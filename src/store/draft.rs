//! Drafts the description of a database that nobody described, from the names in its
//! catalogue: for a person to correct, and for `schema check` to hold to the database.

use std::fmt::Write;

use anyhow::Result;

use super::engine::{self, Location, Opening};
use super::schema::described::looks_secret;
use super::schema::{self, Catalog, Column, ColumnKind, Description};
use super::sql::Dialect;
use crate::failure::{Failure, Kind};

/// What a table may hold, by the names of its columns.
struct Candidate<'c> {
    table: &'c str,
    columns: &'c [Column],
    score: usize,
}

/// How many other tables are named.
const OTHERS: usize = 4;

const ID: &[&str] = &["id", "uuid", "tokenid", "token_id", "key_id"];
const NAME: &[&str] = &["name", "label", "note", "title", "description", "token_name", "comment"];
const DESCRIPTION: &[&str] = &["description", "comment", "notes"];
const SCOPES: &[&str] = &["scopes", "scope", "abilities", "permissions", "scope_list", "roles"];
const CREATED: &[&str] = &[
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
const LAST_USED: &[&str] = &[
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
const EXPIRES: &[&str] = &[
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
const REVOKED: &[&str] =
    &["revoked", "is_revoked", "disabled", "is_disabled", "blocked", "deleted"];
const REVOKED_AT: &[&str] =
    &["revoked_at", "deactivated_at", "date_deactivated", "deleted_at", "revokedat", "disabled_at"];
const ENABLED: &[&str] = &["enabled", "is_enabled", "is_active", "isactive", "active"];
const TOUCHED: &[&str] = &["updated_at", "updated", "updatedat", "modified_at"];
const OWNER: &[&str] = &[
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
const USERS: &[&str] =
    &["users", "user", "auth_user", "accounts", "account", "users_user", "app_user"];
const USERNAME: &[&str] = &["username", "login", "user_name", "email", "name", "nickname"];
const ADMIN: &[&str] = &["is_superuser", "is_admin", "admin", "isadmin", "superuser"];
const ACTIVE: &[&str] = &["is_active", "active", "isactive"];

/// Words of tables that hold tokens.
const WORDS: &[&str] =
    &["token", "tokens", "key", "keys", "apikey", "apikeys", "credential", "credentials", "api"];

/// Drafts a description of the database at a place: of a table, or of the most likely.
///
/// # Errors
///
/// Those of opening it; a failure where no table looks as if it held tokens.
pub fn draft(location: &Location, how: &Opening, table: Option<&str>) -> Result<String> {
    let (dialect, catalog) = engine::catalog(location, how)?;
    if let Some(wanted) = table {
        let Some(columns) = catalog.columns(wanted) else {
            return Err(Failure::new(Kind::Failed, format!("there is no table {wanted}")).into());
        };
        let best = Candidate { table: wanted, columns, score: LEAST };
        return Ok(written(&catalog, dialect, &best, &[]));
    }
    let mut candidates: Vec<_> = catalog
        .tables()
        .filter_map(|table| {
            let columns = catalog.columns(table)?;
            Some(Candidate { table, columns, score: score(table, columns) })
        })
        .filter(|it| it.score >= LEAST)
        .collect();
    // The most likely first, and by name where they are as likely.
    candidates.sort_by(|a, b| b.score.cmp(&a.score).then(a.table.cmp(b.table)));
    let Some(best) = candidates.first() else {
        let message = "no table looks as if it held tokens: none has a column called like a secret \
                       and one for times or an owner";
        return Err(Failure::new(Kind::Failed, message)
            .hint("write the description by hand: 'tokenctl schema show NAME' prints one to start from")
            .into());
    };
    Ok(written(&catalog, dialect, best, &candidates[1..]))
}

/// What a table of tokens has at least.
const LEAST: usize = 6;

/// How much a table looks like one of tokens.
fn score(table: &str, columns: &[Column]) -> usize {
    let secrets = columns.iter().filter(|it| is_secret(it)).count();
    if secrets == 0 {
        return 0;
    }
    let table = table.to_lowercase();
    let is_named = table.split(|it: char| !it.is_alphanumeric()).any(|it| WORDS.contains(&it))
        || WORDS[..2].iter().any(|it| table.contains(it));
    let has = |names: &[&str]| usize::from(find(columns, names).is_some());
    // Of sessions and passwords there are secrets too, but no name and no last use.
    3 + 4 * usize::from(is_named)
        + 2 * (has(LAST_USED) + has(EXPIRES) + has(OWNER))
        + has(CREATED)
        + has(NAME)
        + has(SCOPES)
        + 2 * (has(REVOKED) + has(REVOKED_AT)).min(1)
}

/// Finds the first of these names that a column has, whatever the case.
fn find<'c>(columns: &'c [Column], names: &[&str]) -> Option<&'c Column> {
    names.iter().find_map(|name| columns.iter().find(|it| it.name.eq_ignore_ascii_case(name)))
}

/// Finds the column that is called as the table, with `_id` behind it.
fn named_after<'c>(table: &str, columns: &'c [Column]) -> Option<&'c Column> {
    let table = table.to_lowercase();
    columns.iter().find(|it| {
        let name = it.name.to_lowercase();
        let of = name.strip_suffix("_id").unwrap_or_default();
        !of.is_empty() && (table == of || table.strip_suffix('s') == Some(of))
    })
}

/// Whether a column is called like a secret, and of a type that holds one.
fn is_secret(column: &Column) -> bool {
    let may_hold = matches!(
        column.kind,
        ColumnKind::Text | ColumnKind::Castable | ColumnKind::Any | ColumnKind::Other
    );
    may_hold
        && looks_secret(&column.name)
        && !column.name.to_lowercase().ends_with("_id")
        && find(std::slice::from_ref(column), &[NAME, SCOPES].concat()).is_none()
}

fn written(
    catalog: &Catalog,
    dialect: Dialect,
    best: &Candidate<'_>,
    others: &[Candidate<'_>],
) -> String {
    let Candidate { table, columns, .. } = best;
    let mut text = String::new();
    let mut line = |line: &str| {
        let _ = writeln!(text, "{line}");
    };
    let database = match dialect {
        Dialect::Sqlite => "sqlite",
        Dialect::Postgres => "postgres",
    };
    line("# A draft, made of the names in the catalogue: read it, correct it, then");
    line("# hold it to the database with 'tokenctl schema check'. What stands behind");
    line("# a '#?' could not be told from names.");
    if !others.is_empty() {
        let shown = others.iter().take(OTHERS).map(|it| quoted(it.table));
        line(&format!(
            "# Other tables that look like it: {}.",
            shown.collect::<Vec<_>>().join(", ")
        ));
    }
    let fitting = fitting(catalog, dialect, table);
    if !fitting.is_empty() {
        line(&format!(
            "# The program brings what fits these tables already: {}.",
            fitting.join(", ")
        ));
    }
    line("format = 1");
    line("application = \"Our application\"   # for messages");
    line(&format!("databases = [\"{database}\"]"));
    line(
        "#? takes_effect = \"at once\"       # or \"within 60s\", \"on restart\": as its caches are",
    );
    line("");
    line("[tokens]");
    line(&format!("table = {}", quoted(table)));
    let secrets: Vec<_> = columns.iter().filter(|it| is_secret(it)).collect();
    let names: Vec<_> = secrets.iter().map(|it| quoted(&it.name)).collect();
    line(&format!("secret = [{}]   # never read", names.join(", ")));
    let is_readable = |it: &&Column| !is_secret(it);
    let readable = |names| find(columns, names).filter(is_readable);
    if let Some(id) = readable(ID).or_else(|| named_after(table, columns)) {
        line(&format!("id = {}", quoted(&id.name)));
    } else {
        let owner = readable(OWNER).map(|it| it.name.as_str());
        let created = readable(CREATED).map(|it| it.name.as_str());
        let parts: Vec<_> = owner.into_iter().chain(created).map(quoted).collect();
        line(&format!(
            "id = [{}]   #? one column, or several that tell tokens apart",
            parts.join(", ")
        ));
    }
    let name = readable(NAME);
    if let Some(name) = name {
        let plain = if looks_secret(&name.name) { Some(&name.name) } else { None };
        if let Some(plain) = plain {
            line(&format!("plain = [{}]   #? if it is no secret", quoted(plain)));
        }
        line(&format!("name = {}", quoted(&name.name)));
    }
    if let Some(description) = readable(DESCRIPTION).filter(|it| Some(*it) != name) {
        line(&format!("description = {}", quoted(&description.name)));
    }
    if let Some(scopes) = readable(SCOPES) {
        let (form, is_sure) = match scopes.kind {
            ColumnKind::Array => ("array", true),
            ColumnKind::Json => ("json", true),
            _ => ("words", false),
        };
        let hint = if is_sure { "" } else { "   #? or commas, json, yaml, one" };
        line(&format!("scopes = {{ column = {}, as = \"{form}\" }}{hint}", quoted(&scopes.name)));
    }
    for (key, names) in [("created", CREATED), ("last_used", LAST_USED), ("expires", EXPIRES)] {
        if let Some(time) = readable(names) {
            line(&format!("{key} = {}", time_of(time, dialect)));
        }
    }
    for revoke in revoking(columns) {
        line(&revoke);
    }
    owner_of(catalog, readable(OWNER), &mut line);
    text
}

/// The descriptions that the program brings which fit a table.
fn fitting(catalog: &Catalog, dialect: Dialect, table: &str) -> Vec<&'static str> {
    let all = schema::all().unwrap_or_default();
    let fits = |it: &&Description| {
        let described = it.described().filter(|_| it.dialects.contains(&dialect));
        described
            .is_some_and(|it| it.file.tokens.table.get_ref() == table && it.fits(catalog, dialect))
    };
    all.iter().filter(fits).map(|it| it.name).collect()
}

/// A column of a time, as it is written.
fn time_of(column: &Column, dialect: Dialect) -> String {
    let name = quoted(&column.name);
    match (column.kind, dialect) {
        (ColumnKind::Integer, _) => {
            let form = if column.name.ends_with("_ms") { "milliseconds" } else { "seconds" };
            format!(
                "{{ column = {name}, as = \"{form}\", never = 0 }}   #? or seconds, milliseconds"
            )
        }
        (ColumnKind::Text | ColumnKind::Date | ColumnKind::Any, Dialect::Sqlite) => {
            // Those who write names so write times as JavaScript does.
            if column.name.contains(char::is_uppercase) {
                format!("{{ column = {name}, as = \"iso\" }}")
            } else {
                name
            }
        }
        (ColumnKind::Text, Dialect::Postgres) => format!("{{ column = {name}, as = \"spaced\" }}"),
        _ => name,
    }
}

/// How a token is revoked, as far as names tell.
fn revoking(columns: &[Column]) -> Vec<String> {
    let is_flag = |it: &&Column| matches!(it.kind, ColumnKind::Boolean | ColumnKind::Integer);
    let flag = find(columns, REVOKED).filter(is_flag);
    let stamp = find(columns, REVOKED_AT);
    let enabled = find(columns, ENABLED).filter(is_flag);
    let mut lines = Vec::new();
    let is_update = flag.is_some() || stamp.is_some() || enabled.is_some();
    lines.push(if let Some(flag) = flag {
        format!("revoke = {{ set = {} }}", quoted(&flag.name))
    } else if let Some(stamp) = stamp {
        format!("revoke = {{ stamp = {} }}", quoted(&stamp.name))
    } else if let Some(enabled) = enabled {
        format!("revoke = {{ clear = {} }}", quoted(&enabled.name))
    } else {
        "revoke = \"delete\"   #? if the application deletes the row too".into()
    });
    if let Some(touched) = find(columns, TOUCHED).filter(|_| is_update) {
        lines.push(format!("touch = {}", quoted(&touched.name)));
    }
    lines
}

fn owner_of(catalog: &Catalog, owner: Option<&Column>, line: &mut impl FnMut(&str)) {
    let users = USERS.iter().find_map(|name| {
        let table = catalog.tables().find(|table| table.eq_ignore_ascii_case(name))?;
        Some((table, catalog.columns(table)?))
    });
    let (Some(owner), Some((table, columns))) = (owner, users) else {
        line("");
        line("#? [owner]: without it tokens have no owners, and --as @operator reaches all");
        return;
    };
    line("");
    line("[owner]");
    line(&format!("column = {}", quoted(&owner.name)));
    line(&format!("table = {}", quoted(table)));
    if find(columns, &["id"]).is_none() {
        line("#? key = \"…\"   # what the token's column names");
    }
    match find(columns, USERNAME) {
        Some(name) => line(&format!("username = {}", quoted(&name.name))),
        None => line("#? username = \"…\""),
    }
    let is_flag = |it: &&Column| matches!(it.kind, ColumnKind::Boolean | ColumnKind::Integer);
    match find(columns, ADMIN).filter(is_flag) {
        Some(admin) => line(&format!("admin = {}", quoted(&admin.name))),
        None => line("#? admin = \"…\"   # without it --as @operator reaches all"),
    }
    if let Some(active) = find(columns, ACTIVE).filter(is_flag) {
        line(&format!("active = {{ {} = true }}", quoted(&active.name)));
    }
}

/// A text as TOML has it.
fn quoted(text: &str) -> String {
    // Its basic strings have the escapes of JSON.
    serde_json::Value::from(text).to_string()
}
