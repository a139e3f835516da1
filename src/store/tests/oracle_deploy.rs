//! The oracle of deploy tokens, whose reach is a walk over projects and groups.

use rusqlite::params;

use super::oracle::{check, check_revoke, check_shown, listed, previewed};
use super::*;

/// The highest level of a user over a place and all groups above it, by a walk
/// in plain Rust.
fn level(store: &Store, actor: &Actor, place: Place) -> Result<Option<i64>> {
    let user = actor.id().map(|id| &id.0);
    let value = |sql: &str, id: i64| -> Result<Option<i64>> {
        Ok(connection(store).query_row(sql, [id], |row| row.get(0))?)
    };
    let (mut best, mut group) = match place {
        Place::Project(id) => (
            connection(store).query_row(
                "SELECT max(access_level) FROM members WHERE user_id = ?1 AND project_id = ?2",
                params![user, id.0],
                |row| row.get(0),
            )?,
            value("SELECT group_id FROM projects WHERE id = ?1", id.0)?,
        ),
        Place::Group(id) => (None, Some(id.0)),
    };
    while let Some(id) = group {
        let here: Option<i64> = connection(store).query_row(
            "SELECT max(access_level) FROM members WHERE user_id = ?1 AND group_id = ?2",
            params![user, id],
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
        Place::Project(ProjectId(id)) => store.project(actor, &Reference::Id(id.into())),
        Place::Group(GroupId(id)) => store.group(actor, &Reference::Id(id.into())),
    };
    // GitLab's fixture has levels that permit nothing, and that the organisation has not.
    let permits = |level: Option<i64>| level.filter(|&level| level >= 40);
    let expected = level(organisation, actor, place)?;
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
                role == "root" || level(organisation, &actor, place).expect("SQL") >= Some(40)
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
                        Ok(role == "root" || level(organisation, &actor, place)? >= Some(least))
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
                            check_revoke(
                                store,
                                &revoke,
                                &everything,
                                reached,
                                |it| it.token.revoked,
                                &what,
                            )?;
                        }
                        None => assert!(revoke.is_err(), "{what}"),
                    }
                }
            }
        }
    }
    Ok(())
}
