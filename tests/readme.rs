//! The README: every command in it is run, its transcript is produced by the
//! program, and its units pass systemd's own checks.

use std::path::Path;
use std::process::Command;

use expect_test::expect_file;

use crate::support::apps::App;
use crate::support::postgres::{
    Cluster, GITLAB, GITLAB_FIXTURE, NATIVE_ROLES, Options, READER, REVOKER, ROLES, grants,
};
use crate::support::{NOW, Sandbox, TOKENCTL, steady, tool};

const README: &str = include_str!("../README.md");

/// The fenced blocks of a language, in order.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    let after = README.split(&fence).skip(1);
    after.map(|rest| rest.split("```").next().unwrap_or_default()).collect()
}

/// What stands before commands of the README: the program on the PATH and at a
/// fixed time, so that the sample is the same on every day. Some say at which.
fn prelude() -> String {
    format!(
        "set -euo pipefail\ntokenctl() {{ case \" $* \" in \
         *' --now '*) {TOKENCTL} \"$@\" ;; *) {TOKENCTL} --now {NOW} \"$@\" ;; esac; }}\n"
    )
}

fn bash(sandbox: &Sandbox, script: &str) -> String {
    let mut command = Command::new(tool("bash").expect("a shell"));
    sandbox.isolate(&mut command);
    command.env_remove("TOKENCTL_DB");
    let script = format!("exec 2>&1\n{}{script}", prelude());
    let output = command.args(["-c", &script]).output().expect("bash runs");
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{script}\n{printed}");
    printed
}

#[test]
fn every_command_runs_as_it_stands() {
    let (Some(_), Some(_)) = (tool("bash"), tool("jq")) else { return };
    let sandbox = Sandbox::without_store();
    // These two are run by what lands a change.
    let stubs = "cargo() { [ \"$*\" = 'install --locked --path .' ]; }\ntests/run() { :; }\n";
    let commands = blocks("sh");
    assert!(commands.len() > 10, "{}", commands.len());
    let printed = bash(&sandbox, &format!("{stubs}{}", commands.concat()));
    assert!(printed.contains("revoked "), "{printed}");
    for failure in ["tokenctl: cannot", " to show", "(nothing changed)"] {
        assert!(!printed.contains(failure), "{failure}: {printed}");
    }
}

#[test]
fn the_transcript_is_what_the_program_prints() {
    let (Some(_), Some(_)) = (tool("bash"), tool("jq")) else { return };
    let mut readme = README.to_owned();
    for block in blocks("console") {
        let sandbox = Sandbox::without_store();
        bash(&sandbox, "tokenctl --db demo.db --now 2024-03-15 init --sample --quiet");
        let setup = "export TOKENCTL_DB=demo.db TOKENCTL_AS=root\n";
        let mut printed = String::new();
        for command in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
            let result = bash(&sandbox, &format!("{setup}{command}"));
            printed.extend(["$ ", command, "\n", &result]);
        }
        // Ids of runs and times of events are others each time.
        if steady(&printed, "~") != steady(block, "~") {
            readme = readme.replace(block, &printed);
        }
    }
    expect_file!["../README.md"].assert_eq(&readme);
}

#[test]
fn the_commands_on_gitlab_run_with_the_rights_that_it_grants() {
    let Some(cluster) = Cluster::start(&Options::default()) else { return };
    cluster.sql("postgres", "CREATE DATABASE gitlabhq_production");
    let tables = format!("{GITLAB}{GITLAB_FIXTURE}{}", grants(ROLES));
    cluster.sql("gitlabhq_production", &tables);
    let sandbox = Sandbox::without_store();
    // As whom, and where the socket is, libpq's variables say.
    let host = cluster.socket().display();
    let script = blocks("bash")[0];
    let printed = bash(&sandbox, &format!("export PGUSER={REVOKER} PGHOST={host}\n{script}"));
    assert!(printed.contains("would revoke 3 ") && printed.contains("revoked 3 "), "{printed}");
    for failure in ["tokenctl: cannot", " to show", "(nothing changed)"] {
        assert!(!printed.contains(failure), "{failure}: {printed}");
    }
}

#[test]
fn the_way_to_a_server_runs_as_it_stands() {
    let (Some(_), Some(bin)) = (tool("bash"), tool("initdb")) else { return };
    let Some(cluster) = Cluster::start(&Options::default()) else { return };
    let sandbox = Sandbox::without_store();
    sandbox.run("--db tokens.db init --sample --quiet").assert(0);
    let (host, bin) = (cluster.socket().display(), bin.parent().expect("a folder").display());
    let world = format!("export PGUSER=postgres PGHOST={host} PATH={bin}:$PATH");
    let printed = bash(&sandbox, &format!("{world}\n{}", blocks("bash")[2]));
    // The trial, the copy, and what status says of it.
    assert_eq!(printed.matches("and read each back").count(), 2, "{printed}");
    assert!(printed.contains("PostgreSQL") && !printed.contains("tokenctl: cannot"), "{printed}");
    assert_eq!(cluster.sql("tokens", "SELECT count(*) FROM tokenctl.users"), "30");
    let kept = sandbox.home().join("tokens.db").metadata().expect("the old file").permissions();
    assert!(kept.readonly());
}

/// A database that nobody described, as the README's file has it.
const APP: &str = "
    CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, is_admin BOOLEAN NOT NULL,
                        locked_at DATETIME);
    INSERT INTO users VALUES (1, 'root@example.org', TRUE, NULL), (2, 'ann@example.org', FALSE, NULL);
    CREATE TABLE api_keys (id INTEGER PRIMARY KEY, user_id INTEGER, label TEXT, digest TEXT,
        prefix TEXT, kind TEXT NOT NULL, scopes TEXT, created_at DATETIME, updated_at DATETIME,
        used INTEGER, last_used_at DATETIME, lifetime INTEGER, revoked_at DATETIME);
    INSERT INTO api_keys VALUES
        (1, 1, 'laptop', 'SECRET', 'pre_', 'api', 'read write', '2022-01-01 00:00:00', NULL,
         0, NULL, NULL, NULL),
        (2, 2, 'ci', 'SECRET', 'pre_', 'api', 'read', '2022-01-01 00:00:00', NULL,
         1700000000, '2023-11-14 22:13:20', 86400, NULL),
        (3, 2, 'web', 'SECRET', 'pre_', 'session', '', '2022-01-01 00:00:00', NULL, 0, NULL, NULL,
         NULL);
    CREATE TABLE sessions (id INTEGER PRIMARY KEY, key_id INTEGER);
    INSERT INTO sessions VALUES (1, 2);
";

#[test]
fn the_way_to_a_description_runs_as_it_stands() {
    let Some(_) = tool("bash") else { return };
    let sandbox = Sandbox::without_store();
    let app = rusqlite::Connection::open(sandbox.home().join("app.db")).expect("a file");
    app.execute_batch(APP).expect("SQL");
    drop(app);
    // The draft finds the administrator, so that there is no operator.
    let script = blocks("bash")[1].replace("TOKENCTL_AS=@operator", "TOKENCTL_AS=root@example.org");
    assert!(script.contains("root@example.org"));
    let printed = bash(&sandbox, &format!("EDITOR=true\n{script}"));
    assert!(printed.contains("would revoke 2 personal access tokens of 2 users"), "{printed}");
    assert!(!printed.contains("SECRET") && !printed.contains("pre_"), "{printed}");

    std::fs::write(sandbox.home().join("readme.toml"), blocks("toml")[0]).expect("a file");
    let line = "--db app.db --schema ./readme.toml --as root@example.org --audit-log log";
    sandbox.run("--db app.db schema check ./readme.toml").assert(0);
    sandbox.run(&format!("{line} revoke 2")).assert(0);
    let left = rusqlite::Connection::open(sandbox.home().join("app.db")).expect("a file");
    let count = |sql: &str| left.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("SQL");
    assert_eq!(count("SELECT count(*) FROM sessions"), 0);
    let revoked =
        "SELECT id FROM api_keys WHERE revoked_at IS NOT NULL AND updated_at = revoked_at";
    assert_eq!(count(revoked), 2);
    sandbox.run(&format!("{line} revoke 3")).assert(4);
}

#[test]
fn the_rights_of_the_roles_are_those_that_the_tests_run_with() {
    let roles = [
        ROLES,
        include_str!("support/roles_jupyterhub.sql"),
        include_str!("support/roles_gitea.sql"),
        include_str!("support/roles_forgejo.sql"),
        NATIVE_ROLES,
    ];
    assert_eq!(blocks("sql"), roles);
    let Some(cluster) = Cluster::shared() else { return };
    for (app, administrators) in [
        (App::JupyterHub, ["root", "ada", "gus"].as_slice()),
        (App::Gitea, &["root"]),
        (App::Forgejo, &["root"]),
    ] {
        let database = cluster.database("rights", &app.on_a_server());
        let as_role = |role: &str| {
            let sandbox = Sandbox::without_store().with("TOKENCTL_DB", database.url(role));
            let log = sandbox.home().join("audit.jsonl");
            sandbox.with("TOKENCTL_AUDIT_LOG", log)
        };
        let (reader, revoker) = (as_role(READER), as_role(REVOKER));
        for user in administrators.iter().chain(&["olive"]) {
            for command in
                ["list -o json", "list --user olive --scope all", "show 1", "revoke -n 1 2"]
            {
                reader.run(&format!("--as {user} {command}")).assert(0);
            }
        }
        let ran = reader.run("--as root revoke 1");
        ran.assert(1).says(&["permission denied", "hint: the chapter \"Least privilege\""]);
        revoker.run("--as olive revoke 1 2 --yes").assert(0);
        revoker.run("--as root revoke --unused-for 90d --yes").assert(0);
    }
}

#[test]
fn the_crontab_line_runs_in_the_world_of_cron() {
    let sandbox = Sandbox::without_store();
    sandbox.run("--db tokens.db init --sample --quiet").assert(0);
    let crontab = blocks("crontab").concat();
    let (jobs, variables): (Vec<&str>, Vec<&str>) =
        crontab.lines().partition(|line| line.starts_with(|c: char| c.is_ascii_digit()));
    for job in jobs {
        // Cron takes an unescaped one for the end of the command.
        assert!(!job.contains('%'), "{job}");
        let mut fields = job.splitn(6, ' ');
        let schedule: Vec<_> = fields.by_ref().take(5).collect();
        assert_eq!(schedule, ["0", "3", "*", "*", "1"]);
        let line = fields.next().expect("a command").trim();
        let line = line.replace("/srv/app", &sandbox.home().display().to_string());
        let mut command = Command::new("/bin/sh");
        command.current_dir(sandbox.home()).env_clear().env("HOME", sandbox.home());
        for variable in &variables {
            let (name, value) = variable.split_once('=').expect("a variable");
            command.env(name, value);
        }
        // Where the program and the store of this test are.
        let folder = Path::new(TOKENCTL).parent().expect("a folder").display();
        command.env("PATH", format!("{folder}:/usr/bin:/bin"));
        command.env("TOKENCTL_DB", sandbox.home().join("tokens.db"));
        let ran = sandbox.run_command(job, command.args(["-c", &line]));
        ran.assert(0);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""), "cron mails nothing");
        let pruned = std::fs::read_to_string(sandbox.home().join("pruned.jsonl")).expect("a file");
        assert!(pruned.lines().all(|line| line.contains("\"result\":\"revoked\"")), "{pruned}");
        assert!(!pruned.is_empty());
    }
}

#[test]
fn the_units_are_sound_and_hardened() {
    let Some(analyze) = tool("systemd-analyze") else { return };
    let sandbox = Sandbox::without_store();
    let units = blocks("ini");
    assert_eq!(units.len(), 4);
    let mut paths = Vec::new();
    for unit in units {
        let name = unit.lines().next().and_then(|line| line.rsplit('/').next()).expect("a name");
        let path = sandbox.home().join(name);
        // systemd looks whether there is such a program.
        let unit = unit.replace("/usr/local/bin/tokenctl", TOKENCTL);
        std::fs::write(&path, unit).expect("a file");
        paths.push(path);
    }
    let run = |arguments: &[&str], paths: &[std::path::PathBuf]| {
        let output = Command::new(&analyze).args(arguments).args(paths).output().expect("it runs");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    };
    let said = run(&["verify", "--man=no"], &paths);
    assert!(!said.contains("tokenctl-"), "{said}");
    // Older ones cannot look at a file that is not installed.
    let version = run(&["--version"], &[]);
    let number = version.split_whitespace().nth(1).and_then(|it| it.parse::<u32>().ok());
    if number.is_some_and(|number| number < 250) {
        return;
    }
    // Of 100: what systemd calls OK is below 50.
    for service in [&paths[..1], &paths[2..3]] {
        run(&["security", "--offline=yes", "--threshold=15"], service);
    }
}

#[test]
fn the_command_of_the_units_is_that_of_the_crontab() {
    let command = |text: &str, before: &str, after: &str| {
        let line = text.lines().find_map(|line| line.split_once(before)).expect(before).1;
        let line = line.split(after).next().unwrap_or_default();
        shell_words::split(line).expect(line)
    };
    let unit = command(blocks("ini")[0], "/tokenctl revoke", "\n");
    let job = command(blocks("crontab")[0], " tokenctl revoke", " >>");
    assert_eq!(unit, job);
}
