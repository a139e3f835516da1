//! A world of its own for each test: home, store, clock and environment.

pub mod applications;
pub mod apps;
pub mod browser;
pub mod gitlab;
pub mod http;
pub mod hub;
pub mod man;
pub mod postgres;
pub mod pty;
pub mod tools;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::Write;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rusqlite::Connection;
use tempfile::TempDir;

use self::postgres::{Cluster, Database};
pub use self::tools::{tool, variable};

/// The program under test.
pub const TOKENCTL: &str = env!("CARGO_BIN_EXE_tokenctl");

/// What every test takes for the present.
pub const NOW: &str = "2024-03-15T12:00:00Z";

/// A user of the operating system who owns nothing.
pub const NOBODY: u32 = 65534;

const FIXTURE: &str = include_str!("fixture.sql");

pub struct Sandbox {
    home: TempDir,
    /// Of the environment, besides the usual.
    variables: Vec<(&'static str, OsString)>,
}

impl Sandbox {
    /// With the store of `fixture.sql`.
    pub fn new() -> Self {
        let sandbox = Self::with_empty_store();
        sandbox.sql(FIXTURE);
        sandbox
    }

    /// With a store that holds nothing.
    pub fn with_empty_store() -> Self {
        let sandbox = Self::without_store();
        let created = sandbox.run("init --quiet");
        assert_eq!(created.status, 0, "{created}");
        sandbox
    }

    pub fn without_store() -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        Self { home, variables: Vec::new() }
    }

    /// The same store, copied to a server; `None`: there is no server.
    pub fn on_server(&self) -> Option<(Self, Database)> {
        let database = Cluster::shared()?.database("native", "SELECT 1");
        let url = database.url("postgres");
        let copied = self.run(&format!("--as root --quiet copy '{url}'"));
        copied.assert(0);
        Some((Self::without_store().with("TOKENCTL_DB", url), database))
    }

    /// With a variable in its environment, instead of what was there by this name.
    pub fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The path of the store, which `TOKENCTL_DB` names.
    pub fn store(&self) -> PathBuf {
        self.home().join("store.db")
    }

    /// A connection like that of the application that owns the store.
    pub fn connection(&self) -> Connection {
        Connection::open(self.store()).expect("the store opens")
    }

    /// Changes the store as an application would.
    pub fn sql(&self, statements: &str) {
        self.connection().execute_batch(statements).expect(statements);
    }

    /// Changes the store as only a broken writer would.
    pub fn sql_unchecked(&self, statements: &str) {
        let unchecked = "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF;";
        self.sql(&format!("{unchecked}{statements}"));
    }

    /// One value of the store, as text.
    pub fn value(&self, query: &str) -> String {
        let value: rusqlite::types::Value =
            self.connection().query_row(query, [], |row| row.get(0)).expect(query);
        match value {
            rusqlite::types::Value::Null => "NULL".into(),
            rusqlite::types::Value::Integer(value) => value.to_string(),
            rusqlite::types::Value::Text(value) => value,
            other => format!("{other:?}"),
        }
    }

    /// The program, with `--now` at [`NOW`] and an environment of its own.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.bare_command();
        command.args(["--now", NOW]).args(args);
        command
    }

    /// The program by the real clock.
    pub fn bare_command(&self) -> Command {
        let mut command = Command::new(TOKENCTL);
        self.isolate(&mut command);
        command
    }

    /// Makes everything here another user's. Takes root.
    pub fn give_to(&self, uid: u32) {
        let entries = self.home().read_dir().expect("a directory");
        let files = entries.map(|entry| entry.expect("an entry").path());
        for path in files.chain([self.home().into()]) {
            chown(path, Some(uid), Some(uid)).expect("a new owner");
        }
    }

    /// The program, with `--now` at [`NOW`], as another user. Takes root.
    pub fn command_of<S: AsRef<OsStr>>(
        &self,
        uid: u32,
        args: impl IntoIterator<Item = S>,
    ) -> Command {
        // A copy, since the folder of the build may be root's alone.
        let program = self.home().join("tokenctl");
        if !program.exists() {
            // By another process: a copy that this one holds open for writing may be
            // inherited by what another test starts, and then cannot be run.
            let copied = Command::new("cp").arg(TOKENCTL).arg(&program).status();
            assert!(copied.expect("cp runs").success());
        }
        let mut command = Command::new(&program);
        self.isolate(&mut command);
        command.uid(uid).gid(uid).args(["--now", NOW]).args(args);
        command
    }

    /// Gives a command this world for its environment.
    pub fn isolate(&self, command: &mut Command) {
        command
            .current_dir(self.home())
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", variable("PATH"))
            .env("TOKENCTL_DB", self.store())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
    }

    /// Runs the program with a line of arguments, split as a shell would.
    pub fn run(&self, line: &str) -> Transcript {
        self.run_with_input(line, "")
    }

    pub fn run_with_input(&self, line: &str, input: &str) -> Transcript {
        let args = shell_words::split(line).expect(line);
        let mut child = start(&mut self.command(args));
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = input.to_owned();
        // A program that ends without reading closes the pipe; that is its choice.
        let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        let output = child.wait_with_output().expect("the program ends");
        writer.join().expect("the writer ends");
        self.transcript(line, output)
    }

    /// Runs a command that has been prepared, under the name of `line`.
    pub fn run_command(&self, line: &str, command: &mut Command) -> Transcript {
        self.transcript(line, command.output().expect("the program runs"))
    }

    /// Records how a command ended.
    pub fn transcript(&self, line: &str, output: Output) -> Transcript {
        Transcript {
            line: line.into(),
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("messages are UTF-8"),
            home: self.home().display().to_string(),
        }
    }
}

/// Starts a command with pipes for all its streams.
pub fn start(command: &mut Command) -> Child {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    piped.spawn().expect("the program starts")
}

/// Sends a signal to a child that has not been waited for.
pub fn send(child: &Child, signal: Signal) {
    let id = i32::try_from(child.id()).expect("a process id");
    kill(Pid::from_raw(id), signal).expect("it runs");
}

/// What a run of the program printed, and how it ended.
pub struct Transcript {
    line: String,
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
    home: String,
}

impl Transcript {
    /// The ids in the result, whatever order they have.
    pub fn ids(&self) -> Vec<i64> {
        self.stdout.lines().map(|line| line.parse().expect(line)).collect()
    }

    /// The result as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    #[track_caller]
    pub fn assert(&self, status: i32) -> &Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// Fails unless every part occurs in the messages.
    #[track_caller]
    pub fn says(&self, parts: &[&str]) -> &Self {
        for part in parts {
            assert!(self.stderr.contains(part), "no {part:?} in the messages of\n{self}");
        }
        self
    }
}

/// The command, its two streams and its status, with what differs from run to
/// run replaced.
impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ tokenctl {}", self.line)?;
        f.write_str(&steady(&self.stdout, &self.home))?;
        for line in steady(&self.stderr, &self.home).lines() {
            writeln!(f, "! {line}")?;
        }
        if self.status != 0 {
            writeln!(f, "? {}", self.status)?;
        }
        Ok(())
    }
}

/// Replaces the home directory, run ids, times that were the present, and who ran
/// the program.
pub fn steady(text: &str, home: &str) -> String {
    let text = text.replace(home, "~");
    let text = replace(&text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "RUN-ID");
    // The fixture knows no time of these years.
    let text = replace(&text, "20xx-xx-xxTxx:xx:xx.xxxZ", "TIME");
    let mut parts = text.split(OS_USER);
    let mut steady = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once('"').unwrap_or((part, ""));
        steady.extend([OS_USER, "OS-USER\"", rest]);
    }
    steady
}

/// What stands before the name of whoever runs the tests.
const OS_USER: &str = "\"os_user\":\"";

/// Replaces what has the form of `pattern`, in which `x` is a hexadecimal digit. Of
/// times, those of 2024 and before stay.
fn replace(text: &str, pattern: &str, by: &str) -> String {
    let has_form = |at: usize| {
        text.as_bytes().get(at..at + pattern.len()).is_some_and(|found| {
            let is_old = pattern.starts_with("20") && found < b"2025".as_slice();
            !is_old
                && found.iter().zip(pattern.bytes()).all(|(&byte, expected)| match expected {
                    b'x' => byte.is_ascii_hexdigit(),
                    _ => byte == expected,
                })
        })
    };
    let mut replaced = String::new();
    let mut from = 0;
    while let Some(at) = (from..text.len()).find(|&at| has_form(at)) {
        replaced.push_str(&text[from..at]);
        replaced.push_str(by);
        from = at + pattern.len();
    }
    replaced + &text[from..]
}
