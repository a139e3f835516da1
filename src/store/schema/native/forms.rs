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
            $crate::store::schema::native::forms::ids!($table, $column),
        )
    };
}

/// The names of a table, which have an index.
macro_rules! name {
    ($dialect:expr, $table:literal) => {
        $crate::store::schema::NameColumn {
            sql: "t.name",
            ids: $crate::store::schema::native::forms::ids_on(
                $dialect,
                $crate::store::schema::native::forms::ids!($table, "name"),
            ),
        }
    };
}

/// How the index of a column is asked for ids.
macro_rules! ids {
    ($table:literal, $column:literal) => {
        [concat!("SELECT i.id FROM @", $table, " i WHERE "), concat!("i.", $column)]
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

pub(super) use {ids, name, revoke, time};

/// A time as the dialect has it: a server has types for what is text in SQLite.
pub fn time_on(
    dialect: Dialect,
    sql: &'static str,
    form: TimeForm,
    ids: [&'static str; 2],
) -> Time {
    Time { sql, form: form_on(dialect, form), ids: ids_on(dialect, ids) }
}

/// How an index is asked, if it has to be: the planner of a server knows how many rows a
/// condition keeps.
pub fn ids_on(dialect: Dialect, ids: [&'static str; 2]) -> Option<[&'static str; 2]> {
    (dialect == Dialect::Sqlite).then_some(ids)
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
    if dialect == Dialect::Sqlite { ScopesForm::Json } else { ScopesForm::Array }
}

/// The scopes of a token, which are in one column in every table.
pub fn scopes(dialect: Dialect) -> Scopes {
    Scopes { sql: "t.scopes", form: scopes_form(dialect) }
}
