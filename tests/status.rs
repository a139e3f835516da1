//! `status`: what it says of a store, and that it changes nothing.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::apps::App;
use crate::support::gitlab::Gitlab;

fn status(sandbox: &Sandbox, flags: &str) -> Value {
    sandbox.run(&format!("{flags} status -o json")).assert(0).json()
}

#[test]
fn it_tells_of_the_store_the_actor_and_what_is_in_reach() {
    let sandbox = Sandbox::new();
    let before = std::fs::read(sandbox.store()).expect("a store");
    let found = status(&sandbox, "--as root");
    let store = sandbox.store().canonicalize().expect("a store");
    for (key, value) in [
        ("store", json!(store)),
        ("engine", json!("SQLite")),
        ("encoding", json!("UTF-8")),
        ("journal_mode", json!("wal")),
        ("schema", json!("native")),
        ("unrecorded", json!([])),
        ("actor", json!("root")),
        ("actor_id", json!(1)),
        ("admin", json!(true)),
        ("audit_events", json!("in the store")),
        ("may_revoke", json!(true)),
        ("obstacles", json!([])),
    ] {
        assert_eq!(found[key], value, "{key}: {found}");
    }
    for user in ["root", "olive"] {
        let found = status(&sandbox, &format!("--as {user}"));
        for state in ["active", "expired", "revoked"] {
            let listed = sandbox.run(&format!("--as {user} list --state {state} --count"));
            assert_eq!(found[state].to_string(), listed.assert(0).stdout.trim(), "{found}");
            let listed =
                sandbox.run(&format!("--as {user} deploy-tokens list --state {state} --count"));
            let deploy = &found[format!("deploy_{state}")];
            match user {
                "root" => assert_eq!(deploy.to_string(), listed.assert(0).stdout.trim()),
                _ => assert_eq!(*deploy, Value::Null, "{found}"),
            }
        }
    }
    sandbox.run("--as nobody status").assert(4);
    let table = sandbox.run("--as root status").assert(0).stdout.clone();
    assert!(
        table.lines().any(|it| it.starts_with("may_revoke") && it.ends_with("true")),
        "{table}"
    );
    assert!(std::fs::read(sandbox.store()).expect("a store") == before);
}

#[test]
fn it_tells_what_is_in_the_way_of_revoking() {
    for app in [App::JupyterHub, App::Gitea] {
        let store = app.file();
        let found = status(&store.sandbox, "--as root");
        assert_eq!(found["may_revoke"], false, "{found}");
        assert!(found["obstacles"].to_string().contains("--audit-log FILE"), "{found}");
        assert!(!found["unrecorded"].as_array().expect("an array").is_empty(), "{found}");
        let log = store.log();
        let found = status(&store.sandbox, &format!("--as root --audit-log {}", log.display()));
        assert_eq!(
            (&found["may_revoke"], &found["obstacles"]),
            (&json!(true), &json!([])),
            "{found}"
        );
        assert_eq!(found["audit_events"], json!(log));
        assert!(!log.exists(), "nothing is made");
    }
    // A file that no event can be added to.
    let store = App::Gitea.file();
    let home = store.sandbox.home().display().to_string();
    for log in [
        format!("{home}/none/audit.jsonl"),
        home.clone(),
        store.sandbox.store().display().to_string(),
    ] {
        let found = status(&store.sandbox, &format!("--as root --audit-log {log}"));
        assert_eq!(found["may_revoke"], false, "{found}");
    }
    store.sandbox.run("--as root status -o ids").assert(2);
    // A folder where everybody may put files.
    let sandbox = Sandbox::new();
    set_permissions(sandbox.home(), Permissions::from_mode(0o777)).expect("permissions");
    let found = status(&sandbox, "--as root");
    assert_eq!(found["may_revoke"], false, "{found}");
    assert!(found["obstacles"].to_string().contains("everybody may put files"), "{found}");
    sandbox.run("--as root revoke 1").assert(1);
    let Some(gitlab) = Gitlab::new() else { return };
    let found = status(&gitlab.revoker, "--as root");
    assert_eq!(found["may_revoke"], true, "{found}");
    assert_eq!(found["engine"], "PostgreSQL");
    let found = status(&gitlab.reader, "--as root");
    assert_eq!(found["may_revoke"], false, "{found}");
    assert!(found["obstacles"].to_string().contains("permission"), "{found}");
}
