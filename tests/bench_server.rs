//! A list of a million tokens of GitLab as JSON lines against what `psql` makes of the
//! same rows on the same server, in turn: `cargo bench --bench server`. Both give the
//! same fields; `psql` leaves scopes as they are stored, and the program reads them.

use std::error::Error;
use std::io::{Write, stdout};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

#[path = "support/tools.rs"]
mod tools;

#[expect(dead_code, reason = "tests use the rest")]
#[path = "support/postgres.rs"]
mod postgres;

use postgres::{Cluster, GITLAB, READER, ROLES, grants};

const TOKENS: u64 = 1_000_000;
const ROUNDS: usize = 9;
/// What both sides take for the present.
const TODAY: &str = "2024-03-15";

const COPY: &str = "
    COPY (
        SELECT row_to_json(x) FROM (
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
            FROM personal_access_tokens t LEFT JOIN users u ON u.id = t.user_id
            ORDER BY t.id
        ) x
    ) TO STDOUT";

fn main() -> Result<(), Box<dyn Error>> {
    let Some(cluster) = Cluster::shared() else { return Ok(()) };
    let gitlab = cluster.database("speed", &format!("{GITLAB}{}", grants(ROLES)));
    gitlab.add_tokens(TOKENS);
    gitlab.sql("UPDATE users SET username = 'root', admin = true WHERE id = 1; VACUUM ANALYZE;");

    let url = gitlab.url(READER);
    let copy = COPY.replace("TODAY", TODAY);
    let psql = || {
        let mut command = Command::new("psql");
        command.args(["-X", "-q", "-d", &url, "-c", &copy]);
        command
    };
    let ours = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tokenctl"));
        command.env("TOKENCTL_DB", &url);
        command.args(["--as", "root", "--now", TODAY, "list", "-o", "jsonl"]);
        command
    };
    compare(&lines(&mut psql())?, &lines(&mut ours())?)?;

    let (mut ratios, mut memory) = (Vec::new(), 0);
    for _ in 0..ROUNDS {
        let (theirs, _) = run(&mut psql())?;
        let (own, peak) = run(&mut ours())?;
        ratios.push(own.as_secs_f64() / theirs.as_secs_f64());
        memory = memory.max(peak);
    }
    ratios.sort_by(f64::total_cmp);
    assert!(memory <= 32 << 10, "{memory} KiB");
    writeln!(
        stdout(),
        "list -o jsonl of {TOKENS} tokens: {:.2} times COPY with row_to_json ({:.2} to {:.2}, \
         {ROUNDS} rounds), at most {:.1} MiB; PostgreSQL {}",
        ratios[ROUNDS / 2],
        ratios[0],
        ratios[ROUNDS - 1],
        f64::from(memory) / 1024.0,
        gitlab.sql("SHOW server_version"),
    )?;
    Ok(())
}

/// How long a command takes whose output is thrown away, and the most memory that it has
/// had, in KiB.
fn run(command: &mut Command) -> Result<(Duration, u32), Box<dyn Error>> {
    let begun = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let ended = loop {
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        // It only grows, so the last reading counts.
        peak = peak.max(high_water(Path::new(&status)).unwrap_or(0));
        thread::sleep(Duration::from_millis(5));
    };
    if !ended.success() {
        return Err("a side failed".into());
    }
    Ok((begun.elapsed(), peak))
}

fn high_water(status: &Path) -> Option<u32> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn lines(command: &mut Command) -> Result<Vec<String>, Box<dyn Error>> {
    let output = command.stdin(Stdio::null()).output()?;
    Ok(String::from_utf8(output.stdout)?.lines().map(Into::into).collect())
}

/// Checks that both sides say the same of every token, but for how times and scopes are
/// written.
fn compare(theirs: &[String], own: &[String]) -> Result<(), Box<dyn Error>> {
    assert_eq!((theirs.len() as u64, own.len() as u64), (TOKENS, TOKENS));
    for (theirs, own) in theirs.iter().zip(own) {
        // The text format of COPY escapes what JSON has escaped.
        let theirs: serde_json::Value = serde_json::from_str(&theirs.replace("\\\\", "\\"))?;
        let own: serde_json::Value = serde_json::from_str(own)?;
        let keys = |value: &serde_json::Value| {
            value.as_object().map(|it| it.keys().cloned().collect::<Vec<_>>())
        };
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
