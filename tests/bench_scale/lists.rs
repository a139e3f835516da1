//! What lists and shows take beside the shell. Each row has both texts, to be read side by
//! side: they put out the same rows and columns, which is checked before they are timed.

use std::path::Path;

use anyhow::Result;

use crate::beside::{Beside, Line, MEMORY};
use crate::child;
use crate::compare::compare;
use crate::measure::{Usage, median, ratios};
use crate::stores::{Bench, Size, Words, read};
use crate::table::{Table, command};

/// Work, as both sides are told to do it.
struct Row {
    size: Size,
    /// Our arguments.
    ours: &'static str,
    /// The shell's flags, and its statement. It prints values as they are stored, which is
    /// less work than ours.
    flags: &'static str,
    sql: &'static str,
    /// How often the shell's time ours may be.
    at_most: f64,
    /// A statement that reads what the work needs, to be stepped and decoded alone.
    floor: Option<&'static str>,
}

/// The columns of JSON and CSV.
const KEYS: &str = "t.id, t.name, t.revoked, t.created_at, t.scopes, t.user_id, t.last_used_at, \
     NOT t.revoked AND (t.expires_at IS NULL OR t.expires_at > '2024-03-15') AS active, \
     t.expires_at, coalesce(t.expires_at <= '2024-03-15', 0) AS expired, \
     t.description, t.impersonation, u.username, \
     CASE WHEN t.revoked THEN 'revoked' WHEN t.expires_at <= '2024-03-15' THEN 'expired' \
     ELSE 'active' END AS state, u.user_type, coalesce(u.state, 'gone') AS user_state";
const TABLE: &str = "t.id, u.username, t.name, t.scopes, \
     CASE WHEN t.revoked THEN 'revoked' WHEN t.expires_at <= '2024-03-15' THEN 'expired' \
     ELSE 'active' END AS state, t.created_at, t.last_used_at, t.expires_at";
const TOKENS: &str = "personal_access_tokens t LEFT JOIN users u ON u.id = t.user_id";
/// The look-up of who acts.
const ACTOR: &str = "SELECT id FROM users WHERE state = 'active' AND username =";

const ALL: &str = "SELECT t.id, t.user_id, u.username, u.user_type, t.name, t.description, \
     t.scopes, t.impersonation, t.revoked, t.created_at, t.last_used_at, t.expires_at \
     FROM {tokens} ORDER BY t.id";
/// By the table: an index has all ids too, but in another order, and sorting them takes
/// three times as long.
const IDS: &str = "SELECT id FROM personal_access_tokens ORDER BY id";

/// What most rows have in common.
const LARGE: Row =
    Row { size: Size::Large, ours: "", flags: "-csv -header", sql: "", at_most: 0.95, floor: None };
/// What lists of ids that a filter keeps have in common.
const LARGE_IDS: Row = Row { flags: "-list", at_most: 1.0, ..LARGE };

macro_rules! sorted {
    ($order:literal, $sql:literal) => {
        Row {
            ours: concat!("--as root list --limit 20 --sort ", $order, " -o csv"),
            sql: concat!("SELECT {keys} FROM {tokens} ORDER BY ", $sql, " LIMIT 20"),
            ..LARGE
        }
    };
}

const ROWS: [Row; 28] = [
    Row {
        size: Size::Middle,
        ours: "--as root list -o jsonl",
        flags: "-json",
        sql: "SELECT {keys} FROM {tokens} ORDER BY t.id",
        at_most: 0.3,
        floor: Some(ALL),
    },
    Row {
        size: Size::Middle,
        ours: "--as root list -o csv",
        flags: "-csv -header",
        sql: "SELECT {keys} FROM {tokens} ORDER BY t.id",
        at_most: 0.4,
        floor: Some(ALL),
    },
    Row {
        size: Size::Middle,
        ours: "--as root list -o table",
        flags: "-table",
        sql: "SELECT {table} FROM {tokens} ORDER BY t.id",
        at_most: 1.0,
        floor: Some(ALL),
    },
    Row {
        size: Size::Large,
        ours: "--as root list -o ids",
        flags: "-list",
        sql: IDS,
        at_most: 0.7,
        floor: Some(IDS),
    },
    sorted!("id_asc", "t.id"),
    sorted!("id_desc", "t.id DESC"),
    sorted!("created_asc", "t.created_at NULLS LAST, t.id"),
    sorted!("created_desc", "t.created_at DESC NULLS FIRST, t.id DESC"),
    sorted!("last_used_asc", "t.last_used_at NULLS LAST, t.id"),
    sorted!("last_used_desc", "t.last_used_at DESC NULLS FIRST, t.id DESC"),
    sorted!("expires_asc", "t.expires_at NULLS LAST, t.id"),
    sorted!("expires_desc", "t.expires_at DESC NULLS FIRST, t.id DESC"),
    sorted!("name_asc", "t.name, t.id"),
    sorted!("name_desc", "t.name DESC, t.id DESC"),
    Row {
        ours: "--as root list --state active --unused-for 90d -o ids",
        flags: "-list",
        sql: "SELECT id FROM personal_access_tokens \
              WHERE NOT revoked AND (expires_at IS NULL OR expires_at > '2024-03-15') \
              AND created_at < '2023-12-16T12:00:00.000Z' \
              AND (last_used_at IS NULL OR last_used_at < '2023-12-16T12:00:00.000Z') ORDER BY id",
        at_most: 0.9,
        ..LARGE
    },
    Row {
        ours: "--as root list --user {owner} -o csv",
        sql: "SELECT {keys} FROM {tokens} \
              WHERE t.user_id = (SELECT id FROM users WHERE username = '{owner}') ORDER BY t.id",
        ..LARGE
    },
    // For these two a plain condition, instead of a list of ids, took 1.2 and 2.3 times as
    // long of a million tokens: whole rows are sorted for it; to read the table took longer yet.
    Row {
        ours: "--as root list --expires-within 7d -o csv",
        sql: "SELECT {keys} FROM {tokens} WHERE t.id IN (SELECT id FROM personal_access_tokens \
              WHERE expires_at > '2024-03-15' AND expires_at <= '2024-03-22') ORDER BY t.id",
        at_most: 0.7,
        ..LARGE
    },
    Row {
        ours: "--as root list --created-after 2024-03-15 -o csv",
        sql: "SELECT {keys} FROM {tokens} WHERE t.id IN (SELECT id FROM personal_access_tokens \
              WHERE created_at >= '2024-03-15T00:00:00.000Z') ORDER BY t.id",
        at_most: 0.55,
        ..LARGE
    },
    // Here a list of ids, from the index of names, took 1.1 times as long; ours goes by how many
    // a sample has.
    Row {
        ours: "--as root list --search terraform -o jsonl",
        flags: "-json",
        sql: "SELECT {keys} FROM {tokens} WHERE t.name LIKE '%terraform%' ORDER BY t.id",
        at_most: 0.75,
        ..LARGE
    },
    Row {
        ours: "--as {owner} list -o csv",
        sql: "SELECT {keys} FROM {tokens} \
              WHERE t.user_id = ({actor} '{owner}') AND NOT t.impersonation ORDER BY t.id",
        ..LARGE
    },
    Row {
        ours: "--as {owner} show {token} -o csv",
        sql: "SELECT {keys} FROM {tokens} WHERE t.id = {token} AND t.user_id = ({actor} '{owner}')",
        ..LARGE
    },
    Row {
        ours: "--as root show {token} -o csv",
        sql: "SELECT {keys} FROM {tokens} WHERE t.id = {token} AND EXISTS ({actor} 'root' AND admin)",
        ..LARGE
    },
    // The ids alone, by the index that the filter asks for.
    Row {
        ours: "--as root list --expires-within 7d -o ids",
        sql: "SELECT id FROM personal_access_tokens \
              WHERE expires_at > '2024-03-15' AND expires_at <= '2024-03-22' ORDER BY id",
        ..LARGE_IDS
    },
    Row {
        ours: "--as root list --created-after 2024-03-15 -o ids",
        sql: "SELECT id FROM personal_access_tokens \
              WHERE created_at >= '2024-03-15T00:00:00.000Z' ORDER BY +id",
        ..LARGE_IDS
    },
    Row {
        ours: "--as root list --created-before 2024-01-01 -o ids",
        sql: "SELECT id FROM personal_access_tokens \
              WHERE created_at <= '2024-01-01T00:00:00.000Z' ORDER BY id",
        ..LARGE_IDS
    },
    Row {
        ours: "--as root list --last-used-after 2024-03-14 -o ids",
        sql: "SELECT id FROM personal_access_tokens \
              WHERE last_used_at >= '2024-03-14T00:00:00.000Z' ORDER BY +id",
        ..LARGE_IDS
    },
    Row {
        ours: "--as root list --never-used -o ids",
        sql: "SELECT id FROM personal_access_tokens WHERE last_used_at IS NULL ORDER BY id",
        ..LARGE_IDS
    },
    Row {
        ours: "--as root list --search terraform -o ids",
        sql: "SELECT id FROM personal_access_tokens WHERE name LIKE '%terraform%' ORDER BY id",
        ..LARGE_IDS
    },
];

/// The command lines of the rows.
pub fn names() -> impl Iterator<Item = &'static str> {
    ROWS.iter().map(|row| row.ours)
}

/// What reading the rows of some work takes alone, beside it.
pub struct Floor {
    work: &'static str,
    /// Of ours, the shell's, and the reading.
    rounds: Vec<Vec<Usage>>,
}

/// Measures the rows. Gives the floors of those that have one.
pub fn measure(bench: &Bench, beside: &Beside) -> Result<Vec<Floor>> {
    let mut floors = Vec::new();
    for row in ROWS.iter().filter(|row| bench.wants(row.ours)) {
        let store = bench.store(row.size)?;
        let words = row.words(&store, bench.tokens(row.size))?;
        let flags = format!("-readonly {}", row.flags);
        let mut sides = vec![
            bench.ours(&store, &words.fill(row.ours)),
            bench.shell(&store, &flags, Some(&words.fill(row.sql))),
        ];
        let lines = compare(&sides[0], &sides[1])?;
        sides.extend(row.floor.map(|sql| child::read(&store, &words.fill(sql))).transpose()?);

        let rounds = bench.in_turn(sides.len(), |side| sides[side].run())?;
        let line = Line {
            ours: row.ours,
            shell: row.flags.into(),
            tokens: bench.tokens(row.size),
            lines,
            at_most: row.at_most,
            memory_at_most: MEMORY,
        };
        beside.print(bench, &line, &rounds)?;
        if row.floor.is_some() {
            floors.push(Floor { work: row.ours, rounds });
        }
    }
    Ok(floors)
}

impl Row {
    fn words(&self, store: &Path, tokens: u32) -> Result<Words> {
        let words = Words::default()
            .with("{keys}", KEYS)
            .with("{table}", TABLE)
            .with("{tokens}", TOKENS)
            .with("{actor}", ACTOR);
        if !self.sql.contains("{owner}") && !self.sql.contains("{token}") {
            return Ok(words);
        }
        let users: u32 =
            read(store)?.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?;
        words.with_owner(store, tokens / users)
    }
}

/// Prints the floors.
pub fn print(floors: &[Floor]) -> Result<()> {
    let table = Table::new(
        "What stepping the rows and decoding their columns takes alone, in a process of its own.",
        "| work            | ms       | of ours             | of the shell's      |",
    );
    for Floor { work, rounds } in floors {
        let of = |side| ratios(rounds, [2, side], |usage| usage.wall).to_string();
        let milliseconds = median(rounds, 2).as_secs_f64() * 1e3;
        table.print(&[command(work), format!("{milliseconds:.1}"), of(0), of(1)])?;
    }
    Ok(())
}
