//! How the rows of a list are found, as far as SQLite's planner is not left to choose: it
//! does not know how many rows are within the bounds of a time.

use super::schema::{Comparison, Time, TimeForm};
use super::sql::Sql;
use crate::model::time::Moment;

/// The bounds that a filter sets to a time.
#[derive(Debug)]
pub struct Bounds {
    pub column: Time,
    bounds: Vec<(Comparison, Moment)>,
}

/// Which share of all rows is within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// The rows are found by the index, and the owner of each with it.
    Small,
    /// They are too, but there are so many of them that all owners are better read before.
    Medium,
    /// The rows are read in their own order.
    Large,
}

/// How the rows of a list are found. The default is left to the planner.
#[derive(Debug, Default)]
pub struct Way {
    /// The columns within whose bounds there are few rows, and many.
    pub few: Vec<&'static str>,
    pub many: Vec<&'static str>,
    /// Whether rows are sorted as they come from an index.
    pub sorts: bool,
    /// Whether so many rows are read that all owners may be read before.
    pub reads_many: bool,
    /// Whether what is said of the rows' owners is read apart from them.
    pub has_owners: bool,
}

impl Bounds {
    /// The bounds that are given of those to a column; `None`: there are none.
    ///
    /// # Errors
    ///
    /// That of a column which is not recorded, but only where it is asked for.
    pub fn of<E>(
        column: Result<Time, E>,
        bounds: impl IntoIterator<Item = (Comparison, Option<Moment>)>,
    ) -> Result<Option<Self>, E> {
        let bounds =
            bounds.into_iter().filter_map(|(comparison, bound)| Some((comparison, bound?)));
        let bounds: Vec<_> = bounds.collect();
        if bounds.is_empty() { Ok(None) } else { Ok(Some(Self { column: column?, bounds })) }
    }

    /// Writes them as a further condition on rows with this id.
    pub fn write(&self, sql: &mut Sql, id: &'static str, way: &Way) {
        let Time { sql: column, ids, .. } = self.column;
        if let Some(ids) = ids.filter(|_| !way.sorts && way.few.contains(&column)) {
            // The ids are in order then, and no whole rows are sorted.
            self.write_lookup(sql.push(" AND ").push(id).push(" IN ("), ids).push(")");
        } else {
            // With a sign, no index is used.
            let sign = if way.many.contains(&column) { "+" } else { "" };
            self.compare(sql.push(" AND "), sign, column);
        }
    }

    /// Writes the same for the ids of the column's index.
    pub fn write_lookup<'s>(
        &self,
        sql: &'s mut Sql,
        [lookup, name]: [&'static str; 2],
    ) -> &'s mut Sql {
        sql.push(lookup);
        self.compare(sql, "", name);
        sql
    }

    /// Writes whether a row is within them.
    pub fn write_alone(&self, sql: &mut Sql) {
        self.compare(sql, "", self.column.sql);
    }

    fn compare(&self, sql: &mut Sql, sign: &'static str, name: &'static str) {
        for (index, (comparison, bound)) in self.bounds.iter().enumerate() {
            sql.push(if index > 0 { " AND " } else { "" }).push(sign);
            compare(sql, self.column.form, name, *comparison, *bound);
        }
    }
}

/// Writes a comparison of a time that has this form, under the given name.
pub fn compare(
    sql: &mut Sql,
    form: TimeForm,
    name: &'static str,
    comparison: Comparison,
    moment: Moment,
) {
    let (operator, bound) = form.compare(comparison, moment);
    sql.push(name).push(operator).bind(bound);
}
