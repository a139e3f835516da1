//! Gitea and Forgejo, on their fixture in both engines; and what is told of a database
//! that is neither theirs nor anybody's.

use std::collections::BTreeSet;

use expect_test::expect_file;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::apps::{App, Foreign, SECRETS, content_of, entries, schema_of, targets};
use crate::support::postgres::Cluster;
use crate::support::{Sandbox, steady};

/// Both fixtures on both engines.
fn stores() -> Vec<Foreign> {
    [App::Gitea, App::Forgejo].into_iter().flat_map(App::stores).collect()
}

/// The ids that a command gives.
fn ids(store: &Foreign, line: &str) -> Vec<i64> {
    store.run(&format!("{line} -o ids")).assert(0).ids()
}

#[test]
fn what_each_command_prints() {
    let lines = [
        "--as root list",
        "--as olive list -o jsonl",
        "--as sam list -o csv",
        "--as 10 list -o json",
        "--as root list --user build-bot",
        "--as root list --state inactive",
        "--as root list --never-used --sort created_desc --columns id,name,created_at,last_used_at",
        "--as root list --unused-for 90d --columns id,username,created_at,last_used_at",
        "--as root list --scope all -o ids",
        "--as root list --except-scope all --user-type human -o ids",
        "--as root list --user-type service_account --columns id,username",
        "--as root list --search 'back ci' --columns id,name",
        "--as root list --sort last_used_desc --limit 4 --columns id,last_used_at",
        "--as root show 16",
        "--as olive show 3 -o json",
        "--as sam show 3",
        "--as sam show 999",
        "--as olive list --user sam",
        "--as root list --expired",
        "--as root list --sort expires_asc",
        "--as ina list",
        "--as sam deploy-tokens list",
        "--as olive revoke 2 --dry-run",
        "--as olive revoke 2",
        "--as olive revoke 2 --audit-log audit.log --reason 'new laptop'",
        "--as olive revoke 2 --audit-log audit.log",
        "--as sam revoke 1 7 8 --yes --audit-log audit.log -o jsonl",
        "--as root revoke --unused-for 90d --yes --audit-log audit.log --max 3",
        "--as root revoke --unused-for 90d --yes --audit-log audit.log -o csv",
        "--as root list -o ids",
        "--as olive audit --audit-log audit.log",
        "--as root audit --audit-log audit.log --user sam",
    ];
    for store in stores() {
        let mut text = lines.map(|line| store.run(line).to_string()).join("\n");
        let log = std::fs::read_to_string(store.log()).expect("the audit file");
        let log = log.replace(&store.named(), "DATABASE");
        text.extend(["\nThe audit file:\n", &steady(&log, "~")]);
        expect_file!["golden/gitea.txt"].assert_eq(&text);
    }
}

#[test]
fn a_token_without_scopes_may_do_nothing() {
    for store in stores() {
        store.sql("UPDATE access_token SET scope = NULL WHERE id = 5");
        for id in [3, 5] {
            let shown = store.run(&format!("--as root show {id} -o json")).assert(0).json();
            assert_eq!(shown["scopes"], json!([]));
        }
        assert_eq!(ids(&store, "--as olive list --scope all"), [1, 6]);
        assert_eq!(ids(&store, "--as olive list --except-scope all"), [2, 3, 4, 5]);
        assert_eq!(ids(&store, "--as olive list --scope sudo --scope read:user"), [2, 4]);
        let ran = store.recorded("--as olive revoke --scope all --yes -o ids");
        assert_eq!(ran.assert(0).ids(), [1, 6]);
    }
}

#[test]
fn what_was_not_changed_after_it_was_made_was_never_used() {
    for store in stores() {
        let never = ids(&store, "--as root list --never-used");
        assert_eq!(never, [3, 5, 6, 7, 9, 13, 14]);
        let used = ids(&store, "--as root list --never-used=false");
        assert_eq!(never.iter().chain(&used).copied().collect::<BTreeSet<_>>(), store.ids());
        let shown = store.run("--as root show 6 -o json").assert(0).json();
        assert_eq!(shown["last_used_at"], json!(null));
        // Never used matches no bound of use.
        let mut bounded = ids(&store, "--as root list --last-used-after 1970-01-01");
        assert_eq!(bounded, used);
        bounded = ids(&store, "--as root list --last-used-before now");
        assert_eq!(bounded, used);
        // Of whole seconds, with the bound itself.
        let line = "--as root list --last-used-before 2023-12-16T12:00:00Z --last-used-after";
        assert_eq!(ids(&store, &format!("{line} 2023-12-16T11:59:59Z")), [10, 11]);
        assert_eq!(ids(&store, &format!("{line} 2023-12-16T11:59:59.001Z")), [10]);
    }
}

#[test]
fn who_may_act() {
    for store in stores() {
        for (user, count) in [
            ("root", Some(16)),
            ("olive", Some(6)),
            ("OLIVE", Some(6)),
            ("blake", Some(1)),
            ("10", Some(1)),
            ("1", Some(16)),
            ("2", Some(6)),
            // Never confirmed, may not log in, both.
            ("ina", None),
            ("bo", None),
            ("dee", None),
            // An organisation, bots, a reserved name, a user of another server.
            ("acme", None),
            ("build-bot", None),
            ("root-bot", None),
            ("reserved", None),
            ("remote", None),
            ("7", None),
            ("11", None),
            // From before these columns had values, and nobody.
            ("kim", None),
            ("nobody", None),
            ("99", None),
        ] {
            let ran = store.recorded(&format!("--as {user} list -o ids"));
            match count {
                Some(count) => assert_eq!(ran.assert(0).ids().len(), count, "{user}"),
                None => assert_eq!(ran.assert(4).stdout, "", "{user}"),
            }
            let ran = store.recorded(&format!("--as {user} revoke 999"));
            assert_eq!(ran.assert(4).stdout.is_empty(), count.is_none(), "{ran}");
        }
        assert_eq!(store.ids().len(), 16);
        // The owner's state changes nothing, whatever it is.
        assert_eq!(ids(&store, "--as root list --user bo"), [10]);
        let ran = store.recorded("--as root revoke 9 10 11 16 --yes -o ids");
        assert_eq!(ran.assert(0).ids(), [9, 10, 11, 16]);
    }
}

#[test]
fn what_they_do_not_record_is_a_usage_error_that_names_them() {
    for store in stores() {
        let before = store.content();
        for filter in [
            "--revoked",
            "--revoked=false",
            "--impersonation=false",
            "--expired",
            "--expired=false",
            "--expires-after 2024-03-01",
            "--expires-before 2024-03-01",
            "--expires-within 7d",
            "--no-expiry",
            "--no-expiry=false",
        ] {
            for line in [
                format!("--as root list {filter}"),
                format!("--as sam list {filter} -o jsonl"),
                format!("--as root revoke {filter} --yes"),
                format!("--as root revoke {filter} --dry-run"),
                format!("--as sam revoke 7 {filter} --yes"),
            ] {
                let ran = store.recorded(&line);
                assert_eq!(ran.assert(2).stdout, "", "{ran}");
                ran.says(&["Gitea", "does not record"]);
            }
        }
        for sort in ["expires_asc", "expires_desc"] {
            let ran = store.run(&format!("--as root list --sort {sort}"));
            assert_eq!(ran.assert(2).stdout, "", "{ran}");
            ran.says(&["Gitea", "when tokens expire"]);
        }
        for user in ["root", "sam", "nobody"] {
            let ran = store.recorded(&format!("--as {user} deploy-tokens list"));
            assert_eq!(ran.assert(2).stdout, "", "{ran}");
            ran.says(&["Gitea", "has no deploy tokens"]);
        }
        assert!(store.content() == before);
        assert_eq!(entries(&store.log()), [] as [Value; 0]);
        // Null is what they do not record, and state is judged from what they do.
        for row in store.run("--as root list -o json").assert(0).json().as_array().expect("rows") {
            for key in ["expires_at", "description", "impersonation"] {
                assert_eq!(row[key], json!(null), "{row}");
            }
            for (key, value) in [("revoked", false), ("expired", false), ("active", true)] {
                assert_eq!(row[key], json!(value), "{row}");
            }
        }
        assert_eq!(ids(&store, "--as root list --state active").len(), 16);
        assert_eq!(ids(&store, "--as root list --state inactive"), [] as [i64; 0]);
    }
}

#[test]
fn the_audit_file_holds_the_whole_row_and_nothing_of_the_tokens_value() {
    for store in stores() {
        let before = store.run("--as root list -o json").assert(0).json();
        let mut said = String::new();
        for line in [
            "list",
            "list -o csv",
            "show 2",
            "list --search last8 -o json",
            "revoke --created-before now --yes --batch-size 3 -o json",
            "audit",
            "audit -o jsonl",
        ] {
            let ran = store.recorded(&format!("--as root {line}"));
            said.extend([ran.assert(0).stdout.as_str(), &ran.stderr]);
        }
        assert_eq!(store.ids(), BTreeSet::new());
        let log = entries(&store.log());
        let intents = log.iter().filter(|entry| entry["entry"] == "intent");
        let rows: Vec<_> = intents.map(|entry| entry["token"].clone()).collect();
        assert_eq!(Value::from(rows), before);
        assert_eq!(targets(&log, "intent"), targets(&log, "outcome"));
        said += &std::fs::read_to_string(store.log()).expect("the audit file");
        for secret in SECRETS {
            assert!(!said.contains(secret), "{secret}");
        }
    }
}

#[test]
fn forgejos_limits_to_repositories_go_with_the_token_and_with_no_other() {
    let limits = |store: &Foreign| {
        store.value(
            "SELECT coalesce(string_agg(CAST(token_id AS text), ' ' ORDER BY id), '')
             FROM access_token_resource_repo",
        )
    };
    for store in App::Forgejo.stores() {
        assert_eq!(limits(&store), "2 2 8");
        store.run("--as root revoke 2 8 --dry-run").assert(0);
        store.recorded("--as sam revoke 2").assert(4);
        // Spared by the filter, though it is named.
        store.recorded("--as root revoke 2 8 --scope no-such --yes").assert(0);
        store.recorded("--as root revoke 1 --yes").assert(0);
        assert_eq!(limits(&store), "2 2 8");
        let ran = store.recorded("--as root revoke 2 8 --created-after 2024-01-01 --yes -o ids");
        assert_eq!(ran.assert(0).ids(), [8], "{ran}");
        assert_eq!(limits(&store), "2 2");
        store.recorded("--as olive revoke 2").assert(0);
        assert_eq!(limits(&store), "");
        assert_eq!(store.value("SELECT count(*) FROM repository"), "2");
    }
}

/// What deletes them and what deletes the token are one transaction.
#[test]
fn forgejos_limits_stay_where_the_token_cannot_be_deleted() {
    for store in App::Forgejo.stores() {
        store.sql(if store.is_file() {
            "CREATE TRIGGER keep BEFORE DELETE ON access_token WHEN old.id = 8
             BEGIN SELECT RAISE(ABORT, 'this one is kept'); END"
        } else {
            "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF old.id = 8 THEN RAISE EXCEPTION 'this one is kept'; END IF; RETURN old; END $$;
             CREATE TRIGGER keep BEFORE DELETE ON access_token
                 FOR EACH ROW EXECUTE FUNCTION keep()"
        });
        let before = store.content();
        let ran = store.recorded("--as root revoke 2 7 8 --yes -o json");
        ran.assert(1).says(&["cannot write to the store", "0 of 3 ids done"]);
        assert_eq!(ran.json(), json!([]));
        assert!(store.content() == before, "all or nothing");
        let log = entries(&store.log());
        let not_revoked = log.iter().filter(|entry| entry["outcome"] == "not_revoked").count();
        assert_eq!((targets(&log, "intent"), not_revoked), (vec![2, 7, 8], 3));
        assert_eq!(store.recorded("--as root audit -o ids").assert(0).stdout, "");
        // One by one the others go.
        store.recorded("--as root revoke 2 7 8 --yes --batch-size 1").assert(1);
        assert!(store.ids().contains(&8) && !store.ids().contains(&7));
        let left = "SELECT CAST(min(token_id) AS text) FROM access_token_resource_repo";
        assert_eq!(store.value(left), "8");
    }
}

#[test]
fn the_database_of_the_application_stays_as_it_was_made() {
    for app in [App::JupyterHub, App::Gitea, App::Forgejo] {
        for store in app.stores() {
            let schema = store.schema();
            let mut files = store.files();
            let run = |line: &str| {
                store.recorded(&format!("--as root {line}"));
                store.files()
            };
            for line in ["list", "list -o ids --sort name_desc", "show 1", "revoke 1 --dry-run"] {
                let mut left = run(line);
                if app == App::Forgejo {
                    // In WAL mode SQLite lets no reader remove the files that it needs.
                    left.retain(|name| !name.ends_with("-wal") && !name.ends_with("-shm"));
                }
                assert_eq!(left, files, "{app:?}: {line}");
            }
            files.insert("audit.log".into());
            for line in [
                "revoke 1 3 --yes",
                "revoke 999",
                "revoke --created-before now --yes --batch-size 2",
            ] {
                assert_eq!(run(line), files, "{app:?}: {line}");
                assert_eq!(store.schema(), schema, "{app:?}: {line}");
            }
            assert_eq!(store.ids(), BTreeSet::new());
        }
    }
}

#[test]
fn rows_are_told_by_their_schema_and_it_can_be_named() {
    for (app, name) in
        [(App::JupyterHub, "jupyterhub"), (App::Gitea, "gitea"), (App::Forgejo, "gitea")]
    {
        for store in app.stores() {
            let told = store.run("--as root list -o json").assert(0).stdout.clone();
            let named = store.run(&format!("--as root --schema {name} list -o json"));
            assert_eq!(named.assert(0).stdout, told);
            for other in ["native", "gitlab", "jupyterhub", "gitea"] {
                if other == name {
                    continue;
                }
                let ran = store.run(&format!("--as root --schema {other} list"));
                assert_eq!(ran.stdout, "", "{ran}");
                // Of SQLite there is no GitLab.
                let is_none = other == "gitlab" && store.is_file();
                ran.assert(if is_none { 2 } else { 1 });
                assert_eq!(ran.stderr.lines().count(), 1, "{ran}");
            }
        }
    }
}

#[test]
fn a_native_store_is_no_other_applications() {
    let sandbox = Sandbox::new();
    let before = content_of(&sandbox.connection());
    for (name, status) in [("native", 0), ("gitlab", 2), ("jupyterhub", 1), ("gitea", 1)] {
        for line in ["list", "revoke 1", "revoke --state active --yes", "audit"] {
            if name == "native" && line.starts_with("revoke") {
                continue;
            }
            let ran = sandbox.run(&format!("--as root --schema {name} --audit-log a.log {line}"));
            ran.assert(if name == "native" { 0 } else { status });
            if status != 0 {
                assert_eq!((ran.stdout.as_str(), ran.stderr.lines().count()), ("", 1), "{ran}");
            }
        }
    }
    assert!(content_of(&sandbox.connection()) == before);
}

#[test]
fn both_applications_names_in_one_database_are_one_of_them_by_name() {
    // A site that keeps a hub and a forge in one database has to say which is meant.
    let store = App::JupyterHub.file();
    store.sql(include_str!("support/gitea.sql"));
    store.sql(include_str!("support/gitea_fixture.sql"));
    assert_eq!(ids(&store, "--as root --schema gitea list").len(), 16);
    assert_eq!(ids(&store, "--as root --schema jupyterhub list").len(), 20);
}

/// Half of a schema, and what is said of it.
#[test]
fn a_database_that_is_half_known_is_told_in_one_line() {
    for (app, change, said) in [
        // The marks are not there: what is known, and what was found.
        (App::JupyterHub, "ALTER TABLE api_tokens DROP COLUMN last_activity", "none of "),
        (App::JupyterHub, "DROP TABLE alembic_version", "none of "),
        (
            App::Gitea,
            "DROP INDEX \"UQE_user_lower_name\"; ALTER TABLE \"user\" RENAME COLUMN lower_name TO other",
            "none of ",
        ),
        (App::Gitea, "ALTER TABLE access_token RENAME TO other", "none of "),
        // They are, and something else is missing.
        (
            App::JupyterHub,
            "ALTER TABLE api_tokens RENAME COLUMN note TO other",
            "no column note in table api_tokens",
        ),
        (App::JupyterHub, "ALTER TABLE services RENAME TO other", "no table services"),
        (
            App::Gitea,
            "ALTER TABLE access_token DROP COLUMN scope",
            "no column scope in table access_token",
        ),
        (
            App::Forgejo,
            "ALTER TABLE \"user\" RENAME COLUMN prohibit_login TO other",
            "no column prohibit_login in table user",
        ),
    ] {
        for store in app.stores() {
            store.sql(change);
            let (schema, content, files) = (store.schema(), store.content(), store.files());
            for line in ["list", "show 1", "revoke 1 --dry-run"] {
                let ran = store.run(&format!("--as root {line}"));
                assert_eq!(ran.assert(1).stdout, "", "{ran}");
                ran.says(&["cannot open store", said]);
                let (errors, hints): (Vec<_>, Vec<_>) =
                    ran.stderr.lines().partition(|line| line.starts_with("tokenctl: "));
                assert_eq!(errors.len(), 1, "{ran}");
                assert!(hints.iter().all(|hint| hint.starts_with("hint: ")), "{ran}");
                if said == "none of " {
                    ran.says(&["jupyterhub", "gitea: found tables", "--schema NAME"]);
                }
                assert_says_nothing_of_rows(&ran.stderr);
            }
            store.recorded("--as root revoke 1").assert(1);
            assert!(store.content() == content && store.schema() == schema);
            let mut expected = files;
            expected.insert("audit.log".into());
            assert_eq!(store.files(), expected);
        }
    }
}

#[test]
fn an_unrelated_database_is_told_by_its_tables_and_none_of_its_rows() {
    let statements = "CREATE TABLE messages (id INTEGER PRIMARY KEY, body TEXT);
         CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, password TEXT);
         INSERT INTO messages VALUES (1, 'digest-secret of a message');
         INSERT INTO users VALUES (1, 'root', 'passwd-secret-1')";
    let sandbox = Sandbox::without_store();
    let file = Connection::open(sandbox.store()).expect("a database");
    file.execute_batch(statements).expect(statements);
    drop(file);
    let before = std::fs::read(sandbox.store()).expect("the file");
    for line in
        ["list", "show 1", "revoke 1", "revoke --state active --yes", "audit", "deploy-tokens list"]
    {
        let ran = sandbox.run(&format!("--as root --audit-log audit.log {line}"));
        // Where there is none to read, that is not what is told.
        assert_eq!(ran.assert(1).stdout, "", "{ran}");
        ran.says(&["another program's database", "found tables messages, users"]);
        assert_says_nothing_of_rows(&ran.stderr);
        for schema in ["jupyterhub", "gitea"] {
            let ran = sandbox.run(&format!("--as root --schema {schema} {line}"));
            ran.assert(1).says(&["incomplete: there is no"]);
            assert_says_nothing_of_rows(&ran.stderr);
        }
    }
    assert!(std::fs::read(sandbox.store()).expect("the file") == before);
    assert!(schema_of(&sandbox.connection()).contains("journal_mode Text(\"delete\")"));

    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("unrelated", statements);
    let mut command = sandbox.command(["--as", "root", "list"]);
    command.env("TOKENCTL_DB", database.url("postgres"));
    let ran = sandbox.run_command("list", &mut command);
    ran.assert(1).says(&["another program's database", "found tables messages, users"]);
    assert_says_nothing_of_rows(&ran.stderr);
}

#[track_caller]
fn assert_says_nothing_of_rows(said: &str) {
    for secret in SECRETS {
        assert!(!said.contains(secret), "{said}");
    }
    for name in ["olive", "laptop", "a message"] {
        assert!(!said.contains(name), "{said}");
    }
}
