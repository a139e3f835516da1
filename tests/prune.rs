//! Revoking by filter, and the audit of it.

use std::collections::BTreeSet;

use crate::support::{Sandbox, Transcript};

const EVERY_FILTER: [&str; 26] = [
    "--user olive",
    "--state active",
    "--state inactive",
    "--revoked",
    "--revoked=false",
    "--expired",
    "--expired=false",
    "--created-after 2024-02-01",
    "--created-before 2024-02-01",
    "--last-used-after 90d",
    "--last-used-before 90d",
    "--never-used",
    "--never-used=false",
    "--unused-for 90d",
    "--expires-after 2024-03-16",
    "--expires-before 2024-03-16",
    "--expires-within 1w",
    "--no-expiry",
    "--search ci",
    "--scope api",
    "--scope sudo --scope read_user",
    "--impersonation",
    "--impersonation=false",
    "--user-type human",
    "--except-user olive",
    "--except-scope api",
];

/// How the ids of JSON lines came out.
fn results(ran: &Transcript) -> Vec<(i64, String)> {
    let row = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).expect(line);
        (row["id"].as_i64().expect(line), row["result"].as_str().expect(line).into())
    };
    ran.stdout.lines().map(row).collect()
}

fn events(sandbox: &Sandbox) -> String {
    sandbox.value("SELECT count(*) FROM audit_events")
}

#[test]
fn revoke_covers_what_list_shows_and_is_not_yet_revoked() {
    let filters = EVERY_FILTER.map(|filter| ("", filter));
    let of_deploy_tokens = [
        "--active",
        "--active=false",
        "--revoked",
        "--expired",
        "--created-after 2024-02-01",
        "--expires-before 2024-04-01",
        "--no-expiry",
        "--search ci",
        "--scope read_registry",
        "--except-scope read_registry",
        "--project top/app",
        "--group top",
    ];
    let filters = filters.into_iter().chain(of_deploy_tokens.map(|it| ("deploy-tokens ", it)));
    for (kind, filter) in filters {
        let sandbox = Sandbox::new();
        let ids = |line: &str| -> BTreeSet<i64> {
            let ran = sandbox.run(&format!("--as root -o ids {kind}{line}"));
            ran.assert(0).ids().into_iter().collect()
        };
        let listed = ids(&format!("list {filter}"));
        let revoked = ids("list --revoked");
        let expected: BTreeSet<_> = listed.difference(&revoked).copied().collect();
        assert_eq!(ids(&format!("revoke {filter} --dry-run")), expected, "{kind}{filter}");
        assert_eq!(events(&sandbox), "0");

        assert_eq!(ids(&format!("revoke {filter} --yes")), expected, "{kind}{filter}");
        let union: BTreeSet<_> = revoked.union(&expected).copied().collect();
        assert_eq!(ids("list --revoked"), union, "{kind}{filter}");
        assert_eq!(events(&sandbox), expected.len().to_string(), "{kind}{filter}");
        assert_eq!(ids(&format!("revoke {filter} --yes")), BTreeSet::new(), "{kind}{filter}");
    }
}

#[test]
fn ids_and_filters_combine_with_and() {
    let sandbox = Sandbox::new();
    let named = "1 2 3 8 13 999";
    let filter = "--unused-for 90d --user olive";
    let kept = sandbox.run(&format!("--as root list {filter} --revoked=false -o ids")).ids();
    for (input, ids) in [("", named.to_owned()), (&*(named.replace(' ', "\n") + "\n"), "-".into())]
    {
        let line = format!("--as root revoke {ids} {filter} --dry-run -o jsonl");
        let ran = sandbox.run_with_input(&line, input);
        for (id, result) in results(ran.assert(5)) {
            let expected = match id {
                999 => "denied",
                id if kept.contains(&id) => "would_revoke",
                _ => "spared",
            };
            assert_eq!(result, expected, "{id}: {ran}");
        }
        assert_eq!(results(&ran).len(), 6);
    }
    // What is revoked already is said to be so, whatever the filter.
    sandbox.run("--as root revoke 1").assert(0);
    let ran = sandbox.run("--as root revoke 1 2 --user sam --yes -o jsonl");
    assert_eq!(
        results(ran.assert(0)),
        [(1, "already_revoked".into()), (2, "spared".into())],
        "{ran}"
    );
    ran.says(&["revoked 0 ", "1 already revoked, 1 spared", "nothing changed"]);
}

#[test]
fn max_refuses_the_whole_run() {
    let sandbox = Sandbox::new();
    let line = "--as root revoke --state active";
    let count = sandbox.run(&format!("{line} -n -o ids")).ids().len();
    for confirmed in ["--yes", "--dry-run"] {
        for max in [0, 1, count - 1] {
            let ran = sandbox.run(&format!("{line} {confirmed} --max {max} -o json"));
            assert_eq!(ran.assert(1).stdout, "", "{ran}");
            ran.says(&[&format!("{count} personal access tokens of"), &format!("--max {max}")]);
        }
    }
    // Of ids, those count that would be revoked.
    sandbox.run("--as root revoke 1 2 3 --yes --max 2").assert(1);
    assert_eq!(events(&sandbox), "0");
    sandbox.run("--as root revoke 1").assert(0);
    sandbox.run("--as root revoke 1 2 3 --yes --max 2").assert(0);
    let left = count - 3;
    sandbox.run(&format!("{line} --yes --max {}", left - 1)).assert(1);
    sandbox.run(&format!("{line} --yes --max {left}")).assert(0);
    assert_eq!(events(&sandbox), count.to_string());
}

#[test]
fn a_dry_run_never_speaks_in_the_past_tense() {
    let sandbox = Sandbox::new();
    for line in ["revoke --state active -n", "revoke 1 2 -n", "deploy-tokens revoke --active -n"] {
        let ran = sandbox.run(&format!("--as root {line}"));
        ran.assert(0).says(&["would revoke ", "(dry run, nothing changed)"]);
        let said = format!("{}{}", ran.stdout, ran.stderr).replace("would_revoke", "");
        assert!(!said.contains("revoked"), "{ran}");
    }
}

#[test]
fn one_run_has_one_id_in_every_row_the_summary_and_the_events() {
    let sandbox = Sandbox::new();
    let line = "--as root revoke --state active --yes --reason because --batch-size 1 -o jsonl";
    let ran = sandbox.run(line);
    let rows: Vec<serde_json::Value> =
        ran.assert(0).stdout.lines().map(|it| serde_json::from_str(it).expect(it)).collect();
    let run_id = rows[0]["run_id"].as_str().expect("an id");
    assert!(rows.iter().all(|row| row["run_id"] == run_id && row["result"] == "revoked"), "{ran}");
    assert!(rows.windows(2).all(|pair| pair[0]["id"].as_i64() < pair[1]["id"].as_i64()), "{ran}");
    let count = rows.len().to_string();
    let users: BTreeSet<_> = rows.iter().map(|row| row["user_id"].as_i64()).collect();
    ran.says(&[
        &format!("revoked {count} personal access tokens of {} users", users.len()),
        run_id,
    ]);

    // The event bears the time and the name of its token's change.
    let matching = format!(
        "SELECT count(*) FROM audit_events e JOIN personal_access_tokens t ON t.id = e.target_id \
         WHERE e.run_id = '{run_id}' AND e.created_at = t.updated_at AND e.target_name = t.name \
         AND e.target_user_id = t.user_id AND e.reason = 'because' AND t.revoked"
    );
    assert_eq!(sandbox.value(&matching), count);
    assert_eq!(events(&sandbox), count);
}

#[test]
fn audit_has_every_format_and_the_documented_keys() {
    let sandbox = Sandbox::new();
    let keys = "id,created_at,run_id,action,actor,actor_id,os_user,target_type,target_id,\
                target_name,target_user_id,target_username,reason,outcome";
    let run = |line: &str| sandbox.run(&format!("--as root audit {line}"));
    assert_eq!(run("-o json").assert(0).stdout, "[]\n");
    assert_eq!(run("-o jsonl").assert(0).stdout, "");
    assert_eq!(run("-o ids").assert(0).stdout, "");
    assert_eq!(run("-o csv").assert(0).stdout, format!("{keys}\n"));
    assert_eq!(run("").assert(0).says(&["no audit events to show"]).stdout, "");

    sandbox.sql("UPDATE personal_access_tokens SET name = '=1+1\u{202e}' WHERE id = 3");
    sandbox.run("--as olive revoke 3 --reason=-x").assert(0);
    sandbox.run("--as root deploy-tokens revoke 2 --reason gone").assert(0);
    let events = run("-o json").json();
    assert_eq!(events.as_array().map(Vec::len), Some(2));
    assert_eq!(
        events[0].as_object().expect("an object").len(),
        keys.split(',').count(),
        "{events}"
    );
    assert_eq!(events[0]["target_type"], "deploy_token");
    assert_eq!(events[0]["target_user_id"], serde_json::Value::Null);
    assert_eq!(events[1]["target_name"], "=1+1\u{202e}");
    assert_eq!(events[1]["actor"], "olive");
    let first = run("-o jsonl").stdout.lines().next().expect("a line").to_owned();
    let order: Vec<_> = keys.split(',').map(|key| first.find(&format!("\"{key}\":"))).collect();
    assert!(order.is_sorted() && order[0].is_some(), "{first}");
    assert_eq!(run("-o ids").stdout, "2\n3\n", "the tokens, newest first");
    // An event's own id must not become a token's.
    let ran = sandbox.run_with_input("--as root revoke - --yes", &run("-o jsonl").stdout);
    assert_eq!(ran.assert(2).says(&["line 1", "no 'target_id'"]).stdout, "", "{ran}");
    // Nor the id of a token of the other kind.
    for (from, to) in [("", "deploy-tokens "), ("deploy-tokens ", "")] {
        let rows = sandbox.run(&format!("--as root {from}list -o jsonl")).stdout;
        let ran = sandbox.run_with_input(&format!("--as root {to}revoke - --dry-run"), &rows);
        assert_eq!(ran.assert(2).says(&["line 1: it is no "]).stdout, "", "{ran}");
        let own = sandbox.run(&format!("--as root {to}list -o jsonl")).stdout;
        sandbox.run_with_input(&format!("--as root {to}revoke - --dry-run"), &own).assert(0);
    }
    let csv = run("-o csv").stdout;
    assert!(csv.contains(r"'=1+1\u{202e}") && csv.ends_with(",'-x,revoked\n"), "{csv}");
    let limited = run("--limit 1 -o ids");
    assert_eq!(limited.assert(0).says(&["1 shown, and more match"]).stdout, "2\n");
}

#[test]
fn audit_filters_combine() {
    let sandbox = Sandbox::new();
    sandbox.run("--as olive revoke 1").assert(0);
    let ran = sandbox.run("--as root revoke 2 9 --yes -o jsonl");
    let row: serde_json::Value =
        serde_json::from_str(ran.stdout.lines().next().expect("a row")).expect("JSON");
    let run_id = row["run_id"].as_str().expect("an id").to_owned();
    sandbox.sql(
        "INSERT INTO audit_events (created_at, run_id, action, actor_id, actor, os_user, \
         target_type, target_id, target_name, target_user_id) VALUES \
         ('2020-01-01T00:00:00.000Z', 'old', 'revoke', 77, 'Gone', 'os', \
         'personal_access_token', 4, 'old', 88)",
    );
    let ids = |line: &str| sandbox.run(&format!("--as {line} -o ids")).assert(0).ids();
    assert_eq!(ids("root audit"), [9, 2, 1, 4]);
    assert_eq!(ids("root audit --user olive"), [2, 1]);
    assert_eq!(ids("root audit --actor olive"), [1]);
    assert_eq!(ids("root audit --user olive --actor root"), [2]);
    assert_eq!(ids(&format!("root audit --run {run_id}")), [9, 2]);
    assert_eq!(ids("root audit --run no-such-run"), [0; 0]);
    assert_eq!(ids("root audit --action revoke --until 2020-01-01"), [4]);
    assert_eq!(ids("root audit --since 2020-01-01T00:00:00.001Z"), [9, 2, 1]);
    // Those who are gone are found by what is recorded of them.
    assert_eq!(ids("root audit --actor gone"), [4]);
    assert_eq!(ids("root audit --actor 77 --user 88"), [4]);
    // An owner sees what was done to their tokens, and what they did.
    assert_eq!(ids("olive audit"), [2, 1]);
    assert_eq!(ids("olive audit --user @me --actor @me"), [1]);
    assert_eq!(ids("sam audit"), [9]);
    for line in ["sam audit --user olive", "sam audit --actor root", "root audit --user nobody"] {
        let ran = sandbox.run(&format!("--as {line}"));
        assert_eq!(ran.assert(4).says(&["not found, or not permitted"]).stdout, "", "{ran}");
    }
    for line in ["--action delete", "--run ''", "--user ''", "--since x", "--columns nothing"] {
        sandbox.run(&format!("--as root audit {line}")).assert(2);
    }
    // By a token, and by the beginning of a run's id.
    assert_eq!(ids("root audit 2 4"), [2, 4]);
    assert_eq!(ids("root audit 2 --actor olive"), [0; 0]);
    assert_eq!(ids("sam audit 2 9"), [9]);
    assert_eq!(ids(&format!("root audit --run {}", &run_id[..18])), [9, 2]);
    assert_eq!(ids(&format!("sam audit --run {}", run_id[..18].to_uppercase())), [9]);
    let ran = sandbox.run(&format!("--as root audit --run {}", &run_id[..7]));
    ran.assert(2).says(&["at least 8 characters"]);
    sandbox.sql(&format!(
        "INSERT INTO audit_events (run_id, action, actor_id, actor, os_user, target_type, target_id, \
         target_name) VALUES ('{}-other', 'revoke', 1, 'root', 'os', 'deploy_token', 5, 'x')",
        &run_id[..8]
    ));
    let several = sandbox.run(&format!("--as root audit --run {}", &run_id[..8]));
    // The first and the last of them.
    let last = format!("{}-other", &run_id[..8]);
    several.assert(2).says(&["several runs begin like this", &last, "give more of the id"]);
    // Who may not see the other run is not told of it.
    assert_eq!(ids(&format!("sam audit --run {}", &run_id[..8])), [9]);
    sandbox.run("--as root audit --columns target_id,run_id -o csv --limit 1").assert(0);
}
