//! What the store has to know of a kind of thing to list, show and revoke it.

use std::fmt;

use super::engine::Decoder;
use super::schema::{RevokeMethod, Schema, Table};
use super::sql::Sql;
use crate::model::access::{Guarded, Reach};
use crate::model::id::TokenId;
use crate::model::time::Moment;
use crate::model::token::{SortKey, Token};

/// A kind of thing that stores hold.
pub trait Stored: Guarded + Projection<Self> + Send {
    /// What a schema tells of the kind.
    type Columns: Sync + 'static;

    /// The kind in messages: one, and many.
    const NOUN: [&'static str; 2];

    /// `None` where the store holds nothing of the kind.
    fn columns(schema: &Schema) -> Option<&Self::Columns>;
    fn table(columns: &Self::Columns) -> &Table;
    /// `None` for a kind that is never revoked.
    #[must_use]
    fn revoke_method(_: &Self::Columns) -> Option<&RevokeMethod> {
        None
    }
    /// Writes the first condition of the WHERE.
    fn reach_condition(sql: &mut Sql, columns: &Self::Columns, reach: Reach);
    /// The tokens that the filter names.
    fn ids(filter: &Self::Filter) -> Option<&[TokenId]>;
    /// Whether the filter leaves few rows, which the database finds at once.
    fn is_narrow(filter: &Self::Filter) -> bool;
    /// Writes the filter's conditions, ids aside, each with its AND.
    fn conditions(
        sql: &mut Sql,
        columns: &Self::Columns,
        filter: &Self::Filter,
        context: FilterContext,
    ) -> Result<(), Unrecorded>;
    fn sort_column(columns: &Self::Columns, key: SortKey) -> Result<&'static str, Unrecorded>;
}

/// What the conditions of a filter depend on besides it.
#[derive(Clone, Copy, Debug)]
pub struct FilterContext {
    pub bounds: Bounds,
    /// The instant that tokens are judged by.
    pub now: Moment,
    /// Whether tokens that are revoked already are in question.
    pub includes_revoked: bool,
}

/// How bounds of a time column find their rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounds {
    /// As plain conditions, for the planner to use as it sees fit.
    Plain,
    /// By a list of ids from the column's index, where SQLite has one. A list in the
    /// order of ids is made from it without sorting rows. Left to itself, SQLite reads
    /// the whole table for one bound, and sorts whole rows for two. Of 3 million rows
    /// the list took 0.4 times the reading where it kept 3 of 100, and 1.6 times at
    /// the worst; the sorting took up to 5 times the reading.
    ViaIndex,
}

/// A property that a filter or an order asks for, and the store does not record.
#[derive(Debug)]
pub struct Unrecorded(pub &'static str);

impl fmt::Display for Unrecorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it does not record {}", self.0)
    }
}

impl std::error::Error for Unrecorded {}

/// What is read of a thing that stores hold: all that is known of it, or its id.
pub trait Projection<T: Stored>: Sized {
    /// What `decode` reads, in its order, each with a name; the id comes first.
    fn select_list(columns: &T::Columns) -> Vec<(&'static str, &'static str)>;
    fn decode(row: &mut Decoder<'_>, columns: &T::Columns) -> Result<Self, String>;
}

impl<T: Stored + Token> Projection<T> for TokenId {
    fn select_list(columns: &T::Columns) -> Vec<(&'static str, &'static str)> {
        vec![("id", T::table(columns).id)]
    }

    fn decode(row: &mut Decoder<'_>, _: &T::Columns) -> Result<Self, String> {
        row.token_id()
    }
}

/// A token or event, or a row that could not be read as one.
pub type Row<T> = Result<T, BrokenRow>;

/// A row that cannot be decoded. It is never shown nor revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenRow {
    pub id: i64,
    pub problem: String,
}

/// Reads a row as far as it can be read.
pub fn decoded<T: Stored, P: Projection<T>>(row: &mut Decoder<'_>, columns: &T::Columns) -> Row<P> {
    let id = row.peek_id();
    P::decode(row, columns).map_err(|problem| BrokenRow { id, problem })
}
