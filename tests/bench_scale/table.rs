//! Tables in Markdown, printed row by row.

use std::cell::Cell;
use std::io::{Write, stdout};

use anyhow::Result;

/// A table, of which nothing is printed before its first row.
pub struct Table {
    title: String,
    head: String,
    has_begun: Cell<bool>,
}

impl Table {
    /// With its first line, which says how wide the columns are.
    pub fn new(title: &str, head: &str) -> Self {
        Self { title: title.into(), head: head.into(), has_begun: Cell::new(false) }
    }

    /// Prints a row.
    pub fn print(&self, cells: &[String]) -> Result<()> {
        let mut out = stdout().lock();
        if !self.has_begun.replace(true) {
            let rule: String =
                self.head.chars().map(|c| if c == '|' { '|' } else { '-' }).collect();
            writeln!(out, "\n{}\n\n{}\n{rule}", self.title, self.head)?;
        }
        let columns = self.head.trim_matches('|').split('|');
        for (cell, column) in cells.iter().zip(columns) {
            let width = column.chars().count() - 2;
            write!(out, "| {cell:width$} ")?;
        }
        Ok(writeln!(out, "|")?)
    }
}

/// A whole number as people read it.
pub fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Bytes in MiB.
pub fn mebibytes(bytes: u64) -> String {
    let tenths = bytes * 10 / (1 << 20);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// A command line of ours. The usual actor goes without saying.
pub fn command(args: &str) -> String {
    format!("`{}`", args.trim_start_matches("--as root "))
}
