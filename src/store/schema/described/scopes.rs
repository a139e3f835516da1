//! Columns of scopes, in the forms that applications have.

use super::Compiler;
use super::names::{Found, NO_FLAG, Row};
use crate::failure::Failure;
use crate::store::schema::ColumnKind;
use crate::store::schema::form::{Name, ScopesAs, ScopesForm as Given};
use crate::store::scopes::{Scopes, ScopesForm};
use crate::store::sql::{Text, Value, sql};

impl Compiler<'_> {
    /// The column of the scopes; `None`: they are not recorded.
    pub fn scopes(&self, row: &Row) -> Result<Option<Scopes>, Failure> {
        let Some(given) = &self.file().tokens.scopes else { return Ok(None) };
        let given = given.get_ref();
        match (&given.column, given.form, &given.flags[..]) {
            (Some(name), Some(form), []) => {
                let found = match &given.via {
                    Some(via) => self.linked(row, via, name)?,
                    None => self.readable(row, name)?,
                };
                found.map(|found| self.in_form(name, &found, form, given)).transpose()
            }
            (None, None, [_, ..]) if given.via.is_none() => self.flags(row, &given.flags).map(Some),
            (column, _, flags) => {
                let name = column.as_ref().or(flags.first());
                let name = name.unwrap_or(&self.file().tokens.table);
                let problem = "scopes take a column and its form in 'as', or flags";
                Err(self.described.mistake(name, problem))
            }
        }
    }

    fn in_form(
        &self,
        name: &Name,
        found: &Found,
        form: ScopesAs,
        given: &Given,
    ) -> Result<Scopes, Failure> {
        let Found { sql: column, kind } = found;
        let is_text = matches!(kind, ColumnKind::Text | ColumnKind::Any);
        let text = match (kind, form) {
            _ if is_text && form != ScopesAs::Array => sql![column],
            (ColumnKind::Castable, form) if form != ScopesAs::Array => sql![column, "::text"],
            (ColumnKind::Json, ScopesAs::Json) => sql![column, "::text"],
            (ColumnKind::Array, ScopesAs::Array) => sql!["array_to_json(", column, ")::text"],
            _ => return Err(self.holds(name, *kind, &format!("not {}", form_name(form)))),
        };
        let stored = match form {
            ScopesAs::Words => ScopesForm::Words,
            ScopesAs::Commas => ScopesForm::Commas,
            ScopesAs::Json | ScopesAs::Array => ScopesForm::Json,
            // What the application of such lists means by an empty one.
            ScopesAs::Yaml if given.empty == ["api"] => ScopesForm::Yaml,
            ScopesAs::Yaml if given.empty.is_empty() => ScopesForm::YamlWords,
            ScopesAs::Yaml => {
                return Err(self
                    .described
                    .mistake(name, "an empty list in YAML means none, or api"));
            }
            ScopesAs::One => ScopesForm::One,
        };
        // Those are never NULL where the application makes them.
        if form == ScopesAs::Yaml {
            return Ok(Scopes { sql: text.kept(), form: stored });
        }
        let none = match stored {
            ScopesForm::Json => "[]",
            _ => "",
        };
        let sql = if given.empty.is_empty() {
            sql!["coalesce(", text, ", '", none, "')"]
        } else {
            self.or_empty(name, &text, stored, &given.empty)?
        };
        Ok(Scopes { sql: sql.kept(), form: stored })
    }

    /// The scopes, or what an empty list of them means.
    fn or_empty(
        &self,
        name: &Name,
        text: &Text,
        form: ScopesForm,
        empty: &[String],
    ) -> Result<Text, Failure> {
        let joined = match form {
            ScopesForm::Json => serde_json::Value::from(empty).to_string(),
            ScopesForm::Commas => empty.join(","),
            _ => empty.join(" "),
        };
        if form.read(joined.as_bytes()).as_deref() != Some(empty) {
            let problem = format!("'empty' cannot be written as {} has it", name.get_ref());
            return Err(self.described.mistake(name, &problem));
        }
        let joined = self.bound(Value::Text(joined));
        let none = if form == ScopesForm::Json { " IN ('[]', '')" } else { " = ''" };
        let blank = sql!["replace(", text, ", ' ', '')", none];
        Ok(sql![
            "CASE WHEN ",
            text,
            " IS NULL OR ",
            blank,
            " THEN ",
            joined,
            " ELSE ",
            text,
            " END"
        ])
    }

    /// Columns that are scopes by their names.
    fn flags(&self, row: &Row, flags: &[Name]) -> Result<Scopes, Failure> {
        let (mut all, mut odd) = (Vec::new(), Vec::new());
        for name in flags {
            let Some(column) = self.readable(row, name)? else { continue };
            let scope = name.get_ref();
            let is_word = scope.trim() == scope && !scope.contains(',');
            if !is_word || column.kind == ColumnKind::Any {
                return Err(self.holds(name, column.kind, NO_FLAG));
            }
            odd.push(sql!["typeof(", column.sql, ") NOT IN ('integer', 'null')"]);
            let is_set = self.flag(name, &column)?;
            let scope = self.bound(Value::from(scope.as_str()));
            let text = if self.is_sqlite() { "" } else { "::text" };
            all.push(sql!["CASE WHEN ", is_set, " THEN ", scope, text, " END"]);
        }
        let sql = if all.is_empty() {
            sql!["''"]
        } else {
            sql!["concat_ws(',', ", Text::joined(all, ", "), ")"]
        };
        // Some write 't' and 'f': a blob is told as what cannot be read.
        let sql = if self.is_sqlite() && !odd.is_empty() {
            sql!["CASE WHEN ", Text::joined(odd, " OR "), " THEN x'00' ELSE ", sql, " END"]
        } else {
            sql
        };
        Ok(Scopes { sql: sql.kept(), form: ScopesForm::Commas })
    }
}

fn form_name(form: ScopesAs) -> &'static str {
    match form {
        ScopesAs::Words => "words",
        ScopesAs::Commas => "words with commas",
        ScopesAs::Json => "JSON",
        ScopesAs::Yaml => "YAML",
        ScopesAs::Array => "arrays",
        ScopesAs::One => "one word",
    }
}
