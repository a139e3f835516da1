//! The command line: every value that is refused, and what the values mean that
//! are taken.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::support::apps::content_of;
use crate::support::{NOW, Sandbox, Transcript};

/// Times that are none, for every flag that takes T or DATE.
const BAD_TIMES: &[&str] = &[
    "",
    "tomorrow",
    "@",
    "@x",
    "-90d",
    "2024-03-15T12:00:00+02",
    "2024-03-15T12:00:00+2500",
    "NOW",
    "Today",
    "2021-02-29",
    "2021-02-29T00:00:00Z",
    "2024-13-01",
    "2024-00-10",
    "2024-01-32",
    "2024-01-00",
    "2024-3-1",
    "2024-03-15T1:2",
    "2024-03-15  12:00",
    "20240301",
    "24-03-01",
    "10000-01-01",
    "2024-03-15T24:00:00Z",
    "2024-03-15T24:00",
    "2024-03-15T12:60",
    "2024-03-15T12:00:61Z",
    "2024-03-15T",
    "2024-03-15T12",
    "2024-03-15Z",
    "2024-03-15x",
    "2024-03-15T12:00:00+25:00",
    "2024-03-15T12:00:00 UTC",
    "٢٠٢٤-٠١-٠١",
    "90",
    "d",
    "+",
    "-1d",
    "+-1d",
    "++1d",
    "90D",
    "90 d",
    " 90d",
    "1.5d",
    "90days",
    "1h30min",
    "3m",
    "+3m",
    "99999999999999999999d",
    "4294967296d",
    "4294967295d",
    "4294967295y",
    "5000y",
    "+9000y",
    "+4294967295mo",
];

/// Durations that are none.
const BAD_PERIODS: &[&str] = &[
    "",
    "90",
    "0",
    "d",
    "m",
    "3m",
    "-1d",
    "+1d",
    "1.5d",
    "1d1h",
    "90D",
    "1 d",
    " 1d",
    "1ms",
    "1sec",
    "week",
    "today",
    "2024-01-01",
    "99999999999999999999d",
    "4294967296s",
    "4294967295y",
    "4294967295mo",
    "4294967295w",
    "9000y",
];

const BAD_BOOLEANS: &[&str] = &["", "yes", "1", "0", "TRUE", "False", " true", "null"];

const BAD_REFERENCES: &[&str] = &["", "0", "9223372036854775808", "99999999999999999999999999"];

const BAD_IDS: &[&str] = &[
    "",
    " ",
    "0",
    "00",
    "-1",
    "+1",
    "1.5",
    "1e3",
    "0x10",
    "x",
    "root",
    "1 2",
    "1,2",
    "#1",
    "\u{0663}",
    "9223372036854775808",
    "18446744073709551617",
    "99999999999999999999999999",
];

fn run_args(sandbox: &Sandbox, args: &[&str]) -> Transcript {
    sandbox.run_command(&args.join(" "), &mut sandbox.command(args))
}

/// All that a run could change.
fn state_of(sandbox: &Sandbox) -> String {
    sandbox.value(
        "SELECT (SELECT group_concat(id || revoked || updated_at) FROM personal_access_tokens) ||
                (SELECT group_concat(id || revoked) FROM deploy_tokens) ||
                (SELECT count(*) FROM audit_events)",
    )
}

/// Runs a command with a bad value of a flag, as `--flag=value`, and gives what
/// is wrong with the answer.
fn problem(sandbox: &Sandbox, command: &str, flag: &str, value: &str) -> Option<String> {
    let option = format!("{flag}={value}");
    let args: Vec<&str> = ["--as", "root"].into_iter().chain(command.split(' ')).collect();
    let ran = run_args(sandbox, &[&args[..], &[&option]].concat());
    let right = ran.status == 2
        && ran.stdout.is_empty()
        && ran.stderr.contains(flag)
        && ran.stderr.contains(value)
        && ran.stderr.starts_with("tokenctl: ")
        && !ran.stderr.contains("panicked");
    (!right).then(|| ran.to_string())
}

#[track_caller]
fn assert_refused(sandbox: &Sandbox, cases: &[(&str, &[&str], &[&str])]) {
    let before = state_of(sandbox);
    let mut problems = Vec::new();
    for (command, flags, values) in cases {
        for flag in *flags {
            problems.extend(values.iter().filter_map(|it| problem(sandbox, command, flag, it)));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert_eq!(state_of(sandbox), before);
}

#[test]
fn times_and_durations_that_are_none_are_refused() {
    let times = ["--created-after", "--created-before", "--last-used-after", "--last-used-before"];
    let dates = ["--expires-after", "--expires-before"];
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("list", &times[..], BAD_TIMES),
        ("list", &dates, BAD_TIMES),
        ("list", &["--now"], BAD_TIMES),
        ("revoke 1", &["--now"], BAD_TIMES),
        ("deploy-tokens list", &["--created-after", "--expires-before"], BAD_TIMES),
        ("list", &["--unused-for", "--expires-within", "--busy-timeout"], BAD_PERIODS),
        ("deploy-tokens list", &["--expires-within"], BAD_PERIODS),
        ("revoke 1", &["--busy-timeout"], BAD_PERIODS),
        ("list", &["--busy-timeout"], &["25d", "1mo", "2147484s"]),
        ("list", &["--unused-for"], &["2025y", "24291mo"]),
        ("list", &["--expires-within"], &["7976y"]),
    ];
    assert_refused(&Sandbox::new(), cases);
}

#[test]
fn all_other_values_that_are_none_are_refused() {
    let booleans = ["--revoked", "--expired", "--never-used", "--no-expiry", "--impersonation"];
    let deploy_booleans = ["--revoked", "--expired", "--active", "--no-expiry"];
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("list", &booleans, BAD_BOOLEANS),
        ("deploy-tokens list", &deploy_booleans, BAD_BOOLEANS),
        ("list", &["--state"], &["", "gone", "Active", "all", "active,inactive"]),
        ("deploy-tokens list", &["--state"], &["", "gone", "Expired"]),
        ("list", &["--user-type"], &["", "bot", "Human"]),
        ("list", &["--user-state"], &["", "inactive", "Gone"]),
        ("list", &["--sort"], &["", "id", "last_used", "id-asc", "ID_ASC", "id_asc,name_asc"]),
        ("list", &["--limit"], &["", "-1", "+-1", "1.5", "x", "1e3", "18446744073709551616"]),
        ("list", &["--user", "--except-user", "--as"], BAD_REFERENCES),
        ("deploy-tokens list", &["--project", "--group"], BAD_REFERENCES),
        ("list", &["--scope", "--except-scope"], &[""]),
        ("list", &["--columns"], &["", "token_digest", "ID", "state ", "*", "digest", "name;id"]),
        ("list", &["--output", "--color"], &["", "xml", "JSON", "Auto", "on"]),
        ("revoke 1", &["--output", "--color"], &["", "xml"]),
        ("revoke 1", &["--reason", "--as", "--db"], &[""]),
        ("deploy-tokens revoke 1", &["--reason"], &[""]),
        ("--db x.db init", &["--sample"], &["", "0", "-1", "x", "1.5", "10000001"]),
        ("revoke 1", &["--yes", "--dry-run", "--quiet"], &["", "true", "x"]),
    ];
    let sandbox = Sandbox::new();
    assert_refused(&sandbox, cases);
    assert!(!sandbox.home().join("x.db").exists());
    for columns in ["id,", ",id", "id,,name", "id,token_digest", "id, name"] {
        let ran = run_args(&sandbox, &["--as", "root", "list", "--columns", columns]);
        ran.assert(2).says(&["--columns"]);
    }
}

#[test]
fn a_bare_m_is_ambiguous_and_the_message_says_what_to_write() {
    let sandbox = Sandbox::new();
    for flag in ["--unused-for", "--created-after", "--expires-within", "--expires-before"] {
        let ran = sandbox.run(&format!("--as root list {flag} 3m"));
        ran.assert(2).says(&[flag, "3m", "ambiguous", "3min", "3mo"]);
    }
}

#[test]
fn ids_that_are_none_are_refused() {
    let sandbox = Sandbox::new();
    let before = state_of(&sandbox);
    for command in ["show", "revoke", "deploy-tokens show", "deploy-tokens revoke"] {
        for id in BAD_IDS {
            let mut args = vec!["--as", "root"];
            args.extend(command.split(' '));
            let ran = run_args(&sandbox, &[&args[..], &[id]].concat());
            ran.assert(2).says(&[id.trim()]);
            // All are read before anything is touched.
            if command.ends_with("revoke") && *id != "-1" {
                let ran = run_args(&sandbox, &[&args[..], &["1", id, "2", "-y"]].concat());
                assert_eq!(ran.assert(2).stdout, "", "{ran}");
            }
        }
    }
    assert_eq!(state_of(&sandbox), before);
    for id in ["2", " 2 ", "0002", "\t2\n"] {
        let ran = run_args(&sandbox, &["--as", "root", "show", id, "-o", "ids"]);
        assert_eq!(ran.assert(0).ids(), [2], "{ran}");
    }
    run_args(&sandbox, &["--as", "root", "show", "9223372036854775807"]).assert(4);
}

#[test]
fn revoke_needs_something_to_revoke_and_a_confirmation() {
    let sandbox = Sandbox::new();
    let before = state_of(&sandbox);
    for kind in ["", "deploy-tokens "] {
        for line in [
            "revoke",
            "revoke -y",
            "revoke -n",
            "revoke --reason x",
            "revoke 1 2",
            "revoke 1 999",
            "revoke -",
            "revoke - 1 -y",
            "revoke 1 - -y",
            "revoke - - -y",
            "revoke 1 - -n",
            "revoke ''",
            "revoke 1 ''",
            "revoke 1 -y --sort id_asc",
            "revoke 1 -y --limit 0",
            "revoke 1 -y --limit -1",
            "revoke 1 -y --columns id",
            "revoke 1 -y --reason ''",
            "revoke --expired",
            "revoke --search nothing-like-it",
            "revoke 1 --expired",
            "revoke 1 --created-before 9999-01-01",
            "revoke - --expired",
            "revoke --max 5 -y",
            "revoke --batch-size 5 -y",
            "revoke --search '' -y",
            "revoke --search '' --expired -y",
            "revoke --search ' \t ' -n",
            "revoke 1 --search ''",
            "revoke --expired -y --batch-size 0",
            "revoke --expired -y --batch-size 10001",
            "revoke --expired -y --max -1",
            "revoke --expired -y --max ''",
            "revoke --expired -i",
            "revoke --expired -i -y",
            "revoke --expired -i -n",
            "revoke 1 -i",
            "revoke - -i -y",
        ] {
            let ran = sandbox.run(&format!("--as root {kind}{line}"));
            assert_eq!(ran.assert(2).stdout, "", "{ran}");
        }
    }
    assert_eq!(state_of(&sandbox), before);
    let ran = run_args(&sandbox, &["--as", "root", "revoke", "1", "1", "01", " 1", "-o", "ids"]);
    assert_eq!(ran.assert(0).ids(), [1], "the same id twice needs no confirmation: {ran}");
    assert_eq!(sandbox.value("SELECT count(*) FROM audit_events"), "1");
}

#[test]
fn revoke_takes_a_day_without_use_or_more() {
    let sandbox = Sandbox::new();
    let before = state_of(&sandbox);
    for period in ["0d", "1s", "23h", "1439min", "86399s"] {
        for flag in ["-y", "-n", "-y 1"] {
            let ran = sandbox.run(&format!("--as root revoke --unused-for {period} {flag}"));
            ran.assert(2).says(&["--unused-for", period, "1d or more"]);
        }
        sandbox.run(&format!("--as root list --unused-for {period}")).assert(0);
    }
    assert_eq!(state_of(&sandbox), before);
    for period in ["1d", "24h", "1440min", "86400s", "1w", "1mo"] {
        sandbox.run(&format!("--as root revoke --unused-for {period} -n")).assert(0);
    }
}

#[test]
fn a_revoke_in_the_future_is_refused_unless_dry() {
    let sandbox = Sandbox::new();
    let before = state_of(&sandbox);
    for now in ["+1min", "+1d", "+10y", "9999-01-01"] {
        for kind in [&["revoke"][..], &["deploy-tokens", "revoke"]] {
            let run = |flags: &[&str]| {
                let mut command = sandbox.bare_command();
                command.args(["--as", "root", "--now", now]).args(kind).args(["1", "-o", "ids"]);
                sandbox.run_command(now, command.args(flags))
            };
            run(&[]).assert(2).says(&["--now", "--dry-run"]);
            run(&["-y"]).assert(2);
            assert_eq!(run(&["-n"]).assert(0).ids(), [1]);
        }
    }
    assert_eq!(state_of(&sandbox), before);
    for (now, id) in [("now", "1"), ("0s", "2"), ("today", "3"), ("1d", "4")] {
        let mut command = sandbox.bare_command();
        command.args(["--as", "root", "--now", now, "revoke", id, "-o", "ids"]);
        sandbox.run_command(now, &mut command).assert(0);
    }
}

#[test]
fn columns_are_chosen_in_every_format_that_has_them() {
    let sandbox = Sandbox::new();
    for kind in ["", "deploy-tokens "] {
        let ran = sandbox.run(&format!("--as root {kind}list --columns id,name -o ids"));
        assert_eq!(ran.assert(2).says(&["--columns"]).stdout, "", "{ran}");
        for (format, expected) in [
            ("json", "[\n{\"state\":\"active\",\"id\":1}\n]\n"),
            ("jsonl", "{\"state\":\"active\",\"id\":1}\n"),
        ] {
            // Each once, in the order of the first.
            let line = format!("{kind}list --columns state,id,state -o {format} --limit 1");
            assert_eq!(sandbox.run(&format!("--as root {line}")).assert(0).stdout, expected);
            let all = format!("--as root {kind}list --columns all -o {format}");
            let plain = format!("--as root {kind}list -o {format}");
            assert_eq!(sandbox.run(&all).assert(0).stdout, sandbox.run(&plain).assert(0).stdout);
        }
        let ran = sandbox.run(&format!("--as root {kind}list --columns state,id -o csv --limit 1"));
        assert_eq!(ran.assert(0).stdout, "state,id\nactive,1\n");
        let ran = sandbox.run(&format!("--as root {kind}list --columns state,id --limit 1"));
        assert_eq!(ran.assert(0).stdout, "state   id\nactive  1\n");
    }
}

#[test]
fn what_deploy_tokens_lack_is_refused() {
    let sandbox = Sandbox::new();
    for flags in [
        "--sort last_used_asc",
        "--sort last_used_desc",
        "--project 1 --group 1",
        "--group top --project top/app",
        "--user 1",
        "--user-state active",
        "--never-used",
        "--unused-for 90d",
        "--last-used-after 1d",
        "--impersonation",
        "--user-type human",
        "--except-user 1",
        "--columns last_used_at",
        "--columns user_id",
    ] {
        let ran = sandbox.run(&format!("--as root deploy-tokens list {flags}"));
        assert_eq!(ran.assert(2).stdout, "", "{ran}");
    }
    for flags in ["--project 1", "--group 1", "--active"] {
        sandbox.run(&format!("--as root list {flags}")).assert(2);
    }
}

#[test]
fn options_stand_before_and_after_the_command() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let store = store.to_str().expect("a path");
    let lines: [&[&str]; 5] = [
        &["--db", store, "--as", "root", "-o", "ids", "--now", NOW, "-q", "list", "--limit", "2"],
        &["list", "--limit", "2", "-q", "--now", NOW, "-o", "ids", "--as", "root", "--db", store],
        &["-qoids", "ls", "--limit=2", "--as=root", "--db", store, "--color=never"],
        &["--as", "root", "deploy-tokens", "-o", "ids", "ls", "--limit", "2", "-q", "--db", store],
        &["deploy-tokens", "--as", "root", "list", "--limit", "2", "-qo", "ids", "--db", store],
    ];
    for args in lines {
        let mut command = sandbox.bare_command();
        let ran =
            sandbox.run_command(&args.join(" "), command.args(args).env_remove("TOKENCTL_DB"));
        assert_eq!((&*ran.assert(0).stdout, &*ran.stderr), ("1\n2\n", ""), "{ran}");
    }
    // The flag wins over the environment.
    let mut command = sandbox.command(["--as", "sam", "--db", store, "list", "-o", "ids"]);
    command.env("TOKENCTL_AS", "0").env("TOKENCTL_DB", "postgres://x");
    assert_eq!(sandbox.run_command("flags", &mut command).assert(0).ids(), [9, 10]);
}

#[test]
fn a_store_and_an_actor_must_be_named() {
    let sandbox = Sandbox::new();
    for line in ["list", "show 1", "revoke 1", "deploy-tokens list", "deploy-tokens show 1"] {
        sandbox.run(line).assert(2).says(&["--as", "TOKENCTL_AS"]);
        let mut command = sandbox.command(["--as", "root"]);
        command.args(line.split(' '));
        let empty = sandbox.run_command(line, command.env("TOKENCTL_DB", ""));
        let unset = sandbox.run_command(line, command.env_remove("TOKENCTL_DB"));
        for ran in [empty, unset] {
            ran.assert(2).says(&["--db", "TOKENCTL_DB"]);
        }
    }
    let mut command = sandbox.command(["init"]);
    sandbox.run_command("init", command.env("TOKENCTL_DB", "")).assert(2);
    let mut command = sandbox.command(["completions", "bash"]);
    sandbox.run_command("completions", command.env_remove("TOKENCTL_DB")).assert(0);
}

#[test]
fn a_value_that_is_no_text_is_named_by_its_flag() {
    let sandbox = Sandbox::new();
    // Behind --now and its value, and also where a path before it may be any bytes.
    let cases: [(&[&[u8]], &str); 5] = [
        (&[b"--as", b"\xff", b"list"], "argument 4 (after --as) is not UTF-8"),
        (&[b"--as=\xff", b"list"], "argument 3 (after --as) is not UTF-8"),
        (
            &[b"--db", b"\xff", b"--as", b"root", b"list", b"--user", b"\xff"],
            "argument 9 (after --user) is not UTF-8",
        ),
        (&[b"--as=root", b"revoke", b"--db=x", b"\xff"], "argument 6 is not UTF-8"),
        (&[b"--as", b"root", b"revoke", b"\xff"], "argument 6 is not UTF-8"),
    ];
    for (args, said) in cases {
        let mut command = sandbox.command(args.iter().map(|it| OsStr::from_bytes(it)));
        let ran = sandbox.run_command(&format!("{args:?}"), &mut command);
        assert_eq!(ran.assert(2).stderr, format!("tokenctl: {said}\n"), "{ran}");
    }
}

#[test]
fn an_empty_environment_variable_counts_as_unset() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(["list"]);
    let ran = sandbox.run_command("list", command.env("TOKENCTL_AS", ""));
    ran.assert(2).says(&["no user given to act as"]);
    let names = ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM", "COLUMNS", "SUDO_USER"];
    let mut command = sandbox.command(["--as", "root", "revoke", "1"]);
    let ran = sandbox.run_command("revoke 1", command.envs(names.map(|name| (name, ""))));
    assert!(!ran.assert(0).stdout.contains('\u{1b}'), "{ran}");
    assert_eq!(sandbox.value("SELECT os_user LIKE '%SUDO%' FROM audit_events"), "0");
}

type Environment = &'static [(&'static str, &'static str)];

#[test]
fn colour_is_as_asked() {
    let sandbox = Sandbox::new();
    let cases: [(&[&str], Environment, bool); 7] = [
        (&[], &[], false),
        (&["--color", "always"], &[], true),
        (&["--color", "always"], &[("NO_COLOR", "1")], true),
        (&["--color", "never"], &[("CLICOLOR_FORCE", "1")], false),
        (&[], &[("CLICOLOR_FORCE", "1")], true),
        (&[], &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], false),
        (&["--color", "auto"], &[("CLICOLOR_FORCE", "1"), ("TERM", "dumb")], true),
    ];
    for (flags, environment, coloured) in cases {
        for line in [&["list"][..], &["show", "1"]] {
            let mut command = sandbox.command(["--as", "root"]);
            command.args(flags).args(line).envs(environment.iter().copied());
            let ran = sandbox.run_command(&format!("{flags:?} {environment:?}"), &mut command);
            assert_eq!(ran.assert(0).stdout.contains('\u{1b}'), coloured, "{ran}");
        }
        for format in ["csv", "json", "jsonl", "ids"] {
            let mut command = sandbox.command(["--as", "root", "list", "-o", format]);
            command.args(flags).envs(environment.iter().copied());
            let ran = sandbox.run_command(format, &mut command);
            assert!(!ran.assert(0).stdout.contains('\u{1b}'), "{ran}");
        }
    }
}

#[test]
fn malformed_environment_variables_are_refused_by_name() {
    let sandbox = Sandbox::new();
    let before = state_of(&sandbox);
    let cases = [
        ("TOKENCTL_AS", "0"),
        ("TOKENCTL_AS", "99999999999999999999"),
        ("TOKENCTL_DB", ":memory:"),
        ("TOKENCTL_DB", "sqlite::memory:"),
        ("TOKENCTL_DB", "file:x.db"),
        ("TOKENCTL_DB", "sqlite:file:x.db?mode=memory"),
        ("TOKENCTL_DB", "sqlite:"),
    ];
    let mut failed = Vec::new();
    for (name, value) in cases {
        let mut command = sandbox.command(["revoke", "1"]);
        command.env("TOKENCTL_AS", "root").env(name, value);
        let ran = sandbox.run_command(&format!("({name}={value})"), &mut command);
        assert_eq!(ran.assert(2).stdout, "", "{ran}");
        if !(ran.stderr.contains(name) && ran.stderr.contains(value)) {
            failed.push(ran.to_string());
        }
    }
    assert!(failed.is_empty(), "the variable or its value is not named:\n{}", failed.join("\n"));
    assert_eq!(state_of(&sandbox), before);
}

#[test]
fn what_is_no_path_is_refused() {
    let sandbox = Sandbox::without_store();
    let values = [
        ":memory:",
        "sqlite::memory:",
        "file:x.db",
        "file:x.db?mode=memory",
        "file::memory:?cache=shared",
        "sqlite:file:x.db",
        "",
    ];
    for value in values {
        for line in [&["--as", "root", "list"][..], &["--as", "root", "revoke", "1"], &["init"]] {
            let ran = run_args(&sandbox, &[&["--db", value][..], line].concat());
            ran.assert(2)
                .says(&["--db", if value.is_empty() { "empty" } else { "hint: a store is" }]);
            let ran = sandbox.run_command(value, sandbox.command(line).env("TOKENCTL_DB", value));
            ran.assert(2);
        }
    }
    for (value, shown) in [
        ("mysql://root@db/x", "mysql://root@db/x"),
        ("mysql+pymysql://root:hunter2@db:3306/x", "mysql+pymysql://root:…@db:3306/x"),
        ("jdbc:postgresql://db/x?user=root&password=hunter2", "jdbc:postgresql://db/x…"),
        ("root:hunter2@db/x", "root…"),
        ("host=db user=root password=hunter2", "host…"),
        ("sqlite://x.db", "sqlite://x.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("file:x?mode=ro", "file:x?mode=ro"),
    ] {
        let forms = [
            format!("invalid value '{shown}' for '--db <STORE>'"),
            "./NAME".into(),
            "sqlite:////PATH".into(),
            "postgres://[USER@]HOST[:PORT]/DATABASE".into(),
        ];
        let ran = run_args(&sandbox, &["--as", "root", "list", "--db", value]);
        ran.assert(2).says(&forms.each_ref().map(String::as_str));
        assert!(!ran.stderr.contains("hunter2"), "{ran}");
    }
    for value in ["postgres://db/x", "postgresql://u@db/x", "mysql://db/x", "https://db/x.db"] {
        let ran = run_args(&sandbox, &["--as", "root", "list", "--db", value]);
        assert_ne!(ran.status, 0, "{ran}");
    }
    let left = std::fs::read_dir(sandbox.home()).expect("a directory").count();
    assert_eq!(left, 0, "nothing is created");
}

#[test]
fn a_password_in_the_name_of_a_store_is_never_repeated() {
    let sandbox = Sandbox::new();
    let values = [
        "postgres://root:hunter2@db.example/tokens",
        "postgresql://root:hunter2@db.example:5432/tokens?sslmode=require",
        "POSTGRES://root:hunter2@db.example/tokens",
        "postgres://:hunter2@db.example",
        "postgres://db.example/tokens?user=root&password=hunter2",
        "postgres://db.example/tokens?PASSWORD=hunter2",
        "postgres://root:%68@hunter2@db.example/tokens",
        "postgres://root:a/hunter2@db.example/tokens",
        "postgres://root:a?hunter2@db.example/tokens",
        "sqlite:postgres://root:hunter2@db.example/tokens",
        " postgres://root:hunter2@db.example/tokens",
    ];
    for value in values {
        for line in [&["--as", "root", "list"][..], &["--as", "root", "show", "x"], &["init"]] {
            let ran = run_args(&sandbox, &[&["--db", value][..], line].concat());
            assert!(!ran.stderr.contains("hunter2"), "{ran}");
            ran.assert(2);
            let mut command = sandbox.command(line);
            let ran = sandbox.run_command("in the environment", command.env("TOKENCTL_DB", value));
            assert_ne!(ran.status, 0, "{ran}");
            assert!(!ran.stderr.contains("hunter2"), "{value}: {ran}");
        }
    }
    let ran = run_args(&sandbox, &["--db", values[0], "list"]);
    ran.assert(2).says(&["TOKENCTL_DB", "PGPASSWORD"]);
}

#[test]
fn every_command_has_help() {
    let sandbox = Sandbox::without_store();
    let commands = [
        "",
        "init",
        "list",
        "ls",
        "show",
        "revoke",
        "deploy-tokens",
        "deploy-tokens list",
        "deploy-tokens ls",
        "deploy-tokens show",
        "deploy-tokens revoke",
        "audit",
        "status",
        "completions",
    ];
    for command in commands {
        let alias = command.ends_with("ls");
        for line in
            [format!("{command} --help"), format!("{command} -h"), format!("help {command}")]
        {
            if line.starts_with("help") && alias {
                continue;
            }
            let ran = sandbox.run(&line);
            assert_eq!(ran.assert(0).stderr, "", "{ran}");
            assert!(ran.stdout.contains("Usage: tokenctl"), "{ran}");
            // Only what a command uses is in its help.
            let acts = !["init", "completions"].contains(&command);
            let of_all = ran.stdout.contains("--as <USER>");
            assert!(of_all == acts || line.starts_with("help"), "{ran}");
        }
    }
    let ran = sandbox.run("--version");
    assert_eq!(ran.assert(0).stdout, format!("tokenctl {}\n", env!("CARGO_PKG_VERSION")));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = sandbox.run(&format!("completions {shell}"));
        assert!(ran.assert(0).stdout.contains("TOKENCTL_COMPLETE"), "{ran}");
        assert_eq!(ran.stderr, "", "{ran}");
    }
    for line in
        ["", "nonsense", "deploy-tokens", "completions", "completions tcsh", "show", "show 1 2"]
    {
        assert_eq!(sandbox.run(line).assert(2).stdout, "");
    }
}

#[test]
fn help_is_coloured_as_it_is_asked_for() {
    let sandbox = Sandbox::new();
    for (line, is_coloured) in [
        ("list --help --color always", true),
        ("--color=always help list", true),
        ("list --help", false),
        ("list --help --color never", false),
    ] {
        let ran = sandbox.run(line);
        assert_eq!(ran.assert(0).stdout.contains('\u{1b}'), is_coloured, "{ran}");
    }
}

#[test]
fn habits_are_answered_with_what_there_is() {
    let sandbox = Sandbox::new();
    let before = state_of(&sandbox);
    let secret = "glpat-abcdefghijklmnopqrst";
    for (line, hints) in [
        ("unrevoke 1", &["a revocation cannot be undone"][..]),
        ("restore 1", &["a revocation cannot be undone"]),
        ("delete 1", &["tokenctl revoke"]),
        ("rm 1", &["tokenctl revoke"]),
        ("revoke --expired --force", &["--yes does not ask", "--max N refuses"]),
        ("revoke --all", &["'revoke' needs ids or a filter"]),
        ("list --all", &["'list' shows all"]),
        ("list --verbose", &["-o json"]),
        ("list --json", &["-o json"]),
        ("revoke --expired --count", &["--dry-run"]),
        ("list maria", &["--user maria"]),
        ("list glpat-abcdefghijklmnopqrst", &["--user USER"]),
        ("glpat-abcdefghijklmnopqrst", &["--help"]),
        ("revoke 1 2 --token", &["a secret is never an argument"]),
        ("show 'old laptop'", &["list --search"]),
        ("list --unused-for -90d", &["'-90d'", "no sign: 90d"]),
        ("list --limit -1", &["'-1'", "a whole number, 0 or more"]),
        ("list --limit 1.5", &["'1.5'", "a whole number"]),
        ("list --busy-timeout 5", &["5s are seconds"]),
        ("list --created-after 01.02.2024", &["a time is a date (2020-07-23)"]),
        ("list --created-after 2024/01/01", &["a time is a date (2020-07-23)"]),
        ("revoke 1 --reason ' '", &["it is blank"]),
        ("init --sample=0", &["from 1 to 10000000"]),
    ] {
        let ran = sandbox.run(&format!("--as root {line}"));
        assert_eq!(ran.assert(2).says(hints).stdout, "", "{ran}");
        for text in ["--foreign-owner", secret, "invalid digit"] {
            assert!(!ran.stderr.contains(text), "{text}: {ran}");
        }
    }
    let ran = sandbox.run("--as olive deploy-tokens list");
    ran.assert(4).says(&["give --project or --group"]);
    assert_eq!(state_of(&sandbox), before);
}

#[test]
fn an_exemption_that_exempts_nothing_is_told() {
    let sandbox = Sandbox::new();
    for line in [
        "list --except-scope sodu --limit 1",
        "list --except-scope 'sudo admin_mode' -o ids",
        "revoke --unused-for 1y --except-scope sodu --dry-run",
        "deploy-tokens list --except-scope nonsense",
    ] {
        let ran = sandbox.run(&format!("--as root {line}"));
        ran.assert(0).says(&["exempts nothing: no token has this scope"]);
    }
    // Blanks around a scope are none of it.
    let trimmed = sandbox.run("--as root list --except-scope 'sudo, admin_mode' -o ids");
    let plain = sandbox.run("--as root list --except-scope sudo,admin_mode -o ids");
    assert_eq!((&trimmed.stdout, &*trimmed.assert(0).stderr), (&plain.stdout, ""));
    let near = sandbox.run("--as root revoke --scope admin-mode --unused-for 1y --yes");
    near.assert(2).says(&["some have 'admin_mode'", "hint: correct it"]);
    assert!(!near.stderr.contains("leave it out"), "{near}");
}

#[test]
fn times_are_taken_in_further_forms() {
    let sandbox = Sandbox::new();
    let count = |flag: &str| {
        sandbox.run(&format!("--as root list {flag} --count")).assert(0).stdout.clone()
    };
    for (one, other) in [
        ("--created-after yesterday", "--created-after 2024-03-14"),
        ("--created-after @1710374400", "--created-after 2024-03-14"),
        ("--created-after 2024-03-14T02:00:00+0200", "--created-after 2024-03-14"),
        ("--created-before 2024-03-13T19:00:00-0500", "--created-before 2024-03-14"),
    ] {
        assert_eq!(count(one), count(other), "{one}");
    }
}

#[test]
fn a_count_is_how_many_are_listed() {
    let sandbox = Sandbox::new();
    for line in [
        "list",
        "list --user olive --state active",
        "list --search ci",
        "list --scope api --never-used",
        "deploy-tokens list --active",
    ] {
        for user in ["root", "olive"] {
            let listed = sandbox.run(&format!("--as {user} {line} -o ids"));
            if listed.status == 0 {
                for format in ["table", "json", "csv", "ids"] {
                    let ran = sandbox.run(&format!("--as {user} {line} --count -o {format}"));
                    assert_eq!(ran.assert(0).stdout, format!("{}\n", listed.ids().len()), "{ran}");
                }
            }
        }
    }
    // A row that cannot be read is not counted, and is named.
    sandbox.sql_unchecked("UPDATE personal_access_tokens SET scopes = 'x' WHERE id = 4");
    let listed = sandbox.run("--as root list --scope api,sudo -o ids");
    let ran = sandbox.run("--as root list --scope api,sudo --count");
    assert_eq!(
        ran.assert(1).says(&["token 4 is left out"]).stdout,
        format!("{}\n", listed.ids().len())
    );
}

#[test]
fn a_limit_takes_the_first_and_says_how_many_more_there_are() {
    for (line, revoked, more) in [
        ("revoke --user olive --limit 2 --yes", &[1, 2][..], Some("4 more match")),
        ("revoke --user olive --limit 2 --dry-run", &[], Some("4 more match")),
        ("revoke 9 3 1 --limit 2 --yes", &[1, 3], Some("1 more match")),
        ("revoke 9 3 1 --limit 3 --yes", &[1, 3, 9], None),
        ("revoke --user olive --limit 2 --max 2 --yes", &[1, 2], Some("4 more match")),
    ] {
        let sandbox = Sandbox::new();
        let revoked_before = sandbox.run("--as root list --revoked -o ids").ids();
        let ran = sandbox.run(&format!("--as root {line}"));
        ran.assert(0);
        assert_eq!(ran.stderr.contains("more match"), more.is_some(), "{ran}");
        ran.says(more.as_slice());
        let mut now = sandbox.run("--as root list --revoked -o ids").ids();
        now.retain(|id| !revoked_before.contains(id));
        assert_eq!(now, revoked, "{ran}");
    }
}

fn listed(sandbox: &Sandbox, args: &[&str]) -> Vec<i64> {
    listed_at(sandbox, NOW, args)
}

fn listed_at(sandbox: &Sandbox, now: &str, args: &[&str]) -> Vec<i64> {
    let mut command = sandbox.bare_command();
    command.args(["--as", "root", "-o", "ids", "--now", now]).args(args);
    sandbox.run_command(&format!("--now {now} {args:?}"), &mut command).assert(0).ids()
}

#[test]
fn a_duration_counts_back_in_every_unit() {
    let sandbox = Sandbox::new();
    let cases: &[(&str, &[&str])] = &[
        ("2024-03-14T12:00:00.000Z", &["1d", "24h", "1440min", "86400s", "01d"]),
        ("2024-03-08T12:00:00.000Z", &["7d", "1w", "168h"]),
        ("2024-02-15T12:00:00.000Z", &["1mo", "29d"]),
        ("2023-03-15T12:00:00.000Z", &["1y", "12mo", "366d"]),
        ("2024-03-15T12:00:00.000Z", &["0d", "0s", "0mo", "+0d", "now"]),
        ("2024-03-15T00:00:00.000Z", &["today", "2024-03-15", "12h"]),
        ("2024-03-25T12:00:00.000Z", &["+10d"]),
        ("0001-03-15T12:00:00.000Z", &["2023y", "0001-03-15T12:00:00Z"]),
    ];
    for (at, forms) in cases {
        sandbox.sql(&format!(
            "DELETE FROM personal_access_tokens;
             INSERT INTO personal_access_tokens (id, user_id, name, created_at) VALUES
                 (1, 1, '', strftime('%Y-%m-%dT%H:%M:%fZ', '{at}', '-0.001 seconds')),
                 (2, 1, '', '{at}'),
                 (3, 1, '', strftime('%Y-%m-%dT%H:%M:%fZ', '{at}', '+0.001 seconds'))"
        ));
        for form in *forms {
            assert_eq!(listed(&sandbox, &["list", "--created-after", form]), [2, 3], "{form}");
            assert_eq!(listed(&sandbox, &["list", "--created-before", form]), [1, 2], "{form}");
            if form.starts_with(|c: char| c.is_ascii_digit()) && !form.contains('-') {
                assert_eq!(listed(&sandbox, &["list", "--unused-for", form]), [1], "{form}");
            }
        }
    }
    // Months end where the calendar has no such day.
    sandbox.sql(
        "UPDATE personal_access_tokens
         SET created_at = '2024-02-29T00:00:00.000Z', expires_at = '2025-02-28'",
    );
    for (now, filter) in [
        ("2024-03-31T00:00:00Z", ["--created-after", "1mo"]),
        ("2025-03-01T00:00:00Z", ["--created-after", "366d"]),
        ("2024-02-29", ["--expires-within", "1y"]),
    ] {
        let args = [&["list"][..], &filter].concat();
        assert_eq!(listed_at(&sandbox, now, &args), [1, 2, 3], "{now} {filter:?}");
    }
}

#[test]
fn a_time_is_taken_in_every_form() {
    let sandbox = Sandbox::new();
    sandbox.sql(
        "DELETE FROM personal_access_tokens;
         INSERT INTO personal_access_tokens (id, user_id, name, created_at) VALUES
             (1, 1, '', '2024-03-10T10:29:59.999Z'),
             (2, 1, '', '2024-03-10T10:30:00.000Z'),
             (3, 1, '', '2024-03-10T10:30:00.001Z')",
    );
    for form in [
        "2024-03-10T10:30:00Z",
        "2024-03-10T10:30:00.000Z",
        "2024-03-10T10:30:00.000000000Z",
        "2024-03-10T10:30:00",
        "2024-03-10T10:30:00.0",
        "2024-03-10T10:30",
        "2024-03-10T12:30:00+02:00",
        "2024-03-10T05:00:00-05:30",
        "2024-03-09T23:30:00-11:00",
        "2024-03-10T10:30:00-00:00",
        "2024-03-10t10:30:00z",
    ] {
        assert_eq!(listed(&sandbox, &["list", "--created-after", form]), [2, 3], "{form}");
        assert_eq!(listed(&sandbox, &["list", "--created-before", form]), [1, 2], "{form}");
    }
    // Between two milliseconds each bound still keeps what it says.
    for form in ["2024-03-10T10:30:00.0001Z", "2024-03-10T10:30:00.0009999Z"] {
        assert_eq!(listed(&sandbox, &["list", "--created-after", form]), [3], "{form}");
        assert_eq!(listed(&sandbox, &["list", "--created-before", form]), [1, 2], "{form}");
    }
}

#[test]
fn a_token_expires_at_midnight_of_its_date() {
    let sandbox = Sandbox::new();
    let cases: &[(&str, &[i64])] = &[
        ("2024-03-14T23:59:59.999Z", &[5, 7]),
        ("2024-03-14T23:59:59.9999Z", &[5, 7]),
        ("2024-03-15", &[4, 5, 7]),
        ("2024-03-15T00:00:00Z", &[4, 5, 7]),
        ("2024-03-15T23:59:59Z", &[4, 5, 7]),
        // Today is the day in UTC, however the time is written.
        ("2024-03-15T23:30:00-05:00", &[2, 4, 5, 7]),
        ("2024-03-16T00:30:00+05:00", &[4, 5, 7]),
    ];
    for (now, expired) in cases {
        let list = |flag| listed_at(&sandbox, now, &["list", flag]);
        assert_eq!(list("--expired"), *expired, "{now}");
        let live: Vec<_> = (1..=16).filter(|id| !expired.contains(id)).collect();
        assert_eq!(list("--expired=false"), live, "{now}");
        let active: Vec<_> = live.iter().copied().filter(|&id| id != 6).collect();
        assert_eq!(list("--state=active"), active, "{now}");
        let inactive: Vec<_> = (1..=16).filter(|id| !active.contains(id)).collect();
        assert_eq!(list("--state=inactive"), inactive, "{now}");
    }
}

#[test]
fn dates_are_compared_as_written() {
    let sandbox = Sandbox::new();
    let cases: &[(&str, &[&str], &[i64])] = &[
        // `--expires-before` is exclusive, and a time part is dropped.
        (
            "--expires-before",
            &[
                "2024-03-15",
                "today",
                "now",
                "2024-03-15T23:59:59.999Z",
                "2024-03-15T23:30:00-05:00",
                "2024-03-15T00:30:00+05:00",
                "+11h",
                "12h",
            ],
            &[5, 7],
        ),
        ("--expires-before", &["+1d", "+12h", "2024-03-16"], &[4, 5, 7]),
        ("--expires-before", &["1d", "13h", "2024-03-14T12:00"], &[7]),
        (
            "--expires-after",
            &["2024-04-14", "+30d", "2024-04-14T23:30:00-05:00", "2024-04-14T00:30:00+05:00"],
            &[3, 10, 12],
        ),
        ("--expires-after", &["9999-12-31"], &[12]),
        ("--expires-within", &["0d", "0s", "1h", "23h"], &[]),
        ("--expires-within", &["1d", "24h", "36h"], &[2]),
        ("--expires-within", &["2d"], &[2, 13]),
        ("--expires-within", &["1w", "7d"], &[2, 9, 13, 14]),
        ("--expires-within", &["1mo"], &[2, 9, 10, 13, 14]),
    ];
    for (flag, forms, expected) in cases {
        for form in *forms {
            assert_eq!(listed(&sandbox, &["list", flag, form]), *expected, "{flag} {form}");
        }
    }
    // The expiry of a deploy token is an instant.
    let cases: &[(&str, &[&str], &[i64])] = &[
        ("--expires-before", &["2024-03-15", "today", "now", "2024-03-15T23:30:00-05:00"], &[6]),
        ("--expires-before", &["2024-03-16", "+12h", "+1d"], &[2, 3, 6]),
        ("--expires-after", &["2024-03-16", "2024-03-16T23:00:00Z", "+1d"], &[4, 5, 8]),
        ("--expires-within", &["0s"], &[]),
        ("--expires-within", &["1s", "1h"], &[3]),
        ("--expires-within", &["12h"], &[3, 8]),
        ("--expired", &["true"], &[2, 6]),
        ("--active", &["true"], &[1, 3, 5, 7, 8]),
        ("--active", &["false"], &[2, 4, 6]),
    ];
    for (flag, forms, expected) in cases {
        for form in *forms {
            let option = format!("{flag}={form}");
            assert_eq!(
                listed(&sandbox, &["deploy-tokens", "list", &option]),
                *expected,
                "{option}"
            );
        }
    }
}

#[test]
fn a_bare_boolean_means_true() {
    let sandbox = Sandbox::new();
    for kind in ["list", "deploy-tokens list"] {
        let command: Vec<&str> = kind.split(' ').collect();
        let run = |flag: &str| listed(&sandbox, &[&command[..], &[flag]].concat());
        let mut flags = vec!["--revoked", "--expired", "--no-expiry"];
        match kind {
            "list" => flags.extend(["--never-used", "--impersonation"]),
            _ => flags.push("--active"),
        }
        for flag in flags {
            let [yes, no] = ["true", "false"].map(|value| run(&format!("{flag}={value}")));
            assert_eq!(run(flag), yes, "{kind} {flag}");
            let mut both = [yes, no].concat();
            both.sort_unstable();
            assert_eq!(both, run("--limit=100"), "{kind} {flag}");
        }
        // The value stands behind '=' or not at all.
        run_args(&sandbox, &[&["--as", "root"][..], &command, &["--revoked", "true"]].concat())
            .assert(2);
    }
}

#[test]
fn a_mistyped_exemption_revokes_nothing() {
    let sandbox = Sandbox::new();
    let before = content_of(&sandbox.connection());
    for (scope, found) in [
        ("admin-mode", "admin_mode"),
        ("ADMIN_MODE", "admin_mode"),
        ("admin_mod", "admin_mode"),
        ("api,admin-mode", "admin_mode"),
        ("Sudo", "sudo"),
    ] {
        for dry in ["--yes", "--dry-run"] {
            let ran = sandbox
                .run(&format!("--as root revoke --state active --except-scope {scope} {dry}"));
            ran.assert(2).says(&["no token has this scope; some have", found, "--except-scope"]);
            assert_eq!(ran.stdout, "");
        }
        let ran =
            sandbox.run(&format!("--as root list --scope {} ", scope.trim_start_matches("api,")));
        ran.assert(0).says(&["no token has this scope; some have", found]);
    }
    assert!(content_of(&sandbox.connection()) == before);
    // What is like nothing there is, is left to the user; what is there is taken.
    for scopes in ["nothing_like_it", "sudo,admin_mode", "admin_mode --except-scope sudo"] {
        let line =
            format!("--as root revoke --state active --except-scope {scopes} --dry-run -o ids");
        let spared = sandbox.run(&line).assert(0).ids();
        let listed = line.replace("revoke", "list").replace("--dry-run ", "");
        assert_eq!(spared, sandbox.run(&listed).assert(0).ids());
    }
    let [all, kept] = ["", "--except-scope sudo,admin_mode"]
        .map(|flags| sandbox.run(&format!("--as root list -o ids {flags}")).assert(0).ids());
    assert!(kept.len() < all.len());
    // An owner is told nothing of others' scopes.
    let ran = sandbox.run("--as sam list --scope admin-mode");
    assert!(!ran.assert(0).stderr.contains("admin_mode"), "{ran}");
    // Of a deploy token, in the place where the actor may.
    let ran =
        sandbox.run("--as root deploy-tokens revoke --active --except-scope read-repository --yes");
    ran.assert(2).says(&["some have 'read_repository'"]);
}

#[test]
fn several_users_kinds_and_states_are_any_of_them() {
    let sandbox = Sandbox::new();
    let ids = |flags: &str| sandbox.run(&format!("--as root list -o ids {flags}")).assert(0).ids();
    for (flag, one, other) in [
        ("--user", "olive", "sam"),
        ("--user-type", "human", "project_bot"),
        ("--user-state", "blocked", "banned"),
    ] {
        let mut both = [ids(&format!("{flag} {one}")), ids(&format!("{flag} {other}"))].concat();
        both.sort_unstable();
        assert!(!both.is_empty(), "{flag}");
        assert_eq!(ids(&format!("{flag} {one} {flag} {other}")), both);
    }
    sandbox.sql_unchecked("DELETE FROM users WHERE username = 'sam'");
    let gone = ids("--user-state gone");
    let ran = sandbox.run("--as root list --user-state gone -o json").assert(0).json();
    let rows = ran.as_array().expect("rows").clone();
    assert!(!gone.is_empty() && rows.iter().all(|row| row["user_state"] == "gone"), "{rows:?}");
    assert!(rows.iter().all(|row| row["username"].is_null() && row["user_type"].is_null()));
    for state in ["active", "revoked", "expired"] {
        let ran = sandbox.run(&format!("--as root list --state {state} -o json")).assert(0).json();
        let rows = ran.as_array().expect("rows");
        assert!(!rows.is_empty() && rows.iter().all(|row| row["state"] == state), "{rows:?}");
    }
    let ran = sandbox.run("--as root deploy-tokens list --state expired --active");
    assert_eq!(ran.assert(0).stdout, "");
}
