//! The stores and filters that the store's tests share.

mod described;
mod events;
mod oracle;
mod oracle_deploy;
mod plans;
mod population;
mod stats;
mod work;

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use rusqlite::Connection;

use super::engine::sqlite::Sqlite;
use super::engine::{Engine, Mode};
use super::schema::KNOWN;
use super::schema::native::{self, MIGRATIONS};
use super::sql::{Dialect, Quoted, Sql};
use super::{
    BatchOptions, Decision, EventTable, ListOptions, Location, Opening, Projection, Row, Settings,
    Store, Stored, Streamed, filter,
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
        stores.push(open(&cluster.gitlab().url(postgres::READER))?);
        for [_, tables, fixture] in OTHERS.iter().filter(|it| !it[1].is_empty()) {
            let database = cluster.database("other", &format!("{tables}{fixture}"));
            stores.push(open(&database.url("postgres"))?);
        }
    }
    Ok(stores)
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

/// Filters of one flag each, with its name.
fn shared_filters() -> Vec<(String, TokenFilter)> {
    shared_filters_of(&Id::Integer)
}

/// The same where the tokens have other ids: those of the first, the second, and so on.
fn shared_filters_of(id: &dyn Fn(i64) -> Id) -> Vec<(String, TokenFilter)> {
    let ids = |numbers: &[i64]| -> IdList {
        let mut ids: IdList = numbers.iter().map(|number| id(*number)).collect();
        ids.sort();
        ids
    };
    let mut filters = vec![("(none)".to_string(), TokenFilter::default())];
    let mut add = |name: &str, set: &dyn Fn(&mut TokenFilter)| {
        let mut filter = TokenFilter::default();
        set(&mut filter);
        filters.push((name.into(), filter));
    };
    add("ID", &|it| it.ids = Some(ids(&[2])));
    add("ID ID ID", &|it| it.ids = Some(ids(&[1, 2, 7, 8, 9, 99])));
    add("(no ID)", &|it| it.ids = Some(ids(&[])));
    for state in StateFilter::ALL {
        add(&format!("--state {}", state.name()), &|it| it.states = vec![state]);
    }
    for is in [true, false] {
        add(&format!("--revoked={is}"), &|it| it.revoked = Some(is));
        add(&format!("--expired={is}"), &|it| it.expired = Some(is));
        add(&format!("--no-expiry={is}"), &|it| it.no_expiry = Some(is));
    }
    for text in ["2024-02-01T00:00:00.000", "2024-03-15T12:00:00.000", "2023-03-14T00:00:00.001"] {
        add(&format!("--created-after {text}"), &|it| it.created_after = at(text));
        add(&format!("--created-before {text}"), &|it| it.created_before = at(text));
    }
    for text in ["2024-03-14", "2024-03-15", "2024-03-16", "9999-12-31"] {
        add(&format!("--expires-after {text}"), &|it| it.expires_after = day(text));
        add(&format!("--expires-before {text}"), &|it| it.expires_before = day(text));
    }
    for text in ["2024-03-15", "2024-03-16", "2024-04-01"] {
        add(&format!("--expires-within (until {text})"), &|it| it.expires_within = day(text));
    }
    for words in ["ci", "backup ci", "_", "%", "drucker", "ü", "καφεσ", "k", "'", "deep", "\\"]
    {
        let words: Vec<String> = words.split(' ').map(Into::into).collect();
        add(&format!("--search '{}'", words.join(" ")), &|it| it.search = words.clone());
    }
    for scopes in ["api", "sudo read_user", "read_repository write_registry", "ap", "none"] {
        let scopes: Vec<String> = scopes.split(' ').map(Into::into).collect();
        add(&format!("--scope {}", scopes.join(" --scope ")), &|it| it.scopes = scopes.clone());
        add(&format!("--except-scope {}", scopes.join(" --except-scope ")), &|it| {
            it.except_scopes = scopes.clone();
        });
    }
    filters
}

/// A user as filters name them.
fn user(id: i64) -> OwnerRef {
    OwnerRef::User(UserId::from(id))
}

fn personal_filters() -> Vec<(String, personal_access_token::Filter)> {
    personal_filters_of(&Id::Integer, &Id::Integer)
}

/// The same where tokens and their owners have other ids.
fn personal_filters_of(
    token: &dyn Fn(i64) -> Id,
    owner: &dyn Fn(i64) -> Id,
) -> Vec<(String, personal_access_token::Filter)> {
    let user = |number| OwnerRef::User(UserId(owner(number)));
    let mut filters: Vec<_> = shared_filters_of(token)
        .into_iter()
        .map(|(name, token)| (name, personal_access_token::Filter { token, ..Default::default() }))
        .collect();
    let mut add = |name: &str, set: &dyn Fn(&mut personal_access_token::Filter)| {
        let mut filter = personal_access_token::Filter::default();
        set(&mut filter);
        filters.push((name.into(), filter));
    };
    add("--user 2", &|it| it.users = vec![user(2)]);
    add("--user 2 --user 3", &|it| it.users = vec![user(2), user(3)]);
    add("--except-user 2", &|it| it.except_users = vec![user(2)]);
    add("--except-user 2 --except-user 3", &|it| it.except_users = vec![user(2), user(3)]);
    for user_type in UserType::ALL {
        add(&format!("--user-type {}", user_type.name()), &|it| it.user_types = vec![user_type]);
    }
    for user_state in UserState::ALL {
        add(&format!("--user-state {}", user_state.name()), &|it| {
            it.user_states = vec![user_state];
        });
    }
    for is in [true, false] {
        add(&format!("--impersonation={is}"), &|it| it.impersonation = Some(is));
        add(&format!("--never-used={is}"), &|it| it.never_used = Some(is));
    }
    for text in ["2024-03-15T00:00:00.000", "2023-12-16T12:00:00.000", "2023-12-16T11:59:59.999"] {
        add(&format!("--last-used-after {text}"), &|it| it.last_used_after = at(text));
        add(&format!("--last-used-before {text}"), &|it| it.last_used_before = at(text));
        add(&format!("--unused-for (since {text})"), &|it| it.unused_since = at(text));
    }
    filters
}

/// Both filters in one.
fn both_shared(one: &TokenFilter, other: &TokenFilter) -> TokenFilter {
    let (one, other) = (one.clone(), other.clone());
    TokenFilter {
        ids: one.ids.or(other.ids),
        states: [one.states, other.states].concat(),
        revoked: one.revoked.or(other.revoked),
        expired: one.expired.or(other.expired),
        created_after: one.created_after.or(other.created_after),
        created_before: one.created_before.or(other.created_before),
        expires_after: one.expires_after.or(other.expires_after),
        expires_before: one.expires_before.or(other.expires_before),
        expires_within: one.expires_within.or(other.expires_within),
        no_expiry: one.no_expiry.or(other.no_expiry),
        search: [one.search, other.search].concat(),
        scopes: [one.scopes, other.scopes].concat(),
        except_scopes: [one.except_scopes, other.except_scopes].concat(),
    }
}

fn both(
    one: &personal_access_token::Filter,
    other: &personal_access_token::Filter,
) -> personal_access_token::Filter {
    personal_access_token::Filter {
        token: both_shared(&one.token, &other.token),
        users: [one.users.clone(), other.users.clone()].concat(),
        except_users: [one.except_users.clone(), other.except_users.clone()].concat(),
        user_types: [one.user_types.clone(), other.user_types.clone()].concat(),
        user_states: [one.user_states.clone(), other.user_states.clone()].concat(),
        impersonation: one.impersonation.or(other.impersonation),
        last_used_after: one.last_used_after.or(other.last_used_after),
        last_used_before: one.last_used_before.or(other.last_used_before),
        never_used: one.never_used.or(other.never_used),
        unused_since: one.unused_since.or(other.unused_since),
    }
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
