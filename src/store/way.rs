//! How the rows of a list are found, as far as SQLite's planner is not left to choose: it
//! does not know how many rows a condition keeps.

use super::schema::{Comparison, NameColumn, Time, TimeForm};
use super::sql::Sql;
use crate::model::time::Moment;

/// A condition on a column, of which an index may find the rows.
#[derive(Debug)]
pub struct Criterion {
    pub column: &'static str,
    /// How its index is asked: see [`Time::ids`].
    pub ids: Option<[&'static str; 2]>,
    kept: Kept,
}

/// What it keeps.
#[derive(Debug)]
enum Kept {
    Within(TimeForm, Vec<(Comparison, Moment)>),
    Containing(Vec<String>),
}

/// Which share of all rows a criterion keeps.
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
    /// The columns whose criteria keep few rows, and many.
    pub few: Vec<&'static str>,
    pub many: Vec<&'static str>,
    /// Whether rows are sorted as they come from an index.
    pub sorts: bool,
    /// Whether so many rows are read that all owners may be read before.
    pub reads_many: bool,
    /// Whether what is said of the rows' owners is read apart from them.
    pub has_owners: bool,
}

impl Criterion {
    /// The bounds that are given of those to a column; `None`: there are none.
    ///
    /// # Errors
    ///
    /// That of a column which is not recorded, but only where it is asked for.
    pub fn within<E>(
        column: Result<Time, E>,
        bounds: impl IntoIterator<Item = (Comparison, Option<Moment>)>,
    ) -> Result<Option<Self>, E> {
        let bounds =
            bounds.into_iter().filter_map(|(comparison, bound)| Some((comparison, bound?)));
        let bounds: Vec<_> = bounds.collect();
        if bounds.is_empty() {
            return Ok(None);
        }
        let Time { sql: column, form, ids } = column?;
        Ok(Some(Self { column, ids, kept: Kept::Within(form, bounds) }))
    }

    /// All of these words, in a column of names.
    #[must_use]
    pub fn containing(NameColumn { sql: column, ids }: NameColumn, words: &[String]) -> Self {
        Self { column, ids, kept: Kept::Containing(words.into()) }
    }

    /// Whether its index finds the rows without looking at all others.
    #[must_use]
    pub fn is_range(&self) -> bool {
        matches!(self.kept, Kept::Within(..))
    }

    /// Writes it as a further condition on rows with this id.
    pub fn write(&self, sql: &mut Sql, id: &'static str, way: &Way) {
        let Self { column, ids, .. } = *self;
        if let Some(ids) = ids.filter(|_| !way.sorts && way.few.contains(&column)) {
            // The ids are in order then, and no whole rows are sorted.
            self.write_lookup(sql.push(" AND ").push(id).push(" IN ("), ids).push(")");
        } else {
            // With a sign, no index is used.
            let sign = if way.many.contains(&column) { "+" } else { "" };
            self.write_on(sql.push(" AND "), sign, column);
        }
    }

    /// Writes the same for the ids of the column's index.
    pub fn write_lookup<'s>(
        &self,
        sql: &'s mut Sql,
        [lookup, name]: [&'static str; 2],
    ) -> &'s mut Sql {
        sql.push(lookup);
        self.write_on(sql, "", name);
        sql
    }

    /// Writes whether it keeps a row.
    pub fn write_alone(&self, sql: &mut Sql) {
        self.write_on(sql, "", self.column);
    }

    fn write_on(&self, sql: &mut Sql, sign: &'static str, name: &'static str) {
        match &self.kept {
            Kept::Within(form, bounds) => {
                for (index, (comparison, bound)) in bounds.iter().enumerate() {
                    sql.push(if index > 0 { " AND " } else { "" }).push(sign);
                    compare(sql, *form, name, *comparison, *bound);
                }
            }
            // No index helps with that but to read it instead of the table.
            Kept::Containing(words) => {
                sql.contains(name, words);
            }
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
