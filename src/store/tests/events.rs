//! Audit events, in a table and from a file, against an oracle in plain Rust.

use anyhow::bail;
use rusqlite::params;

use super::*;
use crate::model::audit::Outcome;
use crate::store::EventPart;

/// Events of every actor on every kind of token, as runs leave them. The id of one user
/// was another's before, and some lines are of a time when no owner's name was recorded.
fn record_events(record: &dyn Fn(&AuditEvent) -> Result<()>) -> Result<()> {
    let mut id = 0;
    for (run, when) in [
        ("run-1", "2024-03-01T00:00:00.000"),
        ("run-2", "2024-03-14T12:00:00.000"),
        ("run-2", "2024-03-14T12:00:00.001"),
        ("run-3", "2024-03-02T00:00:00.000"),
    ] {
        for (actor, actor_id) in [("root", 1), ("olive", 2), ("ollie", 2), ("gone", 77)] {
            for (target, owner) in [
                ("personal_access_token", Some((2, Some("olive")))),
                ("personal_access_token", Some((2, Some("ollie")))),
                ("personal_access_token", Some((2, None))),
                ("personal_access_token", Some((3, Some("olive")))),
                ("personal_access_token", Some((88, None))),
                ("deploy_token", None),
            ] {
                id += 1;
                let event = AuditEvent {
                    id: EventId(id),
                    created_at: at(when).ok_or_else(|| anyhow::anyhow!("a time"))?,
                    run_id: run.into(),
                    action: Action::Revoke.name().into(),
                    actor: actor.into(),
                    actor_id: Some(UserId::from(actor_id)),
                    os_user: "os".into(),
                    schema: None,
                    target_type: target.into(),
                    target_id: TokenId::from(id),
                    target_name: "name".into(),
                    target_user_id: owner.map(|(id, _)| UserId::from(id)),
                    target_username: owner.and_then(|(_, name)| name).map(Into::into),
                    reason: (id % 2 == 0).then(|| "a reason".into()),
                    outcome: Outcome::Revoked.name().into(),
                };
                record(&event)?;
            }
        }
    }
    Ok(())
}

fn record_in_table(store: &Store) -> Result<()> {
    let Engine::Sqlite(sqlite) = &store.engine else { bail!("a file") };
    let insert = "INSERT INTO audit_events (created_at, run_id, action, actor, actor_id, os_user,
                      target_type, target_id, target_name, target_user_id, target_username, reason)
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    record_events(&|event| {
        sqlite.connection.execute(
            insert,
            params![
                event.created_at.to_string(),
                event.run_id,
                event.action,
                event.actor,
                event.actor_id.as_ref().map(|id| &id.0),
                event.os_user,
                event.target_type,
                event.target_id.0,
                event.target_name,
                event.target_user_id.as_ref().map(|id| &id.0),
                event.target_username,
                event.reason,
            ],
        )?;
        Ok(())
    })
}

/// The same events as an audit file records them, among intents without effect.
fn record_in_log() -> Result<Store> {
    let log = EventTable::new()?;
    record_events(&|event| {
        log.record_intent(event)?;
        let AuditEvent { run_id, target_type, target_id, .. } = event;
        log.record_outcome(run_id, target_type, target_id, Some(Outcome::Revoked))?;
        let id = event.id.0 + 1000;
        let target_id = TokenId::from(id);
        let undone = AuditEvent { id: EventId(id), target_id: target_id.clone(), ..event.clone() };
        log.record_intent(&undone)?;
        log.record_outcome(run_id, target_type, &target_id, None)
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
    let events = |query: &ListQuery<AuditEvent>| -> Result<Vec<AuditEvent>> {
        recorded.list(
            query,
            &ListOptions { sort: Sort::NEWEST_FIRST, limit: None, now: now()? },
            |rows| rows.filter_map(super::oracle::unbroken).collect(),
        )
    };
    let everything = events(&actor(store, "root")?.to_list(audit::Filter::default())?)?;
    assert_eq!(everything.len(), 96);
    let is_file = !std::ptr::eq(store, recorded);
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
        add(&|it| it.user = Some(super::user(user)));
        add(&|it| it.actor = Some(super::user(user)));
    }
    add(&|it| it.run = Some("run-2".into()));
    add(&|it| it.run = Some("run-9".into()));
    add(&|it| it.run = Some("run-".into()));
    add(&|it| it.action = Some(Action::Revoke));
    for targets in [vec![1], vec![2, 99], vec![4, 1, 3]] {
        add(&|it| it.targets = targets.iter().copied().map(TokenId::from).collect());
    }
    for kind in [PersonalAccessToken::TARGET_TYPE, DeployToken::TARGET_TYPE] {
        add(&|it| it.target_type = Some(kind));
    }
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
                    targets: if one.targets.is_empty() { other.targets } else { one.targets },
                    target_type: one.target_type.or(other.target_type),
                    user: one.user.or(other.user),
                    actor: one.actor.or(other.actor),
                    run: one.run.or(other.run),
                    action: one.action.or(other.action),
                    since: one.since.or(other.since),
                    until: one.until.or(other.until),
                };
                let me = actor.id().map(|id| OwnerRef::User(id.clone()));
                let mut named = [&filter.user, &filter.actor].into_iter().flatten();
                let denied = role != "root" && named.any(|user| Some(user) != me.as_ref());
                let query = actor.to_list::<AuditEvent>(filter.clone());
                assert_eq!(query.is_err(), denied, "as {role}: {filter:?}");
                let Ok(query) = query else { continue };
                let is_me = |id: Option<&UserId>, name: Option<&str>| {
                    id == actor.id() && (!is_file || name == Some(role))
                };
                let mut expected = everything.clone();
                expected.retain(|it| {
                    let reached = role == "root"
                        || is_me(it.actor_id.as_ref(), Some(&it.actor))
                        || is_me(it.target_user_id.as_ref(), it.target_username.as_deref());
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
    let id = |id: i64| UserRef::Other(Reference::Id(id.into()));
    assert_eq!(store.recorded_user(store, EventPart::Actor, &root, &name("GONE"))?, user(77));
    assert_eq!(store.recorded_user(store, EventPart::Actor, &root, &id(77))?, user(77));
    assert_eq!(
        store.recorded_user(store, EventPart::Actor, &root, &name("sam"))?,
        user(3),
        "who never acted"
    );
    assert_eq!(store.recorded_user(events, EventPart::Owner, &root, &id(88))?, user(88));
    for nobody in [name("nobody"), id(88)] {
        assert!(store.recorded_user(store, EventPart::Actor, &root, &nobody).is_err(), "{nobody}");
    }
    for other in [name("gone"), id(77), name("root"), name("nobody")] {
        let found = store
            .recorded_user(store, EventPart::Actor, &olive, &other)
            .map_err(|error| format!("{error:#}"));
        assert_eq!(found, Err(Denied.to_string()), "{other}");
    }
    assert_eq!(store.recorded_user(events, EventPart::Owner, &olive, &UserRef::Me)?, user(2));
    Ok(())
}
