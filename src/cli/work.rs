//! What a revocation is to do, and how much that is in words.

use crate::model::id::TokenId;
use crate::model::time::Timestamp;
use crate::model::token::Token;
use crate::store::Stored;

/// What is to be done.
#[derive(Debug)]
pub struct Work {
    /// In ascending order.
    pub ids: Vec<TokenId>,
    /// Whether the user named them; otherwise a filter found them.
    pub are_named: bool,
    /// Those of them that may be revoked, in ascending order; `None`: all. Another
    /// one that begins to match now is left alone.
    pub chosen: Option<Vec<TokenId>>,
    /// When the last of these was created, if they were looked at: a later token with the
    /// id of one of them is another.
    pub newest: Option<Timestamp>,
    pub batch_size: u32,
}

/// Such as `3 deploy tokens of 2 projects and groups`.
pub fn tokens_of<T: Stored + Token>(tokens: u64, owners: u64) -> String {
    let [one, many] = T::NOUN;
    let noun = if tokens == 1 { one } else { many };
    let [owner, of_owners] = T::OWNERS;
    let owner = if owners == 1 { owner } else { of_owners };
    format!("{tokens} {noun} of {owners} {owner}")
}
