//! The states of owners: of users what the file tells, of services that they are there. Whoever
//! is found in no table is gone, and never blocked or banned.

use super::{OwnerRow, Owners};
use crate::failure::Failure;
use crate::store::schema::described::Compiler;
use crate::store::schema::described::names::Row;
use crate::store::schema::form::{OwnerTable, StateValues, States};
use crate::store::sql::{Text, sql};

impl Compiler<'_> {
    /// The state of a token's owner, whose row is joined.
    pub(super) fn user_state(&self, u: &OwnerRow, owners: &Owners<'_>) -> Result<Text, Failure> {
        let state = self.state(&u.row, owners.users)?;
        let mut cases = vec![sql![" WHEN ", u.key.sql, " IS NOT NULL THEN ", state]];
        for service in &owners.services {
            cases.push(sql![" WHEN ", service.joined.key.sql, " IS NOT NULL THEN 'active'"]);
        }
        cases.push(sql![" WHEN ", owners.is_somebody(), " THEN 'gone'"]);
        Ok(owners.where_known(sql!["CASE", Text::joined(cases, ""), " END"]))
    }

    /// The condition on the state of the owner, in which nothing is joined: up to the state,
    /// and behind it.
    pub(super) fn is_in_user_state(
        &self,
        x: &OwnerRow,
        owners: &Owners<'_>,
    ) -> Result<[&'static str; 2], Failure> {
        let mut all = vec![x.find(&self.state(&x.row, owners.users)?, &owners.owning)];
        for service in &owners.services {
            let x = self.owner_row("x", &service.table.table, service.table.key.as_ref())?;
            all.push(x.find(&sql!["'active'"], &service.owning));
        }
        all.push(sql!["CASE WHEN ", owners.is_somebody(), " THEN 'gone' END"]);
        let state = sql!["coalesce(", Text::joined(all, ", "), ")"];
        Ok([sql![owners.where_known(state), " = "].kept(), ""])
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
}

impl Owners<'_> {
    /// That a token has an owner, who may be gone: one without any, such as a client's own, is
    /// nobody's who left.
    fn is_somebody(&self) -> Text {
        let all = self.services.iter().map(|it| &it.owning);
        let all = [&self.owning].into_iter().chain(all);
        Text::joined(all.map(|it| sql![it.column, " IS NOT NULL"]), " OR ")
    }

    /// A text about owners, NULL where an owner is of no kind that is known.
    fn where_known(&self, text: Text) -> Text {
        match &self.owning.only {
            None => text,
            Some(only) => {
                let others = self.services.iter().map(|it| sql![" OR ", it.owning.is_there()]);
                sql!["CASE WHEN ", only, Text::joined(others, ""), " THEN ", text, " END"]
            }
        }
    }
}
