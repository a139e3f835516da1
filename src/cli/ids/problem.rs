//! What is wrong with a list.

use crate::failure::Failure;
use crate::model::token::Token;
use crate::output::view::{self, Record};
use crate::store::Stored;

/// A line that is none of a list. The numbers begin with 1.
pub fn malformed(line: u64, problem: impl std::fmt::Display) -> Failure {
    Failure::usage(format!("standard input, line {line}: {problem}")).hint(
        "a list has one id a line, or JSON lines with an 'id', or CSV whose header has 'id': \
         -o ids, -o jsonl, -o csv",
    )
}

/// A list whose end is missing. Half an id is another token's.
pub fn cut_off(what: &str) -> Failure {
    Failure::usage(format!("standard input was cut off: {what}"))
        .hint("make the list again, and look whether the program that prints it fails")
}

/// Tells the rows of something else from ours, whose id is another's.
pub fn check_kind<T: Stored + Token + Record>(has: impl Fn(&str) -> bool) -> Result<(), String> {
    let of_others = ["user_id", "project", "target_id"].into_iter();
    let mut foreign = of_others.filter(|key| view::column::<T>(key).is_none());
    match foreign.find(|key| has(key)) {
        Some(key) => Err(format!("it is no {}, which has no '{key}'", T::NOUN[0])),
        None => Ok(()),
    }
}

/// A line without the comment at its end.
pub fn without_comment(line: &str) -> &str {
    match line.find('#') {
        Some(0) => "",
        Some(at) if line[..at].ends_with(char::is_whitespace) => line[..at].trim_end(),
        Some(_) | None => line,
    }
}
