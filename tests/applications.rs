//! Beneath running applications that descriptions tell of: what was revoked is refused by
//! the application's own API, and nothing else is.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::support::applications::{Application, Engine, Issued, Kind};
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
        }
        let own = self.run_as("sam", "list -o ids");
        assert_eq!(own.assert(0).stdout.lines().collect::<Vec<_>>(), [&other.id]);

        // A stranger changes nothing, an owner their own tokens.
        let revoke_lost = format!("revoke {} --reason lost", shell_words::quote(&lost.id));
        self.run_as("sam", &revoke_lost).assert(4);
        self.assert_answers(&all, &[200; 3]);
        let rehearsed = self.run_as("olive", &format!("{revoke_lost} --dry-run"));
        rehearsed.assert(0);
        self.assert_answers(&all, &[200; 3]);
        self.run_as("olive", &revoke_lost).assert(0).says(&["at once"]);
        self.assert_answers(&all, &[401, 200, 200]);
        self.assert_gives_no_other(&lost);
        // Again: the same, or gone word for word.
        let again = self.run_as("olive", &revoke_lost);
        again.assert(if kind.keeps_rows() { 0 } else { 4 });
        if kind.keeps_rows() {
            assert_eq!(self.row(&lost)["active"], json!(false));
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
            assert_eq!((&row["user_id"], &row["name"]), (&json!(null), &json!("machine")), "{row}");
            let revoke = format!("revoke {}", shell_words::quote(&machine.id));
            self.run_as("olive", &revoke).assert(4);
            self.run_as_administrator(&revoke).assert(0);
            self.assert_answers(&[&machine, &kept], &[401, 200]);
            revoked += 1;
        }

        // The application goes on.
        let later = self.issue("olive");
        self.assert_answers(&[&later, &kept, &lost, &other], &[200, 200, 401, 401]);
        if let Some(refresh) = &kept.issued.refresh {
            assert_eq!(self.application.status_of_refresh(kind, refresh), 200);
        }

        // Of all that the acts are on record, and no secret.
        let audited = self.run_as_administrator("audit -o jsonl");
        let acts = audited.assert(0).stdout.matches("\"outcome\":\"revoked\"").count();
        assert_eq!(acts, revoked, "{audited}");
        let log = std::fs::read_to_string(self.sandbox.home().join("audit.log"));
        let shown =
            [log.expect("the audit file"), audited.stdout, Value::from(self.rows()).to_string()];
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

    /// A token that is revoked takes the one with it that would make another.
    fn assert_gives_no_other(&self, token: &Known) {
        if let Some(refresh) = &token.issued.refresh {
            assert_eq!(self.application.status_of_refresh(self.kind, refresh), 400);
        }
    }
}

/// An id, as the program prints it elsewhere.
fn id(row: &Value) -> String {
    row["id"].as_str().map_or_else(|| row["id"].to_string(), Into::into)
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
    pats.run_as_administrator(&format!("revoke {}", lost.id)).assert(0).says(&["at once"]);
    pats.assert_answers(&[&lost, &kept], &[401, 200]);

    let clients = beneath(Kind::UnleashApi);
    let [lost, kept] = ["root"; 2].map(|user| clients.issue(user));
    clients.assert_answers(&[&lost, &kept], &[200, 200]);
    let revoke = format!("revoke {}", shell_words::quote(&lost.id));
    clients.run_as_administrator(&revoke).assert(0).says(&["within 60s"]);
    let revoked = Instant::now();
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
        let revoke = format!("revoke {}", token.id);
        beneath.run_as("olive", &revoke).assert(0).says(&["on restart"]);
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
