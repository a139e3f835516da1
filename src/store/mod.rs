//! How a query becomes rows: the only module with a connection or SQL.
//!
//! A [`Store`] vouches for actors and memberships, and answers nothing but
//! [`Query`]s, which only those make.

mod deploy_tokens;
mod filter;
mod init;
mod sample;
pub mod schema;
mod sql;
mod sqlite;
#[cfg(test)]
mod tests;
mod tokens;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params, params_from_iter};

use self::filter::Bounds;
pub use self::init::create;
use self::schema::{Schema, Tokens};
use self::sql::Sql;
use self::sqlite::Decoder;
pub use self::sqlite::Mode;
use crate::model::access::{
    AccessLevel, Act, Actor, Denied, Guarded, Membership, Query, Reach, Reference, Revoke, UserRef,
};
use crate::model::deploy_token::Place;
use crate::model::time::{Moment, Timestamp};
use crate::model::token::{GroupId, Owner, ProjectId, Sort, SortKey, Token, TokenId, UserId};

/// A store that is open.
#[derive(Debug)]
pub struct Store {
    connection: rusqlite::Connection,
    schema: &'static Schema,
}

/// A kind of token that stores hold.
pub trait Stored: Guarded {
    fn tokens(schema: &Schema) -> &Tokens;
    /// What `decode` reads, in its order.
    fn select_list(schema: &Schema) -> Vec<&'static str>;
    fn decode(row: &mut Decoder<'_>, schema: &Schema) -> Result<Self, String>;
    /// Writes the first condition of the WHERE.
    fn reach_condition(sql: &mut Sql, schema: &Schema, reach: Reach);
    /// Writes the conditions of this kind's own filters, each with its AND.
    fn conditions(sql: &mut Sql, schema: &Schema, filter: &Self::Filter, bounds: Bounds);
    /// Whether the filter leaves few tokens, which the database finds at once.
    fn is_narrow(filter: &Self::Filter) -> bool;
    fn sort_column(schema: &Schema, key: SortKey) -> &'static str;
}

/// A token, or a row that could not be read as one.
pub type Row<T> = Result<T, BrokenRow>;

/// A row that cannot be decoded. It is never shown nor revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenRow {
    pub id: TokenId,
    pub problem: String,
}

/// How many tokens, and of how many owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    pub tokens: u64,
    pub owners: u64,
}

/// What the audit events of one run have in common.
#[derive(Clone, Debug)]
pub struct Run {
    pub id: String,
    /// The real time, whatever instant the tokens are judged by.
    pub at: Timestamp,
    pub actor: Actor,
    pub os_user: String,
    pub reason: Option<String>,
}

/// What one transaction did.
#[derive(Debug)]
pub struct Batch<T> {
    /// One for each id, in order.
    pub outcomes: Vec<Outcome<T>>,
    /// How long it kept other writers out.
    pub held: Duration,
}

/// What a revocation made of one id.
#[derive(Debug)]
pub enum Outcome<T> {
    /// Revoked; in a dry run: would have been.
    Revoked(T),
    AlreadyRevoked(T),
    /// Missing, or out of the actor's reach.
    Denied(TokenId),
    Broken(BrokenRow),
}

impl Store {
    /// Opens a store that exists.
    ///
    /// # Errors
    ///
    /// When there is no such file, it is no store, or its schema is a newer one.
    pub fn open(path: &Path, mode: Mode, busy_timeout: Duration) -> Result<Self> {
        let (connection, schema) = sqlite::open(path, mode, busy_timeout)?;
        Ok(Self { connection, schema })
    }

    /// The actor that a reference names.
    ///
    /// # Errors
    ///
    /// [`Denied`] where there is no such user or he may not act.
    pub fn actor(&self, reference: &Reference) -> Result<Actor> {
        let users = &self.schema.users;
        let mut sql = Sql::new(match reference {
            Reference::Id(_) => users.acting_by_id,
            Reference::Name(_) => users.acting_by_name,
        });
        sql.bind(reference);
        let found = self.find(&sql, |row| Ok((UserId(row.get(0)?), row.get(1)?, row.get(2)?)))?;
        let (id, username, admin) = found.ok_or(Denied)?;
        #[expect(clippy::disallowed_methods, reason = "the store is what vouches")]
        Ok(Actor::vouched(id, username, admin))
    }

    /// The user that a reference names, if `actor` may name him.
    ///
    /// # Errors
    ///
    /// [`Denied`] where there is no such user or the actor may not name him.
    pub fn user(&self, actor: &Actor, reference: &UserRef) -> Result<UserId> {
        let users = &self.schema.users;
        let found = match reference {
            UserRef::Me => Some(actor.id()),
            UserRef::Other(reference) => {
                let mut sql = Sql::new(match reference {
                    Reference::Id(_) => users.by_id,
                    Reference::Name(_) => users.by_name,
                });
                self.find(sql.bind(reference), |row| row.get(0).map(UserId))?
            }
        };
        Ok(actor.may_name(found)?)
    }

    /// The standing of `actor` in the project that a reference names.
    ///
    /// # Errors
    ///
    /// [`Denied`] where there is no such project.
    pub fn project(&self, actor: &Actor, reference: &Reference) -> Result<Membership> {
        self.membership(actor, &self.schema.projects, reference, |id| Place::Project(ProjectId(id)))
    }

    /// The standing of `actor` in the group that a reference names.
    ///
    /// # Errors
    ///
    /// [`Denied`] where there is no such group.
    pub fn group(&self, actor: &Actor, reference: &Reference) -> Result<Membership> {
        self.membership(actor, &self.schema.groups, reference, |id| Place::Group(GroupId(id)))
    }

    fn membership(
        &self,
        actor: &Actor,
        places: &schema::Places,
        reference: &Reference,
        place: fn(i64) -> Place,
    ) -> Result<Membership> {
        let [head, tail] = match reference {
            Reference::Id(_) => places.by_id,
            Reference::Name(_) => places.by_path,
        };
        let mut sql = Sql::new(head);
        sql.bind(actor.id().0).push(tail).bind(reference);
        let found = self.find(&sql, |row| {
            let level: Option<i64> = row.get(1)?;
            Ok((place(row.get(0)?), level.map(AccessLevel)))
        })?;
        let (place, level) = found.ok_or(Denied)?;
        #[expect(clippy::disallowed_methods, reason = "the store is what vouches")]
        Ok(Membership::vouched(place, level))
    }

    fn find<R>(
        &self,
        sql: &Sql,
        read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<R>,
    ) -> Result<Option<R>> {
        let values = params_from_iter(sql.values());
        let found = self.connection.query_row(sql.text(), values, read);
        found.optional().context(CANNOT_READ)
    }

    /// Lends the rows of a query to `read`, in order, one at a time.
    ///
    /// # Errors
    ///
    /// Those of `read`, and of the database.
    pub fn select<T: Stored, A: Act, R>(
        &self,
        query: &Query<T, A>,
        sort: Sort,
        limit: Option<u64>,
        now: Moment,
        read: impl FnOnce(&mut dyn Iterator<Item = Result<Row<T>>>) -> Result<R>,
    ) -> Result<R> {
        let sql = select(self.schema, query, sort, limit, now);
        let mut statement = self.connection.prepare_cached(sql.text()).context(CANNOT_READ)?;
        let rows = statement.query_map(params_from_iter(sql.values()), |row| {
            // The id comes first in every select list.
            let id = TokenId(row.get(0)?);
            let token = T::decode(&mut Decoder::new(row), self.schema);
            Ok(token.map_err(|problem| BrokenRow { id, problem }))
        });
        let mut rows = rows.context(CANNOT_READ)?.map(|row| row.context(CANNOT_READ));
        read(&mut rows)
    }

    /// Counts what `select` would give.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn count<T: Stored, A: Act>(&self, query: &Query<T, A>, now: Moment) -> Result<Count> {
        let mut sql = Sql::new("SELECT count(*), count(DISTINCT ");
        sql.push(T::tokens(self.schema).owner).push(")");
        filter::from_where(&mut sql, self.schema, query, None, now);
        let values = params_from_iter(sql.values());
        let count = self.connection.query_row(sql.text(), values, |row| {
            Ok(Count { tokens: row.get(0)?, owners: row.get(1)? })
        });
        count.context(CANNOT_READ)
    }

    /// Revokes the tokens of a query, which names them by their ids in ascending
    /// order, and records an event for each: all in one transaction, or nothing.
    /// Without a `run` it does all but the writing.
    ///
    /// # Errors
    ///
    /// Those of the database; then nothing has changed.
    pub fn revoke<T: Stored>(
        &self,
        query: &Query<T, Revoke>,
        now: Moment,
        run: Option<&Run>,
    ) -> Result<Batch<T>> {
        let behaviour = match run {
            Some(_) => TransactionBehavior::Immediate,
            None => TransactionBehavior::Deferred,
        };
        let transaction =
            Transaction::new_unchecked(&self.connection, behaviour).context(CANNOT_WRITE)?;
        let begun = Instant::now();
        let rows: Vec<Row<T>> =
            self.select(query, Sort::BY_ID, None, now, |rows| rows.collect())?;
        let mut rows = rows.into_iter().peekable();

        let ids = query.filter().as_ref().ids.as_deref().unwrap_or_default();
        let mut outcomes = Vec::with_capacity(ids.len());
        for &id in ids {
            outcomes.push(match rows.next_if(|row| id_of(row) == id) {
                None => Outcome::Denied(id),
                Some(Err(broken)) => Outcome::Broken(broken),
                Some(Ok(token)) if token.is_revoked() => Outcome::AlreadyRevoked(token),
                Some(Ok(token)) => {
                    if let Some(run) = run {
                        self.revoke_one(&token, run)
                            .with_context(|| format!("cannot revoke token {id}"))?;
                    }
                    Outcome::Revoked(token)
                }
            });
        }
        ensure!(rows.next().is_none(), "ids are not in ascending order");
        transaction.commit().context(CANNOT_WRITE)?;
        Ok(Batch { outcomes, held: begun.elapsed() })
    }

    fn revoke_one<T: Stored>(&self, token: &T, run: &Run) -> Result<()> {
        let at = run.at.to_string();
        let user = match token.owner() {
            Some(Owner::User(user)) => Some(user.0),
            Some(Owner::Project(_) | Owner::Group(_)) | None => None,
        };
        let changed = self
            .connection
            .prepare_cached(T::tokens(self.schema).revoke)?
            .execute(params![at, token.id().0])?;
        ensure!(changed == 1, "the database changed {changed} rows instead of one");
        self.connection.prepare_cached(self.schema.insert_event)?.execute(params![
            at,
            run.id,
            "revoke",
            run.actor.username(),
            run.actor.id().0,
            run.os_user,
            T::TARGET_TYPE,
            token.id().0,
            token.name(),
            user,
            run.reason,
        ])?;
        Ok(())
    }
}

const CANNOT_READ: &str = "cannot read the store";
const CANNOT_WRITE: &str = "cannot write to the store";

fn id_of<T: Token>(row: &Row<T>) -> TokenId {
    match row {
        Ok(token) => token.id(),
        Err(broken) => broken.id,
    }
}

fn select<T: Stored, A>(
    schema: &Schema,
    query: &Query<T, A>,
    sort: Sort,
    limit: Option<u64>,
    now: Moment,
) -> Sql {
    let mut sql = Sql::new("SELECT ");
    for (index, column) in T::select_list(schema).into_iter().enumerate() {
        sql.push(if index > 0 { ", " } else { "" }).push(column);
    }
    filter::from_where(&mut sql, schema, query, Some(sort), now);
    filter::order_by::<T>(&mut sql, schema, sort);
    if let Some(limit) = limit {
        sql.push(" LIMIT ").bind(i64::try_from(limit).unwrap_or(i64::MAX));
    }
    sql
}
