//! Rows that an application may have and hardly ever has: times beyond the calendar, no time
//! at all, other forms of time, ids that are no numbers. They are shown, sorted, filtered, and
//! above all revocable.

use serde_json::{Value, json};

use crate::support::Transcript;
use crate::support::apps::{App, Foreign};
use crate::support::gitlab::Gitlab;

fn values(ran: &Transcript, key: &str) -> Vec<Value> {
    let rows = ran.assert(0).json();
    rows.as_array().expect("rows").iter().map(|row| row[key].clone()).collect()
}

fn ids(ran: &Transcript) -> Vec<i64> {
    ran.assert(0).ids()
}

#[test]
fn an_id_that_two_rows_have_is_named_and_nothing_is_revoked() {
    let store = App::Gitea.file();
    store.sql(
        "ALTER TABLE access_token RENAME TO kept;
         CREATE TABLE access_token AS SELECT * FROM kept;
         INSERT INTO access_token SELECT * FROM kept WHERE id = 2",
    );
    let before = store.content();
    let ran = store.recorded("--as root revoke 1 2 4 --yes");
    ran.assert(1).says(&["0 of 3 ids done: two rows have the id 2"]);
    assert_eq!(store.content(), before, "{ran}");
    store.recorded("--as root revoke 1 4 --yes").assert(0);
}

#[test]
fn dates_beyond_the_calendar_are_what_they_are() {
    let Some(gitlab) = Gitlab::new() else { return };
    gitlab.database.sql(
        "DELETE FROM personal_access_tokens WHERE id > 6;
         UPDATE personal_access_tokens SET revoked = false, impersonation = false;
         UPDATE personal_access_tokens SET expires_at = '20240-05-01' WHERE id = 1;
         UPDATE personal_access_tokens SET expires_at = 'infinity' WHERE id = 2;
         UPDATE personal_access_tokens SET expires_at = '-infinity' WHERE id = 3;
         UPDATE personal_access_tokens SET expires_at = '0044-03-15 BC' WHERE id = 4;
         UPDATE personal_access_tokens SET expires_at = '9999-12-31' WHERE id = 5;
         UPDATE personal_access_tokens SET expires_at = NULL WHERE id = 6;
         UPDATE personal_access_tokens SET created_at = '20240-05-01 01:02:03.004' WHERE id = 1;
         UPDATE personal_access_tokens SET last_used_at = 'infinity' WHERE id = 2;
         UPDATE personal_access_tokens SET last_used_at = '-infinity' WHERE id = 3;",
    );
    let run = |line: &str| gitlab.reader.run(&format!("--as root {line}"));
    let listed = run("list -o json");
    assert_eq!(
        values(&listed, "expires_at"),
        [
            json!("20240-05-01"),
            json!(null),
            json!("-infinity"),
            json!("-0043-03-15"),
            json!("9999-12-31"),
            json!(null)
        ]
    );
    assert_eq!(values(&listed, "expired")[2..4], [true, true]);
    assert_eq!(values(&listed, "created_at")[0], "20240-05-01T01:02:03.004Z");
    assert_eq!(values(&listed, "last_used_at")[1..3], ["infinity", "-infinity"]);
    for (line, expected) in [
        ("list --sort expires_asc", vec![3, 4, 5, 1, 2, 6]),
        ("list --sort expires_desc", vec![6, 2, 1, 5, 4, 3]),
        ("list --expired", vec![3, 4]),
        ("list --no-expiry", vec![2, 6]),
        ("list --no-expiry=false", vec![1, 3, 4, 5]),
        ("list --expires-after 9999-12-31", vec![1, 5]),
        ("list --expires-before 9999-12-31", vec![3, 4]),
        ("list --created-after 9999-01-01", vec![1]),
        ("list --last-used-before 1970-01-01", vec![3]),
        ("list --last-used-after 9999-01-01", vec![2]),
    ] {
        assert_eq!(ids(&run(&format!("{line} -o ids"))), expected, "{line}");
    }
    // At a terminal's table too.
    assert!(run("list").assert(0).stdout.contains("20240-05-01"));
    let ran = gitlab.revoker.run("--as root revoke 1 2 3 4 5 6 --yes -o ids");
    assert_eq!(ids(&ran), [1, 2, 3, 4, 5, 6], "{ran}");
    // A list that was written and read again fits.
    let reviewed = run("list -o csv").stdout;
    let ran = gitlab.revoker.run_with_input("--as root revoke - --yes -o csv", &reviewed);
    assert_eq!(ran.assert(0).stdout.matches("already_revoked").count(), 6, "{ran}");
}

#[test]
fn a_deploy_token_may_expire_at_the_end_of_time() {
    let Some(gitlab) = Gitlab::new() else { return };
    gitlab.database.sql("UPDATE deploy_tokens SET expires_at = 'infinity' WHERE id = 1");
    let shown = gitlab.reader.run("--as root deploy-tokens show 1 -o json");
    assert_eq!(shown.assert(0).json()["expires_at"], json!(null));
    let listed = ids(&gitlab.reader.run("--as root deploy-tokens list --no-expiry -o ids"));
    assert!(listed.contains(&1), "{listed:?}");
}

/// Some tokens without a time of creation, and with times in other forms.
fn odd(app: App) -> Vec<Foreign> {
    let stores = app.stores();
    for store in &stores {
        store.sql(match app {
            App::JupyterHub => "UPDATE api_tokens SET created = NULL WHERE id IN (1, 4)",
            App::Gitea | App::Forgejo => {
                "UPDATE access_token SET created_unix = NULL WHERE id IN (1, 4);
                 UPDATE access_token SET created_unix = 9223372036854775807 WHERE id = 5"
            }
        });
        if app == App::JupyterHub && store.is_file() {
            store.sql(
                "UPDATE api_tokens SET created = '2023-06-01T00:00:00.000000' WHERE id = 2;
                 UPDATE api_tokens SET created = '2023-01-01 00:00:00' WHERE id = 3;
                 UPDATE api_tokens SET expires_at = '2024-03-15T11:00:00' WHERE id = 2",
            );
        }
    }
    stores
}

#[test]
fn a_token_without_a_time_of_creation_is_shown_and_revoked() {
    for app in [App::JupyterHub, App::Gitea] {
        for store in odd(app) {
            let shown = store.run("--as root show 1 -o json").assert(0).json();
            assert_eq!(shown["created_at"], json!(null));
            let all = ids(&store.run("--as root list -o ids"));
            let created = ["--created-after 0001-01-01", "--created-before 9999-01-01"]
                .map(|flag| ids(&store.run(&format!("--as root list {flag} -o ids"))));
            assert!(all.contains(&1) && all.contains(&4));
            assert!(created.iter().all(|it| !it.contains(&1) && !it.contains(&4)), "{created:?}");
            let sorted = ids(&store.run("--as root list --sort created_asc -o ids"));
            assert_eq!(sorted[sorted.len() - 2..], [1, 4]);
            let sorted = ids(&store.run("--as root list --sort created_desc -o ids"));
            assert_eq!(sorted[..2], [4, 1]);
            assert_eq!(ids(&store.recorded("--as root revoke 1 --yes -o ids")), [1]);
            let ran = store.recorded("--as root revoke --user olive --yes -o ids");
            assert!(ids(&ran).contains(&4), "{ran}");
        }
    }
}

#[test]
fn times_in_other_forms_are_compared_as_times() {
    for store in odd(App::JupyterHub).into_iter().filter(Foreign::is_file) {
        let shown = store.run("--as root show 2 -o json").assert(0).json();
        assert_eq!(shown["created_at"], "2023-06-01T00:00:00.000Z");
        assert_eq!(shown["expired"], true);
        let run = |flags: &str| ids(&store.run(&format!("--as olive list {flags} -o ids")));
        let at = run("--created-after 2023-06-01 --created-before 2023-06-01");
        assert_eq!(at, [2]);
        let at = run("--created-after 2023-01-01 --created-before 2023-01-01");
        assert_eq!(at, [3]);
        assert!(run("--expired").contains(&2));
    }
    for store in odd(App::Gitea) {
        // The calendar ends before the number does.
        let shown = store.run("--as root show 5 -o json").assert(0).json();
        assert_eq!(shown["created_at"], "infinity");
        assert_eq!(ids(&store.recorded("--as root revoke 5 --yes -o ids")), [5]);
    }
}

#[test]
fn a_row_whose_id_is_no_number_is_named_by_what_it_has() {
    let store = App::Gitea.file();
    store.sql(
        "ALTER TABLE access_token RENAME TO t2;
         CREATE TABLE access_token AS SELECT * FROM t2;
         UPDATE access_token SET id = 'seven' WHERE id = 7;
         UPDATE access_token SET id = NULL WHERE id = 8",
    );
    for line in ["list", "list -o json", "list -o ids"] {
        let ran = store.run(&format!("--as root {line}"));
        ran.assert(1).says(&["token 'seven' is left out", "token without an id is left out"]);
    }
    let ran = store.recorded("--as root revoke --user sam --yes -o ids");
    ran.assert(1).says(&["token 'seven' is left out", "token without an id is left out"]);
    assert_eq!(store.value("SELECT count(*) FROM access_token WHERE uid = 3"), "2");
}

#[test]
fn a_token_that_the_application_puts_back_is_told_of() {
    for store in App::JupyterHub.stores() {
        store.sql("UPDATE api_tokens SET note = 'from config' WHERE id IN (1, 4)");
        let ran = store.recorded("--as root revoke 1 2 4 --yes");
        ran.assert(0).says(&["2 of them (1, 4) are given in the hub's configuration"]);
        let ran = store.recorded("--as root revoke 3 --yes");
        assert!(!ran.assert(0).stderr.contains("configuration"), "{ran}");
    }
}

#[test]
fn tokens_of_a_service_and_of_who_is_gone_can_be_chosen() {
    for store in App::JupyterHub.stores() {
        store.sql("UPDATE services SET name = 'Cull-Idle' WHERE id = 1");
        let of = |service: i64| -> Vec<i64> {
            let query = format!(
                "SELECT coalesce(string_agg(CAST(id AS text), ' ' ORDER BY id), '')
                 FROM api_tokens WHERE service_id = {service}"
            );
            store.value(&query).split_whitespace().map(|id| id.parse().expect(id)).collect()
        };
        assert_eq!(ids(&store.run("--as root list --user cull-idle -o ids")), of(1));
        let all = ids(&store.run("--as root list -o ids"));
        let rest: Vec<_> = all.into_iter().filter(|id| !of(1).contains(id)).collect();
        assert_eq!(ids(&store.run("--as root list --except-user Cull-Idle -o ids")), rest);
        // Nobody but an administrator learns what there is.
        store.run("--as olive list --user cull-idle").assert(4);
        store.run("--as root list --user cull").assert(4);
    }
    let store = App::Gitea.file();
    store.sql("DELETE FROM user WHERE id = 3");
    assert_eq!(ids(&store.run("--as root list --user 3 -o ids")), [7, 8]);
    let ran = store.run("--as root list --user 98");
    ran.assert(4);
    store.run("--as olive list --user 3").assert(4);
    assert_eq!(ids(&store.recorded("--as root revoke --user 3 --yes -o ids")), [7, 8]);
    store.run("--as root list --user 3").assert(4);
}

#[test]
fn later_columns_of_gitlab_count() {
    let Some(gitlab) = Gitlab::new() else { return };
    gitlab.database.sql(
        "ALTER TABLE personal_access_tokens ADD granular boolean NOT NULL DEFAULT false,
             ADD sudo boolean NOT NULL DEFAULT false;
         GRANT SELECT (granular, sudo) ON personal_access_tokens TO PUBLIC;
         UPDATE personal_access_tokens SET scopes = E'---\\n- api\\n' WHERE id IN (1, 2);
         UPDATE personal_access_tokens SET sudo = true WHERE id IN (1, 3);
         UPDATE personal_access_tokens SET scopes = E'--- []\\n' WHERE id = 3;
         UPDATE personal_access_tokens SET granular = true, scopes = E'---\\n- granular\\n'
             WHERE id = 4",
    );
    let scopes = |id: i64| {
        let ran = gitlab.reader.run(&format!("--as root show {id} -o json"));
        ran.assert(0).json()["scopes"].clone()
    };
    assert_eq!(
        [1, 2, 3, 4].map(scopes),
        [json!(["api", "sudo"]), json!(["api"]), json!(["api", "sudo"]), json!(["granular"])]
    );
    let ran = gitlab.reader.run("--as root list --scope sudo -o ids");
    ran.says(&["fine-grained tokens have the scope 'granular' only"]);
    assert!(ids(&ran).starts_with(&[1, 3]), "{ran}");
    let ran = gitlab.reader.run("--as root list -o ids");
    assert_eq!(ran.assert(0).stderr, "");
}
