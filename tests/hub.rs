//! What a running `JupyterHub` makes of changes beneath it: the facts that a direct
//! revoke relies on, and those that its help warns of. And the support itself.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::json;

use crate::support::hub::{Hub, Issued, SERVICE_TOKEN, is_running};
use crate::support::postgres::wait_until;
use crate::support::variable;

/// Everything that the owner may do.
const INHERIT: &[&str] = &["inherit"];

#[test]
fn a_deleted_token_is_refused_at_its_next_use() {
    let Some(hub) = Hub::start() else { return };
    let unused = hub.issue("olive", "unused", None, INHERIT);
    let used = hub.issue("olive", "100%_sure", Some(3600), &["read:users:name!user"]);
    let kept = hub.issue("olive", "kept", None, INHERIT);
    let others = hub.issue("ünal", "für den Drucker", None, INHERIT);
    for token in [&used, &kept, &others] {
        assert_eq!(hub.status_with(&token.token), 200);
    }
    delete(&hub, &used);
    delete(&hub, &unused);
    for (token, status) in [(&unused, 403), (&used, 403), (&kept, 200), (&others, 200)] {
        assert_eq!(hub.status_with(&token.token), status);
    }
    // Gone for its API too, which then goes on.
    assert_eq!(hub.delete("olive", used.id), 404);
    assert_eq!(hub.delete("olive", kept.id), 204);
    assert_eq!(hub.status_with(&kept.token), 403);
    let later = hub.issue("olive", "later", None, INHERIT);
    assert_eq!(hub.status_with(&later.token), 200);
    let log = hub.log();
    assert!(!log.contains("[E ") && !log.contains("Error"), "{log}");
}

/// A use writes the time of it: what a revoke may come between.
#[test]
fn a_token_may_vanish_while_it_is_used() {
    let Some(hub) = Hub::start() else { return };
    for user in ["root", "ada", "olive", "sam", "Blake", "ünal", "o'neil@example.org", "2"] {
        let token = hub.issue(user, "busy", None, INHERIT);
        let is_deleted = AtomicBool::new(false);
        thread::scope(|scope| {
            let uses = scope.spawn(|| {
                while hub.status_with(&token.token) == 200 {}
                assert!(is_deleted.load(Ordering::SeqCst), "refused before it was deleted");
            });
            // Not before it was used once, and then at any point of a use.
            let connection = hub.connection();
            let was_used = "SELECT last_activity IS NOT NULL FROM api_tokens WHERE id = ?";
            let was_used = || -> bool {
                connection.query_row(was_used, [token.id], |row| row.get(0)).expect(was_used)
            };
            while !uses.is_finished() && !was_used() {
                thread::yield_now();
            }
            is_deleted.store(true, Ordering::SeqCst);
            delete(&hub, &token);
            uses.join().expect("refused at last");
        });
    }
    hub.request("GET", "/users", SERVICE_TOKEN, None).json(200);
}

/// The hub keeps each user's tokens in memory, and SQLite gives an id out again.
#[test]
fn a_hub_goes_on_to_list_what_it_held() {
    let Some(hub) = Hub::start() else { return };
    let first = hub.issue("olive", "first", None, INHERIT);
    let ghost = hub.issue("olive", "ghost", Some(2), INHERIT);
    assert_eq!(hub.ids_of("olive"), [first.id, ghost.id]);
    delete(&hub, &ghost);
    assert_eq!(hub.ids_of("olive"), [first.id, ghost.id], "listed until the hub restarts");
    let next = hub.issue("sam", "next", None, INHERIT);
    assert_eq!(next.id, ghost.id, "SQLite gives the id of the last row out again");
    assert_eq!([&ghost, &next].map(|it| hub.status_with(&it.token)), [403, 200]);
    // Once the ghost would have expired, the hub deletes by its id what is not it: a
    // request fails where it notices, else the other user loses a token.
    let deadline = Instant::now() + Duration::from_mins(1);
    let mut failed = false;
    loop {
        let listed = hub.request("GET", "/users/olive/tokens", SERVICE_TOKEN, None);
        failed |= listed.status == 500;
        if listed.status == 200 && !listed.body.contains("ghost") {
            break;
        }
        assert!(Instant::now() < deadline, "{}", hub.log());
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(hub.status_with(&next.token), if failed { 200 } else { 403 }, "{}", hub.log());
    assert_eq!(hub.status_with(&first.token), 200);
    // An expiry in the past is obeyed at once too, and keeps the id until the hub
    // itself deletes the row.
    let expired = hub.issue("olive", "expired", None, INHERIT);
    assert_eq!(hub.status_with(&expired.token), 200);
    let expire = "UPDATE api_tokens SET expires_at = '2020-01-01 00:00:00.000000' WHERE id = ?";
    assert_eq!(hub.connection().execute(expire, [expired.id]), Ok(1));
    assert_eq!(hub.status_with(&expired.token), 403);
    assert!(hub.issue("sam", "after", None, INHERIT).id > expired.id);
}

#[test]
fn a_hub_has_its_users_and_ends_with_its_test() {
    let Some(hub) = Hub::start() else { return };
    let connection = hub.connection();
    let query = "SELECT admin FROM users WHERE name = ?";
    // An administrator by the flag, and one by the role of a group alone.
    for (name, flag, status) in [("root", true, 200), ("ada", false, 200), ("olive", false, 404)] {
        let admin: bool = connection.query_row(query, [name], |row| row.get(0)).expect(name);
        assert_eq!(admin, flag, "{name}");
        let token = hub.issue(name, "", None, INHERIT);
        let other = hub.request("GET", "/users/sam", &token.token, None);
        assert_eq!(other.status, status, "{name}");
    }
    // Names that differ in case only are two users.
    let sam = json!({ "usernames": ["Sam"] });
    hub.request("POST", "/users", SERVICE_TOKEN, Some(&sam)).json(201);
    assert_eq!(["sam", "Sam"].map(|user| hub.tokens_of(user).len()), [0, 0]);
    // What stands in for a hub's database elsewhere is what a hub makes.
    let copy = loaded(&[include_str!("support/jupyterhub.sql")]);
    let (copied, made) = (definitions(&copy), definitions(&connection));
    for definition in &copied {
        assert!(made.contains(definition), "{definition} is not of {made:#?}");
    }
    assert!(copied.len() > 10);
    let revision = "SELECT version_num FROM alembic_version";
    let [copied, made] = [&copy, &connection]
        .map(|it| it.query_row(revision, [], |row| row.get::<_, String>(0)).expect(revision));
    assert_eq!(copied, made);
    let journal = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0));
    assert_eq!(journal, Ok("delete".to_owned()));
    drop(connection);

    let (db, processes) = (hub.db(), hub.processes().to_vec());
    assert!(db.is_file() && processes.len() == 2 && processes.iter().all(|&id| is_running(id)));
    drop(hub);
    assert!(!processes.iter().any(|&id| is_running(id)));
    assert!(!db.parent().is_some_and(Path::exists));
}

/// The databases of applications that no test starts.
#[test]
fn the_fixtures_load() {
    let gitea = include_str!("support/gitea_fixture.sql");
    for (parts, table, rows) in [
        (
            [
                include_str!("support/jupyterhub.sql"),
                include_str!("support/jupyterhub_fixture.sql"),
                "",
            ],
            "api_tokens",
            20,
        ),
        ([include_str!("support/gitea.sql"), gitea, ""], "access_token", 16),
        (
            [
                include_str!("support/forgejo.sql"),
                gitea,
                include_str!("support/forgejo_fixture.sql"),
            ],
            "access_token",
            16,
        ),
    ] {
        let count = format!("SELECT count(*) FROM {table}");
        assert_eq!(loaded(&parts).query_row(&count, [], |row| row.get(0)), Ok(rows), "{table}");
    }
}

/// A database in memory, of some files.
fn loaded(parts: &[&str]) -> Connection {
    let connection = Connection::open_in_memory().expect("a database");
    for part in parts {
        connection.execute_batch(part).expect(part);
    }
    connection
}

/// How the tables and indexes of a database were made, whatever the blanks.
fn definitions(connection: &Connection) -> Vec<String> {
    let query = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL";
    let mut statement = connection.prepare(query).expect(query);
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).expect(query);
    let made = rows.map(|sql| sql.expect(query).split_whitespace().collect());
    made.collect()
}

/// Names the file in which this program, run by the test below, says what it holds.
const HELD: &str = "TOKENCTL_TEST_HELD";

#[test]
fn a_hub_ends_when_its_test_is_killed() {
    let told = variable(HELD);
    if !told.is_empty() {
        let Some(hub) = Hub::start() else { return };
        let held = json!({ "db": hub.db(), "processes": hub.processes() });
        std::fs::write(told, format!("{held}\n")).expect("it is said");
        loop {
            thread::park();
        }
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let told = folder.path().join("held");
    let mut holder = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "hub::a_hub_ends_when_its_test_is_killed"])
        .env(HELD, &told)
        .stdout(Stdio::null())
        // What it may have to say, the other tests say too.
        .stderr(Stdio::null())
        .spawn()
        .expect("this program starts");
    let held = loop {
        if let Some(status) = holder.try_wait().expect("our child") {
            assert!(status.success(), "the hub starts");
            return;
        }
        match std::fs::read_to_string(&told) {
            Ok(held) if held.ends_with('\n') => break held,
            _ => thread::sleep(Duration::from_millis(50)),
        }
    };
    let held: serde_json::Value = serde_json::from_str(&held).expect("JSON");
    let processes: Vec<i32> = serde_json::from_value(held["processes"].clone()).expect("ids");
    let db = Path::new(held["db"].as_str().expect("a path"));
    assert!(db.is_file() && processes.len() == 2 && processes.iter().all(|&id| is_running(id)));
    holder.kill().expect("it is killed");
    holder.wait().expect("it ends");
    wait_until(&format!("the end of {processes:?}"), || {
        !db.parent().is_some_and(Path::exists) && !processes.iter().any(|&id| is_running(id))
    });
}

fn delete(hub: &Hub, token: &Issued) {
    let delete = "DELETE FROM api_tokens WHERE id = ?";
    assert_eq!(hub.connection().execute(delete, [token.id]), Ok(1));
}
