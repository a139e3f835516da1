//! Errors of the server and the driver: one line of text for each, and the kind of failure
//! that it is. The DETAIL of a server's message is left out, since it may quote a row.

use std::error::Error;
use std::io;
use std::iter::successors;

use postgres::error::{Severity, SqlState};
use rustls::CertificateError;

use crate::failure::{Failure, Kind};

/// The failure for an error of the driver.
///
/// The driver's error itself must not be printed: [`DbError`] shows the DETAIL of the
/// server's message, which quotes rows.
///
/// [`DbError`]: postgres::error::DbError
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err takes")]
pub fn server_error(error: postgres::Error) -> anyhow::Error {
    let said = in_words(&error);
    match error.code().map_or(ErrorClass::Failed, ErrorClass::of) {
        ErrorClass::Locked => Failure::new(Kind::Locked, said),
        ErrorClass::NotGranted => Failure::new(Kind::Failed, said)
            .hint("the chapter \"Least privilege\" of the README lists the GRANTs that are needed"),
        ErrorClass::ReadOnly => {
            let message = format!("the server takes no writes: {said}");
            Failure::new(Kind::Failed, message).hint("connect to the primary")
        }
        // In a function that a trigger or a view calls.
        ErrorClass::Missing if error.as_db_error().is_some_and(|it| it.where_().is_some()) => {
            Failure::new(Kind::Failed, said).hint(
                "a function of the database names it without its schema, and tokenctl has only \
                 pg_catalog in its search_path: qualify the name, or ALTER FUNCTION … SET search_path",
            )
        }
        ErrorClass::Failed | ErrorClass::Missing => Failure::new(Kind::Failed, said),
    }
    .into()
}

/// The failure for an error of a session's first BEGIN. The driver may not tell why a
/// connection was closed.
#[must_use]
pub fn first_error(error: postgres::Error) -> anyhow::Error {
    if !error.is_closed() && error.code() != Some(&SqlState::PROTOCOL_VIOLATION) {
        return server_error(error);
    }
    let message = format!("it ends where a transaction begins: {}", in_words(&error));
    let hint = "a pooler has to pool by transaction or by session, not by statement";
    Failure::new(Kind::Failed, message).hint(hint).into()
}

/// The classes of errors that are reported differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ErrorClass {
    Failed,
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
pub fn is_rolled_back(error: &postgres::Error) -> bool {
    error.as_db_error().is_some_and(|answer| {
        let is_of_connection = answer.code().code().starts_with("08");
        answer.parsed_severity() == Some(Severity::Error) && !is_of_connection
    })
}

/// The error in one line: the server's message, or the chain of causes.
#[must_use]
pub fn in_words(error: &postgres::Error) -> String {
    if let Some(answer) = error.as_db_error() {
        let code = answer.code().code();
        // A message raised by the database's own functions may quote the row, and its digest.
        let is_of_trigger = code.starts_with("P0");
        let said =
            if is_of_trigger { "a function of the database refuses it" } else { answer.message() };
        return format!("{said} (SQLSTATE {code})");
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
pub fn is_refused_for_tls(error: &postgres::Error) -> bool {
    let is_tls_failure = |cause| tls_error(cause).is_some() && certificate_error(cause).is_none();
    error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
        || causes(error).any(is_tls_failure)
}

fn causes(error: &postgres::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
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
