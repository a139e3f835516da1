//! Errors of statements, in SQLite's own words for their codes.

use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_CONSTRAINT_TRIGGER, code_to_str};

use crate::failure::{Failure, Kind};
use crate::store::Interrupted;

/// The failure for an error of a statement.
///
/// The message that comes with the code is never repeated: a trigger (`RAISE` takes an
/// expression) or a function (`bad JSON path: '…'`) may have put a row with its digest there.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err takes")]
pub fn statement_error(error: rusqlite::Error) -> anyhow::Error {
    let Some(found) = error.sqlite_error() else {
        // Of the driver, which has no text from the database.
        return Failure::new(Kind::Failed, error.to_string()).into();
    };
    if found.code == ErrorCode::OperationInterrupted {
        return Interrupted.into();
    }
    let kind = match found.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Kind::Locked,
        _ => Kind::Failed,
    };
    let code = found.extended_code;
    let words = match code {
        SQLITE_CONSTRAINT_TRIGGER => "a trigger of the database refuses it",
        code => code_to_str(code),
    };
    Failure::new(kind, format!("{words} (SQLite code {code})")).into()
}

pub fn failed(message: impl Into<String>) -> Failure {
    Failure::new(Kind::Failed, message)
}
