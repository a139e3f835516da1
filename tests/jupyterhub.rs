//! `JupyterHub`: beneath a real hub, which goes on serving what is left, and on its
//! fixture in both engines.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use expect_test::expect_file;
use serde_json::{Value, json};

use crate::support::apps::{App, Foreign, SECRETS, entries, targets};
use crate::support::hub::{Hub, Issued};
use crate::support::{Sandbox, Transcript, steady};

/// Everything that the owner may do.
const INHERIT: &[&str] = &["inherit"];

/// The program beneath a real hub, by the real clock.
struct Beneath {
    hub: Hub,
    sandbox: Sandbox,
}

impl Beneath {
    fn start() -> Option<Self> {
        Some(Self { hub: Hub::start()?, sandbox: Sandbox::without_store() })
    }

    fn run(&self, line: &str) -> Transcript {
        let mut command = self.sandbox.bare_command();
        command.env("TOKENCTL_DB", self.hub.db());
        command.env("TOKENCTL_AUDIT_LOG", self.sandbox.home().join("audit.log"));
        let args = shell_words::split(line).expect(line);
        self.sandbox.run_command(line, command.args(args))
    }

    /// The answers of the hub's API to who presents these.
    fn answers<const N: usize>(&self, tokens: [&Issued; N]) -> [u16; N] {
        tokens.map(|it| self.hub.status_with(&it.token))
    }

    fn count(&self, condition: &str) -> i64 {
        let count = format!("SELECT count(*) FROM api_tokens WHERE {condition}");
        self.hub.connection().query_row(&count, [], |row| row.get(0)).expect(&count)
    }

    fn change(&self, statements: &str) {
        self.hub.connection().execute_batch(statements).expect(statements);
    }
}

#[test]
fn a_hub_refuses_what_was_revoked_beneath_it_and_goes_on_serving_the_rest() {
    let Some(beneath) = Beneath::start() else { return };
    let hub = &beneath.hub;
    let laptop = hub.issue("olive", "laptop", None, INHERIT);
    let ci = hub.issue("olive", "ci deploy", Some(3600), &["read:users:name!user"]);
    let sure = hub.issue("sam", "100%_sure", None, INHERIT);
    let printer = hub.issue("ünal", "für den Drucker", None, INHERIT);
    let expired = hub.issue("sam", "expired", Some(3600), INHERIT);
    let all = [&laptop, &ci, &sure, &printer, &expired];
    assert_eq!(beneath.answers(all), [200; 5]);
    beneath.change(&format!(
        "UPDATE api_tokens SET expires_at = '2020-01-01 00:00:00.000000' WHERE id = {}",
        expired.id
    ));

    // Beside the running hub; each as the hub's API itself lists it.
    let listed = beneath.run("--as root list -o json").assert(0).json();
    let row = |token: &Issued| -> Value {
        let rows = listed.as_array().expect("rows");
        rows.iter().find(|row| row["id"] == token.id).expect("a row").clone()
    };
    for (user, token) in [("olive", &laptop), ("olive", &ci), ("sam", &sure), ("ünal", &printer)] {
        let of_hub = hub.tokens_of(user);
        let of_hub = of_hub.iter().find(|it| it["id"] == format!("a{}", token.id)).expect("a row");
        let row = row(token);
        for (key, of_hub) in [("name", &of_hub["note"]), ("username", &of_hub["user"])] {
            assert_eq!(&row[key], of_hub, "{row}");
        }
        for (key, name) in [
            ("created_at", "created"),
            ("last_used_at", "last_activity"),
            ("expires_at", "expires_at"),
        ] {
            // Of microseconds only those of a millisecond are shown.
            let cut = |text: &str| text.get(..23).map(Into::into);
            assert_eq!(
                row[key].as_str().and_then(cut),
                of_hub[name].as_str().and_then(cut) as Option<String>,
                "{key}: {row}"
            );
        }
        assert_eq!((&row["active"], &row["description"]), (&json!(true), &json!(null)));
    }
    assert_eq!(
        (&row(&expired)["expired"], &row(&expired)["active"]),
        (&json!(true), &json!(false))
    );

    // A stranger changes nothing, an owner their own tokens.
    beneath.run(&format!("--as sam revoke {}", laptop.id)).assert(4);
    beneath.run(&format!("--as sam show {}", laptop.id)).assert(4);
    assert_eq!(beneath.answers([&laptop, &ci, &sure, &printer]), [200; 4]);
    beneath.run(&format!("--as olive revoke {} --reason lost", laptop.id)).assert(0);
    assert_eq!(beneath.answers([&laptop, &ci, &sure, &printer]), [403, 200, 200, 200]);
    // An administrator by filter, and whatever the state.
    let ran = beneath.run("--as root revoke --expired --yes -o ids");
    assert_eq!(ran.assert(0).ids(), [expired.id]);
    let ran = beneath.run("--as ada revoke --search 'DEN drucker' --yes -o ids");
    assert_eq!(ran.assert(0).ids(), [printer.id]);
    assert_eq!(beneath.answers([&laptop, &ci, &sure, &printer]), [403, 200, 200, 403]);
    // Gone is gone, word for word.
    beneath.run(&format!("--as olive revoke {}", laptop.id)).assert(4);
    beneath.run(&format!("--as olive revoke {} {} --yes", laptop.id, ci.id)).assert(5);
    assert_eq!(beneath.answers([&ci, &sure]), [403, 200]);
    let later = hub.issue("olive", "later", None, INHERIT);
    assert_eq!(beneath.answers([&later, &sure]), [200, 200]);
    let log = hub.log();
    assert!(!log.contains("[E ") && !log.contains("Error"), "{log}");
    // Of all that the acts are on record.
    let audited = beneath.run("--as root audit -o jsonl");
    assert_eq!(audited.assert(0).stdout.matches("\"outcome\":\"revoked\"").count(), 4, "{audited}");
    for token in all {
        let log = std::fs::read_to_string(beneath.sandbox.home().join("audit.log"));
        assert!(!log.expect("the audit file").contains(&token.token));
        // It begins every token, and is all that the database has of it.
        assert!(!audited.stdout.contains(&token.token[..4]), "{audited}");
    }
}

#[test]
fn tokens_of_services_and_of_sessions_are_tokens_all_the_same() {
    let Some(beneath) = Beneath::start() else { return };
    let hub = &beneath.hub;
    let service = hub.issue("olive", "of the service", None, INHERIT);
    let session = hub.issue("olive", "", None, INHERIT);
    let plain = hub.issue("olive", "plain", None, INHERIT);
    beneath.change(&format!(
        "INSERT INTO oauth_clients (identifier, description, secret, redirect_uri, allowed_scopes)
             VALUES ('jupyterhub-user-olive', 'Server at /user/olive/', '', '/', '[]');
         UPDATE api_tokens SET client_id = 'jupyterhub-user-olive', session_id = 'a-session'
             WHERE id = {};
         UPDATE api_tokens SET user_id = NULL,
             service_id = (SELECT id FROM services WHERE name = 'tests') WHERE id = {}",
        session.id, service.id
    ));
    let who = hub.request("GET", "/user", &service.token, None).json(200);
    assert_eq!((&who["kind"], &who["name"]), (&json!("service"), &json!("tests")));
    assert_eq!(beneath.answers([&session, &plain]), [200, 200]);

    let row = |token: &Issued| {
        beneath.run(&format!("--as root show {} -o json", token.id)).assert(0).json()
    };
    let of_service = row(&service);
    assert_eq!(of_service["user_id"], json!(null));
    assert_eq!(of_service["username"], json!("tests"));
    assert_eq!(of_service["description"], json!(null));
    assert_eq!(row(&plain)["description"], json!(null));
    // In the words of the hub's own page.
    let of_hub = hub.tokens_of("olive");
    let of_hub = of_hub.iter().find(|it| it["id"] == format!("a{}", session.id)).expect("a row");
    assert_eq!(row(&session)["description"], of_hub["oauth_client"]);
    assert_eq!(row(&session)["description"], json!("Server at /user/olive/"));

    // It is nobody's, so only an administrator has to do with it.
    beneath.run(&format!("--as olive show {}", service.id)).assert(4);
    beneath.run(&format!("--as olive revoke {}", service.id)).assert(4);
    let line = "--as root revoke --user-type service_account --search 'of the' --yes -o ids";
    assert_eq!(beneath.run(line).assert(0).ids(), [service.id]);
    assert_eq!(beneath.answers([&service, &session, &plain]), [403, 200, 200]);
    beneath.run(&format!("--as olive revoke {}", session.id)).assert(0);
    assert_eq!(beneath.answers([&service, &session, &plain]), [403, 403, 200]);
}

#[test]
fn a_hub_goes_on_answering_while_hundreds_are_pruned_beneath_it() {
    const OLD: usize = 500;
    let Some(beneath) = Beneath::start() else { return };
    let hub = &beneath.hub;
    beneath.change(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {OLD})
         INSERT INTO api_tokens
             (user_id, hashed, prefix, client_id, created, last_activity, note, scopes)
         SELECT u.id, 'sha512:1:salt:' || i, 'zz' || (i % 100), 'jupyterhub',
             '2020-01-01 00:00:00.000000', NULL, 'old ' || i, '[\"inherit\"]'
         FROM n, users u WHERE u.name = 'olive'"
    ));
    let mine = hub.issue("sam", "in use", None, INHERIT);
    let is_over = AtomicBool::new(false);
    let (ran, [answers, issued]) = thread::scope(|scope| {
        // Each use writes to the database, as issuing does.
        let uses = scope.spawn(|| {
            let mut answers = 0;
            while !is_over.load(Ordering::SeqCst) {
                assert_eq!(hub.status_with(&mine.token), 200);
                answers += 1;
            }
            answers
        });
        let issues = scope.spawn(|| {
            let mut issued = 0;
            while !is_over.load(Ordering::SeqCst) {
                hub.issue("Blake", "new", Some(600), INHERIT);
                issued += 1;
            }
            issued
        });
        let line = "--as root revoke --unused-for 1y --yes -o ids --batch-size 5";
        let ran = beneath.run(&format!("{line} --busy-timeout 1min"));
        is_over.store(true, Ordering::SeqCst);
        (ran, [uses, issues].map(|it| it.join().expect("the hub answers")))
    });
    assert_eq!(ran.assert(0).stdout.lines().count(), OLD, "{ran}");
    assert!(answers > 1 && issued > 1, "{answers} answers, {issued} issued");
    assert_eq!(beneath.count("note LIKE 'old %'"), 0);
    assert_eq!(beneath.count("note = 'new'"), issued);
    assert_eq!(beneath.answers([&mine]), [200]);
    let log = hub.log();
    assert!(!log.contains("[E ") && !log.contains("Error"), "{log}");
}

#[test]
fn what_each_command_prints() {
    let lines = [
        "--as root list",
        "--as olive list -o jsonl",
        "--as root list --user-type service_account -o json",
        "--as sam list -o csv",
        "--as kim list",
        "--as root list --state inactive --columns id,name,state,expires_at",
        "--as root list --expired=false --expires-before 2024-03-16 -o ids",
        "--as root list --expires-within 1d --columns id,expires_at",
        "--as root list --unused-for 90d --sort last_used_asc --columns id,username,last_used_at",
        "--as root list --scope inherit --except-scope admin:users --user-type human -o ids",
        "--as root list --search 'ürümqi' --columns id,name,username",
        "--as root list --no-expiry --sort name_desc --columns id,name --limit 3",
        "--as root show 8",
        "--as sam show 18 -o json",
        "--as sam show 8",
        "--as sam show 999",
        "--as sam show 14",
        "--as olive list --user sam",
        "--as root list --revoked",
        "--as root list --impersonation=false",
        "--as nobody list",
        "--as sam deploy-tokens list",
        "--as olive revoke 2 --dry-run",
        "--as olive revoke 2",
        "--as olive revoke 2 --audit-log audit.log --reason 'new laptop'",
        "--as olive revoke 2 --audit-log audit.log",
        "--as olive revoke 1 9 13 17 --yes --audit-log audit.log -o jsonl",
        "--as root revoke --user-type service_account --yes --audit-log audit.log --max 1",
        "--as root revoke --user-type service_account --yes --audit-log audit.log",
        "--as root revoke --expired --yes --audit-log audit.log -o csv",
        "--as root list -o ids",
        "--as olive audit",
        "--as olive audit --audit-log audit.log",
        "--as root audit --audit-log audit.log --user sam",
    ];
    for store in App::JupyterHub.stores() {
        let mut text = lines.map(|line| store.run(line).to_string()).join("\n");
        let log = std::fs::read_to_string(store.log()).expect("the audit file");
        let log = log.replace(&store.named(), "DATABASE");
        text.extend(["\nThe audit file:\n", &steady(&log, "~")]);
        expect_file!["golden/jupyterhub.txt"].assert_eq(&text);
    }
}

/// The keys of JSON, in their order.
const KEYS: [&str; 16] = [
    "id",
    "name",
    "revoked",
    "created_at",
    "scopes",
    "user_id",
    "last_used_at",
    "active",
    "expires_at",
    "expired",
    "description",
    "impersonation",
    "username",
    "state",
    "user_type",
    "user_state",
];

#[test]
fn the_audit_file_holds_the_whole_row_and_nothing_of_the_tokens_value() {
    for store in App::JupyterHub.stores() {
        let before = store.run("--as root list -o json").assert(0).json();
        let schema = store.schema();
        store.recorded("--as root revoke --created-before now --yes --batch-size 7").assert(0);
        assert_eq!(store.ids(), BTreeSet::new());
        assert_eq!(store.schema(), schema);
        let log = entries(&store.log());
        let intents = log.iter().filter(|entry| entry["entry"] == "intent");
        let rows: Vec<_> = intents.clone().map(|entry| entry["token"].clone()).collect();
        assert_eq!(Value::from(rows.clone()), before);
        for (row, intent) in rows.iter().zip(intents) {
            for (key, of_row) in [
                ("target_id", "id"),
                ("target_name", "name"),
                ("target_user_id", "user_id"),
                ("target_username", "username"),
            ] {
                assert_eq!(intent[key], row[of_row], "{intent}");
            }
        }
        let text = std::fs::read_to_string(store.log()).expect("the audit file");
        let first = text.lines().next().expect("a line");
        let token = first.split_once("\"token\":{").expect("a row").1;
        let keys: Vec<_> = token
            .split(",\"")
            .map(|part| part.trim_start_matches('"').split_once("\":").expect("a key").0)
            .collect();
        assert_eq!(keys, KEYS);
        assert_eq!(targets(&log, "intent"), targets(&log, "outcome"));
    }
}

#[test]
fn no_output_ever_holds_a_part_of_a_tokens_value() {
    for store in App::JupyterHub.stores() {
        let mut said = String::new();
        for line in [
            "list",
            "list --columns id,name,revoked,created_at,scopes,user_id,description,impersonation,username,state",
            "list -o json",
            "list -o jsonl",
            "list -o csv",
            "list -o ids",
            "list --search secret",
            "list --search pfx",
            "show 8",
            "show 18 -o json",
            "revoke --created-before now --dry-run -o json",
            "revoke --created-before now --yes -o csv --reason prune",
            "audit",
            "audit -o json",
            "audit -o csv",
        ] {
            let ran = store.recorded(&format!("--as root {line}"));
            said.extend([ran.assert(0).stdout.as_str(), &ran.stderr]);
        }
        said += &std::fs::read_to_string(store.log()).expect("the audit file");
        for secret in SECRETS {
            assert!(!said.contains(secret), "{secret}");
        }
    }
}

/// The ids that a command gives.
fn ids(store: &Foreign, line: &str) -> Vec<i64> {
    store.run(&format!("{line} -o ids")).assert(0).ids()
}

#[test]
fn a_name_is_taken_exactly_before_its_case_is_ignored() {
    for store in App::JupyterHub.stores() {
        assert_eq!(ids(&store, "--as root list --user SAM"), [9, 10, 18]);
        assert_eq!(ids(&store, "--as SAM list"), [9, 10, 18]);
        store.sql(
            "INSERT INTO users (id, name, admin, cookie_id) VALUES (11, 'Sam', false, 'c');
             INSERT INTO api_tokens (id, user_id, client_id, created, note, scopes)
                 VALUES (21, 11, 'jupyterhub', '2024-03-01 00:00:00', 'of Sam', '[]')",
        );
        assert_eq!(ids(&store, "--as root list --user sam"), [9, 10, 18]);
        assert_eq!(ids(&store, "--as root list --user Sam"), [21]);
        assert_eq!(ids(&store, "--as Sam list"), [21]);
        assert_eq!(ids(&store, "--as root list --except-user Sam --user sam"), [9, 10, 18]);
        // One of two: nobody, whoever asks and whatever for.
        for line in [
            "--as root list --user SAM",
            "--as SAM list",
            "--as root list --except-user sAm",
            "--as root revoke --user SAM --dry-run",
        ] {
            assert_eq!(store.run(line).assert(4).stdout, "");
        }
        assert_eq!(ids(&store, "--as root list --user blake"), [11]);
        // ASCII case alone.
        assert_eq!(ids(&store, "--as root list --user ünal"), [19]);
        store.run("--as root list --user ÜNAL").assert(4);
        // Digits are an id, also where somebody is called so.
        assert_eq!(ids(&store, "--as root list --user 2 --never-used"), [3, 5, 7]);
        assert_eq!(ids(&store, "--as root list --user 9"), [16]);
        assert_eq!(ids(&store, "--as root list --user \"o'neil@example.org\""), [20]);
    }
}

#[test]
fn whoever_has_the_admin_role_is_an_administrator() {
    for store in App::JupyterHub.stores() {
        // By the flag, by the role, by the role of a group.
        for admin in ["root", "ada", "gus"] {
            assert_eq!(ids(&store, &format!("--as {admin} list")).len(), 20, "{admin}");
        }
        // All that an administrator may, without being one; and nothing at all.
        assert_eq!(ids(&store, "--as olive list"), [1, 2, 3, 4, 5, 6, 7, 8, 17]);
        assert_eq!(ids(&store, "--as kim list"), [] as [i64; 0]);
        store.run("--as olive list --user sam").assert(4);
        // The role counts as it is when the batch is written.
        store.sql("DELETE FROM group_role_map WHERE group_id = 1");
        store.run("--as gus show 1").assert(4);
        store.recorded("--as gus revoke 1").assert(4);
        assert!(store.ids().contains(&1));
    }
}

#[test]
fn a_hub_from_before_group_roles_has_administrators_too() {
    let store = App::JupyterHub.file();
    store.sql("PRAGMA foreign_keys = OFF; DROP TABLE group_role_map");
    assert_eq!(ids(&store, "--as ada list").len(), 20);
    assert_eq!(ids(&store, "--as gus list"), [] as [i64; 0]);
    store.sql("PRAGMA foreign_keys = OFF; DROP TABLE oauth_clients");
    let shown = store.run("--as root show 8 -o json").assert(0).json();
    assert_eq!(shown["description"], json!("jupyterhub-user-olive"));
}

#[test]
fn exemptions_keep_what_has_no_user() {
    for store in App::JupyterHub.stores() {
        let kept = ids(&store, "--as root list --except-user sam --except-user olive");
        assert_eq!(kept, [11, 12, 13, 14, 15, 16, 19, 20]);
        let ran = store.recorded(
            "--as root revoke --except-user sam --except-user olive --user-type service_account \
             --yes -o ids",
        );
        assert_eq!(ran.assert(0).ids(), [13, 14]);
        // A service may have the name of a user, and is not that user.
        assert_eq!(ids(&store, "--as root list --user sam"), [9, 10, 18]);
    }
}

#[test]
fn what_a_hub_does_not_record_is_a_usage_error_that_names_it() {
    for store in App::JupyterHub.stores() {
        let before = store.content();
        for filter in ["--revoked", "--revoked=false", "--impersonation", "--impersonation=false"] {
            for line in [
                format!("--as root list {filter}"),
                format!("--as sam list {filter} -o json"),
                format!("--as root revoke {filter} --yes"),
                format!("--as root revoke {filter} --dry-run"),
                format!("--as root revoke 1 2 {filter} --yes"),
                format!("--as root revoke 1 {filter} --state active --dry-run"),
                format!("--as sam revoke 999 {filter} --yes"),
            ] {
                let ran = store.recorded(&line);
                assert_eq!(ran.assert(2).stdout, "", "{ran}");
                ran.says(&["JupyterHub (jupyterhub)", "does not record"]);
            }
            let ran =
                store.recorded_with_input(&format!("--as root revoke - {filter} --yes"), "1\n2\n");
            assert_eq!(ran.assert(2).stdout, "", "{ran}");
            ran.says(&["JupyterHub (jupyterhub)", "does not record"]);
        }
        assert!(store.content() == before);
        assert_eq!(entries(&store.log()), [] as [Value; 0]);
    }
}

#[test]
fn a_hub_has_no_deploy_tokens_for_anybody() {
    for store in App::JupyterHub.stores() {
        for user in ["root", "olive", "sam", "nobody", "999"] {
            for line in [
                "list",
                "list --project x",
                "list --group 1 --revoked",
                "show 1",
                "revoke 1",
                "revoke --active --yes",
                "revoke 1 --dry-run",
            ] {
                let ran = store.recorded(&format!("--as {user} deploy-tokens {line}"));
                assert_eq!(ran.assert(2).stdout, "", "{ran}");
                ran.says(&["JupyterHub (jupyterhub) has no deploy tokens"]);
            }
        }
        assert_eq!(store.ids().len(), 20);
    }
}

#[test]
fn inactive_is_what_is_expired_and_the_complement_of_active() {
    for store in App::JupyterHub.stores() {
        let inactive = ids(&store, "--as root list --state inactive");
        assert_eq!(inactive, [4, 5, 6, 18]);
        assert_eq!(ids(&store, "--as root list --expired"), inactive);
        let active = ids(&store, "--as root list --state active");
        assert_eq!(ids(&store, "--as root list --expired=false"), active);
        let all: BTreeSet<_> = inactive.iter().chain(&active).copied().collect();
        assert_eq!((all.len(), all), (inactive.len() + active.len(), store.ids()));
        let ran = store.recorded("--as root revoke --state inactive --yes -o ids");
        assert_eq!(ran.assert(0).ids(), inactive);
        assert_eq!(store.ids(), active.into_iter().collect());
    }
}

#[test]
fn a_row_that_cannot_be_read_is_named_and_left_alone() {
    for store in App::JupyterHub.stores() {
        store.sql(
            "UPDATE api_tokens SET scopes = '[\"inherit\"' WHERE id = 1;
             UPDATE api_tokens SET created = NULL WHERE id = 2",
        );
        let ran = store.run("--as olive list -o ids");
        assert_eq!(ran.assert(1).ids(), [2, 3, 4, 5, 6, 7, 8, 17], "{ran}");
        ran.says(&["personal access token 1 is left out"]);
        let ran = store.recorded("--as olive revoke --created-before now --yes -o ids");
        // Of an unknown time of creation, nothing is known to be before another.
        assert_eq!(ran.assert(1).ids(), [3, 4, 5, 6, 7, 8, 17], "{ran}");
        ran.says(&["personal access token 1 is left out"]);
        let ran = store.recorded("--as olive revoke 1 2 --yes -o ids");
        assert_eq!(ran.assert(1).ids(), [2]);
        assert!(store.ids().contains(&1));
    }
}

#[test]
fn a_later_token_that_got_the_id_of_a_deleted_one_is_safe_by_a_filter() {
    let store = App::JupyterHub.file();
    let reviewed = "17\n18\n20\n";
    // The last row goes, and its id to a new token.
    store.sql(
        "DELETE FROM api_tokens WHERE id = 20;
         INSERT INTO api_tokens (user_id, client_id, created, note, scopes)
             VALUES (3, 'jupyterhub', '2024-03-15 11:00:00.000000', 'new', '[]')",
    );
    assert_eq!(store.value("SELECT id FROM api_tokens WHERE note = 'new'"), "20");
    let ran =
        store.recorded_with_input("--as root revoke - --unused-for 30d --yes -o jsonl", reviewed);
    ran.assert(0);
    let rows: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let results: Vec<_> =
        rows.iter().map(|row| (row["id"].as_i64(), row["result"].as_str())).collect();
    let expected = [(17, "spared"), (18, "revoked"), (20, "spared")];
    assert_eq!(results, expected.map(|(id, result)| (Some(id), Some(result))), "{ran}");
    assert!(store.ids().contains(&20));
}
