//! `schema check`: what a description makes of a database, before anybody trusts it.

use anyhow::Result;
use clap::Args;

use crate::cli::description_file::{completions, description};
use crate::cli::session::Session;
use crate::failure::{Failure, Kind};
use crate::model::description_check::{Check as Checked, Findings, TimeRange};
use crate::model::personal_access_token::PersonalAccessToken;
use crate::model::time::Timestamp;
use crate::model::token::State;
use crate::output::{Format, Times, print_one};
use crate::store::schema::Description;
use crate::store::{Store, revokes_by};

/// Hold a description to a database, and say what it makes of it.
///
/// Reads every token, as a list does, in a transaction that cannot write: what is read and
/// what never, who is an administrator, the very statements that revoke, and what looks
/// wrong. Exits with 1 where rows cannot be read or ids are not unique.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tokenctl --db app.db schema check ours.toml
  tokenctl --db postgres://db/app schema check doorkeeper -o json

Keys of JSON (null: there is none):
  description, application, sha256  strings: what is checked
  store, engine                     strings: against what
  tokens, unreadable, with_same_id  numbers: rows
  revoked                           number: tokens that count as revoked
  owned, orphaned                   numbers: of an owner, who is gone
  times                             array of strings: first and last
  reads, never_read                 arrays of strings: columns
  unrecorded                        array of strings: what is left out
  administrators                    array of strings: who reaches all
  revokes_by                        string: what becomes of the row
  statements                        array of strings: those that revoke
  takes_effect, notes               strings
  indexed                           array of strings: columns that an
                                    index of the table begins with
  may_revoke                        true or false: whether nothing of
                                    the database is in the way
  obstacles, warnings               arrays of strings")]
pub struct Check {
    /// A name of 'schema list', or a file; without one, what --schema names or the tables tell
    #[arg(value_name = "NAME|FILE", add = completions())]
    description: Option<String>,
}

impl Check {
    pub fn run(self, session: &Session) -> Result<()> {
        if session.format() == Format::Ids {
            return Err(Failure::usage("-o ids prints ids, and a check has none").into());
        }
        let named = self.description.as_deref().map(description).transpose()?;
        let store = session.open_to_check(named)?;
        let checked = checked(session, &store)?;
        print_one(session.out(None)?, &checked, &session.style(Times::default()))?;
        let Findings { unreadable, with_same_id, with_several_owners, .. } = checked.findings;
        if unreadable + with_same_id + with_several_owners > 0 {
            let message = "the description does not fit all rows; see the warnings";
            return Err(Failure::new(Kind::Failed, message).into());
        }
        Ok(())
    }
}

fn checked(session: &Session, store: &Store) -> Result<Checked> {
    let description = store.description();
    let findings = store.findings(session.now)?;
    let mut facts = store.facts()?;
    // A file that is open for reading tells nothing of writing but who may.
    if let Some(problem) = store.obstacle_of_operator(session.now)? {
        facts.obstacles.push(format!("{problem:#}"));
    }
    let mut unrecorded = store.unrecorded_properties::<PersonalAccessToken>()?;
    if !store.records_state::<PersonalAccessToken>(State::Revoked)? {
        unrecorded.push("revoked");
    }
    Ok(Checked {
        description: description.name.into(),
        application: description.application.clone(),
        sha256: description.digest().map(Into::into),
        store: store.database().place(),
        facts,
        ranges: findings.times.iter().map(in_words).collect(),
        never_read: never_read(description),
        unrecorded: unrecorded.into_iter().map(Into::into).collect(),
        revokes_by: description.described().map_or("sets the flag".into(), revokes_by),
        takes_effect: description.takes_effect().map(Into::into),
        notes: description.notes().map(Into::into),
        warnings: warnings(store, description, &findings),
        findings,
    })
}

fn never_read(description: &Description) -> Vec<String> {
    let Some(described) = description.described() else { return Vec::new() };
    let tokens = &described.file.tokens;
    let table = tokens.table.get_ref();
    tokens.secret.iter().map(|it| format!("{table}.{}", it.get_ref())).collect()
}

fn in_words(range: &TimeRange) -> String {
    format!("{} {} to {}", range.name, range.first, range.last)
}

fn warnings(store: &Store, description: &Description, found: &Findings) -> Vec<String> {
    let mut warnings = Vec::new();
    for TimeRange { name, first, last } in &found.times {
        let is_early = *first < Timestamp::FIRST_LIKELY;
        if is_early || *last >= Timestamp::LAST_LIKELY {
            warnings.push(format!(
                "{name} reaches from {first} to {last}: is it in seconds or milliseconds, or does \
                 a value stand for 'never'?"
            ));
        }
    }
    if found.unreadable > 0 {
        warnings.push(format!(
            "{} rows cannot be read: 'tokenctl list' names each, and why",
            found.unreadable
        ));
    }
    if found.with_several_owners > 0 {
        warnings.push(format!(
            "{} tokens are found once more, for an owner's key finds several owners",
            found.with_several_owners
        ));
    }
    if found.with_same_id > 0 {
        warnings.push(format!(
            "{} rows share their id with another: they cannot be revoked by it",
            found.with_same_id
        ));
    } else if !found.is_unique && description.described().is_some() {
        warnings.push(
            "no index promises that ids are unique: revoke refuses an id that finds two rows"
                .into(),
        );
    }
    if store.has_administrators() {
        if found.administrators.is_empty() {
            warnings.push("nobody is an administrator: only owners reach anything".into());
        }
    } else {
        warnings.push(
            "it tells no administrators: --as @operator reaches everything, owners their own"
                .into(),
        );
    }
    if found.tokens > 0 && found.owned == 0 && store.records_owners() {
        warnings.push("no token has an owner: is the owner's column right?".into());
    }
    for link in &found.references {
        warnings.push(format!(
            "a foreign key may keep tokens from being deleted: also_delete = [\"{link}\"]?"
        ));
    }
    if found.tokens > 0 && found.revoked == found.tokens {
        warnings.push("every token counts as revoked: is the manner to revoke right?".into());
    }
    if found.orphaned > 0 {
        warnings.push(format!("{} tokens have an owner who is not there", found.orphaned));
    }
    warnings
}
