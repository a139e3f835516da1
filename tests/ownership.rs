//! A store that belongs to another user: root becomes that user, anybody else is
//! refused where they could leave files that stop the application.

use std::fs::{Permissions, read_to_string, set_permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::Stdio;

use crate::support::{NOBODY, Sandbox, Transcript};

/// A user without a name, and somebody else.
const NAMELESS: u32 = 54_321;
const OTHER: u32 = 54_322;

/// These tests make users' files and change into them.
pub fn is_root() -> bool {
    let is_root = nix::unistd::geteuid().is_root();
    if !is_root {
        let _ = writeln!(std::io::stderr(), "passed over: it takes root");
    }
    is_root
}

/// Owner and mode of the store and of what stands beside it.
fn files(sandbox: &Sandbox) -> Vec<(String, u32, u32)> {
    let named = |suffix: &str| {
        let path = format!("{}{suffix}", sandbox.store().display());
        let metadata = Path::new(&path).metadata().ok()?;
        Some((suffix.into(), metadata.uid(), metadata.mode() & 0o777))
    };
    ["", "-wal", "-shm", "-journal"].into_iter().filter_map(named).collect()
}

/// The store of the fixture, which everybody may read and write.
fn shared_store(journal_mode: &str, owner: u32) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.sql(&format!("PRAGMA journal_mode = {journal_mode}"));
    sandbox.give_to(owner);
    set_permissions(sandbox.home(), Permissions::from_mode(0o777)).expect("permissions");
    set_permissions(sandbox.store(), Permissions::from_mode(0o666)).expect("permissions");
    sandbox
}

fn run_as(uid: u32, sandbox: &Sandbox, line: &str) -> Transcript {
    let args = shell_words::split(line).expect(line);
    sandbox.run_command(line, &mut sandbox.command_of(uid, args))
}

#[test]
fn root_becomes_the_owner_for_good() {
    if !is_root() {
        return;
    }
    for (owner, journal_mode) in [(NOBODY, "WAL"), (NAMELESS, "WAL"), (NOBODY, "DELETE")] {
        let sandbox = Sandbox::without_store();
        sandbox.run("init --quiet --sample=5000").assert(0);
        sandbox.sql(&format!("PRAGMA journal_mode = {journal_mode}"));
        sandbox.give_to(owner);
        // It lives as long as nobody takes its list.
        let mut child = sandbox
            .command(["--as", "root", "list", "-o", "jsonl"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        output.read_line(&mut line).expect("a line");

        let tasks = format!("/proc/{}/task", child.id());
        let mut threads = 0;
        for task in Path::new(&tasks).read_dir().expect("its threads") {
            let status = read_to_string(task.expect("a thread").path().join("status"));
            let status = status.expect("its status");
            let field = |name: &str| -> Vec<String> {
                let line = status.lines().find(|line| line.starts_with(name)).expect(name);
                line.split_whitespace().skip(1).map(Into::into).collect()
            };
            let all_four = vec![owner.to_string(); 4];
            assert_eq!(field("Uid:"), all_four, "real, effective, saved, of files");
            assert_eq!(field("Gid:"), all_four);
            assert_eq!(field("Groups:"), all_four[..1]);
            for capabilities in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
                assert_eq!(field(capabilities), ["0000000000000000"], "{capabilities}");
            }
            threads += 1;
        }
        assert!(threads > 1, "one writes what another reads");
        output.read_to_string(&mut line).expect("UTF-8");
        assert_eq!(line.lines().count(), 5000);
        assert!(child.wait().expect("it ends").success());
    }
}

#[test]
fn files_beside_the_store_keep_owner_and_mode() {
    if !is_root() {
        return;
    }
    for mode in [0o600, 0o640, 0o660] {
        for line in ["list", "revoke 1", "revoke --state active --yes", "list --foreign-owner"] {
            let sandbox = Sandbox::new();
            set_permissions(sandbox.store(), Permissions::from_mode(mode)).expect("permissions");
            sandbox.give_to(NOBODY);
            sandbox.run(&format!("--as root {line}")).assert(0);
            for (file, owner, its_mode) in files(&sandbox) {
                assert_eq!((owner, its_mode), (NOBODY, mode), "{line}: {file}");
            }

            // The application has it open: they are there before, during and after.
            let application = sandbox.connection();
            application.execute_batch("UPDATE users SET name = name").expect("a write");
            sandbox.give_to(NOBODY);
            let before = files(&sandbox);
            assert_eq!(before.len(), 3, "-wal and -shm");
            sandbox.run(&format!("--as root {line}")).assert(0);
            assert_eq!(files(&sandbox), before, "{line}");
        }
    }
}

#[test]
fn a_name_that_only_root_can_follow_is_as_good_as_another() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.give_to(NOBODY);
    let folder = sandbox.home().join("roots");
    std::fs::create_dir(&folder).expect("a folder");
    set_permissions(&folder, Permissions::from_mode(0o700)).expect("permissions");
    symlink(sandbox.store(), folder.join("store.db")).expect("a link");
    sandbox.run("--as root --db roots/store.db list").assert(0);
    sandbox.run("--as root --db roots/store.db revoke 1 2 --yes").assert(0);
}

#[test]
fn an_event_tells_who_root_was() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.give_to(NOBODY);
    let mut command = sandbox.command(["--as", "root", "revoke", "1"]);
    sandbox.run_command("revoke 1", command.env("SUDO_USER", "maria")).assert(0);
    assert_eq!(sandbox.value("SELECT os_user FROM audit_events"), "root (SUDO_USER maria)");
}

#[test]
fn a_store_that_its_owner_cannot_reach_is_not_opened_as_root() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.give_to(NOBODY);
    // The folder stays root's alone.
    chown(sandbox.home(), Some(0), Some(0)).expect("a new owner");
    for (mode, problem) in [
        (0o700, "as its owner, nobody: Permission denied"),
        (0o755, "nobody may not write to the folder ~"),
    ] {
        set_permissions(sandbox.home(), Permissions::from_mode(mode)).expect("permissions");
        for line in ["list", "revoke 1"] {
            let ran = sandbox.run(&format!("--as root {line}")).to_string();
            assert!(ran.contains("cannot open store ~/store.db"), "{ran}");
            assert!(ran.contains(problem) && ran.ends_with("? 1\n"), "{ran}");
        }
    }
}

#[test]
fn anybody_else_is_refused_where_he_could_do_harm() {
    if !is_root() {
        return;
    }
    for owner in [NOBODY, NAMELESS] {
        let named = if owner == NOBODY { "nobody" } else { "'#54321'" };
        for (journal_mode, line, refused) in [
            ("WAL", "list", true),
            ("WAL", "show 1 -o json", true),
            ("WAL", "audit", true),
            ("WAL", "deploy-tokens list", true),
            ("WAL", "revoke 1", true),
            ("WAL", "revoke --search 'old laptop' --dry-run", true),
            ("DELETE; PRAGMA page_size = 512; VACUUM", "list", false),
            ("DELETE", "list", false),
            ("DELETE", "show 1 -o json", false),
            ("DELETE", "revoke 1 --dry-run", false),
            ("DELETE", "revoke 1 --reason 'left the team'", true),
            ("DELETE", "deploy-tokens revoke 1 2 --yes", true),
        ] {
            let sandbox = shared_store(journal_mode, owner);
            let ran = run_as(OTHER, &sandbox, &format!("--as root {line}"));
            if refused {
                assert_eq!(ran.assert(1).stdout, "", "{ran}");
                let db = sandbox.store().display().to_string();
                let command = format!(
                    "hint: sudo -u {named} tokenctl --db {db} --now 2024-03-15T12:00:00Z --as root {line}\n"
                );
                ran.says(&["cannot open store", "belongs to", &command, "--foreign-owner"]);
            } else {
                assert!(!ran.assert(0).stdout.is_empty(), "{ran}");
            }
            let left = files(&sandbox);
            assert_eq!(left, [(String::new(), owner, 0o666)], "{journal_mode} {line}");
            // Those who share a group ask for it.
            let ran = run_as(OTHER, &sandbox, &format!("--as root --foreign-owner {line}"));
            ran.assert(0);
        }
    }
}

#[test]
fn the_hint_names_what_sudo_would_drop() {
    if !is_root() {
        return;
    }
    let sandbox = shared_store("WAL", NOBODY);
    let mut command = sandbox.command_of(OTHER, ["list", "--search", "it's"]);
    command.env("TOKENCTL_AS", "root").env("TOKENCTL_DB", "store.db");
    let ran = sandbox.run_command("list", &mut command);
    ran.assert(1).says(&[
        "sudo -u nobody tokenctl --db store.db --as root --now 2024-03-15T12:00:00Z list --search",
    ]);
    // The hint is a command that a shell reads back.
    let hint = ran.stderr.lines().find_map(|line| line.strip_prefix("hint: sudo")).expect("a hint");
    let words = shell_words::split(hint).expect("words of a shell");
    assert_eq!(words.last().map(String::as_str), Some("it's"));
}

#[test]
fn a_file_beside_the_store_that_somebody_else_left_is_named() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.give_to(NOBODY);
    let application = sandbox.connection();
    application.execute_batch("UPDATE users SET name = name").expect("a write");
    let log = format!("{}-wal", sandbox.store().display());
    chown(&log, Some(NAMELESS), None).expect("a new owner");
    set_permissions(&log, Permissions::from_mode(0o600)).expect("permissions");
    for line in ["list", "revoke 1"] {
        let ran = sandbox.run(&format!("--as root {line}"));
        assert_eq!(ran.assert(1).stdout, "", "{ran}");
        ran.says(&["-wal belongs to uid 54321, and the store to nobody", "hint: sudo chown"]);
    }
    // That is no reason where several users write to the store.
    set_permissions(&log, Permissions::from_mode(0o666)).expect("permissions");
    application.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    sandbox.run("--as root --foreign-owner revoke 1 --busy-timeout 0s").assert(75);
}

#[test]
fn the_owner_himself_is_served() {
    if !is_root() {
        return;
    }
    for journal_mode in ["WAL", "DELETE"] {
        let sandbox = Sandbox::new();
        sandbox.sql(&format!("PRAGMA journal_mode = {journal_mode}"));
        sandbox.give_to(NOBODY);
        run_as(NOBODY, &sandbox, "--as root list").assert(0);
        run_as(NOBODY, &sandbox, "--as root revoke 1 2 --yes").assert(0);
        assert!(files(&sandbox).iter().all(|(_, owner, _)| *owner == NOBODY));
    }
}
