//! The audit file: what has to be in it before anything is changed, what becomes of
//! it when it cannot be written, and what `audit` makes of it.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, Permissions, read_to_string, set_permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use crate::support::apps::{App, Foreign, content_of, entries, targets};
use crate::support::postgres::wait_until;
use crate::support::{NOBODY, Sandbox, TOKENCTL, Transcript, send, start, steady, tool};

/// Runs a command that must not wait for anybody.
fn soon(sandbox: &Sandbox, line: &str, command: &mut Command) -> Transcript {
    let mut child = start(command);
    drop(child.stdin.take());
    let deadline = Instant::now() + Duration::from_mins(1);
    while child.try_wait().expect("a child").is_none() {
        if Instant::now() > deadline {
            child.kill().expect("it is ended");
            panic!("{line} waits");
        }
        thread::sleep(Duration::from_millis(5));
    }
    sandbox.transcript(line, child.wait_with_output().expect("it has ended"))
}

#[test]
fn a_revoke_without_a_place_for_its_events_is_refused_before_anything_else() {
    for app in [App::JupyterHub, App::Gitea, App::Forgejo] {
        for store in app.stores() {
            let (content, files) = (store.content(), store.files());
            for line in [
                "revoke 1",
                "revoke 1 2 --yes",
                "revoke --user sam --yes",
                "revoke 999",
                "revoke --state active --yes --max 0",
                "audit",
            ] {
                for user in ["root", "sam", "nobody"] {
                    let line = format!("--as {user} {line}");
                    let ran = store.run(&line);
                    if user == "nobody" && line.ends_with("audit") {
                        ran.assert(4);
                        continue;
                    }
                    assert_eq!(ran.assert(2).stdout, "", "{ran}");
                    ran.says(&[
                        "no place for the audit events",
                        "hint: name a file",
                        "--audit-log",
                        "TOKENCTL_AUDIT_LOG",
                    ]);
                    // An empty variable is none.
                    let mut command = store.command(shell_words::split(&line).expect("words"));
                    command.env("TOKENCTL_AUDIT_LOG", "");
                    store.sandbox.run_command(&line, &mut command).assert(2);
                }
            }
            let ran = store.run("--as root revoke 1 --audit-log ''");
            ran.assert(2);
            // A dry run needs none, and makes none either.
            let said = store.run("--as root revoke 1 2 --dry-run -o csv").assert(0).stdout.clone();
            assert_eq!(
                store.recorded("--as root revoke 1 2 --dry-run -o csv").assert(0).stdout,
                said
            );
            let ran = store.run("--as root revoke 1 --dry-run --audit-log no/such/folder/log");
            ran.assert(0);
            assert!(store.content() == content);
            assert_eq!(store.files(), files);
        }
    }
}

#[test]
fn a_native_store_has_a_place_of_its_own_and_the_file_is_a_copy() {
    let sandbox = Sandbox::new();
    let log = sandbox.home().join("audit.log");
    sandbox.run("--as root revoke 1").assert(0);
    assert!(!log.exists());
    sandbox.run("--as root revoke 2 --dry-run --audit-log audit.log").assert(0);
    assert!(!log.exists());
    let ran = sandbox.run("--as olive revoke 2 6 --yes --audit-log audit.log --reason lost -o csv");
    ran.assert(0);
    let log = entries(&log);
    assert_eq!((targets(&log, "intent"), targets(&log, "outcome")), (vec![2], vec![2]));
    assert_eq!(log[0]["schema"], "native");
    assert_eq!(log[0]["token"]["username"], "olive");
    assert_eq!(sandbox.value("SELECT count(*) FROM audit_events"), "2");
    // The table is what is read there, whatever is in the file.
    for flags in ["", "--audit-log audit.log", "--audit-log missing.log", "--audit-log store.db"] {
        let ran = sandbox.run(&format!("--as root audit -o ids {flags}"));
        assert_eq!(ran.assert(0).ids(), [2, 1], "{ran}");
    }
    // A deploy token's event has no user.
    sandbox.run("--as root deploy-tokens revoke 1 --audit-log audit.log").assert(0);
    let log = entries(&sandbox.home().join("audit.log"));
    assert_eq!(log[2]["target_type"], "deploy_token");
    assert_eq!(log[2]["target_user_id"], json!(null));
    assert_eq!(log[2]["token"]["project"], "top/app");
    assert_eq!(log[3]["outcome"], "revoked");
}

#[test]
fn the_file_is_its_makers_alone_whatever_the_umask() {
    for umask in ["000", "022", "077", "0177", "0377", "0777"] {
        let store = App::JupyterHub.file();
        let program = store.command(["--as", "root", "--audit-log", "audit.log", "revoke", "1"]);
        let mut shell = Command::new("/bin/sh");
        store.sandbox.isolate(&mut shell);
        shell.args(["-c", "umask \"$1\"; shift; exec \"$@\"", "sh", umask, TOKENCTL]);
        let ran = store.sandbox.run_command("revoke 1", shell.args(program.get_args()));
        ran.assert(0);
        let mode = store.log().metadata().expect("the audit file").mode();
        assert_eq!(mode & 0o7777, 0o600, "{umask}");
    }
}

#[test]
fn what_is_no_file_of_its_own_is_refused_and_nothing_is_changed() {
    type Make = Box<dyn Fn(&Path)>;
    let case = |name: &str, make: fn(&Path)| (name.to_owned(), Box::new(make) as Make);
    let open_to = |others: &str, mode: u32| {
        let make = move |path: &Path| {
            fs::write(path, "").expect("a file");
            set_permissions(path, Permissions::from_mode(mode)).expect("permissions");
        };
        (format!("writable by {others}"), Box::new(make) as Make)
    };
    let holding = |name: &str, content: &'static [u8]| {
        let make = move |path: &Path| {
            fs::write(path, content).expect("a file");
            set_permissions(path, Permissions::from_mode(0o600)).expect("permissions");
        };
        (name.to_owned(), Box::new(make) as Make)
    };
    let cases = [
        case("a link", |path| {
            fs::write(path.with_extension("other"), "").expect("a file");
            set_permissions(path.with_extension("other"), Permissions::from_mode(0o600))
                .expect("permissions");
            symlink(path.with_extension("other"), path).expect("a link");
        }),
        case("a link to nothing", |path| symlink("nothing", path).expect("a link")),
        case("a link to itself", |path| symlink(path, path).expect("a link")),
        case("a second name", |path| {
            fs::write(path.with_extension("other"), "").expect("a file");
            set_permissions(path.with_extension("other"), Permissions::from_mode(0o600))
                .expect("permissions");
            fs::hard_link(path.with_extension("other"), path).expect("a link");
        }),
        case("a directory", |path| fs::create_dir(path).expect("a directory")),
        case("a pipe", |path| mkfifo(path, Mode::from_bits_truncate(0o600)).expect("a pipe")),
        case("a socket", |path| {
            drop(std::os::unix::net::UnixListener::bind(path).expect("a socket"));
        }),
        case("a device", |_| ()),
        open_to("the group", 0o660),
        open_to("others", 0o602),
        open_to("all", 0o666),
        holding("text", b"Dear diary,\n"),
        holding("a list of ids", b"1\n2\n"),
        holding("zeroes", &[0; 4096]),
        case("a database", |path| {
            let other = rusqlite::Connection::open(path).expect("a database");
            other.execute_batch("CREATE TABLE t (x)").expect("a table");
            drop(other);
            set_permissions(path, Permissions::from_mode(0o600)).expect("permissions");
        }),
    ];
    for (name, make) in cases {
        for store in App::JupyterHub.stores() {
            let content = store.content();
            let path = if name == "a device" { "/dev/null".into() } else { store.log() };
            make(&path);
            let seen = |path: &Path| path.symlink_metadata().ok().map(|it| (it.mode(), it.len()));
            let (files, before) = (store.files(), seen(&path));
            for line in ["revoke 1", "revoke --state active --yes", "audit"] {
                let line = format!("--as root {line}");
                let mut command = store.command(shell_words::split(&line).expect("words"));
                command.env("TOKENCTL_AUDIT_LOG", &path);
                let ran = soon(&store.sandbox, &line, &mut command);
                assert_eq!(ran.assert(1).stdout, "", "{name}: {ran}");
                ran.says(&["cannot open audit log"]);
                let (errors, hints): (Vec<_>, Vec<_>) =
                    ran.stderr.lines().partition(|line| line.starts_with("tokenctl: "));
                assert_eq!(errors.len(), 1, "{name}: {ran}");
                assert!(hints.iter().all(|hint| hint.starts_with("hint: ")), "{ran}");
            }
            assert!(store.content() == content, "{name}");
            assert_eq!((store.files(), seen(&path)), (files, before), "{name}");
        }
    }
}

#[test]
fn the_hint_of_a_file_that_others_may_write_to_mends_it() {
    let store = App::Gitea.file();
    let log = store.sandbox.home().join("it's the log");
    fs::write(&log, "").expect("a file");
    set_permissions(&log, Permissions::from_mode(0o664)).expect("permissions");
    let ran = store.run("--as root --audit-log \"it's the log\" revoke 1");
    let hint = ran.assert(1).stderr.lines().find_map(|line| line.strip_prefix("hint: "));
    let mut shell = Command::new("/bin/sh");
    store.sandbox.isolate(&mut shell);
    let mended = shell.args(["-c", hint.expect("a hint")]).status().expect("a shell");
    assert!(mended.success(), "{ran}");
    store.run("--as root --audit-log \"it's the log\" revoke 1").assert(0);
}

#[test]
fn what_is_no_regular_file_is_refused_with_what_would_do() {
    let store = App::Gitea.file();
    fs::write(store.log(), "").expect("a file");
    fs::hard_link(store.log(), store.sandbox.home().join("other.jsonl")).expect("a name");
    for (log, said) in [
        ("/dev/stdout", "it is a link\n"),
        ("/dev/null", "it is not a regular file\n"),
        ("other.jsonl", "it is a link: the file has other names too\n"),
    ] {
        let ran = store.run(&format!("--as root revoke 1 --audit-log {log}"));
        let hint = "hint: give a regular file by its only name";
        ran.assert(1).says(&[&format!("cannot open audit log {log}: {said}{hint}")]);
    }
    assert!(store.ids().contains(&1));
}

#[test]
fn a_file_that_may_be_read_by_others_or_is_empty_will_do() {
    let store = App::Gitea.file();
    fs::write(store.log(), "").expect("a file");
    set_permissions(store.log(), Permissions::from_mode(0o644)).expect("permissions");
    assert_eq!(store.recorded("--as root audit -o json").assert(0).json(), json!([]));
    store.recorded("--as root revoke 1").assert(0);
    assert_eq!(store.log().metadata().expect("the file").mode() & 0o777, 0o644, "as it was");
    assert_eq!(entries(&store.log()).len(), 2);
}

#[test]
fn a_missing_file_is_made_by_revoke_and_missed_by_audit() {
    let store = App::Gitea.file();
    let ran = store.recorded("--as root audit");
    ran.assert(1).says(&["cannot open audit log", "No such file"]);
    assert!(!store.log().exists());
    let ran = store.run("--as root revoke 1 --audit-log no/such/folder/log");
    ran.assert(1).says(&["cannot open audit log no/such/folder/log"]);
    assert!(store.ids().contains(&1));
}

#[test]
fn lines_are_only_ever_added() {
    for store in App::JupyterHub.stores() {
        let mut before = Vec::new();
        for line in [
            "--as olive revoke 1",
            "--as olive revoke 1",
            "--as sam revoke 9 10 11 --yes",
            "--as root revoke --expired --yes --batch-size 1",
            "--as root revoke 999",
            "--as root revoke --created-before now --yes",
        ] {
            store.recorded(line);
            let after = fs::read(store.log()).expect("the audit file");
            assert!(after.starts_with(&before), "{line}");
            before = after;
        }
        let log = entries(&store.log());
        assert_eq!(targets(&log, "intent").len(), 20);
        let ids: BTreeSet<_> = targets(&log, "outcome").into_iter().collect();
        assert_eq!(ids, (1..=20).collect());
        // Each intent comes before its outcome, and nothing is told twice.
        for id in 1..=20 {
            let of_it: Vec<_> = log.iter().filter(|entry| entry["target_id"] == id).collect();
            let kinds: Vec<_> = of_it.iter().map(|entry| &entry["entry"]).collect();
            assert_eq!(kinds, [&json!("intent"), &json!("outcome")]);
            assert_eq!(of_it[0]["run_id"], of_it[1]["run_id"]);
        }
    }
}

/// A revoke that has told what it is about to do, and waits to do it.
struct Waiting {
    child: Child,
    /// What it was told.
    line: &'static str,
}

impl Waiting {
    fn start(store: &Foreign, line: &'static str) -> Self {
        let mut command = store.command(line.split(' '));
        let child = start(command.env("TOKENCTL_AUDIT_LOG", store.log()));
        let told = || read_to_string(store.log()).unwrap_or_default().lines().count();
        wait_until("what it is about to do", || told() >= 3);
        Self { child, line }
    }

    fn end(self, store: &Foreign) -> Transcript {
        store.sandbox.transcript(self.line, self.child.wait_with_output().expect("it ends"))
    }
}

#[test]
fn what_is_to_be_deleted_is_on_record_before_and_what_came_of_it_after() {
    let outcomes = |store: &Foreign| -> Vec<(i64, String)> {
        let log = entries(&store.log());
        assert_eq!(targets(&log, "intent"), [2, 3, 13]);
        let outcomes = log.iter().filter(|entry| entry["entry"] == "outcome");
        let outcome = |entry: &Value| entry["outcome"].as_str().expect("an outcome").to_owned();
        targets(&log, "outcome").into_iter().zip(outcomes.map(outcome)).collect()
    };
    for store in App::JupyterHub.stores() {
        let lock = store.lock();
        let line = "--as root revoke 2 3 13 --unused-for 90d --yes -o csv --busy-timeout 1min";
        let waiting = Waiting::start(&store, line);
        assert_eq!(outcomes(&store), []);
        assert_eq!(store.ids().len(), 20);
        // It is used at the last moment.
        lock.end("UPDATE api_tokens SET last_activity = '2024-03-15 11:59:59.000000' WHERE id = 2");
        let ran = waiting.end(&store);
        let results: Vec<_> = ran
            .assert(0)
            .stdout
            .lines()
            .map(|line| {
                let cells: Vec<_> = line.split(',').collect();
                (cells[0].to_owned(), cells[4].to_owned())
            })
            .collect();
        let expected = [("id", "result"), ("2", "spared"), ("3", "revoked"), ("13", "revoked")];
        assert_eq!(results, expected.map(|(id, result)| (id.to_owned(), result.to_owned())));
        let expected = [(2, "not_revoked"), (3, "revoked"), (13, "revoked")];
        assert_eq!(outcomes(&store), expected.map(|(id, it)| (id, it.to_owned())));
        assert_eq!(store.ids().len(), 18);
        assert_eq!(store.recorded("--as root audit -o ids").assert(0).ids(), [13, 3]);
    }
    // It waits in vain, or is told to stop.
    for (line, signal, status) in [
        ("--as root revoke 2 3 13 --yes -q -o ids --busy-timeout 1s", None, 75),
        ("--as root revoke 2 3 13 --yes -q -o ids --busy-timeout 1h", Some(Signal::SIGTERM), 143),
        ("--as root revoke 2 3 13 --yes -q -o ids --busy-timeout 1h", Some(Signal::SIGINT), 130),
    ] {
        for store in App::JupyterHub.stores() {
            let lock = store.lock();
            let waiting = Waiting::start(&store, line);
            if let Some(signal) = signal {
                send(&waiting.child, signal);
            }
            let ran = waiting.end(&store);
            assert_eq!(ran.assert(status).stdout, "", "{ran}");
            ran.says(&["0 of 3 ids done"]);
            lock.end("SELECT 1");
            assert_eq!(outcomes(&store), [2, 3, 13].map(|id| (id, "not_revoked".to_owned())));
            assert_eq!(store.ids().len(), 20);
            assert_eq!(store.recorded("--as root audit -o ids").assert(0).stdout, "");
        }
    }
}

#[test]
fn what_the_database_keeps_is_no_event() {
    let store = App::JupyterHub.file();
    // Used at the very moment at which it is to be deleted.
    store.sql(
        "CREATE TRIGGER used BEFORE DELETE ON api_tokens WHEN old.id = 4 BEGIN
             UPDATE api_tokens SET last_activity = '2024-03-15 11:59:59.000000' WHERE id = 5;
             SELECT RAISE(IGNORE); END",
    );
    let ran = store.recorded("--as root revoke 4 6 --yes -o jsonl");
    ran.assert(1).says(&["the database keeps token 4 from being revoked", "0 of 2 ids done"]);
    let log = entries(&store.log());
    let outcomes = log.iter().filter(|entry| entry["entry"] == "outcome");
    assert!(outcomes.clone().all(|entry| entry["outcome"] == "not_revoked"));
    assert_eq!(outcomes.count(), 2);
    assert_eq!(
        store.value("SELECT count(*) FROM api_tokens WHERE last_activity LIKE '%11:59:59.000000'"),
        "0"
    );
    assert_eq!(store.recorded("--as root audit").assert(0).stdout, "");
}

/// The size in KiB beyond which no file of a limited run grows.
const LIMIT: usize = 1024;

/// Runs the program with a limit on the size of files, which stands for a full disk.
fn limited(store: &Foreign, line: &str) -> Transcript {
    let args = shell_words::split(line).expect(line);
    let program = store.command(&args);
    let mut shell = Command::new(tool("bash").expect("this test needs bash"));
    store.sandbox.isolate(&mut shell);
    shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    // Without the trap a signal would end the program.
    shell.args(["-c", "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"", "bash"]);
    shell.arg(LIMIT.to_string()).arg(TOKENCTL).args(program.get_args());
    shell.env("TOKENCTL_AUDIT_LOG", store.log());
    store.sandbox.run_command(line, &mut shell)
}

/// Makes an audit file of empty lines that has this many bytes left.
fn nearly_full(store: &Foreign, left: usize) {
    fs::write(store.log(), vec![b'\n'; (LIMIT << 10) - left]).expect("a file");
    set_permissions(store.log(), Permissions::from_mode(0o600)).expect("permissions");
}

/// What a command writes for a store, taken from another with the same content.
fn written(store: &Foreign, line: &str) -> String {
    let other = store.app.file();
    other.recorded(line).assert(0);
    let text = read_to_string(other.log()).expect("the audit file");
    text.replace(&other.named(), &store.named())
}

/// How many bytes the intents of a command take.
fn size_of_intents(store: &Foreign, line: &str) -> usize {
    let text = written(store, line);
    text.lines().filter(|line| line.contains("\"entry\":\"intent\"")).map(|it| it.len() + 1).sum()
}

#[test]
fn nothing_is_revoked_unless_the_intent_is_in_the_file() {
    let line = "--as root revoke 1 2 3 --yes -o json";
    let room: [fn(usize) -> usize; 4] = [|_| 0, |_| 1, |size| size / 2, |size| size - 1];
    for app in [App::JupyterHub, App::Forgejo] {
        // Without room for any of it, for a part, for all but the last byte.
        for left in room {
            for store in app.stores() {
                let left = left(size_of_intents(&store, line));
                nearly_full(&store, left);
                let content = store.content();
                let ran = limited(&store, line);
                assert_eq!(ran.assert(1).json(), json!([]), "{left}: {ran}");
                ran.says(&["cannot write to audit log", "0 of 3 ids done", "nothing changed)"]);
                assert!(store.content() == content, "{left}: {ran}");
                // Whatever was written of it did not come to anything, and the file is of
                // use again as soon as there is room.
                let again = store.recorded("--as root revoke 1 2 3 --yes");
                again.assert(0);
                let audited = store.recorded("--as root audit -o jsonl");
                let revoked = audited.stdout.matches("\"outcome\":\"revoked\"").count();
                assert_eq!(revoked, 3, "{left}: {audited}");
                let is_torn = left > 0 && !is_between_lines(&store, line, left);
                assert_eq!(audited.status, i32::from(is_torn), "{left}: {audited}");
            }
        }
    }
}

/// Whether what a command writes, cut after this many bytes, ends with all of a line but
/// perhaps its end.
fn is_between_lines(store: &Foreign, line: &str, left: usize) -> bool {
    let text = written(store, line).into_bytes();
    text[left - 1] == b'\n' || text[left] == b'\n'
}

#[test]
fn what_is_revoked_is_told_where_the_outcome_cannot_be_written() {
    let line = "--as root revoke 1 2 3 --yes -o json";
    for app in [App::JupyterHub, App::Forgejo] {
        for more in [0, 100] {
            for store in app.stores() {
                let left = size_of_intents(&store, line) + more;
                nearly_full(&store, left);
                let ran = limited(&store, line);
                let rows = ran.assert(1).json();
                let rows = rows.as_array().expect("rows");
                assert_eq!(rows.len(), 3, "{ran}");
                assert!(rows.iter().all(|row| row["result"] == "revoked"), "{ran}");
                ran.says(&["cannot write to audit log", "3 of 3 ids done", "revoked 3 personal"]);
                assert!(store.ids().is_disjoint(&[1, 2, 3].into()));
                // The file says what was to be done, and that it does not know more.
                let audited = store.recorded("--as root audit -o jsonl");
                assert_eq!(audited.stdout.matches("\"outcome\":\"unresolved\"").count(), 3);
                audited.says(&["3 of the log's events are unresolved"]);
                audited.assert(i32::from(more > 0));
                if more > 0 {
                    audited.says(&["cannot be read"]);
                }
                // Its own owner is not told how many there are of others'.
                let audited = store.recorded("--as olive audit -o jsonl");
                assert!(!audited.stderr.contains("unresolved"), "{audited}");
            }
        }
    }
}

/// Of a bulk revoke the batches before are revoked and on record.
#[test]
fn a_run_ends_at_the_batch_whose_intent_cannot_be_written() {
    let line = "--as root revoke --created-before now --yes --batch-size 5 -o ids";
    for store in App::JupyterHub.stores() {
        let all = store.ids();
        nearly_full(&store, 6000);
        let ran = limited(&store, line);
        let done = ran.assert(1).ids();
        assert!(!done.is_empty() && done.len() < 20 && done.len().is_multiple_of(5), "{ran}");
        ran.says(&[&format!("{} of 20 ids done: cannot write to audit log", done.len())]);
        let left: BTreeSet<_> = all.difference(&done.iter().copied().collect()).copied().collect();
        assert_eq!(store.ids(), left);
        let ran = store.recorded("--as root revoke --created-before now --yes -o ids");
        assert_eq!(ran.assert(0).ids(), left.into_iter().collect::<Vec<_>>());
        let audited = store.recorded("--as root audit -o jsonl");
        let revoked = audited.stdout.lines().filter(|it| it.contains("\"outcome\":\"revoked\""));
        let missing = 20 - revoked.count();
        // Of the last batch before the end perhaps the outcome was not written.
        assert!(missing == 0 || missing == 5, "{audited}");
    }
}

#[test]
fn after_a_line_that_breaks_off_the_next_run_begins_a_new_one() {
    let store = App::Gitea.file();
    store.recorded("--as root revoke 1 2 --yes").assert(0);
    // One that names no database, to be of use beside any.
    let whole = read_to_string(store.log()).expect("the audit file");
    let whole = whole.replace(&format!("\"database\":\"{}\",", store.named()), "").into_bytes();
    let last =
        whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').expect("a line") + 1;
    // After its first byte, in the middle, before its line end.
    for end in [last + 1, last + 50, whole.len() - 1] {
        let store = App::Gitea.file();
        fs::write(store.log(), &whole[..end]).expect("a file");
        set_permissions(store.log(), Permissions::from_mode(0o600)).expect("permissions");
        let is_whole = end == whole.len() - 1;
        let check = |more: &[i64]| {
            let audited = store.recorded("--as root audit -o jsonl");
            let rows: Vec<Value> =
                audited.stdout.lines().map(|it| serde_json::from_str(it).expect(it)).collect();
            let shown = rows.iter().map(|row| (row["target_id"].as_i64(), row["outcome"].as_str()));
            let of_first = if is_whole { "revoked" } else { "unresolved" };
            let mut expected: Vec<_> = more.iter().map(|id| (*id, "revoked")).collect();
            expected.extend([(2, of_first), (1, "revoked")]);
            let expected: Vec<_> =
                expected.into_iter().map(|(id, it)| (Some(id), Some(it))).collect();
            assert_eq!(shown.collect::<Vec<_>>(), expected, "{audited}");
            if is_whole {
                audited.assert(0);
            } else {
                audited.assert(1).says(&[
                    &format!("audit.log: the line at byte {last} cannot be read"),
                    "1 of the audit log's lines cannot be read",
                ]);
            }
        };
        check(&[]);
        store.recorded("--as root revoke 3").assert(0);
        store.recorded("--as root revoke 4 5 --yes").assert(0);
        check(&[5, 4, 3]);
        let after = fs::read(store.log()).expect("the audit file");
        assert!(after.starts_with(&whole[..end]) && after[end] == b'\n', "{end}");
    }
}

#[test]
fn lines_that_are_none_are_named_and_the_others_shown() {
    let store = App::Gitea.file();
    store.recorded("--as root revoke 1").assert(0);
    let good = read_to_string(store.log()).expect("the audit file");
    let mut broken: Vec<Vec<u8>> = [
        "{}",
        "[]",
        "null",
        "not JSON",
        "{\"entry\":\"intent\"}",
        "{\"entry\":\"other\",\"run_id\":\"r\"}",
        "{\"entry\":\"outcome\",\"created_at\":\"\",\"run_id\":\"r\",\"schema\":\"gitea\",\
         \"target_type\":\"personal_access_token\",\"target_id\":1,\"outcome\":\"perhaps\"}",
    ]
    .map(|line| line.as_bytes().to_vec())
    .into();
    // A time that is none, a name that is no UTF-8, zeroes as some disks leave them.
    let intent = good.lines().next().expect("an intent");
    broken.push(intent.replace("\"created_at\":\"20", "\"created_at\":\"x").into_bytes());
    broken.push([b"{\"entry\":\"\xff\xfe\"}".as_slice()].concat());
    broken.push(vec![0; 512]);
    let mut text = good.clone().into_bytes();
    let mut at = Vec::new();
    for line in &broken {
        at.push(text.len());
        text.extend([line.as_slice(), b"\n", b"   \r\n"].concat());
    }
    text.extend_from_slice(good.replace(":1,", ":77,").as_bytes());
    fs::write(store.log(), text).expect("the audit file");
    for format in ["table", "json", "jsonl", "csv", "ids"] {
        let ran = store.recorded(&format!("--as root audit -o {format}"));
        ran.assert(1);
        for at in &at {
            ran.says(&[&format!("the line at byte {at} cannot be read")]);
        }
        ran.says(&[&format!("{} of the audit log's lines cannot be read", broken.len())]);
        assert!(ran.stdout.contains("77"), "{ran}");
    }
    let ran = store.recorded("--as root audit -o ids");
    assert_eq!(ran.ids(), [77, 1]);
}

#[test]
fn runs_that_write_at_once_keep_their_lines_whole() {
    const RUNS: i64 = 4;
    const EACH: i64 = 60;
    let store = App::JupyterHub.file();
    // Lines of some kilobytes, many of them at once.
    store.sql(&format!(
        "DELETE FROM api_tokens;
         WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {})
         INSERT INTO api_tokens (id, user_id, client_id, created, note, scopes)
         SELECT i + 1, 2, 'jupyterhub', '2023-01-01 00:00:00.000000',
             printf('%d ', i) || replace(hex(zeroblob(4000)), '00', 'xy'), '[\"inherit\"]' FROM n",
        RUNS * EACH - 1
    ));
    let revoke = |run: i64| {
        let ids: Vec<_> = (0..EACH).map(|i| (i * RUNS + run + 1).to_string()).collect();
        let line = format!(
            "--as root revoke {} --yes -o ids --batch-size 3 --busy-timeout 1min",
            ids.join(" ")
        );
        store.recorded(&line).assert(0).ids().len()
    };
    thread::scope(|scope| {
        let runs: Vec<_> = (0..RUNS).map(|run| scope.spawn(move || revoke(run))).collect();
        for run in runs {
            assert_eq!(i64::try_from(run.join().expect("it ends")), Ok(EACH));
        }
    });
    let log = entries(&store.log());
    for kind in ["intent", "outcome"] {
        let mut ids = targets(&log, kind);
        ids.sort_unstable();
        assert_eq!(ids, (1..=RUNS * EACH).collect::<Vec<_>>(), "{kind}");
    }
    let runs: BTreeSet<_> = log.iter().map(|entry| entry["run_id"].as_str()).collect();
    assert_eq!(runs.len(), 4);
    // They came in turns.
    let order: Vec<_> = log.iter().map(|entry| &entry["run_id"]).collect();
    assert!(order.chunk_by(|one, next| one == next).count() > runs.len());
    let audited = store.recorded("--as root audit -o jsonl");
    assert_eq!(audited.assert(0).stdout.matches("\"outcome\":\"revoked\"").count(), 240);
}

#[test]
fn of_runs_that_make_the_file_at_once_each_writes_to_it() {
    const RUNS: i64 = 8;
    for _ in 0..4 {
        let store = App::JupyterHub.file();
        let runs: Vec<_> = (1..=RUNS)
            .map(|id| {
                let line = format!("--as root revoke {id} -q --busy-timeout 1min");
                let mut command = store.command(line.split(' '));
                start(command.env("TOKENCTL_AUDIT_LOG", store.log()))
            })
            .collect();
        for run in runs {
            let ran = store.sandbox.transcript("revoke", run.wait_with_output().expect("it ends"));
            ran.assert(0);
        }
        let mut ids = targets(&entries(&store.log()), "outcome");
        ids.sort_unstable();
        assert_eq!(ids, (1..=RUNS).collect::<Vec<_>>());
    }
}

/// The same events in the table of a native store and in a file, which is read beside a
/// store of an application whose users have the same ids.
struct Both {
    native: Sandbox,
    foreign: Foreign,
}

impl Both {
    fn new() -> Self {
        let native = Sandbox::new();
        for line in [
            "--as olive revoke 2 --reason 'new laptop'",
            "--as sam revoke 9 10 --yes --reason '=SUM(1)'",
            "--as root revoke 1 8 13 --yes",
            "--as root deploy-tokens revoke 1 2 --yes",
            "--as root revoke --user olive --yes --reason 'prune: ünused'",
        ] {
            native.run(&format!("--audit-log audit.log {line}")).assert(0);
        }
        let foreign = App::JupyterHub.file();
        let log = read_to_string(native.home().join("audit.log")).expect("the audit file");
        let log = log.replace("\"schema\":\"native\"", "\"schema\":\"jupyterhub\"");
        let path = native.store().canonicalize().expect("a path").display().to_string();
        let log = log.replace(&path, &foreign.named());
        fs::write(foreign.log(), log).expect("a file");
        set_permissions(foreign.log(), Permissions::from_mode(0o600)).expect("permissions");
        Self { native, foreign }
    }

    /// What `audit` makes of the table and of the file; the number of an event aside, and
    /// the time that passes between the intent and the act.
    #[track_caller]
    fn assert_alike(&self, flags: &str) -> String {
        let [table, file] = [
            self.native.run(&format!("{flags} -o jsonl")),
            self.foreign.recorded(&format!("{flags} -o jsonl")),
        ]
        .map(|ran| {
            let rows = ran.stdout.lines().map(|line| {
                let mut row: Value = serde_json::from_str(line).expect(line);
                row["id"].take();
                row["created_at"].take();
                row
            });
            (ran.status, rows.collect::<Vec<_>>(), ran.stderr.clone())
        });
        assert_eq!(table, file, "{flags}");
        let [table, file] = ["table", "csv", "ids", "json"]
            .map(|format| {
                // A file's table has the outcome too.
                let columns = if format == "table" {
                    " --columns created_at,actor,action,target_id,target_name,target_username,reason"
                } else {
                    ""
                };
                let line = format!("{flags} -o {format}{columns}");
                (self.native.run(&line), self.foreign.recorded(&line))
            })
            .into_iter()
            .map(|(table, file)| {
                [table, file].map(|ran| {
                    let id = |line: &str| match line.split_once(',') {
                        Some((id, rest))
                            if id
                                .trim_start_matches("{\"id\":")
                                .bytes()
                                .all(|it| it.is_ascii_digit()) =>
                        {
                            format!("ID,{rest}\n")
                        }
                        _ => format!("{line}\n"),
                    };
                    let text = steady(&ran.stdout, "~");
                    (ran.status, text.lines().map(id).collect::<String>(), ran.stderr.clone())
                })
            })
            .fold([Vec::new(), Vec::new()], |mut all, [table, file]| {
                all[0].push(table);
                all[1].push(file);
                all
            });
        assert_eq!(table, file, "{flags}");
        self.native.run(&format!("{flags} -o ids")).stdout
    }
}

#[test]
fn the_file_answers_as_the_table_does() {
    let both = Both::new();
    let all = both.native.run("--as root audit -o jsonl").assert(0).stdout.clone();
    let runs: BTreeSet<String> = all
        .lines()
        .map(|line| {
            let row: Value = serde_json::from_str(line).expect(line);
            row["run_id"].as_str().expect("a run").into()
        })
        .collect();
    assert_eq!(runs.len(), 5);
    // Each run began after the one before had ended.
    let log = entries(&both.foreign.log());
    let begun: Vec<String> = runs
        .iter()
        .map(|run| {
            let first = log.iter().find(|entry| entry["run_id"] == run.as_str()).expect("an entry");
            first["created_at"].as_str().expect("a time").into()
        })
        .collect();
    assert!(begun.is_sorted_by(|one, next| one < next), "{begun:?}");

    let mut shown = BTreeSet::new();
    for user in ["root", "olive", "sam", "1"] {
        let mut filters = vec![
            String::new(),
            "--limit 3".into(),
            "--limit 0".into(),
            "--action revoke".into(),
            "--since 1h --until now".into(),
            "--until 1h".into(),
            "--run no-such-run".into(),
            "--actor @me".into(),
            "--user @me".into(),
        ];
        filters.extend(["olive", "2", "sam", "root", "999", "nobody"].into_iter().flat_map(|it| {
            [format!("--user {it}"), format!("--actor {it}"), format!("--actor {it} --user olive")]
        }));
        filters.extend(runs.iter().map(|run| format!("--run {run}")));
        filters.extend(begun.iter().flat_map(|time| {
            [format!("--since {time}"), format!("--since {time} --actor root --limit 2")]
        }));
        // To the end of the run before.
        filters.extend(begun.iter().map(|time| {
            let log = log.iter().map(|entry| entry["created_at"].as_str().expect("a time"));
            let before = log.filter(|it| *it < time.as_str()).max();
            format!("--until {}", before.unwrap_or("2020-01-01"))
        }));
        for filter in filters {
            let flags = format!("--as {user} audit {filter}");
            shown.insert(both.assert_alike(&flags));
        }
    }
    assert!(shown.len() > 12, "the filters keep different events: {shown:?}");
}

#[test]
fn a_user_who_is_gone_is_found_in_the_file_by_an_administrator() {
    let store = App::JupyterHub.file();
    store.recorded("--as sam revoke 9 --reason mine").assert(0);
    store.recorded("--as root revoke 10 --reason theirs").assert(0);
    store.recorded("--as olive revoke 1").assert(0);
    store.sql("DELETE FROM users WHERE name = 'sam'");
    for (filter, expected) in [
        ("--user 3", vec![10, 9]),
        ("--actor 3", vec![9]),
        ("--actor sam", vec![9]),
        ("--actor SAM", vec![9]),
        ("--user 3 --actor root", vec![10]),
        ("", vec![1, 10, 9]),
    ] {
        let ran = store.recorded(&format!("--as root audit -o ids {filter}"));
        assert_eq!(ran.assert(0).ids(), expected, "{filter}");
        // Not by anybody else, who does not even learn that.
        let ran = store.recorded(&format!("--as olive audit -o ids {filter}"));
        if filter.is_empty() {
            assert_eq!(ran.assert(0).ids(), [1]);
        } else {
            assert_eq!(ran.assert(4).stdout, "");
        }
    }
    // The name of an owner is on no record.
    store.recorded("--as root audit --user sam").assert(4);
    store.recorded("--as root audit --user 999").assert(4);
    store.recorded("--as root audit --actor 999").assert(4);
}

#[test]
fn events_of_another_applications_database_are_not_shown() {
    let hub = App::JupyterHub.file();
    let gitea = App::Gitea.file();
    let native = Sandbox::new();
    let log = hub.log().display().to_string();
    for (store, id) in [(&hub, 1), (&gitea, 2)] {
        store.run(&format!("--as root revoke {id} --audit-log {log}")).assert(0);
    }
    native.run(&format!("--as root revoke 3 --audit-log {log}")).assert(0);
    assert_eq!(targets(&entries(&hub.log()), "intent"), [1, 2, 3]);
    for (store, id) in [(&hub, 1), (&gitea, 2)] {
        let ran = store.run(&format!("--as root audit -o ids --audit-log {log}"));
        assert_eq!(ran.assert(0).ids(), [id]);
        let ran = store.run(&format!("--as olive audit -o ids --audit-log {log}"));
        assert_eq!(ran.assert(0).ids(), [id]);
        let ran = store.run(&format!("--as sam audit --audit-log {log}"));
        ran.assert(0).says(&["no audit events to show"]);
    }
    // Whom only another application's events know, is nobody here.
    let text = read_to_string(hub.log()).expect("the file");
    fs::write(
        hub.log(),
        text.replace("\"actor_id\":1,\"os_user\"", "\"actor_id\":77,\"os_user\"")
            .replace("\"schema\":\"jupyterhub\"", "\"schema\":\"other\""),
    )
    .expect("the file");
    hub.run(&format!("--as root audit --actor 77 --audit-log {log}")).assert(4);
    gitea.run(&format!("--as root audit --actor 77 --audit-log {log}")).assert(0);
}

#[test]
fn hostile_names_are_harmless_in_the_file_and_come_back_exactly() {
    const HOSTILE: &str =
        "a\u{202e}b\u{200b}c\u{1b}[31md\u{7}e\nf\"g\\h\u{9b}i\u{feff}j\u{e0041}\u{2028}k";
    let query = "UPDATE api_tokens SET note = ?1 WHERE id = 1";
    let store = App::JupyterHub.file();
    store.sandbox.connection().execute(query, [HOSTILE]).expect("an update");
    let mut command = store.command(["--as", "olive", "revoke", "1", "--reason", HOSTILE]);
    command.env("TOKENCTL_AUDIT_LOG", store.log()).env("SUDO_USER", "m\u{202e}aria\n{\"entry\"");
    store.sandbox.run_command("revoke 1", &mut command).assert(0);

    let text = read_to_string(store.log()).expect("the audit file");
    let is_tame = |text: &str| {
        let hostile = ['\u{202e}', '\u{200b}', '\u{feff}', '\u{2028}', '\u{e0041}'];
        text.lines().all(|line| !line.contains(|c: char| c.is_control() || hostile.contains(&c)))
    };
    assert!(is_tame(&text), "{text:?}");
    let log = entries(&store.log());
    assert_eq!(log.len(), 2, "two lines: {text:?}");
    for (name, value) in [
        ("name", &log[0]["token"]["name"]),
        ("target name", &log[0]["target_name"]),
        ("reason", &log[0]["reason"]),
    ] {
        assert_eq!(value, HOSTILE, "{name}");
    }
    for format in ["table", "csv", "jsonl", "json"] {
        let ran = store.recorded(&format!("--as olive audit -o {format} --color always"));
        assert!(is_tame(&ran.assert(0).stdout.replace("\u{1b}[", "")), "{format}: {ran}");
        if format == "json" {
            let row = &ran.json()[0];
            assert_eq!((&row["target_name"], &row["reason"]), (&json!(HOSTILE), &json!(HOSTILE)));
            assert!(row["os_user"].as_str().expect("a user").contains("m\u{202e}aria\n{"));
        }
        if format == "table" {
            ran.stdout.lines().for_each(|line| assert!(!line.contains("\u{1b}[31md"), "{line:?}"));
        }
    }
    // Of a file with a hostile name too.
    let name = store.sandbox.home().join("lo\u{202e}g\n.log");
    fs::write(&name, "\n{").expect("a file");
    set_permissions(&name, Permissions::from_mode(0o600)).expect("permissions");
    let mut command = store.command(["--as", "root", "audit"]);
    let ran = store.sandbox.run_command("audit", command.env("TOKENCTL_AUDIT_LOG", &name));
    assert!(is_tame(&ran.assert(1).stderr), "{ran}");
    assert_eq!(ran.stderr.lines().count(), 3, "{ran}");
}

/// Nobody opens a file of a hub as root, and the record is root's all the same.
#[test]
fn the_file_of_a_run_that_becomes_the_owner_is_who_began_it() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    for app in [App::JupyterHub, App::Gitea, App::Forgejo] {
        let store = app.file();
        store.sandbox.give_to(NOBODY);
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("audit.log");
        let run = |line: &str| {
            let mut command = store.command(shell_words::split(line).expect(line));
            command.env("TOKENCTL_AUDIT_LOG", &log).env("SUDO_USER", "maria");
            store.sandbox.run_command(line, &mut command)
        };
        for line in ["--as root revoke 1", "--as olive revoke 2 3 --yes --batch-size 1"] {
            run(line).assert(0);
            let metadata = log.metadata().expect("the audit file");
            assert_eq!((metadata.uid(), metadata.gid(), metadata.mode() & 0o7777), (0, 0, 0o600));
        }
        let log = entries(&log);
        assert_eq!(targets(&log, "outcome"), [1, 2, 3]);
        assert!(
            log.iter()
                .filter(|it| it["entry"] == "intent")
                .all(|it| it["os_user"] == "root (SUDO_USER maria)")
        );
        // It is in a folder that is root's alone.
        assert_eq!(run("--as root audit -o ids").assert(0).ids(), [3, 2, 1]);
        for file in store.sandbox.home().read_dir().expect("a folder") {
            let metadata = file.expect("a file").metadata().expect("a file");
            assert_eq!(metadata.uid(), NOBODY, "the store, and what SQLite needs beside it");
        }
    }
}

#[test]
fn the_hint_for_another_user_names_the_file() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let store = App::JupyterHub.file();
    store.sandbox.give_to(NOBODY);
    set_permissions(store.sandbox.home(), Permissions::from_mode(0o777)).expect("permissions");
    set_permissions(store.sandbox.store(), Permissions::from_mode(0o666)).expect("permissions");
    let mut command = store.sandbox.command_of(54_322, ["--as", "root", "revoke", "1"]);
    command.env("TOKENCTL_AUDIT_LOG", store.log());
    let ran = store.sandbox.run_command("revoke 1", &mut command);
    ran.assert(1).says(&[
        "hint: sudo -u nobody tokenctl",
        &format!("--audit-log {}", store.log().display()),
    ]);
    assert_eq!(store.ids().len(), 20);
}

#[test]
fn a_million_events_are_read_in_bounded_memory() {
    const EVENTS: i64 = 1_000_000;
    const EACH: i64 = 1000;
    let Some(bash) = tool("bash") else { return };
    let store = App::JupyterHub.file();
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).open(store.log()).expect("a file");
    file.set_permissions(Permissions::from_mode(0o600)).expect("permissions");
    let mut log = std::io::BufWriter::new(file);
    for batch in 0..EVENTS / EACH {
        let run = format!("0190e2c5-7d3b-7c2e-9f6a-{:012x}", batch / 10);
        let of = batch * EACH + 1..=(batch + 1) * EACH;
        for id in of.clone() {
            writeln!(
                log,
                "{{\"entry\":\"intent\",\"created_at\":\"2024-03-15T11:59:59.999Z\",\"run_id\":\"{run}\",\
                 \"action\":\"revoke\",\"actor\":\"root\",\"actor_id\":1,\"os_user\":\"root\",\
                 \"schema\":\"jupyterhub\",\"target_type\":\"personal_access_token\",\
                 \"target_id\":{id},\"target_name\":\"laptop\",\"target_user_id\":{},\
                 \"reason\":null,\"token\":{{\"id\":{id}}}}}",
                id % 5 + 1
            ).expect("a line");
        }
        for id in of {
            writeln!(
                log,
                "{{\"entry\":\"outcome\",\"created_at\":\"2024-03-15T11:59:59.999Z\",\"run_id\":\"{run}\",\
                 \"schema\":\"jupyterhub\",\"target_type\":\"personal_access_token\",\
                 \"target_id\":{id},\"outcome\":\"revoked\"}}"
            ).expect("a line");
        }
    }
    drop(log);
    let read = |line: &str| {
        let mut command = Command::new(&bash);
        store.sandbox.isolate(&mut command);
        // The kernel refuses the program any more memory.
        let limited = "ulimit -d 65536; exec \"$@\"";
        let output = command
            .args(["-c", limited, "bash", TOKENCTL])
            .args(shell_words::split(line).expect(line))
            .env("TOKENCTL_AUDIT_LOG", store.log())
            .stderr(Stdio::piped())
            .output()
            .expect("bash runs");
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {messages}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let all = read("--as root audit -o ids");
    assert_eq!(all.lines().next(), Some("1000000"));
    assert_eq!(all.lines().count(), 1_000_000);
}

/// A line without an end is one too, and a file may be nothing else.
#[test]
fn a_line_of_any_length_is_read_in_bounded_memory_too() {
    let Some(bash) = tool("bash") else { return };
    let store = App::JupyterHub.file();
    let mut file = File::create(store.log()).expect("a file");
    file.set_permissions(Permissions::from_mode(0o600)).expect("permissions");
    // As a crash leaves it: a part of a line, and zeroes that take no room.
    file.write_all(b"{\"entry\":").expect("a line");
    file.set_len(1 << 30).expect("a size");
    let run = |line: &str| {
        let mut command = Command::new(&bash);
        store.sandbox.isolate(&mut command);
        command.args(["-c", "ulimit -d 65536; exec \"$@\"", "bash", TOKENCTL]);
        command.args(shell_words::split(line).expect(line));
        store.sandbox.run_command(line, command.env("TOKENCTL_AUDIT_LOG", store.log()))
    };
    run("--as root revoke 1").assert(0);
    let ran = run("--as root audit -o ids");
    assert_eq!(ran.assert(1).ids(), [1], "{ran}");
    ran.says(&["the line at byte 0 cannot be read"]);
    let mut text = Vec::new();
    let mut end = File::open(store.log()).expect("the file");
    std::io::Seek::seek(&mut end, std::io::SeekFrom::Start(1 << 30)).expect("a place");
    end.read_to_end(&mut text).expect("the rest");
    assert!(text.starts_with(b"\n{\"entry\":\"intent\""));
}

#[test]
fn the_content_of_a_native_store_is_the_same_with_and_without_the_file() {
    let [with, without] = ["--audit-log audit.log", ""].map(|flags| {
        let sandbox = Sandbox::new();
        sandbox.run(&format!("{flags} --as root revoke --state active --yes -q")).assert(0);
        let content = content_of(&sandbox.connection());
        // All but times and the run.
        let lines = content.lines().map(|line| steady(line, "~"));
        lines.collect::<Vec<_>>()
    });
    assert_eq!(with, without);
}
