//! Rows that were copied out of SQLite, which lends each only until the next: the thread
//! that steps through a statement does nothing else, and another reads what it copied.

use std::sync::Arc;

use rusqlite::types::ValueRef;
use rusqlite::{Row, Statement};

use crate::store::engine::Raw;

/// Rows of a statement.
#[derive(Debug)]
pub struct Page {
    columns: Arc<[String]>,
    /// Of one row after the other.
    values: Vec<Copied>,
    /// The texts of all of them.
    text: Vec<u8>,
    /// The same once the page is complete, where it is UTF-8: to look at all at once takes a
    /// tenth of what looking at each takes.
    utf8: String,
}

/// In bytes.
const FULL: usize = 1 << 17;

#[derive(Clone, Copy, Debug)]
enum Copied {
    Null,
    Integer(i64),
    /// Where it begins and ends.
    Text(usize, usize),
    Other,
}

/// A row of a page.
#[derive(Clone, Copy)]
pub struct PageRow<'p> {
    page: &'p Page,
    values: &'p [Copied],
}

impl Page {
    /// The names of a statement's columns, for its pages.
    #[must_use]
    pub fn columns(statement: &Statement<'_>) -> Arc<[String]> {
        statement.column_names().map(Into::into).collect()
    }

    #[must_use]
    pub fn new(columns: Arc<[String]>) -> Self {
        Self { columns, values: Vec::new(), text: Vec::new(), utf8: String::new() }
    }

    /// # Errors
    ///
    /// None but where SQLite has fewer columns than it said.
    pub fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        for index in 0..self.columns.len() {
            self.values.push(match row.get_ref(index)? {
                ValueRef::Null => Copied::Null,
                ValueRef::Integer(value) => Copied::Integer(value),
                ValueRef::Text(text) => {
                    let begin = self.text.len();
                    self.text.extend_from_slice(text);
                    Copied::Text(begin, self.text.len())
                }
                ValueRef::Real(_) | ValueRef::Blob(_) => Copied::Other,
            });
        }
        Ok(())
    }

    /// Whether it is time for another. Handing a page over takes some microseconds, so a
    /// page is large; but it is to stay in the processor's cache.
    #[must_use]
    pub fn is_full(&self) -> bool {
        size_of_val(self.values.as_slice()) + self.text.len() >= FULL
    }

    /// The page for its reader: nothing is added any more.
    #[must_use]
    pub fn complete(mut self) -> Self {
        match String::from_utf8(self.text) {
            Ok(utf8) => Self { utf8, text: Vec::new(), ..self },
            Err(error) => {
                self.text = error.into_bytes();
                self
            }
        }
    }

    #[must_use]
    pub fn rows(&self) -> usize {
        // A statement without columns gives no rows.
        self.values.len() / self.columns.len().max(1)
    }

    fn text(&self, begin: usize, end: usize) -> Raw<'_> {
        // Nor is one whose end is another's beginning.
        if let Some(text) = self.utf8.get(begin..end) {
            return Raw::Text(text);
        }
        let all = if self.utf8.is_empty() { &self.text } else { self.utf8.as_bytes() };
        let bytes = &all[begin..end];
        str::from_utf8(bytes).map_or(Raw::Bytes(bytes), Raw::Text)
    }

    #[must_use]
    pub fn row(&self, index: usize) -> PageRow<'_> {
        let width = self.columns.len();
        PageRow { page: self, values: &self.values[index * width..][..width] }
    }
}

impl<'p> PageRow<'p> {
    /// The value of a column as SQLite gave it.
    #[must_use]
    pub fn value(self, column: usize) -> Option<Raw<'p>> {
        Some(match *self.values.get(column)? {
            Copied::Null => Raw::Null,
            Copied::Integer(value) => Raw::Integer(value),
            Copied::Text(begin, end) => self.page.text(begin, end),
            Copied::Other => Raw::Other,
        })
    }

    #[must_use]
    pub fn column_name(self, column: usize) -> Option<&'p str> {
        self.page.columns.get(column).map(String::as_str)
    }
}
