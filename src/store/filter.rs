//! The one WHERE: what a query reaches and keeps, of every kind of token, for
//! listing, counting and revoking alike.

use super::Stored;
use super::schema::{Schema, Time, Tokens};
use super::sql::Sql;
use crate::model::access::{Query, Reach};
use crate::model::time::{Moment, Timestamp};
use crate::model::token::{Sort, SortKey, TokenFilter, TokenId};

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

/// Writes `FROM … WHERE …` of a query, for rows in the order of `sort` or in
/// none. The reach comes first and everything else narrows it, so no filter can
/// widen it.
pub fn from_where<T: Stored, A>(
    sql: &mut Sql,
    schema: &Schema,
    query: &Query<T, A>,
    sort: Option<Sort>,
    now: Moment,
) {
    let tokens = T::tokens(schema);
    let filter = query.filter();
    let in_order_of_ids = sort.is_some_and(|sort| sort.key == SortKey::Id);
    let is_narrow = query.reach() != Reach::All || T::is_narrow(filter);
    let bounds = if in_order_of_ids && !is_narrow { Bounds::ById } else { Bounds::Plain };

    sql.push(" FROM ").push(tokens.from).push(" WHERE ");
    T::reach_condition(sql, schema, query.reach());
    shared(sql, tokens, filter.as_ref(), bounds, now);
    T::conditions(sql, schema, filter, bounds);
}

/// Writes `ORDER BY …`.
pub fn order_by<T: Stored>(sql: &mut Sql, schema: &Schema, sort: Sort) {
    sql.push(" ORDER BY ");
    if sort.key != SortKey::Id {
        sql.push(T::sort_column(schema, sort.key));
        sql.push(if sort.descending { " DESC NULLS FIRST, " } else { " ASC NULLS LAST, " });
    }
    sql.push(T::tokens(schema).id);
    sql.push(if sort.descending { " DESC" } else { " ASC" });
}

/// The conditions that every kind of token has.
fn shared(sql: &mut Sql, tokens: &Tokens, filter: &TokenFilter, bounds: Bounds, now: Moment) {
    // Without `..`: a filter that nobody compiles does not compile.
    let TokenFilter {
        ids,
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

    match ids.as_deref() {
        None => {}
        Some([TokenId(id)]) => {
            sql.push(" AND ").push(tokens.id).push(" = ").bind(*id);
        }
        Some(ids) => {
            // One value however many ids there are, so no limit on parameters
            // is met.
            let list: Vec<i64> = ids.iter().map(|id| id.0).collect();
            sql.push(" AND ").push(tokens.id);
            sql.push(" IN (SELECT value FROM json_each(");
            sql.bind(serde_json::Value::from(list).to_string()).push("))");
        }
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
