//! What is said of tables: how they are filled, and their indexes.

use anyhow::Result;

use crate::store::schema::ColumnKind;
use crate::store::sql::Value;

/// A column of a new table, and what it holds.
pub type FilledColumn = (&'static str, ColumnKind);

/// The rows of a new table, as they come: a value for each column.
pub type NewRows<'r> = dyn Iterator<Item = Result<Vec<Option<Value>>>> + 'r;

/// An index of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    pub is_unique: bool,
    /// In their order; an expression is an empty name.
    pub columns: Vec<String>,
}
