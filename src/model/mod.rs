//! What is true of tokens: their properties, filters and permissions.
//!
//! Nothing here does I/O, parses a command line or knows SQL. The clock is a
//! parameter.

pub mod access;
pub mod deploy_token;
pub mod personal_access_token;
pub mod time;
pub mod token;
