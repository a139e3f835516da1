//! SIGINT and SIGTERM: a request to stop after the current batch. A second signal
//! ends the process at once. No store minds that; `init` then leaves the temporary
//! file that was to become one.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::unregister;
use signal_hook::{SigId, flag};

use crate::failure::{self, Failure, Kind};

/// Knows whether the run has been asked to stop.
pub struct Stop {
    interrupted: Arc<AtomicBool>,
    terminated: Arc<AtomicBool>,
    /// What ends the process at the second signal.
    second_signal_actions: Mutex<Vec<SigId>>,
}

impl Stop {
    /// From here on a signal does not end the process but sets the request. A second
    /// one ends it.
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

    /// Lets any number of signals be one request.
    pub fn count_signals_as_one(&self) {
        for id in self.second_signal_actions().drain(..) {
            unregister(id);
        }
    }

    /// Lets the second signal end the process again.
    pub fn end_at_second_signal(&self) -> io::Result<()> {
        let again = Arc::new(AtomicBool::new(false));
        let mut second_signal_actions = self.second_signal_actions();
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds `again` unset and sets it.
            second_signal_actions
                .push(flag::register_conditional_default(signal, Arc::clone(&again))?);
            second_signal_actions.push(flag::register(signal, Arc::clone(&again))?);
        }
        Ok(())
    }

    fn second_signal_actions(&self) -> MutexGuard<'_, Vec<SigId>> {
        self.second_signal_actions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The signal that asked, if one did.
    pub fn requested(&self) -> Option<i32> {
        let asked = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        // dialoguer turns SIGTERM into both.
        asked(&self.terminated)
            .then_some(SIGTERM)
            .or_else(|| asked(&self.interrupted).then_some(SIGINT))
    }

    /// Fails if the run has been asked to stop.
    pub fn check(&self) -> Result<()> {
        self.requested().map_or(Ok(()), |signal| Err(Self::failure(signal)))
    }

    /// Why a run failed: where it waited for a lock in vain, a signal that came
    /// meanwhile is the better reason.
    pub fn reason(&self, error: anyhow::Error) -> anyhow::Error {
        let is_locked = failure::kind(&error) == Kind::Locked;
        self.requested().filter(|_| is_locked).map_or(error, Self::failure)
    }

    /// The failure of a run that a signal stopped.
    pub fn failure(signal: i32) -> anyhow::Error {
        let name = if signal == SIGINT { "SIGINT" } else { "SIGTERM" };
        Failure::new(Kind::Stopped(signal), format!("stopped by {name}")).into()
    }
}
