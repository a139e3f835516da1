//! The [password file] of libpq, which has lines of `host:port:database:user:password`.
//!
//! [password file]: https://www.postgresql.org/docs/current/libpq-pgpass.html

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// A password file, which need not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordFile {
    pub path: PathBuf,
    /// Whether the user gave the path. Otherwise it is the default one.
    pub is_named: bool,
}

/// The result of looking up a password.
#[derive(Debug, Default)]
pub struct Found {
    pub password: Option<Vec<u8>>,
    /// A remark about the file, for the message if the login fails.
    pub note: Option<String>,
}

impl PasswordFile {
    /// Looks up the password of a login: host, port, database and user. As in libpq, a file
    /// that other users may access is ignored.
    #[must_use]
    pub fn look_up(&self, login: [&str; 4]) -> Found {
        let path = self.path.display();
        let ignored = |reason: &str| Found {
            password: None,
            note: Some(format!("password file {path} is ignored: {reason}")),
        };
        let metadata = match self.path.metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound && !self.is_named => {
                return Found::default();
            }
            Err(error) => return ignored(&error.to_string()),
            Ok(metadata) => metadata,
        };
        if !metadata.is_file() {
            return ignored("it is not a regular file");
        }
        if metadata.permissions().mode() & 0o077 != 0 {
            return ignored("others than its owner may read it (chmod 600 makes it private)");
        }
        // Bytes, since a password need not be UTF-8.
        match fs::read(&self.path) {
            Err(error) => ignored(&error.to_string()),
            Ok(content) => {
                let password = password(&content, login);
                let note = match password {
                    Some(_) => format!("the password is from {path}"),
                    None => format!("password file {path} has no line for this login"),
                };
                Found { note: Some(note), password }
            }
        }
    }
}

/// The password in the first line that matches.
fn password(content: &[u8], login: [&str; 4]) -> Option<Vec<u8>> {
    let lines = content.split(|&byte| byte == b'\n');
    lines.filter(|line| !line.starts_with(b"#")).find_map(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut fields = fields(line);
        let fits = login.iter().all(|wanted| {
            fields.next().is_some_and(|it| it.raw == b"*" || it.text() == wanted.as_bytes())
        });
        // A line without a fifth field is no entry, and an empty password counts as none.
        fields.next().filter(|_| fits).map(|field| field.text()).filter(|it| !it.is_empty())
    })
}

/// A field as written.
struct Field<'a> {
    raw: &'a [u8],
}

impl Field<'_> {
    /// The field without its escaping backslashes.
    fn text(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.raw.len());
        let mut bytes = self.raw.iter();
        while let Some(&byte) = bytes.next() {
            let escaped = if byte == b'\\' { bytes.next() } else { None };
            text.push(*escaped.unwrap_or(&byte));
        }
        text
    }
}

/// The fields of a line, split at colons that are not escaped.
fn fields(line: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut is_escaped = false;
    line.split(move |&byte| {
        let separates = byte == b':' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        separates
    })
    .map(|raw| Field { raw })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const LOGIN: [&str; 4] = ["db1", "5432", "gitlab", "ops"];

    fn found(content: &str) -> Option<String> {
        password(content.as_bytes(), LOGIN).map(|it| String::from_utf8(it).unwrap())
    }

    #[test]
    fn the_first_line_that_fits_has_the_password() {
        assert_eq!(found("db1:5432:gitlab:ops:s3cret\n").as_deref(), Some("s3cret"));
        assert_eq!(found("db2:*:*:*:no\r\n*:*:*:ops:yes\r\n*:*:*:*:late").as_deref(), Some("yes"));
        assert_eq!(found("#db1:5432:gitlab:ops:no\n"), None);
        assert_eq!(found("db1:5432:gitlab:ops"), None);
        assert_eq!(found("db1:5432:gitlab:opsx:no\ndb1:543:gitlab:ops:no\nb1:*:*:*:no"), None);
        assert_eq!(found(""), None);
    }

    #[test]
    fn backslashes_take_the_next_byte_as_it_is() {
        assert_eq!(found(r"db1:5432:gitlab:ops:a\:b\\c:rest").as_deref(), Some(r"a:b\c"));
        assert_eq!(found(r"db1:5432:gitlab:\ops:x").as_deref(), Some("x"));
        assert_eq!(found(r"\*:5432:gitlab:ops:x"), None);
        assert_eq!(password(br"\*:\::*:*:x", ["*", ":", "", ""]).as_deref(), Some(&b"x"[..]));
        assert_eq!(found("db1:5432:gitlab:ops:end\\").as_deref(), Some("end\\"));
    }

    #[test]
    fn a_file_that_others_may_read_is_ignored_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pgpass");
        fs::write(&path, "*:*:*:*:s3cret\n").unwrap();
        let file = PasswordFile { path: path.clone(), is_named: false };
        let look_up = |mode| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            file.look_up(LOGIN)
        };

        let Found { password, note } = look_up(0o640);
        assert_eq!(password, None);
        assert!(note.unwrap().contains("is ignored: others than its owner may read it"));

        let Found { password, note } = look_up(0o600);
        assert_eq!(password.as_deref(), Some(&b"s3cret"[..]));
        assert!(!note.unwrap().contains("s3cret"));
    }

    #[test]
    fn only_a_file_that_is_named_has_to_exist() {
        let path = PathBuf::from("/nonexistent/pgpass");
        let note = |is_named| PasswordFile { path: path.clone(), is_named }.look_up(LOGIN).note;
        assert_eq!(note(false), None);
        assert!(note(true).unwrap().contains("No such file"));
    }
}
