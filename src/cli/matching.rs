//! The tokens that a filter matches when a revocation begins: read once, shown, picked
//! from, asked about. No other token is revoked after that.

use std::collections::HashSet;
use std::io::{self, BufWriter, Write};

use anyhow::{Context, Result};

use super::ask::{CANNOT_ASK, NOTHING_CHANGED, answers_yes};
use super::ids::{Listed, ReviewedRows};
use super::pick::{PICKABLE, pick};
use super::progress::Progress;
use super::revoke_plan::{RevokePlan, tokens_of};
use super::session::{Session, broken_row};
use super::stop::Stop;
use crate::failure::{Failure, Kind, say, say_plain};
use crate::model::access::RevokeQuery;
use crate::model::id::{Owner, TokenId};
use crate::model::time::Timestamp;
use crate::model::token::Token;
use crate::output::Printer;
use crate::output::view::Record;
use crate::store::schema::Description;
use crate::store::{BrokenRow, Store, Stored, Streamed};

/// How many tokens a question shows.
pub const PREVIEW: usize = 10;

/// The tokens that a query keeps at one moment.
pub struct Matching<T> {
    /// In ascending order.
    ids: Vec<TokenId>,
    /// Rows that cannot be read; their batch will name them and leave them alone.
    broken: Vec<TokenId>,
    /// How many others cannot even be named by an id.
    unnamed: u64,
    /// How many the application will put back, and why.
    returning: Option<(u64, &'static str)>,
    owners: HashSet<Owner>,
    /// When the last of them was created.
    newest: Option<Timestamp>,
    /// As many as are shown.
    first: Vec<T>,
    shown: usize,
}

impl<T: Stored + Token + Record> Matching<T> {
    pub fn read(
        session: &Session,
        store: &Store,
        query: &RevokeQuery<T>,
        stop: &Stop,
        (shown, reviewed): (usize, Option<&ReviewedRows>),
    ) -> Result<Self> {
        let progress = Progress::searching(session, stop, "{pos} tokens match so far");
        let description = store.description();
        let read = store.preview(query, session.now, |rows| {
            let mut matching = Self::none(shown);
            for row in rows {
                stop.check()?;
                match row? {
                    // A token that does not fit its reviewed row will be spared.
                    Streamed::Row(Ok(token))
                        if reviewed.is_some_and(|it| !it.fits(&token, session.now)) => {}
                    Streamed::Row(Ok(token)) => matching.add(description, token),
                    Streamed::Row(Err(BrokenRow { id: Ok(id), .. })) => matching.broken.push(id),
                    Streamed::Row(Err(row)) => {
                        say(&broken_row(T::NOUN[0], &row));
                        matching.unnamed += 1;
                    }
                    Streamed::Pause => {}
                }
                progress.reach(matching.ids.len());
            }
            Ok(matching)
        });
        read.map_err(|error| stop.reason(error)).context(NOTHING_CHANGED)
    }

    fn none(shown: usize) -> Self {
        let (ids, broken, first) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            ids,
            broken,
            unnamed: 0,
            returning: None,
            owners: HashSet::new(),
            newest: None,
            first,
            shown,
        }
    }

    fn add(&mut self, description: &Description, token: T) {
        if let Some(why) = description.returning(&token.properties().name) {
            self.returning.get_or_insert((0, why)).0 += 1;
        }
        self.ids.push(token.id());
        self.owners.extend(token.owner());
        self.newest = self.newest.max(token.properties().created_at);
        if self.first.len() < self.shown {
            self.first.push(token);
        }
    }

    /// Lets the user pick at the terminal; nothing is picked at first.
    pub fn pick(self, session: &Session, store: &Store, stop: &Stop) -> Result<Self> {
        if self.ids.len() > PICKABLE {
            let message = format!("{} match, too many to pick from", self.described());
            let hint = format!("narrow the filter to {PICKABLE} tokens");
            return Err(Failure::usage(message).hint(hint).into());
        }
        if self.first.is_empty() {
            return Ok(self);
        }
        let picked = pick(session, stop, &self.first)?;
        if picked.is_empty() {
            return Err(Failure::new(Kind::Declined, "nothing was picked, nothing changed").into());
        }
        let mut rest = Self::none(self.shown);
        for (index, token) in self.first.into_iter().enumerate() {
            if picked.contains(&index) {
                rest.add(store.description(), token);
            }
        }
        (rest.broken, rest.unnamed) = (self.broken, self.unnamed);
        Ok(rest)
    }

    /// Shows what would be revoked, and asks. The default is no.
    pub fn confirm(&self, session: &Session, stop: &Stop, effect: Option<String>) -> Result<()> {
        if self.ids.is_empty() {
            return Ok(());
        }
        let shown = || -> Result<()> {
            let terminal = BufWriter::new(stop.stream(io::stderr()).context(CANNOT_ASK)?);
            let mut preview = Printer::new(terminal, &session.preview_style())?;
            for token in self.first.iter().take(PREVIEW) {
                preview.record(token)?;
            }
            preview.finish()?.flush().context(CANNOT_ASK)
        };
        shown().map_err(|error| stop.reason(error)).context(NOTHING_CHANGED)?;
        if self.ids.len() > PREVIEW {
            session.note_more(&format!("… and {} more", self.ids.len() - PREVIEW));
        }
        if let Some(effect) = effect {
            say_plain(&effect);
        }
        if let Some((count, why)) = self.returning {
            let are = if count == 1 { "is" } else { "are" };
            say_plain(&format!("{count} of them {are} {why}"));
        }
        if answers_yes(&format!("Revoke {}?", self.described()), stop)? {
            Ok(())
        } else {
            Err(Failure::new(Kind::Declined, NOTHING_CHANGED).into())
        }
    }
}

impl<T: Stored + Token> Matching<T> {
    pub fn count(&self) -> u64 {
        self.ids.len() as u64
    }

    /// What is to be done. What was not counted or picked is left alone, though it might
    /// match, have become readable, or have got the id of what was deleted by then.
    pub fn plan(self, named: Option<Listed>, batch_size: u32) -> RevokePlan {
        let (newest, unreadable, ids_given) = (self.newest, self.unnamed, named.is_some());
        let mut reviewed = ReviewedRows::default();
        let (ids, chosen) = match named {
            Some(named) => {
                reviewed = named.reviewed;
                (named.ids, Some(self.ids))
            }
            None if self.broken.is_empty() => (self.ids, None),
            None => {
                let mut all = [self.ids.as_slice(), &self.broken].concat();
                all.sort_unstable();
                (all, Some(self.ids))
            }
        };
        RevokePlan { ids, ids_given, reviewed, chosen, newest, unreadable, batch_size }
    }

    pub fn described(&self) -> String {
        tokens_of::<T>(self.count(), self.owners.len() as u64)
    }
}
