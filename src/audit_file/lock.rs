//! The lock on the audit file: those who write to it take turns.

use std::fs::{File, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::AuditFile;
use crate::failure::{Failure, Kind};

/// A lock holds as long as somebody writes a batch and syncs it. Who holds it longer is
/// stuck, or no run of ours.
const PATIENCE: Duration = Duration::from_secs(10);

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
        loop {
            match try_lock(&self.file) {
                Ok(()) => return Ok(Lock(&self.file)),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => {
                    let message = format!("another process holds audit log {path}");
                    return Err(Failure::new(Kind::Failed, message).into());
                }
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock audit log {path}"));
                }
            }
        }
    }
}
