//! The plan of a revocation, and its size in words.

use super::ids::ReviewedRows;
use crate::model::id::IdList;
use crate::model::time::Timestamp;
use crate::model::token::Token;
use crate::store::Stored;

/// The plan of a revocation.
#[derive(Debug)]
pub struct RevokePlan {
    /// In ascending order.
    pub ids: IdList,
    /// Whether the user gave them; otherwise a filter found them.
    pub ids_given: bool,
    /// What the user's list says of them besides their ids.
    pub reviewed: ReviewedRows,
    /// The ids that matched at the start, in ascending order; `None`: all. Only these are
    /// revoked, even if others match later.
    pub chosen: Option<IdList>,
    /// When the newest of them was created, if they were read: a later token has reused
    /// the id of a deleted one.
    pub newest: Option<Timestamp>,
    /// How many rows that match were found to have no id.
    pub unreadable: u64,
    pub batch_size: u64,
}

/// Formats the counts, such as `3 deploy tokens of 2 projects and groups`.
pub fn tokens_of<T: Stored + Token>(tokens: u64, owners: u64) -> String {
    let [one, many] = T::NOUN;
    let noun = if tokens == 1 { one } else { many };
    let [owner, of_owners] = T::OWNERS;
    let owner = if owners == 1 { owner } else { of_owners };
    format!("{tokens} {noun} of {owners} {owner}")
}
