//! Finds the store to work on, from --db or the environment. Refuses a password on the
//! command line, and never repeats text that may contain one.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::environment::{VARIABLE_DB, variable};
use crate::failure::Failure;
use crate::store::{Location, Settings};

/// A store as the user named it.
pub struct StoreName {
    /// The flag or variable that it came from.
    source: &'static str,
    db: OsString,
}

impl StoreName {
    /// Returns the name from the command line, or else from the environment.
    pub fn find(flag: Option<OsString>) -> Result<Option<Self>, Failure> {
        if flag.as_deref().is_some_and(holds_password) {
            return Err(Failure::usage("a password inside --db is shown by ps to every user")
                .hint("set TOKENCTL_DB instead, or leave it out and set PGPASSWORD"));
        }
        Ok(match flag {
            Some(db) => Some(Self { source: "--db <STORE>", db }),
            None => variable(VARIABLE_DB).map(|db| Self { source: VARIABLE_DB, db }),
        })
    }

    /// Returns the name if it came from the environment.
    pub fn of_environment(&self) -> Option<&OsStr> {
        (self.source == VARIABLE_DB).then_some(&self.db)
    }

    /// Parses the name.
    pub fn location(&self) -> Result<Location, Failure> {
        let db = self.db.as_os_str();
        let text = db.to_string_lossy();
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        if let Some("postgres" | "postgresql") = scheme.as_deref() {
            let settings = Settings::new(&text, &variable);
            return settings
                .map(|it| Location::Server(it.into()))
                .map_err(|problem| problem.of(self.source));
        }
        if scheme.is_some() || holds_password(db) {
            // Does not repeat the name: it may contain a password.
            return Err(Failure::usage(format!("{} is not a known kind of store", self.source))
                .hint("give the path of a SQLite file, or postgres://HOST/DATABASE"));
        }
        // As bytes: a path need not be UTF-8.
        let path = db.as_bytes().strip_prefix(b"sqlite:").map_or(db, OsStr::from_bytes);
        let name = path.to_string_lossy();
        let problem = if name.is_empty() {
            "it names no file"
        } else if name == ":memory:" {
            "an in-memory store is always empty"
        } else if name.starts_with("file:") {
            "SQLite URIs are not supported; give the path alone"
        } else {
            return Ok(Location::File(path.into()));
        };
        Err(Failure::value(self.source, &text, problem))
    }
}

/// Whether the name of a store contains a password.
fn holds_password(db: &OsStr) -> bool {
    let db = db.to_string_lossy().to_ascii_lowercase();
    // Covers mistyped URLs. Splits at the last '@': a password may contain any character.
    let db = db.strip_prefix("sqlite:").unwrap_or(&db);
    let rest = db.split_once("://").map_or(db, |(_, rest)| rest);
    let in_authority = rest.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    // libpq's keyword form: host=… password = …
    in_authority || rest.replace(' ', "").contains("password=")
}
