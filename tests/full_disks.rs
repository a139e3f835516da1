//! A disk that becomes full in the middle of a bulk revoke.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::bulk::{Bulk, By, FILTER, JOURNALS, tell};
use crate::support::{TOKENCTL, Transcript, tool};

const TOKENS: usize = 5000;
const BATCH: usize = 50;

/// The disk is full, and this many ids are done: the run says so.
#[track_caller]
fn assert_stopped(bulk: &Bulk, ran: &Transcript, chosen: &[i64], reason: &str) {
    ran.assert(1).says(&[reason]);
    let done = bulk.done(chosen, BATCH);
    assert!(0 < done && done < chosen.len(), "{done} of {} done: {ran}", chosen.len());
    ran.says(&[
        &format!("tokenctl: revoked {done} personal access tokens of "),
        &format!("tokenctl: {done} of {} ids done: ", chosen.len()),
    ]);
    assert_eq!(ran.stderr.lines().count(), 2, "a summary and one error: {ran}");
    assert!(ran.ids() == chosen[..done], "a row for each token that is done, and no other");
}

fn revoke(bulk: &Bulk) -> Command {
    bulk.command(FILTER.split(' ').chain(["-o", "ids", "--batch-size", &BATCH.to_string()]))
}

/// A limit on the size of files stands for the disk, for whoever may not mount one.
#[test]
fn a_store_that_may_not_grow_stops_a_revoke_after_a_batch() {
    for journal in JOURNALS {
        let bulk = Bulk::new(TOKENS, journal);
        let chosen = bulk.chosen(By::Filter);
        let size = bulk.store().metadata().expect("the store").len() >> 10;
        // The log is a file of its own and begins at nothing; beside a journal it is
        // the store that grows.
        let limit = if journal == "WAL" { 400 } else { size + 100 };
        let program = revoke(&bulk);
        let mut limited = Command::new(tool("bash").expect("this test needs bash"));
        // Without the trap a signal would end the program.
        limited.args(["-c", "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"", "bash"]);
        limited.arg(limit.to_string()).arg(TOKENCTL).args(program.get_args());
        bulk.isolate(&mut limited);
        let ran = bulk.run_command(FILTER, &mut limited);
        assert_stopped(&bulk, &ran, &chosen, "disk I/O error");
        bulk.finish(By::Filter, &chosen, BATCH);
    }
}

/// A small disk, in memory, which is unmounted when it is dropped.
pub struct Disk(PathBuf);

impl Disk {
    /// `None` where this user or this system may not mount anything, which is told.
    pub fn mount(folder: &Path) -> Option<Self> {
        let mount = tool("mount").filter(|_| nix::unistd::geteuid().is_root());
        let mounted = mount.is_some_and(|mount| {
            let mut command = Command::new(mount);
            // Not for everybody, as such a folder usually is: no store is written there.
            command.args(["-t", "tmpfs", "-o", "size=16m,mode=755", "tmpfs"]).arg(folder);
            command.stderr(Stdio::null()).status().expect("mount runs").success()
        });
        if !mounted {
            tell("passed over: a full disk takes root, who may mount one");
        }
        mounted.then(|| Self(folder.into()))
    }

    /// Leaves this many bytes free.
    pub fn fill_but(&self, left: u64) {
        let mut ballast = File::create(self.ballast()).expect("a file");
        while ballast.write_all(&[0; 4096]).is_ok() {}
        let size = ballast.metadata().expect("the file").len();
        ballast.set_len(size - left).expect("some room");
    }

    pub fn make_room(&self) {
        std::fs::remove_file(self.ballast()).expect("room");
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Whatever has failed before, the folder beneath has to be free again.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_disk_that_becomes_full_stops_a_revoke_after_a_batch() {
    for journal in JOURNALS {
        let bulk = Bulk::empty();
        // Dropped before the folder it is mounted on.
        let Some(disk) = Disk::mount(bulk.home()) else { return };
        bulk.fill(TOKENS, journal);
        let chosen = bulk.chosen(By::Filter);
        disk.fill_but(200 << 10);
        let ran = bulk.run_command(FILTER, &mut revoke(&bulk));
        // What is done is whole before there is room again.
        assert_stopped(&bulk, &ran, &chosen, "database or disk is full");
        let again = bulk.run_command(FILTER, &mut revoke(&bulk));
        again.assert(1).says(&["database or disk is full"]);
        disk.make_room();
        bulk.finish(By::Filter, &chosen, BATCH);
    }
}

#[test]
fn a_disk_that_becomes_full_behind_standard_output_stops_a_revoke_after_the_batch() {
    let bulk = Bulk::new(TOKENS, "WAL");
    let chosen = bulk.chosen(By::Filter);
    let folder = bulk.home().join("disk");
    std::fs::create_dir(&folder).expect("a folder");
    let Some(disk) = Disk::mount(&folder) else { return };
    disk.fill_but(4096);
    let output = File::create(folder.join("output")).expect("a file");
    let ran = bulk.run_command(FILTER, revoke(&bulk).stdout(output));
    ran.assert(1).says(&["No space left on device", "standard output"]);
    let done = bulk.done(&chosen, BATCH);
    ran.says(&[&format!("tokenctl: {done} of {} ids done: ", chosen.len())]);
    // All that was printed is committed; of the last batch a part may be missing.
    let output = std::fs::read_to_string(folder.join("output")).expect("UTF-8");
    assert_eq!(output.len(), 4096);
    let whole: Vec<_> =
        output.lines().filter(|id| chosen.contains(&id.parse().expect(id))).collect();
    assert!(done - BATCH <= whole.len() && whole.len() <= done, "{} printed: {ran}", whole.len());
    disk.make_room();
    bulk.finish(By::Filter, &chosen, BATCH);
}
