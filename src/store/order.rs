//! Builds the ORDER BY clause of lists.

use super::filter::{CREATION, EXPIRY, NAME, recorded};
use super::schema::Tokens;
use super::sql::Sql;
use super::stored::{Stored, Unrecorded};
use super::way::Way;
use crate::model::token::{Sort, SortKey};

/// Writes the ORDER BY clause.
pub fn order_by<T: Stored>(
    sql: &mut Sql,
    columns: &T::Columns,
    sort: Sort,
    way: &Way,
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
    // With a sign, rows are not read in the order of ids.
    sql.push(if way.sorts { "+" } else { "" }).by_id(T::table(columns).id);
    sql.push(if sort.descending { " DESC" } else { " ASC" });
    Ok(())
}

/// Returns the column of a sort key that every kind of token has.
pub fn shared_sort_column(tokens: &Tokens, key: SortKey) -> Result<&'static str, Unrecorded> {
    Ok(match key {
        SortKey::Id => tokens.table.id.sql,
        SortKey::Created => recorded(tokens.created_at, CREATION)?.sql,
        SortKey::Expires => recorded(tokens.expires_at, EXPIRY)?.sql,
        SortKey::Name => recorded(tokens.name, NAME)?.sql,
        SortKey::LastUsed => return Err(Unrecorded("the use of such tokens")),
    })
}
