//! The global options, and parsers for argument values.

use std::ffi::OsString;
use std::fmt::Write;
use std::ops::RangeInclusive;

use clap::builder::{
    OsStringValueParser, PossibleValuesParser, StringValueParser, TypedValueParser,
};
use clap::{Args, ColorChoice, ValueHint};

use super::description_file::completions;
use crate::failure::Failure;
use crate::model::id::{Id, IdSyntax};
use crate::model::reference::Reference;
use crate::model::time::{Period, TimeArg};
use crate::model::token::{Sort, SortKey};
use crate::output::{Format, Times};
use crate::store::schema;

/// The options before COMMAND, which may also stand after it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    #[arg(
        long,
        global = true,
        value_name = "STORE",
        value_parser = non_empty(),
        value_hint = ValueHint::FilePath,
        help = "Work on this store: the path of a SQLite file, sqlite:PATH, or \
                postgres://HOST/DATABASE; SQLAlchemy's URLs of these are understood too \
                [env: TOKENCTL_DB]",
    )]
    pub db: Option<OsString>,

    /// Act as this user: an id or a username [env: TOKENCTL_AS]
    #[arg(long = "as", global = true, value_name = "USER")]
    pub actor: Option<Reference>,

    /// Print the result in this format
    #[arg(short, long, global = true, value_name = "FORMAT", default_value = "table")]
    pub output: Format,

    /// Print nothing on standard error but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// Use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,

    /// Judge age and expiry as of this time
    #[arg(long, global = true, value_name = "T", allow_hyphen_values = true)]
    pub now: Option<TimeArg>,

    /// Wait this long for a locked store
    #[arg(long, global = true, value_name = "D", default_value = "5s")]
    pub busy_timeout: Period,

    /// Work on a store of another user who shares with you a group that may write the files beside
    /// it, or in a folder that others may change too
    #[arg(long, global = true)]
    pub foreign_owner: bool,

    /// Read the tables as this description says, instead of detecting which they are: a name of
    /// 'schema list', or a file
    #[arg(long, global = true, value_name = "NAME|FILE", value_parser = not_blank(), add = completions())]
    pub schema: Option<String>,

    /// Record each revocation in this file of JSON lines, before and after, for 'audit' to read;
    /// required where the store has no table for audit events [env: TOKENCTL_AUDIT_LOG]
    #[arg(long, global = true, value_name = "FILE", value_parser = non_empty(), value_hint = ValueHint::FilePath)]
    pub audit_log: Option<OsString>,
}

/// How a terminal shows times.
#[derive(Debug, Args)]
pub struct TimesArg {
    /// Show times at a terminal as far from now (2y 11mo ago), or exactly as elsewhere
    #[arg(long, value_name = "HOW", default_value = "relative")]
    pub times: Times,
}

/// Takes a whole number of this range.
pub fn number_in(range: RangeInclusive<u64>) -> impl TypedValueParser<Value = u64> {
    StringValueParser::new().try_map(move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| match (range.start(), range.end()) {
            (least, &u64::MAX) => format!("it takes a whole number, {least} or more"),
            (least, most) => format!("it takes a whole number from {least} to {most}"),
        })
    })
}

/// Any number of things.
pub const ANY: RangeInclusive<u64> = 0..=u64::MAX;
/// At least one.
pub const ONE_OR_MORE: RangeInclusive<u64> = 1..=u64::MAX;

/// Takes a text that says something.
pub fn not_blank() -> impl TypedValueParser<Value = String> {
    StringValueParser::new()
        .try_map(|text| if text.trim().is_empty() { Err("it is blank") } else { Ok(text) })
}

/// Makes a flag's values of an enum's names.
macro_rules! values_by_name {
    ($($kind:ty),*) => {$(
        impl clap::ValueEnum for $kind {
            fn value_variants<'a>() -> &'a [Self] {
                &Self::ALL
            }

            fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
                Some(clap::builder::PossibleValue::new(self.name()))
            }
        }
    )*};
}
pub(super) use values_by_name;

pub fn non_empty() -> impl TypedValueParser<Value = OsString> {
    OsStringValueParser::new()
        .try_map(|value| if value.is_empty() { Err("it is empty") } else { Ok(value) })
}

/// Parses a sort order by one of these keys.
pub fn sort_parser(keys: &'static [SortKey]) -> impl TypedValueParser<Value = Sort> {
    PossibleValuesParser::new(Sort::all(keys).map(Sort::name)).try_map(move |name| {
        let mut orders = Sort::all(keys);
        orders.find(|sort| sort.name() == name).ok_or("no such order")
    })
}

/// The forms of T, D, DATE and BOOL, for the help of commands that take them.
const VALUES_HELP: &str = "\
Values:
  T     a date (2020-07-23: midnight UTC), a time (2020-07-23T14:31:47Z;
        UTC where it has no zone), now, today, yesterday, @SECONDS since
        1970, or a duration: 90d is that long ago, +90d that far ahead
  DATE  every form of T; of a time, its date
  D     a duration: digits and one of s, min, h, d, w, mo, y
  BOOL  true or false; a flag with [=<BOOL>] alone means true";

/// Builds the end of the help of a command that takes such values: what follows are further
/// sections.
pub fn long_help(sections: &str) -> String {
    format!("{VALUES_HELP}\n\n{sections}")
}

/// Builds the end of a revoke command's help: the effect on each application's database.
pub fn revoke_help(examples: &str) -> String {
    let mut help = long_help(examples);
    help += "\n\nOther applications (an --audit-log is needed there):\n";
    for (index, description) in schema::KNOWN.iter().enumerate() {
        for (line, text) in description.direct_revoke.iter().enumerate() {
            let name = if line == 0 { description.name } else { "" };
            let end = if (index, line) == (0, 0) { "" } else { "\n" };
            let _ = write!(help, "{end}  {name:<11} {text}");
        }
    }
    help
}

/// Parses a token id. The message never repeats text that may be a token's value.
pub fn token_id(text: &str, syntax: IdSyntax) -> Result<Id, Failure> {
    syntax.parse(text).map_err(|problem| {
        Failure::usage(format!("invalid value for '<ID>': {problem}"))
            .hint("ids are separated by blanks: tokenctl revoke 1 2")
            .hint("to look for a name: tokenctl list --search TEXT, or --user USER")
    })
}
