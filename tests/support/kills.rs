//! Kills of a bulk revoke at random moments, the same on each kind of store. Where the
//! moments come from can be given again.

use std::io::{BufRead, BufReader, Read};
use std::ops::Range;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use nix::sys::signal::Signal;

use crate::bulk::tell;
use crate::support::variable;

/// What a test has printed as its seed, to be tried again.
const SEED: &str = "TOKENCTL_TEST_SEED";

/// What a test draws its numbers with: from the seed of the environment, or else from a
/// new one. It is told, so that a test that fails shows it. The same seed draws the same
/// numbers; where they meet the program depends on the machine as well.
pub fn random(test: &str) -> Rng {
    let given = variable(SEED);
    let seed = match given.to_str() {
        Some("") => fastrand::u64(..),
        given => given.and_then(|seed| seed.parse().ok()).expect("a seed is a number"),
    };
    tell(&format!("{test}: again with {SEED}={seed}"));
    Rng::with_seed(seed)
}

/// How often a revoke with `-o ids` is killed, and when.
pub struct Kills {
    /// Stands before what is told.
    pub test: &'static str,
    pub count: usize,
    /// A kill comes after a random number of rows, so that work is left however fast the
    /// machine is ...
    pub rows: Range<usize>,
    /// ... and then at a moment of this time, which has nothing to do with rows.
    pub after_rows: Duration,
    /// Every eighth comes at any moment of this time from the start: while the set is
    /// read, say.
    pub from_start: Duration,
}

/// A run that was killed.
pub struct Killed {
    /// Counted from 1.
    pub round: usize,
    /// The ids that it had printed. Of a line that breaks off nothing is known.
    pub printed: Vec<i64>,
}

impl Kills {
    /// Kills one run after the other, each of which goes on where the one before was
    /// killed, and has `check` look after each kill. Most have to hit a run under way:
    /// gives how many did.
    pub fn run(&self, start: impl Fn() -> Command, mut check: impl FnMut(&Killed)) -> usize {
        let mut rng = random(self.test);
        let mut under_way = 0;
        for round in 1..=self.count {
            let (text, was_alive) = self.kill(&mut start(), &mut rng);
            under_way += usize::from(was_alive && !text.is_empty());
            let whole = text.rfind('\n').map_or(0, |end| end + 1);
            let printed = text[..whole].lines().map(|id| id.parse().expect(id)).collect();
            check(&Killed { round, printed });
        }
        tell(&format!("{}: {under_way} of {} kills hit a run under way", self.test, self.count));
        assert!(under_way >= self.count * 3 / 4, "only {under_way} kills hit a run under way");
        under_way
    }

    /// Starts a run and kills it. Gives what it had printed, and whether it was killed
    /// before its end.
    fn kill(&self, command: &mut Command, rng: &mut Rng) -> (String, bool) {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut text = String::new();
        let rows = if rng.u8(..8) == 0 { 0 } else { rng.usize(self.rows.clone()) };
        for _ in 0..rows {
            output.read_line(&mut text).expect("a line");
        }
        let most = if rows == 0 { self.from_start } else { self.after_rows };
        let micros = u64::try_from(most.as_micros()).expect("a short time");
        thread::sleep(Duration::from_micros(rng.u64(..micros)));
        child.kill().expect("the program is killed");
        // What it printed before is still in the pipe.
        output.read_to_string(&mut text).expect("UTF-8");
        let status = child.wait().expect("the program ends");
        (text, status.signal() == Some(Signal::SIGKILL as i32))
    }
}
