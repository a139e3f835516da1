//! How tokens are revoked: which rows are changed, how that is read back, and which tokens
//! count as revoked.

use super::Compiler;
use super::links;
use super::names::{Found, NO_FLAG, Row};
use crate::failure::Failure;
use crate::store::schema::form::{File, Literal, Name, NameOr, Revoke, TimeAs, TimeColumn};
use crate::store::schema::{ColumnKind, RevokeMethod, Table, TimeForm};
use crate::store::sql::{IdForm, Quoted, Text, sql};

/// The statement that deletes rows which depend on tokens, and the one that finds those left.
type Dependents = ([&'static str; 2], [&'static str; 2]);

impl Compiler<'_> {
    /// That a row is revoked, never NULL; `None`: it is not recorded.
    pub fn revoked(&self, row: &Row) -> Result<Option<Text>, Failure> {
        let revoke = self.file().tokens.revoke.get_ref();
        Ok(match revoke {
            Revoke::Delete | Revoke::Expire(_) | Revoke::Erase(_) => None,
            Revoke::Set { flag, to: None } => {
                let found = self.required(row, flag)?;
                Some(self.flag(flag, &found)?)
            }
            Revoke::Set { flag, to: Some(value) } => {
                let found = self.required(row, flag)?;
                let is = self.is_any_of(flag, &found, std::slice::from_ref(value))?;
                Some(sql!["coalesce(", is, ", FALSE)"])
            }
            // Of a flag that is cleared NULL is not the same: it may be the flag's default.
            Revoke::Clear(flag) => {
                let Found { sql: column, kind } = self.required(row, flag)?;
                Some(match kind {
                    ColumnKind::Boolean | ColumnKind::Integer | ColumnKind::Any
                        if self.is_sqlite() =>
                    {
                        // Anything else than 0 and 1 is told when the row is read.
                        sql![
                            "CASE WHEN ",
                            column,
                            " IS NULL OR ",
                            column,
                            " = 1 THEN 0 WHEN ",
                            column,
                            " = 0 THEN 1 ELSE ",
                            column,
                            " END",
                        ]
                    }
                    ColumnKind::Boolean => sql![column, " IS FALSE"],
                    ColumnKind::Integer => sql!["coalesce(", column, ", 1) = 0"],
                    _ => return Err(self.holds(flag, kind, NO_FLAG)),
                })
            }
            Revoke::Stamp(time) => {
                let found = self.required(row, time)?;
                Some(sql![found.sql, " IS NOT NULL"])
            }
        })
    }

    /// The column with a token's value, where revoking erases that: a row without one is no
    /// token.
    pub fn erased(&self, row: &Row) -> Result<Option<Text>, Failure> {
        let Revoke::Erase(column) = self.file().tokens.revoke.get_ref() else { return Ok(None) };
        self.required(row, column).map(|found| Some(found.sql))
    }

    /// How the tokens of a table are revoked.
    pub fn revoke_method(&self, table: &Table) -> Result<RevokeMethod, Failure> {
        let file = &self.file().tokens;
        let row = self.token_row("t")?;
        let bare = row.named("");
        let from = sql!["@", Quoted::name(&row.table), " AS t"];
        self.check_changes_no_name()?;
        let mut times = Vec::new();
        let set = |name: &Name| -> Result<Text, Failure> { Ok(self.required(&bare, name)?.sql) };
        let revoke = file.revoke.get_ref();
        let statement = match revoke {
            Revoke::Delete => sql!["DELETE FROM ", from],
            Revoke::Set { flag, to } => {
                let value = match to {
                    Some(value) => self.assigned(flag, &self.required(&bare, flag)?, value)?,
                    None => self.truth(flag, &self.required(&bare, flag)?, true)?,
                };
                sql!["UPDATE ", from, " SET ", set(flag)?, " = ", value]
            }
            Revoke::Clear(flag) => {
                let value = self.truth(flag, &self.required(&bare, flag)?, false)?;
                sql!["UPDATE ", from, " SET ", set(flag)?, " = ", value]
            }
            Revoke::Erase(column) => sql!["UPDATE ", from, " SET ", set(column)?, " = NULL"],
            Revoke::Stamp(time) | Revoke::Expire(time) => {
                times.push((sql![set(time)?, " = "].kept(), self.time_form(&bare, time)?));
                sql!["UPDATE ", from, " SET "]
            }
        };
        if let Some(touch) = &file.touch
            && !matches!(revoke, Revoke::Delete)
            && let Some(found) = self.column(&bare, touch)?
        {
            let text = sql![", ", found.sql, " = "];
            times.push((text.kept(), self.time_form(&bare, touch)?));
        }
        let id = table.id.sql;
        let deletes = matches!(revoke, Revoke::Delete | Revoke::Erase(_));
        let returned = row.returned(self.dialect);
        let returned_id = self.id_column(&returned)?.sql;
        // What a server calls a row without an id, it calls otherwise once the row is changed.
        let renames =
            table.id.form == IdForm::Row && !self.is_sqlite() && !matches!(revoke, Revoke::Delete);
        let (condition, old_id, new_id) = if renames {
            let was = row.named("was");
            let join = sql![" FROM ", was.from(), " WHERE was.ctid = t.ctid AND "];
            (join, self.id_column(&was)?.sql, sql![", ", returned_id])
        } else {
            (sql![" WHERE "], returned_id, sql![])
        };
        let returning = match (self.revoked(&returned)?, self.erased(&returned)?) {
            (Some(revoked), _) => sql!["CASE WHEN ", revoked, " THEN ", old_id, " END", new_id],
            (None, Some(value)) => {
                sql!["CASE WHEN ", value, " IS NULL THEN ", old_id, " END", new_id]
            }
            (None, None) => sql![old_id, new_id],
        };
        let remaining = match (self.revoked(&row)?, self.erased(&row)?) {
            (Some(revoked), _) => sql![" AND NOT (", revoked, ")"],
            (None, Some(value)) => sql![" AND ", value, " IS NOT NULL"],
            (None, None) => sql![],
        };
        let select = sql!["SELECT ", id, " FROM ", row.from(), " WHERE TRUE", remaining, " AND "];
        let dependents =
            file.also_delete.iter().filter_map(|link| self.dependents(link, &row, id).transpose());
        let dependents = dependents.collect::<Result<Vec<_>, _>>()?;
        Ok(RevokeMethod {
            statement: statement.kept(),
            times,
            condition: condition.kept(),
            returning: returning.kept(),
            renames,
            deletes,
            expires: matches!(revoke, Revoke::Expire(_)),
            remaining: select.kept(),
            dependents: dependents.iter().map(|(delete, _)| *delete).collect(),
            left_over: dependents.iter().map(|(_, count)| *count).collect(),
        })
    }

    /// Refuses to change what tells a token from others, or whose it is.
    fn check_changes_no_name(&self) -> Result<(), Failure> {
        let File { tokens, owner, also_owned_by, .. } = self.file();
        let changed = match tokens.revoke.get_ref() {
            Revoke::Delete => None,
            Revoke::Set { flag: name, .. }
            | Revoke::Clear(name)
            | Revoke::Stamp(name)
            | Revoke::Expire(name)
            | Revoke::Erase(name) => Some(name),
        };
        if let Revoke::Expire(name) = tokens.revoke.get_ref() {
            let is_of_token =
                |it: &&NameOr<TimeColumn>| it.table().is_none_or(|time| time.via.is_none());
            let expires = tokens.expires.as_ref().filter(is_of_token).and_then(NameOr::column);
            if expires.map(Name::get_ref) != Some(name.get_ref()) {
                let problem = "what expires is the column of 'expires'";
                return Err(self.described.mistake(name, problem));
            }
        }
        let ids = tokens.id.iter().flat_map(|ids| &ids.0);
        let texts = [&tokens.name, &tokens.description].into_iter().flatten();
        let texts = texts.filter_map(|it| match it {
            NameOr::Name(name) => Some(name),
            NameOr::Table(_) => None,
        });
        let owners = owner.iter().filter(|it| it.via.is_none()).map(|it| &it.column);
        let services = also_owned_by.iter().filter(|it| it.via.is_none()).map(|it| &it.column);
        let kept: Vec<_> = ids.chain(texts).chain(owners).chain(services).collect();
        for name in changed.into_iter().chain(&tokens.touch) {
            if kept.iter().any(|it| it.get_ref() == name.get_ref()) {
                let problem = format!(
                    "{} tells what a token is, and is not to be changed by a revocation",
                    name.get_ref()
                );
                return Err(self.described.mistake(name, &problem));
            }
        }
        Ok(())
    }

    /// The form in which the present is written to a column.
    fn time_form(&self, row: &Row, name: &Name) -> Result<TimeForm, Failure> {
        let found = self.required(row, name)?;
        let form_of = |it: &NameOr<TimeColumn>| it.table().and_then(|time| time.form);
        let mut given = self.file().tokens.times();
        let mut forms = given.clone().filter_map(form_of);
        let is_same = |column: &Name| column.get_ref() == name.get_ref();
        let named = given.find(|it| it.column().is_some_and(is_same)).map(form_of);
        // Or for another that holds the like: an application has one form for all, as a rule.
        let other = forms.find(|form| form.fits(found.kind));
        let form = named.unwrap_or(other);
        Ok(match self.form(name, found.kind, form)? {
            // As the application writes it, not as it is compared.
            TimeForm::Iso if form == Some(TimeAs::SpacedWithZone) => TimeForm::SpacedWithZone,
            form => form,
        })
    }

    /// The text for a flag that is set or cleared.
    fn truth(&self, name: &Name, found: &Found, value: bool) -> Result<Text, Failure> {
        match found.kind {
            ColumnKind::Integer => Ok(sql![if value { "1" } else { "0" }]),
            ColumnKind::Boolean | ColumnKind::Any => Ok(sql![if value { "TRUE" } else { "FALSE" }]),
            kind => Err(self.holds(name, kind, NO_FLAG)),
        }
    }

    /// The text for a value that a column is set to.
    fn assigned(&self, name: &Name, found: &Found, value: &Literal) -> Result<Text, Failure> {
        // A value that the column cannot hold is one that it can never be equal to.
        self.is_any_of(name, found, std::slice::from_ref(value))?;
        Ok(match value {
            Literal::Boolean(value) => self.truth(name, found, *value)?,
            Literal::Text(_) if found.kind == ColumnKind::Castable => {
                let problem = format!(
                    "{} is of a type of the application's own, which cannot be set",
                    name.get_ref()
                );
                return Err(self.described.mistake(name, &problem));
            }
            Literal::Integer(_) | Literal::Text(_) => self.bound(value.value()),
        })
    }

    /// The statement that deletes the rows which depend on tokens. It compares what it never
    /// reads.
    fn dependents(
        &self,
        name: &Name,
        token: &Row,
        id: &'static str,
    ) -> Result<Option<Dependents>, Failure> {
        let link = links::parse(name.get_ref());
        let link = link.map_err(|problem| self.described.mistake(name, &problem))?;
        let table = Name::new(name.span(), link.table.to_owned());
        let Some(row) = self.table("d", &table)? else { return Ok(None) };
        let row = row.returned(self.dialect);
        let on = self.link_condition(&row, name, &link, token)?;
        let alias = if self.is_sqlite() { "" } else { " AS d" };
        let rows = sql!["@", Quoted::name(&row.table), alias];
        let part = |text: &str| Name::new(name.span(), text.to_owned());
        let from = token.from();
        // By IN the rows are found through their index.
        let found = if let [(column, other)] = link.on[..] {
            let (column, other) =
                (self.required(&row, &part(column))?.sql, self.required(token, &part(other))?.sql);
            sql![rows, " WHERE ", column, " IN (SELECT ", other, " FROM ", from, " WHERE "]
        } else {
            sql![rows, " WHERE EXISTS (SELECT 1 FROM ", from, " WHERE ", on, " AND "]
        };
        let returning = sql![" RETURNING (SELECT ", id, " FROM ", from, " WHERE ", on, " LIMIT 1)"];
        let delete = [sql!["DELETE FROM ", found].kept(), sql![")", returning].kept()];
        Ok(Some((delete, [sql!["SELECT 1 FROM ", found].kept(), ") LIMIT 1"])))
    }
}
