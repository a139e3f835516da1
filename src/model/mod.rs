//! Tokens and audit events: properties, filters and permissions.
//!
//! Nothing here does I/O, parses a command line or knows SQL. The clock is a
//! parameter.

pub mod access;
pub mod actor;
pub mod attention;
pub mod audit;
pub mod copied_table;
pub mod database;
pub mod deploy_token;
pub mod description_check;
pub mod id;
pub mod personal_access_token;
mod reach;
pub mod reference;
pub mod revocation_runs;
pub mod stats;
pub mod status;
pub mod time;
pub mod token;
