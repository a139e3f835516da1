//! Listing and showing: the rows that a query covers, lent one at a time.

use anyhow::{Context, Result};
use fastrand::Rng;

use super::engine::{Decoder, Mode, Stream, Transaction};
use super::owners::Owners;
use super::schema::Table;
use super::sql::{Sql, Value};
use super::stored::{NULL, decoded};
use super::way::{Bounds, Share, Way};
use super::{Projection, Row, Store, Stored, filter};
use crate::model::access::{ListQuery, Reach, RevokeQuery, Selection, ShowQuery};
use crate::model::time::Moment;
use crate::model::token::{Sort, SortKey, Token};

/// One of how many rows is few: beyond that, SQLite is faster when it reads all.
const FEW: i64 = 8;
/// The same where ids alone are sorted.
const FEW_IDS: i64 = 4;
/// So many rows' owners are looked up in the time in which this many times as many are read.
const OWNERS: i64 = 3;
/// In how many places it is looked whether rows are within bounds.
const PLACES: i64 = 64;
/// How many rows a list with a limit looks at before it asks an index, in its order.
const NEAR: i64 = 10_000;

/// How the rows of a query are listed.
#[derive(Clone, Copy, Debug)]
pub struct ListOptions {
    pub sort: Sort,
    /// At most this many rows.
    pub limit: Option<u64>,
    /// The instant that tokens are judged by.
    pub now: Moment,
}

impl Store {
    /// Lends the rows of a query to `read`, in order, one at a time.
    ///
    /// # Errors
    ///
    /// Those of `read`, and of the database; a usage error where the query asks for
    /// what the store does not record.
    pub fn list<T: Stored, P: Projection<T> + Send, R: Send>(
        &self,
        query: &ListQuery<T>,
        options: &ListOptions,
        read: impl FnOnce(&mut Stream<'_, Row<P>>) -> Result<R> + Send,
    ) -> Result<R> {
        self.select(query.selection(), options, read)
    }

    /// The token that a query names, if there is one in reach.
    ///
    /// # Errors
    ///
    /// As for [`Store::list`].
    pub fn show<T: Stored>(&self, query: &ShowQuery<T>, now: Moment) -> Result<Option<Row<T>>> {
        let options = ListOptions { sort: Sort::BY_ID, limit: None, now };
        let columns = self.columns::<T>()?;
        let sql = self.selection_sql::<T, T>(query.selection(), &options, &Way::default())?;
        let mut rows =
            self.read(|transaction| transaction.rows(&sql, |row| decoded::<T, T>(row, columns)))?;
        Ok(rows.pop())
    }

    /// Counts the rows that a query covers, those too that cannot be decoded: where the store
    /// [vouches](Self::vouches_for) for them there are none.
    ///
    /// # Errors
    ///
    /// As for [`Store::list`].
    pub fn count<T: Stored>(&self, selection: &Selection<T>, now: Moment) -> Result<u64> {
        let mut sql = self.sql();
        filter::count(&mut sql, self.columns::<T>()?, selection, now)
            .map_err(|error| self.unrecorded(&error))?;
        let count = |row: &mut Decoder<'_>| row.integer().map_err(anyhow::Error::msg);
        let rows = self.read(|transaction| transaction.rows(&sql, count))?;
        let count = rows.into_iter().next().context("a count is one row")?;
        Ok(u64::try_from(count?)?)
    }

    /// The names of properties that the store does not record.
    ///
    /// # Errors
    ///
    /// Where the store holds none of this kind.
    pub fn unrecorded_properties<T: Stored>(&self) -> Result<Vec<&'static str>> {
        let list = <T as Projection<T>>::select_list(self.columns::<T>()?);
        Ok(list.into_iter().filter(|(_, sql)| *sql == NULL).map(|(name, _)| name).collect())
    }

    /// Lends the tokens that a query would revoke, or a part of each, in the order of their ids.
    ///
    /// # Errors
    ///
    /// As for [`Store::list`].
    pub fn preview<T: Stored + Token, P: Projection<T> + Send, R: Send>(
        &self,
        query: &RevokeQuery<T>,
        now: Moment,
        read: impl FnOnce(&mut Stream<'_, Row<P>>) -> Result<R> + Send,
    ) -> Result<R> {
        let options = ListOptions { sort: Sort::BY_ID, limit: None, now };
        self.select(query.selection(), &options, read)
    }

    /// Whether the ids of a query's rows may be read without the rest of each: the database
    /// refuses rows that could not be decoded, and the filter lets none pass for decoding
    /// to look at.
    #[must_use]
    pub fn vouches_for<T: Stored + Token>(&self, selection: &Selection<T>) -> bool {
        let filter = selection.filter().as_ref();
        let is_certain =
            filter.search.is_empty() && filter.scopes.is_empty() && filter.except_scopes.is_empty();
        self.schema.is_checked && is_certain
    }

    fn select<T: Stored, P: Projection<T> + Send, R: Send>(
        &self,
        selection: &Selection<T>,
        options: &ListOptions,
        read: impl FnOnce(&mut Stream<'_, Row<P>>) -> Result<R> + Send,
    ) -> Result<R> {
        let columns = self.columns::<T>()?;
        let mut read = Some(read);
        self.retry_while_locked(|timeout, _| {
            let transaction = self.engine.begin(Mode::Read, timeout)?;
            let mut way = self.way::<T, P>(&transaction, selection, options)?;
            let owners = T::owners(columns).filter(|_| way.reads_many && !P::OF_OWNER.is_empty());
            let owners =
                owners.map(|sql| Owners::read(&transaction, self.sql().push(sql), &self.stop));
            let owners = owners.transpose()?.flatten();
            way.has_owners = owners.is_some();
            // Rows are read in their order, each page once; to sort, SQLite takes as much again.
            let kept = if way.has_owners { Some(2) } else { way.sorts.then_some(8) };
            if kept.is_some() {
                self.engine.keep_at_most(kept)?;
            }
            let sql = self.selection_sql::<T, P>(selection, options, &way)?;
            // The engine calls it once there are rows, or none at all.
            let result = transaction.stream_rows(
                &sql,
                |row| {
                    let mut row = decoded::<T, P>(row, columns)?;
                    if let Some(owners) = &owners {
                        row.adopt(owners);
                    }
                    Ok(row)
                },
                &self.stop,
                |rows| read.take().context("the rows have been read")?(rows),
            )?;
            if kept.is_some() {
                // What is written afterwards needs the usual.
                self.engine.keep_at_most(None)?;
            }
            transaction.commit()?;
            Ok(result)
        })
    }

    /// The statement of a list.
    pub(super) fn selection_sql<T: Stored, P: Projection<T>>(
        &self,
        selection: &Selection<T>,
        options: &ListOptions,
        way: &Way,
    ) -> Result<Sql> {
        let columns = self.columns::<T>()?;
        let mut sql = self.sql();
        filter::select::<T, P>(&mut sql, columns, selection, way, options.now)
            .and_then(|()| filter::order_by::<T>(&mut sql, columns, options.sort, way))
            .map_err(|error| self.unrecorded(&error))?;
        if let Some(limit) = options.limit {
            sql.push(" LIMIT ").bind(i64::try_from(limit).unwrap_or(i64::MAX));
        }
        Ok(sql)
    }

    /// Decides how the rows of a list are found.
    pub(super) fn way<T: Stored, P: Projection<T>>(
        &self,
        transaction: &Transaction<'_>,
        selection: &Selection<T>,
        options: &ListOptions,
    ) -> Result<Way> {
        self.way_if::<T, P>(selection, options, |bounds| {
            let Some(ids) = bounds.column.ids else { return Ok(Share::Large) };
            let columns = self.columns::<T>()?;
            let one_of = if P::IS_ID { FEW_IDS } else { FEW };
            if !self.is_small(transaction, T::table(columns), bounds, options, one_of)? {
                return Ok(Share::Large);
            }
            let owners = T::owners(columns).filter(|_| !P::OF_OWNER.is_empty());
            let Some(owners) = owners else { return Ok(Share::Small) };
            let mut sql = self.sql();
            sql.push("SELECT coalesce((SELECT id FROM (").push(owners);
            let owners = number(transaction, sql.push(") ORDER BY id DESC LIMIT 1), 0)"))?;
            let enough = (owners / OWNERS).max(1);
            let mut sql = self.sql();
            bounds.write_lookup(sql.push("SELECT count(*) FROM ("), ids);
            let rows = number(transaction, sql.push(" LIMIT ").bind(enough).push(")"))?;
            Ok(if rows == enough { Share::Medium } else { Share::Small })
        })
    }

    /// The same, by what says which share of all rows is within bounds.
    pub(super) fn way_if<T: Stored, P: Projection<T>>(
        &self,
        selection: &Selection<T>,
        options: &ListOptions,
        share: impl Fn(&Bounds) -> Result<Share>,
    ) -> Result<Way> {
        let filter = selection.filter();
        let mut way = Way::default();
        let is_narrow =
            *selection.reach() != Reach::All || T::ids(filter).is_some() || T::is_narrow(filter);
        if is_narrow {
            return Ok(way);
        }
        let all = T::bounds(self.columns::<T>()?, filter, options.now);
        let all = all.map_err(|error| self.unrecorded(&error))?;
        way.reads_many = options.limit.is_none();
        let is_by_id = options.sort.key == SortKey::Id;
        for bounds in &all {
            // Only SQLite has to be told, and so it is known how many there are.
            if !is_by_id || bounds.column.ids.is_none() {
                way.reads_many = false;
                continue;
            }
            let share = share(bounds)?;
            let columns = if share == Share::Large { &mut way.many } else { &mut way.few };
            columns.push(bounds.column.sql);
            way.reads_many &= share != Share::Small;
        }
        // Whole rows are not sorted, but found by their ids.
        way.sorts = !way.few.is_empty() && P::IS_ID;
        Ok(way)
    }

    /// Whether the index finds the rows within bounds sooner than reading all in their order
    /// does, as far as a look at some of them tells: to count them takes longer than to list
    /// them.
    fn is_small(
        &self,
        transaction: &Transaction<'_>,
        table: &Table,
        bounds: &Bounds,
        options: &ListOptions,
        one_of: i64,
    ) -> Result<bool> {
        let (id, from) = (table.id.sql, table.alone());
        if let Some(limit) = options.limit.and_then(|it| i64::try_from(it).ok()) {
            let mut sql = self.sql();
            sql.push("SELECT count(*) FROM (SELECT 1 FROM (SELECT ");
            bounds.write_alone(&mut sql);
            sql.push(" AS is_within FROM ").push(from).push(" ORDER BY ").push(id);
            sql.push(if options.sort.descending { " DESC" } else { "" });
            sql.push(" LIMIT ").bind(NEAR).push(") WHERE is_within LIMIT ").bind(limit);
            if number(transaction, sql.push(")"))? == limit {
                return Ok(false);
            }
        }
        let mut sql = self.sql();
        sql.push("SELECT coalesce(max(").push(id).push("), 0) FROM ").push(from);
        let last = number(transaction, &sql)?;
        // Anywhere, since ids may well repeat a pattern; but each time in the same places.
        let mut random = Rng::with_seed(0);
        let places = (0..PLACES).map(|_| random.i64(0..=last.max(0))).collect();
        let mut sql = self.sql();
        bounds.write_alone(sql.push("SELECT coalesce(sum((SELECT "));
        sql.push(" FROM ").push(from).push(" WHERE ").push(id).push(" >= place.value ORDER BY ");
        sql.push(id).push(" LIMIT 1)), 0) FROM json_each(").bind(Value::Integers(places));
        Ok(number(transaction, sql.push(") AS place"))? * one_of < PLACES)
    }
}

/// The one number that a statement gives.
fn number(transaction: &Transaction<'_>, sql: &Sql) -> Result<i64> {
    let rows = transaction.rows(sql, |row| row.integer().map_err(anyhow::Error::msg))?;
    rows.into_iter().next().context("a number is one row")?
}
