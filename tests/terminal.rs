//! At a real terminal: widths, colour, relative times, and the question before
//! tokens are revoked.

use std::io::{Read, Write};
use std::process::Stdio;

use nix::sys::signal::Signal;
use unicode_width::UnicodeWidthStr;

use crate::support::apps::App;
use crate::support::gitlab::{Gitlab, PROGRAM};
use crate::support::pty::Terminal;
use crate::support::{Sandbox, send};

fn shown(sandbox: &Sandbox, columns: u16, line: &str, env: &[(&str, &str)]) -> String {
    let (screen, status) = Terminal::start(sandbox, columns, line, env).end();
    assert_eq!(status, Some(0), "{screen}");
    screen
}

#[test]
fn a_table_fits_the_terminal_and_speaks_of_time_as_people_do() {
    let sandbox = Sandbox::new();
    sandbox.sql(
        "UPDATE personal_access_tokens SET name = '部署部署部署部署部署部署部署部署部署部署' WHERE id = 3",
    );
    for columns in [20, 30, 50, 60, 80, 100, 200] {
        let screen = shown(&sandbox, columns, "--as root list --color never", &[]);
        // Messages are left to the terminal.
        let table: Vec<_> = screen.lines().filter(|it| !it.starts_with("tokenctl: ")).collect();
        for line in &table {
            assert!(line.width() <= columns.into(), "{columns}: {line}");
        }
        assert_eq!(table.len(), 17, "{screen}");
        // What cannot be cut is whole or left out, and that is said.
        assert!(table[0].starts_with("id") && table[0].contains(" name"), "{screen}");
        for column in ["state", "created_at", "last_used_at", "expires_at"] {
            let is_told =
                screen.lines().any(|it| it.contains("no room for") && it.contains(column));
            assert_ne!(table[0].contains(column), is_told, "{column}: {screen}");
        }
    }
    let screen = shown(&sandbox, 200, "--as olive list --color never", &[]);
    for words in ["65d ago", "1y 2mo ago", "never", "today", "in 1d"] {
        assert!(screen.contains(words), "{words}: {screen}");
    }
    assert!(!screen.contains("2024-"), "{screen}");
    let exact = shown(&sandbox, 200, "--as olive list --color never --times exact", &[]);
    assert!(exact.contains("2024-03-15") && !exact.contains(" ago"), "{exact}");
    // Beside the relative time there is room for the exact one.
    let screen = shown(&sandbox, 80, "--as olive show 4", &[]);
    assert!(screen.contains("2024-03-15 (today)"), "{screen}");
}

#[test]
fn colour_follows_the_conventions() {
    let sandbox = Sandbox::new();
    let coloured = |flags: &str, env: &[(&str, &str)]| {
        shown(&sandbox, 100, &format!("--as root list {flags}"), env).contains('\u{1b}')
    };
    assert!(coloured("", &[]));
    assert!(!coloured("--color never", &[]));
    assert!(!coloured("", &[("NO_COLOR", "1")]));
    assert!(coloured("", &[("NO_COLOR", "")]));
    assert!(coloured("--color always", &[("NO_COLOR", "1")]));
    assert!(!coloured("", &[("TERM", "dumb")]));
    // In a pipe there is none, unless it is asked for.
    assert!(!sandbox.run("--as root list").stdout.contains('\u{1b}'));
    assert!(sandbox.run("--as root list --color always").stdout.contains('\u{1b}'));
    let forced = sandbox.command(["--as", "root", "list"]).env("CLICOLOR_FORCE", "1").output();
    assert!(forced.expect("it runs").stdout.contains(&0x1b));
    let left = sandbox.command(["--as", "root", "list"]).env("CLICOLOR_FORCE", "0").output();
    assert!(!left.expect("it runs").stdout.contains(&0x1b));
    assert!(!sandbox.run("--as root list -o json --color always").stdout.contains('\u{1b}'));
}

#[test]
fn more_than_one_token_is_asked_about_and_no_is_the_default() {
    let sandbox = Sandbox::new();
    let revoked = || sandbox.value("SELECT count(*) FROM personal_access_tokens WHERE revoked");
    for (keys, status, count) in
        [("\n", 3, "2"), ("no\n", 3, "2"), ("\u{4}", 3, "2"), ("yes\n", 5, "4")]
    {
        let mut terminal = Terminal::start(&sandbox, 100, "--as olive revoke 1 2 9", &[]);
        terminal.wait_for("[y/N]");
        assert!(
            terminal.seen.contains("Revoke 2 personal access tokens of 1 user?"),
            "{}",
            terminal.seen
        );
        assert!(terminal.seen.contains("laptop"), "a preview: {}", terminal.seen);
        terminal.type_in(keys);
        let (screen, ended) = terminal.end();
        // 5: of three ids one is denied.
        assert_eq!(ended, Some(status), "{screen}");
        assert_eq!(revoked(), count, "{screen}");
    }
    assert_eq!(sandbox.value("SELECT count(*) FROM audit_events"), "2");
}

#[test]
fn the_question_says_so_where_revoking_deletes() {
    for app in [App::JupyterHub, App::Gitea, App::Forgejo] {
        let store = app.file();
        let said = match app {
            App::JupyterHub => "This deletes their rows from JupyterHub; there is no way back.",
            App::Gitea | App::Forgejo => {
                "This deletes their rows from Gitea or Forgejo; there is no way back."
            }
        };
        let log = store.log().display().to_string();
        for (line, keys, status, left) in [
            ("revoke 1", "\n", 3, true),
            ("revoke 1 2", "\n", 3, true),
            ("revoke --scope all --scope inherit", "n\n", 3, true),
            ("revoke 1 2", "y\n", 0, false),
        ] {
            let line = format!("--as olive {line} --audit-log {log}");
            let mut terminal = Terminal::start(&store.sandbox, 100, &line, &[]);
            terminal.wait_for("[y/N]");
            let before = terminal.seen.split("Revoke ").next().expect("what stands before");
            assert!(before.contains("laptop"), "a preview: {}", terminal.seen);
            assert!(before.trim_end().ends_with(said), "{}", terminal.seen);
            terminal.type_in(keys);
            let (screen, ended) = terminal.end();
            assert_eq!(ended, Some(status), "{screen}");
            assert_eq!(store.ids().contains(&1), left, "{screen}");
        }
        // Without a file for the events nothing is asked.
        let (screen, status) =
            Terminal::start(&store.sandbox, 100, "--as olive revoke 3 4", &[]).end();
        assert_eq!(status, Some(2), "{screen}");
        assert!(!screen.contains("[y/N]") && screen.contains("no place for"), "{screen}");
        // Nor is it said where nothing is asked.
        let line = format!("--as olive revoke 3 --yes --audit-log {log}");
        let (screen, status) = Terminal::start(&store.sandbox, 100, &line, &[]).end();
        assert_eq!(status, Some(0), "{screen}");
        assert!(!screen.contains("no way back"), "{screen}");
    }
    // A native store keeps the row.
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, 100, "--as olive revoke 1 2", &[]);
    terminal.wait_for("[y/N]");
    assert!(!terminal.seen.contains("deletes"), "{}", terminal.seen);
    terminal.type_in("n\n");
    assert_eq!(terminal.end().1, Some(3));
}

/// A hub's SQLite gives the id of the last row out again.
#[test]
fn a_token_that_was_not_in_the_question_is_not_deleted() {
    for line in ["revoke --scope inherit", "revoke 19 20", "revoke - --scope inherit"] {
        let store = App::JupyterHub.file();
        let log = store.log().display().to_string();
        let line = line.replace(" - ", " 11 12 19 20 ");
        let line = format!("--as root {line} --audit-log {log} -o jsonl");
        let mut terminal = Terminal::start(&store.sandbox, 100, &line, &[]);
        terminal.wait_for("[y/N]");
        store.sql(
            "UPDATE api_tokens SET scopes = '[]' WHERE id = 12;
             DELETE FROM api_tokens WHERE id = 20;
             INSERT INTO api_tokens (user_id, client_id, created, note, scopes) VALUES
                 (3, 'jupyterhub', '2024-03-15 12:00:00.100000', 'new', '[\"inherit\"]')",
        );
        terminal.type_in("y\n");
        let (screen, status) = terminal.end();
        assert_eq!(status, Some(0), "{screen}");
        let new = screen.lines().find(|line| line.starts_with("{\"id\":20,"));
        let new = new.unwrap_or_else(|| panic!("no row of 20: {screen}"));
        assert!(new.contains("\"result\":\"spared\""), "{new}");
        assert_eq!(store.value("SELECT note FROM api_tokens WHERE id = 20"), "new");
        assert!(!store.ids().contains(&19), "{screen}");
        let is_asked_again = line.contains("--scope");
        assert_eq!(store.ids().contains(&12), is_asked_again || line.contains("19 20"));
        let audited = store.recorded("--as root audit -o ids");
        assert!(!audited.assert(0).ids().contains(&20), "{audited}");
    }
}

#[test]
fn an_answer_that_is_no_text_is_a_no() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, 100, "--as olive revoke 1 2", &[]);
    terminal.wait_for("[y/N]");
    terminal.screen.write_all(b"\xe9\n").expect("the terminal takes keys");
    let (screen, status) = terminal.end();
    assert_eq!(status, Some(3), "{screen}");
}

#[test]
fn a_signal_at_the_question_changes_nothing() {
    let sandbox = Sandbox::new();
    // Often, since it comes now just before the program waits and now just after.
    for signal in [Signal::SIGINT, Signal::SIGTERM].repeat(20) {
        let mut terminal = Terminal::start(&sandbox, 100, "--as olive revoke 1 2", &[]);
        terminal.wait_for("[y/N]");
        send(&terminal.child, signal);
        let (screen, status) = terminal.end();
        assert_eq!(status, Some(128 + signal as i32), "{screen}");
        assert!(screen.contains("nothing changed: stopped by SIG"), "{screen}");
    }
    assert_eq!(sandbox.value("SELECT count(*) FROM audit_events"), "0");
}

#[test]
fn what_was_typed_before_the_question_is_no_answer() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start_after("y\n", &sandbox, 100, "--as olive revoke 1 2", &[]);
    terminal.wait_for("[y/N]");
    terminal.type_in("n\n");
    let (screen, status) = terminal.end();
    assert_eq!(status, Some(3), "{screen}");
}

#[test]
fn a_long_name_of_marks_without_width_costs_no_more_than_its_length() {
    let sandbox = Sandbox::new();
    let name = format!("e{}{}", "\u{301}".repeat(100_000), "x".repeat(300));
    sandbox
        .connection()
        .execute("UPDATE personal_access_tokens SET name = ?1 WHERE id = 1", [name])
        .expect("an update");
    let begun = std::time::Instant::now();
    shown(&sandbox, 80, "--as root list", &[]);
    // Quadratic work took most of a minute.
    assert!(begun.elapsed().as_secs() < 20);
}

/// Root's store of three old tokens, and a fourth that is used every day.
fn store_of_a_prune() -> Sandbox {
    let sandbox = Sandbox::with_empty_store();
    sandbox.sql(
        "INSERT INTO users (id, username, admin) VALUES (1, 'root', 1), (2, 'maria', 0);
         INSERT INTO personal_access_tokens (id, user_id, name, created_at, last_used_at) VALUES
             (1, 2, 'unused', '2023-01-01T00:00:00.000Z', NULL),
             (2, 2, 'used meanwhile', '2023-01-01T00:00:00.000Z', '2023-02-01T00:00:00.000Z'),
             (3, 2, 'deleted meanwhile', '2023-01-01T00:00:00.000Z', NULL),
             (4, 2, 'revoked meanwhile', '2023-01-01T00:00:00.000Z', NULL),
             (5, 2, 'used daily', '2023-01-01T00:00:00.000Z', '2024-03-15T00:00:00.000Z')",
    );
    sandbox
}

#[test]
fn what_changes_while_the_question_stands_is_judged_again() {
    let line = "--as root revoke --unused-for 90d -o jsonl";
    let sandbox = store_of_a_prune();
    let mut terminal = Terminal::start(&sandbox, 120, line, &[]);
    terminal.wait_for("Revoke 4 personal access tokens of 1 user? [y/N]");
    assert!(!terminal.seen.contains("used daily"), "{}", terminal.seen);
    sandbox.sql(
        "UPDATE personal_access_tokens SET last_used_at = '2024-03-15T11:59:59.000Z' WHERE id = 2;
         DELETE FROM personal_access_tokens WHERE id = 3;
         UPDATE personal_access_tokens SET revoked = 1 WHERE id = 4;
         UPDATE personal_access_tokens SET last_used_at = NULL WHERE id = 5",
    );
    terminal.type_in("y\n");
    let (screen, status) = terminal.end();
    assert_eq!(status, Some(0), "{screen}");
    let rows: Vec<serde_json::Value> = screen
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    let run = sandbox.value("SELECT run_id FROM audit_events");
    let maria = |id: u8, name: &str, result: &str, run: Option<&str>| {
        serde_json::json!({"id": id, "name": name, "user_id": 2, "username": "maria",
                           "result": result, "run_id": run})
    };
    let gone = serde_json::json!({"id": 3, "name": null, "user_id": null, "username": null,
                                  "result": "spared", "run_id": null});
    let expected = [
        maria(1, "unused", "revoked", Some(&run)),
        maria(2, "used meanwhile", "spared", None),
        gone,
        maria(4, "revoked meanwhile", "already_revoked", None),
    ];
    assert_eq!(rows, expected, "{screen}");
    let summary = format!(
        "revoked 1 personal access token of 1 user, 1 already revoked, 2 spared (run {run})"
    );
    assert!(screen.contains(&summary), "{screen}");
    let state = "SELECT group_concat(id || ':' || revoked, ' ') FROM personal_access_tokens";
    assert_eq!(sandbox.value(state), "1:1 2:0 4:1 5:0", "the fifth matches now, and is left alone");
    assert_eq!(sandbox.value("SELECT group_concat(target_id) FROM audit_events"), "1");
}

#[test]
fn ids_beside_a_filter_are_a_fixed_set_too() {
    let line = "--as root revoke 1 2 5 --unused-for 90d --max 2 -o jsonl";
    let sandbox = store_of_a_prune();
    let mut terminal = Terminal::start(&sandbox, 120, line, &[]);
    terminal.wait_for("Revoke 2 personal access tokens of 1 user? [y/N]");
    sandbox.sql("UPDATE personal_access_tokens SET last_used_at = NULL WHERE id = 5");
    terminal.type_in("y\n");
    let (screen, status) = terminal.end();
    assert_eq!(status, Some(0), "{screen}");
    assert!(screen.contains("revoked 2 personal access tokens of 1 user, 1 spared"), "{screen}");
    assert_eq!(sandbox.value("SELECT group_concat(target_id) FROM audit_events"), "1,2");
}

#[test]
fn a_row_that_becomes_readable_meanwhile_is_not_revoked() {
    for flags in ["", "--max 3", "--interactive"] {
        let sandbox = store_of_a_prune();
        sandbox.sql_unchecked("UPDATE personal_access_tokens SET scopes = 'x' WHERE id = 4");
        let line = format!("--as root revoke --unused-for 90d {flags}");
        let mut terminal = Terminal::start(&sandbox, 120, &line, &[]);
        if flags == "--interactive" {
            terminal.wait_for("deleted meanwhile");
            terminal.type_in("a\r");
        }
        terminal.wait_for("Revoke 3 personal access tokens of 1 user? [y/N]");
        sandbox.sql("UPDATE personal_access_tokens SET scopes = '[]' WHERE id = 4");
        terminal.type_in("y\n");
        let (screen, status) = terminal.end();
        assert_eq!(status, Some(0), "{screen}");
        assert!(
            screen.contains("revoked 3 personal access tokens of 1 user, 1 spared"),
            "{screen}"
        );
        assert_eq!(sandbox.value("SELECT group_concat(target_id) FROM audit_events"), "1,2,3");
    }
}

#[test]
fn tokens_are_picked_at_the_terminal() {
    let events =
        |sandbox: &Sandbox| sandbox.value("SELECT group_concat(target_id) FROM audit_events");
    let start = |sandbox: &Sandbox, flags: &str| {
        let line = format!("--as root revoke --unused-for 90d --interactive {flags}");
        let mut terminal = Terminal::start(sandbox, 120, &line, &[]);
        terminal.wait_for("revoked meanwhile");
        assert!(terminal.seen.contains("[ ] ") && !terminal.seen.contains("[x]"));
        terminal
    };
    let sandbox = store_of_a_prune();
    // Nothing is picked at first; giving up, or picking nothing, is a no.
    for keys in ["\r", "\u{1b}", "  \r"] {
        let mut terminal = start(&sandbox, "");
        terminal.type_in(keys);
        let (screen, status) = terminal.end();
        assert_eq!(status, Some(3), "{keys:?}: {screen}");
        assert!(screen.contains("nothing changed"), "{screen}");
    }
    // What is picked is asked about, too.
    for (answer, status, expected) in [("n\n", 3, "NULL"), ("y\n", 0, "1,4")] {
        let mut terminal = start(&sandbox, "");
        // The first, and past two others the fourth.
        terminal.type_in(" jjj \r");
        terminal.wait_for("Revoke 2 personal access tokens of 1 user? [y/N]");
        terminal.type_in(answer);
        let (screen, ended) = terminal.end();
        assert_eq!(ended, Some(status), "{screen}");
        assert_eq!(events(&sandbox), expected, "{screen}");
    }
    // What was named and not picked is spared, and what was denied is told.
    let sandbox = store_of_a_prune();
    let mut terminal = start(&sandbox, "1 4 999 --yes --max 1 -o csv");
    terminal.type_in(" \r");
    let (screen, status) = terminal.end();
    assert_eq!(status, Some(5), "{screen}");
    for row in
        ["1,unused,2,maria,revoked,", "4,revoked meanwhile,2,maria,spared,", "999,,,,denied,"]
    {
        assert!(screen.contains(row), "{row}: {screen}");
    }
    assert_eq!(events(&sandbox), "1");
    // Of more than --max nothing is revoked, and a row that cannot be read is told.
    let mut terminal = start(&sandbox, "--yes --max 1");
    terminal.type_in("a\r");
    assert_eq!(terminal.end().1, Some(1));
    sandbox.sql_unchecked("UPDATE personal_access_tokens SET created_at = '2' WHERE id = 2");
    let mut terminal = start(&sandbox, "--yes");
    terminal.type_in("a\r");
    let (screen, status) = terminal.end();
    assert_eq!(status, Some(1), "{screen}");
    assert!(screen.contains("personal access token 2 is left out"), "{screen}");
    assert_eq!(events(&sandbox), "1,3,4");
}

#[test]
fn the_terminal_is_as_it_was_after_picking() {
    let sandbox = store_of_a_prune();
    let line = "--as root revoke --unused-for 90d --interactive";
    for (keys, signal, expected) in [
        ("\u{3}", None, 130),
        ("", Some(Signal::SIGINT), 130),
        ("", Some(Signal::SIGTERM), 143),
        ("\u{1b}", None, 3),
    ] {
        let mut terminal = Terminal::start(&sandbox, 120, line, &[]);
        // The last of the list; then it waits for a key.
        terminal.wait_for("revoked meanwhile");
        // Again and again: what comes before the terminal is taken over is dropped.
        while terminal.child.try_wait().expect("a child").is_none() {
            match signal {
                None => terminal.type_in(keys),
                Some(signal) => send(&terminal.child, signal),
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let (screen, status) = terminal.end();
        assert_eq!(status, Some(expected), "{screen}");
        assert!(screen.contains("nothing changed"), "{screen}");
        let (hidden, shown) = (screen.rfind("\u{1b}[?25l"), screen.rfind("\u{1b}[?25h"));
        assert!(hidden < shown, "the cursor is back: {screen:?}");
    }
    assert_eq!(sandbox.value("SELECT count(*) FROM audit_events"), "0");
}

#[test]
fn a_terminal_that_is_too_small_to_see_is_no_place_to_pick() {
    let sandbox = store_of_a_prune();
    let line = "--as root revoke --unused-for 90d --interactive";
    let (screen, status) = Terminal::start(&sandbox, 19, line, &[]).end();
    assert_eq!(status, Some(2), "{screen}");
    assert!(screen.contains("picking takes a terminal of"), "{screen}");
}

#[test]
fn more_than_a_thousand_are_too_many_to_pick_from() {
    let sandbox = Sandbox::without_store();
    sandbox.run("init --quiet --sample=3000").assert(0);
    let line = "--as root revoke --state active --interactive";
    let (screen, status) = Terminal::start(&sandbox, 120, line, &[]).end();
    assert_eq!(status, Some(2), "{screen}");
    assert!(screen.contains("too many to pick from"), "{screen}");
}

/// More than a second's work: nobody reads for that long, so the run is held in the
/// middle, wherever that is.
#[test]
fn more_than_a_second_shows_how_fast_it_goes_and_how_long_it_will_take() {
    let stores: [Sandbox; 3] = std::array::from_fn(|_| {
        let sandbox = Sandbox::without_store();
        sandbox.run("init --quiet --sample=4000").assert(0);
        sandbox
    });
    let line = "--as root revoke --state active --yes -o jsonl --batch-size 10";
    let mut shown = Terminal::start(&stores[0], 120, line, &[]);
    let mut quiet = Terminal::start(&stores[1], 120, &format!("{line} --quiet"), &[]);
    let mut piped = stores[2]
        .command(line.split(' '))
        .env("TERM", "xterm-256color")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut output = piped.stdout.take().expect("a pipe");
    // Each has begun, and soon finds its terminal or pipe full.
    shown.wait_for("revoked");
    quiet.wait_for("revoked");
    output.read_exact(&mut [0]).expect("a row");
    std::thread::sleep(std::time::Duration::from_millis(1100));

    let (screen, status) = shown.end();
    assert_eq!(status, Some(0), "{screen}");
    let bar = screen.split(['\r', '\n']).find(|line| line.contains(" ids, "));
    let bar = bar.unwrap_or_else(|| panic!("no bar in {screen}"));
    // Such as `█████░░░░░ 870/2120 ids, 791/s, 2s left`.
    let words: Vec<_> = bar.split_whitespace().rev().take(5).collect();
    let [left, time, rate, ids, done] = words[..] else { panic!("{bar}") };
    assert!(left.starts_with("left") && ids == "ids,", "{bar}");
    assert!(time.starts_with(|digit: char| digit.is_ascii_digit()), "{bar}");
    assert!(rate.trim_end_matches("/s,").parse::<u32>().is_ok(), "{bar}");
    let matching = stores[0].value("SELECT count(*) FROM audit_events");
    assert!(done.ends_with(&format!("/{matching}")), "{bar}");
    let last = screen.trim_end().lines().last().expect("a summary");
    assert!(last.contains(&format!("revoked {matching} personal")), "the bar is gone: {last}");

    let (screen, status) = quiet.end();
    assert_eq!(status, Some(0), "{screen}");
    assert!(!screen.contains(" ids, "), "{screen}");

    output.read_to_end(&mut Vec::new()).expect("rows");
    let ended = piped.wait_with_output().expect("the program ends");
    let messages = String::from_utf8(ended.stderr).expect("UTF-8");
    assert_eq!(messages.lines().count(), 1, "a summary and no bar: {messages}");
    assert!(messages.starts_with("tokenctl: revoked "), "{messages}");
}

#[test]
fn a_question_may_stand_for_longer_than_a_server_waits() {
    let Some(gitlab) = Gitlab::new() else { return };
    for setting in ["idle_in_transaction_session_timeout", "statement_timeout"] {
        let database = &gitlab.database.name;
        gitlab.database.sql(&format!("ALTER DATABASE {database} SET {setting} = 100"));
    }
    let line = "--as root revoke --user olive --unused-for 90d";
    let mut terminal = Terminal::start(&gitlab.revoker, 100, line, &[]);
    terminal.wait_for("[y/N]");
    std::thread::sleep(std::time::Duration::from_millis(500));
    terminal.type_in("y\n");
    let (seen, status) = terminal.end();
    assert_eq!(status, Some(0), "{seen}");
    assert!(seen.contains("revoked "), "{seen}");
}

#[test]
fn the_question_tells_what_is_at_stake() {
    let sandbox = Sandbox::new();
    let line = "--as root revoke --state active --except-user sam --except-scope sudo";
    let mut terminal = Terminal::start(&sandbox, 120, line, &[]);
    terminal.wait_for("[y/N]");
    let listed = |flags: &str| {
        sandbox
            .run(&format!("--as root list --state active {flags}"))
            .assert(0)
            .stdout
            .lines()
            .count()
            - 1
    };
    let exempt = "--except-user sam --except-scope sudo";
    let [all, kept] = [listed(""), listed(exempt)];
    assert!(all > kept, "some are exempt");
    let recent = listed(&format!("{exempt} --last-used-after 7d"));
    let store = sandbox.store().canonicalize().expect("a store");
    for said in [
        format!("Store: {}, as root", store.display()),
        format!("Of these: {kept} active, {recent} used in the last 7 days"),
        format!("{} more kept by --except-user or --except-scope", all - kept),
        "There is no way back".to_owned(),
    ] {
        assert!(terminal.seen.contains(&said), "{said}: {}", terminal.seen);
    }
    terminal.type_in("n\n");
    assert_eq!(terminal.end().1, Some(3));
}

#[test]
fn of_more_than_a_hundred_the_answer_is_their_number() {
    let sandbox = Sandbox::without_store();
    sandbox.run("init --quiet --sample=300").assert(0);
    let count =
        sandbox.run("--as root list --state active --count").assert(0).stdout.trim().to_owned();
    for (keys, status) in [("y\n", 3), ("yes\n", 3), ("1\n", 3), (&*format!("{count}\n"), 0)] {
        let mut terminal = Terminal::start(&sandbox, 120, "--as root revoke --state active", &[]);
        terminal.wait_for(&format!("Type {count} to do it:"));
        terminal.type_in(keys);
        let (screen, ended) = terminal.end();
        assert_eq!(ended, Some(status), "{keys}: {screen}");
    }
}

#[test]
fn after_a_pause_the_question_stands_there_again() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, 120, "--as olive revoke 1 2", &[]);
    terminal.wait_for("[y/N]");
    for times in 2..4 {
        send(&terminal.child, Signal::SIGSTOP);
        send(&terminal.child, Signal::SIGCONT);
        while terminal.seen.matches("[y/N]").count() < times {
            assert!(terminal.read(), "{}", terminal.seen);
        }
    }
    terminal.type_in("y\n");
    assert_eq!(terminal.end().1, Some(0));
}

#[test]
fn pages_turn_and_what_is_picked_is_counted() {
    let sandbox = Sandbox::without_store();
    sandbox.run("init --quiet --sample=300").assert(0);
    let mut terminal = Terminal::start(&sandbox, 80, "--as root revoke --never-used -i", &[]);
    let count =
        sandbox.run("--as root list --never-used --revoked=false --count").assert(0).stdout.clone();
    let count = count.trim();
    // A screen of 24 lines has 21 of them.
    for (keys, said) in [
        ("", "0 of C picked, page 1 of P"),
        (" ", "1 of C picked, page 1 of P"),
        ("\u{1b}[6~", "1 of C picked, page 2 of P"),
        ("a", "22 of C picked, page 2 of P"),
        ("a", "1 of C picked, page 2 of P"),
        ("\u{1b}[5~", "1 of C picked, page 1 of P"),
        ("\u{1b}[F", "1 of C picked, page P of P"),
        ("\u{1b}[H", "1 of C picked, page 1 of P"),
    ] {
        let pages = count.parse::<usize>().expect("a number").div_ceil(21);
        terminal.type_in(keys);
        terminal.seen.clear();
        terminal.wait_for(&said.replace('C', count).replace('P', &pages.to_string()));
    }
    // Headings and keys are on each screen.
    assert!(
        terminal.seen.contains("space picks, a picks the page")
            && terminal.seen.contains("username")
    );
    terminal.type_in("\u{1b}");
    assert_eq!(terminal.end().1, Some(3));
}

#[test]
fn a_result_is_shown_however_narrow_the_terminal_is() {
    let sandbox = Sandbox::new();
    for columns in [20, 30, 40, 60] {
        let (screen, _) =
            Terminal::start(&sandbox, columns, "--as olive revoke 1 6 9 --dry-run", &[]).end();
        for result in ["would_revoke", "already_revoked", "denied"] {
            assert!(screen.contains(result), "{columns}: {screen}");
        }
    }
}

#[test]
fn a_revoked_token_tells_who_revoked_it() {
    let sandbox = Sandbox::new();
    sandbox.run("--as root revoke 1 --reason 'left the team'").assert(0);
    let screen = shown(&sandbox, 100, "--as olive show 1", &[]);
    let (token, event) = screen.split_once("revoked with tokenctl:").expect("an event");
    assert!(token.contains("revoked") && !token.contains("left the team"), "{screen}");
    for said in ["actor", "root", "left the team", "run_id"] {
        assert!(event.contains(said), "{said}: {screen}");
    }
    // In a pipe, and of a token that was revoked elsewhere, there is nothing of it.
    assert!(!sandbox.run("--as olive show 1").assert(0).stdout.contains("left the team"));
    sandbox.sql("UPDATE personal_access_tokens SET revoked = 1 WHERE id = 2");
    assert!(!shown(&sandbox, 100, "--as root show 2", &[]).contains("revoked with"));
}

#[test]
fn a_server_that_does_not_wait_for_the_answer_is_named_with_a_way_out() {
    let Some(gitlab) = Gitlab::new() else { return };
    let database = &gitlab.database.name;
    gitlab.database.sql(&format!("ALTER DATABASE {database} SET idle_session_timeout = 100"));
    let line = "--as root revoke --user olive --unused-for 90d";
    let mut terminal = Terminal::start(&gitlab.revoker, 100, line, &[]);
    terminal.wait_for("[y/N]");
    gitlab.wait_until(&format!("SELECT NOT EXISTS ({PROGRAM})"));
    terminal.type_in("y\n");
    let (seen, status) = terminal.end();
    assert_eq!(status, Some(1), "{seen}");
    assert!(seen.contains("idle for too long (SQLSTATE 57P05)"), "{seen}");
    assert!(
        seen.contains("hint: run it again; with --yes there is no question to wait for"),
        "{seen}"
    );
    gitlab.assert_outcomes(&[]);
}
