//! Progress bars on standard error, only at a terminal and only for work of more than a
//! second.

use std::fmt::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::session::Session;

/// How long work must take before its bar is shown.
const DELAY: Duration = Duration::from_secs(1);

pub struct Progress {
    /// Hidden at first.
    bar: ProgressBar,
    began: Instant,
    is_wanted: bool,
}

impl Progress {
    /// Shows a count, formatted by `template`, for work of unknown length.
    pub fn searching(session: &Session, template: &str) -> Self {
        Self::new(session, None, template)
    }

    /// Shows rate and time left for work of this many steps.
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

    /// Sets the position, and shows the bar once the work has taken long enough.
    pub fn reach(&self, position: usize) {
        self.bar.set_position(position as u64);
        if self.is_wanted && self.bar.is_hidden() && self.began.elapsed() > DELAY {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Hides the bar while `print` runs.
    pub fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        self.bar.suspend(print)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
