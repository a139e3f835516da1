//! A log or a journal that somebody else puts beside a SQLite file at the worst moment: what
//! is in it is neither shown nor written into the store.

use std::fs::{self, Permissions, set_permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::ownership::is_root;
use crate::support::apps::content_of;
use crate::support::postgres::wait_until;
use crate::support::{NOBODY, Sandbox, TOKENCTL, Transcript, start, tool, variable};

/// Whose store it is, where it is not root's.
const OWNER: u32 = 54_321;

/// A store in a folder where everybody may put files, as in `/tmp`.
fn world(journal: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.sql(&format!("PRAGMA journal_mode = {journal}"));
    set_permissions(sandbox.home(), Permissions::from_mode(0o1777)).expect("permissions");
    sandbox
}

/// A file beside the store that says otherwise than the store, and belongs to nobody.
fn forged(sandbox: &Sandbox, suffix: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("copy.db");
    fs::copy(sandbox.store(), &copy).expect("a copy");
    let connection = Connection::open(&copy).expect("a store");
    let mode = if suffix == "-wal" { "WAL" } else { "DELETE" };
    // The mode is in the pages too, so that what is forged is like the store.
    connection.pragma_update(None, "journal_mode", mode).expect("a mode");
    let statements = "PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = 1; PRAGMA cache_spill = 1;
        BEGIN; UPDATE personal_access_tokens SET name = 'forged';";
    connection.execute_batch(statements).expect("a write");
    if suffix == "-wal" {
        connection.execute_batch("COMMIT").expect("a write");
    }
    let path = folder.path().join("forged");
    fs::copy(format!("{}{suffix}", copy.display()), &path).expect("a copy");
    chown(&path, Some(NOBODY), Some(NOBODY)).expect("a new owner");
    set_permissions(&path, Permissions::from_mode(0o666)).expect("permissions");
    (folder, path)
}

/// Runs the program, and stops it where `stops` say: each time, the next step is made.
fn run_stopped(
    sandbox: &Sandbox,
    beside: &Path,
    line: &str,
    stops: &[(&str, &dyn Fn())],
) -> Transcript {
    let trace = sandbox.home().join("trace");
    let _ = fs::remove_file(&trace);
    let mut command = Command::new(tool("strace").expect("it is installed"));
    command.args(["-f", "-qq", "-e", "trace=statx,pread64", "-P"]).arg(beside);
    for (call, _) in stops {
        command.args(["-e", &format!("inject={call}:signal=SIGSTOP:when=1")]);
    }
    command.arg("-o").arg(&trace).arg(TOKENCTL).args(["--as", "root"]);
    command.args(shell_words::split(line).expect(line));
    sandbox.isolate(&mut command);
    command.env("PATH", variable("PATH"));
    let mut child = start(&mut command);
    for (index, (_, step)) in stops.iter().enumerate() {
        let mut stopped = None;
        wait_until("a stop", || {
            let traced = fs::read_to_string(&trace).unwrap_or_default();
            let stops = traced.lines().filter(|line| line.ends_with("stopped by SIGSTOP ---"));
            stopped = stops.map(|line| line.split(' ').next().map(Into::into)).nth(index).flatten();
            stopped.is_some() || child.try_wait().expect("a child").is_some()
        });
        // It has ended before.
        let Some(stopped): Option<String> = stopped else { break };
        step();
        let stopped = stopped.parse().expect("a process id");
        kill(Pid::from_raw(stopped), Signal::SIGCONT).expect("it goes on");
    }
    sandbox.transcript(line, child.wait_with_output().expect("it ends"))
}

#[test]
fn a_log_that_appears_while_the_store_is_opened_is_not_read() {
    if !is_root() || tool("strace").is_none() {
        return;
    }
    for (journal, owner) in [("WAL", 0), ("DELETE", 0), ("WAL", OWNER), ("DELETE", OWNER)] {
        let sandbox = world(journal);
        sandbox.give_to(owner);
        let (_folder, forged) = forged(&sandbox, "-wal");
        let log = sandbox.home().join("store.db-wal");
        let before = content_of(&sandbox.connection());
        let plant = || {
            let _ = fs::remove_file(&log);
            fs::rename(&forged, &log).expect("a new name");
        };
        let hide = || fs::rename(&log, &forged).expect("a new name");
        for (line, hides) in [
            ("list -o csv", true),
            ("list -o csv", false),
            ("revoke --state active -n", true),
            ("revoke 1", false),
            ("revoke 1 --foreign-owner", false),
        ] {
            // Only the first look is before SQLite's.
            let steps: [(&str, &dyn Fn()); 2] = [("statx", &plant), ("pread64", &hide)];
            let steps = if hides { &steps[..] } else { &steps[..1] };
            let ran = run_stopped(&sandbox, &log, line, steps);
            if line.contains("--foreign-owner") {
                // Who vouches for the others has their log.
                ran.assert(0);
                assert_eq!(sandbox.value("SELECT min(name) FROM personal_access_tokens"), "forged");
                continue;
            }
            assert_eq!(ran.stdout, "", "{journal}, {owner}, {line}: {}", ran.stderr);
            ran.assert(1);
            if line == "revoke 1" {
                ran.says(&["everybody may put files into its folder"]);
            } else {
                ran.says(&["belongs to nobody, and the store to "]);
            }
            if log.exists() && log.metadata().expect("a log").len() > 0 {
                fs::rename(&log, &forged).expect("a new name");
            }
            for suffix in ["-wal", "-shm"] {
                let _ = fs::remove_file(format!("{}{suffix}", sandbox.store().display()));
            }
            assert!(content_of(&sandbox.connection()) == before, "{journal}: {ran}");
        }
    }
}

#[test]
fn nothing_is_written_where_a_journal_could_be_put_beside_the_store() {
    if !is_root() || tool("strace").is_none() {
        return;
    }
    for (journal, mode) in [("WAL", 0o1777), ("DELETE", 0o1777), ("DELETE", 0o777)] {
        let sandbox = world(journal);
        set_permissions(sandbox.home(), Permissions::from_mode(mode)).expect("permissions");
        let (_folder, forged) = forged(&sandbox, "-journal");
        let path = sandbox.home().join("store.db-journal");
        let before = content_of(&sandbox.connection());
        let plant = || {
            fs::copy(&forged, &path).expect("a copy");
        };
        let ran = run_stopped(&sandbox, &path, "revoke 1", &[("statx", &plant)]);
        let folder = "everybody may put files into its folder, ~, and a journal among them";
        let said = ran.assert(1).to_string();
        assert!(said.contains(folder) && said.contains("add --foreign-owner"), "{said}");
        let _ = fs::remove_file(&path);
        assert!(content_of(&sandbox.connection()) == before, "{journal}: {ran}");
        // What only reads goes on, and so does everything in a folder of one's own.
        sandbox.run("--as root list").assert(0);
        sandbox.run("--as root revoke 2 --dry-run").assert(0);
        sandbox.run("--as root revoke 2 --foreign-owner").assert(0);
        set_permissions(sandbox.home(), Permissions::from_mode(0o775)).expect("permissions");
        sandbox.run("--as root revoke 3").assert(0);
    }
}
