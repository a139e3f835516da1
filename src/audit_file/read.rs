//! Reading the audit file: its lines become events, in bounded memory. What cannot be
//! read is named and counted, and never ends the reading.

use std::io::{BufRead, BufReader};

use anyhow::{Context, Result};

use super::AuditFile;
use super::entry::{Concluded, Conclusion, Entry};
use crate::failure::say;
use crate::lines::next_line;
use crate::model::audit::{AuditEvent, Outcome};
use crate::model::id::EventId;
use crate::store::EventLog;

impl AuditFile {
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
            let is_whole = next_line(&mut input, &mut line).with_context(cannot)?;
            if line.is_empty() {
                return Ok((events, broken));
            }
            let rest = if is_whole { 0 } else { input.skip_until(b'\n').with_context(cannot)? };
            if rest > 0 || !line.trim_ascii().is_empty() {
                let entry = if rest > 0 { None } else { Entry::read(&line).ok() };
                if let Some(entry) = entry {
                    // Where the line begins is what numbers its event.
                    add(entry, EventId(at + 1), &events, schema)?;
                } else {
                    broken += 1;
                    let path = self.path.display();
                    say(&format!("audit log {path}: the line at byte {at} cannot be read"));
                }
            }
            at += i64::try_from(line.len() + rest)?;
        }
    }
}

/// Adds what a line tells of one kind of store.
fn add(entry: Entry<()>, id: EventId, events: &EventLog, wanted: &str) -> Result<()> {
    match entry {
        Entry::Intent { event, token: () } if event.schema.as_deref() == Some(wanted) => {
            events.announce(&AuditEvent { id, ..event })
        }
        Entry::Outcome(Concluded { run_id, schema, target_type, target_id, outcome, .. })
            if schema == wanted =>
        {
            let outcome = match outcome {
                Conclusion::Revoked => Some(Outcome::Revoked),
                Conclusion::NotRevoked => None,
            };
            events.conclude(&run_id, &target_type, target_id, outcome)
        }
        Entry::Intent { .. } | Entry::Outcome(_) => Ok(()),
    }
}
