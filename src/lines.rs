//! Lines of an input that anybody may have written: one without line ends must not fill
//! the memory.

use std::io::{self, BufRead, Read};

/// Far more than the row of a token takes.
const LONGEST_LINE: u64 = 16 << 20;

/// Reads a line with its end, or the beginning of one that is too long, and tells
/// whether it is whole. At the end of the input it is empty.
pub fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut bounded = input.take(LONGEST_LINE);
    bounded.read_until(b'\n', line)?;
    Ok(bounded.limit() > 0 || line.ends_with(b"\n"))
}
