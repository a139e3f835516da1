//! The one WHERE: what a query reaches and keeps, of every kind, for listing
//! and for revoking alike.

use super::schema::{Schema, Time, Tokens};
use super::sql::Sql;
use super::{Stored, StoredToken};
use crate::model::access::{Act, Query, Reach, Revoke};
use crate::model::time::{Moment, Timestamp};
use crate::model::token::{Sort, SortKey, TokenFilter, TokenId};

/// What the conditions of a filter depend on besides it.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
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
    /// By a list of ids from the column's index. A list in the order of ids is
    /// made from it without sorting rows. Left to itself, SQLite reads the whole
    /// table for one bound, and sorts whole rows for two. Of 3 million rows the
    /// list took 0.4 times the reading where it kept 3 of 100, and 1.6 times at
    /// the worst; the sorting took up to 5 times the reading.
    ById,
}

/// Writes the select list, `FROM` and `WHERE` of a query, for rows in the order of
/// `sort`. The reach comes first and everything else narrows it, so no filter
/// can widen it.
pub fn select<T: Stored, A: Act>(
    sql: &mut Sql,
    schema: &Schema,
    query: &Query<T, A>,
    sort: Sort,
    now: Moment,
) {
    let filter = query.filter();
    let is_narrow = query.reach() != Reach::All || T::ids(filter).is_some() || T::is_narrow(filter);
    let bounds = if sort.key == SortKey::Id && !is_narrow { Bounds::ById } else { Bounds::Plain };

    columns::<T>(sql, schema);
    within_reach(sql, schema, query);
    T::conditions(sql, schema, filter, Terms { bounds, now, revoked: A::REVOKED });
}

/// Writes the same for tokens that are named by their ids, each with a last column
/// that tells whether the query keeps it.
pub fn judge<T: StoredToken>(
    sql: &mut Sql,
    schema: &Schema,
    query: &Query<T, Revoke>,
    now: Moment,
) {
    let terms = Terms { bounds: Bounds::Plain, now, revoked: Revoke::REVOKED };
    columns::<T>(sql, schema);
    sql.push(", (TRUE");
    T::conditions(sql, schema, query.filter(), terms);
    sql.push(")");
    within_reach(sql, schema, query);
}

fn columns<T: Stored>(sql: &mut Sql, schema: &Schema) {
    sql.push("SELECT ");
    for (index, column) in T::select_list(schema).into_iter().enumerate() {
        sql.push(if index > 0 { ", " } else { "" }).push(column);
    }
}

fn within_reach<T: Stored, A>(sql: &mut Sql, schema: &Schema, query: &Query<T, A>) {
    sql.push(" FROM ").push(T::from(schema)).push(" WHERE ");
    T::reach_condition(sql, schema, query.reach());
    match T::ids(query.filter()) {
        None => {}
        Some([TokenId(id)]) => {
            sql.push(" AND ").push(T::id_column(schema)).push(" = ").bind(*id);
        }
        Some(ids) => {
            // One value however many ids there are, so no limit on parameters
            // is met.
            let list: Vec<i64> = ids.iter().map(|id| id.0).collect();
            sql.push(" AND ").push(T::id_column(schema));
            sql.push(" IN (SELECT value FROM json_each(");
            sql.bind(serde_json::Value::from(list).to_string()).push("))");
        }
    }
}

/// Writes `ORDER BY …`.
pub fn order_by<T: Stored>(sql: &mut Sql, schema: &Schema, sort: Sort) {
    sql.push(" ORDER BY ");
    if sort.key != SortKey::Id {
        sql.push(T::sort_column(schema, sort.key));
        sql.push(if sort.descending { " DESC NULLS FIRST, " } else { " ASC NULLS LAST, " });
    }
    sql.push(T::id_column(schema));
    sql.push(if sort.descending { " DESC" } else { " ASC" });
}

/// Writes the conditions that every kind of token has.
pub fn shared(sql: &mut Sql, tokens: &Tokens, filter: &TokenFilter, terms: Terms) {
    let Terms { bounds, now, revoked: in_question } = terms;
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
    let expiry = tokens.expires_at;

    if !in_question {
        sql.push(" AND NOT ").push(tokens.revoked);
    }
    let today = expiry.form.value(now);
    if let Some(active) = active {
        sql.push(if *active { " AND NOT (" } else { " AND (" });
        sql.push(tokens.revoked).push(" OR (");
        sql.push(expiry.sql).push(" IS NOT NULL AND ");
        sql.push(expiry.sql).push(" <= ").bind(today.clone()).push("))");
    }
    if let Some(revoked) = revoked {
        sql.push(if *revoked { " AND " } else { " AND NOT " });
        sql.push(tokens.revoked);
    }
    match expired {
        None => {}
        Some(true) => {
            sql.push(" AND ").push(expiry.sql).push(" <= ").bind(today);
        }
        Some(false) => {
            sql.push(" AND (").push(expiry.sql).push(" IS NULL OR ");
            sql.push(expiry.sql).push(" > ").bind(today).push(")");
        }
    }
    let created = [(" >= ", created_after), (" <= ", created_before)];
    bounded(sql, tokens.created_at, bounds, created.map(at));
    let expires = [
        (" >= ", *expires_after),
        (" < ", *expires_before),
        (" > ", expires_within.map(|_| now)),
        (" <= ", *expires_within),
    ];
    bounded(sql, expiry, bounds, expires);
    if let Some(no_expiry) = no_expiry {
        is_null(sql, expiry.sql, *no_expiry);
    }
    for word in search {
        sql.push(" AND tokenctl_contains(").push(tokens.name).push(", ");
        sql.bind(word.as_str()).push(")");
    }
    // NULL where the scopes cannot be read: such a row passes, so that decoding
    // names it instead of it being lost.
    for (scopes, verdict) in [(scopes, " IS NOT FALSE"), (except_scopes, " IS NOT TRUE")] {
        if !scopes.is_empty() {
            sql.push(" AND tokenctl_has_scope(").push(tokens.scopes).push(", ");
            sql.bind(serde_json::Value::from(scopes.as_slice()).to_string()).push(")");
            sql.push(verdict);
        }
    }
}

/// The bound of an instant, for [`bounded`].
pub fn at((operator, bound): (&'static str, &Option<Timestamp>)) -> (&'static str, Option<Moment>) {
    (operator, bound.map(Moment::at))
}

/// Writes the bounds of a time column that there are.
pub fn bounded<const N: usize>(
    sql: &mut Sql,
    column: Time,
    way: Bounds,
    bounds: [(&'static str, Option<Moment>); N],
) {
    let mut joint = " AND ";
    let name = match way {
        Bounds::Plain => column.sql,
        Bounds::ById => {
            if bounds.iter().all(|(_, bound)| bound.is_none()) {
                return;
            }
            let [lookup, name] = column.ids;
            sql.push(joint).push(lookup);
            joint = "";
            name
        }
    };
    for (operator, bound) in bounds {
        if let Some(bound) = bound {
            sql.push(joint).push(name).push(operator).bind(column.form.value(bound));
            joint = " AND ";
        }
    }
    if way == Bounds::ById {
        sql.push(")");
    }
}

/// Writes that a column is NULL, or that it is not.
pub fn is_null(sql: &mut Sql, column: &'static str, wanted: bool) {
    sql.push(" AND ").push(column);
    sql.push(if wanted { " IS NULL" } else { " IS NOT NULL" });
}
