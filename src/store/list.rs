//! Listing and showing: the rows that a query covers, lent one at a time.

use anyhow::{Context, Result};

use super::engine::{Decoder, Mode, Stream};
use super::order::order_by;
use super::owners::Owners;
use super::sql::Sql;
use super::stored::{NULL, decoded};
use super::way::Way;
use super::{Projection, Row, Store, Stored, filter};
use crate::model::access::{ListQuery, RevokeQuery, Selection, ShowQuery};
use crate::model::time::Moment;
use crate::model::token::{Sort, Token};

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
        let all = T::Filter::default();
        let list = <T as Projection<T>>::select_list(self.columns::<T>()?, &all);
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

    /// Whether the ids of rows may be read without the rest of each: the database refuses
    /// rows that could not be decoded.
    #[must_use]
    pub fn vouches_for_rows(&self) -> bool {
        self.schema.is_checked
    }

    /// Whether the database may count a query's rows by itself: the filter, too, lets none pass
    /// for decoding to look at.
    #[must_use]
    pub fn vouches_for<T: Stored + Token>(&self, selection: &Selection<T>) -> bool {
        let filter = selection.filter().as_ref();
        let is_certain =
            filter.search.is_empty() && filter.scopes.is_empty() && filter.except_scopes.is_empty();
        self.vouches_for_rows() && is_certain
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
            let mut transaction = self.engine.begin(Mode::Read, timeout)?;
            let mut way = self.way::<T, P>(&transaction, selection, options)?;
            let owners = T::owners(columns).filter(|_| way.reads_many && !P::OF_OWNER.is_empty());
            let owners =
                owners.map(|sql| Owners::read(&transaction, self.sql().push(sql), &self.stop));
            let owners = owners.transpose()?.flatten();
            way.has_owners = owners.is_some();
            // Where nothing is joined each page is read once.
            if P::is_alone(&way) {
                transaction.keep_little()?;
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
            .and_then(|()| order_by::<T>(&mut sql, columns, options.sort, way))
            .map_err(|error| self.unrecorded(&error))?;
        if let Some(limit) = options.limit {
            sql.push(" LIMIT ").bind(i64::try_from(limit).unwrap_or(i64::MAX));
        }
        Ok(sql)
    }
}
