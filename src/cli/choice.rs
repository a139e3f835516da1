//! What a revocation is about to cover: read once, shown, picked from, asked about.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, BufRead, Write};
use std::os::fd::AsFd;

use anyhow::{Context, Result};
use dialoguer::MultiSelect;
use dialoguer::console::Term;
use dialoguer::theme::Theme;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::termios::{FlushArg, tcflush};

use super::progress::Progress;
use super::revocations::Work;
use super::session::Session;
use super::stop::Stop;
use crate::failure::{Failure, Kind, say_plain};
use crate::model::access::RevokeQuery;
use crate::model::id::{Owner, TokenId};
use crate::model::time::Timestamp;
use crate::model::token::Token;
use crate::output::Printer;
use crate::output::view::Record;
use crate::store::{Store, Stored};

/// How many tokens a question shows.
pub const PREVIEW: usize = 10;
/// How many tokens can be picked from.
pub const PICKABLE: usize = 1000;

/// In less nobody sees what he picks.
const LEAST_ROWS: u16 = 6;
const LEAST_COLUMNS: u16 = 50;
/// Cells that dialoguer takes before an item, and behind the prompt of a list of
/// more than one page.
const ITEM_MARK: usize = "> [ ] ".len();
const PAGE_MARK: usize = " [Page 100/100] ".len();

/// The tokens that a query keeps at one moment.
pub struct Matching<T> {
    /// In ascending order.
    ids: Vec<TokenId>,
    /// Rows that cannot be read; their batch will name them and leave them alone.
    broken: Vec<TokenId>,
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
        shown: usize,
    ) -> Result<Self> {
        let progress = Progress::searching(session, "{pos} tokens match so far");
        let is_stopped = || stop.requested().is_some();
        let read = store.preview(query, session.now, &is_stopped, |rows| {
            let mut matching = Self::none(shown);
            for row in rows {
                stop.check()?;
                match row? {
                    Ok(token) => matching.add(token),
                    Err(row) => matching.broken.push(TokenId(row.id)),
                }
                progress.reach(matching.ids.len());
            }
            Ok(matching)
        });
        read.map_err(|error| stop.reason(error)).context(NOTHING_CHANGED)
    }

    fn none(shown: usize) -> Self {
        let (ids, broken, first) = (Vec::new(), Vec::new(), Vec::new());
        Self { ids, broken, owners: HashSet::new(), newest: None, first, shown }
    }

    fn add(&mut self, token: T) {
        self.ids.push(token.id());
        self.owners.extend(token.owner());
        self.newest = self.newest.max(Some(token.properties().created_at));
        if self.first.len() < self.shown {
            self.first.push(token);
        }
    }

    /// Lets the user pick at the terminal; nothing is picked at first.
    pub fn pick(self, session: &Session, stop: &Stop) -> Result<Self> {
        if self.ids.len() > PICKABLE {
            let message = format!("{} match, too many to pick from", self.described());
            let hint = format!("narrow the filter to {PICKABLE} tokens");
            return Err(Failure::usage(message).hint(hint).into());
        }
        if self.first.is_empty() {
            return Ok(self);
        }
        let terminal = Term::stderr();
        let (rows, columns) = terminal.size();
        if rows < LEAST_ROWS || columns < LEAST_COLUMNS {
            let least = format!("{LEAST_COLUMNS} columns and {LEAST_ROWS} rows");
            return Err(Failure::usage(format!("picking takes a terminal of {least}")).into());
        }
        // Two lines of ours stand above the tokens; dialoguer keeps two more free.
        let length = usize::from(rows).saturating_sub(2);
        let has_pages = self.first.len() + 2 > length;
        let lines = self.lines(session, if has_pages { PAGE_MARK } else { 0 })?;
        let (heading, items) = lines.split_first().context("a table has a heading")?;
        tcflush(io::stdin(), FlushArg::TCIFLUSH).context(CANNOT_ASK)?;
        // dialoguer turns one signal into two.
        stop.count_signals_as_one();
        let picked = MultiSelect::with_theme(&Bare)
            .with_prompt(format!("space picks, a all, enter ends, esc gives up\n      {heading}"))
            .items(items)
            .max_length(length)
            .report(false)
            .interact_on_opt(&terminal);
        // An error leaves it hidden.
        terminal.show_cursor().context(CANNOT_ASK)?;
        stop.end_at_second_signal()?;
        stop.check().context(NOTHING_CHANGED)?;

        let picked = picked.context(CANNOT_ASK)?.unwrap_or_default();
        if picked.is_empty() {
            return Err(Failure::new(Kind::Declined, "nothing was picked, nothing changed").into());
        }
        let mut rest = Self::none(self.shown);
        for (index, token) in self.first.into_iter().enumerate() {
            if picked.contains(&index) {
                rest.add(token);
            }
        }
        rest.broken = self.broken;
        Ok(rest)
    }

    /// The lines of a table, as wide as the terminal without the marks before them
    /// and what is left free behind them.
    fn lines(&self, session: &Session, free: usize) -> Result<Vec<String>> {
        let mut style = session.preview_style();
        style.terminal = style.terminal.map(|width| width.saturating_sub(ITEM_MARK + free + 1));
        style.colour = false;
        let mut table = Vec::new();
        let mut printer = Printer::new(&mut table, &style)?;
        for token in &self.first {
            printer.record(token)?;
        }
        printer.finish()?;
        let table = String::from_utf8(table).context(CANNOT_ASK)?;
        Ok(table.lines().map(Into::into).collect())
    }

    /// Shows what would be revoked, and asks. The default is no.
    pub fn confirm(&self, session: &Session, stop: &Stop, effect: Option<String>) -> Result<()> {
        if self.ids.is_empty() {
            return Ok(());
        }
        let mut preview = Printer::new(io::stderr().lock(), &session.preview_style())?;
        for token in self.first.iter().take(PREVIEW) {
            preview.record(token)?;
        }
        preview.finish()?;
        if self.ids.len() > PREVIEW {
            session.note_more(&format!("… and {} more", self.ids.len() - PREVIEW));
        }
        if let Some(effect) = effect {
            say_plain(&effect);
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
    pub fn work(self, named: Option<Vec<TokenId>>, batch_size: u32) -> Work {
        let (newest, are_named) = (self.newest, named.is_some());
        let (ids, chosen) = match named {
            Some(named) => (named, Some(self.ids)),
            None if self.broken.is_empty() => (self.ids, None),
            None => {
                let mut all = [self.ids.as_slice(), &self.broken].concat();
                all.sort_unstable();
                (all, Some(self.ids))
            }
        };
        Work { ids, are_named, chosen, newest, batch_size }
    }

    pub fn described(&self) -> String {
        tokens_of::<T>(self.count(), self.owners.len() as u64)
    }
}

/// Without the colon that dialoguer sets behind a prompt: ours ends in headings.
struct Bare;

impl Theme for Bare {
    fn format_multi_select_prompt(&self, f: &mut dyn fmt::Write, prompt: &str) -> fmt::Result {
        f.write_str(prompt)
    }
}

/// How soon a signal is heard at a question, in milliseconds.
const MOMENT: u16 = 100;

const CANNOT_ASK: &str = "cannot ask";
const NOTHING_CHANGED: &str = "nothing changed";

/// Asks at the terminal. Anything but `y` or `yes` on a line is a no, and so is
/// what was typed before the question was there to read.
fn answers_yes(question: &str, stop: &Stop) -> Result<bool> {
    let input = io::stdin();
    tcflush(&input, FlushArg::TCIFLUSH).context(CANNOT_ASK)?;
    write!(io::stderr(), "{question} [y/N] ").context(CANNOT_ASK)?;
    // Reading a line would go on after a signal, and one may come just before a wait.
    let mut ready = 0;
    while ready == 0 {
        if let Err(stopped) = stop.check() {
            let _ = writeln!(io::stderr());
            return Err(stopped.context(NOTHING_CHANGED));
        }
        let mut waiting = [PollFd::new(input.as_fd(), PollFlags::POLLIN)];
        ready = match poll(&mut waiting, MOMENT) {
            Err(Errno::EINTR) => 0,
            polled => polled.context(CANNOT_ASK)?,
        };
    }
    let mut answer = Vec::new();
    if input.lock().read_until(b'\n', &mut answer).context(CANNOT_ASK)? == 0 {
        // The end of input, by Ctrl-D, does not end the line.
        writeln!(io::stderr()).context(CANNOT_ASK)?;
    }
    stop.check().context(NOTHING_CHANGED)?;
    Ok(matches!(answer.trim_ascii().to_ascii_lowercase().as_slice(), b"y" | b"yes"))
}

/// Such as `3 deploy tokens of 2 projects and groups`.
pub fn tokens_of<T: Stored + Token>(tokens: u64, owners: u64) -> String {
    let [one, many] = T::NOUN;
    let noun = if tokens == 1 { one } else { many };
    let [owner, of_owners] = T::OWNERS;
    let owner = if owners == 1 { owner } else { of_owners };
    format!("{tokens} {noun} of {owners} {owner}")
}
