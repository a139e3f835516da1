//! Databases in other encodings than UTF-8, and under a collation that has other letters: what
//! is found elsewhere is found there, a name that cannot exist is a missing one, and what
//! cannot be read keeps nothing else from being read.

use crate::support::apps::App;
use crate::support::gitlab::Gitlab;
use crate::support::postgres::Cluster;

const SQL_ASCII: &str = "ENCODING 'SQL_ASCII' LOCALE 'C'";
const LATIN1: &str = "ENCODING 'LATIN1' LOCALE 'C'";
const TURKISH: &str = "ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'tr' LOCALE 'C'";

fn gitlab_as(options: &str) -> Option<Gitlab> {
    let cluster = Cluster::shared()?;
    let database = cluster.database_as(options, &Cluster::gitlab_statements());
    Some(Gitlab::beside(database))
}

#[test]
fn a_name_that_the_encoding_does_not_have_is_a_missing_one() {
    for options in [SQL_ASCII, LATIN1] {
        let Some(gitlab) = gitlab_as(options) else { return };
        let run = |line: &str| gitlab.reader.run(line);
        let missing = run("--as nobody-at-all list").assert(4).stderr.clone();
        let ran = run("--as иван list");
        assert_eq!(ran.assert(4).stderr.replace("иван", "nobody-at-all"), missing);
        run("--as root list --user иван").assert(4);
        run("--as root deploy-tokens list --project тест/проект").assert(4);
        let all = run("--as root list -o ids").assert(0).ids();
        assert_eq!(run("--as root list --search тест -o ids").assert(0).stdout, "");
        assert_eq!(run("--as root list --scope тест -o ids").assert(0).stdout, "");
        let some = run("--as root list --scope api -o ids").assert(0).ids();
        assert_eq!(run("--as root list --scope api --scope тест -o ids").assert(0).ids(), some);
        assert_eq!(run("--as root list --except-scope тест -o ids").assert(0).ids(), all);
        // What both have is found.
        gitlab.database.sql("UPDATE personal_access_tokens SET name = 'Jalapeño' WHERE id = 1");
        let ran = run("--as root list --search ñ -o json");
        assert_eq!(ran.assert(0).json()[0]["name"], "Jalapeño", "{options}: {ran}");
        let ran = gitlab.revoker.run("--as root revoke --search ñ --reason тест --yes -o ids");
        assert_eq!(ran.assert(0).ids(), [1], "{options}");
    }
}

#[test]
fn bytes_that_mean_nothing_are_named_and_the_rest_is_served() {
    let Some(gitlab) = gitlab_as(SQL_ASCII) else { return };
    let all = gitlab.reader.run("--as root list -o ids").assert(0).ids();
    gitlab.database.sql(r"UPDATE personal_access_tokens SET name = E'\xff\xfe' WHERE id = 2");
    for format in ["csv", "json", "table", "ids"] {
        let ran = gitlab.reader.run(&format!("--as root list -o {format}"));
        ran.assert(1).says(&["personal access token 2 is left out: name is not UTF-8 text"]);
        if format == "ids" {
            let rest: Vec<_> = all.iter().copied().filter(|id| *id != 2).collect();
            assert_eq!(ran.ids(), rest);
        }
    }
    gitlab.revoker.run("--as root revoke 1 2 --yes -o ids").assert(1).says(&["token 2"]);
    gitlab.assert_outcomes(&[(1, "revoked")]);
}

#[test]
fn scopes_with_letters_that_are_escaped_are_found() {
    for options in [SQL_ASCII, LATIN1, "ENCODING 'UTF8' LOCALE 'C'"] {
        let Some(store) = App::JupyterHub.server_as(options) else { return };
        store.sql(
            r#"UPDATE api_tokens SET scopes = '["read:users", "access:servers!user=\u0442\u0435\u0441\u0442"]'
                   WHERE id = 1;
               UPDATE api_tokens SET scopes = '["access:servers!user=\u00fc"]' WHERE id = 2;
               UPDATE api_tokens SET scopes = '["access:servers!user=\u00FC"]' WHERE id = 3;
               UPDATE api_tokens SET scopes = '["\ud83d\ude00"]' WHERE id = 4;
               UPDATE api_tokens SET scopes = '[broken' WHERE id = 5;"#,
        );
        for (scope, expected) in [
            ("access:servers!user=тест", vec![1]),
            ("access:servers!user=ü", vec![2, 3]),
            ("😀", vec![4]),
        ] {
            let ran = store.run(&format!("--as olive list --scope {scope} -o ids"));
            ran.assert(1).says(&["token 5 is left out"]);
            assert_eq!(ran.ids(), expected, "{options}: {scope}");
        }
        let ran = store.run("--as olive list --scope read:users -o ids");
        assert!(ran.ids().starts_with(&[1]), "{options}: {ran}");
        let ran = store.run("--as root show 4 -o json");
        assert_eq!(ran.assert(0).json()["scopes"][0], "😀");
    }
}

#[test]
fn a_turkish_collation_has_the_letters_of_ascii() {
    let Some(gitlab) = gitlab_as(TURKISH) else { return };
    gitlab.database.sql(
        "UPDATE users SET username = 'Iris.INGRID' WHERE username = 'olive';
         UPDATE personal_access_tokens SET name = 'MAIN CI' WHERE id = 1",
    );
    let run = |line: &str| gitlab.reader.run(line);
    let own = run("--as Iris.INGRID list -o ids").assert(0).ids();
    assert!(!own.is_empty());
    for name in ["iris.ingrid", "IRIS.ingrid"] {
        assert_eq!(run(&format!("--as {name} list -o ids")).assert(0).ids(), own);
        let ran = run(&format!("--as root list --user {name} --impersonation=false -o ids"));
        assert_eq!(ran.assert(0).ids(), own);
    }
    assert_eq!(run("--as root list --search 'MAIN CI' -o ids").assert(0).ids(), [1]);
    gitlab.database.sql(
        "UPDATE routes SET path = 'TOP/INNER' WHERE source_type = 'Project' AND source_id = 1",
    );
    let by_id = run("--as root deploy-tokens list --project 1 -o ids").assert(0).ids();
    for path in ["TOP/INNER", "top/inner"] {
        let ran = run(&format!("--as root deploy-tokens list --project {path} -o ids"));
        assert_eq!(ran.assert(0).ids(), by_id);
    }
    let Some(gitea) = App::Gitea.server_as(TURKISH) else { return };
    gitea.sql("UPDATE \"user\" SET name = 'Iris', lower_name = 'iris' WHERE lower_name = 'olive'");
    for name in ["Iris", "IRIS", "iris"] {
        let ran = gitea.run(&format!("--as root list --user {name} -o ids"));
        assert!(!ran.assert(0).ids().is_empty(), "{name}");
    }
    let Some(hub) = App::JupyterHub.server_as(TURKISH) else { return };
    hub.sql("UPDATE users SET name = 'Iris' WHERE name = 'olive'");
    for name in ["Iris", "IRIS", "iris"] {
        let ran = hub.run(&format!("--as root list --user {name} -o ids"));
        assert!(!ran.assert(0).ids().is_empty(), "{name}");
    }
}

/// A column may have a collation of its own, by which letters are others, or texts are equal
/// that are not the same.
#[test]
fn the_collation_of_a_column_has_no_say() {
    for collation in [
        "provider = icu, locale = 'tr'",
        "provider = icu, locale = 'und-u-ks-level1', deterministic = false",
        "provider = icu, locale = 'und-u-ka-shifted', deterministic = false",
    ] {
        let Some(plain) = gitlab_as("ENCODING 'UTF8' LOCALE 'C'") else { return };
        let Some(other) = gitlab_as("ENCODING 'UTF8' LOCALE 'C'") else { return };
        other.database.sql(&format!(
            "CREATE COLLATION odd ({collation}); DROP INDEX index_routes_on_path_text_pattern_ops"
        ));
        for (table, column) in [
            ("users", "username"),
            ("routes", "path"),
            ("personal_access_tokens", "name"),
            ("personal_access_tokens", "scopes"),
            ("deploy_tokens", "name"),
        ] {
            let kind = if column == "scopes" { "text" } else { "varchar" };
            other
                .database
                .sql(&format!("ALTER TABLE {table} ALTER {column} TYPE {kind} COLLATE odd"));
        }
        for gitlab in [&plain, &other] {
            gitlab.database.sql(
                "UPDATE users SET username = 'Iris.INGRID' WHERE username = 'olive';
                 UPDATE users SET username = 'resume' WHERE username = 'sam';
                 UPDATE personal_access_tokens SET name = 'MAIN CI' WHERE id = 1;
                 UPDATE personal_access_tokens SET scopes = E'---\n- API\n' WHERE id = 2",
            );
        }
        for line in [
            "--as IRIS.ingrid list -o ids",
            "--as résumé list -o ids",
            "--as irisingrid list -o ids",
            "--as root list --user iris.ingrid -o ids",
            "--as root list --user RÉSUMÉ -o ids",
            "--as root list --search 'main ci' -o ids",
            "--as root list --search máin -o ids",
            "--as root list --scope api -o ids",
            "--as root list --except-scope api --sort name_asc -o ids",
            "--as root deploy-tokens list --project TOP/INNER -o ids",
            "--as root deploy-tokens list --search CI --sort name_desc -o ids",
        ] {
            let [expected, found] = [&plain, &other].map(|it| {
                let ran = it.reader.run(line);
                (ran.status, ran.stdout, ran.stderr.replace(&it.database.name, ""))
            });
            assert_eq!(found, expected, "{collation}: {line}");
        }
    }
    // Where a column has none, its index serves.
    let Some(gitlab) = gitlab_as("ENCODING 'UTF8' LOCALE 'C'") else { return };
    let plan = gitlab.database.sql(
        "SET enable_seqscan = off; EXPLAIN SELECT FROM users u
         WHERE lower(u.username::text COLLATE \"default\") = lower('x' COLLATE \"default\")",
    );
    assert!(plan.contains("Index Cond: (lower((username)::text) = 'x'::text)"), "{plan}");
    let Some(gitea) = App::Gitea.server_as("ENCODING 'UTF8' LOCALE 'C'") else { return };
    gitea.sql(
        "CREATE COLLATION odd (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
         ALTER TABLE \"user\" ALTER lower_name TYPE varchar COLLATE odd;
         ALTER TABLE access_token ALTER name TYPE varchar COLLATE odd,
             ALTER scope TYPE varchar COLLATE odd",
    );
    gitea.run("--as OLIVE list -o ids").assert(0);
    gitea.run("--as ólive list -o ids").assert(4);
    gitea.run("--as root list --search a --scope read:user -o ids").assert(0);
}
