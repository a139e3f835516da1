//! A server that is far away: each question takes as long as the way there and back.

use std::time::Duration;

use crate::support::Sandbox;
use crate::support::postgres::Cluster;
use crate::wire::{Fault, Wire};

/// Longer than what is taken for a slow search.
const WAY: Duration = Duration::from_millis(40);

#[test]
fn a_server_that_is_far_away_is_asked_seldom() {
    let Some(cluster) = Cluster::shared() else { return };
    let store = Sandbox::without_store();
    store.run("init --quiet --sample=3000").assert(0);
    let Some((near, database)) = store.on_server() else { return };
    let wire = Wire::to(cluster.socket(), Fault::Distance(WAY));
    let far = Sandbox::without_store().with("TOKENCTL_DB", wire.url("postgres", &database.name));
    // Where a busy machine is late with an answer, the next ones are small.
    for (line, most) in [
        ("show 5", 10),
        ("list --count", 10),
        ("list --limit 20 -o csv", 10),
        ("list -o jsonl", 30),
        ("stats --by user", 30),
        ("audit --limit 20", 10),
        ("revoke --state active --dry-run -o ids", 30),
    ] {
        let before = wire.round_trips();
        let line = format!("--as root {line}");
        let ran = far.run(&line);
        let took = wire.round_trips() - before;
        assert!(took <= most, "{took} round trips: {line}");
        assert_eq!(ran.assert(0).to_string(), near.run(&line).to_string());
    }
}
