//! SQLite: opening a file with care, and decoding its values.

use std::fs::{File, Metadata};
use std::io::Read;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rusqlite::ffi::{
    SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY, SQLITE_READONLY_CANTINIT,
    SQLITE_READONLY_DIRECTORY, SQLITE_READONLY_ROLLBACK,
};
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Rows, params_from_iter};

use super::Opening;
use super::decode::{Decoder, Values};
use super::engine::{self, Mode};
use super::file_owner::{self, Identity, OsUser};
use super::page::Page;
use super::schema::native::{self, APPLICATION_ID, MIGRATIONS};
use super::schema::{Catalog, Description, Schema};
use super::scopes::ScopesForm;
use super::sql::{Dialect, Sql};
use crate::failure::{Failure, Kind};
use crate::model::token::fold;

/// A file that is open.
#[derive(Debug)]
pub struct Sqlite {
    pub(super) connection: Connection,
    /// `None`: no file of a name.
    file: Option<Identity>,
}

impl Sqlite {
    /// A database that no path leads to.
    ///
    /// # Errors
    ///
    /// When our functions cannot be added.
    pub fn unnamed(connection: Connection) -> Result<Self> {
        add_functions(&connection)?;
        Ok(Self { connection, file: None })
    }

    pub fn begin(&self, mode: Mode, wait: Duration) -> Result<()> {
        self.connection.busy_timeout(wait)?;
        Ok(self.connection.execute_batch(match mode {
            Mode::Read => "BEGIN",
            Mode::Write => "BEGIN IMMEDIATE",
        })?)
    }

    pub fn commit(&self) -> Result<()> {
        let done = self.connection.execute_batch("COMMIT");
        if done.is_err() {
            self.rollback();
        }
        Ok(done?)
    }

    pub fn rollback(&self) {
        // Some errors have rolled back already.
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }

    pub fn check_identity(&self) -> Result<()> {
        self.file.as_ref().map_or(Ok(()), Identity::check)
    }

    pub fn rows<R>(&self, sql: &Sql, decode: impl Fn(&mut Decoder<'_>) -> R) -> Result<Vec<R>> {
        let mut statement = self.connection.prepare_cached(sql.text())?;
        let mut page = Page::new(Page::columns(&statement));
        let mut rows = statement.query(params_from_iter(sql.values()))?;
        while let Some(row) = rows.next()? {
            page.add(row)?;
        }
        Ok((0..page.rows()).map(|index| decode(&mut decoder(&page, index))).collect())
    }

    pub fn stream_rows<R, O>(
        &self,
        sql: &Sql,
        cannot: &'static str,
        decode: impl Fn(&mut Decoder<'_>) -> R + Send,
        read: impl FnOnce(&mut dyn Iterator<Item = Result<R>>) -> Result<O> + Send,
    ) -> Result<O>
    where
        O: Send,
    {
        let mut statement = self.connection.prepare_cached(sql.text()).context(cannot)?;
        let columns = Page::columns(&statement);
        let mut rows = statement.query(params_from_iter(sql.values())).context(cannot)?;
        let decode = move |page: &Page, index: usize| {
            (index < page.rows()).then(|| decode(&mut decoder(page, index)))
        };

        let (sender, receiver) = mpsc::sync_channel(PAGES);
        let mut is_more = send_page(&columns, &mut rows, &sender);
        if !is_more {
            drop(sender);
            return engine::stream_rows(&receiver, cannot, decode, read);
        }
        thread::scope(|scope| {
            // Reading the store does not wait for what is made of the rows.
            let lent = scope.spawn(move || engine::stream_rows(&receiver, cannot, decode, read));
            while is_more {
                is_more = send_page(&columns, &mut rows, &sender);
            }
            drop(sender);
            lent.join().unwrap_or_else(|panic| resume_unwind(panic))
        })
    }
}

/// How many pages wait for their reader.
const PAGES: usize = 4;
/// A page that takes longer than this to fill is handed over as it is: a search may find
/// few rows.
const SOON: Duration = Duration::from_millis(10);

/// Fills a page and hands it over. Tells whether more is to come, and is wanted.
fn send_page(
    columns: &Arc<[String]>,
    rows: &mut Rows<'_>,
    sender: &SyncSender<Result<Page>>,
) -> bool {
    let mut page = Page::new(Arc::clone(columns));
    let filled = fill(&mut page, rows);
    let is_wanted = sender.send(Ok(page)).is_ok();
    match filled {
        Ok(is_more) => is_more && is_wanted,
        Err(error) => {
            // Behind the rows that there were. Who has gone does not mind.
            let _ = sender.send(Err(error.into()));
            false
        }
    }
}

/// Tells whether there may be more rows than the page takes.
fn fill(page: &mut Page, rows: &mut Rows<'_>) -> rusqlite::Result<bool> {
    let begun = Instant::now();
    while let Some(row) = rows.next()? {
        page.add(row)?;
        // To ask the time after each of many rows would be a tenth of the work.
        let is_asked = page.rows() < 64 || page.rows().is_multiple_of(64);
        if page.is_full() || (is_asked && begun.elapsed() > SOON) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn decoder(page: &Page, index: usize) -> Decoder<'_> {
    Decoder::new(Values::Sqlite(page.row(index)))
}

/// How much of the file is kept in memory, in the negative KiB of SQLite. The owner of each
/// token is looked up among all users, of whom the usual 2 MiB hold few (of a million
/// tokens, 125,000 users take 11 MiB), and a batch that outgrows it is written twice.
const CACHE: i32 = -12 << 10;

/// Opens a store that exists, and checks that it is one before the first
/// statement reads it.
///
/// The journal mode, the synchronous setting and the schema are left alone.
///
/// # Errors
///
/// When there is no such file, it is no store, or its schema is a newer one.
pub fn open(path: &Path, how: &Opening) -> Result<(Sqlite, Schema)> {
    let opened = open_checked(path, how);
    let opened = opened.map_err(|error| explain(error, path));
    opened.with_context(|| format!("cannot open store {}", path.display()))
}

/// Says what an error of SQLite means that its own words leave in the dark.
fn explain(error: anyhow::Error, path: &Path) -> anyhow::Error {
    let code = error.downcast_ref().and_then(rusqlite::Error::sqlite_error);
    match code.map_or(0, |code| code.extended_code) {
        SQLITE_READONLY_ROLLBACK => {
            let path = path.display().to_string();
            failed("a program that wrote to it was killed, and its change is not yet undone")
                .hint(format!(
                    "open it once for writing: start the application, or run \
                     sqlite3 {} 'SELECT 1 FROM users'",
                    shell_words::quote(&path)
                ))
                .into()
        }
        SQLITE_READONLY_DIRECTORY | SQLITE_READONLY_CANTINIT => {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
            let folder = path.parent().unwrap_or(&path).display();
            failed(format!(
                "{} may not write to the folder {folder}, where the store needs files beside it",
                OsUser::current()
            ))
            .into()
        }
        code if matches!(code & 0xff, SQLITE_CANTOPEN | SQLITE_PERM | SQLITE_READONLY) => {
            file_owner::foreign_sidecar(path).map_or(error, Into::into)
        }
        _ => error,
    }
}

fn open_checked(path: &Path, how: &Opening) -> Result<(Sqlite, Schema)> {
    let file = path.canonicalize().map_err(|error| missing(path, error))?;
    let became = if how.foreign_owner { None } else { file_owner::become_owner(&file)? };
    let looked = look_at(&file);
    let (metadata, journal) = match became {
        // Who began as root wonders what he may not read.
        Some(owner) => looked.with_context(|| format!("as its owner, {owner}"))?,
        None => looked?,
    };
    if !how.foreign_owner && (how.mode == Mode::Write || journal == JournalMode::Wal) {
        file_owner::refuse_foreign(&metadata)?;
    }

    let access = match how.mode {
        Mode::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Mode::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    // Neither CREATE nor URI: the path is that of a file that exists.
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = Connection::open_with_flags(&file, flags)?;
    // Before the first pragma, which may already wait for a lock.
    connection.busy_timeout(how.busy_timeout)?;
    connection.pragma_update(None, "cache_size", CACHE)?;

    let schema = recognise(&connection, how.schema)?;
    // SQLite opens what it may not write for reading only, and says so later.
    if how.mode == Mode::Write && connection.is_readonly(c"main")? {
        return Err(failed("no permission to write to the file").into());
    }
    add_functions(&connection)?;
    let file = Some(Identity::new([path, &file], &metadata));
    Ok((Sqlite { connection, file }, schema))
}

fn failed(message: impl Into<String>) -> Failure {
    Failure::new(Kind::Failed, message)
}

fn missing(path: &Path, error: std::io::Error) -> anyhow::Error {
    if error.kind() == std::io::ErrorKind::NotFound {
        failed("no such file")
            .hint(format!(
                "check the path, or create a store: tokenctl --db {} init",
                shell_words::quote(&path.display().to_string())
            ))
            .into()
    } else {
        error.into()
    }
}

/// How a database keeps what undoes or completes a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JournalMode {
    Rollback,
    /// Even a reader leaves files beside it.
    Wal,
}

/// Says in plain words what SQLite would say of what is no database, and reads how
/// it keeps its journal from the [header] of the file. The file is closed again
/// before SQLite opens it: closing any handle of a file drops the locks that SQLite
/// holds on it.
///
/// [header]: https://www.sqlite.org/fileformat2.html#the_database_header
fn look_at(path: &Path) -> Result<(Metadata, JournalMode)> {
    let metadata = path.metadata()?;
    let kind = metadata.file_type();
    if kind.is_dir() {
        return Err(failed("it is a directory, not a file").into());
    }
    if !kind.is_file() {
        return Err(failed("it is not a regular file").into());
    }
    let mut beginning = Vec::new();
    File::open(path)?.take(20).read_to_end(&mut beginning)?;
    if beginning.is_empty() {
        return Err(failed("the file is empty")
            .hint("remove it, then create a store with 'tokenctl init'")
            .into());
    }
    if !beginning.starts_with(MAGIC) {
        return Err(failed("the file is not a database").into());
    }
    // The versions of the format that writing and reading take.
    let is_wal = beginning.get(18..20).is_some_and(|versions| versions.contains(&2));
    Ok((metadata, if is_wal { JournalMode::Wal } else { JournalMode::Rollback }))
}

/// What every SQLite file begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Which schema the database has.
pub(super) fn recognise(
    connection: &Connection,
    named: Option<&'static Description>,
) -> Result<Schema> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let is_ours = pragma("application_id")? == APPLICATION_ID;
    if is_ours {
        check_version(pragma("user_version")?)?;
    } else if named.is_some_and(|it| it.name == native::DESCRIPTION.name) {
        return Err(failed("it is another program's database, not a tokenctl store").into());
    }

    let mut catalog = Catalog::default();
    let mut columns = connection.prepare(
        "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_xinfo(m.name) c \
         WHERE m.type IN ('table', 'view')",
    )?;
    for column in columns.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))? {
        let (table, column): (String, String) = column?;
        catalog.add(table, column);
    }
    let named = named.or(is_ours.then_some(&native::DESCRIPTION));
    Ok(catalog.recognise(named, Dialect::Sqlite)?)
}

fn check_version(version: i32) -> Result<(), Failure> {
    let version = usize::try_from(version).unwrap_or(0);
    let newest = MIGRATIONS.len();
    if version > newest {
        return Err(failed(format!(
            "its schema has version {version}, made by a newer tokenctl; this one knows {newest}"
        ))
        .hint("upgrade tokenctl"));
    }
    if version < newest {
        return Err(failed(format!(
            "its schema has version {version}; this tokenctl works with {newest}"
        )));
    }
    Ok(())
}

/// Adds what SQLite lacks. LIKE and `lower()` fold ASCII only; `json_each` stops
/// the statement at the first broken text.
pub(super) fn add_functions(connection: &Connection) -> Result<()> {
    // DIRECTONLY: only our own statements may call them, no trigger or view.
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function(c"tokenctl_contains", 2, flags, |context| {
        Ok(match (context.get_raw(0), context.get_raw(1)) {
            (ValueRef::Text(name), ValueRef::Text(word)) => contains(name, word),
            _ => false,
        })
    })?;
    connection.create_scalar_function(c"tokenctl_has_scope", 3, flags, |context| {
        let form = match context.get_raw(0) {
            ValueRef::Text(name) => ScopesForm::ALL.iter().find(|it| it.name().as_bytes() == name),
            _ => None,
        };
        // The list that is asked for is the same for every row.
        let wanted = context.get_or_create_aux(2, |value| {
            anyhow::Ok(serde_json::from_str::<Vec<String>>(value.as_str()?)?)
        })?;
        let (Some(form), ValueRef::Text(text)) = (form, context.get_raw(1)) else {
            return Ok(None);
        };
        Ok(form.read(text).map(|scopes| scopes.iter().any(|scope| wanted.contains(scope))))
    })?;
    Ok(())
}

/// Whether a name, once folded, contains a word that is folded already. A name
/// that is not UTF-8 does, so that decoding names its row.
pub(super) fn contains(name: &[u8], word: &[u8]) -> bool {
    if name.is_ascii() {
        return ascii_contains(name, word);
    }
    match (std::str::from_utf8(name), std::str::from_utf8(word)) {
        (Ok(name), Ok(word)) => fold(name).collect::<String>().contains(word),
        _ => true,
    }
}

fn ascii_contains(name: &[u8], word: &[u8]) -> bool {
    let Some((first, rest)) = word.split_first() else {
        return true;
    };
    name.len() >= word.len()
        && (0..=name.len() - word.len()).any(|start| {
            name[start].eq_ignore_ascii_case(first)
                && name[start + 1..][..rest.len()].eq_ignore_ascii_case(rest)
        })
}
