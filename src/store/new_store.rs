//! Makes a new native store where there is none, and never over what exists.

use std::fs::Permissions;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, OpenFlags};
use tempfile::NamedTempFile;

use super::engine::postgres::Postgres;
use super::engine::sqlite::Sqlite;
use super::engine::{Engine, Mode, Opening};
use super::links::Destination;
use super::schema::native::{APPLICATION_ID, MIGRATIONS};
use super::{Location, file_owner};
use crate::failure::{Failure, Kind};
use crate::stop_flag::StopFlag;

/// Creates a store, whose tables `fill` fills.
///
/// # Errors
///
/// When there is something in its place, it cannot be written, and those of `fill`.
pub fn new_store(
    location: &Location,
    wait: Duration,
    stop: &StopFlag,
    fill: impl FnOnce(&mut Engine) -> Result<()>,
) -> Result<()> {
    let settings = match location {
        Location::Server(settings) => settings,
        Location::File(path) => {
            return new_file(path, |connection| {
                let mut engine = Engine::Sqlite(Sqlite::unnamed(connection)?);
                fill(&mut engine)?;
                match engine {
                    Engine::Sqlite(it) => Ok(it.connection),
                    Engine::Postgres(_) => bail!("a file became a server"),
                }
            });
        }
    };
    let create = || {
        let how =
            Opening { mode: Mode::Write, busy_timeout: wait, foreign_owner: false, schema: None };
        let mut engine = Engine::Postgres(Postgres::new_store(settings, &how, stop)?);
        // What is not published goes with the connection.
        fill(&mut engine)?;
        match engine {
            Engine::Postgres(it) => it.publish(),
            Engine::Sqlite(_) => bail!("a server became a file"),
        }
    };
    create().with_context(|| format!("cannot create store {settings}"))
}

/// Creates a store at `path`.
///
/// The store is built in a temporary file beside `path` and renamed when it is complete
/// and on disk, so a run that fails or is killed leaves nothing at `path`. Only the owner
/// may read it.
pub fn new_file(
    path: &Path,
    fill_tables: impl FnOnce(Connection) -> Result<Connection>,
) -> Result<()> {
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
    let file = NamedTempFile::new_in(&folder);
    let file = file.map_err(|error| io::Error::from(error.kind())).with_context(cannot)?;
    // Explicit, because an unusual umask could lock the owner out.
    let owner_only = Permissions::from_mode(0o600);
    file.as_file().set_permissions(owner_only).with_context(cannot)?;
    fill(file.path(), fill_tables).with_context(cannot)?;
    let sync = || file.as_file().sync_all();
    sync().with_context(cannot)?;
    match file.persist_noclobber(new) {
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

fn fill(path: &Path, fill_tables: impl FnOnce(Connection) -> Result<Connection>) -> Result<()> {
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
    let connection = fill_tables(connection)?;
    connection.execute_batch("COMMIT")?;

    // The file records the mode; closing it removes the -wal file.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(())
}
