//! Drafts the description of a database that nobody described, from the names in its
//! catalogue: for a person to correct, and for `schema check` to hold to the database.

mod names;
mod text;

use std::cmp::Reverse;

use anyhow::Result;

use self::names::{
    CREATED, EXPIRES, LAST_USED, NAME, OWNER, REVOKED, REVOKED_AT, SCOPES, WORDS, find, is_secret,
};
use self::text::written;
use super::engine::{self, Location, Opening};
use super::schema::Column;
use crate::failure::{Failure, Kind};

/// Drafts a description of the database at a place: of a table, or of the most likely.
///
/// # Errors
///
/// Those of opening it; a failure where no table looks as if it held tokens.
pub fn draft(location: &Location, how: &Opening, table: Option<&str>) -> Result<String> {
    let (dialect, catalog) = engine::catalog(location, how)?;
    if let Some(wanted) = table {
        let Some(columns) = catalog.columns(wanted) else {
            return Err(Failure::new(Kind::Failed, format!("there is no table {wanted}")).into());
        };
        return Ok(written(&catalog, dialect, (wanted, columns), &[]));
    }
    let scored = catalog.tables().filter_map(|table| {
        let columns = catalog.columns(table)?;
        Some((score(table, columns), table, columns))
    });
    let mut candidates: Vec<_> = scored.filter(|(score, ..)| *score >= LEAST).collect();
    // The most likely first; by name, as the catalogue has them, where they are as likely.
    candidates.sort_by_key(|(score, ..)| Reverse(*score));
    let [(_, table, columns), others @ ..] = &candidates[..] else {
        let message = "no table looks as if it held tokens: none has a column called like a secret \
                       and one for times or an owner";
        return Err(Failure::new(Kind::Failed, message)
            .hint("write the description by hand: 'tokenctl schema show NAME' prints one to start from")
            .into());
    };
    let others: Vec<_> = others.iter().map(|(_, table, _)| *table).collect();
    Ok(written(&catalog, dialect, (table, columns), &others))
}

/// What a table of tokens has at least.
const LEAST: usize = 6;

/// How much a table looks like one of tokens.
fn score(table: &str, columns: &[Column]) -> usize {
    let secrets = columns.iter().filter(|it| is_secret(it)).count();
    if secrets == 0 {
        return 0;
    }
    let table = table.to_lowercase();
    let is_named = table.split(|it: char| !it.is_alphanumeric()).any(|it| WORDS.contains(&it))
        || WORDS[..2].iter().any(|it| table.contains(it));
    let has = |names: &[&str]| usize::from(find(columns, names).is_some());
    // Of sessions and passwords there are secrets too, but no name and no last use.
    3 + 4 * usize::from(is_named)
        + 2 * (has(LAST_USED) + has(EXPIRES) + has(OWNER))
        + has(CREATED)
        + has(NAME)
        + has(SCOPES)
        + 2 * (has(REVOKED) + has(REVOKED_AT)).min(1)
}
