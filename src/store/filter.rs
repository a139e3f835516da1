//! Builds the WHERE clause of lists and revocations, for every kind of token.

use super::schema::{Comparison, RevokeMethod, Time, Tokens};
use super::sql::Sql;
use super::stored::{FilterContext, NULL, Projection, Stored, Unrecorded};
use super::way::{Criterion, Way, compare};
use crate::model::access::{Reach, Selection};
use crate::model::time::{Moment, Timestamp};
use crate::model::token::{State, StateFilter, TokenFilter};

/// Returns the column of a property, or fails where it is not recorded.
pub fn recorded<V>(column: Option<V>, property: &'static str) -> Result<V, Unrecorded> {
    column.ok_or(Unrecorded(property))
}

/// Writes the select list, `FROM` and `WHERE` of a query, for rows in the order of
/// `sort`. The reach comes first and everything else narrows it, so no filter
/// can widen it.
pub fn select<T: Stored, P: Projection<T>>(
    sql: &mut Sql,
    columns: &T::Columns,
    selection: &Selection<T>,
    way: &Way,
    now: Moment,
) -> Result<(), Unrecorded> {
    let table = T::table(columns);
    select_list::<T, P>(sql, columns, selection.filter(), way);
    // Even where no row of another table is looked up, a join would ask for its key.
    let from = if P::is_alone(way) { table.alone() } else { table.from };
    sql.push(" FROM ").push(from).push(" WHERE ");
    within_reach(sql, columns, selection);
    conditions(sql, columns, selection, way, now)
}

/// Writes a statement that counts the rows of a query.
pub fn count<T: Stored>(
    sql: &mut Sql,
    columns: &T::Columns,
    selection: &Selection<T>,
    now: Moment,
) -> Result<(), Unrecorded> {
    let from = T::table(columns).alone();
    from_where(sql.push("SELECT count(*)"), from, columns, selection, now)
}

/// Writes `FROM` and `WHERE` of a query whose rows are in no order.
pub fn from_where<T: Stored>(
    sql: &mut Sql,
    from: &'static str,
    columns: &T::Columns,
    selection: &Selection<T>,
    now: Moment,
) -> Result<(), Unrecorded> {
    sql.push(" FROM ").push(from).push(" WHERE ");
    within_reach(sql, columns, selection);
    conditions(sql, columns, selection, &Way::default(), now)
}

/// Writes the statement of a query for tokens given by id, with a last column that tells whether the
/// filter keeps each.
pub fn evaluate<T: Stored>(
    sql: &mut Sql,
    columns: &T::Columns,
    selection: &Selection<T>,
    now: Moment,
) -> Result<(), Unrecorded> {
    select_list::<T, T>(sql, columns, selection.filter(), &Way::default());
    sql.push(", (TRUE");
    conditions(sql, columns, selection, &Way::default(), now)?;
    sql.push(")");
    sql.push(" FROM ").push(T::table(columns).from).push(" WHERE ");
    within_reach(sql, columns, selection);
    Ok(())
}

/// Writes the statement that revokes the tokens that match, and returns their ids. `now`
/// is for age and expiry, `at` is written to the row.
pub fn revoke<T: Stored>(
    sql: &mut Sql,
    columns: &T::Columns,
    method: &RevokeMethod,
    selection: &Selection<T>,
    (now, at): (Moment, Timestamp),
) -> Result<(), Unrecorded> {
    sql.push(method.statement);
    for (column, form) in &method.times {
        sql.push(column).bind(form.value(Moment::at(at)));
    }
    sql.push(method.condition);
    within_reach(sql, columns, selection);
    conditions(sql, columns, selection, &Way::default(), now)?;
    sql.push(" RETURNING ").push(method.returning);
    Ok(())
}

/// Writes a statement about the rows that depend on those tokens: its text before and after
/// the conditions on them.
pub fn of_tokens<T: Stored>(
    sql: &mut Sql,
    columns: &T::Columns,
    [head, tail]: [&'static str; 2],
    selection: &Selection<T>,
    now: Moment,
) -> Result<(), Unrecorded> {
    sql.push(head);
    within_reach(sql, columns, selection);
    conditions(sql, columns, selection, &Way::default(), now)?;
    sql.push(tail);
    Ok(())
}

/// Writes the conditions of a query's filter, each after an AND.
pub fn conditions<T: Stored>(
    sql: &mut Sql,
    columns: &T::Columns,
    selection: &Selection<T>,
    way: &Way,
    now: Moment,
) -> Result<(), Unrecorded> {
    let context = FilterContext {
        now,
        includes_revoked: selection.includes_revoked(),
        is_restricted: *selection.reach() != Reach::All,
        way,
    };
    of_filter::<T>(sql, columns, selection.filter(), context)
}

/// Writes the conditions of a filter, each after an AND.
pub fn of_filter<T: Stored>(
    sql: &mut Sql,
    columns: &T::Columns,
    filter: &T::Filter,
    context: FilterContext<'_>,
) -> Result<(), Unrecorded> {
    for bounds in T::bounds(columns, filter, context.now)? {
        bounds.write(sql, T::table(columns).id.sql, context.way);
    }
    T::conditions(sql, columns, filter, context)
}

fn select_list<T: Stored, P: Projection<T>>(
    sql: &mut Sql,
    columns: &T::Columns,
    filter: &T::Filter,
    way: &Way,
) {
    sql.push("SELECT ");
    for (index, (name, column)) in P::select_list(columns, filter).into_iter().enumerate() {
        let is_apart = way.has_owners && P::OF_OWNER.contains(&name);
        let column = if is_apart { NULL } else { column };
        sql.push(if index > 0 { ", " } else { "" });
        // Decoding errors name the column by its alias.
        sql.push(column).push(" AS ").push(name);
    }
}

fn within_reach<T: Stored>(sql: &mut Sql, columns: &T::Columns, selection: &Selection<T>) {
    T::reach_condition(sql, columns, selection.reach(), T::ids(selection.filter()));
    if let Some(only) = T::table(columns).only {
        sql.push(" AND ").push(only);
    }
}

/// The expiry, in the message about a store that does not record it.
pub const EXPIRY: &str = "when tokens expire";
/// The same for the time of creation.
pub const CREATION: &str = "when tokens were created";
pub const NAME: &str = "names of tokens";
pub const OWNER: &str = "who owns a token";
pub const USE: &str = "when tokens were last used";
pub const SCOPES: &str = "scopes";
const REVOCATION: &str = "revocations: it deletes the rows";

/// Writes the conditions that every kind of token has.
pub fn shared(
    sql: &mut Sql,
    tokens: &Tokens,
    filter: &TokenFilter,
    context: FilterContext<'_>,
) -> Result<(), Unrecorded> {
    let FilterContext { now, includes_revoked, is_restricted: _, way } = context;
    // No `..`: a new filter field without SQL is a compile error.
    let TokenFilter {
        ids: _, // written by `within_reach`
        states,
        revoked,
        expired,
        created_after: _, // in `shared_bounds`
        created_before: _,
        expires_after: _,
        expires_before: _,
        expires_within: _,
        no_expiry,
        search: _, // in `shared_search`
        scopes,
        except_scopes,
    } = filter;
    let expiry = || recorded(tokens.expires_at, EXPIRY);

    if !includes_revoked {
        if let Some(column) = tokens.revoked {
            sql.push(" AND NOT ").push(column);
        } else if tokens.revoke.expires {
            not_expired(sql.push(" AND "), expiry()?, now);
        }
    }
    for state in states {
        in_state(sql, tokens, *state, now)?;
    }
    if let Some(revoked) = revoked {
        let column = recorded(tokens.revoked, REVOCATION)?;
        sql.push(if *revoked { " AND " } else { " AND NOT " }).push(column);
    }
    if let Some(expired) = expired {
        let expiry = expiry()?;
        if *expired {
            sql.push(" AND ");
            compare(sql, expiry.form, expiry.sql, Comparison::AtMost, now);
        } else {
            not_expired(sql.push(" AND "), expiry, now);
        }
    }
    if let Some(no_expiry) = no_expiry {
        is_null(sql, expiry()?.sql, *no_expiry);
    }
    if let Some(search) = shared_search(tokens, filter)? {
        search.write(sql, tokens.table.id.sql, way);
    }
    // NULL where the scopes cannot be read: such a row passes, so that decoding
    // reports it.
    for (scopes, verdict) in [(scopes, ") IS NOT FALSE"), (except_scopes, ") IS NOT TRUE")] {
        if !scopes.is_empty() {
            let column = recorded(tokens.scopes, SCOPES)?;
            sql.push(" AND (").has_scope(column, scopes).push(verdict);
        }
    }
    Ok(())
}

/// Writes the condition that a token is not expired.
pub fn not_expired(sql: &mut Sql, expiry: Time, now: Moment) {
    sql.push("(").push(expiry.sql).push(" IS NULL OR ");
    compare(sql, expiry.form, expiry.sql, Comparison::After, now);
    sql.push(")");
}

/// Writes the condition on a token's state, in which revoked wins over expired. A property
/// that is not recorded does not make a token inactive.
fn in_state(
    sql: &mut Sql,
    tokens: &Tokens,
    wanted: StateFilter,
    now: Moment,
) -> Result<(), Unrecorded> {
    let expired = |sql: &mut Sql, expiry: Time| {
        sql.push("(").push(expiry.sql).push(" IS NOT NULL AND ");
        compare(sql, expiry.form, expiry.sql, Comparison::AtMost, now);
        sql.push(")");
    };
    match wanted {
        StateFilter::Is(State::Active) | StateFilter::Inactive => {
            let is_active = wanted != StateFilter::Inactive;
            sql.push(if is_active { " AND NOT (FALSE" } else { " AND (FALSE" });
            if let Some(column) = tokens.revoked {
                sql.push(" OR ").push(column);
            }
            if let Some(expiry) = tokens.expires_at {
                expired(sql.push(" OR "), expiry);
            }
            sql.push(")");
        }
        StateFilter::Is(State::Revoked) => {
            sql.push(" AND ").push(recorded(tokens.revoked, REVOCATION)?);
        }
        StateFilter::Is(State::Expired) => {
            expired(sql.push(" AND "), recorded(tokens.expires_at, EXPIRY)?);
            if let Some(column) = tokens.revoked {
                sql.push(" AND NOT ").push(column);
            }
        }
    }
    Ok(())
}

/// Returns the search for names that every kind of token has.
pub fn shared_search(
    tokens: &Tokens,
    filter: &TokenFilter,
) -> Result<Option<Criterion>, Unrecorded> {
    if filter.search.is_empty() {
        return Ok(None);
    }
    Ok(Some(Criterion::containing(recorded(tokens.name, NAME)?, &filter.search)))
}

/// Returns the bounds on times that every kind of token has.
pub fn shared_bounds(
    tokens: &Tokens,
    filter: &TokenFilter,
    now: Moment,
) -> Result<Vec<Criterion>, Unrecorded> {
    let created = [
        (Comparison::AtLeast, at(filter.created_after)),
        (Comparison::AtMost, at(filter.created_before)),
    ];
    let expires = [
        (Comparison::AtLeast, filter.expires_after),
        (Comparison::Before, filter.expires_before),
        (Comparison::After, filter.expires_within.map(|_| now)),
        (Comparison::AtMost, filter.expires_within),
    ];
    let created = Criterion::within(recorded(tokens.created_at, CREATION), created)?;
    let expires = Criterion::within(recorded(tokens.expires_at, EXPIRY), expires)?;
    Ok(created.into_iter().chain(expires).collect())
}

/// Converts an instant to a bound for [`Criterion::within`].
pub fn at(bound: Option<Timestamp>) -> Option<Moment> {
    bound.map(Moment::at)
}

/// Writes a condition that a column is NULL, or is not.
pub fn is_null(sql: &mut Sql, column: &'static str, wanted: bool) {
    sql.push(" AND ").push(column);
    sql.push(if wanted { " IS NULL" } else { " IS NOT NULL" });
}
