//! A million tokens in bounded memory: in every format, for a reader who takes
//! nothing, and for a revocation.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Sandbox, TOKENCTL, tool};

/// Runs a shell's pipeline, whose first command is the program with so many MiB for its
/// data, and gives the number that it prints.
fn count(sandbox: &Sandbox, bash: &Path, mib: u32, line: &str, reader: &str) -> u64 {
    let limit = mib << 10;
    // The kernel refuses the program any more memory.
    let limited = format!("(ulimit -d {limit}; exec \"$1\" --as root {line}) | {reader}");
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

/// Changes the store fast: in memory, and without a check of what are copies.
fn fill(sandbox: &Sandbox, statements: &str) {
    sandbox.sql(&format!(
        "PRAGMA journal_mode = OFF;
         PRAGMA synchronous = OFF;
         PRAGMA cache_size = -262144;
         PRAGMA ignore_check_constraints = ON;
         {statements}"
    ));
}

/// Whatever the number, a list takes 21 MiB, and as its reader is slow up to 26. What is
/// left of 32 would not do for 12 bytes of each of a million tokens.
#[test]
fn lists_of_a_million_tokens_take_less_than_32_mib() {
    let (Some(bash), Some(_)) = (tool("bash"), tool("sqlite3")) else { return };
    let sandbox = Sandbox::without_store();
    sandbox.run("init --sample=100000 -q").assert(0);
    // The rest are copies, which are made faster.
    fill(
        &sandbox,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9)
         INSERT INTO personal_access_tokens
             (id, user_id, name, description, scopes, token_digest, impersonation, revoked,
              created_at, updated_at, last_used_at, expires_at)
         SELECT id + i * 100000, user_id, name, description, scopes, token_digest || ' ' || i,
             impersonation, revoked, created_at, updated_at, last_used_at, expires_at
         FROM n CROSS JOIN personal_access_tokens WHERE id <= 100000;
         PRAGMA journal_mode = WAL",
    );
    let count = |line: &str, reader: &str| count(&sandbox, &bash, 32, line, reader);
    for line in [
        "list -o table",
        "list -o json",
        "list -o jsonl",
        "list -o csv",
        "list -o ids",
        "list -o ids --sort name_desc",
        "list -o ids --user-type human --created-before 1d --sort last_used_asc",
    ] {
        let lines = count(line, "wc -l");
        assert!(lines >= 500_000, "{line}: {lines} lines");
    }

    // A reader who takes one line, and the rest when the application has written:
    // with a rollback journal it cannot before the list is read to its end.
    sandbox.sql("PRAGMA journal_mode = DELETE");
    let write = "sqlite3 -cmd '.timeout 600000' store.db 'UPDATE users SET name = name'";
    let lines = count("list -o jsonl", &format!("{{ read -r _; {write}; wc -l; }}"));
    assert_eq!(lines, 999_999);
}

/// As 32 MiB are for a million tokens, of which a quarter are revoked, so are 22 for a
/// quarter of a million: it takes between 18 and 20 whatever the number, and the rest is
/// 8 to 18 bytes a token, and 35 to 75 for each that is revoked.
#[test]
fn revoking_from_a_quarter_of_a_million_tokens_takes_less_than_22_mib() {
    let Some(bash) = tool("bash") else { return };
    let sandbox = Sandbox::without_store();
    sandbox.run("init --sample=250000 -q").assert(0);
    sandbox.sql("PRAGMA journal_mode = DELETE");
    // A list of as many ids is held once, and named in parts.
    let ids: Vec<String> = (1..=250_000).map(|id| id.to_string()).collect();
    std::fs::write(sandbox.home().join("ids"), ids.join("\n") + "\n").expect("a list");
    let line = "revoke - --created-before now --dry-run -q -o ids < ids";
    let listed = count(&sandbox, &bash, 28, line, "wc -l");
    assert!(listed >= 100_000, "{listed} tokens");

    let line = "revoke --unused-for 1y --yes -q -o ids";
    let revoked = count(&sandbox, &bash, 22, line, "wc -l");
    assert!(revoked >= 50_000, "{revoked} tokens");

    // Eight events of each. Those of one actor come from an index, as those of all do.
    let copy = "INSERT INTO audit_events (created_at, run_id, action, actor_id, actor, os_user,
                    target_type, target_id, target_name, target_user_id, reason)
                SELECT created_at, run_id, action, actor_id, actor, os_user,
                    target_type, target_id, target_name, target_user_id, reason
                FROM audit_events;";
    fill(&sandbox, &format!("{} PRAGMA journal_mode = DELETE", copy.repeat(3)));
    let line = "audit -o csv --actor root";
    assert_eq!(count(&sandbox, &bash, 22, line, "wc -l"), 8 * revoked + 1);
}
