//! Finds the store to work on, from --db or the environment. Refuses a password on the
//! command line, and never repeats one.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::environment::{VARIABLE_DB, variable};
use crate::failure::Failure;
use crate::store::{Location, Settings};

/// A store as the user named it.
pub struct StoreName {
    /// The flag or variable that it came from.
    source: &'static str,
    db: OsString,
}

/// What a name means.
#[derive(Debug, PartialEq, Eq)]
enum Meaning<'n> {
    File(&'n OsStr),
    /// A `postgres://` URL.
    Server(String),
    /// Why it is no store.
    Nothing(&'static str),
}

const FORMS: [&str; 2] = [
    "a store is the path of a SQLite file (./NAME for any name), sqlite:PATH, or \
     postgres://[USER@]HOST[:PORT]/DATABASE",
    "SQLAlchemy's sqlite:///PATH (relative), sqlite:////PATH (absolute) and \
     postgresql+DRIVER://… are understood too",
];

impl StoreName {
    /// Returns the name from the command line, or else from the environment.
    pub fn find(flag: Option<OsString>) -> Result<Option<Self>, Failure> {
        let Some(db) = flag else {
            return Ok(variable(VARIABLE_DB).map(|db| Self { source: VARIABLE_DB, db }));
        };
        let hint = "set TOKENCTL_DB instead, or leave it out and set PGPASSWORD";
        Self::of_argument("--db <STORE>", db).map_err(|it| it.hint(hint)).map(Some)
    }

    /// Returns the name that an argument gives, which has no password.
    pub fn of_argument(source: &'static str, db: OsString) -> Result<Self, Failure> {
        if let Meaning::Server(url) = meaning(&db)
            && holds_password(&url)
        {
            let name = source.split(" <").next().unwrap_or(source);
            let message = format!("a password inside {name} is shown by ps to every user");
            return Err(Failure::usage(message));
        }
        Ok(Self { source, db })
    }

    /// Returns the name if it came from the environment.
    pub fn of_environment(&self) -> Option<&OsStr> {
        (self.source == VARIABLE_DB).then_some(&self.db)
    }

    /// Parses the name.
    pub fn location(&self) -> Result<Location, Failure> {
        match meaning(&self.db) {
            Meaning::File(path) => Ok(Location::File(path.into())),
            Meaning::Server(url) => Settings::new(&url, &variable)
                .map(|it| Location::Server(it.into()))
                .map_err(|problem| problem.of(self.source)),
            Meaning::Nothing(problem) => {
                let shown = without_secrets(&self.db.to_string_lossy());
                let failure = Failure::value(self.source, shown, problem);
                Err(FORMS.into_iter().fold(failure, Failure::hint))
            }
        }
    }
}

/// Tells a path from a URL. Works on bytes: a path need not be UTF-8.
fn meaning(db: &OsStr) -> Meaning<'_> {
    let name = db.as_bytes();
    let at = name.windows(3).position(|it| it == b"://").filter(|_| !is_plain_path(name));
    if let Some(path) = name.strip_prefix(b"sqlite:").filter(|it| !it.starts_with(b"//")) {
        let is_url = at.is_some() && !is_plain_path(path);
        return if is_url { Meaning::Nothing(UNKNOWN) } else { file(path) };
    }
    let Some(at) = at else { return file(name) };
    let (scheme, rest) = (String::from_utf8_lossy(&name[..at]), &name[at + 3..]);
    // SQLAlchemy names a driver too.
    let (scheme, _driver) = scheme.split_once('+').unwrap_or((&scheme, ""));
    match scheme.to_ascii_lowercase().as_str() {
        "postgres" | "postgresql" => {
            Meaning::Server(format!("{scheme}://{}", String::from_utf8_lossy(rest)))
        }
        "sqlite" => match rest.split(|&it| it == b'?').next() {
            // What stands behind the path is for the driver.
            Some([b'/', path @ ..]) if !path.is_empty() => file(path),
            Some([] | [b'/']) | None => Meaning::Nothing(IN_MEMORY),
            Some(_) => Meaning::Nothing("a path has three slashes before it, four if absolute"),
        },
        _ => Meaning::Nothing(UNKNOWN),
    }
}

const UNKNOWN: &str = "it is no kind of store that is known";
const IN_MEMORY: &str = "an in-memory store is always empty";

/// Whether a name can be nothing but a path.
fn is_plain_path(name: &[u8]) -> bool {
    [&b"/"[..], b"./", b"../"].iter().any(|it| name.starts_with(it))
}

/// A name that is no URL: a path, unless it may be something else and there is no such file.
fn file(name: &[u8]) -> Meaning<'_> {
    let path = OsStr::from_bytes(name);
    let text = path.to_string_lossy();
    match &*text {
        _ if is_plain_path(name) => Meaning::File(path),
        "" => Meaning::Nothing("it names no file"),
        ":memory:" => Meaning::Nothing(IN_MEMORY),
        uri if uri.starts_with("file:") => {
            Meaning::Nothing("SQLite URIs are not supported; give the path alone")
        }
        other if holds_password(other) && Path::new(path).symlink_metadata().is_err() => {
            Meaning::Nothing("there is no such file, and it is no URL")
        }
        _ => Meaning::File(path),
    }
}

/// Whether a URL, or what may be meant for one, contains a password.
fn holds_password(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let rest = name.split_once("://").map_or(&*name, |(_, rest)| rest);
    // Splits at the last '@': a password may contain any character.
    let in_authority = rest.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    // libpq's keyword form: host=… password = …
    in_authority || rest.replace(' ', "").contains("password=")
}

/// What can be shown of a name that means nothing: whatever may be a password is left out,
/// wherever it is.
fn without_secrets(name: &str) -> String {
    let Some((scheme, rest)) = name.split_once("://") else {
        // A URI of SQLite may hold the key of an encrypted file.
        let uri = name.strip_prefix("sqlite:").unwrap_or(name);
        let is_uri = uri.starts_with("file:") && !name.contains("key") && !name.contains('@');
        return match until(name, ['@', ':', '=']) {
            _ if is_uri || !name.contains(['@', '=']) => name.into(),
            shown => format!("{shown}…"),
        };
    };
    let is_scheme = |it: char| it.is_ascii_alphanumeric() || "+-.".contains(it);
    let bare = scheme.trim_start();
    let bare = bare.strip_prefix("jdbc:").or(bare.strip_prefix("sqlite:")).unwrap_or(bare);
    let (login, place) = match rest.split_once('@') {
        None => (String::new(), rest),
        Some((login, place)) => match login.split_once(':') {
            None => (format!("{login}@"), place),
            Some((user, _)) => (format!("{user}:…@"), place),
        },
    };
    let shown = until(place, ['?', '#', ';']);
    let port = until(shown, ['/']).rsplit_once(':').map_or("", |(_, port)| port);
    // A second '@' may be a password's, and what is no number no port.
    let is_clear = rest.matches('@').count() < 2
        && !rest.split_once('@').is_some_and(|(it, _)| it.contains(['/', '?', '#', ';', '=']))
        && !rest.contains(' ')
        && port.bytes().all(|it| it.is_ascii_digit());
    match (bare.chars().all(is_scheme), is_clear) {
        (true, true) if shown == place => format!("{scheme}://{login}{shown}"),
        (true, true) => format!("{scheme}://{login}{shown}…"),
        (true, false) => format!("{scheme}://…"),
        (false, _) => "…".into(),
    }
}

/// The text before the first of these characters.
fn until<const N: usize>(text: &str, ends: [char; N]) -> &str {
    text.split(ends).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_path_or_a_url_as_sqlalchemy_has_it() {
        let file = |path: &'static str| Meaning::File(OsStr::new(path));
        let server = |url: &str| Meaning::Server(url.into());
        for (name, expected) in [
            ("store.db", file("store.db")),
            ("a:b.db", file("a:b.db")),
            ("./snap:daily@host.db", file("./snap:daily@host.db")),
            ("/srv/snap:daily@host.db", file("/srv/snap:daily@host.db")),
            ("../a://b", file("../a://b")),
            ("sqlite:store.db", file("store.db")),
            ("sqlite:/srv/store.db", file("/srv/store.db")),
            ("sqlite:./snap:daily@host.db", file("./snap:daily@host.db")),
            ("sqlite:./a://b", file("./a://b")),
            ("sqlite:///jupyterhub.sqlite", file("jupyterhub.sqlite")),
            ("sqlite:////srv/jupyterhub.sqlite", file("/srv/jupyterhub.sqlite")),
            ("sqlite:////srv/x.db?timeout=20", file("/srv/x.db")),
            ("sqlite+pysqlite:///./x.db", file("./x.db")),
            ("SQLite:///x.db", file("x.db")),
            ("sqlite:////srv/snap:daily@host.db", file("/srv/snap:daily@host.db")),
            ("postgres://h/d", server("postgres://h/d")),
            ("postgresql+psycopg2://u:pw@h/d?a=b", server("postgresql://u:pw@h/d?a=b")),
        ] {
            assert_eq!(meaning(OsStr::new(name)), expected, "{name}");
        }
        for name in [
            "",
            ":memory:",
            "sqlite:",
            "sqlite://",
            "sqlite:///",
            "sqlite:///:memory:",
            "sqlite:///file:x.db?uri=true",
            "sqlite://x.db",
            "sqlite:postgres://h/d",
            "mysql+pymysql://h/d",
            "jdbc:postgresql://h/d",
            "host=db password=x",
            "u:pw@h/d",
        ] {
            let meant = meaning(OsStr::new(name));
            assert!(matches!(meant, Meaning::Nothing(_)), "{name}: {meant:?}");
        }
    }

    #[test]
    fn a_name_is_shown_without_what_may_be_a_password() {
        for (name, shown) in [
            (":memory:", ":memory:"),
            ("file:x?mode=ro", "file:x?mode=ro"),
            ("file:x?key=pw", "file…"),
            ("file:x?mode=ro&hexkey=pw", "file…"),
            ("mysql://h:3306/db", "mysql://h:3306/db"),
            ("mysql+x://tokens/tokens", "mysql+x://tokens/tokens"),
            ("mysql://user:pw@h/db", "mysql://user:…@h/db"),
            ("mysql://user@h:1/db", "mysql://user@h:1/db"),
            ("mysql://user:p@w@h/db", "mysql://…"),
            ("mysql://user:p/w?x@h/db", "mysql://…"),
            ("mysql://user:pw", "mysql://…"),
            ("mysql://h:1/db?x=p@w", "mysql://…"),
            ("mysql://h/db?password=pw", "mysql://h/db…"),
            ("jdbc:mysql://h/db;password=pw", "jdbc:mysql://h/db…"),
            ("mysql://h/p@w", "mysql://…"),
            ("u:pw@h/db", "u…"),
            ("host=db password=pw", "host…"),
            ("u:pw@h://h", "…"),
            ("u:pw://h", "…"),
        ] {
            let masked = without_secrets(name);
            assert!(!masked.contains("pw") && !masked.contains("@w"), "{name}: {masked}");
            assert_eq!(masked, shown, "{name}");
        }
    }
}
