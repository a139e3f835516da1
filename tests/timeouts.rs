//! What a server's settings would cut off: a statement, a transaction, a session that waits
//! in one. None of them ends an honest run, and a pool that cannot serve is told as that.

use std::io::Read;
use std::thread;
use std::time::Duration;

use crate::support::gitlab::Gitlab;
use crate::support::postgres::{Bouncer, Cluster, Options};
use crate::support::{Sandbox, Transcript, start};

fn set(gitlab: &Gitlab, setting: &str, to: &str) {
    let database = &gitlab.database.name;
    gitlab.database.sql(&format!("ALTER DATABASE {database} SET {setting} = '{to}'"));
}

/// Runs a command while the tokens are locked for longer than a timeout.
fn while_locked(gitlab: &Gitlab, lock: &str, sandbox: &Sandbox, line: &str) -> Transcript {
    let mut session = gitlab.session();
    session.batch_execute("SET statement_timeout = 0").expect("a setting");
    if lock.contains("transaction_timeout") {
        session.batch_execute("SET transaction_timeout = 0").expect("a setting");
    }
    let mut locked = session.transaction().expect("a transaction");
    locked.batch_execute(lock).expect(lock);
    let child = start(&mut sandbox.command(line.split(' ')));
    gitlab.wait_until_it_waits();
    thread::sleep(Duration::from_millis(600));
    locked.rollback().expect("the end of the lock");
    sandbox.transcript(line, child.wait_with_output().expect("it ends"))
}

/// A list and a revocation that wait for a lock for longer than the timeout is.
fn outlives(gitlab: &Gitlab, timeout: &str) {
    set(gitlab, timeout, "200ms");
    let all = format!("LOCK personal_access_tokens; -- {timeout}");
    let ran = while_locked(gitlab, &all, &gitlab.reader, "--as root list -o ids");
    assert_eq!(ran.assert(0).ids().len(), 18, "{timeout}");
    let row = format!("SELECT FROM personal_access_tokens WHERE id = 2 FOR UPDATE; -- {timeout}");
    let ran = while_locked(gitlab, &row, &gitlab.revoker, "--as root revoke 1 2 --yes -o ids");
    assert_eq!(ran.assert(0).ids(), [1, 2], "{timeout}");
}

#[test]
fn a_statement_may_take_longer_than_a_server_lets_others() {
    let Some(gitlab) = Gitlab::new() else { return };
    outlives(&gitlab, "statement_timeout");
}

#[test]
fn a_transaction_may_take_longer_than_a_newer_server_lets_others() {
    let Some(cluster) = Cluster::start_newer(&Options::default()) else { return };
    let version: u32 = cluster.sql("postgres", "SHOW server_version_num").parse().expect("one");
    assert!(version >= 170_000, "{version}");
    for timeout in ["transaction_timeout", "statement_timeout"] {
        outlives(&Gitlab::beside(cluster.gitlab()), timeout);
    }
}

#[test]
fn a_transaction_may_wait_for_us_for_longer_than_a_server_lets_others() {
    let Some(gitlab) = Gitlab::new() else { return };
    gitlab.database.add_tokens(50_000);
    // Between two batches it always waits for us for longer, if only a little.
    set(&gitlab, "idle_in_transaction_session_timeout", "1ms");
    let mut child = start(&mut gitlab.reader.command(["--as", "root", "-o", "ids", "list"]));
    thread::sleep(Duration::from_millis(600));
    let mut ids = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut ids).expect("UTF-8");
    let ran = gitlab.reader.transcript("list", child.wait_with_output().expect("it ends"));
    ran.assert(0);
    assert_eq!(ids.lines().count(), 50_018);
    let line = "--as root revoke --unused-for 90d --yes --batch-size 100 -o ids";
    assert!(gitlab.revoker.run(line).assert(0).ids().len() > 1000);
}

#[test]
fn a_pool_of_single_statements_is_told_as_that() {
    let Some(cluster) = Cluster::shared() else { return };
    let Some(bouncer) = Bouncer::pooling_by("statement", cluster) else { return };
    let database = cluster.gitlab();
    let url = bouncer.url("postgres", &database.name);
    let sandbox = Sandbox::without_store().with("TOKENCTL_DB", url);
    let ran = sandbox.run("--as root list");
    ran.assert(1).says(&[
        "it ends where a transaction begins: ",
        "hint: a pooler has to pool by transaction or by session, not by statement",
    ]);
}
