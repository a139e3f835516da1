//! `report`: what the page holds, for whom, and how the file is written. How a browser shows
//! it is tested elsewhere.

use std::collections::BTreeSet;
use std::fs::{Permissions, metadata, read_dir, read_to_string, set_permissions, write};
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::hostile::{NAMES, is_dangerous};
use crate::support::Sandbox;
use crate::support::apps::{App, SECRETS};
use crate::support::gitlab::Gitlab;

/// The page that a line of arguments writes.
fn page(sandbox: &Sandbox, line: &str) -> String {
    let ran = sandbox.run(&format!("{line} report --output page.html"));
    assert_eq!(ran.assert(0).stdout, "");
    read_to_string(sandbox.home().join("page.html")).expect("a page")
}

/// A section of the page, by the id of its heading.
fn section<'p>(page: &'p str, id: &str) -> &'p str {
    let (_, rest) = page.split_once(&format!("<section aria-labelledby=\"{id}\">")).expect(id);
    rest.split_once("</section>").expect("an end").0
}

/// The ids in a section's table.
fn ids(page: &str, id: &str) -> BTreeSet<i64> {
    let rows = section(page, id).split("<tr><th class=\"number\" scope=\"row\">").skip(1);
    rows.map(|it| it.split('<').next().expect("an id").parse().expect("a number")).collect()
}

#[test]
fn the_page_has_the_tokens_that_a_list_has() {
    let sandbox = Sandbox::new();
    for role in ["root", "olive", "sam"] {
        for filter in ["", "--search a", "--user-type human --created-before 2024-01-01"] {
            let text = page(&sandbox, &format!("--as {role} --quiet"));
            let filtered = sandbox.run(&format!("--as {role} report --output page.html {filter}"));
            filtered.assert(0).says(&["wrote page.html: "]);
            let filtered = read_to_string(sandbox.home().join("page.html")).expect("a page");
            for (id, of_list) in [
                ("no-expiry", "--no-expiry"),
                ("unused", "--unused-for 90d"),
                ("left", "--user-state gone,blocked,banned,deactivated"),
            ] {
                for (text, filter) in [(&text, ""), (&filtered, filter)] {
                    let list = format!("--as {role} list --state active {of_list} {filter} -o ids");
                    let listed = sandbox.run(&list).assert(0).ids().into_iter().collect();
                    assert_eq!(ids(text, id), listed, "{list}");
                }
            }
            // No page says how many there are beyond the actor's reach.
            let count = sandbox.run(&format!("--as {role} list --count")).stdout.clone();
            let all = format!(
                "<th class=\"name\" scope=\"row\">all</th><td class=\"number\" data-key=\"{}\">",
                count.trim()
            );
            assert!(section(&text, "totals").contains(&all), "{role}: {text}");
            assert_eq!(text.contains("Deploy tokens of the whole store"), role == "root");
        }
    }
    let text = page(&sandbox, "--as sam");
    assert!(!text.contains("olive") && !text.contains("ci deploy"), "{text}");
    sandbox.run("--as sam report --user olive --output other.html").assert(4);
    sandbox.run("--as nobody report --output other.html").assert(4);
    assert!(!sandbox.home().join("other.html").exists());
}

#[test]
fn the_head_says_when_as_whom_and_of_what() {
    let sandbox = Sandbox::new();
    sandbox
        .run("--as root -q report --user olive --output page.html --search 'a <b>' --state active")
        .assert(0);
    let text = read_to_string(sandbox.home().join("page.html")).expect("a page");
    let (head, _) = text.split_once("<nav").expect("contents");
    for part in [
        "2024-03-15 12:00",
        "store.db",
        "SQLite ",
        "tokenctl (schema native)",
        "<bdi>root</bdi> (id 1), an administrator: every token",
        "<code><bdi>--user olive --search 'a &lt;b&gt;' --state active</bdi></code>",
    ] {
        assert!(head.contains(part), "{part}: {head}");
    }
    let text = page(&sandbox, "--as olive");
    assert!(text.contains("no administrator: only their own tokens"));
    // A command that shows the same, unless a filter stands there already.
    let line = "list --state active --unused-for 90d";
    assert!(section(&text, "unused").contains(line), "{text}");
    let real = sandbox.run_command(
        "report",
        sandbox.bare_command().args(["--as", "root", "report", "--output", "page.html"]),
    );
    real.assert(0);
    let text = read_to_string(sandbox.home().join("page.html")).expect("a page");
    assert!(!text.contains("Age and expiry as of"));
}

#[test]
fn the_last_runs_are_told_with_who_and_why() {
    let sandbox = Sandbox::new();
    assert!(section(&page(&sandbox, "--as root"), "revocations").contains("None is recorded."));
    sandbox.run("--as root revoke 1 2 --yes --reason 'left <the> team'").assert(0);
    sandbox.run("--as sam revoke 9 --yes").assert(0);
    sandbox.run("--as root deploy-tokens revoke 1 --yes").assert(0);
    let text = page(&sandbox, "--as root");
    let runs = section(&text, "revocations");
    assert!(runs.contains("<bdi>left &lt;the&gt; team</bdi>"), "{runs}");
    assert!(runs.contains("data-key=\"2\">2</td>"), "{runs}");
    assert!(runs.contains("1 deploy"), "{runs}");
    for (column, count) in [("run_id", 3), ("os_user", 1)] {
        let query = format!("SELECT group_concat(DISTINCT {column}) FROM audit_events");
        let told = sandbox.value(&query);
        assert_eq!(told.split(',').filter(|it| runs.contains(*it)).count(), count, "{runs}");
    }
    // The last comes first.
    let at = |name: &str| runs.find(name).unwrap_or_else(|| panic!("{name}: {runs}"));
    assert!(at("1 deploy") < at("<bdi>sam</bdi>") && at("<bdi>sam</bdi>") < at("left &lt;the"));
    // Others see what they are involved in.
    let own = page(&sandbox, "--as sam");
    let own = section(&own, "revocations");
    assert!(own.contains("<bdi>sam</bdi>") && !own.contains("left &lt;the"), "{own}");
    assert_eq!(own.matches("<tr><td data-key").count(), 1, "{own}");
}

#[test]
fn names_are_text_and_the_page_is_all_there_is() {
    let sandbox = Sandbox::new();
    let connection = sandbox.connection();
    let attacks = ["</title><script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "]]>"];
    let names: Vec<_> = NAMES.iter().chain(&attacks).filter(|it| !it.trim().is_empty()).collect();
    for (index, name) in names.iter().enumerate() {
        let id = 1000 + i64::try_from(index).expect("a number");
        let added = connection.execute(
            "INSERT INTO users (id, username, name, state, user_type) VALUES (?1, ?2, '', 'blocked', 'human')",
            rusqlite::params![id, format!("{name}{id}")],
        );
        added.expect("a user");
        let added = connection.execute(
            "INSERT INTO personal_access_tokens (id, user_id, name, scopes, created_at, token_digest)
             VALUES (?1, ?1, ?2, json_array('sudo', ?2), '2020-01-01T00:00:00.000Z', 'digest-secret-' || ?1)",
            rusqlite::params![id, name],
        );
        added.expect("a token");
    }
    sandbox.run("--as root revoke 1050 --yes --reason '\u{202e}</style><b>\"'").assert(4);
    sandbox.run("--as root revoke 1 --yes --reason '\u{202e}</style><b>\"'").assert(0);
    let text = page(&sandbox, "--as root");
    let left = ids(&text, "left");
    assert!((0..names.len()).all(|it| left.contains(&(1000 + i64::try_from(it).unwrap()))));
    let dangerous = text.chars().find(|&c| c != '\n' && is_dangerous(c));
    assert_eq!(dangerous, None);
    assert_eq!(text.matches("<script").count(), 1);
    assert_eq!(text.matches("<style").count(), 1);
    // What is in angle brackets are this page's own elements, and none fetches anything.
    let (_, body) = text.split_once("</style>").expect("a style");
    let (body, _) = body.split_once("<script>").expect("a script");
    for element in body.split('<').skip(1) {
        let (element, _) = element.split_once('>').expect("an end");
        let name = element.trim_start_matches('/').split(' ').next().unwrap_or_default();
        for fetching in ["img", "link", "iframe", "object", "embed", "base", "form", "use", "image"]
        {
            assert_ne!(name, fetching, "{element}");
        }
        for attribute in [" src", " style", " on", " action", "xlink"] {
            assert!(!element.contains(attribute), "{element}");
        }
        let link = element.split_once("href=\"").map(|it| it.1);
        assert!(link.is_none_or(|it| it.starts_with('#')), "{element}");
    }
    assert!(!SECRETS.iter().any(|it| text.contains(it)));
}

#[test]
fn the_file_is_replaced_at_once_and_is_the_owners_alone() {
    let sandbox = Sandbox::new();
    let file = sandbox.home().join("page.html");
    write(&file, "what was there").expect("a file");
    set_permissions(&file, Permissions::from_mode(0o666)).expect("a file of ours");
    for (line, status) in [
        ("--as nobody report --output page.html", 4),
        ("--as root report --output page.html --user nobody", 4),
        ("--as root --db missing.db report --output page.html", 1),
        ("--as root -o json report --output page.html", 2),
        ("--as root report -o table --output page.html --unused-for x", 2),
    ] {
        sandbox.run(line).assert(status);
        assert_eq!(read_to_string(&file).expect("a file"), "what was there", "{line}");
    }
    let ran = sandbox.run("--as root report --output page.html");
    assert_eq!(ran.assert(0).stdout, "");
    assert_eq!(ran.stderr, "tokenctl: wrote page.html: 16 personal access tokens\n");
    assert_eq!(metadata(&file).expect("a file").permissions().mode() & 0o7777, 0o600);
    assert_eq!(sandbox.run("--as root -q report --output page.html").assert(0).stderr, "");
    for own in ["store.db", "./store.db", "store.db-wal"] {
        sandbox.run(&format!("--as root report --output {own}")).assert(2).says(&["own files"]);
    }
    let log = "--as root --audit-log log report --output";
    write(sandbox.home().join("log"), "").expect("a file");
    symlink("log", sandbox.home().join("link")).expect("a link");
    for name in ["log", "./log", "link"] {
        sandbox.run(&format!("{log} {name}")).assert(2).says(&["it is the audit file"]);
    }
    for device in ["/dev/null", "/dev/stdout", "."] {
        let ran = sandbox.run(&format!("--as root report --output {device}"));
        ran.assert(1).says(&["not a regular file"]);
    }
    sandbox.run("--as root report").assert(2).says(&["--output <FILE>"]);
    sandbox.run("--as root report --output ''").assert(2);
    let names = read_dir(sandbox.home()).expect("a folder").map(|it| it.expect("it").file_name());
    assert!(!names.into_iter().any(|it| it.to_string_lossy().starts_with(".tokenctl")));
}

#[test]
fn a_table_has_ten_thousand_rows_and_the_rest_is_counted() {
    let sandbox = Sandbox::new();
    sandbox.sql(
        "INSERT INTO personal_access_tokens (user_id, name, created_at)
         WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 10003)
         SELECT 4, 'n' || i, strftime('%Y-%m-%dT00:00:00.000Z', '2023-03-01', -i || ' days') FROM n;
         INSERT INTO audit_events
             (run_id, action, actor_id, actor, os_user, target_type, target_id, target_name)
         WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 10004)
         SELECT 'run' || i, 'revoke', 1, 'root', 'x', 'personal_access_token', i, 'n' FROM n;",
    );
    let text = page(&sandbox, "--as root");
    let count = |line: &str| -> usize {
        sandbox.run(&format!("--as root list {line} --count")).stdout.trim().parse().expect("it")
    };
    for (id, filter) in [("no-expiry", "--no-expiry"), ("unused", "--unused-for 90d")] {
        let all = count(&format!("--state active {filter}"));
        assert_eq!(ids(&text, id).len(), 10_000);
        let rest = format!("The first 10,000 are listed; {} more are counted only.", all - 10_000);
        assert!(section(&text, id).contains(&rest), "{rest}");
    }
    // Those from the longest ago are kept.
    let last = sandbox.value("SELECT id FROM personal_access_tokens WHERE name = 'n10003'");
    assert!(ids(&text, "no-expiry").contains(&last.parse().expect("an id")));
    let runs = section(&text, "revocations");
    assert_eq!(runs.matches("<tr>").count(), 10_001);
    assert!(runs.contains("Earlier runs revoked 4 tokens"), "{}", runs.len());
}

#[test]
fn what_is_not_recorded_is_said() {
    let gitea = App::Gitea.file();
    let text = page(&gitea.sandbox, "--as root");
    for (id, said) in [
        ("expiry", "does not record when tokens expire"),
        ("no-expiry", "does not record when tokens expire"),
        ("revocations", "no audit file was given"),
        ("about", "<code>expires_at</code>"),
    ] {
        assert!(section(&text, id).contains(said), "{id}: {}", section(&text, id));
    }
    assert!(!section(&text, "unused").contains("Expires"));
    for app in [App::Gitea, App::Forgejo, App::JupyterHub] {
        for store in app.stores() {
            store.recorded("--as root report --output page.html").assert(0);
            store.recorded("--as root revoke 1 --yes --reason why").assert(0);
            store.recorded("--as root report --output page.html").assert(0);
            let file = store.sandbox.home().join("page.html");
            let text = read_to_string(file).expect("a page");
            assert!(section(&text, "revocations").contains("<bdi>why</bdi>"), "{app:?}");
            for secret in SECRETS {
                assert!(!text.contains(secret), "{app:?}: {secret}");
            }
        }
    }
    let Some(gitlab) = Gitlab::new() else { return };
    let text = page(&gitlab.reader, "--as root");
    let listed = gitlab.reader.run("--as root list --state active --no-expiry -o ids");
    assert_eq!(ids(&text, "no-expiry"), listed.assert(0).ids().into_iter().collect());
}

#[test]
fn rows_that_cannot_be_read_are_named_in_the_page_too() {
    let store = App::JupyterHub.file();
    store.sandbox.sql("UPDATE api_tokens SET scopes = '<b>no list' WHERE id = 1");
    let ran = store.sandbox.run("--as root report --output page.html");
    ran.assert(1).says(&["1 is left out: scopes is not", "1 of the store's rows"]);
    let text = read_to_string(store.sandbox.home().join("page.html")).expect("a page");
    assert!(text.contains("1 row cannot be read") && !text.contains("<b>"), "{text}");
    // A line of the audit file that cannot be read.
    write(store.log(), "{no line\n").expect("a file");
    set_permissions(store.log(), Permissions::from_mode(0o600)).expect("ours");
    store.sandbox.sql("UPDATE api_tokens SET scopes = '[]' WHERE id = 1");
    store.recorded("--as root report --output page.html").assert(1).says(&["1 records"]);
    let text = read_to_string(store.sandbox.home().join("page.html")).expect("a page");
    assert!(section(&text, "revocations").contains("1 record of revocations"), "{text}");
}

#[test]
fn an_empty_page_is_one_too() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run("--as root report --output page.html --search nothing-of-this-name");
    ran.assert(0).says(&["wrote page.html: 0 personal access tokens"]);
    let text = read_to_string(sandbox.home().join("page.html")).expect("a page");
    assert!(section(&text, "wide").contains("There are none."), "{text}");
    // Ends of time are none of the picture's business.
    sandbox
        .sql_unchecked("UPDATE personal_access_tokens SET expires_at = '9999-12-31' WHERE id < 9");
    let text = page(&sandbox, "--as root");
    assert!(section(&text, "expiry").contains("after 2029-03"), "{text}");
}
