//! Writes a file beside another and gives it that one's name, so that nobody reads a half.
//! A run that fails leaves what was there.

use std::fs::{File, Permissions};
use std::io::{BufWriter, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};

use crate::failure::{Failure, Kind};

/// Who may read the file that is written.
#[derive(Clone, Copy, Debug)]
pub struct ReadableBy(u32);

pub const READABLE_BY_ALL: ReadableBy = ReadableBy(0o644);
pub const READABLE_BY_OWNER: ReadableBy = ReadableBy(0o600);

/// Replaces a file by what `write` makes, or makes it where there is none.
pub fn write_beside(
    path: &Path,
    readable_by: ReadableBy,
    write: impl FnOnce(&mut BufWriter<&File>) -> Result<()>,
) -> Result<()> {
    let written = || -> Result<()> {
        check_replaceable(path)?;
        let folder = path.parent().filter(|it| *it != Path::new("")).unwrap_or(Path::new("."));
        // Not with the end that a collector looks for.
        let file = tempfile::Builder::new().prefix(".tokenctl-").tempfile_in(folder)?;
        let mut buffer = BufWriter::new(file.as_file());
        write(&mut buffer)?;
        buffer.flush()?;
        drop(buffer);
        file.as_file().set_permissions(Permissions::from_mode(readable_by.0))?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    written().with_context(|| format!("cannot write {}", path.display()))
}

/// Refuses what a file must not take the place of: as root, a run would replace /dev/null.
fn check_replaceable(path: &Path) -> Result<()> {
    match path.symlink_metadata() {
        Ok(found) if !found.is_file() => {
            let failure = Failure::new(Kind::Failed, "it is not a regular file");
            Err(failure.hint("give the name of a file; it is made where there is none").into())
        }
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
