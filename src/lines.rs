//! Reads lines of untrusted input in bounded memory.

use std::io::{self, BufRead, Read};

/// Far longer than any row of a token.
pub const LONGEST_LINE: u64 = 16 << 20;

/// Reads a line with its newline; returns false if it was cut because it is too long. At
/// the end of the input the line is empty.
pub fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut bounded = input.take(LONGEST_LINE);
    bounded.read_until(b'\n', line)?;
    Ok(bounded.limit() > 0 || line.ends_with(b"\n"))
}
