//! What to do instead, for commands and options that people try by habit. Never proposes an
//! option that skips a guard.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use strsim::damerau_levenshtein;

use crate::failure::Failure;

/// Commands that there are not, and what there is.
const COMMANDS: &[(&[&str], &str)] = &[
    (
        &["unrevoke", "un-revoke", "restore", "undo", "reactivate", "enable"],
        "a revocation cannot be undone: the user makes a new token in the application",
    ),
    (
        &["delete", "del", "rm", "remove", "destroy", "disable", "prune", "purge", "expire"],
        "to revoke tokens: tokenctl revoke (see --dry-run)",
    ),
    (&["get", "describe", "info", "view", "cat"], "to show one token: tokenctl show ID"),
    (&["find", "search", "grep"], "to look for names: tokenctl list --search TEXT"),
    (&["count", "wc"], "to count tokens: tokenctl list --count"),
    (
        &["create", "new", "add", "make", "issue", "rotate"],
        "tokens are made in the application; a new store: tokenctl --db FILE init",
    ),
    (&["log", "logs", "history", "events"], "what was revoked: tokenctl audit"),
    (&["tokens", "pat", "pats", "users"], "to list personal access tokens: tokenctl list"),
    (&["deploy", "deploy-token", "deploytokens", "dt"], "see: tokenctl deploy-tokens --help"),
    (&["export", "html", "page"], "a page for auditors: tokenctl report --output FILE"),
    (&["version"], "tokenctl --version"),
];

/// Options that there are not, and what there is.
const OPTIONS: &[(&[&str], &str)] = &[
    (
        &["--force", "-f", "--no-confirm", "--confirm", "--assume-yes"],
        "--yes does not ask; --max N refuses a run of more than N tokens",
    ),
    (
        &["--all", "-a"],
        "'list' shows all that no filter leaves out; 'revoke' needs ids or a filter",
    ),
    (&["--verbose", "-v", "--long", "-l", "--wide"], "'show ID' and -o json tell everything"),
    (&["--json"], "-o json"),
    (&["--jsonl", "--ndjson"], "-o jsonl"),
    (&["--csv"], "-o csv"),
    (&["--table"], "-o table"),
    (&["--ids"], "-o ids"),
    (&["--format", "--output-format"], "-o FORMAT"),
    (&["--count"], "'list --count' counts; 'revoke --dry-run' says how many"),
    (&["--id", "--ids"], "ids stand alone: tokenctl show 42, tokenctl revoke 42"),
    (&["--comment", "--message", "-m"], "--reason TEXT, of revoke"),
    (&["--since"], "--created-after T, or --last-used-after T"),
    (&["--until"], "--created-before T, or --last-used-before T"),
    (&["--reverse", "--desc", "--order"], "--sort ORDER: created_desc, name_asc and so on"),
    (&["--no-header", "--no-headers"], "-o ids, or -o jsonl: neither has a header"),
    (&["--no-color", "--no-colour"], "--color never"),
    (&["--type", "--kind"], "--user-type TYPE"),
    (&["--status"], "--state STATE"),
    (
        &["--project", "--group"],
        "they are of deploy tokens: tokenctl deploy-tokens list --project P",
    ),
    (&["--max", "-n"], "'list' takes --limit N; --max and --dry-run are of 'revoke'"),
    (
        &["--name", "--filter", "--query", "--grep", "-s"],
        "--search TEXT looks for words of the name",
    ),
    (&["--username", "--owner"], "--user USER"),
    (&["--older-than", "--age", "--older"], "--created-before 90d, or --unused-for 90d"),
    (&["--unused", "--idle", "--stale", "--not-used-since"], "--unused-for 90d"),
    (&["--expiring", "--expires", "--expires-in"], "--expires-within 30d"),
    (&["--active"], "--state active"),
    (&["--inactive"], "--state inactive"),
    (&["--blocked"], "--user-state blocked"),
    (&["--database", "--file", "--store", "--host", "--url"], "--db STORE"),
    (&["--dryrun", "--no-op", "--simulate", "--check"], "--dry-run"),
    (&["--password", "--token"], "a secret is never an argument: set PGPASSWORD, or use ~/.pgpass"),
    (&["--first", "--top", "--head", "--max-rows"], "--limit N takes the first N"),
];

/// What clap may not propose to somebody who meant something else.
const DANGEROUS: [&str; 3] = ["--foreign-owner", "--yes", "-y"];

/// Longer words may be the value of a token, and are not repeated.
const LONGEST_WORD: usize = 15;

/// Gives an error of the command line words of ours, where there are some.
pub fn hinted(error: &clap::Error, arguments: &[OsString]) -> Option<Failure> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let known = |words: &[(&[&str], &'static str)], word: &str| {
        words.iter().find(|(all, _)| all.contains(&word)).map(|(_, hint)| *hint)
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = text(ContextKind::InvalidSubcommand)?;
            match known(COMMANDS, &word.to_ascii_lowercase()) {
                Some(hint) => {
                    Some(Failure::usage(format!("there is no command '{word}'")).hint(hint))
                }
                None => is_long(word).then(|| {
                    Failure::usage("there is no such command").hint("see: tokenctl --help")
                }),
            }
        }
        ErrorKind::UnknownArgument => {
            let word = text(ContextKind::InvalidArg)?;
            let option = word.split('=').next().unwrap_or(word);
            if option.starts_with('-') {
                let hint = known(OPTIONS, option)?;
                return Some(
                    Failure::usage(format!("there is no option {option} here")).hint(hint),
                );
            }
            if arguments.iter().any(|it| it == "list" || it == "ls") {
                return Some(beside_list(word, arguments));
            }
            is_long(word).then(|| {
                Failure::usage("there is an argument too many, which is not repeated here")
                    .hint("see: tokenctl --help")
            })
        }
        _ => None,
    }
}

/// What a word beside `list` was meant to be.
fn beside_list(word: &str, arguments: &[OsString]) -> Failure {
    let failure = Failure::usage("'list' takes filters, no names or ids");
    let before = arguments.iter().rev().skip_while(|it| *it != word).nth(1);
    let before = before.and_then(|it| it.to_str()).unwrap_or_default();
    if matches!(word, "true" | "false") && before.starts_with("--") {
        return failure.hint(format!("without a blank: {before}={word}"));
    }
    if arguments.iter().any(|it| it == "--search") {
        return failure.hint("several words of a name are one value: --search 'old laptop'");
    }
    if word.bytes().all(|it| it.is_ascii_digit()) {
        return failure.hint("one token: tokenctl show ID; the tokens of a user: --user ID");
    }
    let user = if is_long(word) { "USER" } else { word };
    failure
        .hint(format!("the tokens of a user: --user {}", shell_words::quote(user)))
        .hint("words of a token's name: --search TEXT")
}

fn is_long(word: &str) -> bool {
    word.len() > LONGEST_WORD
}

/// Takes back what clap proposes where it is far from what was typed, or dangerous.
pub fn keep_near_suggestions(error: &mut clap::Error) {
    // To pass an option as a value helps nobody here.
    error.remove(ContextKind::Suggested);
    let typed = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(text)) => text.split('=').next().unwrap_or(text).to_owned(),
        _ => return,
    };
    let is_near = |proposed: &str| {
        !DANGEROUS.contains(&proposed) && damerau_levenshtein(&typed, proposed) <= 2
    };
    let keeps = match error.get(ContextKind::SuggestedArg) {
        Some(ContextValue::String(proposed)) => is_near(proposed),
        Some(ContextValue::Strings(proposed)) => proposed.iter().all(|it| is_near(it)),
        _ => return,
    };
    if !keeps {
        error.remove(ContextKind::SuggestedArg);
        // It is that of the option which was guessed.
        error.remove(ContextKind::Usage);
    }
}
