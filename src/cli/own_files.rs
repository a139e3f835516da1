//! Which files are a store's own. A line that is added to one of them destroys the store,
//! or the only record of what was done to it.

use std::fs::read_link;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What SQLite keeps in files beside a store, and the store itself.
const SUFFIXES: [&str; 4] = ["", "-journal", "-wal", "-shm"];

/// As many links as Linux follows.
const LINKS: usize = 40;

/// Whether a path leads to the store, or to where SQLite keeps a file beside it, or will.
/// However either is spelled: what is compared is where the paths lead.
pub fn is_own_file(path: &Path, store: &Path) -> bool {
    let place = Place::of(path);
    let names = [Some(store.to_owned()), store.canonicalize().ok()];
    names.into_iter().flatten().any(|name| {
        SUFFIXES.iter().any(|suffix| {
            let mut own = name.clone().into_os_string();
            own.push(suffix);
            Place::of(Path::new(&own)) == place
        })
    })
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
        if let Ok(file) = path.metadata() {
            return Self::File { device: file.dev(), inode: file.ino() };
        }
        let mut path = path.to_owned();
        for _ in 0..LINKS {
            let Ok(target) = read_link(&path) else { break };
            path = folder(&path).join(target);
        }
        let there = folder(&path).canonicalize();
        let name = path.file_name();
        Self::Free(there.ok().zip(name).map_or(path.clone(), |(folder, name)| folder.join(name)))
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|it| *it != Path::new("")).unwrap_or(Path::new("."))
}
