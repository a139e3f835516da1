//! To which server a URL leads, and as whom: [what libpq reads] of a URL and of the
//! environment.
//!
//! A password is never shown, nor anything that might be a part of one.
//!
//! [what libpq reads]: https://www.postgresql.org/docs/current/libpq-connect.html

use std::cell::LazyCell;
use std::ffi::OsString;
use std::fmt::{self, Write};
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::{Uid, User};
use postgres::Config;

use super::parameters::{Parameters, REFUSED, TARGETS};
use super::password_file::{Found, PasswordFile};
use super::tls::{Roots, SslMode};
use crate::failure::Failure;

pub const DEFAULT_PORT: u16 = 5432;

/// Where the socket is looked for when no host is named. The first is Debian's,
/// the second PostgreSQL's own.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// How long a host may take to let us in. libpq would wait for ever, and a cron job
/// with it.
const DEFAULT_LIMIT: Duration = Duration::from_secs(10);

/// How to connect to a database.
pub struct Settings {
    pub(super) hosts: Vec<Host>,
    pub(super) user: String,
    pub(super) database: String,
    pub(super) password: Option<String>,
    pub(super) password_file: Option<PasswordFile>,
    pub(super) ssl_mode: SslMode,
    pub(super) roots: Roots,
    pub(super) targets: &'static [Target],
    /// `None`: no limit.
    pub(super) limit: Option<Duration>,
    /// What the driver is told for every host. There is no password in it.
    pub(super) config: Config,
}

impl Settings {
    /// Reads a `postgres://` or `postgresql://` URL as libpq does, and where it says
    /// nothing, libpq's variables. An empty variable counts as unset. Without a host
    /// it is the socket in `/var/run/postgresql`, where Debian has it, or else the one
    /// in `/tmp`, where PostgreSQL itself puts it.
    ///
    /// It differs from libpq where that is safer: `sslmode=allow` and service files
    /// are refused, and every `@` but the one before the host must be written `%40`,
    /// since it may belong to a password that is not percent-encoded.
    ///
    /// # Errors
    ///
    /// A usage failure, which names a parameter but never its value.
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
            Failure::usage(format!("no user is named, and uid {} has no name", Uid::effective()))
                .hint("name one in the URL, or set PGUSER")
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
            hosts: given.hosts()?,
            user: user.into(),
            database: database.into(),
            password: given.text("password").map(Into::into),
            password_file,
            ssl_mode: given.ssl_mode(&roots)?,
            roots,
            targets: given.one_of("target_session_attrs", TARGETS)?.unwrap_or(&[Target::Any]),
            limit,
            config: given.config(user, database),
        })
    }

    /// The password for a host, if there is one.
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

/// A URL that leads to the same database, without the password and the parameters.
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

/// Text as a URL takes it.
struct Encoded<'a>(&'a str);

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| {
            if character.is_alphanumeric() || "-._~".contains(character) {
                return f.write_char(character);
            }
            let mut bytes = [0; 4];
            let bytes = character.encode_utf8(&mut bytes).bytes();
            bytes.into_iter().try_for_each(|byte| write!(f, "%{byte:02X}"))
        })
    }
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// A name or address, or the folder of a socket. Empty: where that usually is.
    pub name: String,
    pub port: u16,
}

impl Host {
    #[must_use]
    pub fn is_socket(&self) -> bool {
        self.name.is_empty() || self.name.starts_with('/')
    }

    /// The folder of the socket, if the host is one.
    #[must_use]
    pub fn socket_folder(&self) -> Option<&Path> {
        if !self.is_socket() {
            return None;
        }
        if !self.name.is_empty() {
            return Some(Path::new(&self.name));
        }
        let socket = format!(".s.PGSQL.{}", self.port);
        let mut folders = SOCKET_FOLDERS.iter().map(Path::new);
        folders.find(|it| it.join(&socket).exists()).or(Some(Path::new(SOCKET_FOLDERS[0])))
    }

    /// The name that the [password file] has: `localhost` for the socket where libpq
    /// looks for it.
    ///
    /// [password file]: https://www.postgresql.org/docs/current/libpq-pgpass.html
    fn in_password_file(&self) -> &str {
        match &*self.name {
            "" => "localhost",
            name if name == SOCKET_FOLDERS[0] => "localhost",
            name => name,
        }
    }
}

/// As messages name it.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, port } = self;
        match self.socket_folder() {
            Some(folder) => write!(f, "{}/.s.PGSQL.{port}", folder.display()),
            None if name.contains(':') => write!(f, "[{name}]:{port}"),
            None => write!(f, "{name}:{port}"),
        }
    }
}

/// What is asked of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Any,
    ReadWrite,
    Primary,
    Standby,
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::super::parameters::PARAMETERS;
    use super::*;

    const SECRET: &str = "Tr0ub4dor";

    fn settings(url: &str, variables: &[(&str, &str)]) -> Result<Settings, Failure> {
        let mut environment = HashMap::from([("HOME", "/home/ops"), ("PGUSER", "ops")]);
        environment.extend(variables.iter().copied());
        Settings::new(url, &|name| environment.get(name).map(Into::into))
    }

    fn read(url: &str) -> Settings {
        settings(url, &[]).unwrap()
    }

    /// What it becomes, in the form that messages show.
    fn shown(url: &str, variables: &[(&str, &str)]) -> String {
        settings(url, variables).unwrap().to_string()
    }

    fn refused(url: &str, variables: &[(&str, &str)]) -> String {
        let failure = settings(url, variables).err().unwrap_or_else(|| panic!("{url} is taken"));
        assert!(format!("{failure:?}").contains("kind: Usage"), "{failure:?}");
        failure.to_string()
    }

    #[test]
    fn urls_are_read() {
        let cases = [
            ("postgres://", "postgres://ops@/ops"),
            ("postgresql:///gitlab", "postgres://ops@/gitlab"),
            ("postgres://root@/gitlabhq_production", "postgres://root@/gitlabhq_production"),
            ("postgres://db1/gitlab", "postgres://ops@db1:5432/gitlab"),
            ("postgres://:5433/gitlab", "postgres://ops@:5433/gitlab"),
            ("postgres://a:b@db1:5433,db2/x", "postgres://a@db1:5433,db2:5432/x"),
            (
                "postgres://a@[::1]:5433,[2001:db8::7]/x",
                "postgres://a@[::1]:5433,[2001:db8::7]:5432/x",
            ),
            ("postgres://%2Ftmp:5433/x", "postgres://ops@%2Ftmp:5433/x"),
            ("postgres:///x?host=/tmp&port=5433", "postgres://ops@%2Ftmp:5433/x"),
            ("postgres://db1/x?host=db2,db3&port=1", "postgres://ops@db2:1,db3:1/x"),
            ("postgres://u%40corp:p%3Aw@db1/d%2Fb", "postgres://u%40corp@db1:5432/d%2Fb"),
            ("postgres://db1?dbname=x&user=y", "postgres://y@db1:5432/x"),
            ("postgres://@db1:/?", "postgres://ops@db1:5432/ops"),
        ];
        for (url, expected) in cases {
            assert_eq!(shown(url, &[]), expected, "{url}");
        }
    }

    #[test]
    fn the_url_beats_the_environment() {
        let environment = [
            ("PGHOST", "db9"),
            ("PGPORT", "5439"),
            ("PGDATABASE", "other"),
            ("PGUSER", "somebody"),
            ("PGPASSWORD", "from the environment"),
            ("PGSSLMODE", "verify-full"),
        ];
        assert_eq!(shown("postgres://", &environment), "postgres://somebody@db9:5439/other");
        assert_eq!(shown("postgres://db1", &environment), "postgres://somebody@db1:5439/other");
        // As libpq has it: a list of hosts without ports is a list of empty ports.
        assert_eq!(
            shown("postgres://a,b", &environment),
            "postgres://somebody@a:5432,b:5432/other"
        );
        let it = settings("postgres://me:mine@db1:1/x?sslmode=disable", &environment).unwrap();
        assert_eq!(it.to_string(), "postgres://me@db1:1/x");
        assert_eq!(it.password.as_deref(), Some("mine"));
        assert_eq!(it.ssl_mode, SslMode::Disable);
        let it = settings("postgres://", &environment).unwrap();
        assert_eq!(it.password.as_deref(), Some("from the environment"));
        assert_eq!(it.ssl_mode, SslMode::VerifyFull);
    }

    #[test]
    fn empty_variables_count_as_unset() {
        let names = PARAMETERS.iter().map(|(_, variable)| *variable);
        let names = names.chain(REFUSED.iter().map(|(variable, _)| *variable));
        let empty: Vec<_> = names.filter(|&name| name != "PGUSER").map(|name| (name, "")).collect();
        assert_eq!(shown("postgres://", &empty), "postgres://ops@/ops");
    }

    #[test]
    fn defaults_are_sane() {
        let it = read("postgres://db1/x");
        assert_eq!(it.limit, Some(Duration::from_secs(10)));
        assert_eq!(it.ssl_mode, SslMode::Prefer);
        assert_eq!(it.targets, [Target::Any]);
        assert_eq!(it.config.get_application_name(), Some("tokenctl"));
        assert_eq!(it.config.get_options(), None);
        assert_eq!(it.roots, Roots::Default(Some("/home/ops/.postgresql/root.crt".into())));
        let file = PasswordFile { path: "/home/ops/.pgpass".into(), is_named: false };
        assert_eq!(it.password_file, Some(file));
    }

    #[test]
    fn parameters_are_read() {
        let it = read(
            "postgres://db1/x?connect_timeout=0&application_name=a%20b&options=-c%20geqo%3Doff\
             &sslmode=require\
             &target_session_attrs=prefer-standby&passfile=/p&sslrootcert=/r",
        );
        assert_eq!(it.limit, None);
        assert_eq!(it.config.get_application_name(), Some("a b"));
        assert_eq!(it.config.get_options(), Some("-c geqo=off"));
        assert_eq!(it.ssl_mode, SslMode::Require);
        assert_eq!(it.targets, [Target::Standby, Target::Any]);
        assert_eq!(it.password_file, Some(PasswordFile { path: "/p".into(), is_named: true }));
        assert_eq!(it.roots, Roots::File("/r".into()));
        assert_eq!(read("postgres://db1?sslrootcert=system").ssl_mode, SslMode::VerifyFull);
    }

    #[test]
    fn what_is_wrong_is_named_without_its_value() {
        let cases = [
            ("mysql://db1/x", "it is no postgres:// URL"),
            ("postgres://db1/x?sslcert=secret", "the URL's parameter 'sslcert' is not supported"),
            ("postgres:///x?hostaddr=::1", "the URL's parameter 'hostaddr' is not supported"),
            ("postgres://db1/x?secret", "a parameter of the URL has no '='"),
            ("postgres://db1:secret/x", "the URL's port is not from 1 to 65535"),
            ("postgres://db1:0/x", "the URL's port is not from 1 to 65535"),
            ("postgres://db1:65536/x", "the URL's port is not from 1 to 65535"),
            (
                "postgres://db1,db2/x?port=1,2,3",
                "the URL's port must have one entry, or one for each host",
            ),
            ("postgres://[::1/x", "a host of the URL is malformed"),
            ("postgres://[::1]5432/x", "a host of the URL is malformed"),
            ("postgres://[]/x", "a host of the URL is malformed"),
            ("postgres://ops:100%@db1/x", "the URL's password is not percent-encoded text"),
            ("postgres://ops:%zz@db1/x", "the URL's password is not percent-encoded text"),
            ("postgres://ops:%00@db1/x", "the URL's password is not percent-encoded text"),
            ("postgres://o%FF@db1/x", "the URL's user is not percent-encoded text"),
            (
                "postgres://db1/x?sslmode=",
                "the URL's sslmode is not one of disable, prefer, require, verify-ca, verify-full",
            ),
            (
                "postgres://db1/x?sslmode=allow",
                "the URL's sslmode is 'allow', which gives up encryption wherever a server likes that",
            ),
            (
                "postgres://db1/x?sslmode=require&sslrootcert=system",
                "the URL's sslmode must be verify-full with sslrootcert=system",
            ),
            ("postgres://db1/x?connect_timeout=10s", "the URL's connect_timeout is not a number"),
            (
                "postgres://db1/x?target_session_attrs=master",
                "the URL's target_session_attrs is not one of any, read-write, primary, standby, prefer-standby",
            ),
        ];
        for (url, expected) in cases {
            assert_eq!(refused(url, &[]), expected, "{url}");
        }
        assert_eq!(refused("postgres://", &[("PGPORT", "x")]), "PGPORT is not from 1 to 65535");
        assert_eq!(
            refused("postgres://", &[("PGSERVICE", "prod")]),
            "PGSERVICE is set, but service files are not read"
        );
    }

    #[test]
    fn the_password_file_knows_the_usual_socket_as_localhost() {
        let name = |url| read(url).hosts[0].in_password_file().to_owned();
        assert_eq!(name("postgres:///x"), "localhost");
        assert_eq!(name("postgres:///x?host=/var/run/postgresql"), "localhost");
        assert_eq!(name("postgres:///x?host=/tmp"), "/tmp");
        assert_eq!(name("postgres://db1/x"), "db1");
    }

    #[test]
    fn a_password_that_is_not_encoded_is_refused_rather_than_shown() {
        for password in
            ["Tr0ub4@dor", "1/Tr0ub4dor", "1?Tr0ub4dor=1", "@/?Tr0ub4dor", "a/@Tr0ub4dor"]
        {
            let url = format!("postgres://ops:{password}@db1/x");
            let message = refused(&url, &[]);
            assert!(!message.contains("Tr0ub4"), "{message}");
        }
    }

    proptest! {
        #[test]
        fn no_url_is_too_strange(url in "(postgres://)?[a-z0-9:@/?&=,%\\[\\].\\PC]{0,40}") {
            if let Ok(it) = settings(&url, &[]) {
                let again = read(&it.to_string());
                prop_assert_eq!(again.to_string(), it.to_string());
                prop_assert_eq!(again.user, it.user);
                prop_assert_eq!(again.database, it.database);
            }
        }

        #[test]
        fn no_message_holds_the_password(
            before in "[a-z0-9:@/?&=,%\\[\\]]{0,6}",
            after in "[a-z0-9:@/?&=,%\\[\\]]{0,6}",
            rest in "@[a-z0-9:,/?&=]{0,20}",
        ) {
            let url = format!("postgres://ops:{before}{SECRET}{after}{rest}");
            let (said, driver) = match settings(&url, &[]) {
                Ok(it) => (it.to_string(), format!("{:?}", it.config)),
                Err(failure) => (format!("{failure:?}"), String::new()),
            };
            prop_assert!(!said.contains(SECRET), "{url}: {said}");
            prop_assert!(!driver.contains(SECRET), "{url}: {driver}");
        }

        #[test]
        fn whatever_is_encoded_is_read_back(
            user in "[^\0]{1,8}", password in "[^\0]{1,8}", database in "[^\0]{1,8}",
        ) {
            let [user, password, database] = [user, password, database];
            let url = format!(
                "postgres://{}:{}@db1/{}", Encoded(&user), Encoded(&password), Encoded(&database)
            );
            let it = read(&url);
            prop_assert_eq!(it.password, Some(password));
            prop_assert_eq!((it.user, it.database), (user, database));
        }
    }
}
