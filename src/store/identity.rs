//! The file that a connection has open: that it is not replaced meanwhile, that its file
//! system locks it, and that what stands beside it is what SQLite would put there.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use rusqlite::ErrorCode;

use super::file_owner::sidecar_files;
use crate::failure::{Failure, Kind};

/// A file that is open. No other is taken for it: as long as it is held, no other has its
/// number.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The path as given, and with links resolved.
    paths: [PathBuf; 2],
    /// Closed behind every connection: closing any handle of a file drops the locks that
    /// SQLite holds on it.
    file: Arc<File>,
}

impl Identity {
    #[must_use]
    pub fn new(paths: [&Path; 2], file: File) -> Self {
        Self { paths: paths.map(Into::into), file: Arc::new(file) }
    }

    /// The path with links resolved.
    #[must_use]
    pub fn path(&self) -> &Path {
        let [_, file] = &self.paths;
        file
    }

    /// Checks that the path still leads to the file. Writes to an unlinked file would be
    /// lost.
    ///
    /// # Errors
    ///
    /// When it leads to another file, or to none.
    pub fn check(&self) -> Result<()> {
        let [named, file] = &self.paths;
        let now = match named.metadata() {
            // The given path may be accessible to root only, which this process no longer is.
            Err(error) if error.kind() != ErrorKind::NotFound => file.metadata(),
            now => now,
        };
        let ours = self.file.metadata()?;
        if now.is_ok_and(|it| (it.dev(), it.ino()) == (ours.dev(), ours.ino())) {
            return Ok(());
        }
        let path = named.display();
        Err(Failure::new(Kind::Failed, format!("store {path} was moved or replaced meanwhile"))
            .hint("look at what is there now, then run it again")
            .into())
    }

    /// Checks what stands where SQLite keeps files of its own: it would wait for the other
    /// end of a pipe.
    ///
    /// # Errors
    ///
    /// When one of them is no regular file.
    pub fn check_sidecars(&self) -> Result<(), Failure> {
        let other = sidecar_files(self.path()).find(|(_, metadata)| !metadata.is_file());
        other.map_or(Ok(()), |(path, _)| {
            let message = format!(
                "{} is not a regular file, and SQLite keeps one of its own there",
                path.display()
            );
            Err(Failure::new(Kind::Failed, message).hint("find out what it is, and move it away"))
        })
    }

    /// Checks that the file system locks files, on a byte that SQLite does not lock.
    ///
    /// # Errors
    ///
    /// When it does not. That others hold locks is no error.
    pub fn check_locks(&self) -> Result<(), Failure> {
        let lock = |kind: libc::c_int| libc::flock {
            l_type: libc::c_short::try_from(kind).unwrap_or_default(),
            l_whence: libc::c_short::try_from(libc::SEEK_SET).unwrap_or_default(),
            l_start: 0,
            l_len: 1,
            l_pid: 0,
        };
        let locked = fcntl(&self.file, FcntlArg::F_SETLK(&lock(libc::F_RDLCK)));
        let unlocked = || fcntl(&self.file, FcntlArg::F_SETLK(&lock(libc::F_UNLCK)));
        match locked.and_then(|_| unlocked()) {
            Ok(_) | Err(Errno::EAGAIN | Errno::EACCES | Errno::EINTR) => Ok(()),
            Err(error) => {
                let message = format!("its file system does not lock files: {}", error.desc());
                Err(Failure::new(Kind::Failed, message).hint(
                    "without locks another process could write to it at the same time: mount it \
                     with locks, or run it on the machine where the store is",
                ))
            }
        }
    }

    /// Says what an error of SQLite means where its file system does not lock files:
    /// SQLite takes that for a lock of somebody else.
    #[must_use]
    pub fn explain(&self, error: anyhow::Error) -> anyhow::Error {
        match error.downcast_ref().and_then(rusqlite::Error::sqlite_error_code) {
            Some(ErrorCode::DatabaseBusy | ErrorCode::SystemIoFailure) => {
                self.check_locks().map_or_else(Into::into, |()| error)
            }
            _ => error,
        }
    }
}
