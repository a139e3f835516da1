//! What the same work costs in a small, a large and a very large store.

use anyhow::Result;

use crate::measure::median;
use crate::stores::{Bench, Size, Words};
use crate::table::{Table, command, grouped};

/// Our arguments, and whether all tokens are listed.
const WORKS: [(&str, bool); 8] = [
    ("--as root show {token} -o csv", false),
    ("--as root list --limit 20 -o csv", false),
    // Most tokens are within the bound, and the first twenty are found without reading them.
    ("--as root list --limit 20 --created-before 2024-01-01 -o csv", false),
    ("--as root list --limit 20 --search terraform -o csv", false),
    ("--as root list --user {owner} -o csv", false),
    ("--as {owner} list -o csv", false),
    ("--as root list -o jsonl", true),
    ("--as root list -o ids", true),
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
            let owner = Words::default().with_owner(&store, TOKENS_OF_OWNER)?;
            sides.push(bench.ours(&store, &owner.fill(work)));
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
