//! The line of `list` that shows the tokens of a group, made of that of `stats` or `report`.

use std::ffi::OsString;

use clap::{Arg, CommandFactory};

use super::Cli;
use crate::model::stats::{Bucket, By, Key};
use crate::model::time::{Date, Timestamp};
use crate::output::text::visible;

/// A flag and its value, where it has one.
pub type Addition = (&'static str, Option<String>);

/// Returns the filters that keep a group, of those tokens that were grouped. `None`: no filter
/// says it.
pub fn filters_of(by: By, key: &Key, bucket: Bucket) -> Option<Vec<Addition>> {
    let is = |flag, value: &str| Some(vec![(flag, Some(value.to_owned()))]);
    match (by, key) {
        // A reference of digits is an id, and @me the actor.
        (By::User, Key::Text(Some(name)))
            if name.bytes().all(|it| it.is_ascii_digit()) || name.starts_with('@') =>
        {
            None
        }
        (By::User, Key::Text(Some(name))) => is("--user", name),
        (By::User, Key::Text(None)) => is("--user-state", "gone"),
        // A comma would separate two.
        (By::Scope, Key::Text(Some(scope))) if scope.contains(',') => None,
        (By::Scope, Key::Text(Some(scope))) => is("--scope", scope),
        (By::UserType, Key::Text(Some(kind))) => is("--user-type", kind),
        (By::UserState, Key::Text(Some(state))) => is("--user-state", state),
        (By::Expires, Key::Date(None)) => Some(vec![("--no-expiry", None)]),
        (By::LastUsed, Key::Date(None)) => Some(vec![("--never-used", None)]),
        (By::Expires, Key::Date(Some(start))) => {
            let [after, before] = ["--expires-after", "--expires-before"];
            Some(vec![
                (after, Some(start.to_string())),
                (before, Some(bucket.end(*start).filter(|it| is_usual(*it))?.to_string())),
            ])
        }
        (By::Created, Key::Date(Some(start))) => {
            between(["--created-after", "--created-before"], *start, bucket)
        }
        (By::LastUsed, Key::Date(Some(start))) => {
            between(["--last-used-after", "--last-used-before"], *start, bucket)
        }
        _ => None,
    }
}

/// The bounds of instants, both of which they may be at.
fn between(flags: [&'static str; 2], start: Date, bucket: Bucket) -> Option<Vec<Addition>> {
    let last = bucket.end(start)?.pred_opt()?;
    let last = Timestamp::midnight(last).filter(|_| is_usual(start))?.text();
    let last = last.replace("T00:00:00.000Z", "T23:59:59.999Z");
    Some(vec![(flags[0], Some(start.to_string())), (flags[1], Some(last))])
}

/// Whether a day can be written in a filter.
fn is_usual(date: Date) -> bool {
    Timestamp::midnight(date).is_some()
}

/// The options of `stats` and `report` that are no filters.
const NO_FILTERS: [&str; 3] = ["--by", "--bucket", "--top"];
const NO_FILTERS_OF_REPORT: [&str; 1] = ["--output"];

/// Makes a line of `list` of the arguments of `stats` or `report`, with further filters. `None` where that
/// would show other tokens, or cannot be written safely.
pub fn list_line(arguments: &[OsString], more: &[Addition]) -> Option<String> {
    let program = Cli::command();
    let mut line = vec!["tokenctl".to_owned()];
    let mut words = arguments.iter().map(|it| it.to_str());
    let mut is_behind = false;
    let mut left_out = &NO_FILTERS[..];
    while let Some(word) = words.next() {
        let word = word?;
        let (flag, is_joined) = match word.split_once('=') {
            Some((flag, _)) => (flag, true),
            None => (word, false),
        };
        let is_short = word.starts_with('-') && !word.starts_with("--");
        // Given twice, a filter is refused, or keeps more.
        let is_repeated = more.iter().any(|(it, _)| {
            *it == flag || is_short && *it == "--user" && word.contains('u') && is_behind
        });
        if is_repeated {
            return None;
        }
        if is_behind && left_out.contains(&flag) {
            if !is_joined {
                words.next();
            }
            continue;
        }
        if !is_behind && !word.starts_with('-') {
            if word == "report" {
                left_out = &NO_FILTERS_OF_REPORT;
            }
            line.push("list".into());
            is_behind = true;
            continue;
        }
        line.push(word.into());
        if !is_behind && !is_joined && program.get_arguments().any(|it| waits(it, word)) {
            line.push(words.next()??.into());
        }
    }
    for (flag, value) in more {
        line.push(match value {
            Some(value) if value.starts_with('-') => format!("{flag}={value}"),
            _ => (*flag).to_owned(),
        });
        line.extend(value.clone().filter(|it| !it.starts_with('-')));
    }
    let line = shell_words::join(line);
    // What would be escaped cannot be copied.
    (visible(&line) == line).then_some(line)
}

/// The filters among the arguments of `report`, as words of a shell.
pub fn filters_given(arguments: &[OsString]) -> String {
    let program = Cli::command();
    let is_global = |word: &str| {
        program.get_arguments().any(|it| {
            let flag = word.split_once('=').map_or(word, |(flag, _)| flag);
            flag.strip_prefix("--").is_some_and(|long| it.get_long() == Some(long))
        })
    };
    let mut words = arguments.iter().map(|it| it.to_string_lossy());
    let mut filters = Vec::new();
    let mut is_behind = false;
    while let Some(word) = words.next() {
        let waits = || program.get_arguments().any(|it| waits(it, &word));
        if is_global(&word) || word == "-q" {
            // The option of the file has the name of a global one.
            if !word.contains('=') && waits() {
                words.next();
            }
        } else if is_behind {
            filters.push(word.into_owned());
        } else if !word.starts_with('-') {
            is_behind = true;
        } else if waits() {
            words.next();
        }
    }
    shell_words::join(filters)
}

/// Whether the value of an option is the next word.
fn waits(option: &Arg, word: &str) -> bool {
    let is_named = match word.strip_prefix("--") {
        Some(long) => option.get_long() == Some(long),
        None => option.get_short().is_some_and(|short| word.ends_with(short)),
    };
    is_named && option.get_action().takes_values()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(arguments: &str, more: &[Addition]) -> Option<String> {
        let words = shell_words::split(arguments).expect("words");
        list_line(&words.into_iter().map(Into::into).collect::<Vec<_>>(), more)
    }

    #[test]
    fn the_line_lists_what_was_counted() {
        let user = |name: &str| vec![("--user", Some(name.to_owned()))];
        for (arguments, name, expected) in [
            ("stats --by user", "olive", "tokenctl list --user olive"),
            ("--as stats stats --by=user", "o'x", "tokenctl --as stats list --user 'o'\\''x'"),
            (
                "-qo table --db x stats --state active --by user --top 3 --bucket=day",
                "-x",
                "tokenctl -qo table --db x list --state active '--user=-x'",
            ),
            ("stats --search 'a b' --by user -q", "b", "tokenctl list --search 'a b' -q --user b"),
        ] {
            assert_eq!(line(arguments, &user(name)).as_deref(), Some(expected));
        }
        for arguments in ["stats --user a --user b --by user", "stats -ua --by user"] {
            assert_eq!(line(arguments, &user("olive")), None);
        }
        assert_eq!(line("stats --by user", &user("\u{202e}x")), None);
    }

    #[test]
    fn a_group_without_a_filter_has_no_line() {
        let text = |text: &str| Key::Text(Some(text.into()));
        for (by, key) in [
            (By::User, text("42")),
            (By::User, text("@me")),
            (By::Scope, text("a,b")),
            (By::Scope, Key::Text(None)),
            (By::Created, Key::Date(None)),
            (By::Created, Key::Date(Some(Date::MAX))),
            (By::Expires, Key::Date(Some(Date::MIN))),
        ] {
            assert_eq!(filters_of(by, &key, Bucket::Month), None, "{by:?} {key:?}");
        }
    }
}
