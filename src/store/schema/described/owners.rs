//! The owners of tokens: users, services beside them, administrators, and who may act.

use super::Compiler;
use super::names::{Found, Row};
use crate::failure::Failure;
use crate::store::schema::form::{
    Conditions, Kind, KindColumn, Name, NameOr, OneOrMany, OwnerTable, ServiceTable, StateValues,
    States,
};
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

impl Compiler<'_> {
    /// The columns of the owners of a token's row.
    pub fn owner_columns(&self, token: &Row) -> Result<OwnerColumns, Failure> {
        let Some(owner) = self.owner()? else {
            return Ok(OwnerColumns {
                joins: sql![],
                user_id: None,
                username: "NULL",
                service_ids: Vec::new(),
                columns: OptionalColumns::default(),
            });
        };
        let owning = self.owning(token, owner)?;
        let [u, x] = ["u", "x"].map(|alias| self.user_row(alias, owner));
        let (u, x) = (u?, x?);
        let key = self.key(&u, owner)?;
        self.check_comparable(&owner.column, &owning, &key)?;
        let mut joins = join(&u, &key, &owning);
        let mut names = vec![self.username(&u, owner)?];
        let mut services = Vec::new();
        for (alias, service) in SERVICES.into_iter().zip(&self.file().also_owned_by) {
            let row = self.service_row(alias, service)?;
            let owning = self.service_owning(token, service)?;
            let key = self.service_key(&row, service)?;
            self.check_comparable(&service.column, &owning, &key)?;
            joins = sql![joins, join(&row, &key, &owning)];
            names.push(self.name_of(&row, &service.username)?);
            services.push((service, owning, row, key));
        }
        let username = if services.is_empty() {
            Text::joined(names, "")
        } else {
            sql!["coalesce(", Text::joined(names, ", "), ")"]
        };
        let columns = OptionalColumns {
            user_type: self.user_type(&u, owner, &owning, &services)?.map(Text::kept),
            is_of_user_type: self.is_of_user_type(&x, owner, &owning, &services)?,
            user_state: Some(self.user_state(&u, owner, &owning, &services)?.kept()),
            is_in_user_state: Some(self.is_in_user_state(&x, owner, &owning, &services)?),
            ..OptionalColumns::default()
        };
        Ok(OwnerColumns {
            joins,
            user_id: Some(owning.kept()),
            username: username.kept(),
            service_ids: services.into_iter().map(|(_, owning, ..)| owning.kept()).collect(),
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

    pub fn user_row(&self, alias: &'static str, owner: &OwnerTable) -> Result<Row, Failure> {
        self.owner_row(alias, &owner.table)
    }

    pub fn service_row(&self, alias: &'static str, service: &ServiceTable) -> Result<Row, Failure> {
        self.owner_row(alias, &service.table)
    }

    fn owner_row(&self, alias: &'static str, table: &Name) -> Result<Row, Failure> {
        let missing = || self.described.mistake(table, "the table of owners cannot be optional");
        self.table(alias, table)?.ok_or_else(missing)
    }

    pub fn key(&self, row: &Row, owner: &OwnerTable) -> Result<Found, Failure> {
        self.key_named(row, owner.key.as_ref(), &owner.table)
    }

    pub fn service_key(&self, row: &Row, service: &ServiceTable) -> Result<Found, Failure> {
        self.key_named(row, service.key.as_ref(), &service.table)
    }

    fn key_named(&self, row: &Row, key: Option<&Name>, table: &Name) -> Result<Found, Failure> {
        let id = Name::new(table.span(), "id".into());
        let name = key.unwrap_or(&id);
        let found = self.required(row, name)?;
        self.check_readable(row, name, found.kind)?;
        let kind = found.kind;
        Ok(Found { sql: self.exact(found), kind })
    }

    pub fn name_of(&self, row: &Row, name: &Name) -> Result<Text, Failure> {
        let found = self.required(row, name)?;
        self.check_readable(row, name, found.kind)?;
        self.as_text(name, &found)
    }

    pub fn username(&self, row: &Row, owner: &OwnerTable) -> Result<Text, Failure> {
        self.name_of(row, &owner.username)
    }

    /// What says which user owns a token.
    pub fn owning(&self, token: &Row, owner: &OwnerTable) -> Result<Owning, Failure> {
        let OwnerTable { column, via, only, .. } = owner;
        self.owning_column(token, column, via.as_ref(), only.as_ref())
    }

    fn service_owning(&self, token: &Row, service: &ServiceTable) -> Result<Owning, Failure> {
        let ServiceTable { column, via, only, .. } = service;
        self.owning_column(token, column, via.as_ref(), only.as_ref())
    }

    fn owning_column(
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

    /// What `kind` says of a row of a user; `None`: it says nothing.
    fn kind(&self, row: &Row, owner: &OwnerTable) -> Result<Option<Text>, Failure> {
        let name = match &owner.kind {
            None => return Ok(None),
            Some(NameOr::Name(name)) => name,
            Some(NameOr::Table(KindColumn {
                column,
                human,
                project_bot,
                service_account,
                null,
            })) => {
                let Some(found) = self.readable(row, column)? else { return Ok(None) };
                let kinds = [
                    (Kind::Human, human),
                    (Kind::ProjectBot, project_bot),
                    (Kind::ServiceAccount, service_account),
                ];
                let mut cases = Vec::new();
                if let Some(kind) = null {
                    cases.push(sql![" WHEN ", found.sql, " IS NULL THEN '", kind.name(), "'"]);
                }
                for (kind, values) in kinds.iter().filter(|(_, values)| !values.is_empty()) {
                    let is = self.is_any_of(column, &found, values)?;
                    cases.push(sql![" WHEN ", is, " THEN '", kind.name(), "'"]);
                }
                if cases.is_empty() {
                    return Err(self.described.mistake(column, "no value of it stands for a kind"));
                }
                return Ok(Some(sql!["CASE", Text::joined(cases, ""), " END"]));
            }
        };
        let kind = Kind::ALL.into_iter().find(|it| it.name() == name.get_ref());
        let kind = kind.ok_or_else(|| {
            let problem =
                "a kind is human, project_bot or service_account, or a column with values";
            self.described.mistake(name, problem)
        })?;
        Ok(Some(sql!["'", kind.name(), "'"]))
    }

    /// The kind of a token's owner, whose row is joined.
    fn user_type(
        &self,
        u: &Row,
        owner: &OwnerTable,
        owning: &Owning,
        services: &[Service<'_>],
    ) -> Result<Option<Text>, Failure> {
        let kind = self.kind(u, owner)?;
        let key = self.key(u, owner)?.sql;
        if services.is_empty() {
            return Ok(kind.map(|kind| sql!["CASE WHEN ", key, " IS NOT NULL THEN ", kind, " END"]));
        }
        // What is told of a user's row is not told of one that is gone.
        let kind = if let Some(kind) = kind {
            sql!["CASE WHEN ", key, " IS NOT NULL THEN ", kind, " END"]
        } else {
            sql!["'human'"]
        };
        let mut cases = vec![sql![" WHEN ", owning.is_there(), " THEN ", kind]];
        for (service, owning, ..) in services {
            let kind = service.kind.get_ref().name();
            cases.push(sql![" WHEN ", owning.is_there(), " THEN '", kind, "'"]);
        }
        Ok(Some(sql!["CASE", Text::joined(cases, ""), " END"]))
    }

    /// The condition on the kind of the owner, in which nothing is joined: up to the kind, and
    /// behind it.
    fn is_of_user_type(
        &self,
        x: &Row,
        owner: &OwnerTable,
        owning: &Owning,
        services: &[Service<'_>],
    ) -> Result<Option<[&'static str; 2]>, Failure> {
        let kind = self.kind(x, owner)?;
        let key = self.key(x, owner)?.sql;
        let of_user = |kind: Text| {
            sql!["(SELECT ", kind, " FROM ", x.from(), " WHERE ", key, " = ", owning.column, ")"]
        };
        if services.is_empty() {
            let Some(kind) = kind else { return Ok(None) };
            let only = owning.only.iter().map(|only| sql![" AND ", only]);
            let only = Text::joined(only, "").kept();
            // SQLite would sort most rows by an index for it; PostgreSQL hashes the users once.
            return Ok(Some(if self.is_sqlite() {
                [sql![of_user(kind), " = "].kept(), only]
            } else {
                let users = sql![
                    owning.column,
                    " IN (SELECT ",
                    key,
                    " FROM ",
                    x.from(),
                    " WHERE ",
                    kind,
                    " = ",
                ];
                [users.kept(), sql![")", only].kept()]
            }));
        }
        let kind = kind.map_or_else(|| sql!["'human'"], of_user);
        let mut cases = vec![sql![" WHEN ", owning.is_there(), " THEN ", kind]];
        for (service, owning, ..) in services {
            let kind = service.kind.get_ref().name();
            cases.push(sql![" WHEN ", owning.is_there(), " THEN '", kind, "'"]);
        }
        Ok(Some([sql!["CASE", Text::joined(cases, ""), " END = "].kept(), ""]))
    }

    /// The state of a user's row.
    fn state(&self, row: &Row, owner: &OwnerTable) -> Result<Text, Failure> {
        let Some(states) = &owner.state else {
            let Some(active) = &owner.active else { return Ok(sql!["'active'"]) };
            let active = self.conditions_there(row, active)?;
            return Ok(sql!["CASE WHEN ", active, " THEN 'active' ELSE 'blocked' END"]);
        };
        let States { column, active, blocked, banned, deactivated } = states.get_ref();
        let mut cases = Vec::new();
        let named = [
            (blocked, "blocked"),
            (banned, "banned"),
            (deactivated, "deactivated"),
            (active, "active"),
        ];
        for (values, state) in named {
            let is = match (values, column) {
                (None, _) => continue,
                (Some(StateValues::Row(is)), None) => {
                    let Some(told) = self.conditions_told(row, is)? else { continue };
                    told
                }
                (Some(StateValues::Values(values)), Some(_)) if values.is_empty() => continue,
                (Some(StateValues::Values(values)), Some(column)) => {
                    let Some(found) = self.readable(row, column)? else { continue };
                    self.is_any_of(column, &found, values)?
                }
                (Some(_), column) => {
                    let name = column.as_ref().unwrap_or(&owner.table);
                    let problem =
                        "a state has either values of the column, or conditions without one";
                    return Err(self.described.mistake(name, problem));
                }
            };
            cases.push(sql![" WHEN ", is, " THEN '", state, "'"]);
        }
        // What is unknown is the nearest of those that are known.
        let other = if active.is_some() { "blocked" } else { "active" };
        if cases.is_empty() {
            return Ok(sql!["'active'"]);
        }
        Ok(sql!["CASE", Text::joined(cases, ""), " ELSE '", other, "' END"])
    }

    /// The state of a token's owner, whose row is joined.
    fn user_state(
        &self,
        u: &Row,
        owner: &OwnerTable,
        owning: &Owning,
        services: &[Service<'_>],
    ) -> Result<Text, Failure> {
        let key = self.key(u, owner)?.sql;
        let mut cases = vec![sql![" WHEN ", key, " IS NOT NULL THEN ", self.state(u, owner)?]];
        for (_, _, _, key) in services {
            cases.push(sql![" WHEN ", key.sql, " IS NOT NULL THEN 'active'"]);
        }
        cases.push(sql![" WHEN ", owning.is_somebody(services), " THEN 'gone'"]);
        let state = sql!["CASE", Text::joined(cases, ""), " END"];
        Ok(owning.where_users(state, services))
    }

    fn is_in_user_state(
        &self,
        x: &Row,
        owner: &OwnerTable,
        owning: &Owning,
        services: &[Service<'_>],
    ) -> Result<[&'static str; 2], Failure> {
        let state = self.state(x, owner)?;
        let key = self.key(x, owner)?.sql;
        let of_user =
            sql!["(SELECT ", state, " FROM ", x.from(), " WHERE ", key, " = ", owning.column, ")"];
        let mut all = vec![of_user];
        for (service, owning, ..) in services {
            let row = self.service_row("x", service)?;
            let key = self.service_key(&row, service)?.sql;
            all.push(sql![
                "(SELECT 'active' FROM ",
                row.from(),
                " WHERE ",
                key,
                " = ",
                owning.column,
                ")"
            ]);
        }
        all.push(sql!["CASE WHEN ", owning.is_somebody(services), " THEN 'gone' END"]);
        let state = sql!["coalesce(", Text::joined(all, ", "), ")"];
        Ok([sql![owning.where_users(state, services), " = "].kept(), ""])
    }
}

/// Joins the row of an owner.
fn join(row: &Row, key: &Found, owning: &Owning) -> Text {
    let only = owning.only.iter().map(|only| sql![" AND ", only]);
    let only = Text::joined(only, "");
    sql![" LEFT JOIN ", row.from(), " ON ", key.sql, " = ", owning.column, only]
}

/// A kind of service, what says that it owns a token, its row and the key of that.
type Service<'f> = (&'f ServiceTable, Owning, Row, Found);

impl Owning {
    /// That a token is of an owner of the kind.
    fn is_there(&self) -> Text {
        let only = self.only.iter().map(|only| sql![" AND ", only]);
        sql![self.column, " IS NOT NULL", Text::joined(only, "")]
    }

    /// That a token has an owner, who may be gone: one without any, such as a client's own, is
    /// nobody's who left.
    fn is_somebody(&self, services: &[Service<'_>]) -> Text {
        let all = services.iter().map(|(_, owning, ..)| owning);
        let all = [self].into_iter().chain(all).map(|it| sql![it.column, " IS NOT NULL"]);
        Text::joined(all, " OR ")
    }

    /// A text about owners, NULL where an owner is of no kind that is known.
    fn where_users(&self, text: Text, services: &[Service<'_>]) -> Text {
        match &self.only {
            None => text,
            Some(only) => {
                let others = services.iter().map(|(_, owning, ..)| sql![" OR ", owning.is_there()]);
                sql!["CASE WHEN ", only, Text::joined(others, ""), " THEN ", text, " END"]
            }
        }
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
