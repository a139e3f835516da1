//! Files that are stores and files that are none, locks, and what the store
//! itself holds to.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use rusqlite::Connection;

use crate::support::{NOBODY, Sandbox, Transcript};

fn run_args(sandbox: &Sandbox, args: &[&str]) -> Transcript {
    sandbox.run_command(&args.join(" "), &mut sandbox.command(args))
}

/// Everything in the sandbox's directory, with its size.
fn files(sandbox: &Sandbox) -> Vec<(String, u64)> {
    let entries = std::fs::read_dir(sandbox.home()).expect("a directory");
    let mut files: Vec<_> = entries
        .map(|entry| {
            let entry = entry.expect("an entry");
            let size = entry.path().symlink_metadata().expect("its size").len();
            (entry.file_name().to_string_lossy().into_owned(), size)
        })
        .collect();
    files.sort();
    files
}

/// Runs every kind of command on a file that is no store; each says so in one
/// line, and leaves the directory as it was.
#[track_caller]
fn assert_no_store(sandbox: &Sandbox, path: &str, parts: &[&str]) {
    let before = files(sandbox);
    for line in ["list", "show 1", "revoke 1", "revoke 1 2 -n", "deploy-tokens list -o json"] {
        let mut args = vec!["--as", "root", "--db", path];
        args.extend(line.split(' '));
        let ran = run_args(sandbox, &args);
        assert_eq!(ran.assert(1).says(parts).stdout, "", "{ran}");
        let (messages, hints): (Vec<_>, Vec<_>) =
            ran.stderr.lines().partition(|line| line.starts_with("tokenctl: "));
        assert_eq!(messages.len(), 1, "{ran}");
        assert!(hints.iter().all(|line| line.starts_with("hint: ")), "{ran}");
        assert!(messages[0].contains(path), "the store is named: {ran}");
    }
    assert_eq!(files(sandbox), before);
}

/// Puts the store into one file, as a backup would be, and gives its bytes.
fn bytes(sandbox: &Sandbox) -> Vec<u8> {
    sandbox.sql("PRAGMA wal_checkpoint(TRUNCATE)");
    std::fs::read(sandbox.store()).expect("the store")
}

#[test]
fn a_missing_file_is_not_created() {
    let sandbox = Sandbox::without_store();
    symlink("nowhere", sandbox.home().join("dangling")).expect("a link");
    for path in ["missing.db", "sqlite:missing.db", "no/such/directory.db", "dangling"] {
        let shown = path.trim_start_matches("sqlite:");
        assert_no_store(&sandbox, shown, &["no such file"]);
        run_args(&sandbox, &["--as", "root", "--db", path, "list"]).assert(1);
    }
    assert_eq!(files(&sandbox), [("dangling".into(), 7)]);
}

#[test]
fn what_is_no_store_is_refused_in_one_line() {
    let sandbox = Sandbox::without_store();
    let home = sandbox.home();
    std::fs::create_dir(home.join("directory")).expect("a directory");
    std::fs::write(home.join("empty"), "").expect("a file");
    std::fs::write(home.join("blank"), "\n").expect("a file");
    std::fs::write(home.join("text"), "id,name\n".repeat(1000)).expect("a file");
    std::fs::write(home.join("zeros"), [0; 8192]).expect("a file");
    std::fs::write(home.join("magic"), b"SQLite format 3\0").expect("a file");
    let made = Command::new("mkfifo").arg(home.join("pipe")).status().expect("mkfifo runs");
    assert!(made.success());
    for path in ["directory", "empty", "blank", "text", "zeros", "magic", "pipe"] {
        assert_no_store(&sandbox, path, &["cannot open store"]);
    }
    assert_no_store(&sandbox, "/dev/null", &["cannot open store"]);
    assert_no_store(&sandbox, "directory", &["is a directory"]);
    assert_no_store(&sandbox, "empty", &["empty"]);
    assert_no_store(&sandbox, "text", &["not a database"]);
}

#[test]
fn a_truncated_store_is_refused_in_one_line() {
    let sandbox = Sandbox::new();
    let whole = bytes(&sandbox);
    for size in [1, 16, 99, 100, 512, 4095, 4096, 4097, 8192, whole.len() / 2, whole.len() - 4096] {
        std::fs::write(sandbox.home().join("cut"), &whole[..size]).expect("a file");
        // -wal and -shm beside it do no harm: SQLite makes them before it looks.
        for line in ["list -o json", "show 1", "revoke 1 2 -y", "deploy-tokens list"] {
            let ran = sandbox.run(&format!("--as root --db cut {line}"));
            ran.assert(1).says(&["cut"]);
            assert!(!ran.stderr.contains("panicked"), "{size}: {ran}");
            let messages = ran.stderr.lines().filter(|line| !line.starts_with("hint: "));
            assert_eq!(messages.count(), 1, "{size}: {ran}");
            assert_eq!(ran.stdout, "", "{size}: {ran}");
        }
        let kept = std::fs::read(sandbox.home().join("cut")).expect("a file");
        assert_eq!(kept, whole[..size], "a damaged file is left as it is");
    }
}

#[test]
fn a_store_of_another_version_is_refused() {
    let sandbox = Sandbox::new();
    for (version, parts) in [
        (2, &["newer", "version 2"][..]),
        (i32::MAX, &["newer"]),
        (0, &["version 0"]),
        (-1, &["version"]),
    ] {
        sandbox.sql(&format!("PRAGMA user_version = {version}; PRAGMA wal_checkpoint(TRUNCATE)"));
        for line in ["list", "revoke 1", "show 1"] {
            sandbox.run(&format!("--as root {line}")).assert(1).says(parts);
        }
    }
    assert_eq!(sandbox.value("SELECT count(*) FROM audit_events"), "0");
}

#[test]
fn another_programs_database_is_refused() {
    let sandbox = Sandbox::without_store();
    let other = Connection::open(sandbox.home().join("other.db")).expect("a database");
    other.execute_batch("CREATE TABLE personal_access_tokens (id INTEGER)").expect("a table");
    assert_no_store(&sandbox, "other.db", &["another program"]);
    other.execute_batch("PRAGMA application_id = 252006675; PRAGMA user_version = 1").expect("ids");
    assert_no_store(&sandbox, "other.db", &["another program"]);
    other.execute_batch("PRAGMA application_id = 0x746F6B6E").expect("an id");
    assert_no_store(&sandbox, "other.db", &["incomplete"]);
}

#[test]
fn a_store_without_one_of_its_columns_is_refused() {
    for (change, parts) in [
        (
            "ALTER TABLE personal_access_tokens DROP COLUMN description",
            &["description", "personal_access_tokens"][..],
        ),
        ("ALTER TABLE audit_events DROP COLUMN reason", &["reason", "audit_events"]),
        ("ALTER TABLE users RENAME COLUMN user_type TO kind", &["user_type", "users"]),
        ("DROP TABLE members", &["members"]),
        ("DROP TABLE deploy_tokens", &["deploy_tokens"]),
    ] {
        let sandbox = Sandbox::new();
        sandbox.sql(change);
        for line in ["list", "revoke 1", "deploy-tokens list"] {
            sandbox.run(&format!("--as root {line}")).assert(1).says(&["incomplete"]).says(parts);
        }
    }
    // What it does not know is not its business.
    let sandbox = Sandbox::new();
    sandbox.sql(
        "ALTER TABLE personal_access_tokens ADD COLUMN note TEXT;
         CREATE TABLE sessions (id INTEGER PRIMARY KEY)",
    );
    sandbox.run("--as root list").assert(0);
    sandbox.run("--as root revoke 1").assert(0);
}

/// The program as a user that owns the store and is not root, who would be
/// refused nothing.
fn unprivileged(sandbox: &Sandbox) -> Command {
    if nix::unistd::geteuid().is_root() {
        sandbox.give_to(NOBODY);
        sandbox.command_of(NOBODY, ["--as", "root"])
    } else {
        sandbox.command(["--as", "root"])
    }
}

#[test]
fn a_revoke_on_a_file_that_may_only_be_read_fails_at_once() {
    let sandbox = Sandbox::new();
    sandbox.sql("PRAGMA journal_mode = DELETE");
    let read_only = std::fs::Permissions::from_mode(0o444);
    std::fs::set_permissions(sandbox.store(), read_only).expect("permissions");
    let run = |line: &str| {
        let mut command = unprivileged(&sandbox);
        command.args(line.split(' '));
        sandbox.run_command(line, &mut command)
    };
    assert_eq!(run("list -o ids").assert(0).ids().len(), 16);
    assert_eq!(run("revoke 1 2 -n -o ids").assert(0).ids(), [1, 2]);
    for line in ["revoke 1", "revoke 1 2 -y -o json", "deploy-tokens revoke 1"] {
        let ran = run(line);
        assert_eq!(ran.assert(1).says(&["cannot open store", "permission"]).stdout, "", "{ran}");
    }
    assert_eq!(sandbox.value("SELECT revoked FROM personal_access_tokens WHERE id = 1"), "0");
}

#[test]
fn init_makes_a_store_of_the_documented_form() {
    let sandbox = Sandbox::without_store();
    let ran = sandbox.run("init");
    assert_eq!(ran.assert(0).stdout, "", "{ran}");
    assert_eq!(files(&sandbox).len(), 1, "no -wal or -shm is left: {:?}", files(&sandbox));
    let mode = sandbox.store().metadata().expect("the store").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "nobody else reads it");
    for (pragma, expected) in [
        ("application_id", 0x746F_6B6E.to_string()),
        ("user_version", "1".into()),
        ("journal_mode", "wal".into()),
        ("integrity_check", "ok".into()),
        ("encoding", "UTF-8".into()),
    ] {
        assert_eq!(sandbox.value(&format!("PRAGMA {pragma}")), expected, "{pragma}");
    }
    let loose = "SELECT count(*) FROM pragma_table_list
                 WHERE schema = 'main' AND type = 'table' AND NOT strict AND name NOT LIKE 'sqlite%'";
    assert_eq!(sandbox.value(loose), "0", "all tables are strict");
    sandbox.run("--db sample.db init --sample=3").assert(0);
    let ran = sandbox.run("--db sample.db --as root list -o ids");
    assert_eq!(ran.assert(0).ids(), [1, 2, 3]);
}

#[test]
fn init_never_writes_over_what_exists() {
    let sandbox = Sandbox::new();
    let home = sandbox.home();
    std::fs::write(home.join("file"), "precious").expect("a file");
    std::fs::write(home.join("empty"), "").expect("a file");
    std::fs::create_dir(home.join("directory")).expect("a directory");
    symlink("nowhere", home.join("dangling")).expect("a link");
    symlink("file", home.join("link")).expect("a link");
    let before = files(&sandbox);
    for path in ["file", "empty", "directory", "dangling", "link", "store.db", ".", "directory/.."]
    {
        for sample in ["init", "init --sample=5"] {
            let ran = sandbox.run(&format!("--db {path} {sample}"));
            assert_eq!(ran.assert(1).says(&["exists"]).stdout, "", "{ran}");
        }
    }
    for path in ["no/such/parent.db", "file/below.db", "directory/x/"] {
        let ran = sandbox.run(&format!("--db {path} init"));
        ran.assert(1).says(&["cannot create store", path]);
        assert_eq!(ran.stderr.lines().count(), 1, "{ran}");
    }
    assert_eq!(files(&sandbox), before);
    assert_eq!(std::fs::read(home.join("file")).expect("a file"), b"precious");
    assert_eq!(sandbox.run("--as root list -o ids").ids().len(), 16);
}

/// Whoever moved a store away may have left its log: SQLite would play it into
/// the new store.
#[test]
fn init_does_not_take_up_the_log_of_a_store_that_was_there() {
    let sandbox = Sandbox::new();
    // An application that is killed leaves such a log.
    let application = sandbox.connection();
    application.execute_batch("UPDATE users SET name = name || ' changed'").expect("a write");
    let log = sandbox.home().join("store.db-wal");
    let kept = std::fs::read(&log).expect("a log");
    assert!(!kept.is_empty());
    std::fs::write(sandbox.home().join("new.db-wal"), &kept).expect("a log");
    drop(application);
    let ran = sandbox.run("--db new.db init");
    if ran.status == 0 {
        let store = Connection::open(sandbox.home().join("new.db")).expect("a store");
        let check: Result<String, _> =
            store.query_row("PRAGMA integrity_check", [], |row| row.get(0));
        let users: Result<i64, _> =
            store.query_row("SELECT count(*) FROM users", [], |row| row.get(0));
        assert_eq!((check, users), (Ok("ok".into()), Ok(0)), "a new store is empty: {ran}");
    } else {
        ran.assert(1).says(&["new.db-wal"]);
    }
}

#[test]
fn a_path_is_taken_as_it_is() {
    let sandbox = Sandbox::without_store();
    std::fs::create_dir(sandbox.home().join("sub directory")).expect("a directory");
    let names = [
        "relative.db",
        "./dotted.db",
        "sub directory/with spaces.db",
        "ünïcode – 漢字.db",
        "what?mode=memory&cache=shared",
        "100%25.db",
        "#fragment.db",
        "quote'\"s.db",
        "back\\slash.db",
        "./file:x.db",
        "./:memory:",
        "a:b.db",
        "sqlite:prefixed.db",
        "sqlite:./sqlite:twice.db",
        "./snap:daily@host.db",
        "sqlite:./snap:weekly@host.db",
        "./password=x.db",
        "sqlite:///alchemy.db",
        "sqlite+pysqlite:///sub directory/alchemy.db",
        "$HOME.db",
        "~.db",
        "*.db",
    ];
    for name in names {
        let ran = run_args(&sandbox, &["--db", name, "init", "--sample=2"]);
        ran.assert(0);
        let path = name.split_once(":///").map_or(name, |(_, path)| path);
        let file = sandbox.home().join(path.strip_prefix("sqlite:").unwrap_or(path));
        assert!(file.is_file(), "{ran}");
        let ran = run_args(&sandbox, &["--db", name, "--as", "root", "list", "-o", "ids"]);
        assert_eq!(ran.assert(0).ids(), [1, 2], "{ran}");
        run_args(&sandbox, &["--db", name, "--as", "root", "revoke", "1"]).assert(0);
        let ran = run_args(&sandbox, &["--db", name, "init"]);
        ran.assert(1).says(&["exists"]);
        let mut command = sandbox.command(["--as", "root", "show", "1", "-o", "jsonl"]);
        let ran = sandbox.run_command(name, command.env("TOKENCTL_DB", name));
        assert_eq!(ran.assert(0).json()["revoked"], true, "{ran}");
    }
    // A file that is there is one, whatever else its name may look like.
    for name in ["snap:daily@host.db", "sqlite:snap:daily@host.db", "sqlite:///snap:daily@host.db"]
    {
        let ran = run_args(&sandbox, &["--db", name, "--as", "root", "list", "-o", "ids"]);
        assert_eq!(ran.assert(0).ids(), [1, 2], "{ran}");
    }
    // Four slashes name an absolute path, and what is behind a '?' is SQLAlchemy's.
    for query in ["", "?timeout=20&check_same_thread=false"] {
        let name = format!("sqlite:///{}{query}", sandbox.home().join("alchemy.db").display());
        let ran = run_args(&sandbox, &["--db", &name, "--as", "root", "list", "-o", "ids"]);
        assert_eq!(ran.assert(0).ids(), [1, 2], "{ran}");
    }
    // What `init` suggests can be pasted into a shell.
    let ran = run_args(&sandbox, &["--db", "it's $(new).db", "init", "--sample=2"]);
    let line = ran.stderr.lines().nth(1).expect("a suggestion").trim();
    let words = shell_words::split(line).expect(line);
    assert_eq!(words[..3], ["tokenctl", "--db", "it's $(new).db"], "{ran}");
    // A link leads to the store.
    symlink("relative.db", sandbox.home().join("link.db")).expect("a link");
    run_args(&sandbox, &["--db", "link.db", "--as", "root", "revoke", "2"]).assert(0);
    let ran =
        run_args(&sandbox, &["--db", "relative.db", "--as", "root", "show", "2", "-o", "json"]);
    assert_eq!(ran.json()["revoked"], true);
}

#[test]
fn a_locked_store_is_said_to_be_locked() {
    let sandbox = Sandbox::new();
    let hold = |mode: &str, begin: &str| {
        sandbox.sql(&format!("PRAGMA journal_mode = {mode}"));
        let application = sandbox.connection();
        application.execute_batch(begin).expect(begin);
        application
    };
    let locked = |line: &str| {
        let ran = sandbox.run(&format!("--as root --busy-timeout 0s {line}"));
        assert_eq!(ran.assert(75).says(&["locked", "--busy-timeout"]).stdout, "", "{ran}");
    };
    let application = hold("DELETE", "BEGIN EXCLUSIVE");
    for line in ["list", "list -q", "show 1", "revoke 1", "revoke 1 2 -y", "deploy-tokens list"] {
        locked(line);
    }
    application.execute_batch("ROLLBACK").expect("the end");
    drop(application);

    let application = hold("DELETE", "BEGIN IMMEDIATE");
    assert_eq!(sandbox.run("--as root --busy-timeout 0s list -o ids").assert(0).ids().len(), 16);
    let dry = sandbox.run("--as root --busy-timeout 0s revoke 1 2 -n -o ids");
    assert_eq!(dry.assert(0).ids(), [1, 2], "a dry run needs no lock");
    let ran = sandbox.run("--as root --busy-timeout 0s revoke 1 2 -y -o json");
    assert_eq!(ran.assert(75).json(), serde_json::json!([]), "{ran}");
    drop(application);

    // In WAL mode a writer blocks no list, and a revoke all the same.
    let application = hold("WAL", "BEGIN IMMEDIATE; UPDATE users SET name = 'x'");
    assert_eq!(sandbox.run("--as root --busy-timeout 0s list -o ids").assert(0).ids().len(), 16);
    sandbox.run("--as root --busy-timeout 0s show 1").assert(0);
    let ran = sandbox.run("--as root --busy-timeout 0s revoke 1");
    ran.assert(75).says(&["locked", "0 of 1"]);
    drop(application);
    assert_eq!(sandbox.value("SELECT sum(revoked) FROM personal_access_tokens"), "2");
    sandbox.run("--as root --busy-timeout 0s revoke 1").assert(0);
}

#[test]
fn a_reader_does_not_block_a_revoke() {
    let sandbox = Sandbox::new();
    let application = sandbox.connection();
    application.execute_batch("BEGIN; SELECT count(*) FROM users").expect("a snapshot");
    let seen: i64 =
        application.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).expect("users");
    assert_eq!(seen, 9);
    sandbox.run("--as root --busy-timeout 0s revoke 1").assert(0);
}

/// What a run must leave alone.
fn settings(sandbox: &Sandbox) -> [String; 6] {
    [
        "PRAGMA journal_mode",
        "PRAGMA schema_version",
        "PRAGMA user_version",
        "PRAGMA application_id",
        "PRAGMA page_size",
        "SELECT group_concat(name || coalesce(sql, ''), x'0a') FROM sqlite_schema",
    ]
    .map(|query| sandbox.value(query))
}

#[test]
fn the_settings_and_the_schema_are_left_as_they_are() {
    for mode in ["DELETE", "TRUNCATE", "PERSIST", "WAL"] {
        let sandbox = Sandbox::new();
        sandbox.sql(&format!("PRAGMA journal_mode = {mode}"));
        let before = settings(&sandbox);
        for line in [
            "list",
            "list -o json --search a",
            "show 1",
            "deploy-tokens list",
            "revoke 1 2 -n",
            "revoke 1 2 999 -y",
            "deploy-tokens revoke 1",
        ] {
            sandbox.run(&format!("--as root {line}"));
            assert_eq!(settings(&sandbox), before, "{mode}: {line}");
        }
        let wal = sandbox.home().join("store.db-wal").exists();
        assert!(mode == "WAL" || !wal, "{mode}");
    }
}

#[test]
fn a_list_writes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.sql("PRAGMA journal_mode = DELETE");
    let before = (bytes(&sandbox), files(&sandbox));
    for line in ["list", "show 1", "revoke 1 2 3 -n", "deploy-tokens list", "list --search x"] {
        sandbox.run(&format!("--as root {line}")).assert(0);
    }
    assert_eq!((bytes(&sandbox), files(&sandbox)), before);
}

fn refused(sandbox: &Sandbox, statement: &str) -> String {
    let done = sandbox.connection().execute_batch(statement);
    done.expect_err(statement).to_string()
}

#[test]
fn a_revoked_token_stays_revoked() {
    let sandbox = Sandbox::new();
    sandbox.run("--as root revoke 1").assert(0);
    sandbox.run("--as root deploy-tokens revoke 1").assert(0);
    for (table, id) in [("personal_access_tokens", 1), ("deploy_tokens", 1)] {
        for set in ["revoked = 0", "revoked = 0, name = 'stale'", "name = 'x', revoked = FALSE"] {
            sandbox.sql(&format!("UPDATE {table} SET {set} WHERE id = {id}"));
            let revoked = format!("SELECT revoked FROM {table} WHERE id = {id}");
            assert_eq!(sandbox.value(&revoked), "1", "{table}: {set}");
        }
        let name = format!("SELECT name FROM {table} WHERE id = {id}");
        assert_eq!(sandbox.value(&name), "x", "the rest of the update holds");
    }
    // An upsert is an update; a whole table of them too.
    sandbox.sql(
        "INSERT INTO personal_access_tokens (id, user_id, name) VALUES (1, 2, 'y')
             ON CONFLICT (id) DO UPDATE SET revoked = 0;
         UPDATE personal_access_tokens SET revoked = 0;
         UPDATE deploy_tokens SET revoked = 0",
    );
    assert_eq!(sandbox.value("SELECT sum(revoked) FROM personal_access_tokens"), "3");
    assert_eq!(sandbox.value("SELECT sum(revoked) FROM deploy_tokens"), "3");
}

#[test]
fn audit_events_can_be_added_and_nothing_else() {
    let sandbox = Sandbox::new();
    sandbox.run("--as root revoke 1 2 -y").assert(0);
    let row = "(run_id, action, actor_id, actor, os_user, target_type, target_id, target_name)
               VALUES ('r', 'revoke', 1, 'forged', '', '', 1, '')";
    let with_id = row.replacen('(', "(id, ", 2).replace("(id, 'r'", "(1, 'r'");
    for statement in [
        "UPDATE audit_events SET actor = 'forged'",
        "UPDATE audit_events SET reason = NULL WHERE id = 1",
        "UPDATE OR REPLACE audit_events SET id = 1 WHERE id = 2",
        "UPDATE OR IGNORE audit_events SET id = 99 WHERE id = 2",
        "DELETE FROM audit_events",
        "DELETE FROM audit_events WHERE id = 1",
        &format!("INSERT OR REPLACE INTO audit_events {with_id}"),
        &format!("REPLACE INTO audit_events {with_id}"),
        &format!("INSERT OR IGNORE INTO audit_events {with_id}"),
        &format!("INSERT INTO audit_events {with_id} ON CONFLICT (id) DO UPDATE SET actor = 'x'"),
        &format!("PRAGMA recursive_triggers = ON; REPLACE INTO audit_events {with_id}"),
    ] {
        let error = refused(&sandbox, statement);
        assert!(error.contains("audit events cannot be"), "{statement}: {error}");
    }
    let kept = "SELECT count(*) || group_concat(DISTINCT actor) FROM audit_events";
    assert_eq!(sandbox.value(kept), "2root");
    sandbox.sql(&format!("INSERT INTO audit_events {row}"));
    assert_eq!(sandbox.value("SELECT max(id) FROM audit_events"), "3");
    // They outlive the users and tokens that they name.
    sandbox.sql("PRAGMA foreign_keys = ON; DELETE FROM users");
    assert_eq!(sandbox.value("SELECT count(*) FROM personal_access_tokens"), "0");
    assert_eq!(sandbox.value("SELECT count(*) FROM audit_events"), "3");
}

#[test]
fn the_store_refuses_what_is_no_time() {
    let sandbox = Sandbox::new();
    let instants = [
        "",
        "2021-02-29T00:00:00.000Z",
        "2024-03-15T24:00:00.000Z",
        "2024-03-15T12:60:00.000Z",
        "2024-03-15T12:00:60.000Z",
        "2024-13-01T00:00:00.000Z",
        "2024-03-15T12:00:00Z",
        "2024-03-15T12:00:00.000",
        "2024-03-15T12:00:00.000000Z",
        "2024-03-15 12:00:00.000Z",
        "2024-03-15T12:00:00.000+00:00",
        "2024-03-15",
        "now",
        "1710504000",
    ];
    let dates = [
        "",
        "2021-02-29",
        "2024-02-30",
        "2024-04-31",
        "2024-3-15",
        "2024-00-01",
        "2024-13-01",
        "2024-03-15T00:00:00.000Z",
        "2024-03-15 ",
        "20240315",
        "today",
        "24:00",
    ];
    let instant = [
        ("personal_access_tokens", "created_at"),
        ("personal_access_tokens", "updated_at"),
        ("personal_access_tokens", "last_used_at"),
        ("deploy_tokens", "created_at"),
        ("deploy_tokens", "expires_at"),
        ("users", "created_at"),
    ];
    let checks = instant.iter().flat_map(|it| instants.iter().map(move |value| (it, value)));
    let date = ("personal_access_tokens", "expires_at");
    for ((table, column), value) in checks.chain(dates.iter().map(|value| (&date, value))) {
        let error = refused(&sandbox, &format!("UPDATE {table} SET {column} = '{value}'"));
        assert!(error.contains("CHECK constraint"), "{table}.{column} = {value:?}: {error}");
    }
    sandbox.sql(
        "UPDATE personal_access_tokens SET expires_at = '2024-02-29', last_used_at = NULL,
             created_at = '2024-02-29T23:59:59.999Z', updated_at = '0000-01-01T00:00:00.000Z';
         UPDATE personal_access_tokens SET expires_at = '9999-12-31'",
    );
    sandbox.run("--as root list").assert(0);
}

#[test]
fn the_store_refuses_what_is_no_token() {
    let sandbox = Sandbox::new();
    for statement in [
        "UPDATE personal_access_tokens SET scopes = 'api'",
        "UPDATE personal_access_tokens SET scopes = '{\"api\":1}'",
        "UPDATE personal_access_tokens SET scopes = NULL",
        "UPDATE personal_access_tokens SET revoked = 2",
        "UPDATE personal_access_tokens SET revoked = NULL",
        "UPDATE personal_access_tokens SET impersonation = 'x'",
        "UPDATE personal_access_tokens SET name = NULL",
        "UPDATE personal_access_tokens SET name = x'ff'",
        "UPDATE personal_access_tokens SET token_digest = 'same'",
        "UPDATE users SET username = ''",
        "UPDATE users SET username = 'OLIVE' WHERE id = 3",
        "UPDATE users SET state = 'gone'",
        "UPDATE users SET user_type = 'robot'",
        "UPDATE members SET access_level = 35",
        "UPDATE members SET group_id = 1, project_id = 1",
        "UPDATE deploy_tokens SET group_id = 1, project_id = 1",
        "UPDATE deploy_tokens SET group_id = NULL, project_id = NULL",
        "INSERT INTO members VALUES (2, 1, NULL, 50)",
        "INSERT INTO projects (full_path) VALUES ('TOP/APP')",
        "INSERT INTO personal_access_tokens (id, user_id, name) VALUES (0, 1, '')",
        "INSERT INTO personal_access_tokens (id, user_id, name) VALUES (-5, 1, '')",
        "PRAGMA foreign_keys = ON;
         INSERT INTO personal_access_tokens (user_id, name) VALUES (999, '')",
    ] {
        let error = refused(&sandbox, statement);
        let known = ["constraint failed", "cannot store"].iter().any(|it| error.contains(it));
        assert!(known, "{statement}: {error}");
    }
}

#[test]
fn an_id_is_never_given_twice() {
    let sandbox = Sandbox::new();
    for (table, owner) in [("personal_access_tokens", "user_id"), ("deploy_tokens", "project_id")] {
        let last = sandbox.value(&format!("SELECT max(id) FROM {table}"));
        sandbox.sql(&format!(
            "DELETE FROM {table} WHERE id > 1;
             INSERT INTO {table} ({owner}, name) VALUES (1, 'new')"
        ));
        let next = sandbox.value(&format!("SELECT max(id) - 1 FROM {table}"));
        assert_eq!(next, last, "{table}");
    }
}

#[test]
fn an_orphan_is_listed_and_can_be_revoked() {
    let sandbox = Sandbox::new();
    sandbox.sql_unchecked(
        "DELETE FROM users WHERE username = 'sam';
         DELETE FROM projects WHERE id = 1; DELETE FROM groups WHERE id = 4",
    );
    let tokens = sandbox.run("--as root list --except-user root -o json").assert(0).json();
    let orphans: Vec<_> = tokens
        .as_array()
        .expect("an array")
        .iter()
        .filter(|token| token["username"].is_null())
        .map(|token| (token["id"].clone(), token["user_id"].clone()))
        .collect();
    assert_eq!(orphans, [(9.into(), 3.into()), (10.into(), 3.into())]);
    let ran = sandbox.run("--as root list -o csv --search sure");
    assert!(ran.assert(0).stdout.ends_with(",false,,active,,gone\n"), "{ran}");
    sandbox.run("--as root show 9").assert(0);
    for filter in ["--user-type human", "--user olive"] {
        let ran = sandbox.run(&format!("--as root list -o ids {filter}"));
        assert!(!ran.assert(0).ids().contains(&9), "{ran}");
    }
    let ran = sandbox.run("--as root revoke 9 -o csv");
    assert!(ran.assert(0).stdout.contains("\n9,100%_sure,3,,revoked,"), "{ran}");
    let event = "SELECT target_name || target_user_id FROM audit_events";
    assert_eq!(sandbox.value(event), "100%_sure3");

    let deploy = sandbox.run("--as root deploy-tokens list -o json").assert(0).json();
    for (index, id) in [(0, 1), (1, 2), (6, 7)] {
        let token = &deploy[index];
        assert_eq!(token["id"], id);
        assert!(token["project"].is_null() && token["group"].is_null(), "{token}");
    }
    sandbox.run("--as root deploy-tokens revoke 1 7 -y").assert(0);
    // Nobody but an administrator has a claim to them.
    sandbox.run("--as olive deploy-tokens show 1").assert(4);
    sandbox.run("--as olive deploy-tokens revoke 2").assert(4);
}

#[test]
fn a_revocation_and_its_event_are_in_one_transaction() {
    let sandbox = Sandbox::new();
    sandbox.sql(
        "CREATE TRIGGER broken BEFORE INSERT ON audit_events WHEN NEW.target_id IN (3, 5)
         BEGIN SELECT RAISE(ABORT, 'no room for events'); END",
    );
    for line in ["revoke 3", "revoke 1 2 3 4 -y", "deploy-tokens revoke 1 2 3 -y"] {
        for (format, expected) in [("ids", ""), ("json", "[]\n"), ("jsonl", "")] {
            let ran = sandbox.run(&format!("--as root -o {format} {line}"));
            assert_eq!(
                ran.assert(1).says(&["a trigger of the database refuses it"]).stdout,
                expected,
                "{ran}"
            );
        }
    }
    let state = "SELECT (SELECT sum(revoked) FROM personal_access_tokens) || ' ' ||
                        (SELECT sum(revoked) FROM deploy_tokens) || ' ' ||
                        (SELECT count(*) FROM audit_events)";
    assert_eq!(sandbox.value(state), "2 2 0", "nothing is half done");
    // Nor when the events go in and the tokens do not.
    sandbox.sql(
        "DROP TRIGGER broken;
         CREATE TRIGGER held BEFORE UPDATE OF revoked ON personal_access_tokens WHEN NEW.id = 4
         BEGIN SELECT RAISE(IGNORE); END",
    );
    let ran = sandbox.run("--as root revoke 1 2 4 -y -o ids");
    assert_eq!(ran.assert(1).stdout, "", "{ran}");
    assert_eq!(sandbox.value(state), "2 2 0");
}

#[test]
fn a_batch_that_fails_leaves_those_before_it_done() {
    let sandbox = Sandbox::with_empty_store();
    sandbox.sql(
        "INSERT INTO users (id, username, admin) VALUES (1, 'root', 1);
         WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 2500)
         INSERT INTO personal_access_tokens (id, user_id, name) SELECT id, 1, 'n' FROM n;
         CREATE TRIGGER full BEFORE INSERT ON audit_events
         WHEN (SELECT count(*) FROM audit_events) = 1499
         BEGIN SELECT RAISE(ABORT, 'no more events'); END",
    );
    let input: String = (1..=2500).map(|id: u32| id.to_string() + "\n").collect();
    let ran = sandbox.run_with_input("--as root revoke - -y -o ids", &input);
    assert_eq!(ran.assert(1).ids(), (1..=1000).collect::<Vec<_>>());
    ran.says(&[
        "a trigger of the database refuses it",
        "1000 of 2500",
        "revoked 1000 personal access tokens",
    ]);
    let done = "SELECT sum(revoked) || ' ' || max(id * revoked) || ' ' ||
                       (SELECT count(DISTINCT target_id) || ' ' || max(target_id) FROM audit_events)
                FROM personal_access_tokens";
    assert_eq!(sandbox.value(done), "1000 1000 1000 1000");
}

/// All columns of a table but those named, row by row.
fn columns_but(sandbox: &Sandbox, table: &str, but: &[&str]) -> String {
    let store = sandbox.connection();
    let mut statement = store.prepare(&format!("SELECT name FROM pragma_table_info('{table}')"));
    let names = statement.as_mut().expect("a query").query_map([], |row| row.get(0));
    let columns: Vec<String> = names
        .expect("names")
        .map(|name| name.expect("a name"))
        .filter(|name: &String| !but.contains(&name.as_str()))
        .map(|name| format!("quote({name})"))
        .collect();
    assert!(columns.len() > 2);
    let row = columns.join(" || ',' || ");
    sandbox.value(&format!("SELECT group_concat({row}, x'0a') FROM {table}"))
}

#[test]
fn a_revoke_changes_revoked_and_updated_at_and_nothing_else() {
    let sandbox = Sandbox::new();
    let tables = ["users", "groups", "projects", "members", "deploy_tokens"];
    let others = |sandbox: &Sandbox| tables.map(|table| columns_but(sandbox, table, &["revoked"]));
    let tokens = |but: &[&str]| columns_but(&sandbox, "personal_access_tokens", but);
    let changing = ["revoked", "updated_at"];
    let before = (tokens(&changing), others(&sandbox));
    let untouched = "SELECT group_concat(id || revoked || updated_at) FROM personal_access_tokens
                     WHERE id NOT IN (1, 4, 9)";
    let spared = sandbox.value(untouched);

    let clock = "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
    let started = sandbox.value(clock);
    sandbox.run("--as root revoke 1 4 9 6 -y --reason x").assert(0);
    let ended = sandbox.value(clock);
    sandbox.run("--as root deploy-tokens revoke 1 5 -y").assert(0);

    assert_eq!((tokens(&changing), others(&sandbox)), before);
    assert_eq!(sandbox.value(untouched), spared, "revoking again changes nothing");
    // By the real clock, whatever --now says; and the event has the same time.
    let at = format!(
        "SELECT count(*) FROM personal_access_tokens t JOIN audit_events e ON e.target_id = t.id
         WHERE t.id IN (1, 4, 9) AND revoked AND updated_at = e.created_at AND reason = 'x'
             AND target_type = 'personal_access_token'
             AND updated_at BETWEEN '{started}' AND '{ended}'"
    );
    assert_eq!(sandbox.value(&at), "3");
    let deploy = "SELECT group_concat(id) FROM deploy_tokens WHERE revoked";
    assert_eq!(sandbox.value(deploy), "1,4,5,6");
}

#[test]
fn a_dry_run_writes_nothing() {
    let sandbox = Sandbox::new();
    let state = |sandbox: &Sandbox| {
        ["personal_access_tokens", "deploy_tokens"].map(|table| columns_but(sandbox, table, &[]))
    };
    let before = state(&sandbox);
    for line in ["revoke 1 2 6 -n", "deploy-tokens revoke 1 2 4 -n", "revoke 1 -n -y --reason x"] {
        let ran = sandbox.run(&format!("--as root {line}"));
        assert!(!ran.assert(0).stderr.contains("revoked 1 "), "no past tense: {ran}");
        ran.says(&["would revoke", "nothing changed"]);
    }
    assert_eq!(state(&sandbox), before);
    assert_eq!(sandbox.value("SELECT count(*) FROM audit_events"), "0");
    assert!(!Path::new(&sandbox.home().join("store.db-journal")).exists());
}

#[test]
fn an_event_tells_who_and_in_which_run() {
    let sandbox = Sandbox::new();
    let mut command =
        sandbox.command("--as olive revoke 1 2 6 --yes -o json --reason tidy".split(' '));
    command.env("SUDO_USER", "alice");
    let transcript = sandbox.run_command("revoke 1 2 6", &mut command);
    let rows = transcript.assert(0).json();
    let run = rows[0]["run_id"].as_str().expect("a run id").to_owned();
    assert_eq!(rows[1]["run_id"], run.as_str(), "one run has one id");
    assert_eq!(rows[2]["result"], "already_revoked");
    assert!(rows[2]["run_id"].is_null(), "no event stands behind it");
    assert!(transcript.stderr.contains(&run), "{transcript}");

    let events = sandbox.value(
        "SELECT group_concat(concat_ws(',', run_id, action, actor, actor_id, target_type, \
         target_id, target_name, target_user_id, target_username, reason), ';') FROM audit_events",
    );
    let event =
        |id, name| format!("{run},revoke,olive,2,personal_access_token,{id},{name},2,olive,tidy");
    assert_eq!(events, [event(1, "laptop"), event(2, "ci deploy")].join(";"));
    let os_user = sandbox.value("SELECT DISTINCT os_user FROM audit_events");
    assert!(os_user.ends_with(" (SUDO_USER alice)"), "{os_user}");
}

#[test]
fn the_change_of_a_killed_writer_is_told_of_and_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.sql("PRAGMA journal_mode = DELETE");
    let writer = sandbox.connection();
    // A cache of one page, so that the change reaches the file before it is whole.
    let change = "PRAGMA cache_size = 1; BEGIN; \
                  UPDATE personal_access_tokens SET description = hex(zeroblob(3000));";
    writer.execute_batch(change).expect("a change");
    // What a power cut would leave.
    let (store, left) = (sandbox.store(), sandbox.home().join("left.db"));
    std::fs::copy(&store, &left).expect("a copy");
    let journal = sandbox.home().join("left.db-journal");
    std::fs::copy(sandbox.home().join("store.db-journal"), &journal).expect("a journal");

    let transcript = sandbox.run("--db left.db --as root list");
    transcript.assert(1).says(&["was killed", "hint: open it once for writing", "sqlite3"]);
    assert!(journal.exists(), "a reader undoes nothing");
    // A writer does.
    sandbox.run("--db left.db --as root revoke 1").assert(0);
    sandbox.run("--db left.db --as root list").assert(0);
}

#[test]
fn a_locked_store_is_waited_for() {
    let sandbox = Sandbox::new();
    sandbox.sql("PRAGMA journal_mode = DELETE");
    for line in ["list -o ids", "revoke 1 -o ids"] {
        let other = sandbox.connection();
        other.execute_batch("BEGIN EXCLUSIVE").expect("the lock");
        let mut child = sandbox
            .command(format!("--as root --busy-timeout 5min {line}").split(' '))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        // It has the file open, and cannot read it: now it waits, or has given up.
        let files = format!("/proc/{}/fd", child.id());
        let has_opened = || {
            let files = std::fs::read_dir(&files).into_iter().flatten().flatten();
            let mut targets = files.filter_map(|file| std::fs::read_link(file.path()).ok());
            targets.any(|target| target.ends_with("store.db"))
        };
        while !has_opened() && child.try_wait().expect("a child").is_none() {
            std::thread::yield_now();
        }
        other.execute_batch("ROLLBACK").expect("the lock is given back");
        let output = child.wait_with_output().expect("the program ends");
        assert!(sandbox.transcript(line, output).assert(0).ids().contains(&1));
    }
}
