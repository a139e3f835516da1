//! Rows as they come from a database, which one thread reads and another makes use of.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};

use super::{Mode, cannot};
use crate::stop_flag::StopFlag;

/// What comes of a statement.
#[derive(Debug)]
pub enum Streamed<R> {
    Row(R),
    /// No row has come for a moment: what was made of those before is to be handed on.
    Pause,
}

/// The rows of a statement, as they come.
pub type Stream<'s, R> = dyn Iterator<Item = Result<Streamed<R>>> + 's;

/// How soon it is noticed that no row comes. Rows are handed on within 50 ms of being read, and
/// until then wait for others: a page of a table is laid out for those it has.
const MOMENT: Duration = Duration::from_millis(40);

/// Some rows that another thread has read from the database.
pub enum Received<B> {
    Batch(B),
    Pause,
    Failed(anyhow::Error),
    End,
}

impl<B> Received<B> {
    /// What is in a channel, or comes within a moment.
    pub fn from(receiver: &Receiver<Result<B>>) -> Self {
        match receiver.recv_timeout(MOMENT) {
            Ok(batch) => batch.map_or_else(Self::Failed, Self::Batch),
            Err(RecvTimeoutError::Timeout) => Self::Pause,
            Err(RecvTimeoutError::Disconnected) => Self::End,
        }
    }
}

/// Starts a thread, of which the system may have no more.
pub fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>> {
    thread::Builder::new().spawn_scoped(scope, work).context("cannot start a thread")
}

/// Lends rows that another thread reads from the database, some at a time.
pub fn stream_rows<B, R, O>(
    mut receive: impl FnMut() -> Received<B>,
    mut decode: impl FnMut(&mut B, usize) -> Option<R>,
    stop: &StopFlag,
    read: impl FnOnce(&mut Stream<'_, R>) -> Result<O>,
) -> Result<O> {
    let mut received = receive();
    while matches!(received, Received::Pause) && !stop.is_set() {
        received = receive();
    }
    if let Received::Failed(error) = received {
        return Err(error).context(cannot(Mode::Read));
    }
    let mut next = 0;
    let mut rows = std::iter::from_fn(|| {
        loop {
            if let Received::Batch(batch) = &mut received {
                if let Some(row) = decode(batch, next) {
                    next += 1;
                    return Some(Ok(Streamed::Row(row)));
                }
                (received, next) = (receive(), 0);
                continue;
            }
            match std::mem::replace(&mut received, Received::End) {
                Received::Pause => {
                    received = receive();
                    return Some(Ok(Streamed::Pause));
                }
                Received::Failed(error) => return Some(Err(error).context(cannot(Mode::Read))),
                Received::End | Received::Batch(_) => return None,
            }
        }
    });
    read(&mut rows)
}
