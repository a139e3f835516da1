//! What is to become of each id of a batch, as the rows are now.

use anyhow::{Result, ensure};

use super::{BatchOptions, Decision};
use crate::model::access::RevokeQuery;
use crate::model::id::{IdList, TokenId};
use crate::model::time::Moment;
use crate::model::token::{Sort, Token};
use crate::store::engine::Transaction;
use crate::store::order::order_by;
use crate::store::sql::Sql;
use crate::store::stored::decoded;
use crate::store::way::Way;
use crate::store::{Row, Store, Stored, filter};

impl Store {
    pub(super) fn evaluate<T: Stored + Token>(
        &self,
        transaction: &Transaction<'_>,
        query: &RevokeQuery<T>,
        options: &BatchOptions<'_, T>,
    ) -> Result<Vec<Decision<T>>> {
        let columns = self.columns::<T>()?;
        let sql = self.evaluation_sql(query, options.now)?;
        let rows = transaction.rows(&sql, |row| {
            let token = decoded::<T, T>(row, columns);
            // NULL where a column is that the filter asks for: not kept.
            let is_kept = token.is_ok() && row.optional_boolean() == Ok(Some(true));
            (token, is_kept)
        })?;
        let mut rows = rows.into_iter().peekable();

        let ids = query.ids().map(|ids| ids.iter().map(TokenId)).into_iter().flatten();
        let mut decisions = Vec::with_capacity(query.ids().map_or(0, IdList::len));
        // Where revoking lets a token expire, one that has expired is as good as revoked.
        let expires = self.revoke_method::<T>()?.expires;
        let is_done = |token: &T| {
            let token = token.properties();
            token.revoked || expires && token.is_expired(options.now)
        };
        for id in ids {
            let row = rows.next_if(|(row, _)| id_of(row).as_ref() == Some(&id));
            // A view, or a table without a key: which of them is meant nobody can say. A filter
            // that keeps both gives the id twice.
            let is_unique = rows.peek().is_none_or(|(row, _)| id_of(row).as_ref() != Some(&id));
            ensure!(is_unique, "two rows have the id {id}");
            decisions.push(match row {
                None => Decision::Deny(id),
                Some((Err(broken), _)) => Decision::Broken(broken),
                // Also of one that is revoked: it is another.
                Some((Ok(token), _)) if options.fits.is_some_and(|fits| !fits(&token)) => {
                    Decision::Spare(token)
                }
                Some((Ok(token), _)) if is_done(&token) => Decision::AlreadyRevoked(token),
                Some((Ok(token), is_kept)) if !is_kept || !options.is_chosen(&token) => {
                    Decision::Spare(token)
                }
                Some((Ok(token), _)) => Decision::Revoke(token),
            });
        }
        ensure!(rows.next().is_none(), "ids are not in ascending order");
        Ok(decisions)
    }

    /// The statement that evaluates the tokens that a query names.
    pub(in crate::store) fn evaluation_sql<T: Stored + Token>(
        &self,
        query: &RevokeQuery<T>,
        now: Moment,
    ) -> Result<Sql> {
        let columns = self.columns::<T>()?;
        let mut sql = self.sql();
        filter::evaluate(&mut sql, columns, query.selection(), now)
            .and_then(|()| order_by::<T>(&mut sql, columns, Sort::BY_ID, &Way::default()))
            .map_err(|error| self.unrecorded(&error))?;
        Ok(sql)
    }
}

impl<T: Token> BatchOptions<'_, T> {
    fn is_chosen(&self, token: &T) -> bool {
        let token = token.properties();
        self.chosen.is_none_or(|ids| ids.has(&token.id.0))
            && (token.created_at <= self.newest || self.newest.is_none())
    }
}

fn id_of<T: Token>(row: &Row<T>) -> Option<TokenId> {
    match row {
        Ok(token) => Some(token.id()),
        Err(broken) => broken.id.clone().ok(),
    }
}
