//! What the store makes of queries: the SQL, its plan, and, against an oracle in
//! plain Rust, its answers.

use std::fmt::Write;
use std::time::Duration;

use anyhow::Result;
use expect_test::expect_file;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;
use rusqlite::Connection;

use super::engine::{Engine, Mode};
use super::schema::Catalog;
use super::schema::native::{self, MIGRATIONS};
use super::sql::{Dialect, Sql};
use super::sqlite::Sqlite;
use super::{
    BatchOptions, Decision, EventLog, Location, Opening, Projection, Settings, Store, Stored,
    StoredToken,
};
use crate::failure::{self, Kind};
use crate::model::access::{Act, Denied, List, Query, Reference, Revoke, Show, UserRef};
use crate::model::audit::{self, Action, AuditEvent};
use crate::model::deploy_token::{self, DeployToken};
use crate::model::personal_access_token::{self, PersonalAccessToken, UserType};
use crate::model::time::{Expiry, Moment, Timestamp, date_from_stored};
use crate::model::token::{EventId, Sort, SortKey, Token, TokenFilter, TokenId, UserId, fold};

fn now() -> Result<Moment> {
    let now = Timestamp::from_stored("2024-03-15T12:00:00.000Z");
    Ok(Moment::at(now.ok_or_else(|| anyhow::anyhow!("a time"))?))
}

/// The store that the integration tests work on too.
fn store() -> Result<Store> {
    let connection = rusqlite::Connection::open_in_memory()?;
    connection.execute_batch(MIGRATIONS[0])?;
    connection.execute_batch(include_str!("../../tests/support/fixture.sql"))?;
    let engine = Engine::Sqlite(Sqlite::unnamed(connection)?);
    let schema = (native::DESCRIPTION.schema)(Dialect::Sqlite, &Catalog::default());
    Ok(Store { engine, busy_timeout: Duration::ZERO, schema })
}

#[path = "../../tests/support/tools.rs"]
mod tools;

#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../../tests/support/postgres.rs"]
mod postgres;

/// The stores that the oracle is compared with. Those on servers are left out where there
/// is no server.
fn stores() -> Result<Vec<Store>> {
    let mut stores = vec![store()?];
    stores.extend(other_stores_in_sqlite()?.into_iter().map(|(_, store)| store));
    if let Some(cluster) = postgres::Cluster::shared() {
        stores.push(open(&cluster.gitlab().url(postgres::READER))?);
        for [_, tables, fixture] in OTHERS.iter().filter(|it| !it[1].is_empty()) {
            let database = cluster.database("other", &format!("{tables}{fixture}"));
            stores.push(open(&database.url("postgres"))?);
        }
    }
    Ok(stores)
}

fn other_stores_in_sqlite() -> Result<Vec<(&'static str, Store)>> {
    let mut stores = Vec::new();
    for [tables, _, fixture] in OTHERS.iter().filter(|it| !it[0].is_empty()) {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(tables)?;
        connection.execute_batch(fixture)?;
        let schema = super::sqlite::recognise(&connection, None)?;
        let engine = Engine::Sqlite(Sqlite::unnamed(connection)?);
        let name = schema.description.name;
        stores.push((name, Store { engine, busy_timeout: Duration::ZERO, schema }));
    }
    Ok(stores)
}

/// Other applications' tables in SQLite and in PostgreSQL, empty where they never are
/// there, and what fills them.
const OTHERS: &[[&str; 3]] = &[
    [
        include_str!("../../tests/support/jupyterhub.sql"),
        include_str!("../../tests/support/jupyterhub_postgres.sql"),
        include_str!("../../tests/support/jupyterhub_fixture.sql"),
    ],
    [
        include_str!("../../tests/support/gitea.sql"),
        include_str!("../../tests/support/gitea_postgres.sql"),
        include_str!("../../tests/support/gitea_fixture.sql"),
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

/// Which pairs of flags are tried as which role: all of them where nothing has to travel
/// to a server, elsewhere each pair as one role.
fn is_tried(store: &Store, pair: [usize; 2], role: usize) -> bool {
    let number = pair[0] + pair[1];
    match store.engine {
        Engine::Sqlite(_) => true,
        Engine::Postgres(_) if store.check_has::<DeployToken>().is_ok() => {
            number % (2 * ROLES.len()) == role
        }
        // The rest is as in SQLite.
        Engine::Postgres(_) => number % (6 * ROLES.len()) == role,
    }
}

/// An administrator, an owner and Maintainer, a Developer, and one whose name is digits.
const ROLES: [&str; 4] = ["root", "olive", "sam", "2"];

/// Whether a filter asks for what the store does not record.
fn asks_too_much(store: &Store, filter: &TokenFilter, impersonation: Option<bool>) -> bool {
    let TokenFilter {
        revoked,
        expired,
        expires_after,
        expires_before,
        expires_within,
        no_expiry,
        ..
    } = filter;
    let columns = &store.schema.personal_access_tokens;
    let expiry = [expired.is_some(), no_expiry.is_some(), expires_after.is_some()];
    let expiry = expiry.contains(&true) || expires_before.is_some() || expires_within.is_some();
    (columns.token.revoked.is_none() && revoked.is_some())
        || (columns.token.expires_at.is_none() && expiry)
        || (columns.impersonation.is_none() && impersonation.is_some())
}

/// The connection of a store in SQLite.
fn connection(store: &Store) -> &Connection {
    match &store.engine {
        Engine::Sqlite(it) => &it.connection,
        Engine::Postgres(_) => panic!("the store is on a server"),
    }
}

fn actor(store: &Store, name: &str) -> Result<crate::model::access::Actor> {
    store.actor(&Reference::Name(name.into()))
}

fn at(text: &str) -> Option<Timestamp> {
    Timestamp::from_stored(&format!("{text}Z"))
}

fn day(text: &str) -> Option<Moment> {
    Timestamp::from_stored(&format!("{text}T00:00:00.000Z")).map(Moment::at)
}

/// Filters with one flag each, by the flag that makes them.
fn shared_filters() -> Vec<(String, TokenFilter)> {
    let mut filters = vec![("(none)".to_string(), TokenFilter::default())];
    let mut add = |name: &str, set: &dyn Fn(&mut TokenFilter)| {
        let mut filter = TokenFilter::default();
        set(&mut filter);
        filters.push((name.into(), filter));
    };
    add("ID", &|it| it.ids = Some(vec![TokenId(2)]));
    add("ID ID ID", &|it| it.ids = Some([1, 2, 7, 8, 9, 99].map(TokenId).to_vec()));
    add("(no ID)", &|it| it.ids = Some(Vec::new()));
    for is in [true, false] {
        add(&format!("--active={is}"), &|it| it.active = Some(is));
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

fn personal_filters() -> Vec<(String, personal_access_token::Filter)> {
    let mut filters: Vec<_> = shared_filters()
        .into_iter()
        .map(|(name, token)| (name, personal_access_token::Filter { token, ..Default::default() }))
        .collect();
    let mut add = |name: &str, set: &dyn Fn(&mut personal_access_token::Filter)| {
        let mut filter = personal_access_token::Filter::default();
        set(&mut filter);
        filters.push((name.into(), filter));
    };
    add("--user 2", &|it| it.user = Some(UserId(2)));
    add("--except-user 2", &|it| it.except_users = vec![UserId(2)]);
    add("--except-user 2 --except-user 3", &|it| it.except_users = vec![UserId(2), UserId(3)]);
    for user_type in UserType::ALL {
        add(&format!("--user-type {}", user_type.name()), &|it| it.user_type = Some(user_type));
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
        active: one.active.or(other.active),
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
        user: one.user.or(other.user),
        except_users: [one.except_users.clone(), other.except_users.clone()].concat(),
        user_type: one.user_type.or(other.user_type),
        impersonation: one.impersonation.or(other.impersonation),
        last_used_after: one.last_used_after.or(other.last_used_after),
        last_used_before: one.last_used_before.or(other.last_used_before),
        never_used: one.never_used.or(other.never_used),
        unused_since: one.unused_since.or(other.unused_since),
    }
}

fn listed<T: Stored, A: Act>(
    store: &Store,
    query: &Query<T, A>,
    sort: Sort,
    limit: Option<u64>,
) -> Result<Vec<T>> {
    projected(store, query, sort, limit)
}

fn projected<T: Stored, A: Act, P: Projection<T> + Send>(
    store: &Store,
    query: &Query<T, A>,
    sort: Sort,
    limit: Option<u64>,
) -> Result<Vec<P>> {
    store.select(query, sort, limit, now()?, |rows| {
        rows.map(|row| row?.map_err(|broken| anyhow::anyhow!("{broken:?}"))).collect()
    })
}

/// The order that a list promises, in plain Rust: NULLs last ascending and first
/// descending, ties by id in the same direction.
fn sorted<T: Token>(mut tokens: Vec<T>, sort: Sort) -> Vec<T> {
    tokens.sort_by(|a, b| {
        let by_key = match sort.key {
            SortKey::Id => std::cmp::Ordering::Equal,
            SortKey::Created => a.created_at().cmp(&b.created_at()),
            SortKey::LastUsed => {
                let key = |it: &T| (it.last_used_at().is_none(), it.last_used_at());
                key(a).cmp(&key(b))
            }
            SortKey::Expires => {
                let key = |it: &T| (it.expires_at().is_none(), it.expires_at());
                key(a).cmp(&key(b))
            }
            SortKey::Name => a.name().cmp(b.name()),
        };
        let ascending = by_key.then(a.id().cmp(&b.id()));
        if sort.descending { ascending.reverse() } else { ascending }
    });
    tokens
}

/// Compares a list with the oracle, for a query that is permitted.
fn check<T, A: Act>(
    store: &Store,
    query: &Query<T, A>,
    expected: Vec<T>,
    sort: Sort,
    what: &str,
) -> Result<()>
where
    T: StoredToken + Clone + PartialEq + std::fmt::Debug,
{
    let expected = sorted(expected, sort);
    assert_eq!(listed(store, query, sort, None)?, expected, "{what}, {}", sort.name());
    let ids: Vec<TokenId> = expected.iter().map(Token::id).collect();
    assert_eq!(projected::<_, _, TokenId>(store, query, sort, None)?, ids, "ids of {what}");
    let first: Vec<T> = expected.into_iter().take(2).collect();
    assert_eq!(listed(store, query, sort, Some(2))?, first, "{what}, {} --limit 2", sort.name());
    Ok(())
}

/// Compares what a revocation would make of every id there is, and of one that is
/// none, with the oracle.
fn check_revoke<T>(
    store: &Store,
    query: &Query<T, Revoke>,
    everything: &[T],
    is_reached: impl Fn(&T) -> bool,
    what: &str,
) -> Result<()>
where
    T: StoredToken + std::fmt::Debug,
{
    let missing = TokenId(99);
    let mut ids: Vec<_> = everything.iter().map(Token::id).collect();
    ids.push(missing);
    let query = query.among(&ids);
    let options = BatchOptions {
        now: now()?,
        run: None,
        journal: None,
        is_chosen: &|_| true,
        is_stopped: &|| false,
    };
    let decisions = store.revoke(&query, &options)?.decisions;
    assert_eq!(decisions.len(), ids.len(), "{what}");
    for (token, outcome) in everything.iter().zip(&decisions) {
        let is_right = match outcome {
            Decision::Denied(id) => !is_reached(token) && *id == token.id(),
            Decision::AlreadyRevoked(it) => it.id() == token.id() && token.is_revoked(),
            Decision::Spared(it) => {
                it.id() == token.id() && !token.is_kept_by(query.filter(), now()?)
            }
            Decision::Revoked(it) => {
                it.id() == token.id()
                    && !token.is_revoked()
                    && token.is_kept_by(query.filter(), now()?)
            }
            Decision::Broken(_) => false,
        };
        assert!(is_right, "{what}: token {} is {outcome:?}", token.id());
        let is_denied = matches!(outcome, Decision::Denied(_));
        assert_eq!(is_denied, !is_reached(token), "{what}: token {} is {outcome:?}", token.id());
    }
    assert!(matches!(decisions.last(), Some(Decision::Denied(id)) if *id == missing), "{what}");
    Ok(())
}

#[test]
fn personal_access_tokens_are_those_of_the_oracle_for_every_pair_of_flags() -> Result<()> {
    for store in stores()? {
        check_personal_access_tokens(&store)?;
    }
    Ok(())
}

fn check_personal_access_tokens(store: &Store) -> Result<()> {
    let root = actor(store, "root")?;
    let everything: Vec<PersonalAccessToken> = listed(
        store,
        &root.query::<_, List>(personal_access_token::Filter::default())?,
        Sort::BY_ID,
        None,
    )?;
    let schema = store.description().name;
    assert!(everything.len() >= 16, "{schema}");

    let filters = personal_filters();
    let mut sorts = Sort::all(PersonalAccessToken::SORT_KEYS)
        .filter(|sort| sort.key != SortKey::Expires || records_expiry(store))
        .cycle();
    for (number, role) in ROLES.into_iter().enumerate() {
        // Not every application has a user whose name is digits, or a Developer.
        let actor = match actor(store, role) {
            Err(_) if number >= 2 => continue,
            actor => actor?,
        };
        for (index, (name, one)) in filters.iter().enumerate() {
            for (other_index, (other_name, other)) in filters.iter().enumerate().skip(index) {
                if !is_tried(store, [index, other_index], number) {
                    continue;
                }
                let filter = both(one, other);
                let what = format!("{schema} as {role}: {name} {other_name}");
                let own = |token: &&PersonalAccessToken| {
                    role == "root" || token.user_id == Some(actor.id())
                };
                let kept = everything
                    .iter()
                    .filter(own)
                    .filter(|it| it.is_kept_by(&filter, now().expect("a time")));
                let shown: Vec<_> = kept.cloned().collect();
                let reached: Vec<_> = shown
                    .iter()
                    .filter(|it| role == "root" || it.impersonation != Some(true))
                    .cloned()
                    .collect();

                let named = filter.user.iter().chain(&filter.except_users);
                let denied = role != "root" && named.copied().any(|user| user != actor.id());
                let list = actor.query::<PersonalAccessToken, List>(filter.clone());
                assert_eq!(list.is_err(), denied, "{what}");
                let Ok(list) = list else { continue };
                let sort = sorts.next().unwrap_or(Sort::BY_ID);
                let revoke = actor.query::<_, Revoke>(filter.clone())?;
                if asks_too_much(store, &filter.token, filter.impersonation) {
                    let refusal = listed(store, &list, sort, None).expect_err(&what);
                    assert_eq!(failure::kind(&refusal), Kind::Usage, "{what}: {refusal:#}");
                    let refusal = listed(store, &revoke, sort, None).expect_err(&what);
                    assert_eq!(failure::kind(&refusal), Kind::Usage, "{what}: {refusal:#}");
                    continue;
                }
                check(store, &list, reached.clone(), sort, &what)?;
                let unrevoked = reached.into_iter().filter(|it| !it.revoked).collect();
                check(store, &revoke, unrevoked, sort, &what)?;
                let is_reached =
                    |it: &_| role == "root" || own(&it) && it.impersonation != Some(true);
                check_revoke(store, &revoke, &everything, is_reached, &what)?;
                check(store, &actor.query::<_, Show>(filter)?, shown, sort, &what)?;
            }
        }
    }
    Ok(())
}

fn records_expiry(store: &Store) -> bool {
    store.schema.personal_access_tokens.token.expires_at.is_some()
}

/// The highest level of a user over a place and all groups above it, by a walk
/// in plain Rust.
fn level(store: &Store, user: UserId, place: deploy_token::Place) -> Result<Option<i64>> {
    use deploy_token::Place;
    let value = |sql: &str, id: i64| -> Result<Option<i64>> {
        Ok(connection(store).query_row(sql, [id], |row| row.get(0))?)
    };
    let (mut best, mut group) = match place {
        Place::Project(id) => (
            connection(store).query_row(
                "SELECT max(access_level) FROM members WHERE user_id = ?1 AND project_id = ?2",
                [user.0, id.0],
                |row| row.get(0),
            )?,
            value("SELECT group_id FROM projects WHERE id = ?1", id.0)?,
        ),
        Place::Group(id) => (None, Some(id.0)),
    };
    while let Some(id) = group {
        let here: Option<i64> = connection(store).query_row(
            "SELECT max(access_level) FROM members WHERE user_id = ?1 AND group_id = ?2",
            [user.0, id],
            |row| row.get(0),
        )?;
        best = best.max(here);
        group = value("SELECT parent_id FROM groups WHERE id = ?1", id)?;
    }
    Ok(best)
}

#[test]
fn deploy_tokens_are_those_of_the_oracle_for_every_pair_of_flags() -> Result<()> {
    // The organisation is the same everywhere.
    let organisation = store()?;
    for store in stores()? {
        if store.check_has::<DeployToken>().is_ok() {
            check_deploy_tokens(&store, &organisation)?;
        }
    }
    Ok(())
}

fn check_deploy_tokens(store: &Store, organisation: &Store) -> Result<()> {
    use deploy_token::Place;
    let schema = store.description().name;
    let root = actor(store, "root")?;
    let everything: Vec<DeployToken> =
        listed(store, &root.query::<_, List>(deploy_token::Filter::default())?, Sort::BY_ID, None)?;
    assert!(everything.len() >= 8, "{schema}");

    let filters = shared_filters();
    let mut sorts = Sort::all(DeployToken::SORT_KEYS).cycle();
    for (number, role) in ROLES.into_iter().enumerate() {
        let actor = actor(store, role)?;
        let project = |id| store.project(&actor, &Reference::Id(id)).map(Some);
        let group = |id| store.group(&actor, &Reference::Id(id)).map(Some);
        let memberships = [
            (None, true),
            (project(2)?, true),
            (group(1)?, true),
            (project(1)?, false),
            (project(3)?, false),
            (group(3)?, false),
            (group(4)?, false),
        ];
        for (membership, in_pairs) in memberships {
            let place = membership.map(|it| it.place());
            for (index, (name, one)) in filters.iter().enumerate() {
                let end = if in_pairs { filters.len() } else { index + 1 };
                let others = filters.iter().enumerate().take(end).skip(index);
                for (other_index, (other_name, other)) in others {
                    if in_pairs && !is_tried(store, [index, other_index], number) {
                        continue;
                    }
                    let filter =
                        deploy_token::Filter { token: both_shared(one, other), place: membership };
                    let what = format!("{schema} as {role}: {place:?} {name} {other_name}");
                    let kept: Vec<DeployToken> = everything
                        .iter()
                        .filter(|it| it.is_kept_by(&filter, now().expect("a time")))
                        .cloned()
                        .collect();
                    // The least level in a project and in a group.
                    let may = |least: [i64; 2], place: Place| -> Result<bool> {
                        let least = match place {
                            Place::Project(_) => least[0],
                            Place::Group(_) => least[1],
                        };
                        Ok(role == "root" || level(organisation, actor.id(), place)? >= Some(least))
                    };
                    let expected = |least: [i64; 2]| -> Result<Option<Vec<DeployToken>>> {
                        if role != "root" && place.is_none() && filter.token.ids.is_none() {
                            return Ok(None);
                        }
                        if let Some(place) = place
                            && !may(least, place)?
                        {
                            return Ok(None);
                        }
                        let mut reached = Vec::new();
                        for token in &kept {
                            let is_reached = match token.place {
                                Some(place) => may(least, place)?,
                                // Its project is gone.
                                None => role == "root",
                            };
                            if is_reached {
                                reached.push(token.clone());
                            }
                        }
                        Ok(Some(reached))
                    };
                    let sort = sorts.next().unwrap_or(Sort::BY_ID);
                    let read = actor.query::<DeployToken, List>(filter.clone());
                    match expected([40, 40])? {
                        Some(tokens) => check(store, &read?, tokens, sort, &what)?,
                        None => assert!(read.is_err(), "{what}"),
                    }
                    let revoke = actor.query::<DeployToken, Revoke>(filter.clone());
                    match expected([40, 50])? {
                        Some(mut tokens) => {
                            let revoke = revoke?;
                            tokens.retain(|it| !it.revoked);
                            check(store, &revoke, tokens, sort, &what)?;
                            let reached = |it: &DeployToken| {
                                let may = |place| may([40, 50], place).expect("SQL");
                                it.place.map_or(role == "root", may)
                            };
                            check_revoke(store, &revoke, &everything, reached, &what)?;
                        }
                        None => assert!(revoke.is_err(), "{what}"),
                    }
                }
            }
        }
    }
    Ok(())
}

/// Events of every actor on every kind of token, as runs leave them.
fn record_events(record: &dyn Fn(&AuditEvent) -> Result<()>) -> Result<()> {
    let mut id = 0;
    for (run, when) in [
        ("run-1", "2024-03-01T00:00:00.000"),
        ("run-2", "2024-03-14T12:00:00.000"),
        ("run-2", "2024-03-14T12:00:00.001"),
        ("run-3", "2024-03-02T00:00:00.000"),
    ] {
        for (actor, actor_id) in [("root", 1), ("olive", 2), ("gone", 77)] {
            for (target, owner) in [
                ("personal_access_token", Some(2)),
                ("personal_access_token", Some(88)),
                ("deploy_token", None),
            ] {
                id += 1;
                let event = AuditEvent {
                    id: EventId(0),
                    created_at: at(when).ok_or_else(|| anyhow::anyhow!("a time"))?,
                    run_id: run.into(),
                    action: Action::Revoke.name().into(),
                    actor: actor.into(),
                    actor_id: UserId(actor_id),
                    os_user: "os".into(),
                    schema: None,
                    target_type: target.into(),
                    target_id: TokenId(id),
                    target_name: "name".into(),
                    target_user_id: owner.map(UserId),
                    reason: (id % 2 == 0).then(|| "a reason".into()),
                    outcome: audit::Outcome::Revoked.name().into(),
                };
                record(&event)?;
            }
        }
    }
    Ok(())
}

fn record_in_table(store: &Store) -> Result<()> {
    let transaction = store.engine.begin(Mode::Write, Duration::ZERO)?;
    let events = store.columns::<AuditEvent>()?;
    record_events(&|event| store.record(&transaction, events, event))?;
    transaction.commit()
}

/// The same events as a file would tell them, among others that came to nothing.
fn record_in_log() -> Result<Store> {
    let log = EventLog::new()?;
    record_events(&|event| {
        let numbered = AuditEvent { id: EventId(event.target_id.0), ..event.clone() };
        log.announce(&numbered)?;
        let AuditEvent { run_id, target_type, target_id, .. } = event;
        log.conclude(run_id, target_type, *target_id, Some(audit::Outcome::Revoked))?;
        let id = TokenId(target_id.0 + 1000);
        log.announce(&AuditEvent { id: EventId(id.0), target_id: id, ..numbered })?;
        log.conclude(run_id, target_type, id, None)
    })?;
    assert_eq!(log.unresolved()?, 0);
    log.into_store()
}

#[test]
fn audit_events_are_those_of_the_oracle_for_every_pair_of_flags() -> Result<()> {
    let store = store()?;
    record_in_table(&store)?;
    check_events(&store, &store)?;
    check_events(&store, &record_in_log()?)
}

fn check_events(store: &Store, recorded: &Store) -> Result<()> {
    let events = |query: &Query<AuditEvent, List>| -> Result<Vec<AuditEvent>> {
        recorded.select(query, Sort::NEWEST_FIRST, None, now()?, |rows| {
            rows.map(|row| row?.map_err(|broken| anyhow::anyhow!("{broken:?}"))).collect()
        })
    };
    let everything = events(&actor(store, "root")?.query(audit::Filter::default())?)?;
    assert_eq!(everything.len(), 36);
    let newest_first =
        |pair: &[AuditEvent]| (pair[0].created_at, pair[0].id) > (pair[1].created_at, pair[1].id);
    assert!(everything.windows(2).all(newest_first));

    let mut filters = vec![audit::Filter::default()];
    let mut add = |set: &dyn Fn(&mut audit::Filter)| {
        let mut filter = audit::Filter::default();
        set(&mut filter);
        filters.push(filter);
    };
    for user in [1, 2, 77, 88] {
        add(&|it| it.user = Some(UserId(user)));
        add(&|it| it.actor = Some(UserId(user)));
    }
    add(&|it| it.run = Some("run-2".into()));
    add(&|it| it.run = Some("run-9".into()));
    add(&|it| it.action = Some(Action::Revoke));
    for text in ["2024-03-02T00:00:00.000", "2024-03-14T12:00:00.000", "2025-01-01T00:00:00.000"] {
        add(&|it| it.since = at(text));
        add(&|it| it.until = at(text));
    }
    for role in ["root", "olive", "sam"] {
        let actor = actor(store, role)?;
        for one in &filters {
            for other in &filters {
                let (one, other) = (one.clone(), other.clone());
                let filter = audit::Filter {
                    user: one.user.or(other.user),
                    actor: one.actor.or(other.actor),
                    run: one.run.or(other.run),
                    action: one.action.or(other.action),
                    since: one.since.or(other.since),
                    until: one.until.or(other.until),
                };
                let mut named = [filter.user, filter.actor].into_iter().flatten();
                let denied = role != "root" && named.any(|user| user != actor.id());
                let query = actor.query::<AuditEvent, List>(filter.clone());
                assert_eq!(query.is_err(), denied, "as {role}: {filter:?}");
                let Ok(query) = query else { continue };
                let me = actor.id();
                let mut expected = everything.clone();
                expected.retain(|it| {
                    let reached =
                        role == "root" || it.actor_id == me || it.target_user_id == Some(me);
                    reached && it.is_kept_by(&filter)
                });
                assert_eq!(events(&query)?, expected, "as {role}: {filter:?}");
            }
        }
    }
    Ok(())
}

#[test]
fn an_auditor_finds_those_who_are_gone() -> Result<()> {
    let store = store()?;
    record_in_table(&store)?;
    check_that_gone_are_found(&store, &store)?;
    check_that_gone_are_found(&store, &record_in_log()?)
}

fn check_that_gone_are_found(store: &Store, events: &Store) -> Result<()> {
    let (root, olive) = (actor(store, "root")?, actor(store, "olive")?);
    let name = |name: &str| UserRef::Other(Reference::Name(name.into()));
    let id = |id| UserRef::Other(Reference::Id(id));
    assert_eq!(store.recorded_actor(store, &root, &name("GONE"))?, UserId(77));
    assert_eq!(store.recorded_actor(store, &root, &id(77))?, UserId(77));
    assert_eq!(store.recorded_actor(store, &root, &name("sam"))?, UserId(3), "who never acted");
    assert_eq!(store.recorded_owner(events, &root, &id(88))?, UserId(88));
    for nobody in [name("nobody"), id(88)] {
        assert!(store.recorded_actor(store, &root, &nobody).is_err(), "{nobody}");
    }
    for other in [name("gone"), id(77), name("root"), name("nobody")] {
        let found =
            store.recorded_actor(store, &olive, &other).map_err(|error| format!("{error:#}"));
        assert_eq!(found, Err(Denied.to_string()), "{other}");
    }
    assert_eq!(store.recorded_owner(events, &olive, &UserRef::Me)?, UserId(2));
    Ok(())
}

/// The statement of a list and how SQLite goes about it.
fn plan<T: Stored>(store: &Store, filter: T::Filter, role: &str, sort: Sort) -> Result<String> {
    let query = actor(store, role)?.query::<T, List>(filter)?;
    explained(store, &store.selection::<T, List, T>(&query, sort, None, now()?)?)
}

fn explained(store: &Store, sql: &Sql) -> Result<String> {
    let transaction = store.engine.begin(Mode::Read, Duration::from_secs(5))?;
    let steps = match &store.engine {
        Engine::Sqlite(_) => transaction.rows(&sql.behind("EXPLAIN QUERY PLAN "), |row| {
            let (_id, _parent, _unused) = (row.integer(), row.integer(), row.integer());
            row.text().map_err(anyhow::Error::msg)
        })?,
        Engine::Postgres(_) => {
            // A cursor is planned to give its first rows soon.
            let is_list = sql.text().starts_with("SELECT") && !sql.text().contains("(TRUE");
            let explain = if is_list {
                "EXPLAIN (COSTS OFF) DECLARE rows CURSOR FOR "
            } else {
                "EXPLAIN (COSTS OFF) "
            };
            transaction.rows(&sql.behind(explain), |row| row.text().map_err(anyhow::Error::msg))?
        }
    };
    let (columns, conditions) = sql.text().split_once(" WHERE ").unwrap_or(("", sql.text()));
    let mut text = format!("    WHERE {conditions}\n");
    // Beside the columns may stand whether the filter keeps the row.
    if let Some((_, verdict)) = columns.split_once("(TRUE") {
        let verdict = verdict.split(" FROM ").next().unwrap_or_default();
        text = format!("    SELECT …, (TRUE{verdict}\n{text}");
    }
    for step in steps {
        writeln!(text, "    -> {}", step?)?;
    }
    Ok(text)
}

fn plans<T: StoredToken>(
    store: &Store,
    filters: &[(String, T::Filter)],
    roles: &[&str],
) -> Result<String> {
    let mut text = String::new();
    for role in roles {
        for sort in Sort::all(T::SORT_KEYS) {
            writeln!(text, "as {role}: --sort {}", sort.name())?;
            text += &plan::<T>(store, T::Filter::default(), role, sort)?;
        }
        for (name, filter) in filters {
            writeln!(text, "as {role}: {name}")?;
            text += &plan::<T>(store, filter.clone(), role, Sort::BY_ID)?;
        }
    }
    Ok(text)
}

type SetAudit = fn(&mut audit::Filter);

#[test]
fn the_plans_use_the_indexes() -> Result<()> {
    let store = store()?;
    // One of each flag, and the combinations that prunes are made of.
    let mut seen = std::collections::HashSet::new();
    let mut filters = personal_filters();
    filters.retain(|(name, _)| seen.insert(name.split([' ', '=']).next().map(str::to_owned)));
    let find = |name: &str| {
        let all = personal_filters();
        all.into_iter().find(|(it, _)| it.starts_with(name)).map(|(_, filter)| filter)
    };
    if let (Some(unused), Some(active)) = (find("--unused-for"), find("--active=true")) {
        filters.push(("--unused-for --active".into(), both(&unused, &active)));
    }
    let mut text = plans::<PersonalAccessToken>(&store, &filters, &["root"])?;
    text += &plans::<PersonalAccessToken>(&store, &[], &["olive"])?;
    text.push_str("\nids alone\n");
    for flag in ["(none)", "--active", "--never-used", "--expires-within", "--unused-for", "--user"]
    {
        let filter = find(flag).unwrap_or_default();
        let query = actor(&store, "root")?.query::<PersonalAccessToken, List>(filter)?;
        writeln!(text, "as root: {flag}")?;
        let sql = store.selection::<_, _, TokenId>(&query, Sort::BY_ID, None, now()?)?;
        text += &explained(&store, &sql)?;
    }
    text.push_str("\ndeploy-tokens\n");
    text += &deploy_plans_of(&store)?;
    text.push_str("\naudit\n");
    let one: [(&str, SetAudit); 5] = [
        ("(none)", |_| {}),
        ("--user", |it| it.user = Some(UserId(2))),
        ("--actor", |it| it.actor = Some(UserId(2))),
        ("--run", |it| it.run = Some("run-2".into())),
        ("--since", |it| it.since = at("2024-03-02T00:00:00.000")),
    ];
    for role in ["root", "olive"] {
        for (name, set) in one {
            let mut filter = audit::Filter::default();
            set(&mut filter);
            writeln!(text, "as {role}: {name}")?;
            text += &plan::<AuditEvent>(&store, filter, role, Sort::NEWEST_FIRST)?;
        }
    }
    text.push_str("\nrevoke\n");
    let unused = find("--unused-for").unwrap_or_default();
    let query = actor(&store, "root")?.query::<PersonalAccessToken, Revoke>(unused)?;
    text += &explained(
        &store,
        &store.selection::<_, _, PersonalAccessToken>(&query, Sort::BY_ID, None, now()?)?,
    )?;
    text.push_str("a batch of it\n");
    let batch = query.among(&[TokenId(1), TokenId(2), TokenId(3)]);
    text += &explained(&store, &store.evaluation(&batch, now()?)?)?;
    expect_file!["../../tests/golden/plans.txt"].assert_eq(&text);
    Ok(())
}

/// The plans in another application's database: of what its indexes serve, or could.
fn plans_of(store: &Store) -> Result<String> {
    let mut seen = std::collections::HashSet::new();
    let mut filters = personal_filters();
    filters.retain(|(name, filter)| {
        seen.insert(name.split([' ', '=']).next().map(str::to_owned))
            && !asks_too_much(store, &filter.token, filter.impersonation)
    });
    let mut text = String::new();
    for role in ["root", "olive"] {
        for (name, filter) in &filters {
            // What a reach adds shows with few.
            if role == "root" || ["(none)", "ID", "--search 'ci'"].contains(&name.as_str()) {
                writeln!(text, "as {role}: {name}")?;
                text += &plan::<PersonalAccessToken>(store, filter.clone(), role, Sort::BY_ID)?;
            }
        }
    }
    let unused = filters.iter().find(|(name, _)| name.starts_with("--unused-for"));
    let unused = unused.map(|(_, filter)| filter.clone()).unwrap_or_default();
    let query = actor(store, "root")?.query::<PersonalAccessToken, Revoke>(unused)?;
    let batch = query.among(&[TokenId(1), TokenId(2), TokenId(3)]);
    text.push_str("a batch is judged\n");
    text += &explained(store, &store.evaluation(&batch, now()?)?)?;
    text.push_str("a batch is revoked\n");
    let mut sql = store.sql();
    let (at, columns) = (now()?.instant, store.columns::<PersonalAccessToken>()?);
    super::filter::revoke(&mut sql, columns, &batch, now()?, at)?;
    text += &explained(store, &sql)?;
    Ok(text)
}

/// The same of deploy tokens, of which there are few.
fn deploy_plans_of(store: &Store) -> Result<String> {
    let mut text = plans::<DeployToken>(store, &[], &["root"])?;
    let olive = actor(store, "olive")?;
    for place in [
        store.project(&olive, &Reference::Name("top/app".into()))?,
        store.group(&olive, &Reference::Name("top".into()))?,
    ] {
        writeln!(text, "as olive: {:?}", place.place())?;
        let filter = deploy_token::Filter { place: Some(place), ..Default::default() };
        text += &plan::<DeployToken>(store, filter, "olive", Sort::BY_ID)?;
    }
    Ok(text)
}

#[test]
fn the_plans_use_the_indexes_of_other_applications() -> Result<()> {
    for (name, store) in other_stores_in_sqlite()? {
        let path = format!("../../tests/golden/plans_{name}.txt");
        expect_file![path].assert_eq(&plans_of(&store)?);
    }
    if let Some(cluster) = postgres::Cluster::shared() {
        // As many as show what the planner does with millions, and few enough for their
        // statistics to be of all rows.
        let gitlab = cluster.database("plans", postgres::GITLAB);
        gitlab.add_tokens(20_000);
        gitlab.sql(
            "UPDATE users SET username = 'root', admin = true WHERE id = 1;
             UPDATE users SET username = 'olive' WHERE id = 2; VACUUM ANALYZE;",
        );
        // Other versions plan, and say it, in other ways.
        let version = gitlab.sql("SHOW server_version");
        if version.starts_with("15") {
            let mut plans = plans_of(&open(&gitlab.url("postgres"))?)?;
            plans.push_str("\ndeploy-tokens\n");
            plans += &deploy_plans_of(&open(&cluster.gitlab().url("postgres"))?)?;
            expect_file!["../../tests/golden/plans_gitlab.txt"].assert_eq(&plans);
        } else {
            let line = format!(
                "left out: GitLab's plans, which are those of PostgreSQL 15, not {version}\n"
            );
            std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes())?;
        }
    }
    Ok(())
}

#[test]
fn values_are_bound_in_order_and_never_text() {
    let mut sql = Sql::new(Dialect::Sqlite);
    sql.push("SELECT ").bind("'; DROP TABLE users; --").push(", ").bind(7_i64);
    assert_eq!(sql.text(), "SELECT ?1, ?2");
    let mut sql = Sql::new(Dialect::Postgres);
    sql.push("SELECT ").bind("'; DROP TABLE users; --").push(", ").bind(7_i64);
    assert_eq!(sql.text(), "SELECT $1, $2");
}

#[test]
fn missing_and_forbidden_take_the_same_statements() -> Result<()> {
    // What a stranger asks of a thing that exists, and of one that does not.
    let store = store()?;
    let sam = actor(&store, "sam")?;
    let show = |id| -> Result<Sql> {
        let mut filter = personal_access_token::Filter::default();
        filter.token.ids = Some(vec![TokenId(id)]);
        let query = sam.query::<PersonalAccessToken, Show>(filter)?;
        store.selection::<_, _, PersonalAccessToken>(&query, Sort::BY_ID, None, now()?)
    };
    assert_eq!(show(1)?.text(), show(999)?.text());

    let message = |error: anyhow::Error| format!("{error:#}");
    let user = |name: &str| store.user(&sam, &UserRef::Other(Reference::Name(name.into())));
    assert_eq!(user("olive").map_err(message), user("nobody").map_err(message));
    let project = |name: &str| {
        let membership = store.project(&sam, &Reference::Name(name.into()))?;
        let filter = deploy_token::Filter { place: Some(membership), ..Default::default() };
        let query = sam.query::<DeployToken, List>(filter)?;
        anyhow::Ok(query.filter().place.is_some())
    };
    assert_eq!(project("other/x").map_err(message), project("other/y").map_err(message));
    Ok(())
}

/// A token as an application might have written it, with dates around [`now`].
fn any_token() -> impl Strategy<Value = PersonalAccessToken> {
    let time = prop_oneof![
        Just("2024-03-15T12:00:00.000Z"),
        Just("2024-03-15T11:59:59.999Z"),
        Just("2024-03-15T00:00:00.000Z"),
        Just("2024-02-01T00:00:00.000Z"),
        Just("2023-12-16T12:00:00.000Z"),
        Just("2023-12-16T11:59:59.999Z"),
        Just("2023-03-14T00:00:00.001Z"),
    ]
    .prop_map(|text| Timestamp::from_stored(text).expect("a time"));
    let date = prop_oneof![
        Just("2024-03-14"),
        Just("2024-03-15"),
        Just("2024-03-16"),
        Just("2024-04-01"),
        Just("9999-12-31"),
    ]
    .prop_map(|text| Expiry::Date(date_from_stored(text).expect("a date")));
    let scope = prop_oneof![Just("api"), Just("ap"), Just("sudo"), Just("read_user")];
    (
        (1..=9_i64, "\\PC*|[cCiIkKüÜſ_% ]{0,6}", option::of("\\PC*")),
        (vec(scope.prop_map(String::from), 0..3), any::<bool>(), any::<bool>()),
        (time.clone(), option::of(time), option::of(date)),
    )
        .prop_map(|(owner, scopes, times)| PersonalAccessToken {
            id: TokenId(0),
            user_id: Some(UserId(owner.0)),
            username: None,
            user_type: None,
            name: owner.1,
            description: owner.2,
            scopes: scopes.0,
            impersonation: Some(scopes.1),
            revoked: scopes.2,
            created_at: times.0,
            last_used_at: times.1,
            expires_at: times.2,
        })
}

/// Writes the tokens to a store that has the users of the fixture, and completes
/// them with what the store knows: the id, and the owner's name and kind.
fn populate(store: &Store, tokens: &mut [PersonalAccessToken]) -> Result<()> {
    connection(store).execute_batch("DELETE FROM personal_access_tokens")?;
    let owners = "SELECT username, user_type FROM users WHERE id = ?1";
    for (token, id) in tokens.iter_mut().zip(1..) {
        token.id = TokenId(id);
        let owner = connection(store).query_row(owners, [token.user_id.map(|id| id.0)], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })?;
        token.username = Some(owner.0);
        token.user_type = UserType::ALL.into_iter().find(|it| it.name() == owner.1);
        connection(store).execute(
            "INSERT INTO personal_access_tokens (id, user_id, name, description, scopes, \
             impersonation, revoked, created_at, last_used_at, expires_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            rusqlite::params![
                id,
                token.user_id.map(|id| id.0),
                token.name,
                token.description,
                serde_json::to_string(&token.scopes)?,
                token.impersonation,
                token.revoked,
                token.created_at.to_string(),
                token.last_used_at.map(|it| it.to_string()),
                token.expires_at.map(|it| it.to_string()),
            ],
        )?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any population, any filters at once, any order: the store and the oracle
    /// agree, and what was written is what is read.
    #[test]
    fn any_store_is_that_of_the_oracle(
        mut tokens in vec(any_token(), 0..12),
        chosen in vec(any::<Index>(), 0..4),
        sort in any::<Index>(),
        role in any::<Index>(),
    ) {
        let store = store().expect("a store");
        populate(&store, &mut tokens).expect("a population");
        let filters = personal_filters();
        let names: Vec<_> = chosen.iter().map(|it| &it.get(&filters).0).collect();
        let filter = chosen.iter().fold(personal_access_token::Filter::default(), |all, it| {
            both(&all, &it.get(&filters).1)
        });
        let role = *role.get(&["root", "olive", "svc-backup"]);
        let sorts: Vec<Sort> = Sort::all(PersonalAccessToken::SORT_KEYS).collect();
        let actor = actor(&store, role).expect("an actor");

        let now = now().expect("a time");
        let reached = |it: &PersonalAccessToken| {
            role == "root" || it.user_id == Some(actor.id()) && it.impersonation != Some(true)
        };
        let expected: Vec<_> =
            tokens.iter().filter(|it| reached(it) && it.is_kept_by(&filter, now)).cloned().collect();
        if let Ok(query) = actor.query::<PersonalAccessToken, List>(filter) {
            let what = format!("as {role}: {names:?}");
            check(&store, &query, expected, *sort.get(&sorts), &what).expect("an answer");
        }
    }

    /// The search that SQLite calls is the one that the oracle describes.
    #[test]
    fn the_search_folds_as_the_oracle_does(name in "\\PC*|[a-zA-ZİıſKÅßΣσς ]{0,9}", word in "\\PC{0,3}|[a-zA-ZİKσ]{1,2}") {
        let word: String = fold(&word).collect();
        let folded: String = fold(&name).collect();
        let found = super::sqlite::contains(name.as_bytes(), word.as_bytes());
        prop_assert_eq!(found, folded.contains(&word));
    }
}
