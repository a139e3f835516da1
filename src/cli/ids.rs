//! Ids from standard input, as `list` prints them or as people write them. What is no id
//! of that kind of token is refused, and then none is taken.

use std::io::BufRead;

use anyhow::{Context, Result};

use crate::failure::Failure;
use crate::lines::next_line;
use crate::model::id::{TokenId, parse_id};
use crate::model::token::Token;
use crate::output::view::{self, Record};
use crate::store::Stored;

/// Reads ids: one a line, or JSON lines with an `id`.
pub fn ids_from<T: Stored + Token + Record>(mut input: impl BufRead) -> Result<Vec<TokenId>> {
    let (mut ids, mut bytes) = (Vec::new(), Vec::new());
    for index in 0.. {
        let is_whole = next_line(&mut input, &mut bytes).context("cannot read standard input")?;
        if bytes.is_empty() {
            break;
        }
        let line = String::from_utf8_lossy(&bytes);
        // Some editors put a byte order mark before the first line.
        let line = line.trim_start_matches('\u{feff}').trim();
        if is_whole && (line.is_empty() || line.starts_with('#')) {
            continue;
        }
        let id = if !is_whole {
            Err("the line is too long".into())
        } else if line.starts_with('{') {
            id_of_json::<T>(line)
        } else {
            parse_id(line).map(TokenId)
        };
        ids.push(id.map_err(|problem| {
            Failure::usage(format!("standard input, line {}: {problem}", index + 1))
                .hint("ids come one a line, or as JSON lines with an 'id': -o ids, -o jsonl")
        })?);
    }
    Ok(ids)
}

fn id_of_json<T: Stored + Token + Record>(line: &str) -> Result<TokenId, String> {
    let value: serde_json::Value =
        serde_json::from_str(line).map_err(|_| "it is not a JSON object")?;
    // What tells a row of something else from ours, whose id is another's.
    let of_others = ["user_id", "project", "target_id"].iter();
    let mut foreign = of_others.filter(|key| view::column::<T>(key).is_none());
    if let Some(key) = foreign.find(|key| value.get(key).is_some()) {
        return Err(format!("it is no {}, which has no '{key}'", T::NOUN[0]));
    }
    match value.get("id") {
        Some(serde_json::Value::Number(id)) => parse_id(&id.to_string()).map(TokenId),
        _ => Err("the object has no 'id' that is a number".into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::id::is_digits;
    use crate::model::personal_access_token::PersonalAccessToken;

    proptest! {
        #[test]
        fn ids_are_read_in_every_form(
            ids in prop::collection::vec((1..=i64::MAX, 0..6_usize), 0..50),
            has_mark in any::<bool>(),
            ends_in_newline in any::<bool>(),
        ) {
            let line = |&(id, form): &(i64, usize)| match form {
                0 => id.to_string(),
                1 => format!("  {id}\t"),
                2 => format!("{{\"name\":\"a, \\\"id\\\": 7\",\"id\":{id},\"x\":[1]}}"),
                3 => format!("{id}\r"),
                4 => format!("# {id} is next\n\n{id}"),
                _ => format!("000{id}"),
            };
            let lines: Vec<_> = ids.iter().map(line).collect();
            let mut input = if has_mark { "\u{feff}".to_owned() } else { String::new() };
            input += &lines.join("\n");
            input += if ends_in_newline { "\n" } else { "" };
            let expected: Vec<_> = ids.iter().map(|&(id, _)| TokenId(id)).collect();
            prop_assert_eq!(ids_from::<PersonalAccessToken>(input.as_bytes()).map_err(|it| it.to_string()), Ok(expected));
        }

        #[test]
        fn what_is_no_id_is_named_by_its_line_and_nothing_is_read(
            before in 0..5_usize,
            line in "\\PC{1,30}|-?[0-9]{20,40}|0+|-[0-9]+|[0-9]+[.,e][0-9]+|[0-9]+ [0-9]+",
        ) {
            let trimmed = line.trim();
            let is_number = trimmed.parse::<i64>().is_ok_and(|id| id > 0) && is_digits(trimmed);
            let is_nothing = trimmed.is_empty() || trimmed.starts_with('#');
            prop_assume!(!is_number && !is_nothing && !trimmed.starts_with('{'));
            let input = format!("{}{line}\n8\n", "7\n".repeat(before));
            let error = ids_from::<PersonalAccessToken>(input.as_bytes()).expect_err("a malformed line").to_string();
            prop_assert!(error.contains(&format!("line {}:", before + 1)), "{error}");
        }

        #[test]
        fn no_bytes_are_too_strange_to_be_refused(input in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = ids_from::<PersonalAccessToken>(input.as_slice());
        }
    }
}
