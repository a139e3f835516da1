//! `list`: lists the personal access tokens that the filters match.

use std::io::{self, ErrorKind, Write};

use anyhow::{Context, Result};
use clap::builder::PossibleValuesParser;
use clap::{Arg, Args};

use super::arguments::{long_help, sort_parser};
use super::filter::{FilterArgs, Filters};
use super::scopes::near_miss;
use super::session::{Session, broken_row};
use crate::failure::{Failure, Kind, line};
use crate::model::access::ListQuery;
use crate::model::id::TokenId;
use crate::model::personal_access_token::PersonalAccessToken;
use crate::model::token::{Sort, Token};
use crate::output::blocking::is_reader_gone;
use crate::output::view::{self, Record};
use crate::output::{CANNOT_PRINT, Format, OutputStyle, Printer};
use crate::store::{ListOptions, Mode, Projection, Store, Stored, Streamed};

/// List personal access tokens.
///
/// An administrator lists every token; anyone else only their own, without the
/// impersonation tokens that administrators created for them.
///
/// Properties that another application's database does not record are null, and filters
/// on them are refused.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help(EXAMPLES))]
#[command(mut_args(with_choices_of::<PersonalAccessToken>))]
pub struct List {
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    filter: FilterArgs,
}

const EXAMPLES: &str = "\
Examples:
  tokenctl list --user maria --state active
  tokenctl list --unused-for 90d --sort last_used_asc
  tokenctl list --expires-within 2w --columns id,username,name,expires_at
  tokenctl list --never-used --created-before 30d -o json | jq -r '.[].username'";

/// Order, limit and columns of a list; [`with_choices_of`] sets their possible values.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Sort in this order
    #[arg(long, value_name = "ORDER", default_value = "id_asc", value_parser = sort_parser(&[]))]
    sort: Sort,

    /// Print at most N tokens, and say so when there are more
    #[arg(long, value_name = "N")]
    limit: Option<u64>,

    /// Print these columns of table and csv, in this order
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    columns: Option<Vec<String>>,
}

/// Sets the orders and columns that a list of this kind of token accepts.
pub fn with_choices_of<T: Token + Record>(arg: Arg) -> Arg {
    match arg.get_id().as_str() {
        "sort" => arg.value_parser(sort_parser(T::SORT_KEYS)),
        "columns" => arg.value_parser(PossibleValuesParser::new(view::column_names::<T>())),
        _ => arg,
    }
}

impl List {
    pub fn run(self, session: &Session) -> Result<()> {
        self.list.run(session, self.filter)
    }
}

impl ListArgs {
    /// Prints the tokens that the filters match.
    pub fn run<T: Stored + Token + Record>(
        self,
        session: &Session,
        filters: impl Filters<Token = T>,
    ) -> Result<()> {
        self.check(session)?;
        let store = session.open(Mode::Read)?;
        store.check_has::<T>()?;
        let actor = session.actor(&store)?;
        if let Some(note) = filters.note(&store) {
            session.note(note);
        }
        let subject = filters.subject();
        let filter = filters.resolve(&store, &actor, session.now)?;
        let query = actor.to_list::<T>(filter.clone()).context(subject)?;
        let style = OutputStyle { columns: self.columns, ..session.style() };
        let options = ListOptions { sort: self.sort, limit: self.limit, now: session.now };
        let shown = if style.format == Format::Ids && store.vouches_for(&query) {
            print::<T, TokenId>(session, &store, &query, &options, &style)?
        } else {
            print::<T, T>(session, &store, &query, &options, &style)?
        };
        if shown == 0
            && let Some(miss) = near_miss::<T>(&store, &actor, &filter, session.now)?
        {
            session.note(&miss.note());
        }
        Ok(())
    }

    /// Refuses --columns for formats that have none.
    fn check(&self, session: &Session) -> Result<()> {
        match session.format() {
            Format::Json | Format::Jsonl | Format::Ids if self.columns.is_some() => {
                Err(Failure::usage("--columns goes with -o table and -o csv only")
                    .hint("pick keys of JSON with jq")
                    .into())
            }
            _ => Ok(()),
        }
    }
}

/// Prints the rows of a query, or a part of each, and returns how many. A slow reader of the output does not
/// keep the store's read transaction open.
pub fn print<T: Stored, P: Projection<T> + Record + Send>(
    session: &Session,
    store: &Store,
    query: &ListQuery<T>,
    options: &ListOptions,
    style: &OutputStyle,
) -> Result<u64> {
    // One row beyond the limit tells whether more match.
    let limit = options.limit;
    let wanted = limit.map(|limit| limit.saturating_add(1));
    // Outside the closure: it waits for its reader only after the read transaction.
    let mut output = session.spool(io::stdout())?;
    let mut messages = None;

    let (mut shown, mut broken, mut more) = (0_u64, 0_u64, false);
    let read = store.list::<T, P, _>(query, &ListOptions { limit: wanted, ..*options }, |rows| {
        let mut printer = Printer::new(&mut output, style)?;
        for row in rows {
            let row = match row {
                Ok(Streamed::Row(row)) => row,
                Ok(Streamed::Pause) => {
                    if is_reader_gone(io::stdout()) {
                        return Err(io::Error::from(ErrorKind::BrokenPipe).into());
                    }
                    printer.flush()?;
                    continue;
                }
                Err(error) => {
                    printer.flush()?;
                    return Err(error.context(format!("the list ends after {shown} rows")));
                }
            };
            if limit == Some(shown + broken) {
                more = true;
                break;
            }
            match row {
                Ok(record) => {
                    printer.record(&record)?;
                    shown += 1;
                }
                Err(row) => {
                    let messages = match &mut messages {
                        Some(messages) => messages,
                        none => none.insert(session.spool(io::stderr())?),
                    };
                    let _ = messages.write_all(line(&broken_row(T::NOUN[0], &row)).as_bytes());
                    broken += 1;
                }
            }
        }
        printer.finish().map(|_| ())
    });
    read.and(output.drain().context(CANNOT_PRINT))?;
    drop(messages);

    if more {
        session.note(&format!("{shown} shown, and more match: raise --limit"));
    } else if shown == 0 && style.format == Format::Table {
        session.note(&format!("no {} to show", T::NOUN[1]));
    }
    if broken > 0 {
        let message = format!("{broken} of the store's rows cannot be read and are left out");
        return Err(Failure::new(Kind::Failed, message).into());
    }
    Ok(shown)
}
