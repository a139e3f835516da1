//! Which store is meant: what names it, and where it is. A password on the command line
//! is refused, and what may hold one is never repeated.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::environment::{VARIABLE_DB, variable};
use crate::failure::Failure;
use crate::store::{Location, Settings};

/// The name of a store.
pub struct StoreName {
    /// The flag or the variable that gives it.
    by: &'static str,
    db: OsString,
}

impl StoreName {
    /// Takes the name from the command line, or else from the environment.
    pub fn find(flag: Option<OsString>) -> Result<Option<Self>, Failure> {
        if flag.as_deref().is_some_and(holds_password) {
            return Err(Failure::usage("a password inside --db is shown by ps to every user")
                .hint("set TOKENCTL_DB instead, or leave it out and set PGPASSWORD"));
        }
        Ok(match flag {
            Some(db) => Some(Self { by: "--db <STORE>", db }),
            None => variable(VARIABLE_DB).map(|db| Self { by: VARIABLE_DB, db }),
        })
    }

    /// The name, if the environment gives it.
    pub fn of_environment(&self) -> Option<&OsStr> {
        (self.by == VARIABLE_DB).then_some(&self.db)
    }

    /// Where the store is.
    pub fn location(&self) -> Result<Location, Failure> {
        let db = self.db.as_os_str();
        let text = db.to_string_lossy();
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        if let Some("postgres" | "postgresql") = scheme.as_deref() {
            let settings = Settings::new(&text, &variable);
            return settings
                .map(|it| Location::Server(it.into()))
                .map_err(|problem| problem.of(self.by));
        }
        if scheme.is_some() || holds_password(db) {
            // Not repeated: there may be a password in it.
            return Err(Failure::usage(format!("{} names no store that is known", self.by))
                .hint("give the path of a SQLite file, or postgres://HOST/DATABASE"));
        }
        // As bytes: a path need not be UTF-8.
        let path = db.as_bytes().strip_prefix(b"sqlite:").map_or(db, OsStr::from_bytes);
        let name = path.to_string_lossy();
        let problem = if name.is_empty() {
            "it names no file"
        } else if name == ":memory:" {
            "a store in memory holds nothing to find"
        } else if name.starts_with("file:") {
            "SQLite's URIs are not taken; give the path alone"
        } else {
            return Ok(Location::File(path.into()));
        };
        Err(Failure::value(self.by, &text, problem))
    }
}

/// Whether a store is named with its password.
fn holds_password(db: &OsStr) -> bool {
    let db = db.to_string_lossy().to_ascii_lowercase();
    // Also of a URL that is mistyped. Wherever the user may end: a password may hold any
    // character.
    let db = db.strip_prefix("sqlite:").unwrap_or(&db);
    let rest = db.split_once("://").map_or(db, |(_, rest)| rest);
    let in_authority = rest.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    // The other form of libpq has it, too: host=… password = …
    in_authority || rest.replace(' ', "").contains("password=")
}
