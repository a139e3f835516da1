//! The tokens that a filter matches when a revocation begins: read once, shown, picked
//! from, asked about. No other token is revoked after that.

use std::collections::HashSet;
use std::io::{self, BufWriter, Write};

use anyhow::{Context, Result};

use super::ask::{CANNOT_ASK, NOTHING_CHANGED, Yes, answers_yes};
use super::ids::{Listed, ReviewedRows};
use super::pick::{PICKABLE, pick};
use super::progress::Progress;
use super::revoke_plan::{RevokePlan, tokens_of};
use super::session::{Session, broken_row};
use super::stop::Stop;
use crate::failure::{Failure, Kind, say, say_plain};
use crate::model::access::RevokeQuery;
use crate::model::id::{IdList, Owner, TokenId};
use crate::model::time::{Moment, Timestamp};
use crate::model::token::{State, Token};
use crate::output::view::Record;
use crate::output::{OutputStyle, Printer, Times};
use crate::store::schema::Description;
use crate::store::{BrokenRow, Projection, Store, Stored, Streamed};

/// How many tokens a question shows.
pub const PREVIEW: usize = 10;

/// The tokens that a query keeps at one moment.
pub struct Matching<T: Token> {
    /// In ascending order.
    ids: IdList,
    /// Rows that cannot be read; their batch will name them and leave them alone.
    broken: IdList,
    /// How many others cannot even be named by an id.
    unnamed: u64,
    /// How many the application will put back, and why.
    returning: Option<(u64, &'static str)>,
    owners: HashSet<Owner>,
    /// How many are active, and how many were used lately, where that is recorded: what stats
    /// and lists have for these filters.
    active: (T::Filter, u64),
    used: Option<(T::Filter, u64)>,
    /// How many match beyond the limit, and are left alone.
    more: u64,
    /// When the last of them was created.
    newest: Option<Timestamp>,
    /// What each is whose creation is not recorded: its id may be given to another while the
    /// question stands.
    seen: ReviewedRows,
    /// As many as are shown.
    first: Vec<T>,
    shown: usize,
}

/// Which of the tokens that match are wanted.
pub struct Wanted<'w> {
    /// How many are to be shown; `None`: nobody will look at them.
    pub shown: Option<usize>,
    /// At most this many, the first by id.
    pub limit: Option<u64>,
    /// What a list names; `None`: all that the filter keeps.
    pub named: Option<&'w Listed>,
}

/// What the question says besides what matches.
pub struct Question {
    pub actor: String,
    /// What is done to each row, where the user's own file says it.
    pub how: Option<String>,
    /// What revoking does there.
    pub effect: String,
    /// How many more would match without the exemptions; `None`: there are none.
    pub exempt: Option<u64>,
    pub times: Times,
}

/// How many ids one statement names: it holds them several times over.
const NAMED_AT_ONCE: usize = 10_000;

/// A query among ids, where some are named, in parts. What has changed between two of them is
/// seen when a batch is evaluated again.
fn in_parts<T: Token>(
    query: &RevokeQuery<T>,
    named: Option<&IdList>,
) -> impl Iterator<Item = RevokeQuery<T>> {
    let parts = named.map(|ids| ids.chunks(NAMED_AT_ONCE).map(|ids| query.among(ids)));
    let whole = named.is_none().then(|| query.clone());
    parts.into_iter().flatten().chain(whole)
}

/// From how many tokens on the answer is their number.
const MANY: u64 = 101;

impl<T: Stored + Token + Record> Matching<T> {
    pub fn read(
        session: &Session,
        store: &Store,
        query: &RevokeQuery<T>,
        stop: &Stop,
        wanted: &Wanted<'_>,
    ) -> Result<Self> {
        let Wanted { shown, limit, named } = *wanted;
        let mut matching = Self::none(store, shown.unwrap_or(0), session.now);
        let progress = Progress::searching(session, stop, "{pos} tokens match so far");
        let reviewed = named.map(|it| &it.reviewed).filter(|it| !it.is_empty());
        // A store that vouches for its rows never gives an id to another token.
        let is_id_enough = shown.is_none() && reviewed.is_none();
        let is_id_enough = is_id_enough && store.vouches_for_rows();
        // A token that does not fit its reviewed row will be spared.
        let fits = |token: &T| reviewed.is_none_or(|it| it.fits(token, session.now));
        let description = store.description();
        for query in in_parts(query, named.map(|it| &it.ids)) {
            let read = if is_id_enough {
                matching.read_each(session, store, &query, stop, &progress, |it, TokenId(id)| {
                    if !it.is_beyond(limit) {
                        it.ids.push(id);
                    }
                })
            } else {
                matching.read_each(session, store, &query, stop, &progress, |it, token: T| {
                    if fits(&token) && !it.is_beyond(limit) {
                        it.add(description, token, session.now);
                    }
                })
            };
            read.map_err(|error| stop.reason(error)).context(NOTHING_CHANGED)?;
        }
        Ok(matching)
    }

    /// Whether the limit leaves the next one alone, which is counted.
    fn is_beyond(&mut self, limit: Option<u64>) -> bool {
        let is_beyond = limit == Some(self.count());
        self.more += u64::from(is_beyond);
        is_beyond
    }

    /// Adds rows as they are read.
    fn read_each<P: Projection<T> + Send>(
        &mut self,
        session: &Session,
        store: &Store,
        query: &RevokeQuery<T>,
        stop: &Stop,
        progress: &Progress,
        add: impl Fn(&mut Self, P) + Send + Sync,
    ) -> Result<()> {
        store.preview::<T, P, _>(query, session.now, |rows| {
            for row in rows {
                stop.check()?;
                match row? {
                    Streamed::Row(Ok(row)) => add(self, row),
                    Streamed::Row(Err(BrokenRow { id: Ok(id), .. })) => self.broken.push(id.0),
                    Streamed::Row(Err(row)) => {
                        say(&broken_row(T::NOUN[0], &row));
                        self.unnamed += 1;
                    }
                    Streamed::Pause => {}
                }
                progress.reach(self.ids.len());
            }
            Ok(())
        })
    }

    fn none(store: &Store, shown: usize, now: Moment) -> Self {
        let used = T::used_lately(now).filter(|filter| store.can_ask::<T>(filter, now));
        let (ids, broken, first) = (IdList::default(), IdList::default(), Vec::new());
        Self {
            ids,
            broken,
            unnamed: 0,
            returning: None,
            owners: HashSet::new(),
            active: (T::in_state(State::Active), 0),
            used: used.map(|filter| (filter, 0)),
            more: 0,
            newest: None,
            seen: ReviewedRows::default(),
            first,
            shown,
        }
    }

    fn add(&mut self, description: &Description, token: T, now: Moment) {
        if let Some(why) = description.returning(token.properties().name.as_deref()) {
            self.returning.get_or_insert((0, why)).0 += 1;
        }
        for (filter, count) in std::iter::once(&mut self.active).chain(&mut self.used) {
            *count += u64::from(token.is_kept_by(filter, now));
        }
        if token.properties().created_at.is_none() {
            self.seen.see(&token, now);
        }
        self.ids.push(token.id().0);
        self.owners.extend(token.owner());
        self.newest = self.newest.max(token.properties().created_at);
        if self.first.len() < self.shown {
            self.first.push(token);
        }
    }

    /// Lets the user pick at the terminal; nothing is picked at first.
    pub fn pick(self, session: &Session, store: &Store, stop: &Stop, times: Times) -> Result<Self> {
        if self.ids.len() > PICKABLE {
            let message = format!("{} match, too many to pick from", self.described());
            let hint = format!("narrow the filter to {PICKABLE} tokens");
            return Err(Failure::usage(message).hint(hint).into());
        }
        if self.first.is_empty() {
            return Ok(self);
        }
        let picked = pick(session, stop, times, &self.first)?;
        if picked.is_empty() {
            return Err(Failure::new(Kind::Declined, "nothing was picked, nothing changed").into());
        }
        let mut rest = Self::none(store, self.shown, session.now);
        for (index, token) in self.first.into_iter().enumerate() {
            if picked.contains(&index) {
                rest.add(store.description(), token, session.now);
            }
        }
        (rest.broken, rest.unnamed, rest.more) = (self.broken, self.unnamed, self.more);
        Ok(rest)
    }

    /// Shows what would be revoked, and asks. The default is no.
    pub fn confirm(
        &self,
        session: &Session,
        store: &Store,
        stop: &Stop,
        question: &Question,
    ) -> Result<()> {
        if self.ids.is_empty() {
            return Ok(());
        }
        let style = OutputStyle {
            unrecorded: store.unrecorded_properties::<T>()?,
            ..session.preview_style(question.times)
        };
        let shown = || -> Result<()> {
            let terminal = BufWriter::new(stop.stream(io::stderr()).context(CANNOT_ASK)?);
            let mut preview = Printer::new(terminal, &style)?;
            for token in self.first.iter().take(PREVIEW) {
                preview.record(token)?;
            }
            preview.finish()?.flush().context(CANNOT_ASK)
        };
        shown().map_err(|error| stop.reason(error)).context(NOTHING_CHANGED)?;
        if self.ids.len() > PREVIEW {
            say_plain(&format!("… and {} more", self.ids.len() - PREVIEW));
        }
        for line in self.said(store, question) {
            say_plain(&line);
        }
        let revoke = format!("Revoke {}?", self.described());
        let (question, yes) = match self.count() {
            MANY.. => {
                (format!("{revoke} Type {} to do it:", self.count()), Yes::Number(self.count()))
            }
            _ => (format!("{revoke} [y/N]"), Yes::Word),
        };
        if answers_yes(&question, &yes, stop)? {
            Ok(())
        } else {
            Err(Failure::new(Kind::Declined, NOTHING_CHANGED).into())
        }
    }

    /// What has to be known before the answer.
    fn said(&self, store: &Store, question: &Question) -> Vec<String> {
        let Question { actor, how, effect, exempt, .. } = question;
        // Each on a line of its own: a narrow terminal breaks lines in the middle of a word.
        let matches = if self.ids.len() == 1 { "matches" } else { "match" };
        let used = self.used.as_ref().map(|(_, used)| format!(", {used} used in the last 7 days"));
        let mut lines = vec![
            format!("Store: {}, as {actor}", store.database().place()),
            format!("{} {matches}", self.described()),
            format!("Of these: {} active{}", self.active.1, used.unwrap_or_default()),
        ];
        let kept = exempt.map(|it| format!("{it} more kept by --except-user or --except-scope"));
        lines.extend(kept);
        if self.more > 0 {
            lines.push(format!("{} more beyond --limit", self.more));
        }
        if let Some((count, why)) = self.returning {
            let are = if count == 1 { "is" } else { "are" };
            lines.push(format!("{count} of them {are} {why}"));
        }
        lines.extend(store.description().notes().map(Into::into));
        lines.extend(how.clone());
        lines.push(effect.clone());
        lines
    }
}

impl<T: Stored + Token> Matching<T> {
    pub fn count(&self) -> u64 {
        self.ids.len() as u64
    }

    /// How many match beyond the limit.
    pub fn more(&self) -> u64 {
        self.more
    }

    /// What is to be done. What was not counted or picked is left alone, though it might
    /// match, have become readable, or have got the id of what was deleted by then.
    pub fn plan(mut self, named: Option<Listed>, batch_size: u64) -> RevokePlan {
        let (newest, unreadable, ids_given) = (self.newest, self.unnamed, named.is_some());
        let mut reviewed = std::mem::take(&mut self.seen);
        reviewed.extend(ReviewedRows::default());
        let (ids, chosen) = match named {
            Some(named) => {
                reviewed.extend(named.reviewed);
                let mut ids = named.ids;
                if self.more > 0 {
                    // Those beyond the limit are not looked at again.
                    ids.truncate_behind(self.ids.last().as_ref());
                }
                (ids, Some(self.ids))
            }
            None if self.broken.is_empty() => (self.ids, None),
            None => {
                let mut all = self.ids.clone();
                all.extend(self.broken.iter());
                all.sort();
                (all, Some(self.ids))
            }
        };
        RevokePlan { ids, ids_given, reviewed, chosen, newest, unreadable, batch_size }
    }

    pub fn described(&self) -> String {
        tokens_of::<T>(self.count(), self.owners.len() as u64)
    }
}
