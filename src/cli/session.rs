//! The context of a run: clock, environment and global options.

mod streams;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use clap::ColorChoice;

pub use self::streams::is_colour_left_alone;
use super::arguments::GlobalArgs;
use super::description_file::{description, is_file};
use super::environment::{VARIABLE_AS, VARIABLE_AUDIT_LOG, variable};
use super::location::StoreName;
use super::own_files::is_own_file;
use crate::failure::{self, Failure, Kind};
use crate::model::actor::{Actor, OPERATOR};
use crate::model::id::IdSyntax;
use crate::model::reference::Reference;
use crate::model::time::{Moment, OUT_OF_RANGE, Rounding, Timestamp};
use crate::output::Format;
use crate::store::schema::Description;
use crate::store::{BrokenRow, ForeignFile, Location, Mode, Opening, OsUser, Store, Stored};

pub struct Session {
    db: Option<StoreName>,
    actor: Option<Reference>,
    format: Format,
    quiet: bool,
    color: ColorChoice,
    pub busy_timeout: Duration,
    foreign_owner: bool,
    schema: Option<&'static Description>,
    /// Where it was read from.
    description_file: Option<PathBuf>,
    audit_log: Option<PathBuf>,
    /// The arguments after the program's name.
    arguments: Vec<OsString>,
    /// The system time at the start of the run.
    pub clock: Timestamp,
    /// The same instant on the monotonic clock.
    pub began: Instant,
    /// The time for age and expiry: --now, or the system time.
    pub now: Moment,
}

impl Session {
    pub fn new(global: GlobalArgs, arguments: Vec<OsString>) -> Result<Self> {
        let clock = clock()?;
        check_randomness()?;
        let now = match global.now {
            None => Moment::at(clock),
            Some(now) => {
                let judged = now.resolve(clock, Rounding::Down);
                let judged = judged.map_err(|error| Failure::value("--now <T>", now, error))?;
                Moment::at(judged.instant)
            }
        };
        let wait = global.busy_timeout;
        // Counted from 1970, since a clock near the year 9999 has no time for it.
        let busy_timeout = wait
            .after(Timestamp::EPOCH)
            .and_then(|end| end.since(Timestamp::EPOCH).to_std().ok())
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
            schema: global.schema.as_deref().map(description).transpose()?,
            description_file: global.schema.filter(|it| is_file(it)).map(Into::into),
            audit_log: global.audit_log.or_else(|| variable(VARIABLE_AUDIT_LOG)).map(Into::into),
            arguments,
            clock,
            began: Instant::now(),
            now,
        })
    }

    /// Returns the location of the store.
    pub fn location(&self) -> Result<Location> {
        let db = self.db.as_ref().ok_or_else(|| {
            Failure::usage("no store given").hint("give --db STORE, or set TOKENCTL_DB")
        })?;
        Ok(db.location()?)
    }

    pub fn open(&self, mode: Mode) -> Result<Store> {
        let location = self.location()?;
        self.named_actor()?;
        let opened = Store::open(&location, &self.opening(mode, self.schema));
        opened.map_err(|error| self.with_other_user(error))
    }

    /// Refuses to print ids of tokens that have none.
    pub fn check_prints_ids<T: Stored>(&self, store: &Store) -> Result<()> {
        if self.format == Format::Ids && !store.has_ids::<T>()? {
            return Err(
                Failure::usage("-o ids prints ids, and the store's tokens have none").into()
            );
        }
        Ok(())
    }

    /// Opens the store for a check of its description, which needs nobody to act as.
    pub fn open_to_check(&self, named: Option<&'static Description>) -> Result<Store> {
        let opened =
            Store::open(&self.location()?, &self.opening(Mode::Read, named.or(self.schema)));
        opened.map_err(|error| self.with_other_user(error))
    }

    /// Lends the place of a database whose schema is not known.
    pub fn without_schema<R>(
        &self,
        mode: Mode,
        read: impl FnOnce(&Location, &Opening) -> Result<R>,
    ) -> Result<R> {
        read(&self.location()?, &self.opening(mode, None))
            .map_err(|error| self.with_other_user(error))
    }

    fn opening(&self, mode: Mode, schema: Option<&'static Description>) -> Opening {
        Opening { mode, busy_timeout: self.busy_timeout, foreign_owner: self.foreign_owner, schema }
    }

    /// What is taken for an id before the store is open.
    pub fn id_syntax(&self) -> IdSyntax {
        self.schema.map_or(IdSyntax::Numbers, Description::id_syntax)
    }

    /// Opens the audit file, if one is given. Call it before opening the store, which may
    /// change this process's user.
    pub fn audit_log<R>(&self, open: impl FnOnce(&Path) -> Result<R>) -> Result<Option<R>> {
        // Checked first: a usage error must not create the file.
        self.location()?;
        self.named_actor()?;
        if let Some(log) = &self.audit_log {
            self.refuse_own_file("--audit-log <FILE>", log)?;
        }
        self.audit_log.as_deref().map(open).transpose()
    }

    /// Refuses to write to one of the store's own files.
    pub fn refuse_own_file(&self, flag: &str, path: &Path) -> Result<(), Failure> {
        if self.description_file.as_ref().is_some_and(|it| is_own_file(path, it)) {
            let problem = "it is the description that says what is revoked";
            return Err(Failure::value(flag, path.display(), problem));
        }
        let location = self.location().ok();
        let store = location.as_ref().and_then(Location::file);
        if store.is_some_and(|store| is_own_file(path, store)) {
            let problem = "it is one of the store's own files";
            return Err(Failure::value(flag, path.display(), problem));
        }
        Ok(())
    }

    /// The path of the audit file, if one is given.
    pub fn audit_log_path(&self) -> Option<&Path> {
        self.audit_log.as_deref()
    }

    /// Adds to an error the command line for the file's owner.
    fn with_other_user(&self, error: anyhow::Error) -> anyhow::Error {
        let Some(file) = error.downcast_ref::<ForeignFile>() else { return error };
        let failure = Failure::new(Kind::Failed, format!("{error:#}"));
        let vouch = "--foreign-owner";
        match file {
            ForeignFile::Endangered { owner, .. } => failure
                .hint(self.command_as(owner))
                .hint(format!("or, where both share a group that may write those files, add {vouch}")),
            ForeignFile::OutOfReach { owner, .. } => failure.hint(self.command_as(owner)),
            ForeignFile::Exchangeable { owner, within, closed_by } => {
                let failure = match closed_by {
                    // Where root is, there is nobody to run it as.
                    _ if owner.is_root() => failure.hint(
                        "move it to a folder on whose path only root may rename anything, such as /root",
                    ),
                    Some(other) => failure.hint(format!(
                        "{owner} cannot go there, through a folder of {other}: if the store is of a \
                         container of {other}, run it in that container"
                    )),
                    None => failure.hint(self.command_as(owner)),
                };
                let within = within.display();
                failure.hint(format!("or, where whoever may change {within} is trusted, add {vouch}"))
            }
        }
        .into()
    }

    /// Builds this command line for another user, with variables as flags: sudo drops the
    /// environment.
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
        let actor = store.actor(&reference);
        let is_operator = matches!(&reference, Reference::Name(name) if name == OPERATOR);
        let hint = match store.has_administrators() {
            true if is_operator => "this store tells who is an administrator: act as one",
            false if !is_operator => {
                "this store tells no administrators: --as @operator reaches all of it, as \
                 whoever can open the store does"
            }
            _ => return actor.with_context(|| format!("cannot act as {reference}")),
        };
        actor.map_err(|error| {
            let error = error.context(format!("cannot act as {reference}"));
            Failure::recast(failure::kind(&error), &error).hint(hint).into()
        })
    }

    fn named_actor(&self) -> Result<Reference> {
        if let Some(reference) = &self.actor {
            return Ok(reference.clone());
        }
        let Some(text) = variable(VARIABLE_AS) else {
            return Err(Failure::usage("no user given to act as")
                .hint("give --as USER, or set TOKENCTL_AS; a sample store's administrator is root")
                .into());
        };
        let shown = text.to_string_lossy();
        let reference = text.to_str().ok_or_else(|| "it is not UTF-8".into()).and_then(str::parse);
        Ok(reference.map_err(|problem: String| Failure::value(VARIABLE_AS, &shown, problem))?)
    }

    /// The arguments after the program's name.
    pub fn arguments(&self) -> &[OsString] {
        &self.arguments
    }

    pub fn format(&self) -> Format {
        self.format
    }
}

/// The time, as the system has it.
fn clock() -> Result<Timestamp> {
    #[expect(clippy::disallowed_methods, reason = "the only reader of the clock")]
    let clock = Timestamp::new(SystemTime::now().into()).context(OUT_OF_RANGE)?;
    if clock < Timestamp::EPOCH {
        let message = format!("the system clock says {clock}, which is before 1970");
        return Err(Failure::new(Kind::Failed, message).hint("set the clock").into());
    }
    Ok(clock)
}

/// Fails where the system has no randomness, without which libraries would panic later.
fn check_randomness() -> Result<()> {
    getrandom::fill(&mut [0]).context("the system has no random numbers to give")
}

/// Builds the message for a row that is left out because it cannot be read.
pub fn broken_row(noun: &str, broken: &BrokenRow) -> String {
    let id = broken.id.as_ref().map_or_else(Clone::clone, ToString::to_string);
    format!("{noun} {id} is left out: {}", broken.problem)
}
