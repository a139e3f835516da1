//! The files that this process has open, those that SQLite has opened by itself among them.

use std::fs::{File, Metadata};
use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, RawDir, SeekFrom, Stat, seek, statat};
use rustix::path::DecInt;

/// Where the kernel lists them. It stays open, since each run looks there several times.
#[derive(Clone, Debug)]
pub struct OpenFiles(Option<Arc<File>>);

/// A file that is open, by the number of its handle.
#[derive(Clone, Debug)]
pub struct OpenFile {
    number: RawFd,
    stat: Stat,
}

impl OpenFiles {
    /// Without a /proc none can be seen.
    #[must_use]
    pub fn new() -> Self {
        Self(File::open(FOLDER).ok().map(Arc::new))
    }

    /// Looks at each handle of this process, beginning with the highest number: what was
    /// opened last has mostly that. To look at a handle closes none.
    pub fn iter(&self) -> impl Iterator<Item = OpenFile> {
        let stat_of =
            |number| Some(statat(self.0.as_ref()?, DecInt::new(number), AtFlags::empty()));
        self.numbers().into_iter().rev().filter_map(move |number| {
            // What another thread has closed meanwhile is none any more.
            Some(OpenFile { number, stat: stat_of(number)?.ok()? })
        })
    }

    /// The numbers of the handles, in order.
    fn numbers(&self) -> Vec<RawFd> {
        let mut numbers = Vec::new();
        let Some(folder) = self.0.as_ref().filter(|it| seek(it, SeekFrom::Start(0)).is_ok()) else {
            return numbers;
        };
        let mut buffer = [MaybeUninit::uninit(); 1024];
        let mut entries = RawDir::new(folder, &mut buffer);
        while let Some(Ok(entry)) = entries.next() {
            // `.` and `..` are no numbers.
            numbers.extend(entry.file_name().to_str().ok().and_then(|it| it.parse::<RawFd>().ok()));
        }
        numbers.sort_unstable();
        numbers
    }
}

const FOLDER: &str = "/proc/self/fd";

impl OpenFile {
    /// A path that leads to the file itself, whatever has its name meanwhile.
    #[must_use]
    pub fn handle(&self) -> PathBuf {
        format!("{FOLDER}/{}", self.number).into()
    }

    /// The path that it was opened by.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.handle().read_link().unwrap_or_default()
    }

    #[must_use]
    pub fn is_regular(&self) -> bool {
        FileType::from_raw_mode(self.stat.st_mode) == FileType::RegularFile
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stat.st_size == 0
    }

    #[must_use]
    pub fn owner(&self) -> u32 {
        self.stat.st_uid
    }

    #[must_use]
    pub fn is_of(&self, file: &Metadata) -> bool {
        (self.stat.st_dev, self.stat.st_ino) == (file.dev(), file.ino())
    }
}

/// The same handle, unless it was closed and the number given to another of the same file.
impl PartialEq for OpenFile {
    fn eq(&self, other: &Self) -> bool {
        let key = |it: &Self| (it.number, it.stat.st_dev, it.stat.st_ino);
        key(self) == key(other)
    }
}
