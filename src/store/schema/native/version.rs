//! The version of a native store, and the migrations that make it. Only the newest is worked
//! with; an older store is never changed.

use std::sync::LazyLock;

use super::REQUIRED;
use crate::failure::{Failure, Kind};

/// Marks the file as a tokenctl store: "tokn" in ASCII.
pub const APPLICATION_ID: i32 = 0x746F_6B6E;

/// The migrations from an empty file to the newest version. `user_version` is the number
/// of applied migrations, so none is ever changed or removed.
pub const MIGRATIONS: &[&str] = &[include_str!("../../native.sql")];

/// The same for an empty schema of a server, whose table [`VERSION`] has that number.
pub const SERVER_MIGRATIONS: &[&str] = &[include_str!("../../native_postgres.sql")];

/// Selects the version of a store on a server.
pub const VERSION: &str = "SELECT max(version)::bigint FROM @tokenctl_schema";

/// The migrations of a file, from each statement on that makes a table.
static MADE: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let from_each_line = |migration: &'static str| {
        let lines = migration.split_inclusive('\n').scan(0, |at, line| {
            let begin = *at;
            *at += line.len();
            Some(&migration[begin..])
        });
        lines.filter(|it| it.starts_with("CREATE TABLE "))
    };
    MIGRATIONS.iter().copied().flat_map(from_each_line).collect()
});

/// The columns that are needed of a table of a file, where the statement that made it says that
/// it is as a migration makes it: to ask SQLite takes longer.
#[must_use]
pub fn columns_as_made(table: &str, made_by: &str) -> Option<&'static str> {
    let (_, columns) = REQUIRED.iter().find(|(name, _)| *name == table)?;
    let is_as_made = made_by.ends_with("STRICT") && MADE.iter().any(|it| it.starts_with(made_by));
    is_as_made.then_some(columns)
}

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

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn a_table_that_was_made_otherwise_is_looked_at() -> anyhow::Result<()> {
        let store = Connection::open_in_memory()?;
        store.execute_batch(&MIGRATIONS.concat())?;
        let columns = |table: &str| -> anyhow::Result<_> {
            let sql = "SELECT sql FROM sqlite_schema WHERE name = ?1";
            let made_by: String = store.query_row(sql, [table], |row| row.get(0))?;
            Ok(columns_as_made(table, &made_by))
        };
        for (table, needed) in REQUIRED {
            assert_eq!(columns(table)?, Some(*needed), "{table}");
        }
        store.execute_batch("ALTER TABLE users DROP COLUMN name")?;
        assert_eq!(columns("users")?, None);
        for (table, made_by) in [("users", ""), ("users", "CREATE TABLE users (id)"), ("other", "")]
        {
            assert_eq!(columns_as_made(table, made_by), None, "{table}: {made_by}");
        }
        Ok(())
    }
}
