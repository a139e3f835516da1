//! Links: from a row of one table to a row of another, `table(column = column, …)`.

use super::Compiler;
use super::names::{Found, Row};
use crate::failure::Failure;
use crate::store::schema::ColumnKind;
use crate::store::schema::form::{Name, OneOrMany};
use crate::store::sql::{Text, sql};

/// A link as it is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link<'l> {
    pub table: &'l str,
    /// Columns of the table, and those of the row before that they are equal to.
    pub on: Vec<(&'l str, &'l str)>,
}

/// How many links may lead to a row.
const DEEPEST: usize = 4;

/// The names of rows behind so many links.
const ALIASES: [&str; DEEPEST] = ["v1", "v2", "v3", "v4"];

/// Reads a link.
///
/// # Errors
///
/// In words, what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Link<'_>, String> {
    let form = || format!("'{text}' is no link: it is written table(column = column, …)");
    let inner = text.strip_suffix(')').ok_or_else(form)?;
    let (table, columns) = inner.split_once('(').ok_or_else(form)?;
    let mut on = Vec::new();
    for part in columns.split(',') {
        let (column, before) = part.split_once('=').ok_or_else(form)?;
        let (column, before) = (column.trim(), before.trim());
        if column.is_empty() || before.is_empty() || before.contains(['=', '(', ')']) {
            return Err(form());
        }
        on.push((column, before));
    }
    match table.trim() {
        "" => Err(form()),
        table => Ok(Link { table, on }),
    }
}

/// The rows that links lead to.
pub(super) struct Chain {
    /// For FROM.
    pub from: Text,
    /// That the first of them is of the row where the links begin.
    pub on: Text,
    pub last: Row,
}

impl Compiler<'_> {
    /// Follows links; `None`: a table is missing, and need not be there.
    pub fn chain(&self, start: &Row, via: &OneOrMany<Name>) -> Result<Option<Chain>, Failure> {
        if let Some(name) = via.0.get(DEEPEST) {
            let problem = format!("a row is at most {DEEPEST} links away");
            return Err(self.described.mistake(name, &problem));
        }
        let mut chain: Option<Chain> = None;
        for (alias, name) in ALIASES.into_iter().zip(&via.0) {
            let before = chain.as_ref().map_or(start, |it| &it.last).clone();
            let Some((row, on)) = self.link(alias, name, &before)? else { return Ok(None) };
            chain = Some(match chain {
                None => Chain { from: row.from(), on, last: row },
                Some(Chain { from, on: first, .. }) => Chain {
                    from: sql![from, " JOIN ", row.from(), " ON ", on],
                    on: first,
                    last: row,
                },
            });
        }
        Ok(chain)
    }

    /// The row of a link, and the condition that it is the one.
    pub fn link(
        &self,
        alias: &'static str,
        name: &Name,
        before: &Row,
    ) -> Result<Option<(Row, Text)>, Failure> {
        let link =
            parse(name.get_ref()).map_err(|problem| self.described.mistake(name, &problem))?;
        let part = |text: &str| Name::new(name.span(), text.to_owned());
        let Some(row) = self.table(alias, &part(link.table))? else { return Ok(None) };
        let on = self.link_condition(&row, name, &link, before)?;
        Ok(Some((row, on)))
    }

    /// The condition that a row is the one of a link.
    pub fn link_condition(
        &self,
        row: &Row,
        name: &Name,
        link: &Link<'_>,
        before: &Row,
    ) -> Result<Text, Failure> {
        let part = |text: &str| Name::new(name.span(), text.to_owned());
        let mut conditions = Vec::new();
        for (column, other) in &link.on {
            let (column, other) =
                (self.required(row, &part(column))?, self.required(before, &part(other))?);
            if !is_comparable(column.kind, other.kind) {
                let problem = format!("'{}' compares columns of different types", name.get_ref());
                return Err(self.described.mistake(name, &problem));
            }
            conditions.push(sql![column.sql, " = ", other.sql]);
        }
        Ok(Text::joined(conditions, " AND "))
    }

    /// A column behind links, as an expression: NULL where there is no such row, or more than
    /// one.
    pub fn linked(
        &self,
        start: &Row,
        via: &OneOrMany<Name>,
        column: &Name,
    ) -> Result<Option<Found>, Failure> {
        let Some(chain) = self.chain(start, via)? else { return Ok(None) };
        let Some(Found { sql: value, kind }) = self.readable(&chain.last, column)? else {
            return Ok(None);
        };
        // PostgreSQL has no least of UUIDs, and an array of arrays is no array of those.
        let [pick, end] = match kind {
            ColumnKind::Array => ["min(", ")"],
            _ if self.is_sqlite() => ["min(", ")"],
            _ => ["(array_agg(", "))[1]"],
        };
        let Chain { from, on, .. } = chain;
        let sql = sql![
            "(SELECT CASE WHEN count(*) = 1 THEN ",
            pick,
            value,
            end,
            " END FROM ",
            from,
            " WHERE ",
            on,
            ")",
        ];
        Ok(Some(Found { sql, kind }))
    }
}

/// Whether a database compares columns of these kinds with each other.
fn is_comparable(one: ColumnKind, other: ColumnKind) -> bool {
    let is_loose = |it| matches!(it, ColumnKind::Any | ColumnKind::Other);
    one == other || is_loose(one) || is_loose(other)
}
