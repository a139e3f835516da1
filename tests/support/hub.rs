//! A real hub (`JupyterHub`) on loopback, with a SQLite database of its own: a
//! test has it issue tokens over its API, changes the database beneath it, and asks
//! it again.

use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::geteuid;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::http::{self, Reply, encoded};
use super::{NOBODY, tool, variable};

/// The token of the service `tests`, which may do everything. Its first four
/// characters are the only part that the database holds as it is.
pub const SERVICE_TOKEN: &str = "service-of-the-tests";

const CONFIG: &str = include_str!("jupyterhub_config.py");

/// Ends what it started, by their ids, when its standard input is closed: by the
/// test, or by the kernel when the test is killed. Then nothing is left of the hub.
const SUPERVISOR: &str = r#"
"$1" --ip 127.0.0.1 --port "$PROXY_PORT" --api-ip 127.0.0.1 --api-port "$PROXY_API_PORT" \
    < /dev/null > proxy.log 2>&1 &
proxy=$!
"$2" --config jupyterhub_config.py < /dev/null > hub.log 2>&1 &
hub=$!
echo "$proxy $hub"
read -r _
kill -KILL "$proxy" "$hub"
wait
cd / && rm -rf -- "$HOME"
"#;

/// How long a busy machine may take to start a hub.
const PATIENCE: Duration = Duration::from_mins(2);

pub struct Hub {
    supervisor: Child,
    processes: Vec<i32>,
    port: u16,
    folder: TempDir,
}

/// A token as the hub gave it out.
pub struct Issued {
    pub id: i64,
    pub token: String,
}

/// The programs that make a hub, and the user who may run them.
struct Programs {
    proxy: PathBuf,
    hub: PathBuf,
    user: u32,
}

impl Hub {
    /// Starts a hub. Without its programs the test is passed over, unless `tests/run`,
    /// which installs them, runs it.
    pub fn start() -> Option<Self> {
        static PROGRAMS: OnceLock<Option<Programs>> = OnceLock::new();
        let programs = PROGRAMS.get_or_init(Programs::find).as_ref()?;
        // A port that was free may be taken before the hub has it.
        let mut attempts = (0..3).map(|_| Self::attempt(programs));
        let mut failures = String::new();
        let started = attempts.find_map(|attempt| attempt.map_err(|it| failures += &it).ok());
        Some(started.unwrap_or_else(|| panic!("no hub after three attempts: {failures}")))
    }

    /// Starts a hub, or says what it and its proxy said.
    fn attempt(programs: &Programs) -> Result<Self, String> {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let config = folder.path().join("jupyterhub_config.py");
        std::fs::write(&config, CONFIG).expect("a configuration");
        let [proxy, api, hub] = free_ports();
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", SUPERVISOR, "sh"])
            .args([&programs.proxy, &programs.hub])
            .current_dir(folder.path())
            .env_clear()
            .env("HOME", folder.path())
            .env("PATH", variable("PATH"))
            .env("LC_ALL", "C.UTF-8")
            .env("PROXY_PORT", proxy.to_string())
            .env("PROXY_API_PORT", api.to_string())
            .env("HUB_PORT", hub.to_string())
            .env("CONFIGPROXY_AUTH_TOKEN", "between-the-hub-and-its-proxy")
            .env("SERVICE_TOKEN", SERVICE_TOKEN)
            // What stops the tests from the terminal is not to stop their end.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if geteuid().is_root() {
            for path in [folder.path(), &config] {
                chown(path, Some(programs.user), Some(programs.user)).expect("a new owner");
            }
            command.uid(programs.user).gid(programs.user);
        }
        let mut supervisor = command.spawn().expect("a shell starts");
        let mut ids = String::new();
        let stdout = supervisor.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut ids).expect("a line");
        let processes = ids.split_whitespace().map(|id| id.parse().expect(id)).collect();
        let hub = Self { supervisor, processes, port: proxy, folder };
        if hub.becomes_ready() { Ok(hub) } else { Err(hub.log()) }
    }

    /// Waits until the hub answers through its proxy. False if it never will.
    fn becomes_ready(&self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while self.processes.iter().all(|&id| is_running(id)) && Instant::now() < deadline {
            let reply = self.try_request("GET", "/users", SERVICE_TOKEN, None);
            if reply.is_ok_and(|reply| reply.status == 200) {
                return true;
            }
            thread::sleep(Duration::from_millis(50));
        }
        false
    }

    /// The path of the database.
    pub fn db(&self) -> PathBuf {
        self.folder.path().join("jupyterhub.sqlite")
    }

    /// A connection to the database, which waits for the hub's writes.
    pub fn connection(&self) -> Connection {
        let connection = Connection::open(self.db()).expect("the database opens");
        connection.busy_timeout(Duration::from_secs(30)).expect("a connection");
        connection
    }

    /// What the hub and its proxy have said until now.
    pub fn log(&self) -> String {
        let said =
            ["hub.log", "proxy.log"].map(|name| std::fs::read(self.folder.path().join(name)));
        said.into_iter().flatten().map(|said| String::from_utf8_lossy(&said).into_owned()).collect()
    }

    /// The processes of the proxy and of the hub.
    pub fn processes(&self) -> &[i32] {
        &self.processes
    }

    /// Has the hub issue a token that lives for some seconds, or for ever.
    pub fn issue(
        &self,
        user: &str,
        note: &str,
        expires_in: Option<u32>,
        scopes: &[&str],
    ) -> Issued {
        let asked = json!({ "note": note, "expires_in": expires_in, "scopes": scopes });
        let path = format!("/users/{}/tokens", encoded(user));
        let issued = self.request("POST", &path, SERVICE_TOKEN, Some(&asked)).json(201);
        let id = issued["id"].as_str().and_then(number).expect("an id");
        Issued { id, token: issued["token"].as_str().expect("a token").into() }
    }

    /// How the hub answers who presents a token: 200, or 403 if it is none.
    pub fn status_with(&self, token: &str) -> u16 {
        self.request("GET", "/user", token, None).status
    }

    /// A user's tokens as the hub's API lists them.
    pub fn tokens_of(&self, user: &str) -> Vec<Value> {
        let path = format!("/users/{}/tokens", encoded(user));
        let mut listed = self.request("GET", &path, SERVICE_TOKEN, None).json(200);
        serde_json::from_value(listed["api_tokens"].take()).expect("a list")
    }

    /// The ids of a user's tokens as the hub's API lists them, in order.
    pub fn ids_of(&self, user: &str) -> Vec<i64> {
        let tokens = self.tokens_of(user);
        let ids = tokens.iter().map(|token| token["id"].as_str().and_then(number));
        let mut ids: Vec<_> = ids.map(|id| id.expect("an id")).collect();
        ids.sort_unstable();
        ids
    }

    /// Has the hub delete a token: 204, or 404 where there is none.
    pub fn delete(&self, user: &str, id: i64) -> u16 {
        let path = format!("/users/{}/tokens/a{id}", encoded(user));
        self.request("DELETE", &path, SERVICE_TOKEN, None).status
    }

    /// Asks the hub's API, as the owner of a token.
    pub fn request(&self, method: &str, path: &str, token: &str, body: Option<&Value>) -> Reply {
        let reply = self.try_request(method, path, token, body);
        reply.unwrap_or_else(|error| panic!("{method} {path}: {error}: {}", self.log()))
    }

    fn try_request(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> io::Result<Reply> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let authorization = format!("token {token}");
        let headers = [("Authorization", &*authorization), ("Content-Type", "application/json")];
        http::request(self.port, method, &format!("/hub/api{path}"), &headers, &body)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        // It ends after the two that it started.
        drop(self.supervisor.wait());
    }
}

impl Programs {
    fn find() -> Option<Self> {
        let (hub, proxy) = tool("jupyterhub").zip(tool("configurable-http-proxy"))?;
        // Programs in root's home, say, are closed to others.
        let is_open = |program: &Path| {
            let mut command = Command::new(program);
            let silent = command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
            silent.uid(NOBODY).gid(NOBODY).status().is_ok_and(|status| status.success())
        };
        let is_root = geteuid().is_root();
        let user = if is_root && is_open(&hub) && is_open(&proxy) { NOBODY } else { 0 };
        Some(Self { proxy, hub, user })
    }
}

/// Whether a process runs: one that has ended may still be waited for.
pub fn is_running(id: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
}

/// Ports that nobody listens on now.
fn free_ports() -> [u16; 3] {
    let listeners = [(); 3].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    listeners.map(|it| it.and_then(|it| it.local_addr()).expect("a free port").port())
}

/// The number in an id of the hub's API.
fn number(id: &str) -> Option<i64> {
    id.strip_prefix('a')?.parse().ok()
}
