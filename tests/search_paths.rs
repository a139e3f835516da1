//! Which schema's tables are used: the one that is asked for, and no other in its place.

use crate::planted_schemas::{gitea_in, run};
use crate::support::Sandbox;
use crate::support::apps::App;
use crate::support::postgres::{Bouncer, Cluster, Database, Options, READER, REVOKER};

/// A path that the URL asks for.
fn asked(path: &str) -> String {
    format!("&options=-csearch_path%3D{path}")
}

/// A copy of the application in `staging`, beside the original in `public`.
fn two_copies(cluster: &Cluster) -> Database {
    let database = cluster.database("gitea", &App::Gitea.on_a_server());
    database.sql(&gitea_in("staging"));
    database.sql("CREATE SCHEMA empty; GRANT USAGE ON SCHEMA empty TO PUBLIC");
    database
}

fn tokens(database: &Database) -> String {
    database.sql("SELECT count(*) FROM public.access_token")
}

/// A schema of views that leave a line in the log when they are read.
const OBSERVED: &str = "
    CREATE SCHEMA m; GRANT USAGE ON SCHEMA m TO PUBLIC;
    GRANT ALL ON SCHEMA m TO mallory;
    ALTER SCHEMA m OWNER TO mallory;
    SET ROLE mallory;
    CREATE FUNCTION m.seen(text) RETURNS text LANGUAGE plpgsql AS
        'BEGIN RAISE LOG ''mallory as %'', current_user; RETURN $1; END';
    CREATE VIEW m.access_token AS SELECT 1::bigint AS id, 1::bigint AS uid, m.seen('x') AS name,
        ''::varchar AS scope, ''::varchar AS token_last_eight,
        0::bigint AS created_unix, 0::bigint AS updated_unix;
    CREATE VIEW m.\"user\" AS SELECT 1::bigint AS id, m.seen('root') AS name,
        'root'::varchar AS lower_name, true AS is_admin, true AS is_active,
        false AS prohibit_login, 0 AS type;
    GRANT SELECT ON m.access_token, m.\"user\" TO PUBLIC;
    RESET ROLE;";

#[test]
fn no_other_schema_stands_for_the_one_that_is_asked_for() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = two_copies(cluster);
    database.sql("DROP SCHEMA staging CASCADE; CREATE SCHEMA staging");
    let role = format!("\"{REVOKER}\"");
    let granted = format!("GRANT USAGE ON SCHEMA staging TO {REVOKER}");
    for (change, path, says) in [
        ("", "staging", format!("the role {role} may not use schema \"staging\"")),
        ("", "staging,public", format!("hint: GRANT USAGE ON SCHEMA \"staging\" TO {role}")),
        (&*granted, "staging", "in schema \"staging\", which the URL's options names".into()),
        ("", "stagin", "the database has no schema \"stagin\", which the URL's options".into()),
        ("", "stagin,public", "the database has no schema \"stagin\"".into()),
        ("", "Staging,%22Public%22", "the database has no schema \"Public\"".into()),
        ("", "empty,pg_catalog", "in schema \"empty\", which".into()),
        ("", "pg_catalog", "the URL's options names no schema".into()),
        ("", "%22$user%22", "which the URL's options names".into()),
    ] {
        database.sql(change);
        for line in ["list", "revoke 1 2 --yes"] {
            let ran = run(&database, REVOKER, &asked(path), &format!("--as root {line}"));
            assert_eq!(ran.assert(1).stdout, "", "{ran}");
            ran.says(&["cannot open store", &says]);
        }
    }
    assert_eq!(tokens(&database), "16");
    // What the role may use, in the order that is asked for, and the role's own if there is one.
    for path in ["public", "empty,public", "%22$user%22,public", "PUBLIC"] {
        let ran = run(&database, REVOKER, &asked(path), "--as root list -o ids");
        assert_eq!(ran.assert(0).ids().len(), 16, "{path}");
    }
    let by_variable = |options: &str| {
        let sandbox = Sandbox::without_store().with("TOKENCTL_DB", database.url(REVOKER));
        sandbox.with("PGOPTIONS", options).run("--as root list -o ids")
    };
    by_variable("-c geqo=off --search-path=stagin").assert(1).says(&["\"stagin\"", "PGOPTIONS"]);
    assert_eq!(by_variable("-c geqo=off").assert(0).ids().len(), 16);
}

#[test]
fn a_pooler_that_drops_what_is_asked_for_changes_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    let drops = "ignore_startup_parameters = options\n";
    let Some(bouncer) = Bouncer::with("transaction", drops, cluster) else { return };
    let database = two_copies(cluster);
    database.sql("DELETE FROM staging.access_token WHERE id > 2");
    let run = |path: &str, line: &str| {
        let url = format!("{}{}", bouncer.url(REVOKER, &database.name), asked(path));
        let sandbox = Sandbox::without_store().with("TOKENCTL_DB", url);
        sandbox.run(&format!("--as root --audit-log audit.jsonl {line}"))
    };
    assert_eq!(run("staging", "list -o ids").assert(0).ids(), [1, 2]);
    run("stagin", "revoke 1").assert(1).says(&["the database has no schema \"stagin\""]);
    assert_eq!(run("staging", "revoke 1 -o ids").assert(0).ids(), [1]);
    assert_eq!(tokens(&database), "16");
    assert_eq!(database.sql("SELECT count(*) FROM staging.access_token"), "1");
}

#[test]
fn a_path_that_is_set_is_left_only_where_nothing_of_it_fits() {
    let Some(cluster) = Cluster::start(&Options::default()) else {
        return;
    };
    let database = cluster.database("gitea", &App::Gitea.on_a_server());
    database.sql(&gitea_in("staging"));
    let set = |path: &str| {
        let name = &database.name;
        database.sql(&format!("ALTER DATABASE {name} SET search_path = {path}"));
    };
    let list = || run(&database, READER, "", "--as root list -o ids");
    database.sql("DELETE FROM staging.access_token WHERE id > 2");
    set("\"$user\", staging, nowhere");
    assert_eq!(list().assert(0).ids(), [1, 2]);
    // The role may not use it any more: the other is still not meant.
    database.sql("REVOKE USAGE ON SCHEMA staging FROM PUBLIC");
    list().assert(1).says(&["may not use schema \"staging\"", "hint: GRANT USAGE ON SCHEMA"]);
    // A path that leads to no application says nothing about where it is.
    set("nowhere, pg_catalog");
    assert_eq!(list().assert(0).ids().len(), 16);
}

#[test]
fn a_view_of_who_owns_the_schema_alone_is_not_read() {
    let Some(cluster) = Cluster::start(&Options::default()) else {
        return;
    };
    cluster.sql("postgres", "CREATE ROLE mallory");
    let database = cluster.database("gitea", &App::Gitea.on_a_server());
    database.sql(&format!(
        "CREATE SCHEMA hidden; ALTER TABLE access_token SET SCHEMA hidden;
        ALTER TABLE \"user\" SET SCHEMA hidden; {OBSERVED}"
    ));
    for path in ["", &asked("m")] {
        let ran = run(&database, READER, path, "--as root list");
        assert_eq!(ran.assert(1).stdout, "", "{ran}");
        ran.says(&["is a view of mallory, who is neither a superuser nor the database's owner"]);
    }
    let log = std::fs::read_to_string(cluster.socket().join("log")).expect("the server's log");
    assert!(!log.contains("mallory as"), "{log}");
    // They who own the database may have one.
    let name = &database.name;
    database.sql(&format!("ALTER DATABASE {name} OWNER TO mallory"));
    run(&database, READER, "", "--as root list").assert(0);
}

#[test]
fn only_a_table_of_this_server_will_do() {
    let Some(cluster) = Cluster::shared() else { return };
    for (make, says) in [
        (
            "CREATE MATERIALIZED VIEW \"user\" AS SELECT * FROM kept",
            "user of schema \"public\" is a materialised view, and may show",
        ),
        (
            "CREATE EXTENSION postgres_fdw;
             CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
             CREATE FOREIGN TABLE \"user\" () INHERITS (kept) SERVER elsewhere;
             ALTER FOREIGN TABLE \"user\" NO INHERIT kept",
            "user of schema \"public\" is a foreign table, or has a part that is one",
        ),
        (
            "CREATE EXTENSION postgres_fdw;
             CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
             CREATE TABLE \"user\" (LIKE kept) PARTITION BY RANGE (id);
             CREATE FOREIGN TABLE part PARTITION OF \"user\" DEFAULT SERVER elsewhere",
            "user of schema \"public\" is a foreign table, or has a part that is one",
        ),
        (
            "CREATE TABLE \"user\" (LIKE kept); CREATE TABLE child () INHERITS (\"user\");
             INSERT INTO \"user\" SELECT * FROM kept; INSERT INTO child SELECT * FROM kept",
            "user of schema \"public\" is a table that others inherit from",
        ),
    ] {
        let database = cluster.database("gitea", &App::Gitea.on_a_server());
        database.sql(&format!(
            "ALTER TABLE \"user\" RENAME TO kept; {make}; GRANT SELECT ON \"user\" TO PUBLIC"
        ));
        for line in ["list", "revoke 1"] {
            let ran = run(&database, REVOKER, "", &format!("--as root {line}"));
            assert_eq!(ran.assert(1).stdout, "", "{ran}");
            ran.says(&[says]);
        }
    }
}

#[test]
fn what_a_session_of_a_pool_is_left_with_is_no_matter() {
    let Some(cluster) = Cluster::shared() else { return };
    let Some(bouncer) = Bouncer::start(cluster) else { return };
    let database = cluster.database("gitea", &App::Gitea.on_a_server());
    let url = bouncer.url(READER, &database.name);
    let list = || Sandbox::without_store().with("TOKENCTL_DB", &url).run("--as root list -o ids");
    assert_eq!(list().assert(0).ids().len(), 16);
    // As superuser the session would be another's.
    let mut other = postgres::Client::connect(&url, postgres::NoTls).expect("a session");
    for _ in 0..4 {
        let leak = "DECLARE tokenctl_rows CURSOR WITH HOLD FOR SELECT 1";
        let _ = other.batch_execute(leak);
    }
    assert_eq!(list().assert(0).ids().len(), 16);
}

#[test]
fn an_error_that_is_expected_does_not_end_the_session() {
    let Some(cluster) = Cluster::shared() else { return };
    let options = "ENCODING 'LATIN1' LOCALE 'C'";
    let database = cluster.database_as(options, &App::Gitea.on_a_server());
    let role = format!("{READER} IN DATABASE {}", database.name);
    database.sql(&format!("ALTER ROLE {role} SET exit_on_error = on"));
    run(&database, READER, "", "--as иван list").assert(4);
    let ran = run(&database, READER, "", "--as root list --user иван --user olive -o ids");
    ran.assert(4);
}
