//! The addresses of servers: hosts, ports and socket folders.

use std::fmt;
use std::path::Path;

use super::parameters::Parameters;
use crate::failure::Failure;

pub const DEFAULT_PORT: u16 = 5432;

/// The folders in which the socket is looked for when no host is given: Debian's default,
/// then PostgreSQL's own.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// The address of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// A host name, an IP address or a socket folder. Empty for the usual socket folder.
    pub name: String,
    pub port: u16,
}

impl Host {
    /// The socket folder, unless the host is reached over the network.
    #[must_use]
    pub fn socket_folder(&self) -> Option<&Path> {
        if self.name.starts_with('/') {
            return Some(Path::new(&self.name));
        }
        if !self.name.is_empty() {
            return None;
        }
        let socket = format!(".s.PGSQL.{}", self.port);
        let mut folders = SOCKET_FOLDERS.iter().map(Path::new);
        folders.find(|it| it.join(&socket).exists()).or(Some(Path::new(SOCKET_FOLDERS[0])))
    }

    /// The name of the host in a [password file], which is `localhost` for the socket in
    /// libpq's default folder.
    ///
    /// [password file]: https://www.postgresql.org/docs/current/libpq-pgpass.html
    #[must_use]
    pub fn in_password_file(&self) -> &str {
        if ["", SOCKET_FOLDERS[0]].contains(&&*self.name) { "localhost" } else { &self.name }
    }
}

/// The host as messages name it.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, port } = self;
        match self.socket_folder() {
            Some(folder) => write!(f, "{}/.s.PGSQL.{port}", folder.display()),
            None if name.contains(':') => write!(f, "[{name}]:{port}"),
            None => write!(f, "{name}:{port}"),
        }
    }
}

/// The hosts with their ports, sockets by their folder.
pub fn addresses(hosts: &[Host]) -> String {
    let address = |host: &Host| match host.socket_folder() {
        Some(folder) => format!("{}:{}", folder.display(), host.port),
        None => host.to_string(),
    };
    hosts.iter().map(address).collect::<Vec<_>>().join(",")
}

/// The hosts that the lists in `host` and `port` give. A single port is that of all hosts.
pub fn hosts(given: &Parameters) -> Result<Vec<Host>, Failure> {
    let list = |name| given.text(name).unwrap_or_default().split(',').map(str::trim);
    let (names, ports) = (list("host"), list("port").collect::<Vec<_>>());
    if ports.len() > 1 && ports.len() != names.clone().count() {
        return Err(given.malformed("port", "must have one entry, or one for each host"));
    }
    let host = |(name, &port): (&str, &&str)| {
        let port = match port {
            "" => Some(DEFAULT_PORT),
            port => port.parse().ok().filter(|&port| port > 0),
        };
        let port = port.ok_or_else(|| given.malformed("port", "is not from 1 to 65535"))?;
        Ok(Host { name: name.into(), port })
    };
    names.zip(ports.iter().cycle()).map(host).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_file_knows_the_usual_socket_as_localhost() {
        let names = [
            ("", "localhost"),
            ("/var/run/postgresql", "localhost"),
            ("/tmp", "/tmp"),
            ("db1", "db1"),
        ];
        for (name, expected) in names {
            let host = Host { name: name.into(), port: DEFAULT_PORT };
            assert_eq!(host.in_password_file(), expected);
        }
    }
}
