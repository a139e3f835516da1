//! What a description says of a database, as an operator reads it before they trust it.

use super::status::Facts;
use super::time::Timestamp;

/// A description held to a database.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// How many rows are tokens, and how many of them cannot be read.
    pub tokens: u64,
    pub unreadable: u64,
    /// How many tokens count as revoked.
    pub revoked: u64,
    /// How many rows have an id that another has too.
    pub with_same_id: u64,
    /// How many rows too many are found since an owner's key finds several owners.
    pub with_several_owners: u64,
    /// How many tokens have an owner, and of how many that one is gone.
    pub owned: u64,
    pub orphaned: u64,
    /// The first and the last time of each kind that is recorded.
    pub times: Vec<TimeRange>,
    /// The columns that are read, as `table.column`.
    pub reads: Vec<String>,
    pub administrators: Vec<String>,
    /// The statements that revoke one token.
    pub statements: Vec<String>,
    /// The columns that an index finds rows by.
    pub indexed: Vec<String>,
    /// The links of rows that keep a token from being deleted, and that the description leaves.
    pub references: Vec<String>,
    /// Whether an index promises that no two tokens have the same id.
    pub is_unique: bool,
}

/// The first and the last of some times.
#[derive(Clone, Copy, Debug)]
pub struct TimeRange {
    pub name: &'static str,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// A description and what it makes of a database.
#[derive(Clone, Debug)]
pub struct Check {
    pub description: String,
    pub application: String,
    pub sha256: Option<String>,
    pub store: String,
    pub facts: Facts,
    pub findings: Findings,
    /// Each range in words.
    pub ranges: Vec<String>,
    pub never_read: Vec<String>,
    pub unrecorded: Vec<String>,
    pub revokes_by: String,
    pub takes_effect: Option<String>,
    pub notes: Option<String>,
    pub warnings: Vec<String>,
}
