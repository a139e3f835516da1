//! A revoke that is stopped half way: by a signal, by a lock, by SIGKILL, by
//! another store in the place of its own.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::bulk::{BATCH, Bulk, By, FILTER, HeldRevoke, JOURNALS, tell};
use crate::kills::Kills;
use crate::support::send;

const TOKENS: usize = 5000;

#[test]
fn a_signal_stops_after_the_current_batch() {
    for (signal, status) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        for by in [By::Ids, By::Filter] {
            let bulk = Bulk::with_long_names(TOKENS, "WAL");
            let chosen = bulk.chosen(by);
            let revoke = HeldRevoke::start(&bulk, by);
            revoke.signal(signal);
            let ended = revoke.end();
            let messages = &ended.messages;
            assert_eq!(ended.status.code(), Some(status), "{messages}");
            let done = bulk.done(&chosen, BATCH);
            assert_eq!(done, BATCH, "the signal came while the first batch was printed");
            assert_eq!(
                ended.rows.len(),
                done,
                "the array is closed, and holds each id that is done"
            );
            let told = format!("{done} of {} ids done: stopped by SIG", chosen.len());
            assert!(messages.contains(&told), "{messages}");
            assert!(messages.contains("revoked "), "a summary: {messages}");
            bulk.finish(by, &chosen, BATCH);
        }
    }
}

#[test]
fn a_lock_between_batches_stops_it_with_what_was_done() {
    for by in [By::Ids, By::Filter] {
        let bulk = Bulk::with_long_names(TOKENS, "WAL");
        let chosen = bulk.chosen(by);
        let revoke = HeldRevoke::start(&bulk, by);
        let other = bulk.connection();
        // The other writer waits for the batch that may be under way.
        other.busy_timeout(Duration::from_secs(30)).expect("a connection");
        other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
        let ended = revoke.end();
        assert_eq!(ended.status.code(), Some(75), "{}", ended.messages);
        other.execute_batch("ROLLBACK").expect("the lock is given back");
        assert_eq!(ended.rows.len(), bulk.done(&chosen, BATCH), "{}", ended.messages);
        assert!(
            ended.messages.contains("hint: another process is using the store"),
            "{}",
            ended.messages
        );
        bulk.finish(by, &chosen, BATCH);
    }
}

#[test]
fn a_signal_is_heard_while_the_lock_is_waited_for() {
    for (signal, status) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let bulk = Bulk::new(500, "WAL");
        let chosen = bulk.chosen(By::Filter);
        let other = bulk.connection();
        other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
        let child = bulk
            .command(FILTER.split(' ').chain(["--busy-timeout", "1h"]))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let id = child.id();
        // Until it listens, the signal would end it at once.
        let listens = || {
            let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("it runs");
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
            let caught = u64::from_str_radix(caught.expect("a mask").trim(), 16).expect("a mask");
            caught & (1 << (signal as u64 - 1)) != 0
        };
        while !listens() {
            thread::yield_now();
        }
        send(&child, signal);
        let ended = child.wait_with_output().expect("it ends");
        let messages = String::from_utf8(ended.stderr).expect("UTF-8");
        assert_eq!(ended.status.code(), Some(status), "{messages}");
        assert!(messages.contains("stopped by SIG"), "{messages}");
        other.execute_batch("ROLLBACK").expect("the lock is given back");
        assert_eq!(bulk.done(&chosen, BATCH), 0);
    }
}

#[test]
fn an_actor_whose_rights_change_meanwhile_revokes_nothing_more() {
    for change in ["admin = 0", "state = 'banned'"] {
        let bulk = Bulk::with_long_names(TOKENS, "WAL");
        let chosen = bulk.chosen(By::Filter);
        let revoke = HeldRevoke::start(&bulk, By::Filter);
        bulk.sql(&format!("UPDATE users SET {change} WHERE username = 'root'"));
        let ended = revoke.end();
        let messages = &ended.messages;
        assert_eq!(ended.status.code(), Some(1), "{messages}");
        let told = format!("{BATCH} of {} ids done: the rights of root have changed", chosen.len());
        assert!(messages.contains(&told), "{messages}");
        assert_eq!(ended.rows.len(), BATCH, "{messages}");
        assert_eq!(bulk.done(&chosen, BATCH), BATCH);
    }
}

/// Another process holds the lock for longer than anybody waits.
#[test]
fn a_lock_that_stays_is_waited_for_as_long_as_told_and_changes_nothing() {
    for (journal, lock) in
        [("WAL", "BEGIN IMMEDIATE"), ("DELETE", "BEGIN IMMEDIATE"), ("DELETE", "BEGIN EXCLUSIVE")]
    {
        let bulk = Bulk::new(500, journal);
        let chosen = bulk.chosen(By::Filter);
        let other = bulk.connection();
        other.execute_batch(lock).expect("the lock");
        let begun = Instant::now();
        let ran = bulk.run(&format!("{FILTER} -o json --busy-timeout 1s"));
        let waited = begun.elapsed();
        ran.assert(75).says(&[
            "locked",
            "hint: another process is using the store",
            "--busy-timeout",
        ]);
        assert!(waited >= Duration::from_secs(1), "it waited {waited:?} only: {ran}");
        // Without the lock it can be read; the exclusive one keeps readers out too.
        if lock == "BEGIN IMMEDIATE" {
            assert_eq!(ran.json(), serde_json::json!([]), "{ran}");
            ran.says(&[&format!("0 of {} ids done", chosen.len())]);
        } else {
            assert_eq!(ran.stdout, "", "{ran}");
        }
        other.execute_batch("ROLLBACK").expect("the lock is given back");
        assert_eq!(bulk.done(&chosen, BATCH), 0);
        bulk.finish(By::Filter, &chosen, BATCH);
    }
}

/// With a rollback journal, a commit waits for readers, and new ones for the commit.
#[test]
fn a_reader_that_stays_stops_a_run_and_no_other_reader() {
    let bulk = Bulk::new(500, "DELETE");
    let chosen = bulk.chosen(By::Filter);
    let reader = bulk.connection();
    reader.execute_batch("BEGIN; SELECT count(*) FROM users").expect("a snapshot");
    let mut child = bulk
        .command(FILTER.split(' ').chain(["--busy-timeout", "3s"]))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut reads = 0;
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        let other = bulk.connection();
        other.busy_timeout(Duration::from_secs(1)).expect("a connection");
        let users = other.query_row("SELECT count(*) FROM users", [], |row| row.get::<_, i64>(0));
        assert!(users.is_ok(), "another reader waited a second, after {reads} reads: {users:?}");
        reads += 1;
    };
    assert_eq!(status.code(), Some(75));
    assert!(reads > 3, "only {reads} reads were tried");
    reader.execute_batch("COMMIT").expect("the end of a read");
    assert_eq!(bulk.done(&chosen, BATCH), 0);
    bulk.finish(By::Filter, &chosen, BATCH);
}

#[test]
fn killed_while_it_prints_it_leaves_whole_batches() {
    for by in [By::Ids, By::Filter] {
        let bulk = Bulk::with_long_names(TOKENS, "WAL");
        let chosen = bulk.chosen(by);
        let revoke = HeldRevoke::start(&bulk, by);
        revoke.signal(Signal::SIGKILL);
        assert_eq!(revoke.end().status.signal(), Some(Signal::SIGKILL as i32));
        assert_eq!(bulk.done(&chosen, BATCH), BATCH);
        bulk.finish(by, &chosen, BATCH);
    }
}

#[test]
fn killed_at_random_moments_it_loses_and_halves_nothing_in_wal_mode() {
    kill_at_random_moments("WAL");
}

#[test]
fn killed_at_random_moments_it_loses_and_halves_nothing_with_a_rollback_journal() {
    kill_at_random_moments("DELETE");
}

/// Kills two hundred runs, each of which goes on where the one before was killed.
fn kill_at_random_moments(journal: &'static str) {
    const SMALL: usize = 5;
    let kills = Kills {
        test: journal,
        count: 200,
        rows: 1..40,
        after_rows: Duration::from_millis(3),
        from_start: Duration::from_millis(30),
    };
    // Less than half of the chosen is done where this was written; a faster machine does more.
    let bulk = Bulk::new(24_000, journal);
    let chosen = bulk.chosen(By::Filter);
    let start =
        || bulk.command(FILTER.split(' ').chain(["-o", "ids", "--batch-size", &SMALL.to_string()]));
    let mut printed = Vec::new();
    let mut in_transaction = 0;
    let under_way = kills.run(start, |killed| {
        printed.extend(&killed.printed);
        let journal = std::fs::metadata(bulk.home().join("store.db-journal"));
        in_transaction += usize::from(journal.is_ok_and(|file| file.len() > 0));
        // Between two looks the program itself finds what the killed run left.
        if killed.round % 10 == 0 {
            let done = bulk.done(&chosen, SMALL);
            assert!(printed.len() <= done, "{} printed, {done} done", printed.len());
            assert!(printed.is_sorted(), "no run did again what another had done");
            assert!(printed.iter().all(|id| chosen[..done].binary_search(id).is_ok()));
        }
    });
    let done = bulk.done(&chosen, SMALL);
    tell(&format!(
        "{journal}: {in_transaction} kills left a journal, {done} of {} tokens were done",
        chosen.len()
    ));
    assert!(done < chosen.len(), "nothing was left to do");
    assert!(journal == "WAL" || in_transaction > 0, "no kill hit a transaction");
    bulk.finish(By::Filter, &chosen, SMALL);
    let runs = bulk.value("SELECT count(DISTINCT run_id) FROM audit_events");
    assert!(runs.parse::<usize>().expect("a number") > under_way, "each run has its own id");
}

#[test]
fn a_store_that_is_moved_or_replaced_meanwhile_gets_no_other_batch() {
    for journal in JOURNALS {
        for replaced in [false, true] {
            let bulk = Bulk::with_long_names(TOKENS, journal);
            let chosen = bulk.chosen(By::Filter);
            let moved = bulk.home().join("moved.db");
            // A store of the same content is another store all the same.
            let other = bulk.home().join("other.db");
            bulk.sql("PRAGMA wal_checkpoint(TRUNCATE)");
            let content = std::fs::read(bulk.store()).expect("the store");
            std::fs::write(&other, &content).expect("a copy");

            let revoke = HeldRevoke::start(&bulk, By::Filter);
            std::fs::rename(bulk.store(), &moved).expect("the store is moved");
            if replaced {
                std::fs::rename(&other, bulk.store()).expect("it is replaced");
            }
            let ended = revoke.end();
            let messages = &ended.messages;
            assert_eq!(ended.status.code(), Some(1), "{messages}");
            assert_eq!(ended.rows.len(), BATCH, "{messages}");
            let told = format!("tokenctl: {BATCH} of {} ids done: store ", chosen.len());
            assert!(messages.contains(&told), "{messages}");
            assert!(messages.contains("was moved or replaced meanwhile"), "{messages}");
            let (errors, hints): (Vec<_>, Vec<_>) =
                messages.lines().partition(|line| line.starts_with("tokenctl: "));
            assert_eq!(
                (errors.len(), hints.len()),
                (2, 1),
                "a summary, an error, a hint: {messages}"
            );

            if replaced {
                let now = std::fs::read(bulk.store()).expect("the other store");
                assert!(now == content, "the other store is as it was");
            }
            // Back in its place it has the first batch and no more.
            std::fs::rename(&moved, bulk.store()).expect("the store is back");
            assert_eq!(bulk.done(&chosen, BATCH), BATCH);
            bulk.finish(By::Filter, &chosen, BATCH);
        }
    }
}
