//! The owners of tokens: users, and services beside them. What only some applications tell of
//! them is in `kinds` and `states`.

mod kinds;
mod states;

use super::Compiler;
use super::names::{Found, Row};
use crate::failure::Failure;
use crate::store::schema::form::{Conditions, Name, OneOrMany, OwnerTable, ServiceTable};
use crate::store::schema::{OptionalColumns, OwnerColumn};
use crate::store::sql::{IdColumn, IdForm, Text, sql};

/// What of the columns of tokens is about their owners.
pub(super) struct OwnerColumns {
    /// The joins behind the table of the tokens.
    pub joins: Text,
    pub user_id: Option<OwnerColumn>,
    pub username: &'static str,
    pub service_ids: Vec<OwnerColumn>,
    pub columns: OptionalColumns,
}

/// The names of services' rows beside the users' `u`.
pub(super) const SERVICES: [&str; 3] = ["s1", "s2", "s3"];

/// A column of the token that says whose it is, and when it does.
pub(super) struct Owning {
    pub column: Text,
    form: IdForm,
    pub only: Option<Text>,
}

/// The row of an owner, and its key.
pub(super) struct OwnerRow {
    pub row: Row,
    pub key: Found,
}

/// All who may own a token.
struct Owners<'f> {
    users: &'f OwnerTable,
    owning: Owning,
    services: Vec<Service<'f>>,
}

/// Services of one kind, what says that one owns a token, and its row as it is joined.
struct Service<'f> {
    table: &'f ServiceTable,
    owning: Owning,
    joined: OwnerRow,
}

impl Compiler<'_> {
    /// The columns of the owners of a token's row.
    pub fn owner_columns(&self, token: &Row) -> Result<OwnerColumns, Failure> {
        let Some(users) = self.owner()? else {
            return Ok(OwnerColumns {
                joins: sql![],
                user_id: None,
                username: "NULL",
                service_ids: Vec::new(),
                columns: OptionalColumns::default(),
            });
        };
        let OwnerTable { column, via, only, table, key, username, .. } = users;
        let owning = self.owning(token, column, via.as_ref(), only.as_ref())?;
        let u = self.owner_row("u", table, key.as_ref())?;
        let x = self.owner_row("x", table, key.as_ref())?;
        self.check_comparable(column, &owning, &u.key)?;
        let mut joins = u.join(&owning);
        let mut names = vec![self.name_of(&u.row, username)?];
        let mut services = Vec::new();
        for (alias, service) in SERVICES.into_iter().zip(&self.file().also_owned_by) {
            let ServiceTable { column, via, only, table, key, username, .. } = service;
            let joined = self.owner_row(alias, table, key.as_ref())?;
            let owning = self.owning(token, column, via.as_ref(), only.as_ref())?;
            self.check_comparable(column, &owning, &joined.key)?;
            joins = sql![joins, joined.join(&owning)];
            names.push(self.name_of(&joined.row, username)?);
            services.push(Service { table: service, owning, joined });
        }
        let username = if services.is_empty() {
            Text::joined(names, "")
        } else {
            sql!["coalesce(", Text::joined(names, ", "), ")"]
        };
        let owners = Owners { users, owning, services };
        let columns = OptionalColumns {
            user_type: self.user_type(&u, &owners)?.map(Text::kept),
            is_of_user_type: self.is_of_user_type(&x, &owners)?,
            user_state: Some(self.user_state(&u, &owners)?.kept()),
            is_in_user_state: Some(self.is_in_user_state(&x, &owners)?),
            ..OptionalColumns::default()
        };
        Ok(OwnerColumns {
            joins,
            user_id: Some(owners.owning.kept()),
            username: username.kept(),
            service_ids: owners.services.into_iter().map(|it| it.owning.kept()).collect(),
            columns,
        })
    }

    /// Checks that a token's owner can be compared with the owners' key. SQLite compares
    /// anything, and would take a text for a number here, and not there.
    fn check_comparable(&self, name: &Name, owning: &Owning, key: &Found) -> Result<(), Failure> {
        if self.id_form(name, key.kind)? == owning.form {
            return Ok(());
        }
        let problem = format!("{} is not of the type of the owners' key", name.get_ref());
        Err(self.described.mistake(name, &problem))
    }

    /// The row of an owner in a table, whose key is `id` where none is named.
    pub fn owner_row(
        &self,
        alias: &'static str,
        table: &Name,
        key: Option<&Name>,
    ) -> Result<OwnerRow, Failure> {
        let missing = || self.described.mistake(table, "the table of owners cannot be optional");
        let row = self.table(alias, table)?.ok_or_else(missing)?;
        let id = Name::new(table.span(), "id".into());
        let found = self.required_readable(&row, key.unwrap_or(&id))?;
        let kind = found.kind;
        let key = Found { sql: self.exact(found), kind };
        Ok(OwnerRow { row, key })
    }

    /// What an owner is called.
    pub fn name_of(&self, row: &Row, name: &Name) -> Result<Text, Failure> {
        let found = self.required_readable(row, name)?;
        self.as_text(name, &found)
    }

    /// What says which user, or service of a kind, owns a token.
    pub fn owning(
        &self,
        token: &Row,
        name: &Name,
        via: Option<&OneOrMany<Name>>,
        only: Option<&Conditions>,
    ) -> Result<Owning, Failure> {
        let found = match via {
            Some(via) => self.linked(token, via, name)?,
            None => self.readable(token, name)?,
        };
        let missing = || self.described.mistake(name, "the owner cannot be optional");
        let found = found.ok_or_else(missing)?;
        Ok(Owning {
            form: self.id_form(name, found.kind)?,
            only: only.map(|it| self.conditions_there(token, it)).transpose()?,
            column: self.exact(found),
        })
    }

    /// The users who own tokens; `None`: the file or the database knows none.
    pub fn owner(&self) -> Result<Option<&OwnerTable>, Failure> {
        let Some(owner) = &self.file().owner else { return Ok(None) };
        // A column of the token itself, which older versions may lack.
        let is_there = match &owner.via {
            None => self.look_up(&self.token_row("t")?, &owner.column)?.is_some(),
            Some(_) => true,
        };
        Ok(is_there.then_some(owner))
    }
}

impl OwnerRow {
    /// Joins the row to that of a token.
    fn join(&self, owning: &Owning) -> Text {
        let (row, key) = (self.row.from(), &self.key.sql);
        sql![" LEFT JOIN ", row, " ON ", key, " = ", owning.column, owning.and_only()]
    }

    /// A text about the row that is the owner of a token, and is not joined.
    fn find(&self, text: &Text, owning: &Owning) -> Text {
        let (row, key) = (self.row.from(), &self.key.sql);
        sql!["(SELECT ", text, " FROM ", row, " WHERE ", key, " = ", owning.column, ")"]
    }
}

impl Owning {
    /// A further condition: that the column holds an owner of the kind, where it may not.
    fn and_only(&self) -> Text {
        self.only.as_ref().map_or_else(|| sql![], |only| sql![" AND ", only])
    }

    /// That a token is of an owner of the kind.
    fn is_there(&self) -> Text {
        sql![self.column, " IS NOT NULL", self.and_only()]
    }

    fn kept(self) -> OwnerColumn {
        let column = self.column.kept();
        OwnerColumn {
            id: IdColumn { sql: column, form: self.form, first: None },
            shown: match &self.only {
                None => column,
                Some(only) => sql!["CASE WHEN ", only, " THEN ", column, " END"].kept(),
            },
            only: self.only.map(Text::kept),
        }
    }
}
