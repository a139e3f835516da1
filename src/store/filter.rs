//! The one WHERE: what a query reaches and keeps, of every kind of token, for
//! listing, counting and revoking alike.

use super::Stored;
use super::schema::{Schema, Time, Tokens};
use super::sql::Sql;
use crate::model::access::Query;
use crate::model::time::Moment;
use crate::model::token::{Sort, SortKey, TokenFilter, TokenId};

/// Writes `FROM … WHERE …` of a query. The reach comes first and everything
/// else narrows it, so no filter can widen it.
pub fn from_where<T: Stored, A>(sql: &mut Sql, schema: &Schema, query: &Query<T, A>, now: Moment) {
    let tokens = T::tokens(schema);
    sql.push(" FROM ").push(tokens.from).push(" WHERE ");
    T::reach_condition(sql, schema, query.reach());
    shared(sql, tokens, query.filter().as_ref(), now);
    T::conditions(sql, schema, query.filter());
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
fn shared(sql: &mut Sql, tokens: &Tokens, filter: &TokenFilter, now: Moment) {
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
    if let Some(active) = active {
        sql.push(if *active { " AND NOT (" } else { " AND (" });
        sql.push(tokens.revoked).push(" OR ");
        is_expired(sql, expiry, now);
        sql.push(")");
    }
    if let Some(revoked) = revoked {
        sql.push(if *revoked { " AND " } else { " AND NOT " });
        sql.push(tokens.revoked);
    }
    if let Some(expired) = expired {
        sql.push(if *expired { " AND " } else { " AND NOT " });
        is_expired(sql, expiry, now);
    }
    if let Some(bound) = created_after {
        compare(sql, tokens.created_at, " >= ", Moment::at(*bound));
    }
    if let Some(bound) = created_before {
        compare(sql, tokens.created_at, " <= ", Moment::at(*bound));
    }
    if let Some(bound) = expires_after {
        compare(sql, expiry, " >= ", *bound);
    }
    if let Some(bound) = expires_before {
        compare(sql, expiry, " < ", *bound);
    }
    if let Some(bound) = expires_within {
        compare(sql, expiry, " > ", now);
        compare(sql, expiry, " <= ", *bound);
    }
    if let Some(no_expiry) = no_expiry {
        is_null(sql, expiry.sql, *no_expiry);
    }
    for word in search {
        sql.push(" AND tokenctl_contains(").push(tokens.name).push(", ");
        sql.bind(word.as_str()).push(")");
    }
    has_scope(sql, tokens.scopes, scopes, " THEN EXISTS ");
    has_scope(sql, tokens.scopes, except_scopes, " THEN NOT EXISTS ");
}

/// Writes whether a token is expired: true or false, never NULL.
fn is_expired(sql: &mut Sql, expiry: Time, now: Moment) {
    sql.push("(").push(expiry.sql).push(" IS NOT NULL AND ");
    sql.push(expiry.sql).push(" <= ").bind(expiry.form.value(now)).push(")");
}

/// Writes ` AND column operator bound`.
pub fn compare(sql: &mut Sql, column: Time, operator: &'static str, bound: Moment) {
    sql.push(" AND ").push(column.sql).push(operator);
    sql.bind(column.form.value(bound));
}

/// Writes that a column is NULL, or that it is not.
pub fn is_null(sql: &mut Sql, column: &'static str, wanted: bool) {
    sql.push(" AND ").push(column);
    sql.push(if wanted { " IS NULL" } else { " IS NOT NULL" });
}

/// A row whose scopes cannot be read passes, so that decoding names it instead
/// of it being lost.
fn has_scope(sql: &mut Sql, column: &'static str, scopes: &[String], then: &'static str) {
    if scopes.is_empty() {
        return;
    }
    sql.push(" AND CASE WHEN json_valid(").push(column).push(")").push(then);
    sql.push("(SELECT 1 FROM json_each(").push(column).push(") WHERE value IN (");
    sql.bind_all(scopes).push(")) ELSE TRUE END");
}
