//! The ids of a list, and what its rows say of the tokens besides. A list that was
//! reviewed is one of tokens, not of numbers: where a row does not fit any more, its id is
//! another token's, or the token is not what it was.

use anyhow::{Context, Result};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::model::id::{IdList, TokenId};
use crate::model::time::Moment;
use crate::model::token::Token;
use crate::output::csv;
use crate::output::view::{self, Cell, Record};
use crate::store::{Store, Stored};

/// A list.
#[derive(Debug, Default)]
pub struct Listed {
    /// In ascending order, each once, when the list is complete.
    pub ids: IdList,
    pub reviewed: ReviewedRows,
}

impl Listed {
    pub fn of(ids: IdList) -> Self {
        Self { ids, reviewed: ReviewedRows::default() }.complete()
    }

    pub fn add(&mut self, id: TokenId, digest: &RowDigest) {
        if digest.keys > 0 {
            let RowDigest { form, keys, ref hasher } = *digest;
            self.reviewed.0.push(Row { id: id.clone(), keys, form, digest: hasher.finish() });
        }
        self.ids.push(id.0);
    }

    /// The list with the ids as a store has them.
    pub fn own<T: Stored>(mut self, store: &Store) -> Result<Self> {
        if matches!(self.ids, IdList::Integers(_))
            && self.ids == store.own_ids::<T>(self.ids.clone())?
        {
            return Ok(self);
        }
        for row in &mut self.reviewed.0 {
            let own = store.own_ids::<T>(row.id.0.clone().into())?;
            row.id = TokenId(own.last().context("it is one id")?);
        }
        self.ids = store.own_ids::<T>(self.ids)?;
        Ok(self.complete())
    }

    pub fn complete(mut self) -> Self {
        self.ids.sort();
        self.reviewed.0.sort_unstable();
        self.reviewed.0.dedup();
        self
    }
}

/// The keys that tell one token from another. Whatever else a row says may have changed
/// since, as the time of the last use does.
pub const KEYS: [&str; 4] = ["name", "user_id", "username", "created_at"];

/// What rows say of tokens, as digests: of millions of rows, the texts would fill the
/// memory. One token may have several rows, and has to fit all of them.
#[derive(Debug, Default)]
pub struct ReviewedRows(Vec<Row>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    id: TokenId,
    form: Form,
    /// A bit for each of [`KEYS`] that the row has.
    keys: u8,
    digest: u64,
}

/// What a row was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    Json,
    Csv,
}

/// What one row says.
pub struct RowDigest {
    form: Form,
    keys: u8,
    hasher: DefaultHasher,
}

/// A value, as the form has it.
#[derive(Hash)]
pub enum Value<'a> {
    Null,
    Number(&'a str),
    Text(&'a str),
    /// Of a form that no such property has.
    Other,
}

impl RowDigest {
    pub fn new(form: Form) -> Self {
        Self { form, keys: 0, hasher: DefaultHasher::new() }
    }

    /// Adds the value of the key of an index, in ascending order.
    pub fn add(&mut self, key: usize, value: &Value<'_>) {
        self.keys |= 1 << key;
        (key, value).hash(&mut self.hasher);
    }
}

impl ReviewedRows {
    /// Adds what a token is, as a JSON row with every key would say it.
    pub fn see<T: Token + Record>(&mut self, token: &T, now: Moment) {
        let keys = (1 << KEYS.len()) - 1;
        let mut row = Row { id: token.id(), form: Form::Json, keys, digest: 0 };
        row.digest = digest(token, &row, now, json_value);
        self.0.push(row);
    }

    /// Adds all rows of another list.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
        self.0.sort_unstable();
    }

    /// Whether no row says anything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a token is what every row of its id says.
    pub fn fits<T: Token + Record>(&self, token: &T, now: Moment) -> bool {
        let rows = &self.0[self.0.partition_point(|row| row.id < token.id())..];
        rows.iter().take_while(|row| row.id == token.id()).all(|row| match row.form {
            Form::Json => row.digest == digest(token, row, now, json_value),
            // As this program writes it, or as it is.
            Form::Csv => {
                row.digest == digest(token, row, now, csv_value)
                    || row.digest == digest(token, row, now, plain_value)
            }
        })
    }
}

/// The digest that a row would have of what the store says.
fn digest<T: Token + Record>(
    token: &T,
    row: &Row,
    now: Moment,
    add: impl Fn(&mut RowDigest, usize, Cell<'_>),
) -> u64 {
    let mut digest = RowDigest::new(row.form);
    for (key, name) in KEYS.into_iter().enumerate() {
        if row.keys & 1 << key != 0 {
            let cell = view::column(name).map_or(Cell::Null, |column| (column.cell)(token, now));
            add(&mut digest, key, cell);
        }
    }
    digest.hasher.finish()
}

fn json_value(digest: &mut RowDigest, key: usize, cell: Cell<'_>) {
    let mut text = String::new();
    match cell {
        Cell::Null | Cell::Never => digest.add(key, &Value::Null),
        Cell::Text(text) | Cell::Whole(text) => digest.add(key, &Value::Text(text)),
        Cell::Integer(_) => {
            cell.write_plain(&mut text);
            digest.add(key, &Value::Number(&text));
        }
        _ => {
            cell.write_plain(&mut text);
            digest.add(key, &Value::Text(&text));
        }
    }
}

fn csv_value(digest: &mut RowDigest, key: usize, cell: Cell<'_>) {
    let mut text = String::new();
    csv::write_cell(&mut text, cell);
    digest.add(key, &Value::Text(&text));
}

fn plain_value(digest: &mut RowDigest, key: usize, cell: Cell<'_>) {
    match cell {
        Cell::Text(text) | Cell::Whole(text) => digest.add(key, &Value::Text(text)),
        cell => csv_value(digest, key, cell),
    }
}
