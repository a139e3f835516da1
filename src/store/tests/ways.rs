//! The ways in which rows are found, and their owners with them or apart, give the same rows.

use super::oracle::{listed, unbroken};
use super::*;
use crate::model::token::StateFilter;
use crate::store::way::Share;

/// Lists in a given way.
fn ids_in_way(
    store: &Store,
    filter: &personal_access_token::Filter,
    options: &ListOptions,
    share: Share,
) -> Result<Vec<Id>> {
    let query = actor(store, "root")?.to_list::<PersonalAccessToken>(filter.clone())?;
    let selection = query.selection();
    let way = store.way_if::<_, TokenId>(selection, options, |_, _| Ok(share))?;
    let sql = store.selection_sql::<_, TokenId>(selection, options, &way)?;
    let read = |row: &mut super::super::engine::Decoder<'_>| row.id().map_err(anyhow::Error::msg);
    store.read(|transaction| transaction.rows(&sql, read)?.into_iter().collect())
}

#[test]
fn few_rows_or_many_are_the_same_rows() -> Result<()> {
    let store = store()?;
    let filters = personal_filters();
    let is_asked_of_an_index = |filter: &personal_access_token::Filter| {
        let columns = store.columns::<PersonalAccessToken>()?;
        let bounds = PersonalAccessToken::bounds(columns, filter, now()?)?;
        let search = PersonalAccessToken::search(columns, filter)?;
        anyhow::Ok(!bounds.is_empty() || search.is_some())
    };
    let mut compared = 0;
    for (name, filter) in &filters {
        if !is_asked_of_an_index(filter)? {
            continue;
        }
        for (other_name, other) in &filters {
            let filter = both(filter, other);
            for sort in [Sort::BY_ID, Sort { descending: true, ..Sort::BY_ID }] {
                for limit in [None, Some(2)] {
                    let options = ListOptions { sort, limit, now: now()? };
                    let [few, many] = [Share::Small, Share::Large]
                        .map(|share| ids_in_way(&store, &filter, &options, share));
                    assert_eq!(few?, many?, "{name} {other_name} {sort:?} {limit:?}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 1000, "{compared}");
    Ok(())
}

#[test]
fn owners_are_the_same_with_their_tokens_and_apart() -> Result<()> {
    let store = store()?;
    let Engine::Sqlite(sqlite) = &store.engine else { anyhow::bail!("a file") };
    let all = |limit| {
        let query = actor(&store, "root")?
            .to_list::<PersonalAccessToken>(personal_access_token::Filter::default())?;
        listed::<_, PersonalAccessToken>(&store, &query, Sort::BY_ID, limit)
    };
    // One token without an owner, and one number without a user.
    sqlite.connection.execute_batch(
        "PRAGMA foreign_keys = OFF;
         INSERT INTO personal_access_tokens (user_id, name) VALUES (77, 'left over');
         DELETE FROM users WHERE username = 'dee';",
    )?;
    // A limit leaves them to the join.
    let apart = all(None)?;
    assert_eq!(apart, all(Some(1000))?);
    let states = apart.iter().map(|it| it.user_state);
    assert!(states.clone().any(|it| it == Some(UserState::Gone)), "an owner is gone");
    assert!(states.clone().any(|it| it == Some(UserState::Active)), "another is there");

    // What no block has room for, and what is no text, is left to the join too.
    for name in ["'a' || printf('%070000d', 0)", "CAST(x'61ff' AS TEXT)"] {
        let change = format!("UPDATE users SET username = {name} WHERE username = 'sam'");
        sqlite.connection.execute_batch(&change)?;
        let query = actor(&store, "root")?
            .to_list::<PersonalAccessToken>(personal_access_token::Filter::default())?;
        let rows = |limit| {
            let options = ListOptions { sort: Sort::BY_ID, limit, now: now()? };
            store.list::<_, PersonalAccessToken, _>(&query, &options, |rows| {
                Ok(rows.map(|row| unbroken(row).map(Result::ok)).collect::<Vec<_>>())
            })
        };
        assert_eq!(rows(None)?, rows(Some(1000))?, "{name}");
        sqlite.connection.execute_batch("UPDATE users SET username = 'sam' WHERE id = 3")?;
    }
    Ok(())
}

#[test]
fn thousands_of_conditions_are_one() -> Result<()> {
    let store = store()?;
    let words: Vec<String> = (0..5000).map(|number| format!("w{number}")).collect();
    let users = (1000..6000).map(super::user);
    let filter = personal_access_token::Filter {
        token: crate::model::token::TokenFilter {
            search: words.clone(),
            except_scopes: words.clone(),
            states: vec![StateFilter::Inactive],
            ..crate::model::token::TokenFilter::default()
        },
        except_users: users.clone().collect(),
        users: users.collect(),
        ..personal_access_token::Filter::default()
    };
    let query = actor(&store, "root")?.to_list::<PersonalAccessToken>(filter)?;
    let found = listed::<_, PersonalAccessToken>(&store, &query, Sort::BY_ID, None)?;
    assert_eq!(found, []);
    Ok(())
}
