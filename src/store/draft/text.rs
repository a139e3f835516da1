//! The text of a draft: each line that names tell of, and a question where they do not. Never
//! reads a database.

use std::fmt::Write;

use super::names::{
    ACTIVE, ADMIN, CREATED, DESCRIPTION, ENABLED, EXPIRES, ID, LAST_USED, NAME, OWNER, REVOKED,
    REVOKED_AT, SCOPES, TOUCHED, USERNAME, USERS, find, find_flag, is_secret, named_after,
};
use crate::store::schema::described::looks_secret;
use crate::store::schema::{self, Catalog, Column, ColumnKind, Description};
use crate::store::sql::Dialect;

/// How many other tables are named.
const OTHERS: usize = 4;

/// The draft for a table, which names a few of the others that look like it.
pub fn written(
    catalog: &Catalog,
    dialect: Dialect,
    (table, columns): (&str, &[Column]),
    others: &[&str],
) -> String {
    let mut text = String::new();
    let mut line = |line: &str| {
        let _ = writeln!(text, "{line}");
    };
    line("# A draft, made of the names in the catalogue: read it, correct it, then");
    line("# hold it to the database with 'tokenctl schema check'. What stands behind");
    line("# a '#?' could not be told from names.");
    if !others.is_empty() {
        let shown = others.iter().copied().take(OTHERS).map(quoted);
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
    line(&format!("databases = [\"{}\"]", dialect.key()));
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
        if looks_secret(&name.name) {
            line(&format!("plain = [{}]   #? if it is no secret", quoted(&name.name)));
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
    match (column.kind, dialect.has_types_of_times()) {
        (ColumnKind::Integer, _) => {
            let form = if column.name.ends_with("_ms") { "milliseconds" } else { "seconds" };
            format!(
                "{{ column = {name}, as = \"{form}\", never = 0 }}   #? or seconds, milliseconds"
            )
        }
        (ColumnKind::Text | ColumnKind::Date | ColumnKind::Any, false) => {
            // Those who write names so write times as JavaScript does.
            if column.name.contains(char::is_uppercase) {
                format!("{{ column = {name}, as = \"iso\" }}")
            } else {
                name
            }
        }
        (ColumnKind::Text, true) => format!("{{ column = {name}, as = \"spaced\" }}"),
        _ => name,
    }
}

/// How a token is revoked, as far as names tell.
fn revoking(columns: &[Column]) -> Vec<String> {
    let set = find_flag(columns, REVOKED).map(|it| ("set", it));
    let stamp = || find(columns, REVOKED_AT).map(|it| ("stamp", it));
    let clear = || find_flag(columns, ENABLED).map(|it| ("clear", it));
    let Some((how, column)) = set.or_else(stamp).or_else(clear) else {
        return vec!["revoke = \"delete\"   #? if the application deletes the row too".into()];
    };
    let touch = find(columns, TOUCHED).map(|it| format!("touch = {}", quoted(&it.name)));
    let revoke = format!("revoke = {{ {how} = {} }}", quoted(&column.name));
    [revoke].into_iter().chain(touch).collect()
}

/// Whose a token is, as far as names tell.
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
    match find_flag(columns, ADMIN) {
        Some(admin) => line(&format!("admin = {}", quoted(&admin.name))),
        None => line("#? admin = \"…\"   # without it --as @operator reaches all"),
    }
    if let Some(active) = find_flag(columns, ACTIVE) {
        line(&format!("active = {{ {} = true }}", quoted(&active.name)));
    }
}

/// A text as TOML has it.
fn quoted(text: &str) -> String {
    // Its basic strings have the escapes of JSON.
    serde_json::Value::from(text).to_string()
}
