//! The one WHERE: what a query reaches and keeps, of every kind, for listing
//! and for revoking alike.

use std::fmt;

use super::schema::{Comparison, Time, Tokens};
use super::sql::{Dialect, Sql};
use super::{Projection, Stored, StoredToken};
use crate::model::access::{Act, Query, Reach, Revoke};
use crate::model::time::{Moment, Timestamp};
use crate::model::token::{Sort, SortKey, TokenFilter};

/// What the conditions of a filter depend on besides it.
#[derive(Clone, Copy, Debug)]
pub struct FilterContext {
    pub bounds: Bounds,
    /// The instant that tokens are judged by.
    pub now: Moment,
    /// Whether tokens that are revoked already are in question.
    pub revoked: bool,
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

/// The column of a property.
pub fn recorded<V>(column: Option<V>, property: &'static str) -> Result<V, Unrecorded> {
    column.ok_or(Unrecorded(property))
}

/// Writes the select list, `FROM` and `WHERE` of a query, for rows in the order of
/// `sort`. The reach comes first and everything else narrows it, so no filter
/// can widen it.
pub fn select<T: Stored, A: Act, P: Projection<T>>(
    sql: &mut Sql,
    columns: &T::Columns,
    query: &Query<T, A>,
    sort: Sort,
    now: Moment,
) -> Result<(), Unrecorded> {
    let filter = query.filter();
    let is_narrow = query.reach() != Reach::All || T::ids(filter).is_some() || T::is_narrow(filter);
    let is_by_id = sort.key == SortKey::Id && !is_narrow;
    let bounds = match sql.dialect() {
        Dialect::Sqlite if is_by_id => Bounds::ViaIndex,
        Dialect::Sqlite | Dialect::Postgres => Bounds::Plain,
    };

    select_list::<T, P>(sql, columns);
    sql.push(" FROM ").push(T::from(columns)).push(" WHERE ");
    within_reach(sql, columns, query);
    T::conditions(sql, columns, filter, FilterContext { bounds, now, revoked: A::REVOKED })
}

/// Writes the same for tokens that are named by their ids, each with a last column
/// that tells whether the query keeps it.
pub fn evaluate<T: StoredToken>(
    sql: &mut Sql,
    columns: &T::Columns,
    query: &Query<T, Revoke>,
    now: Moment,
) -> Result<(), Unrecorded> {
    select_list::<T, T>(sql, columns);
    sql.push(", (TRUE");
    conditions(sql, columns, query, now)?;
    sql.push(")");
    sql.push(" FROM ").push(T::from(columns)).push(" WHERE ");
    within_reach(sql, columns, query);
    Ok(())
}

/// Writes the statement that revokes those of the same tokens that the query keeps, and
/// gives the id of each.
pub fn revoke<T: StoredToken>(
    sql: &mut Sql,
    columns: &T::Columns,
    query: &Query<T, Revoke>,
    now: Moment,
    at: Timestamp,
) -> Result<(), Unrecorded> {
    let tokens = T::tokens(columns);
    sql.push(tokens.revoke.statement);
    if let Some((column, form)) = tokens.revoke.time {
        sql.push(column).bind(form.value(Moment::at(at)));
    }
    sql.push(" WHERE ");
    within_reach(sql, columns, query);
    conditions(sql, columns, query, now)?;
    // A trigger may have set the flag back.
    let is_deleted = tokens.revoke.deletes;
    sql.push(if is_deleted { " RETURNING id" } else { " RETURNING CASE WHEN revoked THEN id END" });
    Ok(())
}

/// Writes the statement that deletes first what belongs to those tokens, where the store
/// has such rows, and gives the ids of the tokens.
pub fn revoke_dependents<T: StoredToken>(
    sql: &mut Sql,
    columns: &T::Columns,
    query: &Query<T, Revoke>,
    now: Moment,
) -> Result<bool, Unrecorded> {
    let Some([head, tail]) = T::tokens(columns).revoke.dependents else { return Ok(false) };
    sql.push(head);
    within_reach(sql, columns, query);
    conditions(sql, columns, query, now)?;
    sql.push(tail);
    Ok(true)
}

fn conditions<T: StoredToken>(
    sql: &mut Sql,
    columns: &T::Columns,
    query: &Query<T, Revoke>,
    now: Moment,
) -> Result<(), Unrecorded> {
    let context = FilterContext { bounds: Bounds::Plain, now, revoked: Revoke::REVOKED };
    T::conditions(sql, columns, query.filter(), context)
}

fn select_list<T: Stored, P: Projection<T>>(sql: &mut Sql, columns: &T::Columns) {
    sql.push("SELECT ");
    for (index, (name, column)) in P::select_list(columns).into_iter().enumerate() {
        sql.push(if index > 0 { ", " } else { "" });
        // By this name a value that cannot be read is called.
        sql.push(column).push(" AS ").push(name);
    }
}

fn within_reach<T: Stored, A>(sql: &mut Sql, columns: &T::Columns, query: &Query<T, A>) {
    T::reach_condition(sql, columns, query.reach());
    if let Some(ids) = T::ids(query.filter()) {
        sql.push(" AND ").one_of(T::id_column(columns), ids);
    }
}

/// Writes `ORDER BY …`.
pub fn order_by<T: Stored>(
    sql: &mut Sql,
    columns: &T::Columns,
    sort: Sort,
) -> Result<(), Unrecorded> {
    sql.push(" ORDER BY ");
    if sort.key != SortKey::Id {
        let column = T::sort_column(columns, sort.key)?;
        match sort.key {
            SortKey::Name => sql.by_code_point(column),
            SortKey::Id | SortKey::Created | SortKey::LastUsed | SortKey::Expires => {
                sql.push(column)
            }
        };
        sql.push(if sort.descending { " DESC NULLS FIRST, " } else { " ASC NULLS LAST, " });
    }
    sql.push(T::id_column(columns));
    sql.push(if sort.descending { " DESC" } else { " ASC" });
    Ok(())
}

/// What is said of an expiry that a store does not know.
pub const EXPIRY: &str = "when tokens expire";

/// Writes the conditions that every kind of token has.
pub fn shared(
    sql: &mut Sql,
    tokens: &Tokens,
    filter: &TokenFilter,
    context: FilterContext,
) -> Result<(), Unrecorded> {
    let FilterContext { bounds, now, revoked: in_question } = context;
    // Without `..`: a filter that nobody compiles does not compile.
    let TokenFilter {
        ids: _, // beside the reach
        active,
        revoked,
        expired,
        created_after,
        created_before,
        expires_after,
        expires_before,
        expires_within,
        no_expiry,
        search,
        scopes,
        except_scopes,
    } = filter;
    let expiry = || recorded(tokens.expires_at, EXPIRY);

    if let (false, Some(column)) = (in_question, tokens.revoked) {
        sql.push(" AND NOT ").push(column);
    }
    if let Some(active) = active {
        // Judged from what is recorded.
        sql.push(if *active { " AND NOT (FALSE" } else { " AND (FALSE" });
        if let Some(column) = tokens.revoked {
            sql.push(" OR ").push(column);
        }
        if let Some(expiry) = tokens.expires_at {
            sql.push(" OR (").push(expiry.sql).push(" IS NOT NULL AND ");
            compare(sql, expiry, expiry.sql, Comparison::AtMost, now);
            sql.push(")");
        }
        sql.push(")");
    }
    if let Some(revoked) = revoked {
        let column = recorded(tokens.revoked, "that a token is revoked: there its row is deleted")?;
        sql.push(if *revoked { " AND " } else { " AND NOT " }).push(column);
    }
    if let Some(expired) = expired {
        let expiry = expiry()?;
        if *expired {
            sql.push(" AND ");
            compare(sql, expiry, expiry.sql, Comparison::AtMost, now);
        } else {
            sql.push(" AND (").push(expiry.sql).push(" IS NULL OR ");
            compare(sql, expiry, expiry.sql, Comparison::After, now);
            sql.push(")");
        }
    }
    let created =
        [(Comparison::AtLeast, at(*created_after)), (Comparison::AtMost, at(*created_before))];
    bounded(sql, tokens.created_at, bounds, created);
    let expires = [
        (Comparison::AtLeast, *expires_after),
        (Comparison::Before, *expires_before),
        (Comparison::After, expires_within.map(|_| now)),
        (Comparison::AtMost, *expires_within),
    ];
    if expires.iter().any(|(_, bound)| bound.is_some()) {
        bounded(sql, expiry()?, bounds, expires);
    }
    if let Some(no_expiry) = no_expiry {
        is_null(sql, expiry()?.sql, *no_expiry);
    }
    for word in search {
        sql.push(" AND ").contains(tokens.name, word);
    }
    // NULL where the scopes cannot be read: such a row passes, so that decoding
    // names it instead of it being lost.
    for (scopes, verdict) in [(scopes, ") IS NOT FALSE"), (except_scopes, ") IS NOT TRUE")] {
        if !scopes.is_empty() {
            sql.push(" AND (").has_scope(tokens.scopes, scopes).push(verdict);
        }
    }
    Ok(())
}

/// The bound of an instant, for [`bounded`].
pub fn at(bound: Option<Timestamp>) -> Option<Moment> {
    bound.map(Moment::at)
}

/// Writes the bounds of a time column that there are.
pub fn bounded<const N: usize>(
    sql: &mut Sql,
    column: Time,
    way: Bounds,
    bounds: [(Comparison, Option<Moment>); N],
) {
    if bounds.iter().all(|(_, bound)| bound.is_none()) {
        return;
    }
    let mut joint = " AND ";
    let by_index = column.ids.filter(|_| way == Bounds::ViaIndex);
    if let Some([lookup, _]) = by_index {
        sql.push(joint).push(lookup);
        joint = "";
    }
    let name = by_index.map_or(column.sql, |[_, name]| name);
    for (comparison, bound) in bounds {
        if let Some(bound) = bound {
            sql.push(joint);
            compare(sql, column, name, comparison, bound);
            joint = " AND ";
        }
    }
    if by_index.is_some() {
        sql.push(")");
    }
}

/// Writes the comparison of a time column, which is called `name` here.
fn compare(
    sql: &mut Sql,
    column: Time,
    name: &'static str,
    comparison: Comparison,
    moment: Moment,
) {
    let (operator, bound) = column.form.compare(comparison, moment);
    sql.push(name).push(operator).bind(bound);
}

/// Writes that a column is NULL, or that it is not.
pub fn is_null(sql: &mut Sql, column: &'static str, wanted: bool) {
    sql.push(" AND ").push(column);
    sql.push(if wanted { " IS NULL" } else { " IS NOT NULL" });
}
