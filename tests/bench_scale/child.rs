//! What runs in processes of its own: this program, started again.

use std::io::{Read, Write, stdin, stdout};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use crate::measure::Side;
use crate::stores;

/// The first argument of such a process.
pub const MARK: &str = "--child";
/// How many writes a second are due.
const PACE: u32 = 1000;

/// Reads the rows of a statement.
pub fn read(store: &Path, sql: &str) -> Result<Side> {
    side(&["read", &store.display().to_string(), sql])
}

/// Writes to a store until standard input ends, and prints what the writes took.
pub fn write(store: &Path) -> Result<Side> {
    side(&["write", &store.display().to_string()])
}

/// Runs a statement on a new store, inserts so many rows of another, and prints how many
/// nanoseconds the inserts took.
pub fn insert(store: &Path, sql: &str, from: &Path, rows: u32) -> Result<Side> {
    let [store, from] = [store, from].map(|path| path.display().to_string());
    side(&["insert", &store, sql, &from, &rows.to_string()])
}

fn side(job: &[&str]) -> Result<Side> {
    let args = [MARK].iter().chain(job).map(|&arg| arg.into()).collect();
    Ok(Side::new(&std::env::current_exe()?, args))
}

/// Does one of these.
pub fn run(job: &[String]) -> Result<()> {
    let job: Vec<&str> = job.iter().map(String::as_str).collect();
    match job[..] {
        ["read", store, sql] => read_rows(store.as_ref(), sql),
        ["write", store] => write_all_along(store.as_ref()),
        ["insert", store, sql, from, rows] => {
            insert_rows(store.as_ref(), sql, from.as_ref(), rows.parse()?)
        }
        _ => bail!("there is no such job: {job:?}"),
    }
}

fn read_rows(store: &Path, sql: &str) -> Result<()> {
    let connection = stores::read(store)?;
    // As much as ours has.
    connection.pragma_update(None, "cache_size", -12 << 10)?;
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            std::hint::black_box(row.get_ref(column)?);
        }
    }
    Ok(())
}

/// An application that notes when its tokens are used, each time in a transaction of its
/// own. A write that comes late because of the one before it is made up for.
fn write_all_along(store: &Path) -> Result<()> {
    let connection = Connection::open(store)?;
    connection.busy_timeout(Duration::from_secs(30))?;
    // As those have it that write this often.
    connection.execute_batch("PRAGMA synchronous = NORMAL")?;
    let sql = "SELECT max(id) FROM personal_access_tokens";
    let tokens: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    let mut update =
        connection.prepare("UPDATE personal_access_tokens SET last_used_at = ?2 WHERE id = ?1")?;
    let mut rng = fastrand::Rng::with_seed(1);

    let has_ended = Arc::new(AtomicBool::new(false));
    let end = Arc::clone(&has_ended);
    thread::spawn(move || {
        drop(stdin().read_to_end(&mut Vec::new()));
        end.store(true, Ordering::Relaxed);
    });
    let begun = Instant::now();
    let mut waits = Vec::new();
    for turn in 0.. {
        let due = begun + Duration::from_secs(1) * turn / PACE;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if has_ended.load(Ordering::Relaxed) {
            break;
        }
        let (minute, second, millisecond) = (turn / 60_000 % 60, turn / 1000 % 60, turn % 1000);
        let time = format!("2024-03-15T11:{minute:02}:{second:02}.{millisecond:03}Z");
        let started = Instant::now();
        update.execute(params![rng.i64(1..=tokens), time])?;
        waits.push(started.elapsed());
    }
    let due = begun.elapsed().as_secs_f64() * f64::from(PACE);
    let made = f64::from(u32::try_from(waits.len())?) / due;
    waits.sort_unstable();
    let last = waits.len().saturating_sub(1);
    for wait in [last / 2, last * 99 / 100, last].map(|at| waits[at]) {
        write!(stdout(), "{} ", wait.as_secs_f64() * 1e3)?;
    }
    writeln!(stdout(), "{}", made * 100.0)?;
    Ok(())
}

fn insert_rows(store: &Path, sql: &str, from: &Path, rows: u32) -> Result<()> {
    const BATCH: usize = 1000;
    let columns = "user_id, name, description, scopes, token_digest, impersonation, revoked, \
                   created_at, updated_at, last_used_at, expires_at";
    let mut connection = Connection::open(store)?;
    connection.execute_batch(sql)?;
    connection.execute("ATTACH ?1 AS source", [from.display().to_string()])?;
    connection.execute("INSERT INTO users SELECT * FROM source.users", [])?;
    // From all its years.
    let each = "(SELECT max(id) FROM source.personal_access_tokens) / ?1";
    let query =
        format!("SELECT {columns} FROM source.personal_access_tokens WHERE id % ({each}) = 0");
    let mut statement = connection.prepare(&query)?;
    let count = statement.column_count();
    let read = statement.query_map([rows], |row| (0..count).map(|at| row.get(at)).collect())?;
    let tokens: Vec<Vec<Value>> = read.collect::<Result<_, _>>()?;
    drop(statement);

    let marks = vec!["?"; count].join(", ");
    let insert = format!("INSERT INTO personal_access_tokens ({columns}) VALUES ({marks})");
    let begun = Instant::now();
    for batch in tokens.chunks(BATCH) {
        let transaction = connection.transaction()?;
        let mut statement = transaction.prepare_cached(&insert)?;
        for token in batch {
            statement.execute(params_from_iter(token))?;
        }
        drop(statement);
        transaction.commit()?;
    }
    Ok(writeln!(stdout(), "{}", begun.elapsed().as_nanos())?)
}
