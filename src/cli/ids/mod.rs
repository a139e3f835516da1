//! A list of tokens from standard input, as `list` prints it or as people write it: ids,
//! JSON or CSV. What is no id of that kind of token is refused, and then none is taken; so
//! is a list that was cut off.

mod csv_rows;
mod listed;
mod problem;

use std::fmt;
use std::io::BufRead;

use anyhow::{Context, Result};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use self::csv_rows::NO_LINE_END;
use self::listed::{Form, KEYS, RowDigest, Value};
pub use self::listed::{Listed, ReviewedRows};
use self::problem::{check_kind, cut_off, malformed, without_comment};
use crate::lines::next_line;
use crate::model::id::{IdSyntax, TokenId};
use crate::model::token::Token;
use crate::output::view::Record;
use crate::store::Stored;

/// Reads a list to its end.
pub fn read_list<T: Stored + Token + Record>(
    mut input: impl BufRead,
    syntax: IdSyntax,
) -> Result<Listed> {
    let mut listed = Listed::default();
    let (mut bytes, mut number) = (Vec::new(), 0);
    let mut array = Array::None;
    let mut is_first = true;
    loop {
        let is_whole = next_line(&mut input, &mut bytes).context("cannot read standard input")?;
        if bytes.is_empty() {
            break;
        }
        number += 1;
        if !is_whole {
            return Err(malformed(number, "the line is too long").into());
        }
        // One id may come without a line end, as `printf 5` has it.
        if number > 1 && !bytes.ends_with(b"\n") {
            return Err(cut_off(NO_LINE_END).into());
        }
        let text = String::from_utf8_lossy(&bytes);
        // Some editors put a byte order mark before the first line.
        let line = text.trim_start_matches('\u{feff}').trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let is_header_place = std::mem::take(&mut is_first);
        let added = if array != Array::None || line.starts_with(['[', '{']) {
            add_json::<T>(line, is_header_place, &mut array, &mut listed, syntax)
        } else if let Some(names) = is_header_place.then(|| csv_rows::header(line)).flatten() {
            csv_rows::read::<T>(&names, number, input, &mut listed, syntax)?;
            return Ok(listed.complete());
        } else {
            // As `jq .id` prints it.
            let is_quoted = syntax == IdSyntax::Any && line.starts_with('"');
            let quoted = is_quoted.then(|| serde_json::from_str::<String>(line).ok()).flatten();
            let id = quoted.as_deref().unwrap_or_else(|| without_comment(line));
            syntax.parse(id).map(|id| listed.ids.push(id))
        };
        added.map_err(|problem| malformed(number, problem))?;
    }
    if array == Array::Open {
        return Err(cut_off("its array is not closed").into());
    }
    Ok(listed.complete())
}

/// What is known of an array that objects stand in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Array {
    None,
    Open,
    Closed,
}

/// Adds the objects of a line, which begins no array but on the first line, and ends one
/// as `-o json` does, behind an object or on a line of its own.
fn add_json<T: Stored + Token + Record>(
    line: &str,
    is_first: bool,
    array: &mut Array,
    listed: &mut Listed,
    syntax: IdSyntax,
) -> Result<(), String> {
    let mut rest = line;
    if let (true, Some(inner)) = (is_first, rest.strip_prefix('[')) {
        (*array, rest) = (Array::Open, inner.trim_start());
    }
    let mut is_object_due = *array == Array::None;
    while is_object_due || !(rest.is_empty() || rest.starts_with('#')) {
        if *array == Array::Closed {
            return Err("there is more behind the end of the array".into());
        }
        if let (Array::Open, Some(behind)) = (*array, rest.strip_prefix(']')) {
            (*array, rest) = (Array::Closed, behind.trim_start());
            continue;
        }
        let mut objects = serde_json::Deserializer::from_str(rest).into_iter();
        let Some(Ok(Object(object))) = objects.next() else {
            return Err("it is not a JSON object, or has a key twice".into());
        };
        rest = rest[objects.byte_offset()..].trim_start();
        add_object::<T>(&object, listed, syntax)?;
        if *array == Array::Open {
            rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        } else if !(rest.is_empty() || rest.starts_with('#')) {
            return Err("there is more behind the object".into());
        }
        is_object_due = false;
    }
    Ok(())
}

/// A JSON object. Of two equal keys, `serde_json` would take the last.
struct Object(serde_json::Map<String, serde_json::Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut object = serde_json::Map::new();
                while let Some((key, value)) = map.next_entry()? {
                    if object.insert(key, value).is_some() {
                        return Err(de::Error::custom("a key twice"));
                    }
                }
                Ok(Object(object))
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

fn add_object<T: Stored + Token + Record>(
    object: &serde_json::Map<String, serde_json::Value>,
    listed: &mut Listed,
    syntax: IdSyntax,
) -> Result<(), String> {
    check_kind::<T>(|key| object.contains_key(key))?;
    let id = match object.get("id") {
        Some(serde_json::Value::Number(id)) => syntax.parse(&id.to_string())?,
        Some(serde_json::Value::String(id)) if syntax == IdSyntax::Any => syntax.parse(id)?,
        _ if syntax == IdSyntax::Any => return Err("the object has no 'id'".into()),
        _ => return Err("the object has no 'id' that is a number".into()),
    };
    let mut digest = RowDigest::new(Form::Json);
    for (key, name) in KEYS.into_iter().enumerate() {
        match object.get(name) {
            None => {}
            Some(serde_json::Value::Null) => digest.add(key, &Value::Null),
            Some(serde_json::Value::Number(number)) => {
                digest.add(key, &Value::Number(&number.to_string()));
            }
            Some(serde_json::Value::String(text)) => digest.add(key, &Value::Text(text)),
            Some(_) => digest.add(key, &Value::Other),
        }
    }
    listed.add(TokenId(id), &digest);
    Ok(())
}

#[cfg(test)]
mod tests;
