//! What else is in a SQLite file, or stands beside it: it neither stops nor steers the
//! program.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use rusqlite::Connection;

use crate::support::apps::{App, content_of};
use crate::support::{NOBODY, Sandbox, TOKENCTL, Transcript, tool, variable};

/// What breaks whoever looks at it: none of it is ours.
const BROKEN: [(&str, &str); 4] = [
    ("a dangling view", "CREATE VIEW alien AS SELECT * FROM gone"),
    ("a view over a function of the application", "CREATE VIEW alien AS SELECT theirs(1) AS x"),
    (
        "a virtual table of an unknown module",
        "PRAGMA writable_schema = ON;
         INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql)
         VALUES ('table', 'alien', 'alien', 0, 'CREATE VIRTUAL TABLE alien USING nowhere(x)');
         PRAGMA writable_schema = RESET",
    ),
    (
        "a trigger and a check that call its functions",
        "CREATE TABLE alien (x CHECK (theirs(x)), y AS (theirs(x)));
         CREATE TRIGGER alien_too AFTER INSERT ON alien BEGIN SELECT theirs(2); END;",
    ),
];

/// A store of each application that SQLite can hold.
fn stores() -> Vec<(Option<App>, Sandbox)> {
    let apps = [App::JupyterHub, App::Gitea, App::Forgejo];
    let others = apps.map(|app| (Some(app), app.file().sandbox));
    [(None, Sandbox::new())].into_iter().chain(others).collect()
}

/// Makes a store as an application would that has functions of its own.
fn plant(sandbox: &Sandbox, statements: &str) {
    let connection = sandbox.connection();
    let flags = rusqlite::functions::FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("theirs", 1, flags, |_| Ok(1)).expect("a function");
    connection.execute_batch(statements).expect(statements);
}

fn run(sandbox: &Sandbox, line: &str) -> Transcript {
    sandbox.run(&format!("--as root --audit-log audit.jsonl {line}"))
}

#[test]
fn what_is_broken_elsewhere_in_the_file_is_no_matter() {
    for (what, statements) in BROKEN {
        for (app, sandbox) in stores() {
            plant(&sandbox, statements);
            for line in
                ["list", "show 1", "revoke 2", "revoke 3 4 --yes", "list --search a -o json"]
            {
                let ran = run(&sandbox, line);
                assert_eq!(ran.status, 0, "{what}, {app:?}: {ran}");
            }
        }
    }
}

#[test]
fn only_a_table_will_do_for_a_table() {
    let virtual_table = |name: &str| {
        format!(
            "PRAGMA writable_schema = ON;
             INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql)
             VALUES ('table', '{name}', '{name}', 0, 'CREATE VIRTUAL TABLE {name} USING nowhere(x)');
             PRAGMA writable_schema = RESET"
        )
    };
    for (app, table) in [
        (None, "personal_access_tokens"),
        (None, "users"),
        (Some(App::JupyterHub), "user_role_map"),
        (Some(App::Gitea), "access_token"),
    ] {
        for instead in [
            format!("CREATE VIEW {table} AS SELECT * FROM kept"),
            format!(
                "CREATE VIEW {table} AS SELECT * FROM kept;
                 CREATE TRIGGER claim INSTEAD OF UPDATE ON {table} BEGIN SELECT 1; END;
                 CREATE TRIGGER claim_too INSTEAD OF DELETE ON {table} BEGIN SELECT 1; END;"
            ),
            format!("CREATE VIEW {table} AS SELECT theirs(1) AS id, * FROM kept"),
            format!("CREATE VIEW {table} AS SELECT * FROM gone"),
            virtual_table(table),
        ] {
            let sandbox = app.map_or_else(Sandbox::new, |app| app.file().sandbox);
            plant(
                &sandbox,
                &format!(
                    "PRAGMA legacy_alter_table = ON;
                 ALTER TABLE {table} RENAME TO kept; {instead}"
                ),
            );
            for line in ["list", "revoke 1 2 --yes"] {
                let ran = run(&sandbox, line);
                assert_eq!(ran.assert(1).stdout, "", "{ran}");
                let hint = format!("hint: {table} is a view or a virtual table");
                ran.says(&["cannot open store", &hint]);
            }
        }
    }
    // What an application may lack is lacking where it is no table.
    for instead in [
        "CREATE VIEW group_role_map AS SELECT * FROM gone".into(),
        "CREATE VIEW group_role_map AS SELECT theirs(1) AS group_id, 1 AS role_id".into(),
        virtual_table("group_role_map"),
    ] {
        let sandbox = App::JupyterHub.file().sandbox;
        plant(&sandbox, &format!("DROP TABLE group_role_map; {instead}"));
        run(&sandbox, "list -o json").assert(0);
        run(&sandbox, "revoke 1").assert(0);
    }
    let sandbox = App::Forgejo.file().sandbox;
    plant(
        &sandbox,
        "DROP TABLE access_token_resource_repo;
         CREATE VIEW access_token_resource_repo AS SELECT id AS token_id FROM access_token",
    );
    run(&sandbox, "revoke 1").assert(0);
}

#[test]
fn a_table_of_the_name_of_a_function_is_refused() {
    for instead in [
        "CREATE VIRTUAL TABLE json_each USING fts5(value)",
        "CREATE VIEW JSON_EACH AS SELECT 9 AS value",
        "CREATE TABLE json_each (value)",
    ] {
        for (app, sandbox) in stores() {
            sandbox.sql(instead);
            for line in ["list", "revoke 1 9 --yes"] {
                let ran = run(&sandbox, line);
                assert_eq!(ran.assert(1).stdout, "", "{app:?}: {ran}");
                ran.says(&["cannot open store", "would take the place of SQLite's own"]);
            }
        }
    }
    // The columns of a table are asked for without a table of a name.
    let sandbox = Sandbox::new();
    sandbox.sql("CREATE TABLE pragma_table_xinfo (name, arg HIDDEN)");
    run(&sandbox, "list").assert(0);
}

/// Every function that SQLite also has as a table, and that a statement of ours uses, has to
/// be in the list of those that a file may not have.
#[test]
fn no_other_function_of_sqlite_is_used_as_a_table() {
    let connection = Connection::open_in_memory().expect("a database");
    let mut modules = connection.prepare("SELECT name FROM pragma_module_list").expect("a list");
    let modules = modules.query_map([], |row| row.get::<_, String>(0)).expect("modules");
    let mut modules: Vec<_> = modules.map(|name| name.expect("a name")).collect();
    let pragmas = "SELECT 'pragma_' || name FROM pragma_pragma_list";
    let mut pragmas = connection.prepare(pragmas).expect("a list");
    let pragmas = pragmas.query_map([], |row| row.get::<_, String>(0)).expect("pragmas");
    modules.extend(pragmas.map(|name| name.expect("a name")));
    // They come to be where they are first used.
    let late = ["json_each", "json_tree", "jsonb_each", "jsonb_tree", "generate_series", "carray"];
    modules.extend(late.map(Into::into));
    assert!(modules.len() > 50, "{modules:?}");

    let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut used = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.components().any(|it| it.as_os_str() == "tests") {
                let text = fs::read_to_string(&path).expect("a file of source").to_lowercase();
                let is_used = |name: &&String| {
                    let is_part = |c: char| c.is_alphanumeric() || c == '_';
                    text.match_indices(&format!("{name}(")).any(|(at, _)| {
                        let before = &text[..at];
                        !before.ends_with(is_part) && !before.ends_with('.')
                    })
                };
                used.extend(modules.iter().filter(is_used).cloned());
            }
        }
    }
    assert_eq!(used.into_iter().collect::<Vec<_>>(), ["json_each"]);
}

#[test]
fn a_trigger_may_do_nothing_that_the_schema_is_not_trusted_with() {
    for trigger in
        ["SELECT count(*) FROM pragma_function_list", "INSERT INTO words_data VALUES (99, x'00')"]
    {
        let sandbox = Sandbox::new();
        sandbox.sql(&format!(
            "CREATE VIRTUAL TABLE words USING fts5(word);
             CREATE TRIGGER theirs AFTER UPDATE ON personal_access_tokens BEGIN {trigger}; END"
        ));
        run(&sandbox, "revoke 1 2 --yes").assert(1).says(&["SQL logic error (SQLite code 1)"]);
        let done = "SELECT count(*) FROM personal_access_tokens WHERE id < 3 AND revoked";
        assert_eq!(sandbox.value(done), "0");
    }
    // An index of words that the application keeps by a trigger is in order.
    let sandbox = Sandbox::new();
    sandbox.sql(
        "CREATE VIRTUAL TABLE words USING fts5(word);
         CREATE TRIGGER theirs AFTER UPDATE ON personal_access_tokens
         BEGIN INSERT INTO words VALUES (json_extract(NEW.scopes, '$[0]') || date('now')); END",
    );
    run(&sandbox, "revoke 1").assert(0);
    assert_eq!(sandbox.value("SELECT count(*) FROM words"), "1");
}

/// Ends a run that hangs.
fn soon(sandbox: &Sandbox, line: &str) -> Transcript {
    let args = shell_words::split(line).expect(line);
    let mut command = sandbox.command(args);
    let began = Instant::now();
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    while child.try_wait().expect("a child").is_none() {
        if began.elapsed() > Duration::from_secs(10) {
            child.kill().expect("it runs");
            panic!("it hangs: {line}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    sandbox.transcript(line, child.wait_with_output().expect("it has ended"))
}

#[test]
fn what_stands_in_the_place_of_a_file_of_sqlites_is_refused() {
    type Make = fn(&PathBuf);
    let kinds: [(&str, Make); 4] = [
        ("a pipe", |path| mkfifo(path, Mode::from_bits_truncate(0o600)).expect("a pipe")),
        ("a folder", |path| fs::create_dir(path).expect("a folder")),
        ("a link to nothing", |path| symlink("nothing", path).expect("a link")),
        ("a link to a device", |path| symlink("/dev/full", path).expect("a link")),
    ];
    for journal in ["WAL", "DELETE"] {
        for suffix in ["-journal", "-wal", "-shm"] {
            for (what, make) in kinds {
                let sandbox = Sandbox::new();
                sandbox.sql(&format!("PRAGMA journal_mode = {journal}"));
                make(&format!("{}{suffix}", sandbox.store().display()).into());
                for line in ["--as root list", "--as root revoke 1"] {
                    let ran = soon(&sandbox, line);
                    assert_eq!(ran.assert(1).stdout, "", "{what}: {ran}");
                    ran.says(&[&format!("store.db{suffix} is not a regular file")]);
                }
            }
        }
    }
}

#[test]
fn names_in_utf_16_are_as_in_utf_8() {
    let names = ["é", "Ω", "z", "Z", "漢", "👩", "ﬀ", "e\u{301}", "zz", "ａ"];
    for encoding in ["UTF-16le", "UTF-16be"] {
        let [wide, narrow] = [encoding, "UTF-8"].map(|encoding| {
            let sandbox = Sandbox::without_store();
            let store = Connection::open(sandbox.store()).expect("a database");
            let native = include_str!("../src/store/native.sql");
            store.pragma_update(None, "encoding", encoding).expect("an encoding");
            let marks = "PRAGMA application_id = 0x746F6B6E; PRAGMA user_version = 1;";
            let fixture = include_str!("support/fixture.sql");
            store.execute_batch(&format!("{native}{marks}{fixture}")).expect("a store");
            for name in names {
                let statement = "INSERT INTO personal_access_tokens (user_id, name, scopes)
                     VALUES (2, ?1, json_array(?1))";
                store.execute(statement, [name]).expect("a token");
            }
            let used: String =
                store.pragma_query_value(None, "encoding", |row| row.get(0)).expect("an encoding");
            assert_eq!(used, encoding);
            sandbox
        });
        for line in [
            "list --sort name_asc -o csv --columns id,name,state,scopes",
            "list --sort name_desc -o json",
            "list --sort created_desc -o ids",
            "list --search Ω -o ids",
            "list --search 'É' -o ids",
            "list --scope 漢,👩 -o json",
            "list --user OLIVE --sort name_asc -o ids",
            "list --user-type project_bot",
            "list --created-after 2024-01-01 --created-before 2024-03-01",
            "deploy-tokens list --project TOP/APP --sort name_desc",
            "revoke --search 漢 --yes -o ids",
            "list --state revoked --sort name_asc -o ids",
            "audit -o ids",
        ] {
            let [wide, narrow] = [&wide, &narrow].map(|it| run(it, line).to_string());
            assert_eq!(wide, narrow, "{encoding}");
        }
    }
}

#[test]
fn a_file_system_without_locks_is_told_as_that() {
    let Some(strace) = tool("strace") else { return };
    for (journal, line, errors) in [
        ("DELETE", "list", ["ENOLCK", "ENOSYS", "EOPNOTSUPP"]),
        ("WAL", "list", ["ENOLCK", "ENOSYS", "EOPNOTSUPP"]),
        ("DELETE", "revoke 1 2 --yes", ["ENOLCK", "ENOSYS", "EIO"]),
        ("WAL", "revoke 1 2 --yes", ["ENOLCK", "ENOSYS", "EIO"]),
    ] {
        for error in errors {
            // From the first, and from a later one on: the first call may be another's.
            for first in [1, 4, 7] {
                let sandbox = Sandbox::new();
                sandbox.sql(&format!("PRAGMA journal_mode = {journal}"));
                let before = content_of(&sandbox.connection());
                let mut command = Command::new(&strace);
                let inject = format!("inject=fcntl:error={error}:when={first}+");
                command.args(["-f", "-qq", "-e", "trace=fcntl", "-e", &inject, "-o", "/dev/null"]);
                command.arg(TOKENCTL).args(["--as", "root", "--busy-timeout", "1s"]);
                command.args(shell_words::split(line).expect(line));
                sandbox.isolate(&mut command);
                command.env("PATH", variable("PATH"));
                let ran = sandbox.run_command(line, &mut command);
                let what = format!("{journal}, {error} from call {first} on: {ran}");
                if ran.status == 0 {
                    assert!(first > 1, "{what}");
                    continue;
                }
                assert_eq!(ran.status, 1, "{what}");
                assert!(ran.stderr.contains("does not lock files"), "{what}");
                assert!(!ran.stderr.contains("try again"), "{what}");
                assert!(content_of(&sandbox.connection()) == before, "{what}");
            }
        }
    }
}

#[test]
fn what_another_user_puts_beside_a_store_is_not_played_into_it() {
    if !nix::unistd::Uid::effective().is_root() {
        return;
    }
    for journal in ["WAL", "DELETE"] {
        let sandbox = Sandbox::new();
        sandbox.sql(&format!("PRAGMA journal_mode = {journal}"));
        for suffix in ["-wal", "-shm", "-journal"] {
            let path = sandbox.home().join(format!("store.db{suffix}"));
            std::fs::write(&path, "").expect("a file");
            std::os::unix::fs::chown(&path, Some(NOBODY), None).expect("root may");
            for line in ["list", "revoke 1"] {
                run(&sandbox, line).assert(1).says(&["belongs to nobody, and the store to root"]);
            }
            run(&sandbox, "--foreign-owner list").assert(0);
            let _ = std::fs::remove_file(&path);
        }
        run(&sandbox, "list").assert(0);
    }
}

#[test]
fn a_store_in_wal_mode_on_a_read_only_file_system_is_told_as_that() {
    let Some(strace) = tool("strace") else { return };
    let sandbox = Sandbox::new();
    let log = format!("{}-wal", sandbox.store().display());
    let trace = sandbox.home().join("trace");
    let run = |injections: &[String]| {
        let mut command = Command::new(&strace);
        command.args(["-f", "-qq", "-e", "trace=openat,access", "-P", &log, "-P"]);
        command.arg(sandbox.home()).args(injections.iter().flat_map(|it| ["-e", it]));
        command.arg("-o").arg(&trace).args([TOKENCTL, "--as", "root", "list"]);
        sandbox.isolate(&mut command);
        command.env("PATH", variable("PATH"));
        sandbox.run_command("list", &mut command)
    };
    run(&[]).assert(0);
    // From the log on, which is the first that is made.
    let calls = fs::read_to_string(&trace).expect("a trace");
    let mut calls = calls.lines().filter(|line| line.contains(" openat("));
    let first = 1 + calls.position(|line| line.contains(&log)).expect("the log");
    let openat = format!("inject=openat:error=EROFS:when={first}+");
    let ran = run(&[openat, "inject=access:error=EROFS".into()]);
    assert_eq!(ran.assert(1).stdout, "", "{ran}");
    ran.says(&["is read-only, and the store is in WAL mode", "hint: copy it to where"]);
}
