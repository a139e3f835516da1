//! Standard input and output: pipelines, readers that go away, full disks.

use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Sandbox, TOKENCTL, Transcript, start, tool};

const FORMATS: [&str; 5] = ["table", "csv", "json", "jsonl", "ids"];

const SECRET: &str = "glpat-xxxxxxxxxxxxxxxxxxxx";

/// A pipe whose reader is gone.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

/// A file on a disk that is full.
fn full() -> Stdio {
    File::options().write(true).open("/dev/full").expect("/dev/full").into()
}

/// Runs the program with another standard output.
fn run_into(sandbox: &Sandbox, line: &str, stdout: Stdio) -> Transcript {
    let args = shell_words::split(line).expect(line);
    let output = sandbox.command(args).stdout(stdout).output().expect("the program runs");
    sandbox.transcript(line, output)
}

/// Runs a line of the shell, in which `tokenctl` is the program.
fn shell(sandbox: &Sandbox, line: &str) -> Transcript {
    let mut command = Command::new(tool("bash").expect("these tests need bash"));
    let script =
        format!("set -o pipefail; tokenctl() {{ \"$program\" \"$@\"; }}; program=$1; {line}");
    command.args(["-c", &script, "bash", TOKENCTL]);
    sandbox.isolate(&mut command);
    command.env("TOKENCTL_AS", "root");
    sandbox.transcript(line, command.output().expect("bash runs"))
}

/// Root's store of this many tokens, none of them revoked.
fn store_of(tokens: u32) -> Sandbox {
    let sandbox = Sandbox::with_empty_store();
    sandbox.sql(&format!(
        "INSERT INTO users (id, username, admin) VALUES (1, 'root', 1);
         WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < {tokens})
         INSERT INTO personal_access_tokens (id, user_id, name, token_digest)
             SELECT id, 1, 'token number ' || id, 'digest ' || id FROM n"
    ));
    sandbox
}

fn ids_up_to(last: u32) -> String {
    (1..=last).map(|id| id.to_string() + "\n").collect()
}

/// How many tokens are revoked, and how many of those have their event.
fn revoked(sandbox: &Sandbox) -> String {
    sandbox.value(
        "SELECT (SELECT count(*) FROM personal_access_tokens WHERE revoked) || ' revoked, ' ||
                (SELECT count(*) FROM audit_events) || ' events, ' ||
                (SELECT count(DISTINCT target_id) FROM audit_events
                 JOIN personal_access_tokens t ON t.id = target_id AND t.revoked) || ' of them'",
    )
}

fn state_of(sandbox: &Sandbox) -> String {
    sandbox.value(
        "SELECT (SELECT group_concat(id || revoked || updated_at) FROM personal_access_tokens) ||
                (SELECT group_concat(id || revoked) FROM deploy_tokens) ||
                (SELECT count(*) FROM audit_events)",
    )
}

#[test]
fn an_empty_result_has_its_form_in_each_format() {
    let sandbox = Sandbox::new();
    let keys = [
        (
            "",
            "id,name,revoked,created_at,scopes,user_id,last_used_at,active,expires_at,expired,\
             description,impersonation,username,state,user_type,user_state\n",
        ),
        (
            "deploy-tokens ",
            "id,name,username,expires_at,scopes,revoked,expired,active,created_at,project,group,state\n",
        ),
    ];
    for (kind, header) in keys {
        for format in FORMATS {
            let ran = sandbox.run(&format!("--as root {kind}list --search nothing -o {format}"));
            let expected = match format {
                "csv" => header,
                "json" => "[]\n",
                _ => "",
            };
            assert_eq!(ran.assert(0).stdout, expected, "{ran}");
            let lines = usize::from(format == "table");
            assert_eq!(ran.stderr.lines().count(), lines, "{ran}");
            let ran = sandbox.run(&format!("--as root -q {kind}list --search nothing -o {format}"));
            assert_eq!((&*ran.assert(0).stdout, &*ran.stderr), (expected, ""), "{ran}");
        }
    }
    let ran = sandbox.run("--as root list --search nothing -o csv --columns name,id");
    assert_eq!(ran.stdout, "name,id\n");
}

#[test]
fn no_ids_at_all_is_success() {
    let sandbox = Sandbox::new();
    let before = state_of(&sandbox);
    for input in ["", "\n\n", "# nothing\n", "  \n#\n\t\r\n"] {
        for (format, expected) in [("json", "[]\n"), ("jsonl", ""), ("ids", ""), ("table", "")] {
            let ran = sandbox.run_with_input(&format!("--as root revoke - -y -o {format}"), input);
            assert_eq!(ran.assert(0).stdout, expected, "{ran}");
        }
    }
    assert_eq!(state_of(&sandbox), before);
}

#[test]
fn a_reader_that_goes_away_ends_a_list_quietly() {
    let sandbox = Sandbox::without_store();
    sandbox.run("init --sample=5000").assert(0);
    for format in FORMATS {
        let ran = shell(&sandbox, &format!("tokenctl list -o {format} | head -1"));
        assert_eq!(ran.assert(0).stderr, "", "{ran}");
        assert_eq!(ran.stdout.lines().count(), 1, "{ran}");
        for line in ["list", "deploy-tokens list", "list --limit 3000", "show 1"] {
            let ran = run_into(&sandbox, &format!("--as root {line} -o {format}"), closed());
            assert_eq!(ran.assert(0).stderr, "", "{ran}");
        }
    }
    for line in ["--help", "--version", "help revoke", "list --help", "completions zsh"] {
        let ran = run_into(&sandbox, line, closed());
        assert_eq!(ran.assert(0).stderr, "", "{ran}");
    }
}

#[test]
fn a_full_disk_behind_standard_output_is_told() {
    let sandbox = Sandbox::new();
    let mut lines = vec!["--help".to_owned(), "list --help".into(), "--version".into()];
    lines.extend(
        ["bash", "zsh", "fish", "elvish", "powershell"].map(|it| format!("completions {it}")),
    );
    for format in FORMATS {
        lines.push(format!("--as root list -o {format}"));
        lines.push(format!("--as root deploy-tokens list -o {format}"));
        lines.push(format!("--as root show 1 -o {format}"));
        lines.push(format!("--as root deploy-tokens show 1 -o {format}"));
        lines.push(format!("--as root revoke 1 2 -n -o {format}"));
        lines.push(format!("--as root -q list -o {format}"));
    }
    for line in lines {
        let ran = run_into(&sandbox, &line, full());
        ran.assert(1).says(&["tokenctl: ", "No space left on device"]);
        // A dry run has done nothing, whatever ends it.
        assert!(!ran.stderr.contains("done"), "{ran}");
    }
}

#[test]
fn a_full_disk_behind_standard_error_changes_nothing() {
    let sandbox = Sandbox::new();
    for (line, status) in [("list --search nothing", 0), ("show 999", 4), ("revoke 1", 0)] {
        let args = shell_words::split(line).expect(line);
        let mut command = sandbox.command(["--as", "root"]);
        let status_is = command.args(args).stdout(Stdio::null()).stderr(full()).status();
        assert_eq!(status_is.expect("the program runs").code(), Some(status), "{line}");
    }
    assert_eq!(revoked(&sandbox), "3 revoked, 1 events, 1 of them");
}

#[test]
fn a_revoke_goes_on_without_its_reader() {
    for format in FORMATS {
        let sandbox = store_of(2500);
        std::fs::write(sandbox.home().join("ids"), ids_up_to(2500)).expect("a file");
        let line = format!("--as root revoke - -y -o {format}");
        let args = shell_words::split(&line).expect("a line");
        let input = File::open(sandbox.home().join("ids")).expect("a file");
        let mut command = sandbox.command(args);
        let output = command.stdin(input).stdout(closed()).output().expect("the program runs");
        let ran = sandbox.transcript(&line, output);
        ran.assert(0).says(&["revoked 2500 personal access tokens of 1 user"]);
        assert_eq!(revoked(&sandbox), "2500 revoked, 2500 events, 2500 of them");
    }
}

#[test]
fn a_full_disk_stops_a_revoke_after_the_batch() {
    let mut failed = Vec::new();
    for format in FORMATS {
        let sandbox = store_of(2500);
        std::fs::write(sandbox.home().join("ids"), ids_up_to(2500)).expect("a file");
        let input = File::open(sandbox.home().join("ids")).expect("a file");
        let mut command = sandbox.command(["--as", "root", "revoke", "-", "-y", "-o", format]);
        let output = command.stdin(input).stdout(full()).output().expect("the program runs");
        let ran = sandbox.transcript(&format!("revoke - -y -o {format}"), output);
        ran.assert(1).says(&["No space left on device", "1000 of 2500"]);
        assert_eq!(revoked(&sandbox), "1000 revoked, 1000 events, 1000 of them");
        // "The message says what was done and what was not."
        let parts = ["revoked 1000 personal access tokens of 1 user", "standard output"];
        if !parts.iter().all(|part| ran.stderr.contains(part)) {
            failed.push(ran.to_string());
        }
    }
    assert!(failed.is_empty(), "1000 are revoked, and the summary says:\n{}", failed.join("\n"));
}

#[test]
fn a_reader_that_leaves_midway_gets_whole_lines_and_the_revoke_goes_on() {
    let sandbox = store_of(2500);
    std::fs::write(sandbox.home().join("ids"), ids_up_to(2500)).expect("a file");
    let ran = shell(&sandbox, "tokenctl revoke - -y -o jsonl < ids | head -2");
    assert_eq!(ran.assert(0).stdout.lines().count(), 2, "{ran}");
    for line in ran.stdout.lines() {
        let row: Value = serde_json::from_str(line).expect(line);
        assert_eq!(row["result"], "revoked");
    }
    assert_eq!(revoked(&sandbox), "2500 revoked, 2500 events, 2500 of them");
}

#[test]
fn a_json_array_is_closed_when_the_run_stops_early() {
    let sandbox = store_of(2500);
    sandbox.sql(
        "CREATE TRIGGER full BEFORE INSERT ON audit_events WHEN NEW.target_id = 1500
         BEGIN SELECT RAISE(ABORT, 'no more'); END",
    );
    let input = ids_up_to(2500);
    let ran = sandbox.run_with_input("--as root revoke - -y -o json", &input);
    let rows = ran.assert(1).json();
    assert_eq!(rows.as_array().map(Vec::len), Some(1000), "{}", ran.stderr);
    assert_eq!(revoked(&sandbox), "1000 revoked, 1000 events, 1000 of them");
    ran.says(&[
        "a trigger of the database refuses it",
        "1000 of 2500",
        "revoked 1000 personal access tokens of 1 user",
    ]);
    // Running it again finishes the rest.
    sandbox.sql("DROP TRIGGER full");
    let ran = sandbox.run_with_input("--as root revoke - -y -o ids", &input);
    assert_eq!(ran.assert(0).ids(), (1001..=2500).collect::<Vec<_>>());
    ran.says(&["revoked 1500 ", "1000 already revoked"]);
}

#[test]
fn results_go_to_standard_output_and_nothing_else_does() {
    let sandbox = Sandbox::new();
    // A line, its status, and whether there is a result.
    let lines = [
        ("--as root list --limit 1 -o ids", 0, "1\n"),
        ("--as root list --limit 0 -o ids", 0, ""),
        ("--as root revoke 1 -n -o ids", 0, "1\n"),
        ("--as root revoke 6 -o ids", 0, ""),
        ("--as root revoke 999 -o ids", 4, ""),
        ("--as root revoke 2 999 -y -o ids", 5, "2\n"),
        ("--as root revoke 2 3", 2, ""),
        ("--as root show 999", 4, ""),
        ("--as nobody list", 4, ""),
        ("--as root list --limit x", 2, ""),
        ("--as root", 2, ""),
        ("--db other.db init", 0, ""),
        ("--db other.db init", 1, ""),
    ];
    for (line, status, stdout) in lines {
        let ran = sandbox.run(line);
        assert_eq!(ran.assert(status).stdout, stdout, "{ran}");
        assert_ne!(ran.stderr, "", "{ran}");
    }
}

#[test]
fn quiet_leaves_nothing_but_errors() {
    let sandbox = Sandbox::new();
    for flag in ["-q", "--quiet"] {
        for line in [
            "--as root list",
            "--as root list --limit 1",
            "--as root list --search nothing",
            "--as root deploy-tokens list --limit 1",
            "--as root revoke 1",
            "--as root revoke 1 2 -n",
            "--as root revoke 1 2 3 -y",
            "--as root deploy-tokens revoke 1",
        ] {
            let ran = sandbox.run(&format!("{line} {flag}"));
            assert_eq!(ran.assert(0).stderr, "", "{ran}");
        }
        let ran = sandbox.run(&format!("{flag} --db quiet{flag}.db init"));
        assert_eq!((&*ran.assert(0).stdout, &*ran.stderr), ("", ""), "{ran}");
        for (line, status) in [
            ("--as root show 999", 4),
            ("--as root revoke 999", 4),
            ("--as root revoke 1 999 -y", 5),
            ("--as root revoke 1 2", 2),
            ("--as root list --limit x", 2),
            ("--as root --db missing.db list", 1),
        ] {
            let ran = sandbox.run(&format!("{flag} {line}"));
            assert_ne!(ran.assert(status).stderr, "", "{ran}");
        }
    }
}

#[test]
fn a_list_goes_into_a_revoke() {
    for format in ["ids", "jsonl"] {
        let sandbox = Sandbox::new();
        let line = format!("tokenctl list --user olive --revoked=false -o {format}");
        let ran = shell(&sandbox, &format!("{line} | tokenctl revoke - -y -o ids"));
        assert_eq!(ran.assert(0).ids(), [1, 2, 3, 4, 5, 8], "{ran}");
        let ran = shell(&sandbox, &line);
        assert_eq!(ran.assert(0).stdout, "", "{ran}");
        // And its results once more into another.
        let ran =
            shell(&sandbox, "tokenctl revoke 9 10 -y -o jsonl | tokenctl revoke - -y -o jsonl");
        let results: Vec<Value> = ran
            .assert(0)
            .stdout
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect(line)["result"].clone())
            .collect();
        assert_eq!(results, [json!("already_revoked"), json!("already_revoked")]);
    }
    let sandbox = Sandbox::new();
    let line = "tokenctl deploy-tokens list -o ids | tokenctl deploy-tokens revoke - -y -o ids";
    assert_eq!(shell(&sandbox, line).assert(0).ids(), [1, 2, 3, 5, 7, 8]);
}

#[test]
fn input_may_hold_blanks_comments_and_duplicates() {
    let sandbox = Sandbox::new();
    let input = "# reviewed\n\n  2\t\r\n{\"id\":3}\n   # indented\n{\"state\":\"x\", \"id\": 5 }\r\n\
                 2\n{\"id\":2,\"revoked\":true}\n\n00001 # the first\n6\n9\n";
    let ran = sandbox.run_with_input("--as root revoke - -n -o jsonl", input);
    let rows: Vec<Value> =
        ran.assert(0).stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let ids: Vec<_> = rows.iter().map(|row| row["id"].clone()).collect();
    assert_eq!(ids, [1, 2, 3, 5, 6, 9].map(Value::from), "in id order, each once");
    let ran = sandbox.run_with_input("--as root revoke -y - -o ids", input);
    assert_eq!(ran.assert(0).ids(), [1, 2, 3, 5, 9]);
    assert_eq!(revoked(&sandbox), "7 revoked, 5 events, 5 of them");
}

#[test]
fn a_malformed_line_changes_nothing_and_is_named() {
    let sandbox = Sandbox::new();
    let before = state_of(&sandbox);
    let long = format!("{{\"id\":\"{SECRET}\"}}");
    let broken = format!("{{\"id\":{SECRET}}}");
    let other = format!("{{\"token\":\"{SECRET}\"}}");
    for bad in [
        "x",
        "0",
        "-1",
        "+1",
        "1 2",
        "1,2",
        "1.0",
        "0x1",
        "1e3",
        "9223372036854775808",
        "99999999999999999999999999",
        "1# comment",
        "\u{0661}",
        "@me",
        "[1]",
        "[",
        "\"1\"",
        "null",
        "{",
        "{}",
        "{\"id\":null}",
        "{\"id\":\"1\"}",
        "{\"id\":0}",
        "{\"id\":-1}",
        "{\"id\":1.5}",
        "{\"id\":1e2}",
        "{\"id\":9223372036854775808}",
        "{\"id\":[1]}",
        "{\"ID\":1}",
        "{\"id\":1}{\"id\":2}",
        "id,name,user_id,username,result,run_id",
        SECRET,
        &long,
        &broken,
        &other,
    ] {
        let input = format!("1\n# comment\n\n2\n{bad}\n3\n");
        for line in ["revoke - -y", "revoke - -n", "deploy-tokens revoke - -y"] {
            let ran = sandbox.run_with_input(&format!("--as root {line}"), &input);
            ran.assert(2).says(&["line 5"]);
            assert_eq!(ran.stdout, "", "{ran}");
            assert!(!ran.stderr.contains(&SECRET[..12]), "{ran}");
        }
    }
    assert_eq!(state_of(&sandbox), before);
}

#[test]
fn a_line_without_an_end_does_not_fill_the_memory() {
    let sandbox = store_of(3);
    for begin in ["x", " ", "#", "{"] {
        // What follows the bound must not become a line, and so an id, of its own.
        let endless = format!("1\n{begin}{}2", " ".repeat(17 << 20));
        let ran = sandbox.run_with_input("--as root revoke - --yes", &endless);
        ran.assert(2).says(&["line 2: the line is too long"]);
    }
    for begin in ["1,x", "1,\"x\n"] {
        let endless = format!("id,name\n{begin}{}2", " ".repeat(17 << 20));
        let ran = sandbox.run_with_input("--as root revoke - --yes", &endless);
        ran.assert(2).says(&["line 2: the row is too long"]);
    }
}

#[test]
fn a_line_that_is_no_text_is_a_malformed_line() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.home().join("ids"), b"1\n\xff\xfe\n").expect("a file");
    let ran = shell(&sandbox, "tokenctl revoke - -y < ids");
    ran.assert(2).says(&["line 2"]);
    assert_eq!(revoked(&sandbox), "2 revoked, 0 events, 0 of them");
}

#[test]
fn a_token_in_place_of_its_id_is_never_repeated() {
    let sandbox = Sandbox::new();
    let before = state_of(&sandbox);
    let values = [
        SECRET,
        "gldt-yyyyyyyyyyyyyyyyyyyy",
        " glpat-xxxxxxxxxxxxxxxxxxxx ",
        "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "glpat-1234567890123456789\n",
        "0123456789abcdef0123456789abcdef01234567",
    ];
    for value in values {
        for command in ["show", "revoke", "deploy-tokens show", "deploy-tokens revoke", "revoke 1"]
        {
            let mut args: Vec<&str> = vec!["--as", "root"];
            args.extend(command.split(' '));
            args.push(value);
            let output = sandbox.command(args).output().expect("the program runs");
            let ran = sandbox.transcript(command, output);
            ran.assert(2).says(&["id"]);
            assert_eq!(ran.stdout, "", "{ran}");
            assert!(!ran.stderr.contains(&value.trim()[..12]), "{ran}");
        }
    }
    assert_eq!(state_of(&sandbox), before);
}

#[test]
fn input_is_read_to_its_end_before_anything_is_touched() {
    let sandbox = store_of(1500);
    let args = ["--as", "root", "revoke", "-", "-y", "-o", "ids"];
    let mut child = start(&mut sandbox.command(args));
    let mut stdin = child.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut stdin, ids_up_to(1500).as_bytes()).expect("input");
    // More than the pipe holds has been taken, or can be: nothing is done yet.
    assert_eq!(revoked(&sandbox), "0 revoked, 0 events, 0 of them");
    std::io::Write::write_all(&mut stdin, b"and one that is none\n").expect("input");
    drop(stdin);
    let mut stdout = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut stdout).expect("output");
    let ended = child.wait().expect("the program ends");
    assert_eq!((ended.code(), &*stdout), (Some(2), ""));
    assert_eq!(revoked(&sandbox), "0 revoked, 0 events, 0 of them");
}

#[test]
fn without_a_confirmation_standard_input_is_not_taken() {
    let sandbox = Sandbox::new();
    let before = state_of(&sandbox);
    for input in ["1\n", "", "1\n2\n", "x\n"] {
        for kind in ["", "deploy-tokens "] {
            let ran = sandbox.run_with_input(&format!("--as root {kind}revoke -"), input);
            ran.assert(2).says(&["--yes", "--dry-run"]);
        }
    }
    assert_eq!(state_of(&sandbox), before);
}
