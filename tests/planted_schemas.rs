//! What somebody without any rights can plant in a server's database, where they may create
//! objects in a schema of the search path, as everybody may up to PostgreSQL 14: none of it
//! runs, stands for something of the application, or is even named.

use std::fs;

use crate::support::apps::App;
use crate::support::postgres::{
    Cluster, Database, GITLAB, GITLAB_FIXTURE, Options, READER, REVOKER, ROLES, grants,
};
use crate::support::{Sandbox, Transcript};

/// A server whose log has each statement, and every call of a planted function.
fn cluster() -> Option<Cluster> {
    let settings = [("log_statement", "all"), ("log_line_prefix", "%a@%d|")];
    let cluster = Cluster::start(&Options { settings: &settings, ..Options::default() })?;
    cluster.sql("postgres", "CREATE ROLE mallory; CREATE ROLE app");
    Some(cluster)
}

/// GitLab, JupyterHub, Gitea and Forgejo, in tables of the role `app`.
fn applications() -> impl Iterator<Item = (&'static str, String)> {
    let gitlab = format!("{GITLAB}{GITLAB_FIXTURE}{}", grants(ROLES));
    let others = [("hub", App::JupyterHub), ("gitea", App::Gitea), ("forgejo", App::Forgejo)];
    let others = others.map(|(name, app)| (name, app.on_a_server()));
    let all = [("gitlab", gitlab)].into_iter().chain(others);
    all.map(|(name, statements)| (name, format!("{statements}{OWNED}")))
}

/// Gives every table to the application, and everybody a place in two schemas.
const OWNED: &str = "
    DO $$ DECLARE it record; BEGIN
        FOR it IN SELECT relname FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        LOOP
            EXECUTE format('ALTER TABLE %I OWNER TO app', it.relname);
        END LOOP;
    END $$;
    CREATE SCHEMA other;
    GRANT ALL ON SCHEMA public, other TO PUBLIC;";

/// A better match than PostgreSQL's own for every operator and function of our statements, and
/// tables, views and types of their names. They answer what serves best, and leave a line in the
/// log, which they can in a transaction that only reads too.
const PLANTED: &str = r#"
    SET ROLE mallory;
    DO $plant$ DECLARE
        place text; one text; other text; it record; as_text text;
    BEGIN
    FOREACH place IN ARRAY '{public,other}'::text[] LOOP
        EXECUTE format('CREATE FUNCTION %I.planted(what text) RETURNS text LANGUAGE plpgsql AS $f$
            BEGIN RAISE LOG ''planted: %% ran as %%'', what, current_user; RETURN what; END $f$', place);
        FOR one, other IN SELECT a, b FROM
            unnest('{varchar,text,int2,int4,int8,bool,name,timestamp,timestamptz,date}'::text[]) a,
            unnest('{varchar,text,int2,int4,int8,bool,name,timestamp,timestamptz,date}'::text[]) b
        LOOP
            FOREACH as_text IN ARRAY '{=,<>,<,>,<=,>=,~,||}'::text[] LOOP
                EXECUTE format('CREATE FUNCTION %1$I.%2$I(%3$s, %4$s) RETURNS boolean LANGUAGE plpgsql
                    AS $f$ BEGIN PERFORM %1$I.planted(%2$L); RETURN true; END $f$',
                    place, 'operator ' || as_text || one || other, one, other);
                EXECUTE format('CREATE OPERATOR %1$I.%2$s (FUNCTION = %1$I.%3$I, LEFTARG = %4$s,
                    RIGHTARG = %5$s)',
                    place, as_text, 'operator ' || as_text || one || other, one, other);
            END LOOP;
        END LOOP;
        FOR it IN SELECT * FROM (VALUES
            ('lower', '{varchar,text,name}'::text[], 'text', '''root'''),
            ('now', '{""}', 'timestamptz', '''2000-01-01'''),
            ('strpos', '{"varchar,text","varchar,varchar","text,text"}', 'int', '1'),
            ('replace', '{"varchar,text,text","text,text,text"}', 'text', '''["admin"]'''),
            ('btrim', '{"varchar,text","text,text"}', 'text', '''admin'''),
            ('substr', '{"varchar,int","text,int"}', 'text', '''admin'''),
            ('concat_ws', '{"text,text,text,text,text,text,text,text"}', 'text', '''admin'''),
            ('unnest', '{bigint[],int[]}', 'SETOF bigint', 'NULL'),
            ('string_to_array', '{"varchar,text","text,text"}', 'text[]', 'NULL'),
            ('regexp_replace', '{"varchar,text,text,text","text,text,text,text"}', 'text', 'NULL'),
            ('regexp_split_to_array', '{"text,text"}', 'text[]', 'NULL'),
            ('jsonb_array_elements_text', '{jsonb}', 'SETOF text', 'NULL'),
            ('current_database', '{""}', 'name', '''planted'''),
            ('set_config', '{"text,text,boolean"}', 'text', 'NULL'),
            ('current_setting', '{text,"text,boolean"}', 'text', 'NULL'),
            ('has_schema_privilege', '{"oid,text"}', 'boolean', 'true'),
            ('txid_current_if_assigned', '{""}', 'bigint', '7'),
            ('pg_control_system', '{""}', 'TABLE (system_identifier bigint)', '7'),
            ('pg_is_in_recovery', '{""}', 'boolean', 'false')
        ) AS f (name, arguments, returns, value) LOOP
            FOREACH one IN ARRAY it.arguments LOOP
                EXECUTE format('CREATE FUNCTION %1$I.%2$s(%3$s) RETURNS %4$s LANGUAGE plpgsql AS $f$
                    BEGIN PERFORM %1$I.planted(%2$L); %5$s; END $f$', place, it.name, one, it.returns,
                    CASE WHEN it.returns ~ 'SETOF|TABLE' THEN 'RETURN' ELSE 'RETURN ' || it.value END);
            END LOOP;
        END LOOP;
        FOREACH one IN ARRAY '{text,jsonb,date,int8,bool,timestamptz}'::text[] LOOP
            EXECUTE format('CREATE DOMAIN %I.%I AS pg_catalog.varchar
                CHECK (planted(''type'') IS NOT NULL)', place, one);
        END LOOP;
        EXECUTE format('CREATE COLLATION %I."C" FROM "C"', place);
        -- A type of theirs with casts from and to what columns have.
        EXECUTE format('CREATE TYPE %I.thing AS (x pg_catalog.text)', place);
        FOREACH one IN ARRAY '{varchar,text,int8}'::text[] LOOP
            EXECUTE format('CREATE FUNCTION %1$I.cast_it(pg_catalog.%2$s) RETURNS %1$I.thing LANGUAGE plpgsql
                AS $f$ BEGIN PERFORM %1$I.planted(''cast''); RETURN NULL; END $f$', place, one);
        END LOOP;
    END LOOP;
    FOREACH one IN ARRAY '{varchar,text,int8}'::text[] LOOP
        EXECUTE format('CREATE CAST (pg_catalog.%1$s AS public.thing)
            WITH FUNCTION public.cast_it(pg_catalog.%1$s) AS IMPLICIT', one);
    END LOOP;
    -- What the application has, before it in the path, and what it has not, beside its tables.
    FOREACH one IN ARRAY '{users,user,members,namespaces,projects,routes,roles,services,user_role_map,
        oauth_clients,access_token,api_tokens,personal_access_tokens,deploy_tokens,pg_settings,pg_class,
        group_role_map,user_group_map,access_token_resource_repo}'::text[]
    LOOP
        -- No copy of an application.
        EXECUTE format('CREATE VIEW other.%I AS SELECT planted(''view'')::varchar AS id', one);
        IF to_regclass(format('public.%I', one)) IS NULL THEN
            EXECUTE format('CREATE VIEW public.%I AS SELECT 0 AS id, 0 AS token_id, 4 AS role_id,
                1 AS group_id, 2 AS user_id, planted(''view'') AS identifier,
                planted(''view'') AS description', one);
            EXECUTE format('GRANT ALL ON public.%I TO PUBLIC', one);
        END IF;
    END LOOP;
    END $plant$;
    GRANT ALL ON ALL TABLES IN SCHEMA other TO PUBLIC;"#;

/// Commands that ask for everything there is, and at last change something.
fn commands(name: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for user in ["root", "olive", "bo", "dee", "3"] {
        for command in [
            "list -o json",
            "list --search 'ci' --scope api --except-scope sudo --user-type human -o ids",
            "list --unused-for 90d --created-before now --user @me -o ids",
            "show 1 -o json",
            "revoke -n 1 2 3 7 -o csv",
        ] {
            lines.push(format!("--as {user} {command}"));
        }
        if name == "gitlab" {
            for command in [
                "list --expires-within 1y --user-type service_account -o json",
                "deploy-tokens list -o json",
                "deploy-tokens list --project top/app -o json",
                "deploy-tokens list --group 1 --active -o json",
            ] {
                lines.push(format!("--as {user} {command}"));
            }
            lines.push(format!("--as {user} deploy-tokens revoke 1 -o json"));
        }
        lines.push(format!("--as {user} revoke 4 9 --yes -o ids"));
    }
    lines
}

pub fn run(database: &Database, role: &str, path: &str, line: &str) -> Transcript {
    let url = format!("{}{path}", database.url(role));
    let sandbox = Sandbox::without_store().with("TOKENCTL_DB", url);
    let log = sandbox.home().join("audit.jsonl");
    sandbox.with("TOKENCTL_AUDIT_LOG", log).run(line)
}

/// What the server's log has of the program's sessions in a database.
fn logged(cluster: &Cluster, database: &Database) -> Vec<String> {
    let log = fs::read_to_string(cluster.socket().join("log")).expect("the server's log");
    let ours = format!("tokenctl@{}|", database.name);
    log.lines().filter_map(|line| line.strip_prefix(&ours).map(Into::into)).collect()
}

#[test]
fn what_is_planted_changes_nothing_and_never_runs() {
    let Some(cluster) = cluster() else { return };
    // Their schema first, and PostgreSQL's own objects last.
    let worst = "&options=-csearch_path%3Dother,public,pg_catalog";
    let ways = [(READER, ""), (READER, worst), (REVOKER, ""), (REVOKER, worst), ("postgres", "")];
    let mut found = Vec::new();
    for (name, mut statements) in applications() {
        if name == "hub" {
            // An older one. What is planted would make everybody an administrator.
            statements += "DROP TABLE group_role_map, user_group_map;";
        }
        let honest = cluster.database(name, &statements);
        let planted = cluster.database(name, &format!("{statements}{PLANTED}"));
        for (role, path) in ways {
            for line in commands(name) {
                let expected = run(&honest, role, "", &line).to_string();
                let said = run(&planted, role, path, &line).to_string();
                if said.replace(&planted.name, &honest.name) != expected {
                    found.push(format!("{name} as {role}, instead of\n{expected}\n{said}"));
                }
            }
        }
        let log = logged(&cluster, &planted);
        assert!(log.len() > 200, "{name}: {}", log.len());
        let tables = planted.sql(
            "SELECT string_agg(relname, ' ') FROM pg_class
             WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')",
        );
        let is_bare = |line: &&String| tables.split(' ').any(|it| names_bare(line, it));
        found.extend(log.iter().filter(|it| it.contains("LOG:  planted: ")).cloned());
        found.extend(log.iter().filter(|it| it.starts_with("LOG:")).filter(is_bare).cloned());
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Whether a statement names a table without its schema.
fn names_bare(statement: &str, table: &str) -> bool {
    // But for what stands in quotes.
    let statement = statement.split('\'').step_by(2).collect::<Vec<_>>().join("''");
    let is_of_name = |c: char| c.is_alphanumeric() || c == '_';
    statement.match_indices(table).any(|(at, _)| {
        let before = statement[..at].trim_end_matches('"');
        let after = &statement[at + table.len()..];
        let is_qualified = before.ends_with("\"public\".") || before.ends_with("pg_catalog.");
        !before.ends_with(is_of_name) && !after.starts_with(is_of_name) && !is_qualified
    })
}

/// Gitea's tables in a schema of the name.
pub fn gitea_in(schema: &str) -> String {
    format!(
        "CREATE SCHEMA {schema}; SET search_path = {schema}; GRANT USAGE ON SCHEMA {schema} TO PUBLIC;
         {}; SET search_path = public;",
        App::Gitea.on_a_server()
    )
}

#[test]
fn an_application_in_a_schema_of_its_own_is_found_there() {
    let Some(cluster) = cluster() else { return };
    for schema in ["gitea", "\"a \"\"Gitea\"\" @ home\""] {
        let public = cluster.database("gitea", &App::Gitea.on_a_server());
        let database = cluster.database("gitea", &gitea_in(schema));
        for line in ["--as root list -o json", "--as olive revoke 1 2 --yes -o ids"] {
            let expected = run(&public, REVOKER, "", line);
            let ran = run(&database, REVOKER, "", line);
            assert_eq!(ran.assert(0).stdout, expected.stdout);
        }
        assert_eq!(database.sql(&format!("SELECT count(*) FROM {schema}.access_token")), "14");
    }
}

#[test]
fn of_two_copies_the_operator_chooses() {
    let Some(cluster) = cluster() else { return };
    let both = [gitea_in("gitea"), App::Gitea.on_a_server()].concat();
    let database = cluster.database("gitea", &both);
    database.sql("DELETE FROM gitea.access_token WHERE id <> 3");
    let list = |path: &str| run(&database, READER, path, "--as root list -o ids");
    let refused = |path: &str| {
        list(path).assert(1).says(&[
            "\"gitea\" (Gitea or Forgejo, owned by postgres), \"public\" (Gitea",
            "?options=-csearch_path%3DNAME",
        ]);
    };
    refused("");
    refused("&options=-csearch_path%3Dgitea,public");
    assert_eq!(list("&options=-csearch_path%3Dgitea").assert(0).ids(), [3]);
    assert_eq!(list("&options=-csearch_path%3Dpublic").assert(0).ids().len(), 16);
    database
        .sql(&format!("ALTER ROLE {READER} IN DATABASE {} SET search_path = gitea", database.name));
    assert_eq!(list("").assert(0).ids(), [3]);
    // What one may not even look into is no candidate.
    database.sql(&format!(
        "ALTER ROLE {READER} IN DATABASE {} RESET ALL; REVOKE USAGE ON SCHEMA gitea FROM PUBLIC",
        database.name
    ));
    assert_eq!(list("").assert(0).ids().len(), 16);
}

#[test]
fn tables_of_another_owner_are_not_the_applications() {
    let Some(cluster) = cluster() else { return };
    for (name, statements) in applications() {
        let (table, columns) = match name {
            "gitlab" => ("routes", "0 AS source_id, '' AS source_type, '' AS path"),
            "hub" => ("services", "0 AS id, '' AS name"),
            _ => continue,
        };
        let database = cluster.database(name, &statements);
        database.sql(&format!(
            "DROP TABLE {table} CASCADE; SET ROLE mallory; CREATE VIEW {table} AS SELECT {columns}"
        ));
        let ran = run(&database, REVOKER, "", "--as root list");
        ran.assert(1).says(&[&format!("{table} of schema \"public\" is a view of mallory")]);
        database.sql(&format!(
            "DROP VIEW {table}; SET ROLE mallory; CREATE TABLE {table} AS SELECT {columns}"
        ));
        let ran = run(&database, REVOKER, "", "--as root list");
        let named = format!("table {table} of schema \"public\" belongs to mallory, and ");
        ran.assert(1).says(&[&named, " to app: ", "hint: if it is, give it the same owner"]);
        // One of the superuser's, who may do everything anyway.
        database.sql(&format!("DROP TABLE {table}; CREATE VIEW {table} AS SELECT {columns}"));
        let ran = run(&database, "postgres", "", "--as root list");
        ran.assert(0);
    }
}

#[test]
fn a_trigger_of_the_application_is_told_what_it_lacks() {
    let Some(cluster) = cluster() else { return };
    let database = cluster.database("gitea", &App::Gitea.on_a_server());
    database.sql(
        "CREATE TABLE gone (id bigint); GRANT INSERT ON gone TO PUBLIC;
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql
         AS 'BEGIN INSERT INTO gone VALUES (OLD.id); RETURN OLD; END';
         CREATE TRIGGER note BEFORE DELETE ON access_token FOR EACH ROW EXECUTE FUNCTION note()",
    );
    let ran = run(&database, REVOKER, "", "--as root revoke 1 -o ids");
    ran.assert(1).says(&["(SQLSTATE 42P01)", "hint: a function of the database names it"]);
    assert_eq!(database.sql("SELECT count(*) FROM access_token"), "16");
    database.sql("ALTER FUNCTION note() SET search_path = public");
    assert_eq!(run(&database, REVOKER, "", "--as root revoke 1 -o ids").assert(0).ids(), [1]);
    assert_eq!(database.sql("SELECT id FROM gone"), "1");
}

#[test]
fn another_applications_tables_beside_the_applications_are_not_taken_for_its_own() {
    let Some(cluster) = cluster() else { return };
    let plant = format!("GRANT ALL ON SCHEMA public TO mallory; SET ROLE mallory; {GITLAB}");
    for (app, schema) in [(App::Gitea, "gitea"), (App::Forgejo, "gitea")] {
        let database = cluster.database(schema, &app.on_a_server());
        database.sql(&plant);
        for line in ["list", "revoke 1"] {
            let ran = run(&database, REVOKER, "", &format!("--as root {line}"));
            ran.assert(1).says(&[
                "more than one schema may be the application's",
                "(GitLab, owned by mallory)",
                "(Gitea or Forgejo, owned by postgres)",
                "with --schema",
            ]);
        }
        run(&database, REVOKER, "", &format!("--schema {schema} --as root list")).assert(0);
    }
    // Where there is no application, either: a view runs what its maker likes.
    let database = cluster.database("empty", "CREATE TABLE unrelated (id bigint)");
    database.sql(&format!(
        "{plant}; ALTER TABLE users RENAME TO u2; CREATE VIEW users AS SELECT * FROM u2"
    ));
    let ran = run(&database, "postgres", "", "--as root list");
    ran.assert(1).says(&["users of schema \"public\" is a view of mallory"]);
}
