//! Whether the run has been asked to stop, for whatever waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

/// Whether a signal has asked the run to stop. The default is that none will.
#[derive(Clone, Debug, Default)]
pub struct StopFlag(Arc<AtomicI32>);

impl StopFlag {
    /// Notes the first signal, and returns whether this is the first.
    pub fn set(&self, signal: i32) -> bool {
        self.0.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// The signal that requested a stop, if any.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        Some(self.0.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
    }

    #[must_use]
    pub fn is_set(&self) -> bool {
        self.signal().is_some()
    }
}
