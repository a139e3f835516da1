//! Progress bars on standard error, only at a terminal and only for work of more than a
//! second.

use std::fmt::Write;
use std::time::{Duration, Instant};

use dialoguer::console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::session::Session;
use super::stop::Stop;

/// How long work must take before its bar is shown.
const DELAY: Duration = Duration::from_secs(1);

/// How often a second it is drawn, at most: as indicatif draws by itself.
const REFRESH_RATE: u8 = 20;

pub struct Progress {
    /// Hidden at first.
    bar: ProgressBar,
    began: Instant,
    /// `None`: it is never shown.
    terminal: Option<Term>,
}

impl Progress {
    /// Shows a count, formatted by `template`, for work of unknown length.
    pub fn searching(session: &Session, stop: &Stop, template: &str) -> Self {
        Self::new(session, stop, None, template)
    }

    /// Shows rate and time left for work of this many steps.
    pub fn of(session: &Session, stop: &Stop, steps: usize) -> Self {
        let template = "{bar:30} {pos}/{len} ids, {rate}, {eta} left";
        Self::new(session, stop, Some(steps as u64), template)
    }

    fn new(session: &Session, stop: &Stop, length: Option<u64>, template: &str) -> Self {
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .with_key("rate", |state: &ProgressState, out: &mut dyn Write| {
                let _ = write!(out, "{:.0}/s", state.per_sec());
            });
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
        Self {
            bar: bar.with_style(style),
            began: Instant::now(),
            terminal: session.shows_progress().then(|| stop.terminal().ok()).flatten(),
        }
    }

    /// Sets the position, and shows the bar once the work has taken long enough.
    pub fn reach(&self, position: usize) {
        self.bar.set_position(position as u64);
        if let Some(terminal) = &self.terminal
            && self.bar.is_hidden()
            && self.began.elapsed() > DELAY
        {
            let target = ProgressDrawTarget::term(terminal.clone(), REFRESH_RATE);
            self.bar.set_draw_target(target);
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
