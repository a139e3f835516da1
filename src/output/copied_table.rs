//! The tables of a store that was copied, as rows.

use super::view::{Cell, Column, Record, key, name, number};
use crate::model::copied_table::CopiedTable;
use crate::model::id::TokenId;

impl Record for CopiedTable {
    const COLUMNS: &'static [Column<Self>] = &[
        name("table", |it, _| Cell::Word(it.name)),
        number("rows", |it, _| Cell::count(Some(it.rows))),
        key("sha256", |it, _| Cell::Text(&it.digest)),
    ];
    const TABLE: &'static [&'static str] = &["table", "rows", "sha256"];
    const LEFT_OUT: &'static [&'static str] = &["sha256"];
    const KEPT: &'static [&'static str] = &["table", "rows"];

    fn listed_id(&self) -> Option<TokenId> {
        None
    }
}
