//! SQLite: one connection to one file.

mod catalog;
mod create;
mod error;
mod functions;
mod new_file;
mod open;
mod page;
mod recognise;
mod rows;
mod transaction;
mod values;

use std::cell::Cell;
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use rusqlite::Connection;

use self::error::statement_error;
#[cfg(test)]
pub use self::functions::contains;
pub use self::new_file::{adding_root, new_file};
use self::open::{CACHE, LITTLE_CACHE};
pub use self::open::{catalog_of, open};
pub use self::page::PageRow;
#[cfg(test)]
pub use self::recognise::recognise;
use self::transaction::note_release;
use crate::model::status::Facts;
use crate::stop_flag::StopFlag;
use crate::store::identity::Identity;
use crate::store::schema::Schema;
use crate::store::sql::{Dialect, Encoding, Flavour, Sql};

/// A file that is open.
#[derive(Debug)]
pub struct Sqlite {
    pub(in crate::store) connection: Connection,
    /// `None`: no file of a name.
    file: Option<Identity>,
    flavour: Flavour,
    /// Whether it keeps a log (WAL), and not a journal. While this connection is there, nobody
    /// can change that.
    pub(super) has_log: bool,
    /// When the last transaction that wrote to a log let other writers in.
    released: Released,
    /// Whether a statement is given up that takes more than [`BRIEF`].
    is_brief: Arc<AtomicBool>,
    /// Whether rows have been read in that way, or tried to.
    was_tried: Cell<bool>,
}

type Released = Arc<Mutex<Option<Instant>>>;

impl Sqlite {
    /// Makes a connection ready for our statements.
    fn new(mut connection: Connection, file: Option<Identity>) -> Result<Self> {
        functions::add(&connection)?;
        let released = Released::default();
        note_release(&mut connection, &released)?;
        let encoding: String = connection.pragma_query_value(None, "encoding", |row| row.get(0))?;
        let encoding = if encoding == "UTF-8" { Encoding::Utf8 } else { Encoding::Utf16 };
        let flavour = Flavour { encoding, ..Flavour::new(Dialect::Sqlite) };
        let has_log = connection.pragma_query_value(None, "journal_mode", |row| {
            row.get::<_, String>(0).map(|mode| mode == "wal")
        })?;
        let is_brief = Arc::<AtomicBool>::default();
        connection.progress_handler(STEPS, Some(is_no_longer_brief(&is_brief)))?;
        Ok(Self {
            connection,
            file,
            flavour,
            has_log,
            released,
            is_brief,
            was_tried: Cell::default(),
        })
    }

    /// Makes statements on a schema's tables.
    #[must_use]
    pub fn with_literals(mut self, schema: &Schema) -> Self {
        self.flavour.literals = schema.literals.as_slice().into();
        self
    }

    /// A database that no path leads to.
    ///
    /// # Errors
    ///
    /// When our functions cannot be added.
    pub fn unnamed(connection: Connection) -> Result<Self> {
        Self::new(connection, None)
    }

    /// Ends a statement that goes on for long after the run is stopped: a trigger may never
    /// come to an end. The batch is rolled back.
    pub fn stop_when(&mut self, stop: &StopFlag) {
        // Where it cannot be set, the second signal ends the run.
        let mut is_late = is_no_longer_brief(&self.is_brief);
        let mut is_stopped = stop.set_for(GRACE);
        let _ = self.connection.progress_handler(STEPS, Some(move || is_late() || is_stopped()));
    }

    /// A statement on the database's tables.
    #[must_use]
    pub fn sql(&self) -> Sql {
        Sql::new(self.flavour.clone())
    }

    /// Whether it compares text by the bytes of UTF-16.
    #[cfg(test)]
    pub fn is_utf16(&self) -> bool {
        self.flavour.encoding == Encoding::Utf16
    }

    /// The failure for an error of a statement.
    fn explain(&self, error: rusqlite::Error) -> anyhow::Error {
        let error = match &self.file {
            Some(file) => file.explain(error.into()),
            None => error.into(),
        };
        match error.downcast() {
            Ok(error) => statement_error(error),
            Err(explained) => explained,
        }
    }

    /// The path without links; bytes that are no UTF-8 are escaped.
    pub fn path(&self) -> String {
        let path = self.file.as_ref().map(|file| file.path().as_os_str().as_bytes());
        let path = path.unwrap_or_default();
        str::from_utf8(path).map_or_else(|_| path.escape_ascii().to_string(), Into::into)
    }

    /// Keeps little of the file in memory from now on, or as much as usual.
    pub fn keep_little(&self, is_little: bool) -> Result<()> {
        let size = if is_little { LITTLE_CACHE } else { CACHE };
        Ok(self.connection.pragma_update(None, "cache_size", size)?)
    }

    /// The value of a pragma that tells of the database.
    fn setting(&self, pragma: &str) -> Result<String> {
        Ok(self.connection.pragma_query_value(None, pragma, |row| row.get(0))?)
    }

    pub fn facts(&self) -> Result<Facts> {
        Ok(Facts {
            engine: "SQLite",
            version: rusqlite::version().into(),
            encoding: self.setting("encoding")?,
            journal_mode: Some(self.setting("journal_mode")?),
            obstacles: self.file.as_ref().and_then(Identity::obstacle).into_iter().collect(),
        })
    }

    pub fn check_identity(&self) -> Result<()> {
        self.file.as_ref().map_or(Ok(()), Identity::check)
    }
}

/// What a statement is given once the run is stopped: a batch takes less.
const GRACE: Duration = Duration::from_millis(600);
/// What a statement takes whose rows are read at once: less than to start a thread for them
/// and to read them again.
const BRIEF: Duration = Duration::from_millis(1);
/// How often it is looked at whether to give up, in steps of SQLite's machine: every hundred rows
/// of a list. To look every 200 steps made `stats`, which takes many for a row, a twelfth slower.
const STEPS: i32 = 500;

/// What tells whether a statement that is to be brief no longer is.
fn is_no_longer_brief(is_brief: &Arc<AtomicBool>) -> impl FnMut() -> bool + Send + use<> {
    let (is_brief, mut begun) = (Arc::clone(is_brief), None);
    move || {
        let is_brief = is_brief.load(Ordering::Relaxed);
        is_brief && begun.get_or_insert_with(Instant::now).elapsed() > BRIEF
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
