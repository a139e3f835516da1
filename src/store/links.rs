//! Follows a path step by step, so that it is known who made each link on the way. As root,
//! a link that somebody else has made could lead anywhere.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::Result;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat, readlinkat};
use nix::libc;
use nix::sys::stat::Mode;
use nix::unistd::{Gid, Group, Uid, User};
use rustix::fs::lgetxattr;
use rustix::io::Errno as XattrError;

use super::file_owner::{ForeignFile, OsUser};
use crate::failure::{Failure, Kind};

/// Where a path led when it was followed.
#[derive(Debug)]
pub struct Destination {
    /// The path without links.
    pub path: PathBuf,
    /// A handle that can be neither read nor written, but stays with the file or folder
    /// whatever becomes of its name. `None`: there is nothing of the last name.
    handle: Option<File>,
    /// Each link on the way, and who made it.
    links: Vec<(PathBuf, Uid)>,
}

/// As many as Linux follows.
const MOST_LINKS: usize = 40;

impl Destination {
    /// Follows a path. Opens nothing for reading or writing on the way.
    ///
    /// # Errors
    ///
    /// As for opening the path, except where there is nothing of the last name.
    pub fn of(path: &Path) -> io::Result<Self> {
        let begin = |path: &str| open(path, DIRECTORY, Mode::empty()).map(File::from);
        let (mut here, mut walked) = (begin(".")?, PathBuf::new());
        if path.is_relative() {
            walked = std::env::current_dir()?;
        }
        let (mut steps, mut links) = (Vec::new(), Vec::new());
        add_steps(&mut steps, path);
        while let Some(step) = steps.pop() {
            if step == "/" {
                (here, walked) = (begin("/")?, "/".into());
            } else if step == "." || step == ".." {
                here = openat(&here, step.as_os_str(), DIRECTORY, Mode::empty())?.into();
                if step == ".." {
                    walked.pop();
                }
            } else {
                // As a folder first: otherwise what is mounted on demand would not be.
                let found = openat(&here, step.as_os_str(), DIRECTORY, Mode::empty())
                    .or_else(|_| openat(&here, step.as_os_str(), HANDLE, Mode::empty()));
                if matches!(found, Err(Errno::ENOENT)) && steps.is_empty() {
                    return Ok(Self { path: walked.join(step), handle: None, links });
                }
                let found = File::from(found?);
                let metadata = found.metadata()?;
                if metadata.is_symlink() {
                    if links.len() == MOST_LINKS {
                        return Err(Errno::ELOOP.into());
                    }
                    links.push((walked.join(step), Uid::from_raw(metadata.uid())));
                    add_steps(&mut steps, Path::new(&readlinkat(&found, "")?));
                } else {
                    here = found;
                    walked.push(step);
                }
            }
        }
        Ok(Self { path: walked, handle: Some(here), links })
    }

    /// The handle of what is there.
    ///
    /// # Errors
    ///
    /// When there is nothing.
    pub fn handle(&self) -> io::Result<&File> {
        self.handle.as_ref().ok_or_else(|| Errno::ENOENT.into())
    }

    /// # Errors
    ///
    /// As for [`handle`](Self::handle).
    pub fn metadata(&self) -> io::Result<Metadata> {
        self.handle()?.metadata()
    }

    /// Refuses, as root, links that neither root nor the owner of what they lead to has
    /// made.
    ///
    /// # Errors
    ///
    /// When there is one.
    pub fn check_links(&self, owner: Uid) -> Result<(), Failure> {
        let is_foreign = |maker: Uid| !maker.is_root() && maker != owner;
        match self.links.iter().find(|(_, maker)| is_foreign(*maker)) {
            Some((link, maker)) if Uid::effective().is_root() => {
                let message = format!(
                    "root does not follow {}, a link that {} made and that leads to a file of {}",
                    link.display(),
                    OsUser::of(*maker),
                    OsUser::of(owner)
                );
                let hint =
                    format!("if it is the right one, give its path: {}", self.path.display());
                Err(Failure::new(Kind::Failed, message).hint(hint))
            }
            _ => Ok(()),
        }
    }
}

/// Whether only root and a file's owner, as whom this process runs, may exchange anything on
/// the path to it, which has no links, or put anything beside it.
#[must_use]
pub fn is_sheltered(path: &Path, file: &Metadata) -> bool {
    let is_theirs = |folder: &Path| {
        folder.symlink_metadata().is_ok_and(|it| {
            // Where there is a list, the group's bits are the most that it allows to anybody.
            let is_closed = it.mode() & (libc::S_IWGRP | libc::S_IWOTH) == 0;
            is_closed && [0, file.uid()].contains(&it.uid())
        })
    };
    let trusts_owner = [0, file.uid()].contains(&Uid::effective().as_raw());
    trusts_owner && path.ancestors().skip(1).all(is_theirs)
}

/// Refuses, as root, a path on which somebody else may exchange one folder for another:
/// SQLite finds the files beside a store by its path, again and again.
///
/// `file` is at the end of `path`, which has no links.
///
/// # Errors
///
/// When a folder above that of the file is one that others than root, the file's owner and
/// a group that is as good as the owner may change.
pub fn check_folders(path: &Path, file: &Metadata) -> Result<()> {
    if !Uid::effective().is_root() {
        return Ok(());
    }
    let trusts = |uid: u32| [0, file.uid()].contains(&uid);
    // In the last folder only the file itself could be exchanged, which is noticed.
    let Some(mut entry) = path.parent() else { return Ok(()) };
    for folder in path.ancestors().skip(2) {
        let Ok(metadata) = folder.symlink_metadata() else { continue };
        let may_change = |bit| metadata.mode() & bit != 0;
        let by_group = may_change(libc::S_IWGRP) && !is_trusted_group(folder, &metadata, file);
        // Of a sticky folder everybody may at least exchange what is their own.
        let is_theirs = |it: Metadata| !trusts(it.uid());
        let by_others = if may_change(libc::S_ISVTX) {
            may_change(libc::S_IWGRP | libc::S_IWOTH)
                && entry.symlink_metadata().is_ok_and(is_theirs)
        } else {
            by_group || may_change(libc::S_IWOTH)
        };
        if by_others || !trusts(metadata.uid()) {
            let owner = OsUser::of(Uid::from_raw(file.uid()));
            let closed_by = closing(path, file);
            let within = folder.into();
            return Err(ForeignFile::Exchangeable { owner, within, closed_by }.into());
        }
        entry = folder;
    }
    Ok(())
}

/// Whether the group of a folder is as good as the owner of a file: root's, one that may
/// write the file itself, or the owner's own of the same name, of which nobody else is a
/// member. Any other has members that nobody who set it up can foresee.
fn is_trusted_group(folder: &Path, metadata: &Metadata, file: &Metadata) -> bool {
    // The permissions of a group are then those of whoever is named there.
    if has_list(folder) {
        return false;
    }
    let group = metadata.gid();
    if group == 0 {
        return true;
    }
    // A file that has a list as well shows in these bits what the list allows to anybody.
    if group == file.gid() && file.mode() & libc::S_IWGRP != 0 {
        return true;
    }
    let owner = User::from_uid(Uid::from_raw(file.uid())).ok().flatten();
    let group = Group::from_gid(Gid::from_raw(group)).ok().flatten();
    owner.zip(group).is_some_and(|(owner, group)| {
        let is_only_member = group.mem.iter().all(|member| *member == owner.name);
        owner.gid == group.gid && owner.name == group.name && is_only_member
    })
}

/// Whether a folder has an access control list, beside its mode. What cannot be asked may
/// have one; where the file system knows none, there is none.
fn has_list(folder: &Path) -> bool {
    let mut nothing: [u8; 0] = [];
    let found = lgetxattr(folder, "system.posix_acl_access", &mut nothing[..]);
    !matches!(found, Err(XattrError::NODATA | XattrError::OPNOTSUPP | XattrError::NOSYS))
}

/// The owner of a folder on the way to a file through which the file's owner cannot go, as
/// where a container of somebody's has users of its own.
fn closing(path: &Path, file: &Metadata) -> Option<OsUser> {
    let folders = path.ancestors().skip(1).filter_map(|it| it.symlink_metadata().ok());
    let is_closed = |it: &Metadata| {
        let is_of_owner = it.uid() == file.uid() || it.gid() == file.gid();
        !is_of_owner && it.mode() & libc::S_IXOTH == 0
    };
    let closed = folders.filter(is_closed).last()?;
    Some(OsUser::of(Uid::from_raw(closed.uid())))
}

const HANDLE: OFlag = OFlag::O_PATH.union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);
const DIRECTORY: OFlag = HANDLE.union(OFlag::O_DIRECTORY);

/// Puts the steps of a path before those that are left; the next is the last.
fn add_steps(steps: &mut Vec<OsString>, path: &Path) {
    if path.as_os_str().as_bytes().ends_with(b"/") {
        // It leads to a folder, or nowhere.
        steps.push(".".into());
    }
    steps.extend(path.components().rev().map(|step| step.as_os_str().to_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_that_nobody_else_may_change_is_sheltered() {
        let is_sheltered = |path: &Path| is_sheltered(path, &path.metadata().expect("a file"));
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().canonicalize().expect("a path").join("store.db");
        std::fs::write(&file, "").expect("a file");
        // Everybody may put something into the folder of temporary files.
        assert!(!is_sheltered(&file));
        assert_eq!(is_sheltered(Path::new("/etc/passwd")), Uid::effective().is_root());
    }
}
