//! Reading the audit file: its lines become events, in bounded memory. What cannot be
//! read is named and counted, and never ends the reading.

use std::io::{BufRead, BufReader, Seek, SeekFrom};

use anyhow::{Context, Result};

use super::AuditFile;
use super::entry::{Concluded, Conclusion, Entry};
use crate::failure::say;
use crate::lines::next_line;
use crate::model::audit::{AuditEvent, Outcome};
use crate::model::database::Database;
use crate::model::id::EventId;
use crate::store::{EventTable, Store};

/// What a file tells of one store.
#[derive(Debug)]
pub struct FileEvents {
    pub events: EventTable,
    /// How many events it tells of that are other stores'.
    pub others: u64,
    /// How many lines cannot be read.
    pub broken: u64,
}

impl AuditFile {
    /// The events of a store. Lines that cannot be read are named on standard error and
    /// counted.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn events(&self, store: &Store) -> Result<FileEvents> {
        let cannot = || format!("cannot read audit log {}", self.path.display());
        let schema = store.description().audited_as().into_owned();
        let of = Of { schema, database: store.database() };
        let mut found = FileEvents { events: EventTable::new()?, others: 0, broken: 0 };
        let mut input = BufReader::with_capacity(1 << 16, &self.file);
        let (mut line, mut at) = (Vec::new(), 0_i64);
        let mut lock = None;
        loop {
            let is_whole = next_line(&mut input, &mut line).with_context(cannot)?;
            if line.is_empty() {
                return Ok(found);
            }
            if is_whole && !line.ends_with(b"\n") && lock.is_none() {
                // Perhaps it is being written. Under the lock it is all that it will be.
                lock = Some(self.lock_to_read()?);
                input.seek(SeekFrom::Start(u64::try_from(at)?)).with_context(cannot)?;
                continue;
            }
            let rest = if is_whole { 0 } else { input.skip_until(b'\n').with_context(cannot)? };
            if rest > 0 || !line.trim_ascii().is_empty() {
                let entry = if rest > 0 { None } else { Entry::read(&line).ok() };
                if let Some(entry) = entry {
                    // An event is numbered by the position of its line.
                    found.add(entry, EventId(at + 1), &of)?;
                } else {
                    found.broken += 1;
                    let path = self.path.display();
                    say(&format!("audit log {path}: the line at byte {at} cannot be read"));
                }
            }
            at += i64::try_from(line.len() + rest)?;
        }
    }
}

/// Whose events are asked for.
struct Of {
    schema: String,
    database: Database,
}

impl Of {
    /// Whether an entry is one of the store. Before databases were named, there was a file
    /// for each.
    fn is_named(&self, schema: &str, database: Option<&str>) -> bool {
        schema == self.schema && database.is_none_or(|it| self.database.is_named(it))
    }
}

impl FileEvents {
    /// Adds what a line tells.
    fn add(&mut self, entry: Entry<()>, id: EventId, of: &Of) -> Result<()> {
        match entry {
            Entry::Intent { event, database, .. } => {
                let schema = event.schema.as_deref().unwrap_or_default();
                if of.is_named(schema, database.as_deref()) {
                    self.events.record_intent(&AuditEvent { id, ..*event })?;
                } else {
                    self.others += 1;
                }
            }
            Entry::Outcome(Concluded {
                run_id,
                schema,
                database,
                target_type,
                target_id,
                outcome,
                ..
            }) => {
                let outcome = match outcome {
                    Conclusion::Revoked => Some(Outcome::Revoked),
                    Conclusion::NotRevoked => None,
                };
                if of.is_named(&schema, database.as_deref()) {
                    self.events.record_outcome(&run_id, &target_type, &target_id, outcome)?;
                } else if outcome.is_none() {
                    // What came to nothing is no event.
                    self.others = self.others.saturating_sub(1);
                }
            }
        }
        Ok(())
    }
}
