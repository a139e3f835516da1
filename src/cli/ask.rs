//! A question at the terminal, whose answer is no unless it is a plain yes. Nothing is
//! taken for an answer that was typed before it, and a signal ends the wait.

use std::io::{self, BufRead, Write};
use std::os::fd::AsFd;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::termios::{FlushArg, tcflush};

use super::stop::Stop;

/// How soon a signal is heard at a question, in milliseconds.
const MOMENT: u16 = 100;

pub const CANNOT_ASK: &str = "cannot ask";
pub const NOTHING_CHANGED: &str = "nothing changed";

/// Asks at the terminal. Anything but `y` or `yes` on a line is a no, and so is
/// what was typed before the question was there to read.
pub fn answers_yes(question: &str, stop: &Stop) -> Result<bool> {
    let input = io::stdin();
    tcflush(&input, FlushArg::TCIFLUSH).context(CANNOT_ASK)?;
    write!(io::stderr(), "{question} [y/N] ").context(CANNOT_ASK)?;
    // Reading a line would go on after a signal, and one may come just before a wait.
    let mut ready = 0;
    while ready == 0 {
        if let Err(stopped) = stop.check() {
            let _ = writeln!(io::stderr());
            return Err(stopped.context(NOTHING_CHANGED));
        }
        let mut waiting = [PollFd::new(input.as_fd(), PollFlags::POLLIN)];
        ready = match poll(&mut waiting, MOMENT) {
            Err(Errno::EINTR) => 0,
            polled => polled.context(CANNOT_ASK)?,
        };
    }
    let mut answer = Vec::new();
    if input.lock().read_until(b'\n', &mut answer).context(CANNOT_ASK)? == 0 {
        // The end of input, by Ctrl-D, does not end the line.
        writeln!(io::stderr()).context(CANNOT_ASK)?;
    }
    stop.check().context(NOTHING_CHANGED)?;
    Ok(matches!(answer.trim_ascii().to_ascii_lowercase().as_slice(), b"y" | b"yes"))
}
