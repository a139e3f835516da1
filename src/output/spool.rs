//! Output that never keeps its writer waiting. A thread hands it to the reader;
//! what he has not taken yet is kept in memory up to a bound, and beyond it in a
//! temporary file without a name.
//!
//! The writer holds a read transaction, and a reader may take as long as he likes
//! (`list | less`). In the meantime the transaction would lock other writers out
//! of a store with a rollback journal, and make the log of another grow.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// What is handed over at once, in bytes.
const CHUNK: usize = 1 << 16;
/// How many bytes wait in memory.
const IN_MEMORY: usize = 4 << 20;

/// A writer in front of another that may be slow.
pub struct Spool {
    chunk: Vec<u8>,
    waiting: Arc<Waiting>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Waiting {
    state: Mutex<State>,
    changed: Condvar,
}

/// What has been written and not yet taken: first the chunks in memory, then the
/// file, which takes everything as long as there is something in it.
#[derive(Default)]
struct State {
    chunks: VecDeque<Vec<u8>>,
    file: Option<File>,
    /// The part of the file that is still to be taken.
    taken: u64,
    filled: u64,
    /// Nothing more will come.
    complete: bool,
    /// Why the reader takes nothing more.
    failed: Option<io::Error>,
}

impl Spool {
    #[must_use]
    pub fn new(out: impl Write + Send + 'static) -> Self {
        let waiting = Arc::new(Waiting::default());
        let theirs = Arc::clone(&waiting);
        let thread = thread::spawn(move || theirs.hand_over(out));
        Self { chunk: Vec::with_capacity(CHUNK), waiting, thread: Some(thread) }
    }

    /// Waits until the reader has taken everything.
    ///
    /// # Errors
    ///
    /// When he could not.
    pub fn drain(mut self) -> io::Result<()> {
        self.flush()?;
        self.complete();
        self.waiting.lock().failed.take().map_or(Ok(()), Err)
    }

    fn complete(&mut self) {
        self.waiting.lock().complete = true;
        self.waiting.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() + bytes.len() > CHUNK {
            self.flush()?;
        }
        self.chunk.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Gives what was written over to the thread.
    fn flush(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
        self.waiting.lock().add(chunk)?;
        self.waiting.changed.notify_one();
        Ok(())
    }
}

impl Drop for Spool {
    /// What was written before something else failed is still for the reader.
    fn drop(&mut self) {
        let _ = self.flush();
        self.complete();
    }
}

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hand_over(&self, mut out: impl Write) {
        loop {
            let mut state = self.lock();
            let chunk = loop {
                match state.take() {
                    Ok(Some(chunk)) => break Ok(chunk),
                    Ok(None) if state.complete => return,
                    Ok(None) => {
                        state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                    }
                    Err(error) => break Err(error),
                }
            };
            drop(state);
            let handed_over = chunk.and_then(|chunk| out.write_all(&chunk));
            if let Err(error) = handed_over.and_then(|()| out.flush()) {
                *self.lock() = State { failed: Some(error), ..State::default() };
                return;
            }
        }
    }
}

impl State {
    fn add(&mut self, chunk: Vec<u8>) -> io::Result<()> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let fits = self.chunks.len() < IN_MEMORY / CHUNK;
        if fits && self.filled == self.taken {
            self.chunks.push_back(chunk);
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile().map_err(|error| named(&error))?),
        };
        file.write_all_at(&chunk, self.filled).map_err(|error| named(&error))?;
        self.filled += chunk.len() as u64;
        Ok(())
    }

    /// What comes next, if there is something.
    fn take(&mut self) -> io::Result<Option<Vec<u8>>> {
        if let Some(chunk) = self.chunks.pop_front() {
            return Ok(Some(chunk));
        }
        let left = usize::try_from(self.filled - self.taken).unwrap_or(CHUNK).min(CHUNK);
        let Some(file) = self.file.as_ref().filter(|_| left > 0) else {
            return Ok(None);
        };
        let mut chunk = vec![0; left];
        file.read_exact_at(&mut chunk, self.taken).map_err(|error| named(&error))?;
        self.taken += left as u64;
        if self.taken == self.filled {
            // Gives the room on the disk back.
            file.set_len(0).map_err(|error| named(&error))?;
            (self.taken, self.filled) = (0, 0);
        }
        Ok(Some(chunk))
    }
}

/// Tells an error of the temporary file from one of the reader.
fn named(error: &io::Error) -> io::Error {
    let folder = std::env::temp_dir();
    let folder = folder.display();
    io::Error::new(error.kind(), format!("temporary file in {folder} (see TMPDIR): {error}"))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Takes a write each time that it is allowed one.
    struct Slow {
        allowed: Receiver<()>,
        taken: Sender<Vec<u8>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Once nobody allows any more, everything goes.
            let _ = self.allowed.recv();
            self.taken.send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Spool, Sender<()>, Receiver<Vec<u8>>) {
        let (allow, allowed) = channel();
        let (taken, given) = channel();
        (Spool::new(Slow { allowed, taken }), allow, given)
    }

    #[test]
    fn nothing_is_lost_or_reordered_however_slow_the_reader_is() -> io::Result<()> {
        let (mut spool, allow, given) = slow();
        let mut expected = Vec::new();
        for round in 0_u32..40 {
            // More than memory takes, in pieces of odd sizes.
            for line in 0..20_000_u32 {
                let text = format!("{round} {line}\n");
                spool.write_all(text.as_bytes())?;
                expected.extend_from_slice(text.as_bytes());
            }
            // He takes a little, or all but a little, so that memory and file take turns.
            for _ in 0..(if round % 7 == 6 { 200 } else { round % 5 }) {
                let _ = allow.send(());
            }
        }
        drop(allow);
        spool.drain()?;
        assert!(expected.len() > IN_MEMORY);
        assert!(given.iter().flatten().eq(expected));
        Ok(())
    }

    #[test]
    fn a_reader_that_goes_away_is_told_to_the_writer() {
        let (mut spool, allow, given) = slow();
        drop((allow, given));
        let mut write = || -> io::Result<()> {
            loop {
                spool.write_all(&[b'x'; 1000])?;
            }
        };
        assert_eq!(write().map_err(|error| error.kind()), Err(io::ErrorKind::BrokenPipe));
        let (spool, ..) = slow();
        assert!(spool.drain().is_ok(), "nothing was written");
        let (mut spool, allow, given) = slow();
        drop((allow, given));
        assert!(spool.write_all(b"x").is_ok());
        assert!(spool.drain().is_err());
    }
}
