//! Living beside the application that owns the store: as whom its file is opened,
//! and whether it is still the same file.
//!
//! A process of another user can leave `-wal` and `-shm` files that the
//! application cannot write, and so stop it; in WAL mode reading alone does it.

use std::ffi::CString;
use std::fmt;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use nix::errno::Errno;
use nix::unistd::{Gid, Uid, User, initgroups, setgroups, setresgid, setresuid};

use crate::failure::{Failure, Kind};

/// A user of the operating system, by name where they have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OsUser {
    uid: Uid,
    entry: Option<User>,
}

impl OsUser {
    /// Who runs this process.
    #[must_use]
    pub fn current() -> Self {
        Self::of(Uid::effective())
    }

    fn of(uid: Uid) -> Self {
        Self { uid, entry: User::from_uid(uid).ok().flatten() }
    }

    /// As `sudo -u` takes it.
    #[must_use]
    pub fn for_sudo(&self) -> String {
        match &self.entry {
            Some(user) => user.name.clone(),
            None => format!("#{}", self.uid),
        }
    }
}

impl fmt::Display for OsUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.entry {
            Some(user) => user.name.fmt(f),
            None => write!(f, "uid {}", self.uid),
        }
    }
}

/// A file that another user has to work on.
#[derive(Debug)]
pub enum ForeignFile {
    /// What this process may leave beside it could stop its owner.
    Endangered { owner: OsUser, by: OsUser },
    /// This process of root cannot become one of its owner.
    OutOfReach { owner: OsUser, error: Errno },
}

impl ForeignFile {
    #[must_use]
    pub fn owner(&self) -> &OsUser {
        let (Self::Endangered { owner, .. } | Self::OutOfReach { owner, .. }) = self;
        owner
    }
}

impl fmt::Display for ForeignFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endangered { owner, by } => write!(
                f,
                "it belongs to {owner}, and as {by} this could leave files beside it that stop {owner}"
            ),
            Self::OutOfReach { owner, error } => {
                write!(f, "as root this cannot become its owner, {owner}: {error}")
            }
        }
    }
}

impl std::error::Error for ForeignFile {}

/// Turns a process of root into one of the file's owner, for good, and tells who
/// that is. Does nothing for anybody else.
///
/// # Errors
///
/// When the system refuses, or a right of root is left.
pub fn become_owner(file: &Path) -> Result<Option<OsUser>> {
    let metadata = file.metadata()?;
    let uid = Uid::from_raw(metadata.uid());
    if !Uid::effective().is_root() || uid.is_root() {
        return Ok(None);
    }
    let owner = OsUser::of(uid);
    let out_of_reach = |error| ForeignFile::OutOfReach { owner: owner.clone(), error };
    let gid = if let Some(user) = &owner.entry {
        let name = CString::new(user.name.as_bytes())?;
        initgroups(&name, user.gid).map_err(out_of_reach)?;
        user.gid
    } else {
        let gid = Gid::from_raw(metadata.gid());
        setgroups(&[gid]).map_err(out_of_reach)?;
        gid
    };
    setresgid(gid, gid, gid).map_err(out_of_reach)?;
    setresuid(uid, uid, uid).map_err(out_of_reach)?;
    // A process that was told to keep its capabilities could go back.
    let root = Uid::from_raw(0);
    let is_for_good = setresuid(root, root, root).is_err() && Uid::effective() == uid;
    ensure!(is_for_good, "as its owner, {owner}, this keeps rights of root");
    Ok(Some(owner))
}

/// Refuses a file of another user.
///
/// # Errors
///
/// [`ForeignFile`], when it is one.
pub fn refuse_foreign(metadata: &Metadata) -> Result<()> {
    let uid = Uid::from_raw(metadata.uid());
    if uid == Uid::effective() {
        return Ok(());
    }
    Err(ForeignFile::Endangered { owner: OsUser::of(uid), by: OsUser::current() }.into())
}

/// The files that SQLite keeps beside a store, those that there are.
pub fn sidecar_files(path: &Path) -> impl Iterator<Item = (PathBuf, Metadata)> {
    let file = path.as_os_str().to_owned();
    ["-wal", "-shm", "-journal"].into_iter().filter_map(move |suffix| {
        let mut name = file.clone();
        name.push(suffix);
        let path = PathBuf::from(name);
        let metadata = path.symlink_metadata().ok()?;
        Some((path, metadata))
    })
}

/// What keeps the owner of a store from opening it: files beside it that somebody
/// else has left.
#[must_use]
pub fn foreign_sidecar(path: &Path) -> Option<Failure> {
    let path = path.canonicalize().ok()?;
    let owner = path.metadata().ok()?.uid();
    let (file, metadata) = sidecar_files(&path).find(|(_, metadata)| metadata.uid() != owner)?;
    let (file, path) = (file.display().to_string(), path.display().to_string());
    let (theirs, owner) = (OsUser::of(metadata.uid().into()), OsUser::of(owner.into()));
    let message = format!("{file} belongs to {theirs}, and the store to {owner}");
    let reference = format!("--reference={path}");
    let command = ["sudo", "chown", "--no-dereference", &reference, &file];
    Some(Failure::new(Kind::Failed, message).hint(shell_words::join(command)))
}

/// A file that has been opened, to tell it from another that takes its place.
#[derive(Debug)]
pub struct Identity {
    /// As it was named, and without links.
    paths: [PathBuf; 2],
    device: u64,
    inode: u64,
}

impl Identity {
    #[must_use]
    pub fn new(paths: [&Path; 2], metadata: &Metadata) -> Self {
        let paths = paths.map(Into::into);
        Self { paths, device: metadata.dev(), inode: metadata.ino() }
    }

    /// Checks that the path still leads to the file. What is written into a file
    /// that has lost its name is lost.
    ///
    /// # Errors
    ///
    /// When it leads to another file, or to none.
    pub fn check(&self) -> Result<()> {
        // Not opened: closing it would drop SQLite's locks.
        let [named, file] = &self.paths;
        let now = match named.metadata() {
            // The name may be one that only root can follow, who has become the owner.
            Err(error) if error.kind() != ErrorKind::NotFound => file.metadata(),
            now => now,
        };
        if now.is_ok_and(|it| (it.dev(), it.ino()) == (self.device, self.inode)) {
            return Ok(());
        }
        let path = named.display();
        Err(Failure::new(Kind::Failed, format!("store {path} was moved or replaced meanwhile"))
            .hint("look at what is there now, then run it again")
            .into())
    }
}
