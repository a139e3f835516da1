//! What SQLite lacks to find names and scopes.

use std::sync::Arc;

use anyhow::Result;
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;

use crate::model::time::Timestamp;
use crate::model::token::fold;
use crate::store::scopes::ScopesForm;

/// Adds what SQLite lacks. LIKE and `lower()` fold ASCII only; `json_each` stops
/// the statement at the first broken text.
pub fn add(connection: &Connection) -> Result<()> {
    // DIRECTONLY: only our own statements may call them, no trigger or view.
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function(c"tokenctl_contains", 2, flags, |context| {
        let words = texts(context, 1)?;
        Ok(match context.get_raw(0) {
            ValueRef::Text(name) => contains(name, &words),
            _ => false,
        })
    })?;
    connection.create_scalar_function(c"tokenctl_has_scope", 3, flags, |context| {
        let form = match context.get_raw(0) {
            ValueRef::Text(name) => ScopesForm::ALL.iter().find(|it| it.name().as_bytes() == name),
            _ => None,
        };
        let wanted = texts(context, 2)?;
        let (Some(form), ValueRef::Text(text)) = (form, context.get_raw(1)) else {
            return Ok(None);
        };
        Ok(form.read(text).map(|scopes| scopes.iter().any(|scope| wanted.contains(scope))))
    })?;
    // Times of texts in the one form in which they sort; what is none is left as it is, for
    // decoding to tell.
    connection.create_scalar_function(c"tokenctl_instant", 1, flags, |context| {
        Ok(match context.get_raw(0) {
            ValueRef::Text(text) => {
                let text = String::from_utf8_lossy(text);
                let time = Timestamp::from_any_zone(&text);
                Some(time.map_or_else(|| text.into_owned(), |time| time.to_string()))
            }
            ValueRef::Null => None,
            // Neither is what is no text a time.
            ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Blob(_) => Some("no text".into()),
        })
    })?;
    // In the order of code points, whatever encoding the database has.
    connection.create_scalar_function(c"tokenctl_utf8", 1, flags, |context| {
        Ok(match context.get_raw(0) {
            ValueRef::Text(text) => Some(text.to_vec()),
            _ => None,
        })
    })?;
    Ok(())
}

/// A list of texts that is asked for, the same for every row: read once.
fn texts(context: &Context<'_>, argument: i32) -> rusqlite::Result<Arc<Vec<String>>> {
    context.get_or_create_aux(argument, |value| {
        anyhow::Ok(serde_json::from_str::<Vec<String>>(value.as_str()?)?)
    })
}

/// Whether a name, once folded, contains all these words, which are folded already. A name
/// that is not UTF-8 does, so that decoding names its row.
pub fn contains(name: &[u8], words: &[String]) -> bool {
    if name.is_ascii() {
        return words.iter().all(|word| ascii_contains(name, word.as_bytes()));
    }
    std::str::from_utf8(name).map_or(true, |name| {
        // Mostly the words are ASCII, and nothing else in the name becomes ASCII (the sign
        // of kelvin would): then nothing has to be copied.
        let is_apart = |c: char| c.is_ascii() || c.to_lowercase().all(|folded| !folded.is_ascii());
        if words.iter().all(|word| word.is_ascii()) && name.chars().all(is_apart) {
            return words.iter().all(|word| ascii_contains(name.as_bytes(), word.as_bytes()));
        }
        let name: String = fold(name).collect();
        words.iter().all(|word| name.contains(word))
    })
}

fn ascii_contains(name: &[u8], word: &[u8]) -> bool {
    let Some((first, rest)) = word.split_first() else {
        return true;
    };
    name.len() >= word.len()
        && (0..=name.len() - word.len()).any(|start| {
            name[start].eq_ignore_ascii_case(first)
                && name[start + 1..][..rest.len()].eq_ignore_ascii_case(rest)
        })
}
