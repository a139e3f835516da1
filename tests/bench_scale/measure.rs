//! Running programs, in turn, and what their runs took.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use wait4::Wait4;

use crate::stores::Bench;

/// Below this a run takes milliseconds, and there are many.
const SHORT: Duration = Duration::from_millis(50);
const ROUNDS: usize = 7;
const ROUNDS_OF_SHORT: usize = 50;
const ROUNDS_OF_QUICK: usize = 3;

/// A command line that is run again and again.
#[derive(Debug)]
pub struct Side {
    program: PathBuf,
    pub args: Vec<String>,
    input: Option<PathBuf>,
}

/// What one run took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub wall: Duration,
    pub cpu: Duration,
    /// The most memory that was resident, in bytes.
    pub peak: u64,
}

/// A run that goes on.
pub struct Running {
    begun: Instant,
    pub child: Child,
}

impl Side {
    pub fn new(program: &Path, args: Vec<String>) -> Self {
        Self { program: program.into(), args, input: None }
    }

    /// The same, which reads a file from its standard input.
    pub fn reading(self, input: PathBuf) -> Self {
        Self { input: Some(input), ..self }
    }

    /// It has no environment: cargo's would send the loader, and most of all the shell's,
    /// through folders of its own first.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).env_clear();
        command
    }

    pub fn start(&self, output: Stdio) -> Result<Running> {
        let input = match &self.input {
            Some(path) => File::open(path)?.into(),
            None => Stdio::null(),
        };
        let mut command = self.command();
        command.stdin(input).stdout(output).stderr(Stdio::piped());
        let begun = Instant::now();
        let child = command.spawn().with_context(|| self.program.display().to_string())?;
        Ok(Running { begun, child })
    }

    /// Runs it to its end. What it prints is thrown away.
    pub fn run(&self) -> Result<Usage> {
        self.start(Stdio::null())?.end()
    }
}

impl Running {
    /// Waits for its end.
    ///
    /// # Errors
    ///
    /// When it fails; then with what it said.
    pub fn end(mut self) -> Result<Usage> {
        let mut messages = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut messages)?;
        }
        let ended = self.child.wait4()?;
        let wall = self.begun.elapsed();
        ensure!(ended.status.success(), "{}: {messages}", ended.status);
        let cpu = ended.rusage.utime + ended.rusage.stime;
        Ok(Usage { wall, cpu, peak: ended.rusage.maxrss })
    }
}

/// The line that a program prints.
pub fn printed(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "{}", output.status);
    Ok(String::from_utf8(output.stdout)?.trim_end().into())
}

impl Bench {
    /// Runs sides in turn, A B A B …: once to warm up, and then as often as it takes. Each
    /// round has a run of each side.
    pub fn in_turn(
        &self,
        sides: usize,
        mut run: impl FnMut(usize) -> Result<Usage>,
    ) -> Result<Vec<Vec<Usage>>> {
        let mut round = || (0..sides).map(&mut run).collect::<Result<Vec<_>>>();
        let first = round()?;
        let rounds = match first.iter().all(|usage| usage.wall < SHORT) {
            _ if self.quick => ROUNDS_OF_QUICK,
            true => ROUNDS_OF_SHORT,
            false => ROUNDS,
        };
        (0..rounds).map(|_| round()).collect()
    }
}

/// The median of some numbers, between the least and the most.
pub struct Spread {
    pub median: f64,
    least: f64,
    most: f64,
}

impl FromIterator<f64> for Spread {
    fn from_iter<I: IntoIterator<Item = f64>>(numbers: I) -> Self {
        let mut numbers: Vec<f64> = numbers.into_iter().collect();
        numbers.sort_by(f64::total_cmp);
        Self {
            median: numbers[numbers.len() / 2],
            least: numbers[0],
            most: numbers[numbers.len() - 1],
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ({:.2} to {:.2})", self.median, self.least, self.most)
    }
}

/// What one side takes of a measure, as a multiple of another, round by round.
pub fn ratios(rounds: &[Vec<Usage>], sides: [usize; 2], of: fn(&Usage) -> Duration) -> Spread {
    let [one, other] = sides;
    rounds
        .iter()
        .map(|round| of(&round[one]).as_secs_f64() / of(&round[other]).as_secs_f64())
        .collect()
}

/// The median of what a side takes.
pub fn median(rounds: &[Vec<Usage>], side: usize) -> Duration {
    let mut walls: Vec<Duration> = rounds.iter().map(|round| round[side].wall).collect();
    walls.sort_unstable();
    walls[walls.len() / 2]
}

/// The most memory that a side ever had.
pub fn peak(rounds: &[Vec<Usage>], side: usize) -> u64 {
    rounds.iter().map(|round| round[side].peak).max().unwrap_or(0)
}
