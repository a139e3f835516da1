//! The parameters of a connection as text, from a URL and from environment variables.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::{self, Write};

use crate::failure::Failure;

/// The supported parameters, each with the environment variable that is read when the URL
/// does not give it.
pub const PARAMETERS: &[(&str, &str)] = &[
    ("application_name", "PGAPPNAME"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("dbname", "PGDATABASE"),
    ("host", "PGHOST"),
    ("options", "PGOPTIONS"),
    ("passfile", "PGPASSFILE"),
    ("password", "PGPASSWORD"),
    ("port", "PGPORT"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
    ("user", "PGUSER"),
];

/// The libpq variables that are refused instead of ignored, each with the reason: they
/// would change where a connection leads or how it is protected.
pub const REFUSED: &[(&str, &str)] = &[
    ("PGSERVICE", "service files are not read"),
    ("PGHOSTADDR", "a host is always looked up by its name"),
    ("PGCHANNELBINDING", "channel binding cannot be required"),
    ("PGREQUIREAUTH", "an authentication method cannot be required"),
    ("PGREQUIREPEER", "the operating system user of the server is not checked"),
    ("PGSSLCRL", "certificate revocation lists are not read"),
    ("PGSSLCRLDIR", "certificate revocation lists are not read"),
    ("PGSSLMINPROTOCOLVERSION", "the minimum TLS version cannot be set"),
    ("PGSSLCERT", "client certificates are not supported"),
    ("PGSSLKEY", "client certificates are not supported"),
];

/// The values of the parameters, each with its source as messages name it.
#[derive(Default)]
pub struct Parameters(BTreeMap<&'static str, (String, String)>);

impl Parameters {
    /// Splits a URL into parameters and decodes their values.
    pub fn read_url(&mut self, url: &str) -> Result<(), Failure> {
        let rest = url.split_once("://").filter(|(scheme, _)| {
            ["postgres", "postgresql"].iter().any(|it| scheme.eq_ignore_ascii_case(it))
        });
        let (_, rest) = rest.ok_or_else(|| Failure::usage("it is not a postgres:// URL"))?;
        let (rest, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = authority.split_once('@').unwrap_or(("", authority));
        // An '@' further on may belong to a password that is not encoded. Parts of it would
        // become a host, a database or a parameter, which messages show.
        if [hosts, database, parameters].iter().any(|part| part.contains('@')) {
            return Err(Failure::usage("the URL has more than one '@', or one in the wrong place")
                .hint("in a password write '@' as %40, '/' as %2F, '?' as %3F, '%' as %25"));
        }
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let hosts = hosts.split(',').map(split_host).collect::<Option<Vec<_>>>();
        let (names, ports): (Vec<_>, Vec<_>) = hosts
            .ok_or_else(|| {
                Failure::usage("a host of the URL is malformed")
                    .hint("an IPv6 address goes in brackets, the folder of a socket as %2Fpath")
            })?
            .into_iter()
            .unzip();
        let found = [
            ("user", user),
            ("password", password),
            ("host", &names.join(",")),
            ("port", &ports.join(",")),
            ("dbname", database),
        ];
        for (name, value) in found.into_iter().filter(|(_, value)| !value.is_empty()) {
            self.set(name, value)?;
        }
        for parameter in parameters.split('&').filter(|it| !it.is_empty()) {
            let malformed = || Failure::usage("a parameter of the URL has no '='");
            let (name, value) = parameter.split_once('=').ok_or_else(malformed)?;
            let known = PARAMETERS.iter().find(|(known, _)| *known == name);
            let &(name, _) = known.ok_or_else(|| {
                Failure::usage(format!("the URL's parameter '{name}' is not supported"))
            })?;
            self.set(name, value)?;
        }
        Ok(())
    }

    /// Decodes and stores a value of the URL. Of several values, the last one counts.
    fn set(&mut self, name: &'static str, value: &str) -> Result<(), Failure> {
        let source = format!("the URL's {name}");
        let value = decode(value).ok_or_else(|| {
            Failure::usage(format!("{source} is not percent-encoded text"))
                .hint("write '%' itself as %25")
        })?;
        self.0.insert(name, (source, value));
        Ok(())
    }

    /// Adds the values of environment variables for parameters that the URL does not give.
    pub fn read_environment(
        &mut self,
        environment: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<(), Failure> {
        for &(name, variable) in PARAMETERS {
            if self.0.contains_key(name) {
                continue;
            }
            let Some(value) = environment(variable) else { continue };
            let value = value.into_string();
            let value = value.map_err(|_| Failure::usage(format!("{variable} is not UTF-8")))?;
            self.0.insert(name, (variable.into(), value));
        }
        Ok(())
    }

    /// A value that is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// What gives a value, as messages name it.
    pub fn source<'n>(&'n self, name: &'n str) -> &'n str {
        self.0.get(name).map_or(name, |(source, _)| source)
    }

    /// A usage failure that names the source of a value, but not the value.
    pub fn malformed(&self, name: &str, problem: &str) -> Failure {
        Failure::usage(format!("{} {problem}", self.source(name)))
    }

    /// A value from a table of names.
    pub fn one_of<V: Copy>(&self, name: &str, values: &[(&str, V)]) -> Result<Option<V>, Failure> {
        let Some((_, given)) = self.0.get(name) else {
            return Ok(None);
        };
        let value = values.iter().find(|(value, _)| value == given);
        let value = value.ok_or_else(|| {
            let values: Vec<_> = values.iter().map(|(value, _)| *value).collect();
            self.malformed(name, &format!("is not one of {}", values.join(", ")))
        })?;
        Ok(Some(value.1))
    }

    /// A number; negative ones count as 0, as in libpq.
    pub fn number(&self, name: &str) -> Result<Option<u32>, Failure> {
        let Some((_, given)) = self.0.get(name) else {
            return Ok(None);
        };
        let number = given.trim().parse::<i32>();
        let number = number.map_err(|_| self.malformed(name, "is not a number"))?;
        Ok(Some(u32::try_from(number).unwrap_or(0)))
    }
}

/// A host of a URL and its port, both as written.
fn split_host(text: &str) -> Option<(&str, &str)> {
    let Some(text) = text.strip_prefix('[') else {
        return Some(text.split_once(':').unwrap_or((text, "")));
    };
    let (host, rest) = text.split_once(']').filter(|(host, _)| !host.is_empty())?;
    if rest.is_empty() { Some((host, "")) } else { Some((host, rest.strip_prefix(':')?)) }
}

/// Percent-encoded text, decoded. `None` if it is malformed.
fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let digit = |bytes: &mut std::str::Bytes<'_>| char::from(bytes.next()?).to_digit(16);
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => u8::try_from(digit(&mut bytes)? * 16 + digit(&mut bytes)?).ok()?,
            byte => byte,
        });
    }
    // The protocol ends strings with a NUL, so that none may contain one.
    String::from_utf8(decoded).ok().filter(|text| !text.contains('\0'))
}

/// Text that is percent-encoded when it is written.
pub struct Encoded<'a>(pub &'a str);

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| {
            if character.is_alphanumeric() || "-._~".contains(character) {
                return f.write_char(character);
            }
            let mut bytes = [0; 4];
            let bytes = character.encode_utf8(&mut bytes).bytes();
            bytes.into_iter().try_for_each(|byte| write!(f, "%{byte:02X}"))
        })
    }
}
