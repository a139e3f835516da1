//! Which database an event is of, as the audit file names it: one file may serve several.

use std::fmt;

/// A database, as far as it can be told from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file, by its path without links.
    File(String),
    Server {
        /// Host and port, or those of all hosts that may serve it.
        address: String,
        /// The database there, percent-encoded.
        name: String,
        /// The server's own identifier, which it keeps under every address. Not every role
        /// may read it.
        system: Option<String>,
    },
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.write_str(path),
            Self::Server { address, name, system } => {
                write!(f, "{address}/{name}")?;
                system.as_ref().map_or(Ok(()), |system| write!(f, "#{system}"))
            }
        }
    }
}

impl Database {
    /// Where it is, for a person: without the server's own identifier.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::File(path) => path.clone(),
            Self::Server { address, name, .. } => format!("{name} on {address}"),
        }
    }

    /// Whether this is what an entry names. Several addresses may lead to one server, so the
    /// server's own identifier decides where both sides have it.
    #[must_use]
    pub fn is_named(&self, recorded: &str) -> bool {
        match self {
            Self::File(path) => path == recorded,
            Self::Server { address, name, system } => {
                let Some((their_address, rest)) = recorded.rsplit_once('/') else { return false };
                if !their_address.contains(':') {
                    // A file, whose name may be anything.
                    return false;
                }
                let (their_name, theirs) = match rest.split_once('#') {
                    Some((name, system)) => (name, Some(system)),
                    None => (rest, None),
                };
                name == their_name
                    && match (system, theirs) {
                        (Some(ours), Some(theirs)) => ours == theirs,
                        _ => address == their_address,
                    }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(address: &str, name: &str, system: Option<&str>) -> Database {
        Database::Server {
            address: address.into(),
            name: name.into(),
            system: system.map(Into::into),
        }
    }

    #[test]
    fn the_identifier_of_a_server_decides_where_both_sides_have_it() {
        let ours = server("db1:5432", "gitlab", Some("7312"));
        for (recorded, is_ours) in [
            ("db1:5432/gitlab#7312", true),
            ("/var/run/postgresql:5432/gitlab#7312", true),
            ("db1:5432/gitlab#7313", false),
            ("db1:5432/gitlab", true),
            ("db2:5432/gitlab", false),
            ("db1:5432/other#7312", false),
            ("db1:5432", false),
            ("", false),
        ] {
            assert_eq!(ours.is_named(recorded), is_ours, "{recorded}");
        }
        let ours = server("/var/run/postgresql:5432", "git%2Flab", None);
        assert!(ours.is_named("/var/run/postgresql:5432/git%2Flab#7312"));
        assert!(!ours.is_named("/tmp:5432/git%2Flab#7312"));
    }

    #[test]
    fn every_database_is_what_it_is_called_and_a_file_nothing_else() {
        let all = [
            Database::File("/srv/a/hub#7312".into()),
            Database::File("/srv/b/hub#7312".into()),
            server("[::1]:5432", "hub", Some("7312")),
            server("[::1]:5432,db2:6432", "hub", Some("7314")),
            server("db2:6432", "hub", None),
        ];
        for (index, one) in all.iter().enumerate() {
            for (other, database) in all.iter().enumerate() {
                let is_same = index == other;
                assert_eq!(one.is_named(&database.to_string()), is_same, "{one} {database}");
            }
        }
    }
}
