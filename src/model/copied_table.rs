//! What was copied of a table to a new store.

/// A table that was copied, and read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedTable {
    pub name: &'static str,
    pub rows: u64,
    /// Of all rows in their order, whichever engine has them: SHA-256, in hexadecimal.
    pub digest: String,
}
