//! What a look-up takes of a program that was never read, but is paged in as it runs, as
//! that of an installed program may be: the system then maps fewer pages of it at once.

use std::fs::File;

use anyhow::Result;
use rustix::fs::{Advice, fadvise};

use crate::measure::ratios;
use crate::stores::{BUILT, Bench, Size, Words, side};
use crate::table::{Table, command};

const WORK: &str = "--as root show {token} -o csv";
const TOKENS_OF_OWNER: u32 = 8;

pub fn measure(bench: &Bench) -> Result<()> {
    if !bench.wants("paged") {
        return Ok(());
    }
    let store = bench.store(Size::Small)?;
    let words = Words::default().with_owner(&store, TOKENS_OF_OWNER)?;
    let paged = bench.file("paged");
    std::fs::copy(BUILT, &paged)?;
    let file = File::open(&paged)?;
    file.sync_all()?;
    fadvise(&file, 0, None, Advice::DontNeed)?;
    let sides = [&paged, &bench.program].map(|program| side(program, &store, &words.fill(WORK)));
    let rounds = bench.in_turn(sides.len(), |at| sides[at].run())?;
    let table = Table::new(
        "Ours demand-paged, as a multiple of ours as it is measured above.",
        "| work              | pairs | time                |",
    );
    let time = ratios(&rounds, [0, 1], |usage| usage.wall).to_string();
    table.print(&[command(WORK), rounds.len().to_string(), time])
}
