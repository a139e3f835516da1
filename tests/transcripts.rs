//! The main job, end to end: what each command prints, on both streams, and how
//! it ends. The golden file is for reading.

use expect_test::expect_file;

use crate::support::Sandbox;

#[test]
fn the_main_job() {
    let sandbox = Sandbox::new();
    let on_server = sandbox.on_server();
    for sandbox in [Some(sandbox), on_server.map(|it| it.0)].into_iter().flatten() {
        check_main_job(&sandbox);
    }
}

/// Fails unless the store of the fixture answers as was reviewed.
pub fn check_main_job(sandbox: &Sandbox) {
    let lines = [
        "--as root list",
        "--as olive list",
        "--as sam list",
        "--as root list --user olive --state active",
        "--as root list --unused-for 90d",
        "--as root list --never-used --sort created_desc --columns id,name,created_at",
        "--as root list --search 'back ci' -o csv",
        "--as root list --expires-within 1w -o jsonl",
        "--as root list --limit 2 -o ids",
        "--as root list --user-type human --scope sudo -o json",
        "--as root list --search nothing-like-it",
        "--as olive show 8",
        "--as olive show 2 -o json",
        "--as sam show 2",
        "--as sam show 999",
        "--as olive list --user sam",
        "--as olive revoke 2 --dry-run",
        "--as olive revoke 2 --reason 'new laptop'",
        "--as olive revoke 2 -o json",
        "--as olive revoke 8",
        "--as olive revoke 1 9 10",
        "--as olive revoke 1 9 10 --yes -o csv",
        "--as sam revoke 1",
        "--as root revoke --unused-for 90d --state active --dry-run",
        "--as root revoke --unused-for 90d --state active",
        "--as root revoke --unused-for 90d --state active --yes --max 2",
        "--as root revoke --unused-for 90d --state active --yes --reason 'unused for 90 days'",
        "--as root revoke 1 2 13 999 --scope api --yes",
        "--as olive revoke --user sam --yes",
        "--as olive revoke --impersonation --yes",
        "--as blake list",
        "--as root deploy-tokens list",
        "--as olive deploy-tokens list",
        "--as olive deploy-tokens list --project TOP/app -o csv",
        "--as sam deploy-tokens list --project top/app",
        "--as sam deploy-tokens list --project top/missing",
        "--as olive deploy-tokens list --group top --active",
        "--as olive deploy-tokens show 3 -o json",
        "--as olive deploy-tokens revoke 5",
        "--as olive deploy-tokens revoke 3 7 --yes",
        "--as olive deploy-tokens revoke --active --yes",
        "--as olive deploy-tokens revoke --project top/app --active --yes -o jsonl",
        "--as olive audit --action revoke -o jsonl",
        "--as root audit --actor olive --limit 2 -o jsonl",
        "--as sam audit",
        "--as sam audit --user olive",
    ];
    let transcripts = lines.map(|line| sandbox.run(line).to_string());
    expect_file!["golden/transcripts.txt"].assert_eq(&transcripts.join("\n"));
}
