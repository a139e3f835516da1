//! The main job on real input: a store that another program filled with plain
//! SQL, through the `sqlite3` shell and `jq`, as an administrator, an owner and a
//! stranger.

use std::process::Command;

use crate::support::{Sandbox, TOKENCTL, tool};

#[test]
fn a_store_that_another_program_wrote() {
    let (Some(_), Some(_), Some(bash)) = (tool("sqlite3"), tool("jq"), tool("bash")) else {
        return;
    };
    let sandbox = Sandbox::without_store();
    let mut command = Command::new(bash);
    sandbox.isolate(&mut command);
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/native.sql");
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/fixture.sql");
    let output = command
        .args(["-euo", "pipefail", "-c", SCRIPT, "bash", TOKENCTL, schema, fixture])
        .output()
        .expect("bash runs");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert_eq!(stdout.lines().last(), Some("all done"), "{stdout}\n{stderr}");
}

const SCRIPT: &str = r#"
tokenctl() { command "$TOKENCTL" --now 2024-03-15T12:00:00Z "$@"; }
expect() { # what, expected, got
    [ "$2" = "$3" ] || { echo "$1: expected '$2', got '$3'" >&2; exit 1; }
}
TOKENCTL=$1
# Another program makes the store by what native.sql documents.
sqlite3 store.db < "$2"
sqlite3 store.db 'PRAGMA application_id = 0x746F6B6E; PRAGMA user_version = 1; PRAGMA journal_mode = WAL' > /dev/null
sqlite3 store.db < "$3"

expect 'all' 16 "$(tokenctl --as root list -o json | jq length)"
expect 'own' '1 2 3 4 5 6 7' "$(tokenctl --as olive list -o jsonl | jq -r .id | xargs)"
expect 'who has sudo' olive "$(tokenctl --as root list --scope sudo -o json | jq -r '.[].username')"
expect 'exact names' 'für den Drucker' "$(tokenctl --as root show 15 -o json | jq -r .name)"
expect 'a stranger' 4 "$(tokenctl --as sam show 1 2> /dev/null; echo $?)"

# An owner revokes their own, a stranger nothing, an administrator the rest.
tokenctl --as olive revoke 1 --reason 'lost laptop' -q > /dev/null
expect 'denied' 4 "$(tokenctl --as sam revoke 2 -q > /dev/null 2>&1; echo $?)"
tokenctl --as root list --unused-for 90d --state active -o ids |
    tokenctl --as root revoke - --yes --quiet --reason 'unused for 90 days' > revoked.txt
expect 'what the other program sees' '1|1 2|1 3|1 13|1 16|1' "$(
    sqlite3 store.db "SELECT id, revoked FROM personal_access_tokens WHERE revoked AND updated_at > '2024-03-16'" | xargs)"
expect 'audit' 'olive|1|lost laptop root|2|unused for 90 days root|3|unused for 90 days root|13|unused for 90 days root|16|unused for 90 days' "$(
    sqlite3 store.db 'SELECT actor, target_id, reason FROM audit_events ORDER BY id' | xargs)"
expect 'integrity' ok "$(sqlite3 store.db 'PRAGMA integrity_check')"

# The other program writes on, with a stale copy of a row: it stays revoked.
sqlite3 store.db "UPDATE personal_access_tokens SET name = 'renamed', revoked = 0 WHERE id = 1"
expect 'stays revoked' 'renamed true' "$(tokenctl --as olive show 1 -o json | jq -r '"\(.name) \(.revoked)"')"
echo 'all done'
"#;
