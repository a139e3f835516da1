//! Who may do what: every command as every role on every kind of owner, as a
//! matrix to review. A cell holds the ids that were shown or would be revoked,
//! or the exit status of a refusal.

use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;

use expect_test::expect_file;

use crate::support::apps::App;
use crate::support::{Sandbox, Transcript};

/// Of `fixture.sql`: an administrator, the Maintainer of group `top` and Owner
/// of group `other`, the Developer of project `top/app` and Maintainer of their
/// own, somebody without tokens in common with them, and those who may not act.
const ROLES: [&str; 8] = ["root", "olive", "sam", "svc-backup", "blake", "bo", "dee", "nobody"];

pub const COMMANDS: [&str; 60] = [
    "list",
    "list --impersonation",
    "list --user root",
    "list --user olive",
    "list --user 2",
    "list --user @me",
    "list --user sam",
    "list --user missing",
    "list --except-user olive",
    "list --except-user @me",
    "show 1",
    "show 8",
    "show 9",
    "show 11",
    "show 14",
    "show 15",
    "show 999",
    "revoke -n 1",
    "revoke -n 8",
    "revoke -n 9",
    "revoke -n 11",
    "revoke -n 14",
    "revoke -n 999",
    "revoke -n 1 8 9 14 15 999",
    "revoke -n --state active",
    "revoke -n --revoked",
    "revoke -n --impersonation",
    "revoke -n --user olive",
    "revoke -n --user @me",
    "revoke -n --except-user olive",
    "revoke -n 1 8 9 14 15 999 --state active",
    "deploy-tokens list",
    "deploy-tokens list --project top/app",
    "deploy-tokens list --project top/sub/deep/lib",
    "deploy-tokens list --project 3",
    "deploy-tokens list --project other/x",
    "deploy-tokens list --project missing",
    "deploy-tokens list --group top",
    "deploy-tokens list --group top/sub",
    "deploy-tokens list --group top/sub/deep",
    "deploy-tokens list --group other",
    "deploy-tokens list --group missing",
    "deploy-tokens show 1",
    "deploy-tokens show 4",
    "deploy-tokens show 5",
    "deploy-tokens show 999",
    "deploy-tokens revoke -n 1",
    "deploy-tokens revoke -n 5",
    "deploy-tokens revoke -n 7",
    "deploy-tokens revoke -n 999",
    "deploy-tokens revoke -n 1 3 5 7 8 999",
    "deploy-tokens revoke -n --active",
    "deploy-tokens revoke -n --project top/app",
    "deploy-tokens revoke -n --project other/x",
    "deploy-tokens revoke -n --group top",
    "deploy-tokens revoke -n --group other",
    "deploy-tokens revoke -n 1 3 5 7 8 999 --active",
    "audit",
    "audit --user olive",
    "audit --actor olive",
];

/// For `audit`, whose ids are those of the tokens: the actor, the token, and the user
/// whose it was.
pub const EVENTS: [(&str, i64, Option<i64>); 4] =
    [("root", 1, Some(2)), ("olive", 2, Some(2)), ("root", 11, Some(5)), ("olive", 5, None)];

#[test]
fn the_matrix_is_as_reviewed() {
    let sandbox = Sandbox::new();
    for (actor, token, user) in EVENTS {
        let user = user.map_or("NULL".into(), |user| user.to_string());
        sandbox.sql(&format!(
            "INSERT INTO audit_events (run_id, action, actor, actor_id, os_user, target_type, \
             target_id, target_name, target_user_id) SELECT 'run', 'revoke', username, id, 'os', \
             'personal_access_token', {token}, 'name', {user} FROM users WHERE username = '{actor}'"
        ));
    }
    check_matrix(|line| sandbox.run(line));
    if let Some((on_server, database)) = sandbox.on_server() {
        check_matrix(|line| on_server.run(line));
        assert_eq!(database.sql("SELECT count(*) FROM tokenctl.audit_events"), "4");
    }
    assert_eq!(sandbox.value("SELECT count(*) FROM audit_events"), "4", "dry runs record nothing");
}

/// Fails unless each of [`COMMANDS`] answers each of [`ROLES`] as was reviewed, on
/// whatever holds the organisation of `fixture.sql` and [`EVENTS`].
pub fn check_matrix(run: impl Fn(&str) -> Transcript) {
    let mut matrix = String::new();
    for command in COMMANDS {
        writeln!(matrix, "{command}").expect("a String");
        for role in ROLES {
            let transcript = run(&format!("--as {role} -o ids {command}"));
            let ids: Vec<_> = transcript.stdout.lines().collect();
            let mut cell = ids.join(" ");
            if transcript.status != 0 {
                let _ = write!(cell, " (exit {})", transcript.status);
            }
            writeln!(matrix, "    {role:12} {}", cell.trim()).expect("a String");
        }
    }
    expect_file!["golden/permissions.txt"].assert_eq(&matrix);
}

#[test]
fn missing_and_forbidden_read_the_same() {
    check_missing_and_forbidden(&Sandbox::new());
}

/// Fails unless sam, on whatever holds the organisation of `fixture.sql`, gets one
/// answer for what they may not have and for what does not exist.
pub fn check_missing_and_forbidden(sandbox: &Sandbox) {
    for (forbidden, missing) in [
        ("show 11", "show 777"),
        ("revoke 11", "revoke 777"),
        ("list --user olive", "list --user 777"),
        ("list --except-user olive", "list --except-user 777"),
        ("deploy-tokens show 8", "deploy-tokens show 777"),
        ("deploy-tokens revoke 8", "deploy-tokens revoke 777"),
        ("deploy-tokens list --project top/app", "deploy-tokens list --project 777"),
        ("deploy-tokens list --group top", "deploy-tokens list --group 777"),
        ("revoke -n --user olive", "revoke -n --user 777"),
        ("revoke -n --except-user olive", "revoke -n --except-user 777"),
        ("deploy-tokens revoke -n --project top/app", "deploy-tokens revoke -n --project 777"),
        ("deploy-tokens revoke -n --group top", "deploy-tokens revoke -n --group 777"),
        ("audit --user olive", "audit --user 777"),
        ("audit --actor olive", "audit --actor 777"),
    ] {
        let named = |line: &str| line.rsplit(' ').next().unwrap_or_default().to_owned();
        // The name that was given, and the spaces that align it, aside.
        let answer = |line: &str| {
            let transcript = sandbox.run(&format!("--as sam -o json {line}"));
            let text = transcript.to_string().replace(line, "");
            (
                transcript.status,
                text.replace(&format!("'{}'", named(line)), "X").replace(&named(line), "X"),
            )
        };
        assert_eq!(answer(forbidden), answer(missing), "{forbidden} / {missing}");
        assert_eq!(answer(forbidden).0, 4, "{forbidden}");
        // Nor does a wrong value beside it tell them apart.
        if forbidden.contains(" --") {
            let flag = if forbidden.contains("audit") { "since" } else { "created-after" };
            let wrong = |line: &str| sandbox.run(&format!("--as sam {line} --{flag} 9999y")).status;
            assert_eq!((wrong(forbidden), wrong(missing)), (2, 2), "{forbidden} / {missing}");
        }
    }
}

#[test]
fn the_state_of_an_owner_changes_nothing() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run("--as root list --user blake -o ids").assert(0).ids(), [11]);
    sandbox.run("--as root revoke 11").assert(0);
}

#[test]
fn a_reference_of_digits_is_an_id() {
    let sandbox = Sandbox::new();
    // There is a user whose name is "2"; user 2 is olive.
    assert_eq!(sandbox.run("--as root list --user 2 --search CI -o ids").assert(0).ids(), [2, 3]);
    assert_eq!(sandbox.run("--as 2 list --search CI -o ids").assert(0).ids(), [2, 3]);
    assert_eq!(sandbox.run("--as ' 2 ' list --search CI -o ids").assert(0).ids(), [2, 3]);
    assert_eq!(sandbox.run("--as OLIVE list --search CI -o ids").assert(0).ids(), [2, 3]);
}

#[test]
fn groups_in_a_ring_do_not_hang() {
    let sandbox = Sandbox::new();
    sandbox.sql("UPDATE groups SET parent_id = 3 WHERE id = 1");
    assert_eq!(
        sandbox.run("--as olive deploy-tokens list --project 2 -o ids").assert(0).ids(),
        [3]
    );
    sandbox.run("--as sam deploy-tokens list --project 2").assert(4);
}

/// The tables of an application that a file describes.
const DESCRIBED: &str = "
CREATE TABLE users (id INTEGER PRIMARY KEY, login TEXT, is_admin BOOLEAN, state TEXT);
CREATE TABLE tokens (id INTEGER PRIMARY KEY, user_id INTEGER, label TEXT, digest TEXT,
  as_other BOOLEAN, revoked BOOLEAN);
INSERT INTO users VALUES (1, 'root', 1, 'active'), (2, 'olive', 0, 'active'),
  (3, 'sam', NULL, 'active'), (4, 'bo', 1, 'blocked'), (5, '2', 0, 'active');
INSERT INTO tokens VALUES (1, 2, 'a', 'S', 0, 0), (2, 2, 'b', 'S', 1, 0), (3, 2, 'c', 'S', 0, 1),
  (4, 3, 'd', 'S', NULL, NULL), (5, 1, 'e', 'S', 0, 0), (6, 4, 'f', 'S', 0, 0),
  (7, 9, 'g', 'S', 0, 0), (8, NULL, 'h', 'S', 0, 0), (9, 5, 'i', 'S', 0, 0);
";

/// What a file says of its tokens, and of owners: with administrators, with none, without
/// owners.
const TOKENS: &str = r#"
format = 1
application = "Shop"
databases = ["sqlite"]
tokens = { table = "tokens", secret = ["digest"], id = "id", name = "label", impersonation = "as_other", revoke = { set = "revoked" } }
"#;
const OWNERS: [(&str, &str); 3] = [
    ("with administrators", "admin = \"is_admin\""),
    ("with owners, and no administrators", ""),
    ("without owners", "-"),
];

const DESCRIBED_COMMANDS: [&str; 27] = [
    "list",
    "list --impersonation",
    "list --user root",
    "list --user olive",
    "list --user 2",
    "list --user 9",
    "list --user @me",
    "list --user missing",
    "list --user @operator",
    "list --except-user olive",
    "list --except-user @me",
    "show 1",
    "show 2",
    "show 7",
    "show 8",
    "show 999",
    "revoke -n 1",
    "revoke -n 2",
    "revoke -n 8",
    "revoke -n 1 2 3 4 5 6 7 8 9 999",
    "revoke -n --impersonation=false",
    "revoke -n --user olive",
    "revoke -n --except-user @me",
    "stats",
    "deploy-tokens list",
    "audit --audit-log log",
    "audit --audit-log log --user olive",
];

#[test]
fn the_matrix_of_descriptions_is_as_reviewed() {
    let mut matrix = String::new();
    for (what, owners) in OWNERS {
        let sandbox = Sandbox::without_store();
        sandbox.sql(DESCRIBED);
        let owner = format!(
            "[owner]\ncolumn = \"user_id\"\ntable = \"users\"\nusername = \"login\"\n\
             active = {{ state = \"active\" }}\n{owners}\n"
        );
        let file = if owners == "-" { TOKENS.into() } else { format!("{TOKENS}{owner}") };
        let path = sandbox.home().join("shop.toml");
        std::fs::write(&path, file).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        // An event for each of three owners, by whoever reaches all.
        let all = if owners.starts_with("admin") { "root" } else { "@operator" };
        let line = format!("--schema ./shop.toml --as {all} --audit-log log revoke 1 4 5 --yes");
        sandbox.run(&line).assert(0);
        sandbox.sql("UPDATE tokens SET revoked = 0 WHERE id <> 3");
        for command in DESCRIBED_COMMANDS {
            writeln!(matrix, "{what}: {command}").expect("a String");
            for role in ["root", "olive", "sam", "bo", "2", "9", "nobody", "@operator", "@OPERATOR"]
            {
                let format = if command == "stats" { "csv" } else { "ids" };
                let line = format!("--schema ./shop.toml --as {role} -o {format} {command}");
                let transcript = sandbox.run(&line);
                let words: Vec<_> = transcript.stdout.lines().collect();
                let mut cell = words.join(" ");
                if command == "stats" {
                    cell = words.get(1).copied().unwrap_or_default().into();
                }
                if transcript.status != 0 {
                    let _ = write!(cell, " (exit {})", transcript.status);
                }
                writeln!(matrix, "    {role:12} {}", cell.trim()).expect("a String");
            }
        }
    }
    expect_file!["golden/permissions_described.txt"].assert_eq(&matrix);
}

#[test]
fn there_is_no_operator_where_the_store_tells_its_administrators() {
    let refused = |transcript: Transcript| {
        transcript.assert(4).says(&["not found, or not permitted"]);
        assert_eq!(transcript.stdout, "", "{transcript}");
    };
    let sandbox = Sandbox::new();
    let lines =
        ["list", "show 1", "revoke -n 1", "revoke 1", "revoke --state active --yes", "audit"];
    for line in lines {
        refused(sandbox.run(&format!("--as @operator {line}")));
    }
    for app in [App::Gitea, App::Forgejo, App::JupyterHub] {
        for store in app.stores() {
            let before = store.content();
            for line in lines {
                refused(store.run(&format!("--as @operator --audit-log log {line}")));
            }
            assert_eq!(store.content(), before);
        }
    }
}
