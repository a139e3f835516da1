//! Throw-away PostgreSQL servers, and PgBouncer before them. Each ends with the
//! process that started it, however that ends, and leaves nothing behind.
//!
//! Unit tests of the library include this file too, beside `tools.rs`.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::tools::{tool, variable};

/// GitLab's tables, empty.
pub const GITLAB: &str = include_str!("gitlab.sql");

/// The organisation of `fixture.sql` in GitLab's tables.
pub const GITLAB_FIXTURE: &str = include_str!("gitlab_fixture.sql");

/// Reads GitLab's tables with the least rights.
pub const READER: &str = "tokenctl_read";

/// Revokes in GitLab's tables with the least rights.
pub const REVOKER: &str = "tokenctl_revoke";

/// Every user of a cluster may connect without a password, but for members of
/// this role: `CREATE ROLE … LOGIN PASSWORD '…' IN ROLE needs_password`.
pub const NEEDS_PASSWORD: &str = "needs_password";

/// How tokenctl is let into GitLab's database, as an administrator would run it.
pub const ROLES: &str = include_str!("roles.sql");
/// The same for a native store, whose application has a role too.
pub const NATIVE_ROLES: &str = include_str!("roles_native.sql");

/// More rows for GitLab's tables, as many as the variable `tokens` says.
const GITLAB_MANY: &str = include_str!("gitlab_many.sql");

/// The user who may do everything, and a database that every cluster has.
const SUPERUSER: &str = "postgres";
const ANY: &str = "postgres";

/// How long anything here may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_mins(2);

/// A server in a folder of its own, which nothing else uses.
pub struct Cluster {
    server: Server,
    postgres: Supervised,
    /// The template of each text that a database was made of.
    templates: Mutex<HashMap<String, String>>,
}

/// What a cluster has besides the usual.
#[derive(Default)]
pub struct Options<'a> {
    /// Listens on 127.0.0.1 as well, and there with TLS only.
    pub tls: Option<&'a Certificate>,
    /// Listens on 127.0.0.1 as well, in the clear.
    pub tcp: bool,
    /// Lines of `postgresql.conf`, which win over those of [`SETTINGS`].
    pub settings: &'a [(&'a str, &'a str)],
}

/// Settings of every cluster. Nothing outlives a crash, and the session's zone is
/// far from UTC and not by whole hours: what silently depends on it is found out.
const SETTINGS: &[(&str, &str)] = &[
    ("fsync", "off"),
    // Statistics come when a test asks for them.
    ("autovacuum", "off"),
    ("full_page_writes", "off"),
    ("max_wal_size", "4GB"),
    ("timezone", "Asia/Kathmandu"),
];

impl Cluster {
    /// The one that all tests of a process share. They use databases of their own.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&Options::default())).as_ref()
    }

    /// A cluster for one test, which ends when it is dropped.
    ///
    /// Without PostgreSQL there is none, and a test is passed over, unless
    /// `tests/run`, which installs it, runs the test.
    pub fn start(options: &Options) -> Option<Self> {
        let bin = tool("initdb")?.parent()?.to_owned();
        Some(Self::start_from(bin, options))
    }

    /// The same with a newer server, which `tests/run` installs.
    pub fn start_newer(options: &Options) -> Option<Self> {
        Some(Self::start_from(newer_postgresql()?, options))
    }

    fn start_from(bin: PathBuf, options: &Options) -> Self {
        let folder = Folder::new("tokenctl-pg-");
        let initdb = Line::of(bin.join("initdb"))
            .args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"])
            .arg(format!("--username={SUPERUSER}"))
            .args([OsStr::new("-D"), folder.path.join("data").as_os_str()]);
        let cluster = Self::run(bin, folder, &initdb, options);
        // Roles belong to a cluster, and what they may do to a database.
        let roles = NATIVE_ROLES.lines().filter(|line| line.starts_with("CREATE ROLE "));
        let mut statements = format!("CREATE ROLE {NEEDS_PASSWORD};");
        statements.extend(roles);
        cluster.sql(ANY, &statements);
        cluster
    }

    /// A copy that follows this one and takes no writes. It has caught up.
    pub fn standby(&self) -> Self {
        let folder = Folder::new("tokenctl-pg-");
        let copy = Line::of(self.server.bin.join("pg_basebackup"))
            .args([
                "--write-recovery-conf",
                "--checkpoint=fast",
                "--no-sync",
                "--username",
                SUPERUSER,
            ])
            .args([OsStr::new("--host"), self.server.socket.as_os_str()])
            .args([OsStr::new("-D"), folder.path.join("data").as_os_str()])
            .arg(format!("--port={}", self.server.port));
        let standby = Self::run(self.server.bin.clone(), folder, &copy, &Options::default());
        let streams = "SELECT count(*) > 0 FROM pg_stat_replication WHERE state = 'streaming'";
        wait_until("a standby that streams", || self.sql(ANY, streams) == "t");
        standby.catch_up(self);
        standby
    }

    /// Waits until a standby shows all that its primary has now.
    pub fn catch_up(&self, primary: &Self) {
        let written = primary.sql(ANY, "SELECT pg_current_wal_lsn()");
        let replayed = format!("SELECT pg_last_wal_replay_lsn() >= '{written}'");
        wait_until("a standby that has caught up", || self.sql(ANY, &replayed) == "t");
    }

    fn run(bin: PathBuf, folder: Folder, setup: &Line, options: &Options) -> Self {
        let listens = options.tcp || options.tls.is_some();
        let port = if listens { free_port() } else { 5432 };
        let host = if options.tls.is_some() { "hostssl" } else { "host" };
        folder.write("pg_hba.conf", &host_based_access(listens.then_some(host)));
        let mut settings: Vec<(&str, String)> = vec![
            ("listen_addresses", if listens { "127.0.0.1".into() } else { String::new() }),
            ("port", port.to_string()),
            ("unix_socket_directories", folder.file("")),
            ("hba_file", folder.file("pg_hba.conf")),
        ];
        if let Some(tls) = options.tls {
            folder.copy(&tls.certificate, "server.crt");
            folder.copy(&tls.key, "server.key");
            settings.push(("ssl", "on".into()));
            settings.push(("ssl_cert_file", folder.file("server.crt")));
            settings.push(("ssl_key_file", folder.file("server.key")));
        }
        let others = SETTINGS.iter().chain(options.settings);
        settings.extend(others.map(|&(name, value)| (name, value.into())));
        let mut postgres = Line::of(bin.join("postgres")).arg("-D").arg(folder.path.join("data"));
        for (name, value) in settings {
            postgres = postgres.arg("-c").arg(format!("{name}={value}"));
        }
        let server = Server { bin, socket: folder.path.clone(), port };
        // Its eighth line says whether the server takes connections.
        let status = folder.path.join("data/postmaster.pid");
        let mut postgres = Supervised::start(folder, setup, &postgres, "QUIT");
        postgres.wait_until_ready(|| {
            let status = fs::read_to_string(&status).unwrap_or_default();
            status.lines().nth(7).is_some_and(|line| line.starts_with("ready"))
        });
        Self { server, postgres, templates: Mutex::default() }
    }

    /// A database of its own for a test, made by `statements`. They are run once for
    /// each text: later databases of the same text are copies.
    pub fn database(&self, prefix: &str, statements: &str) -> Database {
        let mut templates = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        let count = templates.len();
        let template = templates.entry(statements.into()).or_insert_with(|| {
            let name = format!("template_of_tests_{count}");
            self.sql(ANY, &format!("CREATE DATABASE {name}"));
            self.sql(&name, statements);
            name
        });
        let name = format!("{prefix}_{}", unique());
        // Under the lock: a template that is being copied lets nobody connect.
        self.sql(ANY, &format!("CREATE DATABASE \"{name}\" TEMPLATE {template}"));
        Database { server: self.server.clone(), name }
    }

    /// A database of another encoding or collation, which `options` of CREATE DATABASE say.
    pub fn database_as(&self, options: &str, statements: &str) -> Database {
        let name = format!("other_{}", unique());
        self.sql(ANY, &format!("CREATE DATABASE \"{name}\" TEMPLATE template0 {options}"));
        // Not every encoding has Greek letters.
        self.sql(&name, &statements.replace("ΚΑΦΕΣ", "KAFES"));
        Database { server: self.server.clone(), name }
    }

    /// What makes a GitLab database with the fixture and the rights of the README.
    pub fn gitlab_statements() -> String {
        format!("{GITLAB}{GITLAB_FIXTURE}{}", grants(ROLES))
    }

    /// A GitLab database with the fixture, which [`READER`] and [`REVOKER`] may use.
    pub fn gitlab(&self) -> Database {
        self.database("gitlab", &Self::gitlab_statements())
    }

    /// The first column of the last statement's rows, and so on: what `psql` prints.
    #[track_caller]
    pub fn sql(&self, database: &str, statements: &str) -> String {
        self.server.sql(database, statements, &[])
    }

    /// Over the socket.
    pub fn url(&self, user: &str, database: &str) -> String {
        self.server.url(user, database)
    }

    /// Over TCP, where the cluster listens there.
    pub fn tcp_url(&self, user: &str, host: &str, database: &str) -> String {
        format!("postgres://{user}@{host}:{}/{database}", self.server.port)
    }

    /// The folder of its socket.
    pub fn socket(&self) -> &Path {
        &self.server.socket
    }

    /// The process id of the server.
    /// What the server has noted.
    pub fn log(&self) -> String {
        self.postgres.log()
    }

    pub fn pid(&self) -> u32 {
        self.postgres.pid()
    }

    /// Shuts the server down as an administrator would: sessions are told.
    pub fn stop(&self) {
        self.postgres.signal("INT");
    }

    /// Ends the server at once: sessions break off, nothing is written any more.
    pub fn kill(&self) {
        self.postgres.signal("QUIT");
    }
}

/// A block of the README without the roles, which every cluster has.
pub fn grants(block: &str) -> String {
    let lines = block.lines().filter(|line| !line.starts_with("CREATE ROLE "));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Who may connect how, from the first line that fits.
fn host_based_access(tcp: Option<&str>) -> String {
    let mut lines = format!("local all +{NEEDS_PASSWORD} scram-sha-256\n");
    lines.push_str("local all all trust\nlocal replication all trust\n");
    if let Some(host) = tcp {
        lines.extend([host, " all +", NEEDS_PASSWORD, " 127.0.0.1/32 scram-sha-256\n"]);
        lines.extend([host, " all all 127.0.0.1/32 trust\n"]);
    }
    lines
}

/// The folder of a PostgreSQL that is newer than the system's, from 17 on.
fn newer_postgresql() -> Option<PathBuf> {
    let folder = PathBuf::from(variable("TOKENCTL_TEST_POSTGRES"));
    let found = folder.is_absolute() && folder.join("initdb").is_file();
    let is_required = variable("TOKENCTL_TEST_TOOLS") == "required";
    assert!(found || !is_required, "TOKENCTL_TEST_POSTGRES names no newer PostgreSQL");
    found.then_some(folder)
}

/// A database of one test.
pub struct Database {
    server: Server,
    pub name: String,
}

impl Database {
    pub fn url(&self, user: &str) -> String {
        self.server.url(user, &self.name)
    }

    /// Runs statements as the superuser; the answer is what `psql` prints.
    #[track_caller]
    pub fn sql(&self, statements: &str) -> String {
        self.server.sql(&self.name, statements, &[])
    }

    /// Adds personal access tokens to GitLab's tables, a million in some 20 seconds.
    /// Once a database: the same rows again would collide.
    pub fn add_tokens(&self, count: u64) {
        self.server.sql(&self.name, GITLAB_MANY, &[("tokens", &count.to_string())]);
    }
}

/// How to reach a cluster.
#[derive(Clone)]
struct Server {
    bin: PathBuf,
    socket: PathBuf,
    port: u16,
}

impl Server {
    fn url(&self, user: &str, database: &str) -> String {
        let port = if self.port == 5432 { String::new() } else { format!("&port={}", self.port) };
        format!("postgres://{user}@/{database}?host={}{port}", self.socket.display())
    }

    #[track_caller]
    fn sql(&self, database: &str, statements: &str, variables: &[(&str, &str)]) -> String {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.env_clear().env("PATH", variable("PATH")).env("PGCLIENTENCODING", "UTF8");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", SUPERUSER, "-f", "-"]);
        psql.arg("-h").arg(&self.socket).args(["-p", &self.port.to_string(), "-d", database]);
        for (name, value) in variables {
            psql.arg("-v").arg(format!("{name}={value}"));
        }
        psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = psql.spawn().expect("psql starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        let statements = statements.to_owned();
        let writer = thread::spawn(move || drop(stdin.write_all(statements.as_bytes())));
        let output = child.wait_with_output().expect("psql ends");
        writer.join().expect("the writer ends");
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "psql: {messages}");
        let mut printed = String::from_utf8(output.stdout).expect("output is UTF-8");
        printed.truncate(printed.trim_end_matches('\n').len());
        printed
    }
}

/// PgBouncer before a cluster, as a rule in transaction mode: a transaction of a client gets
/// one of two sessions, whichever is free.
pub struct Bouncer {
    server: Server,
    _pgbouncer: Supervised,
}

impl Bouncer {
    /// Without PgBouncer there is none, as with [`Cluster::start`].
    pub fn start(cluster: &Cluster) -> Option<Self> {
        Self::pooling_by("transaction", cluster)
    }

    /// The same in another mode.
    pub fn pooling_by(mode: &str, cluster: &Cluster) -> Option<Self> {
        Self::with(mode, "", cluster)
    }

    /// The same with further lines of its settings.
    pub fn with(mode: &str, further: &str, cluster: &Cluster) -> Option<Self> {
        let pgbouncer = tool("pgbouncer")?;
        let folder = Folder::new("tokenctl-pb-");
        let behind = &cluster.server;
        let users = [SUPERUSER, READER, REVOKER].map(|user| format!("\"{user}\" \"\"\n"));
        folder.write("users.txt", &users.concat());
        let mut settings = format!(
            "[databases]\n* = host={} port={}\n[pgbouncer]\n",
            behind.socket.display(),
            behind.port
        );
        let lines = [
            ("listen_addr", String::new()),
            ("listen_port", "5432".into()),
            ("unix_socket_dir", folder.file("")),
            ("auth_type", "trust".into()),
            ("auth_file", folder.file("users.txt")),
            ("pool_mode", mode.into()),
            ("default_pool_size", "2".into()),
        ];
        for (name, value) in lines {
            writeln!(settings, "{name} = {value}").expect("a line");
        }
        settings.push_str(further);
        folder.write("pgbouncer.ini", &settings);
        let server = Server { bin: behind.bin.clone(), socket: folder.path.clone(), port: 5432 };
        let socket = folder.path.join(".s.PGSQL.5432");
        let line = Line::of(pgbouncer).arg(folder.path.join("pgbouncer.ini"));
        let mut pgbouncer = Supervised::start(folder, &Line::of("true"), &line, "TERM");
        pgbouncer.wait_until_ready(|| UnixStream::connect(&socket).is_ok());
        Some(Self { server, _pgbouncer: pgbouncer })
    }

    /// For the superuser, [`READER`] and [`REVOKER`]; it knows nobody else.
    pub fn url(&self, user: &str, database: &str) -> String {
        self.server.url(user, database)
    }

    /// As [`Cluster::sql`], through the pool.
    #[track_caller]
    pub fn sql(&self, database: &str, statements: &str) -> String {
        self.server.sql(database, statements, &[])
    }
}

/// A process that ends with this one, with the folder that it works in.
///
/// A shell stands between the two. Its standard input is a pipe that only this
/// process can write to. When that closes, since the process wants it or is no more,
/// the shell ends its child, by its id, and removes the folder.
struct Supervised {
    folder: PathBuf,
    shell: Mutex<Child>,
}

impl Supervised {
    /// Starts `line` once `setup` is done. `last` is the signal that ends it.
    fn start(folder: Folder, setup: &Line, line: &Line, last: &str) -> Self {
        // A background command of a shell without job control is one process.
        let script = format!(
            "trap '' PIPE
            if {} > log 2>&1; then
                {} >> log 2>&1 &
                server=$!
                echo $server > pid.new && mv pid.new pid
            else
                server=
                mv log failed
            fi
            end() {{
                [ -z \"$server\" ] || kill -s \"$1\" $server 2> log.kill
                wait
                server=
            }}
            while read -r signal; do
                end $signal
                echo > ended
            done
            end {last}
            cd / && rm -rf {}",
            setup.0,
            line.0,
            quoted(folder.path.as_os_str())
        );
        let mut shell = folder.owner.command("/bin/sh");
        shell.arg("-c").arg(script).current_dir(&folder.path);
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // What interrupts the tests at a terminal is for them, and ends the pipe.
        shell.process_group(0);
        let shell = shell.spawn().expect("a shell");
        Self { folder: folder.keep(), shell: Mutex::new(shell) }
    }

    fn wait_until_ready(&mut self, ready: impl Fn() -> bool) {
        wait_until("a server that is ready", || {
            let failed = self.folder.join("failed");
            if let Ok(log) = fs::read_to_string(failed) {
                panic!("{log}");
            }
            let ended = self.folder.join("pid").exists() && !self.runs();
            assert!(!ended, "{}", self.log());
            ready()
        });
    }

    /// Whether its process is there, and no mere zombie.
    fn runs(&self) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/stat", self.pid()));
        match status {
            Ok(status) => !status.contains(") Z "),
            // Without a /proc only patience tells.
            Err(_) => !Path::new("/proc/self").exists(),
        }
    }

    fn pid(&self) -> u32 {
        let pid = fs::read_to_string(self.folder.join("pid")).expect("a process id");
        pid.trim().parse().expect("a process id")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Sends it a signal that ends it, and waits until it has ended.
    fn signal(&self, signal: &str) {
        let mut shell = self.shell.lock().unwrap_or_else(PoisonError::into_inner);
        let stdin = shell.stdin.as_mut().expect("a pipe");
        writeln!(stdin, "{signal}").expect("a shell that listens");
        wait_until("the end of a server", || self.folder.join("ended").exists());
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        let shell = self.shell.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(shell.stdin.take());
        // What it could not do cannot be mended here.
        drop(shell.wait());
    }
}

/// A line of a shell, of literal words.
struct Line(String);

impl Line {
    fn of(program: impl AsRef<OsStr>) -> Self {
        Self(quoted(program.as_ref()))
    }

    fn arg(mut self, word: impl AsRef<OsStr>) -> Self {
        self.0.push(' ');
        self.0.push_str(&quoted(word.as_ref()));
        self
    }

    fn args<S: AsRef<OsStr>>(self, words: impl IntoIterator<Item = S>) -> Self {
        words.into_iter().fold(self, Self::arg)
    }
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_str().expect("a path in UTF-8");
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A folder of a server. It is in `/tmp`, since the path of a socket is short, and
/// everybody may enter, to connect.
struct Folder {
    path: PathBuf,
    owner: Owner,
    /// What removes it as long as no shell does.
    removal: TempDir,
}

impl Folder {
    fn new(prefix: &str) -> Self {
        let folder = tempfile::Builder::new().prefix(prefix).tempdir_in("/tmp");
        let folder = folder.expect("a temporary folder");
        let path = folder.path().to_owned();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("permissions");
        let owner = Owner::of_servers(&path);
        owner.take(&path);
        Self { path, owner, removal: folder }
    }

    fn file(&self, name: &str) -> String {
        self.path.join(name).to_str().expect("a path in UTF-8").trim_end_matches('/').into()
    }

    /// Writes a file that only the server can read.
    fn write(&self, name: &str, content: &str) {
        let path = self.path.join(name);
        fs::write(&path, content).expect("a file");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("permissions");
        self.owner.take(&path);
    }

    fn copy(&self, from: &Path, name: &str) {
        self.write(name, &fs::read_to_string(from).expect("a file"));
    }

    fn keep(self) -> PathBuf {
        self.removal.keep()
    }
}

/// Whom servers run as: who runs the tests, but never root, which they refuse.
#[derive(Clone, Copy)]
struct Owner(Option<(u32, u32)>);

impl Owner {
    fn of_servers(ours: &Path) -> Self {
        if fs::metadata(ours).expect("a folder of ours").uid() != 0 {
            return Self(None);
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let postgres = users.lines().find_map(|line| {
            let mut fields = line.strip_prefix("postgres:")?.split(':').skip(1);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        });
        Self(Some(postgres.unwrap_or((65534, 65534))))
    }

    fn take(self, path: &Path) {
        if let Some((uid, gid)) = self.0 {
            chown(path, Some(uid), Some(gid)).expect("a new owner");
        }
    }

    fn command(self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", variable("PATH"));
        if let Some((uid, gid)) = self.0 {
            command.uid(uid).gid(gid);
        }
        command
    }
}

/// A server's certificate and its key, in PEM.
pub struct Certificate {
    certificate: PathBuf,
    key: PathBuf,
}

/// Two authorities and what the first has signed. All are new in each run.
pub struct Certificates {
    folder: TempDir,
}

impl Certificates {
    /// Without `openssl` there are none, as with [`Cluster::start`].
    pub fn new() -> Option<Self> {
        let openssl = tool("openssl")?;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let files = [("openssl.cnf", AUTHORITY), ("index.txt", "")];
        for (name, content) in files {
            fs::write(folder.path().join(name), content).expect("a file");
        }
        let run = |line: &str| {
            let mut command = Command::new(&openssl);
            command.current_dir(&folder).args(line.split(' ')).env("OPENSSL_CONF", "openssl.cnf");
            let output = command.stdin(Stdio::null()).output().expect("openssl runs");
            assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        };
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        for ca in ["ca", "other_ca"] {
            run(&format!(
                "req -new -x509 {key} -extensions authority -days 2 -subj /CN=tokenctl-{ca} \
                 -keyout {ca}.key -out {ca}.crt"
            ));
        }
        let leaves = [
            ("server", "localhost", "-days 2"),
            ("other_name", "other_name", "-days 2"),
            ("expired", "localhost", "-startdate 20200101000000Z -enddate 20210101000000Z"),
        ];
        for (name, extensions, validity) in leaves {
            run(&format!("req -new {key} -subj /CN={name} -keyout {name}.key -out {name}.csr"));
            run(&format!(
                "ca -batch -notext -cert ca.crt -keyfile ca.key -extensions {extensions} \
                 {validity} -in {name}.csr -out {name}.crt"
            ));
        }
        Some(Self { folder })
    }

    /// Who has signed all the certificates below.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// Who has signed none of them.
    pub fn other_ca(&self) -> PathBuf {
        self.folder.path().join("other_ca.crt")
    }

    /// For `localhost` and 127.0.0.1.
    pub fn server(&self) -> Certificate {
        self.certificate("server")
    }

    /// For `db.example.net` only.
    pub fn other_name(&self) -> Certificate {
        self.certificate("other_name")
    }

    /// For `localhost` and 127.0.0.1, until 2021.
    pub fn expired(&self) -> Certificate {
        self.certificate("expired")
    }

    fn certificate(&self, name: &str) -> Certificate {
        let file = |kind| self.folder.path().join(format!("{name}.{kind}"));
        Certificate { certificate: file("crt"), key: file("key") }
    }
}

/// What OpenSSL has to know to make them.
const AUTHORITY: &str = "
[req]
distinguished_name = name
[name]
[ca]
default_ca = authority_of_tests
[authority_of_tests]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
unique_subject = no
policy = any
[any]
commonName = supplied
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[localhost]
subjectAltName = DNS:localhost, IP:127.0.0.1
extendedKeyUsage = serverAuth
[other_name]
subjectAltName = DNS:db.example.net
extendedKeyUsage = serverAuth
";

/// A port that nobody listens on. Somebody may before we do; then a test fails.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// A number that no other database of this process has.
fn unique() -> usize {
    static LAST: AtomicUsize = AtomicUsize::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

/// Asks again and again, in short intervals, until the answer is yes.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(2));
    }
}
