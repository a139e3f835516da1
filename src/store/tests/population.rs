//! Any store at all against the oracle: tokens and filters that nobody thought of.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;

use super::oracle::check;
use super::stats::check_stats;
use super::*;

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
                id: TokenId::from(0),
                name: Some(owner.1),
                scopes: Some(scopes.0),
                revoked: scopes.2,
                created_at: Some(times.0),
                expires_at: times.2,
            },
            user_id: Some(UserId::from(owner.0)),
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
        token.token.id = TokenId::from(id);
        let owner = connection(store).query_row(
            owners,
            [token.user_id.as_ref().map(|id| &id.0)],
            |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
            },
        )?;
        token.username = Some(owner.0);
        token.user_type = UserType::ALL.into_iter().find(|it| it.name() == owner.1);
        token.user_state = UserState::ALL.into_iter().find(|it| it.name() == owner.2);
        connection(store).execute(
            "INSERT INTO personal_access_tokens (id, user_id, name, description, scopes, \
             impersonation, revoked, created_at, last_used_at, expires_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            rusqlite::params![
                id,
                token.user_id.as_ref().map(|id| &id.0),
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
            role == "root" || it.user_id.as_ref() == actor.id() && it.impersonation != Some(true)
        };
        let expected: Vec<_> =
            tokens.iter().filter(|it| reached(it) && it.is_kept_by(&filter, now)).cloned().collect();
        if let Ok(query) = actor.to_list::<PersonalAccessToken>(filter) {
            let what = format!("as {role}: {names:?}");
            check_stats(&store, &query, &expected, &what).expect("counts");
            check(&store, &query, expected, *sort.get(&sorts), &what).expect("an answer");
        }
    }

    /// The search that SQLite calls is the one that the oracle describes.
    #[test]
    fn the_search_folds_as_the_oracle_does(
        name in "\\PC*|[a-zA-ZİıſKÅßΣσς ]{0,9}",
        words in prop::collection::vec("\\PC{0,3}|[a-zA-ZİKσ]{1,2}", 1..3),
    ) {
        let words: Vec<String> = words.iter().map(|word| fold(word).collect()).collect();
        let folded: String = fold(&name).collect();
        let found = crate::store::engine::sqlite::contains(name.as_bytes(), &words);
        prop_assert_eq!(found, words.iter().all(|word| folded.contains(word)));
    }
}
