//! What is counted against an oracle in plain Rust: the rows that a list gives, counted one by
//! one, for every flag, as every role, on every schema and engine.

use std::collections::BTreeMap;

use chrono::{Datelike, Days};

use super::oracle::listed;
use super::*;
use crate::model::stats::{Bucket, By, Groups, Key, Total};
use crate::model::time::Date;
use crate::store::Wanted;

/// The first day of a bucket, by its text.
fn start(bucket: Bucket, date: Date) -> String {
    let text = date.to_string();
    match bucket {
        Bucket::Day => text,
        Bucket::Week => {
            (date - Days::new(date.weekday().num_days_from_monday().into())).to_string()
        }
        Bucket::Month => format!("{}-01", &text[..7]),
        Bucket::Year => format!("{}-01-01", &text[..4]),
    }
}

/// The groups that a token is in, as text.
fn groups_of(token: &PersonalAccessToken, by: By, bucket: Bucket) -> Vec<Option<String>> {
    let instant = |time: Option<Timestamp>| vec![time.map(|it| start(bucket, it.date()))];
    match by {
        By::User => vec![token.username.clone()],
        By::UserType => vec![token.user_type.map(|it| it.name().into())],
        By::UserState => vec![token.user_state.map(|it| it.name().into())],
        By::Created => instant(token.token.created_at),
        By::LastUsed => instant(token.last_used_at),
        By::Expires => vec![token.token.expires_at.map(|it| match it {
            Expiry::Date(date) => start(bucket, date),
            Expiry::Instant(instant) => start(bucket, instant.date()),
        })],
        By::Scope if token.token.scopes.iter().flatten().next().is_none() => vec![None],
        By::Scope => {
            let scopes: BTreeSet<_> = token.token.scopes.iter().flatten().cloned().collect();
            scopes.into_iter().map(Some).collect()
        }
    }
}

fn in_text(groups: &Groups) -> Vec<(Option<String>, u64)> {
    let text = |key: &Key| match key {
        Key::Text(text) => text.as_deref().map(Into::into),
        Key::Date(date) => date.map(|it| it.to_string()),
        Key::Total(_) | Key::Others(_) => panic!("no group of a property: {key:?}"),
    };
    groups.groups.iter().map(|(key, count)| (text(key), *count)).collect()
}

fn is_recorded(store: &Store, by: By) -> bool {
    let columns = &store.schema.personal_access_tokens;
    match by {
        By::UserType => columns.optional.user_type.is_some(),
        By::UserState => columns.optional.user_state.is_some(),
        By::Expires => columns.token.expires_at.is_some(),
        By::User | By::Scope | By::Created | By::LastUsed => true,
    }
}

/// Compares the totals, and the groups of every property by every length of time, with rows
/// that were counted one by one.
pub(super) fn check_stats(
    store: &Store,
    query: &ListQuery<PersonalAccessToken>,
    rows: &[PersonalAccessToken],
    what: &str,
) -> Result<()> {
    let now = now()?;
    let all: Vec<_> = By::ALL.into_iter().filter(|by| is_recorded(store, *by)).collect();
    let bucket = Bucket::Month;
    let counted = store.stats(query, Wanted { by: &[], bucket, now })?;
    assert_eq!((counted.total, counted.broken), (rows.len() as u64, 0), "{what}");
    let count = |is: &dyn Fn(&PersonalAccessToken) -> bool| {
        u64::try_from(rows.iter().filter(|it| is(it)).count()).expect("few")
    };
    let since = now.instant.to_utc() - Days::new(90);
    let before = |time: Option<Timestamp>| time.is_none_or(|it| it.to_utc() < since);
    for (total, found) in &counted.totals {
        let expected = count(&|it| match total {
            Total::All => true,
            Total::State(state) => it.token.state(now) == *state,
            Total::NeverUsed => it.last_used_at.is_none(),
            Total::Unused => {
                it.token.created_at.is_some()
                    && before(it.token.created_at)
                    && before(it.last_used_at)
            }
            Total::NoExpiry => it.token.expires_at.is_none(),
        });
        assert_eq!(*found, expected, "{what}: {}", total.name());
    }
    // Elsewhere one of them: there the rows of the list itself are counted.
    let is_vouched_for = store.vouches_for(query.selection());
    let buckets = if is_vouched_for { &Bucket::ALL[..] } else { &[Bucket::ALL[what.len() % 4]] };
    for &bucket in buckets {
        // All at once, and each by itself, which is read by another way.
        let together = store.stats(query, Wanted { by: &all, bucket, now })?;
        assert_eq!(together.total, rows.len() as u64, "{what}");
        for (by, groups) in all.iter().zip(&together.groups) {
            let what = format!("{what} --by {} --bucket {}", by.name(), bucket.name());
            let mut expected: BTreeMap<_, u64> = BTreeMap::new();
            for group in rows.iter().flat_map(|it| groups_of(it, *by, bucket)) {
                *expected.entry(group).or_default() += 1;
            }
            let found = in_text(groups);
            assert_eq!(found.iter().cloned().collect::<BTreeMap<_, _>>(), expected, "{what}");
            assert_eq!(found.len(), expected.len(), "{what}");
            let key = |(name, count): &(Option<String>, u64)| {
                let size = if by.is_time() { 0 } else { u64::MAX - count };
                (size, name.is_none(), name.clone())
            };
            assert!(found.is_sorted_by_key(key), "{what}: {found:?}");
            if is_vouched_for && (by.is_time() || bucket == Bucket::Month) {
                let alone = store.stats(query, Wanted { by: &[*by], bucket, now })?;
                assert_eq!(
                    (&alone.groups[..], alone.total),
                    (&[groups.clone()][..], rows.len() as u64)
                );
            }
        }
    }
    Ok(())
}

#[test]
fn what_is_counted_is_what_is_listed_for_every_flag() -> Result<()> {
    for store in stores()? {
        for (number, role) in ROLES.into_iter().enumerate() {
            let actor = match actor(&store, role) {
                // Not every application has a user whose name is digits, or a Developer.
                Err(_) if number >= 2 => continue,
                actor => actor?,
            };
            for (name, filter) in personal_filters() {
                let what = format!("{} as {role}: {name}", store.description().name);
                let asks_too_much = asks_too_much(&store, &filter);
                let Ok(query) = actor.to_list::<PersonalAccessToken>(filter) else { continue };
                if asks_too_much {
                    let wanted = Wanted { by: &[], bucket: Bucket::Month, now: now()? };
                    let refusal = store.stats(&query, wanted).expect_err(&what);
                    assert_eq!(failure::kind(&refusal), Kind::Usage, "{what}: {refusal:#}");
                    continue;
                }
                let rows: Vec<PersonalAccessToken> = listed(&store, &query, Sort::BY_ID, None)?;
                check_stats(&store, &query, &rows, &what)?;
            }
        }
    }
    Ok(())
}

#[test]
fn what_is_not_recorded_is_no_group_and_no_total() -> Result<()> {
    let mut refused = 0;
    for store in stores()? {
        let query = actor(&store, "root")?.to_list(personal_access_token::Filter::default())?;
        let wanted = Wanted { by: &[], bucket: Bucket::Day, now: now()? };
        let columns = &store.schema.personal_access_tokens.token;
        let totals = store.stats(&query, wanted)?.totals;
        let has = |total| totals.iter().any(|(it, _)| *it == total);
        assert_eq!(has(Total::State(State::Revoked)), columns.revoked.is_some());
        assert_eq!(has(Total::State(State::Expired)), columns.expires_at.is_some());
        assert_eq!(has(Total::NoExpiry), columns.expires_at.is_some());
        for by in By::ALL.into_iter().filter(|by| !is_recorded(&store, *by)) {
            let refusal =
                store.stats(&query, Wanted { by: &[by], ..wanted }).expect_err("a refusal");
            assert_eq!(failure::kind(&refusal), Kind::Usage, "{refusal:#}");
            assert!(format!("{refusal:#}").contains(store.description().name), "{refusal:#}");
            refused += 1;
        }
    }
    assert!(refused > 0);
    Ok(())
}
