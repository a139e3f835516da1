//! Creates a native store. Never overwrites an existing file.

use std::fs::Permissions;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, Result};
use rusqlite::{Connection, OpenFlags};
use tempfile::NamedTempFile;

use super::links::Destination;
use super::schema::native::{APPLICATION_ID, MIGRATIONS};
use super::{file_owner, sample};
use crate::failure::{Failure, Kind};
use crate::model::time::Timestamp;
use crate::stop_flag::StopFlag;

/// Creates a store at `path`, with a made-up organisation of `sample` personal
/// access tokens where a number is given.
///
/// The store is built in a temporary file beside `path` and renamed when it is complete
/// and on disk, so a run that fails or is killed leaves nothing at `path`. Only the owner
/// may read it.
///
/// Returns false if `stop` ended it, which leaves no file.
///
/// # Errors
///
/// When a file of that name exists, or it cannot be written.
pub fn create(
    path: &Path,
    sample: Option<u64>,
    now: Timestamp,
    stop: &StopFlag,
    progress: &dyn Fn(usize),
) -> Result<bool> {
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
    if !fill(file.path(), sample, now, stop, progress).with_context(cannot)? {
        return Ok(false);
    }
    let sync = || file.as_file().sync_all();
    sync().with_context(cannot)?;
    match file.persist_noclobber(new) {
        Ok(_) => Ok(true),
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

fn fill(
    path: &Path,
    sample: Option<u64>,
    now: Timestamp,
    stop: &StopFlag,
    progress: &dyn Fn(usize),
) -> Result<bool> {
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
    if let Some(tokens) = sample
        && !sample::fill(&connection, tokens, now, stop, progress)?
    {
        return Ok(false);
    }
    connection.execute_batch("COMMIT")?;

    // The file records the mode; closing it removes the -wal file.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(true)
}
