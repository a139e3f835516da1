//! Counting what each of several filters keeps, in one statement.

use anyhow::{Context, Result};

use super::count;
use crate::model::access::{ListQuery, Selection};
use crate::model::time::Moment;
use crate::model::token::{Sort, Token};
use crate::store::engine::Streamed;
use crate::store::filter::{from_where, of_filter};
use crate::store::sql::Sql;
use crate::store::stored::{FilterContext, Stored};
use crate::store::way::Way;
use crate::store::{ListOptions, Store};

impl Store {
    /// Counts the rows of a query that each filter keeps, and those that cannot be read.
    ///
    /// # Errors
    ///
    /// Those of the database; a usage error where the query or a filter asks for what the
    /// store does not record.
    pub fn count_each<T: Stored + Token>(
        &self,
        query: &ListQuery<T>,
        filters: &[T::Filter],
        now: Moment,
    ) -> Result<(Vec<u64>, u64)> {
        if self.vouches_for(query.selection()) {
            let columns = self.columns::<T>()?;
            let each: Vec<_> = filters.iter().map(Some).collect();
            let sql = self.counts_sql::<T>(columns, query.selection(), &each, now)?;
            let rows = self.read(|transaction| {
                transaction.rows(&sql, |row| {
                    filters.iter().map(|_| count(row)).collect::<Result<Vec<_>, String>>()
                })
            })?;
            let counts = rows.into_iter().next().context("counts are one row")?;
            return Ok((counts.map_err(anyhow::Error::msg)?, 0));
        }
        let options = ListOptions { sort: Sort::BY_ID, limit: None, now };
        let filters = filters.to_vec();
        self.list::<T, T, _>(query, &options, move |rows| {
            let (mut counts, mut broken) = (vec![0; filters.len()], 0);
            for row in rows {
                match row? {
                    Streamed::Pause => {}
                    Streamed::Row(Ok(token)) => {
                        for (count, filter) in counts.iter_mut().zip(&filters) {
                            *count += u64::from(token.is_kept_by(filter, now));
                        }
                    }
                    Streamed::Row(Err(_)) => broken += 1,
                }
            }
            Ok((counts, broken))
        })
    }

    /// Whether the store records all that a filter asks for.
    #[must_use]
    pub fn can_ask<T: Stored>(&self, filter: &T::Filter, now: Moment) -> bool {
        let (mut sql, way) = (self.sql(), Way::default());
        let asked = self
            .columns::<T>()
            .map(|columns| of_filter::<T>(&mut sql, columns, filter, asked_by_all(now, &way)));
        matches!(asked, Ok(Ok(())))
    }

    /// The statement that counts the rows of a query that each filter keeps; none by `None`.
    pub(in crate::store) fn counts_sql<T: Stored>(
        &self,
        columns: &T::Columns,
        selection: &Selection<T>,
        filters: &[Option<&T::Filter>],
        now: Moment,
    ) -> Result<Sql> {
        let way = Way::default();
        let mut sql = self.sql();
        let written = (|| {
            for (index, filter) in filters.iter().enumerate() {
                sql.push(if index > 0 { ", " } else { "SELECT " }).push("count(*) FILTER (WHERE ");
                match filter {
                    None => sql.push("FALSE"),
                    Some(filter) => {
                        sql.push("TRUE");
                        of_filter::<T>(&mut sql, columns, filter, asked_by_all(now, &way))?;
                        &mut sql
                    }
                };
                sql.push(")");
            }
            from_where(&mut sql, T::table(columns).alone(), columns, selection, now)
        })();
        written.map_err(|error| self.unrecorded(&error))?;
        Ok(sql)
    }
}

/// The context of conditions on rows that are found otherwise.
fn asked_by_all(now: Moment, way: &Way) -> FilterContext<'_> {
    FilterContext { now, includes_revoked: true, is_restricted: false, way }
}
