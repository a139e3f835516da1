//! The pictures of the page: SVG whose geometry is attributes, since the page's policy allows
//! no other style than its own. Each stands beside a table of the same numbers.

use std::fmt::Write;

use maud::{Markup, html};

use super::histogram::Months;
use super::words::Number;
use crate::model::time::Moment;
use crate::output::chart::with_commas;

/// A histogram of months.
pub struct Histogram<'h> {
    /// What an id of the page begins with.
    pub id: &'h str,
    pub title: &'h str,
    pub months: &'h Months,
    pub now: Moment,
    /// Whether what is before now is another thing than what is after.
    pub is_split: bool,
}

/// Where the bars stand, in parts of the picture's height.
const TOP: f64 = 10.0;
const BOTTOM: f64 = 88.0;

/// The picture of months; no more than the line that it stands on where there are none.
pub fn histogram(picture: &Histogram<'_>) -> Markup {
    let Histogram { id, title, months, now, is_split } = picture;
    let most = months.most();
    let ends = [months.earlier > 0, months.later > 0];
    // An end stands apart by a blank.
    let before = if ends[0] { 2 } else { 0 };
    let slots = months.counts.len() + before + if ends[1] { 2 } else { 0 };
    let at = |slot: usize| percent(slot, slots);
    let place = months.place(now.instant.date());
    let bar = |slot: usize, count: u64, class: &str, name: &str| {
        let height = height(count, most);
        let width = percent(1, slots) * 0.8;
        html! {
            @if count > 0 {
                rect class=(class) x={ (rounded(at(slot) + width * 0.125)) "%" } width={ (rounded(width)) "%" }
                    y={ (rounded(BOTTOM - height)) "%" } height={ (rounded(height)) "%" }
                    { title { (name) ": " (Number(count)) } }
            }
        }
    };
    html! {
        svg.histogram role="img" aria-labelledby={ (id) "-title " (id) "-text" } width="100%" height="13rem" {
            title id={ (id) "-title" } { (title) }
            desc id={ (id) "-text" } { (described(months)) }
            @for (level, count) in [(1.0, most), (0.5, most / 2)] {
                @if count > 0 && (level > 0.9 || most.is_multiple_of(2)) {
                    @let y = rounded(BOTTOM - (BOTTOM - TOP) * level);
                    line.grid x1="0" x2="100%" y1={ (y) "%" } y2={ (y) "%" } {}
                    text x="0" y={ (y) "%" } dy="-3" { (Number(count)) }
                }
            }
            (bar(0, months.earlier, "beyond", "earlier"))
            @for (index, count) in months.counts.iter().enumerate() {
                @let class = match place {
                    Some(place) if *is_split && index < place => "past",
                    _ => "bar",
                };
                (bar(before + index, *count, class, &months.name(index)))
            }
            (bar(slots - 1, months.later, "beyond", "later"))
            line.axis x1="0" x2="100%" y1={ (BOTTOM) "%" } y2={ (BOTTOM) "%" } {}
            @if let (true, Some(place)) = (*is_split, place) {
                @let x = rounded(at(before + place));
                line.now x1={ (x) "%" } x2={ (x) "%" } y1="4%" y2={ (BOTTOM) "%" } {}
                text.now x={ (x) "%" } y="4%" dy="6"
                    dx=(if x > 80.0 { "-4" } else { "4" })
                    text-anchor=(if x > 80.0 { "end" } else { "start" }) { "now" }
            }
            @if ends[0] { text x="0" y="97%" { "earlier" } }
            @for (index, label) in ticks(months) {
                @let x = rounded(at(before + index));
                // Not where the ends have their words, nor beyond the edge.
                @if (!ends[0] || x > 14.0) && x < (if ends[1] { 80.0 } else { 92.0 }) {
                    line.axis x1={ (x) "%" } x2={ (x) "%" } y1={ (BOTTOM) "%" } y2="90%" {}
                    text x={ (x) "%" } y="97%" { (label) }
                }
            }
            @if ends[1] { text x="100%" y="97%" text-anchor="end" { "later" } }
        }
    }
}

/// What a picture shows, in words.
fn described(months: &Months) -> String {
    if months.timed() == 0 {
        return "There are none.".into();
    }
    let mut text = format!(
        "{} by month, from {} to {}, at most {} in one.",
        with_commas(months.timed()),
        months.name(0),
        months.last(),
        with_commas(months.counts.iter().copied().max().unwrap_or(0))
    );
    for (count, word) in [(months.earlier, "earlier"), (months.later, "later")] {
        if count > 0 {
            let _ = write!(text, " {} {word}.", with_commas(count));
        }
    }
    text + " The table beside it has the numbers."
}

/// The months that are named below the picture: each year, or each half of few years.
fn ticks(months: &Months) -> Vec<(usize, String)> {
    let is_long = months.counts.len() > 24;
    let all = (0..months.counts.len()).filter_map(|index| match months.month(index) {
        (year, 0) if is_long => Some((index, year.to_string())),
        (_, 0 | 6) if !is_long => Some((index, months.name(index))),
        _ => None,
    });
    all.collect()
}

/// A bar as long as a share of the largest, beside the number that it is of.
pub fn share_bar(count: u64, most: u64, class: &str) -> Markup {
    let length = if count == 0 { 0.0 } else { (ratio(count, most) * 100.0).max(0.5) };
    html! {
        svg.share aria-hidden="true" width="100%" height="0.75rem" {
            rect class=(class) width={ (rounded(length)) "%" } height="100%" {}
        }
    }
}

/// The height of a bar; something, however few there are.
fn height(count: u64, most: u64) -> f64 {
    if count == 0 { 0.0 } else { (ratio(count, most) * (BOTTOM - TOP)).max(0.5) }
}

#[expect(clippy::cast_precision_loss, reason = "it is drawn")]
fn ratio(count: u64, most: u64) -> f64 {
    if most == 0 { 0.0 } else { count as f64 / most as f64 }
}

fn percent(part: usize, all: usize) -> f64 {
    ratio(part as u64, all as u64) * 100.0
}

/// To hundredths, which no screen tells apart.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
