//! Counting: the rows that a list covers, by their properties, in one snapshot.
//!
//! Where the database [vouches](Store::vouches_for) for every row, it counts by itself.
//! Elsewhere a list leaves out rows that cannot be read, which no SQL can tell from the rest,
//! so the list's own rows are counted.

mod each;
mod in_database;
mod listed;
mod tally;

use anyhow::Result;

use super::engine::{Decoder, Mode};
use super::filter::{CREATION, OWNER, SCOPES, USE, recorded};
use super::schema::PersonalAccessTokens;
use super::stored::Unrecorded;
use super::{BrokenRow, Store};
use crate::model::access::ListQuery;
use crate::model::personal_access_token::PersonalAccessToken;
use crate::model::stats::{Bucket, By, Groups, Total};
use crate::model::time::Moment;
use crate::model::token::State;

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
        let columns = self.columns_of(wanted.by)?;
        if self.vouches_for(query.selection()) {
            let counted = self.retry_while_locked(|timeout, _| {
                let mut transaction = self.engine.begin(Mode::Read, timeout)?;
                transaction.keep_little()?;
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
        let columns = self.columns_of(wanted.by)?;
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

    /// The columns of tokens, where all of these properties are recorded.
    fn columns_of(&self, by: &[By]) -> Result<&PersonalAccessTokens> {
        let columns = self.columns::<PersonalAccessToken>()?;
        let checked = by.iter().try_for_each(|by| check_recorded(columns, *by));
        checked.map_err(|error| self.unrecorded(&error))?;
        Ok(columns)
    }
}

/// Reads a count.
pub(super) fn count(row: &mut Decoder<'_>) -> Result<u64, String> {
    Ok(u64::try_from(row.integer()?).unwrap_or_default())
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
