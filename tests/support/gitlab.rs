//! tokenctl on a database with GitLab's tables, as it runs there: with the least
//! rights, and with an audit file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use postgres::{Client, NoTls};
use serde_json::Value;

use super::Sandbox;
use super::postgres::{Cluster, Database, READER, REVOKER, wait_until};

/// Every table that GitLab has there.
const TABLES: [&str; 9] = [
    "users",
    "namespaces",
    "projects",
    "routes",
    "members",
    "personal_access_tokens",
    "deploy_tokens",
    "project_deploy_tokens",
    "group_deploy_tokens",
];

/// The sessions of the program in one's own database, for conditions to be added.
pub const PROGRAM: &str = "SELECT FROM pg_stat_activity \
    WHERE datname = current_database() AND application_name = 'tokenctl'";

/// A database, and the program beside it with each of its two roles.
pub struct Gitlab {
    pub database: Database,
    pub reader: Sandbox,
    /// The audit file is in its home.
    pub revoker: Sandbox,
}

/// What a database holds: each value by its table, id and column.
pub type Content = BTreeMap<String, Option<String>>;

impl Gitlab {
    /// With the fixture, on the cluster that all tests share.
    pub fn new() -> Option<Self> {
        Cluster::shared().map(|cluster| Self::beside(cluster.gitlab()))
    }

    pub fn beside(database: Database) -> Self {
        let [reader, revoker] = [database.url(READER), database.url(REVOKER)];
        Self::at(database, reader, revoker)
    }

    /// The same by other ways to the database.
    pub fn at(database: Database, reader: String, revoker: String) -> Self {
        let [reader, revoker] =
            [reader, revoker].map(|url| Sandbox::without_store().with("TOKENCTL_DB", url));
        let log = log_of(&revoker);
        let [reader, revoker] = [reader, revoker].map(|it| it.with("TOKENCTL_AUDIT_LOG", &log));
        Self { database, reader, revoker }
    }

    /// A session of the application, which may do everything.
    pub fn session(&self) -> Client {
        Client::connect(&self.database.url("postgres"), NoTls).expect("a session")
    }

    /// Waits until the answer of the application is yes. To what concerns sessions of the
    /// program, see [`PROGRAM`].
    #[track_caller]
    pub fn wait_until(&self, question: &str) {
        let mut session = self.session();
        wait_until(question, || session.query_one(question, &[]).expect(question).get(0));
    }

    /// Waits until a session of the program waits for a lock.
    #[track_caller]
    pub fn wait_until_it_waits(&self) {
        self.wait_until(&format!("SELECT EXISTS ({PROGRAM} AND wait_event_type = 'Lock')"));
    }

    /// Waits until the server has done with what is left of the program's sessions.
    #[track_caller]
    pub fn wait_until_it_is_gone(&self) {
        self.wait_until(&format!("SELECT NOT EXISTS ({PROGRAM})"));
    }

    /// The ids that a query gives.
    pub fn ids(&self, query: &str) -> Vec<i64> {
        let rows = self.session().query(query, &[]).expect(query);
        rows.iter().map(|row| row.get(0)).collect()
    }

    pub fn content(&self) -> Content {
        let mut session = self.session();
        let mut content = Content::new();
        for table in TABLES {
            let query = format!(
                "SELECT '{table} ' || t.id || ' ' || c.key, c.value \
                 FROM {table} t, jsonb_each_text(to_jsonb(t)) c"
            );
            let rows = session.query(&query, &[]).expect(&query);
            content.extend(rows.iter().map(|row| (row.get(0), row.get(1))));
        }
        content
    }

    /// The file that the program writes its audit events to.
    pub fn log(&self) -> PathBuf {
        log_of(&self.revoker)
    }

    /// What the audit file holds.
    pub fn log_text(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// The lines of the audit file.
    pub fn log_lines(&self) -> Vec<Value> {
        self.log_text().lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// What the audit file says was done to each token that was announced, in order:
    /// `None` where it says nothing.
    pub fn outcomes(&self) -> Vec<(i64, Option<String>)> {
        let lines = self.log_lines();
        let of = |entry: &'static str| {
            lines.iter().filter(move |line| line["entry"] == entry).map(|line| {
                let id = line["target_id"].as_i64().expect("an id");
                (id, &line["run_id"], &line["target_type"], line["outcome"].as_str())
            })
        };
        let announced = of("intent").map(|(id, run, kind, _)| {
            let mut ends = of("outcome").filter(|it| (it.0, it.1, it.2) == (id, run, kind));
            (id, ends.next().and_then(|it| it.3).map(Into::into))
        });
        announced.collect()
    }

    /// Fails unless the audit file says of all these tokens, in this order, that they
    /// were announced and came to this end, and of no others anything.
    #[track_caller]
    pub fn assert_outcomes(&self, expected: &[(i64, &str)]) {
        let expected: Vec<_> =
            expected.iter().map(|&(id, outcome)| (id, Some(outcome.to_owned()))).collect();
        assert_eq!(self.outcomes(), expected, "{}", self.log_text());
    }

    /// Fails unless `audit` knows of what came of everything.
    #[track_caller]
    pub fn assert_resolved(&self) {
        let ran = self.reader.run("--as root audit -o jsonl");
        assert!(!ran.assert(0).to_string().contains("unresolved"), "{ran}");
    }
}

fn log_of(revoker: &Sandbox) -> PathBuf {
    revoker.home().join("audit.jsonl")
}

/// What is different: each place with its old and its new value.
pub fn changes(before: &Content, after: &Content) -> BTreeMap<String, [Option<String>; 2]> {
    let places = before.keys().chain(after.keys());
    let changed = places.filter(|place| before.get(*place) != after.get(*place));
    let value = |content: &Content, place| content.get(place).cloned().flatten();
    changed.map(|place| (place.clone(), [value(before, place), value(after, place)])).collect()
}
