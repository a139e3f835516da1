//! How a native store holds times and scopes in either dialect, and what a revocation of either
//! kind of token has in common.

use crate::store::schema::{Time, TimeForm};
use crate::store::scopes::{Scopes, ScopesForm};
use crate::store::sql::Dialect;

/// A column of a table that holds times, which has an index.
macro_rules! time {
    ($dialect:expr, $table:literal, $column:literal, $form:ident) => {
        $crate::store::schema::native::forms::time_on(
            $dialect,
            concat!("t.", $column),
            $crate::store::schema::TimeForm::$form,
            [concat!("SELECT i.id FROM @", $table, " i WHERE "), concat!("i.", $column)],
        )
    };
}

/// How a token of a table is revoked, with the times that this sets.
macro_rules! revoke {
    ($table:literal, $times:expr) => {
        $crate::store::schema::RevokeMethod {
            statement: concat!("UPDATE @", $table, " AS t SET revoked = TRUE"),
            times: $times,
            condition: " WHERE ",
            returning: "CASE WHEN revoked THEN id END",
            renames: false,
            deletes: false,
            expires: false,
            remaining: concat!("SELECT t.id FROM @", $table, " t WHERE NOT t.revoked AND "),
            dependents: Vec::new(),
            left_over: Vec::new(),
        }
    };
}

pub(super) use {revoke, time};

/// A time as the dialect has it: a server has types for what is text in SQLite, and a planner
/// that knows how many rows are within bounds.
pub fn time_on(
    dialect: Dialect,
    sql: &'static str,
    form: TimeForm,
    ids: [&'static str; 2],
) -> Time {
    match dialect {
        Dialect::Sqlite => Time { sql, form, ids: Some(ids) },
        Dialect::Postgres => Time::plain(sql, form_on(dialect, form)),
    }
}

/// The form of a time in a dialect, of its form in SQLite.
#[must_use]
pub fn form_on(dialect: Dialect, form: TimeForm) -> TimeForm {
    match (dialect, form) {
        (Dialect::Postgres, TimeForm::Iso) => TimeForm::Timestamptz,
        (Dialect::Postgres, TimeForm::IsoDate) => TimeForm::Date,
        (_, form) => form,
    }
}

/// The form of scopes in a dialect.
#[must_use]
pub fn scopes_form(dialect: Dialect) -> ScopesForm {
    match dialect {
        Dialect::Sqlite => ScopesForm::Json,
        Dialect::Postgres => ScopesForm::Array,
    }
}

/// The scopes of a token, which are in one column in every table.
pub fn scopes(dialect: Dialect) -> Scopes {
    Scopes { sql: "t.scopes", form: scopes_form(dialect) }
}
