//! Progress on standard error, at a terminal only, and only of work that takes
//! longer than a moment.

use std::fmt::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::session::Session;

/// Work of less time is not worth a progress bar.
const SHORT: Duration = Duration::from_secs(1);

pub struct Progress {
    /// Not shown at first.
    bar: ProgressBar,
    began: Instant,
    is_wanted: bool,
}

impl Progress {
    /// Of work whose end is not known: how much was found, as `template` says it.
    pub fn searching(session: &Session, template: &str) -> Self {
        Self::new(session, None, template)
    }

    /// Of so many steps: how fast it goes, and how long it will take.
    pub fn of(session: &Session, steps: usize) -> Self {
        Self::new(session, Some(steps as u64), "{bar:30} {pos}/{len} ids, {rate}, {eta} left")
    }

    fn new(session: &Session, length: Option<u64>, template: &str) -> Self {
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .with_key("rate", |state: &ProgressState, out: &mut dyn Write| {
                let _ = write!(out, "{:.0}/s", state.per_sec());
            });
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
        Self {
            bar: bar.with_style(style),
            began: Instant::now(),
            is_wanted: session.shows_progress(),
        }
    }

    /// Tells how far the work has come.
    pub fn reach(&self, position: usize) {
        self.bar.set_position(position as u64);
        if self.is_wanted && self.bar.is_hidden() && self.began.elapsed() > SHORT {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Does something that prints, without the bar in its way.
    pub fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        self.bar.suspend(print)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
