//! Readers of the output that stall, leave, or have no room for it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::AsFd;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, poll};
use nix::unistd::pipe2;
use rusqlite::Connection;

use crate::bulk::{BATCH, Bulk, By, FILTER, HeldRevoke, JOURNALS};
use crate::support::postgres::wait_until;
use crate::support::{TOKENCTL, tool};

/// Of this many tokens a list is far more than a pipe holds and than waits in memory.
const LISTED: usize = 20_000;
const LIST: &str = "--as root list -o json";

/// A list whose reader has taken a line, and no more for now.
struct StalledList {
    child: Child,
    output: BufReader<ChildStdout>,
    seen: String,
}

impl StalledList {
    fn start(bulk: &Bulk) -> Self {
        Self::start_as(bulk.command(LIST.split(' ')))
    }

    fn start_as(mut command: Command) -> Self {
        let started = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = started.expect("the program starts");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut seen = String::new();
        // The bracket, and the first row: what is read is fixed by then.
        for _ in 0..2 {
            output.read_line(&mut seen).expect("a line");
        }
        Self { child, output, seen }
    }

    /// Reads to the end, or leaves without: the output, the messages and the status.
    fn end(mut self, reads: bool) -> (String, String, Option<i32>) {
        if reads {
            self.output.read_to_string(&mut self.seen).expect("UTF-8");
        }
        drop(self.output);
        let ended = self.child.wait_with_output().expect("the program ends");
        let messages = String::from_utf8(ended.stderr).expect("UTF-8");
        (self.seen, messages, ended.status.code())
    }
}

/// Writes as an application would, whose patience is far longer than a list takes,
/// and far shorter than that of a reader who takes nothing.
fn write(bulk: &Bulk) -> Connection {
    let application = bulk.connection();
    application.busy_timeout(Duration::from_secs(30)).expect("a connection");
    let change = "UPDATE personal_access_tokens SET name = 'changed'";
    application.execute_batch(change).expect("the write goes through");
    application
}

#[test]
fn a_reader_that_stalls_keeps_no_writer_out_and_gets_one_snapshot() {
    for journal in JOURNALS {
        let bulk = Bulk::new(LISTED, journal);
        let before = bulk.run(LIST);
        // What waits in memory, and what the pipe and the test's buffer take.
        assert!(before.assert(0).stdout.len() > (4 << 20) + (1 << 20));

        let list = StalledList::start(&bulk);
        let application = write(&bulk);
        if journal == "WAL" {
            // Until the list has been read from the store, its snapshot is in the way.
            let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
            let busy = || {
                application
                    .query_row(checkpoint, [], |row| row.get::<_, bool>(0))
                    .expect(checkpoint)
            };
            let begun = Instant::now();
            while busy() {
                assert!(begun.elapsed() < Duration::from_mins(1), "the log cannot be emptied");
            }
        }
        let (output, messages, status) = list.end(true);
        assert_eq!((status, &*messages), (Some(0), ""));
        assert!(output == before.stdout, "the list is not as the store was when it began");
        let changed = "SELECT count(*) FROM personal_access_tokens WHERE name = 'changed'";
        assert_eq!(bulk.value(changed), LISTED.to_string());
    }
}

#[test]
fn a_reader_that_stalls_and_leaves_ends_the_list_quietly() {
    let bulk = Bulk::new(LISTED, "DELETE");
    let list = StalledList::start(&bulk);
    // By now the rest is in the temporary file.
    write(&bulk);
    let (output, messages, status) = list.end(false);
    assert_eq!((status, &*messages), (Some(0), ""));
    assert_eq!(output.lines().count(), 2);
    // And one that leaves while the store is still being read.
    let (_, messages, status) = StalledList::start(&bulk).end(false);
    assert_eq!((status, &*messages), (Some(0), ""));
}

#[test]
fn a_list_that_finds_no_room_for_a_stalled_reader_says_so_and_lets_writers_in() {
    for (journal, format, listed) in
        [("WAL", "json", LISTED), ("DELETE", "jsonl", LISTED), ("WAL", "csv", 3 * LISTED)]
    {
        let bulk = Bulk::new(listed, journal);
        let list = format!("--as root list -o {format}");
        let before = bulk.run(&list).stdout;
        // A limit on the size of files stands for the disk.
        let program = bulk.command(list.split(' '));
        let mut limited = Command::new(tool("bash").expect("this test needs bash"));
        limited.args(["-c", "trap '' XFSZ; ulimit -f 1000; exec \"$@\"", "bash", TOKENCTL]);
        limited.args(program.get_args());
        bulk.isolate(&mut limited);
        let list = StalledList::start_as(limited);
        // The reader may stall for ever: it is the list that has failed, not the store.
        let application = write(&bulk);
        if journal == "WAL" {
            let busy =
                application.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
            assert_eq!(busy, Ok(false));
        }
        let (output, messages, status) = list.end(true);
        assert_eq!(status, Some(1), "{messages}");
        assert_eq!(messages.lines().count(), 1, "{messages}");
        for part in ["tokenctl: cannot write to standard output: its reader is slow", "TMPDIR"] {
            assert!(messages.contains(part), "{messages}");
        }
        assert!(before.starts_with(&output), "what was printed is the beginning of the list");
    }
}

#[test]
fn a_temporary_folder_that_is_closed_to_the_owner_has_a_substitute() {
    let bulk = Bulk::new(LISTED, "DELETE");
    let before = bulk.run(LIST).stdout;
    let mut command = bulk.command(LIST.split(' '));
    command.env("TMPDIR", "no-such-folder");
    let list = StalledList::start_as(command);
    write(&bulk);
    let (output, messages, status) = list.end(true);
    assert_eq!((status, &*messages), (Some(0), ""));
    assert!(output == before);
}

#[test]
fn a_reader_of_messages_that_stalls_keeps_no_writer_out_either() {
    let bulk = Bulk::new(5000, "DELETE");
    bulk.sql_unchecked("UPDATE personal_access_tokens SET expires_at = 'never' WHERE id > 1000");
    let mut child = bulk
        .command(["--as", "root", "list", "-o", "jsonl"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut messages = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut seen = String::new();
    // A broken row is named while the others are still being read.
    messages.read_line(&mut seen).expect("a line");
    write(&bulk);
    messages.read_to_string(&mut seen).expect("UTF-8");
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    assert_eq!(seen.lines().count(), 4001, "each of them, and that they are missing");
}

#[test]
fn a_revoke_by_filter_goes_on_when_its_reader_leaves_midway() {
    let bulk = Bulk::with_long_names(5000, "WAL");
    let chosen = bulk.chosen(By::Filter);
    let revoke = HeldRevoke::start(&bulk, By::Filter);
    assert_eq!(bulk.done(&chosen, BATCH), BATCH);
    let ended = revoke.end_unread();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.messages);
    let told = format!("revoked {} personal access tokens of ", chosen.len());
    assert!(ended.messages.contains(&told), "{}", ended.messages);
    assert_eq!(ended.messages.lines().count(), 1, "{}", ended.messages);
    assert_eq!(bulk.done(&chosen, BATCH), chosen.len());
}

#[test]
fn a_revoke_by_filter_stops_after_the_batch_it_cannot_print() {
    let bulk = Bulk::new(5000, "WAL");
    let chosen = bulk.chosen(By::Filter);
    let full = File::options().write(true).open("/dev/full").expect("/dev/full");
    let ran = bulk.run_command(FILTER, bulk.command(FILTER.split(' ')).stdout(full));
    let told = format!("{BATCH} of {} ids done: ", chosen.len());
    ran.assert(1).says(&["No space left on device", &told, "tokenctl: revoked 1000 "]);
    assert_eq!(bulk.done(&chosen, BATCH), BATCH);
    bulk.finish(By::Filter, &chosen, BATCH);
}

#[test]
fn no_row_is_printed_before_it_is_committed() {
    for journal in JOURNALS {
        let bulk = Bulk::new(3000, journal);
        let chosen = bulk.chosen(By::Filter);
        let mut child = bulk
            .command(FILTER.split(' ').chain(["-o", "ids", "--batch-size", "7"]))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let store = bulk.connection();
        // A reader of a rollback journal waits for the batch that is being written.
        store.busy_timeout(Duration::from_secs(30)).expect("a connection");
        let query = "SELECT revoked FROM personal_access_tokens WHERE id = ?1";
        let mut statement = store.prepare(query).expect(query);
        let mut printed = Vec::new();
        for line in output.lines() {
            let id: i64 = line.expect("UTF-8").parse().expect("an id");
            let revoked = statement.query_row([id], |row| row.get(0));
            assert_eq!(revoked, Ok(true), "token {id} was printed too early");
            printed.push(id);
        }
        assert!(child.wait().expect("the program ends").success());
        assert!(printed == chosen);
        assert_eq!(bulk.done(&chosen, 7), chosen.len());
    }
}

/// From this read on, each takes long, and all the rest of the store far longer than anybody
/// waits.
const SLOW_READS: &str = "inject=pread64:delay_enter=200000:when=60+";

#[test]
fn the_first_rows_come_while_others_are_searched_and_a_reader_that_leaves_ends_the_search() {
    let Some(strace) = tool("strace") else { return };
    let bulk = Bulk::new(LISTED, "DELETE");
    for format in ["table", "json", "jsonl", "csv", "ids"] {
        let mut command = Command::new(&strace);
        command.args(["-f", "-qq", "-e", "trace=pread64", "-e", SLOW_READS, "-o", "/dev/null"]);
        command.arg(TOKENCTL).args(["--as", "root", "list", "-o", format]);
        bulk.isolate(&mut command);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut rows = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut text = String::new();
        // A heading or a bracket comes before the first row.
        let lines = if matches!(format, "jsonl" | "ids") { 1 } else { 2 };
        let begun = Instant::now();
        for _ in 0..lines {
            rows.read_line(&mut text).expect("a line");
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "{format}: {text}");
        assert!(text.contains('1'), "{format}: {text}");
        assert!(child.try_wait().expect("a child").is_none(), "{format}: it still searches");
        drop(rows);
        let left = Instant::now();
        let ended = child.wait_with_output().expect("it ends");
        assert!(left.elapsed() < Duration::from_secs(5), "{format}");
        let messages = String::from_utf8_lossy(&ended.stderr);
        assert_eq!((ended.status.code(), &*messages), (Some(0), ""), "{format}");
    }
}

/// Runs a command whose standard output is a pipe that does not block, with a reader who
/// begins when it is full, and gives what it printed.
fn through_full_pipe(mut command: Command) -> String {
    let (reader, writer) = pipe2(OFlag::O_NONBLOCK | OFlag::O_CLOEXEC).expect("a pipe");
    fcntl(&reader, FcntlArg::F_SETFL(OFlag::empty())).expect("a reader that blocks");
    let ours = writer.try_clone().expect("the same pipe");
    let mut child = command.stdout(writer).stderr(Stdio::piped()).spawn().expect("it starts");
    // The command has its end of the pipe still.
    drop(command);
    wait_until("the pipe is full", || {
        let mut ready = [PollFd::new(ours.as_fd(), PollFlags::POLLOUT)];
        poll(&mut ready, 0_u16).expect("a pipe") == 0
    });
    drop(ours);
    let mut text = String::new();
    File::from(reader).read_to_string(&mut text).expect("UTF-8");
    let status = child.wait().expect("it ends");
    assert!(status.success(), "{status}");
    text
}

#[test]
fn an_output_that_does_not_block_is_waited_for() {
    let bulk = Bulk::new(LISTED, "WAL");
    for format in ["table", "json", "jsonl", "csv"] {
        let line = format!("--as root list -o {format}");
        let expected = bulk.run(&line).assert(0).stdout.clone();
        assert!(through_full_pipe(bulk.command(line.split(' '))) == expected, "{format}");
    }
    let line = format!("{FILTER} -o json");
    let rows = through_full_pipe(bulk.command(line.split(' ')));
    let rows: serde_json::Value = serde_json::from_str(&rows).expect("a whole array");
    let revoked = bulk.value("SELECT count(*) FROM audit_events");
    assert_eq!(rows.as_array().map(|it| it.len().to_string()), Some(revoked));
}
