//! SIGINT and SIGTERM: the first requests a stop after the current batch, the second
//! ends the process at once. That harms no store, but `init` leaves its temporary file.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use dialoguer::console::Term;
use nix::poll::{PollFd, PollFlags, poll};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::{emulate_default_handler, signal_name};

use crate::failure::{self, Failure, Kind};
use crate::output::blocking::{Blocking, duplicate};
use crate::stop_flag::StopFlag;
use crate::store::Interrupted;

/// Signals within this time of the first are the same request: `timeout`, say, may send one
/// to the process and one to its group.
const ONE_REQUEST: Duration = Duration::from_millis(200);

/// Little is done there, and the usual 2 MiB count against a limit of memory.
const STACK: usize = 128 << 10;

/// Listens for the signals that stop a run.
pub struct Stop {
    flag: StopFlag,
}

impl Stop {
    /// Listens from now on: the first signal requests a stop, the second ends the process.
    pub fn listen() -> Result<Self> {
        let stop = Self { flag: StopFlag::default() };
        let cannot = "cannot listen for signals";
        let mut signals = Signals::new([SIGINT, SIGTERM]).context(cannot)?;
        flag::register(SIGINT, Arc::clone(&stop.flag.interrupted)).context(cannot)?;
        flag::register(SIGTERM, Arc::clone(&stop.flag.terminated)).context(cannot)?;
        let listen = move || {
            let mut heard_at = None;
            for signal in signals.forever() {
                let is_second = heard_at.is_some_and(|at: Instant| at.elapsed() > ONE_REQUEST);
                if is_second {
                    end_at_once(signal);
                }
                heard_at.get_or_insert_with(Instant::now);
            }
        };
        failure::stop_when(stop.flag());
        thread::Builder::new().stack_size(STACK).spawn(listen).context(cannot)?;
        Ok(stop)
    }

    /// What tells whether a stop was requested.
    pub fn flag(&self) -> &StopFlag {
        &self.flag
    }

    /// The same stream, whose reader is not waited for any more soon after the run is stopped.
    pub fn stream(&self, stream: impl AsFd) -> io::Result<Blocking<File>> {
        Ok(Blocking::unless_stopped(duplicate(stream)?, &self.flag))
    }

    /// Standard error as a terminal, waited for in the same way.
    pub fn terminal(&self) -> io::Result<Term> {
        Ok(Term::read_write_pair(io::stdin(), self.stream(io::stderr())?))
    }

    /// The signal that requested a stop, if any.
    fn requested(&self) -> Option<i32> {
        let StopFlag { terminated, interrupted, .. } = &self.flag;
        let flags = [(terminated, SIGTERM), (interrupted, SIGINT)];
        flags.into_iter().find(|(flag, _)| flag.load(Ordering::SeqCst)).map(|(_, signal)| signal)
    }

    /// Fails if a stop was requested.
    pub fn check(&self) -> Result<()> {
        self.requested().map_or(Ok(()), |signal| Err(Self::failure(signal)))
    }

    /// Replaces the end of a wait by the signal that arrived during it, if any.
    pub fn reason(&self, error: anyhow::Error) -> anyhow::Error {
        let has_waited = failure::kind(&error) == Kind::Locked
            || error.chain().any(|cause| {
                // A reader of standard output that takes nothing.
                let io = cause.downcast_ref::<io::Error>();
                cause.is::<Interrupted>() || io.is_some_and(|it| it.kind() == ErrorKind::TimedOut)
            });
        self.requested().filter(|_| has_waited).map_or(error, Self::failure)
    }

    /// Builds the failure of a run that a signal stopped.
    fn failure(signal: i32) -> anyhow::Error {
        Failure::new(Kind::Stopped(signal), format!("stopped by {}", name(signal))).into()
    }
}

fn name(signal: i32) -> &'static str {
    signal_name(signal).unwrap_or("a signal")
}

/// Ends the process as the signal would, with a last message if standard error takes one.
fn end_at_once(signal: i32) {
    let message = format!(
        "ended at once by a second {}: what the current batch did is not reported; \
         'tokenctl audit' shows what was revoked",
        name(signal)
    );
    // Not by the stream that is shared: whoever has it may be the one that waits.
    if let Ok(mut stream) = duplicate(io::stderr()) {
        let mut waiting = [PollFd::new(stream.as_fd(), PollFlags::POLLOUT)];
        if poll(&mut waiting, 0_u16).is_ok_and(|ready| ready > 0) {
            let _ = stream.write_all(failure::line(&message).as_bytes());
        }
    }
    let _ = emulate_default_handler(signal);
}
