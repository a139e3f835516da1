//! `metrics`: what Prometheus is told, and that it never reads a half of it.

use std::fs::{Permissions, metadata, read_dir, read_to_string, set_permissions, write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use crate::support::apps::App;
use crate::support::{NOBODY, Sandbox, start, tool};

/// The value of a sample.
fn value(text: &str, sample: &str) -> Option<u64> {
    let found = text.lines().find_map(|it| it.strip_prefix(sample)?.strip_prefix(' '));
    found.map(|it| it.parse().expect("a number"))
}

fn printed(sandbox: &Sandbox, role: &str) -> String {
    sandbox.run(&format!("--as {role} metrics")).assert(0).stdout.clone()
}

#[test]
fn the_gauges_are_the_counts_of_lists() {
    let sandbox = Sandbox::new();
    assert!(printed(&sandbox, "root").contains("_timestamp_seconds 0\n"));
    sandbox.run("--as root revoke 2 10 --yes").assert(0);
    let text = printed(&sandbox, "root");
    let own = printed(&sandbox, "olive");
    let mut samples = 0;
    for (sample, line) in [
        ("tokens{kind=\"K\",state=\"active\"}", "--state active"),
        ("tokens{kind=\"K\",state=\"expired\"}", "--state expired"),
        ("tokens{kind=\"K\",state=\"revoked\"}", "--state revoked"),
        ("tokens_never_used{kind=\"K\"}", "--state active --never-used"),
        ("tokens_unused{kind=\"K\",days=\"30\"}", "--state active --unused-for 30d"),
        ("tokens_unused{kind=\"K\",days=\"90\"}", "--state active --unused-for 90d"),
        ("tokens_unused{kind=\"K\",days=\"180\"}", "--state active --unused-for 180d"),
        ("tokens_unused{kind=\"K\",days=\"365\"}", "--state active --unused-for 365d"),
        ("tokens_expiring{kind=\"K\",days=\"1\"}", "--state active --expires-within 1d"),
        ("tokens_expiring{kind=\"K\",days=\"7\"}", "--state active --expires-within 7d"),
        ("tokens_expiring{kind=\"K\",days=\"30\"}", "--state active --expires-within 30d"),
        ("tokens_expiring{kind=\"K\",days=\"90\"}", "--state active --expires-within 90d"),
        ("tokens_without_expiry{kind=\"K\"}", "--state active --no-expiry"),
    ] {
        for (command, kind) in
            [("list", "personal_access_token"), ("deploy-tokens list", "deploy_token")]
        {
            // Their use is not recorded.
            if kind == "deploy_token" && line.contains("used") {
                continue;
            }
            samples += 1;
            let sample = format!("tokenctl_{}", sample.replace('K', kind));
            let listed = sandbox.run(&format!("--as root {command} {line} --count"));
            let listed = listed.assert(0).stdout.trim().parse().expect("a number");
            assert_eq!(value(&text, &sample), Some(listed), "{sample}\n{text}");
            if kind == "deploy_token" {
                assert_eq!(value(&own, &sample), None, "{own}");
            } else {
                let listed = sandbox.run(&format!("--as olive {command} {line} --count"));
                let listed = listed.assert(0).stdout.trim().parse().expect("a number");
                assert_eq!(value(&own, &sample), Some(listed), "{sample}\n{own}");
            }
        }
    }
    assert!(samples > 15);
    assert_eq!(value(&text, "tokenctl_scrape_success"), Some(1));
    let last = sandbox.value("SELECT strftime('%s', max(created_at)) FROM audit_events");
    let found = value(&text, "tokenctl_last_revocation_timestamp_seconds").expect("a time");
    assert_eq!(found.to_string(), last);
}

#[test]
fn prometheus_takes_them_without_a_warning() {
    let Some(promtool) = tool("promtool") else { return };
    for text in [
        printed(&Sandbox::new(), "root"),
        printed(&App::Gitea.file().sandbox, "root"),
        Sandbox::new().run("--as nobody metrics").assert(1).stdout.clone(),
    ] {
        let mut promtool = start(Command::new(&promtool).args(["check", "metrics"]));
        let mut input = promtool.stdin.take().expect("a pipe");
        std::io::Write::write_all(&mut input, text.as_bytes()).expect("it reads");
        drop(input);
        let output = promtool.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && said.is_empty(), "{said}\n{text}");
    }
}

#[test]
fn the_alerts_of_the_readme_are_sound() {
    let Some(promtool) = tool("promtool") else { return };
    let sandbox = Sandbox::new();
    let readme = read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("text");
    let rules =
        readme.split("```yaml\n").nth(1).and_then(|it| it.split("```").next()).expect("rules");
    let file = sandbox.home().join("rules.yml");
    write(&file, rules).expect("a file");
    let output = Command::new(promtool).args(["check", "rules"]).arg(&file).output();
    let output = output.expect("it runs");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && said.contains("3 rules found"), "{said}");
    // They ask for gauges that there are.
    let text = printed(&sandbox, "root");
    for (at, _) in rules.match_indices("tokenctl_") {
        let end = |c: char| !c.is_ascii_alphanumeric() && c != '_';
        let name = rules[at..].split(end).next().expect("a name");
        assert!(text.contains(&format!("# TYPE {name} gauge\n")), "{name}");
    }
}

#[test]
fn what_is_not_recorded_is_no_gauge() {
    let text = printed(&App::Gitea.file().sandbox, "root");
    for absent in
        ["state=\"expired\"", "state=\"revoked\"", "expir", "last_revocation", "deploy_token"]
    {
        assert!(!text.contains(absent), "{absent}: {text}");
    }
    assert!(text.contains("state=\"active\""), "{text}");
    // With a file for the events, none is recorded yet.
    let store = App::JupyterHub.file();
    let line = format!("--as root --audit-log {} metrics", store.log().display());
    let text = store.sandbox.run(&line).assert(0).stdout.clone();
    assert_eq!(value(&text, "tokenctl_last_revocation_timestamp_seconds"), Some(0), "{text}");
    assert!(!store.log().exists());
    store
        .sandbox
        .run(&format!("--as root --audit-log {} revoke 1 --yes", store.log().display()))
        .assert(0);
    let text = store.sandbox.run(&line).assert(0).stdout.clone();
    assert!(value(&text, "tokenctl_last_revocation_timestamp_seconds") > Some(0), "{text}");
}

#[test]
fn a_file_is_replaced_at_once_and_tells_of_a_failure() {
    let sandbox = Sandbox::new();
    let file = sandbox.home().join("tokenctl.prom");
    write(&file, "what was there").expect("a file");
    set_permissions(&file, Permissions::from_mode(0o600)).expect("a file of ours");
    let line = "--as root metrics --textfile tokenctl.prom";
    let done = sandbox.run(line);
    assert_eq!(done.assert(0).stdout, "");
    assert_eq!(read_to_string(&file).expect("a file"), printed(&sandbox, "root"));
    assert_eq!(metadata(&file).expect("a file").permissions().mode() & 0o777, 0o644);
    let failure = "# HELP tokenctl_scrape_success Whether the tokens could be counted.\n\
                   # TYPE tokenctl_scrape_success gauge\ntokenctl_scrape_success 0\n";
    for line in ["--as nobody metrics", "--as root --db missing.db metrics"] {
        assert_eq!(sandbox.run(line).assert(1).stdout, failure);
        sandbox.run(&format!("{line} --textfile tokenctl.prom")).assert(1);
        assert_eq!(read_to_string(&file).expect("a file"), failure);
        assert_eq!(metadata(&file).expect("a file").permissions().mode() & 0o777, 0o644);
    }
    // Replacing the store would destroy it.
    for own in ["store.db", "./store.db", "store.db-wal"] {
        sandbox.run(&format!("--as root metrics --textfile {own}")).assert(2).says(&["own files"]);
    }
    assert_eq!(sandbox.value("SELECT count(*) FROM personal_access_tokens"), "16");
    // Nothing is left beside it.
    let names =
        read_dir(sandbox.home()).expect("a folder").map(|it| it.expect("an entry").file_name());
    assert!(
        !names.map(|it| it.to_string_lossy().into_owned()).any(|it| it.starts_with(".tokenctl"))
    );
    sandbox.run("--as root metrics --textfile missing/x.prom").assert(1).says(&["cannot write"]);
    // As root, it would take the place of a device.
    symlink("/dev/null", sandbox.home().join("link")).expect("a link");
    for device in ["link", "/dev/null", "."] {
        let ran = sandbox.run(&format!("--as root metrics --textfile {device}"));
        ran.assert(1).says(&["not a regular file"]);
    }
    if nix::unistd::Uid::effective().is_root() {
        // What cannot be replaced stays as it is.
        let folder = sandbox.home().join("closed");
        std::fs::create_dir(&folder).expect("a folder");
        sandbox.give_to(NOBODY);
        std::os::unix::fs::chown(&folder, Some(0), Some(0)).expect("root's");
        let mut command =
            sandbox.command_of(NOBODY, ["--as", "root", "metrics", "--textfile", "closed/x.prom"]);
        sandbox.run_command("metrics", &mut command).assert(1).says(&["cannot write"]);
    }
}
