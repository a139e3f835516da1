//! The programs that tests need besides ours. Without one its tests are passed over,
//! unless `tests/run`, which installs them all, runs them.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Once;

/// All of them, each with what people call it.
const TOOLS: [(&str, &str); 20] = [
    ("bash", "bash"),
    ("better-auth", "Better Auth"),
    ("chromedriver", "ChromeDriver"),
    ("chromium", "Chromium"),
    ("configurable-http-proxy", "configurable-http-proxy"),
    ("django", "Django"),
    ("doorkeeper", "Doorkeeper"),
    ("faketime", "faketime"),
    ("fish", "fish"),
    ("initdb", "PostgreSQL"),
    ("jq", "jq"),
    ("jupyterhub", "JupyterHub"),
    ("mandoc", "mandoc"),
    ("openssl", "OpenSSL"),
    ("pgbouncer", "PgBouncer"),
    ("promtool", "promtool"),
    ("sqlite3", "sqlite3"),
    ("strace", "strace"),
    ("systemd-analyze", "systemd-analyze"),
    ("zsh", "zsh"),
];

/// The path of one of them. The first that is missing says, in one line, which tests are
/// left out.
pub fn tool(name: &str) -> Option<PathBuf> {
    let found = find(name);
    let is_required = variable("TOKENCTL_TEST_TOOLS") == "required";
    assert!(found.is_some() || !is_required, "{name} is not installed");
    if found.is_none() {
        static SAID: Once = Once::new();
        SAID.call_once(|| {
            let missing = TOOLS.iter().filter(|(file, _)| find(file).is_none());
            let names: Vec<_> = missing.map(|&(_, name)| name).collect();
            let line = format!("left out are tests of what is not here: {}\n", names.join(", "));
            // Past what captures the output of tests that succeed.
            drop(std::io::stderr().write_all(line.as_bytes()));
        });
    }
    found
}

fn find(name: &str) -> Option<PathBuf> {
    // Not programs: what runs one of these, or holds it, need not be in the PATH.
    let application = match name {
        "better-auth" => Some("TOKENCTL_TEST_BETTER_AUTH"),
        "django" => Some("TOKENCTL_TEST_DJANGO"),
        "doorkeeper" => Some("TOKENCTL_TEST_DOORKEEPER"),
        "synapse" => Some("TOKENCTL_TEST_SYNAPSE"),
        "unleash" => Some("TOKENCTL_TEST_UNLEASH"),
        _ => None,
    };
    if let Some(application) = application {
        let path = PathBuf::from(variable(application));
        return Some(path).filter(|path| path.is_absolute() && path.exists());
    }
    let hub = variable("TOKENCTL_TEST_HUB");
    let path = variable("PATH");
    let folders = std::env::split_paths(&hub)
        .chain(newest_postgresql())
        .chain(std::env::split_paths(&path))
        // Servers are not in everybody's PATH.
        .chain(["/usr/sbin".into()]);
    folders.filter(|it| it.is_absolute()).map(|it| it.join(name)).find(|it| it.is_file())
}

/// Where Debian keeps the newest PostgreSQL, behind wrappers of its own.
fn newest_postgresql() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .map(|version| version.path())
        .filter(|path| path.join("bin/initdb").is_file())
        .filter_map(|path| Some((path.file_name()?.to_str()?.parse::<u32>().ok()?, path)))
        .max();
    newest.map(|(_, path)| path.join("bin"))
}

/// A variable of the environment that the tests run in, empty where it is unset.
pub fn variable(name: &str) -> OsString {
    #[expect(clippy::disallowed_methods, reason = "only the program's own reads are kept together")]
    std::env::var_os(name).unwrap_or_default()
}
