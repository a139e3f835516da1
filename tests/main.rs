//! The integration tests, in one binary: they run the program as its users do,
//! and the library where a test needs to look inside.
//!
//! Golden files are rewritten with `UPDATE_EXPECT=1 cargo test`.

mod applications;
mod audit_log;
mod audit_writers;
mod connections;
mod descriptions;
mod documents;
mod encodings;
mod gitea;
mod gitlab;
mod hostile;
mod hub;
mod imports;
mod jupyterhub;
mod links;
mod main_job;
mod metrics;
mod native_server;
mod odd_rows;
mod ownership;
mod permissions;
mod pipes;
mod planted_files;
mod planted_logs;
mod planted_schemas;
mod postgres;
mod prune;
mod readme;
mod report;
mod report_page;
mod returning_ids;
mod reviewed;
mod same_work;
mod scale;
mod schema;
mod search_paths;
mod shells;
mod stats;
mod status;
mod stores;
mod support;
mod terminal;
mod timeouts;
mod transcripts;
mod triggers;
mod usage;
