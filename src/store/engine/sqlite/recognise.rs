//! Which schema a file has, by its tables.

use std::collections::BTreeSet;

use anyhow::Result;
use rusqlite::{Connection, Row};

use super::error::failed;
use crate::store::schema::native::{self, APPLICATION_ID};
use crate::store::schema::{Catalog, Column, ColumnKind, Description, Schema, wanted};
use crate::store::sql::Dialect;

/// Which schema the database has.
pub fn recognise(connection: &Connection, named: Option<&'static Description>) -> Result<Schema> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let is_ours = pragma("application_id")? == APPLICATION_ID;
    if is_ours {
        native::check_version(pragma("user_version")?.into())?;
    } else if named.is_some_and(|it| it.name == native::NAME) {
        return Err(failed("it is another program's database, not a tokenctl store").into());
    }

    let named = named.or_else(|| is_ours.then(native::description));
    let wanted = wanted(named);
    let is_wanted = |name: &str| wanted.iter().any(|it| it.eq_ignore_ascii_case(name));
    let as_made =
        |table: &str, made_by: &str| native::columns_as_made(table, made_by).filter(|_| is_ours);
    let (catalog, stand_ins) = catalog(connection, &is_wanted, &as_made)?;
    catalog.recognise(named, Dialect::Sqlite).map_err(|failure| {
        let hint = |name| format!("{name} is a view or a virtual table; only a table will do");
        stand_ins.iter().fold(failure, |failure, name| failure.hint(hint(name))).into()
    })
}

/// The functions that our statements use as tables. What a file calls so comes before them.
const TABLE_VALUED: [&str; 1] = ["json_each"];

/// The tables, with the columns of those that are asked for, and the names of what stands
/// in the place of one. The application keeps its own in tables; a view or a virtual table
/// may be made of anything, and is written to as whoever made it likes. `as_made` tells the
/// columns of a table by the statement that made it, where they are known.
pub(super) fn catalog(
    connection: &Connection,
    is_wanted: &dyn Fn(&str) -> bool,
    as_made: &dyn Fn(&str, &str) -> Option<&'static str>,
) -> Result<(Catalog, BTreeSet<String>)> {
    let (mut catalog, mut stand_ins) = (Catalog::default(), BTreeSet::new());
    let mut objects = connection.prepare(
        "SELECT name, type = 'table' AND rootpage > 0, sql FROM sqlite_schema \
         WHERE type IN ('table', 'view')",
    )?;
    let object = |row: &Row<'_>| {
        // Of a table that nobody asks for it may be in any encoding.
        let made_by = row.get_ref(2)?.as_bytes().map(String::from_utf8_lossy).unwrap_or_default();
        Ok((row.get(0)?, row.get(1)?, made_by.into_owned()))
    };
    for object in objects.query_map([], object)? {
        let (name, is_table, made_by): (String, bool, String) = object?;
        if TABLE_VALUED.iter().any(|it| it.eq_ignore_ascii_case(&name)) {
            return Err(failed(format!(
                "the file has a table or a view {name}, which would take the place of SQLite's own"
            ))
            .hint("no application has one: find out who made it, and drop it")
            .into());
        }
        if !is_wanted(&name) {
            catalog.add(name, None);
        } else if let Some(columns) = as_made(&name, &made_by).filter(|_| is_table) {
            for column in columns.split_whitespace() {
                let column = Column { name: column.into(), kind: ColumnKind::Any };
                catalog.add(name.clone(), Some(column));
            }
        } else if is_table {
            // As a statement of its own: as a table, its name could be taken too.
            connection.pragma(Some("main"), "table_xinfo", &name, |row| {
                let declared: Option<String> = row.get("type")?;
                let kind = ColumnKind::declared(&declared.unwrap_or_default());
                catalog.add(name.clone(), Some(Column { name: row.get("name")?, kind }));
                Ok(())
            })?;
        } else {
            stand_ins.insert(name);
        }
    }
    Ok((catalog, stand_ins))
}
