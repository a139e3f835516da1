//! `list`: lists the personal access tokens that the filters match.

use std::io::{self, ErrorKind, Write};

use anyhow::{Context, Result};
use clap::builder::PossibleValuesParser;
use clap::{Arg, Args};

use super::arguments::{ANY, TimesArg, long_help, number_in, sort_parser};
use super::filter::{FilterArgs, Filters, denied};
use super::scopes::tell_missing;
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
#[command(after_help = EXAMPLES, after_long_help = long_help(&format!("{KEYS}\n\n{EXAMPLES}")))]
#[command(mut_args(with_choices_of::<PersonalAccessToken>))]
pub struct List {
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    filter: FilterArgs,
}

const EXAMPLES: &str = "\
Examples:
  tokenctl list --user maria.ferreira --state active
  tokenctl list --unused-for 90d --sort last_used_asc
  tokenctl list --expires-within 2w --columns id,username,name,expires_at
  tokenctl list --never-used -o json | jq -r '.[].username'
  tokenctl list --user-state blocked --state active --count";

/// The keys of JSON, which are the names of columns.
pub const KEYS: &str = "\
Keys of JSON and columns of CSV (null, or empty: absent or not recorded):
  id, user_id               numbers
  name, username, description
                            strings
  state                     string: active, revoked or expired
  user_type, user_state     strings, as the filters have them
  scopes                    array of strings; in CSV separated by blanks
  revoked, active, expired, impersonation
                            true or false
  created_at, last_used_at  times, such as 2020-07-23T14:31:47.729Z
  expires_at                date (2020-07-23), or a time where that is kept";

/// Order, limit and columns of a list; [`with_choices_of`] sets their possible values.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Sort in this order: ties by id, missing values last, or first where it descends
    #[arg(long, value_name = "ORDER", default_value = "id_asc", value_parser = sort_parser(&[]), allow_hyphen_values = true)]
    sort: Sort,

    /// Print at most N tokens, and say so when there are more
    #[arg(long, value_name = "N", value_parser = number_in(ANY), allow_hyphen_values = true)]
    limit: Option<u64>,

    /// Print these columns, or keys of JSON, in this order; 'all': every one
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    columns: Option<Vec<String>>,

    /// Print how many tokens match, and nothing else
    #[arg(long, conflicts_with_all = ["sort", "limit", "columns"])]
    count: bool,

    #[command(flatten)]
    times: TimesArg,
}

/// Sets the orders and columns that a list of this kind of token accepts.
pub fn with_choices_of<T: Token + Record>(arg: Arg) -> Arg {
    match arg.get_id().as_str() {
        "sort" => arg.value_parser(sort_parser(T::SORT_KEYS)),
        "columns" => arg.value_parser(column_parser::<T>()),
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
        let columns = chosen_columns::<T>(session, self.columns)?;
        let store = session.open(Mode::Read)?;
        store.check_has::<T>()?;
        session.check_prints_ids::<T>(&store)?;
        let actor = session.actor(&store)?;
        if let Some(note) = filters.note(&store) {
            session.note(note);
        }
        let (subject, hint) = (filters.subject(), filters.hint_if_denied());
        let filter = filters.resolve(&store, &actor, session.now)?;
        let query = denied(actor.to_list::<T>(filter.clone()), &subject, hint)?;
        let style = OutputStyle {
            columns,
            counts: self.count,
            unrecorded: store.unrecorded_properties::<T>()?,
            ..session.style(self.times.times)
        };
        let options = ListOptions { sort: self.sort, limit: self.limit, now: session.now };
        let is_id_enough = self.count || style.format == Format::Ids;
        let matching = if self.count && store.vouches_for(query.selection()) {
            let count = store.count(query.selection(), session.now)?;
            let mut out = session.out(None)?;
            writeln!(out, "{count}").and_then(|()| out.flush()).context(CANNOT_PRINT)?;
            count
        } else if is_id_enough && store.vouches_for_rows() {
            print::<T, TokenId>(session, &store, &query, &options, &style)?
        } else {
            print::<T, T>(session, &store, &query, &options, &style)?
        };
        tell_missing::<T>(session, &store, &actor, &filter, matching)?;
        store.leave_open();
        Ok(())
    }
}

/// Takes the names of columns, and `all`.
pub fn column_parser<R: Record>() -> PossibleValuesParser {
    PossibleValuesParser::new(view::column_names::<R>().chain([ALL]))
}

const ALL: &str = "all";

/// The columns that --columns chooses: each once, in the order of the names.
pub fn chosen_columns<R: Record>(
    session: &Session,
    names: Option<Vec<String>>,
) -> Result<Option<Vec<String>>> {
    let Some(names) = names else { return Ok(None) };
    if session.format() == Format::Ids {
        return Err(Failure::usage("--columns does not go with -o ids, which is one column").into());
    }
    let mut chosen: Vec<String> = Vec::new();
    for name in names {
        let all = view::keys::<R>().map(|column| column.name.to_owned());
        let columns = if name == ALL { all.collect() } else { vec![name] };
        for column in columns {
            if !chosen.contains(&column) {
                chosen.push(column);
            }
        }
    }
    Ok(Some(chosen))
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
    let mut left_out = Vec::new();
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
        left_out = printer.left_out()?;
        printer.finish().map(|_| ())
    });
    read.and(output.drain().context(CANNOT_PRINT))?;
    drop(messages);

    session.note_left_out(&left_out);
    if more {
        session.note(&format!("{shown} shown, and more match: raise --limit"));
    } else if shown == 0 && style.format == Format::Table && !style.counts {
        session.note(&format!("no {} to show", T::NOUN[1]));
    }
    if broken > 0 {
        let message = format!("{broken} of the store's rows cannot be read and are left out");
        return Err(Failure::new(Kind::Failed, message).into());
    }
    Ok(shown)
}
