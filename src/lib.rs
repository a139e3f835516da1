//! tokenctl finds, shows and revokes access tokens directly in the database
//! that holds them.
//!
//! The whole program is one sentence: [`cli`] makes a filter, [`model::access`]
//! makes it a query, [`store`] makes it rows, [`output`] makes them bytes.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`model`] | what is true of tokens: filters, states, permissions; no I/O, no SQL |
//! | [`store`] | how a query becomes rows; the only module with a connection or SQL |
//! | [`output`] | how rows become bytes: table, JSON, CSV, ids |
//! | [`cli`] | flags in, exit status out; the clock, the environment and the terminal |
//! | [`failure`] | the outcomes that a script can tell apart; prints messages |
//!
//! Imports run one way, `cli → {output, store} → model`; `output` and `store` do
//! not know each other. `cli` and `store` report through [`failure`], which uses
//! `output`'s escaping of hostile text.

pub mod cli;
pub mod failure;
pub mod model;
pub mod output;
pub mod store;
