//! The sections of tokens that want attention: why, and which they are.

use maud::{Markup, html};

use super::parts::{more, section, unrecorded};
use super::tables::{Table, TokenColumns};
use super::words::{Text, counted};
use super::{Listed, Report};
use crate::model::attention::{Attended, Attention, MANY_SCOPES, WIDE_SCOPES};

/// The tokens that want attention for one reason.
pub fn tokens(report: &Report, listed: &Listed) -> Markup {
    let attention = listed.attended.attention;
    let content = if listed.is_recorded {
        html! {
            p { (explained(attention)) }
            (attended_table(report, &listed.attended))
            @if let Some(line) = &listed.line { p.rest { "The same at a shell: " code { (Text(line)) } } }
        }
    } else {
        let what = match attention {
            Attention::NoExpiry => "when tokens expire",
            Attention::OwnerLeft => "the state of users",
            Attention::Unused => "when tokens were used",
            Attention::WideScopes => "scopes",
        };
        unrecorded(report, what)
    };
    section(part(attention), &content)
}

fn attended_table(report: &Report, attended: &Attended) -> Markup {
    if attended.count() == 0 {
        return html! { p.none { "There are none." } };
    }
    let mut columns = TokenColumns::recorded(&report.unrecorded);
    // It would say the same of each.
    columns.expires_at &= attended.attention != Attention::NoExpiry;
    let part = part(attended.attention);
    let caption = counted(attended.count(), ["active token", "active tokens"]);
    let (id, caption) =
        (format!("{part}-table"), format!("{caption}, {}", wanted(attended.attention)));
    let table = Table { id: &id, caption: &caption, columns: columns.columns(), is_searched: true };
    html! {
        (table.of(attended.tokens().map(|it| columns.row(it))))
        (more(attended.tokens().len(), attended.count()))
    }
}

pub fn part(attention: Attention) -> &'static str {
    match attention {
        Attention::NoExpiry => "no-expiry",
        Attention::Unused => "unused",
        Attention::OwnerLeft => "left",
        Attention::WideScopes => "wide",
    }
}

pub fn wanted(attention: Attention) -> &'static str {
    match attention {
        Attention::NoExpiry => "without expiry",
        Attention::Unused => "unused for 90 days",
        Attention::OwnerLeft => "of people who left",
        Attention::WideScopes => "with wide scopes",
    }
}

fn explained(attention: Attention) -> String {
    match attention {
        Attention::NoExpiry => "Active tokens that never expire, the oldest first.".into(),
        Attention::Unused => {
            "Active tokens made more than 90 days ago, and never used or last used \
                              more than 90 days ago; those longest unused first."
                .into()
        }
        Attention::OwnerLeft => {
            "Active tokens whose owner is blocked, banned or deactivated, or gone: \
                                 there is no such user any more."
                .into()
        }
        Attention::WideScopes => format!(
            "Active tokens with a scope that by its name covers all that the owner may do ({}) or \
             administration (the word admin), or with {MANY_SCOPES} scopes or more. Those with the \
             most such scopes come first, then those with the most scopes.",
            WIDE_SCOPES.join(", ")
        ),
    }
}
