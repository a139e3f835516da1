//! Chooses the way in which a list's rows are found: to know how many rows a condition keeps,
//! some of them are looked at.

use anyhow::{Context, Result};
use fastrand::Rng;

use super::engine::Transaction;
use super::schema::Table;
use super::sql::{Sql, Value};
use super::way::{Criterion, Share, Way};
use super::{ListOptions, Projection, Store, Stored, filter};
use crate::model::access::{Reach, Selection};
use crate::model::token::SortKey;

/// One of how many rows is few: beyond that, SQLite is faster when it reads all.
const FEW: i64 = 8;
/// The same where ids alone are sorted.
const FEW_IDS: i64 = 4;
/// The same where the index is read from end to end.
const FEW_NAMES: i64 = 32;
const FEW_NAMED_IDS: i64 = 8;
/// So many rows' owners are looked up in the time in which this many times as many are read.
const OWNERS: i64 = 3;
/// In how many places it is looked whether rows are kept.
const PLACES: i64 = 64;
/// The same where an index that is read from end to end takes long enough for more.
const PLACES_OF_NAMES: i64 = 256;
/// How many rows a list with a limit looks at before it asks an index, in its order.
const NEAR: i64 = 10_000;

impl Store {
    /// Decides how the rows of a list are found.
    pub(super) fn way<T: Stored, P: Projection<T>>(
        &self,
        transaction: &Transaction<'_>,
        selection: &Selection<T>,
        options: &ListOptions,
    ) -> Result<Way> {
        self.way_if::<T, P>(selection, options, |criterion, one_of| {
            let Some(ids) = criterion.ids else { return Ok(Share::Large) };
            let columns = self.columns::<T>()?;
            if self.first_are_enough(transaction, T::table(columns), criterion, options)? {
                return Ok(Share::Large);
            }
            let places = if criterion.is_range() { PLACES } else { PLACES_OF_NAMES };
            let kept = self.kept_of(places, transaction, T::table(columns), criterion)?;
            if kept * one_of >= places {
                return Ok(Share::Large);
            }
            let owners = T::owners(columns).filter(|_| !P::OF_OWNER.is_empty());
            let Some(owners) = owners else { return Ok(Share::Small) };
            if !criterion.is_range() {
                // To count them would be to search for them.
                return Ok(if kept > 0 { Share::Medium } else { Share::Small });
            }
            let mut sql = self.sql();
            sql.push("SELECT coalesce((SELECT id FROM (").push(owners);
            let owners = number(transaction, sql.push(") ORDER BY id DESC LIMIT 1), 0)"))?;
            let enough = (owners / OWNERS).max(1);
            let mut sql = self.sql();
            criterion.write_lookup(sql.push("SELECT count(*) FROM ("), ids);
            let rows = number(transaction, sql.push(" LIMIT ").bind(enough).push(")"))?;
            Ok(if rows == enough { Share::Medium } else { Share::Small })
        })
    }

    /// The same, by what says which share of all rows a criterion keeps, of which less than one of
    /// so many is few.
    pub(super) fn way_if<T: Stored, P: Projection<T>>(
        &self,
        selection: &Selection<T>,
        options: &ListOptions,
        share: impl Fn(&Criterion, i64) -> Result<Share>,
    ) -> Result<Way> {
        let filter = selection.filter();
        let mut way = Way::default();
        let is_narrow =
            *selection.reach() != Reach::All || T::ids(filter).is_some() || T::is_narrow(filter);
        if is_narrow {
            return Ok(way);
        }
        let columns = self.columns::<T>()?;
        let unrecorded = |error| self.unrecorded(&error);
        let all = T::bounds(columns, filter, options.now).map_err(unrecorded)?;
        way.reads_many = options.limit.is_none();
        let is_by_id = options.sort.key == SortKey::Id;
        for bounds in &all {
            // Only SQLite has to be told, and so it is known how many there are.
            if !is_by_id || bounds.ids.is_none() {
                way.reads_many = false;
                continue;
            }
            let share = share(bounds, if P::IS_ID { FEW_IDS } else { FEW })?;
            let columns = if share == Share::Large { &mut way.many } else { &mut way.few };
            columns.push(bounds.column);
            way.reads_many &= share != Share::Small;
        }
        // Whole rows are not sorted, but found by their ids.
        way.sorts = !way.few.is_empty() && P::select_list(columns, filter).len() == 1;

        if is_by_id && way.few.is_empty() && options.limit.is_none() {
            self.search_names::<T, P>(&mut way, selection, options, share)?;
        }
        Ok(way)
    }

    /// Searches names in their index instead of the table, where this is faster. With a limit the
    /// first rows of the table may be enough.
    fn search_names<T: Stored, P: Projection<T>>(
        &self,
        way: &mut Way,
        selection: &Selection<T>,
        options: &ListOptions,
        share: impl Fn(&Criterion, i64) -> Result<Share>,
    ) -> Result<()> {
        let columns = self.columns::<T>()?;
        let unrecorded = |error| self.unrecorded(&error);
        let search = T::search(columns, selection.filter()).map_err(unrecorded)?;
        let Some(search) = search.filter(|it| it.ids.is_some()) else { return Ok(()) };
        let [mut alone, mut conditions] = [self.sql(), self.sql()];
        search.write(&mut alone, T::table(columns).id.sql, way);
        filter::conditions(&mut conditions, columns, selection, way, options.now)
            .map_err(unrecorded)?;
        // Whether the index has all that is asked for.
        let is_enough = P::IS_ID && conditions == alone;
        let share = share(&search, if is_enough { FEW_NAMED_IDS } else { FEW_NAMES })?;
        if share != Share::Large {
            way.few.push(search.column);
            way.sorts = is_enough;
            way.reads_many &= share != Share::Small;
        }
        Ok(())
    }

    /// Whether the first rows, in the order of a list with a limit, are as many as it wants.
    fn first_are_enough(
        &self,
        transaction: &Transaction<'_>,
        table: &Table,
        criterion: &Criterion,
        options: &ListOptions,
    ) -> Result<bool> {
        let Some(limit) = options.limit.and_then(|it| i64::try_from(it).ok()) else {
            return Ok(false);
        };
        let mut sql = self.sql();
        sql.push("SELECT count(*) FROM (SELECT 1 FROM (SELECT ");
        criterion.write_alone(&mut sql);
        sql.push(" AS is_kept FROM ").push(table.alone()).push(" ORDER BY ").push(table.id.sql);
        sql.push(if options.sort.descending { " DESC" } else { "" });
        sql.push(" LIMIT ").bind(NEAR).push(") WHERE is_kept LIMIT ").bind(limit);
        Ok(number(transaction, sql.push(")"))? == limit)
    }

    /// In how many of so many places a criterion keeps the row: to count all that it keeps takes
    /// longer than to list them.
    fn kept_of(
        &self,
        places: i64,
        transaction: &Transaction<'_>,
        table: &Table,
        criterion: &Criterion,
    ) -> Result<i64> {
        let (id, from) = (table.id.sql, table.alone());
        let mut sql = self.sql();
        sql.push("SELECT coalesce(max(").push(id).push("), 0) FROM ").push(from);
        let last = number(transaction, &sql)?;
        // Anywhere, since ids may well repeat a pattern; but each time in the same places.
        let mut random = Rng::with_seed(0);
        let ids = (0..places).map(|_| random.i64(0..=last.max(0))).collect();
        let mut sql = self.sql();
        criterion.write_alone(sql.push("SELECT coalesce(sum((SELECT "));
        sql.push(" FROM ").push(from).push(" WHERE ").push(id).push(" >= place.value ORDER BY ");
        sql.push(id).push(" LIMIT 1)), 0) FROM json_each(").bind(Value::Integers(ids));
        number(transaction, sql.push(") AS place"))
    }
}

/// The one number that a statement gives.
fn number(transaction: &Transaction<'_>, sql: &Sql) -> Result<i64> {
    let rows = transaction.rows(sql, |row| row.integer().map_err(anyhow::Error::msg))?;
    rows.into_iter().next().context("a number is one row")?
}
