//! A revoke that is stopped half way: by a signal, by a lock, by SIGKILL. The
//! test holds it at a known point by not reading what it prints: a batch of
//! results is more than a pipe holds.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::Sandbox;

const TOKENS: usize = 5000;

/// A revoke of all tokens that has committed its first batch.
struct HeldRevoke {
    child: Child,
    output: BufReader<ChildStdout>,
    /// The part of the result that has been read.
    seen: String,
}

impl HeldRevoke {
    fn start(sandbox: &Sandbox) -> Self {
        let ids: String = (1..=TOKENS).map(|id| id.to_string() + "\n").collect();
        let args = "--as root revoke - --yes -o json --busy-timeout 0s";
        let mut child = sandbox
            .command(args.split(' '))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut input = child.stdin.take().expect("a pipe");
        input.write_all(ids.as_bytes()).expect("all ids are read before the first is revoked");
        drop(input);
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut seen = String::new();
        output.read_line(&mut seen).expect("a line");
        Self { child, output, seen }
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).expect("a process id");
        kill(Pid::from_raw(id), signal).expect("the program runs");
    }

    /// The rows, the messages and the exit status, if it was not killed.
    fn end(mut self) -> (Vec<serde_json::Value>, String, Option<i32>) {
        self.output.read_to_string(&mut self.seen).expect("UTF-8");
        let ended = self.child.wait_with_output().expect("the program ends");
        let rows = serde_json::from_str(&self.seen).unwrap_or_default();
        (rows, String::from_utf8(ended.stderr).expect("UTF-8"), ended.status.code())
    }
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::without_store();
    sandbox.run(&format!("init --quiet --sample={TOKENS}")).assert(0);
    sandbox.sql("UPDATE personal_access_tokens SET name = name || ' ' || hex(zeroblob(60))");
    // Whoever is revoked by now stays so; each of the others gets its event.
    sandbox.sql("CREATE TABLE before AS SELECT id FROM personal_access_tokens WHERE revoked");
    sandbox
}

/// How many ids are done: a whole number of batches, each token with one event.
fn done(sandbox: &Sandbox) -> usize {
    assert_eq!(sandbox.value("PRAGMA integrity_check"), "ok");
    let new = "SELECT id FROM personal_access_tokens WHERE revoked EXCEPT SELECT id FROM before";
    let events = "SELECT target_id FROM audit_events";
    let difference =
        |a: &str, b: &str| sandbox.value(&format!("SELECT count(*) FROM ({a} EXCEPT {b})"));
    assert_eq!(difference(new, events), "0", "a revocation without its event");
    assert_eq!(difference(events, new), "0", "an event without its revocation");
    let total = sandbox.value("SELECT count(*) - count(DISTINCT target_id) FROM audit_events");
    assert_eq!(total, "0", "two events of one token");
    let last = "SELECT coalesce(max(target_id), 0) FROM audit_events";
    let last: usize = sandbox.value(last).parse().expect("a number");
    last.div_ceil(1000) * 1000
}

/// Running it again finishes the rest.
fn finish(sandbox: &Sandbox) {
    let ids: String = (1..=TOKENS).map(|id| id.to_string() + "\n").collect();
    sandbox.run_with_input("--as root revoke - --yes --quiet -o ids", &ids).assert(0);
    assert_eq!(done(sandbox), TOKENS);
    let left = "SELECT count(*) FROM personal_access_tokens WHERE NOT revoked";
    assert_eq!(sandbox.value(left), "0");
}

#[test]
fn a_signal_stops_after_the_current_batch() {
    for (signal, status) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let sandbox = sandbox();
        let revoke = HeldRevoke::start(&sandbox);
        revoke.signal(signal);
        let (rows, messages, ended) = revoke.end();
        assert_eq!(ended, Some(status), "{messages}");
        let done = done(&sandbox);
        assert!(done < TOKENS, "{messages}");
        assert_eq!(rows.len(), done, "the array is closed, and holds each id that is done");
        assert!(
            messages.contains(&format!("{done} of {TOKENS} ids done: stopped by SIG")),
            "{messages}"
        );
        assert!(messages.contains("revoked "), "a summary: {messages}");
        finish(&sandbox);
    }
}

#[test]
fn a_lock_between_batches_stops_it_with_what_was_done() {
    let sandbox = sandbox();
    let revoke = HeldRevoke::start(&sandbox);
    let other = sandbox.connection();
    // The other writer waits for the batch that may be under way.
    other.busy_timeout(std::time::Duration::from_secs(30)).expect("a connection");
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    let (rows, messages, ended) = revoke.end();
    assert_eq!(ended, Some(75), "{messages}");
    other.execute_batch("ROLLBACK").expect("the lock is given back");
    assert_eq!(rows.len(), done(&sandbox), "{messages}");
    assert!(messages.contains("hint: another process is writing"), "{messages}");
    finish(&sandbox);
}

#[test]
fn killed_it_leaves_whole_batches() {
    let sandbox = sandbox();
    let revoke = HeldRevoke::start(&sandbox);
    revoke.signal(Signal::SIGKILL);
    let (_, _, ended) = revoke.end();
    assert_eq!(ended, None);
    assert!((1000..TOKENS).contains(&done(&sandbox)));
    finish(&sandbox);
}
