//! Counts that the database makes: the totals and the groups by owner by itself; for the other
//! groups it lends one column, which in SQLite is faster than a sort of every row by an
//! expression that no index has. Never reads a whole row, and gives up at the first value that
//! cannot be read.

use anyhow::{Context, Result};

use super::tally::Tally;
use super::{Stats, Wanted, count, recorded_totals};
use crate::model::access::Selection;
use crate::model::personal_access_token::PersonalAccessToken;
use crate::model::stats::{By, Total};
use crate::model::time::Moment;
use crate::model::token::State;
use crate::store::Store;
use crate::store::engine::{Decoder, Streamed, Transaction};
use crate::store::filter::from_where;
use crate::store::schema::{PersonalAccessTokens, Time};
use crate::store::sql::{Dialect, Sql};
use crate::store::stored::NULL;

const ACTIVE: Total = Total::State(State::Active);

impl Store {
    /// Counts in the database, and by one column at a time. `None`: a value cannot be read.
    pub(super) fn counted(
        &self,
        transaction: &Transaction<'_>,
        columns: &PersonalAccessTokens,
        selection: &Selection<PersonalAccessToken>,
        wanted: Wanted<'_>,
    ) -> Result<Option<Stats>> {
        let mut stats = Stats::default();
        if wanted.by.is_empty() {
            stats.totals = self.totals(transaction, columns, selection, wanted.now)?;
            stats.total = stats.totals.first().map_or(0, |(_, count)| *count);
        }
        let mut owners = None;
        for by in wanted.by {
            let counted = if let Some(time) = time_column(columns, *by) {
                let sql = self.values_of(time.sql, columns, selection, wanted.now)?;
                let mut tally = Tally::new(*by, wanted.bucket);
                let decode = |row: &mut Decoder<'_>| row.expiry(Some(time.form));
                self.tally(transaction, &sql, decode, |time| tally.add_time(time))?
                    .map(|total| (total, tally))
            } else if *by == By::Scope {
                let scopes = columns.token.scopes.context("they are recorded")?;
                let sql = self.values_of(scopes.sql, columns, selection, wanted.now)?;
                let mut tally = Tally::new(*by, wanted.bucket);
                let decode = |row: &mut Decoder<'_>| row.scopes(scopes.form);
                self.tally(transaction, &sql, decode, |scopes| tally.add_scopes(&scopes))?
                    .map(|total| (total, tally))
            } else {
                if owners.is_none() {
                    let by_owner: Vec<_> =
                        wanted.by.iter().copied().filter(|by| is_of_owner(*by)).collect();
                    owners =
                        Some(self.owners(transaction, columns, selection, &by_owner, wanted)?);
                }
                let (total, tallies) = owners.as_mut().context("they are counted")?;
                let place = tallies.iter().position(|it| it.by == *by).context("it is counted")?;
                Some((*total, tallies.swap_remove(place)))
            };
            let Some((total, tally)) = counted else { return Ok(None) };
            stats.total = total;
            stats.groups.push(tally.groups());
        }
        Ok(Some(stats))
    }

    fn totals(
        &self,
        transaction: &Transaction<'_>,
        columns: &PersonalAccessTokens,
        selection: &Selection<PersonalAccessToken>,
        now: Moment,
    ) -> Result<Vec<(Total, u64)>> {
        let mut totals = recorded_totals(columns);
        // What is left of the others: a fourth of the time of the whole statement.
        totals.retain(|it| *it != ACTIVE);
        let filters: Vec<_> = totals.iter().map(|total| total.filter(now)).collect();
        let filters: Vec<_> = filters.iter().map(Option::as_ref).collect();
        let sql = self.counts_sql::<PersonalAccessToken>(columns, selection, &filters, now)?;
        let counts = transaction.rows(&sql, |row| {
            totals.iter().map(|total| Ok((*total, count(row)?))).collect::<Result<Vec<_>, String>>()
        })?;
        let counts = counts.into_iter().next().context("counts are one row")?;
        let mut counts = counts.map_err(anyhow::Error::msg)?;
        let counted = |wanted| counts.iter().find(|(it, _)| *it == wanted).map_or(0, |it| it.1);
        let inactive = [State::Expired, State::Revoked].map(|it| counted(Total::State(it)));
        let active = counted(Total::All).saturating_sub(inactive.iter().sum());
        counts.insert(1, (ACTIVE, active));
        Ok(counts)
    }

    /// Counts the tokens of each owner, and of each kind of owner.
    fn owners(
        &self,
        transaction: &Transaction<'_>,
        columns: &PersonalAccessTokens,
        selection: &Selection<PersonalAccessToken>,
        by: &[By],
        wanted: Wanted<'_>,
    ) -> Result<(u64, Vec<Tally>)> {
        let optional = &columns.optional;
        let column = |by: &By| match by {
            By::UserType => optional.user_type.unwrap_or(NULL),
            By::UserState => optional.user_state.unwrap_or(NULL),
            _ => columns.username,
        };
        let mut sql = self.sql();
        sql.push("SELECT count(*)");
        for by in by {
            sql.push(", ").push(column(by));
        }
        from_where(&mut sql, columns.token.table.from, columns, selection, wanted.now)
            .map_err(|error| self.unrecorded(&error))?;
        // An index has the owners in their order; all else depends on the owner.
        sql.push(" GROUP BY ").push(columns.user_id.map_or(NULL, |it| it.shown));
        for service_id in &columns.service_ids {
            sql.push(", ").push(service_id.shown);
        }
        // A server does not see that it does.
        for by in by.iter().filter(|_| self.sql().dialect() == Dialect::Postgres) {
            sql.push(", ").push(column(by));
        }
        let mut tallies: Vec<_> = by.iter().map(|by| Tally::new(*by, wanted.bucket)).collect();
        let mut total = 0;
        let decode = |row: &mut Decoder<'_>| -> Result<_, String> {
            let count = count(row)?;
            let names = by.iter().map(|_| row.optional_text());
            Ok((count, names.collect::<Result<Vec<_>, String>>()?))
        };
        transaction.stream_rows(&sql, decode, &self.stop, |rows| {
            for row in rows {
                let Streamed::Row(row) = row? else { continue };
                let (count, names) = row.map_err(anyhow::Error::msg)?;
                total += count;
                for (tally, name) in tallies.iter_mut().zip(names) {
                    tally.add_text(name.as_deref(), count);
                }
            }
            Ok(())
        })?;
        Ok((total, tallies))
    }

    /// The statement that selects one column of the rows of a query.
    fn values_of(
        &self,
        column: &'static str,
        columns: &PersonalAccessTokens,
        selection: &Selection<PersonalAccessToken>,
        now: Moment,
    ) -> Result<Sql> {
        let mut sql = self.sql();
        let from = columns.token.table.alone();
        from_where(sql.push("SELECT ").push(column), from, columns, selection, now)
            .map_err(|error| self.unrecorded(&error))?;
        Ok(sql)
    }

    /// Takes the values of a statement, and returns how many there were; `None` when one
    /// cannot be read.
    fn tally<V: Send>(
        &self,
        transaction: &Transaction<'_>,
        sql: &Sql,
        decode: impl Fn(&mut Decoder<'_>) -> Result<V, String> + Send + Sync,
        mut add: impl FnMut(V) + Send,
    ) -> Result<Option<u64>> {
        transaction.stream_rows(sql, decode, &self.stop, |rows| {
            let mut total = 0;
            for row in rows {
                let Streamed::Row(row) = row? else { continue };
                let Ok(value) = row else { return Ok(None) };
                add(value);
                total += 1;
            }
            Ok(Some(total))
        })
    }
}

fn is_of_owner(by: By) -> bool {
    matches!(by, By::User | By::UserType | By::UserState)
}

fn time_column(columns: &PersonalAccessTokens, by: By) -> Option<Time> {
    match by {
        By::Created => columns.token.created_at,
        By::Expires => columns.token.expires_at,
        By::LastUsed => columns.last_used_at,
        By::User | By::Scope | By::UserType | By::UserState => None,
    }
}
