//! What every section of the page has: a heading that the contents lead to, and words for what
//! is not there.

use maud::{Markup, html};

use super::Report;
use super::words::{Number, plain};

/// A heading of the page: its id, and what it says.
const PARTS: [(&str, &str); 10] = [
    ("totals", "Totals"),
    ("expiry", "Expiry"),
    ("ages", "Ages"),
    ("no-expiry", "Without expiry"),
    ("unused", "Unused for 90 days"),
    ("left", "Of people who left"),
    ("wide", "Widest scopes"),
    ("scopes", "Scopes"),
    ("owners", "Owners"),
    ("revocations", "Last revocations"),
];

pub fn section(id: &str, content: &Markup) -> Markup {
    let title = PARTS.iter().find(|it| it.0 == id).map_or("About this page", |it| it.1);
    html! {
        section aria-labelledby=(id) { h2 id=(id) { (title) } (content) }
    }
}

pub fn contents() -> Markup {
    html! {
        nav aria-label="Contents" {
            ul {
                @for (id, title) in PARTS { li { a href={ "#" (id) } { (title) } } }
                li { a href="#about" { "About this page" } }
            }
        }
    }
}

/// Says what is beyond the rows of a table.
pub fn more(shown: usize, all: u64) -> Markup {
    let rest = all.saturating_sub(shown as u64);
    html! {
        @if rest > 0 {
            p.rest { "The first " (Number(shown as u64)) " are listed; " (Number(rest)) " more are counted only." }
        }
    }
}

pub fn unrecorded(report: &Report, what: &str) -> Markup {
    html! { p.none { (plain(&report.application)) " does not record " (what) "." } }
}
