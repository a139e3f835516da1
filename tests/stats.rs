//! `stats`: what it counts, in every format and at a terminal.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use crate::support::Sandbox;
use crate::support::apps::App;
use crate::support::gitlab::Gitlab;
use crate::support::pty::Terminal;

const UNICODE: &[(&str, &str)] = &[("LANG", "C.UTF-8")];

fn rows(sandbox: &Sandbox, line: &str) -> Vec<Value> {
    let found = sandbox.run(&format!("{line} -o json")).assert(0).json();
    found.as_array().expect("an array").clone()
}

fn shown(sandbox: &Sandbox, columns: u16, line: &str, env: &[(&str, &str)]) -> String {
    let (screen, status) = Terminal::start(sandbox, columns, line, env).end();
    assert_eq!(status, Some(0), "{screen}");
    screen.replace('\r', "")
}

#[test]
fn the_totals_are_those_of_lists() {
    let sandbox = Sandbox::new();
    for role in ["root", "olive", "sam"] {
        let rows = rows(&sandbox, &format!("--as {role} stats"));
        let filters = [
            ("total", ""),
            ("active", "--state active"),
            ("expired", "--state expired"),
            ("revoked", "--state revoked"),
            ("never_used", "--never-used"),
            ("unused_90d", "--unused-for 90d"),
            ("no_expiry", "--no-expiry"),
        ];
        assert_eq!(rows.len(), filters.len(), "{rows:?}");
        for (row, (name, filter)) in rows.iter().zip(filters) {
            let listed = sandbox.run(&format!("--as {role} list {filter} --count"));
            assert_eq!(row["by"], "total");
            assert_eq!(row["group"], name);
            assert_eq!(row["count"].to_string(), listed.assert(0).stdout.trim(), "{role} {name}");
        }
    }
}

#[test]
fn the_groups_are_those_of_the_rows_that_a_list_has() {
    let sandbox = Sandbox::new();
    for (role, filter) in
        [("root", ""), ("root", "--state active"), ("olive", ""), ("root", "--search a")]
    {
        let listed = rows(&sandbox, &format!("--as {role} list {filter}"));
        for (by, key) in [
            ("user", "username"),
            ("user-type", "user_type"),
            ("user-state", "user_state"),
            ("created", "created_at"),
            ("expires", "expires_at"),
            ("last-used", "last_used_at"),
            ("scope", "scopes"),
        ] {
            let mut expected: BTreeMap<Option<String>, u64> = BTreeMap::new();
            for row in &listed {
                let groups: Vec<_> = match &row[key] {
                    Value::Array(all) if !all.is_empty() => {
                        all.iter().map(|it| it.as_str().map(Into::into)).collect()
                    }
                    Value::String(time) if key.ends_with("_at") => {
                        vec![Some(format!("{}-01", &time[..7]))]
                    }
                    other => vec![other.as_str().map(Into::into)],
                };
                for group in groups {
                    *expected.entry(group).or_default() += 1;
                }
            }
            let counted = rows(&sandbox, &format!("--as {role} stats --by {by} {filter}"));
            assert_eq!(counted[0]["group"], "total");
            assert_eq!(counted[0]["count"], listed.len());
            let found: BTreeMap<_, _> = counted[1..]
                .iter()
                .map(|it| {
                    (it["group"].as_str().map(String::from), it["count"].as_u64().expect("a count"))
                })
                .collect();
            assert_eq!(found, expected, "{role} --by {by} {filter}");
            assert_eq!(counted.len(), found.len() + 1);
        }
    }
}

#[test]
fn each_format_has_the_same_numbers() {
    let sandbox = Sandbox::new();
    let line = "--as root stats --by user-type --by expires --bucket year";
    let table = sandbox.run(line).assert(0).stdout.clone();
    let expected = "\
by         group            count  share
total      total            16     1
user-type  human            14     0.875
user-type  project_bot      1      0.0625
user-type  service_account  1      0.0625
";
    assert!(table.starts_with(expected), "{table}");
    assert!(table.contains("\nexpires    -  "), "{table}");
    let csv = sandbox.run(&format!("{line} -o csv")).assert(0).stdout.clone();
    assert!(csv.starts_with("by,group,count,share\ntotal,total,16,1\n"), "{csv}");
    assert!(csv.contains("\nuser-type,project_bot,1,0.0625\n"), "{csv}");
    assert!(csv.contains("\nexpires,,"), "{csv}");
    let json = rows(&sandbox, line);
    let row = json!({"by": "user-type", "group": "project_bot", "count": 1, "share": 0.0625});
    assert!(json.contains(&row), "{json:?}");
    let jsonl = sandbox.run(&format!("{line} -o jsonl")).assert(0).stdout.clone();
    assert_eq!(jsonl.lines().count(), json.len());
    assert_eq!(csv.lines().count(), json.len() + 1);
    assert_eq!(table.lines().count(), json.len() + 1);
    // Times are in their order, by each length of time, and what has none is last.
    for (bucket, ends) in [("day", ""), ("month", "-01"), ("year", "-01-01"), ("week", "")] {
        let found = rows(&sandbox, &format!("--as root stats --by expires --bucket {bucket}"));
        let dates: Vec<_> = found[1..].iter().map(|it| it["group"].as_str()).collect();
        let (none, dates) = dates.split_last().expect("groups");
        assert_eq!(*none, None);
        assert!(
            dates.is_sorted() && dates.iter().all(|it| it.is_some_and(|it| it.ends_with(ends)))
        );
    }
}

#[test]
fn ids_and_what_is_not_recorded_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.run("--as root stats -o ids").assert(2).says(&["-o ids", "hint: "]);
    for line in
        ["stats --top 0 --by user", "stats --top 3", "stats --bucket day", "stats --by name"]
    {
        sandbox.run(&format!("--as root {line}")).assert(2);
    }
    sandbox.run("--as sam stats --user olive").assert(4);
    sandbox.run("--as nobody stats").assert(4);
    let gitea = App::Gitea.file();
    gitea
        .sandbox
        .run("--as root stats --by expires")
        .assert(2)
        .says(&["gitea", "when tokens expire"]);
    let names: Vec<_> =
        rows(&gitea.sandbox, "--as root stats").iter().map(|it| it["group"].clone()).collect();
    assert_eq!(names, ["total", "active", "never_used", "unused_90d"]);
}

#[test]
fn the_rest_is_one_group_that_is_no_name() {
    let sandbox = Sandbox::new();
    let all = rows(&sandbox, "--as root stats --by user");
    let some = rows(&sandbox, "--as root stats --by user --top 2");
    assert_eq!(some[..3], all[..3]);
    let rest: u64 = all[3..].iter().map(|it| it["count"].as_u64().expect("a count")).sum();
    assert_eq!((&some[3]["by"], &some[3]["group"]), (&json!("user:others"), &Value::Null));
    assert_eq!((some.len(), &some[3]["count"]), (4, &json!(rest)));
    // Nothing is left.
    assert_eq!(rows(&sandbox, "--as root stats --by user --top 99"), all);
    let screen = shown(&sandbox, 80, "--as root stats --by user --top 2 --color never", UNICODE);
    assert!(screen.contains(&format!("({} others)", all.len() - 3)), "{screen}");
}

#[test]
fn the_picture_fits_the_terminal() {
    let sandbox = Sandbox::new();
    sandbox.sql(
        "UPDATE users SET username = '部署部署部署部署部署部署部署部署部署部署部署部署部署' WHERE id = 3",
    );
    let line =
        "--as root stats --color never --quiet --by user --by scope --by created --bucket week";
    for columns in [30, 60, 80, 120, 200] {
        for (env, block) in [(UNICODE, '█'), (&[("LANG", "C"), ("LC_ALL", "POSIX")], '#')] {
            let screen = shown(&sandbox, columns, line, env);
            for line in screen.lines() {
                assert!(line.width() <= columns.into(), "{columns}: {line}");
            }
            assert!(screen.contains(block), "{columns}: {screen}");
            assert!(screen.contains("total  16"), "{screen}");
            assert!(!(screen.contains('█') && screen.contains('#')), "{screen}");
        }
    }
    // The largest fills the line, and half of it half.
    sandbox.sql("UPDATE personal_access_tokens SET user_id = 2");
    sandbox.sql("UPDATE personal_access_tokens SET user_id = 1 WHERE id IN (1, 2, 3, 4)");
    let screen = shown(&sandbox, 60, "--as root stats --by user --color never", UNICODE);
    let bars: Vec<_> =
        screen.lines().map(|it| it.matches('█').count()).filter(|it| *it > 0).collect();
    assert_eq!(bars.len(), 2, "{screen}");
    assert_eq!(bars[1], bars[0] / 3, "{screen}");
    assert!(screen.lines().any(|it| it.width() == 60), "{screen}");
    for env in [&[("LANG", "C.UTF-8"), ("TERM", "dumb")][..], &[("LANG", "en_US.ISO-8859-1")]] {
        let screen = shown(&sandbox, 60, "--as root stats", env);
        assert!(screen.contains('#') && screen.is_ascii(), "{screen}");
    }
}

#[test]
fn states_have_their_colours() {
    let sandbox = Sandbox::new();
    let screen = shown(&sandbox, 80, "--as root stats", UNICODE);
    for (state, code) in
        [("active", "\u{1b}[32m"), ("revoked", "\u{1b}[31m"), ("expired", "\u{1b}[33m")]
    {
        let line = screen.lines().find(|it| it.starts_with(state)).expect(state);
        assert!(line.contains(code), "{line:?}");
    }
    assert!(!shown(&sandbox, 80, "--as root stats --color never", UNICODE).contains('\u{1b}'));
    assert!(!sandbox.run("--as root stats -o json --color always").stdout.contains('\u{1b}'));
}

#[test]
fn a_line_lists_the_largest_group() {
    let sandbox = Sandbox::new();
    for by in ["user", "scope", "user-type", "user-state", "created", "expires", "last-used"] {
        for filter in ["", "--impersonation=false"] {
            let line = format!("--as root stats --by {by} {filter}");
            let screen = shown(&sandbox, 80, &format!("{line} --color never"), UNICODE);
            let list = screen.lines().find_map(|it| it.strip_prefix("the largest: tokenctl "));
            let list = list.unwrap_or_else(|| panic!("no line in {screen}"));
            // The sandbox gives its own.
            let list = list.split_once("--now 2024-03-15T12:00:00Z ").map_or(list, |(_, it)| it);
            let listed = rows(&sandbox, list);
            let counts = rows(&sandbox, &line);
            let most = counts[1..].iter().map(|it| it["count"].as_u64().expect("a count")).max();
            assert_eq!(Some(listed.len() as u64), most, "{list}: {screen}");
        }
    }
    let screen = shown(&sandbox, 80, "--as root --quiet stats --by user", UNICODE);
    assert!(!screen.contains("the largest"), "{screen}");
}

#[test]
fn hostile_names_are_escaped_in_every_format() {
    let sandbox = Sandbox::new();
    let hostile = "a\u{1b}[31m\u{202e}\n=x";
    sandbox
        .connection()
        .execute("UPDATE users SET username = ?1 WHERE id = 2", [hostile])
        .expect("a name");
    sandbox
        .connection()
        .execute(
            "UPDATE personal_access_tokens SET scopes = json_array('=1+1', ?1) WHERE id = 1",
            [hostile],
        )
        .expect("a scope");
    for format in ["table", "json", "jsonl", "csv"] {
        let line = format!("--as root stats --by user --by scope -o {format} --color always");
        let printed = sandbox.run(&line).assert(0).stdout.clone();
        assert!(!printed.contains(['\u{1b}', '\u{202e}']) || format == "table", "{printed:?}");
        assert!(!printed.contains("\u{1b}[31m\u{202e}"), "{printed:?}");
    }
    assert!(sandbox.run("--as root stats --by scope -o csv").stdout.contains("\nscope,'=1+1,1,"));
    let named = rows(&sandbox, "--as root stats --by user");
    assert!(named.iter().any(|it| it["group"] == hostile), "{named:?}");
    let screen = shown(&sandbox, 80, "--as root stats --by user --color never", UNICODE);
    assert!(!screen.contains(['\u{1b}', '\u{202e}']) && screen.contains("a\\u{1b}"), "{screen}");
    // What is escaped cannot be copied, so there is no line for it.
    assert!(!screen.contains("the largest"), "{screen}");
}

#[test]
fn nothing_is_counted_where_nothing_matches() {
    let sandbox = Sandbox::new();
    let none = rows(&sandbox, "--as root stats --search nothing-of-this-name");
    assert_eq!(none.len(), 7);
    assert!(none.iter().all(|it| it["count"] == 0 && it["share"] == 0), "{none:?}");
    let none = rows(&sandbox, "--as root stats --by user --by created --created-after +1d");
    assert_eq!(none.len(), 1, "{none:?}");
    let line = "--as root stats --by user --by created --created-after +1d --color never";
    let screen = shown(&sandbox, 60, line, UNICODE);
    assert!(screen.contains("total  0"), "{screen}");
    sandbox.run("--as root stats --scope ap").assert(0).says(&["some have 'api'"]);
    let empty = Sandbox::with_empty_store();
    empty.sql("INSERT INTO users (username, name, admin, state, user_type) VALUES ('root', '', 1, 'active', 'human')");
    assert_eq!(rows(&empty, "--as root stats --by user").len(), 1);
}

#[test]
fn rows_that_cannot_be_read_are_named_and_not_counted() {
    let store = App::JupyterHub.file();
    let count = |line: &str| rows(&store.sandbox, line)[0]["count"].as_u64().expect("a count");
    let before = count("--as root stats");
    store.sandbox.sql("UPDATE api_tokens SET scopes = 'no list' WHERE id = 1");
    for line in ["stats", "stats --by user", "stats --by scope"] {
        let told = store.sandbox.run(&format!("--as root {line} -o json"));
        told.assert(1).says(&["1 is left out: scopes is not", "1 of the store's rows"]);
        assert_eq!(told.json()[0]["count"], before - 1);
    }
    // Where the database refuses such rows, it may have been told not to.
    let sandbox = Sandbox::new();
    sandbox.sql_unchecked("UPDATE personal_access_tokens SET scopes = 'no list' WHERE id = 1");
    sandbox.run("--as root stats --by scope").assert(1).says(&["1 is left out"]);
}

#[test]
fn other_applications_are_counted_too() {
    let Some(gitlab) = Gitlab::new() else { return };
    for line in ["", "--by user", "--by scope", "--by created", "--by expires", "--by last-used"] {
        let found = rows(&gitlab.reader, &format!("--as root stats {line}"));
        let listed = gitlab.reader.run("--as root list --count").assert(0).stdout.clone();
        assert_eq!(found[0]["count"].to_string(), listed.trim(), "{line}");
    }
}
