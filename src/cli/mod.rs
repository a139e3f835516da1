//! The command line: flags in, exit status out. No other module reads the clock, the
//! environment or the terminal.

mod arguments;
mod ask;
mod audit;
mod completions;
mod copy;
mod deploy_tokens;
mod description_file;
mod environment;
mod filter;
mod help;
mod hints;
mod ids;
mod init;
mod list;
mod list_line;
mod location;
mod matching;
mod metrics;
mod own_files;
mod pick;
mod progress;
mod raw_terminal;
mod report;
mod revocations;
mod revoke;
mod revoke_plan;
mod schema;
mod scopes;
mod session;
mod show;
mod stats;
mod status;
mod stop;
mod write_beside;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::error::{ContextValue, ErrorKind};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use self::arguments::GlobalArgs;
pub use self::help::documented;
use self::session::Session;
use crate::failure::{self, Failure};
use crate::output::text::{visible, visible_lines};

/// Find, show and revoke access tokens directly in the database that holds them.
///
/// The database is a native SQLite store, that of GitLab, JupyterHub, Gitea or Forgejo,
/// or any other that a description tells of, in SQLite or PostgreSQL: see 'schema'.
///
/// An administrator sees every token of the store, an owner their own, a Maintainer
/// the deploy tokens of their projects and groups; nobody learns anything else. --as
/// is a policy, not a login: anyone who can open the store can edit it.
#[derive(Debug, Parser)]
#[command(
    name = "tokenctl",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = false,
    after_help = "\
Examples:
  tokenctl --db demo.db init --sample    make a store to experiment with
  tokenctl --db demo.db --as root list   list every personal access token
  tokenctl list --unused-for 90d         with TOKENCTL_DB and TOKENCTL_AS
  tokenctl show 42
  tokenctl revoke 42 --reason 'left the team'
  tokenctl revoke --unused-for 180d --user-type human --dry-run
  tokenctl stats --by user --top 10
  tokenctl report --output audit.html
  tokenctl audit --since 7d
  tokenctl status
  tokenctl schema list

Environment:
  TOKENCTL_DB         the store, as for --db; a password may stand in it
  TOKENCTL_AS         the user to act as, as for --as
  TOKENCTL_AUDIT_LOG  the audit file, as for --audit-log
  PGHOST, PGUSER...   what a postgres:// URL does not say, as for psql
  NO_COLOR            not empty: no colour, unless --color says otherwise
  CLICOLOR_FORCE      not empty and not 0: colour in pipes too
  TERM                dumb: no colour, and pictures of '#'

Exit status:
  0         done; also: nothing matched, already revoked
  1         failed; the message says what was done and what was not
  2         usage: wrong flags or values, or unconfirmed; nothing changed
  3         the answer at the prompt was no; nothing changed
  4         denied, or no such token, user, project or group (all of them)
  5         denied for some ids; the others were revoked, now or before
  75        locked for longer than --busy-timeout; try again
  130, 143  stopped by SIGINT, SIGTERM after the current batch"
)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

/// Makes the commands, each of which is the type of this name in the module of that name.
macro_rules! commands {
    ($($(#[$attribute:meta])* $kind:ident in $module:ident),*) => {
        #[derive(Debug, Subcommand)]
        enum Command {
            $($(#[$attribute])* $kind($module::$kind)),*
        }

        impl Command {
            fn run(self, session: &Session) -> Result<()> {
                match self {
                    $(Self::$kind(command) => command.run(session)),*
                }
            }

            /// Adds those commands of which the name is among the arguments.
            fn augment_named(mut program: clap::Command, arguments: &[OsString]) -> clap::Command {
                $(
                    let name = stringify!($module).replace('_', "-");
                    if arguments.iter().any(|it| *it == *name) {
                        let command = $module::$kind::augment_args(clap::Command::new(name));
                        program = program.subcommand(command);
                    }
                )*
                program
            }
        }
    };
}

commands!(
    Init in init,
    #[command(visible_alias = "ls")]
    List in list,
    Show in show,
    Revoke in revoke,
    DeployTokens in deploy_tokens,
    Stats in stats,
    Metrics in metrics,
    Report in report,
    Audit in audit,
    Status in status,
    Copy in copy,
    Schema in schema,
    Completions in completions
);

/// Runs the program and returns its exit status.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut arguments: Vec<_> = arguments.into_iter().collect();
    if completions::complete(&arguments).is_ok_and(|answered| answered) {
        return ExitCode::SUCCESS;
    }
    let ended = match parse(&arguments) {
        Ok(cli) => cli.run(arguments.split_off(1)),
        Err(error) if error.kind() == ErrorKind::InvalidUtf8 => Err(not_utf8(&arguments).into()),
        Err(mut error) if error.use_stderr() => {
            if let Some(failure) = hints::hinted(&error, &arguments) {
                return failure::report(&failure.into());
            }
            // Prints clap's message in the form of all others.
            hints::keep_near_suggestions(&mut error);
            escape_values(&mut error);
            let rendered = error.render().to_string();
            let message = rendered.strip_prefix("error: ").unwrap_or(&rendered);
            let _ = writeln!(
                std::io::stderr().lock(),
                "tokenctl: {}",
                visible_lines(message.trim_end())
            );
            return ExitCode::from(failure::Kind::Usage.exit_status());
        }
        // Help and version go to standard output.
        Err(help) => help::asked_for(&arguments).unwrap_or(help).print().map_err(Into::into),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error),
    }
}

fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    // To build all commands takes longer than to show a token. What the one that is meant
    // cannot parse is an error, or asks for help: both may tell of the others.
    let program = GlobalArgs::augment_args(clap::Command::new("tokenctl"));
    let mut command = Command::augment_named(program, arguments);
    let mut matches = match command.try_get_matches_from_mut(arguments) {
        Ok(matches) if matches.subcommand().is_some() => matches,
        _ => {
            command = Cli::command();
            command.try_get_matches_from_mut(arguments)?
        }
    };
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// Tells which argument is no text, which clap does not. Its value is not repeated: it may be
/// a token's.
fn not_utf8(arguments: &[OsString]) -> Failure {
    let mut flag = None;
    for (number, argument) in arguments.iter().enumerate().skip(1) {
        let text = argument.to_string_lossy();
        let own_flag = text.starts_with("--").then(|| text.split('=').next()).flatten();
        let named = own_flag.filter(|it| it.len() < text.len()).or(flag.as_deref());
        // A path may be any bytes.
        if argument.to_str().is_none() && !named.is_some_and(|it| PATHS.contains(&it)) {
            let place = named.map(|it| format!(" (after {it})")).unwrap_or_default();
            return Failure::usage(format!("argument {number}{place} is not UTF-8"));
        }
        flag = own_flag.filter(|it| it.len() == text.len()).map(str::to_owned);
    }
    Failure::usage("an argument is not UTF-8")
}

/// The options whose values are paths.
const PATHS: [&str; 4] = ["--db", "--audit-log", "--textfile", "--output"];

/// Escapes user input before clap puts it into a message of several lines.
fn escape_values(error: &mut clap::Error) {
    let escaped = |text: &String| visible(text).into_owned();
    let values: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, ContextValue::String(escaped(text)))),
            ContextValue::Strings(texts) => {
                Some((kind, ContextValue::Strings(texts.iter().map(escaped).collect())))
            }
            _ => None,
        })
        .collect();
    for (kind, value) in values {
        error.insert(kind, value);
    }
}

impl Cli {
    fn run(self, arguments: Vec<OsString>) -> Result<()> {
        let session = Session::new(self.global, arguments)?;
        self.command.run(&session)
    }
}
