//! Denied and missing are one answer with the same work done: the pages of a file that a run
//! reads, as the system sees them. The statements and their steps are looked at where the
//! store is tested.

use std::fs;
use std::process::Command;

use crate::support::{NOW, Sandbox, TOKENCTL, tool, variable};

/// Others have the even numbers, and the odd ones are missing.
const OTHERS: &str = "
    WITH RECURSIVE n (id) AS (SELECT 10000 UNION ALL SELECT id + 2 FROM n WHERE id < 50000)
    INSERT INTO deploy_tokens (id, name, project_id)
        SELECT id, printf('%.*c', id % 5000, 'x'), 1 + id % 4 / 2 FROM n;
    WITH RECURSIVE n (id) AS (SELECT 10000 UNION ALL SELECT id + 2 FROM n WHERE id < 50000)
    INSERT INTO personal_access_tokens (id, user_id, name)
        SELECT id, 1 + id % 4 / 2, printf('%.*c', id % 5000, 'x') FROM n;
    WITH RECURSIVE n (id) AS (SELECT 10000 UNION ALL SELECT id + 2 FROM n WHERE id < 20000)
    INSERT INTO projects (id, full_path, group_id)
        SELECT id, printf('p%d%.*c', id, id % 300, 'x'), 1 FROM n;
    INSERT INTO audit_events (run_id, action, actor_id, actor, os_user, target_type, target_id,
            target_name, target_user_id)
        SELECT 'run-' || id, 'revoke', 2, 'olive', 'os', 'personal_access_token', id, 'x', 2
        FROM projects WHERE id >= 10000;
";

#[test]
fn what_is_forbidden_takes_as_many_pages_of_a_file_as_what_is_missing() {
    let Some(strace) = tool("strace") else { return };
    let sandbox = Sandbox::new();
    sandbox.sql(&format!("PRAGMA journal_mode = DELETE; {OTHERS}"));
    for (name, first) in [("forbidden", 10_000), ("missing", 10_001)] {
        let ids: Vec<_> = (0..20_000).map(|n| (first + 2 * n).to_string()).collect();
        fs::write(sandbox.home().join(name), ids.join("\n") + "\n").expect("a file");
    }
    let trace = sandbox.home().join("trace");
    // How often the file of the store is read, and how the run ends.
    let pages = |line: &str, ids: &str| {
        let mut command = Command::new(&strace);
        command.args(["-f", "-y", "-qq", "-e", "trace=pread64", "-o"]).arg(&trace);
        command.arg(TOKENCTL).args(["--now", NOW, "--as", "sam"]);
        command.args(shell_words::split(line).expect(line));
        sandbox.isolate(&mut command);
        command.env("PATH", variable("PATH"));
        command.stdin(fs::File::open(sandbox.home().join(ids)).expect("a file"));
        let ran = sandbox.run_command(line, &mut command);
        let trace = fs::read_to_string(&trace).expect("a trace");
        (ran.status, trace.lines().filter(|line| line.contains("store.db>")).count())
    };
    for [forbidden, missing] in [
        ["show 20000", "show 20001"],
        ["revoke 20000", "revoke 20001"],
        ["revoke 50000", "revoke 50002"],
        ["deploy-tokens show 20000", "deploy-tokens show 20001"],
        ["deploy-tokens show 24998", "deploy-tokens show 24999"],
        ["deploy-tokens revoke 20000", "deploy-tokens revoke 20001"],
        ["deploy-tokens list --project 10500", "deploy-tokens list --project 10501"],
        ["deploy-tokens list --project top/app", "deploy-tokens list --project top/axe"],
        ["deploy-tokens list --group 1", "deploy-tokens list --group 777"],
        ["deploy-tokens revoke --group top -y", "deploy-tokens revoke --group tap -y"],
        ["list --user olive", "list --user nobody"],
        ["audit --run run-10000", "audit --run run-10001"],
        ["audit --user olive", "audit --user nobody"],
    ] {
        let [forbidden_pages, missing_pages] = [forbidden, missing].map(|it| pages(it, "missing"));
        assert_eq!(forbidden_pages, missing_pages, "{forbidden} / {missing}");
    }
    for line in ["revoke - --yes", "deploy-tokens revoke - --yes", "deploy-tokens revoke - -n"] {
        let [forbidden, missing] = ["forbidden", "missing"].map(|ids| pages(line, ids));
        assert_eq!(forbidden, missing, "{line} of 20,000");
        assert_eq!(forbidden.0, 4, "{line}");
    }
}
