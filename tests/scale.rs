//! A million tokens in bounded memory, in every format.

use std::process::{Command, Stdio};

use crate::support::{Sandbox, TOKENCTL, tool};

#[test]
fn a_million_tokens_take_less_than_32_mib_in_every_format() {
    let Some(bash) = tool("bash") else { return };
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
        // The kernel refuses the program any more memory for its data.
        let limited = format!("ulimit -d 32768; exec \"$1\" --as root {line} | wc -l");
        let mut command = Command::new(&bash);
        sandbox.isolate(&mut command);
        let output = command
            .args(["-o", "pipefail", "-c", &limited, "bash", TOKENCTL])
            .stderr(Stdio::piped())
            .output()
            .expect("bash runs");
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {messages}");
        let lines: u64 = String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number");
        assert!(lines >= 500_000, "{line}: {lines} lines");
    }
}
