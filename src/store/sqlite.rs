//! SQLite: opening a file with care, and decoding its values.

use std::fs::{File, Metadata};
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use rusqlite::ffi::{
    SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY, SQLITE_READONLY_CANTINIT,
    SQLITE_READONLY_DIRECTORY, SQLITE_READONLY_ROLLBACK,
};
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};

use super::guard::{self, Identity, OsUser};
use super::schema::native::{APPLICATION_ID, MIGRATIONS, NATIVE};
use super::schema::{Schema, TimeForm};
use crate::failure::{Failure, Kind};
use crate::model::time::{Expiry, Timestamp, date_from_stored};
use crate::model::token::{TokenId, fold};

/// Whether a run writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Read,
    Write,
}

/// How a store is opened.
pub struct Opening<'a> {
    pub mode: Mode,
    pub busy_timeout: Duration,
    /// Whether the file may belong to another user.
    pub foreign_owner: bool,
    /// The command line of this run, for another user to give.
    pub command_as: &'a dyn Fn(&OsUser) -> String,
}

/// Opens a store that exists, and checks that it is one before the first
/// statement reads it.
///
/// The journal mode, the synchronous setting and the schema are left alone.
///
/// # Errors
///
/// When there is no such file, it is no store, or its schema is a newer one.
pub fn open(path: &Path, how: &Opening<'_>) -> Result<(Connection, Identity, &'static Schema)> {
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
            guard::foreign_beside(path).map_or(error, Into::into)
        }
        _ => error,
    }
}

fn open_checked(path: &Path, how: &Opening<'_>) -> Result<(Connection, Identity, &'static Schema)> {
    let file = path.canonicalize().map_err(|error| missing(path, error))?;
    let became = if how.foreign_owner { None } else { guard::become_owner(&file, how.command_as)? };
    let looked = look_at(&file);
    let (metadata, journal) = match became {
        // Who began as root wonders what he may not read.
        Some(owner) => looked.with_context(|| format!("as its owner, {owner}"))?,
        None => looked?,
    };
    if !how.foreign_owner && (how.mode == Mode::Write || journal == Journal::Wal) {
        guard::refuse_foreign(&metadata, how.command_as)?;
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

    let schema = recognise(&connection)?;
    // SQLite opens what it may not write for reading only, and says so later.
    if how.mode == Mode::Write && connection.is_readonly(c"main")? {
        return Err(failed("no permission to write to the file").into());
    }
    add_functions(&connection)?;
    Ok((connection, Identity::new([path, &file], &metadata), schema))
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
enum Journal {
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
fn look_at(path: &Path) -> Result<(Metadata, Journal)> {
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
    Ok((metadata, if is_wal { Journal::Wal } else { Journal::Rollback }))
}

/// What every SQLite file begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Which schema the database has.
fn recognise(connection: &Connection) -> Result<&'static Schema> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));

    let application_id = pragma("application_id")?;
    if application_id != APPLICATION_ID {
        return Err(failed("it is another program's database, not a tokenctl store").into());
    }
    let version = usize::try_from(pragma("user_version")?).unwrap_or(0);
    let newest = MIGRATIONS.len();
    if version > newest {
        return Err(failed(format!(
            "its schema has version {version}, made by a newer tokenctl; this one knows {newest}"
        ))
        .hint("upgrade tokenctl")
        .into());
    }
    if version < newest {
        return Err(failed(format!(
            "its schema has version {version}; this tokenctl works with {newest}"
        ))
        .into());
    }

    let mut columns = connection.prepare("SELECT name FROM pragma_table_xinfo(?1)")?;
    for &(table, expected) in NATIVE.tables {
        let found: Vec<String> =
            columns.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for column in expected {
            if !found.iter().any(|name| name.eq_ignore_ascii_case(column)) {
                return Err(failed(format!(
                    "its schema is incomplete: there is no column {column} in table {table}"
                ))
                .into());
            }
        }
    }
    Ok(&NATIVE)
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
    connection.create_scalar_function(c"tokenctl_has_scope", 2, flags, |context| {
        // The list that is asked for is the same for every row.
        let wanted = context.get_or_create_aux(1, |value| {
            anyhow::Ok(serde_json::from_str::<Vec<String>>(value.as_str()?)?)
        })?;
        let ValueRef::Text(text) = context.get_raw(0) else { return Ok(None) };
        Ok(scopes(text).map(|scopes| scopes.iter().any(|scope| wanted.contains(scope))))
    })?;
    Ok(())
}

/// Reads the one form of scopes that stores hold, a JSON array of strings.
fn scopes(text: &[u8]) -> Option<Vec<String>> {
    serde_json::from_slice(text).ok()
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

/// Reads the values of a row in the order of its select list. A value that is
/// not of the form that the schema promises is an error that names its column.
#[derive(Debug)]
pub struct Decoder<'r> {
    row: &'r Row<'r>,
    next: usize,
}

impl<'r> Decoder<'r> {
    #[must_use]
    pub fn new(row: &'r Row<'r>) -> Self {
        Self { row, next: 0 }
    }

    fn value(&mut self) -> Result<ValueRef<'r>, String> {
        let value = self.row.get_ref(self.next).map_err(|error| error.to_string())?;
        self.next += 1;
        Ok(value)
    }

    /// What is wrong with the value that was read last.
    fn problem(&self, expected: &str) -> String {
        let column = self.row.as_ref().column_name(self.next - 1).unwrap_or("a column");
        let column = column.rsplit('.').next().unwrap_or(column);
        format!("{column} is not {expected}")
    }

    fn required<V>(&self, value: Option<V>, expected: &str) -> Result<V, String> {
        value.ok_or_else(|| self.problem(expected))
    }

    pub fn token_id(&mut self) -> Result<TokenId, String> {
        self.integer().map(TokenId)
    }

    pub fn optional_integer(&mut self) -> Result<Option<i64>, String> {
        match self.value()? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(value) => Ok(Some(value)),
            _ => Err(self.problem("an integer")),
        }
    }

    pub fn integer(&mut self) -> Result<i64, String> {
        let value = self.optional_integer()?;
        self.required(value, "an integer")
    }

    pub fn boolean(&mut self) -> Result<bool, String> {
        match self.value()? {
            ValueRef::Integer(0) => Ok(false),
            ValueRef::Integer(1) => Ok(true),
            _ => Err(self.problem("0 or 1")),
        }
    }

    fn optional_str(&mut self) -> Result<Option<&'r str>, String> {
        match self.value()? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(text) => match std::str::from_utf8(text) {
                Ok(text) => Ok(Some(text)),
                Err(_) => Err(self.problem("UTF-8 text")),
            },
            _ => Err(self.problem("text")),
        }
    }

    pub fn optional_text(&mut self) -> Result<Option<String>, String> {
        Ok(self.optional_str()?.map(Into::into))
    }

    pub fn text(&mut self) -> Result<String, String> {
        let text = self.optional_text()?;
        self.required(text, "text")
    }

    pub fn scopes(&mut self) -> Result<Vec<String>, String> {
        let text = self.optional_str()?;
        let scopes = text.and_then(|text| scopes(text.as_bytes()));
        self.required(scopes, "a JSON array of strings")
    }

    pub fn optional_timestamp(&mut self) -> Result<Option<Timestamp>, String> {
        let Some(text) = self.optional_str()? else {
            return Ok(None);
        };
        self.required(Timestamp::from_stored(text), "a time").map(Some)
    }

    pub fn timestamp(&mut self) -> Result<Timestamp, String> {
        let timestamp = self.optional_timestamp()?;
        self.required(timestamp, "a time")
    }

    pub fn expiry(&mut self, form: TimeForm) -> Result<Option<Expiry>, String> {
        match form {
            TimeForm::Timestamp => Ok(self.optional_timestamp()?.map(Expiry::Instant)),
            TimeForm::Date => {
                let Some(text) = self.optional_str()? else {
                    return Ok(None);
                };
                let date = self.required(date_from_stored(text), "a date")?;
                Ok(Some(Expiry::Date(date)))
            }
        }
    }

    /// One of the named values, or NULL.
    pub fn one_of<V, const N: usize>(
        &mut self,
        values: [(&str, V); N],
    ) -> Result<Option<V>, String> {
        let Some(text) = self.optional_str()? else {
            return Ok(None);
        };
        let value = values.into_iter().find(|(name, _)| *name == text);
        self.required(value.map(|(_, value)| value), "a known value").map(Some)
    }
}
