//! Values that attack a terminal, a spreadsheet or a parser, and rows that
//! cannot be read: what the program makes of them, in every format.

use rusqlite::{Connection, params};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use crate::support::{Sandbox, Transcript};

pub const FORMATS: [&str; 5] = ["table", "csv", "json", "jsonl", "ids"];

const CREATED: &str = "2024-01-02T03:04:05.678Z";

/// Begins every digest; no output may ever hold it.
const DIGEST: &str = "canary-of-a-digest";

pub const NAMES: &[&str] = &[
    "\u{1b}[31mred\u{1b}[0m",
    "\u{1b}]0;title\u{7}\u{1b}]8;;http://evil\u{1b}\\link",
    "a carriage\rreturn",
    "two\nlines",
    "\n1,forged,line",
    "one\r\ntwo",
    "a\ttab",
    "before\0after",
    "\u{9b}31mC1",
    "next\u{85}line",
    "\u{7f}rubout\u{8}",
    "safe\u{202e}gpj.exe",
    "line\u{2028}and paragraph\u{2029}separators",
    "zero\u{200b}width\u{200d}\u{2060}blanks",
    "\u{2066}isolated\u{2069}",
    "\u{61c}mark\u{200e}\u{200f}",
    "\u{feff}byte order mark",
    "soft\u{ad}hyphen",
    "tag\u{e0041}s",
    "漢字カナ한글の名前",
    "👩\u{200d}👩\u{200d}👧 family",
    "🇩🇪🇫🇷 flags, 👍🏽 tone",
    "e\u{301}e\u{323}\u{302}o\u{308} combining",
    "נְקֻדּוֹת and العربية",
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\"",
    "a \"quoted\" name",
    "'single'",
    "comma, comma,,",
    "{\"json\": [1]}",
    "back\\slash \\u0041 \\n",
    "",
    " ",
    " leading and trailing ",
    "'; DROP TABLE users; --",
    "100%_sure",
    "-",
];

/// Whether a character acts on a terminal, reorders text or hides in it.
pub fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// How tables, CSV and messages show a text.
fn visible(text: &str) -> String {
    let escape = |c: char| {
        if is_dangerous(c) { c.escape_default().to_string() } else { c.to_string() }
    };
    text.chars().map(escape).collect()
}

/// What a CSV cell holds: no formula for a spreadsheet to run.
fn cell(text: &str) -> String {
    let text = visible(text);
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
}

/// Fails where either stream could act on a terminal or tells a digest.
#[track_caller]
fn assert_harmless(ran: &Transcript) {
    for text in [&ran.stdout, &ran.stderr] {
        let found = text.chars().find(|&c| c != '\n' && is_dangerous(c));
        assert_eq!(found, None, "{ran}");
        assert!(!text.contains(DIGEST), "{ran}");
    }
}

fn insert_token(store: &Connection, user: i64, name: &str, description: Option<&str>) {
    let scopes = json!([name, "api"]).to_string();
    let digest: i64 = store
        .query_row("SELECT count(*) FROM personal_access_tokens", [], |row| row.get(0))
        .expect("a number");
    store
        .execute(
            "INSERT INTO personal_access_tokens
                 (user_id, name, description, scopes, token_digest, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![user, name, description, scopes, format!("{DIGEST}-{digest}"), CREATED],
        )
        .expect("a token");
}

fn insert_deploy_token(store: &Connection, name: &str, place: i64) {
    let scopes = json!([name, "api"]).to_string();
    let digest = format!("{DIGEST}-d{place}");
    let [project, group] = if place % 2 == 0 { [Some(place), None] } else { [None, Some(place)] };
    store
        .execute(
            "INSERT INTO deploy_tokens
                 (name, username, scopes, token_digest, created_at, project_id, group_id)
             VALUES (?1, ?1, ?2, ?3, ?4, ?5, ?6)",
            params![name, scopes, digest, CREATED, project, group],
        )
        .expect("a deploy token");
}

/// A store in which everything that can be named is named by each of `NAMES`:
/// users, projects, groups, tokens, descriptions and scopes. Root is user 1.
fn hostile_store() -> Sandbox {
    hostile_store_of(NAMES.iter().copied())
}

/// The same without what a server cannot hold.
pub fn hostile_store_for_server() -> Sandbox {
    hostile_store_of(NAMES.iter().copied().filter(|name| !name.contains('\0')))
}

fn hostile_store_of(names: impl IntoIterator<Item = &'static str>) -> Sandbox {
    let sandbox = Sandbox::with_empty_store();
    sandbox.sql("INSERT INTO users (id, username, admin) VALUES (1, 'root', 1)");
    let store = sandbox.connection();
    let transaction = store.unchecked_transaction().expect("a transaction");
    for (name, id) in names.into_iter().zip(1..) {
        // No two names that differ in nothing but ASCII case, and none empty.
        let unique = format!("{name}{id}");
        let user = id + 1;
        let tables = [("users (id, username)", user)];
        let places = [("projects (id, full_path)", id), ("groups (id, full_path)", id)];
        for (table, id) in tables.into_iter().chain(places) {
            let insert = format!("INSERT INTO {table} VALUES (?1, ?2)");
            store.execute(&insert, params![id, unique]).expect(&insert);
        }
        insert_token(&store, user, name, Some(name));
        insert_deploy_token(&store, name, id);
    }
    transaction.commit().expect("a commit");
    sandbox
}

fn line_of(ids: impl IntoIterator<Item = impl ToString>) -> String {
    let ids: Vec<_> = ids.into_iter().map(|id| id.to_string()).collect();
    ids.join(" ")
}

fn count(lines: &str) -> usize {
    lines.lines().count()
}

#[test]
fn hostile_text_is_harmless_in_every_format_and_no_digest_is_told() {
    let sandbox = hostile_store();
    let all = line_of(1..=NAMES.len());
    for kind in ["", "deploy-tokens "] {
        for format in FORMATS {
            // How many lines there are beside one a token.
            let more = match format {
                "table" | "csv" => 1,
                "json" => 2,
                _ => 0,
            };
            let commands = [
                format!("{kind}list"),
                format!("{kind}list --sort name_desc"),
                format!("{kind}revoke -n {all}"),
            ];
            for command in commands {
                let ran = sandbox.run(&format!("--as root -o {format} {command}"));
                ran.assert(0);
                assert_harmless(&ran);
                assert_eq!(count(&ran.stdout), NAMES.len() + more, "{ran}");
            }
            let ran = sandbox.run(&format!("--as root -o {format} {kind}show 4"));
            ran.assert(0);
            assert_harmless(&ran);
        }
        let ran = sandbox.run(&format!("--as root {kind}list --columns name,scopes,username"));
        assert_harmless(ran.assert(0));
        assert_eq!(count(&ran.stdout), NAMES.len() + 1, "{ran}");
    }
    for format in FORMATS {
        let ran = sandbox.run(&format!("--as root revoke -y -o {format} {all}"));
        assert_harmless(ran.assert(0));
    }
}

#[test]
fn json_parses_back_to_the_exact_text() {
    let sandbox = hostile_store();
    let array = sandbox.run("--as root list -o json").json();
    let lines = sandbox.run("--as root list -o jsonl").stdout;
    let deploy = sandbox.run("--as root deploy-tokens list -o json").json();
    let ids = line_of(1..=NAMES.len());
    let revoked = sandbox.run(&format!("--as root revoke -y -o json {ids}")).json();
    for ((index, name), line) in NAMES.iter().enumerate().zip(lines.lines()) {
        let unique = format!("{name}{}", index + 1);
        let token = &array[index];
        assert_eq!(token["name"], *name);
        assert_eq!(token["description"], *name);
        assert_eq!(token["scopes"], json!([name, "api"]));
        assert_eq!(token["username"], unique);
        assert_eq!(serde_json::from_str::<Value>(line).expect(line), *token);
        let token = &deploy[index];
        assert_eq!([&token["name"], &token["username"]], [*name; 2]);
        let place = if (index + 1) % 2 == 0 { "project" } else { "group" };
        assert_eq!(token[place], unique);
        assert_eq!([&revoked[index]["name"], &revoked[index]["username"]], [name, &*unique]);
        let shown = sandbox.run(&format!("--as root show {} -o json", index + 1)).json();
        assert_eq!(shown["name"], *name);
    }
    // The audit events keep the names as they are.
    let kept = sandbox.value(
        "SELECT count(*) FROM audit_events e JOIN personal_access_tokens t ON t.id = target_id
         WHERE target_name = t.name AND target_user_id = t.user_id",
    );
    assert_eq!(kept, NAMES.len().to_string());
}

#[test]
fn csv_parses_back_and_runs_no_formula() {
    let sandbox = hostile_store();
    let check = |line: &str, columns: &[&str], value: fn(&str, usize) -> String| {
        let ran = sandbox.run(line);
        let mut reader = csv::Reader::from_reader(ran.stdout.as_bytes());
        let header = reader.headers().expect("a header").clone();
        let at = |column: &str| header.iter().position(|it| it == column).expect(column);
        let records: Vec<_> = reader.records().map(|record| record.expect("a record")).collect();
        assert_eq!(records.len(), NAMES.len(), "{ran}");
        for (index, (record, name)) in records.iter().zip(NAMES).enumerate() {
            for column in columns {
                assert_eq!(record[at(column)], value(name, index + 1), "{column}: {ran}");
            }
        }
    };
    check("--as root list -o csv", &["name", "description"], |name, _| cell(name));
    check("--as root list -o csv", &["username"], |name, id| cell(&format!("{name}{id}")));
    check("--as root list -o csv", &["scopes"], |name, _| cell(&format!("{name} api")));
    check("--as root deploy-tokens list -o csv", &["name", "username"], |name, _| cell(name));
    check("--as root deploy-tokens list -o csv", &["project"], |name, id| match id % 2 {
        0 => cell(&format!("{name}{id}")),
        _ => String::new(),
    });
    let ids = line_of(1..=NAMES.len());
    check(&format!("--as root revoke -n -o csv {ids}"), &["name"], |name, _| cell(name));
}

#[test]
fn table_columns_stay_in_line_whatever_the_names_are() {
    let sandbox = hostile_store();
    let wide = "漢".repeat(100);
    let narrow = "e\u{301}\u{323}".repeat(80);
    for name in [&wide, &narrow] {
        insert_token(&sandbox.connection(), 1, name, None);
    }
    let ran =
        sandbox.run("--as root list --columns id,name,description,username,scopes,created_at");
    let places: Vec<_> = ran
        .stdout
        .lines()
        .map(|line| {
            let marker = if line.starts_with("id ") { "created_at" } else { CREATED };
            let at = line.rfind(marker).expect(line);
            line[..at].width()
        })
        .collect();
    assert!(places.iter().all(|place| *place == places[0]), "{places:?}\n{ran}");
    for name in [&*wide, &*narrow] {
        assert!(ran.stdout.contains(name), "a piped table is never cut");
    }
    for name in NAMES {
        assert!(ran.stdout.contains(&visible(name)), "{name:?} in\n{ran}");
    }
}

#[test]
fn a_name_of_seventy_thousand_characters_is_never_cut() {
    let sandbox = Sandbox::new();
    for c in ["x", "漢"] {
        insert_token(&sandbox.connection(), 1, &c.repeat(70_000), Some(&c.repeat(70_000)));
    }
    sandbox.sql("INSERT INTO personal_access_tokens (user_id, name) VALUES (1, 'the last')");
    for line in ["list", "show 17", "show 18", "revoke 17 18 -n", "list --sort name_desc"] {
        for format in FORMATS {
            let ran = sandbox.run(&format!("--as root {line} -o {format} --now 9999-01-01"));
            ran.assert(0);
            for (c, id) in [("x", "17"), ("漢", "18")] {
                let shown = format != "ids" && (line.ends_with(id) || !line.starts_with("show"));
                assert_eq!(ran.stdout.contains(&c.repeat(70_000)), shown, "{line} {format} {c}");
            }
            if line.starts_with("list") {
                let more = ["table", "csv"].contains(&format) || format == "json";
                let more = usize::from(more) + usize::from(format == "json");
                assert_eq!(count(&ran.stdout), 19 + more, "{line} {format}");
            }
        }
    }
    let ran = sandbox.run("--as root revoke 17 18 -y -o ids");
    assert_eq!(ran.assert(0).ids(), [17, 18]);
}

#[test]
fn nulls_have_one_form_in_each_format() {
    let sandbox = Sandbox::with_empty_store();
    sandbox.sql("INSERT INTO users (id, username, admin) VALUES (1, 'root', 1)");
    sandbox.sql("INSERT INTO projects (id, full_path) VALUES (1, 'p')");
    sandbox.sql_unchecked(&format!(
        "INSERT INTO personal_access_tokens (id, user_id, name, created_at)
             VALUES (1, 99, 'n', '{CREATED}');
         INSERT INTO deploy_tokens (id, name, created_at, project_id)
             VALUES (1, 'n', '{CREATED}', 99)"
    ));
    let token = json!({
        "id": 1, "name": "n", "revoked": false, "created_at": CREATED, "scopes": [], "user_id": 99,
        "last_used_at": null, "active": true, "expires_at": null, "expired": false,
        "description": null, "impersonation": false, "username": null, "state": "active",
        "user_type": null, "user_state": "gone",
    });
    let deploy = json!({
        "id": 1, "name": "n", "username": "gitlab+deploy-token-1", "expires_at": null,
        "scopes": [], "revoked": false, "expired": false, "active": true, "created_at": CREATED,
        "project": null, "group": null, "state": "active",
    });
    for (kind, expected) in [("", token), ("deploy-tokens ", deploy)] {
        let run = |line: &str, format| {
            let ran = sandbox.run(&format!("--as root {kind}{line} -o {format}"));
            ran.assert(0);
            ran
        };
        assert_eq!(run("list", "json").json()[0], expected);
        for (line, format) in [("list", "jsonl"), ("show 1", "json"), ("show 1", "jsonl")] {
            assert_eq!(run(line, format).json(), expected);
        }
        assert_eq!(run("list", "csv").stdout, run("show 1", "csv").stdout);
        assert_eq!(run("show 1", "ids").stdout, "1\n");
    }
    let lines = [
        ("list", format!("1,n,false,{CREATED},,99,,true,,false,,false,,active,,gone")),
        (
            "deploy-tokens list",
            format!("1,n,gitlab+deploy-token-1,,,false,false,true,{CREATED},,,active"),
        ),
        ("revoke 1 -n", "1,n,99,,would_revoke,".into()),
        ("revoke 7 -n", "7,,,,denied,".into()),
        ("deploy-tokens revoke 1 -n", "1,n,,,would_revoke,".into()),
    ];
    for (line, expected) in lines {
        let ran = sandbox.run(&format!("--as root {line} -o csv"));
        assert_eq!(ran.stdout.lines().nth(1), Some(&*expected), "{ran}");
    }
    let denied = sandbox.run("--as root revoke 7 -n -o json").assert(4).json();
    let nulls = json!([{"id": 7, "name": null, "user_id": null, "username": null,
                        "result": "denied", "run_id": null}]);
    assert_eq!(denied, nulls);
}

#[test]
fn hostile_arguments_are_escaped_in_messages() {
    let sandbox = Sandbox::new();
    let hostile = "e\u{1b}[2Jvil\u{9b}1m\u{202e}\u{200b}\r\nroot: all is well\u{7f}\t.";
    let lines: &[&[&str]] = &[
        &["--as", "root", "list", "--user", hostile],
        &["--as", "olive", "list", "--user", hostile],
        &["--as", "root", "list", "--except-user", hostile],
        &["--as", hostile, "list"],
        &["--as", "root", "--db", hostile, "list"],
        &["--db", hostile, "init", "--sample=0"],
        &["--db", "no/such\u{1b}[2J\ndirectory/x", "init"],
        &["--as", "root", "-o", hostile, "list"],
        &["--as", "root", "--color", hostile, "list"],
        &["--as", "root", "list", "--state", hostile],
        &["--as", "root", "list", "--created-after", hostile],
        &["--as", "root", "list", "--unused-for", hostile],
        &["--as", "root", "list", "--sort", hostile],
        &["--as", "root", "list", "--columns", hostile],
        &["--as", "root", "list", "--limit", hostile],
        &["--as", "root", "list", "--search", hostile],
        &["--as", "root", "list", "--scope", hostile],
        &["--as", "root", "list", "--never-used=\u{1b}\n!"],
        &["--as", "root", "list", "--such\u{1b}\n!"],
        &["--as", "root", "list", hostile],
        &["--as", "root", hostile],
        &["--as", "root", "show", hostile],
        &["--as", "root", "show", "\u{1b}\n!"],
        &["--as", "root", "revoke", hostile],
        &["--as", "root", "revoke", "1", "\u{1b}\n!"],
        &["--as", "root", "deploy-tokens", "list", "--project", hostile],
        &["--as", "root", "deploy-tokens", "list", "--group", hostile],
        &["--as", "olive", "deploy-tokens", "list", "--project", hostile],
        &["completions", hostile],
    ];
    let mut raw = Vec::new();
    for args in lines {
        let output = sandbox.command(*args).output().expect("the program runs");
        let ran = sandbox.transcript(&format!("{args:?}"), output);
        assert_harmless(&ran);
        assert_eq!(ran.stdout, "", "{ran}");
        // A newline in a value is a control character too: it must not begin a
        // line that reads like one of the program's own or another's.
        if ran.stderr.lines().any(|line| line.starts_with("root:") || line.starts_with('!')) {
            raw.push(ran.to_string());
        }
        let searches = args.contains(&"--search") || args.contains(&"--scope");
        assert_eq!(ran.status == 0, searches, "{ran}");
    }
    assert!(raw.is_empty(), "newlines are printed as they are:\n{}", raw.join("\n"));
}

#[test]
fn hostile_environment_and_input_are_escaped_in_messages() {
    let sandbox = Sandbox::new();
    for (variable, value) in [
        ("TOKENCTL_AS", "e\u{1b}[2Jvil\nroot: fine"),
        ("TOKENCTL_DB", "e\u{1b}[2Jvil\nroot: fine"),
        ("TOKENCTL_DB", ":memory:\u{1b}\n"),
    ] {
        let mut command = sandbox.command(["list"]);
        command.env("TOKENCTL_AS", "root").env(variable, value);
        let ran = sandbox.transcript(variable, command.output().expect("the program runs"));
        assert_harmless(&ran);
        assert_ne!(ran.status, 0, "{ran}");
        assert!(!ran.stderr.contains("\nroot"), "{ran}");
    }
    for input in ["\u{1b}[2J\n", "1\u{202e}\n", "{\u{1b}}\n", "{\"id\":\"\u{1b}\"}\n", "1\0\n"] {
        let ran = sandbox.run_with_input("--as root revoke - -y", input);
        assert_harmless(ran.assert(2).says(&["line 1"]));
    }
}

#[test]
fn messages_of_the_database_are_escaped() {
    let sandbox = Sandbox::new();
    sandbox.sql(
        "CREATE TRIGGER hostile BEFORE INSERT ON audit_events
         BEGIN SELECT RAISE(ABORT, 'no\u{1b}[2J\u{202e}\nroot: fine'); END",
    );
    let ran = sandbox.run("--as root revoke 1");
    assert_harmless(ran.assert(1));
    assert!(!ran.stderr.contains("\nroot"), "{ran}");
}

#[test]
fn a_hostile_reason_and_actor_are_recorded_as_they_are() {
    let sandbox = Sandbox::new();
    let name = "ev\u{1b}[2Jil\n\u{202e}";
    let store = sandbox.connection();
    store
        .execute("INSERT INTO users (id, username, admin) VALUES (50, ?1, 1)", [name])
        .expect("a user");
    let args = ["--as", name, "revoke", "1", "--reason", name];
    let output = sandbox.command(args).output().expect("the program runs");
    let ran = sandbox.transcript("revoke", output);
    assert_harmless(ran.assert(0));
    let kept: (String, String) = store
        .query_row("SELECT actor, reason FROM audit_events", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .expect("an event");
    assert_eq!(kept, (name.into(), name.into()));

    let run = |flags: &[&str]| {
        let output = sandbox.command(["--as", name, "audit"]).args(flags).output();
        sandbox.transcript("audit", output.expect("the program runs"))
    };
    for format in FORMATS {
        let ran = run(&["-o", format, "--actor", name]);
        assert_harmless(ran.assert(0));
        assert!(!ran.stdout.is_empty(), "{ran}");
    }
    let event = &run(&["-o", "json"]).json()[0];
    assert_eq!((&event["actor"], &event["reason"]), (&json!(name), &json!(name)));
    // An event that cannot be read is named, and all others are shown.
    sandbox.sql_unchecked(
        "INSERT INTO audit_events (created_at, run_id, action, actor_id, actor, os_user, \
         target_type, target_id, target_name) VALUES ('garbage', '', '', 1, '', '', '', 7, '')",
    );
    let ran = run(&["-o", "ids"]);
    assert_eq!(ran.assert(1).says(&["audit event 2 is left out: created_at"]).stdout, "1\n");
}

/// What is wrong with tokens 101 and above, each in its own way.
const BROKEN: &[(&str, &str)] = &[
    ("created_at", "'garbage'"),
    ("created_at", "'2021-02-29T00:00:00.000Z'"),
    ("created_at", "'2021-02-28T00:00:00Z'"),
    ("created_at", "''"),
    ("last_used_at", "'2023-06-31T00:00:00.000Z'"),
    ("last_used_at", "'yesterday'"),
    ("expires_at", "'2021-02-29'"),
    ("expires_at", "'2030-01-01T00:00:00.000Z'"),
    ("scopes", "'not json'"),
    ("scopes", "''"),
    ("scopes", "'null'"),
    ("scopes", "'\"api\"'"),
    ("scopes", "'{\"a\":1}'"),
    ("scopes", "'[1]'"),
    ("scopes", "'[\"api\",null]'"),
    ("scopes", "'[[\"api\"]]'"),
    ("scopes", "CAST(x'5b22ff225d' AS TEXT)"),
    ("name", "CAST(x'ff' AS TEXT)"),
    ("name", "CAST(x'6c6170746f70c3' AS TEXT)"),
    ("description", "CAST(x'c0af' AS TEXT)"),
    ("revoked", "2"),
    ("impersonation", "-1"),
];

/// The ids of the broken rows, of both kinds of token.
fn broken_ids(kind: &str) -> Vec<i64> {
    let lacks = |column| ["last_used_at", "description", "impersonation"].contains(&column);
    let rows = BROKEN.iter().zip(101..);
    rows.filter(|((column, _), _)| kind.is_empty() || !lacks(*column)).map(|(_, id)| id).collect()
}

fn broken_store() -> Sandbox {
    let sandbox = Sandbox::new();
    let mut statements = vec![String::from("BEGIN")];
    let tokens = broken_ids("");
    let deploy = broken_ids("deploy-tokens ");
    for ((column, value), id) in BROKEN.iter().zip(101..) {
        let tables = [
            ("personal_access_tokens", "user_id", &tokens),
            ("deploy_tokens", "project_id", &deploy),
        ];
        for (table, owner, ids) in tables {
            if !ids.contains(&id) {
                continue;
            }
            // The instants of deploy tokens are no dates.
            let value = match (table, *column, *value) {
                ("deploy_tokens", "expires_at", "'2030-01-01T00:00:00.000Z'") => "'2030-01-01'",
                (_, _, value) => value,
            };
            statements.push(format!(
                "INSERT INTO {table} (id, {owner}, name, scopes, token_digest, created_at)
                     VALUES ({id}, 1, 'laptop', '[\"api\"]', '{DIGEST}-{id}', '{CREATED}');
                 UPDATE {table} SET {column} = {value} WHERE id = {id}"
            ));
        }
    }
    statements.push("COMMIT".into());
    sandbox.sql_unchecked(&statements.join(";"));
    sandbox
}

/// The ids of JSON lines.
fn ids_of_json(ran: &Transcript) -> Vec<i64> {
    let object = |line| serde_json::from_str::<serde_json::Value>(line).expect("JSON");
    ran.stdout.lines().map(|line| object(line)["id"].as_i64().expect("an id")).collect()
}

/// Fails unless the messages name exactly these rows.
#[track_caller]
fn assert_named(ran: &Transcript, ids: &[i64]) {
    let named: Vec<i64> = (101..=130)
        .filter(|id| ran.stderr.lines().any(|line| line.contains(&format!("token {id} "))))
        .collect();
    assert_eq!(named, ids, "{ran}");
    assert_harmless(ran);
}

#[test]
fn rows_that_cannot_be_read_are_named_and_left_out() {
    let sandbox = broken_store();
    for (kind, whole) in [("", 16), ("deploy-tokens ", 8)] {
        let expected: Vec<i64> = (1..=whole).collect();
        for flags in ["", "--quiet", "--sort name_desc"] {
            let ran = sandbox.run(&format!("--as root {kind}list -o jsonl {flags}"));
            let mut ids = ids_of_json(ran.assert(1));
            ids.sort_unstable();
            assert_eq!(ids, expected, "{ran}");
            assert_named(&ran, &broken_ids(kind));
        }
        for (format, more) in [("table", 1), ("csv", 1), ("json", 2), ("jsonl", 0)] {
            let ran = sandbox.run(&format!("--as root {kind}list -o {format}"));
            assert_eq!(count(&ran.assert(1).stdout), expected.len() + more, "{ran}");
            assert_named(&ran, &broken_ids(kind));
            if format == "json" {
                assert!(ran.json().is_array(), "{ran}");
            }
        }
        for id in broken_ids(kind) {
            let ran = sandbox.run(&format!("--as root {kind}show {id} -o json"));
            assert_eq!(ran.assert(1).stdout, "", "{ran}");
            assert_named(&ran, &[id]);
        }
    }
}

/// The constraints of the store refuse what could not be read, so its ids are read alone.
#[test]
fn where_nothing_but_ids_is_read_nothing_else_is_judged() {
    let sandbox = broken_store();
    for (kind, whole) in [("", 16), ("deploy-tokens ", 8)] {
        let broken = broken_ids(kind);
        let expected: Vec<i64> = (1..=whole).chain(broken.iter().copied()).collect();
        let listed = sandbox.run(&format!("--as root {kind}list -o ids"));
        assert_eq!(listed.assert(0).ids(), expected, "{listed}");
        // What is to be revoked is read in full.
        let revoke = format!("--as root {kind}revoke - -y -o ids");
        let ran = sandbox.run_with_input(&revoke, &listed.stdout);
        assert!(ran.assert(1).ids().iter().all(|id| *id <= whole), "{ran}");
        assert_named(&ran, &broken);
    }
}

#[test]
fn rows_that_cannot_be_read_are_named_under_a_filter_too() {
    let sandbox = broken_store();
    let failed: Vec<String> = [
        // What cannot be read of the row is what the filter asks about.
        ("", "--scope api", "scopes"),
        ("", "--scope sudo --scope api", "scopes"),
        ("", "--scope sudo", "scopes"),
        ("", "--except-scope sudo", "scopes"),
        ("", "--except-scope no-such", "scopes"),
        ("", "--search laptop", "name"),
        ("", "--search 'lap TOP'", "name"),
        ("", "--search é", "name"),
        ("deploy-tokens ", "--scope read_repository", "scopes"),
        ("deploy-tokens ", "--scope api", "scopes"),
        ("deploy-tokens ", "--except-scope sudo", "scopes"),
        ("deploy-tokens ", "--search deploy", "name"),
    ]
    .into_iter()
    .filter_map(|(kind, filter, column)| {
        let ran = sandbox.run(&format!("--as root {kind}list -o ids {filter}"));
        assert_harmless(&ran);
        let broken = BROKEN.iter().zip(101..).filter(|((name, _), _)| *name == column);
        // Of the others nothing is read but the id, as without a filter.
        let listed = ran.ids();
        let lost: Vec<_> = broken
            .filter(|(_, id)| !ran.stderr.contains(&format!("token {id} ")) || listed.contains(id))
            .map(|((column, value), _)| format!("{column} = {value}"))
            .collect();
        let right = lost.is_empty() && ran.status == 1;
        (!right).then(|| format!("{kind}list {filter}: status {}, lost: {lost:?}", ran.status))
    })
    .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn all_other_rows_are_served_under_a_filter() {
    let sandbox = broken_store();
    for (filter, expected) in [
        ("--scope sudo", &[4][..]),
        ("--search laptop", &[1, 10]),
        ("--search 'BACK ci'", &[3]),
        ("--except-scope api --never-used", &[3, 7]),
        ("--user sam", &[9, 10]),
    ] {
        let ran = sandbox.run(&format!("--as root list -o jsonl {filter}"));
        assert_eq!(ids_of_json(&ran), expected, "{ran}");
        // Where nothing but ids is read, those of other broken rows are among them.
        let ran = sandbox.run(&format!("--as root list -o ids {filter}"));
        let mut ids = ran.ids();
        ids.retain(|id| *id < 100);
        assert_eq!(ids, expected, "{ran}");
    }
}

#[test]
fn rows_that_cannot_be_read_are_never_revoked() {
    let sandbox = broken_store();
    for (kind, table) in [("", "personal_access_tokens"), ("deploy-tokens ", "deploy_tokens")] {
        let ids = broken_ids(kind);
        let all = line_of(&ids);
        let before = sandbox.value(&format!(
            "SELECT group_concat(id || ':' || revoked, ' ') FROM {table} WHERE id > 100"
        ));
        for id in &ids {
            let ran = sandbox.run(&format!("--as root {kind}revoke {id} -o json"));
            assert_eq!(ran.assert(1).json(), json!([]), "{ran}");
            assert_named(&ran, &[*id]);
        }
        for flag in ["-n", "-y"] {
            let ran = sandbox.run(&format!("--as root {kind}revoke {flag} -o ids 1 {all} 5"));
            assert_eq!(ran.assert(1).ids(), [1, 5], "{ran}");
            assert_named(&ran, &ids);
        }
        let after = sandbox.value(&format!(
            "SELECT group_concat(id || ':' || revoked, ' ') FROM {table} WHERE id > 100"
        ));
        assert_eq!(before, after);
        let revoked = format!("SELECT group_concat(revoked, '') FROM {table} WHERE id IN (1, 5)");
        assert_eq!(sandbox.value(&revoked), "11");
    }
    let events = "SELECT count(*) || ' ' || max(target_id) FROM audit_events";
    assert_eq!(sandbox.value(events), "4 5");
}

#[test]
fn an_owner_whose_name_cannot_be_read_does_not_stop_the_list() {
    let sandbox = Sandbox::new();
    sandbox.sql("UPDATE users SET username = CAST(x'ff' AS TEXT) WHERE username = 'sam'");
    let ran = sandbox.run("--as root list -o jsonl");
    assert_eq!(ids_of_json(ran.assert(1)).len(), 14, "{ran}");
    ran.says(&["token 9 ", "token 10 "]);
    sandbox.sql("UPDATE projects SET full_path = CAST(x'ff' AS TEXT) WHERE id = 1");
    let ran = sandbox.run("--as root deploy-tokens list -o jsonl");
    assert_eq!(ids_of_json(ran.assert(1)), [3, 4, 5, 6, 7, 8], "{ran}");
    ran.says(&["token 1 ", "token 2 "]);
}
