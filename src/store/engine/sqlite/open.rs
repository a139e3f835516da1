//! Opening a SQLite file with care: as whom, that it is a database, and whose.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::{AccessFlags, Uid, access};
use rusqlite::config::DbConfig;
use rusqlite::ffi::{
    SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY, SQLITE_READONLY_CANTINIT,
    SQLITE_READONLY_DIRECTORY, SQLITE_READONLY_ROLLBACK,
};
use rusqlite::{Connection, OpenFlags};

use super::Sqlite;
use super::error::failed;
use super::recognise::{catalog, recognise};
use crate::failure::Failure;
use crate::store::engine::{Mode, Opening};
use crate::store::file_owner::{self, OsUser};
use crate::store::identity::{Identity, is_same_file};
use crate::store::links::{Destination, check_folders, is_sheltered};
use crate::store::open_files::OpenFiles;
use crate::store::schema::{Catalog, Schema};

/// How much of the file is kept in memory, in the negative KiB of SQLite. The owner of each
/// token may be looked up among all users, of whom the usual 2 MiB hold few, and a batch that
/// outgrows it is written twice.
pub const CACHE: i32 = -12 << 10;
/// The same for what reads each page once. As much is sorted at a time, which is faster where it
/// fits in the processor's cache.
pub const LITTLE_CACHE: i32 = -2 << 10;

/// Opens a store that exists, and checks that it is one before the first
/// statement reads it.
///
/// The journal mode, the synchronous setting and the schema are left alone.
///
/// # Errors
///
/// When there is no such file, it is no store, or its schema is a newer one.
pub fn open(path: &Path, how: &Opening) -> Result<(Sqlite, Schema)> {
    opened(path, how, connect_and_recognise)
}

/// Opens a file with the same care, and looks at all its tables.
///
/// # Errors
///
/// As for [`open`], whatever the tables are.
pub fn catalog_of(path: &Path, how: &Opening) -> Result<Catalog> {
    opened(path, how, |file, how| {
        let (connection, _) = connect(file, how.mode, how.busy_timeout)?;
        catalog(&connection, &|_| true, &|_, _| None).map(|(catalog, _)| catalog)
    })
}

fn opened<R>(
    path: &Path,
    how: &Opening,
    look: impl FnOnce(&Identity, &Opening) -> Result<R>,
) -> Result<R> {
    let opened = open_checked(path, how, look);
    let opened = opened.map_err(|error| explain(error, path));
    opened.with_context(|| format!("cannot open store {}", path.display()))
}

/// Says what an error of SQLite means that its own words leave in the dark.
fn explain(error: anyhow::Error, path: &Path) -> anyhow::Error {
    let code = error.downcast_ref().and_then(rusqlite::Error::sqlite_error);
    match code.map_or(0, |code| code.extended_code) {
        SQLITE_READONLY_ROLLBACK => {
            let path = path.display().to_string();
            failed("a program that wrote to it was killed, and its change is not yet undone")
                .hint(format!(
                    "open it once for writing: start the application, or run \
                     sqlite3 {} 'SELECT 1 FROM users'",
                    shell_words::quote(&path)
                ))
                .into()
        }
        SQLITE_READONLY_DIRECTORY | SQLITE_READONLY_CANTINIT => {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
            let folder = path.parent().unwrap_or(&path).display();
            failed(format!(
                "{} may not write to the folder {folder}, where the store needs files beside it",
                OsUser::current()
            ))
            .into()
        }
        code if matches!(code & 0xff, SQLITE_CANTOPEN | SQLITE_PERM | SQLITE_READONLY) => {
            let found = file_owner::foreign_sidecar(path).or_else(|| read_only(path));
            found.map_or(error, Into::into)
        }
        _ => error,
    }
}

/// The failure where SQLite cannot make the files that a log needs: SQLite says only that it
/// cannot open the store.
fn read_only(path: &Path) -> Option<Failure> {
    let path = std::path::absolute(path).ok()?;
    let folder = path.parent()?;
    let access = access(folder, AccessFlags::W_OK);
    matches!(access, Err(Errno::EROFS)).then(|| {
        failed(format!(
            "the file system of {} is read-only, and the store is in WAL mode: even a reader \
             needs files beside it",
            folder.display()
        ))
        .hint("copy it to where it can be written, with its -wal if there is one")
    })
}

fn open_checked<R>(
    path: &Path,
    how: &Opening,
    look: impl FnOnce(&Identity, &Opening) -> Result<R>,
) -> Result<R> {
    let destination = Destination::of(path).map_err(|error| missing(path, error))?;
    let metadata = destination.metadata().map_err(|error| missing(path, error))?;
    check_names(&destination, &metadata)?;
    let is_sheltered = is_sheltered(&destination.path, &metadata);
    if !is_sheltered && !how.foreign_owner {
        check_folders(&destination.path, &metadata)?;
    }
    let became = if how.foreign_owner { None } else { file_owner::become_owner(&metadata)? };
    let file = destination.path;
    let looked = look_at(&file, &metadata);
    let (opened, journal) = match became {
        // A user who began as root would wonder what they may not read.
        Some(owner) => looked.with_context(|| format!("as its owner, {owner}"))?,
        None => looked?,
    };
    if !how.foreign_owner && (how.mode == Mode::Write || journal == JournalMode::Wal) {
        file_owner::refuse_foreign(&metadata)?;
    }
    if !how.foreign_owner && how.mode == Mode::Write {
        file_owner::refuse_open_folder(&file)?;
    }
    let watched = (!is_sheltered).then(OpenFiles::new);
    let file = Identity::new([path, &file], opened, how.foreign_owner, watched);
    file.check_locks()?;
    look(&file, how).map_err(|error| file.explain(error))
}

/// Refuses, as root, a name of the file that its owner may not have given it.
fn check_names(destination: &Destination, metadata: &Metadata) -> Result<()> {
    let owner = Uid::from_raw(metadata.uid());
    destination.check_links(owner)?;
    if Uid::effective().is_root() && !owner.is_root() && metadata.is_file() && metadata.nlink() > 1
    {
        return Err(failed("the file has other names too, and root cannot know who gave it this")
            .hint("run it as its owner, with sudo -u")
            .into());
    }
    Ok(())
}

fn connect_and_recognise(file: &Identity, how: &Opening) -> Result<(Sqlite, Schema)> {
    let (connection, file) = connect(file, how.mode, how.busy_timeout)?;
    let schema = recognise(&connection, how.schema)?;
    // SQLite opens what it may not write for reading only, and says so later.
    if how.mode == Mode::Write && connection.is_readonly(c"main")? {
        return Err(failed("no permission to write to the file").into());
    }
    Ok((Sqlite::new(connection, Some(file))?.with_literals(&schema), schema))
}

/// Opens a file that exists, and returns it as it was before SQLite opened anything.
pub fn connect(
    file: &Identity,
    mode: Mode,
    busy_timeout: Duration,
) -> Result<(Connection, Identity)> {
    let seen = file.check_sidecars()?;
    let access = match mode {
        Mode::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Mode::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    // Neither CREATE nor URI: the path is that of a file that exists, and has no links.
    let flags = access
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let (file, is_exposed) = (file.before_opening(), file.is_exposed_to_all());
    let connection = Connection::open_with_flags(file.path(), flags)?;
    // Before the first statement, which may write back what a journal says. To close the
    // connection would write back what a log says, which may be anybody's yet.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    file.check_opened()?;
    // What stands in the file is other people's: it may neither call what could do harm nor
    // write to the inside of the database.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Otherwise a statement with a limit is prepared again once the limit is bound.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // Before the first pragma, which may already wait for a lock.
    connection.busy_timeout(busy_timeout)?;
    connection.pragma_update(None, "cache_size", CACHE)?;
    if mode == Mode::Write {
        // With a rollback journal, a transaction is durable once the folder that the
        // journal has left is synced. It is a setting of this connection alone.
        connection.pragma_update(None, "synchronous", "EXTRA")?;
    }
    if file.is_watched() {
        // The first that reads the file opens the log, which then stays open.
        connection.pragma_query_value(None, "user_version", |_| Ok(()))?;
        if is_exposed {
            file.check_appeared(&seen)?;
        } else {
            file.check_beside()?;
        }
    }
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok((connection, file))
}

fn missing(path: &Path, error: io::Error) -> anyhow::Error {
    if error.kind() == io::ErrorKind::NotFound {
        failed("no such file")
            .hint(format!(
                "check the path, or create a store: tokenctl --db {} init",
                shell_words::quote(&path.display().to_string())
            ))
            .into()
    } else {
        error.into()
    }
}

/// How a database keeps what undoes or completes a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JournalMode {
    Rollback,
    /// Even a reader leaves files beside it.
    Wal,
}

/// Says in plain words what SQLite would say of what is no database, and reads how
/// it keeps its journal from the [header] of the file.
///
/// [header]: https://www.sqlite.org/fileformat2.html#the_database_header
fn look_at(path: &Path, metadata: &Metadata) -> Result<(File, JournalMode)> {
    if !is_same_file(metadata, &path.symlink_metadata()?) {
        return Err(failed("it was replaced meanwhile").into());
    }
    let kind = metadata.file_type();
    if kind.is_dir() {
        return Err(failed("it is a directory, not a file").into());
    }
    if !kind.is_file() {
        return Err(failed("it is not a regular file").into());
    }
    // What was put there meanwhile is neither followed nor waited for.
    let careful = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits();
    let file = OpenOptions::new().read(true).custom_flags(careful).open(path)?;
    if !is_same_file(metadata, &file.metadata()?) {
        return Err(failed("it was replaced meanwhile").into());
    }
    let mut beginning = Vec::new();
    (&file).take(20).read_to_end(&mut beginning)?;
    if beginning.is_empty() {
        return Err(failed("the file is empty")
            .hint("remove it, then create a store with 'tokenctl init'")
            .into());
    }
    if !beginning.starts_with(MAGIC) {
        return Err(failed("the file is not a database").into());
    }
    // The versions of the format that writing and reading take.
    let is_wal = beginning.get(18..20).is_some_and(|versions| versions.contains(&2));
    Ok((file, if is_wal { JournalMode::Wal } else { JournalMode::Rollback }))
}

/// What every SQLite file begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";
