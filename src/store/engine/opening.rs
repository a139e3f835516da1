//! How a database is opened, and what cannot be done then.

use std::time::Duration;

use crate::store::schema::Description;

/// How a store is opened.
pub struct Opening {
    pub mode: Mode,
    pub busy_timeout: Duration,
    /// Whether a file may belong to another user.
    pub foreign_owner: bool,
    /// What the database holds; `None`: its tables tell.
    pub schema: Option<&'static Description>,
}

/// Whether a run writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Read,
    Write,
}

pub fn cannot(mode: Mode) -> &'static str {
    match mode {
        Mode::Read => "cannot read the store",
        Mode::Write => "cannot write to the store",
    }
}
