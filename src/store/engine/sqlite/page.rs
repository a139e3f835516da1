//! Rows that were copied out of SQLite, which lends each only until the next: the thread
//! that steps through a statement does nothing else, and another reads what it copied.

use std::sync::Arc;

use rusqlite::types::ValueRef;
use rusqlite::{Row, Statement};

/// Rows of a statement.
#[derive(Debug)]
pub struct Page {
    columns: Arc<[String]>,
    /// Of one row after the other.
    values: Vec<Copied>,
    /// The texts of all of them.
    text: Vec<u8>,
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
        Self { columns, values: Vec::new(), text: Vec::new() }
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

    #[must_use]
    pub fn rows(&self) -> usize {
        // A statement without columns gives no rows.
        self.values.len() / self.columns.len().max(1)
    }

    #[must_use]
    pub fn row(&self, index: usize) -> PageRow<'_> {
        let width = self.columns.len();
        PageRow { page: self, values: &self.values[index * width..][..width] }
    }
}

impl<'p> PageRow<'p> {
    /// The value of a column as SQLite gave it; a number with a fraction and a blob, which
    /// no column of a store may hold, are an empty blob.
    #[must_use]
    pub fn value(self, column: usize) -> Option<ValueRef<'p>> {
        Some(match *self.values.get(column)? {
            Copied::Null => ValueRef::Null,
            Copied::Integer(value) => ValueRef::Integer(value),
            Copied::Text(begin, end) => ValueRef::Text(&self.page.text[begin..end]),
            Copied::Other => ValueRef::Blob(&[]),
        })
    }

    #[must_use]
    pub fn column_name(self, column: usize) -> Option<&'p str> {
        self.page.columns.get(column).map(String::as_str)
    }
}
