//! The outcomes that a script can tell apart, their exit statuses, and the one
//! place that prints messages.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::model::actor::Denied;
use crate::output::text::visible;

/// Why a run did not do all that it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something went wrong; the message says what was done and what was not.
    Failed,
    /// Wrong flags or values, or a confirmation that is missing; nothing changed.
    Usage,
    /// The answer at the prompt was no; nothing changed.
    Declined,
    /// Denied or missing, which read the same.
    Denied,
    /// Some of the ids were denied; the others were revoked, now or before.
    PartlyDenied,
    /// The store was or became locked for longer than the busy timeout.
    Locked,
    /// Stopped by this signal after the current batch.
    Stopped(i32),
}

impl Kind {
    /// The exit status, of which each kind has its own.
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
            // What a shell reports for a process that the signal ended.
            Self::Stopped(signal) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
        }
    }
}

/// An error of a kind that scripts can tell apart. All others are
/// [`Kind::Failed`].
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

    /// A usage error in the words that clap has for a value it refuses itself.
    pub fn value(flag: &str, value: impl fmt::Display, problem: impl fmt::Display) -> Self {
        Self::usage(format!("invalid value '{value}' for '{flag}': {problem}"))
    }

    /// Says first what it is that has the problem.
    #[must_use]
    pub fn of(self, what: &str) -> Self {
        Self { message: format!("{what}: {}", self.message), ..self }
    }

    /// Adds something to do about it.
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

/// The kind of an error, however deep a library has hidden it.
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

/// Whether the error is that the reader of standard output went away.
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

/// Prints the error and gives the exit status that belongs to it.
#[must_use]
pub fn report(error: &anyhow::Error) -> ExitCode {
    if is_closed_pipe(error) {
        return ExitCode::SUCCESS;
    }
    // What SQLite's codes say is in the message above them already.
    let causes = error.chain().filter(|cause| !cause.is::<rusqlite::ffi::Error>());
    say(&causes.map(ToString::to_string).collect::<Vec<_>>().join(": "));
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

/// Prints a message on standard error. Nothing is left to do if that fails.
pub fn say(message: &str) {
    let _ = io::stderr().lock().write_all(line(message).as_bytes());
}

/// A message in the form in which all are printed.
#[must_use]
pub fn line(message: &str) -> String {
    format!("tokenctl: {}\n", visible(message))
}

/// Prints a further line of a message on standard error.
pub fn say_plain(message: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", visible(message));
}
