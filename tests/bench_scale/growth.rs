//! What the same work costs in a small, a large and a very large store.

use std::path::Path;

use anyhow::{Context, Result};

use crate::measure::median;
use crate::stores::{Bench, Size, Words, read};
use crate::table::{Table, command, grouped};

/// Our arguments, and whether all tokens are listed.
const WORKS: [(&str, bool); 17] = [
    ("--as root show {token} -o csv", false),
    ("--as root list --limit 20 -o csv", false),
    // Most tokens are within the bound, and the first twenty are found without reading them.
    ("--as root list --limit 20 --created-before 2024-01-01 -o csv", false),
    ("--as root list --limit 20 --search terraform -o csv", false),
    ("--as root list --limit 20 --expires-within 7d -o csv", false),
    ("--as root list --user {owner} -o csv", false),
    ("--as {owner} list -o csv", false),
    ("--as root list -o jsonl", true),
    ("--as root list -o ids", true),
    ("--as {maintainer} deploy-tokens list --project {project} -o csv", false),
    // Events, of which there are a tenth as many; half of them are of this run, and all of root.
    ("--as root audit --limit 20 --run 0190e2c5-0000-7000-8000-000000000000 -o csv", false),
    ("--as root audit --limit 20 --actor root -o csv", false),
    ("--as root audit {token} -o csv", false),
    ("--as root list --user-state blocked --count", true),
    ("--as root list --user-state blocked -o ids", true),
    // A thousand of each.
    ("--as root list --count {users}", true),
    ("--as root list --count --search {words}", true),
];
/// How much more a look-up, or one token of a whole list, may cost in a larger store.
const AT_MOST: f64 = 2.0;
/// The owner has as many tokens in each.
const TOKENS_OF_OWNER: u32 = 8;

pub fn measure(bench: &Bench) -> Result<()> {
    if !bench.wants("growth") {
        return Ok(());
    }
    let [small, middle, large] = Size::ALL.map(|size| grouped(bench.tokens(size)));
    let table = Table::new(
        "Growth: what the same work costs with so many tokens, the median.",
        &format!(
            "| work                         | cost       | {small:10} | {middle:10} | {large:10} \
             | to the first | at most |      |"
        ),
    );
    for (work, is_whole) in WORKS {
        let mut sides = Vec::new();
        for size in Size::ALL {
            let store = bench.store(size)?;
            let words = words(&store)?;
            sides.push(bench.ours(&store, &words.fill(work)));
        }
        let rounds = bench.in_turn(sides.len(), |side| sides[side].run())?;
        let mut costs = [0.0; 3];
        for (index, size) in Size::ALL.into_iter().enumerate() {
            let wall = median(&rounds, index).as_secs_f64();
            let tokens = f64::from(bench.tokens(size));
            costs[index] = if is_whole { wall * 1e6 / tokens } else { wall * 1e3 };
        }
        let [small, middle, large] = costs;
        let factors = [middle / small, large / small];
        table.print(&[
            command(work),
            if is_whole { "µs a token" } else { "ms" }.into(),
            format!("{small:.2}"),
            format!("{middle:.2}"),
            format!("{large:.2}"),
            factors.map(|factor| format!("{factor:.2}")).join(", "),
            format!("{AT_MOST:.2}"),
            bench.judge(factors.iter().all(|&factor| factor <= AT_MOST)),
        ])?;
    }
    Ok(())
}

/// What stands in the command lines.
fn words(store: &Path) -> Result<Words> {
    let users = "SELECT group_concat('--except-user ' || username, ' ')
                 FROM (SELECT username FROM users ORDER BY id LIMIT 1000)";
    let users: String = read(store)?.query_row(users, [], |row| row.get(0))?;
    let place = "SELECT u.username, p.full_path FROM members m
                      JOIN users u ON u.id = m.user_id AND u.state = 'active' AND NOT u.admin
                      JOIN projects p ON p.id = m.project_id
                      WHERE m.access_level = 40
                      AND EXISTS (SELECT 1 FROM deploy_tokens d WHERE d.project_id = p.id)
                      LIMIT 1";
    let place = read(store)?.query_row(place, [], |row| Ok((row.get(0)?, row.get(1)?)));
    let (maintainer, project): (String, String) = place.context("a maintainer")?;
    // Blanks part the arguments.
    let words: Vec<_> = (0..1000).map(|number| format!("word{number}")).collect();
    let words = Words::default()
        .with("{users}", users)
        .with("{words}", words.join("\t"))
        .with("{maintainer}", maintainer)
        .with("{project}", project);
    words.with_owner(store, TOKENS_OF_OWNER)
}
