//! What the tests on PostgreSQL stand on: servers that start, are alike GitLab's,
//! and are gone when their tests are.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use crate::support::postgres::{
    Bouncer, Certificates, Cluster, GITLAB, NEEDS_PASSWORD, Options, READER, REVOKER, wait_until,
};

#[test]
fn databases_of_one_text_are_copies_and_strangers_to_each_other() {
    let Some(cluster) = Cluster::shared() else { return };
    let text = "CREATE TABLE t (x integer); INSERT INTO t VALUES (1);";
    let one = cluster.database("copies", text);
    one.sql("UPDATE t SET x = 2");
    let other = cluster.database("copies", text);
    assert_ne!(one.name, other.name);
    assert_eq!(one.sql("SELECT x FROM t"), "2");
    assert_eq!(other.sql("SELECT x FROM t"), "1");
    assert!(one.url("olive").ends_with(&cluster.url("olive", &one.name)), "{}", one.url("olive"));
    assert!(cluster.socket().as_os_str().len() < 80, "the path of a socket is short");
}

#[test]
fn the_server_is_nobodys_and_far_from_utc() {
    let Some(cluster) = Cluster::shared() else { return };
    let status = format!("/proc/{}/status", cluster.pid());
    let status = std::fs::read_to_string(status).expect("a process");
    let uids = status.lines().find(|line| line.starts_with("Uid:")).expect("its uids");
    assert!(uids.split_whitespace().skip(1).all(|uid| uid != "0"), "{uids}");
    assert_eq!(cluster.sql("postgres", "SHOW timezone"), "Asia/Kathmandu");
    assert_eq!(cluster.sql("postgres", "SHOW server_encoding"), "UTF8");
}

#[test]
fn gitlabs_fixture_has_what_the_native_one_has() {
    let Some(cluster) = Cluster::shared() else { return };
    let gitlab = cluster.gitlab();
    let tokens = "SELECT count(*), count(*) FILTER (WHERE revoked), count(last_used_at),
        count(expires_at), sum(user_id) FROM personal_access_tokens WHERE id <= 16";
    let deploy_tokens = "SELECT count(*), count(*) FILTER (WHERE revoked),
        count(*) FILTER (WHERE expires_at < '3000-01-01 00:00Z'),
        count(username) FROM deploy_tokens WHERE id <= 8";
    let native = rusqlite::Connection::open_in_memory().expect("a store");
    native.execute_batch(include_str!("../src/store/native.sql")).expect("a schema");
    native.execute_batch(include_str!("support/fixture.sql")).expect("a fixture");
    for (query, columns) in [(tokens, 5), (deploy_tokens, 4)] {
        let counts = native.query_row(query, [], |row| {
            (0..columns).map(|column| row.get::<_, i64>(column)).collect::<Result<Vec<_>, _>>()
        });
        let counts: Vec<_> = counts.expect(query).iter().map(i64::to_string).collect();
        assert_eq!(gitlab.sql(query), counts.join("|"), "{query}");
    }
}

#[test]
fn the_least_rights_suffice_and_keep_the_secrets() {
    let Some(cluster) = Cluster::shared() else { return };
    let gitlab = cluster.gitlab();
    let may = |user: &str, statement: &str| {
        let probe = format!(
            "CREATE TEMP TABLE answer (yes boolean);
            GRANT ALL ON answer TO {user};
            SET ROLE {user};
            DO $$ BEGIN {statement}; INSERT INTO answer VALUES (true);
            EXCEPTION WHEN insufficient_privilege THEN INSERT INTO answer VALUES (false);
            END $$;
            SELECT yes FROM answer"
        );
        gitlab.sql(&probe) == "t"
    };
    let secrets = [
        ("personal_access_tokens", "token_digest"),
        ("deploy_tokens", "token_encrypted"),
        ("users", "encrypted_password"),
        ("users", "feed_token"),
        ("users", "email"),
        ("members", "invite_token"),
        ("namespaces", "runners_token_encrypted"),
        ("projects", "runners_token_encrypted"),
    ];
    let tokens =
        "UPDATE personal_access_tokens SET revoked = true, updated_at = now() WHERE id = 1";
    let deploy_tokens = "UPDATE deploy_tokens SET revoked = true WHERE id = 1";
    let lock = "PERFORM id FROM personal_access_tokens WHERE id = 1 FOR UPDATE";
    for user in [READER, REVOKER] {
        for (table, column) in secrets {
            assert!(!may(user, &format!("PERFORM {column} FROM {table}")), "{user} {column}");
        }
        assert!(may(
            user,
            "PERFORM t.name FROM personal_access_tokens t JOIN users u ON u.id = t.user_id"
        ));
        assert!(may(user, "PERFORM access_level FROM members WHERE requested_at IS NULL"));
        for write in [tokens, deploy_tokens, lock] {
            assert_eq!(may(user, write), user == REVOKER, "{user}: {write}");
        }
        assert!(!may(user, "UPDATE personal_access_tokens SET expires_at = NULL"), "{user}");
        assert!(!may(user, "DELETE FROM deploy_tokens"), "{user}");
    }
    for (table, column) in secrets.iter().filter(|(_, column)| *column != "email") {
        let leaks = format!("SELECT bool_and({column} LIKE '%-secret-%') FROM {table}");
        assert_eq!(gitlab.sql(&leaks), "t", "{column} is recognised wherever it shows");
    }
}

#[test]
fn many_tokens_are_spread_as_they_are_in_life() {
    let Some(cluster) = Cluster::shared() else { return };
    let many = cluster.database("many", GITLAB);
    many.add_tokens(20_000);
    let spread = "SELECT count(*), count(DISTINCT user_id),
        (count(*) FILTER (WHERE last_used_at IS NULL) * 100.0 / count(*))::integer,
        count(*) FILTER (WHERE last_used_at < created_at AT TIME ZONE 'UTC'),
        count(DISTINCT scopes) FROM personal_access_tokens";
    assert_eq!(many.sql(spread), "20000|5000|30|0|7");
}

#[test]
fn a_member_of_a_certain_role_needs_his_password() {
    let Some(cluster) = Cluster::shared() else { return };
    cluster.sql(
        "postgres",
        &format!("CREATE ROLE careful LOGIN PASSWORD 'let me in' IN ROLE {NEEDS_PASSWORD}"),
    );
    let connects = |password: &str| {
        let url = cluster.url("careful", "postgres");
        postgres::Config::new()
            .host_path(cluster.socket())
            .user("careful")
            .password(password)
            .dbname("postgres")
            .connect(postgres::NoTls)
            .map(drop)
            .map_err(|error| format!("{url}: {}", error.code().map_or("", |it| it.code())))
    };
    assert_eq!(connects("let me in"), Ok(()));
    let refused = connects("please").expect_err("the password is wrong");
    assert!(refused.ends_with(": 28P01"), "{refused}");
}

#[test]
fn a_standby_follows_and_takes_no_writes_and_outlives_its_primary() {
    let Some(primary) = Cluster::start(&Options::default()) else { return };
    primary.sql("postgres", "CREATE TABLE t (x integer)");
    let standby = primary.standby();
    assert_eq!(standby.sql("postgres", "SELECT pg_is_in_recovery()"), "t");
    primary.sql("postgres", "INSERT INTO t VALUES (7)");
    standby.catch_up(&primary);
    assert_eq!(standby.sql("postgres", "SELECT x FROM t"), "7");
    let write = "DO $$ BEGIN INSERT INTO t VALUES (8); EXCEPTION WHEN
        read_only_sql_transaction THEN RAISE NOTICE 'read only'; END $$; SELECT count(*) FROM t";
    assert_eq!(standby.sql("postgres", write), "1");
    primary.stop();
    assert!(!runs(primary.pid()));
    assert_eq!(standby.sql("postgres", "SELECT x FROM t"), "7");
}

#[test]
fn what_is_killed_breaks_off_and_what_is_dropped_leaves_nothing() {
    let Some(cluster) = Cluster::start(&Options::default()) else { return };
    let (pid, folder) = (cluster.pid(), cluster.socket().to_owned());
    let mut session =
        postgres::Client::connect(&cluster.url("postgres", "postgres"), postgres::NoTls)
            .expect("a session");
    cluster.kill();
    assert!(session.execute("SELECT 1", &[]).is_err(), "the session is cut");
    assert!(folder.exists());
    drop(cluster);
    assert!(!runs(pid) && !folder.exists());
}

#[test]
fn the_sessions_behind_pgbouncer_are_shared() {
    let Some(cluster) = Cluster::shared() else { return };
    let Some(bouncer) = Bouncer::start(cluster) else { return };
    let gitlab = cluster.gitlab();
    let url = bouncer.url(READER, &gitlab.name);
    let connect = || postgres::Client::connect(&url, postgres::NoTls).expect("a session");
    let mut clients = [connect(), connect(), connect()];
    let mut sessions: Vec<i32> = Vec::new();
    for client in &mut clients {
        // Simple queries: a prepared statement may be gone at its next use.
        let rows = client.simple_query("SELECT pg_backend_pid()").expect("an answer");
        sessions.extend(rows.iter().filter_map(|row| match row {
            postgres::SimpleQueryMessage::Row(row) => row.get(0)?.parse::<i32>().ok(),
            _ => None,
        }));
    }
    assert_eq!(sessions.len(), 3);
    sessions.dedup();
    assert_eq!(sessions.len(), 1, "one after the other gets the same session: {sessions:?}");
    let may_write = "SELECT has_column_privilege('deploy_tokens', 'revoked', 'UPDATE')";
    assert_eq!(bouncer.sql(&gitlab.name, may_write), "t", "the superuser gets through as well");
}

#[test]
fn tls_is_as_good_as_its_certificate() {
    let Some(certificates) = Certificates::new() else { return };
    let (ca, other_ca) = (certificates.ca(), certificates.other_ca());
    let cases = [
        (
            certificates.server(),
            vec![
                ("verify-full", &ca, None),
                ("verify-full", &other_ca, Some("verify failed")),
                ("disable", &ca, Some("no encryption")),
            ],
        ),
        (
            certificates.other_name(),
            vec![("verify-full", &ca, Some("does not match")), ("verify-ca", &ca, None)],
        ),
        (certificates.expired(), vec![("verify-full", &ca, Some("verify failed"))]),
    ];
    for (certificate, cases) in &cases {
        let options = Options { tls: Some(certificate), ..Options::default() };
        let Some(cluster) = Cluster::start(&options) else { return };
        for (mode, ca, refused) in cases {
            let url = cluster.tcp_url("postgres", "localhost", "postgres");
            let url = format!("{url}?sslmode={mode}&sslrootcert={}", ca.display());
            let mut psql = Command::new("psql");
            let output = psql.args(["-X", "-A", "-t", "-c", "SELECT 1"]).arg(&url).output();
            let output = output.expect("psql runs");
            let messages = String::from_utf8_lossy(&output.stderr);
            match refused {
                None => assert_eq!(output.stdout, b"1\n", "{mode}: {messages}"),
                Some(reason) => assert!(messages.contains(reason), "{mode}: {messages}"),
            }
        }
    }
}

#[test]
fn tcp_in_the_clear_and_further_settings() {
    let options = Options { tcp: true, settings: &[("timezone", "UTC")], ..Options::default() };
    let Some(cluster) = Cluster::start(&options) else { return };
    let url = cluster.tcp_url("postgres", "127.0.0.1", "postgres");
    let mut session = postgres::Client::connect(&url, postgres::NoTls).expect("a session");
    let row = session.query_one("SHOW timezone", &[]).expect("an answer");
    assert_eq!(row.get::<_, String>(0), "UTC");
    // Its socket has the port in its name.
    let url = cluster.url("postgres", "postgres");
    postgres::Client::connect(&url, postgres::NoTls).expect("a session");
}

#[test]
fn a_server_ends_with_its_process_even_if_that_is_killed() {
    let itself = std::env::current_exe().expect("a path");
    let mut holder = Command::new(itself)
        .args(["--exact", "postgres::holds_a_server", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the holder starts");
    let lines = BufReader::new(holder.stdout.take().expect("a pipe")).lines();
    let held = lines.map_while(Result::ok).find_map(|line| {
        let (_, held) = line.split_once("holds ")?;
        let (pid, folder) = held.split_once(' ')?;
        Some((pid.parse().ok()?, folder.to_owned()))
    });
    let Some((pid, folder)) = held else {
        // Without PostgreSQL it held none.
        assert!(holder.wait().expect("it ends").success());
        return;
    };
    assert!(runs(pid) && Path::new(&folder).exists());
    holder.kill().expect("a signal");
    assert_eq!(holder.wait().expect("it ends").signal(), Some(9));
    wait_until(&format!("the end of {pid} in {folder}"), || {
        !runs(pid) && !Path::new(&folder).exists()
    });
}

#[test]
#[ignore = "the other process of the test above"]
fn holds_a_server() {
    let Some(cluster) = Cluster::shared() else { return };
    let message = format!("holds {} {}\n", cluster.pid(), cluster.socket().display());
    std::io::Write::write_all(&mut std::io::stdout(), message.as_bytes()).expect("a line");
    // Until it is killed, or whoever should kill it is gone.
    drop(std::io::stdin().read_to_end(&mut Vec::new()));
}

fn runs(pid: u32) -> bool {
    let pid = Pid::from_raw(i32::try_from(pid).expect("a process id"));
    kill(pid, None) != Err(Errno::ESRCH)
}
