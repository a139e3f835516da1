//! Asks a question at the terminal; the default is no. Never takes input that was typed
//! before the question as its answer, and stops waiting at a signal.

use std::io::{self, BufRead, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::termios::{FlushArg, tcflush};
use signal_hook::consts::SIGCONT;
use signal_hook::flag;

use super::stop::Stop;

/// How often a waiting question checks for a signal.
const POLL_MILLISECONDS: u16 = 100;

pub const CANNOT_ASK: &str = "cannot ask";
pub const NOTHING_CHANGED: &str = "nothing changed";

/// What an answer has to be for a yes.
pub enum Yes {
    /// `y` or `yes`.
    Word,
    /// This number, which nobody types by habit.
    Number(u64),
}

impl Yes {
    fn is_meant_by(&self, answer: &[u8]) -> bool {
        let answer = answer.trim_ascii().to_ascii_lowercase();
        match self {
            Self::Word => matches!(answer.as_slice(), b"y" | b"yes"),
            Self::Number(number) => answer == number.to_string().as_bytes(),
        }
    }
}

/// Asks at the terminal. Any answer but `yes` means no.
pub fn answers_yes(question: &str, yes: &Yes, stop: &Stop) -> Result<bool> {
    let input = io::stdin();
    tcflush(&input, FlushArg::TCIFLUSH).context(CANNOT_ASK)?;
    let mut terminal = stop.stream(io::stderr()).context(CANNOT_ASK)?;
    // After a pause (Ctrl-Z), the shell's lines stand between the question and the cursor.
    let continued = Arc::new(AtomicBool::new(true));
    flag::register(SIGCONT, Arc::clone(&continued)).context(CANNOT_ASK)?;
    // Polls with a timeout: a read resumes after a signal, and one may arrive just before it.
    let mut ready = 0;
    while ready == 0 {
        if let Err(stopped) = stop.check() {
            let _ = writeln!(terminal);
            return Err(stopped.context(NOTHING_CHANGED));
        }
        if continued.swap(false, Ordering::SeqCst) {
            let asked = write!(terminal, "{question} ").context(CANNOT_ASK);
            asked.map_err(|error| stop.reason(error)).context(NOTHING_CHANGED)?;
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
    Ok(yes.is_meant_by(&answer))
}
