//! The audit file with more than one writer, with readers beside them, and for more than
//! one database; and that it never is a file of the store.

use std::fs::{self, File, OpenOptions, read_to_string};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::apps::{App, Foreign, entries, targets};
use crate::support::{Sandbox, Transcript, start};

/// What a test waits for at the most.
const LONG: Duration = Duration::from_mins(1);

#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn started(store: &Foreign, line: &str) -> Child {
    let mut command = store.command(line.split(' '));
    start(command.env("TOKENCTL_AUDIT_LOG", store.log()))
}

fn ended(store: &Foreign, line: &str, child: Child) -> Transcript {
    store.sandbox.transcript(line, child.wait_with_output().expect("it ends"))
}

/// Another writer, which has the file and perhaps its lock.
fn writer(log: &Path) -> File {
    OpenOptions::new().read(true).append(true).open(log).expect("the audit file")
}

/// Whether the process waits for a lock on the file, or holds it, by what the kernel says.
fn has_open(child: &Child, log: &Path) -> bool {
    let Ok(files) = fs::read_dir(format!("/proc/{}/fd", child.id())) else { return false };
    files.flatten().any(|it| it.path().read_link().is_ok_and(|it| it == log))
}

/// Another run dies in the middle of a line, which this one has not seen when it opened
/// the file: it must not be glued to it.
#[test]
fn a_line_that_another_run_left_torn_is_closed_and_never_joined() {
    const LINE: &str = "--as root revoke 2 3 --yes --batch-size 1 -o ids --busy-timeout 1min";
    for store in App::JupyterHub.stores() {
        store.recorded("--as root revoke 1").assert(0);
        let before = fs::read(store.log()).expect("the audit file");
        let lock = store.lock();
        let child = started(&store, LINE);
        wait_until("it tells its intent", || {
            fs::read(store.log()).expect("the audit file").len() > before.len()
        });
        writer(&store.log()).write_all(b"{\"entry\":\"int").expect("a torn line");
        let torn = fs::read(store.log()).expect("the audit file");
        lock.end("SELECT 1");
        assert_eq!(ended(&store, LINE, child).assert(0).ids(), [2, 3]);
        let after = fs::read(store.log()).expect("the audit file");
        assert!(after.starts_with(&torn));
        assert_eq!(after[torn.len()], b'\n', "the torn line is closed");
        let ran = store.recorded("--as root audit -o jsonl");
        ran.assert(1).says(&["1 of the audit log's lines cannot be read"]);
        assert_eq!(ran.stdout.matches("\"outcome\":\"revoked\"").count(), 3, "{ran}");
    }
}

#[test]
fn a_writer_waits_for_the_other_and_sees_what_it_left() {
    let line = "--as root revoke 1 -o ids";
    for torn in ["", "{\"entry\":\"outc"] {
        let store = App::Gitea.file();
        store.recorded("--as root revoke 5").assert(0);
        let length = || fs::metadata(store.log()).expect("the audit file").len();
        let mut other = writer(&store.log());
        other.lock().expect("the lock");
        let before = length();
        let child = started(&store, line);
        wait_until("it opens the file", || has_open(&child, &store.log()));
        thread::sleep(Duration::from_millis(300));
        assert_eq!(length(), before, "nothing is written without the lock");
        assert!(store.ids().contains(&1), "nor deleted");
        other.write_all(torn.as_bytes()).expect("a torn line");
        // As it goes when its process dies.
        drop(other);
        assert_eq!(ended(&store, line, child).assert(0).ids(), [1]);
        let ran = store.recorded("--as root audit -o ids");
        assert_eq!(ran.assert(i32::from(!torn.is_empty())).ids(), [1, 5], "{ran}");
        if torn.is_empty() {
            assert_eq!(entries(&store.log()).len(), 4);
        }
    }
}

#[test]
fn a_lock_that_is_never_given_back_ends_the_run_before_anything_is_done() {
    let store = App::Gitea.file();
    store.recorded("--as root revoke 5").assert(0);
    let other = writer(&store.log());
    other.lock().expect("the lock");
    let content = store.content();
    let begun = Instant::now();
    let ran = store.recorded("--as root revoke 1 2 --yes -o ids");
    assert_eq!(ran.assert(1).stdout, "");
    ran.says(&["another process holds audit log", "0 of 2 ids done"]);
    let took = begun.elapsed();
    assert!(took > Duration::from_secs(9) && took < Duration::from_secs(30), "{took:?}");
    assert!(store.content() == content);
    // Whole lines are read without the lock.
    let begun = Instant::now();
    assert_eq!(store.recorded("--as root audit -o ids").assert(0).ids(), [5]);
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_line_that_is_being_written_is_not_taken_for_a_torn_one() {
    let store = App::Gitea.file();
    store.recorded("--as root revoke 1 2 --yes").assert(0);
    let whole = fs::read(store.log()).expect("the audit file");
    for cut in [1, 2, 60] {
        let half = whole.len() - cut;
        let mut other = writer(&store.log());
        other.lock().expect("the lock");
        other.set_len(half as u64).expect("a shorter file");
        let line = "--as root audit -o jsonl";
        let child = started(&store, line);
        wait_until("it opens the file", || has_open(&child, &store.log()));
        thread::sleep(Duration::from_millis(300));
        other.write_all(&whole[half..]).expect("the rest of the line");
        drop(other);
        let ran = ended(&store, line, child);
        assert_eq!(ran.assert(0).stdout.matches("\"outcome\":\"revoked\"").count(), 2, "{ran}");
        // Of a writer that died there it is torn, or lacks nothing but its end.
        writer(&store.log()).set_len(half as u64).expect("a shorter file");
        store.recorded(line).assert(i32::from(cut > 1));
        fs::write(store.log(), &whole).expect("the audit file");
    }
}

/// Every spelling of the store's own files.
#[test]
fn the_audit_file_never_is_one_of_the_stores_own_files() {
    for (mode, made) in [("DELETE", "-journal"), ("WAL", "-wal")] {
        let store = App::JupyterHub.file();
        store.sql(&format!("PRAGMA journal_mode = {mode}"));
        let home = store.sandbox.home();
        symlink(home, home.join("folder")).expect("a link");
        fs::create_dir(home.join("deep")).expect("a folder");
        symlink("store.db", home.join("link.db")).expect("a link");
        fs::hard_link(store.sandbox.store(), home.join("second.db")).expect("a link");
        for suffix in ["", "-journal", "-wal", "-shm"] {
            symlink(format!("store.db{suffix}"), home.join(format!("to{suffix}"))).expect("a link");
        }
        // It is there already, or not yet.
        for is_there in [false, true] {
            let application = is_there.then(|| {
                let application = store.sandbox.connection();
                application
                    .execute_batch("BEGIN IMMEDIATE; DELETE FROM users WHERE id = 5")
                    .expect("a change");
                application
            });
            let there = home.join(format!("store.db{made}"));
            assert!(!is_there || there.exists(), "{mode}: {:?}", store.files());
            let content = store.content();
            let absolute = home.display().to_string();
            let spelled = |suffix: &str| -> Vec<String> {
                let mut all: Vec<String> = ["", "./", "deep/../", "folder/", "folder/folder/./"]
                    .iter()
                    .map(|folder| format!("{folder}store.db{suffix}"))
                    .collect();
                all.push(format!("{absolute}/store.db{suffix}"));
                all.push(format!("{absolute}//deep/../folder/store.db{suffix}"));
                all.push(format!("to{suffix}"));
                all
            };
            let logs: Vec<_> = ["", "-journal", "-wal", "-shm"].map(spelled).concat();
            let names = [
                "store.db".into(),
                "sqlite:./store.db".into(),
                "folder/store.db".into(),
                "link.db".into(),
                format!("{absolute}/store.db"),
            ];
            for (index, log) in logs.iter().chain([&"second.db".to_owned()]).enumerate() {
                // Each as one of the names of the store.
                let name = &names[index % names.len()];
                let files = store.files();
                let line = format!("--db {name} --as root --audit-log {log} revoke 1 -q");
                let ran = store.run(&line);
                assert_eq!(ran.assert(2).stdout, "");
                ran.says(&["--audit-log", "one of the store's own files"]);
                assert_eq!(store.files(), files, "{line}");
                let line = format!("--db {name} --as root --audit-log {log} audit");
                store.run(&line).assert(2);
            }
            assert!(store.content() == content);
            drop(application);
        }
        // What only begins so is a file like any other.
        for name in ["store.db-log", "deep/store.db-wal", "store.db.jsonl"] {
            let line = format!("--as root --audit-log {name} revoke {}", 2 + name.len() % 7);
            let ran = store.run(&line);
            assert!(matches!(ran.status, 0 | 4), "{ran}");
            assert!(home.join(name).exists(), "{name}");
        }
    }
    // A store that is not there is none to write into.
    let sandbox = Sandbox::without_store();
    let ran = sandbox.run("--as root --audit-log ./store.db revoke 1");
    ran.assert(2).says(&["one of the store's own files"]);
    assert!(!sandbox.store().exists());
}

/// What `audit` shows, and how many events of other databases it tells of.
#[track_caller]
fn shown(store: &Foreign, log: &Path, user: &str) -> (Vec<i64>, Option<u64>) {
    let line = format!("--as {user} audit -o ids --audit-log {}", log.display());
    let ran = store.run(&line);
    let rest = ran.assert(0).stderr.lines().find_map(|line| {
        let count = line.strip_prefix("tokenctl: ")?.split_once(" event")?;
        count.1.contains("of other databases").then(|| count.0.parse().expect(line))
    });
    (ran.ids(), rest)
}

#[test]
fn one_file_for_two_hubs_shows_nobody_the_others_events() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("audit.log");
    let (one, other) = (App::JupyterHub.file(), App::JupyterHub.file());
    let revoke = |store: &Foreign, line: &str| {
        store.run(&format!("--audit-log {} {line}", log.display())).assert(0);
    };
    revoke(&one, "--as olive revoke 1 2 --yes");
    revoke(&other, "--as sam revoke 9");
    revoke(&other, "--as olive revoke 3 4 5 --yes");
    assert_eq!(shown(&one, &log, "root"), (vec![2, 1], Some(4)));
    assert_eq!(shown(&other, &log, "root"), (vec![5, 4, 3, 9], Some(2)));
    // Nobody else learns how many there are.
    assert_eq!(shown(&one, &log, "olive"), (vec![2, 1], None));
    assert_eq!(shown(&one, &log, "sam"), (vec![], None));
    assert_eq!(shown(&other, &log, "olive"), (vec![5, 4, 3], None));
    let quiet = format!("-q --as root audit -o ids --audit-log {}", log.display());
    assert_eq!(one.run(&quiet).assert(0).stderr, "");

    // However the store is named, and both kinds of entry name it.
    symlink(one.sandbox.home(), folder.path().join("hub")).expect("a link");
    let line = format!(
        "--db {}/hub/store.db --as root audit -o ids --audit-log {}",
        folder.path().display(),
        log.display()
    );
    assert_eq!(one.run(&line).assert(0).ids(), [2, 1]);
    let of_one =
        entries(&log).into_iter().filter(|entry| entry["database"] == one.named().as_str());
    let kinds: Vec<_> = of_one.map(|entry| entry["entry"].as_str().map(String::from)).collect();
    assert_eq!(kinds, ["intent", "intent", "outcome", "outcome"].map(|it| Some(it.into())));

    // What came to nothing is no event of theirs either.
    let text = read_to_string(&log).expect("the audit file");
    let spared = text.replace(
        "\"target_id\":9,\"outcome\":\"revoked\"",
        "\"target_id\":9,\"outcome\":\"not_revoked\"",
    );
    assert_ne!(spared, text);
    fs::write(&log, spared).expect("the audit file");
    assert_eq!(shown(&one, &log, "root"), (vec![2, 1], Some(3)));
}

#[test]
fn entries_that_name_no_database_are_of_any_of_that_schema() {
    let store = App::Gitea.file();
    store.recorded("--as root revoke 1 2 --yes").assert(0);
    let old: String = read_to_string(store.log())
        .expect("the audit file")
        .lines()
        .map(|line| {
            let mut entry: Value = serde_json::from_str(line).expect(line);
            assert!(entry.as_object_mut().expect("an object").remove("database").is_some());
            entry.to_string() + "\n"
        })
        .collect();
    fs::write(store.log(), old).expect("the audit file");
    assert_eq!(shown(&store, &store.log(), "root"), (vec![2, 1], None));
    let moved = App::Forgejo.file();
    assert_eq!(shown(&moved, &store.log(), "root"), (vec![2, 1], None));
    // Of another application they are not.
    let hub = App::JupyterHub.file();
    assert_eq!(shown(&hub, &store.log(), "root"), (vec![], Some(2)));
}

#[test]
fn a_server_is_one_under_every_address_where_its_identifier_may_be_read() {
    for store in App::Gitea.stores().into_iter().filter(|it| !it.is_file()) {
        store.recorded("--as root revoke 1 2 --yes").assert(0);
        let log = entries(&store.log());
        assert_eq!(targets(&log, "intent"), [1, 2]);
        let named = store.named();
        let named = named.as_str();
        assert!(log.iter().all(|entry| entry["database"] == named), "{named}: {log:?}");
        let (address, end) = named.rsplit_once('/').expect("an address");
        let (database, system) = end.split_once('#').expect("an identifier");
        assert!(address.contains(':') && system.len() > 10, "{named}");
        assert_eq!(shown(&store, &store.log(), "root"), (vec![2, 1], None));
        // Under another address.
        let text = read_to_string(store.log()).expect("the audit file");
        let rewritten = |other: &str| {
            fs::write(store.log(), text.replace(named, other)).expect("the audit file");
        };
        rewritten(&format!("db1:5432/{end}"));
        assert_eq!(shown(&store, &store.log(), "root"), (vec![2, 1], None));
        rewritten(&format!("db1:5432/{database}#{system}1"));
        assert_eq!(shown(&store, &store.log(), "root"), (vec![], Some(2)));
        rewritten(&format!("db1:5432/{database}"));
        assert_eq!(shown(&store, &store.log(), "root"), (vec![], Some(2)));
        rewritten(&format!("{address}/{database}"));
        assert_eq!(shown(&store, &store.log(), "root"), (vec![2, 1], None));
        fs::write(store.log(), &text).expect("the audit file");

        // A role that may not read the identifier goes by the address.
        store.sql("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
        assert_eq!(shown(&store, &store.log(), "root"), (vec![2, 1], None));
        store.recorded("--as root revoke 3").assert(0);
        let last = entries(&store.log()).pop().expect("an entry");
        assert_eq!(last["database"], format!("{address}/{database}"));
        store.sql("GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC");
        assert_eq!(shown(&store, &store.log(), "root"), (vec![3, 2, 1], None));
    }
}
