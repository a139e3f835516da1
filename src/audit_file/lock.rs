//! The lock on the audit file: those who write to it take turns.

use std::fs::{File, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::AuditFile;
use crate::failure::{Failure, Kind};
use crate::store::Interrupted;

/// A lock holds as long as somebody writes a batch and syncs it. Who holds it longer is
/// stuck, or no run of ours.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long it is still waited for once the run is stopped: what was done ought to be in
/// the file.
const GRACE: Duration = Duration::from_millis(700);

const PAUSE: Duration = Duration::from_millis(50);

/// The lock of an audit file, by `flock`: it goes with its process, however that ends.
pub(super) struct Lock<'f>(&'f File);

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        // If that fails, it goes with the process.
        let _ = self.0.unlock();
    }
}

impl AuditFile {
    /// Keeps every other process from writing.
    pub(super) fn lock_to_write(&self) -> Result<Lock<'_>> {
        self.lock(File::try_lock)
    }

    /// Keeps writers away.
    pub(super) fn lock_to_read(&self) -> Result<Lock<'_>> {
        self.lock(File::try_lock_shared)
    }

    fn lock(&self, try_lock: impl Fn(&File) -> Result<(), TryLockError>) -> Result<Lock<'_>> {
        let path = self.path.display();
        let deadline = Instant::now() + PATIENCE;
        let mut is_over = self.stop.set_for(GRACE);
        loop {
            match try_lock(&self.file) {
                Ok(()) => return Ok(Lock(&self.file)),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline && !is_over() => {
                    thread::sleep(PAUSE);
                }
                Err(TryLockError::WouldBlock) => {
                    let message = format!("another process holds audit log {path}");
                    return Err(if self.stop.is_set() {
                        anyhow::Error::new(Interrupted).context(message)
                    } else {
                        Failure::new(Kind::Failed, message).into()
                    });
                }
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock audit log {path}"));
                }
            }
        }
    }
}
