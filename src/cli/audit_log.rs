//! The audit file: what is about to be done to tokens, and what came of it, one JSON
//! object a line. It is only ever appended to, and on disk before anything is done.

use std::cell::Cell;
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use nix::fcntl::OFlag;
use nix::unistd::Uid;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Kind, say};
use crate::model::audit::{AuditEvent, Outcome};
use crate::model::id::{EventId, TokenId, UserId};
use crate::model::time::{Moment, Timestamp};
use crate::model::token::Token;
use crate::output::json;
use crate::output::view::Record;
use crate::store::{AuditRecord, EventLog, Run, Store};

/// An audit file that is open.
#[derive(Debug)]
pub struct AuditLog {
    file: File,
    path: PathBuf,
    /// Whether the last line was cut short by the end of its run.
    is_torn: Cell<bool>,
}

/// A line of the file. `token` is the row as a list shows it.
#[derive(Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
enum Entry<T> {
    Intent {
        created_at: String,
        run_id: String,
        action: String,
        actor: String,
        actor_id: i64,
        os_user: String,
        /// The name of the schema: ids mean nothing in another application's database.
        schema: String,
        target_type: String,
        target_id: i64,
        target_name: String,
        target_user_id: Option<i64>,
        reason: Option<String>,
        token: T,
    },
    Outcome {
        created_at: String,
        run_id: String,
        schema: String,
        target_type: String,
        target_id: i64,
        outcome: OutcomeName,
    },
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OutcomeName {
    Revoked,
    NotRevoked,
}

/// For the one who made it.
const MODE: u32 = 0o600;

/// Who may only read it cannot change it; who may write it could.
const OTHERS_WRITE: u32 = 0o022;

impl AuditLog {
    /// Opens a file for appending, and makes it where there is none.
    ///
    /// # Errors
    ///
    /// When it is a link, no file of its own, writable by others, or something else than an
    /// audit file.
    pub fn append(path: &Path) -> Result<Self> {
        let mut how = OpenOptions::new();
        how.read(true).append(true).mode(MODE);
        Self::open(path, how, true)
    }

    /// Opens a file for reading, with the same care: what others may write is no evidence.
    ///
    /// # Errors
    ///
    /// As for [`AuditLog::append`], and where there is none.
    pub fn read(path: &Path) -> Result<Self> {
        let mut how = OpenOptions::new();
        how.read(true);
        Self::open(path, how, false)
    }

    fn open(path: &Path, mut how: OpenOptions, creates: bool) -> Result<Self> {
        // Neither a link nor what waits for somebody at its other end.
        how.custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits());
        let mut opened = || -> Result<Self> {
            let file = match how.open(path) {
                Err(error) if creates && error.kind() == ErrorKind::NotFound => {
                    make(path, &mut how)?
                }
                Err(error) if path.is_symlink() => {
                    return Err(anyhow::Error::new(error).context(refused("it is a link")));
                }
                opened => opened?,
            };
            let metadata = file.metadata()?;
            check(&metadata, path)?;
            Ok(Self { is_torn: Cell::new(is_torn(&file, &metadata)?), file, path: path.into() })
        };
        opened().with_context(|| format!("cannot open audit log {}", path.display()))
    }

    /// Writes down what is done to tokens of a store.
    ///
    /// # Errors
    ///
    /// When it is not on disk then.
    pub fn record<T: Token + Record>(
        &self,
        store: &Store,
        run: &Run,
        at: Timestamp,
        now: Moment,
        record: &AuditRecord<'_, T>,
    ) -> Result<()> {
        let schema = store.description().name;
        match record {
            AuditRecord::Intent(tokens) => {
                let entries = tokens.iter().map(|&token| {
                    let event = run.event(at, token);
                    Ok(Entry::Intent {
                        created_at: event.created_at.to_string(),
                        run_id: event.run_id,
                        action: event.action,
                        actor: event.actor,
                        actor_id: event.actor_id.0,
                        os_user: event.os_user,
                        schema: schema.into(),
                        target_type: event.target_type,
                        target_id: event.target_id.0,
                        target_name: event.target_name,
                        target_user_id: event.target_user_id.map(|id| id.0),
                        reason: event.reason,
                        token: json::object(token, now)?,
                    })
                });
                self.write(entries.collect::<Result<Vec<_>>>()?)
            }
            AuditRecord::Outcome(done) => {
                self.write(done.iter().map(|&(id, is_revoked)| Entry::<()>::Outcome {
                    created_at: at.to_string(),
                    run_id: run.id.clone(),
                    schema: schema.into(),
                    target_type: T::TARGET_TYPE.into(),
                    target_id: id.0,
                    outcome: if is_revoked {
                        OutcomeName::Revoked
                    } else {
                        OutcomeName::NotRevoked
                    },
                }))
            }
        }
    }

    fn write<T: Serialize>(&self, entries: impl IntoIterator<Item = Entry<T>>) -> Result<()> {
        let mut lines = if self.is_torn.get() { b"\n".to_vec() } else { Vec::new() };
        for entry in entries {
            json::write_value(&mut lines, &entry)?;
            lines.push(b'\n');
        }
        self.check_identity()?;
        // In one piece: another run may write to the same file.
        self.is_torn.set(true);
        let written = (&self.file).write_all(&lines).and_then(|()| self.file.sync_data());
        written.with_context(|| format!("cannot write to audit log {}", self.path.display()))?;
        self.is_torn.set(false);
        Ok(())
    }

    /// Checks that the path still leads to the file, which nobody would look for elsewhere.
    fn check_identity(&self) -> Result<()> {
        let ours = self.file.metadata()?;
        let is_ours = match self.path.symlink_metadata() {
            Ok(now) => (now.dev(), now.ino()) == (ours.dev(), ours.ino()),
            // The name may be one that only root can follow, who has become another user.
            Err(error) => error.kind() == ErrorKind::PermissionDenied && ours.nlink() > 0,
        };
        let path = self.path.display();
        let message = || format!("audit log {path} was moved or replaced meanwhile");
        ensure!(is_ours, Failure::new(Kind::Failed, message()));
        Ok(())
    }

    /// The events of one kind of store. Lines that cannot be read are named on standard
    /// error and counted.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn events(&self, schema: &str) -> Result<(EventLog, u64)> {
        let cannot = || format!("cannot read audit log {}", self.path.display());
        let events = EventLog::new()?;
        let mut input = BufReader::with_capacity(1 << 16, &self.file);
        let (mut line, mut at, mut broken) = (Vec::new(), 0_i64, 0);
        loop {
            let length = next_line(&mut input, &mut line).with_context(cannot)?;
            if length == 0 {
                return Ok((events, broken));
            }
            // Of one that is too long there is only the beginning.
            let is_whole = length == line.len();
            if !is_whole || !line.trim_ascii().is_empty() {
                let entry = is_whole.then(|| serde_json::from_slice(&line).ok()).flatten();
                // Where the line begins is what numbers its event.
                if let Some(line) = entry.and_then(|it| Line::of(it, at + 1)) {
                    line.add_to(&events, schema)?;
                } else {
                    broken += 1;
                    let path = self.path.display();
                    say(&format!("audit log {path}: the line at byte {at} cannot be read"));
                }
            }
            at += i64::try_from(length)?;
        }
    }
}

/// Far more than the row of a token takes; what has no line ends would fill the
/// memory.
const LONGEST_LINE: u64 = 16 << 20;

/// Reads a line, or its beginning where it is too long, and gives the length of all of
/// it.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    line.clear();
    let mut bounded = input.by_ref().take(LONGEST_LINE);
    let length = bounded.read_until(b'\n', line)?;
    if bounded.limit() > 0 || line.ends_with(b"\n") {
        return Ok(length);
    }
    Ok(length + input.skip_until(b'\n')?)
}

/// Makes a file where there is none.
fn make(path: &Path, how: &mut OpenOptions) -> io::Result<File> {
    let file = match how.create_new(true).open(path) {
        // Another run has made it meanwhile.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return how.create_new(false).open(path);
        }
        made => made?,
    };
    // Some umasks would keep the next run from it.
    file.set_permissions(Permissions::from_mode(MODE))?;
    let folder = path.parent().filter(|it| *it != Path::new(""));
    // So that the name survives a crash too.
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(file)
}

fn refused(problem: &str) -> Failure {
    Failure::new(Kind::Failed, problem)
}

fn check(metadata: &Metadata, path: &Path) -> Result<(), Failure> {
    if !metadata.is_file() {
        return Err(refused("it is not a regular file"));
    }
    if metadata.nlink() != 1 {
        return Err(refused("it is a link: the file has other names too"));
    }
    let owner = Uid::from_raw(metadata.uid());
    if owner != Uid::effective() && !owner.is_root() {
        return Err(refused("it belongs to another user, who may write to it")
            .hint("give a file of your own, or run it as that user"));
    }
    if metadata.mode() & OTHERS_WRITE != 0 {
        let path = path.display().to_string();
        return Err(refused("others may write to it").hint(shell_words::join([
            "chmod",
            "go-w",
            path.as_str(),
        ])));
    }
    Ok(())
}

/// Whether the last line lacks its end.
fn is_torn(file: &File, metadata: &Metadata) -> Result<bool> {
    let Some(last) = metadata.len().checked_sub(1) else { return Ok(false) };
    let (mut first, mut end) = ([0], [0]);
    file.read_exact_at(&mut first, 0)?;
    file.read_exact_at(&mut end, last)?;
    // Appending to a database, say, would spoil it.
    if !matches!(first, [b'{' | b'\n']) {
        return Err(refused("it is not an audit log, which is lines of JSON").into());
    }
    Ok(end != [b'\n'])
}

/// A line, once its values have been read.
enum Line {
    Intent { schema: String, event: AuditEvent },
    Outcome { schema: String, run_id: String, target: (String, TokenId), outcome: Option<Outcome> },
}

impl Line {
    fn of(entry: Entry<IgnoredAny>, id: i64) -> Option<Self> {
        Some(match entry {
            Entry::Intent {
                created_at,
                run_id,
                action,
                actor,
                actor_id,
                os_user,
                schema,
                target_type,
                target_id,
                target_name,
                target_user_id,
                reason,
                token: IgnoredAny,
            } => Self::Intent {
                schema,
                event: AuditEvent {
                    id: EventId(id),
                    created_at: Timestamp::from_stored(&created_at)?,
                    run_id,
                    action,
                    actor,
                    actor_id: UserId(actor_id),
                    os_user,
                    target_type,
                    target_id: TokenId(target_id),
                    target_name,
                    target_user_id: target_user_id.map(UserId),
                    reason,
                    outcome: Outcome::Unresolved.name().into(),
                },
            },
            Entry::Outcome { created_at: _, run_id, schema, target_type, target_id, outcome } => {
                Self::Outcome {
                    schema,
                    run_id,
                    target: (target_type, TokenId(target_id)),
                    outcome: match outcome {
                        OutcomeName::Revoked => Some(Outcome::Revoked),
                        OutcomeName::NotRevoked => None,
                    },
                }
            }
        })
    }

    fn add_to(self, events: &EventLog, wanted: &str) -> Result<()> {
        match self {
            Self::Intent { schema, event } if schema == wanted => events.announce(&event),
            Self::Outcome { schema, run_id, target: (kind, id), outcome } if schema == wanted => {
                events.conclude(&run_id, &kind, id, outcome)
            }
            Self::Intent { .. } | Self::Outcome { .. } => Ok(()),
        }
    }
}
