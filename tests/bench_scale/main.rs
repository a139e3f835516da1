//! The program beside the `sqlite3` shell, which people would use instead, at the same
//! work on the same files: `tests/bench`. Prints tables in Markdown; the exit status is 1
//! where a row is over its limit. Changes copies of its stores only.

mod beside;
mod child;
mod compare;
mod growth;
mod indexes;
mod lists;
mod measure;
mod paged;
mod revokes;
mod stats;
mod stores;
mod table;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use beside::Beside;
use stores::Bench;

/// Measure tokenctl beside the sqlite3 shell
#[derive(Parser)]
#[command(name = "tests/bench")]
pub struct Args {
    /// Use stores of a hundredth of the size and three rounds, to try the benchmark itself
    #[arg(long)]
    quick: bool,

    /// Keep the stores in this folder
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench"))]
    folder: PathBuf,

    /// Measure only the rows whose command line holds one of these words, and of the other
    /// tables those that are named: paged, writer, growth, indexes
    rows: Vec<String>,

    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
}

/// The tables that have no rows of command lines.
const TABLES: [&str; 4] = ["paged", "writer", "growth", "indexes"];

fn main() -> Result<ExitCode> {
    // This process stays small, since its children's peak memory counts from its own.
    let args: Vec<String> = env::args().skip(1).collect();
    if let Some((child::MARK, job)) = args.split_first().map(|(first, job)| (first.as_str(), job)) {
        child::run(job)?;
        return Ok(ExitCode::SUCCESS);
    }
    let names = lists::names().chain(stats::names()).chain(revokes::names()).chain(TABLES);
    let bench = Bench::new(Args::parse(), &names.collect::<Vec<_>>())?;
    bench.introduce()?;
    let beside = Beside::new();
    let floors = lists::measure(&bench, &beside)?;
    stats::measure(&bench, &beside)?;
    revokes::measure(&bench, &beside)?;
    lists::print(&floors)?;
    paged::measure(&bench)?;
    revokes::measure_writer(&bench)?;
    growth::measure(&bench)?;
    indexes::measure(&bench)?;
    bench.conclude()
}
