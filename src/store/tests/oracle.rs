//! The store's answers against an oracle in plain Rust: every flag and pair of flags, as
//! every role, on every schema and engine.

use std::fmt::Debug;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// A row that can be read; `None` while there is none.
pub(super) fn unbroken<P>(row: Result<Streamed<Row<P>>>) -> Option<Result<P>> {
    match row {
        Ok(Streamed::Pause) => None,
        Ok(Streamed::Row(row)) => Some(row.map_err(|broken| anyhow::anyhow!("{broken:?}"))),
        Err(error) => Some(Err(error)),
    }
}

fn listed<T: Stored, P: Projection<T> + Send>(
    store: &Store,
    query: &ListQuery<T>,
    sort: Sort,
    limit: Option<u64>,
) -> Result<Vec<P>> {
    let options = ListOptions { sort, limit, now: now()? };
    store.list(query, &options, |rows| rows.filter_map(unbroken).collect())
}

fn previewed<T: Stored + Token>(store: &Store, query: &RevokeQuery<T>) -> Result<Vec<T>> {
    store.preview(query, now()?, |rows| rows.filter_map(unbroken).collect())
}

/// The order that a list promises, in plain Rust: NULLs last ascending and first
/// descending, ties by id in the same direction.
fn sorted<T: Token>(mut tokens: Vec<T>, sort: Sort) -> Vec<T> {
    tokens.sort_by(|a, b| {
        let by_key = match sort.key {
            SortKey::Id => std::cmp::Ordering::Equal,
            SortKey::Created => a.properties().created_at.cmp(&b.properties().created_at),
            SortKey::LastUsed => {
                let key = |it: &T| (it.last_used_at().is_none(), it.last_used_at());
                key(a).cmp(&key(b))
            }
            SortKey::Expires => {
                let key =
                    |it: &T| (it.properties().expires_at.is_none(), it.properties().expires_at);
                key(a).cmp(&key(b))
            }
            SortKey::Name => a.properties().name.cmp(&b.properties().name),
        };
        let ascending = by_key.then(a.id().cmp(&b.id()));
        if sort.descending { ascending.reverse() } else { ascending }
    });
    tokens
}

/// Compares a list with the oracle, for a query that is permitted.
fn check<T>(
    store: &Store,
    query: &ListQuery<T>,
    expected: Vec<T>,
    sort: Sort,
    what: &str,
) -> Result<()>
where
    T: Stored + Token + PartialEq,
{
    let expected = sorted(expected, sort);
    assert_eq!(listed::<_, T>(store, query, sort, None)?, expected, "{what}, {}", sort.name());
    let ids: Vec<TokenId> = expected.iter().map(Token::id).collect();
    assert_eq!(listed::<_, TokenId>(store, query, sort, None)?, ids, "ids of {what}");
    let first: Vec<T> = expected.into_iter().take(2).collect();
    assert_eq!(
        listed::<_, T>(store, query, sort, Some(2))?,
        first,
        "{what}, {} --limit 2",
        sort.name()
    );
    Ok(())
}

/// Compares which tokens are shown, whatever else a filter would ask, with the oracle.
fn check_shown<T>(
    store: &Store,
    actor: &Actor,
    everything: &[T],
    is_reached: impl Fn(&T) -> bool,
    what: &str,
) -> Result<()>
where
    T: Stored + Token + PartialEq,
{
    for token in everything {
        let shown = store.show(&actor.to_show::<T>(token.id())?, now()?)?;
        let expected = is_reached(token).then(|| Ok(token.clone()));
        assert_eq!(shown, expected, "{what}: token {}", token.id());
    }
    assert_eq!(store.show(&actor.to_show::<T>(TokenId(99))?, now()?)?, None, "{what}");
    Ok(())
}

/// Compares the decisions of a revocation on every id, and on a missing one, with the
/// oracle.
fn check_revoke<T>(
    store: &Store,
    query: &RevokeQuery<T>,
    everything: &[T],
    is_reached: impl Fn(&T) -> bool,
    what: &str,
) -> Result<()>
where
    T: Stored + Token + Debug,
{
    let missing = TokenId(99);
    let mut ids: Vec<_> = everything.iter().map(Token::id).collect();
    ids.push(missing);
    let query = query.among(&ids);
    let filter = query.selection().filter();
    let options = BatchOptions {
        now: now()?,
        run: None,
        recorder: None,
        chosen: None,
        fits: None,
        newest: None,
    };
    let decisions = store.revoke(&query, &options)?.decisions;
    assert_eq!(decisions.len(), ids.len(), "{what}");
    for (token, outcome) in everything.iter().zip(&decisions) {
        let is_right = match outcome {
            Decision::Deny(id) => !is_reached(token) && *id == token.id(),
            Decision::AlreadyRevoked(it) => it.id() == token.id() && token.properties().revoked,
            Decision::Spare(it) => it.id() == token.id() && !token.is_kept_by(filter, now()?),
            Decision::Revoke(it) => {
                it.id() == token.id()
                    && !token.properties().revoked
                    && token.is_kept_by(filter, now()?)
            }
            Decision::Unresolved(_) | Decision::Broken(_) => false,
        };
        assert!(is_right, "{what}: token {} is {outcome:?}", token.id());
        let is_denied = matches!(outcome, Decision::Deny(_));
        assert_eq!(is_denied, !is_reached(token), "{what}: token {} is {outcome:?}", token.id());
    }
    assert!(matches!(decisions.last(), Some(Decision::Deny(id)) if *id == missing), "{what}");
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
    let all = root.to_list(personal_access_token::Filter::default())?;
    let everything: Vec<PersonalAccessToken> = listed(store, &all, Sort::BY_ID, None)?;
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
        let own =
            |token: &&PersonalAccessToken| role == "root" || token.user_id == Some(actor.id());
        let what = format!("{schema} as {role}");
        check_shown(store, &actor, &everything, |token| own(&token), &what)?;
        for (index, (name, one)) in filters.iter().enumerate() {
            for (other_index, (other_name, other)) in filters.iter().enumerate().skip(index) {
                if !is_tried(store, [index, other_index], number) {
                    continue;
                }
                let filter = both(one, other);
                let what = format!("{what}: {name} {other_name}");
                let kept = everything
                    .iter()
                    .filter(own)
                    .filter(|it| it.is_kept_by(&filter, now().expect("a time")));
                let reached: Vec<_> = kept
                    .filter(|it| role == "root" || it.impersonation != Some(true))
                    .cloned()
                    .collect();

                let named = filter.users.iter().chain(&filter.except_users);
                let denied = role != "root" && named.copied().any(|user| user != actor.id());
                let list = actor.to_list::<PersonalAccessToken>(filter.clone());
                assert_eq!(list.is_err(), denied, "{what}");
                let Ok(list) = list else { continue };
                let sort = sorts.next().unwrap_or(Sort::BY_ID);
                let revoke = actor.to_revoke::<PersonalAccessToken>(filter.clone())?;
                if asks_too_much(store, &filter.token, filter.impersonation) {
                    let refusal = listed::<_, PersonalAccessToken>(store, &list, sort, None)
                        .expect_err(&what);
                    assert_eq!(failure::kind(&refusal), Kind::Usage, "{what}: {refusal:#}");
                    let refusal = previewed(store, &revoke).expect_err(&what);
                    assert_eq!(failure::kind(&refusal), Kind::Usage, "{what}: {refusal:#}");
                    continue;
                }
                check(store, &list, reached.clone(), sort, &what)?;
                let mut unrevoked = reached;
                unrevoked.retain(|it| !it.token.revoked);
                assert_eq!(previewed(store, &revoke)?, unrevoked, "{what}");
                let is_reached =
                    |it: &_| role == "root" || own(&it) && it.impersonation != Some(true);
                check_revoke(store, &revoke, &everything, is_reached, &what)?;
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
fn level(store: &Store, user: UserId, place: Place) -> Result<Option<i64>> {
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

/// The membership in a place, as the walk finds it; `None`: there is none, and it is denied.
fn membership(
    store: &Store,
    organisation: &Store,
    actor: &Actor,
    place: Place,
) -> Result<Option<Membership>> {
    let what = format!("{} as {}: {place:?}", store.description().name, actor.username());
    let found = match place {
        Place::Project(ProjectId(id)) => store.project(actor, &Reference::Id(id)),
        Place::Group(GroupId(id)) => store.group(actor, &Reference::Id(id)),
    };
    // GitLab's fixture has levels that permit nothing, and that the organisation has not.
    let permits = |level: Option<i64>| level.filter(|&level| level >= 40);
    let expected = level(organisation, actor.id(), place)?;
    let membership = match found {
        Err(error) if error.is::<Denied>() => None,
        found => Some(found?),
    };
    let level = membership.and_then(|it| it.level()).map(|it| it.0);
    assert_eq!(permits(level), permits(expected), "{what}");
    assert!(membership.is_some() || !actor.is_admin(), "{what}");
    assert!(membership.is_none_or(|it| it.place() == place), "{what}");
    Ok(membership)
}

/// Where a list may be of, and whether it is tried with every pair of flags.
const PLACES: [(Option<Place>, bool); 7] = [
    (None, true),
    (Some(Place::Project(ProjectId(2))), true),
    (Some(Place::Group(GroupId(1))), true),
    (Some(Place::Project(ProjectId(1))), false),
    (Some(Place::Project(ProjectId(3))), false),
    (Some(Place::Group(GroupId(3))), false),
    (Some(Place::Group(GroupId(4))), false),
];

fn check_deploy_tokens(store: &Store, organisation: &Store) -> Result<()> {
    let schema = store.description().name;
    let root = actor(store, "root")?;
    let all = root.to_list(deploy_token::Filter::default())?;
    let everything: Vec<DeployToken> = listed(store, &all, Sort::BY_ID, None)?;
    assert!(everything.len() >= 8, "{schema}");

    let filters = shared_filters();
    let mut sorts = Sort::all(DeployToken::SORT_KEYS).cycle();
    for (number, role) in ROLES.into_iter().enumerate() {
        let actor = actor(store, role)?;
        let reached = |it: &DeployToken| match it.place {
            Some(place) => {
                role == "root" || level(organisation, actor.id(), place).expect("SQL") >= Some(40)
            }
            None => role == "root",
        };
        let what = format!("{schema} as {role}");
        check_shown(store, &actor, &everything, reached, &what)?;
        for (place, in_pairs) in PLACES {
            let membership = match place {
                Some(place) => match membership(store, organisation, &actor, place)? {
                    None => continue,
                    found => found,
                },
                None => None,
            };
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
                    // `least`: the lowest level in a project and in a group.
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
                                // Its project was deleted.
                                None => role == "root",
                            };
                            if is_reached {
                                reached.push(token.clone());
                            }
                        }
                        Ok(Some(reached))
                    };
                    let sort = sorts.next().unwrap_or(Sort::BY_ID);
                    let read = actor.to_list::<DeployToken>(filter.clone());
                    match expected([40, 40])? {
                        Some(tokens) => check(store, &read?, tokens, sort, &what)?,
                        None => assert!(read.is_err(), "{what}"),
                    }
                    let revoke = actor.to_revoke::<DeployToken>(filter.clone());
                    match expected([40, 50])? {
                        Some(mut tokens) => {
                            let revoke = revoke?;
                            tokens.retain(|it| !it.token.revoked);
                            assert_eq!(previewed(store, &revoke)?, tokens, "{what}");
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
            token: TokenProperties {
                id: TokenId(0),
                name: owner.1,
                scopes: scopes.0,
                revoked: scopes.2,
                created_at: Some(times.0),
                expires_at: times.2,
            },
            user_id: Some(UserId(owner.0)),
            username: None,
            user_type: None,
            user_state: None,
            description: owner.2,
            impersonation: Some(scopes.1),
            last_used_at: times.1,
        })
}

/// Writes the tokens to a store that has the users of the fixture, and completes
/// them with what the store knows: the id, and the owner's name and kind.
fn populate(store: &Store, tokens: &mut [PersonalAccessToken]) -> Result<()> {
    connection(store).execute_batch("DELETE FROM personal_access_tokens")?;
    let owners = "SELECT username, user_type, state FROM users WHERE id = ?1";
    for (token, id) in tokens.iter_mut().zip(1..) {
        token.token.id = TokenId(id);
        let owner = connection(store).query_row(owners, [token.user_id.map(|id| id.0)], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        })?;
        token.username = Some(owner.0);
        token.user_type = UserType::ALL.into_iter().find(|it| it.name() == owner.1);
        token.user_state = UserState::ALL.into_iter().find(|it| it.name() == owner.2);
        connection(store).execute(
            "INSERT INTO personal_access_tokens (id, user_id, name, description, scopes, \
             impersonation, revoked, created_at, last_used_at, expires_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            rusqlite::params![
                id,
                token.user_id.map(|id| id.0),
                token.token.name,
                token.description,
                serde_json::to_string(&token.token.scopes)?,
                token.impersonation,
                token.token.revoked,
                token.token.created_at.map(|it| it.to_string()),
                token.last_used_at.map(|it| it.to_string()),
                token.token.expires_at.map(|it| it.to_string()),
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
        if let Ok(query) = actor.to_list::<PersonalAccessToken>(filter) {
            let what = format!("as {role}: {names:?}");
            check(&store, &query, expected, *sort.get(&sorts), &what).expect("an answer");
        }
    }

    /// The search that SQLite calls is the one that the oracle describes.
    #[test]
    fn the_search_folds_as_the_oracle_does(name in "\\PC*|[a-zA-ZİıſKÅßΣσς ]{0,9}", word in "\\PC{0,3}|[a-zA-ZİKσ]{1,2}") {
        let word: String = fold(&word).collect();
        let folded: String = fold(&name).collect();
        let found = crate::store::engine::sqlite::contains(name.as_bytes(), word.as_bytes());
        prop_assert_eq!(found, folded.contains(&word));
    }
}
