//! Makes a new native store in a file, and never over what exists.

use std::fs::Permissions;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, Result};
use rusqlite::{Connection, OpenFlags};
use tempfile::NamedTempFile;

use super::Sqlite;
use crate::failure::{Failure, Kind};
use crate::store::file_owner;
use crate::store::links::Destination;
use crate::store::schema::native::{APPLICATION_ID, MIGRATIONS};

/// Makes a file at `path`, which `fill` fills and [publishes](Sqlite::publish).
///
/// The store is built in a temporary file beside `path` and renamed when it is complete
/// and on disk, so a run that fails or is killed leaves nothing at `path`. Only the owner
/// may read it.
pub fn new_file(path: &Path, fill: impl FnOnce(Sqlite) -> Result<()>) -> Result<()> {
    let cannot = || format!("cannot create store {}", path.display());
    // Fails early; `persist_noclobber` makes sure of it at the end.
    if path.symlink_metadata().is_ok() {
        return Err(anyhow::Error::new(exists()).context(cannot()));
    }
    if let Some((left, _)) = file_owner::sidecar_files(path).next() {
        // SQLite would replay it into the new store.
        let message = format!("{} is left over from another store", left.display());
        let failure = Failure::new(Kind::Failed, message)
            .hint("move it to where its store is now, or choose another path");
        return Err(anyhow::Error::new(failure).context(cannot()));
    }
    let follow = || {
        let new = Destination::of(path)?;
        let folder = new.path.parent().unwrap_or(Path::new("/")).to_owned();
        new.check_links(folder.metadata()?.uid().into())?;
        anyhow::Ok((folder, new.path))
    };
    let (folder, new) = follow().with_context(cannot)?;
    // Without the name of the temporary file, which says nothing to anybody.
    let made = NamedTempFile::new_in(&folder);
    let made = made.map_err(|error| io::Error::from(error.kind())).with_context(cannot)?;
    // Explicit, because an unusual umask could lock the owner out.
    let owner_only = Permissions::from_mode(0o600);
    made.as_file().set_permissions(owner_only).with_context(cannot)?;
    begin(made.path()).and_then(fill).with_context(cannot)?;
    let sync = || made.as_file().sync_all();
    sync().with_context(cannot)?;
    match made.persist_noclobber(new) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
            Err(anyhow::Error::new(exists()).context(cannot()))
        }
        Err(error) => Err(anyhow::Error::new(error.error).context(cannot())),
    }
}

fn exists() -> Failure {
    Failure::new(Kind::Failed, "a file of that name exists")
        .hint("choose another path, or move the file away")
}

/// Begins the transaction that makes the tables.
fn begin(path: &Path) -> Result<Sqlite> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // Nobody uses the file yet, so it need not survive a crash.
    connection.pragma_update(None, "journal_mode", "OFF")?;
    connection.pragma_update(None, "synchronous", "OFF")?;

    connection.execute_batch("BEGIN")?;
    for step in MIGRATIONS {
        connection.execute_batch(step)?;
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", i32::try_from(MIGRATIONS.len())?)?;
    Sqlite::unnamed(connection)
}

impl Sqlite {
    /// Ends the transaction that made a file.
    pub fn publish(self) -> Result<()> {
        self.connection.execute_batch("COMMIT")?;
        // The file records the mode; closing it removes the -wal file.
        self.connection.pragma_update(None, "journal_mode", "WAL")?;
        self.connection.close().map_err(|(_, error)| error.into())
    }
}

/// The line for a shell that adds the first administrator.
pub fn adding_root(path: &Path) -> String {
    let path = path.display().to_string();
    let insert = "INSERT INTO users (username, admin) VALUES ('root', 1)";
    format!("sqlite3 {} \"{insert}\"", shell_words::quote(&path))
}
