//! Faults that really happen, on real files and real processes: kills, signals,
//! full disks, locks, readers that stall or leave, servers far away, stores that are replaced, and
//! an application that writes all along.

mod application;
mod bulk;
mod distance;
mod full_disks;
mod injected;
mod interruptions;
#[path = "support/kills.rs"]
mod kills;
mod log_faults;
mod native_server_faults;
mod readers;
mod server_faults;
mod silence;
mod starved;
#[expect(dead_code, reason = "the other binary needs more of it")]
mod support;
#[path = "support/wire.rs"]
mod wire;
