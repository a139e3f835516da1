//! The sections of the page: what each says, and with which pictures and tables.

use maud::{Markup, html};

use super::attention::{part, wanted};
use super::histogram::Months;
use super::parts::{more, section, unrecorded};
use super::pictures::{Histogram, histogram};
use super::tables;
use super::words::{Number, Text, counted, plain, time};
use super::{MOST_ROWS, Report, Revocations};
use crate::model::stats::{By, Group, Groups, Key, Total};

const TOKENS: [&str; 2] = ["token", "tokens"];

/// When, which store, as whom, and what is left out.
pub fn heading(report: &Report) -> Markup {
    let is_judged_elsewhen = report.now.instant != report.made;
    html! {
        dl.facts {
            div { dt { "Made" } dd { (time(report.made)) " UTC" } }
            @if is_judged_elsewhen {
                div { dt { "Age and expiry as of" } dd { (time(report.now.instant)) " UTC" } }
            }
            div { dt { "Store" } dd { (Text(&report.store)) } }
            div { dt { "Engine" } dd { (Text(&report.engine)) } }
            div { dt { "Application" } dd { (plain(&report.application)) " (schema " (report.schema) ")" } }
            div {
                dt { "As" }
                dd {
                    (Text(&report.actor))
                    @if let Some(id) = &report.actor_id { " (id " (plain(id)) ")" }
                    ", "
                    @if report.actor_id.is_none() { "who can open the store: every token" }
                    @else if report.is_admin { "an administrator: every token" }
                    @else { "no administrator: only their own tokens, without impersonation tokens" }
                }
            }
            div {
                dt { "Filters" }
                dd { @if report.filters.is_empty() { "none" } @else { code { (Text(&report.filters)) } } }
            }
        }
    }
}

/// What could not be read, said before all numbers.
pub fn unread(report: &Report) -> Markup {
    if report.broken == 0 {
        return html! {};
    }
    html! {
        section.alert aria-labelledby="unread" {
            h2 id="unread" { (counted(report.broken, ["row", "rows"])) " cannot be read" }
            p { "They are left out of all that follows." }
            ul { @for row in report.unread.iter().take(MOST_ROWS) { li { (Text(row)) } } }
            (more(report.unread.len(), report.broken))
        }
    }
}

pub fn totals(report: &Report) -> Markup {
    let group =
        |(total, count): &(_, u64)| Group::new(None, Key::Total(*total), *count, report.total);
    let groups: Vec<_> = report.totals.iter().map(group).collect();
    section(
        "totals",
        &html! {
            ul.tiles {
                li { strong { (Number(report.total)) } " " (TOKENS[usize::from(report.total != 1)]) " in all" }
                @for listed in &report.attended {
                    @let attention = listed.attended.attention;
                    @if listed.is_recorded {
                        li {
                            strong { (Number(listed.attended.count())) } " active, "
                            a href={ "#" (part(attention)) } { (wanted(attention)) }
                        }
                    }
                }
            }
            (tables::shares("totals-table", "Personal access tokens", "Which", &groups, total_name))
            @if let Some(counts) = report.deploy_tokens {
                p {
                    "Deploy tokens of the whole store, whatever the filters: "
                    (Number(counts.active)) " active, " (Number(counts.expired)) " expired, "
                    (Number(counts.revoked)) " revoked. This page is about personal access tokens."
                }
            }
        },
    )
}

fn total_name(group: &Group) -> Markup {
    let Key::Total(total) = group.key else { return html! {} };
    html! {
        @match total {
            Total::All => "all",
            Total::State(state) => (state.name()),
            Total::NeverUsed => "never used",
            Total::Unused => "unused for 90 days",
            Total::NoExpiry => "without expiry",
        }
    }
}

pub fn expiry(report: &Report) -> Markup {
    let content = match report.groups(By::Expires) {
        Some(groups) => months(report, groups, "expiry-months", "Tokens by month of expiry", true),
        None => unrecorded(report, "when tokens expire"),
    };
    section("expiry", &content)
}

pub fn ages(report: &Report) -> Markup {
    let pictures = [
        (By::Created, "created-months", "Tokens by month of creation"),
        (By::LastUsed, "used-months", "Tokens by month of last use"),
    ];
    section(
        "ages",
        &html! {
            @for (by, id, title) in pictures {
                h3 { (title) }
                @match report.groups(by) {
                    Some(groups) => (months(report, groups, id, title, false)),
                    None => (unrecorded(report, "it")),
                }
            }
        },
    )
}

/// A histogram, and the table behind it.
fn months(report: &Report, groups: &Groups, id: &str, title: &str, is_split: bool) -> Markup {
    let months = Months::of(&groups.groups, report.now.instant.date());
    let picture = Histogram { id, title, months: &months, now: report.now, is_split };
    let none = if groups.by == By::Created { "unknown" } else { "never" };
    html! {
        div.pair {
            figure {
                (histogram(&picture))
                figcaption {
                    @if is_split { "Grey: before this month. " }
                    @if months.earlier > 0 { "The first bar: all before " (months.name(0)) ". " }
                    @if months.later > 0 { "The last bar: all after " (months.last()) ". " }
                    @if months.none > 0 { (counted(months.none, TOKENS)) ": " (none) "." }
                }
            }
            (tables::months(&format!("{id}-table"), title, &months, none))
        }
    }
}

pub fn scopes(report: &Report) -> Markup {
    let title = "Tokens by scope; one with several counts for each";
    let content = report
        .groups(By::Scope)
        .map(|groups| tables::groups("scopes-table", title, "Scope", groups, report.total));
    section("scopes", &content.unwrap_or_default())
}

pub fn owners(report: &Report) -> Markup {
    let tables = [
        (By::UserState, "user-state-table", "Tokens by the state of their owner", "Owner is"),
        (By::UserType, "user-type-table", "Tokens by the kind of their owner", "Owner is"),
        (By::User, "user-table", "Tokens by owner", "Owner"),
    ];
    section(
        "owners",
        &html! {
            @for (by, id, caption, name) in tables {
                @match report.groups(by) {
                    Some(groups) => (tables::groups(id, caption, name, groups, report.total)),
                    None => (unrecorded(report, if by == By::UserState { "the state of users" } else { "the kind of users" })),
                }
            }
        },
    )
}

pub fn revocations(report: &Report) -> Markup {
    let content = match &report.revocations {
        Revocations::Nowhere => html! {
            p.none {
                (plain(&report.application)) " has no place for the audit events of tokenctl, and no audit file \
                was given: what was revoked is not known here."
            }
        },
        Revocations::Recorded { runs, earlier, unreadable } => html! {
            p {
                "Runs of tokenctl that revoked tokens, the last first"
                @if !report.is_admin { ": of their own tokens, or their own runs" }
                @if !report.filters.is_empty() { ", whatever the filters" }
                ". What the application revoked by itself is not among them."
            }
            @if runs.is_empty() { p.none { "None is recorded." } }
            @else { (tables::runs("revocations-table", "The last runs", runs)) }
            @if *earlier > 0 {
                p.rest { "Earlier runs revoked " (counted(*earlier, ["token", "tokens"])) ", which are counted only." }
            }
            @if *unreadable > 0 {
                p.rest.warning { (counted(*unreadable, ["record", "records"])) " of revocations cannot be read." }
            }
        },
    };
    section("revocations", &content)
}

pub fn explanations(report: &Report) -> Markup {
    section(
        "about",
        &html! {
            ul {
                li { "A token is active when it is neither revoked nor expired; one that is both counts as revoked." }
                li { "All times are UTC, to the minute." }
                li {
                    "The tokens are those of one moment, soon after the time above. The deploy tokens \
                     and the revocations were read right after them, each in a moment of its own."
                }
                li { "A table has at most " (Number(MOST_ROWS as u64)) " rows. What is beyond is counted." }
                @if !report.unrecorded.is_empty() {
                    li {
                        (plain(&report.application)) " does not record of a token: "
                        @for (index, name) in report.unrecorded.iter().enumerate() {
                            @if index > 0 { ", " }
                            code { (name) }
                        }
                        "."
                    }
                }
                li { "Characters that are invisible or reorder text are written out, as " code { "\\u{202e}" } "." }
                li { "No token's value, nor a part or a digest of one, was read for this page." }
            }
        },
    )
}
