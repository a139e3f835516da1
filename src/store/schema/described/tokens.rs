//! The columns of tokens.

use super::Compiler;
use super::names::{Found, NO_FLAG, Row};
use crate::failure::Failure;
use crate::model::id::ROW;
use crate::store::schema::form::{Linked, Name, NameOr};
use crate::store::schema::{
    ColumnKind, NameColumn, OptionalColumns, PersonalAccessTokens, Table, Tokens,
};
use crate::store::sql::{IdColumn, IdForm, Text, sql};

impl Compiler<'_> {
    /// The row of a token under a name.
    pub fn token_row(&self, alias: &'static str) -> Result<Row, Failure> {
        let table = &self.file().tokens.table;
        self.table(alias, table)?
            .ok_or_else(|| self.described.mistake(table, "the table of the tokens is missing"))
    }

    /// The columns of tokens, and how they are revoked.
    pub fn tokens(&self) -> Result<PersonalAccessTokens, Failure> {
        let file = &self.file().tokens;
        let row = self.token_row("t")?;
        self.check_secrets(&row)?;
        let owners = self.owner_columns(&row)?;
        let expires_at = optional(file.expires.as_ref(), |it| self.time(&row, it, true))?;
        let table = Table {
            from: sql![row.from(), owners.joins].kept(),
            id: self.id_column(&row)?,
            only: self.only(&row)?.map(Text::kept),
        };
        let name = optional(file.name.as_ref(), |it| self.text(&row, it))?;
        let description = optional(file.description.as_ref(), |it| self.text(&row, it))?;
        let impersonation = optional(file.impersonation.as_ref(), |name| {
            let found = self.readable(&row, name)?;
            found.map(|found| self.flag(name, &found).map(Text::kept)).transpose()
        })?;
        Ok(PersonalAccessTokens {
            token: Tokens {
                name: name.map(|name| NameColumn::plain(sql!["coalesce(", name, ", '')"].kept())),
                scopes: self.scopes(&row)?,
                revoked: self.revoked(&row)?.map(Text::kept),
                created_at: optional(file.created.as_ref(), |it| self.time(&row, it, false))?,
                expires_at,
                revoke: self.revoke_method(&table)?,
                table,
            },
            last_used_at: optional(file.last_used.as_ref(), |it| self.time(&row, it, false))?,
            user_id: owners.user_id,
            username: owners.username,
            owners: None,
            service_ids: owners.service_ids,
            optional: OptionalColumns {
                description: description.map(Text::kept),
                impersonation,
                ..owners.columns
            },
        })
    }

    /// Checks that the secrets are there: one that is misspelt would protect nothing.
    fn check_secrets(&self, row: &Row) -> Result<(), Failure> {
        let tokens = &self.file().tokens;
        // What this program brings is spelt right; a view may leave its secrets out.
        if !self.described.tells_lines() {
            return Ok(());
        }
        tokens.secret.iter().try_for_each(|name| self.look_up(row, name).map(|_| ()))
    }

    /// The id of tokens. Without one the rows of a table are told apart by what the database
    /// calls them.
    pub fn id_column(&self, row: &Row) -> Result<IdColumn, Failure> {
        let Some(names) = &self.file().tokens.id else { return Ok(self.row_as_id(row)) };
        let mut parts = Vec::new();
        for name in &names.0 {
            parts.push((name, self.required_readable(row, name)?));
        }
        if let [(name, found)] = &parts[..] {
            let form = self.id_form(name, found.kind)?;
            return Ok(IdColumn { sql: self.exact(found.clone()).kept(), form, first: None });
        }
        let texts = parts.iter().map(|(name, found)| self.id_part(name, found));
        let texts = texts.collect::<Result<Vec<_>, _>>()?;
        let sql = sql!["(", Text::joined(texts, " || '~' || "), ")"];
        let first = parts.first().filter(|(name, _)| !self.is_time(name));
        let first = first.and_then(|(name, found)| {
            let form = self.id_form(name, found.kind).ok()?;
            Some((self.exact(found.clone()).kept(), form))
        });
        Ok(IdColumn { sql: sql.kept(), form: IdForm::Text, first })
    }

    /// What the database calls a row whose table has no id.
    fn row_as_id(&self, row: &Row) -> IdColumn {
        let name = if self.is_sqlite() { "rowid" } else { "ctid::text" };
        let sql = sql!["('", ROW, "' || ", row.of(sql![name]), ")"];
        IdColumn { sql: sql.kept(), form: IdForm::Row, first: None }
    }

    /// A column of ids, which are equal only where they are the same, whatever collation the
    /// column has.
    pub fn exact(&self, found: Found) -> Text {
        match found.kind {
            ColumnKind::Text if self.is_sqlite() => sql![found.sql, " COLLATE BINARY"],
            ColumnKind::Castable => sql![found.sql, "::text"],
            _ => found.sql,
        }
    }

    /// The form of ids in a column.
    pub fn id_form(&self, name: &Name, kind: ColumnKind) -> Result<IdForm, Failure> {
        match kind {
            ColumnKind::Integer => Ok(IdForm::Integer),
            ColumnKind::Text | ColumnKind::Castable => Ok(IdForm::Text),
            ColumnKind::Uuid => Ok(IdForm::Uuid),
            _ => Err(self.holds(name, kind, "no ids")),
        }
    }

    /// One of several columns of an id, as a text that is the same whatever the session.
    fn id_part(&self, name: &Name, found: &Found) -> Result<Text, Failure> {
        let Found { sql: column, kind } = found;
        Ok(match kind {
            ColumnKind::Text | ColumnKind::Date if self.is_sqlite() && self.is_time(name) => {
                // As times are written elsewhere.
                sql!["replace(", column, ", ' ', 'T')"]
            }
            ColumnKind::Text | ColumnKind::Integer | ColumnKind::Date if self.is_sqlite() => {
                sql![column]
            }
            ColumnKind::Text | ColumnKind::Castable | ColumnKind::Integer | ColumnKind::Uuid => {
                sql![column, "::text"]
            }
            ColumnKind::Date => sql!["to_char(", column, ", 'YYYY-MM-DD')"],
            ColumnKind::Timestamp => {
                sql!["to_char(", column, ", 'YYYY-MM-DD\"T\"HH24:MI:SS.US')"]
            }
            ColumnKind::Timestamptz => {
                sql!["to_char(", column, " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US')"]
            }
            _ => return Err(self.holds(name, *kind, "no ids")),
        })
    }

    /// Whether the file has a column as one of times.
    fn is_time(&self, name: &Name) -> bool {
        let mut columns = self.file().tokens.times().filter_map(NameOr::column);
        columns.any(|it| it.get_ref() == name.get_ref())
    }

    /// The condition on rows that are tokens of the kind.
    fn only(&self, row: &Row) -> Result<Option<Text>, Failure> {
        let kind = self
            .file()
            .tokens
            .only
            .as_ref()
            .map(|it| self.conditions_there(row, it))
            .transpose()?;
        let value = self.erased(row)?.map(|value| sql![value, " IS NOT NULL"]);
        let all: Vec<_> = kind.into_iter().chain(value).collect();
        Ok((!all.is_empty()).then(|| Text::joined(all, " AND ")))
    }

    /// A text of the token, or behind links.
    fn text(&self, row: &Row, text: &NameOr<Linked>) -> Result<Option<Text>, Failure> {
        let (name, found) = match text {
            NameOr::Name(name) => (name, self.readable(row, name)?),
            NameOr::Table(Linked { via, column }) => (column, self.linked(row, via, column)?),
        };
        found.map(|found| self.as_text(name, &found)).transpose()
    }

    /// A column as it is read as a text.
    pub fn as_text(&self, name: &Name, found: &Found) -> Result<Text, Failure> {
        let Found { sql: column, kind } = found;
        match kind {
            ColumnKind::Text | ColumnKind::Any => Ok(sql![column]),
            ColumnKind::Castable | ColumnKind::Uuid | ColumnKind::Integer if !self.is_sqlite() => {
                Ok(sql![column, "::text"])
            }
            ColumnKind::Integer => Ok(sql!["CAST(", column, " AS TEXT)"]),
            _ => Err(self.holds(name, *kind, "no texts")),
        }
    }

    /// A column that is true or false, and never NULL.
    pub fn flag(&self, name: &Name, found: &Found) -> Result<Text, Failure> {
        let Found { sql: column, kind } = found;
        match kind {
            // Anything else than 0 and 1 is told when the row is read.
            ColumnKind::Boolean | ColumnKind::Integer | ColumnKind::Any if self.is_sqlite() => {
                Ok(sql!["coalesce(", column, ", FALSE)"])
            }
            ColumnKind::Boolean => Ok(sql![column, " IS TRUE"]),
            ColumnKind::Integer => Ok(sql!["coalesce(", column, ", 0) <> 0"]),
            _ => Err(self.holds(name, *kind, NO_FLAG)),
        }
    }
}

/// What becomes of a property that the file may lack.
fn optional<'f, N, V>(
    named: Option<&'f N>,
    find: impl FnOnce(&'f N) -> Result<Option<V>, Failure>,
) -> Result<Option<V>, Failure> {
    named.map_or(Ok(None), find)
}
