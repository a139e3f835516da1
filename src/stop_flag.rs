//! Whether the run has been asked to stop, for whatever waits.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

/// How soon a signal is heard in a pause.
const MOMENT: Duration = Duration::from_millis(100);

/// Whether a signal has asked the run to stop. The default is that none will.
#[derive(Clone, Debug, Default)]
pub struct StopFlag {
    /// By SIGINT, and by SIGTERM: set by their handlers.
    pub interrupted: Arc<AtomicBool>,
    pub terminated: Arc<AtomicBool>,
    /// When that was first seen.
    seen_at: Arc<OnceLock<Instant>>,
}

impl StopFlag {
    /// For how long it has been seen to be set.
    #[must_use]
    pub fn since(&self) -> Option<Duration> {
        self.is_set().then(|| self.seen_at.get_or_init(Instant::now).elapsed())
    }

    /// What tells whether it has been set for so long since whoever asks first saw that: what
    /// is under way is given that much time.
    pub fn set_for(&self, grace: Duration) -> impl FnMut() -> bool + Send + use<> {
        let (flag, mut seen_at) = (self.clone(), None);
        move || flag.is_set() && seen_at.get_or_insert_with(Instant::now).elapsed() >= grace
    }

    /// Waits until an instant, but no longer than until it is set.
    pub fn wait_until(&self, end: Instant) {
        while !self.is_set() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::sleep(left.min(MOMENT));
        }
    }

    #[must_use]
    pub fn is_set(&self) -> bool {
        [&self.interrupted, &self.terminated].iter().any(|flag| flag.load(Ordering::SeqCst))
    }
}
