//! The program on GitLab's tables, with the rights that the README grants and no
//! others: what it shows to whom, what it writes, and what it leaves alone while
//! the application goes on.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use expect_test::expect_file;
use nix::sys::signal::Signal;
use postgres::Client;
use serde_json::{Value, json};

use crate::hostile::{FORMATS, NAMES, is_dangerous};
use crate::permissions::{COMMANDS, EVENTS, check_matrix, check_missing_and_forbidden};
use crate::support::gitlab::{Gitlab, PROGRAM, changes};
use crate::support::postgres::{Cluster, Options, READER};
use crate::support::{NOW, Sandbox, Transcript, send, start};

/// Tokens of the fixture that fixture.sql does not have.
const MORE: [i64; 2] = [17, 18];
const MORE_DEPLOY_TOKENS: [i64; 2] = [9, 10];

/// The ids, each with `end` behind it.
fn lines(ids: &[i64], end: char) -> String {
    ids.iter().map(|id| id.to_string() + &end.to_string()).collect()
}

#[test]
fn the_permissions_are_those_of_a_native_store() {
    let Some(gitlab) = Gitlab::new() else { return };
    let mut log = String::new();
    for (actor, token, owner) in EVENTS {
        let actor_id = if actor == "root" { 1 } else { 2 };
        let target = json!({
            "created_at": "2024-03-15T11:00:00.000Z", "run_id": "run", "schema": "gitlab",
            "target_type": "personal_access_token", "target_id": token,
        });
        let mut intent = target.clone();
        let more = json!({
            "entry": "intent", "action": "revoke", "actor": actor, "actor_id": actor_id,
            "os_user": "os", "target_name": "name", "target_user_id": owner,
            "target_username": owner.map(|id| if id == 2 { "olive" } else { "sam" }), "reason": null,
            "token": {},
        });
        for (entry, more) in [
            (&mut intent, more),
            (&mut target.clone(), json!({"entry": "outcome", "outcome": "revoked"})),
        ] {
            let fields = entry.as_object_mut().expect("an object");
            fields.extend(more.as_object().expect("an object").clone());
            log.extend([entry.to_string(), "\n".into()]);
        }
    }
    fs::write(gitlab.log(), &log).expect("an audit file");
    check_matrix(|line| {
        let mut ran = gitlab.reader.run(line);
        let more = if line.contains("deploy-tokens") { MORE_DEPLOY_TOKENS } else { MORE };
        let mut ids = ran.ids();
        ids.retain(|id| !more.contains(id));
        ran.stdout = lines(&ids, '\n');
        ran
    });
    // States that only GitLab knows, both of administrators.
    for role in ["lena", "penny"] {
        for command in COMMANDS {
            let ran = gitlab.reader.run(&format!("--as {role} {command}"));
            assert_eq!(ran.assert(4).stdout, "", "{ran}");
        }
    }
    assert_eq!(gitlab.log_text(), log, "dry runs record nothing");
}

#[test]
fn missing_and_forbidden_read_the_same_on_gitlab() {
    let Some(gitlab) = Gitlab::new() else { return };
    let before = gitlab.content();
    check_missing_and_forbidden(&gitlab.revoker);
    assert_eq!(gitlab.content(), before);
    assert_eq!(gitlab.log_text(), "", "nothing is announced of what is denied");
}

#[test]
fn the_main_job_on_gitlab() {
    let Some(gitlab) = Gitlab::new() else { return };
    let lines = [
        "--as root list",
        "--as olive list",
        "--as root list --unused-for 90d",
        "--as root list --search 'back ci' -o csv",
        "--as root list --expires-within 1w -o jsonl",
        "--as root list --user-type service_account -o json",
        "--as root list --user alert-bot --state active",
        "--as OLIVE show 8",
        "--as olive show 16",
        "--as root show 16 -o json",
        "--as olive revoke 2 --dry-run",
        "--as olive revoke 2 --reason 'new laptop'",
        "--as olive revoke 2 -o json",
        "--as olive revoke 8",
        "--as olive revoke 1 9 10 --yes -o csv",
        "--as root revoke --unused-for 90d --state active",
        "--as root revoke --unused-for 90d --state active --yes --max 2",
        "--as root revoke --unused-for 90d --state active --yes",
        "--as lena list",
        "--as root deploy-tokens list",
        "--as root deploy-tokens list --no-expiry -o jsonl",
        "--as olive deploy-tokens list",
        "--as olive deploy-tokens list --project TOP/app -o csv",
        "--as olive deploy-tokens list --group top/sub -o json",
        "--as sam deploy-tokens list --project top/app",
        "--as olive deploy-tokens show 3",
        "--as olive deploy-tokens revoke 5",
        "--as olive deploy-tokens revoke --project top/app --active --yes -o jsonl",
        "--as root audit -o ids",
        "--as sam audit",
    ];
    let transcripts = lines.map(|line| {
        let writes = line.contains(" revoke ") && !line.contains("--dry-run");
        let sandbox = if writes { &gitlab.revoker } else { &gitlab.reader };
        sandbox.run(line).to_string()
    });
    expect_file!["golden/gitlab.txt"].assert_eq(&transcripts.join("\n"));
    gitlab.assert_resolved();
}

/// Runs what revokes, and gives the places that are different then.
fn changed(gitlab: &Gitlab, run: impl FnOnce() -> Transcript) -> Vec<String> {
    let before = gitlab.content();
    run().assert(0);
    changes(&before, &gitlab.content()).into_keys().collect()
}

#[test]
fn a_revoke_on_gitlab_changes_revoked_and_updated_at_and_nothing_else() {
    let Some(gitlab) = Gitlab::new() else { return };
    // 2 and 5 hold NULL for false.
    let line = "--as root revoke 1 2 5 6 --yes -o jsonl";
    let expected = [1, 2, 5].map(|id| {
        ["revoked", "updated_at"].map(|column| format!("personal_access_tokens {id} {column}"))
    });
    assert_eq!(changed(&gitlab, || gitlab.revoker.run(line)), expected.as_flattened());
    let revoked = "SELECT id FROM personal_access_tokens WHERE revoked ORDER BY id";
    assert_eq!(gitlab.ids(revoked), [1, 2, 5, 6, 7, 17]);
    // Wherever the server thinks it is.
    let of_now = "SELECT id FROM personal_access_tokens WHERE updated_at BETWEEN
        (now() AT TIME ZONE 'UTC') - interval '30 min' AND now() AT TIME ZONE 'UTC' ORDER BY id";
    assert_eq!(gitlab.database.sql("SHOW timezone"), "Asia/Kathmandu");
    assert_eq!(gitlab.ids(of_now), [1, 2, 5]);
    gitlab.assert_outcomes(&[(1, "revoked"), (2, "revoked"), (5, "revoked")]);

    let mut again = Vec::new();
    let none = changed(&gitlab, || {
        let ran = gitlab.revoker.run(line);
        again.extend(ran.stdout.lines().map(|line| {
            let row: Value = serde_json::from_str(line).expect(line);
            (row["id"].as_i64().unwrap_or_default(), row["result"].to_string())
        }));
        ran
    });
    assert!(none.is_empty(), "{none:?}");
    assert_eq!(again, [1, 2, 5, 6].map(|id| (id, "\"already_revoked\"".into())));
    gitlab.assert_outcomes(&[(1, "revoked"), (2, "revoked"), (5, "revoked")]);
    gitlab.assert_resolved();
}

#[test]
fn a_revoke_of_deploy_tokens_on_gitlab_changes_revoked_and_nothing_else() {
    let Some(gitlab) = Gitlab::new() else { return };
    // 2 and 7 hold NULL for false.
    let line = "--as root deploy-tokens revoke 1 2 4 7 9 --yes";
    let expected = [1, 2, 7, 9].map(|id| format!("deploy_tokens {id} revoked"));
    assert_eq!(changed(&gitlab, || gitlab.revoker.run(line)), expected);
    assert_eq!(
        gitlab.ids("SELECT id FROM deploy_tokens WHERE revoked ORDER BY id"),
        [1, 2, 4, 6, 7, 9]
    );
    assert_eq!(changed(&gitlab, || gitlab.revoker.run(line)), Vec::<String>::new());
    gitlab.assert_outcomes(&[(1, "revoked"), (2, "revoked"), (7, "revoked"), (9, "revoked")]);
    let ran = gitlab.reader.run("--as root audit --action revoke -o ids");
    assert_eq!(ran.assert(0).ids(), [9, 7, 2, 1], "{ran}");
}

#[test]
fn the_audit_file_tells_who_did_what_to_whose_token_and_why() {
    let Some(gitlab) = Gitlab::new() else { return };
    gitlab.revoker.run("--as root revoke 1 9 --yes --reason 'they left'").assert(0);
    gitlab.revoker.run("--as olive revoke 2").assert(0);
    gitlab.revoker.run("--as olive deploy-tokens revoke 1").assert(0);
    // Events outlive users, of whom nothing but the id is left then.
    gitlab.database.sql("DELETE FROM users WHERE id = 3");

    let events = gitlab.reader.run("--as root audit -o json").assert(0).json();
    let events = events.as_array().expect("an array");
    let expected = [
        ("olive", "deploy_token", 1, "app deploy", None, None),
        ("olive", "personal_access_token", 2, "ci deploy", Some(2), None),
        ("root", "personal_access_token", 9, "100%_sure", Some(3), Some("they left")),
        ("root", "personal_access_token", 1, "laptop", Some(2), Some("they left")),
    ];
    assert_eq!(events.len(), expected.len());
    for (event, (actor, kind, id, name, owner, reason)) in events.iter().zip(expected) {
        let expected = json!({
            "id": event["id"], "created_at": event["created_at"], "run_id": event["run_id"],
            "action": "revoke", "actor": actor, "actor_id": if actor == "root" { 1 } else { 2 },
            "os_user": event["os_user"], "target_type": kind, "target_id": id,
            "target_name": name, "target_user_id": owner,
            "target_username": owner.map(|id| if id == 2 { "olive" } else { "sam" }),
            "reason": reason, "outcome": "revoked",
        });
        assert_eq!(*event, expected);
        assert!(event["os_user"].as_str().is_some_and(|user| !user.is_empty()), "{event}");
    }
    let runs: BTreeSet<_> = events.iter().map(|event| event["run_id"].to_string()).collect();
    assert_eq!(runs.len(), 3, "one run has one id");

    let run = events[2]["run_id"].as_str().expect("an id");
    for (line, ids) in [
        ("--as root audit --user 3", &[9][..]),
        ("--as root audit --user olive", &[2, 1]),
        ("--as root audit --actor olive", &[1, 2]),
        (&format!("--as root audit --run {run}"), &[9, 1]),
        // Events on the owner's tokens, and of the owner's actions.
        ("--as olive audit", &[1, 2, 1]),
        ("--as svc-backup audit", &[]),
    ] {
        assert_eq!(gitlab.reader.run(&format!("{line} -o ids")).assert(0).ids(), ids, "{line}");
    }
    // What the row was, as a list shows it.
    let token = &gitlab.log_lines()[0]["token"];
    assert_eq!(token["scopes"], json!(["api"]), "{token}");
    assert_eq!(token["revoked"], false, "{token}");
}

/// What a kill in the middle of a write leaves.
#[test]
fn a_torn_line_of_the_audit_file_is_named_and_spoils_no_other() {
    let Some(gitlab) = Gitlab::new() else { return };
    gitlab.revoker.run("--as root revoke 1 2 --yes").assert(0);
    let whole = gitlab.log_text();
    let torn = &whole[..whole.len() - 40];
    fs::write(gitlab.log(), torn).expect("a file");
    gitlab.revoker.run("--as root revoke 3").assert(0);
    assert!(gitlab.log_text().starts_with(&format!("{torn}\n{{\"entry\":\"intent\"")));

    let ran = gitlab.reader.run("--as root audit -o jsonl");
    let at = torn.rfind('\n').expect("a line") + 1;
    ran.assert(1).says(&[
        &format!("the line at byte {at} cannot be read"),
        "1 of the log's events are unresolved",
        "1 of the audit log's lines cannot be read",
    ]);
    let events = ran.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
    let events: Vec<_> =
        events.map(|it| (it["target_id"].clone(), it["outcome"].clone())).collect();
    assert_eq!(
        events,
        [(3, "revoked"), (2, "unresolved"), (1, "revoked")]
            .map(|(id, end)| (json!(id), json!(end)))
    );
}

#[test]
fn without_an_audit_file_nothing_is_revoked() {
    let Some(gitlab) = Gitlab::new() else { return };
    let before = gitlab.content();
    for line in ["revoke 1", "revoke --state active --yes", "deploy-tokens revoke 1", "audit"] {
        let mut command = gitlab.revoker.command(["--as", "root"]);
        let command = command.args(line.split(' ')).env_remove("TOKENCTL_AUDIT_LOG");
        let ran = gitlab.revoker.run_command(line, command);
        ran.assert(2).says(&["GitLab has no place for the audit events", "--audit-log FILE"]);
    }
    // Nor with one that cannot be written.
    fs::create_dir(gitlab.log()).expect("a directory");
    gitlab.revoker.run("--as root revoke 1").assert(1).says(&["cannot open audit log"]);
    gitlab.revoker.run("--as root revoke -n 1").assert(0);
    assert_eq!(gitlab.content(), before);
}

#[test]
fn a_role_that_may_only_read_revokes_nothing() {
    let Some(gitlab) = Gitlab::new() else { return };
    let before = gitlab.content();
    let reader = gitlab.reader.run("--as root revoke 1 2 --yes -o json");
    reader.assert(1).says(&["0 of 2 ids done", "permission denied", "Least privilege"]);
    assert_eq!(reader.json(), json!([]), "{reader}");
    gitlab
        .reader
        .run("--as root deploy-tokens revoke 1")
        .assert(1)
        .says(&["permission denied", "Least privilege"]);
    assert_eq!(gitlab.content(), before);
    gitlab.assert_outcomes(&[(1, "not_revoked"), (2, "not_revoked"), (1, "not_revoked")]);
    gitlab.assert_resolved();
    assert_eq!(gitlab.reader.run("--as root audit -o ids").stdout, "");
}

/// What the database does not do, although it reports no error.
#[test]
fn what_a_trigger_keeps_from_being_revoked_is_not_said_to_be() {
    let Some(gitlab) = Gitlab::new() else { return };
    gitlab.database.sql(
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE TRIGGER keep BEFORE UPDATE ON personal_access_tokens FOR EACH ROW
         WHEN (OLD.id = 5) EXECUTE FUNCTION keep()",
    );
    let before = gitlab.content();
    let ran = gitlab.revoker.run("--as root revoke 1 5 --yes");
    ran.assert(1).says(&["0 of 2 ids done", "keeps token 5 from being revoked"]);
    assert_eq!(gitlab.content(), before);
    gitlab.assert_outcomes(&[(1, "not_revoked"), (5, "not_revoked")]);
}

/// A policy leaves rows out without a word: users would seem gone, and tokens done with.
#[test]
fn where_row_policies_hide_something_nothing_is_told() {
    for (table, policy) in [
        ("users", "USING (id < 3)"),
        ("personal_access_tokens", "FOR UPDATE USING (id <> 5)"),
        ("members", "USING (false)"),
    ] {
        let Some(gitlab) = Gitlab::new() else { return };
        gitlab.database.sql(&format!(
            "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
             CREATE POLICY seen ON {table} FOR SELECT USING (true);
             CREATE POLICY hidden ON {table} AS RESTRICTIVE {policy}"
        ));
        let before = gitlab.content();
        let lines = match table {
            "members" => [
                "--as olive deploy-tokens list --project top/app",
                "--as olive deploy-tokens show 1",
            ],
            _ => ["--as root list --user-state gone", "--as root revoke 1 5 --yes"],
        };
        for line in lines {
            let ran = gitlab.revoker.run(line);
            assert_eq!(ran.assert(1).stdout, "", "{ran}");
            ran.says(&[
                &format!("row policies hide rows of table {table} from this role"),
                "hint: connect as the owner of the tables, or ALTER ROLE … BYPASSRLS",
            ]);
        }
        assert_eq!(gitlab.content(), before, "{table}");
        // They do not apply to everybody.
        gitlab.database.sql(&format!("DROP POLICY hidden ON {table}"));
        let url = gitlab.database.url("postgres");
        let superuser = Sandbox::without_store().with("TOKENCTL_DB", url);
        superuser.run("--as root list -o ids").assert(0);
    }
}

/// Every kind of command, and what makes the server complain.
fn every_command() -> Vec<String> {
    let mut lines: Vec<_> = COMMANDS.iter().map(|command| format!("--as root {command}")).collect();
    for format in FORMATS {
        for command in ["list", "show 1", "revoke -n 1 2", "deploy-tokens list"] {
            lines.push(format!("--as root -o {format} {command}"));
        }
    }
    for key in ["id", "created", "last_used", "expires", "name"] {
        lines.push(format!("--as root list --sort {key}_desc --limit 3"));
    }
    let others = [
        "--as olive list --search 'back ci' --scope api --except-scope sudo --user-type human",
        "--as olive list --unused-for 90d --expires-within 1w --no-expiry=false --never-used",
        "--as olive revoke 1 2 --yes -o jsonl",
        "--as root revoke 9 10 --yes",
        "--as root revoke --state active --yes --batch-size 2",
        "--as sam revoke 1",
        "--as root deploy-tokens revoke --active --yes -o csv",
        "--as olive deploy-tokens list --project top/app --scope read_registry --search app",
        "--as root audit -o json",
    ];
    lines.extend(others.map(Into::into));
    lines
}

#[test]
fn no_output_message_or_audit_file_tells_a_secret() {
    let Some(gitlab) = Gitlab::new() else { return };
    let mut said = String::new();
    for line in every_command() {
        said += &gitlab.revoker.run(&line).to_string();
    }
    // A role that reads every column, of which the server's answers then tell; and rows that it
    // refuses to write.
    let database = Cluster::shared().expect("it is there").gitlab();
    database.sql(
        "ALTER TABLE personal_access_tokens ADD CHECK (revoked IS NOT TRUE) NOT VALID;
         ALTER TABLE deploy_tokens ADD CHECK (revoked IS NOT TRUE) NOT VALID;",
    );
    let url = database.url("postgres");
    let owner = Gitlab::at(database, url.clone(), url);
    for line in ["revoke 1", "deploy-tokens revoke 1", "list -o json", "deploy-tokens list"] {
        let ran = owner.revoker.run(&format!("--as root {line}"));
        assert_eq!(ran.status, i32::from(line.contains("revoke")), "{ran}");
        said += &ran.to_string();
    }
    assert!(said.contains("a constraint of the database refuses it"), "{said}");
    for (name, text) in [
        ("outputs", &said),
        ("the audit file", &gitlab.log_text()),
        ("the other", &owner.log_text()),
    ] {
        assert!(text.len() > 500, "{name}: {text}");
        let found = text.lines().find(|line| line.contains("-secret-"));
        assert_eq!(found, None, "{name}");
    }
}

#[test]
fn no_statement_names_a_secret_or_outlives_its_transaction() {
    let settings = [("log_statement", "all"), ("log_line_prefix", "%a|")];
    let options = Options { settings: &settings, ..Options::default() };
    let Some(cluster) = Cluster::start(&options) else { return };
    let gitlab = Gitlab::beside(cluster.gitlab());
    for line in every_command() {
        gitlab.revoker.run(&line);
    }
    let log = fs::read_to_string(cluster.socket().join("log")).expect("the server's log");
    let ours: Vec<_> = log.lines().filter_map(|line| line.strip_prefix("tokenctl|")).collect();
    let mut kinds = BTreeSet::new();
    for line in &ours {
        for secret in [
            "token_digest",
            "token_encrypted",
            "encrypted_password",
            "feed_token",
            "invite_token",
            "runners_token",
            "email",
            "t.*",
            "SELECT *",
            "-secret-",
        ] {
            assert!(!line.contains(secret), "{line}");
        }
        let simple = line.strip_prefix("LOG:  statement: ");
        let extended = line.strip_prefix("LOG:  execute ").map(|line| {
            let statement = line.strip_prefix("<unnamed>: ");
            statement.unwrap_or_else(|| panic!("a prepared statement, which has a name: {line}"))
        });
        let Some(statements) = simple.or(extended) else { continue };
        for statement in statements.split("; ") {
            let mut words = statement.split(' ');
            let first = words.next().unwrap_or_default();
            kinds.insert(first);
            // SET CONSTRAINTS lasts no longer than its transaction.
            let is_local = matches!(words.next(), Some("LOCAL" | "CONSTRAINTS"));
            assert!(first != "SET" || is_local, "{statement}");
        }
    }
    let expected = ["BEGIN", "COMMIT", "DECLARE", "FETCH", "SELECT", "SET", "UPDATE", "WITH"];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected, "the kinds of statements");
    assert!(ours.len() > 1000, "only {} lines", ours.len());
}

#[test]
fn whatever_a_database_has_for_its_defaults_the_program_does_the_same() {
    let Some(gitlab) = Gitlab::new() else { return };
    let lines = ["list -o json --created-after 2023-06-01", "deploy-tokens list -o json"];
    let ask = || lines.map(|line| gitlab.reader.run(&format!("--as root {line}")).stdout);
    let before = ask();
    for setting in [
        "timezone = 'America/New_York'",
        "datestyle = 'German, DMY'",
        "intervalstyle = 'sql_standard'",
        "standard_conforming_strings = off",
        "default_transaction_isolation = 'serializable'",
        "default_transaction_deferrable = on",
        "lock_timeout = 1",
        "enable_seqscan = off",
        "cursor_tuple_fraction = 1",
        "plan_cache_mode = force_generic_plan",
    ] {
        gitlab.database.sql(&format!("ALTER DATABASE {} SET {setting}", gitlab.database.name));
    }
    assert_eq!(ask(), before);
    let expected = ["revoked", "updated_at"].map(|it| format!("personal_access_tokens 1 {it}"));
    let changed = changed(&gitlab, || gitlab.revoker.run("--as root revoke 1"));
    assert_eq!(changed, expected);
}

/// Locks as another session takes them, for as long as `held` runs.
fn while_locked<R>(session: &mut Client, lock: &str, held: impl FnOnce() -> R) -> R {
    let mut transaction = session.transaction().expect("a transaction");
    transaction.batch_execute(lock).expect(lock);
    let result = held();
    transaction.rollback().expect("the locks are given back");
    result
}

#[test]
fn a_lock_on_gitlabs_rows_changes_nothing_and_is_no_event() {
    let Some(gitlab) = Gitlab::new() else { return };
    let before = gitlab.content();
    let mut other = gitlab.session();
    for lock in [
        "SELECT FROM personal_access_tokens WHERE id = 2 FOR UPDATE",
        "UPDATE personal_access_tokens SET last_used_at = now() WHERE id = 2",
        "LOCK TABLE personal_access_tokens IN SHARE MODE",
    ] {
        let begun = Instant::now();
        let line = "--as root --busy-timeout 1s revoke 1 2 --yes -o json";
        let ran = while_locked(&mut other, lock, || gitlab.revoker.run(line));
        assert!(begun.elapsed() >= Duration::from_secs(1), "it has not waited");
        ran.assert(75).says(&[
            "0 of 2 ids done",
            "lock timeout",
            "hint: another process is using the store",
            "--busy-timeout",
        ]);
        assert_eq!(ran.json(), json!([]), "{ran}");
    }
    assert_eq!(gitlab.content(), before);
    gitlab.assert_outcomes(&[(1, "not_revoked"), (2, "not_revoked")].repeat(3));
    gitlab.assert_resolved();
    assert_eq!(gitlab.reader.run("--as root audit -o ids").stdout, "");

    gitlab.revoker.run("--as root --busy-timeout 1s revoke 1 2 --yes").assert(0);
}

#[test]
fn a_lock_that_keeps_readers_out_ends_every_command_before_anything_is_announced() {
    let Some(gitlab) = Gitlab::new() else { return };
    let mut other = gitlab.session();
    for (table, lines) in [
        (
            "personal_access_tokens",
            &[
                "list",
                "list -o json",
                "show 1",
                "revoke 1",
                "revoke -n 1",
                "revoke --state active -y",
            ][..],
        ),
        (
            "deploy_tokens",
            &["deploy-tokens list", "deploy-tokens show 1", "deploy-tokens revoke 1"],
        ),
        ("users", &["list", "revoke 1", "audit"]),
    ] {
        while_locked(&mut other, &format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"), || {
            for line in lines {
                let ran = gitlab.revoker.run(&format!("--as root --busy-timeout 0s {line}"));
                ran.assert(75).says(&["lock timeout", "hint: another process is using the store"]);
                assert!(ran.stdout.is_empty() || ran.stdout == "[]\n", "{ran}");
            }
        });
        for line in lines.iter().filter(|line| !line.contains("revoke")) {
            gitlab.revoker.run(&format!("--as root --busy-timeout 0s {line}")).assert(0);
        }
    }
    assert_eq!(gitlab.log_text(), "");
}

#[test]
fn a_lock_is_waited_for_in_turns_and_taken_when_it_is_free() {
    let Some(gitlab) = Gitlab::new() else { return };
    let mut other = gitlab.session();
    let lock = "SELECT FROM personal_access_tokens WHERE id = 1 FOR UPDATE";
    let begun = Instant::now();
    let line = "--as root --busy-timeout 2s revoke 1";
    while_locked(&mut other, lock, || gitlab.revoker.run(line)).assert(75);
    assert!(begun.elapsed() >= Duration::from_secs(2), "more than one turn");

    let mut child = None;
    while_locked(&mut other, lock, || {
        let line = "--as root --busy-timeout 1min revoke 1 -o jsonl";
        child = Some(start(&mut gitlab.revoker.command(line.split(' '))));
        gitlab.wait_until_it_waits();
    });
    let ended = child.expect("a child").wait_with_output().expect("it ends");
    let ran = gitlab.revoker.transcript("revoke 1", ended);
    assert_eq!(ran.assert(0).json()["result"], "revoked", "{ran}");
    gitlab.assert_outcomes(&[(1, "not_revoked"), (1, "revoked")]);
}

#[test]
fn a_signal_is_heard_while_a_row_of_gitlab_is_waited_for() {
    for (signal, status) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let Some(gitlab) = Gitlab::new() else { return };
        let mut other = gitlab.session();
        let lock = "SELECT FROM personal_access_tokens WHERE id = 2 FOR UPDATE";
        let line = "--as root --busy-timeout 1h revoke 1 2 --yes -o json";
        let ran = while_locked(&mut other, lock, || {
            let child = start(&mut gitlab.revoker.command(line.split(' ')));
            gitlab.wait_until_it_waits();
            send(&child, signal);
            gitlab.revoker.transcript(line, child.wait_with_output().expect("it ends"))
        });
        ran.assert(status).says(&["0 of 2 ids done", "stopped by SIG"]);
        gitlab.assert_outcomes(&[(1, "not_revoked"), (2, "not_revoked")]);
        let revoked = "SELECT id FROM personal_access_tokens WHERE revoked ORDER BY id";
        assert_eq!(gitlab.ids(revoked), [6, 7, 17]);
    }
}

/// Runs a line that has to wait for the rows of a transaction, which is committed then.
fn meanwhile(gitlab: &Gitlab, statements: &str, line: &str) -> Transcript {
    let mut other = gitlab.session();
    let mut transaction = other.transaction().expect("a transaction");
    transaction.batch_execute(statements).expect(statements);
    let args = shell_words::split(line).expect(line);
    let child = start(&mut gitlab.revoker.command(args));
    gitlab.wait_until_it_waits();
    transaction.commit().expect("a commit");
    gitlab.revoker.transcript(line, child.wait_with_output().expect("it ends"))
}

/// The rows of a revoke: each id with its result, and whether more is known than the id.
fn results(ran: &Transcript) -> Vec<(i64, String, bool)> {
    let rows = ran.json();
    let rows = rows.as_array().expect("an array").iter();
    rows.map(|row| {
        let text = |key: &str| row[key].as_str().map(str::to_owned);
        (
            row["id"].as_i64().expect("an id"),
            text("result").expect("a result"),
            text("name").is_some(),
        )
    })
    .collect()
}

#[test]
fn each_token_is_judged_again_when_its_row_is_free() {
    let Some(gitlab) = Gitlab::new() else { return };
    // All unused for 90 days: 2, 3, 5, 13, 16 and 18.
    let ran = meanwhile(
        &gitlab,
        "UPDATE personal_access_tokens SET last_used_at = '2024-03-15 11:00:00+00' WHERE id IN (2, 3);
         UPDATE personal_access_tokens SET revoked = true, updated_at = '2024-03-15 11:00' WHERE id = 5;
         DELETE FROM personal_access_tokens WHERE id = 13;
         UPDATE personal_access_tokens SET name = 'renamed' WHERE id = 16;",
        "--as root --busy-timeout 1min revoke --unused-for 90d --yes -o json",
    );
    let expected = [
        (2, "spared", true),
        (3, "spared", true),
        (5, "already_revoked", true),
        (13, "spared", false),
        (16, "revoked", true),
        (18, "revoked", true),
    ];
    let results = results(ran.assert(0));
    assert_eq!(
        results,
        expected.map(|(id, result, known)| (id, result.to_owned(), known)),
        "{ran}"
    );
    ran.says(&["revoked 2 personal access tokens of 2 users, 1 already revoked, 3 spared"]);
    let revoked = "SELECT id FROM personal_access_tokens WHERE revoked ORDER BY id";
    assert_eq!(gitlab.ids(revoked), [5, 6, 7, 16, 17, 18]);
    let untouched = "SELECT id FROM personal_access_tokens WHERE id = 5
        AND updated_at = '2024-03-15 11:00'";
    assert_eq!(gitlab.ids(untouched), [5], "the application's own revocation stays as it is");
    let outcomes = expected.map(|(id, result, _)| match result {
        "revoked" => (id, "revoked"),
        _ => (id, "not_revoked"),
    });
    gitlab.assert_outcomes(&outcomes);
    gitlab.assert_resolved();
}

#[test]
fn ids_are_judged_again_as_well() {
    let Some(gitlab) = Gitlab::new() else { return };
    let ran = meanwhile(
        &gitlab,
        "UPDATE personal_access_tokens SET user_id = 3 WHERE id = 1;
         UPDATE personal_access_tokens SET impersonation = true WHERE id = 2;
         UPDATE personal_access_tokens SET revoked = true WHERE id = 3;
         DELETE FROM personal_access_tokens WHERE id = 4;",
        "--as olive --busy-timeout 1min revoke 1 2 3 4 5 --yes -o json",
    );
    let expected = [
        (1, "denied", false),
        (2, "denied", false),
        (3, "already_revoked", true),
        (4, "denied", false),
        (5, "revoked", true),
    ];
    let results = results(ran.assert(5));
    assert_eq!(
        results,
        expected.map(|(id, result, known)| (id, result.to_owned(), known)),
        "{ran}"
    );
    let revoked = "SELECT id FROM personal_access_tokens WHERE revoked ORDER BY id";
    assert_eq!(gitlab.ids(revoked), [3, 5, 6, 7, 17]);
}

#[test]
fn deploy_tokens_are_judged_again_as_well() {
    let Some(gitlab) = Gitlab::new() else { return };
    let ran = meanwhile(
        &gitlab,
        "UPDATE deploy_tokens SET expires_at = '2024-03-15 00:00+00' WHERE id = 1;
         UPDATE deploy_tokens SET revoked = true WHERE id = 3;
         DELETE FROM deploy_tokens WHERE id = 5;",
        "--as root --busy-timeout 1min deploy-tokens revoke --active --yes -o json",
    );
    let results = results(ran.assert(0));
    let expected = [
        (1, "spared", true),
        (3, "already_revoked", true),
        (5, "spared", false),
        (7, "revoked", true),
        (8, "revoked", true),
        (9, "revoked", true),
        (10, "revoked", true),
    ];
    assert_eq!(
        results,
        expected.map(|(id, result, known)| (id, result.to_owned(), known)),
        "{ran}"
    );
    assert_eq!(
        gitlab.ids("SELECT id FROM deploy_tokens WHERE revoked ORDER BY id"),
        [3, 4, 6, 7, 8, 9, 10]
    );
}

#[test]
fn an_actor_who_loses_his_rights_while_a_row_is_waited_for_revokes_nothing() {
    for change in ["admin = false", "state = 'ldap_blocked'"] {
        let Some(gitlab) = Gitlab::new() else { return };
        let mut other = gitlab.session();
        let lock = "SELECT FROM personal_access_tokens WHERE id = 2 FOR UPDATE";
        let line = "--as root --busy-timeout 1min revoke 1 2 --yes";
        let ran = while_locked(&mut other, lock, || {
            let child = start(&mut gitlab.revoker.command(line.split(' ')));
            gitlab.wait_until_it_waits();
            gitlab.database.sql(&format!("UPDATE users SET {change} WHERE username = 'root'"));
            // It finds out in its next turn, with the lock still held.
            gitlab.revoker.transcript(line, child.wait_with_output().expect("it ends"))
        });
        ran.assert(1).says(&["0 of 2 ids done", "the rights of root have changed meanwhile"]);
        let revoked = "SELECT id FROM personal_access_tokens WHERE revoked ORDER BY id";
        assert_eq!(gitlab.ids(revoked), [6, 7, 17]);
        gitlab.assert_outcomes(&[(1, "not_revoked"), (2, "not_revoked")]);
    }
}

#[test]
fn a_reader_who_stalls_pins_no_snapshot() {
    let Some(gitlab) = Gitlab::new() else { return };
    gitlab.database.add_tokens(20_000);
    let mut child = start(&mut gitlab.reader.command(["--as", "root", "-o", "json", "list"]));
    let mut output = child.stdout.take().expect("a pipe");
    // From here on it is being read, and more than a pipe holds is to come.
    let mut first = [0];
    output.read_exact(&mut first).expect("the first byte");
    gitlab.wait_until(&format!("SELECT NOT EXISTS ({PROGRAM} AND xact_start IS NOT NULL)"));
    // A list is one snapshot.
    gitlab.database.sql("DELETE FROM personal_access_tokens WHERE id > 100");
    let mut rest = String::from_utf8(first.into()).expect("UTF-8");
    output.read_to_string(&mut rest).expect("UTF-8");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    let rows: Value = serde_json::from_str(&rest).expect("an array");
    assert_eq!(rows.as_array().map(Vec::len), Some(20_018));
}

#[test]
fn a_reader_who_goes_away_ends_a_list_of_gitlab() {
    let Some(gitlab) = Gitlab::new() else { return };
    gitlab.database.add_tokens(20_000);
    let mut child = gitlab
        .reader
        .command(["--as", "root", "-o", "ids", "list"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    gitlab.wait_until_it_is_gone();
}

/// A database of nobody in particular, which [`READER`] may enter.
fn stranger(statements: &str) -> Option<Gitlab> {
    let cluster = Cluster::shared()?;
    Some(Gitlab::beside(cluster.database("stranger", statements)))
}

#[test]
fn a_database_that_is_not_gitlabs_is_refused_with_what_was_found() {
    let half = "CREATE TABLE personal_access_tokens (id bigint, impersonation boolean,
        last_used_at timestamptz); CREATE TABLE users (id bigint);";
    for (statements, found) in [
        ("SELECT 1", "found no table"),
        (half, "found tables personal_access_tokens, users"),
        ("CREATE TABLE things (id bigint)", "found tables things"),
    ] {
        let Some(database) = stranger(statements) else { return };
        for line in ["list", "show 1", "revoke 1", "deploy-tokens list", "audit"] {
            let ran = database.reader.run(&format!("--as root {line}"));
            assert_eq!(ran.assert(1).stdout, "", "{ran}");
            ran.says(&[
                "none of native, gitlab, jupyterhub, gitea: ",
                found,
                "hint: if it is the right database, --schema NAME tells what is missing",
            ]);
        }
        let ran = database.reader.run("--as root --schema gitlab list");
        ran.assert(1).says(&["the schema of GitLab (gitlab) is incomplete: there is no "]);
        let ran = database.reader.run("--as root --schema native list");
        ran.assert(1).says(&["the schema of tokenctl (native) is incomplete: there is no "]);
    }
}

#[test]
fn a_table_or_column_that_is_missing_is_named() {
    for (change, lack) in [
        ("ALTER TABLE members DROP COLUMN state", "there is no column state in table members"),
        (
            "ALTER TABLE personal_access_tokens DROP COLUMN expires_at CASCADE",
            "there is no column expires_at in table personal_access_tokens",
        ),
        (
            "ALTER TABLE deploy_tokens DROP COLUMN write_package_registry",
            "there is no column write_package_registry in table deploy_tokens",
        ),
        ("DROP TABLE routes", "there is no table routes"),
        ("ALTER TABLE projects RENAME TO projekte", "there is no table projects"),
    ] {
        let Some(gitlab) = Gitlab::new() else { return };
        gitlab.database.sql(change);
        for line in ["list", "--schema gitlab revoke 1", "deploy-tokens list"] {
            let ran = gitlab.revoker.run(&format!("--as root {line}"));
            assert_eq!(ran.assert(1).stdout, "", "{ran}");
            ran.says(&["the schema of GitLab (gitlab) is incomplete: ", lack]);
        }
    }
}

/// What commands say on a database, as JSON; the last of them changes it.
fn answers(gitlab: &Gitlab) -> Vec<Value> {
    let lines = [
        "--as root list -o json",
        "--as olive list -o json --search laptop --scope api",
        "--as root show 13 -o json",
        "--as root list --user-type human --sort last_used_desc -o json",
        "--as root deploy-tokens list -o json",
        "--as olive deploy-tokens list --project top/sub/deep/lib -o json",
        "--as olive deploy-tokens list --group 4 --active -o json",
        "--as olive deploy-tokens show 3 -o json",
        "--as root revoke --unused-for 90d --state active --yes -o json",
        "--as olive deploy-tokens revoke 3 7 --yes -o json",
        "--as root list --revoked -o json",
    ];
    let answer = |line| {
        let mut answer = gitlab.revoker.run(line).assert(0).json();
        for row in answer.as_array_mut().into_iter().flatten() {
            if let Some(run_id) = row.get_mut("run_id") {
                *run_id = Value::Null;
            }
        }
        answer
    };
    lines.map(answer).into()
}

#[test]
fn an_older_gitlab_is_served_as_well() {
    let Some(new) = Gitlab::new() else { return };
    let mut expected = answers(&new);

    // Before ids were bigint.
    let Some(narrow) = Gitlab::new() else { return };
    narrow.database.sql(
        "ALTER TABLE namespaces ALTER traversal_ids DROP DEFAULT,
             ALTER traversal_ids TYPE integer[];
         DO $$ DECLARE it record; BEGIN
             FOR it IN SELECT table_name, column_name FROM information_schema.columns
                 WHERE table_schema = 'public' AND data_type = 'bigint'
             LOOP
                 EXECUTE format('ALTER TABLE %I ALTER %I TYPE integer', it.table_name, it.column_name);
             END LOOP;
         END $$",
    );
    let wide = "SELECT count(*) FROM information_schema.columns
        WHERE table_schema = 'public' AND data_type = 'bigint'";
    assert_eq!(narrow.database.sql(wide), "0");
    assert_eq!(answers(&narrow), expected);

    // Before there were descriptions, and virtual registries.
    let Some(old) = Gitlab::new() else { return };
    old.database.sql(
        "ALTER TABLE personal_access_tokens DROP COLUMN description, DROP COLUMN user_type;
         ALTER TABLE deploy_tokens DROP COLUMN read_virtual_registry,
             DROP COLUMN write_virtual_registry, DROP COLUMN project_id, DROP COLUMN group_id",
    );
    let mut differences = 0;
    for answer in &mut expected {
        let rows = match answer {
            Value::Array(rows) => rows.iter_mut().collect(),
            row => vec![row],
        };
        for row in rows {
            if let Some(description) = row.get_mut("description") {
                differences += usize::from(!description.is_null());
                *description = Value::Null;
            }
            if let Some(Value::Array(scopes)) = row.get_mut("scopes") {
                let all = scopes.len();
                scopes.retain(|it| it.as_str().is_some_and(|it| !it.contains("virtual")));
                differences += all - scopes.len();
            }
        }
    }
    assert!(differences > 3, "the fixture has some of both");
    assert_eq!(answers(&old), expected);
}

#[test]
fn rows_of_gitlab_that_cannot_be_read_are_named_left_out_and_left_alone() {
    let Some(gitlab) = Gitlab::new() else { return };
    let served = gitlab.reader.run("--as root list -o ids").assert(0).ids();
    let broken = [
        ("scopes", "'api'"),
        ("scopes", "''"),
        ("scopes", r"E'---\n- api\n- {a: b}\n'"),
        ("scopes", r"E'--- {}\n'"),
    ];
    let ids: Vec<i64> = (50..).take(broken.len()).collect();
    for (&id, (column, value)) in ids.iter().zip(broken) {
        gitlab.database.sql(&format!(
            "INSERT INTO personal_access_tokens
                 (id, user_id, name, created_at, updated_at, token_digest)
             VALUES ({id}, 2, 'broken', '2020-01-01', '2020-01-01', 'digest-secret-{id}');
             UPDATE personal_access_tokens SET {column} = {value} WHERE id = {id}"
        ));
    }
    let before = gitlab.content();

    for format in FORMATS {
        let ran = gitlab.reader.run(&format!("--as root list -o {format}"));
        for (id, (column, _)) in ids.iter().zip(broken) {
            ran.says(&[&format!("personal access token {id} is left out: {column} is not ")]);
        }
        assert!(!ran.assert(1).stdout.contains("broken"), "{ran}");
    }
    assert_eq!(gitlab.reader.run("--as root list -o ids").ids(), served);
    gitlab.reader.run("--as root show 50").assert(1).says(&["50", "scopes"]);
    // What has a scope that is asked for, or not, cannot be told.
    for filter in ["--scope api", "--except-scope api"] {
        let ran = gitlab.reader.run(&format!("--as root list {filter} -o ids"));
        ran.assert(1).says(&["token 50 is left out", "token 52 is left out"]);
    }

    let list = lines(&ids, ' ');
    let runs = [
        (format!("revoke 1 {list} --yes"), vec![1]),
        ("revoke --user olive --unused-for 1y --yes".into(), vec![3, 5]),
        ("revoke --user olive --scope api --state active --yes".into(), vec![8]),
    ];
    for (line, expected) in runs {
        let ran = gitlab.revoker.run(&format!("--as root {line} -o ids"));
        ran.assert(1).says(&["cannot be read and are left alone"]);
        assert_eq!(ran.ids(), expected, "{ran}");
    }
    let of_broken: Vec<_> = changes(&before, &gitlab.content()).into_keys().collect();
    let expected = [1, 3, 5, 8].map(|id| {
        ["revoked", "updated_at"].map(|column| format!("personal_access_tokens {id} {column}"))
    });
    assert_eq!(of_broken, expected.as_flattened());
    assert!(gitlab.outcomes().iter().all(|(id, _)| *id < 50), "nothing is announced of them");
}

#[test]
fn hostile_names_of_gitlab_act_on_nothing_and_parse_back() {
    let Some(gitlab) = Gitlab::new() else { return };
    let mut session = gitlab.session();
    // PostgreSQL holds no NUL.
    let names: Vec<_> = NAMES.iter().filter(|name| !name.contains('\0')).collect();
    for (name, id) in names.iter().zip(1000_i64..) {
        let unique = format!("{name}{id}");
        session
            .execute(
                "INSERT INTO users (id, username, email, projects_limit) VALUES ($1, $2::text, $2::text, 1)",
                &[&id, &unique],
            )
            .expect("a user");
        session
            .execute(
                "INSERT INTO personal_access_tokens
                     (id, user_id, name, description, created_at, updated_at)
                 VALUES ($1, $1, $2::text, $2::text, '2024-01-01', '2024-01-01')",
                &[&id, name],
            )
            .expect("a token");
        session
            .execute(
                "INSERT INTO deploy_tokens (id, name, username, created_at, expires_at)
                 VALUES ($1, $2::text, $2::text, '2024-01-01', '2025-01-01')",
                &[&id, name],
            )
            .expect("a deploy token");
    }
    for kind in ["", "deploy-tokens "] {
        for format in FORMATS {
            let ran = gitlab.reader.run(&format!("--as root -o {format} {kind}list"));
            let text = format!("{}{}", ran.assert(0).stdout, ran.stderr);
            assert_eq!(text.chars().find(|&c| c != '\n' && is_dangerous(c)), None, "{ran}");
        }
        let rows = gitlab.reader.run(&format!("--as root -o json {kind}list")).json();
        let rows = rows.as_array().expect("an array").iter();
        let read: Vec<_> = rows.filter(|row| row["id"].as_i64() >= Some(1000)).collect();
        let read: Vec<_> = read.iter().filter_map(|row| row["name"].as_str()).collect();
        assert!(read.iter().eq(names.iter().copied()), "{read:?}");
    }
    // Each as a value: whole, and as the words of a search.
    for (name, id) in names.iter().zip(1000..) {
        let line = format!("list --user {name}{id}");
        let args = ["--as", "root", "-o", "ids", "list", &format!("--user={name}{id}")];
        let mut list: Command = gitlab.reader.command(args);
        assert_eq!(gitlab.reader.run_command(&line, &mut list).assert(0).ids(), [id]);
        let args = ["--as", "root", "-o", "ids", "list", &format!("--search={name}")];
        let mut list: Command = gitlab.reader.command(args);
        let ran = gitlab.reader.run_command(&line, &mut list);
        assert!(ran.assert(0).ids().contains(&id), "{ran}");
    }
    let ran = gitlab.revoker.run("--as root revoke --search 'DROP TABLE users' --yes -o json");
    assert_eq!(ran.assert(0).json()[0]["name"], "'; DROP TABLE users; --", "{ran}");
    let log = gitlab.log_lines();
    assert_eq!(log[0]["target_name"], "'; DROP TABLE users; --");
    assert_eq!(log[0]["token"]["name"], "'; DROP TABLE users; --");
    assert_eq!(NOW, "2024-03-15T12:00:00Z");
    assert_eq!(
        gitlab.database.sql(&format!("SELECT has_table_privilege('{READER}', 'users', 'UPDATE')")),
        "f"
    );
}
