//! Completion in the real shells, by their TAB.

use std::path::Path;
use std::process::Command;

use crate::support::Sandbox;
use crate::support::pty::Terminal;
use crate::support::tools::{tool, variable};

/// A shell, how it is started without anybody's settings, and what loads the completions.
struct Shell {
    name: &'static str,
    flags: &'static [&'static str],
    load: &'static str,
}

const SHELLS: [Shell; 3] = [
    Shell {
        name: "bash",
        flags: &["--norc", "--noprofile", "-i"],
        load: "bind 'set show-all-if-ambiguous on'; source <(tokenctl completions bash)",
    },
    Shell {
        name: "zsh",
        flags: &["-f", "-i"],
        load: "unsetopt list_ambiguous; autoload -U compinit; compinit -u -D; source <(tokenctl completions zsh)",
    },
    Shell {
        name: "fish",
        flags: &["--no-config", "-i"],
        load: "tokenctl completions fish | source",
    },
];

/// Lines; what TAB offers then, and what it does not.
const LINES: [(&str, &[&str], &[&str]); 15] = [
    ("tokenctl dep", &["deploy-tokens"], &["a-file"]),
    ("tokenctl list --revoked=", &["true", "false"], &["a-file"]),
    ("tokenctl list --revoked ", &["--expired"], &["a-file", "true", "false"]),
    ("tokenctl list --columns id,na", &["id,name"], &["a-file"]),
    ("tokenctl list --state ", &["active", "inactive", "revoked", "expired"], &["a-file"]),
    ("tokenctl list --user ", &[], &["a-file", "--"]),
    ("tokenctl list --scope ", &[], &["a-file", "--"]),
    ("tokenctl --as ", &[], &["a-file", "--"]),
    ("tokenctl show ", &[], &["a-file"]),
    ("tokenctl help sh", &["help show"], &["a-file"]),
    ("tokenctl --db a-", &["a-file"], &[]),
    ("tokenctl --audit-log a-", &["a-file"], &[]),
    ("tokenctl --schema gi", &["gitea", "gitlab"], &["a-file"]),
    ("tokenctl --schema a-", &["a-file"], &["gitea"]),
    ("tokenctl schema check a-", &["a-file"], &["gitea"]),
];

#[test]
fn tab_offers_what_is_accepted_and_nothing_else() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.home().join("a-file"), "").expect("a file");
    let folder = Path::new(env!("CARGO_BIN_EXE_tokenctl")).parent().expect("a folder");
    for Shell { name, flags, load } in SHELLS {
        let Some(shell) = tool(name) else { continue };
        // As the terminal's own session, which fish insists on.
        let mut command = Command::new("setsid");
        sandbox.isolate(&mut command);
        command.args(["--ctty", "--wait"]).arg(shell);
        let path = format!("{}:{}", folder.display(), variable("PATH").display());
        command.args(flags).env("PATH", path);
        let mut terminal = Terminal::run("", 200, &mut command);
        terminal.type_in(&format!("{load}; echo lo''aded\r"));
        terminal.wait_for("loaded");
        for (line, offered, not) in LINES {
            terminal.settle();
            terminal.type_in(line);
            terminal.settle();
            terminal.seen.clear();
            terminal.type_in("\t");
            terminal.settle();
            for text in offered {
                // Of a word that is completed only the rest is printed.
                let rest = line.rsplit([' ', '=', ',']).next().unwrap_or_default();
                let words = [*text, text.rsplit([' ', ',']).next().unwrap_or(text)];
                let is_there = |seen: &str| {
                    words.iter().any(|it| {
                        seen.contains(it)
                            || it.strip_prefix(rest).is_some_and(|it| seen.contains(it))
                    })
                };
                for _ in 0..50 {
                    if is_there(&terminal.seen) {
                        break;
                    }
                    terminal.settle();
                }
                assert!(is_there(&terminal.seen), "{name}: {line}: no {text}: {:?}", terminal.seen);
            }
            // A shell may print the line once more.
            terminal.seen = terminal.seen.replace(line, "");
            for text in not {
                assert!(
                    !terminal.seen.contains(text),
                    "{name}: {line}: {text}: {:?}",
                    terminal.seen
                );
            }
            // Drops the line.
            terminal.type_in("\u{15}");
        }
        terminal.settle();
        terminal.type_in("exit\r");
        terminal.end();
    }
}
