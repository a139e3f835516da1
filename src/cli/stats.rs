//! `stats`: how many tokens the filters match, in all and by their properties.

use std::io::Write;

use anyhow::{Context, Result};
use clap::Args;

use super::arguments::{ONE_OR_MORE, long_help, number_in, values_by_name};
use super::environment::draws_unicode;
use super::filter::{FilterArgs, Filters, denied};
use super::list_line::{filters_of, list_line};
use super::scopes::tell_missing;
use super::session::{Session, broken_row};
use crate::failure::{Failure, Kind, say};
use crate::model::personal_access_token::PersonalAccessToken;
use crate::model::stats::{Bucket, By, Group, Groups, Key, Total};
use crate::output::chart::{self, Canvas};
use crate::output::{CANNOT_PRINT, Format, OutputStyle, Printer, Times};
use crate::store::{Mode, Stats as Counted, Stored, Wanted};

/// Count personal access tokens: in all, and by owner, scope or time.
///
/// The tokens counted are those that 'list' shows with the same filters. Without --by the
/// totals are counted, with it the groups. A terminal draws them: in ASCII where LC_ALL,
/// LC_CTYPE or LANG (the first that is set) does not name UTF-8.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help(&format!("{KEYS}\n\n{EXAMPLES}")))]
pub struct Stats {
    /// Count by this property (repeatable); a token counts once for each of its scopes
    #[arg(long, value_name = "PROPERTY")]
    by: Vec<By>,

    /// Count times by this length of time; weeks begin on Monday
    #[arg(long, default_value = "month", requires = "by")]
    bucket: Bucket,

    /// Print the N largest groups, and the rest as one
    #[arg(long, value_name = "N", requires = "by", value_parser = number_in(ONE_OR_MORE))]
    top: Option<u64>,

    #[command(flatten)]
    filter: FilterArgs,
}

const EXAMPLES: &str = "\
Examples:
  tokenctl stats
  tokenctl stats --by user --top 10 --state active
  tokenctl stats --by expires --bucket week --expires-within 6mo
  tokenctl stats --by user-state --by scope -o csv
  tokenctl stats --by user -o json | jq -r '.[1:][].group'";

const KEYS: &str = "\
Keys of JSON and columns of CSV; the first rows are the totals:
  by     string: total, or the property; user:others (and so on): what is
         beyond --top, so no name can be taken for it
  group  string: the name, or the date on which a time begins; of a total:
         total, active, expired, revoked, never_used, unused_90d, no_expiry
         (those that the store records); null: none, or beyond --top
  count  number
  share  number from 0 to 1: of the total; with scopes, more than 1 in sum";

values_by_name!(By, Bucket);

impl Stats {
    pub fn run(self, session: &Session) -> Result<()> {
        if session.format() == Format::Ids {
            return Err(Failure::usage("stats does not go with -o ids: it counts tokens")
                .hint("for the ids of the same tokens: tokenctl list -o ids")
                .into());
        }
        let store = session.open(Mode::Read)?;
        let actor = session.actor(&store)?;
        if let Some(note) = self.filter.note(&store) {
            session.note(note);
        }
        let (subject, hint) = (self.filter.subject(), self.filter.hint_if_denied());
        let filter = self.filter.resolve(&store, &actor, session.now)?;
        let query = denied(actor.to_list::<PersonalAccessToken>(filter.clone()), &subject, hint)?;
        let mut by: Vec<By> = Vec::new();
        for named in self.by {
            if !by.contains(&named) {
                by.push(named);
            }
        }
        let wanted = Wanted { by: &by, bucket: self.bucket, now: session.now };
        let mut counted = store.stats(&query, wanted)?;
        if let Some(top) = self.top {
            let top = usize::try_from(top).unwrap_or(usize::MAX);
            counted.groups.iter_mut().for_each(|groups| groups.keep(top));
        }
        let (total, broken) = (counted.total, counted.broken);
        for row in &counted.unread {
            say(&broken_row(PersonalAccessToken::NOUN[0], row));
        }
        let style = session.style(Times::default());
        match style.terminal {
            Some(terminal) if style.format == Format::Table => {
                let (width, colour) = (terminal.width, style.colour);
                let canvas = Canvas { width, colour, unicode: draws_unicode() };
                draw(session, counted, self.bucket, canvas)?;
            }
            _ => print(session, counted, &style)?,
        }
        tell_missing::<PersonalAccessToken>(session, &store, &actor, &filter, total)?;
        if broken > 0 {
            let message = format!("{broken} of the store's rows cannot be read and are left out");
            return Err(Failure::new(Kind::Failed, message).into());
        }
        Ok(())
    }
}

/// The totals as groups: with groups of another kind only how many tokens there are.
fn totals(counted: &Counted) -> Vec<Group> {
    let all = [(Total::All, counted.total)];
    let totals = if counted.totals.is_empty() { &all[..] } else { &counted.totals };
    let group = |&(total, count)| Group::new(None, Key::Total(total), count, counted.total);
    totals.iter().map(group).collect()
}

fn of(groups: Groups, total: u64) -> impl Iterator<Item = Group> {
    let by = Some(groups.by);
    groups.groups.into_iter().map(move |(key, count)| Group::new(by, key, count, total))
}

fn print(session: &Session, counted: Counted, style: &OutputStyle) -> Result<()> {
    let mut printer = Printer::new(session.out(None)?, style)?;
    for group in totals(&counted) {
        printer.record(&group)?;
    }
    for group in counted.groups.into_iter().flat_map(|groups| of(groups, counted.total)) {
        printer.record(&group)?;
    }
    printer.finish()?.flush().context(CANNOT_PRINT)
}

/// Draws the groups, and says under each picture how the largest is listed.
fn draw(session: &Session, counted: Counted, bucket: Bucket, canvas: Canvas) -> Result<()> {
    let mut out = session.out(None)?;
    if counted.groups.is_empty() {
        chart::bars(&mut out, &totals(&counted), canvas)?;
    } else {
        chart::total(&mut out, counted.total, canvas)?;
    }
    for groups in counted.groups {
        let by = groups.by;
        let line = groups.largest().and_then(|key| filters_of(by, key, bucket));
        let line = line.and_then(|more| list_line(session.arguments(), &more));
        let groups: Vec<_> = of(groups, counted.total).collect();
        if by.is_time() {
            let title = format!("{} by {}", by.name(), bucket.name());
            chart::heading(&mut out, &title, canvas)?;
            chart::histogram(&mut out, &groups, bucket, canvas)?;
        } else {
            chart::heading(&mut out, by.name(), canvas)?;
        }
        chart::bars(&mut out, &groups, canvas)?;
        out.flush().context(CANNOT_PRINT)?;
        if let Some(line) = line {
            session.note_more(&format!("the largest: {line}"));
        }
    }
    out.flush().context(CANNOT_PRINT)
}
