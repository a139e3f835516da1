//! SIGINT and SIGTERM: a request to stop after the current batch. A second
//! signal ends the process at once, which no store minds; a new one that is being
//! made then leaves its temporary file.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::failure::{Failure, Kind};

/// Knows whether the run has been asked to stop.
pub struct Stop(Arc<AtomicUsize>);

impl Stop {
    /// From here on a signal does not end the process but sets the request.
    pub fn listen() -> io::Result<Self> {
        let requested = Arc::new(AtomicUsize::new(0));
        let again = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds `again` unset and sets it.
            flag::register_conditional_default(signal, Arc::clone(&again))?;
            flag::register(signal, Arc::clone(&again))?;
            let number = usize::try_from(signal).unwrap_or_default();
            flag::register_usize(signal, Arc::clone(&requested), number)?;
        }
        Ok(Self(requested))
    }

    /// The signal that asked, if one did.
    pub fn requested(&self) -> Option<i32> {
        i32::try_from(self.0.load(Ordering::Relaxed)).ok().filter(|&signal| signal != 0)
    }

    /// The failure of a run that a signal stopped.
    pub fn failure(signal: i32) -> anyhow::Error {
        let name = if signal == SIGINT { "SIGINT" } else { "SIGTERM" };
        Failure::new(Kind::Stopped(signal), format!("stopped by {name}")).into()
    }
}
