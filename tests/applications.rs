//! Beneath running applications that descriptions tell of: what was revoked is refused by
//! the application's own API, and nothing else is.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::support::applications::{Application, Engine, Issued, Kind, Rows};
use crate::support::hub::is_running;
use crate::support::postgres::wait_until;
use crate::support::{Sandbox, Transcript, variable};

/// The program beneath one kind of tokens, by the real clock.
struct Beneath<'a> {
    application: &'a Application,
    kind: Kind,
    sandbox: Sandbox,
}

/// A token as its application gave it out, with the id that the program shows.
struct Known {
    id: String,
    issued: Issued,
}

impl Beneath<'_> {
    fn run(&self, user: &str, line: &str) -> Transcript {
        let log = self.sandbox.home().join("audit.log");
        let mut command = self.sandbox.bare_command();
        command.args(["--db", &self.application.db(), "--schema", self.kind.schema()]);
        command.arg("--audit-log").arg(log).args(["--as", user]);
        let args = shell_words::split(line).expect(line);
        self.sandbox.run_command(line, command.args(args))
    }

    fn run_as_administrator(&self, line: &str) -> Transcript {
        self.run(&self.kind.administrator(), line)
    }

    fn run_as(&self, user: &str, line: &str) -> Transcript {
        self.run(&self.kind.username(user), line)
    }

    fn rows(&self) -> Vec<Value> {
        let listed = self.run_as_administrator("list -o json").assert(0).json();
        listed.as_array().expect("rows").clone()
    }

    fn row(&self, token: &Known) -> Value {
        let mut rows = self.rows().into_iter();
        rows.find(|row| id(row) == token.id).unwrap_or_else(|| panic!("no row {}", token.id))
    }

    /// The id of what is new in the list.
    fn known(&self, issue: impl FnOnce() -> Issued) -> Known {
        let before: Vec<_> = self.rows().iter().map(id).collect();
        let issued = issue();
        let mut new: Vec<_> = self.rows().iter().map(id).collect();
        new.retain(|id| !before.contains(id));
        assert_eq!(new.len(), 1, "{new:?}");
        Known { id: new.remove(0), issued }
    }

    fn issue(&self, user: &str) -> Known {
        self.known(|| self.application.issue(self.kind, user))
    }

    #[track_caller]
    fn assert_answers(&self, tokens: &[&Known], statuses: &[u16]) {
        let answered = tokens.iter().map(|token| &token.issued.token);
        let answered: Vec<_> =
            answered.map(|token| self.application.status_with(self.kind, token)).collect();
        assert_eq!(answered, statuses, "{:?}: {}", self.kind, self.application.log());
    }

    /// Makes tokens, revokes in every way that there is, and asks after each.
    fn check(&self) {
        let kind = self.kind;
        let lost = self.issue("olive");
        // A user's second token, where there are two.
        let kept = self.issue(if kind.is_single() { "root" } else { "olive" });
        let other = self.issue("sam");
        let all = [&lost, &kept, &other];
        self.assert_answers(&all, &[200; 3]);

        // Each as its application made it.
        for (token, user) in [(&lost, "olive"), (&other, "sam")] {
            let row = self.row(token);
            assert_eq!(row["username"], json!(kind.username(user)), "{row}");
            assert_eq!((&row["active"], &row["expired"]), (&json!(true), &json!(false)), "{row}");
            // Whatever the zone of the session, and however the times are kept.
            let [created, expires] = ["created_at", "expires_at"].map(|name| time(&row[name]));
            let created = created.expect("a time");
            let age = created - self.application.started;
            assert!((-5..600).contains(&age.num_seconds()), "{row}");
            let lifetime = expires.map(|expires| (expires - created).num_minutes());
            // By a moment less, where the two are of different moments.
            assert_eq!(lifetime.map(|it| (it + 1) / 60), kind.hours(), "{row}");
            assert_eq!(time(&row["last_used_at"]).is_some(), kind.records_use(), "{row}");
        }
        let own = self.run_as("sam", "list -o ids");
        assert_eq!(own.assert(0).stdout.lines().collect::<Vec<_>>(), [&other.id]);
        self.run_as("sam", &format!("list --user {}", kind.username("olive"))).assert(4);
        if kind.administrator() != "@operator" {
            self.run("@operator", "list").assert(4);
        }

        // A stranger changes nothing, an owner their own tokens.
        let before = self.application.database_rows();
        let revoke_lost = format!("revoke {} --reason lost", shell_words::quote(&lost.id));
        self.run_as("sam", &revoke_lost).assert(4);
        let rehearsed = self.run_as("olive", &format!("{revoke_lost} --dry-run"));
        rehearsed.assert(0);
        assert_eq!(changes(&before, &self.application.database_rows()), [""; 0]);
        self.assert_answers(&all, &[200; 3]);
        let before = self.application.database_rows();
        self.run_as("olive", &revoke_lost).assert(0).says(&["at once"]);
        assert_eq!(changes(&before, &self.application.database_rows()), kind.change());
        self.assert_answers(&all, &[401, 200, 200]);
        self.assert_gives_no_other(&lost);
        // Again: the same, or gone word for word.
        let again = self.run_as("olive", &revoke_lost);
        again.assert(if kind.keeps_rows() { 0 } else { 4 });
        if kind.keeps_rows() {
            let [row, other] = [&lost, &other].map(|token| self.row(token));
            assert_eq!([&row["revoked"], &row["active"]], [&json!(true), &json!(false)], "{row}");
            assert_eq!(other["revoked"], json!(false), "{other}");
        }

        // Whoever reaches all of them, by filter.
        let filter = format!("revoke --user {} --yes -o ids", kind.username("sam"));
        let ran = self.run_as_administrator(&filter);
        assert_eq!(ran.assert(0).stdout.lines().collect::<Vec<_>>(), [&other.id]);
        self.assert_answers(&all, &[401, 200, 401]);
        self.assert_gives_no_other(&other);
        let mut revoked = 2;

        if kind.has_clients() {
            let machine = self.known(|| self.application.issue_to_client(kind));
            let row = self.row(&machine);
            let said = ["user_id", "username", "user_state", "name"].map(|key| &row[key]);
            assert_eq!(
                said,
                [&json!(null), &json!(null), &json!(null), &json!("machine")],
                "{row}"
            );
            // Nobody's is not the token of somebody who left.
            let left = self.run_as_administrator("list --user-state gone -o ids");
            assert_eq!(left.assert(0).stdout, "");
            let revoke = format!("revoke {}", shell_words::quote(&machine.id));
            self.run_as("olive", &revoke).assert(4);
            self.run_as_administrator(&revoke).assert(0);
            self.assert_answers(&[&machine, &kept], &[401, 200]);
            revoked += 1;
        }

        if kind.has_users_of_django() {
            self.check_state_of_owner();
        }

        // The application goes on.
        let later = self.issue("olive");
        self.assert_answers(&[&later, &kept, &lost, &other], &[200, 200, 401, 401]);
        if let Some(refresh) = &kept.issued.refresh {
            // What a refresh token made is as well a token as any, and so is the next one.
            let renewed = self.known(|| self.application.refresh(kind, refresh));
            self.assert_answers(&[&renewed], &[200]);
            let revoke = format!("revoke {}", shell_words::quote(&renewed.id));
            self.run_as("olive", &revoke).assert(0);
            self.assert_answers(&[&renewed, &later], &[401, 200]);
            self.assert_gives_no_other(&renewed);
            assert_eq!(self.application.status_of_refresh(kind, refresh), 400);
            revoked += 1;
        }

        // Of all that the acts are on record, and no secret.
        let audited = self.run_as_administrator("audit -o jsonl");
        let acts = audited.assert(0).stdout.matches("\"outcome\":\"revoked\"").count();
        assert_eq!(acts, revoked, "{audited}");
        let log = std::fs::read_to_string(self.sandbox.home().join("audit.log"));
        let log = log.expect("the audit file");
        self.assert_recorded(&log, &lost);
        let shown = [log, audited.stdout, Value::from(self.rows()).to_string()];
        for token in [&lost, &kept, &other, &later] {
            // What begins a token is kept beside the digest by some. Hexadecimal digits are of
            // other things too, where they are few.
            let length = if kind == Kind::BetterAuth { 6 } else { 12 };
            let beginning = &token.issued.token[..length];
            assert!(!shown.iter().any(|shown| shown.contains(beginning)), "{kind:?}");
        }
        let log = self.application.log();
        assert!(!log.contains(" 500 ") && !log.contains("Traceback"), "{log}");
    }

    /// The audit file has the intent and the outcome of the first act.
    fn assert_recorded(&self, log: &str, lost: &Known) {
        let entries = log.lines().map(|line| serde_json::from_str(line).expect(line));
        let entries: Vec<Value> =
            entries.filter(|it: &Value| id_of(&it["target_id"]) == lost.id).collect();
        let [intent, outcome] = &entries[..] else { panic!("{entries:?}") };
        let said = |entry: &Value| ["entry", "reason", "outcome"].map(|key| entry[key].clone());
        assert_eq!(said(intent), [json!("intent"), json!("lost"), json!(null)], "{intent}");
        assert_eq!(said(outcome), [json!("outcome"), json!(null), json!("revoked")], "{outcome}");
        assert_eq!(intent["token"]["username"], json!(self.kind.username("olive")), "{intent}");
    }

    /// A user who may not log in may not act here either, and their tokens are found by that.
    fn check_state_of_owner(&self) {
        let token = self.issue("ünal");
        assert_eq!(self.row(&token)["user_state"], json!("active"));
        let set = |active| {
            let statement = "UPDATE auth_user SET is_active = {active} WHERE username = 'ünal'";
            self.application.sql(&statement.replace("{active}", active));
        };
        set("FALSE");
        self.run_as("ünal", "list").assert(4);
        // The toolkit takes such a user's token as before.
        let status = if self.kind == Kind::DjangoOauthToolkit { 200 } else { 401 };
        self.assert_answers(&[&token], &[status]);
        for filter in ["--user-state deactivated", "--user ünal"] {
            let found = self.run_as_administrator(&format!("list {filter} -o ids"));
            assert_eq!(found.assert(0).stdout.lines().collect::<Vec<_>>(), [&token.id], "{filter}");
        }
        set("TRUE");
        self.assert_answers(&[&token], &[200]);
        let own = self.run_as("ünal", "list -o ids");
        assert_eq!(own.assert(0).stdout.lines().collect::<Vec<_>>(), [&token.id]);
    }

    /// What a revocation changes is changed. The application itself writes now and then.
    fn assert_changed(&self, before: &Rows) {
        let changed = changes(before, &self.application.database_rows());
        assert!(
            self.kind.change().iter().all(|it| changed.iter().any(|by| by == it)),
            "{changed:?}"
        );
    }

    /// A token that is revoked takes the one with it that would make another.
    fn assert_gives_no_other(&self, token: &Known) {
        if let Some(refresh) = &token.issued.refresh {
            assert_eq!(self.application.status_of_refresh(self.kind, refresh), 400);
        }
    }
}

/// An id, as the program prints it elsewhere.
fn id(row: &Value) -> String {
    id_of(&row["id"])
}

fn id_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), Into::into)
}

/// What differs between two states of a database: columns of rows, where as many are gone as
/// are new, or how many more or fewer rows there are.
fn changes(before: &Rows, after: &Rows) -> Vec<String> {
    let mut changes = BTreeSet::new();
    for table in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let [before, after] = [before, after].map(|rows| rows.get(table).map_or(&[][..], |it| it));
        let gone: Vec<_> = before.iter().filter(|row| !after.contains(row)).collect();
        let new: Vec<_> = after.iter().filter(|row| !before.contains(row)).collect();
        let more = new.len().cast_signed() - gone.len().cast_signed();
        if more == 0 {
            changes.extend(gone.iter().zip(new).flat_map(|(gone, new)| {
                let columns = gone.keys().filter(|column| gone.get(*column) != new.get(*column));
                columns.map(|column| format!("{table}.{column}"))
            }));
        } else {
            changes.insert(format!("{table} {more:+}"));
        }
    }
    changes.into_iter().collect()
}

/// A time of a row, where there is one.
fn time(value: &Value) -> Option<DateTime<Utc>> {
    let text = value.as_str()?;
    Some(DateTime::parse_from_rfc3339(text).expect(text).to_utc())
}

fn check(application: Option<Application>, kinds: &[Kind]) {
    let Some(application) = application else { return };
    for &kind in kinds {
        Beneath { application: &application, kind, sandbox: Sandbox::without_store() }.check();
    }
}

const DJANGO: &[Kind] = &[Kind::DrfAuthtoken, Kind::DjangoKnox, Kind::DjangoOauthToolkit];

#[test]
fn a_django_project_with_a_file_refuses_exactly_what_was_revoked() {
    check(Application::django(Engine::Sqlite), DJANGO);
}

#[test]
fn a_django_project_on_a_server_refuses_exactly_what_was_revoked() {
    check(Application::django(Engine::Postgres), DJANGO);
}

#[test]
fn doorkeeper_with_a_file_refuses_exactly_what_was_revoked() {
    check(Application::doorkeeper(Engine::Sqlite), &[Kind::Doorkeeper]);
}

/// Its times have no zone, and that of the session is far from UTC: what is revoked at a time
/// to come is not revoked yet.
#[test]
fn doorkeeper_on_a_server_refuses_exactly_what_was_revoked() {
    check(Application::doorkeeper(Engine::Postgres), &[Kind::Doorkeeper]);
}

#[test]
fn better_auth_with_a_file_refuses_exactly_what_was_revoked() {
    check(Application::better_auth(Engine::Sqlite), &[Kind::BetterAuth]);
}

#[test]
fn better_auth_on_a_server_refuses_exactly_what_was_revoked() {
    check(Application::better_auth(Engine::Postgres), &[Kind::BetterAuth]);
}

/// Whether caches are tested too: that takes a minute, and what `tests/run` installs only then.
fn are_caches_tested() -> bool {
    !variable("TOKENCTL_TEST_CACHES").is_empty()
}

/// A minute at most, as its description says.
#[test]
fn unleash_refuses_what_was_revoked_within_a_minute() {
    let Some(unleash) = are_caches_tested().then(Application::unleash).flatten() else { return };
    let beneath = |kind| Beneath { application: &unleash, kind, sandbox: Sandbox::without_store() };
    let pats = beneath(Kind::UnleashPat);
    let [lost, kept] = ["root"; 2].map(|user| pats.issue(user));
    pats.assert_answers(&[&lost, &kept], &[200, 200]);
    let before = unleash.database_rows();
    pats.run_as_administrator(&format!("revoke {}", lost.id)).assert(0).says(&["at once"]);
    pats.assert_changed(&before);
    pats.assert_answers(&[&lost, &kept], &[401, 200]);

    let clients = beneath(Kind::UnleashApi);
    let [lost, kept] = ["root"; 2].map(|user| clients.issue(user));
    clients.assert_answers(&[&lost, &kept], &[200, 200]);
    let revoke = format!("revoke {}", shell_words::quote(&lost.id));
    let before = unleash.database_rows();
    clients.run_as_administrator(&revoke).assert(0).says(&["within 60s"]);
    let revoked = Instant::now();
    clients.assert_changed(&before);
    wait_until("a cache that is read anew", || {
        unleash.status_with(Kind::UnleashApi, &lost.issued.token) == 401
    });
    assert!(revoked.elapsed() < Duration::from_secs(70), "{:?}", revoked.elapsed());
    clients.assert_answers(&[&lost, &kept], &[401, 200]);
}

/// A token that it knows is taken until it is started again, another is not.
#[test]
fn synapse_refuses_what_was_revoked_once_it_is_started_again() {
    let start = || Application::synapse(None);
    let Some(synapse) = are_caches_tested().then(start).flatten() else { return };
    let kind = Kind::Synapse;
    let beneath = Beneath { application: &synapse, kind, sandbox: Sandbox::without_store() };
    let [used, unused, kept] = ["olive", "olive", "sam"].map(|user| beneath.issue(user));
    beneath.assert_answers(&[&used, &kept], &[200, 200]);
    for token in [&used, &unused] {
        let before = synapse.database_rows();
        let revoke = format!("revoke {}", token.id);
        beneath.run_as("olive", &revoke).assert(0).says(&["on restart"]);
        beneath.assert_changed(&before);
    }
    beneath.assert_answers(&[&used, &unused, &kept], &[200, 401, 200]);
    let again = Application::synapse(Some(&synapse)).expect("what there was before");
    let answers = [&used, &unused, &kept].map(|it| again.status_with(kind, &it.issued.token));
    assert_eq!(answers, [401, 401, 200]);
}

#[test]
fn an_application_ends_with_its_test() {
    let Some(application) = Application::better_auth(Engine::Sqlite) else { return };
    let (process, folder) = application.traces();
    let folder = folder.to_owned();
    assert!(is_running(process) && folder.is_dir());
    drop(application);
    assert!(!is_running(process) && !folder.exists());
}
