//! The file that a connection has open: that it is not replaced meanwhile, that its file
//! system locks it, and that what stands beside it is what SQLite would put there.

use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use nix::unistd::{AccessFlags, Uid, access};
use rusqlite::ErrorCode;

use super::file_owner::{
    belongs_to_another, is_open_to_all, put_there, refuse_foreign, refuse_open_folder,
    sidecar_files,
};
use super::open_files::{OpenFile, OpenFiles};
use crate::failure::{Failure, Kind};

/// Whether both are of one file, whatever its names.
#[must_use]
pub fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// A file that is open. No other is taken for it: as long as it is held, no other has its
/// number.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The path as given, and with links resolved.
    paths: [PathBuf; 2],
    /// Closed behind every connection: closing any handle of a file drops the locks that
    /// SQLite holds on it.
    file: Arc<File>,
    /// Whether files of other users may stand beside it.
    foreign_owner: bool,
    /// `None`: only root and its owner may exchange it or put anything beside it, and it need
    /// not be looked at what SQLite opens.
    watched: Option<OpenFiles>,
    /// What was open before SQLite opened anything for the connection.
    others: Arc<Vec<OpenFile>>,
}

/// Whoever owns nothing: the system's number for users that it does not know.
const NOBODY: u32 = 65_534;

impl Identity {
    #[must_use]
    pub fn new(
        paths: [&Path; 2],
        file: File,
        foreign_owner: bool,
        watched: Option<OpenFiles>,
    ) -> Self {
        Self {
            paths: paths.map(Into::into),
            file: Arc::new(file),
            foreign_owner,
            watched,
            others: Arc::default(),
        }
    }

    /// For a connection that is about to be opened: what is open now is not SQLite's.
    #[must_use]
    pub fn before_opening(&self) -> Self {
        let others = self.watched.iter().flat_map(OpenFiles::iter).collect();
        Self { others: Arc::new(others), ..self.clone() }
    }

    /// Whether it is looked at what SQLite opens.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.watched.is_some()
    }

    /// What was opened since.
    fn opened(&self) -> impl Iterator<Item = OpenFile> {
        let open = self.watched.iter().flat_map(OpenFiles::iter);
        open.filter(|it| !self.others.contains(it))
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
        match now {
            Ok(now) if is_same_file(&now, &self.file.metadata()?) => Ok(()),
            _ => Err(self.replaced()),
        }
    }

    /// Checks that the file is what a new connection has opened: a folder of the path may
    /// have been swapped at that moment.
    ///
    /// # Errors
    ///
    /// When another file was opened.
    pub fn check_opened(&self) -> Result<()> {
        if !self.is_watched() {
            return Ok(());
        }
        let file = self.file.metadata()?;
        if self.others.is_empty() {
            // Not even the handle of the file can be seen.
            return self.check();
        }
        if self.opened().any(|it| it.is_of(&file)) { Ok(()) } else { Err(self.replaced()) }
    }

    fn replaced(&self) -> anyhow::Error {
        let [named, _] = &self.paths;
        let path = named.display();
        Failure::new(Kind::Failed, format!("store {path} was moved or replaced meanwhile"))
            .hint("look at what is there now, then run it again")
            .into()
    }

    /// What keeps this process from writing to the file and beside it, if anything does.
    #[must_use]
    pub fn obstacle(&self) -> Option<String> {
        let may_write = |path: &Path| access(path, AccessFlags::W_OK).is_ok();
        let foreign = self.file.metadata().ok().filter(|_| !self.foreign_owner);
        let foreign = foreign.and_then(|it| {
            refuse_foreign(&it).and_then(|()| Ok(refuse_open_folder(self.path())?)).err()
        });
        let folder = self.path().parent().unwrap_or(Path::new("/"));
        match foreign {
            Some(foreign) => Some(foreign.to_string()),
            None if !may_write(self.path()) => Some("no permission to write to the file".into()),
            None if !may_write(folder) => Some(format!(
                "no permission to write to the folder {}, where SQLite keeps files of its own",
                folder.display()
            )),
            None => None,
        }
    }

    /// Checks what stands where SQLite keeps files of its own, and returns it: SQLite would
    /// wait for the other end of a pipe, and play what a log or journal says into the store,
    /// whoever wrote it.
    ///
    /// # Errors
    ///
    /// When one of them is no regular file, or belongs neither to the store's owner nor to
    /// root, where only these may write to the store.
    pub fn check_sidecars(&self) -> Result<Vec<Metadata>> {
        let store = self.file.metadata()?.uid();
        let mut seen = Vec::new();
        for (path, metadata) in sidecar_files(self.path()) {
            if !metadata.is_file() {
                let message = format!(
                    "{} is not a regular file, and SQLite keeps one of its own there",
                    path.display()
                );
                let hint = "find out what it is, and move it away";
                return Err(Failure::new(Kind::Failed, message).hint(hint).into());
            }
            let owner = metadata.uid();
            if !self.foreign_owner && owner != store && owner != 0 {
                let owners = [owner, store].map(Uid::from_raw);
                return Err(belongs_to_another(&path, self.path(), owners).into());
            }
            seen.push(metadata);
        }
        Ok(seen)
    }

    /// Checks whose files SQLite has open beside the store. Where others may put some there,
    /// they can do so between [`check_sidecars`](Self::check_sidecars) and SQLite, and take
    /// them away before the next look; what is open stays what it is.
    ///
    /// # Errors
    ///
    /// As for [`check_sidecars`](Self::check_sidecars).
    pub fn check_beside(&self) -> Result<()> {
        let store = self.file.metadata()?.uid();
        // What this process makes, such as spooled rows, belongs to its user.
        let expected = [store, 0, Uid::effective().as_raw()];
        self.refuse_opened(|it| !expected.contains(&it.owner()))
    }

    /// The same behind the first statement of a connection to root's own store, where others
    /// may put files beside it: SQLite has then given root whatever it opened. Only what was
    /// `seen` before, or is still as empty as SQLite makes it, is what it seems.
    ///
    /// # Errors
    ///
    /// When a log with something in it has appeared. It is made nobody's, so that the next
    /// run does not take it for root's.
    pub fn check_appeared(&self, seen: &[Metadata]) -> Result<()> {
        let file = self.file.metadata()?;
        self.refuse_opened(|it| {
            let is_known = seen.iter().any(|seen| it.is_of(seen));
            let is_index = || it.path().to_string_lossy().contains("-shm");
            !is_known && !it.is_empty() && !it.is_of(&file) && !is_index()
        })
    }

    /// Whether [`check_appeared`](Self::check_appeared) is needed.
    #[must_use]
    pub fn is_exposed_to_all(&self) -> bool {
        self.is_watched() && Uid::effective().is_root() && is_open_to_all(self.path())
    }

    fn refuse_opened(&self, is_theirs: impl Fn(&OpenFile) -> bool) -> Result<()> {
        if self.foreign_owner {
            return Ok(());
        }
        match self.opened().find(|it| it.is_regular() && is_theirs(it)) {
            None => Ok(()),
            Some(it) => {
                let owner = self.file.metadata()?.uid();
                let mut theirs = it.owner();
                if theirs == owner {
                    // By its handle: whatever has its name meanwhile is left alone.
                    chown(it.handle(), Some(NOBODY), None)?;
                    theirs = NOBODY;
                }
                Err(put_there(&it.path(), [theirs, owner].map(Uid::from_raw))
                    .hint("it was put there while the store was being opened: find out by whom")
                    .into())
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What is open of the store already, such as the handle by which its path was followed,
    /// is not what SQLite has opened.
    #[test]
    fn a_handle_from_before_is_not_taken_for_that_of_the_connection() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("store.db");
        std::fs::write(&path, "a store").expect("a file");
        let open = || File::open(&path).expect("a file");
        let _before = open();
        let watched = Some(OpenFiles::new());
        let file = Identity::new([&path, &path], open(), false, watched).before_opening();
        file.check_opened().expect_err("nothing was opened since");
        let _opened = open();
        file.check_opened().expect("the file was opened");
    }
}
