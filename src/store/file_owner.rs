//! Makes sure that the store's file is opened as its owner.
//!
//! Another user's process can leave `-wal` and `-shm` files that the application cannot
//! write, which stops the application; in WAL mode reading is enough for that.

use std::ffi::CString;
use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use nix::errno::Errno;
use nix::libc;
use nix::unistd::{Gid, Uid, User, initgroups, setgroups, setresgid, setresuid};

use crate::failure::{Failure, Kind};

/// A user of the operating system, by name where they have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OsUser {
    uid: Uid,
    entry: Option<User>,
}

impl OsUser {
    /// Returns the effective user of this process.
    #[must_use]
    pub fn current() -> Self {
        Self::of(Uid::effective())
    }

    pub(super) fn of(uid: Uid) -> Self {
        Self { uid, entry: User::from_uid(uid).ok().flatten() }
    }

    #[must_use]
    pub fn is_root(&self) -> bool {
        self.uid.is_root()
    }

    /// Formats the user as `sudo -u` takes it.
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

/// The reason why only its owner may open a file.
#[derive(Debug)]
pub enum ForeignFile {
    /// This process could leave files beside it that its owner cannot write.
    Endangered { owner: OsUser, by: OsUser },
    /// This process is root and cannot become its owner.
    OutOfReach { owner: OsUser, error: Errno },
    /// This process is root, and others may exchange a folder on the way to the file for
    /// another one at any moment. Its owner may be unable to go that way, through a folder
    /// of another user's.
    Exchangeable { owner: OsUser, within: PathBuf, closed_by: Option<OsUser> },
}

impl ForeignFile {
    #[must_use]
    pub fn owner(&self) -> &OsUser {
        let (Self::Endangered { owner, .. }
        | Self::OutOfReach { owner, .. }
        | Self::Exchangeable { owner, .. }) = self;
        owner
    }
}

impl fmt::Display for ForeignFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endangered { owner, by } => write!(
                f,
                "it belongs to {owner}; opened as {by}, it could get files beside it that {owner} cannot write"
            ),
            Self::OutOfReach { owner, error } => {
                write!(f, "as root this cannot become its owner, {owner}: {error}")
            }
            Self::Exchangeable { owner, within, .. } => write!(
                f,
                "root could be led elsewhere: others than its owner, {owner}, may exchange folders in {}",
                within.display()
            ),
        }
    }
}

impl std::error::Error for ForeignFile {}

/// Switches a root process to the file's owner for good, and returns the owner. Does
/// nothing for other users.
///
/// # Errors
///
/// When the system refuses, or root privileges remain.
pub fn become_owner(metadata: &Metadata) -> Result<Option<OsUser>> {
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
    // A process that keeps its capabilities could switch back.
    let root = Uid::from_raw(0);
    let is_for_good = setresuid(root, root, root).is_err() && Uid::effective() == uid;
    ensure!(is_for_good, "root privileges remain after becoming its owner, {owner}");
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

/// Where SQLite keeps files beside a store.
pub fn sidecar_paths(store: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let store = store.as_os_str().to_owned();
    ["-wal", "-shm", "-journal"].into_iter().map(move |suffix| {
        let mut name = store.clone();
        name.push(suffix);
        name.into()
    })
}

/// Lists those that exist.
pub fn sidecar_files(store: &Path) -> impl Iterator<Item = (PathBuf, Metadata)> {
    sidecar_paths(store).filter_map(|path| path.symlink_metadata().ok().map(|it| (path, it)))
}

/// Builds the failure of an owner who cannot open a store because of another user's file
/// beside it, if there is one.
#[must_use]
pub fn foreign_sidecar(store: &Path) -> Option<Failure> {
    let store = store.canonicalize().ok()?;
    let owner = store.metadata().ok()?.uid();
    let (file, metadata) = sidecar_files(&store).find(|(_, metadata)| metadata.uid() != owner)?;
    let owners = [metadata.uid(), owner].map(Uid::from_raw);
    Some(belongs_to_another(&file, &store, owners))
}

/// Builds the failure for a file beside a store that belongs to another user.
#[must_use]
pub fn belongs_to_another(file: &Path, store: &Path, owners: [Uid; 2]) -> Failure {
    let failure = put_there(file, owners);
    let reference = format!("--reference={}", store.display());
    let file = file.display().to_string();
    let command = ["sudo", "chown", "--no-dereference", &reference, &file];
    failure
        .hint("find out who put it there; if that was the application:")
        .hint(shell_words::join(command))
}

/// Builds the failure for a file that the first owner has put beside a store of the second.
#[must_use]
pub fn put_there(file: &Path, owners: [Uid; 2]) -> Failure {
    let [theirs, owner] = owners.map(OsUser::of);
    let message = format!(
        "{} belongs to {theirs}, and the store to {owner}: what is in it would go into the store",
        file.display()
    );
    Failure::new(Kind::Failed, message)
}

/// Whether everybody may put files into the folder of a store, sticky or not.
pub fn is_open_to_all(store: &Path) -> bool {
    let is_open = |metadata: Metadata| metadata.mode() & libc::S_IWOTH != 0;
    store.parent().is_some_and(|folder| folder.metadata().is_ok_and(is_open))
}

/// Refuses to write to a store in a folder where everybody may put files. SQLite plays a
/// journal that it finds there into the store before there is anything to look at, and
/// removes it. A log that it finds is looked at when it is open, so that reading goes on.
///
/// # Errors
///
/// When it is in such a folder.
pub fn refuse_open_folder(store: &Path) -> Result<(), Failure> {
    if !is_open_to_all(store) {
        return Ok(());
    }
    let message = format!(
        "everybody may put files into its folder, {}, and a journal among them would go into the store",
        store.parent().unwrap_or(store).display()
    );
    Err(Failure::new(Kind::Failed, message)
        .hint("move it into a folder that only its owner may write to")
        .hint("if nobody else is on this machine or in this container, add --foreign-owner"))
}
