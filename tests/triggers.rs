//! Triggers and views that undo what was written: nothing is reported as revoked that
//! another statement of the same transaction finds alive.

use crate::support::Sandbox;
use crate::support::apps::{App, content_of, entries};
use crate::support::gitlab::Gitlab;

/// Ways to keep token 3 of a native store alive, and what is said of it.
const NATIVE: [(&str, &str); 3] = [
    (
        "CREATE TRIGGER undo AFTER UPDATE OF revoked ON personal_access_tokens WHEN NEW.id = 3
         BEGIN UPDATE personal_access_tokens SET revoked = 0 WHERE id = 3; END",
        "keeps token 3 from being revoked",
    ),
    (
        "CREATE TRIGGER swallow BEFORE INSERT ON audit_events WHEN NEW.target_id = 3
         BEGIN SELECT RAISE(IGNORE); END",
        "keeps the audit event of token 3 from being recorded",
    ),
    (
        "DROP TRIGGER audit_events_refuse_delete;
         CREATE TRIGGER lose AFTER INSERT ON audit_events WHEN NEW.target_id = 3
         BEGIN DELETE FROM audit_events WHERE id = NEW.id; END",
        "keeps the audit event of token 3 from being recorded",
    ),
];

#[test]
fn what_a_trigger_of_a_native_store_undoes_is_not_said_to_be_done() {
    for journal in ["WAL", "DELETE"] {
        for (obstacle, said) in NATIVE {
            let sandbox = Sandbox::new();
            let mode = format!("PRAGMA journal_mode = {journal};");
            let no_guard = "DROP TRIGGER personal_access_tokens_stay_revoked;";
            sandbox.sql(&format!("{mode} {no_guard} {obstacle}"));
            let before = content_of(&sandbox.connection());
            let ran = sandbox.run("--as root revoke 1 2 3 9 --yes -o json");
            ran.assert(1).says(&["0 of 4 ids done", said]);
            assert_eq!(ran.json(), serde_json::json!([]), "{obstacle}: {ran}");
            assert!(content_of(&sandbox.connection()) == before, "{obstacle}: {ran}");
            // The others are not in its way.
            sandbox.run("--as root revoke 1 2 9 --yes").assert(0);
        }
    }
}

#[test]
fn a_deploy_token_that_a_trigger_revives_is_not_said_to_be_revoked() {
    let sandbox = Sandbox::new();
    sandbox.sql(
        "DROP TRIGGER deploy_tokens_stay_revoked;
         CREATE TRIGGER undo AFTER UPDATE OF revoked ON deploy_tokens WHEN NEW.id = 2
         BEGIN UPDATE deploy_tokens SET revoked = 0 WHERE id = 2; END",
    );
    let before = content_of(&sandbox.connection());
    let ran = sandbox.run("--as root deploy-tokens revoke 1 2 --yes -o ids");
    assert_eq!(ran.assert(1).says(&["keeps token 2 from being revoked"]).stdout, "", "{ran}");
    assert!(content_of(&sandbox.connection()) == before, "{ran}");
}

#[test]
fn a_row_that_a_trigger_puts_back_is_not_said_to_be_deleted() {
    for app in [App::Gitea, App::Forgejo, App::JupyterHub] {
        for store in app.stores() {
            let table = app.table();
            store.sql(&if store.is_file() {
                format!(
                    "CREATE TRIGGER back AFTER DELETE ON {table} WHEN OLD.id = 4
                     BEGIN INSERT INTO {table} SELECT * FROM kept WHERE id = OLD.id; END;
                     CREATE TABLE kept AS SELECT * FROM {table}"
                )
            } else {
                format!(
                    "CREATE FUNCTION back() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
                     SET search_path = public AS
                     'BEGIN INSERT INTO {table} SELECT OLD.*; RETURN NULL; END';
                     CREATE TRIGGER back AFTER DELETE ON {table} FOR EACH ROW
                     WHEN (OLD.id = 4) EXECUTE FUNCTION back()"
                )
            });
            let before = store.content();
            let ran = store.recorded("--as root revoke 1 4 --yes -o json");
            ran.assert(1).says(&["0 of 2 ids done", "keeps token 4 from being revoked"]);
            assert_eq!(ran.json(), serde_json::json!([]), "{ran}");
            assert_eq!(store.content(), before, "{app:?}: {ran}");
            let ends = entries(&store.log()).into_iter().filter(|it| it["entry"] == "outcome");
            let ends: Vec<_> = ends.map(|entry| entry["outcome"].clone()).collect();
            assert_eq!(ends, ["not_revoked", "not_revoked"], "{app:?}");
        }
    }
}

#[test]
fn what_a_trigger_of_a_server_undoes_is_not_said_to_be_done() {
    let undo = "CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
                     SET search_path = public AS
        'BEGIN UPDATE personal_access_tokens SET revoked = false WHERE id = NEW.id;
         RETURN NULL; END';";
    for trigger in [
        "CREATE TRIGGER undo AFTER UPDATE ON personal_access_tokens FOR EACH ROW
         WHEN (NEW.id = 5 AND NEW.revoked) EXECUTE FUNCTION undo()",
        // At the end of the transaction.
        "CREATE CONSTRAINT TRIGGER undo AFTER UPDATE ON personal_access_tokens
         DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
         WHEN (NEW.id = 5 AND NEW.revoked) EXECUTE FUNCTION undo()",
        // A view in the place of the table, whose trigger claims to have done it.
        "ALTER TABLE personal_access_tokens RENAME TO t2;
         CREATE VIEW personal_access_tokens AS SELECT * FROM t2;
         GRANT SELECT, UPDATE ON personal_access_tokens TO tokenctl_revoke;
         CREATE FUNCTION claim() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
                     SET search_path = public AS
         'BEGIN IF NEW.id <> 5 THEN UPDATE t2 SET revoked = NEW.revoked WHERE id = NEW.id; END IF;
          RETURN NEW; END';
         CREATE TRIGGER claim INSTEAD OF UPDATE ON personal_access_tokens
         FOR EACH ROW EXECUTE FUNCTION claim()",
    ] {
        let Some(gitlab) = Gitlab::new() else { return };
        gitlab.database.sql(&format!("{undo} {trigger}"));
        let before = gitlab.content();
        let ran = gitlab.revoker.run("--as root revoke 1 5 --yes -o json");
        ran.assert(1).says(&["0 of 2 ids done", "keeps token 5 from being revoked"]);
        assert_eq!(ran.json(), serde_json::json!([]), "{ran}");
        assert_eq!(gitlab.content(), before, "{trigger}");
        gitlab.assert_outcomes(&[(1, "not_revoked"), (5, "not_revoked")]);
    }
}

/// The first is deferred, and is seen before the COMMIT. It defers the second again, which
/// only the COMMIT fires.
const REVIVING_AT_COMMIT: &str = "
    CREATE TABLE app_log (token bigint);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public AS
        'BEGIN SET CONSTRAINTS ALL DEFERRED; INSERT INTO app_log VALUES (NEW.id);
         RETURN NULL; END';
    CREATE FUNCTION revive() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public AS
        'BEGIN UPDATE personal_access_tokens SET revoked = false WHERE id = NEW.token;
         RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER note AFTER UPDATE ON personal_access_tokens
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
        WHEN (NEW.id IN (5, 6) AND NEW.revoked) EXECUTE FUNCTION note();
    CREATE CONSTRAINT TRIGGER revive AFTER INSERT ON app_log
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION revive()";

#[test]
fn what_only_the_commit_undoes_is_not_said_to_be_done() {
    let Some(gitlab) = Gitlab::new() else { return };
    gitlab.database.sql(REVIVING_AT_COMMIT);
    let ran = gitlab.revoker.run("--as root revoke 1 5 --yes -o json");
    ran.assert(1).says(&["1 of 2 ids done", "the database brought token 5 back"]);
    let rows = ran.json();
    let rows: Vec<_> = rows.as_array().expect("rows").iter().map(|row| &row["id"]).collect();
    assert_eq!(rows, [1], "{ran}");
    let revoked = "SELECT string_agg(id::text, ' ' ORDER BY id) FROM personal_access_tokens
                   WHERE revoked AND id IN (1, 5)";
    assert_eq!(gitlab.database.sql(revoked).trim(), "1", "{ran}");
    gitlab.assert_outcomes(&[(1, "revoked"), (5, "not_revoked")]);
    gitlab.assert_resolved();
}

/// What a trigger may say of a row, in SQLite. `RAISE` takes an expression since 3.47.
const TELLTALES: [&str; 3] = [
    "SELECT RAISE(ABORT, 'the digest is ' || OLD.token_digest)",
    "SELECT RAISE(FAIL, OLD.token_digest)",
    "SELECT json_extract('{}', OLD.token_digest)",
];

#[test]
fn what_a_trigger_says_of_a_row_is_not_repeated() {
    for telltale in TELLTALES {
        let sandbox = Sandbox::new();
        sandbox.sql(&format!(
            "UPDATE personal_access_tokens SET token_digest = 'digest-' || id;
             CREATE TRIGGER tell BEFORE UPDATE OF revoked ON personal_access_tokens
             BEGIN {telltale}; END"
        ));
        let before = content_of(&sandbox.connection());
        let ran = sandbox.run("--as root revoke 1 2 --yes -o json");
        ran.assert(1).says(&["0 of 2 ids done", "cannot write to the store", "(SQLite code "]);
        assert!(!ran.stderr.contains("digest-"), "{ran}");
        assert!(content_of(&sandbox.connection()) == before, "{ran}");
    }
}

#[test]
fn what_a_server_says_of_a_row_is_not_repeated() {
    // A trigger chooses its code; a lock that it makes up is tried again until the timeout.
    let raise =
        |code| format!("RAISE EXCEPTION USING MESSAGE = OLD.token_digest, ERRCODE = '{code}'");
    let raised = ["P0001", "22P02", "23505", "42501", "25006", "40001", "55P03", "57014", "XX000"];
    let tellings = raised.map(|code| (raise(code), code)).into_iter().chain([
        ("PERFORM OLD.token_digest::integer".into(), "22P02"),
        ("EXECUTE format('SELECT %I', OLD.token_digest)".into(), "42703"),
        ("RAISE WARNING '%', OLD.token_digest; PERFORM 1 / 0".into(), "22012"),
    ]);
    for (telling, code) in tellings {
        let Some(gitlab) = Gitlab::new() else { return };
        let quoted = telling.replace('\'', "''");
        gitlab.database.sql(&format!(
            "UPDATE personal_access_tokens SET token_digest = 'digest-' || id;
             CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
             'BEGIN {quoted}; RETURN NEW; END';
             CREATE TRIGGER tell BEFORE UPDATE ON personal_access_tokens
             FOR EACH ROW EXECUTE FUNCTION tell()"
        ));
        let before = gitlab.content();
        let ran = gitlab.revoker.run("--as root revoke 1 5 --yes --busy-timeout 1s -o json");
        let status = if ["40001", "55P03"].contains(&code) { 75 } else { 1 };
        ran.assert(status).says(&["0 of 2 ids done", &format!("(SQLSTATE {code})")]);
        assert!(!ran.stderr.contains("digest-"), "{ran}");
        assert_eq!(gitlab.content(), before, "{ran}");
    }
}
