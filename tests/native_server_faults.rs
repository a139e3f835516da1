//! A native store on a server: runs that are killed, an answer that is lost, a disk that is
//! full, two prunes at once, and an application that writes all along. Each revocation has its
//! event, and no other token is touched; a store is made whole or not at all.

use std::collections::{HashMap, HashSet};
use std::fs::create_dir;
use std::os::unix::fs::{MetadataExt, chown};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

use crate::bulk::{BATCH, Bulk, FILTER, finish_rest, tell, whole_batches};
use crate::full_disks::Disk;
use crate::kills::{Kills, random};
use crate::support::gitlab::PROGRAM;
use crate::support::postgres::{Cluster, Database, wait_until};
use crate::support::{Sandbox, Transcript};
use crate::wire::{Fault, Wire};

/// What [`FILTER`] is about, as the application would ask.
const CHOSEN: &str = "SELECT id FROM tokenctl.personal_access_tokens WHERE NOT revoked
    AND (expires_at IS NULL OR expires_at > '2024-03-15') ORDER BY id";

const IS_THERE: &str = "SELECT count(*) FROM pg_namespace WHERE nspname = 'tokenctl'";

/// A sample on a server, of which is known what was revoked before.
struct Many {
    database: Database,
    sandbox: Sandbox,
    chosen: Vec<i64>,
    _shared: Bulk,
}

impl Many {
    fn on(cluster: &Cluster, tokens: usize) -> Self {
        let shared = Bulk::empty();
        let database = cluster.database("native", "SELECT 1");
        let sandbox = Sandbox::without_store().with("TOKENCTL_DB", database.url("postgres"));
        sandbox.run(&format!("init --quiet --sample={tokens}")).assert(0);
        database.sql(
            "CREATE TABLE before AS SELECT id FROM tokenctl.personal_access_tokens WHERE revoked",
        );
        let chosen = ids(&database, CHOSEN);
        Self { database, sandbox, chosen, _shared: shared }
    }

    fn session(&self) -> Client {
        session(&self.database)
    }

    /// The tokens that are revoked by now, each of which has one event, and no other.
    #[track_caller]
    fn revoked(&self) -> Vec<i64> {
        let revoked = ids(
            &self.database,
            "SELECT id FROM tokenctl.personal_access_tokens WHERE revoked
             AND id NOT IN (SELECT id FROM before) ORDER BY id",
        );
        let events =
            ids(&self.database, "SELECT target_id FROM tokenctl.audit_events ORDER BY target_id");
        assert!(revoked == events, "{} revoked, {} events", revoked.len(), events.len());
        revoked
    }

    /// How many of the chosen are revoked: whole batches from the beginning, and no other.
    #[track_caller]
    fn done(&self, batch: usize) -> usize {
        whole_batches(&self.revoked(), &self.chosen, batch)
    }

    /// Running it again does the rest.
    #[track_caller]
    fn finish(&self, batch: usize) {
        finish_rest(&self.sandbox, &self.chosen, || self.done(batch));
    }
}

fn session(database: &Database) -> Client {
    Client::connect(&database.url("postgres"), NoTls).expect("a session")
}

fn ids(database: &Database, query: &str) -> Vec<i64> {
    let rows = session(database).query(query, &[]).expect(query);
    rows.iter().map(|row| row.get(0)).collect()
}

/// Waits until the server has done with what is left of the program's sessions.
fn wait_until_it_is_gone(database: &Database) {
    let mut session = session(database);
    let question = format!("SELECT NOT EXISTS ({PROGRAM})");
    wait_until(&question, || session.query_one(&question, &[]).expect("an answer").get(0));
}

#[test]
fn killed_at_random_moments_each_revocation_has_its_event() {
    const SMALL: usize = 5;
    let Some(cluster) = Cluster::shared() else { return };
    let kills = Kills {
        test: "native on a server",
        count: 60,
        rows: 1..40,
        after_rows: Duration::from_millis(6),
        from_start: Duration::from_millis(80),
    };
    let many = Many::on(cluster, 14_000);
    let line = format!("{FILTER} -o ids --batch-size {SMALL}");
    let mut before = 0;
    kills.run(
        || many.sandbox.command(line.split(' ')),
        |killed| {
            // What was sent before may still be carried out.
            wait_until_it_is_gone(&many.database);
            let done = many.done(SMALL);
            let printed = killed.printed.len();
            assert!(printed <= done - before, "{printed} printed, {} done", done - before);
            before = done;
        },
    );
    tell(&format!("native on a server: {before} of {} tokens were done", many.chosen.len()));
    assert!(before < many.chosen.len(), "nothing was left to do");
    many.finish(SMALL);
}

#[test]
fn killed_at_random_moments_a_copy_is_whole_or_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    let store = Bulk::new(3000, "WAL");
    let back = cluster.database("kills", "SELECT 1");
    let back = Sandbox::without_store().with("TOKENCTL_DB", back.url("postgres"));
    back.run("init --quiet --sample=3000").assert(0);
    let mut rng = random("copy");
    let (mut none, mut whole) = (0, 0);
    for round in 0..30 {
        let database = cluster.database("killed", "SELECT 1");
        let target = store.home().join(format!("{round}.db"));
        let url = database.url("postgres");
        // To a server, and to a file.
        let (mut command, is_server) = if round % 2 == 0 {
            (store.command(["--as", "root", "copy", &url]), true)
        } else {
            (
                back.command([
                    "--as".as_ref(),
                    "root".as_ref(),
                    "copy".as_ref(),
                    target.as_os_str(),
                ]),
                false,
            )
        };
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        // Most of them early, however fast the machine is.
        thread::sleep(Duration::from_millis(rng.u64(..40).pow(2)));
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
        let made = if is_server {
            wait_until_it_is_gone(&database);
            let made = Sandbox::without_store().with("TOKENCTL_DB", &url);
            (database.sql(IS_THERE) == "1").then_some(made)
        } else {
            let made = Sandbox::without_store().with("TOKENCTL_DB", &target);
            target.exists().then_some(made)
        };
        match made {
            None => none += 1,
            Some(made) => {
                whole += 1;
                let count = made.run("--as root list --count");
                assert_eq!(count.assert(0).stdout, "3000\n", "round {round}");
            }
        }
    }
    tell(&format!("copy: {none} kills left nothing, and {whole} all"));
    assert!(none > 0, "no kill hit a copy");
}

#[test]
fn what_a_commit_without_an_answer_did_is_found_with_its_events() {
    let Some(cluster) = Cluster::shared() else { return };
    for (fault, revoked, said) in [
        (Fault::CommitIsLost, 0, "the rows were read again: 0 of 2 are revoked"),
        (Fault::AnswerIsLost, 2, "the rows were read again: 2 of 2 are revoked"),
        (Fault::AnswerIsLostForGood, 2, "not known"),
    ] {
        let many = Many::on(cluster, 30);
        let wire = Wire::to(cluster.socket(), fault);
        let url = wire.url("postgres", &many.database.name);
        let [one, other] = [many.chosen[0], many.chosen[1]];
        let line = format!("--as root --busy-timeout 1s revoke {one} {other} --yes");
        let mut command = many.sandbox.command(line.split(' '));
        let ran = many.sandbox.run_command(&line, command.env("TOKENCTL_DB", url));
        assert!(wire.has_happened(), "{ran}");
        ran.assert(1).says(&[said]);
        wait_until_it_is_gone(&many.database);
        assert_eq!(many.revoked(), many.chosen[..revoked], "{ran}");
    }
}

#[test]
fn a_store_whose_making_is_not_answered_is_not_said_to_be_missing() {
    let Some(cluster) = Cluster::shared() else { return };
    for (fault, is_there) in [(Fault::CommitIsLost, "0"), (Fault::AnswerIsLost, "1")] {
        let database = cluster.database("made", "SELECT 1");
        let wire = Wire::to(cluster.socket(), fault);
        let sandbox =
            Sandbox::without_store().with("TOKENCTL_DB", wire.url("postgres", &database.name));
        let ran = sandbox.run("init");
        assert!(wire.has_happened(), "{ran}");
        ran.assert(1).says(&["whether there is a new store now is not known"]);
        wait_until_it_is_gone(&database);
        assert_eq!(database.sql(IS_THERE), is_there, "{fault:?}");
    }
}

#[test]
fn a_full_disk_of_the_server_stops_a_revoke_after_a_batch() {
    const SMALL: usize = 50;
    let Some(cluster) = Cluster::shared() else { return };
    let many = Many::on(cluster, 5000);
    let folder = many.sandbox.home().join("disk");
    create_dir(&folder).expect("a folder");
    let Some(disk) = Disk::mount(&folder) else { return };
    let server = cluster.socket().metadata().expect("the server's folder").uid();
    let space = folder.join("space");
    create_dir(&space).expect("a folder");
    for path in [&folder, &space] {
        chown(path, Some(server), None).expect("the server's own");
    }
    // Others have to get there, too.
    let open = Command::new("chmod").arg("711").arg(many.sandbox.home()).status();
    assert!(open.expect("chmod runs").success());
    let name = format!("full_{}", many.database.name);
    let made = format!("CREATE TABLESPACE {name} LOCATION '{}'", space.display());
    many.database.sql(&made);
    many.database.sql(&format!("ALTER TABLE tokenctl.audit_events SET TABLESPACE {name}"));
    disk.fill_but(64 << 10);
    let line = format!("{FILTER} -o ids --batch-size {SMALL}");
    let run = || many.sandbox.run(&line);
    let assert_stopped = |ran: &Transcript| {
        ran.assert(1).says(&["the server's disk is full (SQLSTATE 53100)"]);
        many.done(SMALL)
    };
    let ran = run();
    let done = assert_stopped(&ran);
    assert!(0 < done && done < many.chosen.len(), "{done} done: {ran}");
    assert!(ran.ids() == many.chosen[..done], "a row for each token that is done: {ran}");
    assert_stopped(&run());
    disk.make_room();
    many.finish(SMALL);
    many.database.sql("ALTER TABLE tokenctl.audit_events SET TABLESPACE pg_default");
    many.database.sql(&format!("DROP TABLESPACE {name}"));
}

#[test]
fn two_prunes_at_once_on_a_server_revoke_each_token_once() {
    let Some(cluster) = Cluster::shared() else { return };
    let many = Many::on(cluster, 8000);
    let line = format!("{FILTER} -o ids --batch-size 100 --busy-timeout 1min");
    let runs = thread::scope(|scope| {
        let run = || many.sandbox.run(&line);
        [scope.spawn(run), scope.spawn(run)].map(|run| run.join().expect("it ends"))
    });
    let mut revoked = Vec::new();
    for ran in &runs {
        // What the other had done is done, whoever did it.
        revoked.push(ran.assert(0).ids().into_iter().collect::<HashSet<_>>());
    }
    let all: HashSet<_> = revoked[0].union(&revoked[1]).copied().collect();
    assert_eq!(all, many.chosen.iter().copied().collect());
    assert_eq!(many.done(BATCH), many.chosen.len());
}

#[test]
fn an_application_that_writes_all_along_on_a_server_loses_nothing() {
    const PACE: Duration = Duration::from_millis(1);
    let Some(cluster) = Cluster::shared() else { return };
    let many = Many::on(cluster, 20_000);
    let is_done = AtomicBool::new(false);
    let (used, waits, ran) = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let (mut session, mut rng) = (many.session(), random("application"));
            let (mut used, mut waits) = (HashMap::new(), Vec::new());
            let sql = "UPDATE tokenctl.personal_access_tokens SET last_used_at = to_timestamp($2),
                revoked = FALSE WHERE id = $1";
            let update = session.prepare(sql).expect(sql);
            while !is_done.load(Ordering::SeqCst) {
                let (id, time) = (rng.i64(1..=20_000), f64::from(rng.u32(..1_000_000)));
                let begun = Instant::now();
                session.execute(&update, &[&id, &time]).expect("it writes");
                waits.push(begun.elapsed());
                used.insert(id, time);
                thread::sleep(PACE.saturating_sub(begun.elapsed()));
            }
            (used, waits)
        });
        let ran = many.sandbox.run(&format!("{FILTER} -o ids --batch-size 500"));
        is_done.store(true, Ordering::SeqCst);
        let (used, waits) = writer.join().expect("the application ends");
        (used, waits, ran)
    });
    // Object mappers write all columns back: none of the tokens came to life again.
    assert!(ran.assert(0).ids() == many.chosen, "{} revoked", ran.ids().len());
    assert_eq!(many.done(500), many.chosen.len());
    let mut session = many.session();
    for (id, time) in &used {
        let sql = "SELECT extract(epoch FROM last_used_at)::float8
            FROM tokenctl.personal_access_tokens WHERE id = $1";
        let kept: f64 = session.query_one(sql, &[id]).expect("a token").get(0);
        assert!((kept - time).abs() < 0.5, "token {id}");
    }
    let mut waits = waits;
    waits.sort_unstable();
    let [median, most] = [waits[waits.len() / 2], waits[waits.len() * 99 / 100]];
    tell(&format!("{} writes: 50 of 100 within {median:.1?}, 99 within {most:.1?}", waits.len()));
    assert!(waits.len() > 100, "the application had hardly a turn");
}
