//! Scopes that no token has, in filters: a mistyped exemption would exempt nothing, and tokens
//! that were to be kept would be revoked.

use std::collections::BTreeSet;

use anyhow::Result;
use strsim::damerau_levenshtein;

use super::session::Session;
use crate::failure::Failure;
use crate::model::actor::Actor;
use crate::model::time::Moment;
use crate::model::token::{Sort, Token, TokenFilter};
use crate::store::{ListOptions, Store, Stored, Streamed, TokenScopes};

/// A scope that was given, and what tokens in the actor's reach have in its place.
struct NearMiss {
    flag: &'static str,
    given: String,
    found: String,
}

impl NearMiss {
    /// The words of the message.
    fn problem(&self) -> String {
        format!("no token has this scope; some have '{}'", self.found)
    }

    fn failure(&self) -> Failure {
        Failure::value(self.flag, &self.given, self.problem()).hint("correct it")
    }

    fn note(&self) -> String {
        let flag = self.flag.split(' ').next().unwrap_or_default();
        format!("{flag} {}: {}", self.given, self.problem())
    }
}

/// The scopes of a filter that no token has.
#[derive(Default)]
pub struct Missing {
    /// One from which another differs only in case, in `-` and `_`, or by one letter.
    near: Option<NearMiss>,
    /// The exemptions that exempt nothing.
    exemptions: Vec<String>,
}

impl Missing {
    /// Fails where another scope was probably meant.
    pub fn refuse_near(&self) -> Result<(), Failure> {
        self.near.as_ref().map_or(Ok(()), |near| Err(near.failure()))
    }

    /// What is to be known of them.
    pub fn notes(&self) -> Vec<String> {
        let exemption =
            |it| format!("--except-scope {it} exempts nothing: no token has this scope");
        match &self.near {
            Some(near) => vec![near.note()],
            None => self.exemptions.iter().map(exemption).collect(),
        }
    }
}

/// Says which scopes of a filter no token has, where that may be why so few match.
pub fn tell_missing<T: Stored + Token>(
    session: &Session,
    store: &Store,
    actor: &Actor,
    filter: &T::Filter,
    matching: u64,
) -> Result<()> {
    if matching == 0 || !filter.as_ref().except_scopes.is_empty() {
        let missing = missing::<T>(store, actor, filter, session.now)?;
        missing.notes().iter().for_each(|note| session.note(note));
    }
    Ok(())
}

/// Looks for the scopes of the filter that no token has.
pub fn missing<T: Stored + Token>(
    store: &Store,
    actor: &Actor,
    filter: &T::Filter,
    now: Moment,
) -> Result<Missing> {
    let TokenFilter { scopes, except_scopes, .. } = filter.as_ref();
    let given = [("--except-scope <SCOPE,...>", except_scopes), ("--scope <SCOPE,...>", scopes)];
    let given: Vec<_> =
        given.iter().flat_map(|(flag, scopes)| scopes.iter().map(move |it| (*flag, it))).collect();
    if given.is_empty() {
        return Ok(Missing::default());
    }
    let is_enough = |found: &BTreeSet<String>| given.iter().all(|(_, it)| found.contains(*it));
    let scopes = scopes_of::<T>(store, actor, filter, now, &is_enough)?;
    let given = given.into_iter().filter(|(_, scope)| !scopes.contains(*scope));
    let near = given.clone().find_map(|(flag, given)| {
        let found = scopes.iter().find(|it| is_near(given, it))?;
        Some(NearMiss { flag, given: given.clone(), found: found.clone() })
    });
    let exemptions = given.filter(|(flag, _)| flag.starts_with("--except"));
    Ok(Missing { near, exemptions: exemptions.map(|(_, it)| it.clone()).collect() })
}

/// The scopes of the tokens that the actor may list: all of them, or the first that are
/// enough. Usually the scopes of a filter are there, and the first rows have them.
fn scopes_of<T: Stored + Token>(
    store: &Store,
    actor: &Actor,
    filter: &T::Filter,
    now: Moment,
    is_enough: &(dyn Fn(&BTreeSet<String>) -> bool + Sync),
) -> Result<BTreeSet<String>> {
    let query = actor.to_list::<T>(T::Filter::default()).or_else(|_| {
        // Of a project or group, where they may not list the whole store.
        let mut filter = filter.clone();
        *filter.as_mut() = TokenFilter::default();
        actor.to_list::<T>(filter)
    })?;
    let options = ListOptions { sort: Sort::BY_ID, limit: None, now };
    store.list::<T, TokenScopes, _>(&query, &options, |rows| {
        let mut all = BTreeSet::new();
        for row in rows {
            // A row that cannot be read is told of by the command itself.
            if let Streamed::Row(Ok(TokenScopes(scopes))) = row? {
                let before = all.len();
                all.extend(scopes);
                if all.len() > before && is_enough(&all) {
                    break;
                }
            }
        }
        Ok(all)
    })
}

fn is_near(given: &str, found: &str) -> bool {
    let plain = |scope: &str| scope.to_lowercase().replace('-', "_");
    damerau_levenshtein(&plain(given), &plain(found)) <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_dashes_and_one_letter_are_near() {
        for given in
            ["admin-mode", "ADMIN_MODE", "admin_mod", "admin_modee", "admin_mdoe", "Admin-Mod"]
        {
            assert!(is_near(given, "admin_mode"), "{given}");
        }
        for given in ["admin", "sudo", "admin_modes_", "read_api"] {
            assert!(!is_near(given, "admin_mode"), "{given}");
        }
    }
}
