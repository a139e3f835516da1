//! SQL text that is fixed at compile time, with every value bound.
//!
//! User input cannot become SQL: text is `&'static str` or a [`Quoted`] name, everything
//! else a bound [`Value`]. Where the dialects differ, [`Sql`] has a method; all other text
//! is the same in both.

mod flavour;
mod ids;
mod text;
mod value;

pub use self::flavour::{Dialect, Encoding, Flavour};
use self::ids::firsts;
pub use self::ids::{IdColumn, IdForm};
pub(super) use self::text::sql;
pub use self::text::{Quoted, Text, literal, replaced};
pub use self::value::Value;
use super::scopes::{Scopes, ScopesForm, in_json};
use crate::model::id::IdList;
use crate::model::token::fold;

/// The database's collation, and that of bytes. A column may have one of its own, with other
/// letters, or one by which texts are equal that are not the same, and has no say in what is
/// found. For a column without one the first changes nothing, so that its indexes serve.
const DEFAULT: &str = " COLLATE \"default\"";
const PLAIN: &str = " COLLATE \"C\"";

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
                ("#", _) if self.flavour.dialect == Dialect::Postgres => {
                    self.text.push_str(if self.flavour.folds_ascii { DEFAULT } else { PLAIN });
                }
                ("@" | "#", _) => {}
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
        self.placeholder(self.values.len())
    }

    /// Binds a literal of the description, once however often it stands in a statement: a
    /// server takes two placeholders for two expressions.
    fn bind_literal(&mut self, number: usize) {
        if let Some((_, place)) = self.bound.iter().find(|(it, _)| *it == number) {
            self.placeholder(*place);
        } else if let Some(value) = self.flavour.literals.get(number).cloned() {
            self.bind(value);
            self.bound.push((number, self.values.len()));
        }
    }

    fn placeholder(&mut self, number: usize) -> &mut Self {
        // SQLite takes `$1` for a name, and numbers it by first occurrence.
        self.text.push(match self.flavour.dialect {
            Dialect::Sqlite => '?',
            Dialect::Postgres => '$',
        });
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
        let ids = column.form.values(ids);
        match self.flavour.dialect {
            Dialect::Sqlite => self.push(" IN (SELECT value FROM json_each(").bind(ids).push("))"),
            Dialect::Postgres => self.push(" = ANY(").bind(ids).push(")"),
        }
    }

    /// Writes a further condition that a column is one of these ids. With `is_last`, no
    /// index finds rows by them: the other conditions find rows, of which this keeps some.
    pub fn and_one_of(&mut self, column: IdColumn, ids: &IdList, is_last: bool) -> &mut Self {
        if !is_last {
            return self.push(" AND ").one_of(column, ids);
        }
        // An expression, which no index has.
        match (self.flavour.dialect, column.form) {
            (Dialect::Postgres, IdForm::Text | IdForm::Uuid | IdForm::Row) => {
                self.push(" AND (").push(column.sql).push(")::text || '' = ANY(");
                self.bind(IdForm::Text.values(ids)).push(")")
            }
            (Dialect::Sqlite | Dialect::Postgres, _) => self.push(" AND +").one_of(column, ids),
        }
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

    /// Writes a condition that a name contains all words, whatever the case of either.
    pub fn contains(&mut self, name: &'static str, words: &[String]) -> &mut Self {
        match self.flavour.dialect {
            Dialect::Sqlite => {
                // One value however many there are: SQLite takes no more than a thousand
                // conditions.
                let words = words.iter().map(|word| fold(word).collect()).collect();
                self.push("tokenctl_contains(").push(name).push(", ");
                self.bind(Value::Texts(words)).push(")");
            }
            // Both by the collation of the database.
            Dialect::Postgres => {
                for (index, word) in words.iter().enumerate() {
                    self.push(if index > 0 { " AND " } else { "" });
                    self.push("strpos(lower((").push(name).push(")::text").push(DEFAULT);
                    self.push("), lower(").bind(word.as_str()).push(DEFAULT).push(")) > 0");
                }
            }
        }
        self
    }

    /// Writes a condition that scopes include any of these; NULL where they cannot be read.
    pub fn has_scope(&mut self, scopes: Scopes, wanted: &[String]) -> &mut Self {
        let mut wanted = wanted.to_vec();
        match self.flavour.dialect {
            Dialect::Sqlite => {
                self.push("tokenctl_has_scope('").push(scopes.form.name()).push("', ");
                self.push(scopes.sql).push(", ").bind(Value::Texts(wanted)).push(")")
            }
            Dialect::Postgres => {
                let is_unicode = self.flavour.encoding == Encoding::Utf8;
                for (index, part) in scopes.form.array(is_unicode).iter().enumerate() {
                    if index > 0 {
                        self.push("(").push(scopes.sql).push(PLAIN).push(")");
                    }
                    self.push(part);
                }
                if scopes.form == ScopesForm::Json && !is_unicode {
                    wanted.extend(wanted.iter().flat_map(|it| in_json(it)).collect::<Vec<_>>());
                }
                self.push(" && ").bind(Value::Texts(wanted))
            }
        }
    }

    /// Writes a key of ORDER BY that compares text by code point.
    pub fn by_code_point(&mut self, text: &'static str) -> &mut Self {
        let [begin, end] = match self.flavour.dialect {
            Dialect::Sqlite if self.flavour.encoding == Encoding::Utf16 => ["tokenctl_utf8(", ")"],
            Dialect::Sqlite => ["", ""],
            Dialect::Postgres => ["", PLAIN],
        };
        self.push(begin).push(text).push(end)
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
