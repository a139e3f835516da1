//! Beside an application that writes all along, and beside another run.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::fs::File;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use serde_json::Value as Json;

use crate::bulk::{BATCH, Bulk, By, HeldRevoke, JOURNALS, machine_alone, tell};
use crate::kills::random;

/// The same, found without the program's help: 30 days before the tests' now.
const UNUSED: &str = "SELECT id FROM personal_access_tokens
     WHERE NOT revoked AND created_at < '2024-02-14T12:00:00.000Z'
         AND (last_used_at IS NULL OR last_used_at < '2024-02-14T12:00:00.000Z')
     ORDER BY id";

/// How an application uses its store.
#[derive(Clone, Copy)]
struct Habit {
    journal: &'static str,
    /// Writes a second.
    pace: u32,
    tokens: usize,
}

const REVOKE: &str = "--as root revoke --unused-for 30d --yes -o jsonl --busy-timeout 1min";

/// An application that notes when its tokens are used, and knows what it wrote.
struct Application {
    habit: Habit,
    connection: Connection,
    rng: Rng,
    /// The tokens that the run is about to revoke, which copies are made of.
    unused: Vec<i64>,
    writes: u32,
    /// What was last written to `last_used_at`.
    used: HashMap<i64, String>,
    /// The tokens that were not revoked when they were used.
    alive: HashSet<i64>,
    /// Rows as they were read a while ago.
    copies: VecDeque<Vec<Value>>,
    /// How often a copy from before the revocation was written after it.
    revivals: usize,
    waits: Vec<Duration>,
    /// How long it has worked.
    lasted: Duration,
}

/// How writing went for a while.
struct Pace {
    /// Writes a second.
    rate: f64,
    median: Duration,
    /// What 99 of 100 writes did not exceed.
    most: Duration,
    longest: Duration,
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rate, median, most, longest } = self;
        write!(
            f,
            "{rate:.0}/s (50 of 100 within {median:.1?}, 99 within {most:.1?}, all {longest:.1?})"
        )
    }
}

/// How an application got on beside a revoke, as multiples of how it does alone.
#[derive(Debug)]
struct Beside {
    /// Of its writes a second. One write that is kept out for long is one of few, so this
    /// shows what a percentile does not.
    rate: f64,
    /// What 99 of 100 writes did not exceed, in writes alone.
    most: f64,
}

impl Beside {
    /// At its pace, or nearly; and a batch is in its way no longer than it would take to
    /// write as many rows itself. Both are of this machine as it is now.
    fn is_tolerable(&self) -> bool {
        self.rate > 0.85 && self.most < f64::from(u32::try_from(BATCH).expect("a number"))
    }
}

impl Application {
    fn new(bulk: &Bulk, habit: Habit) -> Self {
        let connection = bulk.connection();
        connection.busy_timeout(Duration::from_secs(30)).expect("a connection");
        // As those have it that write this often: a kill loses nothing by it.
        connection.execute_batch("PRAGMA synchronous = NORMAL").expect("a setting");
        Self {
            habit,
            connection,
            rng: random(habit.journal),
            unused: bulk.ids(UNUSED),
            writes: 0,
            used: HashMap::new(),
            alive: HashSet::new(),
            copies: VecDeque::new(),
            revivals: 0,
            waits: Vec::new(),
            lasted: Duration::ZERO,
        }
    }

    /// Writes at its pace until it is told to stop. A write that comes late because
    /// of the one before it is not left out.
    fn work(&mut self, mut goes_on: impl FnMut(u32) -> bool) {
        let begun = Instant::now();
        self.waits.clear();
        let pace = self.habit.pace;
        for turn in 0.. {
            if !goes_on(turn) {
                break;
            }
            let due = begun + Duration::from_secs(turn.into()) / pace;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if turn % 5 == 0 {
                let id = *self.rng.choice(&self.unused).expect("a token");
                let copy = self.row(id);
                self.copies.push_back(copy);
            }
            // Half a second later it is written back, in place of a write of the other kind.
            let is_old = self.copies.len() > usize::try_from(pace / 10).expect("a number");
            let copy = is_old.then(|| self.copies.pop_front()).flatten();
            let started = Instant::now();
            match copy {
                None => self.touch(),
                Some(copy) => self.write_back(copy),
            }
            self.waits.push(started.elapsed());
        }
        self.lasted = begun.elapsed();
    }

    fn any(&mut self) -> i64 {
        self.rng.i64(1..=i64::try_from(self.habit.tokens).expect("a number"))
    }

    /// A time of the hour before the tests' now, each later than the one before.
    fn time(&mut self) -> String {
        self.writes += 1;
        let all = self.writes;
        let (minutes, seconds, millis) = (all / 60_000, all / 1000 % 60, all % 1000);
        format!("2024-03-15T11:{minutes:02}:{seconds:02}.{millis:03}Z")
    }

    fn row(&self, id: i64) -> Vec<Value> {
        let query = "SELECT id, user_id, name, description, scopes, token_digest, impersonation,
                         revoked, created_at, updated_at, expires_at
                     FROM personal_access_tokens WHERE id = ?1";
        let mut statement = self.connection.prepare_cached(query).expect(query);
        let columns = statement.column_count();
        let row = statement.query_row([id], |row| (0..columns).map(|at| row.get(at)).collect());
        row.expect("a token")
    }

    /// Notes that a token is used.
    fn touch(&mut self) {
        let (id, time) = (self.any(), self.time());
        let update = "UPDATE personal_access_tokens SET last_used_at = ?2 WHERE id = ?1
                      RETURNING revoked";
        let mut statement = self.connection.prepare_cached(update).expect(update);
        let revoked = statement.query_row(params![id, time], |row| row.get(0)).expect("a write");
        drop(statement);
        self.note(id, time, revoked);
    }

    /// Notes the use of a token as an object mapper does: all columns are written as
    /// they were when it was read.
    fn write_back(&mut self, copy: Vec<Value>) {
        let time = self.time();
        let [Value::Integer(id), was_revoked] = [copy[0].clone(), copy[7].clone()] else {
            panic!("an id is a number");
        };
        let update = "UPDATE personal_access_tokens SET user_id = ?2, name = ?3, description = ?4,
                          scopes = ?5, token_digest = ?6, impersonation = ?7, revoked = ?8,
                          created_at = ?9, updated_at = ?10, expires_at = ?11, last_used_at = ?12
                      WHERE id = ?1";
        let values = copy.into_iter().chain([Value::Text(time.clone())]);
        self.connection.execute_batch("BEGIN IMMEDIATE").expect("the lock");
        let query = "SELECT revoked FROM personal_access_tokens WHERE id = ?1";
        let revoked: bool =
            self.connection.query_row(query, [id], |row| row.get(0)).expect("a token");
        let mut statement = self.connection.prepare_cached(update).expect(update);
        let changed = statement.execute(params_from_iter(values)).expect("a write");
        self.connection.execute_batch("COMMIT").expect("a write");
        drop(statement);
        assert_eq!(changed, 1);
        self.revivals += usize::from(revoked && was_revoked == Value::Integer(0));
        self.note(id, time, revoked);
    }

    fn note(&mut self, id: i64, time: String, revoked: bool) {
        self.used.insert(id, time);
        if !revoked {
            self.alive.insert(id);
        }
    }

    /// How it went since the work was begun.
    fn pace(&mut self) -> Pace {
        self.waits.sort_unstable();
        let count = self.waits.len();
        let of = |part: usize| self.waits[(count - 1) * part / 100];
        Pace {
            rate: f64::from(u32::try_from(count).expect("a number")) / self.lasted.as_secs_f64(),
            median: of(50),
            most: of(99),
            longest: of(100),
        }
    }
}

#[test]
fn an_application_that_writes_all_along_hardly_waits_and_loses_nothing() {
    let _alone = machine_alone();
    let habit = Habit { journal: "WAL", pace: 1000, tokens: 80_000 };
    let mut late = Vec::new();
    // The machine may be busy with something else for a while; right it is each time.
    for _ in 0..3 {
        let beside = revoke_beside_an_application(habit);
        if beside.is_tolerable() {
            return;
        }
        late.push(beside);
    }
    panic!("three times the application was kept from its writes: {late:?}");
}

/// Each write locks the whole file then, and takes longer by itself: of time nothing
/// is asserted.
#[test]
fn an_application_with_a_rollback_journal_loses_nothing_either() {
    let _alone = machine_alone();
    revoke_beside_an_application(Habit { journal: "DELETE", pace: 200, tokens: 40_000 });
}

/// Revokes while an application writes, which has written alone before.
fn revoke_beside_an_application(habit: Habit) -> Beside {
    let Habit { journal, pace, tokens } = habit;
    let bulk = Bulk::alone(tokens, journal);
    let mut application = Application::new(&bulk, habit);
    application.work(|turn| turn < 2 * pace);
    let alone = application.pace();

    let unused = bulk.ids(UNUSED);
    application.alive.clear();
    application.revivals = 0;
    let output = bulk.home().join("output");
    let messages = bulk.home().join("messages");
    let mut child = bulk
        .command(REVOKE.split(' '))
        .stdout(File::create(&output).expect("a file"))
        .stderr(File::create(&messages).expect("a file"))
        .spawn()
        .expect("the program starts");
    let mut status = None;
    application.work(|_| {
        status = child.try_wait().expect("a child");
        status.is_none()
    });
    let lasted = application.lasted;
    let beside = application.pace();
    let messages = std::fs::read_to_string(messages).expect("messages");
    assert!(status.is_some_and(|status| status.success()), "{messages}");
    // And some more, so that the copies that are left are written back as well.
    application.work(|turn| turn < pace);

    let output = std::fs::read_to_string(output).expect("UTF-8");
    let rows: Vec<Json> =
        output.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let of = |result: &str| -> HashSet<i64> {
        let rows = rows.iter().filter(|row| row["result"] == result);
        rows.map(|row| row["id"].as_i64().expect("an id")).collect()
    };
    let (revoked, spared) = (of("revoked"), of("spared"));
    tell(&format!(
        "{journal}: {} tokens in {lasted:.2?}, {} spared, {} copies from before a revocation; \
         alone {alone}, beside {beside}",
        revoked.len(),
        spared.len(),
        application.revivals,
    ));

    // Each token that the application had not used by the time of its batch, and no other.
    let expected: HashSet<i64> =
        unused.iter().copied().filter(|id| !application.alive.contains(id)).collect();
    assert!(revoked == expected, "{} revoked instead of {}", revoked.len(), expected.len());
    assert!(spared.is_subset(&application.alive), "what was not used is not spared");
    assert_eq!(rows.len(), revoked.len() + spared.len(), "there is no other result");
    assert!(messages.contains(&format!("{} spared", spared.len())), "{messages}");
    // Or else nothing of this was tried.
    assert!(!spared.is_empty() && application.revivals > 0);

    // None came back, none is revoked by halves, and each has one event.
    let before: HashSet<i64> = bulk.ids("SELECT id FROM before").into_iter().collect();
    let now = bulk.ids("SELECT id FROM personal_access_tokens WHERE revoked");
    let now: HashSet<i64> = now.into_iter().filter(|id| !before.contains(id)).collect();
    assert!(now == revoked, "{} are revoked", now.len());
    let events = bulk.ids("SELECT target_id FROM audit_events");
    assert_eq!(events.len(), revoked.len());
    assert!(events.into_iter().collect::<HashSet<_>>() == revoked);
    assert_eq!(bulk.value("PRAGMA integrity_check"), "ok");

    // No write of the application was lost.
    let query = "SELECT last_used_at FROM personal_access_tokens WHERE id = ?1";
    let mut statement = application.connection.prepare(query).expect(query);
    for (id, time) in &application.used {
        let kept: Option<String> = statement.query_row([id], |row| row.get(0)).expect("a token");
        assert_eq!(kept.as_ref(), Some(time), "token {id}");
    }
    Beside {
        rate: beside.rate / alone.rate,
        most: beside.most.as_secs_f64() / alone.median.as_secs_f64(),
    }
}

#[test]
fn two_prunes_at_once_revoke_each_token_once() {
    for journal in JOURNALS {
        let bulk = Bulk::with_long_names(8000, journal);
        let chosen = bulk.chosen(By::Filter);
        // Both have read their set and done a batch: the second is in the set of the first.
        let first = HeldRevoke::start_with(&bulk, By::Filter, "30s");
        assert_eq!(bulk.done(&chosen, BATCH), BATCH);
        let second = HeldRevoke::start_with(&bulk, By::Filter, "30s");
        assert_eq!(bulk.done(&chosen, BATCH), 2 * BATCH);

        let (first, second) = thread::scope(|scope| {
            let second = scope.spawn(|| second.end());
            (first.end(), second.join().expect("the second ends"))
        });
        let mut revoked = Vec::new();
        for (run, covered) in [(&first, &chosen[..]), (&second, &chosen[BATCH..])] {
            assert_eq!(run.status.code(), Some(0), "{}", run.messages);
            let ids = run.rows.iter().map(|row| row["id"].as_i64().expect("an id"));
            assert!(ids.eq(covered.iter().copied()), "a row for each token of the set");
            let of =
                |result: &'static str| run.rows.iter().filter(move |row| row["result"] == result);
            let (done, not) = (of("revoked").count(), of("already_revoked").count());
            assert_eq!(done + not, covered.len(), "{}", run.messages);
            assert!(of("already_revoked").all(|row| row["run_id"].is_null()));
            assert!(done >= BATCH, "{}", run.messages);
            let told = format!("revoked {done} personal access tokens");
            assert!(run.messages.contains(&told), "{}", run.messages);
            revoked.extend(of("revoked").map(|row| row["id"].as_i64().expect("an id")));
        }
        revoked.sort_unstable();
        assert!(revoked == chosen, "each token is revoked by one of the two");
        assert_eq!(bulk.done(&chosen, BATCH), chosen.len());
        let of_first = first.rows[0]["run_id"].as_str().expect("a run id");
        let disagree = bulk.value(&format!(
            "SELECT count(DISTINCT run_id) || ' ' || min(run_id = '{of_first}') FROM audit_events
             WHERE target_id <= {}",
            chosen[BATCH - 1]
        ));
        assert_eq!(disagree, "1 1", "its events bear its run id");
    }
}
