//! Reads environment variables; no other module does.

use std::ffi::OsString;

pub const VARIABLE_DB: &str = "TOKENCTL_DB";
pub const VARIABLE_AS: &str = "TOKENCTL_AS";
/// Set by the completion script of a shell, to the shell's name.
pub const VARIABLE_COMPLETE: &str = "TOKENCTL_COMPLETE";
pub const VARIABLE_AUDIT_LOG: &str = "TOKENCTL_AUDIT_LOG";

/// Returns an environment variable; an empty one counts as unset.
pub fn variable(name: &str) -> Option<OsString> {
    #[expect(clippy::disallowed_methods, reason = "the only reader of the environment")]
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Whether a terminal can draw with characters beyond ASCII, as its locale and TERM say.
pub fn draws_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable);
    let locale = locale.unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let is_dumb = variable("TERM").is_some_and(|it| it == "dumb");
    !is_dumb && (locale.contains("utf-8") || locale.contains("utf8"))
}
