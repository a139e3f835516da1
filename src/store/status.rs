//! What is to be known of a store before one works on it. Changes nothing.

use anyhow::{Context, Result};

use super::sql::Sql;
use super::stats::count;
use super::{Store, Stored, filter};
use crate::model::actor::Actor;
use crate::model::status::{Counts, Facts};
use crate::model::time::Moment;
use crate::model::token::{State, Token};

impl Store {
    /// What the engine says of the database and of the rights of this process.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn facts(&self) -> Result<Facts> {
        self.engine.facts()
    }

    /// Counts the tokens in an actor's reach by state. `None`: the store has none of the
    /// kind, or the actor may not ask for all of them.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn count_by_state<T: Stored + Token>(
        &self,
        actor: &Actor,
        now: Moment,
    ) -> Result<Option<Counts>> {
        if self.check_has::<T>().is_err() {
            return Ok(None);
        }
        let Ok(query) = actor.to_list::<T>(T::Filter::default()) else { return Ok(None) };
        let mut filters = Vec::new();
        for state in [State::Active, State::Expired, State::Revoked] {
            filters.push(self.records_state::<T>(state)?.then(|| T::in_state(state)));
        }
        let filters: Vec<_> = filters.iter().map(Option::as_ref).collect();
        let sql = self.counts_sql(self.columns::<T>()?, query.selection(), &filters, now)?;
        let counts = self.read(|transaction| {
            transaction.rows(&sql, |row| {
                let [active, expired, revoked] = [count(row)?, count(row)?, count(row)?];
                Ok::<_, String>(Counts { active, expired, revoked })
            })
        })?;
        let counts = counts.into_iter().next().context("counts are one row")?;
        counts.map(Some).map_err(anyhow::Error::msg)
    }

    /// Whether a token can be in this state there.
    ///
    /// # Errors
    ///
    /// Where the store has none of the kind.
    pub fn records_state<T: Stored + Token>(&self, state: State) -> Result<bool> {
        Ok(match state {
            State::Active => true,
            State::Expired => !self.unrecorded_properties::<T>()?.contains(&"expires_at"),
            State::Revoked => T::records_revocations(self.columns::<T>()?),
        })
    }

    /// Has the database check the statements that revoke a kind of token, without running
    /// them. `None`: it would run them, or has none of the kind.
    ///
    /// # Errors
    ///
    /// None of the database: they are what is asked for.
    pub fn obstacle_to_revoking<T: Stored + Token>(
        &self,
        actor: &Actor,
        now: Moment,
    ) -> Result<Option<anyhow::Error>> {
        if self.check_has::<T>().is_err() {
            return Ok(None);
        }
        for sql in self.revoking_statements::<T>(actor, now, "EXPLAIN ")? {
            if let Err(error) = self.read(|transaction| transaction.rows(&sql, |_| ())) {
                return Ok(Some(error));
            }
        }
        Ok(None)
    }

    /// The statements that revoke one token, in their order, behind a word.
    pub(super) fn revoking_statements<T: Stored + Token>(
        &self,
        actor: &Actor,
        now: Moment,
        word: &'static str,
    ) -> Result<Vec<Sql>> {
        let (columns, method) = (self.columns::<T>()?, self.revoke_method::<T>()?);
        let form = T::table(columns).id.form;
        let mut filter = T::Filter::default();
        filter.as_mut().ids = Some(form.example().into());
        let query = actor.to_revoke::<T>(filter)?;
        let mut statements = Vec::new();
        for dependents in &method.dependents {
            let mut sql = self.sql();
            sql.push(word);
            filter::of_tokens(&mut sql, columns, *dependents, query.selection(), now)
                .map_err(|error| self.unrecorded(&error))?;
            statements.push(sql);
        }
        let mut sql = self.sql();
        sql.push(word);
        filter::revoke(&mut sql, columns, method, query.selection(), (now, now.instant))
            .map_err(|error| self.unrecorded(&error))?;
        statements.push(sql);
        Ok(statements)
    }
}
