//! What revokes take beside the same batches by hand in the shell, and what an application
//! that writes meanwhile feels of ours.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::beside::{Beside, Line, MEMORY};
use crate::child;
use crate::compare::compare;
use crate::measure::Side;
use crate::stores::{Bench, Copied, Size, Words, read};
use crate::table::{Table, command};

/// A revocation of a tenth of a store's tokens.
struct Bulk {
    size: Size,
    /// Our arguments. Ours pauses after each batch for as long as it took.
    ours: &'static str,
    /// How the shell fills the table of the chosen ids, in their order.
    choose: &'static str,
    /// What it asks of each token again, besides that it is not revoked yet.
    again: &'static str,
    reads_ids: bool,
    memory_at_most: u64,
}

const AT_MOST: f64 = 2.0;
const BULKS: [Bulk; 2] = [BY_FILTER, BY_IDS];

const BY_FILTER: Bulk = Bulk {
    size: Size::Middle,
    ours: "--as root revoke --created-before {bound} --yes -q -o csv",
    choose: "INSERT INTO chosen (id) SELECT id FROM personal_access_tokens \
             WHERE NOT revoked AND created_at <= '{bound}' ORDER BY id;",
    again: " AND t.created_at <= '{bound}'",
    reads_ids: false,
    memory_at_most: MEMORY,
};

const BY_IDS: Bulk = Bulk {
    size: Size::Large,
    ours: "--as root revoke - --yes -q -o csv",
    choose: "CREATE TEMP TABLE listed (id INTEGER PRIMARY KEY);\n\
             .import \"{ids}\" listed\n\
             INSERT INTO chosen (id) SELECT id FROM listed ORDER BY id;",
    again: "",
    reads_ids: true,
    memory_at_most: 64 << 20,
};

const BATCH_SIZE: usize = 1000;

/// The shell's script: its beginning, and each of its batches, which follow one another
/// without a pause.
const BEGINNING: &str = "
CREATE TEMP TABLE chosen (position INTEGER PRIMARY KEY, id INTEGER NOT NULL);
{choose}
SELECT 'id', 'name', 'user_id', 'username', 'result', 'run_id';
";
const BATCH: &str = "
BEGIN IMMEDIATE;
INSERT INTO audit_events (created_at, run_id, action, actor, actor_id, os_user, target_type,
    target_id, target_name, target_user_id, target_username, reason)
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), '{run}', 'revoke', 'root', 1, 'root',
    'personal_access_token', t.id, t.name, t.user_id,
    (SELECT u.username FROM users u WHERE u.id = t.user_id), NULL
FROM personal_access_tokens t WHERE t.id IN ({batch}) AND NOT t.revoked{again} ORDER BY t.id;
UPDATE personal_access_tokens AS t
SET revoked = 1, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE t.id IN ({batch}) AND NOT t.revoked{again};
SELECT t.id, t.name, t.user_id, u.username, 'revoked', '{run}'
FROM personal_access_tokens t LEFT JOIN users u ON u.id = t.user_id
WHERE t.id IN ({batch}) ORDER BY t.id;
COMMIT;
";
const RUN: &str = "018e41f3-0000-7000-8000-000000000000";
const CHOSEN: &str = "SELECT id FROM chosen WHERE position BETWEEN {first} AND {last}";

/// The command lines of the revokes.
pub fn names() -> impl Iterator<Item = &'static str> {
    BULKS.iter().map(|bulk| bulk.ours)
}

/// Measures the revokes, each on a copy that is made for it.
pub fn measure(bench: &Bench, beside: &Beside) -> Result<()> {
    for bulk in BULKS.iter().filter(|bulk| bench.wants(bulk.ours)) {
        let store = bench.store(bulk.size)?;
        let (ids, script) = (bench.file("ids.txt"), bench.file("script.sql"));
        let words = bulk.words(bench, &store)?.with("{ids}", ids.display().to_string());
        let chosen = if bulk.reads_ids {
            write_ids(&store, &ids, bench.tokens(bulk.size) / 10)?
        } else {
            let sql = "SELECT count(*) FROM personal_access_tokens WHERE NOT revoked";
            ask(&store, &words.fill(&format!("{sql} AND created_at <= '{{bound}}'")))?
        };
        bulk.write_script(&script, &words, chosen)?;

        let copies = ["ours.db", "theirs.db"].map(|name| Copied::new(bench, store.clone(), name));
        let mut side = bench.ours(&copies[0].path, &words.fill(bulk.ours));
        if bulk.reads_ids {
            side = side.reading(ids);
        }
        let theirs = bench.shell(&copies[1].path, "-csv -bail", None).reading(script);
        let sides = [side, theirs];
        copies.iter().try_for_each(Copied::renew)?;
        let lines = compare(&sides[0], &sides[1])?;

        let sql = "SELECT count(*) FROM personal_access_tokens WHERE revoked";
        let events = "SELECT count(*) FROM audit_events";
        let expected = (chosen + ask(&store, sql)?, chosen + ask(&store, events)?);
        let rounds = bench.in_turn(sides.len(), |side| {
            copies[side].renew()?;
            let usage = sides[side].run()?;
            let path = &copies[side].path;
            let left = (ask(path, sql)?, ask(path, events)?);
            ensure!(left == expected, "{left:?} tokens are revoked and events written");
            Ok(usage)
        })?;
        let line = Line {
            ours: bulk.ours,
            shell: "-csv < batches".into(),
            tokens: bench.tokens(bulk.size),
            lines,
            at_most: AT_MOST,
            memory_at_most: bulk.memory_at_most,
        };
        beside.print(bench, &line, &rounds)?;
    }
    Ok(())
}

impl Bulk {
    /// With the bound that a tenth of the store's tokens keep who are not revoked.
    fn words(&self, bench: &Bench, store: &Path) -> Result<Words> {
        let bound: String = read(store)?.query_row(
            "SELECT created_at FROM personal_access_tokens WHERE NOT revoked
             ORDER BY created_at LIMIT 1 OFFSET ?1",
            [bench.tokens(self.size) / 10 - 1],
            |row| row.get(0),
        )?;
        Ok(Words::default().with("{bound}", bound))
    }

    fn write_script(&self, path: &Path, words: &Words, chosen: u32) -> Result<()> {
        let written = |text: &str| {
            words.fill(&text.replace("{choose}", self.choose).replace("{again}", self.again))
        };
        let batch = written(BATCH).replace("{batch}", CHOSEN).replace("{run}", RUN);
        let mut script = BufWriter::new(File::create(path)?);
        script.write_all(written(BEGINNING).as_bytes())?;
        for first in (1..=chosen).step_by(BATCH_SIZE) {
            let words = Words::default()
                .with("{first}", first.to_string())
                .with("{last}", (first as usize + BATCH_SIZE - 1).to_string());
            script.write_all(words.fill(&batch).as_bytes())?;
        }
        Ok(script.flush()?)
    }
}

/// Writes so many ids of tokens that are not revoked, from the whole store, and gives their
/// number.
fn write_ids(store: &Path, path: &Path, wanted: u32) -> Result<u32> {
    let all = ask(store, "SELECT count(*) FROM personal_access_tokens WHERE NOT revoked")?;
    let connection = read(store)?;
    let sql = "SELECT id FROM personal_access_tokens WHERE NOT revoked ORDER BY id";
    let mut statement = connection.prepare(sql)?;
    let ids = statement.query_map([], |row| row.get::<_, u32>(0))?;
    let mut file = BufWriter::new(File::create(path)?);
    let mut written = 0;
    for id in ids.step_by((all / wanted).try_into()?).take(wanted.try_into()?) {
        writeln!(file, "{}", id?)?;
        written += 1;
    }
    file.flush()?;
    Ok(written)
}

fn ask(store: &Path, sql: &str) -> Result<u32> {
    Ok(read(store)?.query_row(sql, [], |row| row.get(0))?)
}

/// The most milliseconds that 99 of 100 writes may take beside a revoke, and that any may.
const TOLERABLE: [f64; 2] = [50.0, 250.0];

/// Measures how long an application's writes take, alone and beside the revoke by filter.
pub fn measure_writer(bench: &Bench) -> Result<()> {
    if !bench.wants("writer") {
        return Ok(());
    }
    let store = bench.store(BY_FILTER.size)?;
    let words = BY_FILTER.words(bench, &store)?;
    let copy = Copied::new(bench, store, "written.db");
    let revoke = bench.ours(&copy.path, &words.fill(BY_FILTER.ours));
    let table = Table::new(
        "What a write of an application takes that writes 1,000 times a second (with synchronous \
         NORMAL), from its own beginning.",
        "| writer                                                      | seconds | p50 ms   \
         | p99 ms   | most ms  | made of those due |      |",
    );
    copy.renew()?;
    let begun = Instant::now();
    let beside = writer(&child::write(&copy.path)?, || revoke.run().map(drop))?;
    let lasted = begun.elapsed();
    copy.renew()?;
    let alone = writer(&child::write(&copy.path)?, || {
        thread::sleep(lasted);
        Ok(())
    })?;
    let work = format!("beside {}", command(BY_FILTER.ours));
    let keeps = beside[1] < TOLERABLE[0] && beside[2] < TOLERABLE[1];
    for (who, waits, verdict) in
        [("alone", alone, String::new()), (&work, beside, bench.judge(keeps))]
    {
        let [half, most, all, made] = waits;
        table.print(&[
            who.into(),
            format!("{:.1}", lasted.as_secs_f64()),
            format!("{half:.2}"),
            format!("{most:.2}"),
            format!("{all:.2}"),
            format!("{made:.0} %"),
            verdict,
        ])?;
    }
    Ok(())
}

/// Has an application write for as long as something takes. Gives the median, the 99th of
/// 100 and the longest of its waits in milliseconds, and how many of 100 due writes it made.
fn writer(side: &Side, meanwhile: impl FnOnce() -> Result<()>) -> Result<[f64; 4]> {
    let mut child = side.command().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let done = meanwhile();
    drop(child.stdin.take());
    let output = child.wait_with_output()?;
    done?;
    let printed = String::from_utf8(output.stdout)?;
    let numbers: Vec<f64> = printed.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    numbers.try_into().ok().context("a writer failed")
}
