//! The help of each command: without the global options that it does not use, and coloured
//! as --color asks.

use std::ffi::OsString;
use std::io::{self, IsTerminal};

use clap::{ColorChoice, Command, CommandFactory, ValueEnum};

use super::Cli;
use super::session::is_colour_left_alone;

/// The commands that do not use all global options, and which they do not use.
const UNUSED: [(&str, &[&str]); 8] = [
    ("init", &["actor", "output", "foreign_owner", "schema", "audit_log"]),
    ("copy", &["now", "audit_log"]),
    ("list", &["audit_log"]),
    ("stats", &["audit_log"]),
    ("metrics", &["output", "color"]),
    ("report", &["color"]),
    ("deploy-tokens list", &["audit_log"]),
    (
        "completions",
        &[
            "db",
            "actor",
            "output",
            "quiet",
            "now",
            "busy_timeout",
            "foreign_owner",
            "schema",
            "audit_log",
        ],
    ),
];

/// The command line as help and man pages describe it.
#[must_use]
pub fn documented() -> Command {
    described(ColorChoice::Auto)
}

fn described(colour: ColorChoice) -> Command {
    let mut program = Cli::command().color(colour);
    // The parts of a command, and what comes from above, are only there once it is built.
    program.build();
    for (path, unused) in UNUSED {
        let hide_unused = |command: Command| {
            command.mut_args(|arg| {
                let is_unused = unused.contains(&arg.get_id().as_str());
                if is_unused { arg.hide(true) } else { arg }
            })
        };
        program = match path.split_once(' ') {
            None => program.mut_subcommand(path, hide_unused),
            Some((folder, command)) => {
                program.mut_subcommand(folder, |it| it.mut_subcommand(command, hide_unused))
            }
        };
    }
    program
}

/// What the command line asks to be shown instead of run.
pub fn asked_for(arguments: &[OsString]) -> Option<clap::Error> {
    described(colour(arguments)).try_get_matches_from(arguments).err()
}

/// The value of --color, which clap does not hand over where it shows help.
fn colour(arguments: &[OsString]) -> ColorChoice {
    let words: Vec<_> = arguments.iter().map(|it| it.to_str().unwrap_or_default()).collect();
    let joined = words.iter().filter_map(|it| it.strip_prefix("--color="));
    let apart = words.windows(2).filter(|it| it[0] == "--color").map(|it| it[1]);
    let value = joined.chain(apart).last().unwrap_or_default();
    match ColorChoice::from_str(value, false).unwrap_or_default() {
        ColorChoice::Auto if is_colour_left_alone() && !io::stdout().is_terminal() => {
            ColorChoice::Never
        }
        choice => choice,
    }
}
