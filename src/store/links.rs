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
use nix::unistd::Uid;

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

/// Refuses, as root, a path on which somebody else may exchange one folder for another:
/// SQLite finds the files beside a store by its path, again and again.
///
/// `owner` is that of the file at the end of `path`, which has no links.
///
/// # Errors
///
/// When a folder above that of the file is one that others than root, the file's owner and
/// its group may change.
pub fn check_folders(path: &Path, owner: &Metadata) -> Result<()> {
    if !Uid::effective().is_root() {
        return Ok(());
    }
    // In the last folder only the file itself could be exchanged, which is noticed.
    for folder in path.ancestors().skip(2) {
        let Ok(metadata) = folder.symlink_metadata() else { continue };
        let may_change = |bit| metadata.mode() & bit != 0;
        let is_sticky = may_change(libc::S_ISVTX);
        let by_owner = ![0, owner.uid()].contains(&metadata.uid());
        let by_group = ![0, owner.gid()].contains(&metadata.gid()) && may_change(libc::S_IWGRP);
        if by_owner || !is_sticky && (by_group || may_change(libc::S_IWOTH)) {
            let owner = OsUser::of(Uid::from_raw(owner.uid()));
            return Err(ForeignFile::Exchangeable { owner, within: folder.into() }.into());
        }
    }
    Ok(())
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
