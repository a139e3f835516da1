//! Failures that scripts can tell apart, and their exit statuses. No other module prints
//! messages.

use std::fmt;
use std::io::{self, Write};
use std::panic::{self, UnwindSafe};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGABRT, SIGXFSZ};
use signal_hook::flag::{self, register_conditional_shutdown};

use crate::model::actor::Denied;
use crate::output::blocking::{Blocking, duplicate};
use crate::output::text::visible;
use crate::stop_flag::StopFlag;

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something went wrong; the message says what was done and what was not.
    Failed,
    /// Wrong flags or values, or a confirmation that is missing; nothing changed.
    Usage,
    /// The answer at the prompt was no; nothing changed.
    Declined,
    /// Denied or missing; the message does not tell which.
    Denied,
    /// Some of the ids were denied; the others were revoked, now or before.
    PartlyDenied,
    /// The store was or became locked for longer than the busy timeout.
    Locked,
    /// Stopped by this signal after the current batch.
    Stopped(i32),
}

impl Kind {
    /// Returns the exit status, different for each kind.
    #[must_use]
    pub fn exit_status(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Declined => 3,
            Self::Denied => 4,
            Self::PartlyDenied => 5,
            // EX_TEMPFAIL of sysexits.h: try again.
            Self::Locked => 75,
            // As shells report a process ended by the signal.
            Self::Stopped(signal) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
        }
    }
}

/// An error with a kind. Errors without one are [`Kind::Failed`].
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    message: String,
    hints: Vec<String>,
}

impl Failure {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new() }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Makes a failure of this kind of any error, whose words and hints stay.
    #[must_use]
    pub fn recast(kind: Kind, error: &anyhow::Error) -> Self {
        let failures = error.chain().filter_map(|cause| cause.downcast_ref::<Self>());
        let hints = failures.flat_map(|failure| failure.hints.clone()).collect();
        Self { kind, message: format!("{error:#}"), hints }
    }

    /// Builds a usage error in clap's wording for an invalid value.
    pub fn value(flag: &str, value: impl fmt::Display, problem: impl fmt::Display) -> Self {
        Self::usage(format!("invalid value '{value}' for '{flag}': {problem}"))
    }

    /// Prefixes the message with its subject.
    #[must_use]
    pub fn of(self, what: &str) -> Self {
        Self { message: format!("{what}: {}", self.message), ..self }
    }

    /// Adds a hint on what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Finds the kind of an error among its causes.
#[must_use]
pub fn kind(error: &anyhow::Error) -> Kind {
    error
        .chain()
        .find_map(|cause| {
            if let Some(failure) = cause.downcast_ref::<Failure>() {
                return Some(failure.kind);
            }
            if cause.is::<Denied>() {
                return Some(Kind::Denied);
            }
            match cause.downcast_ref::<rusqlite::Error>()?.sqlite_error_code()? {
                rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked => {
                    Some(Kind::Locked)
                }
                _ => None,
            }
        })
        .unwrap_or(Kind::Failed)
}

/// Whether the error is a broken pipe: the reader of standard output is gone.
#[must_use]
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let kind = if let Some(error) = cause.downcast_ref::<io::Error>() {
            Some(error.kind())
        } else if let Some(error) = cause.downcast_ref::<serde_json::Error>() {
            // serde_json does not give the error it wraps as its source.
            error.io_error_kind()
        } else if let Some(error) = cause.downcast_ref::<csv::Error>() {
            match error.kind() {
                csv::ErrorKind::Io(error) => Some(error.kind()),
                _ => None,
            }
        } else {
            None
        };
        kind == Some(io::ErrorKind::BrokenPipe)
    })
}

/// Prints the error and returns its exit status.
#[must_use]
pub fn report(error: &anyhow::Error) -> ExitCode {
    if is_closed_pipe(error) {
        return ExitCode::SUCCESS;
    }
    // Skips SQLite's codes: the message before them says the same.
    let causes = error.chain().filter(|cause| !cause.is::<rusqlite::ffi::Error>());
    say(&causes.map(|it| plain(&it.to_string())).collect::<Vec<_>>().join(": "));
    let failures = error.chain().filter_map(|cause| cause.downcast_ref());
    for hint in failures.flat_map(|failure: &Failure| &failure.hints) {
        say_plain(&format!("hint: {hint}"));
    }
    let kind = kind(error);
    if kind == Kind::Locked {
        say_plain(
            "hint: another process is using the store; try again, or wait longer with --busy-timeout",
        );
    }
    ExitCode::from(kind.exit_status())
}

/// The text of an error without the number that Rust puts behind that of the system.
fn plain(text: &str) -> String {
    match text.split_once(" (os error ") {
        Some((before, rest)) => {
            let after = rest.split_once(')').map_or("", |(_, after)| after);
            format!("{before}{after}")
        }
        None => text.into(),
    }
}

/// Runs the program. A panic, on whatever thread, is a failure like others: transactions
/// are rolled back, and the status is 1. So it is where memory runs out, of which the
/// standard library tells before it aborts.
pub fn without_panic(run: impl FnOnce() -> ExitCode + UnwindSafe) -> ExitCode {
    let status = Kind::Failed.exit_status();
    // A file that may not grow is an error of the write, as on a full disk.
    let _ = flag::register(SIGXFSZ, Arc::default());
    let _ = register_conditional_shutdown(SIGABRT, status.into(), Arc::new(true.into()));
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
        // A message that was put together may quote anything.
        let message = panic.payload().downcast_ref::<&'static str>();
        let message = message.map(|message| format!(": {message}"));
        say(&format!(
            "internal error{}{}; please report it",
            place.unwrap_or_default(),
            message.unwrap_or_default()
        ));
    }));
    panic::catch_unwind(run).unwrap_or_else(|_| ExitCode::from(status))
}

/// What is looked at where standard error is not read. Set once, by who listens to signals.
static STOP: OnceLock<StopFlag> = OnceLock::new();

/// Sets what is looked at where a message has to wait for its reader.
pub fn stop_when(stop: &StopFlag) {
    let _ = STOP.set(stop.clone());
}

/// Prints a message on standard error, ignoring write errors.
pub fn say(message: &str) {
    print(&line(message));
}

fn print(text: &str) {
    let standard = io::stderr().lock();
    if let (Some(stop), Ok(stream)) = (STOP.get(), duplicate(&standard)) {
        let _ = Blocking::unless_stopped(stream, stop).write_all(text.as_bytes());
    } else {
        let mut standard = standard;
        let _ = standard.write_all(text.as_bytes());
    }
}

/// Formats a message as all are printed.
#[must_use]
pub fn line(message: &str) -> String {
    format!("tokenctl: {}\n", visible(message))
}

/// Prints a further line of a message on standard error.
pub fn say_plain(message: &str) {
    print(&format!("{}\n", visible(message)));
}
