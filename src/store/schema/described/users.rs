//! The statements that find users, services and administrators.

use super::Compiler;
use super::links::Chain;
use super::names::Row;
use super::owners::OwnerRow;
use crate::failure::Failure;
use crate::store::schema::form::{Admin, Literal, OwnerTable};
use crate::store::schema::{Lookup, NO_NAME, Users};
use crate::store::sql::{IdForm, Text, sql};

impl Compiler<'_> {
    /// The statements that find users.
    pub fn users(&self) -> Result<Users, Failure> {
        let Some(owner) = self.owner()? else {
            let none = Lookup { by_id: NO_ID, by_name: NO_NAME };
            return Ok(Users {
                form: IdForm::Integer,
                acting: Lookup { by_id: NO_ACTOR, by_name: NO_ACTOR },
                named: none,
                gone: none,
                services: Vec::new(),
                administrators: None,
                has_administrators: false,
            });
        };
        let token = self.token_row("t")?;
        let owning = self.owning(&token, &owner.column, owner.via.as_ref(), owner.only.as_ref())?;
        let OwnerRow { row: u, key } = self.owner_row("u", &owner.table, owner.key.as_ref())?;
        let username = self.name_of(&u, &owner.username)?;
        let admin = self.admin(&u, owner)?;
        let active = match &owner.active {
            Some(active) => sql![self.conditions_there(&u, active)?, " AND "],
            None => sql![],
        };
        let found = sql!["SELECT ", key.sql, ", ", username];
        let is_admin = admin.clone().unwrap_or_else(|| sql!["FALSE"]);
        let acting = sql![found, ", ", is_admin, " FROM ", u.from(), " WHERE ", active];
        let named = sql![found, " FROM ", u.from(), " WHERE "];
        let lower = owner.username_lower.as_ref().map(|name| self.name_of(&u, name)).transpose()?;
        let by_name = |head: &Text| self.by_name(head, &username, lower.as_ref());
        let by_id = |head: Text| [sql![head, key.sql, " = "].kept(), ""];
        let only = owning.only.iter().map(|only| sql![only, " AND "]);
        let gone = sql![
            "SELECT ",
            owning.column,
            ", NULL FROM ",
            token.from(),
            " WHERE ",
            Text::joined(only, ""),
            owning.column,
            " = ",
        ];
        let services = self.file().also_owned_by.iter().map(|service| {
            let OwnerRow { row, key } =
                self.owner_row("u", &service.table, service.key.as_ref())?;
            let name = self.name_of(&row, &service.username)?;
            let head = sql!["SELECT ", key.sql, ", ", name, " FROM ", row.from(), " WHERE "];
            let lookup = Lookup {
                by_id: [sql![head, key.sql, " = "].kept(), ""],
                by_name: self.by_name(&head, &name, None),
            };
            let form = self.id_form(service.key.as_ref().unwrap_or(&service.table), key.kind)?;
            Ok((lookup, form))
        });
        Ok(Users {
            form: self.id_form(owner.key.as_ref().unwrap_or(&owner.table), key.kind)?,
            acting: Lookup { by_name: by_name(&acting), by_id: by_id(acting) },
            named: Lookup { by_name: by_name(&named), by_id: by_id(named) },
            gone: Lookup { by_id: [gone.kept(), " LIMIT 1"], by_name: NO_NAME },
            services: services.collect::<Result<_, Failure>>()?,
            administrators: admin.as_ref().map(|admin| {
                let head = sql!["SELECT ", username, " FROM ", u.from(), " WHERE ", active];
                sql![head, admin, " ORDER BY 1"].kept()
            }),
            has_administrators: admin.is_some(),
        })
    }

    /// Finds a name without regard to ASCII case, whatever the collation.
    fn by_name(&self, head: &Text, name: &Text, lower: Option<&Text>) -> [&'static str; 2] {
        match (self.is_sqlite(), lower) {
            (_, Some(lower)) => [sql![head, lower, " = lower("].kept(), "#)"],
            (true, None) => [sql![head, "lower(", name, ") = lower("].kept(), ")"],
            (false, None) => [
                sql![head, "lower(", name, "::text COLLATE \"C\") = lower("].kept(),
                " COLLATE \"C\")",
            ],
        }
    }

    /// That a user is an administrator; `None`: the file tells none.
    fn admin(&self, u: &Row, owner: &OwnerTable) -> Result<Option<Text>, Failure> {
        let Some(admins) = &owner.admin else { return Ok(None) };
        let mut any = Vec::new();
        for admin in &admins.0 {
            match admin {
                Admin::Flag(name) => {
                    if let Some(found) = self.readable(u, name)? {
                        self.flag(name, &found)?;
                        any.push(self.is_any_of(name, &found, &[Literal::Boolean(true)])?);
                    }
                }
                Admin::Row(conditions) => {
                    if let Some(told) = self.conditions_told(u, conditions)? {
                        any.push(sql!["(", told, ")"]);
                    }
                }
                Admin::Linked { via, only } => {
                    let Some(Chain { from, on, last }) = self.chain(u, via)? else { continue };
                    let only = if only.0.is_empty() {
                        sql![]
                    } else {
                        let Some(told) = self.conditions_told(&last, only)? else { continue };
                        sql![" AND ", told]
                    };
                    any.push(sql!["EXISTS (SELECT 1 FROM ", from, " WHERE ", on, only, ")"]);
                }
            }
        }
        if any.is_empty() {
            any.push(sql!["FALSE"]);
        }
        // One that is NULL makes nobody an administrator.
        Ok(Some(sql!["coalesce(", Text::joined(any, " OR "), ", FALSE)"]))
    }
}

/// Find nobody.
const NO_ID: [&str; 2] = ["SELECT 0, '' WHERE FALSE AND 0 = ", ""];
const NO_ACTOR: [&str; 2] = ["SELECT 0, '', FALSE WHERE FALSE AND '' = ", ""];
