//! Text, numbers and times in the page.

use std::fmt::Write;

use maud::{Escaper, Markup, Render, html};

use crate::model::time::{Expiry, Timestamp};
use crate::output::chart::with_commas;
use crate::output::text::visible;

/// Text that may be hostile: it stands apart from its neighbours, whatever way it is written.
pub struct Text<'t>(pub &'t str);

impl Render for Text<'_> {
    fn render_to(&self, buffer: &mut String) {
        buffer.push_str("<bdi>");
        let _ = Escaper::new(buffer).write_str(&visible(self.0));
        buffer.push_str("</bdi>");
    }
}

/// The same where there can be no elements; maud escapes it.
pub fn plain(text: &str) -> String {
    visible(text).into_owned()
}

/// A number as people read it.
pub struct Number(pub u64);

impl Render for Number {
    fn render_to(&self, buffer: &mut String) {
        buffer.push_str(&with_commas(self.0));
    }
}

/// A number and what it counts.
pub fn counted(count: u64, [one, many]: [&str; 2]) -> String {
    format!("{} {}", with_commas(count), if count == 1 { one } else { many })
}

/// A time to the minute, with all of it for programs.
pub fn time(time: Timestamp) -> Markup {
    let text = time.text();
    html! { time datetime=(&*text) { (to_the_minute(&text)) } }
}

/// A date, or a time to the minute.
pub fn expiry(expiry: Expiry) -> Markup {
    let text = expiry.text();
    html! { time datetime=(&*text) { (to_the_minute(&text)) } }
}

/// `2020-07-23 14:31`; what is no such time stays as it is.
fn to_the_minute(text: &str) -> String {
    match text.split_once('T') {
        Some((date, time)) if time.len() > 5 => format!("{date} {}", &time[..5]),
        _ => text.to_owned(),
    }
}
