//! `completions`: prints the script by which a shell asks this program what may come next,
//! and answers it.

use std::env::current_dir;
use std::ffi::OsString;
use std::io::Write;

use anyhow::{Context, Result};
use clap::{Args, Command};
use clap_complete::Shell;
use clap_complete::env::{CompleteEnv, Shells};

use super::environment::{VARIABLE_COMPLETE, variable};
use super::help::documented;
use super::session::Session;

const PROGRAM: &str = "tokenctl";

/// Print the completion script of a shell.
///
/// Put it where the shell looks for completions, or evaluate it when the shell
/// starts. It asks the tokenctl that is found in PATH; nothing is read from a store.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tokenctl completions bash > /etc/bash_completion.d/tokenctl
  tokenctl completions zsh > \"${fpath[1]}/_tokenctl\"
  tokenctl completions fish > ~/.config/fish/completions/tokenctl.fish")]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub fn run(self, session: &Session) -> Result<()> {
        let shells = Shells::builtins();
        let shell = shells.completer(&self.shell.to_string()).context("no such shell")?;
        let mut script = Vec::new();
        shell.write_registration(VARIABLE_COMPLETE, PROGRAM, PROGRAM, PROGRAM, &mut script)?;
        if self.shell == Shell::Bash {
            script.extend_from_slice(BASH.as_bytes());
        }
        let mut out = session.out(None)?;
        out.write_all(&script).and_then(|()| out.flush()).context("cannot write to standard output")
    }
}

/// Bash takes `=` for the end of a word, and completes what is behind it: so the option goes
/// before it again, and is taken from what is offered.
const BASH: &str = r#"_tokenctl() {
    local last=${COMP_LINE:0:COMP_POINT}
    last=${last##*[[:space:]]}
    if [[ $last == --*=* && $COMP_WORDBREAKS == *=* ]]; then
        local at=$COMP_CWORD
        while ((at > 0)) && [[ ${COMP_WORDS[at]} != --* ]]; do ((at--)); done
        COMP_WORDS=("${COMP_WORDS[@]:0:at}" "$last")
        COMP_CWORD=$at
        _clap_complete_tokenctl "$1" "$last" "${COMP_WORDS[at - 1]}"
        COMPREPLY=("${COMPREPLY[@]#"${last%%=*}="}")
    else
        _clap_complete_tokenctl "$@"
    fi
}
complete -o nospace -o bashdefault -F _tokenctl tokenctl
"#;

/// Answers a shell, if it is one that asks.
pub fn complete(arguments: &[OsString]) -> Result<bool, clap::Error> {
    if variable(VARIABLE_COMPLETE).is_none() {
        // Otherwise each start would copy the arguments and ask for the current folder.
        return Ok(false);
    }
    CompleteEnv::with_factory(|| offered(arguments))
        .var(VARIABLE_COMPLETE)
        .bin(PROGRAM)
        .try_complete(arguments, current_dir().ok().as_deref())
}

/// The command line of which a part is offered. A value that has to stand behind `=` is
/// none behind a blank.
fn offered(arguments: &[OsString]) -> Command {
    let has_value = arguments.last().is_some_and(|it| it.to_string_lossy().contains('='));
    if has_value { documented() } else { plain(documented()) }
}

fn plain(command: Command) -> Command {
    let command = command.mut_args(|arg| {
        if arg.is_require_equals_set() { arg.num_args(0).require_equals(false) } else { arg }
    });
    command.mut_subcommands(plain)
}
