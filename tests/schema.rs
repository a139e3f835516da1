//! `schema`: the descriptions that the program brings, one that is held to a database, and
//! one that is drafted for a database that nobody described.

use std::collections::BTreeSet;
use std::fs;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::postgres::Cluster;

/// Sanctum's tables, as an application of its own might have them.
const APP: &str = "
    CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR NOT NULL, is_admin BOOLEAN NOT NULL);
    INSERT INTO users VALUES (1, 'root@example.org', TRUE), (2, 'ann@example.org', FALSE);
    CREATE TABLE jobs (id INTEGER PRIMARY KEY, payload TEXT, created_at DATETIME);
    CREATE TABLE api_tokens (id INTEGER PRIMARY KEY, user_id INTEGER, name VARCHAR,
        token VARCHAR(64) UNIQUE, abilities TEXT, created_at DATETIME, last_used_at DATETIME,
        expires_at DATETIME, revoked BOOLEAN, updated_at DATETIME);
    INSERT INTO api_tokens VALUES
        (1, 1, 'laptop', 'SECRET-1', 'read write', '2022-01-01 00:00:00', NULL, NULL, FALSE, NULL),
        (2, 2, 'ci', 'SECRET-2', 'read', '2022-01-01 00:00:00', '2024-03-14 00:00:00',
         '2025-01-01 00:00:00', FALSE, NULL),
        (3, 9, 'left', 'SECRET-3', '', '2022-01-01 00:00:00', NULL, NULL, TRUE, NULL);
";

fn sandbox(tables: &str) -> Sandbox {
    let sandbox = Sandbox::without_store();
    let app = Connection::open(sandbox.store()).expect("a file");
    app.execute_batch(tables).expect("SQL");
    sandbox
}

/// Writes a description into the sandbox.
fn write(sandbox: &Sandbox, text: &str) {
    fs::write(sandbox.home().join("ours.toml"), text).expect("a file");
}

fn check(sandbox: &Sandbox, status: i32) -> Value {
    sandbox.run("schema check ./ours.toml -o json").assert(status).json()
}

fn texts(value: &Value) -> BTreeSet<&str> {
    value.as_array().expect("an array").iter().filter_map(Value::as_str).collect()
}

#[test]
fn what_is_listed_can_be_shown_and_given_back() {
    let sandbox = sandbox(APP);
    let listed = sandbox.run("schema list -o json").assert(0).json();
    let listed = listed.as_array().expect("an array");
    assert_eq!(listed.len(), 31);
    let detected = listed.iter().filter(|it| it["detected"] == json!(true));
    let detected: Vec<_> = detected.map(|it| it["name"].as_str().expect("a name")).collect();
    assert_eq!(detected, ["gitea", "gitlab", "jupyterhub"]);
    for description in listed {
        let name = description["name"].as_str().expect("a name");
        let shown = sandbox.run(&format!("schema show {name}")).assert(0).stdout.clone();
        assert!(shown.contains("secret = ["), "{name}");
        // Lines that a person reads.
        assert!(shown.lines().count() <= 45, "{name}");
        write(&sandbox, &shown);
        // It is of the form; the tables are others'.
        let refused = sandbox.run("schema check ./ours.toml");
        refused.assert(if shown.contains("sqlite") { 1 } else { 2 });
        assert!(!refused.stderr.contains("unknown field"), "{refused}");
    }
    sandbox.run("schema show knox").assert(2).says(&["hint: a similar name exists: django-knox"]);
    sandbox.run("schema show native").assert(2).says(&["no description has this name"]);
    sandbox.run("schema list -o ids").assert(2);
    sandbox.run("schema show doorkeeper -o json").assert(2);
    sandbox.run("--schema nobody --as root list").assert(2).says(&["'tokenctl schema list'"]);
}

#[test]
fn a_draft_passes_its_check_and_can_be_worked_with() {
    let sandbox = sandbox(APP);
    let before = fs::read(sandbox.store()).expect("a store");
    let draft = sandbox.run("schema draft").assert(0).stdout.clone();
    assert!(!draft.contains("SECRET") && !draft.contains("laptop"), "{draft}");
    write(&sandbox, &draft);
    let found = check(&sandbox, 0);
    for (key, value) in [
        ("description", json!("ours")),
        ("tokens", json!(3)),
        ("unreadable", json!(0)),
        ("with_same_id", json!(0)),
        ("owned", json!(3)),
        ("orphaned", json!(1)),
        ("never_read", json!(["api_tokens.token"])),
        ("administrators", json!(["root@example.org"])),
        ("revokes_by", json!("sets revoked, and updated_at to the present")),
        ("may_revoke", json!(true)),
    ] {
        assert_eq!(found[key], value, "{key}: {found}");
    }
    assert!(texts(&found["warnings"]).contains("1 tokens have an owner who is not there"));
    assert!(!texts(&found["reads"]).contains("api_tokens.token"), "{found}");
    let statement = found["statements"][0].as_str().expect("a statement");
    assert!(statement.starts_with("UPDATE \"api_tokens\" AS t SET \"revoked\" = TRUE"), "{found}");
    assert!(fs::read(sandbox.store()).expect("a store") == before, "it changes nothing");

    let line = "--schema ./ours.toml --as root@example.org";
    let listed = sandbox.run(&format!("{line} list -o json")).assert(0).json();
    assert_eq!(listed[1]["scopes"], json!(["read"]), "{listed}");
    assert_eq!(listed[2]["state"], json!("revoked"), "{listed}");
    assert_eq!(listed[2]["user_state"], json!("gone"), "{listed}");
    let revoke = format!("{line} --audit-log log revoke 2");
    sandbox.run(&format!("{line} revoke 2 --dry-run")).assert(0);
    sandbox.run(&revoke).assert(2).says(&["the draft still asks here", "take the '#?' away"]);
    write(&sandbox, &draft.replace("#?", "#"));
    let sha256 = check(&sandbox, 0)["sha256"].clone();
    sandbox.run(&revoke).assert(0);
    let log = fs::read_to_string(sandbox.home().join("log")).expect("a file");
    let sha256 = sha256.as_str().expect("a digest");
    assert!(log.contains(&format!("\"description_sha256\":\"{sha256}\"")), "{log}");
    // The events are the table's, whatever the file is called.
    fs::rename(sandbox.home().join("ours.toml"), sandbox.home().join("theirs.toml"))
        .expect("a file");
    let audit = "--schema ./theirs.toml --as root@example.org --audit-log log audit -o csv --columns target_id";
    assert_eq!(sandbox.run(audit).assert(0).stdout, "target_id\n2\n");
    let over = "--schema ./theirs.toml --as root@example.org report --output theirs.toml";
    sandbox.run(over).assert(2).says(&["it is the description"]);
}

#[test]
fn what_looks_wrong_is_said_before_anybody_trusts_it() {
    let tables = "
        CREATE TABLE keys (number INTEGER, label TEXT, secret TEXT, made INTEGER, used INTEGER);
        INSERT INTO keys VALUES (1, 'a', 'SECRET', 1700000000000, 0), (1, 'b', 'SECRET', 1700000001000, 0),
            (2, x'ff', 'SECRET', 1700000001000, 0);
    ";
    let sandbox = sandbox(tables);
    let file = r#"
        format = 1
        application = "Ours"
        databases = ["sqlite"]
        [tokens]
        table = "keys"
        secret = ["secret"]
        id = "number"
        name = "label"
        created = { column = "made", as = "seconds" }
        last_used = { column = "used", as = "seconds" }
        revoke = "delete"
    "#;
    write(&sandbox, file);
    let found = check(&sandbox, 1);
    assert_eq!((&found["unreadable"], &found["with_same_id"]), (&json!(1), &json!(2)), "{found}");
    let warnings = texts(&found["warnings"]);
    let says = |text: &str| assert!(warnings.iter().any(|it| it.contains(text)), "{text}: {found}");
    says("created_at reaches from 55840-");
    says("last_used_at reaches from 1970-01-01");
    says("is it in seconds or milliseconds");
    says("2 rows share their id with another");
    says("1 rows cannot be read");
    says("it tells no administrators");
    assert_eq!(found["may_revoke"], json!(true));
    // The one id finds two rows, so nobody can say which of them is meant.
    let line = "--schema ./ours.toml --as @operator --audit-log log";
    sandbox.run(&format!("{line} revoke 1 --yes")).assert(1).says(&["two rows have the id 1"]);
    let store = Connection::open(sandbox.store()).expect("a store");
    let left = store.query_row("SELECT count(*) FROM keys", [], |row| row.get::<_, i64>(0));
    assert_eq!(left, Ok(3));
}

#[test]
fn what_a_foreign_key_keeps_from_being_deleted_is_said() {
    let tables = "
        CREATE TABLE keys (id INTEGER PRIMARY KEY, label TEXT, secret TEXT);
        CREATE TABLE uses (id INTEGER PRIMARY KEY, key_id INTEGER REFERENCES keys (id));
        CREATE TABLE gone (id INTEGER PRIMARY KEY, key_id INTEGER REFERENCES keys (id) ON DELETE CASCADE);
    ";
    let file = "
        format = 1
        application = 'Ours'
        databases = ['sqlite', 'postgres']
        [tokens]
        table = 'keys'
        secret = ['secret']
        id = 'id'
        revoke = 'delete'
    ";
    let mut all = vec![sandbox(tables)];
    if let Some(cluster) = Cluster::shared() {
        let database = cluster.database("references", tables);
        all.push(Sandbox::without_store().with("TOKENCTL_DB", database.url("postgres")));
    }
    for sandbox in all {
        write(&sandbox, file);
        let found = check(&sandbox, 0);
        let said = texts(&found["warnings"]);
        let said: Vec<_> = said.iter().filter(|it| it.contains("foreign key")).collect();
        assert_eq!(said.len(), 1, "{found}");
        assert!(said[0].contains("also_delete = [\"uses(key_id = id)\"]"), "{found}");
        write(&sandbox, &format!("{file}\nalso_delete = ['uses(key_id = id)']"));
        assert!(!check(&sandbox, 0).to_string().contains("foreign key"));
    }
}

#[test]
fn where_nothing_looks_like_a_token_no_draft_is_made() {
    let sandbox = sandbox("CREATE TABLE users (id INTEGER PRIMARY KEY, password_hash TEXT);");
    sandbox.run("schema draft").assert(1).says(&["no table looks as if it held tokens"]);
    sandbox.run("schema check").assert(1).says(&["none of jupyterhub, gitea"]);
}

#[test]
fn a_server_is_drafted_and_checked_too() {
    let Some(cluster) = Cluster::shared() else { return };
    let tables =
        APP.replace("INTEGER PRIMARY KEY", "bigint PRIMARY KEY").replace("DATETIME", "timestamptz");
    let database = cluster.database("draft", &tables);
    let sandbox = Sandbox::without_store().with("TOKENCTL_DB", database.url("postgres"));
    write(&sandbox, &sandbox.run("schema draft").assert(0).stdout.replace("#?", "#"));
    let found = check(&sandbox, 0);
    assert_eq!(found["tokens"], json!(3), "{found}");
    assert_eq!(texts(&found["indexed"]), BTreeSet::from(["id", "token"]), "{found}");
    let line = "--schema ./ours.toml --as root@example.org --audit-log log revoke 1 2 --yes -o ids";
    assert_eq!(sandbox.run(line).assert(0).stdout, "1\n2\n");
}

#[test]
fn tokens_without_an_id_are_listed_and_revoked_by_a_filter_only() {
    let tables = "
        CREATE TABLE keys (label TEXT, secret TEXT PRIMARY KEY, made TIMESTAMP);
        INSERT INTO keys VALUES ('a', 'SECRET-1', '2022-01-01 00:00:00'),
            ('b', 'SECRET-2', '2023-01-01 00:00:00'), ('c', 'SECRET-3', '2024-01-01 00:00:00');
    ";
    let file = "
        format = 1
        application = 'Ours'
        databases = ['sqlite', 'postgres']
        [tokens]
        table = 'keys'
        secret = ['secret']
        name = 'label'
        created = 'made'
        revoke = 'delete'
    ";
    let in_a_file = sandbox(tables);
    let mut all = vec![in_a_file];
    if let Some(cluster) = Cluster::shared() {
        let database = cluster.database("without_id", tables);
        all.push(Sandbox::without_store().with("TOKENCTL_DB", database.url("postgres")));
    }
    for sandbox in all {
        write(&sandbox, file);
        let run = |line: &str| {
            sandbox.run(&format!("--schema ./ours.toml --as @operator --audit-log log {line}"))
        };
        let listed = run("list -o json").assert(0).json();
        assert_eq!(listed[0]["id"], Value::Null, "{listed}");
        assert_eq!(listed.as_array().map(Vec::len), Some(3));
        for line in
            ["show 1", "revoke 1", "list -o ids", "revoke --search a --yes -o ids", "audit 1"]
        {
            let refused = run(line);
            assert!(refused.assert(2).stderr.contains("the store's tokens have n"), "{refused}");
        }
        run("revoke --created-before 2023-06-01 --yes").assert(0).says(&["revoked 2 "]);
        let left = run("list -o csv --columns name").assert(0).stdout.clone();
        assert_eq!(left, "name\nc\n");
        let events = run("audit -o csv --columns target_id,target_name,outcome");
        assert_eq!(
            events.assert(0).stdout,
            "target_id,target_name,outcome\n,b,revoked\n,a,revoked\n"
        );
    }
}

/// Keys without an id, and a description of them that still needs to say how they are revoked.
const KEYS: &str = "
    CREATE TABLE keys (label TEXT, secret TEXT, made TIMESTAMP, off BOOLEAN, ended TIMESTAMP);
    INSERT INTO keys VALUES ('a', 'SECRET-1', '2022-01-01 00:00:00', FALSE, NULL),
        ('b', 'SECRET-2', '2023-01-01 00:00:00', FALSE, NULL),
        ('c', 'SECRET-3', '2024-01-01 00:00:00', FALSE, NULL);
";
const KEYS_FILE: &str = "
    format = 1
    application = 'Ours'
    databases = ['sqlite', 'postgres']
    [tokens]
    table = 'keys'
    secret = ['secret']
    name = 'label'
    created = 'made'
";
const OF_KEYS: &str = "--schema ./ours.toml --as @operator --audit-log log";

/// Asks a database for a text.
type Ask = Box<dyn Fn(&str) -> String>;

/// The keys in a file, and on a server where there is one.
fn keys(more: &str) -> Vec<(Sandbox, Ask)> {
    let in_a_file = sandbox(KEYS);
    let store = in_a_file.store();
    let ask_file = move |query: &str| {
        let connection = Connection::open(&store).expect("a store");
        let mut statement = connection.prepare(query).expect("SQL");
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).expect("rows");
        rows.collect::<Result<Vec<_>, _>>().expect("texts").join("\n")
    };
    write(&in_a_file, &format!("{KEYS_FILE}{more}"));
    let mut all: Vec<(Sandbox, Ask)> = vec![(in_a_file, Box::new(ask_file))];
    if let Some(cluster) = Cluster::shared() {
        let database = cluster.database("without_id", KEYS);
        let sandbox = Sandbox::without_store().with("TOKENCTL_DB", database.url("postgres"));
        write(&sandbox, &format!("{KEYS_FILE}{more}"));
        all.push((sandbox, Box::new(move |query| database.sql(query))));
    }
    all
}

#[test]
fn tokens_without_an_id_are_revoked_by_each_change_of_their_rows() {
    let changes = [
        ("revoke = { set = 'off' }", "off"),
        ("expires = 'ended'\nrevoke = { expire = 'ended' }", "ended IS NOT NULL"),
        ("revoke = { stamp = 'ended' }", "ended IS NOT NULL"),
        ("revoke = { erase = 'secret' }", "secret IS NULL"),
    ];
    for (change, is_revoked) in changes {
        for (sandbox, ask) in keys(change) {
            let line = format!("{OF_KEYS} revoke --created-before 2023-06-01 --batch-size 1");
            let dry = sandbox.run(&format!("{line} -n"));
            dry.assert(0).says(&["would revoke 2 "]);
            sandbox.run("schema check ./ours.toml").assert(0);
            sandbox.run(&format!("{line} --yes")).assert(0).says(&["revoked 2 "]);
            let query = format!("SELECT label FROM keys WHERE {is_revoked} ORDER BY label");
            assert_eq!(ask(&query), "a\nb", "{change}");
            let columns = "target_name,outcome";
            let events = sandbox.run(&format!("{OF_KEYS} audit -o csv --columns {columns}"));
            assert_eq!(events.assert(0).stdout, format!("{columns}\nb,revoked\na,revoked\n"));
        }
    }
}

#[test]
fn what_a_trigger_makes_of_tokens_without_an_id_is_read_back() {
    let Some(cluster) = Cluster::shared() else { return };
    let on_update = |time: &str, body: &str| {
        format!(
            "{KEYS}
            CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$;
            CREATE TRIGGER meddles {time} UPDATE ON keys FOR EACH ROW
                WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION meddle();"
        )
    };
    let again = "UPDATE public.keys SET off = FALSE WHERE label = NEW.label; RETURN NULL;";
    for (time, body) in
        [("BEFORE", "RETURN NULL;"), ("BEFORE", "NEW.off := FALSE; RETURN NEW;"), ("AFTER", again)]
    {
        let database = cluster.database("without_id_kept", &on_update(time, body));
        let sandbox = Sandbox::without_store().with("TOKENCTL_DB", database.url("postgres"));
        write(&sandbox, &format!("{KEYS_FILE}revoke = {{ set = 'off' }}"));
        let ran = sandbox.run(&format!("{OF_KEYS} revoke --search a --yes"));
        let message = &ran.assert(1).stderr;
        assert!(message.contains("the database keeps"), "{time} {body}: {message}");
        assert_eq!(database.sql("SELECT count(*) FROM keys WHERE off"), "0", "{time} {body}");
    }
}
