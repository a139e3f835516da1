//! The version of a native store, and the migrations that make it. Only the newest is worked
//! with; an older store is never changed.

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
