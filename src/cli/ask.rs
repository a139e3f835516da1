//! Asks a yes/no question at the terminal; the default is no. Never takes input that was
//! typed before the question as its answer, and stops waiting at a signal.

use std::io::{self, BufRead, Write};
use std::os::fd::AsFd;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::termios::{FlushArg, tcflush};

use super::stop::Stop;

/// How often a waiting question checks for a signal.
const POLL_MILLISECONDS: u16 = 100;

pub const CANNOT_ASK: &str = "cannot ask";
pub const NOTHING_CHANGED: &str = "nothing changed";

/// Asks at the terminal. Any answer but `y` or `yes` means no.
pub fn answers_yes(question: &str, stop: &Stop) -> Result<bool> {
    let input = io::stdin();
    tcflush(&input, FlushArg::TCIFLUSH).context(CANNOT_ASK)?;
    let mut terminal = stop.stream(io::stderr()).context(CANNOT_ASK)?;
    let asked = write!(terminal, "{question} [y/N] ").context(CANNOT_ASK);
    asked.map_err(|error| stop.reason(error)).context(NOTHING_CHANGED)?;
    // Polls with a timeout: a read resumes after a signal, and one may arrive just before it.
    let mut ready = 0;
    while ready == 0 {
        if let Err(stopped) = stop.check() {
            let _ = writeln!(terminal);
            return Err(stopped.context(NOTHING_CHANGED));
        }
        let mut waiting = [PollFd::new(input.as_fd(), PollFlags::POLLIN)];
        ready = match poll(&mut waiting, POLL_MILLISECONDS) {
            Err(Errno::EINTR) => 0,
            polled => polled.context(CANNOT_ASK)?,
        };
    }
    let mut answer = Vec::new();
    if input.lock().read_until(b'\n', &mut answer).context(CANNOT_ASK)? == 0 {
        // Ctrl-D leaves the cursor on the line of the question.
        writeln!(terminal).context(CANNOT_ASK)?;
    }
    stop.check().context(NOTHING_CHANGED)?;
    Ok(matches!(answer.trim_ascii().to_ascii_lowercase().as_slice(), b"y" | b"yes"))
}
