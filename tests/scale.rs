//! A million tokens in bounded memory: in every format, for a reader who takes
//! nothing, and for a revocation.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Sandbox, TOKENCTL, tool};

/// Runs a shell's pipeline, whose first command is the program with 32 MiB for its
/// data, and gives the number that it prints.
fn count(sandbox: &Sandbox, bash: &Path, line: &str, reader: &str) -> u64 {
    // The kernel refuses the program any more memory.
    let limited = format!("(ulimit -d 32768; exec \"$1\" --as root {line}) | {reader}");
    let mut command = Command::new(bash);
    sandbox.isolate(&mut command);
    let output = command
        .args(["-o", "pipefail", "-c", &limited, "bash", TOKENCTL])
        .stderr(Stdio::piped())
        .output()
        .expect("bash runs");
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {messages}");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
}

#[test]
fn a_million_tokens_take_less_than_32_mib() {
    let (Some(bash), Some(_)) = (tool("bash"), tool("sqlite3")) else { return };
    let sandbox = Sandbox::without_store();
    sandbox.run("init --sample=1000000 -q").assert(0);
    for line in [
        "list -o table",
        "list -o json",
        "list -o jsonl",
        "list -o csv",
        "list -o ids",
        "list -o ids --sort name_desc",
        "list -o ids --user-type human --created-before 1d --sort last_used_asc",
    ] {
        let lines = count(&sandbox, &bash, line, "wc -l");
        assert!(lines >= 500_000, "{line}: {lines} lines");
    }

    // A reader who takes one line, and the rest when the application has written:
    // with a rollback journal it cannot before the list is read to its end.
    sandbox.sql("PRAGMA journal_mode = DELETE");
    let write = "sqlite3 -cmd '.timeout 600000' store.db 'UPDATE users SET name = name'";
    let lines =
        count(&sandbox, &bash, "list -o jsonl", &format!("{{ read -r _; {write}; wc -l; }}"));
    assert_eq!(lines, 999_999);

    let line = "revoke --unused-for 1y --yes -q -o ids";
    let revoked = count(&sandbox, &bash, line, "wc -l");
    assert!(revoked >= 50_000, "{revoked} tokens");
    assert_eq!(count(&sandbox, &bash, "audit -o csv --actor root", "wc -l"), revoked + 1);
}
