//! What is true of tokens and of what was done to them: properties, filters and
//! permissions.
//!
//! Nothing here does I/O, parses a command line or knows SQL. The clock is a
//! parameter.

pub mod access;
pub mod audit;
pub mod deploy_token;
pub mod personal_access_token;
pub mod time;
pub mod token;

/// A kind of thing that stores hold and filters choose from.
pub trait Entity: Sized {
    /// What it can be filtered by; the default keeps everything.
    type Filter: Default + Clone;

    /// The kind in messages: one, and many.
    const NOUN: [&'static str; 2];
}
