//! Denied and missing are one answer with the same work done: the statements that are run,
//! the steps of each, and the pages that are read.

use std::sync::{Arc, Mutex};

use rusqlite::StatementStatus;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use super::*;

/// Others have tokens, projects, groups and acts with the even numbers from here on; the odd
/// ones are missing, and so is what comes after.
const FIRST: i64 = 10_000;
const LAST: i64 = 40_000;

/// What others have, in the native store.
const OTHERS: &str = "
    WITH RECURSIVE n (id) AS (SELECT 10000 UNION ALL SELECT id + 2 FROM n WHERE id < 40000)
    INSERT INTO personal_access_tokens (id, user_id, name, description)
        SELECT id, 1 + id % 2, 'theirs', printf('%.*c', id % 3000, 'x') FROM n;
    INSERT INTO groups (id, full_path) SELECT id, 'theirs/g' || id FROM personal_access_tokens
        WHERE id >= 10000 AND id < 12000;
    INSERT INTO projects (id, full_path, group_id)
        SELECT id, 'theirs/p' || id, 10000 + id % 1000 * 2 FROM personal_access_tokens
        WHERE id >= 10000 AND id < 20000;
    INSERT INTO members (user_id, group_id, access_level) SELECT 2, id, 50 FROM groups
        WHERE id >= 10000;
    -- With names that do not fit beside their project: what is read of a row may be much.
    INSERT INTO deploy_tokens (id, name, project_id)
        SELECT t.id, printf('%.*c', t.id % 9000, 'x'), p.id FROM personal_access_tokens t
        JOIN projects p ON p.id = 10000 + t.id % 10000 WHERE t.id < 20000 AND t.id >= 10000;
    INSERT INTO deploy_tokens (id, name, group_id)
        SELECT t.id, 'theirs', 10000 + t.id % 2000 FROM personal_access_tokens t
        WHERE t.id >= 20000;
    INSERT INTO audit_events (run_id, action, actor_id, actor, os_user, target_type, target_id,
            target_name, target_user_id)
        SELECT 'run-' || id, 'revoke', 2, 'olive', 'os', 'personal_access_token', id, 'theirs', 2
        FROM groups WHERE id >= 10000;
";

/// A store that notes each statement that it carries out, with its steps.
struct Counted {
    store: Store,
    done: Arc<Mutex<Vec<(String, i32)>>>,
}

impl Counted {
    fn new(mut store: Store) -> Result<Self> {
        let done = Arc::default();
        let Engine::Sqlite(engine) = &mut store.engine else { panic!("it is on a server") };
        let noted: Arc<Mutex<Vec<_>>> = Arc::clone(&done);
        let note = move |event: TraceEvent<'_>| {
            if let TraceEvent::Profile(statement, _) = event {
                let steps = statement.get_status(StatementStatus::VmStep);
                noted.lock().expect("a list").push((statement.sql().into_owned(), steps));
            }
        };
        engine.connection.trace_v2(TraceEventCodes::SQLITE_TRACE_PROFILE, Some(note))?;
        Ok(Self { store, done })
    }

    /// What is done to answer a question.
    fn work<R>(&self, run: impl FnOnce() -> Result<R>) -> Result<(R, Vec<(String, i32)>)> {
        // Prepared again, so that each counts from nought.
        connection(&self.store).flush_prepared_statement_cache();
        self.done.lock().expect("a list").clear();
        let result = run()?;
        Ok((result, std::mem::take(&mut self.done.lock().expect("a list"))))
    }

    /// Fails unless two questions that get the same answer take the same work.
    #[track_caller]
    fn assert_same<R: PartialEq + std::fmt::Debug>(
        &self,
        what: &str,
        run: impl Fn(bool) -> Result<R>,
    ) -> Result<()> {
        let [forbidden, missing] = [true, false].map(|is_there| self.work(|| run(is_there)));
        assert_eq!(forbidden?, missing?, "{what}: forbidden, and missing");
        Ok(())
    }
}

fn message<T>(found: Result<T>) -> Result<Option<String>> {
    match found {
        Ok(_) => Ok(None),
        Err(error) if error.is::<Denied>() => Ok(Some(format!("{error:#}"))),
        Err(error) => Err(error),
    }
}

/// Evaluates ids for a revocation, and gives how many are denied.
fn denied<T: Stored + Token>(store: &Store, actor: &Actor, ids: &[i64]) -> Result<usize> {
    let mut filter = T::Filter::default();
    filter.as_mut().ids = Some(ids.iter().copied().map(TokenId::from).collect());
    let options = BatchOptions {
        now: now()?,
        run: None,
        recorder: None,
        fits: None,
        chosen: None,
        newest: None,
        free_until: None,
    };
    let batch = store.revoke(&actor.to_revoke::<T>(filter)?, &options)?;
    Ok(batch.decisions.iter().filter(|it| matches!(it, Decision::Deny(_))).count())
}

/// Numbers of others, or missing ones among them, or missing ones behind all.
fn numbers(is_there: bool, count: usize) -> Vec<i64> {
    let step = 2;
    (0..count)
        .map(|n| FIRST + step * i64::try_from(n).expect("few"))
        .map(|n| n + i64::from(!is_there))
        .collect()
}

fn check_tokens<T: Stored + Token>(counted: &Counted, actor: &Actor) -> Result<()> {
    let store = &counted.store;
    let who = format!("{} as {}", T::NOUN[1], actor.username());
    for offset in [0, 7000, 25_000] {
        let show = |is_there: bool| {
            let id = TokenId::from(FIRST + offset + i64::from(!is_there));
            Ok(store.show::<T>(&actor.to_show(id)?, now()?)?.is_none())
        };
        counted.assert_same(&format!("{who}: show {offset}"), show)?;
        let revoke =
            |is_there: bool| denied::<T>(store, actor, &[FIRST + offset + i64::from(!is_there)]);
        counted.assert_same(&format!("{who}: revoke {offset}"), revoke)?;
    }
    for count in [2, 1000, 15_000] {
        let revoke = |is_there| denied::<T>(store, actor, &numbers(is_there, count));
        counted.assert_same(&format!("{who}: revoke {count}"), revoke)?;
    }
    // Behind the last of all, too.
    let behind = |is_there| {
        let first = if is_there { FIRST } else { LAST + 2 };
        denied::<T>(store, actor, &(0..1000).map(|n| first + 2 * n).collect::<Vec<_>>())
    };
    counted.assert_same(&format!("{who}: behind the last"), behind)
}

#[test]
fn what_is_forbidden_takes_the_work_of_what_is_missing() -> Result<()> {
    let mut stores = vec![store()?];
    connection(&stores[0]).execute_batch(OTHERS)?;
    for (name, other) in other_stores_in_sqlite("UTF-8")? {
        let [table, columns] = match name {
            "gitea" => ["access_token", "uid, name, scope, token_hash, created_unix, updated_unix"],
            _ => ["api_tokens", "user_id, note, scopes, hashed, created, last_activity"],
        };
        connection(&other).execute_batch(&format!(
            "WITH RECURSIVE n (id) AS (SELECT 10000 UNION ALL SELECT id + 2 FROM n WHERE id < 40000)
             INSERT INTO {table} (id, {columns}) SELECT n.id, 1, 'theirs', '[]', 'digest' || n.id, 0, 0
             FROM n"
        ))?;
        stores.push(other);
    }
    let stores = stores.into_iter().map(Counted::new).collect::<Result<Vec<_>>>()?;
    for counted in &stores {
        let store = &counted.store;
        for role in ["sam", "olive"] {
            let actor = actor(store, role)?;
            check_tokens::<PersonalAccessToken>(counted, &actor)?;
            if store.check_has::<DeployToken>().is_ok() && role == "sam" {
                check_tokens::<DeployToken>(counted, &actor)?;
            }
            for (forbidden, missing) in [("root", "nobody at all"), ("1", "777")] {
                let named = |is_there| {
                    let name = if is_there { forbidden } else { missing };
                    let reference = UserRef::Other(name.parse().map_err(anyhow::Error::msg)?);
                    message(store.user(&actor, &reference))
                };
                counted.assert_same(&format!("user {forbidden}"), named)?;
            }
        }
    }

    let (counted, store) = (&stores[0], &stores[0].store);
    let sam = actor(store, "sam")?;
    for (forbidden, missing) in
        [("10000", "10001"), ("10990", "50000"), ("theirs/p10000", "theirs/p10001")]
    {
        let found = |is_there| {
            let name = if is_there { forbidden } else { missing };
            let reference = name.parse().map_err(anyhow::Error::msg)?;
            let name = &Reference::Name(name.replace('p', "g"));
            Ok([
                message(store.project(&sam, &reference))?,
                message(store.group(&sam, &reference))?,
                message(store.group(&sam, name))?,
            ])
        };
        counted.assert_same(&format!("place {forbidden}"), found)?;
    }
    let events = |is_there| {
        let run = if is_there { "run-10000" } else { "run-10001" };
        let filter = audit::Filter { run: Some(run.into()), ..Default::default() };
        let options = ListOptions { sort: Sort::NEWEST_FIRST, limit: None, now: now()? };
        let query = sam.to_list::<AuditEvent>(filter)?;
        store.list::<_, AuditEvent, _>(&query, &options, |rows| Ok(rows.count()))
    };
    counted.assert_same("audit --run", events)
}

/// The pages that a statement on a server reads.
fn buffers(store: &Store, sql: &Sql) -> Result<u64> {
    let transaction = store.engine.begin(Mode::Read, Duration::from_secs(5))?;
    let explain = "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF) ";
    let mut pages = 0;
    // The first run reads the catalogue, too.
    for _ in 0..2 {
        let lines = transaction
            .rows(&sql.with_prefix(explain), |row| row.text().map_err(anyhow::Error::msg))?;
        let lines = lines.into_iter().collect::<Result<Vec<_>>>()?;
        // Of the whole plan; what it took to plan comes after.
        let line = lines.iter().find(|line| line.trim_start().starts_with("Buffers: shared"));
        let counts = line.map_or("", |line| line.trim_start());
        let counts = counts.split(' ').filter_map(|it| {
            let (kind, count) = it.split_once('=')?;
            matches!(kind, "hit" | "read").then(|| count.parse::<u64>())?.ok()
        });
        pages = counts.sum();
    }
    Ok(pages)
}

#[test]
fn what_is_forbidden_takes_as_many_pages_of_a_server_as_what_is_missing() -> Result<()> {
    let Some(cluster) = postgres::Cluster::shared() else { return Ok(()) };
    let gitlab = cluster.gitlab();
    gitlab.add_tokens(20_000);
    gitlab.sql(
        "INSERT INTO deploy_tokens (id, name, created_at, expires_at)
             SELECT n, repeat('x', n % 500), now(), '3000-01-01' FROM generate_series(10000, 40000, 2) n;
         INSERT INTO project_deploy_tokens (project_id, deploy_token_id, created_at)
             SELECT p.id, n, now() FROM generate_series(10000, 25000, 2) n,
             (SELECT source_id AS id FROM routes WHERE source_type = 'Project' AND path = 'other/x') p;
         INSERT INTO group_deploy_tokens (group_id, deploy_token_id, created_at, updated_at)
             SELECT g.id, n, now(), now() FROM generate_series(25002, 40000, 2) n,
             (SELECT source_id AS id FROM routes WHERE source_type = 'Namespace' AND path = 'other') g;
         DELETE FROM personal_access_tokens WHERE id > 10000 AND id % 2 = 1 OR user_id = 3 AND id > 100;
         UPDATE personal_access_tokens SET name = repeat(name, 40) WHERE id % 3 = 0;
         VACUUM ANALYZE;",
    );
    let store = open(&gitlab.url("postgres"))?;
    let sam = actor(&store, "sam")?;
    for count in [1, 2, 1000, 4000] {
        let pages = |is_there| -> Result<[u64; 2]> {
            let ids: IdList = numbers(is_there, count).into_iter().map(TokenId::from).collect();
            let mut filter = personal_access_token::Filter::default();
            filter.token.ids = Some(ids.clone());
            let tokens = sam.to_revoke::<PersonalAccessToken>(filter)?;
            let mut filter = deploy_token::Filter::default();
            filter.token.ids = Some(ids);
            let deploy_tokens = sam.to_revoke::<DeployToken>(filter)?;
            Ok([
                buffers(&store, &store.evaluation_sql(&tokens, now()?)?)?,
                buffers(&store, &store.evaluation_sql(&deploy_tokens, now()?)?)?,
            ])
        };
        assert_eq!(pages(true)?, pages(false)?, "{count} ids");
    }
    let places = &store.columns::<DeployToken>()?;
    for (places, forbidden) in [(&places.projects, "top/app"), (&places.groups, "top")] {
        for [there, missing] in [[forbidden, "no/such"], ["other/x", "other/y"], ["1", "777"]] {
            let pages = |name: &str| {
                let reference = name.parse().map_err(anyhow::Error::msg)?;
                buffers(&store, &store.membership_sql(&sam, places, &reference)?)
            };
            assert_eq!(pages(there)?, pages(missing)?, "{there}");
        }
    }
    Ok(())
}
