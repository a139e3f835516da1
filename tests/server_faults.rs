//! A revoke on GitLab's tables that is cut short: by SIGKILL, by the end of the
//! server, by the end of its session while it commits. The audit file knows of
//! every token that may have been revoked.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::bulk::{BATCH, Bulk, Ended, FILTER, HeldRevoke, finish_rest, tell, whole_batches};
use crate::kills::Kills;
use crate::support::gitlab::{Gitlab, PROGRAM};
use crate::support::postgres::{Bouncer, Cluster, Options, REVOKER};
use crate::support::{Sandbox, send, start};
use crate::wire::{Fault, Wire};

/// What [`FILTER`] is about, as the application would ask.
const CHOSEN: &str = "SELECT id FROM personal_access_tokens WHERE revoked IS NOT TRUE
    AND (expires_at IS NULL OR expires_at > '2024-03-15') ORDER BY id";

/// A database with many tokens, of which is known which were revoked before.
struct Many {
    gitlab: Gitlab,
    /// What the filter is about, as long as nothing is revoked.
    chosen: Vec<i64>,
    _shared: Bulk,
}

impl Many {
    fn on(cluster: &Cluster, tokens: u64) -> Self {
        let shared = Bulk::empty();
        let gitlab = Gitlab::beside(cluster.gitlab());
        gitlab.database.add_tokens(tokens);
        gitlab.database.sql(
            "CREATE TABLE before AS SELECT id FROM personal_access_tokens WHERE revoked;
             CREATE UNIQUE INDEX ON before (id)",
        );
        let chosen = gitlab.ids(CHOSEN);
        Self { gitlab, chosen, _shared: shared }
    }

    /// With results so long that those of one batch are more than a pipe holds.
    fn with_long_names(cluster: &Cluster, tokens: u64) -> Self {
        let many = Self::on(cluster, tokens);
        many.gitlab
            .database
            .sql("UPDATE personal_access_tokens SET name = name || repeat('x', 120)");
        many
    }

    fn hold(&self) -> HeldRevoke {
        let line = format!("{FILTER} -o json --busy-timeout 1min");
        HeldRevoke::of(&mut self.gitlab.revoker.command(line.split(' ')), "")
    }

    /// Those that have been revoked since the beginning.
    fn revoked(&self) -> Vec<i64> {
        self.gitlab.ids(
            "SELECT id FROM personal_access_tokens WHERE revoked
             AND id NOT IN (SELECT id FROM before) ORDER BY id",
        )
    }

    /// How many of the chosen are revoked: whole batches from the beginning, and no
    /// other token.
    #[track_caller]
    fn done(&self, batch: usize) -> usize {
        whole_batches(&self.revoked(), &self.chosen, batch)
    }

    /// Running it again does the rest.
    #[track_caller]
    fn finish(&self, batch: usize) {
        finish_rest(&self.gitlab.revoker, &self.chosen, || self.done(batch));
    }

    /// What `audit` does not know the outcome of, each with its run, in a file in which as
    /// many lines are torn.
    #[track_caller]
    fn unresolved(&self, torn: usize) -> Vec<(String, i64)> {
        let ran = self.gitlab.reader.run("--as root audit -o jsonl");
        assert_eq!(ran.stderr.matches("the line at byte").count(), torn, "{}", ran.stderr);
        let rows = ran
            .assert(i32::from(torn > 0))
            .stdout
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect(line));
        let rows = rows.filter(|row| row["outcome"] == "unresolved");
        let mut unresolved: Vec<_> = rows.map(|row| target(&row)).collect();
        unresolved.sort();
        let told = format!("{} of the log's events are unresolved", unresolved.len());
        assert_eq!(!unresolved.is_empty(), ran.stderr.contains(&told), "{}", ran.stderr);
        unresolved
    }
}

/// The run of a line or event, and its token.
fn target(entry: &Value) -> (String, i64) {
    let run = entry["run_id"].as_str().expect("an id");
    (run.into(), entry["target_id"].as_i64().expect("an id"))
}

/// An audit file that is read as it grows.
#[derive(Default)]
struct Account {
    read: u64,
    /// The tokens of a run in the order in which they were announced.
    announced: HashMap<String, Vec<i64>>,
    outcomes: HashMap<(String, i64), bool>,
    /// How many lines a kill has cut short.
    torn: usize,
}

impl Account {
    /// Reads on, when a run has been killed. Gives the runs that have written meanwhile.
    fn read_on(&mut self, many: &Many) -> HashSet<String> {
        let mut runs = HashSet::new();
        let Ok(mut file) = std::fs::File::open(many.gitlab.log()) else { return runs };
        file.seek(SeekFrom::Start(self.read)).expect("a file");
        let mut text = Vec::new();
        file.read_to_end(&mut text).expect("a file");
        self.read += text.len() as u64;
        let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        self.torn += usize::from(whole < text.len());
        // The run after that begins with the end of its line.
        let lines = text[..whole].split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        for line in lines {
            let line: Value = serde_json::from_slice(line).expect("a line of JSON");
            let (run, id) = target(&line);
            runs.insert(run.clone());
            if line["entry"] == "intent" {
                self.announced.entry(run).or_default().push(id);
            } else {
                self.outcomes.insert((run, id), line["outcome"] == "revoked");
            }
        }
        runs
    }

    fn unresolved(&self) -> Vec<(String, i64)> {
        let all =
            self.announced.iter().flat_map(|(run, ids)| ids.iter().map(|&id| (run.clone(), id)));
        let mut unresolved: Vec<_> =
            all.filter(|target| !self.outcomes.contains_key(target)).collect();
        unresolved.sort();
        unresolved
    }
}

#[test]
fn killed_at_random_moments_it_revokes_nothing_that_the_audit_file_does_not_know_of() {
    const SMALL: usize = 5;
    let Some(cluster) = Cluster::shared() else { return };
    let kills = Kills {
        test: "GitLab",
        count: 100,
        rows: 1..40,
        after_rows: Duration::from_millis(6),
        from_start: Duration::from_millis(80),
    };
    let many = Many::on(cluster, 14_000);
    let line = format!("{FILTER} -o ids --batch-size {SMALL}");
    let start = || many.gitlab.revoker.command(line.split(' '));
    let mut account = Account::default();
    let (mut done, mut before, mut after) = (0, 0, 0);
    kills.run(start, |killed| {
        // What was sent before may still be carried out.
        many.gitlab.wait_until_it_is_gone();

        let now = many.done(SMALL);
        let new = &many.chosen[done..now];
        let runs = account.read_on(&many);
        assert!(runs.len() <= 1, "one run has one id");
        let run = runs.into_iter().next().unwrap_or_default();
        let announced = account.announced.get(&run).map_or(&[][..], Vec::as_slice);
        assert!(announced.starts_with(new), "{} revoked, {} announced", new.len(), announced.len());
        assert!(announced.len() <= new.len() + SMALL, "one batch at most is ahead of the database");
        let outcome = |id: i64| account.outcomes.get(&(run.clone(), id)).copied();
        let resolved = announced.iter().take_while(|&&id| outcome(id).is_some()).count();
        assert!(announced[resolved..].iter().all(|&id| outcome(id).is_none()));
        assert!(announced[..resolved].iter().all(|&id| outcome(id) == Some(true)));
        assert!(resolved <= new.len(), "an outcome before its commit");
        assert!(announced.len() - resolved <= SMALL, "more than the last batch is unresolved");
        let printed = killed.printed.len();
        assert!(printed <= new.len(), "{printed} printed, {} done", new.len());
        // The kill hit the batch before its commit, or after it.
        before += usize::from(announced.len() > new.len());
        after += usize::from(resolved < new.len());
        done = now;
        if killed.round % 20 == 0 {
            assert_eq!(many.unresolved(account.torn), account.unresolved());
        }
    });
    let unresolved = many.unresolved(account.torn);
    assert_eq!(unresolved, account.unresolved());
    tell(&format!(
        "GitLab: {before} kills hit a batch before its commit and {after} after it, {} a line, \
         {done} of {} tokens were done",
        account.torn,
        many.chosen.len()
    ));
    assert!(before > 0, "no kill hit a batch");
    assert!(done < many.chosen.len(), "nothing was left to do");
    many.finish(SMALL);
    assert_eq!(many.unresolved(account.torn), unresolved, "the last run resolves its own");
}

#[test]
fn a_server_that_is_killed_between_batches_stops_the_run_with_what_was_done() {
    for stop in [Cluster::kill, Cluster::stop] {
        let Some(cluster) = Cluster::start(&Options::default()) else { return };
        let many = Many::with_long_names(&cluster, 5000);
        let held = many.hold();
        stop(&cluster);
        let Ended { rows, messages, status } = held.end();
        assert_eq!(status.code(), Some(1), "{messages}");
        let told = format!("tokenctl: {BATCH} of {} ids done: ", many.chosen.len());
        assert!(messages.contains(&told), "{messages}");
        assert!(messages.contains(&format!("tokenctl: revoked {BATCH} personal")), "{messages}");
        assert!(!messages.contains("not known"), "{messages}");
        assert_eq!(rows.len(), BATCH, "the array is closed");
        let outcomes = many.gitlab.outcomes();
        assert_eq!(outcomes.len(), BATCH, "nothing else was announced");
        assert!(outcomes.iter().all(|(_, outcome)| outcome.as_deref() == Some("revoked")));
    }
}

#[test]
fn a_server_that_is_killed_in_a_batch_has_done_nothing_of_it() {
    let Some(cluster) = Cluster::start(&Options::default()) else { return };
    let many = Many::with_long_names(&cluster, 5000);
    let held = many.hold();
    let mut other = many.gitlab.session();
    let row = many.chosen[BATCH + 7];
    let mut transaction = other.transaction().expect("a transaction");
    let lock = format!("SELECT FROM personal_access_tokens WHERE id = {row} FOR UPDATE");
    transaction.batch_execute(&lock).expect(&lock);
    // Its output is read meanwhile, so that it goes on to the second batch.
    let ended = thread::scope(|scope| {
        let ended = scope.spawn(|| held.end());
        many.gitlab.wait_until_it_waits();
        cluster.kill();
        ended.join().expect("it ends")
    });
    let Ended { rows, messages, status } = ended;
    assert_eq!(status.code(), Some(1), "{messages}");
    let told = format!("{BATCH} of {} ids done: cannot write to the store", many.chosen.len());
    assert!(messages.contains(&told), "{messages}");
    assert!(!messages.contains("not known"), "a batch that was not committed: {messages}");
    assert_eq!(rows.len(), BATCH);
    let outcomes = many.gitlab.outcomes();
    let (first, second) = outcomes.split_at(BATCH);
    let is = |part: &[(i64, Option<String>)], end| {
        part.iter().all(|(_, outcome)| outcome.as_deref() == Some(end))
    };
    assert!(is(first, "revoked") && is(second, "not_revoked"), "{messages}");
    assert_eq!(outcomes.len(), many.chosen.len().min(2 * BATCH));
}

/// What is said of a batch that may have been done.
const NOT_KNOWN: &str = "whether the last batch was committed is not known";

/// Ends the program's sessions, as an administrator would.
const TERMINATE: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'tokenctl'";

/// Makes the program wait before its COMMIT, for what is deferred until then.
const HELD_COMMIT: &str = "
    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER hold AFTER UPDATE ON personal_access_tokens
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hold()";

#[test]
fn what_a_commit_without_an_answer_did_is_read_again() {
    let Some(cluster) = Cluster::shared() else { return };
    let cases = [
        (Fault::CommitIsLost, "not_revoked", "the rows were read again: 0 of 2 are revoked"),
        (Fault::AnswerIsLost, "revoked", "the rows were read again: 2 of 2 are revoked"),
        (Fault::AnswerIsLostForGood, "unresolved", NOT_KNOWN),
        (Fault::AllBehindItIsLost, "unresolved", "whether the last batch is revoked is not known"),
    ];
    for (fault, result, said) in cases {
        let many = Many::on(cluster, 100);
        let gitlab = &many.gitlab;
        let wire = Wire::to(cluster.socket(), fault);
        let line = "--as root --busy-timeout 1s revoke 1 2 --yes -o json";
        let mut command = gitlab.revoker.command(line.split(' '));
        let url = wire.url(REVOKER, &gitlab.database.name);
        let ran = gitlab.revoker.run_command(line, command.env("TOKENCTL_DB", url));
        assert!(wire.has_happened(), "{ran}");
        ran.assert(1).says(&["ids done: ", said]);
        assert!(!ran.stderr.contains("nothing changed") || result == "not_revoked", "{ran}");
        gitlab.wait_until_it_is_gone();

        let revoked: &[i64] = if fault == Fault::CommitIsLost { &[] } else { &[1, 2] };
        assert_eq!(many.revoked(), revoked, "{ran}");
        let rows = ran.json();
        let rows: Vec<_> =
            rows.as_array().expect("rows").iter().map(|row| &row["result"]).collect();
        assert_eq!(rows, vec![result; revoked.len()], "{ran}");
        // The audit file claims no more than was read.
        let outcome = Some(result.to_owned()).filter(|it| it != "unresolved");
        assert_eq!(gitlab.outcomes(), [(1, outcome.clone()), (2, outcome)], "{ran}");
        let unresolved = if result == "unresolved" { 2 } else { 0 };
        assert_eq!(many.unresolved(0).len(), unresolved, "{ran}");
    }
}

#[test]
fn what_a_commit_without_an_answer_did_to_tokens_without_an_id_is_found_out() {
    let Some(cluster) = Cluster::shared() else { return };
    let cases = [
        (Fault::CommitIsLost, "0", "0 of 1 are revoked"),
        (Fault::AnswerIsLost, "1", "1 of 1 are revoked"),
        (Fault::AnswerIsLostForGood, "1", "not known"),
    ];
    let tables = "CREATE TABLE keys (label TEXT, made TIMESTAMP, off BOOLEAN);
        INSERT INTO keys VALUES ('a', '2022-01-01 00:00:00', FALSE)";
    let file = "
        format = 1
        application = 'Ours'
        databases = ['postgres']
        [tokens]
        table = 'keys'
        secret = []
        name = 'label'
        created = 'made'
        revoke = { set = 'off' }
    ";
    let line = "--schema ./ours.toml --as @operator --audit-log log --busy-timeout 1s";
    for (fault, revoked, said) in cases {
        let database = cluster.database("without_id_lost", tables);
        let wire = Wire::to(cluster.socket(), fault);
        let sandbox =
            Sandbox::without_store().with("TOKENCTL_DB", wire.url("postgres", &database.name));
        fs::write(sandbox.home().join("ours.toml"), file).expect("a file");
        let ran = sandbox.run(&format!("{line} revoke --search a --yes"));
        assert!(wire.has_happened() && ran.assert(1).stderr.contains(said), "{fault:?}: {ran}");
        let off = "SELECT count(*) FROM keys WHERE off";
        assert_eq!(database.sql(off), revoked, "{fault:?}");
    }
}

#[test]
fn what_is_deferred_until_the_commit_is_waited_for_before_it() {
    let Some(cluster) = Cluster::shared() else { return };
    let many = Many::on(cluster, 100);
    let gitlab = &many.gitlab;
    gitlab.database.sql(HELD_COMMIT);
    let mut other = gitlab.session();
    other.batch_execute("SELECT pg_advisory_lock(7)").expect("a lock");
    let ran = gitlab.revoker.run("--as root --busy-timeout 0s revoke 1 2 --yes");
    ran.assert(75).says(&["0 of 2 ids done", "lock timeout"]);
    gitlab.assert_outcomes(&[(1, "not_revoked"), (2, "not_revoked")]);
    assert!(many.revoked().is_empty());
    gitlab.assert_resolved();
    // A session that ends before the COMMIT has done nothing.
    let line = "--as root --busy-timeout 1min revoke 3 --yes";
    let child = start(&mut gitlab.revoker.command(line.split(' ')));
    gitlab.wait_until_it_waits();
    gitlab.database.sql(TERMINATE);
    let ran = gitlab.revoker.transcript(line, child.wait_with_output().expect("it ends"));
    ran.assert(1).says(&["0 of 1 ids done"]);
    assert_eq!(gitlab.outcomes()[2], (3, Some("not_revoked".into())));
    other.batch_execute("SELECT pg_advisory_unlock(7)").expect("the lock is given back");
    gitlab.revoker.run("--as root revoke 1 2 3 --yes").assert(0);
    assert_eq!(many.revoked(), [1, 2, 3]);
}

/// The primary has committed, and its standby does not answer: the session ends
/// without an answer for us. A pool has one for us then, which tells nothing.
#[test]
fn a_commit_that_took_effect_without_an_answer_is_found_done() {
    // Nobody but the role that revokes waits for the standby, which there is none.
    let settings = [("synchronous_standby_names", "nobody"), ("synchronous_commit", "local")];
    let options = Options { settings: &settings, ..Options::default() };
    let Some(cluster) = Cluster::start(&options) else { return };
    let Some(bouncer) = Bouncer::start(&cluster) else { return };
    let many = Many::on(&cluster, 100);
    let gitlab = &many.gitlab;
    cluster.sql("postgres", &format!("ALTER ROLE {REVOKER} SET synchronous_commit = on"));
    let database = &gitlab.database;
    let urls = [database.url(REVOKER), bouncer.url(REVOKER, &database.name)];
    for (url, ids) in urls.iter().zip([[1, 2], [3, 4]]) {
        let line = format!("--as root revoke {} {} --yes -o json", ids[0], ids[1]);
        let mut command = gitlab.revoker.command(line.split(' '));
        let child = start(command.env("TOKENCTL_DB", url));
        gitlab.wait_until(&format!("SELECT EXISTS ({PROGRAM} AND wait_event = 'SyncRep')"));
        gitlab.database.sql(TERMINATE);
        let ran = gitlab.revoker.transcript(&line, child.wait_with_output().expect("it ends"));
        ran.assert(1).says(&["2 of 2 ids done: COMMIT failed: ", "2 of 2 are revoked"]);
        let rows = ran.json();
        assert!(rows.as_array().expect("rows").iter().all(|row| row["result"] == "revoked"));
        assert!(many.revoked().ends_with(&ids), "{ran}");
        gitlab.assert_resolved();
    }
}

#[test]
fn a_signal_stops_a_revoke_on_gitlab_after_the_current_batch() {
    let Some(cluster) = Cluster::shared() else { return };
    for (signal, status) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let many = Many::with_long_names(cluster, 5000);
        let held = many.hold();
        held.signal(signal);
        let Ended { rows, messages, status: ended } = held.end();
        assert_eq!(ended.code(), Some(status), "{messages}");
        assert_eq!((rows.len(), many.done(BATCH)), (BATCH, BATCH), "{messages}");
        assert!(messages.contains("ids done: stopped by SIG"), "{messages}");
        many.gitlab.assert_resolved();
        many.finish(BATCH);
    }
}

#[test]
fn killed_while_it_prints_it_leaves_whole_batches_on_gitlab() {
    let Some(cluster) = Cluster::shared() else { return };
    let many = Many::with_long_names(cluster, 5000);
    let held = many.hold();
    held.signal(Signal::SIGKILL);
    assert_eq!(held.end().status.signal(), Some(Signal::SIGKILL as i32));
    assert_eq!(many.done(BATCH), BATCH);
    assert_eq!(many.unresolved(0), [], "its outcomes were written before it printed");
    many.finish(BATCH);
}

#[test]
fn killed_while_its_batch_waits_it_leaves_intents_and_nothing_revoked() {
    let Some(cluster) = Cluster::shared() else { return };
    let many = Many::on(cluster, 100);
    let gitlab = &many.gitlab;
    let mut other = gitlab.session();
    let mut transaction = other.transaction().expect("a transaction");
    let lock = "SELECT FROM personal_access_tokens WHERE id = 2 FOR UPDATE";
    transaction.batch_execute(lock).expect(lock);
    let line = "--as root --busy-timeout 1min revoke 1 2 3 --yes";
    let mut child = start(&mut gitlab.revoker.command(line.split(' ')));
    gitlab.wait_until_it_waits();
    send(&child, Signal::SIGKILL);
    assert_eq!(child.wait().expect("it ends").signal(), Some(Signal::SIGKILL as i32));
    transaction.rollback().expect("the lock is given back");
    gitlab.wait_until_it_is_gone();
    let unresolved: Vec<_> = many.unresolved(0).into_iter().map(|(_, id)| id).collect();
    assert_eq!(unresolved, [1, 2, 3]);
    // One of the two: the server had them in its hands.
    let revoked = many.revoked();
    assert!(revoked.is_empty() || revoked == [1, 2, 3], "half a batch: {revoked:?}");
    gitlab.revoker.run("--as root revoke 1 2 3 --yes").assert(0);
    assert_eq!(many.revoked(), [1, 2, 3]);
}

/// Makes whoever reads the token of this id wait in the middle of the list.
fn hold_readers_at(id: i64) -> String {
    format!(
        "CREATE FUNCTION hold(id bigint) RETURNS boolean LANGUAGE plpgsql AS
             'BEGIN IF id = {id} THEN PERFORM pg_advisory_xact_lock_shared(7); END IF;
              RETURN true; END';
         ALTER TABLE personal_access_tokens RENAME TO held;
         CREATE VIEW personal_access_tokens AS SELECT * FROM held WHERE hold(id);
         GRANT SELECT, UPDATE ON personal_access_tokens TO PUBLIC"
    )
}

#[test]
fn a_list_that_loses_its_server_says_where_it_ends() {
    for fault in [Cluster::kill, Cluster::stop] {
        let Some(cluster) = Cluster::start(&Options::default()) else { return };
        let many = Many::on(&cluster, 5000);
        many.gitlab.database.sql(&hold_readers_at(4321));
        let mut other = many.gitlab.session();
        other.batch_execute("SELECT pg_advisory_lock(7)").expect("a lock");
        let line = "--as root --busy-timeout 1min list -o ids";
        let child = start(&mut many.gitlab.reader.command(line.split(' ')));
        many.gitlab.wait_until_it_waits();
        fault(&cluster);
        let ran = many.gitlab.reader.transcript(line, child.wait_with_output().expect("it ends"));
        let shown = ran.assert(1).ids();
        assert!(shown.is_sorted() && shown.iter().all(|id| *id < 4321), "{}", ran.stderr);
        assert!(shown.len() > 1000, "only {} rows came before it", shown.len());
        ran.says(&[&format!("the list ends after {} rows: cannot read the store", shown.len())]);
    }
}

#[test]
fn a_reader_that_leaves_ends_the_search_of_a_server() {
    let Some(cluster) = Cluster::shared() else { return };
    let many = Many::on(cluster, 5000);
    many.gitlab.database.sql(&hold_readers_at(4321));
    let mut other = many.gitlab.session();
    other.batch_execute("SELECT pg_advisory_lock(7)").expect("a lock");
    let line = "--as root --busy-timeout 1h list -o ids";
    let mut child = start(&mut many.gitlab.reader.command(line.split(' ')));
    let mut rows = BufReader::new(child.stdout.take().expect("a pipe"));
    many.gitlab.wait_until_it_waits();
    let mut text = String::new();
    rows.read_line(&mut text).expect("a line");
    assert_eq!(text, "1\n");
    drop(rows);
    let ran = many.gitlab.reader.transcript(line, child.wait_with_output().expect("it ends"));
    assert_eq!(ran.assert(0).stderr, "", "{ran}");
    many.gitlab.wait_until_it_is_gone();
}

#[test]
fn a_signal_is_heard_while_the_set_of_a_revoke_is_read() {
    let Some(cluster) = Cluster::shared() else { return };
    for (signal, status) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        for lock in ["a row", "the table"] {
            let many = Many::on(cluster, 5000);
            let mut other = many.gitlab.session();
            if lock == "a row" {
                many.gitlab.database.sql(&hold_readers_at(4321));
                other.batch_execute("SELECT pg_advisory_lock(7)").expect("a lock");
            } else {
                other.batch_execute("BEGIN; LOCK TABLE personal_access_tokens").expect("a lock");
            }
            let line = format!("{FILTER} --busy-timeout 1h");
            let child = start(&mut many.gitlab.revoker.command(line.split(' ')));
            many.gitlab.wait_until_it_waits();
            send(&child, signal);
            let ended = child.wait_with_output().expect("it ends");
            let ran = many.gitlab.revoker.transcript(&line, ended);
            ran.assert(status).says(&["nothing changed: stopped by SIG"]);
            assert_eq!(many.gitlab.log_text(), "", "{lock}");
            drop(other);
            many.gitlab.wait_until_it_is_gone();
            assert_eq!(many.done(BATCH), 0);
        }
    }
}

#[test]
fn a_commit_is_on_disk_whatever_the_database_asks_for() {
    for (setting, expected) in [("off", "local"), ("on", "on"), ("local", "local")] {
        let Some(gitlab) = Gitlab::new() else { return };
        gitlab.database.sql(&format!(
            "ALTER DATABASE {} SET synchronous_commit = {setting};
             CREATE TABLE seen (setting text);
             CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
             SET search_path = public AS 'BEGIN
                 INSERT INTO seen VALUES (current_setting(''synchronous_commit'')); RETURN NULL;
             END';
             CREATE TRIGGER note AFTER UPDATE ON personal_access_tokens
             FOR EACH STATEMENT EXECUTE FUNCTION note()",
            gitlab.database.name
        ));
        gitlab.revoker.run("--as root revoke 1").assert(0);
        assert_eq!(gitlab.database.sql("SELECT setting FROM seen"), expected);
    }
}
