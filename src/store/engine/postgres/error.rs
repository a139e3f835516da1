//! Errors of the server and the driver: one line of text for each, and the kind of failure
//! that it is.

use std::error::Error;
use std::io;
use std::iter::successors;

use rustls::CertificateError;
use tokio_postgres::error::{Severity, SqlState};

use crate::failure::{Failure, Kind};
use crate::store::Interrupted;
use crate::store::schema::{Description, known};

/// Why a session has no answer.
pub enum SessionError {
    Driver(tokio_postgres::Error),
    Silence(Silence),
}

/// Why a server is not waited for any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// The run has been stopped.
    Stopped,
    /// It does not answer another connection either, or has taken too long.
    Fallen,
}

/// The failure for an error of a statement.
///
/// The server's text is never repeated: a trigger, a function or a cast may have put a row
/// with its digest there, under any SQLSTATE.
#[must_use]
pub fn server_error(error: SessionError) -> anyhow::Error {
    let error = match error {
        SessionError::Driver(error) => error,
        SessionError::Silence(Silence::Stopped) => return Interrupted.into(),
        SessionError::Silence(Silence::Fallen) => {
            return Failure::new(Kind::Failed, "the server does not answer any more").into();
        }
    };
    let Some(answer) = error.as_db_error() else {
        return Failure::new(Kind::Failed, in_words(&error)).into();
    };
    let code = answer.code();
    let message = format!("{} (SQLSTATE {})", meaning(code.code()), code.code());
    match ErrorClass::of(code) {
        ErrorClass::Locked => Failure::new(Kind::Locked, message),
        // PostgreSQL's own words, which quote no more than the name of a table.
        ErrorClass::NotGranted if answer.routine() == Some("check_enable_rls") => {
            let table = known_table_in(answer.message());
            let message = format!("row policies hide rows of {table} from this role");
            Failure::new(Kind::Failed, format!("{message} (SQLSTATE {})", code.code()))
                .hint("connect as the owner of the tables, or ALTER ROLE … BYPASSRLS")
        }
        ErrorClass::NotGranted => Failure::new(Kind::Failed, message)
            .hint("the chapter \"Least privilege\" of the README lists the GRANTs that are needed"),
        ErrorClass::Idle => Failure::new(Kind::Failed, message)
            .hint("run it again; with --yes there is no question to wait for"),
        ErrorClass::ReadOnly => Failure::new(Kind::Failed, message).hint("connect to the primary"),
        // In a function that a trigger or a view calls.
        ErrorClass::Missing if answer.where_().is_some() => {
            Failure::new(Kind::Failed, message).hint(
                "a function of the database names it without its schema, and tokenctl has only \
                 pg_catalog in its search_path: qualify the name, or ALTER FUNCTION … SET search_path",
            )
        }
        ErrorClass::Failed | ErrorClass::Missing => Failure::new(Kind::Failed, message)
            .hint("the server's log has its own message, which is not shown: it may quote a token"),
    }
    .into()
}

/// The table of an application that a message names in quotes, which depend on the server's
/// language.
fn known_table_in(message: &str) -> String {
    let mut names = known().iter().flat_map(Description::tables);
    let is_named = |name: &&str| {
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ' ';
        let found = message.match_indices(*name);
        let mut sides = found.map(|(at, name)| (&message[..at], &message[at + name.len()..]));
        sides.any(|(before, after)| !before.ends_with(is_part) && !after.starts_with(is_part))
    };
    names.find(is_named).map_or("a table".into(), |name| format!("table {name}"))
}

/// What a SQLSTATE, or the class that it begins with, means.
fn meaning(code: &str) -> &'static str {
    let is_meant = |(beginning, _): &&(&str, _)| code.starts_with(beginning);
    MEANINGS.iter().find(is_meant).map_or("the server refuses the statement", |(_, words)| words)
}

/// From [PostgreSQL's list]; the first that fits counts.
///
/// [PostgreSQL's list]: https://www.postgresql.org/docs/current/errcodes-appendix.html
const MEANINGS: &[(&str, &str)] = &[
    ("08", "the connection to the server failed"),
    ("22", "the server cannot work with a value"),
    ("23", "a constraint of the database refuses it"),
    ("25006", "the server takes no writes"),
    ("25P03", "the server ended the session: the transaction was idle for too long"),
    ("25P04", "the server ended the session: the transaction took too long"),
    ("40001", "another transaction has changed the same rows"),
    ("40P01", "two transactions wait for each other"),
    ("42501", "permission denied"),
    ("42", "the database has not what the statement needs"),
    ("53100", "the server's disk is full"),
    ("53200", "the server is out of memory"),
    ("53300", "the server has too many connections"),
    ("54", "a limit of the server is exceeded"),
    ("55P03", "lock timeout: another session holds a lock"),
    ("57014", "the statement was cancelled"),
    ("57P01", "the server ended the session"),
    ("57P02", "another session has crashed the server"),
    ("57P05", "the server ended the session: it was idle for too long"),
    ("57P03", "the server takes no connections now"),
    ("58", "the server's system failed"),
    ("P0", "a function of the database refuses it"),
    ("XX001", "the server's data is corrupted"),
    ("XX002", "an index of the server is corrupted"),
];

/// The failure for an error of a session's first BEGIN. The driver may not tell why a
/// connection was closed.
#[must_use]
pub fn first_error(error: SessionError) -> anyhow::Error {
    let ended = match &error {
        SessionError::Driver(error)
            if error.is_closed() || error.code() == Some(&SqlState::PROTOCOL_VIOLATION) =>
        {
            in_words(error)
        }
        _ => return server_error(error),
    };
    let message = format!("it ends where a transaction begins: {ended}");
    let hint = "a pooler has to pool by transaction or by session, not by statement";
    Failure::new(Kind::Failed, message).hint(hint).into()
}

/// The classes of a server's own errors at a login.
const OF_LOGINS: [&str; 6] = ["08", "28", "3D", "53", "55", "57"];

/// The classes of errors that are reported differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ErrorClass {
    Failed,
    Idle,
    Locked,
    Missing,
    NotGranted,
    ReadOnly,
}

impl ErrorClass {
    fn of(code: &SqlState) -> Self {
        match *code {
            SqlState::LOCK_NOT_AVAILABLE
            | SqlState::T_R_DEADLOCK_DETECTED
            | SqlState::T_R_SERIALIZATION_FAILURE => Self::Locked,
            SqlState::UNDEFINED_TABLE
            | SqlState::UNDEFINED_FUNCTION
            | SqlState::UNDEFINED_OBJECT => Self::Missing,
            SqlState::INSUFFICIENT_PRIVILEGE => Self::NotGranted,
            SqlState::IDLE_SESSION_TIMEOUT => Self::Idle,
            SqlState::READ_ONLY_SQL_TRANSACTION => Self::ReadOnly,
            _ => Self::Failed,
        }
    }
}

/// Whether a COMMIT that failed is known to have rolled back: the server says so, and the
/// session goes on. A message that ends the session proves nothing. It may come from
/// PgBouncer, which has lost its server (SQLSTATE 08P01), or from a server that shuts down
/// after the transaction has taken effect.
#[must_use]
pub fn is_rolled_back(error: &SessionError) -> bool {
    let SessionError::Driver(error) = error else { return false };
    error.as_db_error().is_some_and(|answer| {
        let is_of_connection = answer.code().code().starts_with("08");
        answer.parsed_severity() == Some(Severity::Error) && !is_of_connection
    })
}

/// The error of a login in one line: the server's message, or the chain of causes. A trigger
/// on logins may have written the message, but under few codes.
#[must_use]
pub fn in_words(error: &tokio_postgres::Error) -> String {
    if let Some(answer) = error.as_db_error() {
        let code = answer.code().code();
        let is_of_server = OF_LOGINS.iter().any(|class| code.starts_with(class))
            && answer.routine().is_none_or(|routine| routine != "exec_stmt_raise");
        let message = if is_of_server { answer.message() } else { meaning(code) };
        return format!("{message} (SQLSTATE {code})");
    }
    let causes = causes(error).map(|cause| match certificate_error(cause) {
        Some(problem) => certificate_in_words(problem),
        None => cause.to_string(),
    });
    causes.collect::<Vec<_>>().join(": ")
}

/// Whether TLS failed, or the server refuses the login because of TLS. A certificate that
/// is refused does not count: its message is lost if the next attempt goes without TLS.
#[must_use]
pub fn is_refused_for_tls(error: &tokio_postgres::Error) -> bool {
    let is_tls_failure = |cause| tls_error(cause).is_some() && certificate_error(cause).is_none();
    error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
        || causes(error).any(is_tls_failure)
}

fn causes(error: &tokio_postgres::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let first: &(dyn Error + 'static) = error;
    successors(Some(first), |&error| error.source())
}

fn tls_error<'e>(cause: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    // An io::Error does not report the error that it wraps as its source.
    cause.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref()
}

fn certificate_error<'e>(cause: &'e (dyn Error + 'static)) -> Option<&'e CertificateError> {
    match tls_error(cause)? {
        rustls::Error::InvalidCertificate(problem) => Some(problem),
        _ => None,
    }
}

/// The problem in words, where rustls has only an identifier or seconds since 1970.
fn certificate_in_words(problem: &CertificateError) -> String {
    let words = match problem {
        CertificateError::UnknownIssuer => "it is signed by no authority that is trusted",
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet"
        }
        CertificateError::Other(other) => match other.0.to_string().as_str() {
            "CaUsedAsEndEntity" => "it is the certificate of a CA, not of a server",
            "UnsupportedCertVersion" => {
                "it has X.509 version 1, and only version 3 can be verified"
            }
            other => return format!("the server's certificate is refused: {other}"),
        },
        other => return format!("the server's certificate is refused: {other}"),
    };
    format!("the server's certificate is refused: {words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart() {
        let outcomes = [
            ("55P03", ErrorClass::Locked),
            ("40P01", ErrorClass::Locked),
            ("40001", ErrorClass::Locked),
            ("42P01", ErrorClass::Missing),
            ("42501", ErrorClass::NotGranted),
            ("25006", ErrorClass::ReadOnly),
            ("23505", ErrorClass::Failed),
            ("XX000", ErrorClass::Failed),
        ];
        for (code, outcome) in outcomes {
            assert_eq!(ErrorClass::of(&SqlState::from_code(code)), outcome, "{code}");
        }
    }

    #[test]
    fn certificates_are_explained() {
        let said = certificate_in_words(&CertificateError::UnknownIssuer);
        assert_eq!(
            said,
            "the server's certificate is refused: it is signed by no authority that is trusted"
        );
    }
}
