//! A sample is reproducible and valid, and covers every case.

use rusqlite::types::Value;

use super::*;

fn filled(tokens: u64, now: &str) -> Result<Connection> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch(include_str!("../native.sql"))?;
    let now = Timestamp::from_stored(now).context("now")?;
    let (never, stopped) = (StopFlag::default(), StopFlag::default());
    stopped.interrupted.store(true, std::sync::atomic::Ordering::SeqCst);
    assert!(
        fill(&connection, tokens, now, &stopped, &|_| ()).is_err_and(|it| it.is::<Interrupted>())
    );
    fill(&connection, tokens, now, &never, &|_| ())?;
    assert!(fill(&connection, tokens, now, &never, &|_| ()).is_err());
    Ok(connection)
}

fn rows(connection: &Connection, from: &str) -> Result<Vec<Vec<Value>>> {
    let mut query = connection.prepare(&format!("SELECT * FROM {from}"))?;
    let columns = query.column_count();
    let rows = query.query_map([], |row| (0..columns).map(|it| row.get(it)).collect())?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[test]
fn a_sample_is_repeatable_and_sound_and_has_some_of_everything() -> Result<()> {
    let now = "2025-03-14T15:09:26.535Z";
    let (sample, again) = (filled(200, now)?, filled(200, now)?);
    for (table, conditions) in PRESENT {
        assert_eq!(rows(&sample, table)?, rows(&again, table)?);
        for condition in conditions.split(" | ") {
            let found = rows(&sample, &format!("{table} WHERE {condition}"))?;
            assert!(!found.is_empty(), "{table}: {condition}");
        }
    }
    for absent in ABSENT {
        assert!(rows(&sample, absent)?.is_empty(), "{absent}");
    }
    Ok(())
}

#[test]
fn one_token_is_enough_and_any_time_will_do() -> Result<()> {
    for now in ["0001-01-01T00:00:00.000Z", "9998-12-31T23:59:59.999Z"] {
        for tokens in [1, 2, 300] {
            let ids = rows(&filled(tokens, now)?, "personal_access_tokens")?;
            assert_eq!(u64::try_from(ids.len())?, tokens);
        }
    }
    Ok(())
}

const PRESENT: [(&str, &str); 6] = [
    (
        "users",
        "id = 1 AND username = 'root' AND admin | id > 1 AND admin | state = 'active' | \
         state = 'blocked' | state = 'banned' | state = 'deactivated'",
    ),
    ("groups", "parent_id IS NULL | full_path LIKE '%/%/%'"),
    ("projects", "group_id IS NULL | full_path LIKE '%/%/%'"),
    (
        "members",
        "access_level = 10 | access_level = 20 | access_level = 30 | group_id > 0 AND \
         access_level = 40 | project_id > 0 AND access_level = 40 | access_level = 50",
    ),
    (
        "personal_access_tokens JOIN users ON users.id = user_id",
        "user_id = 1 | user_type = 'human' | user_type = 'project_bot' | user_type = \
         'service_account' | revoked AND expires_at IS NULL | revoked AND expires_at < \
         '2025-03-14' | revoked AND expires_at > '2025-03-14' | NOT revoked AND expires_at IS \
         NULL | NOT revoked AND expires_at < '2025-03-14' | NOT revoked AND expires_at = \
         '2025-03-14' | NOT revoked AND expires_at = '2025-03-15' | NOT revoked AND expires_at \
         BETWEEN '2025-03-16' AND '2025-03-21' | NOT revoked AND expires_at > '2025-03-21' | \
         last_used_at IS NULL | last_used_at > '2025-03-14' | last_used_at BETWEEN '2025-02-14' \
         AND '2025-03-14' | last_used_at < '2024-03-14' | impersonation | description IS NULL | \
         description <> ''",
    ),
    (
        "deploy_tokens",
        "project_id > 0 | group_id > 0 | username IS NULL | username <> '' | revoked | \
         creator_id IS NULL | expires_at IS NULL | expires_at < '2025-03-14' | \
         expires_at BETWEEN '2025-03-15' AND '2025-03-22'",
    ),
];

const ABSENT: [&str; 6] = [
    "pragma_foreign_key_check",
    "audit_events",
    "personal_access_tokens WHERE max(last_used_at, updated_at) > '2025-03-14T15:09:26.535Z'",
    "personal_access_tokens WHERE min(last_used_at, updated_at) < created_at",
    "personal_access_tokens WHERE expires_at <= max(date(created_at), last_used_at)",
    "personal_access_tokens t JOIN users u ON u.id = user_id AND u.created_at > t.created_at",
];
