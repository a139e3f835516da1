//! `completions`: prints shell completion scripts.

use std::io::Write;

use anyhow::{Context, Result};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use super::session::Session;

/// Print the completion script of a shell.
///
/// Put it where the shell looks for completions, or evaluate it when the shell
/// starts.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tokenctl completions bash > ~/.local/share/bash-completion/completions/tokenctl
  tokenctl completions zsh > \"${fpath[1]}/_tokenctl\"
  tokenctl completions fish > ~/.config/fish/completions/tokenctl.fish")]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub fn run(self, session: &Session) -> Result<()> {
        // To memory first: clap_complete panics when a write fails.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "tokenctl", &mut script);
        let mut out = session.out(None)?;
        out.write_all(&script).and_then(|()| out.flush()).context("cannot write to standard output")
    }
}
