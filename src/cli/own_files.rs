//! Which files are a store's own. A line that is added to one of them destroys the store,
//! or the only record of what was done to it.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::store::{Destination, sidecar_paths};

/// Whether a path leads to the store, or to where SQLite keeps a file beside it, or will.
/// However either is spelled: what is compared is where the paths lead.
pub fn is_own_file(path: &Path, store: &Path) -> bool {
    let place = Place::of(path);
    let names = [Some(store.to_owned()), store.canonicalize().ok()];
    let mut own = names.into_iter().flatten().flat_map(|it| sidecar_paths(&it).chain([it]));
    own.any(|path| Place::of(&path) == place)
}

/// Where a path leads.
#[derive(PartialEq, Eq)]
enum Place {
    /// To a file, whatever its names.
    File { device: u64, inode: u64 },
    /// To where a file of a name would be made.
    Free(PathBuf),
}

impl Place {
    fn of(path: &Path) -> Self {
        let Ok(destination) = Destination::of(path) else { return Self::Free(path.into()) };
        match destination.metadata() {
            Ok(file) => Self::File { device: file.dev(), inode: file.ino() },
            Err(_) => Self::Free(destination.path),
        }
    }
}
