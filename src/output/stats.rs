//! The groups of tokens, as rows.

use super::view::{Cell, Column, Record, key, name, number};
use crate::model::id::TokenId;
use crate::model::stats::{Group, Key};
use crate::model::time::Expiry;

impl Record for Group {
    const COLUMNS: &'static [Column<Self>] = &[
        key("by", |it, _| Cell::Word(it.by_name())),
        name("group", |it, _| match &it.key {
            Key::Total(total) => Cell::Word(total.name()),
            Key::Text(Some(text)) => Cell::Text(text),
            Key::Date(Some(date)) => Cell::Expiry(Expiry::Date(*date)),
            Key::Text(None) | Key::Date(None) | Key::Others(_) => Cell::Null,
        }),
        number("count", |it, _| Cell::count(Some(it.count))),
        number("share", |it, _| Cell::Share(it.share)),
    ];
    const TABLE: &'static [&'static str] = &["by", "group", "count", "share"];
    const LEFT_OUT: &'static [&'static str] = &[];

    fn listed_id(&self) -> Option<TokenId> {
        None
    }
}
