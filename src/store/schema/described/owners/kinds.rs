//! The kinds of owners: people, and machines of two kinds. A service is of the kind that its
//! table is given; of users a column may tell it.

use super::{OwnerRow, Owners};
use crate::failure::Failure;
use crate::store::schema::described::Compiler;
use crate::store::schema::described::names::Row;
use crate::store::schema::form::{Kind, KindColumn, NameOr, OwnerTable};
use crate::store::sql::{Text, sql};

impl Compiler<'_> {
    /// The kind of a token's owner, whose row is joined.
    pub(super) fn user_type(
        &self,
        u: &OwnerRow,
        owners: &Owners<'_>,
    ) -> Result<Option<Text>, Failure> {
        // What is told of a user's row is not told of one that is gone.
        let there = |kind| sql!["CASE WHEN ", u.key.sql, " IS NOT NULL THEN ", kind, " END"];
        let kind = self.kind(&u.row, owners.users)?.map(there);
        Ok(if owners.services.is_empty() { kind } else { Some(owners.kind(kind)) })
    }

    /// The condition on the kind of the owner, in which nothing is joined: up to the kind, and
    /// behind it.
    pub(super) fn is_of_user_type(
        &self,
        x: &OwnerRow,
        owners: &Owners<'_>,
    ) -> Result<Option<[&'static str; 2]>, Failure> {
        let Owners { users, owning, services } = owners;
        let kind = self.kind(&x.row, users)?;
        if !services.is_empty() {
            let kind = owners.kind(kind.map(|kind| x.find(&kind, owning)));
            return Ok(Some([sql![kind, " = "].kept(), ""]));
        }
        let Some(kind) = kind else { return Ok(None) };
        let only = owning.and_only();
        // SQLite would sort most rows by an index for it; PostgreSQL hashes the users once.
        Ok(Some(if self.is_sqlite() {
            [sql![x.find(&kind, owning), " = "].kept(), only.kept()]
        } else {
            let (row, key) = (x.row.from(), &x.key.sql);
            let users = sql![owning.column, " IN (SELECT ", key, " FROM ", row, " WHERE ", kind];
            [sql![users, " = "].kept(), sql![")", only].kept()]
        }))
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
}

impl Owners<'_> {
    /// The kind of an owner, of that of a user.
    fn kind(&self, of_user: Option<Text>) -> Text {
        let of_user = of_user.unwrap_or_else(|| sql!["'human'"]);
        let users = sql![" WHEN ", self.owning.is_there(), " THEN ", of_user];
        let services = self.services.iter().map(|it| {
            let kind = it.table.kind.get_ref().name();
            sql![" WHEN ", it.owning.is_there(), " THEN '", kind, "'"]
        });
        let cases = [users].into_iter().chain(services);
        sql!["CASE", Text::joined(cases, ""), " END"]
    }
}
