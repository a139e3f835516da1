//! Commands on a million tokens on a server against the best that `psql` can do there, in turn:
//! `cargo bench --bench server`, with words that the names of its rows contain to choose some.
//! Where both sides print tokens, what they print is compared first.

use std::error::Error;
use std::io::{Write, stdout};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

#[path = "support/tools.rs"]
mod tools;

#[expect(dead_code, reason = "tests use the rest")]
#[path = "support/postgres.rs"]
mod postgres;

use postgres::{Cluster, Database, GITLAB, READER, ROLES, grants};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const TOKENS: u64 = 1_000_000;
/// What both sides take for the present.
const TODAY: &str = "2024-03-15";
/// How many tokens are revoked, and in batches of how many.
const REVOKED: u64 = 100_000;
const BATCH: u64 = 1000;

/// The rows of GitLab's tokens as the program prints them, but for how it writes times.
const OF_GITLAB: &str = "
    SELECT t.id, t.name, t.revoked IS TRUE AS revoked, t.created_at, t.scopes, t.user_id,
        t.last_used_at,
        t.revoked IS NOT TRUE AND (t.expires_at IS NULL OR t.expires_at > 'TODAY') AS active,
        t.expires_at, coalesce(t.expires_at <= 'TODAY', false) AS expired, t.description,
        t.impersonation, u.username,
        CASE WHEN t.revoked THEN 'revoked' WHEN t.expires_at <= 'TODAY' THEN 'expired'
            ELSE 'active' END AS state,
        CASE u.user_type WHEN 0 THEN 'human' WHEN 6 THEN 'project_bot'
            WHEN 13 THEN 'service_account' END AS user_type,
        coalesce(CASE WHEN u.state IN ('active', 'banned', 'deactivated') THEN u.state
            WHEN u.id IS NOT NULL THEN 'blocked' END, 'gone') AS user_state
    FROM personal_access_tokens t LEFT JOIN users u ON u.id = t.user_id ";

/// The same of a native store.
const OF_NATIVE: &str = "
    SELECT t.id, t.name, t.revoked, t.created_at, t.scopes, t.user_id, t.last_used_at,
        NOT t.revoked AND (t.expires_at IS NULL OR t.expires_at > 'TODAY') AS active,
        t.expires_at, coalesce(t.expires_at <= 'TODAY', false) AS expired, t.description,
        t.impersonation, u.username,
        CASE WHEN t.revoked THEN 'revoked' WHEN t.expires_at <= 'TODAY' THEN 'expired'
            ELSE 'active' END AS state, u.user_type, coalesce(u.state, 'gone') AS user_state
    FROM tokenctl.personal_access_tokens t LEFT JOIN tokenctl.users u ON u.id = t.user_id ";

/// The next batch of a revocation by hand, behind the id of the last.
const BY_HAND: &str = "
    WITH batch AS (
        SELECT id FROM tokenctl.personal_access_tokens
        WHERE NOT revoked AND created_at <= 'BEFORE' AND id > :last ORDER BY id LIMIT 1000
    ), done AS (
        UPDATE tokenctl.personal_access_tokens t SET revoked = TRUE, updated_at = now()
        FROM batch WHERE t.id = batch.id AND NOT t.revoked AND t.created_at <= 'BEFORE'
        RETURNING t.id, t.name, t.user_id
    ), recorded AS (
        INSERT INTO tokenctl.audit_events (run_id, action, actor_id, actor, os_user, target_type,
            target_id, target_name, target_user_id, target_username)
        SELECT 'by hand', 'revoke', 1, 'root', 'root', 'personal_access_token', done.id, done.name,
            done.user_id, u.username
        FROM done LEFT JOIN tokenctl.users u ON u.id = done.user_id ORDER BY done.id
        RETURNING target_id
    ) SELECT max(target_id) AS last FROM recorded \\gset
    ";

/// A row of the table.
struct Row {
    name: &'static str,
    limit: f64,
    rounds: usize,
    own: Vec<String>,
    /// What `psql` is given.
    theirs: String,
}

/// How often one side took as long as the other, and how much memory the program had, in KiB.
#[derive(Default)]
struct Measured {
    ratios: Vec<f64>,
    memory: u32,
}

fn main() -> Result<()> {
    let Some(cluster) = Cluster::shared() else { return Ok(()) };
    let words: Vec<_> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |name: &str| words.is_empty() || words.iter().any(|it| name.contains(&**it));
    let copy =
        |rows: &str, end: &str| format!("COPY ({}) TO STDOUT {end}", rows.replace("TODAY", TODAY));
    let json = |rows: &str| format!("SELECT row_to_json(x) FROM ({rows}) x");
    let list = |more: &str| -> Vec<String> {
        format!("list -o {more}").split(' ').map(Into::into).collect()
    };

    let name = "GitLab: list -o jsonl";
    if is_wanted(name) {
        let gitlab = cluster.database("speed", &format!("{GITLAB}{}", grants(ROLES)));
        gitlab.add_tokens(TOKENS);
        let root = "UPDATE users SET username = 'root', admin = true WHERE id = 1; VACUUM ANALYZE;";
        gitlab.sql(root);
        let theirs = copy(&json(&format!("{OF_GITLAB} ORDER BY t.id")), "");
        let row = Row { name, limit: 0.55, rounds: 9, own: list("jsonl"), theirs };
        row.compare_and_time(&gitlab.url(READER))?;
    }

    let native = cluster.database("native", "SELECT 1");
    let url = native.url("postgres");
    let sample = format!("--sample={TOKENS}");
    let mut init = own(&url, &["init", "--quiet", &sample]);
    if !init.status()?.success() {
        return Err("no sample".into());
    }
    native.sql("VACUUM ANALYZE");
    let all = format!("{OF_NATIVE} ORDER BY t.id");
    let of = |condition: &str| json(&format!("{OF_NATIVE} {condition}")).replace("TODAY", TODAY);
    let rows = [
        Row {
            name: "list -o jsonl",
            limit: 1.0,
            rounds: 9,
            own: list("jsonl"),
            theirs: copy(&json(&all), ""),
        },
        Row {
            name: "list -o csv",
            limit: 1.0,
            rounds: 9,
            own: list("csv --columns all"),
            theirs: copy(&all, "(FORMAT csv, HEADER)"),
        },
        Row {
            name: "show",
            limit: 1.1,
            rounds: 100,
            own: ["show", "500000", "-o", "jsonl"].map(Into::into).into(),
            theirs: of("WHERE t.id = 500000"),
        },
        Row {
            name: "list --user",
            limit: 1.1,
            rounds: 100,
            own: list("jsonl --user 77"),
            theirs: of("WHERE t.user_id = 77 ORDER BY t.id"),
        },
        Row {
            name: "list --limit 20",
            limit: 1.1,
            rounds: 100,
            own: list("jsonl --limit 20 --sort last_used_desc"),
            theirs: of("ORDER BY t.last_used_at DESC NULLS FIRST, t.id DESC LIMIT 20"),
        },
    ];
    for row in rows.iter().filter(|row| is_wanted(row.name)) {
        row.compare_and_time(&url)?;
    }
    let name = "revoke by filter";
    if is_wanted(name) {
        time_revocations(name, cluster, &native)?;
    }
    Ok(())
}

impl Row {
    fn compare_and_time(&self, url: &str) -> Result<()> {
        let program = || own(url, &self.own);
        let hand = || statement(url, &self.theirs);
        let (theirs, own) = (lines(&mut hand())?, lines(&mut program())?);
        if self.theirs.contains("csv") {
            assert_eq!(theirs.len(), own.len());
        } else {
            compare(&theirs, &own)?;
        }
        let mut measured = Measured::default();
        for _ in 0..self.rounds {
            let (theirs, _) = run(&mut hand())?;
            measured.add(run(&mut program())?, theirs);
        }
        measured.tell(self.name, own.len(), self.limit)
    }
}

/// Revokes the same tokens on a copy of the store each, by batches of the same size. The
/// program's time has its pauses in it, in which it leaves the rows to others.
fn time_revocations(name: &str, cluster: &Cluster, native: &Database) -> Result<()> {
    let before = native.sql(&format!(
        "SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')
         FROM tokenctl.personal_access_tokens WHERE NOT revoked
         ORDER BY created_at OFFSET {} LIMIT 1",
        REVOKED - 1
    ));
    let batches = BY_HAND.replace("BEFORE", &before).repeat((REVOKED / BATCH).try_into()?);
    let by_hand = format!("\\set last 0\n{batches}");
    let revoke = ["revoke", "--created-before", &before, "--yes", "-o", "ids", "--now", TODAY];
    let fresh = || {
        let made = cluster.database("revoke", "SELECT 1");
        let copy = format!(
            "DROP DATABASE \"{0}\"; CREATE DATABASE \"{0}\" TEMPLATE \"{1}\"",
            made.name, native.name
        );
        for statement in copy.split(';') {
            cluster.sql("postgres", statement);
        }
        made
    };
    let revoked = "SELECT count(*) || ' ' || (SELECT count(*) FROM tokenctl.audit_events)
        FROM tokenctl.personal_access_tokens WHERE revoked";
    let mut measured = Measured::default();
    for _ in 0..5 {
        let [one, other] = [fresh(), fresh()];
        let (theirs, _) = run(&mut script(&one.url("postgres"), &by_hand)?)?;
        measured.add(run(&mut own(&other.url("postgres"), &revoke))?, theirs);
        let [one, other] = [&one, &other].map(|it| it.sql(revoked));
        assert_eq!(one, other, "both sides revoke the same");
    }
    measured.tell(name, REVOKED.try_into()?, 2.0)
}

impl Measured {
    fn add(&mut self, (own, peak): (Duration, u32), theirs: Duration) {
        self.ratios.push(own.as_secs_f64() / theirs.as_secs_f64());
        self.memory = self.memory.max(peak);
    }

    fn tell(mut self, name: &str, rows: usize, limit: f64) -> Result<()> {
        self.ratios.sort_by(f64::total_cmp);
        assert!(self.memory <= 32 << 10, "{name}: {} KiB", self.memory);
        let rounds = self.ratios.len();
        let median = self.ratios[rounds / 2];
        writeln!(
            stdout(),
            "{name}, {rows} rows: {median:.2} times psql ({:.2} to {:.2}, {rounds} rounds; limit \
             {limit:.2}{}), at most {:.1} MiB",
            self.ratios[0],
            self.ratios[rounds - 1],
            if median > limit { ", OVER IT" } else { "" },
            f64::from(self.memory) / 1024.0,
        )?;
        Ok(())
    }
}

fn own(url: &str, arguments: &[impl AsRef<str>]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tokenctl"));
    command.env("TOKENCTL_DB", url).env("TOKENCTL_AS", "root");
    command.args(
        ["--now", TODAY].into_iter().filter(|_| !arguments.iter().any(|it| it.as_ref() == "--now")),
    );
    command.args(arguments.iter().map(AsRef::as_ref));
    command
}

/// The server's own `psql`. Debian's in the PATH is a script, which takes longer to find it than
/// a look-up takes.
fn psql(url: &str) -> Command {
    let initdb = tools::tool("initdb").expect("what the server was made with");
    let mut command = Command::new(initdb.with_file_name("psql"));
    command.args(["-X", "-q", "-d", url]);
    command
}

fn statement(url: &str, statement: &str) -> Command {
    let mut command = psql(url);
    command.args(["-A", "-t", "-c", statement]);
    command
}

/// A script, which is too long for an argument.
fn script(url: &str, text: &str) -> Result<Command> {
    let path = std::env::temp_dir().join(format!("by_hand_{}.sql", std::process::id()));
    std::fs::write(&path, text)?;
    let mut command = psql(url);
    command.args(["-v", "ON_ERROR_STOP=1", "-f"]).arg(path);
    Ok(command)
}

/// How long a command takes whose output is thrown away, and the most memory that it has
/// had, in KiB.
fn run(command: &mut Command) -> Result<(Duration, u32)> {
    let begun = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let ended = loop {
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        // It only grows, so the last reading counts.
        peak = peak.max(high_water(Path::new(&status)).unwrap_or(0));
        thread::sleep(Duration::from_micros(200));
    };
    if !ended.success() {
        return Err(format!("a side failed: {command:?}").into());
    }
    Ok((begun.elapsed(), peak))
}

fn high_water(status: &Path) -> Option<u32> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn lines(command: &mut Command) -> Result<Vec<String>> {
    let output = command.stdin(Stdio::null()).output()?;
    Ok(String::from_utf8(output.stdout)?.lines().map(Into::into).collect())
}

/// Checks that both sides say the same of every token, but for how times and scopes are
/// written.
fn compare(theirs: &[String], own: &[String]) -> Result<()> {
    assert_eq!(theirs.len(), own.len());
    assert!(!own.is_empty(), "there is nothing to compare");
    for (theirs, own) in theirs.iter().zip(own) {
        // The text format of COPY escapes what JSON has escaped.
        let theirs: Value = serde_json::from_str(&theirs.replace("\\\\", "\\"))?;
        let own: Value = serde_json::from_str(own)?;
        let keys =
            |value: &Value| value.as_object().map(|it| it.keys().cloned().collect::<Vec<_>>());
        assert_eq!(keys(&theirs), keys(&own));
        for key in [
            "id",
            "name",
            "revoked",
            "user_id",
            "active",
            "expires_at",
            "expired",
            "description",
            "impersonation",
            "username",
        ] {
            assert_eq!(theirs[key], own[key], "{key} of {own}");
        }
    }
    Ok(())
}
