//! The standard streams of a run: what is printed there, how it looks, and whether somebody
//! sits before it.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal};
use std::os::fd::AsFd;

use anstream::AutoStream;
use anyhow::{Context, Result};
use clap::ColorChoice;
use terminal_size::{Width, terminal_size_of};

use super::Session;
use crate::cli::environment::variable;
use crate::cli::stop::Stop;
use crate::failure;
use crate::output::blocking::{Blocking, duplicate};
use crate::output::spool::Spool;
use crate::output::{CANNOT_PRINT, Format, OutputStyle, Terminal, Times};

impl Session {
    /// The style of the result on standard output.
    pub fn style(&self, times: Times) -> OutputStyle {
        OutputStyle {
            format: self.format,
            now: self.now,
            terminal: io::stdout().is_terminal().then(|| terminal(io::stdout(), times)),
            colour: self.is_coloured(&io::stdout()),
            columns: None,
            counts: false,
            unrecorded: Vec::new(),
        }
    }

    /// The style of a table on standard error.
    pub fn preview_style(&self, times: Times) -> OutputStyle {
        OutputStyle {
            format: Format::Table,
            now: self.now,
            terminal: Some(terminal(io::stderr(), times)),
            colour: self.is_coloured(&io::stderr()),
            columns: None,
            counts: false,
            unrecorded: Vec::new(),
        }
    }

    fn is_coloured(&self, stream: &impl anstream::stream::RawStream) -> bool {
        match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            // Follows NO_COLOR, CLICOLOR_FORCE and TERM=dumb.
            ColorChoice::Auto => {
                (stream.is_terminal() || !is_colour_left_alone())
                    && AutoStream::choice(stream) != anstream::ColorChoice::Never
            }
        }
    }

    /// Standard output, for the result only. Soon after the run is stopped its reader is not
    /// waited for any more.
    #[expect(clippy::unused_self, reason = "the session owns the standard streams")]
    pub fn out(&self, stop: Option<&Stop>) -> Result<BufWriter<Blocking<File>>> {
        let stream = match stop {
            Some(stop) => stop.stream(io::stdout()),
            None => duplicate(io::stdout()).map(Blocking::new),
        };
        Ok(BufWriter::with_capacity(1 << 16, stream.context(CANNOT_PRINT)?))
    }

    /// Wraps a standard stream for output while the store is read: writing never waits
    /// for the reader.
    #[expect(clippy::unused_self, reason = "the session owns the standard streams")]
    pub fn spool(&self, stream: impl AsFd) -> Result<Spool> {
        Ok(Spool::new(Blocking::new(duplicate(stream).context(CANNOT_PRINT)?)))
    }

    /// Whether the user can be asked a question.
    #[expect(clippy::unused_self, reason = "the session owns the standard streams")]
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Whether progress is to be shown.
    pub fn shows_progress(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Prints a note, unless --quiet.
    pub fn note(&self, message: &str) {
        if !self.quiet {
            failure::say(message);
        }
    }

    /// Says which columns the terminal has no room for.
    pub fn note_left_out(&self, columns: &[&str]) {
        if !columns.is_empty() {
            self.note(&format!("no room for {}; see --columns", columns.join(", ")));
        }
    }

    /// Prints a further line of a note.
    pub fn note_more(&self, line: &str) {
        if !self.quiet {
            failure::say_plain(line);
        }
    }
}

/// Whether `CLICOLOR_FORCE` says that nothing is forced, which anstream takes for a yes.
pub fn is_colour_left_alone() -> bool {
    variable("CLICOLOR_FORCE").is_some_and(|it| it == "0")
}

fn terminal(terminal: impl AsFd, times: Times) -> Terminal {
    let width = terminal_size_of(terminal).map_or(80, |(Width(columns), _)| columns.into());
    Terminal { width, times }
}
