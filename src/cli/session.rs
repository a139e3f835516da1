//! What a run knows of the world: the clock, the environment, the terminal and
//! the options that every command has.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, StdoutLock};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anstream::AutoStream;
use anyhow::{Context, Result};
use chrono::Utc;
use clap::ColorChoice;
use terminal_size::{Width, terminal_size_of};

use super::arguments::GlobalArgs;
use super::environment::{VARIABLE_AS, VARIABLE_AUDIT_LOG, variable};
use super::location::StoreName;
use crate::audit_file::AuditFile;
use crate::failure::{self, Failure, Kind};
use crate::model::actor::Actor;
use crate::model::reference::Reference;
use crate::model::time::{Moment, OUT_OF_RANGE, Rounding, Timestamp};
use crate::output::spool::Spool;
use crate::output::{Format, OutputStyle};
use crate::store::schema::Description;
use crate::store::{BrokenRow, ForeignFile, Location, Mode, Opening, OsUser, Store};

pub struct Session {
    db: Option<StoreName>,
    actor: Option<Reference>,
    format: Format,
    quiet: bool,
    color: ColorChoice,
    busy_timeout: Duration,
    foreign_owner: bool,
    schema: Option<&'static Description>,
    audit_log: Option<PathBuf>,
    /// What follows the program's name.
    arguments: Vec<OsString>,
    /// The real time, read once a run.
    pub clock: Timestamp,
    /// The same, on the clock that counts on.
    pub began: Instant,
    /// The time that tokens are judged by.
    pub now: Moment,
}

impl Session {
    pub fn new(global: GlobalArgs, arguments: Vec<OsString>) -> Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "the one reading of the clock")]
        let clock = Timestamp::new(Utc::now()).context(OUT_OF_RANGE)?;
        let now = match global.now {
            None => Moment::at(clock),
            Some(now) => {
                let judged = now.resolve(clock, Rounding::Down);
                let judged = judged.map_err(|error| Failure::value("--now <T>", now, error))?;
                Moment::at(judged.instant)
            }
        };
        let wait = global.busy_timeout;
        let busy_timeout = wait
            .after(clock)
            .and_then(|end| end.since(clock).to_std().ok())
            // SQLite counts milliseconds in 32 bits.
            .filter(|wait| i32::try_from(wait.as_millis()).is_ok())
            .ok_or_else(|| {
                Failure::value("--busy-timeout <D>", wait, "it is longer than 24 days")
            })?;

        Ok(Self {
            db: StoreName::find(global.db)?,
            actor: global.actor,
            format: global.output,
            quiet: global.quiet,
            color: global.color,
            busy_timeout,
            foreign_owner: global.foreign_owner,
            schema: global.schema,
            audit_log: global.audit_log.or_else(|| variable(VARIABLE_AUDIT_LOG)).map(Into::into),
            arguments,
            clock,
            began: Instant::now(),
            now,
        })
    }

    /// Where the store is.
    pub fn location(&self) -> Result<Location> {
        let db = self.db.as_ref().ok_or_else(|| {
            Failure::usage("no store is named").hint("give --db STORE, or set TOKENCTL_DB")
        })?;
        Ok(db.location()?)
    }

    pub fn open(&self, mode: Mode) -> Result<Store> {
        let location = self.location()?;
        self.named_actor()?;
        let how = Opening {
            mode,
            busy_timeout: self.busy_timeout,
            foreign_owner: self.foreign_owner,
            schema: self.schema,
        };
        Store::open(&location, &how).map_err(|error| self.with_other_user(error))
    }

    /// The audit file, if one is named, opened in this way. That is done before the store
    /// is opened, which may turn this process into another user's.
    pub fn audit_log(
        &self,
        open: impl FnOnce(&Path) -> Result<AuditFile>,
    ) -> Result<Option<AuditFile>> {
        // A wrong command line leaves no file behind.
        let location = self.location()?;
        self.named_actor()?;
        if let (Location::File(store), Some(log)) = (&location, &self.audit_log) {
            let is_beside = |suffix: &str| {
                let mut name = store.clone().into_os_string();
                name.push(suffix);
                log.as_os_str() == name
            };
            if ["-journal", "-wal", "-shm"].into_iter().any(is_beside) {
                let log = log.display();
                return Err(Failure::value("--audit-log <FILE>", log, "it is SQLite's").into());
            }
        }
        self.audit_log.as_deref().map(open).transpose()
    }

    /// Says with an error who could open the store instead, and how.
    fn with_other_user(&self, error: anyhow::Error) -> anyhow::Error {
        let Some(file) = error.downcast_ref::<ForeignFile>() else { return error };
        let failure = Failure::new(Kind::Failed, format!("{error:#}"));
        let failure = failure.hint(self.command_as(file.owner()));
        match file {
            ForeignFile::Endangered { .. } => failure.hint(
                "or, where both share a group that may write those files, add --foreign-owner",
            ),
            ForeignFile::OutOfReach { .. } => failure,
        }
        .into()
    }

    /// This run's command line for another user. sudo does not hand the
    /// environment on.
    fn command_as(&self, user: &OsUser) -> String {
        let mut words = vec!["sudo".into(), "-u".into(), user.for_sudo(), "tokenctl".into()];
        let text = |word: &OsStr| word.to_string_lossy().into_owned();
        if let Some(db) = self.db.as_ref().and_then(StoreName::of_environment) {
            words.extend(["--db".into(), text(db)]);
        }
        if let (None, Some(actor)) = (&self.actor, variable(VARIABLE_AS)) {
            words.extend(["--as".into(), text(&actor)]);
        }
        if let Some(log) = variable(VARIABLE_AUDIT_LOG) {
            words.extend(["--audit-log".into(), text(&log)]);
        }
        words.extend(self.arguments.iter().map(|word| text(word)));
        shell_words::join(words)
    }

    pub fn actor(&self, store: &Store) -> Result<Actor> {
        let reference = self.named_actor()?;
        store.actor(&reference).with_context(|| format!("cannot act as {reference}"))
    }

    fn named_actor(&self) -> Result<Reference> {
        if let Some(reference) = &self.actor {
            return Ok(reference.clone());
        }
        let Some(text) = variable(VARIABLE_AS) else {
            return Err(Failure::usage("no user to act as is named")
                .hint("give --as USER, or set TOKENCTL_AS; a sample store's administrator is root")
                .into());
        };
        let shown = text.to_string_lossy();
        let reference = text.to_str().ok_or_else(|| "it is not UTF-8".into()).and_then(str::parse);
        Ok(reference.map_err(|problem: String| Failure::value(VARIABLE_AS, &shown, problem))?)
    }

    pub fn format(&self) -> Format {
        self.format
    }

    /// How the result on standard output is to look.
    pub fn style(&self) -> OutputStyle {
        OutputStyle {
            format: self.format,
            now: self.now,
            terminal: io::stdout().is_terminal().then(|| columns(io::stdout())),
            colour: self.is_coloured(&io::stdout()),
            columns: None,
        }
    }

    /// How a table on standard error is to look.
    pub fn preview_style(&self) -> OutputStyle {
        OutputStyle {
            format: Format::Table,
            now: self.now,
            terminal: Some(columns(io::stderr())),
            colour: self.is_coloured(&io::stderr()),
            columns: None,
        }
    }

    fn is_coloured(&self, stream: &impl anstream::stream::RawStream) -> bool {
        match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            // NO_COLOR, CLICOLOR_FORCE and TERM=dumb, each by its convention.
            ColorChoice::Auto => AutoStream::choice(stream) != anstream::ColorChoice::Never,
        }
    }

    /// Standard output, for the result and nothing else.
    #[expect(clippy::unused_self, reason = "the session is where the world is bound")]
    pub fn out(&self) -> BufWriter<StdoutLock<'static>> {
        BufWriter::with_capacity(1 << 16, io::stdout().lock())
    }

    /// One of the standard streams, for what is printed while the store is read:
    /// printing never waits for whoever takes it.
    #[expect(clippy::unused_self, reason = "the session is where the world is bound")]
    pub fn spool(&self, stream: impl AsFd) -> Result<Spool> {
        let stream = stream.as_fd().try_clone_to_owned().context("cannot print")?;
        Ok(Spool::new(File::from(stream)))
    }

    /// Whether a question can be put and answered.
    #[expect(clippy::unused_self, reason = "the session is where the world is bound")]
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Whether progress is to be shown.
    pub fn shows_progress(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Tells what is not an error.
    pub fn note(&self, message: &str) {
        if !self.quiet {
            failure::say(message);
        }
    }

    /// Adds a line to what was told.
    pub fn note_more(&self, line: &str) {
        if !self.quiet {
            failure::say_plain(line);
        }
    }
}

/// Names a row that cannot be read; it is left out of everything.
pub fn broken_row(noun: &str, broken: &BrokenRow) -> String {
    format!("{noun} {} is left out: {}", broken.id, broken.problem)
}

fn columns(terminal: impl AsFd) -> usize {
    terminal_size_of(terminal).map_or(80, |(Width(columns), _)| columns.into())
}
