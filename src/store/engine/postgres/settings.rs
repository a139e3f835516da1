//! The settings of a connection, from the URLs and environment variables [of libpq].
//!
//! Messages never show a password, nor text that may be part of one.
//!
//! [of libpq]: https://www.postgresql.org/docs/current/libpq-connect.html

use std::cell::LazyCell;
use std::ffi::OsString;
use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::time::Duration;

use nix::unistd::{Uid, User};
use tokio_postgres::Config;

use super::host::{DEFAULT_PORT, Host, hosts};
use super::parameters::{Encoded, Parameters, REFUSED};
use super::password_file::{Found, PasswordFile};
use super::search_path::Asked;
use super::target::{TARGETS, Target};
use super::tls::{Roots, SslMode};
use crate::failure::Failure;
use crate::store::schema::native::NAMESPACE;
use crate::store::sql::Quoted;

/// The time that a host has for the login. libpq has no limit, and a cron job would hang.
const DEFAULT_LIMIT: Duration = Duration::from_secs(10);

const SSL_MODES: &[(&str, SslMode)] = &[
    ("disable", SslMode::Disable),
    ("prefer", SslMode::Prefer),
    ("require", SslMode::Require),
    ("verify-ca", SslMode::VerifyCa),
    ("verify-full", SslMode::VerifyFull),
];

/// The settings of a connection.
#[derive(Clone)]
pub struct Settings {
    pub(super) hosts: Vec<Host>,
    pub(super) user: String,
    pub(super) database: String,
    pub(super) password: Option<String>,
    pub(super) password_file: Option<PasswordFile>,
    pub(super) ssl_mode: SslMode,
    pub(super) roots: Roots,
    pub(super) targets: &'static [Target],
    /// The time that each address of a host has for the login. `None` for no limit.
    pub(super) limit: Option<Duration>,
    /// Where the application's tables are, if the client says so.
    pub(super) search_path: Option<Asked>,
    /// The parameters that the driver gets for every host, without a password.
    pub(super) config: Config,
}

impl Settings {
    /// Reads a `postgres://` or `postgresql://` URL as libpq does, and libpq's environment
    /// variables for what the URL does not give. Empty variables count as unset. Without a
    /// host, the socket in `/var/run/postgresql` (Debian's default) is used, or else the one
    /// in `/tmp` (PostgreSQL's own default).
    ///
    /// Stricter than libpq: `sslmode=allow` and service files are refused, and every `@`
    /// except the one before the host must be written `%40`, since it may belong to a
    /// password that is not percent-encoded.
    ///
    /// # Errors
    ///
    /// A usage failure. It names the parameter at fault, but never its value.
    pub fn new(url: &str, environment: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, Failure> {
        let environment = |name: &str| environment(name).filter(|value| !value.is_empty());
        if let Some((name, but)) = REFUSED.iter().find(|(name, _)| environment(name).is_some()) {
            return Err(Failure::usage(format!("{name} is set, but {but}"))
                .hint(format!("unset {name}, and give what is needed in the URL")));
        }
        let mut given = Parameters::default();
        given.read_url(url)?;
        given.read_environment(&environment)?;

        let me = LazyCell::new(|| User::from_uid(Uid::effective()).ok().flatten());
        let home = || {
            let home = environment("HOME").map(PathBuf::from);
            home.or_else(|| me.as_ref().map(|me| me.dir.clone()))
        };
        let user = given.text("user").or_else(|| me.as_ref().map(|me| &*me.name));
        let user = user.ok_or_else(|| {
            Failure::usage(format!(
                "no user is given, and uid {} has no user name",
                Uid::effective()
            ))
            .hint("give a user in the URL, or set PGUSER")
        })?;
        let database = given.text("dbname").unwrap_or(user);

        let in_home = |name| home().map(|home| home.join(name));
        let password_file = match given.text("passfile") {
            Some(path) => Some(PasswordFile { path: path.into(), is_named: true }),
            None => in_home(".pgpass").map(|path| PasswordFile { path, is_named: false }),
        };
        let roots = match given.text("sslrootcert") {
            Some("system") => Roots::System,
            Some(path) => Roots::File(path.into()),
            None => Roots::Default(in_home(".postgresql/root.crt")),
        };
        let limit = match given.number("connect_timeout")? {
            None => Some(DEFAULT_LIMIT),
            Some(0) => None,
            Some(limit) => Some(Duration::from_secs(limit.into())),
        };
        Ok(Self {
            hosts: hosts(&given)?,
            user: user.into(),
            database: database.into(),
            password: given.text("password").map(Into::into),
            password_file,
            ssl_mode: ssl_mode(&given, &roots)?,
            roots,
            targets: given.one_of("target_session_attrs", TARGETS)?.unwrap_or(&[Target::Any]),
            limit,
            search_path: Asked::of(&given),
            config: config(&given, user, database),
        })
    }

    /// The password for a host, and what to tell about the password file.
    pub(super) fn password(&self, host: &Host) -> Found {
        match (&self.password, &self.password_file) {
            (Some(password), _) => Found { password: Some(password.clone().into()), note: None },
            (None, Some(file)) => {
                let login =
                    [host.in_password_file(), &host.port.to_string(), &self.database, &self.user];
                file.look_up(login)
            }
            (None, None) => Found::default(),
        }
    }
}

/// The value of `sslmode`, whose default depends on the trusted roots.
fn ssl_mode(given: &Parameters, roots: &Roots) -> Result<SslMode, Failure> {
    if given.text("sslmode") == Some("allow") {
        let problem = "is 'allow', which uses no encryption if the server accepts that";
        return Err(given.malformed("sslmode", problem).hint("give prefer or require"));
    }
    match (given.one_of("sslmode", SSL_MODES)?, roots) {
        // As in libpq: anybody can get a certificate from a public CA for some host.
        (None | Some(SslMode::VerifyFull), Roots::System) => Ok(SslMode::VerifyFull),
        (Some(_), Roots::System) => {
            Err(given.malformed("sslmode", "must be verify-full with sslrootcert=system"))
        }
        (mode, _) => Ok(mode.unwrap_or(SslMode::Prefer)),
    }
}

/// The parameters that the driver gets for every host. There are no others, since PgBouncer
/// refuses logins with parameters that it does not know; `options` may need its setting
/// `ignore_startup_parameters`.
fn config(given: &Parameters, user: &str, database: &str) -> Config {
    let mut config = Config::new();
    config.user(user).dbname(database);
    config.application_name(given.text("application_name").unwrap_or("tokenctl"));
    if let Some(options) = given.text("options") {
        config.options(options);
    }
    config
}

/// A URL of the same database, without the password and without parameters.
impl Settings {
    /// The schema in which a new store is made, as it stands in statements.
    #[must_use]
    pub fn new_schema(&self) -> Quoted {
        let asked = self.search_path.as_ref();
        let name = asked.and_then(|it| it.path.schemas(&self.user).next());
        Quoted::name(name.map_or(NAMESPACE, |(name, _)| name))
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}@", Encoded(&self.user))?;
        for (place, host) in self.hosts.iter().enumerate() {
            let name = &*host.name;
            f.write_str(if place == 0 { "" } else { "," })?;
            if name.parse::<Ipv6Addr>().is_ok() {
                write!(f, "[{name}]")?;
            } else {
                Encoded(name).fmt(f)?;
            }
            if !name.is_empty() || host.port != DEFAULT_PORT {
                write!(f, ":{}", host.port)?;
            }
        }
        write!(f, "/{}", Encoded(&self.database))
    }
}

#[cfg(test)]
mod tests;
