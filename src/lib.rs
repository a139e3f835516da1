//! tokenctl finds, shows and revokes access tokens directly in the database
//! that holds them.
//!
//! The whole program is one sentence: [`cli`] makes a filter, [`model::access`]
//! makes it a query, [`store`] makes it rows, [`output`] makes them bytes.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`model`] | tokens, filters, states, permissions; no I/O, no SQL |
//! | [`store`] | how a query becomes rows; the only module with a connection or SQL |
//! | [`output`] | how rows become bytes: table, JSON, CSV, ids |
//! | [`audit_file`] | the audit events, where the store has no table for them |
//! | [`cli`] | flags in, exit status out; the clock, the environment and the terminal |
//! | [`failure`] | failures that scripts can tell apart; prints messages |
//! | `digest` | how digests are written |
//! | `lines` | reads lines in bounded memory |
//! | `stop_flag` | whether the run has been asked to stop |
//!
//! Imports run one way, `cli → audit_file → {output, store} → model`; `output` and
//! `store` do not import each other. `cli`, `audit_file` and `store` report through
//! [`failure`], which uses `output`'s escaping of hostile text.

pub mod audit_file;
pub mod cli;
mod digest;
pub mod failure;
mod lines;
pub mod model;
pub mod output;
mod stop_flag;
pub mod store;
