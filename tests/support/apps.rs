//! Databases of other applications: as files, and on a server where one is installed.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::read_to_string;
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use serde_json::Value;

use super::postgres::{Cluster, Database, REVOKER, grants};
use super::{Sandbox, Transcript, start};

/// An application with a fixture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum App {
    JupyterHub,
    Gitea,
    Forgejo,
}

/// Where its database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Engine {
    Sqlite,
    Postgres,
}

/// What no output ever holds: each is a part of a fixture.
pub const SECRETS: [&str; 9] = [
    "digest-secret",
    "salt-secret",
    "session-secret",
    "client-secret",
    "cookie-secret",
    "passwd-secret",
    "pfx-",
    "last8-",
    "-secret-",
];

impl App {
    /// Its fixture, on every engine there is.
    pub fn stores(self) -> Vec<Foreign> {
        let mut stores = vec![self.file()];
        if let Some(cluster) = Cluster::shared() {
            let database = cluster.database("app", &self.on_a_server());
            let sandbox = Sandbox::without_store();
            stores.push(Foreign { app: self, sandbox, database: Some(database) });
        }
        stores
    }

    /// Its fixture in a database of another encoding or collation.
    pub fn server_as(self, options: &str) -> Option<Foreign> {
        let database = Cluster::shared()?.database_as(options, &self.on_a_server());
        let sandbox = Sandbox::without_store();
        Some(Foreign { app: self, sandbox, database: Some(database) })
    }

    /// Its fixture in a SQLite file.
    pub fn file(self) -> Foreign {
        let sandbox = Sandbox::without_store();
        let file = Connection::open(sandbox.store()).expect("a database");
        if self == Self::Forgejo {
            file.pragma_update(None, "journal_mode", "WAL").expect("a journal mode");
        }
        for statements in self.statements(Engine::Sqlite) {
            file.execute_batch(statements).expect(statements);
        }
        drop(file);
        Foreign { app: self, sandbox, database: None }
    }

    fn statements(self, engine: Engine) -> Vec<&'static str> {
        let gitea = include_str!("gitea_fixture.sql");
        match (self, engine) {
            (Self::JupyterHub, Engine::Sqlite) => {
                vec![include_str!("jupyterhub.sql"), include_str!("jupyterhub_fixture.sql")]
            }
            (Self::Gitea, Engine::Sqlite) => vec![include_str!("gitea.sql"), gitea],
            (Self::Forgejo, Engine::Sqlite) => {
                vec![include_str!("forgejo.sql"), gitea, include_str!("forgejo_fixture.sql")]
            }
            (Self::JupyterHub, Engine::Postgres) => vec![
                include_str!("jupyterhub_postgres.sql"),
                include_str!("jupyterhub_fixture.sql"),
            ],
            (Self::Gitea, Engine::Postgres) => vec![include_str!("gitea_postgres.sql"), gitea],
            (Self::Forgejo, Engine::Postgres) => vec![
                include_str!("forgejo_postgres.sql"),
                gitea,
                include_str!("forgejo_fixture.sql"),
            ],
        }
    }

    /// Its fixture on a server, and the rights of the README.
    pub fn on_a_server(self) -> String {
        let gitea = include_str!("roles_gitea.sql");
        let rights: &[&str] = match self {
            Self::JupyterHub => &[include_str!("roles_jupyterhub.sql")],
            Self::Gitea => &[gitea],
            Self::Forgejo => &[gitea, include_str!("roles_forgejo.sql")],
        };
        let rights = rights.iter().copied().map(grants);
        self.statements(Engine::Postgres).into_iter().map(Into::into).chain(rights).collect()
    }

    /// The table of its tokens.
    pub fn table(self) -> &'static str {
        match self {
            Self::JupyterHub => "api_tokens",
            Self::Gitea | Self::Forgejo => "access_token",
        }
    }
}

/// A database of another application, and a world for the program beside it.
pub struct Foreign {
    pub app: App,
    pub sandbox: Sandbox,
    database: Option<Database>,
}

impl Foreign {
    /// The audit file that [`revoke`](Self::revoke) writes.
    pub fn log(&self) -> PathBuf {
        self.sandbox.home().join("audit.log")
    }

    pub fn is_file(&self) -> bool {
        self.database.is_none()
    }

    /// The program, with `--now` at the tests' now and without an audit file.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.sandbox.command(args);
        if let Some(database) = &self.database {
            command.env("TOKENCTL_DB", database.url(REVOKER));
        }
        command
    }

    /// Runs the program with a line of arguments, without an audit file.
    pub fn run(&self, line: &str) -> Transcript {
        let args = shell_words::split(line).expect(line);
        self.sandbox.run_command(line, &mut self.command(args))
    }

    /// Runs the program with a line of arguments and the audit file.
    pub fn recorded(&self, line: &str) -> Transcript {
        let args = shell_words::split(line).expect(line);
        let mut command = self.command(args);
        self.sandbox.run_command(line, command.env("TOKENCTL_AUDIT_LOG", self.log()))
    }

    /// The same, with input.
    pub fn recorded_with_input(&self, line: &str, input: &str) -> Transcript {
        use std::io::Write as _;
        let args = shell_words::split(line).expect(line);
        let mut command = self.command(args);
        let mut child = start(command.env("TOKENCTL_AUDIT_LOG", self.log()));
        let mut stdin = child.stdin.take().expect("a pipe");
        // Less than a pipe holds.
        stdin.write_all(input.as_bytes()).expect("a pipe");
        drop(stdin);
        self.sandbox.transcript(line, child.wait_with_output().expect("the program ends"))
    }

    /// Changes the database as its application would.
    pub fn sql(&self, statements: &str) {
        match &self.database {
            None => self.sandbox.sql(statements),
            Some(database) => drop(database.sql(statements)),
        }
    }

    /// Keeps others from deleting tokens until it is ended. They can read on.
    pub fn lock(&self) -> Lock {
        match &self.database {
            None => {
                let connection = self.sandbox.connection();
                connection.execute_batch("BEGIN IMMEDIATE").expect("the lock");
                Lock::File(connection)
            }
            Some(database) => {
                let client = postgres::Client::connect(&database.url("postgres"), postgres::NoTls);
                let mut client = client.expect("a connection");
                let lock = format!("BEGIN; SELECT 1 FROM {} FOR UPDATE", self.app.table());
                client.batch_execute(&lock).expect("the lock");
                Lock::Server(Box::new(client))
            }
        }
    }

    /// One value, as text.
    pub fn value(&self, query: &str) -> String {
        match &self.database {
            None => self.sandbox.value(query),
            Some(database) => database.sql(query),
        }
    }

    /// The ids of all its tokens.
    pub fn ids(&self) -> BTreeSet<i64> {
        let query = format!(
            "SELECT coalesce(string_agg(CAST(id AS text), ' ' ORDER BY id), '') FROM {}",
            self.app.table()
        );
        let ids = self.value(&query);
        ids.split_whitespace().map(|id| id.parse().expect(id)).collect()
    }

    /// Every row of every table.
    pub fn content(&self) -> String {
        match &self.database {
            None => content_of(&self.sandbox.connection()),
            Some(database) => {
                let query = "SELECT string_agg(format('%I', tablename), ' ' ORDER BY tablename)
                     FROM pg_tables WHERE schemaname = 'public'";
                let rows = |table: &str| {
                    format!("SELECT string_agg(x::text, E'\\n' ORDER BY x::text) FROM {table} x;")
                };
                let all = database.sql(query).split(' ').map(rows).collect::<String>();
                database.sql(&all)
            }
        }
    }

    /// What entries of the audit file call the database.
    pub fn named(&self) -> String {
        match &self.database {
            None => {
                let path = self.sandbox.store().canonicalize().expect("a path");
                path.to_str().expect("UTF-8").into()
            }
            Some(database) => database.sql(
                "SELECT format('%s:%s/%s#%s', rtrim(current_setting('unix_socket_directories'), '/'),
                     current_setting('port'), current_database(), system_identifier)
                 FROM pg_control_system()",
            ),
        }
    }

    /// How the database was made, and what its file is marked with.
    pub fn schema(&self) -> String {
        match &self.database {
            None => schema_of(&self.sandbox.connection()),
            Some(database) => database.sql(
                "SELECT c.relname, c.relkind, c.relacl, a.attname, a.atttypid, a.attnotnull
                 FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid
                 WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1, 4",
            ),
        }
    }

    /// The names in the folder of the store and of the audit file.
    pub fn files(&self) -> BTreeSet<String> {
        let entries = self.sandbox.home().read_dir().expect("a directory");
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.expect("an entry").file_name().to_string_lossy().into_owned()
        };
        entries.map(name).collect()
    }
}

/// A transaction of the application.
pub enum Lock {
    File(Connection),
    Server(Box<postgres::Client>),
}

impl Lock {
    /// Commits these statements.
    pub fn end(self, statements: &str) {
        let statements = format!("{statements}; COMMIT");
        match self {
            Self::File(connection) => connection.execute_batch(&statements).expect(&statements),
            Self::Server(mut client) => client.batch_execute(&statements).expect(&statements),
        }
    }
}

/// Every row of every table of a SQLite database.
pub fn content_of(connection: &Connection) -> String {
    let query = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut tables = connection.prepare(query).expect(query);
    let tables = tables.query_map([], |row| row.get::<_, String>(0)).expect(query);
    let mut content = String::new();
    for table in tables {
        let query = format!("SELECT * FROM \"{}\" ORDER BY rowid", table.expect("a name"));
        let mut rows = connection.prepare(&query).expect("a query");
        let columns = rows.column_count();
        let mut rows = rows.query([]).expect("a query");
        while let Some(row) = rows.next().expect("a row") {
            for column in 0..columns {
                let value: rusqlite::types::Value = row.get(column).expect("a value");
                write!(content, "{value:?} ").expect("a String");
            }
            content.push('\n');
        }
    }
    content
}

/// How a SQLite database was made, and what its file is marked with.
pub fn schema_of(connection: &Connection) -> String {
    let mut schema = String::new();
    for pragma in [
        "journal_mode",
        "user_version",
        "application_id",
        "schema_version",
        "page_size",
        "encoding",
    ] {
        let value: rusqlite::types::Value =
            connection.pragma_query_value(None, pragma, |row| row.get(0)).expect(pragma);
        writeln!(schema, "{pragma} {value:?}").expect("a String");
    }
    let query = "SELECT type || ' ' || name || ' ' || rootpage || ' ' || coalesce(sql, '')
                 FROM sqlite_schema ORDER BY rowid";
    let mut made = connection.prepare(query).expect(query);
    let made = made.query_map([], |row| row.get::<_, String>(0)).expect(query);
    schema.extend(made.map(|line| line.expect("a line") + "\n"));
    schema
}

/// The lines of an audit file, all of which are whole.
pub fn entries(log: &Path) -> Vec<Value> {
    let text = read_to_string(log).expect("an audit file");
    assert!(text.is_empty() || text.ends_with('\n'), "{text}");
    let lines = text.lines().filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// The ids of the tokens that entries of a kind tell of, in the order of the file.
pub fn targets(entries: &[Value], kind: &str) -> Vec<i64> {
    let of_kind = entries.iter().filter(|entry| entry["entry"] == kind);
    of_kind.map(|entry| entry["target_id"].as_i64().expect("an id")).collect()
}
