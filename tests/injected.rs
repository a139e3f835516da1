//! System calls that fail at any moment of a revoke on a file: whatever the program says,
//! prints and writes into its audit file is what is found after a crash.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use fastrand::Rng;
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

use crate::bulk::tell;
use crate::support::apps::{App, entries};
use crate::support::{NOW, Sandbox, TOKENCTL, tool, variable};

/// Each with the error that it fails with.
const CALLS: [(&str, &str); 9] = [
    ("fsync", "EIO"),
    ("fdatasync", "EIO"),
    ("pwrite64", "EIO"),
    ("pwrite64", "ENOSPC"),
    ("pread64", "EIO"),
    ("ftruncate", "EIO"),
    ("unlink", "EIO"),
    ("fcntl", "ENOLCK"),
    ("flock", "ENOLCK"),
];

/// How many moments of each call are tried; all of them where the variable
/// `TOKENCTL_TEST_FAULTS` is set, which takes a while.
const MOMENTS: usize = 5;

/// The status where the call was one of the loader's, before the program began.
const NOT_LOADED: i32 = 127;

#[derive(Clone, Copy, Debug)]
enum Kind {
    NativeWal,
    NativeRollback,
    /// Whose rows are deleted.
    Gitea,
}

/// A store before any fault, to be copied.
struct Original {
    kind: Kind,
    sandbox: Sandbox,
}

/// What a run said, and what there is after a crash.
struct Ended {
    fault: String,
    status: Option<i32>,
    messages: String,
    printed: BTreeSet<i64>,
    unresolved: BTreeSet<i64>,
    revoked: BTreeSet<i64>,
    /// The tokens of the native store's events.
    events: Option<BTreeSet<i64>>,
    /// What the audit file says of each token.
    outcomes: Vec<(i64, String)>,
    /// Whether the call was made to fail.
    is_injected: bool,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: status {:?}", self.fault, self.status)?;
        writeln!(f, "printed {:?}, unresolved {:?}", self.printed, self.unresolved)?;
        writeln!(f, "revoked {:?}, events {:?}", self.revoked, self.events)?;
        writeln!(f, "audit file {:?}\n{}", self.outcomes, self.messages)
    }
}

impl Original {
    fn new(kind: Kind) -> Self {
        let sandbox = match kind {
            Kind::Gitea => App::Gitea.file().sandbox,
            Kind::NativeWal | Kind::NativeRollback => Sandbox::new(),
        };
        if matches!(kind, Kind::NativeRollback) {
            sandbox.sql("PRAGMA journal_mode = DELETE");
        }
        Self { kind, sandbox }
    }

    /// The ids that are revoked, or deleted.
    fn revoked(&self, store: &Connection) -> BTreeSet<i64> {
        match self.kind {
            Kind::Gitea => {
                let left = ids(store, "SELECT id FROM access_token");
                let all = ids(&self.sandbox.connection(), "SELECT id FROM access_token");
                all.difference(&left).copied().collect()
            }
            Kind::NativeWal | Kind::NativeRollback => {
                let query = "SELECT id FROM personal_access_tokens WHERE revoked";
                let before = ids(&self.sandbox.connection(), query);
                ids(store, query).difference(&before).copied().collect()
            }
        }
    }

    /// Runs a revoke of small batches, of which the call of a number fails.
    fn run(&self, call: &str, error: &str, number: usize) -> Ended {
        let home = tempfile::tempdir().expect("a temporary directory");
        let (store, log) = (home.path().join("store.db"), home.path().join("audit.jsonl"));
        fs::copy(self.sandbox.store(), &store).expect("a copy");
        let trace = home.path().join("trace");
        let mut command = Command::new(tool("strace").expect("it is installed"));
        let inject = format!("inject={call}:error={error}:when={number}");
        command.args(["-f", "-qq", "-e", &format!("trace={call}"), "-e", &inject, "-o"]);
        command.arg(&trace).arg(TOKENCTL);
        command.args(["--now", NOW, "--as", "root", "-o", "jsonl", "--db"]).arg(&store);
        command.args(["revoke", "--created-before", "now", "--yes", "--batch-size", "4"]);
        command.arg("--audit-log").arg(&log);
        command.env_clear().env("HOME", home.path()).env("PATH", variable("PATH"));
        let output = command.output().expect("strace runs");

        let lines = String::from_utf8(output.stdout).expect("UTF-8");
        let rows = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
        let (mut printed, mut unresolved) = (BTreeSet::new(), BTreeSet::new());
        for row in rows {
            let id = row["id"].as_i64().expect("an id");
            match row["result"].as_str() {
                Some("revoked") => drop(printed.insert(id)),
                Some("unresolved") => drop(unresolved.insert(id)),
                _ => {}
            }
        }
        let recovered = recovered(home.path());
        let recovered = Connection::open(recovered.path().join("store.db")).expect("a store");
        let events = "SELECT target_id FROM audit_events";
        Ended {
            fault: format!("{:?}, {call} number {number} fails with {error}", self.kind),
            status: output.status.code(),
            messages: String::from_utf8(output.stderr).expect("UTF-8"),
            printed,
            unresolved,
            revoked: self.revoked(&recovered),
            events: (!matches!(self.kind, Kind::Gitea)).then(|| ids(&recovered, events)),
            outcomes: outcomes(&log),
            is_injected: fs::read_to_string(&trace).is_ok_and(|it| it.contains("(INJECTED)")),
        }
    }
}

/// What a power cut would leave: the shared memory of the log is gone, and the files are
/// played back or rolled back by whoever opens them next.
fn recovered(home: &Path) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for suffix in ["", "-wal", "-journal"] {
        let name = format!("store.db{suffix}");
        if home.join(&name).exists() {
            fs::copy(home.join(&name), folder.path().join(&name)).expect("a copy");
        }
    }
    folder
}

fn ids(store: &Connection, query: &str) -> BTreeSet<i64> {
    let mut statement = store.prepare(query).expect(query);
    let ids = statement.query_map([], |row| row.get(0)).expect(query);
    ids.map(|id| id.expect("an id")).collect()
}

fn outcomes(log: &Path) -> Vec<(i64, String)> {
    // A run that fails in the middle of a write leaves half a line.
    let Ok(text) = fs::read_to_string(log) else { return Vec::new() };
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    fs::write(log, &text[..whole]).expect("a file");
    let ends = entries(log).into_iter().filter(|entry| entry["entry"] == "outcome");
    ends.map(|entry| {
        let outcome = entry["outcome"].as_str().expect("a word");
        (entry["target_id"].as_i64().expect("an id"), outcome.to_owned())
    })
    .collect()
}

fn check(ended: &Ended) {
    let Ended { status, printed, unresolved, revoked, events, outcomes, .. } = ended;
    assert!(matches!(status, Some(0 | 1 | 75)), "{ended}");
    assert!(printed.is_subset(revoked), "what is printed is lost: {ended}");
    let told = printed | unresolved;
    let silent: Vec<_> = revoked.difference(&told).collect();
    assert!(silent.is_empty(), "{silent:?} are revoked, and nothing is said of them: {ended}");
    assert!(unresolved.is_empty() || *status == Some(1), "{ended}");
    if let Some(events) = events {
        assert_eq!(events, revoked, "an event for each revocation, and no other: {ended}");
    }
    for (id, outcome) in outcomes {
        assert_eq!(outcome == "revoked", revoked.contains(id), "the audit file lies: {ended}");
    }
    let (text, says_nothing) = (&ended.messages, revoked.is_empty() && unresolved.is_empty());
    assert!(!text.contains("nothing changed") || says_nothing, "{ended}");
}

#[test]
fn whatever_system_call_fails_nothing_is_said_that_a_crash_refutes() {
    if tool("strace").is_none() {
        return;
    }
    let is_long = !variable("TOKENCTL_TEST_FAULTS").is_empty();
    let seed = fastrand::u64(..);
    tell(&format!("failing system calls: seed {seed}"));
    let mut rng = Rng::with_seed(seed);
    let (mut faults, mut partly, mut settled) = (0, 0, 0);
    for kind in [Kind::NativeWal, Kind::NativeRollback, Kind::Gitea] {
        let original = Original::new(kind);
        for (call, error) in CALLS {
            // Until the run is over before the call of that number.
            let mut number = 0;
            for _ in 0..if is_long { usize::MAX } else { MOMENTS } {
                number += if is_long { 1 } else { rng.usize(1..=12) };
                let ended = original.run(call, error, number);
                if ended.status == Some(NOT_LOADED) {
                    continue;
                }
                check(&ended);
                if !ended.is_injected {
                    break;
                }
                faults += 1;
                partly += usize::from(!ended.revoked.is_empty() && ended.status != Some(0));
                settled += usize::from(ended.messages.contains("the rows were read again"));
            }
        }
    }
    tell(&format!(
        "failing system calls: {faults} faults, {partly} in the middle of a run, {settled} of a COMMIT"
    ));
    assert!(faults > 50, "only {faults} calls were made to fail");
}

/// The system calls of a run, in order, each with the paths of its files.
fn calls(sandbox: &Sandbox, line: &str) -> Vec<String> {
    let trace = sandbox.home().join("trace");
    let mut command = Command::new(tool("strace").expect("it is installed"));
    command.args(["-f", "-y", "-s", "400", "-e"]);
    command.arg("trace=fsync,fdatasync,pwrite64,write,unlink").arg("-o").arg(&trace);
    command.arg(TOKENCTL).args(["--now", NOW]).args(line.split(' '));
    sandbox.isolate(&mut command);
    sandbox.run_command(line, &mut command).assert(0);
    let trace = fs::read_to_string(&trace).expect("a trace");
    trace.lines().map(Into::into).collect()
}

#[test]
fn a_revocation_is_durable_before_it_is_told() {
    if tool("strace").is_none() {
        return;
    }
    for kind in [Kind::NativeWal, Kind::NativeRollback, Kind::Gitea] {
        let sandbox = Original::new(kind).sandbox;
        let line = "--as root revoke 1 4 --yes -o ids --audit-log audit.jsonl";
        let calls = calls(&sandbox, line);
        let home = sandbox.home().canonicalize().expect("a folder");
        let first = |begins: usize, what: &str, parts: &[&str]| -> usize {
            let found =
                (begins..calls.len()).find(|&at| parts.iter().all(|part| calls[at].contains(part)));
            found.unwrap_or_else(|| panic!("{kind:?}: no {what} in\n{}", calls.join("\n")))
        };
        // The intent, the change, what makes it last, the outcome, the row.
        let intent = first(0, "intent", &["write(", "audit.jsonl>", r#"\"intent\""#]);
        let intent = first(intent, "sync of the intent", &["fdatasync(", "audit.jsonl>"]);
        let changed = if matches!(kind, Kind::NativeWal) {
            let log = first(intent, "change", &["pwrite64(", "store.db-wal>"]);
            first(log, "sync of the log", &["sync(", "store.db-wal>"])
        } else {
            let change = first(intent, "change", &["pwrite64(", "store.db>"]);
            let change = first(change, "sync of the file", &["sync(", "store.db>"]);
            let journal = first(change, "end of the journal", &["unlink(", "store.db-journal"]);
            first(journal, "sync of the folder", &["sync(", &format!("<{}>", home.display())])
        };
        let outcome = first(changed, "outcome", &["write(", "audit.jsonl>", r#"\"outcome\""#]);
        let outcome = first(outcome, "sync of the outcome", &["fdatasync(", "audit.jsonl>"]);
        first(outcome, "row", &["write(", r#""1\n4\n""#]);
        // And none of it before.
        let rows = calls.iter().filter(|call| call.contains(r#""1\n4\n""#)).count();
        assert_eq!(rows, 1, "{}", calls.join("\n"));
    }
}
