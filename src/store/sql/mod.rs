//! SQL text that is fixed at compile time, with every value bound.
//!
//! User input cannot become SQL: text is `&'static str` or a [`Quoted`] name, everything
//! else a bound [`Value`]. Where dialects differ, [`Sql`] has a method in `dialect`; all other
//! text is the same in each.

mod dialect;
mod ids;
mod text;
mod value;

pub use self::dialect::{Dialect, Encoding, Flavour};
use self::ids::firsts;
pub use self::ids::{IdColumn, IdForm};
pub(super) use self::text::sql;
pub use self::text::{Quoted, Text, literal, replaced};
pub use self::value::Value;
use crate::model::id::IdList;

/// A statement under construction. Placeholders are numbered in the order of
/// binding: `?1`, `?2`, … or `$1`, `$2`, …
#[derive(Clone, Debug, PartialEq)]
pub struct Sql {
    flavour: Flavour,
    text: String,
    values: Vec<Value>,
    /// The literals that are bound, each with its place among the values.
    bound: Vec<(usize, usize)>,
}

impl Sql {
    #[must_use]
    pub fn new(flavour: Flavour) -> Self {
        Self { flavour, text: String::new(), values: Vec::new(), bound: Vec::new() }
    }

    /// Writes text, in which each name of a table has an `@` before it, so that a server finds
    /// the table in its schema, and no other of that name. Behind a text whose case is ignored
    /// stands a `#`, for the collation of that: the database's, whatever a column has. A
    /// literal of a description stands as its number, see [`literal`].
    pub fn push(&mut self, text: &'static str) -> &mut Self {
        let (mut rest, mut is_quoted) = (text, false);
        while let Some(at) = rest.find(['@', '#', '"', text::LITERAL]) {
            let (plain, marked) = rest.split_at(at);
            self.text.push_str(plain);
            rest = &marked[1..];
            match (&marked[..1], &self.flavour.namespace) {
                ("\"", _) => {
                    is_quoted = !is_quoted;
                    self.text.push('"');
                }
                // In a name they are nothing else.
                (mark, _) if is_quoted => self.text.push_str(mark),
                ("@", Some(Quoted(namespace))) => self.text.extend([namespace, "."]),
                ("#", _) => self.text.push_str(self.flavour.folding()),
                ("@", None) => {}
                _ => {
                    let (number, behind) = rest.split_once(text::LITERAL).unwrap_or((rest, ""));
                    rest = behind;
                    if let Ok(number) = number.parse() {
                        self.bind_literal(number);
                    }
                }
            }
        }
        self.text.push_str(rest);
        self
    }

    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.push_placeholder(self.values.len())
    }

    /// Binds a literal of the description, once however often it stands in a statement: a
    /// server takes two placeholders for two expressions.
    fn bind_literal(&mut self, number: usize) {
        if let Some((_, place)) = self.bound.iter().find(|(it, _)| *it == number) {
            self.push_placeholder(*place);
        } else if let Some(value) = self.flavour.literals.get(number).cloned() {
            self.bind(value);
            self.bound.push((number, self.values.len()));
        }
    }

    fn push_placeholder(&mut self, number: usize) -> &mut Self {
        self.text.push(self.flavour.dialect.placeholder());
        self.text.push_str(&number.to_string());
        self
    }

    /// Writes a condition that a column is one of these ids.
    pub fn one_of(&mut self, column: IdColumn, ids: &IdList) -> &mut Self {
        if let Some((sql, form)) = column.first {
            let first = IdColumn { sql, form, first: None };
            self.push("(").one_of(first, &firsts(ids)).push(" AND ");
            return self.one_of(IdColumn { first: None, ..column }, ids).push(")");
        }
        self.push(column.sql);
        if ids.len() == 1
            && let Some(id) = ids.last().and_then(|id| column.form.value(&id))
        {
            return self.push(" = ").bind(id);
        }
        self.is_any_of(column.form.values(ids))
    }

    /// Writes the names of columns, with commas between them.
    pub fn push_list(&mut self, names: impl IntoIterator<Item = &'static str>) -> &mut Self {
        for (index, name) in names.into_iter().enumerate() {
            self.push(if index > 0 { ", " } else { "" }).push(name);
        }
        self
    }

    /// Writes text with a value between each two parts.
    pub fn push_bound(
        &mut self,
        parts: &[&'static str],
        values: impl IntoIterator<Item = impl Into<Value>>,
    ) -> &mut Self {
        let mut values = values.into_iter();
        for (index, part) in parts.iter().enumerate() {
            if let Some(value) = (index > 0).then(|| values.next()).flatten() {
                self.bind(value);
            }
            self.push(part);
        }
        self
    }

    /// Writes a key of ORDER BY: integers as numbers, text by code point.
    pub fn by_id(&mut self, column: IdColumn) -> &mut Self {
        match column.form {
            IdForm::Text | IdForm::Row => self.by_code_point(column.sql),
            IdForm::Integer | IdForm::Uuid | IdForm::Any => self.push(column.sql),
        }
    }

    /// Returns the statement with a prefix.
    #[cfg(test)]
    pub fn with_prefix(&self, prefix: &'static str) -> Self {
        Self { text: format!("{prefix}{}", self.text), ..self.clone() }
    }

    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.flavour.dialect
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }
}
