//! Counts of the rows that a list gives. Each is read, and never counted where it cannot be.

use anyhow::Result;

use super::tally::Tally;
use super::{Stats, Wanted};
use crate::model::access::ListQuery;
use crate::model::personal_access_token::PersonalAccessToken;
use crate::model::stats::{By, Total};
use crate::model::token::{Sort, Token};
use crate::store::engine::Streamed;
use crate::store::{ListOptions, Store};

/// How many rows that cannot be read are named.
const NAMED: usize = 1000;

impl Store {
    /// Counts the rows that a list of the query gives.
    pub(super) fn count_listed(
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
