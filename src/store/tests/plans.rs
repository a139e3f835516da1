//! The statements of queries with their plans, as golden files.

use std::fmt::Write;

use expect_test::expect_file;

use super::*;
use crate::store::way::Share;

pub(super) fn list_sql<T: Stored, P: Projection<T>>(
    store: &Store,
    selection: &Selection<T>,
    sort: Sort,
) -> Result<Sql> {
    let options = ListOptions { sort, limit: None, now: now()? };
    let way = store.way_if::<T, P>(selection, &options, |_, _| Ok(Share::Small))?;
    store.selection_sql::<T, P>(selection, &options, &way)
}

/// Returns the statement of a list and its plan.
fn plan<T: Stored>(store: &Store, filter: T::Filter, role: &str, sort: Sort) -> Result<String> {
    let query = actor(store, role)?.to_list::<T>(filter)?;
    explained(store, &list_sql::<T, T>(store, query.selection(), sort)?)
}

fn explained(store: &Store, sql: &Sql) -> Result<String> {
    let transaction = store.engine.begin(Mode::Read, Duration::from_secs(5))?;
    let steps = match &store.engine {
        Engine::Sqlite(_) => transaction.rows(&sql.with_prefix("EXPLAIN QUERY PLAN "), |row| {
            let (_id, _parent, _unused) = (row.integer(), row.integer(), row.integer());
            row.text().map_err(anyhow::Error::msg)
        })?,
        Engine::Postgres(_) => {
            // Cursors are planned differently, for a fast first row.
            let is_list = sql.text().starts_with("SELECT") && !sql.text().contains("(TRUE");
            let explain = if is_list {
                "EXPLAIN (COSTS OFF) DECLARE rows CURSOR FOR "
            } else {
                "EXPLAIN (COSTS OFF) "
            };
            transaction
                .rows(&sql.with_prefix(explain), |row| row.text().map_err(anyhow::Error::msg))?
        }
    };
    let (columns, conditions) = at_where(sql.text());
    let mut text = format!("    WHERE {conditions}\n");
    // A last column may tell whether the filter keeps the row.
    if let Some((_, verdict)) = columns.split_once("(TRUE") {
        let verdict = verdict.split(" FROM ").next().unwrap_or_default();
        text = format!("    SELECT …, (TRUE{verdict}\n{text}");
    }
    for step in steps {
        writeln!(text, "    -> {}", step?)?;
    }
    Ok(text)
}

/// Splits a statement at its own WHERE, not at that of a subquery.
fn at_where(sql: &str) -> (&str, &str) {
    let mut depth = 0;
    let own = sql.char_indices().find(|&(at, c)| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0 && sql[at..].starts_with(" WHERE ")
    });
    own.map_or(("", sql), |(at, _)| (&sql[..at], &sql[at + " WHERE ".len()..]))
}

fn plans<T: Stored + Token>(
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
    // One of each flag, and the combination that is typical of prunes.
    let mut seen = std::collections::HashSet::new();
    let mut filters = personal_filters();
    filters.retain(|(name, _)| seen.insert(name.split([' ', '=']).next().map(str::to_owned)));
    let find = |name: &str| {
        let all = personal_filters();
        all.into_iter().find(|(it, _)| it.starts_with(name)).map(|(_, filter)| filter)
    };
    if let (Some(unused), Some(active)) = (find("--unused-for"), find("--state active")) {
        filters.push(("--unused-for --state active".into(), both(&unused, &active)));
    }
    let mut text = plans::<PersonalAccessToken>(&store, &filters, &["root"])?;
    text += &plans::<PersonalAccessToken>(&store, &[], &["olive"])?;
    text.push_str("\nids alone\n");
    for flag in [
        "(none)",
        "--state",
        "--never-used",
        "--expires-within",
        "--search",
        "--scope",
        "--unused-for",
        "--user",
    ] {
        let filter = find(flag).unwrap_or_default();
        let query = actor(&store, "root")?.to_list::<PersonalAccessToken>(filter)?;
        writeln!(text, "as root: {flag}")?;
        let sql = list_sql::<_, TokenId>(&store, query.selection(), Sort::BY_ID)?;
        text += &explained(&store, &sql)?;
    }
    text.push_str("\nbounds\n");
    for flag in ["--created-after", "--expires-within", "--last-used-before"] {
        let query = actor(&store, "root")?.to_list(find(flag).unwrap_or_default())?;
        for (share, limit) in [(Share::Small, Some(20)), (Share::Large, None)] {
            let options = ListOptions { sort: Sort::BY_ID, limit, now: now()? };
            let selection = query.selection();
            let way =
                store.way_if::<_, PersonalAccessToken>(selection, &options, |_, _| Ok(share))?;
            let sql = store.selection_sql::<_, PersonalAccessToken>(selection, &options, &way)?;
            writeln!(
                text,
                "as root: {flag}, {} rows",
                if share == Share::Small { "few, the first" } else { "many" }
            )?;
            text += &explained(&store, &sql)?;
        }
    }
    text.push_str("\ndeploy-tokens\n");
    text += &deploy_plans_of(&store)?;
    text.push_str("\naudit\n");
    let one: [(&str, SetAudit); 6] = [
        ("(none)", |_| {}),
        ("--user", |it| it.user = Some(user(2))),
        ("--actor", |it| it.actor = Some(user(2))),
        ("--run, its beginning", |it| it.run = Some("0190e2c5".into())),
        ("--run", |it| it.run = Some("0190e2c5-0000-7000-8000-000000000000".into())),
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
    let query = actor(&store, "root")?.to_revoke::<PersonalAccessToken>(unused)?;
    let preview = list_sql::<_, PersonalAccessToken>(&store, query.selection(), Sort::BY_ID)?;
    text += &explained(&store, &preview)?;
    text.push_str("a batch of it\n");
    let batch = query.among([1, 2, 3].map(TokenId::from).into_iter().collect());
    text += &explained(&store, &store.evaluation_sql(&batch, now()?)?)?;
    text.push_str("its events\n");
    text += &explained(&store, &recorded_sql(&store)?)?;
    expect_file!["../../../tests/golden/plans.txt"].assert_eq(&text);
    Ok(())
}

/// The statement that reads back the events of a batch.
fn recorded_sql(store: &Store) -> Result<Sql> {
    let events = store.columns::<AuditEvent>()?;
    Ok(store.recorded_sql(events, "0190e2c5-0000-7000-8000-000000000000", 7))
}

/// Returns the plans in another application's database.
fn plans_of(store: &Store) -> Result<String> {
    let mut seen = std::collections::HashSet::new();
    let mut filters = personal_filters();
    filters.retain(|(name, filter)| {
        seen.insert(name.split([' ', '=']).next().map(str::to_owned))
            && !asks_too_much(store, filter)
    });
    let mut text = String::new();
    for role in ["root", "olive"] {
        for (name, filter) in &filters {
            // A few filters show the effect of the reach.
            if role == "root" || ["(none)", "ID", "--search 'ci'"].contains(&name.as_str()) {
                writeln!(text, "as {role}: {name}")?;
                text += &plan::<PersonalAccessToken>(store, filter.clone(), role, Sort::BY_ID)?;
            }
        }
    }
    let unused = filters.iter().find(|(name, _)| name.starts_with("--unused-for"));
    let unused = unused.map(|(_, filter)| filter.clone()).unwrap_or_default();
    let query = actor(store, "root")?.to_revoke::<PersonalAccessToken>(unused)?;
    let batch = query.among([1, 2, 3].map(TokenId::from).into_iter().collect());
    text.push_str("a batch is judged\n");
    text += &explained(store, &store.evaluation_sql(&batch, now()?)?)?;
    text.push_str("a batch is revoked\n");
    let mut sql = store.sql();
    let (at, columns) = (now()?.instant, store.columns::<PersonalAccessToken>()?);
    let method = store.revoke_method::<PersonalAccessToken>()?;
    filter::revoke(&mut sql, columns, method, batch.selection(), (now()?, at))?;
    text += &explained(store, &sql)?;
    Ok(text)
}

/// Returns the plans of deploy tokens.
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

/// A sample on a server, with those who ask in it.
fn native_for_plans(cluster: &postgres::Cluster) -> Result<Store> {
    let database = cluster.database("plans", "SELECT 1");
    let location = Location::Server(Settings::new(&database.url("postgres"), &|_| None)?.into());
    let copying = Copying { stop: &StopFlag::default(), progress: &|_| {} };
    let wait = Duration::from_secs(5);
    crate::store::create(&location, Some(20_000), now()?.instant, wait, copying)?;
    database.sql(
        "SET search_path = tokenctl;
         UPDATE users SET username = 'olive', admin = FALSE WHERE id = 2;
         INSERT INTO groups (full_path) VALUES ('top');
         INSERT INTO projects (full_path, group_id) SELECT 'top/app', id FROM groups
             WHERE full_path = 'top';
         INSERT INTO members (user_id, group_id, access_level) SELECT 2, id, 40 FROM groups
             WHERE full_path = 'top';
         VACUUM ANALYZE",
    );
    open(&database.url("postgres"))
}

#[test]
fn the_plans_use_the_indexes_of_other_applications() -> Result<()> {
    for (name, store) in other_stores_in_sqlite("UTF-8")? {
        let path = format!("../../../tests/golden/plans_{name}.txt");
        expect_file![path].assert_eq(&plans_of(&store)?);
    }
    if let Some(cluster) = postgres::Cluster::shared() {
        // Enough for the plans of millions, and few enough for statistics of all rows.
        let gitlab = cluster.database("plans", postgres::GITLAB);
        gitlab.add_tokens(20_000);
        gitlab.sql(
            "UPDATE users SET username = 'root', admin = true WHERE id = 1;
             UPDATE users SET username = 'olive' WHERE id = 2; VACUUM ANALYZE;",
        );
        // Plans and their text differ between versions.
        let version = gitlab.sql("SHOW server_version");
        if version.starts_with("15") {
            let mut plans = plans_of(&open(&gitlab.url("postgres"))?)?;
            plans.push_str("\ndeploy-tokens\n");
            plans += &deploy_plans_of(&open(&cluster.gitlab().url("postgres"))?)?;
            expect_file!["../../../tests/golden/plans_gitlab.txt"].assert_eq(&plans);
            let native = native_for_plans(cluster)?;
            let mut plans = plans_of(&native)?;
            plans.push_str("\ndeploy-tokens\n");
            plans += &deploy_plans_of(&native)?;
            plans.push_str("the events of a batch\n");
            plans += &explained(&native, &recorded_sql(&native)?)?;
            expect_file!["../../../tests/golden/plans_native_server.txt"].assert_eq(&plans);
        } else {
            let line = format!(
                "left out: GitLab's plans, which are those of PostgreSQL 15, not {version}\n"
            );
            std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes())?;
        }
    }
    Ok(())
}
