//! How a query becomes rows: the only module with a connection or SQL.
//!
//! A [`Store`] vouches for actors and memberships, and answers nothing but
//! [`Query`]s, which only those make.

mod audit_events;
mod deploy_tokens;
mod filter;
mod guard;
mod init;
mod sample;
pub mod schema;
mod sql;
mod sqlite;
#[cfg(test)]
mod tests;
mod tokens;

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params, params_from_iter};

use self::filter::Terms;
use self::guard::Identity;
pub use self::guard::OsUser;
pub use self::init::create;
use self::schema::{Schema, Tokens, UserLookup};
use self::sql::Sql;
use self::sqlite::Decoder;
pub use self::sqlite::{Mode, Opening};
use crate::failure::{self, Failure, Kind};
use crate::model::access::{
    AccessLevel, Act, Actor, Denied, Guarded, Membership, Query, Reach, Reference, Revoke, UserRef,
};
use crate::model::audit::Action;
use crate::model::deploy_token::Place;
use crate::model::time::{Moment, Timestamp};
use crate::model::token::{GroupId, Owner, ProjectId, Sort, SortKey, Token, TokenId, UserId};

/// A store that is open.
#[derive(Debug)]
pub struct Store {
    connection: rusqlite::Connection,
    /// `None`: in memory, as tests have it.
    file: Option<Identity>,
    busy_timeout: Duration,
    schema: &'static Schema,
}

/// A kind of thing that stores hold.
pub trait Stored: Guarded {
    fn from(schema: &Schema) -> &'static str;
    fn id_column(schema: &Schema) -> &'static str;
    /// What `decode` reads, in its order; the id comes first.
    fn select_list(schema: &Schema) -> Vec<&'static str>;
    fn decode(row: &mut Decoder<'_>, schema: &Schema) -> Result<Self, String>;
    /// Writes the first condition of the WHERE.
    fn reach_condition(sql: &mut Sql, schema: &Schema, reach: Reach);
    /// The tokens that the filter names.
    fn ids(filter: &Self::Filter) -> Option<&[TokenId]>;
    /// Whether the filter leaves few rows, which the database finds at once.
    fn is_narrow(filter: &Self::Filter) -> bool;
    /// Writes the filter's conditions, ids aside, each with its AND.
    fn conditions(sql: &mut Sql, schema: &Schema, filter: &Self::Filter, terms: Terms);
    fn sort_column(schema: &Schema, key: SortKey) -> &'static str;
}

/// A kind of token that stores hold.
pub trait StoredToken: Stored + Token {
    fn tokens(schema: &Schema) -> &Tokens;
}

/// A token or event, or a row that could not be read as one.
pub type Row<T> = Result<T, BrokenRow>;

/// A row that cannot be decoded. It is never shown nor revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenRow {
    pub id: i64,
    pub problem: String,
}

/// What the audit events of one run have in common.
#[derive(Clone, Debug)]
pub struct Run {
    pub id: String,
    /// The real time at which it began, whatever instant the tokens are judged by,
    /// on the calendar and on the clock that counts on.
    pub began: (Timestamp, Instant),
    pub actor: Actor,
    pub os_user: String,
    pub reason: Option<String>,
}

impl Run {
    /// The present. An application that looks for what has changed since it last
    /// looked would miss what bears the time of the run's beginning.
    fn time(&self) -> Timestamp {
        let (calendar, clock) = self.began;
        calendar.plus(clock.elapsed())
    }
}

/// What one transaction is to do.
#[derive(Clone, Copy)]
pub struct Orders<'a> {
    /// The instant that tokens are judged by.
    pub now: Moment,
    /// `None`: a dry run.
    pub run: Option<&'a Run>,
    /// Whether a token may be revoked if the query keeps it.
    pub is_chosen: &'a dyn Fn(TokenId) -> bool,
    /// Whether to give up waiting for the lock.
    pub is_stopped: &'a dyn Fn() -> bool,
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
    /// It was not chosen, or the filter does not keep it, or no longer does.
    Spared(T),
    /// Missing, or out of the actor's reach.
    Denied(TokenId),
    Broken(BrokenRow),
}

impl Store {
    /// Opens a store that exists. A process of root becomes one of the file's
    /// owner first, for good.
    ///
    /// # Errors
    ///
    /// When there is no such file, it is no store, its schema is a newer one, or
    /// it belongs to another user whom this could harm.
    pub fn open(path: &Path, how: &Opening<'_>) -> Result<Self> {
        let (connection, file, schema) = sqlite::open(path, how)?;
        Ok(Self { connection, file: Some(file), busy_timeout: how.busy_timeout, schema })
    }

    /// The actor that a reference names.
    ///
    /// # Errors
    ///
    /// [`Denied`] where there is no such user or he may not act.
    pub fn actor(&self, reference: &Reference) -> Result<Actor> {
        let sql = user_lookup(&self.schema.users.acting, reference);
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
        self.named_user(actor, reference, None)
    }

    /// The same, also of a user who is gone, but whose tokens events tell of.
    ///
    /// # Errors
    ///
    /// As for [`Store::user`].
    pub fn recorded_owner(&self, actor: &Actor, reference: &UserRef) -> Result<UserId> {
        self.named_user(actor, reference, Some(&self.schema.audit_events.owners))
    }

    /// The same, also of a user who is gone, but whose acts events tell of.
    ///
    /// # Errors
    ///
    /// As for [`Store::user`].
    pub fn recorded_actor(&self, actor: &Actor, reference: &UserRef) -> Result<UserId> {
        self.named_user(actor, reference, Some(&self.schema.audit_events.actors))
    }

    fn named_user(
        &self,
        actor: &Actor,
        reference: &UserRef,
        recorded: Option<&UserLookup>,
    ) -> Result<UserId> {
        let UserRef::Other(reference) = reference else {
            return Ok(actor.id());
        };
        let find =
            |lookup| self.find(&user_lookup(lookup, reference), |row| row.get(0).map(UserId));
        let mut found = find(&self.schema.users.named)?;
        // Not for anybody else, who would learn from the time it takes.
        if let Some(recorded) = recorded.filter(|_| found.is_none() && actor.may_name_anyone()) {
            found = find(recorded)?;
        }
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
        let rows = statement.query_map(params_from_iter(sql.values()), |row| self.decode(row));
        let mut rows = rows.context(CANNOT_READ)?.map(|row| row.context(CANNOT_READ));
        read(&mut rows)
    }

    fn decode<T: Stored>(&self, row: &rusqlite::Row<'_>) -> rusqlite::Result<Row<T>> {
        let id = row.get(0)?;
        let decoded = T::decode(&mut Decoder::new(row), self.schema);
        Ok(decoded.map_err(|problem| BrokenRow { id, problem }))
    }

    /// Revokes the tokens of a query, which names them by their ids in ascending
    /// order, as far as they are chosen and its filter keeps them now, and records
    /// an event for each: all in one transaction, or nothing. Without a `run` it
    /// does all but the writing. A store that is locked is tried again and again in
    /// short turns, to hear between them whether the run has been stopped.
    ///
    /// # Errors
    ///
    /// Those of the database, and where the file or the actor's rights have changed
    /// since the store was opened; then nothing has been revoked.
    pub fn revoke<T: StoredToken>(
        &self,
        query: &Query<T, Revoke>,
        orders: &Orders<'_>,
    ) -> Result<Batch<T>> {
        let deadline = Instant::now() + self.busy_timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            self.connection.busy_timeout(left.min(TURN))?;
            let mut locked_at = None;
            let done = self.try_to_revoke(query, orders, &mut locked_at);
            self.connection.busy_timeout(self.busy_timeout)?;
            let is_locked = done.as_ref().is_err_and(|it| failure::kind(it) == Kind::Locked);
            if !is_locked || left <= TURN || (orders.is_stopped)() {
                return done;
            }
            if let Some(locked_at) = locked_at {
                // With a rollback journal, what waits to be committed keeps new readers out.
                thread::sleep(locked_at.elapsed());
            }
        }
    }

    fn try_to_revoke<T: StoredToken>(
        &self,
        query: &Query<T, Revoke>,
        orders: &Orders<'_>,
        locked_at: &mut Option<Instant>,
    ) -> Result<Batch<T>> {
        let &Orders { now, run, is_chosen, is_stopped: _ } = orders;
        let behaviour = match run {
            Some(_) => TransactionBehavior::Immediate,
            None => TransactionBehavior::Deferred,
        };
        let transaction =
            Transaction::new_unchecked(&self.connection, behaviour).context(CANNOT_WRITE)?;
        let begun = *locked_at.insert(Instant::now());
        if let Some(file) = &self.file {
            file.check()?;
        }
        if let Some(run) = run {
            self.check_still_may_act(&run.actor)?;
        }
        let mut rows = self.judge(query, now)?.into_iter().peekable();

        let at = run.map(Run::time);
        let ids = query.filter().as_ref().ids.as_deref().unwrap_or_default();
        let mut outcomes = Vec::with_capacity(ids.len());
        for &id in ids {
            outcomes.push(match rows.next_if(|(row, _)| id_of(row) == id) {
                None => Outcome::Denied(id),
                Some((Err(broken), _)) => Outcome::Broken(broken),
                Some((Ok(token), _)) if token.is_revoked() => Outcome::AlreadyRevoked(token),
                Some((Ok(token), is_kept)) if !is_kept || !is_chosen(id) => Outcome::Spared(token),
                Some((Ok(token), _)) => {
                    if let Some((run, at)) = run.zip(at) {
                        self.revoke_one(&token, run, at)
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

    /// A question may stand for a night, and a long run go on for an hour: whoever
    /// is blocked or demoted meanwhile revokes nothing more.
    fn check_still_may_act(&self, actor: &Actor) -> Result<()> {
        let has_same_rights = match self.actor(&Reference::Id(actor.id().0)) {
            Ok(again) => again.may_name_anyone() == actor.may_name_anyone(),
            Err(error) if error.is::<Denied>() => false,
            Err(error) => return Err(error),
        };
        let message = || format!("the rights of {} have changed meanwhile", actor.username());
        ensure!(has_same_rights, Failure::new(Kind::Failed, message()));
        Ok(())
    }

    /// The tokens that a query names, in the order of their ids, each with whether
    /// the query keeps it.
    fn judge<T: StoredToken>(
        &self,
        query: &Query<T, Revoke>,
        now: Moment,
    ) -> Result<Vec<(Row<T>, bool)>> {
        let sql = judge(self.schema, query, now);
        let verdict = T::select_list(self.schema).len();
        let mut statement = self.connection.prepare_cached(sql.text()).context(CANNOT_READ)?;
        let rows = statement.query_map(params_from_iter(sql.values()), |row| {
            // NULL where a column is that the filter asks for: not kept.
            Ok((self.decode(row)?, row.get::<_, Option<bool>>(verdict)?.unwrap_or(false)))
        });
        rows.and_then(Iterator::collect).context(CANNOT_READ)
    }

    fn revoke_one<T: StoredToken>(&self, token: &T, run: &Run, at: Timestamp) -> Result<()> {
        let at = at.to_string();
        let user = match token.owner() {
            Some(Owner::User(user)) => Some(user.0),
            Some(Owner::Project(_) | Owner::Group(_)) | None => None,
        };
        let changed = self
            .connection
            .prepare_cached(T::tokens(self.schema).revoke)?
            .execute(params![at, token.id().0])?;
        ensure!(changed == 1, "the database changed {changed} rows instead of one");
        self.connection.prepare_cached(self.schema.audit_events.insert)?.execute(params![
            at,
            run.id,
            Action::Revoke.name(),
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

/// How long one attempt waits for a lock.
const TURN: Duration = Duration::from_millis(100);

const CANNOT_READ: &str = "cannot read the store";
const CANNOT_WRITE: &str = "cannot write to the store";

fn id_of<T: Token>(row: &Row<T>) -> TokenId {
    match row {
        Ok(token) => token.id(),
        Err(broken) => TokenId(broken.id),
    }
}

fn user_lookup(lookup: &UserLookup, reference: &Reference) -> Sql {
    let mut sql = Sql::new(match reference {
        Reference::Id(_) => lookup.by_id,
        Reference::Name(_) => lookup.by_name,
    });
    sql.bind(reference);
    sql
}

fn select<T: Stored, A: Act>(
    schema: &Schema,
    query: &Query<T, A>,
    sort: Sort,
    limit: Option<u64>,
    now: Moment,
) -> Sql {
    let mut sql = Sql::default();
    filter::select(&mut sql, schema, query, sort, now);
    filter::order_by::<T>(&mut sql, schema, sort);
    if let Some(limit) = limit {
        sql.push(" LIMIT ").bind(i64::try_from(limit).unwrap_or(i64::MAX));
    }
    sql
}

fn judge<T: StoredToken>(schema: &Schema, query: &Query<T, Revoke>, now: Moment) -> Sql {
    let mut sql = Sql::default();
    filter::judge(&mut sql, schema, query, now);
    filter::order_by::<T>(&mut sql, schema, Sort::BY_ID);
    sql
}
