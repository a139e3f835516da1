//! The tables of the page: plain ones, which its script makes sortable and searchable where it
//! runs.

use maud::{Markup, Render, html};

use super::histogram::Months;
use super::pictures::share_bar;
use super::words::{Number, Text, expiry, plain, time};
use crate::model::personal_access_token::{PersonalAccessToken, UserState};
use crate::model::revocation_runs::RevocationRun;
use crate::model::stats::{Group, Groups, Key};
use crate::model::time::Timestamp;
use crate::output::chart::{label, percent};

/// A table and what it is called.
pub struct Table<'t> {
    /// An id of the page.
    pub id: &'t str,
    pub caption: &'t str,
    pub columns: Vec<Column>,
    /// Whether its rows are looked for by their words.
    pub is_searched: bool,
}

/// The head of a column.
#[derive(Clone, Copy, Debug)]
pub enum Column {
    Text(&'static str),
    /// Is sorted by value, and stands to the right.
    Number(&'static str),
    /// Is sorted by time.
    Time(&'static str),
    /// Has a picture of the number before it.
    Bar,
}

impl Table<'_> {
    /// The table with these rows. It scrolls by itself, for pointers and keys.
    pub fn of(&self, rows: impl Iterator<Item = Markup>) -> Markup {
        html! {
            div.rows data-searched[self.is_searched] {
                div.scroll tabindex="0" role="region" aria-labelledby=(self.id) {
                    table {
                        caption id=(self.id) { (self.caption) }
                        thead { tr { @for column in &self.columns { (column) } } }
                        tbody { @for row in rows { (row) } }
                    }
                }
            }
        }
    }
}

impl Render for Column {
    fn render(&self) -> Markup {
        match self {
            Self::Text(name) => html! { th scope="col" { (name) } },
            Self::Number(name) => html! { th.number scope="col" data-kind="number" { (name) } },
            Self::Time(name) => html! { th scope="col" data-kind="number" { (name) } },
            Self::Bar => html! { td.picture aria-hidden="true" {} },
        }
    }
}

/// Which columns of tokens a store has values for.
#[derive(Clone, Copy, Debug)]
pub struct TokenColumns {
    pub expires_at: bool,
    pub user_state: bool,
}

impl TokenColumns {
    /// Those that tell of something in a store which does not record these properties.
    pub fn recorded(unrecorded: &[&str]) -> Self {
        Self {
            expires_at: !unrecorded.contains(&"expires_at"),
            user_state: !unrecorded.contains(&"user_state"),
        }
    }

    pub fn columns(self) -> Vec<Column> {
        let mut columns = vec![Column::Number("Id"), Column::Text("Owner")];
        if self.user_state {
            columns.push(Column::Text("Owner is"));
        }
        columns.extend([Column::Text("Name"), Column::Text("Scopes")]);
        columns.extend([Column::Time("Created"), Column::Time("Last used")]);
        if self.expires_at {
            columns.push(Column::Time("Expires"));
        }
        columns
    }

    pub fn row(self, token: &PersonalAccessToken) -> Markup {
        let properties = &token.token;
        html! {
            tr {
                th.number scope="row" { (plain(&properties.id.to_string())) }
                td.name {
                    @match &token.username {
                        Some(name) => (Text(name)),
                        None => (absent("gone")),
                    }
                }
                @if self.user_state { td { (token.user_state.map_or("unknown", UserState::name)) } }
                td.name { (Text(properties.name.as_deref().unwrap_or_default())) }
                td.scopes {
                    @for (index, scope) in properties.scopes.iter().flatten().enumerate() {
                        @if index > 0 { " " }
                        code { (Text(scope)) }
                    }
                }
                (instant(properties.created_at, "unknown"))
                (instant(token.last_used_at, "never"))
                @if self.expires_at {
                    @match properties.expires_at {
                        Some(at) => td data-key=(at.milliseconds()) { (expiry(at)) },
                        None => td data-key="" { (absent("never")) },
                    }
                }
            }
        }
    }
}

fn instant(at: Option<Timestamp>, none: &str) -> Markup {
    html! {
        @match at {
            Some(at) => td data-key=(at.milliseconds()) { (time(at)) },
            None => td data-key="" { (absent(none)) },
        }
    }
}

/// What stands where there is nothing.
fn absent(word: &str) -> Markup {
    html! { span.absent { (word) } }
}

/// A table of groups with bars, the largest first.
pub fn groups(id: &str, caption: &str, name: &'static str, groups: &Groups, total: u64) -> Markup {
    let group = |(key, count): &(Key, u64)| Group::new(Some(groups.by), key.clone(), *count, total);
    let all: Vec<_> = groups.groups.iter().map(group).collect();
    let (others, listed): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|it| matches!(it.key, Key::Others(_)));
    html! {
        (shares(id, caption, name, &listed, group_name))
        @for group in &others {
            @if let Key::Others(count) = group.key {
                p.rest { (Number(count)) " more with " (Number(group.count)) " tokens are counted only." }
            }
        }
    }
}

/// A table of groups with bars, in this order.
pub fn shares(
    id: &str,
    caption: &str,
    name: &'static str,
    groups: &[Group],
    named: impl Fn(&Group) -> Markup,
) -> Markup {
    let most = groups.iter().map(|it| it.count).max().unwrap_or(0);
    let columns =
        vec![Column::Text(name), Column::Number("Tokens"), Column::Number("Share"), Column::Bar];
    let row = |group: &Group| {
        let class = group.state().map_or("bar", crate::model::token::State::name);
        html! {
            tr {
                th.name scope="row" { (named(group)) }
                (count(group.count))
                td.number data-key=(group.share) { (percent(group.share)) }
                td.picture aria-hidden="true" { (share_bar(group.count, most, class)) }
            }
        }
    };
    Table { id, caption, columns, is_searched: true }.of(groups.iter().map(row))
}

fn group_name(group: &Group) -> Markup {
    let label = label(group);
    html! {
        @match group.key {
            Key::Text(Some(_)) => (Text(&label)),
            _ => (absent(&label)),
        }
    }
}

fn count(count: u64) -> Markup {
    html! { td.number data-key=(count) { (Number(count)) } }
}

/// The numbers of a histogram: the months that have tokens, and what is in none.
pub fn months(id: &str, caption: &str, months: &Months, none: &str) -> Markup {
    let total = months.timed() + months.none;
    let share = |count| Group::new(None, Key::Date(None), count, total).share;
    let ends = [
        (format!("before {}", months.name(0)), months.earlier),
        (format!("after {}", months.last()), months.later),
        (none.to_owned(), months.none),
    ];
    let [earlier, later, never] = ends;
    let each = months.counts.iter().enumerate().map(|(index, it)| (months.name(index), *it));
    let rows = std::iter::once(earlier).chain(each).chain([later, never]);
    let row = |(place, (name, number)): (usize, (String, u64))| {
        html! {
            tr {
                th scope="row" data-key=(place) { (name) }
                (count(number))
                td.number data-key=(share(number)) { (percent(share(number))) }
            }
        }
    };
    let columns = vec![Column::Time("Month"), Column::Number("Tokens"), Column::Number("Share")];
    Table { id, caption, columns, is_searched: false }
        .of(rows.enumerate().filter(|(_, it)| it.1 > 0).map(row))
}

/// The runs that revoked tokens, the last first.
pub fn runs(id: &str, caption: &str, runs: &[RevocationRun]) -> Markup {
    let columns = vec![
        Column::Time("When"),
        Column::Text("Who"),
        Column::Text("In the system"),
        Column::Text("Why"),
        Column::Number("Tokens"),
        Column::Text("Run"),
    ];
    let row = |run: &RevocationRun| {
        html! {
            tr {
                (instant(Some(run.began), ""))
                td.name { (Text(&run.actor)) }
                td.name { (Text(&run.os_user)) }
                td.name {
                    @match &run.reason {
                        Some(reason) => (Text(reason)),
                        None => (absent("not given")),
                    }
                }
                td.number data-key=(run.tokens) {
                    (Number(run.tokens))
                    @if run.deploy_tokens > 0 {
                        br; small { (Number(run.deploy_tokens)) " deploy" }
                    }
                    @if run.unresolved > 0 { br; small.warning { (Number(run.unresolved)) " unresolved" } }
                }
                th.run scope="row" { code { (Text(&run.run_id)) } }
            }
        }
    };
    Table { id, caption, columns, is_searched: true }.of(runs.iter().map(row))
}
