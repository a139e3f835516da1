//! The table of what stands beside the shell.

use anyhow::Result;

use crate::measure::{Usage, peak, ratios};
use crate::stores::Bench;
use crate::table::{Table, command, grouped, mebibytes};

/// The most memory that ours may take, in bytes, whatever the number of tokens.
pub const MEMORY: u64 = 32 << 20;

pub struct Beside(Table);

/// A row of it: our arguments and the shell's, what both put out, and the limits of ours.
pub struct Line {
    pub ours: &'static str,
    pub shell: String,
    pub tokens: u32,
    pub lines: u32,
    pub at_most: f64,
    pub memory_at_most: u64,
}

impl Beside {
    pub fn new() -> Self {
        Self(Table::new(
            "Ours as a multiple of the shell's, pair by pair: the median (the least to the most).",
            "| work                                                 | beside                   \
             | tokens     | lines      | pairs | time                | at most |      | CPU  \
             | peak MiB | the shell's |",
        ))
    }

    /// Prints a row for rounds whose first side is ours and whose second is the shell's.
    pub fn print(&self, bench: &Bench, line: &Line, rounds: &[Vec<Usage>]) -> Result<()> {
        let wall = ratios(rounds, [0, 1], |usage| usage.wall);
        let cpu = ratios(rounds, [0, 1], |usage| usage.cpu);
        let memory = peak(rounds, 0);
        let keeps = wall.median <= line.at_most && memory <= line.memory_at_most;
        self.0.print(&[
            command(line.ours),
            format!("`sqlite3 {}`", line.shell),
            grouped(line.tokens),
            grouped(line.lines),
            rounds.len().to_string(),
            wall.to_string(),
            format!("{:.2}", line.at_most),
            bench.judge(keeps),
            format!("{:.2}", cpu.median),
            mebibytes(memory),
            mebibytes(peak(rounds, 1)),
        ])
    }
}
