//! A system that has nothing to give (no thread, no randomness, no sane clock) is told of in
//! a message with exit status 1, and what was begun is whole or not at all.

use std::fs;
use std::process::Command;

use crate::support::apps::content_of;
use crate::support::gitlab::Gitlab;
use crate::support::{Sandbox, TOKENCTL, Transcript, tool};

/// Calls that give what a program needs of the system.
const CALLS: [(&str, &str); 6] = [
    ("clone3", "EAGAIN"),
    ("getrandom", "EIO"),
    ("openat", "EMFILE"),
    ("socketpair", "EMFILE"),
    ("socket", "EMFILE"),
    ("epoll_create1", "EMFILE"),
];

/// The status where the call was one of the loader's, before the program began.
const NOT_LOADED: i32 = 127;

/// The program under `strace`, where the call of a number fails. Gives its end, and whether
/// there was such a call.
fn starved(
    sandbox: &Sandbox,
    line: &str,
    (call, error): (&str, &str),
    number: usize,
) -> (Transcript, bool) {
    let trace = sandbox.home().join("trace");
    let mut command = Command::new(tool("strace").expect("it is installed"));
    command.args(["-f", "-qq", "-e", &format!("trace={call}"), "-e"]);
    command.arg(format!("inject={call}:error={error}:when={number}"));
    command.arg("-o").arg(&trace).arg(TOKENCTL).args(line.split(' '));
    sandbox.isolate(&mut command);
    let ran = sandbox.run_command(line, &mut command);
    let is_injected = fs::read_to_string(&trace).is_ok_and(|it| it.contains("(INJECTED)"));
    (ran, is_injected)
}

/// Runs a line with each call failing in turn, until there are no more of it.
fn starve(sandbox: &Sandbox, line: &str, check: impl Fn(&Transcript)) {
    for (call, error) in CALLS {
        for number in 1.. {
            let (ran, is_injected) = starved(sandbox, line, (call, error), number);
            if !is_injected {
                break;
            }
            if ran.status == NOT_LOADED {
                continue;
            }
            let is_ours =
                ran.status == 0 || (ran.status == 1 && ran.stderr.starts_with("tokenctl: "));
            assert!(is_ours, "{call} number {number}: {ran}");
            check(&ran);
        }
    }
}

#[test]
fn without_threads_or_randomness_a_file_is_left_whole() {
    if tool("strace").is_none() {
        return;
    }
    let sandbox = Sandbox::new();
    starve(&sandbox, "--as root list -o ids", |_| {});
    starve(&sandbox, "--as root show 1", |_| {});
    let before = content_of(&sandbox.connection());
    let revoked = "SELECT count(*) FROM personal_access_tokens WHERE id IN (1, 2) AND revoked";
    let events = "SELECT count(*) FROM audit_events";
    starve(&sandbox, "--as root revoke 1 2 --yes", |ran| {
        let [tokens, events] = [revoked, events].map(|it| sandbox.value(it));
        if ran.status == 0 {
            assert_eq!((&*tokens, &*events), ("2", "2"), "{ran}");
        } else {
            assert!(tokens == events && ["0", "2"].contains(&&*tokens), "{tokens} {events}: {ran}");
        }
    });
    assert!(content_of(&sandbox.connection()) != before, "it was not always in vain");
}

#[test]
fn without_threads_or_randomness_a_server_is_left_whole() {
    if tool("strace").is_none() {
        return;
    }
    let Some(gitlab) = Gitlab::new() else { return };
    starve(&gitlab.reader, "--as root list -o ids", |_| {});
    let before = gitlab.content();
    starve(&gitlab.revoker, "--as root revoke 1 5 --yes", |ran| {
        if ran.status != 0 {
            gitlab.wait_until_it_is_gone();
        }
        assert!(
            ran.status == 0 || gitlab.content() == before || gitlab.outcomes().len() > 1,
            "{ran}"
        );
    });
}

#[test]
fn without_memory_a_store_is_left_whole() {
    let Some(bash) = tool("bash") else { return };
    let sandbox = Sandbox::without_store();
    sandbox.run("init --sample=20000 -q").assert(0);
    let line = "--as root revoke --created-before now --yes -q -o ids --batch-size 100";
    let original = sandbox.home().join("original.db");
    fs::copy(sandbox.store(), &original).expect("a copy");
    let count = |of: &str| -> usize {
        let count = sandbox.value(&format!("SELECT count(*) FROM {of}"));
        count.parse().expect("a number")
    };
    let before = count("personal_access_tokens WHERE revoked");
    let mut failed = 0;
    for kib in (3 << 10..12 << 10).step_by(300) {
        let mut command = Command::new(&bash);
        let limited = format!("ulimit -d {kib}; exec \"$0\" {line}");
        command.args(["-c", &limited, TOKENCTL]);
        sandbox.isolate(&mut command);
        let ran = sandbox.run_command(line, &mut command);
        if ran.status == NOT_LOADED {
            continue;
        }
        assert!(ran.status == 0 || (ran.status == 1 && !ran.stderr.is_empty()), "{kib}: {ran}");
        failed += usize::from(ran.status == 1);
        let revoked = count("personal_access_tokens WHERE revoked") - before;
        let (events, rows) = (count("audit_events"), ran.ids().len());
        assert!(events == revoked && rows <= revoked, "{kib}: {events} {revoked}: {ran}");
        for suffix in ["-wal", "-shm"] {
            let _ = fs::remove_file(sandbox.home().join(format!("store.db{suffix}")));
        }
        fs::copy(&original, sandbox.store()).expect("a copy");
    }
    assert!(failed > 5, "only {failed} runs had too little");
}

/// The program with the clock stopped at another time: one that goes on would tell another second
/// where the machine is busy.
fn at(sandbox: &Sandbox, time: &str, line: &str) -> Transcript {
    let mut command = Command::new(tool("faketime").expect("it is installed"));
    command.args(["-f", time]).arg(TOKENCTL).args(line.split(' '));
    sandbox.isolate(&mut command);
    sandbox.run_command(line, &mut command)
}

#[test]
fn a_clock_that_nobody_has_set_is_told_of() {
    if tool("faketime").is_none() {
        return;
    }
    let sandbox = Sandbox::new();
    for line in ["--as root list", "--as root revoke 1", "--as root audit"] {
        let ran = at(&sandbox, "1969-12-31 23:00:00", line);
        ran.assert(1)
            .says(&["the system clock says 1969-12-31T23:00:00.000Z", "hint: set the clock"]);
        let ran = at(&sandbox, "9999-12-31 23:59:50", line);
        ran.assert(0);
    }
    let ran = at(&sandbox, "9999-12-31 23:59:50", "--as root list --expires-within 7d");
    ran.assert(2).says(&["outside the years 0000 to 9999"]);
}
