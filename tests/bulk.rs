//! A store with thousands of tokens, the bulk revoke of them, and the account of
//! what became of each.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::ops::Deref;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use nix::sys::signal::Signal;

use crate::support::{Sandbox, send, start};

/// What the filter revokes chooses by, beside `--as root` and `--yes`.
pub const FILTER: &str = "--as root revoke --state active --yes";

/// How many of the chosen are revoked: whole batches from the beginning, and no other token.
#[track_caller]
pub fn whole_batches(revoked: &[i64], chosen: &[i64], batch: usize) -> usize {
    assert!(revoked == &chosen[..revoked.len()], "a token too much, or one left out");
    let is_whole = revoked.len().is_multiple_of(batch) || revoked.len() == chosen.len();
    assert!(is_whole, "half a batch: {} are revoked", revoked.len());
    revoked.len()
}

/// Runs [`FILTER`] again, which does the rest of the chosen. `done` counts them.
#[track_caller]
pub fn finish_rest(sandbox: &Sandbox, chosen: &[i64], done: impl Fn() -> usize) {
    let before = done();
    let ran = sandbox.run(&format!("{FILTER} -o ids"));
    assert!(ran.assert(0).ids() == chosen[before..], "it does the rest and nothing else");
    assert_eq!(done(), chosen.len());
}

/// The usual size of a batch.
pub const BATCH: usize = 1000;

/// Taken for reading by every test that has a store, and for writing by one that
/// measures time.
static MACHINE: RwLock<()> = RwLock::new(());

/// Waits until no other test of this binary has a store, and keeps them from it.
pub fn machine_alone() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().unwrap_or_else(PoisonError::into_inner)
}

/// Tells something on the way, which the test runner shows when the test fails or
/// with `--nocapture`.
#[expect(clippy::print_stderr, reason = "what a test measures has no other place")]
pub fn tell(line: &str) {
    eprintln!("{line}");
}

/// Both ways in which SQLite keeps a transaction whole.
pub const JOURNALS: [&str; 2] = ["WAL", "DELETE"];

/// How the tokens of a run are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// All ids of the store, on standard input.
    Ids,
    /// [`FILTER`].
    Filter,
}

/// A sample store. One test holds one of them at a time.
pub struct Bulk {
    sandbox: Sandbox,
    _shared: Option<RwLockReadGuard<'static, ()>>,
}

impl Deref for Bulk {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}

impl Bulk {
    pub fn new(tokens: usize, journal: &str) -> Self {
        let bulk = Self::empty();
        bulk.fill(tokens, journal);
        bulk
    }

    /// For a test that holds [`machine_alone`].
    pub fn alone(tokens: usize, journal: &str) -> Self {
        let bulk = Self { sandbox: Sandbox::without_store(), _shared: None };
        bulk.fill(tokens, journal);
        bulk
    }

    /// Without a store, which [`fill`](Self::fill) makes.
    pub fn empty() -> Self {
        let shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
        Self { sandbox: Sandbox::without_store(), _shared: Some(shared) }
    }

    pub fn fill(&self, tokens: usize, journal: &str) {
        self.run(&format!("init --quiet --sample={tokens}")).assert(0);
        // Whoever is revoked by now stays so; each of the others gets its event.
        self.sql(&format!(
            "PRAGMA journal_mode = {journal};
             CREATE TABLE before AS SELECT id FROM personal_access_tokens WHERE revoked"
        ));
    }

    /// With names so long that the results of one batch are more than a pipe holds.
    pub fn with_long_names(tokens: usize, journal: &str) -> Self {
        let bulk = Self::new(tokens, journal);
        bulk.sql("UPDATE personal_access_tokens SET name = name || ' ' || hex(zeroblob(60))");
        bulk
    }

    /// The ids that a query gives.
    pub fn ids(&self, query: &str) -> Vec<i64> {
        let store = self.connection();
        let mut statement = store.prepare(query).expect(query);
        let ids = statement.query_map([], |row| row.get(0)).expect(query);
        ids.collect::<Result<_, _>>().expect(query)
    }

    /// The ids that a run covers, in its order. The filter's are found without the
    /// program's help.
    pub fn chosen(&self, by: By) -> Vec<i64> {
        self.ids(match by {
            By::Ids => "SELECT id FROM personal_access_tokens ORDER BY id",
            By::Filter => {
                "SELECT id FROM personal_access_tokens WHERE NOT revoked
                 AND (expires_at IS NULL OR expires_at > '2024-03-15') ORDER BY id"
            }
        })
    }

    /// How many of the chosen ids are done. They are a whole number of batches from
    /// the beginning; each of them is revoked, with one event of its own, unless it
    /// was before; and of no other token is anything changed.
    #[track_caller]
    pub fn done(&self, chosen: &[i64], batch: usize) -> usize {
        assert_eq!(self.value("PRAGMA integrity_check"), "ok");
        let before: HashSet<i64> = self.ids("SELECT id FROM before").into_iter().collect();
        let mut revoked =
            self.ids("SELECT id FROM personal_access_tokens WHERE revoked ORDER BY id");
        revoked.retain(|id| !before.contains(id));
        let events = self.ids("SELECT target_id FROM audit_events ORDER BY target_id");
        let counts = format!("{} revoked, {} events", revoked.len(), events.len());
        assert!(revoked == events, "a revocation without its event, or the reverse: {counts}");

        let reached = revoked.last().map_or(0, |last| chosen.partition_point(|id| id <= last));
        let done = reached.next_multiple_of(batch).min(chosen.len());
        let mut expected = chosen[..done].to_vec();
        expected.retain(|id| !before.contains(id));
        assert!(revoked == expected, "half a batch, or a token too much: {counts}, {done} done");
        done
    }

    /// Running it again finishes the rest.
    #[track_caller]
    pub fn finish(&self, by: By, chosen: &[i64], batch: usize) {
        let done = self.done(chosen, batch);
        let (line, input) = match by {
            By::Ids => ("--as root revoke - --yes".into(), lines_of(chosen)),
            By::Filter => (FILTER.to_owned(), String::new()),
        };
        let ran = self.run_with_input(&format!("{line} --quiet -o ids"), &input);
        assert_eq!(ran.assert(0).stderr, "", "{ran}");
        let before: HashSet<i64> = self.ids("SELECT id FROM before").into_iter().collect();
        let mut rest = chosen[done..].to_vec();
        rest.retain(|id| !before.contains(id));
        assert!(ran.ids() == rest, "the second run does the rest and nothing else");
        assert_eq!(self.done(chosen, batch), chosen.len());
    }
}

pub fn lines_of(ids: &[i64]) -> String {
    ids.iter().map(|id| id.to_string() + "\n").collect()
}

/// A revoke that has committed its first batch, and cannot go on as long as the
/// test does not read what it prints.
pub struct HeldRevoke {
    child: Child,
    output: BufReader<ChildStdout>,
    messages: ChildStderr,
    /// The part of the result that has been read.
    pub seen: String,
}

/// How a [`HeldRevoke`] ended.
pub struct Ended {
    /// None where the output breaks off.
    pub rows: Vec<serde_json::Value>,
    pub messages: String,
    pub status: ExitStatus,
}

impl HeldRevoke {
    /// `bulk` has long names.
    pub fn start(bulk: &Bulk, by: By) -> Self {
        Self::start_with(bulk, by, "0s")
    }

    pub fn start_with(bulk: &Bulk, by: By, busy_timeout: &str) -> Self {
        let (line, input) = match by {
            By::Ids => ("--as root revoke - --yes", lines_of(&bulk.chosen(By::Ids))),
            By::Filter => (FILTER, String::new()),
        };
        let args = line.split(' ').chain(["-o", "json", "--busy-timeout", busy_timeout]);
        Self::of(&mut bulk.command(args), &input)
    }

    /// A revoke of another store, with results as long.
    pub fn of(command: &mut Command, input: &str) -> Self {
        let mut child = start(command);
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(input.as_bytes()).expect("all ids are read before the first is revoked");
        drop(stdin);
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let messages = child.stderr.take().expect("a pipe");
        let mut held = Self { child, output, messages, seen: String::new() };
        held.output.read_line(&mut held.seen).expect("a line");
        held
    }

    pub fn signal(&self, signal: Signal) {
        send(&self.child, signal);
    }

    /// Reads the rest.
    pub fn end(mut self) -> Ended {
        self.output.read_to_string(&mut self.seen).expect("UTF-8");
        self.end_unread()
    }

    /// Goes away without reading the rest.
    pub fn end_unread(self) -> Ended {
        let Self { mut child, output, mut messages, seen } = self;
        drop(output);
        let mut text = String::new();
        messages.read_to_string(&mut text).expect("UTF-8");
        let status = child.wait().expect("the program ends");
        let rows = serde_json::from_str(&seen).unwrap_or_default();
        Ended { rows, messages: text, status }
    }
}
