//! Creates a native store, empty or with a sample.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use rusqlite::Connection;

use super::copy::Copying;
use super::engine::Engine;
use super::engine::sqlite::Sqlite;
use super::new_store::{new_file, new_store};
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
        new_file(path, |connection| {
            if let Some(tokens) = sample {
                sample::fill(&connection, tokens, now, copying.stop, copying.progress)?;
            }
            Ok(connection)
        })
    };
    match (location, sample) {
        (Location::File(path), _) => filled(path),
        (Location::Server(_), None) => new_store(location, wait, copying.stop, |_| Ok(())),
        // The same rows: they are copied from a file that lasts as long as this takes.
        (Location::Server(_), Some(_)) => {
            let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
            let path = folder.path().join("sample.db");
            filled(&path)?;
            let engine = Engine::Sqlite(Sqlite::unnamed(Connection::open(path)?)?);
            let made = Store::of(engine, native::schema(Dialect::Sqlite), wait);
            made.copy_to(location, copying).map(drop)
        }
    }
}
