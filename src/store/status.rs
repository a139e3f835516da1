//! What is to be known of a store before one works on it. Changes nothing.

use anyhow::Result;

use super::{Store, Stored, filter};
use crate::model::access::ListQuery;
use crate::model::actor::Actor;
use crate::model::id::TokenId;
use crate::model::status::{Counts, Facts};
use crate::model::time::Moment;
use crate::model::token::{State, StateFilter, Token, TokenFilter};

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
        let query = |state| -> Option<ListQuery<T>> {
            let mut filter = T::Filter::default();
            *filter.as_mut() =
                TokenFilter { states: vec![StateFilter::Is(state)], ..TokenFilter::default() };
            actor.to_list(filter).ok()
        };
        let never_expires = self.unrecorded_properties::<T>()?.contains(&"expires_at");
        let deletes = self.deletes::<T>()?;
        let count = |state| match state {
            // No row is in a state that is not recorded.
            State::Expired if never_expires => Ok(Some(0)),
            State::Revoked if deletes => Ok(Some(0)),
            state => query(state).map(|it| self.count(it.selection(), now)).transpose(),
        };
        let [active, expired, revoked] = [State::Active, State::Expired, State::Revoked].map(count);
        let (Some(active), Some(expired), Some(revoked)) = (active?, expired?, revoked?) else {
            return Ok(None);
        };
        Ok(Some(Counts { active, expired, revoked }))
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
        let (columns, method) = (self.columns::<T>()?, self.revoke_method::<T>()?);
        let mut filter = T::Filter::default();
        filter.as_mut().ids = Some(vec![TokenId(1)]);
        let query = actor.to_revoke::<T>(filter)?;
        let mut statements = Vec::new();
        if let Some(dependents) = method.dependents {
            let mut sql = self.sql();
            sql.push("EXPLAIN ");
            filter::delete_dependents(&mut sql, columns, dependents, query.selection(), now)
                .map_err(|error| self.unrecorded(&error))?;
            statements.push(sql);
        }
        let mut sql = self.sql();
        sql.push("EXPLAIN ");
        filter::revoke(&mut sql, columns, method, query.selection(), (now, now.instant))
            .map_err(|error| self.unrecorded(&error))?;
        statements.push(sql);
        for sql in statements {
            if let Err(error) = self.read(|transaction| transaction.rows(&sql, |_| ())) {
                return Ok(Some(error));
            }
        }
        Ok(None)
    }
}
