//! How digests are written.

use std::fmt::Write;

/// Writes bytes in hexadecimal.
#[must_use]
pub fn hexadecimal(digest: impl AsRef<[u8]>) -> String {
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
