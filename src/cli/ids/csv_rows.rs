//! A list in CSV, as RFC 4180 has it.

use std::io::{self, BufRead, ErrorKind, Read};

use anyhow::Result;
use csv::{ByteRecord, ReaderBuilder, StringRecord};

use super::listed::{Form, KEYS, Listed, RowDigest, Value};
use super::problem::{check_kind, cut_off, malformed, without_comment};
use crate::lines::LONGEST_LINE;
use crate::model::id::{IdSyntax, TokenId};
use crate::model::token::Token;
use crate::output::csv::FORMULA;
use crate::output::view::Record;
use crate::store::Stored;

/// The names in a line that is the header of a list. It is one line, whatever old systems
/// end theirs with.
pub fn header(line: &str) -> Option<Vec<String>> {
    if line.contains('\r') {
        return None;
    }
    let mut reader = ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
    let mut names = StringRecord::new();
    let is_read = reader.read_record(&mut names).unwrap_or(false);
    let names: Vec<String> = names.iter().map(|name| name.trim().into()).collect();
    (is_read && names.iter().any(|name| name == "id")).then_some(names)
}

/// Reads the rows behind the header, which is the line of a number.
pub fn read<T: Stored + Token + Record>(
    names: &[String],
    header_line: u64,
    input: impl BufRead,
    listed: &mut Listed,
    syntax: IdSyntax,
) -> Result<()> {
    check_kind::<T>(|key| names.iter().any(|name| name == key))
        .map_err(|problem| malformed(header_line, problem))?;
    let counts = |key: &str| names.iter().filter(|name| *name == key).count();
    if let Some(key) = [&["id"], &KEYS[..]].concat().into_iter().find(|key| counts(key) > 1) {
        return Err(malformed(header_line, format!("two columns are '{key}'")).into());
    }
    let column = |wanted: &str| names.iter().position(|name| name == wanted);
    let id_column = column("id").unwrap_or_default();
    let last = names.len() - 1;
    let reviewed =
        KEYS.into_iter().enumerate().filter_map(|(key, name)| Some((key, column(name)?)));
    let reviewed: Vec<(usize, usize)> = reviewed.collect();

    let comment = (id_column == 0).then_some(b'#');
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(comment)
        .from_reader(Watched::new(input, comment));
    let mut row = ByteRecord::new();
    loop {
        let line = header_line + reader.position().line();
        let is_row =
            reader.read_byte_record(&mut row).map_err(|error| match error.into_kind() {
                csv::ErrorKind::Io(error) if error.kind() == ErrorKind::FileTooLarge => {
                    malformed(line, error).into()
                }
                csv::ErrorKind::Io(error) => {
                    anyhow::Error::new(error).context("cannot read standard input")
                }
                _ => malformed(line, "it is no row of CSV").into(),
            })?;
        if reader.get_ref().is_cut() {
            return Err(cut_off(NO_LINE_END).into());
        }
        if reader.get_ref().is_unclosed() {
            return Err(cut_off("a quote is not closed").into());
        }
        if !is_row {
            return Ok(());
        }
        reader.get_mut().left = LONGEST_LINE;
        let line = header_line + row.position().map_or(0, csv::Position::line);

        let raw = |index: usize| String::from_utf8_lossy(row.get(index).unwrap_or_default());
        let first = raw(0);
        let first = first.trim();
        if row.len() == 1 && first.is_empty() {
            continue;
        }
        // A name may begin so, and whoever chose it must not be passed over. A row that was
        // made a comment does not fit its token.
        if first.starts_with('#') && !KEYS.contains(&names[0].as_str()) {
            if id_column == 0 {
                continue;
            }
            let problem = "whether it is a comment can be told only where 'id' comes first";
            return Err(malformed(line, problem).into());
        }
        // A comment at the end may have commas. In the name of a token it would be a part of
        // that, and what begins with '#' may be the name of a user.
        let end = raw(last);
        let before_comment = without_comment(&end);
        let has_comment = before_comment.len() < end.len()
            && match names[last].as_str() {
                "name" => false,
                "username" => !before_comment.is_empty(),
                _ => true,
            };
        if row.len() < names.len() || (row.len() > names.len() && !has_comment) {
            let (fields, all) = (row.len(), names.len());
            let problem = format!("the row has {fields} fields, and the header {all}");
            return Err(malformed(line, problem).into());
        }
        let cell = |index: usize, text: &'_ str| -> String {
            if index == last && has_comment { without_comment(text).into() } else { text.into() }
        };
        let id = cell(id_column, &raw(id_column));
        // As this program writes a text that a spreadsheet would take for a formula.
        let bare = id.strip_prefix('\'').filter(|it| it.starts_with(FORMULA));
        let id = syntax.parse(bare.unwrap_or(&id));
        let id = id.map_err(|problem| malformed(line, problem))?;
        let mut digest = RowDigest::new(Form::Csv);
        for &(key, column) in &reviewed {
            digest.add(key, &Value::Text(&cell(column, &raw(column))));
        }
        listed.add(TokenId(id), &digest);
    }
}

/// Why the last line is not taken.
pub const NO_LINE_END: &str = "its last line has no end";

/// An input of which a row takes no more than its share of the memory, and whose end is
/// looked at.
struct Watched<R> {
    input: R,
    /// How much more may be read for a row.
    left: u64,
    last: u8,
    is_at_end: bool,
    /// What begins a line that is a comment, in which quotes mean nothing.
    comment: Option<u8>,
    is_comment: bool,
    is_quoted: bool,
}

impl<R> Watched<R> {
    fn new(input: R, comment: Option<u8>) -> Self {
        let (left, last) = (LONGEST_LINE, b'\n');
        Self { input, left, last, is_at_end: false, comment, is_comment: false, is_quoted: false }
    }

    fn watch(&mut self, byte: u8) {
        match byte {
            begin if self.comment == Some(begin) && self.last == b'\n' && !self.is_quoted => {
                self.is_comment = true;
            }
            b'\n' => self.is_comment = false,
            b'"' if !self.is_comment => self.is_quoted = !self.is_quoted,
            _ => {}
        }
        self.last = byte;
    }

    /// Whether it has ended between quotes, so that rows may have been taken for text.
    fn is_unclosed(&self) -> bool {
        self.is_at_end && self.is_quoted
    }

    /// Whether it has ended in the middle of a line.
    fn is_cut(&self) -> bool {
        self.is_at_end && self.last != b'\n'
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::new(ErrorKind::FileTooLarge, "the row is too long"));
        }
        let read = self.input.read(buffer)?;
        self.is_at_end = read == 0;
        buffer[..read].iter().for_each(|&byte| self.watch(byte));
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
}
