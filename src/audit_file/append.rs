//! Writing to the audit file: whole lines, under its lock, on disk before it goes on, and
//! never to a file that has lost its name.

use std::io::{ErrorKind, Write};
use std::os::unix::fs::{FileExt, MetadataExt};

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::AuditFile;
use super::entry::{Concluded, Conclusion, Entry};
use crate::failure::{Failure, Kind};
use crate::model::audit::AuditEvent;
use crate::model::time::{Moment, Timestamp};
use crate::model::token::Token;
use crate::output::json;
use crate::output::view::Record;
use crate::store::{AuditRecord, Run, Store, is_same_file};

impl AuditFile {
    /// Writes down what a run does to tokens of a store. It is on disk when this returns.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or the file was moved or replaced.
    pub fn record<T: Token + Record>(
        &self,
        store: &Store,
        run: &Run,
        at: Timestamp,
        now: Moment,
        record: &AuditRecord<'_, T>,
    ) -> Result<()> {
        let schema = store.description().audited_as();
        // Asked once, and not where an answer of the server has just been lost: the first
        // is an intent.
        let database = self.database.get_or_init(|| store.database().to_string());
        match record {
            AuditRecord::Intent(tokens) => {
                let entries = tokens.iter().map(|&token| {
                    let event =
                        AuditEvent { schema: Some(schema.to_string()), ..run.event(at, token) };
                    let database = Some(database.clone());
                    let description_sha256 = store.description().digest().map(Into::into);
                    let token = json::object(token, now)?;
                    let event = Box::new(event);
                    Ok(Entry::Intent { event, database, description_sha256, token })
                });
                self.write(entries.collect::<Result<Vec<_>>>()?)
            }
            AuditRecord::Outcome(done) => {
                let concluded = done.iter().map(|(target_id, is_revoked)| Concluded {
                    created_at: at.to_string(),
                    run_id: run.id.clone(),
                    schema: schema.to_string(),
                    database: Some(database.clone()),
                    target_type: T::TARGET_TYPE.into(),
                    target_id: target_id.clone(),
                    outcome: if *is_revoked { Conclusion::Revoked } else { Conclusion::NotRevoked },
                });
                self.write(concluded.map(Entry::<()>::Outcome))
            }
        }
    }

    fn write<T: Serialize>(&self, entries: impl IntoIterator<Item = Entry<T>>) -> Result<()> {
        let mut lines = Vec::new();
        for entry in entries {
            json::write_value(&mut lines, &entry)?;
            lines.push(b'\n');
        }
        let _lock = self.lock_to_write()?;
        self.check_identity()?;
        let cannot = || format!("cannot write to audit log {}", self.path.display());
        if self.is_torn().with_context(cannot)? {
            // Another line is never joined to it.
            lines.insert(0, b'\n');
        }
        let written = (&self.file).write_all(&lines).and_then(|()| self.file.sync_data());
        written.with_context(cannot)
    }

    /// Whether the last line lacks its end: its run was ended in the middle of it, or the
    /// disk was full. Another run may have left it since the file was opened.
    fn is_torn(&self) -> std::io::Result<bool> {
        let Some(last) = self.file.metadata()?.len().checked_sub(1) else { return Ok(false) };
        let mut end = [0];
        self.file.read_exact_at(&mut end, last)?;
        Ok(end != [b'\n'])
    }

    /// Checks that the path still leads to the file, which nobody would look for elsewhere.
    fn check_identity(&self) -> Result<()> {
        let ours = self.file.metadata()?;
        let is_ours = match self.path.symlink_metadata() {
            Ok(now) => is_same_file(&now, &ours),
            // The name may be one that only root can follow, who has become another user.
            Err(error) => error.kind() == ErrorKind::PermissionDenied && ours.nlink() > 0,
        };
        let path = self.path.display();
        let message = || format!("audit log {path} was moved or replaced meanwhile");
        ensure!(is_ours, Failure::new(Kind::Failed, message()));
        Ok(())
    }
}
