//! Links under root: one that somebody else has made leads nowhere, however soon it is
//! swapped.

use std::fs::{self, Permissions, set_permissions};
use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use nix::unistd::{Gid, Group, Uid, User};
use rusqlite::Connection;
use rustix::fs::{XattrFlags, setxattr};

use crate::ownership::is_root;
use crate::support::apps::{App, content_of};
use crate::support::{Sandbox, Transcript};

/// Who makes the link, and whose store it leads to.
const MALLORY: u32 = 54_321;
const VICTIM: u32 = 54_322;

/// A folder of mallory's that everybody may enter, and one of the victim's that nobody else
/// may, with a store of the fixture in each.
struct World {
    sandbox: Sandbox,
    mallory: PathBuf,
    victim: PathBuf,
}

impl World {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.sql("PRAGMA journal_mode = DELETE");
        set_permissions(sandbox.home(), Permissions::from_mode(0o755)).expect("permissions");
        let [mallory, victim] = ["mallory", "victim"].map(|name| sandbox.home().join(name));
        folder(&mallory, MALLORY, 0o755);
        folder(&victim, VICTIM, 0o700);
        store(&sandbox, &mallory, MALLORY);
        store(&sandbox, &victim, VICTIM);
        Self { sandbox, mallory, victim }
    }

    fn run(&self, db: &Path, line: &str) -> Transcript {
        self.sandbox.run(&format!("--as root --db {} {line}", db.display()))
    }

    /// What the victim's store and folder hold.
    fn victims(&self) -> (String, Vec<PathBuf>) {
        let connection = Connection::open(self.victim.join("store.db")).expect("a store");
        let content = content_of(&connection);
        drop(connection);
        let entries = self.victim.read_dir().expect("a folder");
        (content, entries.map(|entry| entry.expect("an entry").path()).collect())
    }
}

fn folder(path: &Path, owner: u32, mode: u32) {
    fs::create_dir(path).expect("a folder");
    set_permissions(path, Permissions::from_mode(mode)).expect("permissions");
    chown(path, Some(owner), Some(owner)).expect("a new owner");
}

fn store(sandbox: &Sandbox, folder: &Path, owner: u32) {
    fs::copy(sandbox.store(), folder.join("store.db")).expect("a copy");
    chown(folder.join("store.db"), Some(owner), Some(owner)).expect("a new owner");
}

fn link(target: impl AsRef<Path>, path: &Path, maker: u32) {
    symlink(target, path).expect("a link");
    lchown(path, Some(maker), Some(maker)).expect("a new owner");
}

#[test]
fn root_follows_no_link_that_somebody_else_has_made() {
    if !is_root() {
        return;
    }
    let world = World::new();
    let World { mallory, victim, sandbox } = &world;
    link(victim.join("store.db"), &mallory.join("link.db"), MALLORY);
    link("../victim/store.db", &mallory.join("relative.db"), MALLORY);
    link(victim, &mallory.join("data"), MALLORY);
    link("link.db", &mallory.join("chain.db"), VICTIM);
    let roots = sandbox.home().join("roots.db");
    link(mallory.join("link.db"), &roots, 0);
    fs::hard_link(mallory.join("store.db"), mallory.join("second.db")).expect("a name");
    let before = world.victims();
    for path in ["link.db", "relative.db", "data/store.db", "data/../victim/store.db", "chain.db"]
        .map(|name| mallory.join(name))
        .into_iter()
        .chain([roots])
    {
        for line in ["list", "revoke --state active --yes", "show 1 --foreign-owner"] {
            let ran = world.run(&path, line);
            assert_eq!(ran.assert(1).stdout, "", "{ran}");
            ran.says(&["cannot open store", "root does not follow", "uid 54321 made", "hint: "]);
        }
    }
    for line in ["list", "revoke 1"] {
        world.run(&mallory.join("second.db"), line).assert(1).says(&["other names too"]);
    }
    fs::remove_file(mallory.join("second.db")).expect("a name");
    assert!(world.victims() == before);

    // Whoever is not root follows links as ever, and so does root where nobody is deceived.
    let args = ["--as", "root", "--db", "mallory/data/store.db", "list", "-o", "ids"];
    let ran = sandbox.run_command("list", &mut sandbox.command_of(VICTIM, args));
    assert_eq!(ran.assert(0).ids().len(), 16);
    link(mallory.join("store.db"), &mallory.join("own.db"), MALLORY);
    link(mallory.join("own.db"), &sandbox.home().join("admin.db"), 0);
    link(victim.join("store.db"), &mallory.join("victims.db"), VICTIM);
    link(sandbox.home(), &sandbox.home().join("here"), 0);
    for path in ["mallory/own.db", "admin.db", "here/mallory/own.db", "mallory/victims.db"] {
        world.run(Path::new(path), "list").assert(0);
        world.run(Path::new(path), "revoke 1").assert(0);
    }
    world.run(Path::new("mallory/../mallory/./own.db"), "list").assert(0);
}

#[test]
fn links_that_lead_in_circles_or_nowhere_are_missing() {
    let sandbox = Sandbox::new();
    symlink("b", sandbox.home().join("a")).expect("a link");
    symlink("a", sandbox.home().join("b")).expect("a link");
    symlink("store.db/x", sandbox.home().join("c")).expect("a link");
    for (path, problem) in [("a", "symbolic links"), ("c", "Not a directory"), ("a/x", "links")] {
        sandbox.run(&format!("--as root --db {path} list")).assert(1).says(&[problem]);
    }
}

/// Swaps two names until the runs are over.
fn while_swapping(names: [&Path; 2], mut run: impl FnMut()) {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let [one, other] = names;
                renameat2(AT_FDCWD, one, AT_FDCWD, other, RenameFlags::RENAME_EXCHANGE)
                    .expect("a swap");
            }
        });
        run();
        is_over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_link_that_is_swapped_all_the_time_leads_nowhere_either() {
    const RUNS: usize = 100;
    if !is_root() {
        return;
    }
    let world = World::new();
    let World { mallory, victim, sandbox } = &world;
    link(victim.join("store.db"), &mallory.join("swap.db"), MALLORY);
    folder(&mallory.join("data"), MALLORY, 0o755);
    store(sandbox, &mallory.join("data"), MALLORY);
    link(victim, &mallory.join("swap"), MALLORY);
    let before = world.victims();
    for ([file, swapped], path) in
        [(["store.db", "swap.db"], "store.db"), (["data", "swap"], "data/store.db")]
    {
        let mut ended = [0; 2];
        while_swapping([&mallory.join(file), &mallory.join(swapped)], || {
            // Longer where the machine has had no time to swap.
            while ended[0] + ended[1] < RUNS || (ended[0] == 0 && ended[1] < 20 * RUNS) {
                let ran = world.run(&mallory.join(path), "revoke --state active --yes");
                assert!(matches!(ran.status, 0 | 1), "{ran}");
                ended[usize::from(ran.status == 0)] += 1;
            }
        });
        assert!(world.victims() == before, "{path}");
        assert!(ended[0] > 0, "{path}: no run met the link");
    }
}

/// SQLite makes and removes a journal by the path of the store. Between the two, whoever may
/// exchange folders on that path could leave it beside another store, which would play it.
#[test]
fn root_goes_through_no_folder_where_others_exchange_folders() {
    if !is_root() {
        return;
    }
    let world = World::new();
    let World { mallory, sandbox, .. } = &world;
    let theirs = mallory.join("theirs");
    folder(&theirs, VICTIM, 0o755);
    store(sandbox, &theirs, VICTIM);
    let above = mallory.clone();
    for (owner, group, mode, is_refused) in [
        (MALLORY, 0, 0o755, true),
        (MALLORY, 0, 0o1777, true),
        (0, 0, 0o777, true),
        (0, MALLORY, 0o775, true),
        (VICTIM, MALLORY, 0o770, true),
        // The group of a file that only its owner may write has no say.
        (0, VICTIM, 0o2775, true),
        (0, 0, 0o1777, false),
        (0, MALLORY, 0o1775, false),
        (0, 0, 0o775, false),
        (VICTIM, MALLORY, 0o755, false),
    ] {
        chown(&above, Some(owner), Some(group)).expect("a new owner");
        set_permissions(&above, Permissions::from_mode(mode)).expect("permissions");
        for line in ["list", "revoke 1", "revoke 2 --dry-run"] {
            let ran = world.run(&theirs.join("store.db"), line);
            if is_refused {
                let why = "others than its owner, uid 54322, may exchange folders in";
                ran.assert(1).says(&[why, "hint: or, where whoever may change "]);
                let is_closed = mode & 1 == 0 && owner != VICTIM;
                ran.says(&[if is_closed { "" } else { "hint: sudo -u '#54322' tokenctl" }]);
            } else {
                ran.assert(0);
            }
        }
        // Who trusts whoever else may change it, says so.
        world.run(&theirs.join("store.db"), "list --foreign-owner").assert(0);
    }
    let run = || world.run(&theirs.join("store.db"), "list");
    let mode = |path: &Path, mode| {
        set_permissions(path, Permissions::from_mode(mode)).expect("permissions");
    };
    // A group that may write the store anyway.
    chown(&above, Some(0), Some(VICTIM)).expect("a new owner");
    mode(&above, 0o2775);
    mode(&theirs.join("store.db"), 0o660);
    run().assert(0);
    mode(&theirs.join("store.db"), 0o600);
    run().assert(1);
    // The owner's own, where they have one: Debian's daemon has.
    let user = User::from_uid(Uid::from_raw(1)).ok().flatten();
    let group = Group::from_gid(Gid::from_raw(1)).ok().flatten();
    if user.zip(group).is_some_and(|(user, group)| user.name == group.name) {
        chown(theirs.join("store.db"), Some(1), Some(1)).expect("a new owner");
        chown(&above, Some(0), Some(1)).expect("a new owner");
        run().assert(0);
        chown(theirs.join("store.db"), Some(VICTIM), Some(1)).expect("a new owner");
        run().assert(1);
        chown(theirs.join("store.db"), Some(VICTIM), Some(VICTIM)).expect("a new owner");
    }
    // In a sticky folder everybody may rename what is their own.
    mode(&above, 0o1777);
    run().assert(0);
    chown(&theirs, Some(MALLORY), Some(0)).expect("a new owner");
    mode(&theirs, 0o1777);
    run().assert(1).says(&["may exchange folders in"]);
    chown(&theirs, Some(VICTIM), Some(0)).expect("a new owner");
    mode(&theirs, 0o755);
    // With a list, the bits of the group are those of whoever is named there.
    chown(&above, Some(0), Some(0)).expect("a new owner");
    mode(&above, 0o755);
    for (permissions, is_refused) in [(7, true), (5, false)] {
        set_list(&above, permissions);
        assert_eq!(run().status == 1, is_refused, "{permissions}");
    }
    remove_list(&above);
    // Of a store of root's, too, and of one that its owner cannot reach.
    chown(theirs.join("store.db"), Some(0), Some(0)).expect("a new owner");
    chown(&above, Some(MALLORY), Some(0)).expect("a new owner");
    run().assert(1).says(&["others than its owner, root", "hint: move it to a folder"]);
    assert!(!run().stderr.contains("sudo"));
    world.run(&theirs.join("store.db"), "list --foreign-owner").assert(0);
    chown(theirs.join("store.db"), Some(VICTIM), Some(VICTIM)).expect("a new owner");
    mode(&above, 0o700);
    run().assert(1).says(&["uid 54322 cannot go there, through a folder of uid 54321"]);
    // Whoever is no root goes as ever.
    set_permissions(&above, Permissions::from_mode(0o777)).expect("permissions");
    let args = ["--as", "root", "--db", "mallory/theirs/store.db", "list", "-o", "ids"];
    sandbox.run_command("list", &mut sandbox.command_of(VICTIM, args)).assert(0);
}

/// Gives a folder an access control list that lets mallory do so much, in the [form] of the
/// kernel.
///
/// [form]: https://www.kernel.org/doc/html/latest/filesystems/ext4/attributes.html
fn set_list(folder: &Path, permissions: u16) {
    const NONE: u32 = u32::MAX;
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in [
        (0x01, 7, NONE),
        (0x02, permissions, MALLORY),
        (0x04, 5, NONE),
        (0x10, permissions, NONE),
        (0x20, 5, NONE),
    ] {
        list.extend(u16::to_le_bytes(tag));
        list.extend(u16::to_le_bytes(permissions));
        list.extend(u32::to_le_bytes(id));
    }
    setxattr(folder, LIST, &list, XattrFlags::empty()).expect("a list");
}

fn remove_list(folder: &Path) {
    rustix::fs::removexattr(folder, LIST).expect("a list");
}

const LIST: &str = "system.posix_acl_access";

#[test]
fn an_audit_file_is_made_in_no_folder_that_a_link_leads_to() {
    if !is_root() {
        return;
    }
    let gitea = App::Gitea.file();
    let world = World::new();
    let secret = world.sandbox.home().join("secret");
    folder(&secret, 0, 0o700);
    link(&secret, &world.mallory.join("log"), MALLORY);
    link(world.mallory.join("log"), &world.sandbox.home().join("roots"), 0);
    let revoke = |log: &Path| {
        let line = format!("--as root --audit-log {} revoke 1", log.display());
        gitea.run(&line)
    };
    for folder in [world.mallory.join("log"), world.sandbox.home().join("roots")] {
        let ran = revoke(&folder.join("audit.jsonl"));
        ran.assert(1).says(&["cannot open audit log", "root does not follow", "uid 54321 made"]);
        assert_eq!(secret.read_dir().expect("a folder").count(), 0, "{ran}");
        let db = folder.join("new.db");
        world.run(&db, "init").assert(1).says(&["cannot create store", "root does not follow"]);
        assert_eq!(secret.read_dir().expect("a folder").count(), 0);
    }
    // The same with a link of root's, and with a folder instead of one.
    symlink(&secret, world.sandbox.home().join("own")).expect("a link");
    revoke(&world.sandbox.home().join("own/audit.jsonl")).assert(0);
    assert_eq!(secret.read_dir().expect("a folder").count(), 1);
    world.run(&world.mallory.join("new.db"), "init --quiet").assert(0);
}
