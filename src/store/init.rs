//! Creates a native store, empty or with a sample.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use rusqlite::Connection;

use super::copy::Copying;
use super::engine::Engine;
use super::engine::sqlite::{Sqlite, new_file};
use super::schema::native;
use super::sql::Dialect;
use super::{Location, Store, sample};
use crate::model::time::Timestamp;

/// Creates a store, with a made-up organisation of `sample` personal access tokens where a
/// number is given.
///
/// # Errors
///
/// When there is something in its place, it cannot be written, or the run is stopped; then
/// there is no store.
pub fn create(
    location: &Location,
    sample: Option<u64>,
    now: Timestamp,
    wait: Duration,
    copying: Copying<'_>,
) -> Result<()> {
    let filled = |path: &Path| {
        new_file(path, |new| {
            if let Some(tokens) = sample {
                sample::fill(&new.connection, tokens, now, copying.stop, copying.progress)?;
            }
            new.publish()
        })
    };
    match (location.file(), sample) {
        (Some(path), _) => filled(path),
        (None, None) => Engine::create(location, wait, copying.stop, |_| Ok(())),
        // The same rows: they are copied from a file that lasts as long as this takes.
        (None, Some(_)) => {
            let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
            let path = folder.path().join("sample.db");
            filled(&path)?;
            let engine = Engine::Sqlite(Sqlite::unnamed(Connection::open(path)?)?);
            let made = Store::of(engine, native::schema(Dialect::Sqlite), wait);
            made.copy_to(location, copying).map(drop)
        }
    }
}
