//! Counting: the rows that a list covers, by their properties, in one snapshot.
//!
//! Where the database [vouches](Store::vouches_for) for every row, it counts the totals and
//! the groups by owner itself, and lends one column for the others: in SQLite that is faster
//! than a sort of every row by an expression that no index has. Elsewhere a list leaves out
//! rows that cannot be read, which no SQL can tell from the rest, so the list's own rows are
//! counted.

mod each;
mod tally;

use anyhow::{Context, Result};

use self::tally::Tally;
use super::engine::{Decoder, Mode, Streamed, Transaction};
use super::filter::{CREATION, OWNER, SCOPES, USE, from_where, recorded};
use super::schema::{PersonalAccessTokens, Time};
use super::sql::{Dialect, Sql};
use super::stored::{NULL, Unrecorded};
use super::{BrokenRow, ListOptions, Store};
use crate::model::access::{ListQuery, Selection};
use crate::model::personal_access_token::PersonalAccessToken;
use crate::model::stats::{Bucket, By, Groups, Total};
use crate::model::time::Moment;
use crate::model::token::{Sort, State, Token};

/// What is to be counted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'w> {
    /// The properties to group by; none: the totals are counted.
    pub by: &'w [By],
    pub bucket: Bucket,
    /// The instant that tokens are judged by.
    pub now: Moment,
}

/// How many tokens there are.
#[derive(Debug, Default)]
pub struct Stats {
    pub total: u64,
    /// Those that the store records.
    pub totals: Vec<(Total, u64)>,
    pub groups: Vec<Groups>,
    /// The first of the rows that cannot be read and are not counted, and how many there are.
    pub unread: Vec<BrokenRow>,
    pub broken: u64,
}

const ACTIVE: Total = Total::State(State::Active);

/// How many rows that cannot be read are named.
const NAMED: usize = 1000;

impl Store {
    /// Counts the rows of a query.
    ///
    /// # Errors
    ///
    /// Those of the database; a usage error where the query or the groups ask for what the
    /// store does not record.
    pub fn stats(
        &self,
        query: &ListQuery<PersonalAccessToken>,
        wanted: Wanted<'_>,
    ) -> Result<Stats> {
        let columns = self.columns::<PersonalAccessToken>()?;
        for by in wanted.by {
            check_recorded(columns, *by).map_err(|error| self.unrecorded(&error))?;
        }
        if self.vouches_for(query.selection()) {
            let counted = self.retry_while_locked(|timeout, _| {
                let transaction = self.engine.begin(Mode::Read, timeout)?;
                let counted = self.counted(&transaction, columns, query.selection(), wanted)?;
                transaction.commit()?;
                Ok(counted)
            })?;
            // A constraint may have been switched off for a while.
            if let Some(stats) = counted {
                return Ok(stats);
            }
        }
        let totals = if wanted.by.is_empty() { recorded_totals(columns) } else { Vec::new() };
        self.count_listed(query, wanted, totals, |_| {})
    }

    /// Counts the rows of a query, the totals and the groups, and lends each that is counted
    /// to `look_at`: all of it is one snapshot.
    ///
    /// # Errors
    ///
    /// As for [`Store::stats`].
    pub fn survey(
        &self,
        query: &ListQuery<PersonalAccessToken>,
        wanted: Wanted<'_>,
        look_at: impl FnMut(&PersonalAccessToken) + Send,
    ) -> Result<Stats> {
        let columns = self.columns::<PersonalAccessToken>()?;
        for by in wanted.by {
            check_recorded(columns, *by).map_err(|error| self.unrecorded(&error))?;
        }
        self.count_listed(query, wanted, recorded_totals(columns), look_at)
    }

    /// Whether the store records the property that tokens are grouped by.
    ///
    /// # Errors
    ///
    /// None: every store has such tokens.
    pub fn records(&self, by: By) -> Result<bool> {
        Ok(check_recorded(self.columns::<PersonalAccessToken>()?, by).is_ok())
    }

    /// Counts in the database, and by one column at a time. `None`: a value cannot be read.
    fn counted(
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

    /// Counts the rows that a list of the query gives.
    fn count_listed(
        &self,
        query: &ListQuery<PersonalAccessToken>,
        wanted: Wanted<'_>,
        totals: Vec<Total>,
        mut look_at: impl FnMut(&PersonalAccessToken) + Send,
    ) -> Result<Stats> {
        let filters: Vec<_> = totals.iter().map(|total| total.filter(wanted.now)).collect();
        let options = ListOptions { sort: Sort::BY_ID, limit: None, now: wanted.now };
        self.list::<_, PersonalAccessToken, _>(query, &options, |rows| {
            let totals = totals.into_iter().map(|total| (total, 0)).collect();
            let mut stats = Stats { totals, ..Stats::default() };
            let new = |by: &By| Tally::new(*by, wanted.bucket);
            let mut tallies: Vec<_> = wanted.by.iter().map(new).collect();
            for row in rows {
                let token = match row? {
                    Streamed::Pause => continue,
                    Streamed::Row(Ok(token)) => token,
                    Streamed::Row(Err(row)) => {
                        stats.broken += 1;
                        if stats.unread.len() < NAMED {
                            stats.unread.push(row);
                        }
                        continue;
                    }
                };
                stats.total += 1;
                for ((_, count), filter) in stats.totals.iter_mut().zip(&filters) {
                    let is_kept = |it| token.is_kept_by(it, wanted.now);
                    *count += u64::from(filter.as_ref().is_some_and(is_kept));
                }
                for tally in &mut tallies {
                    tally.add(&token);
                }
                look_at(&token);
            }
            stats.groups = tallies.into_iter().map(Tally::groups).collect();
            Ok(stats)
        })
    }
}

/// Reads a count.
pub(super) fn count(row: &mut Decoder<'_>) -> Result<u64, String> {
    Ok(u64::try_from(row.integer()?).unwrap_or_default())
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

fn check_recorded(columns: &PersonalAccessTokens, by: By) -> Result<(), Unrecorded> {
    match by {
        By::UserType => recorded(columns.optional.user_type, "the type of users").map(|_| ()),
        By::UserState => recorded(columns.optional.user_state, "the state of users").map(|_| ()),
        By::Expires => recorded(columns.token.expires_at, "when tokens expire").map(|_| ()),
        By::Created => recorded(columns.token.created_at, CREATION).map(|_| ()),
        By::LastUsed => recorded(columns.last_used_at, USE).map(|_| ()),
        By::Scope => recorded(columns.token.scopes, SCOPES).map(|_| ()),
        By::User => recorded(columns.user_id, OWNER).map(|_| ()),
    }
}

/// The totals of what the store records.
fn recorded_totals(columns: &PersonalAccessTokens) -> Vec<Total> {
    let is_recorded = |total: &Total| match total {
        Total::State(State::Revoked) => columns.token.revoked.is_some(),
        Total::State(State::Expired) | Total::NoExpiry => columns.token.expires_at.is_some(),
        Total::NeverUsed => columns.last_used_at.is_some(),
        Total::Unused => columns.last_used_at.is_some() && columns.token.created_at.is_some(),
        Total::All | Total::State(State::Active) => true,
    };
    Total::ALL.into_iter().filter(is_recorded).collect()
}
