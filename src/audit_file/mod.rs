//! The audit file: what is about to be done to tokens, and what came of it, one JSON
//! object a line. It is only ever appended to, and on disk before anything is done.
//!
//! Here it is opened, with care for who else may write to it.

mod append;
mod entry;
mod lock;
mod read;

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::fs::{File, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::{AccessFlags, Uid, access};

pub use self::read::FileEvents;
use crate::failure::{Failure, Kind};
use crate::stop_flag::StopFlag;
use crate::store::Destination;

/// An audit file that is open.
#[derive(Debug)]
pub struct AuditFile {
    file: File,
    path: PathBuf,
    /// What the store is called whose events are added, once it was asked.
    database: OnceCell<String>,
    stop: StopFlag,
}

/// For the one who made it.
const MODE: Mode = Mode::S_IRUSR.union(Mode::S_IWUSR);

/// Who may only read it cannot change it; who may write it could.
const OTHERS_WRITE: u32 = 0o022;

/// It has to be on disk before anything is done, which a pipe or a terminal never is.
const REGULAR: &str = "give a regular file by its only name; it is made where there is none";

impl AuditFile {
    /// Opens a file for appending, and makes it where there is none.
    ///
    /// # Errors
    ///
    /// When it is a link, no file of its own, writable by others, or something else than an
    /// audit file; as root, where a link leads to its folder that somebody else has made.
    pub fn append(path: &Path) -> Result<Self> {
        Self::open(path, OFlag::O_RDWR | OFlag::O_APPEND, true)
    }

    /// Opens a file for reading, with the same care: what others may write is no evidence.
    ///
    /// # Errors
    ///
    /// As for [`AuditFile::append`], and where there is none.
    pub fn read(path: &Path) -> Result<Self> {
        Self::open(path, OFlag::O_RDONLY, false)
    }

    /// Tells whether a file could be opened for appending, and makes none.
    ///
    /// # Errors
    ///
    /// As for [`AuditFile::append`].
    pub fn check(path: &Path) -> Result<()> {
        let Err(error) = Self::open(path, OFlag::O_RDWR | OFlag::O_APPEND, false) else {
            return Ok(());
        };
        let folder = path.parent().filter(|it| *it != Path::new("")).unwrap_or(Path::new("."));
        let is_missing = path.symlink_metadata().is_err_and(|it| it.kind() == ErrorKind::NotFound);
        if is_missing && access(folder, AccessFlags::W_OK).is_ok() { Ok(()) } else { Err(error) }
    }

    /// Sets what is looked at while another process has the file.
    pub fn stop_when(&mut self, stop: &StopFlag) {
        self.stop = stop.clone();
    }

    fn open(path: &Path, how: OFlag, creates: bool) -> Result<Self> {
        // Neither a link nor what waits for somebody at its other end.
        let how = how | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let opened = || -> Result<Self> {
            let name = path.file_name().ok_or_else(|| refused("it is a folder"))?;
            let folder = path.parent().filter(|it| *it != Path::new(""));
            let folder = Destination::of(folder.unwrap_or(Path::new(".")))?;
            // It is to be a file of this user.
            folder.check_links(Uid::effective())?;
            let folder = folder.handle()?;
            let file = match open(folder, name, how) {
                Err(error) if creates && error.kind() == ErrorKind::NotFound => {
                    make(folder, name, how)?
                }
                Err(error) if error.raw_os_error() == Some(Errno::ELOOP as i32) => {
                    return Err(refused("it is a link").hint(REGULAR).into());
                }
                opened => opened?,
            };
            let metadata = file.metadata()?;
            check(&metadata, path)?;
            check_content(&file, &metadata)?;
            let (database, stop) = (OnceCell::new(), StopFlag::default());
            Ok(Self { file, path: path.into(), database, stop })
        };
        opened().with_context(|| format!("cannot open audit log {}", path.display()))
    }
}

/// Opens a file of a folder, however the folder is called by now.
fn open(folder: &File, name: &OsStr, how: OFlag) -> io::Result<File> {
    Ok(openat(folder, name, how, MODE)?.into())
}

/// Makes a file where there is none.
fn make(folder: &File, name: &OsStr, how: OFlag) -> io::Result<File> {
    let file = match open(folder, name, how | OFlag::O_CREAT | OFlag::O_EXCL) {
        // Another run has made it meanwhile.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return open(folder, name, how);
        }
        made => made?,
    };
    // Some umasks would keep the next run from it.
    file.set_permissions(Permissions::from_mode(MODE.bits()))?;
    // So that the name survives a crash too.
    open(folder, OsStr::new("."), OFlag::O_RDONLY | OFlag::O_CLOEXEC)?.sync_all()?;
    Ok(file)
}

fn refused(problem: &str) -> Failure {
    Failure::new(Kind::Failed, problem)
}

fn check(metadata: &Metadata, path: &Path) -> Result<(), Failure> {
    if !metadata.is_file() {
        return Err(refused("it is not a regular file").hint(REGULAR));
    }
    if metadata.nlink() != 1 {
        return Err(refused("it is a link: the file has other names too").hint(REGULAR));
    }
    let owner = Uid::from_raw(metadata.uid());
    if owner != Uid::effective() && !owner.is_root() {
        return Err(refused("it belongs to another user, who may write to it")
            .hint("give a file of your own, or run it as that user"));
    }
    if metadata.mode() & OTHERS_WRITE != 0 {
        let path = path.display().to_string();
        return Err(refused("others may write to it").hint(shell_words::join([
            "chmod",
            "go-w",
            path.as_str(),
        ])));
    }
    Ok(())
}

/// Appending to a database, say, would spoil it.
fn check_content(file: &File, metadata: &Metadata) -> Result<()> {
    if metadata.len() == 0 {
        return Ok(());
    }
    let mut first = [0];
    file.read_exact_at(&mut first, 0)?;
    if !matches!(first, [b'{' | b'\n']) {
        return Err(refused("it is not an audit log, which is lines of JSON").into());
    }
    Ok(())
}
