//! How a query becomes rows: the only module with a connection or SQL.
//!
//! A [`Store`] vouches for actors and memberships, and answers nothing but
//! [`Query`]s, which only those make.

mod audit_events;
mod decode;
mod deploy_tokens;
mod engine;
mod event_log;
mod file_owner;
mod filter;
mod init;
mod page;
mod postgres;
mod revoke;
mod sample;
pub mod schema;
mod scopes;
mod sql;
mod sqlite;
#[cfg(test)]
mod tests;
mod tokens;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use self::decode::Decoder;
use self::engine::{Engine, Transaction};
pub use self::engine::{Mode, Unresolved};
pub use self::event_log::EventLog;
pub use self::file_owner::{ForeignFile, OsUser};
use self::filter::{FilterContext, Unrecorded};
pub use self::init::create;
pub use self::postgres::Settings;
pub use self::revoke::{Batch, BatchOptions, Decision, Journal, Run};
use self::schema::{Description, Lookup, Places, Schema, Tokens};
use self::sql::Sql;
use crate::failure::Failure;
use crate::model::access::{
    AccessLevel, Act, Actor, Denied, Guarded, Membership, Query, Reach, Reference, UserRef,
};
use crate::model::audit::AuditEvent;
use crate::model::deploy_token::{DeployToken, Place};
use crate::model::time::Moment;
use crate::model::token::{GroupId, ProjectId, Sort, SortKey, Token, TokenId, UserId};

/// A store that is open.
#[derive(Debug)]
pub struct Store {
    engine: Engine,
    busy_timeout: Duration,
    schema: Schema,
}

/// Where a store is.
pub enum Location {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL server.
    Server(Box<Settings>),
}

/// How a store is opened.
pub struct Opening {
    pub mode: Mode,
    pub busy_timeout: Duration,
    /// Whether a file may belong to another user.
    pub foreign_owner: bool,
    /// What the database holds; `None`: its tables tell.
    pub schema: Option<&'static Description>,
}

/// A kind of thing that stores hold.
pub trait Stored: Guarded + Projection<Self> + Send {
    /// What a schema tells of it.
    type Columns: Sync;

    /// `None` where the store holds nothing of the kind.
    fn columns(schema: &Schema) -> Option<&Self::Columns>;
    fn from(columns: &Self::Columns) -> &'static str;
    fn id_column(columns: &Self::Columns) -> &'static str;
    /// Writes the first condition of the WHERE.
    fn reach_condition(sql: &mut Sql, columns: &Self::Columns, reach: Reach);
    /// The tokens that the filter names.
    fn ids(filter: &Self::Filter) -> Option<&[TokenId]>;
    /// Whether the filter leaves few rows, which the database finds at once.
    fn is_narrow(filter: &Self::Filter) -> bool;
    /// Writes the filter's conditions, ids aside, each with its AND.
    fn conditions(
        sql: &mut Sql,
        columns: &Self::Columns,
        filter: &Self::Filter,
        context: FilterContext,
    ) -> Result<(), Unrecorded>;
    fn sort_column(columns: &Self::Columns, key: SortKey) -> Result<&'static str, Unrecorded>;
}

/// A kind of token that stores hold.
pub trait StoredToken: Stored + Token {
    fn tokens(columns: &Self::Columns) -> &Tokens;
}

/// What is read of a thing that stores hold: all that is known of it, or its id.
pub trait Projection<T: Stored>: Sized {
    /// What `decode` reads, in its order, each with a name; the id comes first.
    fn select_list(columns: &T::Columns) -> Vec<(&'static str, &'static str)>;
    fn decode(row: &mut Decoder<'_>, columns: &T::Columns) -> Result<Self, String>;
}

impl<T: StoredToken> Projection<T> for TokenId {
    fn select_list(columns: &T::Columns) -> Vec<(&'static str, &'static str)> {
        vec![("id", T::id_column(columns))]
    }

    fn decode(row: &mut Decoder<'_>, _: &T::Columns) -> Result<Self, String> {
        row.token_id()
    }
}

/// A token or event, or a row that could not be read as one.
pub type Row<T> = Result<T, BrokenRow>;

/// A row that cannot be decoded. It is never shown nor revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenRow {
    pub id: i64,
    pub problem: String,
}

impl Store {
    /// Opens a store that exists. A process of root becomes one of a file's owner
    /// first, for good.
    ///
    /// # Errors
    ///
    /// When there is no such store, its schema is not known, is a newer one or lacks
    /// something, or, as a [`ForeignFile`], when it is one of another user whom this could
    /// harm.
    pub fn open(location: &Location, how: &Opening) -> Result<Self> {
        let (engine, schema) = match location {
            Location::File(path) => {
                let (sqlite, schema) = sqlite::open(path, how)?;
                (Engine::Sqlite(sqlite), schema)
            }
            Location::Server(settings) => {
                let opened = postgres::open(settings, how.mode, how.busy_timeout, how.schema);
                let (postgres, schema) = opened?;
                (Engine::Postgres(postgres), schema)
            }
        };
        Ok(Self { engine, busy_timeout: how.busy_timeout, schema })
    }

    /// What the store is a database of.
    #[must_use]
    pub fn description(&self) -> &'static Description {
        self.schema.description
    }

    /// Whether it holds the events of what is done to its tokens.
    #[must_use]
    pub fn records_events(&self) -> bool {
        self.schema.audit_events.is_some()
    }

    /// Whether revoking a token of this kind deletes its row.
    ///
    /// # Errors
    ///
    /// Where the store has none of this kind.
    pub fn deletes<T: StoredToken>(&self) -> Result<bool> {
        Ok(T::tokens(self.columns::<T>()?).revoke.deletes)
    }

    /// Refuses a kind of thing that the store has none of.
    ///
    /// # Errors
    ///
    /// A usage error that names the store's application.
    pub fn check_has<T: Stored>(&self) -> Result<()> {
        self.columns::<T>().map(|_| ())
    }

    fn columns<T: Stored>(&self) -> Result<&T::Columns> {
        T::columns(&self.schema).ok_or_else(|| {
            let Description { application, name, .. } = self.description();
            Failure::usage(format!("{application} ({name}) has no {}", T::NOUN[1])).into()
        })
    }

    /// The actor that a reference names.
    ///
    /// # Errors
    ///
    /// [`Denied`] where there is no such user or he may not act.
    pub fn actor(&self, reference: &Reference) -> Result<Actor> {
        self.read(|transaction| self.acting(transaction, reference))
    }

    fn acting(&self, transaction: &Transaction<'_>, reference: &Reference) -> Result<Actor> {
        let lookup = &self.schema.users.acting;
        let found = self.find(transaction, lookup, reference, |row| {
            Ok((row.integer()?, row.optional_text()?.unwrap_or_default(), row.boolean()?))
        });
        let (id, username, admin) = found?.ok_or(Denied)?;
        #[expect(clippy::disallowed_methods, reason = "the store is what vouches")]
        Ok(Actor::vouched(UserId(id), username, admin))
    }

    /// The user that a reference names, if `actor` may name him.
    ///
    /// # Errors
    ///
    /// [`Denied`] where there is no such user or the actor may not name him.
    pub fn user(&self, actor: &Actor, reference: &UserRef) -> Result<UserId> {
        self.named_user(actor, reference, || Ok(None))
    }

    /// The same, also of a user who is gone, but whose tokens `events` tell of.
    ///
    /// # Errors
    ///
    /// As for [`Store::user`].
    pub fn recorded_owner(
        &self,
        events: &Self,
        actor: &Actor,
        reference: &UserRef,
    ) -> Result<UserId> {
        let owners = &events.columns::<AuditEvent>()?.owners;
        self.named_user(actor, reference, || events.named(owners, reference))
    }

    /// The same, also of a user who is gone, but whose acts `events` tell of.
    ///
    /// # Errors
    ///
    /// As for [`Store::user`].
    pub fn recorded_actor(
        &self,
        events: &Self,
        actor: &Actor,
        reference: &UserRef,
    ) -> Result<UserId> {
        let actors = &events.columns::<AuditEvent>()?.actors;
        self.named_user(actor, reference, || events.named(actors, reference))
    }

    fn named_user(
        &self,
        actor: &Actor,
        reference: &UserRef,
        recorded: impl FnOnce() -> Result<Option<UserId>>,
    ) -> Result<UserId> {
        if *reference == UserRef::Me {
            return Ok(actor.id());
        }
        let mut found = self.named(&self.schema.users.named, reference)?;
        // Not for anybody else, who would learn from the time it takes.
        if found.is_none() && actor.may_name_anyone() {
            found = recorded()?;
        }
        Ok(actor.may_name(found)?)
    }

    fn named(&self, lookup: &Lookup, reference: &UserRef) -> Result<Option<UserId>> {
        let UserRef::Other(reference) = reference else { return Ok(None) };
        let found = self.read(|transaction| {
            self.find(transaction, lookup, reference, |row| {
                Ok((row.integer()?, row.optional_text()?.unwrap_or_default(), false))
            })
        })?;
        Ok(found.map(|(id, _, _)| UserId(id)))
    }

    /// The user that a reference finds. Where the application tells names apart by
    /// case, the one of exactly this name, or the only one.
    fn find(
        &self,
        transaction: &Transaction<'_>,
        lookup: &Lookup,
        reference: &Reference,
        read: impl Fn(&mut Decoder<'_>) -> Result<User, String>,
    ) -> Result<Option<User>> {
        let [head, tail] = match reference {
            Reference::Id(_) => lookup.by_id,
            Reference::Name(_) => lookup.by_name,
        };
        let mut sql = self.sql();
        sql.push(head).bind(reference).push(tail);
        let found = transaction.rows(&sql, |row| read(row).map_err(anyhow::Error::msg))?;
        let mut found = found.into_iter().collect::<Result<Vec<_>>>()?;
        let is_exact = |(_, username, _): &User| matches!(reference, Reference::Name(name) if name == username);
        if let Some(exact) = found.iter().position(is_exact) {
            return Ok(Some(found.swap_remove(exact)));
        }
        Ok(if found.len() == 1 { found.pop() } else { None })
    }

    /// The standing of `actor` in the project that a reference names.
    ///
    /// # Errors
    ///
    /// [`Denied`] where there is no such project.
    pub fn project(&self, actor: &Actor, reference: &Reference) -> Result<Membership> {
        let places = &self.columns::<DeployToken>()?.projects;
        self.membership(actor, places, reference, |id| Place::Project(ProjectId(id)))
    }

    /// The standing of `actor` in the group that a reference names.
    ///
    /// # Errors
    ///
    /// [`Denied`] where there is no such group.
    pub fn group(&self, actor: &Actor, reference: &Reference) -> Result<Membership> {
        let places = &self.columns::<DeployToken>()?.groups;
        self.membership(actor, places, reference, |id| Place::Group(GroupId(id)))
    }

    fn membership(
        &self,
        actor: &Actor,
        places: &Places,
        reference: &Reference,
        place: fn(i64) -> Place,
    ) -> Result<Membership> {
        let [head, middle, tail] = match reference {
            Reference::Id(_) => places.by_id,
            Reference::Name(_) => places.by_path,
        };
        let mut sql = self.sql();
        sql.push(head).bind(actor.id().0).push(middle).bind(reference).push(tail);
        let found = self.read(|transaction| {
            transaction.rows(&sql, |row| Ok::<_, String>((row.integer()?, row.optional_integer()?)))
        })?;
        let found = found.into_iter().next().ok_or(Denied)?;
        let (id, level) = found.map_err(anyhow::Error::msg)?;
        #[expect(clippy::disallowed_methods, reason = "the store is what vouches")]
        Ok(Membership::vouched(place(id), level.map(AccessLevel)))
    }

    fn sql(&self) -> Sql {
        Sql::new(self.schema.dialect)
    }

    /// Reads in a transaction of its own.
    fn read<R>(&self, read: impl FnOnce(&Transaction<'_>) -> Result<R>) -> Result<R> {
        let transaction = self.engine.begin(Mode::Read, self.busy_timeout)?;
        let result = read(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    /// Whether the ids of a query's rows may be read without the rest of each: the database
    /// refuses rows that could not be decoded, and the filter lets none pass for decoding
    /// to look at.
    #[must_use]
    pub fn vouches_for<T: StoredToken, A>(&self, query: &Query<T, A>) -> bool {
        let filter = query.filter().as_ref();
        let is_certain =
            filter.search.is_empty() && filter.scopes.is_empty() && filter.except_scopes.is_empty();
        self.schema.is_checked && is_certain
    }

    /// Lends the rows of a query to `read`, in order, one at a time.
    ///
    /// # Errors
    ///
    /// Those of `read`, and of the database; a usage error where the query asks for
    /// what the store does not record.
    pub fn select<T: Stored, A: Act, P: Projection<T>, R>(
        &self,
        query: &Query<T, A>,
        sort: Sort,
        limit: Option<u64>,
        now: Moment,
        read: impl FnOnce(&mut dyn Iterator<Item = Result<Row<P>>>) -> Result<R> + Send,
    ) -> Result<R>
    where
        R: Send,
    {
        let columns = self.columns::<T>()?;
        let sql = self.selection::<T, A, P>(query, sort, limit, now)?;
        self.read(|transaction| {
            transaction.stream_rows(&sql, |row| decoded::<T, P>(row, columns), read)
        })
    }

    /// The same for a run that may be stopped: a store that is locked is tried again and
    /// again in turns, each of which reads from the beginning.
    ///
    /// # Errors
    ///
    /// As for [`Store::select`].
    pub fn select_in_turns<T: Stored, A: Act, R>(
        &self,
        query: &Query<T, A>,
        sort: Sort,
        now: Moment,
        is_stopped: &dyn Fn() -> bool,
        mut read: impl FnMut(&mut dyn Iterator<Item = Result<Row<T>>>) -> Result<R> + Send,
    ) -> Result<R>
    where
        R: Send,
    {
        let columns = self.columns::<T>()?;
        let sql = self.selection::<T, A, T>(query, sort, None, now)?;
        self.retry_while_locked(is_stopped, |wait, _| {
            let transaction = self.engine.begin(Mode::Read, wait)?;
            let result =
                transaction.stream_rows(&sql, |row| decoded::<T, T>(row, columns), &mut read)?;
            transaction.commit()?;
            Ok(result)
        })
    }

    /// The statement of a list.
    fn selection<T: Stored, A: Act, P: Projection<T>>(
        &self,
        query: &Query<T, A>,
        sort: Sort,
        limit: Option<u64>,
        now: Moment,
    ) -> Result<Sql> {
        let columns = self.columns::<T>()?;
        let mut sql = self.sql();
        filter::select::<T, A, P>(&mut sql, columns, query, sort, now)
            .and_then(|()| filter::order_by::<T>(&mut sql, columns, sort))
            .map_err(|error| self.unrecorded(&error))?;
        if let Some(limit) = limit {
            sql.push(" LIMIT ").bind(i64::try_from(limit).unwrap_or(i64::MAX));
        }
        Ok(sql)
    }

    fn unrecorded(&self, what: &Unrecorded) -> Failure {
        let Description { application, name, .. } = self.description();
        Failure::usage(format!("the store is one of {application} ({name}), and {what}"))
            .hint("leave that filter or order out")
    }
}

/// A user that was found: his id, his name, and whether he is an administrator.
type User = (i64, String, bool);

fn decoded<T: Stored, P: Projection<T>>(row: &mut Decoder<'_>, columns: &T::Columns) -> Row<P> {
    let id = row.peek_id();
    P::decode(row, columns).map_err(|problem| BrokenRow { id, problem })
}
