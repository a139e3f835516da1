//! The ways to a server: pools, standbys, encryption, passwords. All on GitLab's
//! tables, with the least rights.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use postgres::{Client, NoTls, SimpleQueryMessage};

use crate::support::gitlab::Gitlab;
use crate::support::postgres::{
    Bouncer, Certificates, Cluster, Database, NEEDS_PASSWORD, Options, READER, REVOKER,
};
use crate::support::{Sandbox, start};

/// Every user's tokens of the fixture.
const ALL: [i64; 18] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];

/// What the session of a pool has after its last transaction.
fn leftovers(client: &mut Client) -> Vec<String> {
    let answers = client.simple_query(
        "SHOW lock_timeout; SHOW transaction_read_only; SHOW default_transaction_isolation;
         SELECT count(*) FROM pg_cursors; SELECT count(*) FROM pg_prepared_statements;
         SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory';
         SELECT count(*) FROM pg_class WHERE relpersistence = 't'",
    );
    let rows = answers.expect("answers").into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(Into::into),
        _ => None,
    });
    rows.collect()
}

#[test]
fn programs_share_the_sessions_of_a_pool_and_leave_nothing_on_them() {
    let Some(cluster) = Cluster::shared() else { return };
    let Some(bouncer) = Bouncer::start(cluster) else { return };
    let database = cluster.gitlab();
    database.add_tokens(2000);
    let [to_read, to_revoke] = [READER, REVOKER].map(|user| bouncer.url(user, &database.name));
    let gitlab = Gitlab::at(database, to_read, to_revoke.clone());
    let chosen = gitlab.ids(
        "SELECT id FROM personal_access_tokens WHERE revoked IS NOT TRUE
         AND (expires_at IS NULL OR expires_at > '2024-03-15') ORDER BY id",
    );
    assert!(chosen.len() > 500);

    let list = "--as root list --state active -o ids";
    assert_eq!(gitlab.reader.run(list).assert(0).ids(), chosen);
    gitlab.reader.run("--as root show 101").assert(0);
    gitlab.reader.run("--as olive deploy-tokens list --project top/app").assert(0);
    gitlab.reader.run("--as root list --sort name_desc --limit 3").assert(0).says(&["more"]);

    // Two at once, on the same tokens and the same audit file.
    let line = "--as root --busy-timeout 1min revoke --state active --yes --batch-size 40 -o jsonl";
    let runs = [(), ()].map(|()| start(&mut gitlab.revoker.command(line.split(' '))));
    let mut revoked = Vec::new();
    for run in runs {
        let ran = gitlab.revoker.transcript(line, run.wait_with_output().expect("it ends"));
        let rows = ran
            .assert(0)
            .stdout
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).expect(line));
        let rows = rows.filter(|row| row["result"] == "revoked");
        revoked.extend(rows.filter_map(|row| row["id"].as_i64()));
    }
    revoked.sort_unstable();
    assert_eq!(revoked, chosen, "each is revoked, by one of the two");
    let outcomes = gitlab.outcomes();
    assert!(outcomes.iter().all(|(_, outcome)| outcome.is_some()), "nothing is unresolved");
    let recorded = outcomes.iter().filter(|(_, outcome)| outcome.as_deref() == Some("revoked"));
    let mut recorded: Vec<_> = recorded.map(|(id, _)| *id).collect();
    recorded.sort_unstable();
    assert_eq!(recorded, chosen, "and once in the audit file");
    gitlab.assert_resolved();

    // Both sessions of the pool, each held by a transaction.
    let mut clients = [(), ()].map(|()| Client::connect(&to_revoke, NoTls).expect("a session"));
    let mut sessions = BTreeSet::new();
    for client in &mut clients {
        client.batch_execute("BEGIN").expect("a transaction");
        let answer = client.simple_query("SELECT pg_backend_pid()").expect("a session");
        sessions.extend(answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        }));
        let expected = ["0", "off", "read committed", "0", "0", "0", "0"];
        assert_eq!(leftovers(client), expected);
    }
    assert_eq!(sessions.len(), 2, "{sessions:?}");
}

/// A primary with a standby, and a database on both.
struct Pair {
    primary: Cluster,
    standby: Cluster,
    gitlab: Gitlab,
}

impl Pair {
    fn start() -> Option<Self> {
        let primary = Cluster::start(&Options::default())?;
        let database = primary.gitlab();
        let standby = primary.standby();
        Some(Self { primary, standby, gitlab: Gitlab::beside(database) })
    }

    /// Through these hosts, in this order.
    fn url(&self, user: &str, hosts: [&Cluster; 2], parameters: &str) -> String {
        let [one, other] = hosts.map(|host| host.socket().display().to_string());
        format!("postgres://{user}@/{}?host={one},{other}{parameters}", self.gitlab.database.name)
    }

    fn run(&self, url: &str, line: &str) -> crate::support::Transcript {
        let sandbox = &self.gitlab.revoker;
        let args = shell_words::split(line).expect(line);
        sandbox.run_command(line, sandbox.command(args).env("TOKENCTL_DB", url))
    }
}

#[test]
fn a_revoke_finds_the_primary_and_a_list_goes_on_without_it() {
    let Some(pair) = Pair::start() else { return };
    let Pair { primary, standby, gitlab } = &pair;
    for (hosts, id) in [([primary, standby], 1), ([standby, primary], 2)] {
        let url = pair.url(REVOKER, hosts, "");
        assert_eq!(pair.run(&url, "--as root list -o ids").assert(0).ids(), ALL);
        pair.run(&url, &format!("--as root revoke {id}")).assert(0);
        pair.run(&url, &format!("--as root deploy-tokens revoke {id}")).assert(0);
    }
    gitlab.assert_outcomes(&[(1, "revoked"), (1, "revoked"), (2, "revoked"), (2, "revoked")]);
    assert_eq!(
        gitlab.ids("SELECT id FROM personal_access_tokens WHERE revoked ORDER BY id"),
        [1, 2, 6, 7, 17]
    );
    standby.catch_up(primary);
    let log = gitlab.log_text();

    primary.stop();
    for hosts in [[primary, standby], [standby, primary]] {
        let url = pair.url(REVOKER, hosts, "");
        let revoked = "--as root list --revoked -o ids";
        assert_eq!(pair.run(&url, revoked).assert(0).ids(), [1, 2, 6, 7, 17]);
        pair.run(&url, "--as root show 3").assert(0);
        pair.run(&url, "--as root revoke -n 3").assert(0);
        pair.run(&url, "--as olive deploy-tokens list --group top").assert(0);
        pair.run(&url, "--as root audit").assert(0);
        for line in ["revoke 3", "revoke --state active --yes", "deploy-tokens revoke 3"] {
            let ran = pair.run(&url, &format!("--as root {line}"));
            assert_eq!(ran.assert(1).stdout, "", "{ran}");
            ran.says(&["no host takes writes", "is a standby"]);
            let folders = [primary, standby].map(|host| host.socket().display().to_string());
            ran.says(&[&folders[0], &folders[1]]);
        }
    }
    assert_eq!(gitlab.log_text(), log, "nothing was announced");
}

#[test]
fn the_kind_of_host_that_is_asked_for_serves() {
    let Some(pair) = Pair::start() else { return };
    let Pair { primary, standby, gitlab } = &pair;
    // From here on the two differ, by one token.
    standby.sql("postgres", "SELECT pg_wal_replay_pause()");
    standby.sql("postgres", "SELECT 1");
    gitlab.database.sql("DELETE FROM personal_access_tokens WHERE id = 18");
    let (of_primary, of_standby) = (&ALL[..17], &ALL[..]);
    let both = [[primary, standby], [standby, primary]];
    for (attributes, expected) in [
        ("any", None),
        ("primary", Some(of_primary)),
        ("read-write", Some(of_primary)),
        ("standby", Some(of_standby)),
        ("prefer-standby", Some(of_standby)),
    ] {
        for (hosts, first) in both.into_iter().zip([of_primary, of_standby]) {
            let expected = expected.unwrap_or(first);
            let url = pair.url(READER, hosts, &format!("&target_session_attrs={attributes}"));
            let line = "--as root list -o ids";
            assert_eq!(pair.run(&url, line).assert(0).ids(), expected, "{attributes}");
            let mut command = gitlab.reader.command(line.split(' '));
            command.env("TOKENCTL_DB", pair.url(READER, hosts, ""));
            command.env("PGTARGETSESSIONATTRS", attributes);
            let ran = gitlab.reader.run_command(line, &mut command);
            assert_eq!(ran.assert(0).ids(), expected, "{attributes} in the environment");
        }
    }
    let url = pair.url(REVOKER, both[0], "&target_session_attrs=standby");
    let ran = pair.run(&url, "--as root revoke 1");
    ran.assert(2).says(&["target_session_attrs asks for a host that takes no writes"]);
    let url = pair.url(REVOKER, both[1], "&target_session_attrs=prefer-standby");
    pair.run(&url, "--as root revoke 1").assert(0);
    gitlab.assert_outcomes(&[(1, "revoked")]);
    assert_eq!(
        standby
            .sql(&gitlab.database.name, "SELECT revoked FROM personal_access_tokens WHERE id = 1"),
        "f"
    );

    // A primary that takes no writes by default is no host to write to.
    let name = &gitlab.database.name;
    gitlab.database.sql(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    let ran = pair.run(&pair.url(REVOKER, both[0], ""), "--as root revoke 2");
    ran.assert(1).says(&["no host takes writes", "is read-only (default_transaction_read_only)"]);
    primary.stop();
    let ran =
        pair.run(&pair.url(READER, both[0], "&target_session_attrs=primary"), "--as root list");
    ran.assert(1).says(&["no host is a primary", "is a standby"]);
}

/// What a way to a server comes to: exit 0, or 1 with a message that says this.
type Case<'a> = (&'a str, String, &'a [(&'static str, &'a Path)], Option<&'a str>);

#[track_caller]
fn check(sandbox: &Sandbox, (what, url, variables, refused): &Case) {
    let mut command = sandbox.command(["--as", "root", "list", "-o", "ids"]);
    command.env("TOKENCTL_DB", url).envs(variables.iter().copied());
    let ran = sandbox.run_command(what, &mut command);
    match refused {
        None => assert_eq!(ran.assert(0).ids(), ALL, "{ran}"),
        Some(reason) => {
            assert_eq!(ran.assert(1).stdout, "", "{ran}");
            ran.says(&["cannot open store postgres://", reason]);
            let errors = ran.stderr.lines().filter(|line| !line.starts_with("hint: "));
            assert_eq!(errors.count(), 1, "{ran}");
        }
    }
}

#[test]
fn a_server_proves_who_it_is() {
    let Some(certificates) = Certificates::new() else { return };
    let (ca, other) = (certificates.ca(), certificates.other_ca());
    let (ca, other) = (ca.as_path(), other.as_path());
    let missing = Path::new("/nonexistent/ca.crt");
    let unknown = Some("it is signed by no authority that is trusted");
    let expired = Some("it has expired");
    let other_name = Some("certificate is refused");
    let cases = [
        (
            certificates.server(),
            &[
                ("verify-full", Some(ca), None),
                ("verify-full", Some(other), unknown),
                ("verify-ca", Some(ca), None),
                ("verify-ca", Some(other), unknown),
                // As with libpq, a file that is named is asked.
                ("require", Some(ca), None),
                ("require", Some(other), unknown),
                ("require", None, None),
                ("prefer", None, None),
                ("verify-full", Some(missing), Some("cannot read root certificates")),
                ("disable", None, Some("no encryption")),
            ][..],
        ),
        (
            certificates.other_name(),
            &[
                ("verify-full", Some(ca), other_name),
                ("verify-ca", Some(ca), None),
                ("verify-ca", Some(other), unknown),
                ("require", None, None),
            ],
        ),
        (
            certificates.expired(),
            &[
                ("verify-full", Some(ca), expired),
                ("verify-ca", Some(ca), expired),
                ("require", None, None),
            ],
        ),
    ];
    for (certificate, cases) in &cases {
        let options = Options { tls: Some(certificate), ..Options::default() };
        let Some(cluster) = Cluster::start(&options) else { return };
        let gitlab = Gitlab::beside(cluster.gitlab());
        for host in ["localhost", "127.0.0.1"] {
            let url = cluster.tcp_url(READER, host, &gitlab.database.name);
            for &(mode, roots, refused) in *cases {
                let root = roots.map(|roots| format!("&sslrootcert={}", roots.display()));
                let full = format!("{url}?sslmode={mode}{}", root.unwrap_or_default());
                check(&gitlab.reader, &(mode, full, &[], refused));
                let mut variables = vec![("PGSSLMODE", Path::new(mode))];
                variables.extend(roots.map(|roots| ("PGSSLROOTCERT", roots)));
                check(&gitlab.reader, &(mode, url.clone(), &variables, refused));
            }
        }
        // The file that is usual, and no other authority then.
        let folder = gitlab.reader.home().join(".postgresql");
        fs::create_dir(&folder).expect("a folder");
        fs::copy(other, folder.join("root.crt")).expect("a copy");
        let url = cluster.tcp_url(READER, "localhost", &gitlab.database.name);
        let full = format!("{url}?sslmode=verify-full");
        check(&gitlab.reader, &("root.crt", full, &[], Some("certificate is refused")));
    }
}

#[test]
fn a_server_without_encryption_is_used_only_where_that_is_allowed() {
    let Some(certificates) = Certificates::new() else { return };
    let ca = certificates.ca();
    let options = Options { tcp: true, ..Options::default() };
    let Some(cluster) = Cluster::start(&options) else { return };
    let gitlab = Gitlab::beside(cluster.gitlab());
    let url = cluster.tcp_url(READER, "localhost", &gitlab.database.name);
    for (mode, refused) in [
        ("disable", None),
        ("prefer", None),
        ("require", Some("server does not support TLS")),
        ("verify-ca", Some("server does not support TLS")),
        ("verify-full", Some("server does not support TLS")),
    ] {
        let full = format!("{url}?sslmode={mode}&sslrootcert={}", ca.display());
        check(&gitlab.reader, &(mode, full, &[], refused));
        let variables = [("PGSSLMODE", Path::new(mode)), ("PGSSLROOTCERT", &ca)];
        check(&gitlab.reader, &(mode, url.clone(), &variables, refused));
    }
    check(&gitlab.reader, &("the default", url, &[], None));
}

/// A database whose reader needs a password.
fn guarded(cluster: &Cluster, password: &str) -> (Database, &'static str) {
    const GUARDED: &str = "guarded_reader";
    let create = format!(
        "CREATE ROLE {GUARDED} LOGIN PASSWORD '{password}' IN ROLE {NEEDS_PASSWORD}, {READER}"
    );
    cluster.sql("postgres", &create);
    (cluster.gitlab(), GUARDED)
}

#[test]
fn a_password_comes_from_where_libpq_looks_for_it_and_is_never_told() {
    const PASSWORD: &str = "s3same:and\\so on";
    const WRONG: &str = "Tr0ub4dor";
    let options = Options { tcp: true, ..Options::default() };
    let Some(cluster) = Cluster::start(&options) else { return };
    let (database, user) = guarded(&cluster, PASSWORD);
    let name = database.name.clone();
    let urls = [database.url(user), cluster.tcp_url(user, "localhost", &name)];
    let gitlab = Gitlab::beside(database);
    let home = gitlab.reader.home();
    let file = |name: &str, content: &str, mode| {
        let path = home.join(name);
        fs::write(&path, content).expect("a file");
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("a mode");
        path
    };
    let escaped = PASSWORD.replace('\\', r"\\").replace(':', r"\:");
    let encoded = "s3same%3Aand%5Cso%20on";
    let folder = cluster.socket().display();
    let asks = Some("the server asks for a password, and none is given");
    let refused = Some("password authentication failed");

    for url in &urls {
        let (right, wrong) = (Path::new(PASSWORD), Path::new(WRONG));
        let given =
            |password: &str| url.replace(&format!("{user}@"), &format!("{user}:{password}@"));
        let check = |what: &str, url: &str, variables: &[(&'static str, &Path)], refused| {
            let mut command = gitlab.reader.command(["--as", "root", "list", "-o", "ids"]);
            command.env("TOKENCTL_DB", url).envs(variables.iter().copied());
            let ran = gitlab.reader.run_command(what, &mut command);
            for password in [PASSWORD, WRONG, &escaped, encoded] {
                assert!(!ran.to_string().contains(password), "{ran}");
            }
            match refused {
                None => assert_eq!(ran.assert(0).ids(), ALL, "{ran}"),
                Some(reason) => {
                    ran.assert(1).says(&["cannot open store postgres://guarded_reader@", reason]);
                }
            }
            ran.stderr
        };
        let said = check("no password", url, &[], asks);
        assert!(said.contains("hint: set PGPASSWORD"), "{said}");
        check("PGPASSWORD", url, &[("PGPASSWORD", right)], None);
        check("a wrong PGPASSWORD", url, &[("PGPASSWORD", wrong)], refused);
        check("in the URL", &given(encoded), &[], None);
        check("the URL wins", &given(encoded), &[("PGPASSWORD", wrong)], None);
        check("a wrong one in the URL", &given(WRONG), &[("PGPASSWORD", right)], refused);

        let lines = format!(
            "# comment\nlocalhost:5432:{name}:{user}:{WRONG}\n*:*:other:{user}:{WRONG}\n\
             {folder}:*:{name}:{user}:{escaped}\nlocalhost:*:*:{user}:{escaped}\n"
        );
        let usual = file(".pgpass", &lines, 0o600);
        check("~/.pgpass", url, &[], None);
        check("PGPASSWORD wins", url, &[("PGPASSWORD", wrong)], refused);
        fs::set_permissions(&usual, Permissions::from_mode(0o640)).expect("a mode");
        let said = check("a file that others may read", url, &[], asks);
        assert!(said.contains("is ignored: others than its owner may read it"), "{said}");
        let elsewhere = file("elsewhere", &lines, 0o600);
        check("PGPASSFILE", url, &[("PGPASSFILE", &elsewhere)], None);
        let wrong = file("wrong", &format!("*:*:*:*:{WRONG}\n"), 0o600);
        let said = check("a wrong file", url, &[("PGPASSFILE", &wrong)], refused);
        assert!(said.contains(&format!("the password is from {}", wrong.display())), "{said}");
        fs::remove_file(usual).expect("a file");
    }
}

#[test]
fn a_password_on_the_command_line_is_refused_and_in_the_environment_stays_there() {
    const PASSWORD: &str = "s3same";
    let Some(cluster) = Cluster::start(&Options::default()) else { return };
    let (database, user) = guarded(&cluster, PASSWORD);
    let url = database.url(user);
    let with = url.replace(&format!("{user}@"), &format!("{user}:{PASSWORD}@"));
    let parameter = format!("{url}&password={PASSWORD}");
    let gitlab = Gitlab::beside(database);
    for db in [&with, &parameter] {
        for args in [["--db", db, "--as", "root", "list"], ["list", "--as", "root", "--db", db]] {
            let ran = gitlab.reader.run_command("list", &mut gitlab.reader.command(args));
            assert_eq!(ran.assert(2).stdout, "", "{ran}");
            ran.says(&["a password inside --db", "TOKENCTL_DB", "PGPASSWORD"]);
            assert!(!ran.to_string().contains(PASSWORD), "{ran}");
        }
        // While it waits for a lock, everybody may look at its command line.
        let mut other = gitlab.session();
        let mut transaction = other.transaction().expect("a transaction");
        let lock = "LOCK TABLE personal_access_tokens IN ACCESS EXCLUSIVE MODE";
        transaction.batch_execute(lock).expect(lock);
        let args = ["--as", "root", "--busy-timeout", "1min", "list", "-o", "ids"];
        let child = start(gitlab.reader.command(args).env("TOKENCTL_DB", db));
        gitlab.wait_until_it_waits();
        for file in ["cmdline", "comm"] {
            let shown = fs::read(format!("/proc/{}/{file}", child.id())).expect("it runs");
            assert!(!shown.is_empty());
            assert!(!String::from_utf8_lossy(&shown).contains(PASSWORD));
        }
        transaction.rollback().expect("the lock is given back");
        let ended = child.wait_with_output().expect("it ends");
        let ran = gitlab.reader.transcript("list", ended);
        assert_eq!(ran.assert(0).ids(), ALL, "{ran}");
        assert!(!ran.to_string().contains(PASSWORD), "{ran}");
    }
    // Nor does the audit file tell, or who else is connected.
    let mut command = gitlab.revoker.command(["--as", "root", "revoke", "1"]);
    let ran = gitlab.revoker.run_command("revoke 1", command.env("TOKENCTL_DB", &with));
    ran.assert(1).says(&["permission denied"]);
    assert!(!gitlab.log_text().is_empty());
    assert!(!gitlab.log_text().contains(PASSWORD));
    assert!(!ran.to_string().contains(PASSWORD), "{ran}");
}
