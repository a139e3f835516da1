//! Output that never keeps its writer waiting. A thread hands it to the reader;
//! what they have not taken yet is kept in memory up to a bound, and beyond it in a
//! temporary file without a name.
//!
//! The writer holds a read transaction, and a reader may take as long as they like
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
const IN_MEMORY: usize = 64 * CHUNK;

/// How many chunks are kept to be filled again: to allocate one makes the allocator tidy up.
const SPARE: usize = 2;

/// A writer in front of another that may be slow.
pub struct Spool {
    chunk: Vec<u8>,
    /// `None`: the thread has it.
    out: Option<Box<dyn Write + Send>>,
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
    in_memory: usize,
    /// Chunks that were taken, to be filled again.
    spare: Vec<Vec<u8>>,
    file: Option<File>,
    /// The part of the file that is still to be taken.
    taken: u64,
    filled: u64,
    /// Nothing more will come.
    complete: bool,
    /// Nothing more is taken: the reader has gone, or there is no room for what they have not taken.
    is_over: bool,
    /// Why, until the writer has been told.
    failed: Option<io::Error>,
}

impl Spool {
    #[must_use]
    pub fn new(out: impl Write + Send + 'static) -> Self {
        let out: Box<dyn Write + Send> = Box::new(out);
        Self { chunk: Vec::new(), out: Some(out), waiting: Arc::default(), thread: None }
    }

    /// Waits until the reader has taken everything.
    ///
    /// # Errors
    ///
    /// When they could not.
    pub fn drain(mut self) -> io::Result<()> {
        self.complete()
    }

    fn complete(&mut self) -> io::Result<()> {
        if let Some(mut out) = self.out.take() {
            // So little that no thread was needed.
            out.write_all(&self.chunk)?;
            return out.flush();
        }
        let Some(thread) = self.thread.take() else { return Ok(()) };
        let handed_over = self.hand_over();
        self.waiting.lock().complete = true;
        self.waiting.changed.notify_one();
        let ended = thread.join();
        handed_over?;
        ended.map_err(|_| io::Error::other("the thread that prints has panicked"))?;
        self.waiting.lock().failed.take().map_or(Ok(()), Err)
    }

    /// Gives what was written over to the thread.
    fn hand_over(&mut self) -> io::Result<()> {
        if let Some(out) = self.out.take() {
            let theirs = Arc::clone(&self.waiting);
            self.thread = Some(thread::Builder::new().spawn(move || theirs.hand_over(out))?);
        }
        if !self.chunk.is_empty() {
            let mut state = self.waiting.lock();
            let empty = state.spare.pop().unwrap_or_else(|| Vec::with_capacity(CHUNK));
            state.add(std::mem::replace(&mut self.chunk, empty))?;
            drop(state);
            self.waiting.changed.notify_one();
        }
        Ok(())
    }
}

impl Write for Spool {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    // Formats write many small pieces.
    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.chunk.len() + bytes.len() > CHUNK {
            self.hand_over()?;
        }
        self.chunk.extend_from_slice(bytes);
        Ok(())
    }

    /// Hands over what there is: no more will come for a moment. It need not be called in
    /// the end.
    fn flush(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() { Ok(()) } else { self.hand_over() }
    }
}

impl Drop for Spool {
    /// What was written before something else failed is still for the reader.
    fn drop(&mut self) {
        let _ = self.complete();
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
            let handed_over = chunk.and_then(|mut chunk| {
                out.write_all(&chunk)?;
                chunk.clear();
                self.lock().keep_spare(chunk);
                Ok(())
            });
            if let Err(error) = handed_over.and_then(|()| out.flush()) {
                *self.lock() = State { is_over: true, failed: Some(error), ..State::default() };
                return;
            }
        }
    }
}

impl State {
    fn keep_spare(&mut self, chunk: Vec<u8>) {
        if self.spare.len() < SPARE {
            self.spare.push(chunk);
        }
    }

    fn add(&mut self, chunk: Vec<u8>) -> io::Result<()> {
        if self.is_over {
            return Err(self.failed.take().unwrap_or(io::ErrorKind::BrokenPipe.into()));
        }
        // Where a piece is missing, what comes behind it must not come.
        let added = self.keep(chunk);
        self.is_over = added.is_err();
        added
    }

    fn keep(&mut self, chunk: Vec<u8>) -> io::Result<()> {
        if self.in_memory + chunk.len() <= IN_MEMORY && self.filled == self.taken {
            self.in_memory += chunk.len();
            self.chunks.push_back(chunk);
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(temporary_file()?),
        };
        file.write_all_at(&chunk, self.filled).map_err(|error| no_room(&error))?;
        self.filled += chunk.len() as u64;
        Ok(())
    }

    /// What comes next, if there is something.
    fn take(&mut self) -> io::Result<Option<Vec<u8>>> {
        if let Some(chunk) = self.chunks.pop_front() {
            self.in_memory -= chunk.len();
            return Ok(Some(chunk));
        }
        let left = usize::try_from(self.filled - self.taken).unwrap_or(CHUNK).min(CHUNK);
        let Some(file) = self.file.as_ref().filter(|_| left > 0) else {
            return Ok(None);
        };
        let mut chunk = vec![0; left];
        file.read_exact_at(&mut chunk, self.taken).map_err(|error| no_room(&error))?;
        self.taken += left as u64;
        if self.taken == self.filled {
            // Gives the room on the disk back.
            file.set_len(0).map_err(|error| no_room(&error))?;
            (self.taken, self.filled) = (0, 0);
        }
        Ok(Some(chunk))
    }
}

/// A file without a name. The usual folder may be closed to a process that was
/// root's when it was named.
fn temporary_file() -> io::Result<File> {
    let file = tempfile::tempfile().or_else(|_| tempfile::tempfile_in("/var/tmp"));
    file.map_err(|error| no_room(&error))
}

/// Tells an error of the temporary file from one of the reader.
fn no_room(error: &io::Error) -> io::Error {
    let message = format!("its reader is slow, and no temporary file (TMPDIR) takes more: {error}");
    io::Error::new(error.kind(), message)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// How many chunks fill the memory.
    const FULL: usize = IN_MEMORY / CHUNK;

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

    /// Writes chunks that are numbered on and on.
    fn write(spool: &mut Spool, written: &mut Vec<u8>, chunks: usize) {
        for _ in 0..chunks {
            let number = u32::try_from(written.len() / CHUNK).expect("few chunks");
            let chunk = number.to_be_bytes().repeat(CHUNK / 4);
            spool.write_all(&chunk).expect("nobody has gone");
            spool.hand_over().expect("nobody has gone");
            written.extend(chunk);
        }
    }

    /// How many bytes the file holds that are still to be taken.
    fn in_file(spool: &Spool) -> u64 {
        let state = spool.waiting.lock();
        state.filled - state.taken
    }

    #[test]
    fn memory_and_file_take_turns_and_nothing_is_lost_or_reordered() {
        let (mut spool, allow, given) = slow();
        let (mut written, mut taken) = (Vec::new(), Vec::new());
        let take = |taken: &mut Vec<u8>, chunks: usize| {
            for _ in 0..chunks {
                allow.send(()).expect("the thread waits");
                taken.extend(given.recv().expect("a chunk"));
            }
        };
        for _ in 0..3 {
            // One may be on its way to the reader.
            write(&mut spool, &mut written, FULL + 1);
            write(&mut spool, &mut written, 10);
            assert!(in_file(&spool) > 0, "memory is full");
            take(&mut taken, 30);
            write(&mut spool, &mut written, 5);
            assert!(in_file(&spool) >= 5 * CHUNK as u64, "what is newer waits behind the file");
            take(&mut taken, FULL + 1 + 10 + 5 - 30);
            assert_eq!(in_file(&spool), 0);
            assert!(taken == written, "in order");
            let file = spool.waiting.lock().file.as_ref().map(File::metadata);
            assert_eq!(file.expect("a file").expect("its size").len(), 0, "its room is free again");
        }
        write(&mut spool, &mut written, 2 * FULL);
        drop(allow);
        spool.drain().expect("everything is taken");
        taken.extend(given.iter().flatten());
        assert!(taken == written);
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
