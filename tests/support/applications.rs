//! Applications on loopback, each with a database of its own: a test has one make tokens
//! over its API, changes the database beneath it, and asks the API again.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::http::{self, Reply, encoded};
use super::postgres::{Cluster, Database};
use super::{tool, variable};

/// Where an application keeps its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A kind of token, which one application makes and takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    BetterAuth,
    DjangoKnox,
    DjangoOauthToolkit,
    Doorkeeper,
    DrfAuthtoken,
    Synapse,
    UnleashApi,
    UnleashPat,
}

/// A token as an application gave it out.
pub struct Issued {
    pub token: String,
    /// What makes another of it.
    pub refresh: Option<String>,
}

pub struct Application {
    supervisor: Child,
    process: i32,
    port: u16,
    folder: TempDir,
    /// Where it is not a file of the folder.
    database: Option<Database>,
    file: &'static str,
    /// When it was started, by the clock of files.
    pub started: DateTime<Utc>,
}

/// Every row of a database, by its table.
pub type Rows = BTreeMap<String, Vec<Map<String, Value>>>;

/// Ends what it started, by its id, when its standard input is closed: by the test, or by the
/// kernel when the test is killed. Only the application holds the pipe that it writes to, so
/// that whoever waits for its first line learns of its end.
const SUPERVISOR: &str = r#"
"$@" < /dev/null 2> log &
application=$!
echo $application
exec >&-
read -r _
kill -KILL $application 2> /dev/null
wait
cd / && rm -rf -- "$HOME"
"#;

/// What requests of most APIs are written in.
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// How long a busy machine may take to start one.
const PATIENCE: Duration = Duration::from_mins(2);

impl Application {
    /// A project with three kinds of tokens.
    pub fn django(engine: Engine) -> Option<Self> {
        let python = tool("django")?;
        let source = include_str!("applications/django_app.py");
        Self::start(engine, "django.sqlite3", &python, ("app.py", source), |_| ())
    }

    pub fn doorkeeper(engine: Engine) -> Option<Self> {
        let ruby = tool("doorkeeper")?;
        let source = include_str!("applications/doorkeeper_app.rb");
        Self::start(engine, "doorkeeper.sqlite3", &ruby, ("app.rb", source), |_| ())
    }

    pub fn better_auth(engine: Engine) -> Option<Self> {
        let modules = tool("better-auth")?;
        let source = include_str!("applications/better_auth.mjs");
        Self::start(engine, "better-auth.sqlite3", "node".as_ref(), ("app.mjs", source), |folder| {
            symlink(&modules, folder.join("node_modules")).expect("a link");
        })
    }

    /// A Matrix server with its users; as one that is started again, with the database of the
    /// one before.
    pub fn synapse(before: Option<&Self>) -> Option<Self> {
        let python = tool("synapse")?;
        let source = include_str!("applications/synapse_app.py");
        let file = "synapse.sqlite3";
        let started = Self::start(Engine::Sqlite, file, &python, ("app.py", source), |folder| {
            let Some(before) = before else { return };
            let copy = folder.join(file);
            before.file().execute("VACUUM INTO ?", [copy.to_str()]).expect("a copy");
        })?;
        if before.is_none() {
            for user in ["root", "olive", "sam"] {
                let password = format!("password of {user}");
                let auth = json!({ "type": "m.login.dummy" });
                let asked = json!({ "username": user, "password": password, "auth": auth });
                started.post("/_matrix/client/v3/register", None, &asked);
            }
            let root = "UPDATE users SET admin = 1 WHERE name = ?";
            let changed = started.file().execute(root, [Kind::Synapse.username("root")]);
            assert_eq!(changed, Ok(1));
        }
        Some(started)
    }

    /// With one user, the administrator `root`.
    pub fn unleash() -> Option<Self> {
        let modules = tool("unleash")?;
        let source = include_str!("applications/unleash_app.mjs");
        Self::start(Engine::Postgres, "", "node".as_ref(), ("app.mjs", source), |folder| {
            symlink(&modules, folder.join("node_modules")).expect("a link");
        })
    }

    /// A connection to its file, which waits for its writes.
    fn file(&self) -> Connection {
        let connection = Connection::open(self.db()).expect("the database opens");
        connection.busy_timeout(PATIENCE).expect("a connection");
        connection
    }

    /// Starts one and waits until it listens. Without its programs the test is passed over,
    /// unless `tests/run`, which installs them, runs it.
    fn start(
        engine: Engine,
        file: &'static str,
        program: &Path,
        (name, source): (&str, &str),
        prepare: impl FnOnce(&Path),
    ) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", SUPERVISOR, "sh"])
            .arg(program)
            .arg(name)
            .current_dir(folder.path())
            .env_clear()
            .env("HOME", folder.path())
            .env("PATH", variable("PATH"))
            .env("LC_ALL", "C.UTF-8");
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => {
                let cluster = Cluster::shared()?;
                let database = cluster.database("application", "");
                let user = ("PGUSER", "postgres".as_ref());
                let socket = ("PGHOST", cluster.socket().as_os_str());
                command.envs([user, socket, ("PGDATABASE", database.name.as_ref())]);
                Some(database)
            }
        };
        let path = folder.path().join(name);
        std::fs::write(&path, source).expect("a file");
        let written = std::fs::metadata(&path).and_then(|file| file.modified());
        let started = written.expect("a time").into();
        prepare(folder.path());
        // What stops the tests from the terminal is not to stop their end.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut supervisor = command.spawn().expect("a shell starts");
        let stdout = supervisor.stdout.take().expect("a pipe");
        let (sender, said) = mpsc::channel();
        thread::spawn(move || {
            // To the end, whether or not anybody listens: to write must never fail.
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                drop(sender.send(line));
            }
        });
        let said = || said.recv_timeout(PATIENCE).ok().and_then(|line| line.parse().ok());
        let process = said().expect("a process id");
        let mut application =
            Self { supervisor, process, port: 0, folder, database, file, started };
        let port = said().and_then(|port| port.try_into().ok());
        application.port = port.unwrap_or_else(|| panic!("no port: {}", application.log()));
        Some(application)
    }

    /// What `--db` takes.
    pub fn db(&self) -> String {
        match &self.database {
            Some(database) => database.url("postgres"),
            None => self.folder.path().join(self.file).to_str().expect("a path in UTF-8").into(),
        }
    }

    /// All that is in its database.
    pub fn database_rows(&self) -> Rows {
        let Some(database) = &self.database else { return rows_of_file(&self.file()) };
        // A script of psql, which runs what the first statement makes.
        let all = database.sql(
            "SELECT format('SELECT %L, to_json(t) FROM %s AS t', c.oid::regclass, c.oid::regclass) \
             FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
             WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
             \\gexec\n",
        );
        let mut rows = Rows::new();
        for line in all.lines() {
            let (table, row) = line.split_once('|').expect(line);
            let row = serde_json::from_str(row).expect(row);
            rows.entry(table.trim_matches('"').into()).or_default().push(row);
        }
        rows
    }

    /// Changes its database as only another program would.
    pub fn sql(&self, statement: &str) {
        match &self.database {
            Some(database) => drop(database.sql(statement)),
            None => self.file().execute_batch(statement).expect(statement),
        }
    }

    /// What it has said until now.
    pub fn log(&self) -> String {
        let said = std::fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&said).into_owned()
    }

    /// Its process, and the folder that it works in.
    pub fn traces(&self) -> (i32, &Path) {
        (self.process, self.folder.path())
    }

    /// Has it make a token for one of its users, by their password.
    pub fn issue(&self, kind: Kind, user: &str) -> Issued {
        let password = format!("password of {user}");
        let login = json!({ "username": user, "password": password });
        let issued = match kind {
            Kind::DrfAuthtoken => self.post("/drf/login", None, &login),
            Kind::DjangoKnox => self.post("/knox/login", None, &login),
            Kind::DjangoOauthToolkit | Kind::Doorkeeper => {
                let [user, password] = [&kind.username(user), &password].map(|it| encoded(it));
                let grant = format!("password&username={user}&password={password}&scope=read");
                self.grant(kind, "reports", &grant).json(200)
            }
            Kind::BetterAuth => {
                let login = json!({ "email": kind.username(user), "password": password });
                let session = self.post("/api/auth/sign-in/email", None, &login);
                let key = json!({ "name": format!("of {user}"), "expiresIn": 172_800 });
                self.post("/api/auth/api-key/create", session["token"].as_str(), &key)
            }
            Kind::Synapse => {
                let user = json!({ "type": "m.id.user", "user": user });
                let kind = "m.login.password";
                let login = json!({ "type": kind, "identifier": user, "password": password });
                self.post("/_matrix/client/v3/login", None, &login)
            }
            Kind::UnleashApi | Kind::UnleashPat => {
                let session =
                    self.request("POST", "/auth/simple/login", &[JSON], &login.to_string());
                let session = ("Cookie", session.cookie().expect("a session"));
                let (path, token) = if kind == Kind::UnleashPat {
                    static LAST: AtomicUsize = AtomicUsize::new(0);
                    // A user has one of a description.
                    let number = LAST.fetch_add(1, Ordering::Relaxed);
                    let expires = "2099-12-31T00:00:00Z";
                    let description = format!("of a user, {number}");
                    let token = json!({ "description": description, "expiresAt": expires });
                    ("/api/admin/user/tokens", token)
                } else {
                    let token = json!({
                        "tokenName": "of a client", "type": "client",
                        "environment": "development", "projects": ["*"],
                    });
                    ("/api/admin/api-tokens", token)
                };
                self.request("POST", path, &[JSON, session], &token.to_string()).json(201)
            }
        };
        let text = |name: &str| issued[name].as_str().map(Into::into);
        let token = ["token", "access_token", "key", "secret"].into_iter().find_map(text);
        Issued { token: token.expect("a token"), refresh: text("refresh_token") }
    }

    /// Has it make a token for a client, behind which no user stands.
    pub fn issue_to_client(&self, kind: Kind) -> Issued {
        let issued = self.grant(kind, "machine", "client_credentials&scope=read").json(200);
        Issued { token: issued["access_token"].as_str().expect("a token").into(), refresh: None }
    }

    /// Has it make another token, and a refresh token that goes with that.
    pub fn refresh(&self, kind: Kind, refresh: &str) -> Issued {
        let issued = self.grant_refresh(kind, refresh).json(200);
        let [token, refresh] = ["access_token", "refresh_token"].map(|it| issued[it].as_str());
        Issued { token: token.expect("a token").into(), refresh: refresh.map(Into::into) }
    }

    /// How it answers who presents a token: 200, or 401 if it is none.
    pub fn status_with(&self, kind: Kind, token: &str) -> u16 {
        let (path, name, before) = match kind {
            Kind::BetterAuth => ("/whoami", "X-Api-Key", ""),
            Kind::Doorkeeper => ("/whoami", "Authorization", "Bearer "),
            Kind::DjangoKnox => ("/knox/whoami", "Authorization", "Token "),
            Kind::DrfAuthtoken => ("/drf/whoami", "Authorization", "Token "),
            Kind::DjangoOauthToolkit => ("/oauth/whoami", "Authorization", "Bearer "),
            Kind::Synapse => ("/_matrix/client/v3/account/whoami", "Authorization", "Bearer "),
            Kind::UnleashApi => ("/api/client/features", "Authorization", ""),
            Kind::UnleashPat => ("/api/admin/user", "Authorization", ""),
        };
        self.request("GET", path, &[(name, &format!("{before}{token}"))], "").status
    }

    /// How it answers who asks for another token: 200, or 400 if this gives none.
    pub fn status_of_refresh(&self, kind: Kind, refresh: &str) -> u16 {
        self.grant_refresh(kind, refresh).status
    }

    fn grant_refresh(&self, kind: Kind, refresh: &str) -> Reply {
        let grant = format!("refresh_token&refresh_token={}", encoded(refresh));
        self.grant(kind, "reports", &grant)
    }

    /// Asks for a token as a client of OAuth.
    fn grant(&self, kind: Kind, client: &str, grant: &str) -> Reply {
        let path = if kind == Kind::Doorkeeper { "/oauth/token" } else { "/oauth/token/" };
        let secret = encoded(&format!("secret of {client}"));
        let body = format!("grant_type={grant}&client_id={client}&client_secret={secret}");
        let form = ("Content-Type", "application/x-www-form-urlencoded");
        self.request("POST", path, &[form], &body)
    }

    fn post(&self, path: &str, session: Option<&str>, body: &Value) -> Value {
        let session = session.map(|session| format!("Bearer {session}"));
        let mut headers = vec![JSON];
        headers.extend(session.as_deref().map(|session| ("Authorization", session)));
        self.request("POST", path, &headers, &body.to_string()).json(200)
    }

    fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let reply = http::request(self.port, method, path, headers, body);
        reply.unwrap_or_else(|error| panic!("{method} {path}: {error}: {}", self.log()))
    }
}

fn rows_of_file(file: &Connection) -> Rows {
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table'";
    let mut tables = file.prepare(tables).expect("a schema");
    let tables = tables.query_map([], |row| row.get(0)).expect("tables");
    let tables: Vec<String> = tables.map(|table| table.expect("a name")).collect();
    let rows_of = |table: &String| {
        let mut all = file.prepare(&format!("SELECT * FROM \"{table}\"")).expect(table);
        let columns: Vec<String> = all.column_names().map(Into::into).collect();
        let rows = all.query_map([], |row| {
            let value = |at| {
                row.get_ref(at).map(|value| match value {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(number) => number.into(),
                    ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
                    other => format!("{other:?}").into(),
                })
            };
            columns.iter().enumerate().map(|(at, name)| Ok((name.clone(), value(at)?))).collect()
        });
        rows.expect(table).map(|row| row.expect(table)).collect()
    };
    tables.iter().map(|table| (table.clone(), rows_of(table))).collect()
}

impl Drop for Application {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        // It ends after what it started.
        drop(self.supervisor.wait());
    }
}

impl Kind {
    /// The description of its table.
    pub fn schema(self) -> &'static str {
        match self {
            Self::BetterAuth => "better-auth",
            Self::DjangoKnox => "django-knox",
            Self::DjangoOauthToolkit => "django-oauth-toolkit",
            Self::Doorkeeper => "doorkeeper",
            Self::DrfAuthtoken => "drf-authtoken",
            Self::Synapse => "synapse",
            Self::UnleashApi => "unleash-api",
            Self::UnleashPat => "unleash-pat",
        }
    }

    /// What its description takes for the name of a user.
    pub fn username(self, user: &str) -> String {
        match self {
            Self::BetterAuth | Self::Doorkeeper => format!("{user}@example.org"),
            Self::Synapse => format!("@{user}:example.org"),
            _ => user.into(),
        }
    }

    /// Who reaches every token.
    pub fn administrator(self) -> String {
        // Better Auth has no administrators of its own, an API token of Unleash no owner.
        let has_none = matches!(self, Self::BetterAuth | Self::UnleashApi);
        if has_none { "@operator".into() } else { self.username("root") }
    }

    /// How long its tokens live, where they do not live for ever.
    pub fn hours(self) -> Option<i64> {
        match self {
            Self::BetterAuth => Some(48),
            Self::DjangoKnox | Self::DjangoOauthToolkit => Some(10),
            Self::Doorkeeper => Some(2),
            _ => None,
        }
    }

    /// Whether a revoked token is still a row.
    pub fn keeps_rows(self) -> bool {
        matches!(self, Self::BetterAuth | Self::Doorkeeper)
    }

    /// What a revocation changes: a column of a table, or so many rows of it.
    pub fn change(self) -> &'static [&'static str] {
        match self {
            Self::BetterAuth => &["apikey.enabled"],
            Self::DjangoKnox => &["knox_authtoken -1"],
            Self::DjangoOauthToolkit => {
                &["oauth2_provider_accesstoken -1", "oauth2_provider_refreshtoken -1"]
            }
            Self::Doorkeeper => &["oauth_access_tokens.revoked_at"],
            Self::DrfAuthtoken => &["authtoken_token -1"],
            Self::Synapse => &["access_tokens -1"],
            Self::UnleashApi => &["api_tokens -1"],
            Self::UnleashPat => &["personal_access_tokens -1"],
        }
    }

    /// Whether users are Django's own.
    pub fn has_users_of_django(self) -> bool {
        matches!(self, Self::DjangoKnox | Self::DjangoOauthToolkit | Self::DrfAuthtoken)
    }

    /// Whether each use of a token is on record before the answer.
    pub fn records_use(self) -> bool {
        self == Self::BetterAuth
    }

    /// Whether a user has one token at most.
    pub fn is_single(self) -> bool {
        self == Self::DrfAuthtoken
    }

    /// Whether a client has tokens of its own.
    pub fn has_clients(self) -> bool {
        matches!(self, Self::DjangoOauthToolkit | Self::Doorkeeper)
    }
}
