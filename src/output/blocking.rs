//! Standard output that is waited for: where it does not block by itself, since whoever
//! made it asked for that, and no longer than a run that is stopped can wait.

use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};

use crate::stop_flag::StopFlag;

/// A pipe that is ready takes this many bytes at once (`PIPE_BUF`).
const PIECE: usize = 4096;

/// How often a signal is looked for, in milliseconds.
const MOMENT: u16 = 100;

/// How long a reader who takes nothing is waited for once the run is stopped.
const PATIENCE: Duration = Duration::from_millis(700);

/// A stream, each write of which waits until a part of it is taken.
pub struct Blocking<W> {
    stream: W,
    stop: Option<StopFlag>,
}

impl<W: Write + AsFd> Blocking<W> {
    /// A stream that is waited for without end.
    pub fn new(stream: W) -> Self {
        Self { stream, stop: None }
    }

    /// A stream that is not waited for any more soon after the run is stopped.
    pub fn unless_stopped(stream: W, stop: &StopFlag) -> Self {
        Self { stream, stop: Some(stop.clone()) }
    }

    /// Waits until something can be written.
    fn wait(&self) -> io::Result<()> {
        let mut stopped_at = None;
        loop {
            let mut waiting = [PollFd::new(self.stream.as_fd(), PollFlags::POLLOUT)];
            match poll(&mut waiting, MOMENT) {
                Ok(0) | Err(Errno::EINTR) => {}
                ready => return ready.map(|_| ()).map_err(Into::into),
            }
            if self.stop.as_ref().is_some_and(StopFlag::is_set) {
                let stopped_at = *stopped_at.get_or_insert_with(Instant::now);
                if stopped_at.elapsed() > PATIENCE {
                    let message = "the run was stopped, and its reader takes nothing";
                    return Err(io::Error::new(ErrorKind::TimedOut, message));
                }
            }
        }
    }
}

impl<W: Write + AsFd> Write for Blocking<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut piece = bytes;
        if self.stop.is_some() {
            // So that the write itself does not wait.
            piece = &bytes[..bytes.len().min(PIECE)];
            self.wait()?;
        }
        loop {
            match self.stream.write(piece) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait()?,
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Whether nobody reads what is written there any more.
pub fn is_reader_gone(stream: impl AsFd) -> bool {
    let mut waiting = [PollFd::new(stream.as_fd(), PollFlags::empty())];
    let _ = poll(&mut waiting, 0_u16);
    waiting[0].revents().is_some_and(|it| it.contains(PollFlags::POLLERR))
}
