//! Native stores on PostgreSQL: what the program says of them, byte for byte what it says of the
//! same store in a file; how they are made, and how stores are copied from engine to engine.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use postgres::{Client, NoTls};
use rusqlite::types::Value;
use serde_json::json;

use crate::hostile::hostile_store_for_server;
use crate::support::gitlab::Gitlab;
use crate::support::postgres::{
    Bouncer, Certificates, Cluster, NATIVE_ROLES, Options, READER, REVOKER, grants, wait_until,
};
use crate::support::{Sandbox, send, start};
use crate::transcripts::check_main_job;

/// Commands that read.
const READING: [&str; 24] = [
    "list",
    "list --columns all",
    "list --sort name_asc",
    "list --sort name_desc",
    "list --sort created_desc",
    "list --sort last_used_asc",
    "list --sort expires_desc",
    "list --search ci",
    "list --search 'ΚΑΦΕΣ É'",
    "list --scope api",
    "list --except-scope api",
    "list --unused-for 90d --state active",
    "list --user olive",
    "list --count",
    "list --limit 3",
    "stats",
    "stats --by user,scope,created,user-type,user-state,expires,last-used",
    "deploy-tokens list",
    "deploy-tokens list --sort name_desc",
    "deploy-tokens list --search a",
    "show 2",
    "deploy-tokens show 1",
    "audit",
    "revoke 1 2 3 999 --dry-run",
];

#[test]
fn every_command_says_the_same_on_both_engines() {
    for store in [Sandbox::new(), hostile_store_for_server()] {
        let Some((on_server, _)) = store.on_server() else { return };
        for (role, line) in
            ["root", "olive"].into_iter().flat_map(|role| READING.map(|line| (role, line)))
        {
            for format in ["table", "json", "jsonl", "csv"] {
                let line = format!("--as {role} {line} -o {format}");
                let [file, server] = [&store, &on_server].map(|it| it.run(&line));
                assert_eq!(file.to_string(), server.to_string());
            }
        }
        let list = on_server.run("--as root list -o jsonl");
        assert!(list.assert(0).stdout.lines().count() > 10, "there is something to compare");
    }
}

#[test]
fn a_store_is_made_read_and_written_over_tls() {
    let Some(certificates) = Certificates::new() else { return };
    let certificate = certificates.server();
    let options = Options { tls: Some(&certificate), ..Options::default() };
    let Some(cluster) = Cluster::start(&options) else { return };
    let database = cluster.database("tls", "SELECT 1");
    let url = |ca: &Path| {
        let url = cluster.tcp_url("postgres", "localhost", &database.name);
        format!("{url}?sslmode=verify-full&sslrootcert={}", ca.display())
    };
    let file = Sandbox::new();
    let copy = |ca: &Path| file.run(&format!("--as root copy '{}'", url(ca)));
    copy(&certificates.other_ca()).assert(1).says(&["signed by no authority that is trusted"]);
    copy(&certificates.ca()).assert(0);

    let server = Sandbox::without_store().with("TOKENCTL_DB", url(&certificates.ca()));
    for line in ["list -o jsonl", "revoke 1 3 --yes -o ids", "list -o jsonl", "show 3 -o json"] {
        let [file, server] = [&file, &server].map(|it| it.run(&format!("--as root {line}")));
        assert_eq!(file.assert(0).stdout, server.assert(0).stdout);
    }
    // Nobody waits for the last answer of a run that reads; the server does not complain.
    let log = cluster.log();
    assert!(log.contains("ready to accept connections"), "{log}");
    assert!(!log.contains("could not send") && !log.contains("could not receive"), "{log}");
}

#[test]
fn a_sample_is_the_same_on_both_engines() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("sample", "SELECT 1");
    let file = Sandbox::without_store();
    file.run("init --sample=300").assert(0);
    let server = Sandbox::without_store().with("TOKENCTL_DB", database.url("postgres"));
    let made = server.run("init --sample=300");
    made.assert(0).says(&["created store postgres://", "--as root list"]);
    for line in ["list -o jsonl --columns all", "deploy-tokens list -o jsonl", "stats -o json"] {
        let [file, server] = [&file, &server].map(|it| it.run(&format!("--as root {line}")));
        assert_eq!(file.assert(0).stdout, server.assert(0).stdout);
    }
    // The next of the application's own has an id that was never given.
    let insert = "INSERT INTO tokenctl.users (username) VALUES ('new') RETURNING id";
    assert_eq!(database.sql(insert), "38");
}

#[test]
fn a_store_is_made_in_a_schema_of_its_own_and_never_over_another() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("made", "CREATE TABLE other (id int); CREATE SCHEMA ready");
    let url = database.url("postgres");
    let sandbox = Sandbox::without_store().with("TOKENCTL_DB", &url);
    sandbox.run("init").assert(0).says(&["psql", "\"tokenctl\".users"]);
    for line in ["init", "init --sample"] {
        sandbox.run(line).assert(1).says(&["\"tokenctl\" exists", "?options=-csearch_path"]);
    }
    // One that is named, and one that somebody has made for it.
    for (name, quoted) in [("My%20keys", "\"My keys\""), ("ready", "ready")] {
        let named = format!("{url}&options=-csearch_path%3D%22{}%22", name.replace("%20", "\\%20"));
        let sandbox = Sandbox::without_store().with("TOKENCTL_DB", named);
        sandbox.run("init --sample=9").assert(0);
        sandbox.run("--as root list -o ids").assert(0);
        assert_eq!(database.sql(&format!("SELECT count(*) FROM {quoted}.users")), "30");
        sandbox.run("init").assert(1).says(&["is not empty"]);
    }
    sandbox.run("--as root list").assert(1).says(&["more than one schema"]);

    // Whoever may not make a schema is told what to grant.
    let database = cluster.database("made", "CREATE ROLE nothing_yet LOGIN");
    let sandbox = Sandbox::without_store().with("TOKENCTL_DB", database.url("nothing_yet"));
    sandbox.run("init").assert(1).says(&["permission denied", "GRANT CREATE ON DATABASE"]);
    let narrow = cluster.database_as("ENCODING 'LATIN1' LOCALE 'C'", "SELECT 1");
    let sandbox = Sandbox::without_store().with("TOKENCTL_DB", narrow.url("postgres"));
    sandbox.run("init").assert(1).says(&["UTF-8"]);
}

#[test]
fn a_schema_of_another_version_is_refused() {
    let Some((sandbox, database)) = Sandbox::new().on_server() else { return };
    database.sql("UPDATE tokenctl.tokenctl_schema SET version = 2");
    sandbox.run("--as root list").assert(1).says(&["version 2, made by a newer tokenctl"]);
    database.sql("DELETE FROM tokenctl.tokenctl_schema");
    sandbox.run("--as root list").assert(1).says(&["version 0; this tokenctl works with 1"]);
}

#[test]
fn gitlab_in_the_same_database_is_told_apart() {
    let Some(gitlab) = Gitlab::new() else { return };
    let url = gitlab.database.url("postgres");
    Sandbox::new().run(&format!("--as root copy '{url}'")).assert(0);
    let both = Sandbox::without_store().with("TOKENCTL_DB", &url);
    both.run("--as root list").assert(1).says(&["public", "GitLab", "tokenctl", "--schema"]);
    for (schema, is_native) in [("native", true), ("gitlab", false)] {
        let found = both.run(&format!("--as root --schema {schema} status -o json")).json();
        assert_eq!(found["schema"], json!(schema));
        assert_eq!(found["audit_events"] == json!("in the store"), is_native);
    }
    // One that is named by its schema needs no more.
    let named = Sandbox::without_store()
        .with("TOKENCTL_DB", format!("{url}&options=-csearch_path%3Dtokenctl"));
    let found = named.run("--as root status -o json").json();
    assert_eq!(found["schema"], json!("native"));
}

/// The statements of a block that grant something on a table or the schema. What one role has
/// of another is the whole server's.
fn statements(block: &str) -> Vec<String> {
    let lines = block.lines().filter(|line| !line.starts_with("--"));
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    text.split(';').filter(|it| it.contains(" ON ")).map(Into::into).collect()
}

#[test]
fn the_roles_of_the_readme_may_what_they_need_and_no_more() {
    let Some((owner, database)) = Sandbox::new().on_server() else { return };
    database.sql(&grants(NATIVE_ROLES));
    let role = |name| Sandbox::without_store().with("TOKENCTL_DB", database.url(name));
    let (reader, revoker) = (role(READER), role(REVOKER));
    for line in READING {
        for user in ["root", "olive"] {
            let line = format!("--as {user} {line}");
            assert_eq!(reader.run(&line).to_string(), owner.run(&line).to_string());
        }
    }
    let refused = reader.run("--as root revoke 1");
    refused.assert(1).says(&["permission denied", "hint: the chapter \"Least privilege\""]);
    check_main_job(&revoker);
    let ask = |name: &str, sql: &str| {
        let mut session = Client::connect(&database.url(name), NoTls).expect("a session");
        session.batch_execute(sql).map_err(|error| error.code().map(|code| code.code().to_owned()))
    };
    let denied = Err(Some("42501".into()));
    for name in [READER, REVOKER] {
        for table in ["personal_access_tokens", "deploy_tokens"] {
            assert_eq!(ask(name, &format!("SELECT token_digest FROM tokenctl.{table}")), denied);
        }
        assert_eq!(ask(name, "DELETE FROM tokenctl.audit_events"), denied);
    }
    let insert = "INSERT INTO tokenctl.personal_access_tokens (user_id, name, token_digest)
        VALUES (1, 'new', 'digest');
        UPDATE tokenctl.personal_access_tokens SET revoked = FALSE, last_used_at = now()";
    assert_eq!(ask("tokenctl_application", insert), Ok(()));
    let back = "SELECT count(*) FROM tokenctl.personal_access_tokens WHERE id = 6 AND NOT revoked";
    assert_eq!(database.sql(back), "0", "a revoked token stays revoked");
    assert_eq!(ask("tokenctl_application", "DELETE FROM tokenctl.audit_events"), denied);
    // Not even who may do all changes an event.
    assert_eq!(ask("postgres", "DELETE FROM tokenctl.audit_events"), Err(Some("P0001".into())));
}

#[test]
fn each_grant_of_the_readme_is_needed() {
    let all = statements(NATIVE_ROLES);
    let store = Sandbox::new();
    for left_out in 0..all.len() {
        let Some((_, database)) = store.on_server() else { return };
        let granted = all.iter().enumerate().filter(|(index, _)| *index != left_out);
        let granted: String = granted.flat_map(|(_, it)| [it, ";"]).collect();
        database.sql(&format!("SET search_path = tokenctl; {granted}"));
        let role = |name| Sandbox::without_store().with("TOKENCTL_DB", database.url(name));
        let (reader, revoker) = (role(READER), role(REVOKER));
        let mut ran = vec![
            reader.run("--as root list -o json"),
            reader.run("--as olive deploy-tokens list --project top/app"),
            reader.run("--as root deploy-tokens list"),
            reader.run("--as root audit"),
            revoker.run("--as root revoke 1 2 --yes"),
            revoker.run("--as root deploy-tokens revoke 1 2 --yes"),
        ];
        ran.retain(|ran| ran.status != 0);
        let mut application =
            Client::connect(&database.url("tokenctl_application"), NoTls).expect("a session");
        let write = "SET search_path = tokenctl;
            INSERT INTO users (username) VALUES ('new'); UPDATE deploy_tokens SET name = 'x';
            SELECT count(*) FROM audit_events";
        let is_missed = !ran.is_empty() || application.batch_execute(write).is_err();
        assert!(is_missed, "nobody misses {}", all[left_out]);
    }
}

#[test]
fn a_native_store_is_reached_by_a_pool_and_on_a_standby() {
    let Some(primary) = Cluster::start(&Options::default()) else { return };
    let store = Sandbox::new();
    let database = primary.database("native", "SELECT 1");
    store.run(&format!("--as root -q copy '{}'", database.url("postgres"))).assert(0);
    database.sql(&grants(NATIVE_ROLES));
    if let Some(bouncer) = Bouncer::start(&primary) {
        let url = bouncer.url(REVOKER, &database.name);
        let pooled = Sandbox::without_store().with("TOKENCTL_DB", url);
        assert_eq!(
            pooled.run("--as root list").to_string(),
            store.run("--as root list").to_string()
        );
        pooled.run("--as root revoke 1 --yes").assert(0);
        // Twice: a statement that the first left behind in the pool's session would be in the way.
        for _ in 0..2 {
            let url = bouncer.url("postgres", &primary.database("pooled", "SELECT 1").name);
            store.run(&format!("--as root -q copy '{url}'")).assert(0);
        }
    }
    let standby = primary.standby();
    let [one, other] = [&standby, &primary].map(|host| host.socket().display().to_string());
    let url = format!("postgres://{REVOKER}@/{}?host={one},{other}", database.name);
    let both = Sandbox::without_store().with("TOKENCTL_DB", url);
    both.run("--as root list").assert(0);
    assert_eq!(both.run("--as root revoke 2 --yes -o ids").assert(0).ids(), [2]);
    standby.catch_up(&primary);
    primary.stop();
    let listed = both.run("--as root audit -o csv --columns target_id").assert(0).stdout.clone();
    assert!(listed.starts_with("target_id\n2\n"), "{listed}");
    both.run("--as root revoke 3 --yes").assert(1).says(&["no host takes writes"]);
}

/// Every value of a store, table by table, and the last ids that were given.
fn contents(store: &Sandbox) -> Vec<Vec<Value>> {
    let connection = store.connection();
    let rows = |table| {
        let select = format!("SELECT * FROM {table} ORDER BY 1, 2, 3");
        let select = if table == "sqlite_sequence" {
            "SELECT * FROM sqlite_sequence ORDER BY 1"
        } else {
            &select
        };
        let mut query = connection.prepare(select).expect("SQL");
        let columns = query.column_count();
        let rows = query.query_map([], |row| (0..columns).map(|it| row.get(it)).collect());
        rows.expect("rows").collect::<Result<Vec<Vec<Value>>, _>>().expect("values")
    };
    let tables = [
        "users",
        "groups",
        "projects",
        "members",
        "personal_access_tokens",
        "deploy_tokens",
        "audit_events",
        "sqlite_sequence",
    ];
    tables.into_iter().flat_map(rows).collect()
}

#[test]
fn there_and_back_a_store_is_the_same() {
    for store in [Sandbox::new(), hostile_store_for_server()] {
        store.run("--as root revoke 1 2 3 --yes --reason 'there and back'").assert(0);
        store.sql(
            "UPDATE sqlite_sequence SET seq = 5000 WHERE name = 'personal_access_tokens';
             UPDATE users SET created_at = '0000-02-29T00:00:00.000Z' WHERE id = 1;
             UPDATE users SET created_at = '9999-12-31T23:59:59.999Z' WHERE id = 2",
        );
        let Some((on_server, database)) = store.on_server() else { return };
        let back = Sandbox::without_store();
        let ran = on_server.run(&format!("--as root copy {} -o json", back.store().display()));
        ran.assert(0).says(&["and read each back", "export TOKENCTL_DB="]);
        assert_eq!(contents(&store), contents(&back));
        // Both engines say the same of the rows.
        let again = store.run("--as root copy again.db -o json");
        assert_eq!(again.assert(0).json(), ran.json());
        let insert = "INSERT INTO tokenctl.personal_access_tokens (user_id, name) VALUES (1, 'x')
            RETURNING id";
        assert_eq!(database.sql(insert), "5001", "an id that was given is never given again");
    }
}

#[test]
fn what_cannot_be_copied_is_refused_and_leaves_nothing() {
    let store = Sandbox::new();
    let copy = |line: &str| store.run(&format!("{line} copy new.db"));
    copy("--as olive").assert(4).says(&["only an administrator"]);
    copy("--as root -o ids").assert(2);
    assert!(!store.home().join("new.db").exists());
    copy("--as root").assert(0);
    copy("--as root").assert(1).says(&["a file of that name exists"]);
    let ran = store.run("--as root copy postgres://me:SECRET@db/app");
    ran.assert(2).says(&["a password inside <TARGET>"]);
    assert!(!ran.stderr.contains("SECRET"));

    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("refused", "SELECT 1");
    let url = database.url("postgres");
    let none = "SELECT count(*) FROM pg_namespace WHERE nspname = 'tokenctl'";
    // What a server does not take: a text with a NUL, a row whose user is gone.
    for (change, undo, said) in [
        ("name = 'a' || char(0)", "name = 'a'", "the table personal_access_tokens"),
        ("user_id = 99", "user_id = 2", "gone from users (the first: 99)"),
    ] {
        let update = |set: &str| {
            store.sql_unchecked(&format!("UPDATE personal_access_tokens SET {set} WHERE id = 1"));
        };
        update(change);
        store.run(&format!("--as root copy '{url}'")).assert(1).says(&[said]);
        assert_eq!(database.sql(none), "0", "{said}");
        update(undo);
    }
    store.run(&format!("--as root copy '{url}'")).assert(0);
    store.run(&format!("--as root copy '{url}'")).assert(1).says(&["is not empty"]);
    let Some(gitlab) = Gitlab::new() else { return };
    let ran = gitlab.revoker.run("--as root copy never.db");
    ran.assert(2).says(&["only a native store can be copied"]);
}

#[test]
fn a_copy_that_is_stopped_leaves_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    let store = Sandbox::new();
    let database = cluster.database("stopped", "SELECT 1");
    let url = database.url("postgres");
    // Somebody who makes the schema, and has not committed, is waited for.
    let mut other = Client::connect(&url, NoTls).expect("a session");
    other.batch_execute("BEGIN; CREATE SCHEMA tokenctl").expect("a schema");
    let line = ["--as", "root", "--busy-timeout", "1min", "copy", &url];
    let child = start(&mut store.command(line));
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted";
    wait_until(waits, || database.sql(waits) != "0");
    send(&child, Signal::SIGTERM);
    let ended = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(143), "{said}");
    drop(other);
    let none = "SELECT count(*) FROM pg_namespace WHERE nspname = 'tokenctl'";
    let others = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    wait_until(others, || database.sql(others) == "0");
    assert_eq!(database.sql(none), "0");
}

/// Whatever the application writes meanwhile, all of it is in the copy or nothing.
#[test]
fn a_source_that_changes_meanwhile_is_one_snapshot() {
    let store = Sandbox::without_store();
    store.run("init --sample=3000").assert(0);
    let counts = |store: &Sandbox| {
        let count = |table| store.value(&format!("SELECT count(*) FROM {table}"));
        [count("users WHERE name = 'both'"), count("audit_events")]
    };
    let writer = store.connection();
    let done = AtomicBool::new(false);
    let write = || {
        writer.busy_timeout(Duration::from_secs(10)).expect("a timeout");
        for number in 0.. {
            if done.load(Ordering::SeqCst) {
                break;
            }
            // In the first table that is copied, and in the last.
            let insert = format!(
                "BEGIN IMMEDIATE;
                 INSERT INTO users (username, name) VALUES ('both-{number}', 'both');
                 INSERT INTO audit_events (run_id, action, actor_id, actor, os_user,
                     target_type, target_id, target_name)
                 VALUES ('run', 'revoke', 1, 'root', 'os', 'personal_access_token', 1, '');
                 COMMIT"
            );
            writer.execute_batch(&insert).expect("an application writes");
        }
        writer
    };
    thread::scope(|scope| {
        scope.spawn(write);
        for number in 0..4 {
            let copy = Sandbox::without_store();
            store.run(&format!("--as root copy {}", copy.store().display())).assert(0);
            let [users, events] = counts(&copy);
            assert_eq!(users, events, "round {number}");
        }
        done.store(true, Ordering::SeqCst);
    });
    let [users, events] = counts(&store);
    assert!(users == events && users != "0");
}
