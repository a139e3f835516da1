//! Standard streams that are waited for: where one does not block by itself, since whoever
//! made it asked for that, and no longer than a run that is stopped can wait.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, poll};
use nix::unistd::isatty;

use crate::stop_flag::StopFlag;

/// A pipe that is ready takes this many bytes at once (`PIPE_BUF`).
const PIECE: usize = 4096;

/// How often a signal is looked for, in milliseconds.
const MOMENT: u16 = 100;

/// How long a reader who takes nothing is waited for once the run is stopped.
const PATIENCE: Duration = Duration::from_millis(700);

/// A stream, each write of which waits until a part of it is taken.
#[derive(Debug)]
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
        loop {
            let mut waiting = [PollFd::new(self.stream.as_fd(), PollFlags::POLLOUT)];
            match poll(&mut waiting, MOMENT) {
                Ok(0) | Err(Errno::EINTR) => {}
                ready => return ready.map(|_| ()).map_err(Into::into),
            }
            self.check_patience()?;
        }
    }

    /// Fails when the run was stopped a while ago: once for all that is still to be written.
    fn check_patience(&self) -> io::Result<()> {
        if self.stop.as_ref().and_then(StopFlag::since).is_some_and(|it| it > PATIENCE) {
            let message = "the run was stopped, and its reader takes nothing";
            return Err(io::Error::new(ErrorKind::TimedOut, message));
        }
        Ok(())
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
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // Of a terminal that was stopped `poll` may say that it takes something.
                    self.check_patience()?;
                    self.wait()?;
                }
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl<W: AsRawFd> AsRawFd for Blocking<W> {
    fn as_raw_fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }
}

/// The same stream, by a handle of its own. That of a terminal does not block, which the
/// shell's must: a terminal that was stopped (Ctrl-S) takes nothing, whatever `poll` says.
///
/// # Errors
///
/// When there is no handle to be had.
pub fn duplicate(stream: impl AsFd) -> io::Result<File> {
    let stream = stream.as_fd();
    if isatty(stream).unwrap_or(false) {
        let path = format!("/proc/self/fd/{}", stream.as_raw_fd());
        let nonblocking = (OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits();
        let opened = File::options().write(true).custom_flags(nonblocking).open(path);
        if let Ok(own) = opened {
            return Ok(own);
        }
    }
    Ok(File::from(stream.try_clone_to_owned()?))
}

/// Whether nobody reads what is written there any more.
pub fn is_reader_gone(stream: impl AsFd) -> bool {
    let mut waiting = [PollFd::new(stream.as_fd(), PollFlags::empty())];
    let _ = poll(&mut waiting, 0_u16);
    waiting[0].revents().is_some_and(|it| it.contains(PollFlags::POLLERR))
}
