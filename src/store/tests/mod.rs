//! The stores and filters that the store's tests share.

mod described;
mod events;
mod filters;
mod oracle;
mod oracle_deploy;
mod plans;
mod population;
mod statements;
mod stats;
mod ways;
mod work;

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use rusqlite::Connection;

use self::filters::{
    both, both_shared, personal_filters, personal_filters_of, shared_filters, user,
};
use super::engine::sqlite::Sqlite;
use super::engine::{Engine, Mode};
use super::schema::KNOWN;
use super::schema::native::{self, MIGRATIONS};
use super::sql::{Dialect, Quoted, Sql};
use super::{
    BatchOptions, Copying, Decision, EventTable, ListOptions, Location, Opening, Projection, Row,
    Settings, Store, Stored, Streamed, filter,
};
use crate::failure::{self, Kind};
use crate::model::access::{ListQuery, RevokeQuery, Selection};
use crate::model::actor::{Actor, Denied, Membership};
use crate::model::audit::{self, Action, AuditEvent};
use crate::model::deploy_token::{self, DeployToken};
use crate::model::id::{EventId, GroupId, Id, IdList, OwnerRef, Place, ProjectId, TokenId, UserId};
use crate::model::personal_access_token::{self, PersonalAccessToken, UserState, UserType};
use crate::model::reference::{Reference, UserRef};
use crate::model::time::{Expiry, Moment, Timestamp, date_from_stored};
use crate::model::token::{
    Sort, SortKey, State, StateFilter, Token, TokenFilter, TokenProperties, fold,
};
use crate::stop_flag::StopFlag;

fn now() -> Result<Moment> {
    let now = Timestamp::from_stored("2024-03-15T12:00:00.000Z");
    Ok(Moment::at(now.ok_or_else(|| anyhow::anyhow!("a time"))?))
}

/// The store that the integration tests use too.
fn store() -> Result<Store> {
    store_in("UTF-8")
}

/// The same, with text in another encoding.
fn store_in(encoding: &str) -> Result<Store> {
    let connection = rusqlite::Connection::open_in_memory()?;
    connection.pragma_update(None, "encoding", encoding)?;
    connection.execute_batch(MIGRATIONS[0])?;
    connection.execute_batch(include_str!("../../../tests/support/fixture.sql"))?;
    let engine = Engine::Sqlite(Sqlite::unnamed(connection)?);
    let schema = native::schema(Dialect::Sqlite);
    Ok(Store::of(engine, schema, Duration::ZERO))
}

#[path = "../../../tests/support/tools.rs"]
mod tools;

#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../../../tests/support/postgres.rs"]
mod postgres;

/// The stores that the oracle is compared with. Those on servers are left out where there
/// is no server.
fn stores() -> Result<Vec<Store>> {
    let mut stores = Vec::new();
    for encoding in ["UTF-8", "UTF-16le", "UTF-16be"] {
        stores.push(store_in(encoding)?);
        stores.extend(other_stores_in_sqlite(encoding)?.into_iter().map(|(_, store)| store));
    }
    if let Some(cluster) = postgres::Cluster::shared() {
        stores.push(open(&native_on_server(cluster)?.url("postgres"))?);
        stores.push(open(&cluster.gitlab().url(postgres::READER))?);
        for [_, tables, fixture] in OTHERS.iter().filter(|it| !it[1].is_empty()) {
            let database = cluster.database("other", &format!("{tables}{fixture}"));
            stores.push(open(&database.url("postgres"))?);
        }
    }
    Ok(stores)
}

/// A database to which the store is copied.
fn native_on_server(cluster: &postgres::Cluster) -> Result<postgres::Database> {
    let database = cluster.database("native", "SELECT 1");
    let target = Location::Server(Settings::new(&database.url("postgres"), &|_| None)?.into());
    let copying = Copying { stop: &StopFlag::default(), progress: &|_| {} };
    let copied = store()?.copy_to(&target, copying)?;
    assert!(copied.iter().any(|it| it.rows > 0));
    Ok(database)
}

fn other_stores_in_sqlite(encoding: &str) -> Result<Vec<(&'static str, Store)>> {
    let mut stores = Vec::new();
    for [tables, _, fixture] in OTHERS.iter().filter(|it| !it[0].is_empty()) {
        let connection = Connection::open_in_memory()?;
        connection.pragma_update(None, "encoding", encoding)?;
        connection.execute_batch(tables)?;
        connection.execute_batch(fixture)?;
        let store = in_sqlite(connection)?;
        stores.push((store.description().name, store));
    }
    Ok(stores)
}

/// The store of another application, in a database in memory.
fn in_sqlite(connection: Connection) -> Result<Store> {
    let schema = super::engine::sqlite::recognise(&connection, None)?;
    let engine = Engine::Sqlite(Sqlite::unnamed(connection)?.with_literals(&schema));
    Ok(Store::of(engine, schema, Duration::ZERO))
}

/// Other applications' tables in SQLite and in PostgreSQL, empty where unsupported, and
/// their rows.
const OTHERS: &[[&str; 3]] = &[
    [
        include_str!("../../../tests/support/jupyterhub.sql"),
        include_str!("../../../tests/support/jupyterhub_postgres.sql"),
        include_str!("../../../tests/support/jupyterhub_fixture.sql"),
    ],
    [
        include_str!("../../../tests/support/gitea.sql"),
        include_str!("../../../tests/support/gitea_postgres.sql"),
        include_str!("../../../tests/support/gitea_fixture.sql"),
    ],
];

fn open(url: &str) -> Result<Store> {
    let how = Opening {
        mode: Mode::Read,
        busy_timeout: Duration::from_secs(5),
        foreign_owner: false,
        schema: None,
    };
    Store::open(&Location::Server(Settings::new(url, &|_| None)?.into()), &how)
}

/// Whether a pair of flags is tried as a role: always in SQLite; on a server, which is
/// slower, each pair as one role at most.
fn is_tried(store: &Store, pair: [usize; 2], role: usize) -> bool {
    let number = pair[0] + pair[1];
    match store.engine {
        Engine::Sqlite(ref it) if !it.is_utf16() => true,
        // Enough for every order of every list.
        Engine::Sqlite(_) => number % (2 * ROLES.len()) == role,
        Engine::Postgres(_) if store.check_has::<DeployToken>().is_ok() => {
            number % (2 * ROLES.len()) == role
        }
        // Fewer: the tests in SQLite cover the same schema.
        Engine::Postgres(_) => number % (6 * ROLES.len()) == role,
    }
}

/// An administrator, an owner and Maintainer, a Developer, and one whose name is digits.
const ROLES: [&str; 4] = ["root", "olive", "sam", "2"];

/// Whether a filter asks for what the store does not record.
fn asks_too_much(store: &Store, filter: &personal_access_token::Filter) -> bool {
    // No `..`: a new filter field is asked for here too.
    let personal_access_token::Filter {
        token,
        users,
        except_users,
        user_types,
        user_states,
        impersonation,
        last_used_after,
        last_used_before,
        never_used,
        unused_since,
    } = filter;
    let TokenFilter {
        ids: _,
        states,
        revoked,
        expired,
        created_after,
        created_before,
        expires_after,
        expires_before,
        expires_within,
        no_expiry,
        search,
        scopes,
        except_scopes,
    } = token;
    let columns = &store.schema.personal_access_tokens;
    let asks = |state| states.contains(&StateFilter::Is(state));
    let revoked = revoked.is_some() || asks(State::Revoked);
    let expired = expired.is_some() || asks(State::Expired);
    let expiry = [expired, no_expiry.is_some(), expires_after.is_some()];
    let expiry = expiry.contains(&true) || expires_before.is_some() || expires_within.is_some();
    let used = [last_used_after, last_used_before, unused_since].iter().any(|it| it.is_some());
    let created = [created_after, created_before, unused_since].iter().any(|it| it.is_some());
    let owner = !users.is_empty() || !except_users.is_empty();
    [
        (revoked, columns.token.revoked.is_some()),
        (expiry, columns.token.expires_at.is_some()),
        (created, columns.token.created_at.is_some()),
        (!search.is_empty(), columns.token.name.is_some()),
        (!scopes.is_empty() || !except_scopes.is_empty(), columns.token.scopes.is_some()),
        (used || never_used.is_some(), columns.last_used_at.is_some()),
        (owner, columns.user_id.is_some()),
        (!user_types.is_empty(), columns.optional.is_of_user_type.is_some()),
        (!user_states.is_empty(), columns.optional.is_in_user_state.is_some()),
        (impersonation.is_some(), columns.optional.impersonation.is_some()),
    ]
    .into_iter()
    .any(|(asks, is_recorded)| asks && !is_recorded)
}

/// The connection of a store in SQLite.
fn connection(store: &Store) -> &Connection {
    match &store.engine {
        Engine::Sqlite(it) => &it.connection,
        Engine::Postgres(_) => panic!("the store is on a server"),
    }
}

fn actor(store: &Store, name: &str) -> Result<Actor> {
    store.actor(&Reference::Name(name.into()))
}

fn at(text: &str) -> Option<Timestamp> {
    Timestamp::from_stored(&format!("{text}Z"))
}

fn day(text: &str) -> Option<Moment> {
    Timestamp::from_stored(&format!("{text}T00:00:00.000Z")).map(Moment::at)
}

/// The rights that the README lists for each application: what its description names, and nothing
/// else.
#[test]
fn the_rights_of_the_readme_are_those_that_the_descriptions_need() -> Result<()> {
    let mut stores = stores()?;
    let connection = Connection::open_in_memory()?;
    connection.execute_batch(include_str!("../../../tests/support/forgejo.sql"))?;
    stores.push(in_sqlite(connection)?);
    let [gitlab, hub, gitea, forgejo] = [
        include_str!("../../../tests/support/roles.sql"),
        include_str!("../../../tests/support/roles_jupyterhub.sql"),
        include_str!("../../../tests/support/roles_gitea.sql"),
        include_str!("../../../tests/support/roles_forgejo.sql"),
    ];
    for (name, grants) in [
        ("gitlab", gitlab.to_owned()),
        ("jupyterhub", hub.to_owned()),
        ("gitea", format!("{gitea}{forgejo}")),
    ] {
        let known = KNOWN.iter().find(|it| it.name == name).expect(name);
        let more = known.required.iter().chain(known.optional);
        let more = more.flat_map(|(table, all)| {
            all.split_whitespace().map(move |column| (table.to_string(), column.to_string()))
        });
        let used = stores.iter().filter(|it| it.description().name == name);
        let used: BTreeSet<_> = used.flat_map(|it| it.schema.columns.clone()).collect();
        if used.is_empty() {
            continue; // There is no server.
        }
        let needed: BTreeSet<_> = used.into_iter().chain(more).collect();
        let statements =
            grants.split(';').filter_map(|it| it.split_once("GRANT ")?.1.split_once(" ON "));
        let mut granted = BTreeSet::new();
        for (rights, tables) in statements {
            let tables = tables.split(" TO ").next().unwrap_or_default().trim();
            let columns = rights.split(['(', ')']).nth(1).unwrap_or_default();
            for table in tables.split(", ").map(|it| it.trim_matches('"')) {
                let columns = columns.split(',').map(str::trim).filter(|it| !it.is_empty());
                granted.extend(columns.map(|column| (table.to_string(), column.to_string())));
            }
        }
        assert_eq!(granted, needed, "{name}");
    }
    Ok(())
}
