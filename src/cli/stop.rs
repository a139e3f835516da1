//! SIGINT and SIGTERM: the first requests a stop after the current batch, the second
//! ends the process at once. That harms no store, but `init` leaves its temporary file.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::unregister;
use signal_hook::{SigId, flag};

use crate::failure::{self, Failure, Kind};

/// How soon a signal is heard in a pause.
const MOMENT: Duration = Duration::from_millis(100);

/// Whether a signal has requested a stop.
pub struct Stop {
    interrupted: Arc<AtomicBool>,
    terminated: Arc<AtomicBool>,
    /// The handlers that end the process at the second signal.
    second_signal_actions: Mutex<Vec<SigId>>,
}

impl Stop {
    /// Installs the handlers: the first signal requests a stop, the second ends the process.
    pub fn listen() -> io::Result<Self> {
        let stop = Self {
            interrupted: Arc::default(),
            terminated: Arc::default(),
            second_signal_actions: Mutex::default(),
        };
        flag::register(SIGINT, Arc::clone(&stop.interrupted))?;
        flag::register(SIGTERM, Arc::clone(&stop.terminated))?;
        stop.end_at_second_signal()?;
        Ok(stop)
    }

    /// Treats any number of signals as one request.
    pub fn count_signals_as_one(&self) {
        for id in self.second_signal_actions().drain(..) {
            unregister(id);
        }
    }

    /// Ends the process at the second signal from now on.
    pub fn end_at_second_signal(&self) -> io::Result<()> {
        let again = Arc::new(AtomicBool::new(false));
        let mut second_signal_actions = self.second_signal_actions();
        for signal in [SIGINT, SIGTERM] {
            // Order matters: the first signal finds `again` unset and sets it.
            second_signal_actions
                .push(flag::register_conditional_default(signal, Arc::clone(&again))?);
            second_signal_actions.push(flag::register(signal, Arc::clone(&again))?);
        }
        Ok(())
    }

    fn second_signal_actions(&self) -> MutexGuard<'_, Vec<SigId>> {
        self.second_signal_actions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the run has been asked to stop, for where this itself cannot be.
    pub fn listener(&self) -> impl Fn() -> bool + Send + use<> {
        let flags = [&self.terminated, &self.interrupted].map(Arc::clone);
        move || flags.iter().any(|flag| flag.load(Ordering::Relaxed))
    }

    /// Waits, but no longer than until the run is asked to stop.
    pub fn sleep(&self, length: Duration) {
        let end = Instant::now() + length;
        while self.requested().is_none() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::sleep(left.min(MOMENT));
        }
    }

    /// Returns the signal that requested a stop, if any.
    pub fn requested(&self) -> Option<i32> {
        let asked = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        // dialoguer adds a SIGINT to a SIGTERM, so SIGTERM takes precedence.
        asked(&self.terminated)
            .then_some(SIGTERM)
            .or_else(|| asked(&self.interrupted).then_some(SIGINT))
    }

    /// Fails if a stop was requested.
    pub fn check(&self) -> Result<()> {
        self.requested().map_or(Ok(()), |signal| Err(Self::failure(signal)))
    }

    /// Replaces a lock timeout by the signal that arrived during the wait, if any.
    pub fn reason(&self, error: anyhow::Error) -> anyhow::Error {
        let is_locked = failure::kind(&error) == Kind::Locked;
        self.requested().filter(|_| is_locked).map_or(error, Self::failure)
    }

    /// Builds the failure of a run that a signal stopped.
    pub fn failure(signal: i32) -> anyhow::Error {
        let name = if signal == SIGINT { "SIGINT" } else { "SIGTERM" };
        Failure::new(Kind::Stopped(signal), format!("stopped by {name}")).into()
    }
}
