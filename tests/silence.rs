//! Nothing hangs: a server that falls silent, a pause after a long batch and an audit file
//! that another process holds end by a deadline, and at the first signal.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::pty::{OpenptyResult, Winsize, openpty};
use nix::sys::signal::Signal;
use nix::sys::termios::{FlowArg, tcflow};
use nix::unistd::{pipe2, write};

use crate::bulk::tell;
use crate::support::apps::{App, content_of};
use crate::support::gitlab::Gitlab;
use crate::support::postgres::{Cluster, READER, REVOKER, wait_until};
use crate::support::{Sandbox, TOKENCTL, Transcript, send, start, tool};
use crate::wire::{Fault, Wire};

/// So long that nothing but a signal ends the wait.
const HOUR: u32 = 3600;

/// Generous for what ought to take a second, since the machine does other things too.
const SOON: Duration = Duration::from_secs(4);

/// A database of GitLab behind a wire that falls silent.
struct Silent {
    gitlab: Gitlab,
    wire: Wire,
}

impl Silent {
    fn at(cluster: &Cluster, text: &'static str) -> Self {
        let gitlab = Gitlab::beside(cluster.gitlab());
        Self { gitlab, wire: Wire::to(cluster.socket(), Fault::Silence(text)) }
    }

    fn start(&self, sandbox: &Sandbox, role: &str, seconds: u32, line: &str) -> Child {
        let url = self.wire.url(role, &self.gitlab.database.name);
        let url = format!("{url}&connect_timeout={seconds}");
        start(sandbox.command(line.split(' ')).env("TOKENCTL_DB", url))
    }

    fn revoke(&self, seconds: u32) -> Child {
        self.start(&self.gitlab.revoker, REVOKER, seconds, REVOKE)
    }

    fn wait_until_silent(&self) {
        wait_until("the server falls silent", || self.wire.has_happened());
    }
}

const REVOKE: &str = "--as root revoke 1 2 --yes -o json";

/// The end of a run that a signal is sent to, and how long it took.
fn stop(sandbox: &Sandbox, line: &str, mut child: Child) -> (Transcript, Duration) {
    send(&child, Signal::SIGTERM);
    let sent = Instant::now();
    wait_until("the run ends", || child.try_wait().expect("a status").is_some());
    let took = sent.elapsed();
    tell(&format!("{line}: stopped in {took:?}"));
    let output: Output = child.wait_with_output().expect("it has ended");
    (sandbox.transcript(line, output), took)
}

#[test]
fn a_server_that_falls_silent_is_given_up() {
    let Some(cluster) = Cluster::shared() else { return };
    for (text, result, outcome) in
        [("UPDATE ", None, Some("not_revoked")), ("COMMIT", Some("unresolved"), None)]
    {
        let silent = Silent::at(cluster, text);
        let output = silent.revoke(1).wait_with_output().expect("it ends");
        let ran = silent.gitlab.revoker.transcript(REVOKE, output);
        assert!(silent.wire.has_happened(), "{ran}");
        ran.assert(1).says(&["0 of 2 ids done", "the server does not answer any more"]);
        let rows = ran.json();
        let results: Vec<_> =
            rows.as_array().expect("rows").iter().map(|row| row["result"].as_str()).collect();
        assert_eq!(results, vec![result; if result.is_some() { 2 } else { 0 }], "{ran}");
        let outcome = outcome.map(str::to_owned);
        assert_eq!(silent.gitlab.outcomes(), [(1, outcome.clone()), (2, outcome)], "{ran}");
    }
}

#[test]
fn a_list_from_a_server_that_falls_silent_ends_behind_the_rows_that_came() {
    let Some(cluster) = Cluster::shared() else { return };
    for format in ["ids", "csv", "table", "json"] {
        // The first row is asked for apart.
        let silent = Silent::at(cluster, "FETCH FORWARD 19");
        let line = format!("--as root list -o {format}");
        let child = silent.start(&silent.gitlab.reader, READER, 1, &line);
        let output = child.wait_with_output().expect("it ends");
        let ran = silent.gitlab.reader.transcript(&line, output);
        ran.assert(1).says(&["cannot read the store: the server does not answer any more"]);
        let id = ran.stdout.lines().nth(usize::from(format != "ids")).unwrap_or_default();
        let id = id.trim_start_matches("{\"id\":").split([' ', ',']).next();
        assert_eq!(id, Some("1"), "{ran}");
    }
}

#[test]
fn a_signal_is_heard_while_the_server_is_silent() {
    let Some(cluster) = Cluster::shared() else { return };
    let cases = [
        ("UPDATE ", 143, "stopped by SIGTERM"),
        // Whatever was stopped: nobody knows what the server did.
        ("COMMIT", 1, "whether the last batch was committed is not known"),
    ];
    for (text, status, said) in cases {
        let silent = Silent::at(cluster, text);
        let child = silent.revoke(HOUR);
        silent.wait_until_silent();
        let (ran, took) = stop(&silent.gitlab.revoker, REVOKE, child);
        ran.assert(status).says(&["0 of 2 ids done", said]);
        assert!(took < SOON, "{took:?}: {ran}");
    }
}

#[test]
fn a_signal_is_heard_in_the_pause_after_a_batch() {
    let Some(gitlab) = Gitlab::new() else { return };
    // A batch that takes long is followed by a pause as long.
    gitlab.database.sql(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
         'BEGIN PERFORM pg_sleep(8); RETURN NULL; END';
         CREATE TRIGGER slow AFTER UPDATE ON personal_access_tokens
         FOR EACH STATEMENT EXECUTE FUNCTION slow()",
    );
    let line = "--as root revoke 1 2 --yes -o ids --batch-size 1";
    let mut child = start(&mut gitlab.revoker.command(line.split(' ')));
    let mut first = String::new();
    let mut rows = BufReader::new(child.stdout.take().expect("it is piped"));
    rows.read_line(&mut first).expect("a row");
    assert_eq!(first, "1\n");
    let (ran, took) = stop(&gitlab.revoker, line, child);
    ran.assert(143)
        .says(&["revoked 1 personal access token", "1 of 2 ids done: stopped by SIGTERM"]);
    assert!(took < SOON, "{took:?}: {ran}");
}

#[test]
fn a_signal_is_heard_while_another_process_holds_the_audit_file() {
    let store = App::Gitea.file();
    store.recorded("--as root revoke 1").assert(0);
    let held = File::options().append(true).open(store.log()).expect("the audit file");
    held.lock().expect("a lock");
    let log = store.log();
    let line = "--as root revoke 4 --yes";
    let mut command = store.command(line.split(' '));
    let child = start(command.arg("--audit-log").arg(&log));
    // It waits for the lock, or is about to.
    wait_until("the run listens for signals", || catches(&child, Signal::SIGTERM));
    let (ran, took) = stop(&store.sandbox, line, child);
    ran.assert(143).says(&["0 of 1 ids done", "stopped by SIGTERM"]);
    assert!(took < SOON, "{took:?}: {ran}");
    assert!(store.ids().contains(&4), "{ran}");
}

/// Whether a signal has a handler in a process.
fn catches(child: &Child, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|it| u64::from_str_radix(it.trim(), 16).ok());
    caught.is_some_and(|it| it & (1 << (signal as i32 - 1)) != 0)
}

/// A batch that would take hours.
const ENDLESS: &str = "CREATE TRIGGER slow AFTER UPDATE ON personal_access_tokens BEGIN
    SELECT count(*) FROM (WITH RECURSIVE c(x) AS
        (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 1000000000000) SELECT x FROM c); END";

#[test]
fn a_signal_is_heard_in_a_statement_that_does_not_end() {
    let sandbox = Sandbox::new();
    sandbox.sql(ENDLESS);
    let before = content_of(&sandbox.connection());
    let line = "--as root revoke 1";
    let child = start(&mut sandbox.command(line.split(' ')));
    wait_until_it_writes(&sandbox);
    let (ran, took) = stop(&sandbox, line, child);
    ran.assert(143).says(&["0 of 1 ids done: stopped by SIGTERM"]);
    assert!(took < SOON, "{took:?}: {ran}");
    assert!(content_of(&sandbox.connection()) == before);
}

fn wait_until_it_writes(sandbox: &Sandbox) {
    let other = sandbox.connection();
    other.busy_timeout(Duration::ZERO).expect("a setting");
    wait_until("the run writes", || other.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_err());
}

#[test]
fn a_second_signal_ends_the_run_at_once_and_says_so() {
    let sandbox = Sandbox::new();
    sandbox.sql(ENDLESS);
    let before = content_of(&sandbox.connection());
    let line = "--as root revoke 1";
    let mut child = start(&mut sandbox.command(line.split(' ')));
    wait_until_it_writes(&sandbox);
    // Those that come at once are one request; the next comes before that is obeyed.
    wait_until("the run ends", || {
        let is_over = child.try_wait().expect("a status").is_some();
        if !is_over {
            send(&child, Signal::SIGINT);
        }
        is_over
    });
    let output = child.wait_with_output().expect("it has ended");
    assert_eq!(output.status.signal(), Some(Signal::SIGINT as i32));
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(said.contains("ended at once by a second SIGINT"), "{said}");
    assert!(content_of(&sandbox.connection()) == before);
}

/// A pipe that is full, and whose reader takes nothing.
fn full_pipe() -> (OwnedFd, OwnedFd) {
    let (reader, writer) = pipe2(OFlag::O_CLOEXEC).expect("a pipe");
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).expect("a writer that does not wait");
    while write(&writer, &[b'x'; 4096]).is_ok() {}
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::empty())).expect("a writer that waits");
    (reader, writer)
}

#[test]
fn a_signal_is_heard_while_nobody_reads_what_is_printed() {
    let line = "--as root revoke 1 2 --yes -o json";
    for (is_out, is_err) in [(true, false), (false, true), (true, true)] {
        let sandbox = Sandbox::new();
        let (_reader, writer) = full_pipe();
        let mut command = sandbox.command(line.split(' '));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if is_out {
            command.stdout(writer.try_clone().expect("a pipe"));
        }
        if is_err {
            command.stderr(writer);
        }
        let child = command.spawn().expect("it starts");
        wait_until("the batch is done", || {
            sandbox.value("SELECT count(*) FROM audit_events") == "2"
        });
        let (ran, took) = stop(&sandbox, line, child);
        assert!(took < SOON, "{took:?}");
        assert_eq!(ran.status, if is_out { 143 } else { 0 }, "{is_out} {is_err}");
    }
}

/// A terminal that takes nothing: nobody reads it and it is full, or it was stopped.
fn deaf_terminal(is_full: bool) -> OpenptyResult {
    let size = Winsize { ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
    let pty = openpty(Some(&size), None).expect("a terminal");
    if is_full {
        fcntl(&pty.slave, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).expect("one that does not wait");
        // Again and again: the kernel makes room a moment later.
        for _ in 0..20 {
            while write(&pty.slave, b"x").is_ok() {}
            thread::sleep(Duration::from_millis(10));
        }
        fcntl(&pty.slave, FcntlArg::F_SETFL(OFlag::O_RDWR)).expect("one that waits");
    } else {
        tcflow(&pty.slave, FlowArg::TCOOFF).expect("one that is stopped");
    }
    pty
}

#[test]
fn a_signal_is_heard_while_a_terminal_takes_nothing() {
    let question = "--as root revoke 1 2";
    let list = "--as root revoke --state active --interactive";
    let bar = "--as root --busy-timeout 1min revoke --state active --yes --batch-size 1";
    for line in [question, list, bar] {
        for is_full in [true, false] {
            let sandbox = Sandbox::new();
            let pty = deaf_terminal(is_full);
            let end = || Stdio::from(pty.slave.try_clone().expect("a handle"));
            let mut command = sandbox.command(line.split(' '));
            command.env("TERM", "xterm-256color").stdin(end()).stdout(Stdio::null()).stderr(end());
            let writer = sandbox.connection();
            if line == bar {
                // It is shown after a second.
                writer.execute_batch("BEGIN IMMEDIATE").expect("a lock");
            }
            let mut child = command.spawn().expect("it starts");
            wait_until("it listens", || catches(&child, Signal::SIGTERM));
            thread::sleep(Duration::from_millis(1100));
            if line == bar {
                writer.execute_batch("ROLLBACK").expect("the lock is given back");
                thread::sleep(Duration::from_millis(400));
            }
            assert!(child.try_wait().expect("a status").is_none(), "it waits for its reader");
            let (ran, took) = stop(&sandbox, line, child);
            assert!(took < SOON, "{took:?}");
            assert_eq!(ran.status, 143, "{line} {is_full}");
            let events = sandbox.value("SELECT count(*) FROM audit_events");
            assert_eq!(events != "0", line == bar, "{events}");
        }
    }
}

#[test]
fn a_file_that_may_not_grow_is_an_error_like_a_full_disk() {
    let Some(bash) = tool("bash") else { return };
    let sandbox = Sandbox::without_store();
    sandbox.run("init --sample=20000 -q").assert(0);
    for line in ["list -o json", "revoke --state active --yes -o json"] {
        let mut command = Command::new(&bash);
        let limited = format!("ulimit -f 20; exec \"$0\" --as root {line} > rows");
        sandbox.isolate(command.args(["-c", &limited, TOKENCTL]));
        let ran = sandbox.run_command(line, &mut command);
        ran.assert(1).says(&["tokenctl: "]);
    }
}
