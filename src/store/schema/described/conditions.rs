//! Conditions on a row: that columns have these values.

use super::Compiler;
use super::names::{Found, Row};
use crate::failure::Failure;
use crate::store::schema::ColumnKind;
use crate::store::schema::form::{Conditions, Literal, Name, Test};
use crate::store::sql::{Text, Value, sql};

impl Compiler<'_> {
    /// The conditions on a row, joined by AND: all columns have to be there.
    pub fn conditions(&self, row: &Row, conditions: &Conditions) -> Result<Text, Failure> {
        let all = conditions.0.iter().map(|(name, test)| {
            let column = self.required_readable(row, name)?;
            self.test(name, &column, test)
        });
        Ok(Text::joined(all.collect::<Result<Vec<_>, _>>()?, " AND "))
    }

    /// The same; `None`: a column is missing, and need not be there, so that nobody can tell.
    pub fn conditions_told(
        &self,
        row: &Row,
        conditions: &Conditions,
    ) -> Result<Option<Text>, Failure> {
        for (name, _) in &conditions.0 {
            if self.look_up(row, name)?.is_none() {
                return Ok(None);
            }
        }
        self.conditions(row, conditions).map(Some)
    }

    /// The same without those on a column that is missing, and need not be there.
    pub fn conditions_there(&self, row: &Row, conditions: &Conditions) -> Result<Text, Failure> {
        let mut all = Vec::new();
        for (name, test) in &conditions.0 {
            if let Some(column) = self.readable(row, name)? {
                all.push(self.test(name, &column, test)?);
            }
        }
        if all.is_empty() {
            return Ok(sql!["TRUE"]);
        }
        Ok(Text::joined(all, " AND "))
    }

    fn test(&self, name: &Name, column: &Found, test: &Test) -> Result<Text, Failure> {
        match test {
            Test::Null(true) => Ok(sql![column.sql, " IS NULL"]),
            Test::Null(false) => Ok(sql![column.sql, " IS NOT NULL"]),
            Test::Has(word) => self.has_word(name, column, word),
            Test::AnyOf(literals) => self.is_any_of(name, column, literals),
        }
    }

    /// That a column has one of these values.
    pub fn is_any_of(
        &self,
        name: &Name,
        column: &Found,
        literals: &[Literal],
    ) -> Result<Text, Failure> {
        let equal = literals.iter().map(|literal| self.is_equal(name, column, literal));
        let equal = equal.collect::<Result<Vec<_>, _>>()?;
        if equal.len() == 1 {
            return Ok(Text::joined(equal, ""));
        }
        Ok(sql!["(", Text::joined(equal, " OR "), ")"])
    }

    fn is_equal(&self, name: &Name, column: &Found, literal: &Literal) -> Result<Text, Failure> {
        let Found { sql: column, kind } = column;
        let is_sqlite = self.is_sqlite();
        Ok(match (literal, kind) {
            // As the applications have it, a flag that is NULL is not set.
            // In SQLite what is no number is neither: some write 't' and 'f'.
            (
                Literal::Boolean(value),
                ColumnKind::Boolean | ColumnKind::Integer | ColumnKind::Any,
            ) if is_sqlite => {
                if *value {
                    sql!["(typeof(", column, ") = 'integer' AND ", column, " <> 0)"]
                } else {
                    sql![
                        "(",
                        column,
                        " IS NULL OR typeof(",
                        column,
                        ") = 'integer' AND ",
                        column,
                        " = 0)"
                    ]
                }
            }
            (Literal::Boolean(true), ColumnKind::Boolean) => sql![column, " IS TRUE"],
            (Literal::Boolean(false), ColumnKind::Boolean) => sql![column, " IS NOT TRUE"],
            (Literal::Boolean(value), ColumnKind::Integer) => {
                let is = if *value { " <> 0" } else { " = 0" };
                sql!["coalesce(", column, ", 0)", is]
            }
            (Literal::Integer(_), ColumnKind::Integer | ColumnKind::Any) => {
                sql![column, " = ", self.bound(literal.value())]
            }
            (Literal::Integer(_), ColumnKind::Boolean)
            | (Literal::Text(_), ColumnKind::Text | ColumnKind::Any)
                if is_sqlite =>
            {
                sql![column, " = ", self.bound(literal.value())]
            }
            (Literal::Text(_), ColumnKind::Text | ColumnKind::Castable | ColumnKind::Uuid) => {
                sql![column, "::text# = ", self.bound(literal.value())]
            }
            (literal, &kind) => {
                let what = match literal {
                    Literal::Integer(_) => "the number ",
                    Literal::Boolean(_) => "",
                    Literal::Text(_) => "the text ",
                };
                return Err(self.holds(name, kind, &format!("not {what}{literal}")));
            }
        })
    }

    /// That a word is one of those of a text, which blanks separate, or of an array.
    fn has_word(&self, name: &Name, column: &Found, word: &str) -> Result<Text, Failure> {
        if word.trim().is_empty() || word.contains(char::is_whitespace) {
            return Err(self.described.mistake(name, "'has' takes one word"));
        }
        let padded = self.bound(Value::Text(format!(" {word} ")));
        let Found { sql: column, kind } = column;
        match kind {
            ColumnKind::Text | ColumnKind::Any if self.is_sqlite() => {
                Ok(sql!["instr(' ' || ", column, " || ' ', ", padded, ") > 0"])
            }
            ColumnKind::Text | ColumnKind::Castable => {
                Ok(sql!["strpos(' ' || ", column, "::text || ' ', ", padded, ") > 0"])
            }
            ColumnKind::Array => {
                Ok(sql![self.bound(Value::from(word)), " = ANY(", column, "::text[])"])
            }
            _ => Err(self.holds(name, *kind, "not words")),
        }
    }
}

impl Literal {
    /// The value to bind.
    pub(super) fn value(&self) -> Value {
        match self {
            Self::Integer(number) => Value::Integer(*number),
            Self::Boolean(value) => Value::Boolean(*value),
            Self::Text(text) => Value::from(text.as_str()),
        }
    }
}
