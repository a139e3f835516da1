//! What the indexes of personal access tokens cost an application that inserts, and what
//! they spare a reader.

use std::time::Duration;

use anyhow::{Context, Result};
use rusqlite::Connection;

use crate::child;
use crate::measure::{Usage, median, printed, ratios};
use crate::stores::{Bench, Copied, Size, Words};
use crate::table::{Table, command, grouped};

/// What documents the indexes.
const SCHEMA: &str = include_str!("../../src/store/native.sql");

/// A query that an index on this column serves.
const QUERIES: [(&str, &str); 5] = [
    ("user_id", "--as root list --user {owner} -o csv"),
    ("created_at", "--as root list --limit 20 --sort created_desc -o csv"),
    ("last_used_at", "--as root list --limit 20 --sort last_used_desc -o csv"),
    ("expires_at", "--as root list --limit 20 --sort expires_asc -o csv"),
    ("name", "--as root list --limit 20 --sort name_asc -o csv"),
];
const TOKENS_OF_OWNER: u32 = 8;

struct Index {
    name: &'static str,
    column: &'static str,
    /// What the schema says of it.
    serves: String,
}

/// The indexes that the schema makes, each with the comment before it.
fn indexes() -> Vec<Index> {
    let mut indexes = Vec::new();
    let mut comment = Vec::new();
    for (before, line) in SCHEMA.lines().zip(SCHEMA.lines().skip(1)) {
        if let Some(text) = line.strip_prefix("-- ") {
            if !before.starts_with("-- ") {
                comment.clear();
            }
            comment.push(text);
        } else if let Some(index) = line.strip_prefix("CREATE INDEX ") {
            let parts = index.split_once(" ON personal_access_tokens (");
            if let Some((name, columns)) = parts {
                let column = columns.split([',', ')']).next().unwrap_or(columns);
                indexes.push(Index { name, column, serves: comment.join(" ") });
            }
        }
    }
    indexes
}

/// Measures the inserting with and without each, and the query of each without it.
pub fn measure(bench: &Bench) -> Result<()> {
    if !bench.wants("indexes") {
        return Ok(());
    }
    let indexes = indexes();
    let drops: Vec<String> =
        indexes.iter().map(|index| format!("DROP INDEX {};", index.name)).collect();
    let variants: Vec<String> =
        [String::new(), drops.concat()].into_iter().chain(drops.iter().cloned()).collect();

    let store = bench.store(Size::Middle)?;
    let rows = if bench.quick { 5_000 } else { 100_000 };
    let copy = Copied::new(bench, bench.empty_store(), "inserted.db");
    let rounds = bench.in_turn(variants.len(), |variant| {
        copy.renew()?;
        let side = child::insert(&copy.path, &variants[variant], &store, rows)?;
        let nanoseconds = printed(&mut side.command())?.parse()?;
        Ok(Usage { wall: Duration::from_nanos(nanoseconds), ..Usage::default() })
    })?;
    let rate = |variant| format!("{:.0}", f64::from(rows) / median(&rounds, variant).as_secs_f64());
    let table = Table::new(
        &format!(
            "Indexes: what inserting {} tokens by the thousand takes without them, as a multiple \
             of what it takes with all of them, and what a query takes, likewise.",
            grouped(rows)
        ),
        "| without                             | inserting           | rows a second \
         | query                                              | takes               \
         | the schema says                                                                   |",
    );
    let print = |name: &str, variant, [query, factor, serves]: [String; 3]| {
        let inserting = ratios(&rounds, [variant, 0], |usage| usage.wall).to_string();
        table.print(&[name.into(), inserting, rate(variant), query, factor, serves])
    };
    print("none of them", 0, Default::default())?;
    print("all of them", 1, Default::default())?;

    // One index after the other goes; none serves another's query.
    let copy = Copied::new(bench, store.clone(), "indexed.db");
    copy.renew()?;
    let owner = Words::default().with_owner(&store, TOKENS_OF_OWNER)?;
    for (at, index) in indexes.iter().enumerate() {
        Connection::open(&copy.path)?.execute_batch(&drops[at])?;
        let query = QUERIES.iter().find(|(column, _)| *column == index.column);
        let (_, query) = query.with_context(|| format!("no query for {}", index.name))?;
        let sides = [&copy.path, &store].map(|store| bench.ours(store, &owner.fill(query)));
        let queried = bench.in_turn(2, |side| sides[side].run())?;
        let factor = ratios(&queried, [0, 1], |usage| usage.wall).to_string();
        print(index.name, at + 2, [command(query), factor, index.serves.clone()])?;
    }
    Ok(())
}
