//! Lists that are fed back to `revoke -`: cut off on the way, or reviewed while the store
//! went on.

use std::io::{BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::apps::App;
use crate::support::{Sandbox, TOKENCTL, start, tool};

/// `list | revoke -` whose first process is killed. What arrives ends in the middle of an
/// id, as a pipe's buffer does.
#[test]
fn a_list_whose_program_was_killed_revokes_nothing() {
    let Some(bash) = tool("bash") else { return };
    let sandbox = Sandbox::new();
    sandbox.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)
         INSERT INTO personal_access_tokens (id, user_id, name) SELECT 1000 + i, 3, 'x' FROM n",
    );
    for format in ["ids", "jsonl", "json", "csv"] {
        let mut child = sandbox
            .command(["--as", "root", "list", "--user", "sam", "-o", format])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut output = BufReader::with_capacity(1, child.stdout.take().expect("a pipe"));
        let mut list = Vec::new();
        (&mut output).take(20_003).read_to_end(&mut list).expect("a part of the list");
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
        // The pipe holds the rest of what was printed: take as much as ends within a line.
        while list.ends_with(b"\n") || list.len() < 20_003 {
            output.by_ref().take(1).read_to_end(&mut list).expect("more");
        }
        let path = sandbox.home().join("list");
        std::fs::write(&path, &list).expect("the list");
        let mut command = Command::new(&bash);
        sandbox.isolate(&mut command);
        command.args(["-c", "cat list | \"$@\"", "bash", TOKENCTL]);
        command.args(["--as", "root", "revoke", "-", "--yes"]);
        let ran = sandbox.run_command("list | revoke -", &mut command);
        assert_eq!(ran.assert(2).stdout, "");
        ran.says(&["standard input was cut off"]);
        let revoked = "SELECT count(*) FROM audit_events";
        assert_eq!(sandbox.value(revoked), "0", "{format}");
    }
}

/// Every prefix of every format: it is refused, or names tokens of the list and no other.
#[test]
fn a_list_that_is_cut_anywhere_never_names_another_token() {
    let sandbox = Sandbox::new();
    for format in ["ids", "jsonl", "json", "csv"] {
        // Ids of two digits, of which one digit is another's.
        let line = format!("--as root list --created-after 2020-01-01 --sort id_desc -o {format}");
        let list = sandbox.run(&line).assert(0).stdout.clone();
        let full = sandbox.run_with_input("--as root revoke - -n -o ids", &list).assert(0).ids();
        assert!(full.contains(&16), "{list}");
        let ends: Vec<_> = (0..list.len()).filter(|end| list.is_char_boundary(*end)).collect();
        let first_end = list.find('\n').expect("lines");
        for end in ends.into_iter().filter(|end| end % 7 == 0 || *end < first_end + 80) {
            let ran = sandbox.run_with_input("--as root revoke - -n -o ids", &list[..end]);
            if end > first_end && list.as_bytes()[end - 1] != b'\n' {
                ran.assert(2).says(&["cut off"]);
            }
            if format != "ids" || end > first_end {
                assert!(ran.ids().iter().all(|id| full.contains(id)), "{ran}");
            }
        }
    }
}

#[test]
fn a_single_line_needs_no_end() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run_with_input("--as root revoke - -n -o ids", "5");
    assert_eq!(ran.assert(0).ids(), [5]);
    let ran = sandbox.run_with_input("--as root revoke - -y", "5\n6");
    ran.assert(2).says(&["standard input was cut off: its last line has no end"]);
    assert_eq!(sandbox.value("SELECT count(*) FROM audit_events"), "0");
}

#[test]
fn what_a_reviewed_row_says_must_be_what_the_store_says() {
    for format in ["jsonl", "json", "csv"] {
        let sandbox = Sandbox::new();
        let list = sandbox.run(&format!("--as root list --user olive -o {format}"));
        let list = list.assert(0).stdout.clone();
        // Meanwhile one is renamed, one changes hands, and one is used.
        sandbox.sql("UPDATE personal_access_tokens SET name = 'other' WHERE id = 1");
        sandbox.sql("UPDATE personal_access_tokens SET user_id = 3 WHERE id = 2");
        sandbox.sql(
            "UPDATE personal_access_tokens SET last_used_at = '2024-03-15T11:59:59.999Z'
             WHERE id = 3",
        );
        let dry = sandbox.run_with_input("--as root revoke - -n -o csv", &list);
        for (id, result) in [(1, "spared"), (2, "spared"), (3, "would_revoke")] {
            let row = dry.stdout.lines().find(|line| line.starts_with(&format!("{id},")));
            assert!(row.is_some_and(|row| row.contains(result)), "{format} {id}: {dry}");
        }
        dry.assert(0).says(&["2 spared"]);
        // What does not fit does not count either.
        let fitting = dry.stdout.matches("would_revoke").count();
        let line = format!("--as root revoke - --yes -o ids --max {fitting}");
        let ran = sandbox.run_with_input(&line, &list);
        assert_eq!(ran.assert(0).ids().len(), fitting, "{ran}");
        assert!(!ran.ids().contains(&1) && !ran.ids().contains(&2), "{ran}");
        let left = "SELECT sum(revoked) FROM personal_access_tokens WHERE id IN (1, 2)";
        assert_eq!(sandbox.value(left), "0");
        // Bare ids are numbers, and a filter that asks again still asks.
        let ran = sandbox.run_with_input("--as root revoke - --user sam --yes -o ids", "1\n2\n");
        assert_eq!(ran.assert(0).ids(), [2]);
    }
}

#[test]
fn rows_that_contradict_each_other_spare_their_token() {
    let sandbox = Sandbox::new();
    let input = "{\"id\":1,\"name\":\"laptop\"}\n{\"id\":1,\"name\":\"phone\"}\n\
                 {\"id\":2,\"username\":\"olive\"}\n{\"id\":2,\"username\":\"olive\"}\n2\n";
    let ran = sandbox.run_with_input("--as root revoke - --yes -o csv", input);
    let rows: Vec<_> = ran.assert(0).stdout.lines().collect();
    assert_eq!(rows.len(), 3, "{ran}");
    assert!(rows[1].starts_with("1,laptop,2,olive,spared"), "{ran}");
    assert!(rows[2].starts_with("2,ci deploy,2,olive,revoked"), "{ran}");
}

/// Between the first look at a token and the transaction that revokes it.
#[test]
fn a_token_that_is_renamed_at_the_last_moment_is_spared() {
    let sandbox = Sandbox::new();
    let list = sandbox.run("--as root list --user sam --state active -o jsonl");
    let list = list.assert(0).stdout.clone();
    let lock = sandbox.connection();
    lock.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    let line = "--as root --audit-log log --busy-timeout 1min revoke - --yes -o csv";
    let mut child = start(&mut sandbox.command(line.split(' ')));
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(list.as_bytes()).expect("less than a pipe holds");
    drop(input);
    let log = sandbox.home().join("log");
    let deadline = Instant::now() + Duration::from_mins(1);
    while log.metadata().map_or(0, |it| it.len()) == 0 {
        assert!(Instant::now() < deadline, "it does not tell what it is about to do");
        thread::sleep(Duration::from_millis(5));
    }
    let rename = "UPDATE personal_access_tokens SET name = 'other' WHERE id = 9; COMMIT";
    lock.execute_batch(rename).expect(rename);
    let ran = sandbox.transcript(line, child.wait_with_output().expect("it ends"));
    ran.assert(0).says(&["1 spared"]);
    assert!(ran.stdout.contains("\n9,other,3,sam,spared,"), "{ran}");
    assert!(ran.stdout.contains("\n10,"), "{ran}");
    let revoked = "SELECT group_concat(revoked) FROM personal_access_tokens WHERE id IN (9, 10)";
    assert_eq!(sandbox.value(revoked), "0,1");
}

/// SQLite gives the id of a token that was deleted to the next one.
#[test]
fn an_id_that_came_back_is_another_token() {
    let store = App::JupyterHub.file();
    let newest = *store.ids().last().expect("an id");
    for format in ["csv", "jsonl"] {
        let line = format!("--as root list -o {format}");
        let list = store.run(&line).assert(0).stdout.clone();
        let row = |line: &&str| {
            line.starts_with(&format!("{newest},"))
                || line.starts_with(&format!("{{\"id\":{newest},"))
                || line.starts_with("id,")
        };
        let list: String = list.lines().filter(row).map(|line| line.to_owned() + "\n").collect();
        store.sql(&format!("DELETE FROM api_tokens WHERE id = {newest}"));
        store.sql(&format!(
            "INSERT INTO api_tokens (id, user_id, client_id, created, note, scopes)
             VALUES ({newest}, 2, 'jupyterhub', '2024-03-15 11:{}:00.000000', 'new {format}',
                 '[\"inherit\"]')",
            format.len() + 10
        ));
        let ran = store.recorded_with_input("--as root revoke - --yes -o csv", &list);
        ran.assert(0).says(&["1 spared"]);
        assert!(store.ids().contains(&newest), "{ran}");
    }
    let list = store.run(&format!("--as root show {newest} -o csv")).assert(0).stdout.clone();
    store.recorded_with_input("--as root revoke - --yes", &list).assert(0);
    assert!(!store.ids().contains(&newest));
}

#[test]
fn hostile_names_come_back_from_every_format() {
    let names = ["=SUM(1)", "'=SUM(1)", "-x", "a\u{202e}b\n\"c\", d", "# not a comment", " b ", ""];
    let sandbox = Sandbox::new();
    let connection = sandbox.connection();
    for (id, name) in (500..).zip(names) {
        let insert = "INSERT INTO personal_access_tokens (id, user_id, name) VALUES (?1, 3, ?2)";
        connection.execute(insert, (id, name)).expect(insert);
    }
    for format in ["csv", "jsonl", "json", "csv --columns name,id", "csv --columns id,name"] {
        let list = sandbox.run(&format!("--as root list --created-after 2025-01-01 -o {format}"));
        let ran = sandbox.run_with_input("--as root revoke - -n -o ids", &list.assert(0).stdout);
        let expected: Vec<_> = (500..507).collect();
        assert_eq!(ran.assert(0).ids(), expected, "{format}: {list}");
    }
}
