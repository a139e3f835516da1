//! `list`: the personal access tokens that the filters keep.

use std::io::{self, Write};

use anyhow::{Context, Result};
use clap::builder::PossibleValuesParser;
use clap::{Arg, Args};

use super::arguments::{long_help, sort_parser};
use super::filter::{FilterArgs, Filters};
use super::session::{Session, broken_row};
use crate::failure::{Failure, Kind, line};
use crate::model::access::ListQuery;
use crate::model::id::TokenId;
use crate::model::personal_access_token::PersonalAccessToken;
use crate::model::token::{Sort, Token};
use crate::output::view::{self, Record};
use crate::output::{CANNOT_PRINT, Format, OutputStyle, Printer};
use crate::store::{ListOptions, Mode, Projection, Store, Stored};

/// List personal access tokens.
///
/// An administrator lists every token; anybody else his own, without the
/// impersonation tokens that administrators made for him.
///
/// What another application's database does not record is null, and a filter on it is
/// refused.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help(EXAMPLES))]
#[command(mut_args(of_kind::<PersonalAccessToken>))]
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

/// Order, number and columns of a list. Which orders and columns there are is told by
/// [`of_kind`].
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

/// Lets a list take the orders and the columns of one kind of token.
pub fn of_kind<T: Token + Record>(arg: Arg) -> Arg {
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
        let subject = filters.subject();
        let filter = filters.resolve(&store, &actor, session.now)?;
        let query = actor.to_list::<T>(filter).context(subject)?;
        let style = OutputStyle { columns: self.columns, ..session.style() };
        let options = ListOptions { sort: self.sort, limit: self.limit, now: session.now };
        if style.format == Format::Ids && store.vouches_for(&query) {
            print::<T, TokenId>(session, &store, &query, &options, &style)
        } else {
            print::<T, T>(session, &store, &query, &options, &style)
        }
    }

    /// Refuses columns where the format has none to choose.
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

/// Prints the rows of a query, or a part of each. The store is read to its end without
/// waiting for whoever reads the output.
pub fn print<T: Stored, P: Projection<T> + Record>(
    session: &Session,
    store: &Store,
    query: &ListQuery<T>,
    options: &ListOptions,
    style: &OutputStyle,
) -> Result<()> {
    // One more than is printed tells whether there are more.
    let limit = options.limit;
    let wanted = limit.map(|limit| limit.saturating_add(1));
    // Outside: whatever happens, it waits for its reader when the store has been read.
    let mut output = session.spool(io::stdout())?;
    let mut messages = None;

    let (mut shown, mut broken, mut more) = (0_u64, 0_u64, false);
    let read = store.list::<T, P, _>(query, &ListOptions { limit: wanted, ..*options }, |rows| {
        let mut printer = Printer::new(&mut output, style)?;
        for row in rows {
            if limit == Some(shown + broken) {
                more = true;
                break;
            }
            match row.with_context(|| format!("the list ends after {shown} rows"))? {
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
        printer.finish()
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
    Ok(())
}
