//! Whether the run has been asked to stop, for whatever waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a signal has asked the run to stop. The default is that none will.
#[derive(Clone, Debug, Default)]
pub struct StopFlag {
    /// By SIGINT, and by SIGTERM: set by their handlers.
    pub interrupted: Arc<AtomicBool>,
    pub terminated: Arc<AtomicBool>,
}

impl StopFlag {
    #[must_use]
    pub fn is_set(&self) -> bool {
        [&self.interrupted, &self.terminated].iter().any(|flag| flag.load(Ordering::SeqCst))
    }
}
