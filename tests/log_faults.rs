//! Kills of a bulk revoke whose events are in a file beside the store: whatever is gone
//! from the store is in the file.

use std::collections::HashSet;
use std::fs::read_to_string;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::bulk::{Bulk, tell};
use crate::kills::Kills;

const TOKENS: i64 = 4000;
const BATCH: usize = 5;
const REVOKE: &str = "--as root revoke --unused-for 90d --yes -o ids --batch-size 5";

/// A hub's database with thousands of old tokens. Their ids are not told by counting.
struct ManyTokens(Bulk);

impl ManyTokens {
    fn new() -> Self {
        let bulk = Bulk::empty();
        bulk.sql(include_str!("support/jupyterhub.sql"));
        bulk.sql(include_str!("support/jupyterhub_fixture.sql"));
        bulk.sql(&format!(
            "DELETE FROM api_tokens;
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {TOKENS})
             INSERT INTO api_tokens
                 (id, user_id, client_id, hashed, prefix, created, last_activity, note, scopes)
             SELECT i * 3, i % 5 + 1, 'jupyterhub', 'digest-secret-' || i, 'pfx-' || i,
                 '2022-01-01 00:00:00.000000',
                 CASE WHEN i % 4 = 0 THEN '2024-03-15 00:00:00.000000' END,
                 'token ' || i, '[\"inherit\"]' FROM n;
             CREATE TABLE before AS SELECT id FROM api_tokens WHERE last_activity IS NULL"
        ));
        Self(bulk)
    }

    fn command(&self) -> Command {
        let mut command = self.0.command(REVOKE.split(' '));
        command.env("TOKENCTL_AUDIT_LOG", self.log());
        command
    }

    fn log(&self) -> PathBuf {
        self.0.home().join("audit.log")
    }

    /// How many of the unused tokens are gone: whole batches, each on record, and no
    /// other token.
    #[track_caller]
    fn done(&self, chosen: &[i64]) -> usize {
        assert_eq!(self.0.value("PRAGMA integrity_check"), "ok");
        let used = self.0.value("SELECT count(*) FROM api_tokens WHERE last_activity IS NOT NULL");
        assert_eq!(used, (TOKENS / 4).to_string(), "what is used is still there");
        let left = self.0.ids("SELECT id FROM api_tokens WHERE last_activity IS NULL ORDER BY id");
        let done = chosen.len() - left.len();
        assert!(left == chosen[done..], "the first are gone and no other");
        assert!(done == chosen.len() || done.is_multiple_of(BATCH), "half a batch: {done}");

        let log = read_to_string(self.log()).unwrap_or_default();
        let (mut announced, mut concluded) = (HashSet::new(), HashSet::new());
        let mut torn = 0;
        for line in log.lines().filter(|line| !line.is_empty()) {
            let Ok(entry) = serde_json::from_str::<Value>(line) else {
                torn += 1;
                continue;
            };
            let id = entry["target_id"].as_i64().expect("an id");
            let run = entry["run_id"].as_str().expect("a run").to_owned();
            if entry["entry"] == "intent" {
                assert_eq!(entry["token"]["id"], id);
                assert!(announced.insert((run, id)), "announced once a run");
            } else {
                assert_eq!(entry["outcome"], "revoked");
                assert!(concluded.insert(id), "revoked once, by one run");
            }
        }
        // The kernel writes what it was given, so a kill leaves hardly any.
        assert!(torn <= 1, "{torn} lines are torn");
        let announced: HashSet<_> = announced.into_iter().map(|(_, id)| id).collect();
        let unannounced = chosen[..done].iter().find(|id| !announced.contains(id));
        assert_eq!(unannounced, None, "it is gone without a word");
        assert!(concluded.iter().all(|id| chosen[..done].binary_search(id).is_ok()));
        done
    }
}

#[test]
fn killed_at_random_moments_it_leaves_nothing_undone_that_is_not_on_record() {
    let kills = Kills {
        test: "JupyterHub",
        count: 100,
        rows: 1..25,
        after_rows: Duration::from_millis(5),
        from_start: Duration::from_millis(40),
    };
    let many = ManyTokens::new();
    let chosen = many.0.ids("SELECT id FROM before ORDER BY id");
    let mut printed = Vec::new();
    kills.run(
        || many.command(),
        |killed| {
            printed.extend(&killed.printed);
            if killed.round % 10 == 0 {
                let done = many.done(&chosen);
                assert!(printed.len() <= done, "{} printed, {done} done", printed.len());
                assert!(printed.iter().all(|id| chosen[..done].binary_search(id).is_ok()));
            }
        },
    );
    let done = many.done(&chosen);
    tell(&format!("JupyterHub: {done} tokens were done"));
    assert!(done < chosen.len(), "nothing was left to do");

    // Running it again finishes the rest.
    let ran = many.0.run_command(REVOKE, &mut many.command());
    assert!(ran.assert(0).ids() == chosen[done..]);
    assert_eq!(many.done(&chosen), chosen.len());
    let line = "--as root audit -o jsonl --audit-log audit.log";
    let audited = many.0.run(line);
    let rows: Vec<Value> =
        audited.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let ids: HashSet<_> =
        rows.iter().map(|row| row["target_id"].as_i64().expect("an id")).collect();
    assert!(ids == chosen.iter().copied().collect(), "each token is in the audit");
    let revoked = rows.iter().filter(|row| row["outcome"] == "revoked").count();
    assert!(chosen.len() - revoked <= kills.count * BATCH, "{revoked} of {}", chosen.len());
}
