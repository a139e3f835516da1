//! The columns of descriptions, and of what became of one that was held to a database.

use super::view::{Cell, Column, Record, key, name, number, text};
use crate::model::description_check::Check;
use crate::model::id::TokenId;

/// A description that the program brings.
#[derive(Debug)]
pub struct Shipped {
    pub name: &'static str,
    pub application: String,
    pub databases: Vec<String>,
    pub verified: Option<String>,
    pub takes_effect: Option<String>,
    /// Whether its tables are recognised without being named.
    pub is_detected: bool,
}

impl Record for Shipped {
    const COLUMNS: &'static [Column<Self>] = &[
        key("name", |it, _| Cell::Word(it.name)),
        name("application", |it, _| Cell::Text(&it.application)),
        text("databases", |it, _| Cell::List(&it.databases)),
        key("verified", |it, _| Cell::text(it.verified.as_ref())),
        text("takes_effect", |it, _| Cell::text(it.takes_effect.as_ref())),
        key("detected", |it, _| Cell::Boolean(it.is_detected)),
    ];
    const TABLE: &'static [&'static str] =
        &["name", "application", "databases", "verified", "takes_effect"];
    const LEFT_OUT: &'static [&'static str] =
        &["takes_effect", "databases", "verified", "application"];
    const KEPT: &'static [&'static str] = &["name"];

    fn listed_id(&self) -> Option<TokenId> {
        None
    }
}

impl Record for Check {
    const COLUMNS: &'static [Column<Self>] = &[
        text("description", |it, _| Cell::Text(&it.description)),
        text("application", |it, _| Cell::Text(&it.application)),
        key("sha256", |it, _| Cell::text(it.sha256.as_ref())),
        text("store", |it, _| Cell::Text(&it.store)),
        key("engine", |it, _| Cell::Word(it.facts.engine)),
        number("tokens", |it, _| Cell::count(Some(it.findings.tokens))),
        number("unreadable", |it, _| Cell::count(Some(it.findings.unreadable))),
        number("revoked", |it, _| Cell::count(Some(it.findings.revoked))),
        number("with_same_id", |it, _| Cell::count(Some(it.findings.with_same_id))),
        number("owned", |it, _| Cell::count(Some(it.findings.owned))),
        number("orphaned", |it, _| Cell::count(Some(it.findings.orphaned))),
        text("times", |it, _| Cell::Lines(&it.ranges)),
        text("reads", |it, _| Cell::List(&it.findings.reads)),
        text("never_read", |it, _| Cell::List(&it.never_read)),
        text("unrecorded", |it, _| Cell::List(&it.unrecorded)),
        text("administrators", |it, _| Cell::Lines(&it.findings.administrators)),
        text("revokes_by", |it, _| Cell::Text(&it.revokes_by)),
        text("statements", |it, _| Cell::Lines(&it.findings.statements)),
        text("takes_effect", |it, _| Cell::text(it.takes_effect.as_ref())),
        text("notes", |it, _| Cell::text(it.notes.as_ref())),
        text("indexed", |it, _| Cell::List(&it.findings.indexed)),
        key("may_revoke", |it, _| Cell::Boolean(it.facts.obstacles.is_empty())),
        text("obstacles", |it, _| Cell::Lines(&it.facts.obstacles)),
        text("warnings", |it, _| Cell::Lines(&it.warnings)),
    ];
    const TABLE: &'static [&'static str] = &[];
    const LEFT_OUT: &'static [&'static str] = &[];

    fn listed_id(&self) -> Option<TokenId> {
        None
    }
}
