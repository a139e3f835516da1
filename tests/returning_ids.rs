//! Ids of users that come back: whoever gets the id of one who is gone gets nothing of theirs.

use serde_json::Value;

use crate::support::Sandbox;
use crate::support::apps::{App, Foreign};

#[test]
fn a_native_store_gives_no_id_of_a_user_twice() {
    let sandbox = Sandbox::new();
    sandbox.sql("INSERT INTO users (username) VALUES ('temp')");
    let id = sandbox.value("SELECT id FROM users WHERE username = 'temp'");
    sandbox.sql(&format!(
        "INSERT INTO personal_access_tokens (user_id, name) VALUES ({id}, 'theirs')"
    ));
    sandbox.run("--as root revoke --user temp --yes --reason 'for your eyes only'").assert(0);
    assert_eq!(sandbox.run("--as temp audit -o jsonl").assert(0).stdout.lines().count(), 1);
    sandbox.sql("DELETE FROM users WHERE username = 'temp'");
    sandbox.sql("INSERT INTO users (username) VALUES ('next')");
    assert_ne!(sandbox.value("SELECT id FROM users WHERE username = 'next'"), id);
    assert_eq!(sandbox.run("--as next audit -o jsonl").assert(0).stdout, "");
    // The event keeps the name of its time.
    let ran = sandbox.run(&format!("--as root audit --user {id} -o jsonl"));
    let event: Value = serde_json::from_str(&ran.assert(0).stdout).expect("one event");
    assert_eq!(event["target_username"], "temp");
    assert_eq!(event["target_user_id"].to_string(), id);
}

#[test]
fn the_name_of_an_owner_is_on_record_where_there_is_one() {
    let sandbox = Sandbox::new();
    sandbox.run("--as olive revoke 2").assert(0);
    sandbox.run("--as root deploy-tokens revoke 1").assert(0);
    sandbox.sql_unchecked("DELETE FROM users WHERE username = 'sam'");
    sandbox.run("--as root revoke 9").assert(0);
    let ran = sandbox.run("--as root audit -o csv");
    let rows: Vec<_> = ran.assert(0).stdout.lines().collect();
    let header = "target_name,target_user_id,target_username,reason,outcome";
    assert!(rows[0].ends_with(header), "{ran}");
    assert!(rows[1].ends_with(",3,,,revoked"), "gone: {ran}");
    assert!(rows[2].ends_with(",,,,revoked"), "a deploy token: {ran}");
    assert!(rows[3].ends_with(",2,olive,,revoked"), "{ran}");
}

/// The ids of the tokens of whose end a user hears.
#[track_caller]
fn heard(store: &Foreign, user: &str) -> Vec<i64> {
    store.recorded(&format!("--as {user} audit -o ids")).assert(0).ids()
}

#[test]
fn where_ids_return_events_are_a_users_by_id_and_name() {
    let store = App::JupyterHub.file();
    store.recorded("--as sam revoke 9 --reason 'by sam'").assert(0);
    store.recorded("--as root revoke 10 --reason 'of sam'").assert(0);
    assert_eq!(heard(&store, "sam"), [10, 9]);
    // SQLite gives the highest id again, as here any id.
    store.sql("DELETE FROM users WHERE name = 'sam'");
    store.sql("INSERT INTO users (id, name, admin, cookie_id) VALUES (3, 'eve', false, 'c')");
    assert!(heard(&store, "eve").is_empty());
    for filter in ["--user @me", "--actor @me", "--user 3", "--actor eve"] {
        let ran = store.recorded(&format!("--as eve audit {filter} -o ids"));
        assert_eq!(ran.assert(0).stdout, "", "{ran}");
    }
    // A predecessor's name alone gives nothing either.
    store.sql("INSERT INTO users (id, name, admin, cookie_id) VALUES (11, 'sam', false, 'd')");
    assert!(heard(&store, "sam").is_empty());
    assert_eq!(heard(&store, "root"), [10, 9]);
}

#[test]
fn lines_that_name_no_owner_are_for_administrators() {
    let store = App::Gitea.file();
    store.recorded("--as root revoke 7").assert(0);
    store.recorded("--as sam revoke 8").assert(0);
    let text = std::fs::read_to_string(store.log()).expect("the audit file");
    let old = text.replace("\"target_username\":\"sam\",", "");
    assert_ne!(old, text);
    std::fs::write(store.log(), old).expect("the audit file");
    // What they did themselves bears their name in every line.
    assert_eq!(heard(&store, "sam"), [8]);
    assert_eq!(heard(&store, "root"), [8, 7]);
    let ran = store.recorded("--as root audit -o jsonl");
    assert_eq!(ran.assert(0).stdout.matches("\"target_username\":null").count(), 2, "{ran}");
}
