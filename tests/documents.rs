//! What is generated from the command line's types: help, man pages and
//! completions.

use std::path::Path;
use std::process::Command;

use expect_test::{ExpectFile, expect_file};

use crate::support::man::page;
use crate::support::{Sandbox, tool};

/// The commands, from the program down.
fn commands() -> Vec<clap::Command> {
    fn add(command: &clap::Command, prefix: &str, all: &mut Vec<clap::Command>) {
        let name = format!("{prefix}{}", command.get_name());
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            add(sub, &format!("{name}-"), all);
        }
        all.push(command.clone().display_name(&name));
    }
    let mut all = Vec::new();
    let program = tokenctl::cli::documented();
    add(&program, "", &mut all);
    all
}

fn golden(path: &str) -> ExpectFile {
    expect_file![Path::new(env!("CARGO_MANIFEST_DIR")).join(path)]
}

fn name(command: &clap::Command) -> &str {
    command.get_display_name().unwrap_or(command.get_name())
}

fn pages() -> Vec<(String, String)> {
    let program = tokenctl::cli::documented();
    let all = commands();
    let names: Vec<_> = all.iter().map(|it| name(it).to_owned()).collect();
    let others: Vec<_> = names.iter().filter(|it| *it != "tokenctl").cloned().collect();
    let page = |command| page(command, name(command), &program, &others);
    all.iter().map(|command| (name(command).to_owned(), page(command))).collect()
}

#[test]
fn the_man_pages_are_current() {
    for (name, page) in pages() {
        golden(&format!("man/{name}.1")).assert_eq(&page);
    }
}

#[test]
fn the_man_pages_are_clean_and_short() {
    let Some(mandoc) = tool("mandoc") else { return };
    for (name, page) in pages() {
        let path = format!("{}/man/{name}.1", env!("CARGO_MANIFEST_DIR"));
        let output = Command::new(&mandoc).args(["-Tlint", "-Wstyle"]).arg(&path).output();
        let report = output.expect("mandoc runs").stdout;
        assert!(report.is_empty(), "{}", String::from_utf8_lossy(&report));
        let output = Command::new(&mandoc).args(["-Tutf8", "-Owidth=80"]).arg(&path).output();
        // Bold text is printed over itself.
        let shown = String::from_utf8(output.expect("mandoc runs").stdout).expect("text");
        let shown: Vec<_> = shown.lines().map(without_overstrikes).collect();
        assert!(shown.len() <= 195, "{name}: {} lines", shown.len());
        for line in shown.iter().map(String::as_str).chain(page.lines()) {
            assert!(line.chars().count() <= 80, "{name}: {line}");
        }
    }
}

fn without_overstrikes(line: &str) -> String {
    let mut shown = String::new();
    for c in line.chars() {
        if c == '\u{8}' {
            shown.pop();
        } else {
            shown.push(c);
        }
    }
    shown
}

const SHELLS: [(&str, &str); 5] = [
    ("bash", "tokenctl.bash"),
    ("zsh", "_tokenctl"),
    ("fish", "tokenctl.fish"),
    ("elvish", "tokenctl.elv"),
    ("powershell", "_tokenctl.ps1"),
];

/// The keys that a section of the help names, with the words for their type.
fn documented_keys(help: &str) -> Vec<(String, String)> {
    let section = help.split("\n\n").find(|it| it.starts_with("Keys of JSON")).expect("a section");
    let mut keys = Vec::new();
    let mut waiting: Vec<String> = Vec::new();
    for line in section.lines().skip(1) {
        let (names, kind) = match line.trim_start().split_once("  ") {
            Some((names, kind)) if line.starts_with("  ") && !line.starts_with("   ") => {
                (names, kind)
            }
            _ if line.starts_with("   ") => ("", line),
            _ => (line.trim(), ""),
        };
        waiting.extend(names.split(", ").filter(|it| !it.is_empty()).map(Into::into));
        if !kind.is_empty() {
            keys.extend(waiting.drain(..).map(|name| (name, kind.trim().to_owned())));
        }
    }
    keys
}

#[test]
fn the_keys_of_json_are_those_that_the_help_names() {
    let sandbox = Sandbox::new();
    sandbox.run("--as root revoke 1 9 --yes --reason why").assert(0);
    for (command, line) in [
        ("list", "list"),
        ("show", "list"),
        ("deploy-tokens list", "deploy-tokens list"),
        ("deploy-tokens show", "deploy-tokens list"),
        ("stats", "stats"),
        ("stats", "stats --by user --by scope --by created --by expires --top 1"),
        ("audit", "audit"),
        ("revoke", "revoke 2 3 4 --dry-run"),
        ("deploy-tokens revoke", "deploy-tokens revoke 2 3 --dry-run"),
    ] {
        let help = sandbox.run(&format!("{command} --help")).assert(0).stdout.clone();
        let named = documented_keys(&help);
        let rows = sandbox.run(&format!("--as root {line} -o jsonl")).assert(0).stdout.clone();
        for row in rows.lines() {
            let row: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(row).expect("an object");
            assert_eq!(row.len(), named.len(), "{command}: {row:?} {named:?}");
            for (name, kind) in &named {
                let is_of_kind = match &row[name] {
                    serde_json::Value::Null => true,
                    serde_json::Value::Bool(_) => kind.starts_with("true or false"),
                    serde_json::Value::Number(_) => kind.starts_with("number"),
                    serde_json::Value::Array(_) => kind.starts_with("array"),
                    serde_json::Value::String(_) => {
                        ["string", "time", "date"].iter().any(|it| kind.starts_with(it))
                    }
                    serde_json::Value::Object(_) => false,
                };
                assert!(is_of_kind, "{command}: {name} is no {kind}: {row:?}");
            }
        }
    }
}

#[test]
fn the_completions_are_current() {
    let sandbox = Sandbox::without_store();
    for (shell, file) in SHELLS {
        let transcript = sandbox.run(&format!("completions {shell}"));
        golden(&format!("completions/{file}")).assert_eq(&transcript.assert(0).stdout);
    }
}

#[test]
fn the_shells_load_their_completions() {
    let sandbox = Sandbox::without_store();
    let file = |name: &str| format!("{}/completions/{name}", env!("CARGO_MANIFEST_DIR"));
    let scripts = [
        ("bash", format!("source {} && complete -p tokenctl", file("tokenctl.bash"))),
        (
            "zsh",
            format!(
                "autoload -U compinit && compinit -u -D && source {} && \
                 [[ -n ${{_comps[tokenctl]}} ]]",
                file("_tokenctl")
            ),
        ),
        ("fish", format!("source {}", file("tokenctl.fish"))),
    ];
    for (shell, script) in scripts {
        let Some(path) = tool(shell) else { continue };
        let mut command = Command::new(path);
        sandbox.isolate(&mut command);
        let output = command.args(["-c", &script]).output().expect(shell);
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && messages.is_empty(), "{shell}: {messages}");
    }
}

#[test]
fn the_help_is_as_reviewed() {
    let sandbox = Sandbox::without_store();
    let mut help = String::new();
    for command in commands() {
        let line =
            name(&command).replacen("tokenctl", "", 1).replace("deploy-tokens", "deploy_tokens");
        let line = line.replace('-', " ").replace("deploy_tokens", "deploy-tokens");
        let transcript = sandbox.run(&format!("{line} --help"));
        // Opens with a sentence, and shows how it is used.
        assert!(
            transcript.stdout.lines().next().is_some_and(|line| line.ends_with('.')),
            "{transcript}"
        );
        // At the narrowest usual terminal nothing of this is broken into further lines.
        let end = transcript.stdout.split_once("\nExamples:").map_or("", |(_, end)| end);
        assert!(end.lines().all(|line| line.len() <= 80), "{transcript}");
        let has_examples = transcript.stdout.contains("\nExamples:\n");
        assert!(has_examples, "{transcript}");
        help.push_str(&transcript.assert(0).to_string());
        help.push('\n');
    }
    golden("tests/golden/help.txt").assert_eq(&help);
}
