//! The search for a host to connect to.

use std::net::ToSocketAddrs;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tokio_postgres::config::SslMode as Encryption;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Error, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::{in_words, is_refused_for_tls};
use super::host::Host;
use super::password_file::Found;
use super::session::{Connected, Login, Session, runtime};
use super::settings::Settings;
use super::target::Target;
use super::tls::{self, SslMode};
use crate::failure::{Failure, Kind};
use crate::store::Mode;

impl Settings {
    /// What encrypts connections; `None` where none is to be encrypted.
    fn tls(&self) -> Result<Option<MakeRustlsConnect>> {
        let is_socket = |host: &Host| host.socket_folder().is_some();
        let is_plain = self.ssl_mode == SslMode::Disable || self.hosts.iter().all(is_socket);
        if is_plain { Ok(None) } else { tls::connector(self.ssl_mode, &self.roots).map(Some) }
    }

    /// Connects to the first host that answers and is of the kind asked for. To write, that
    /// is always a host that takes writes.
    ///
    /// Each address of a host has ten seconds; `connect_timeout` sets another limit, or none
    /// with 0. As in libpq, a host that answers and refuses the login ends the search, unless
    /// it is still starting up.
    ///
    /// # Errors
    ///
    /// If no host serves. The message names each host with the reason.
    pub fn connect(&self, mode: Mode) -> Result<Session> {
        let targets = match (mode, self.targets) {
            (Mode::Read, targets) => targets,
            (Mode::Write, [Target::Standby]) => {
                let message = "target_session_attrs asks for a host that takes no writes";
                return Err(Failure::usage(message).into());
            }
            (Mode::Write, _) => &[Target::ReadWrite],
        };
        let (tls, runtime) = (self.tls()?, runtime()?);

        let mut reasons = Vec::new();
        let mut headline = "";
        let mut hint = None;
        'search: for &target in targets {
            reasons.clear();
            headline = "";
            for host in &self.hosts {
                match self.try_host(&runtime, host, target, tls.as_ref()) {
                    Ok(accepted) => return Ok(Session::new(runtime, accepted, self.limit)),
                    Err(Refusal::PassedOver(is)) => {
                        headline = target.missing();
                        reasons.push(format!("{host} {is}"));
                    }
                    Err(Refusal::NoAnswer(reason)) => reasons.push(format!("{host}: {reason}")),
                    Err(Refusal::NoLogin(reason, help)) => {
                        reasons.push(format!("{host}: {reason}"));
                        hint = help;
                        break 'search;
                    }
                }
            }
        }
        let failure = Failure::new(Kind::Failed, format!("{headline}{}", reasons.join("; ")));
        Err(hint.into_iter().fold(failure, Failure::hint).into())
    }

    /// Tries the addresses of a host in turn.
    fn try_host(
        &self,
        runtime: &Runtime,
        host: &Host,
        target: Target,
        tls: Option<&MakeRustlsConnect>,
    ) -> Result<(Connected, Login), Refusal> {
        let found = self.password(host);
        let mut config = self.config.clone();
        config.port(host.port);
        if let Some(password) = &found.password {
            config.password(password);
        }
        if let Some(folder) = host.socket_folder() {
            config.host_path(folder);
            return self.try_address(runtime, Login::new(config, None), target, &found);
        }
        config.host(&host.name);
        let name = host.name.clone();
        let look_up = move || {
            let found = (name.as_str(), 0).to_socket_addrs();
            found.map(|found| found.map(|it| it.ip()).collect::<Vec<_>>())
        };
        let failed = |error: std::io::Error| Refusal::NoAnswer(error.to_string());
        let addresses = within(self.limit, look_up).map_err(failed)?;
        let addresses = addresses.ok_or_else(|| self.too_late())?.map_err(failed)?;
        let mut last = Refusal::NoAnswer("the name has no address".into());
        for address in addresses {
            let mut config = config.clone();
            config.hostaddr(address);
            let login = Login::new(config, tls.cloned());
            match self.try_address(runtime, login, target, &found) {
                Err(refusal @ Refusal::NoAnswer(_)) => last = refusal,
                done => return done,
            }
        }
        Err(last)
    }

    /// Logs in at one address, within the time limit. The driver's own limit does not cover
    /// a server that accepts the connection and then sends nothing.
    fn try_address(
        &self,
        runtime: &Runtime,
        login: Login,
        target: Target,
        found: &Found,
    ) -> Result<(Connected, Login), Refusal> {
        let limit = self.limit.unwrap_or(Duration::MAX);
        let done = runtime.block_on(async { timeout(limit, self.log_in(login, target)).await });
        let error = match done.map_err(|_| self.too_late())? {
            Ok(accepted) => return accepted.map_err(Refusal::PassedOver),
            Err(error) => error,
        };
        let with_note = |reason: String| match &found.note {
            Some(note) => format!("{reason}; {note}"),
            None => reason,
        };
        // The driver reports a missing password as an invalid configuration, and here
        // nothing else in the configuration can be invalid.
        if found.password.is_none() && error.to_string() == "invalid configuration" {
            let reason = "the server asks for a password, and none is given".into();
            let hint = "set PGPASSWORD, or write it into the password file ~/.pgpass";
            return Err(Refusal::NoLogin(with_note(reason), Some(hint)));
        }
        let reason = in_words(&error);
        Err(match error.code() {
            None | Some(&SqlState::CANNOT_CONNECT_NOW) => Refusal::NoAnswer(reason),
            // PgBouncer reports a wrong password as a protocol violation.
            Some(&SqlState::INVALID_PASSWORD | &SqlState::PROTOCOL_VIOLATION) => {
                Refusal::NoLogin(with_note(reason), None)
            }
            Some(_) => Refusal::NoLogin(reason, None),
        })
    }

    /// Logs in as `sslmode` says.
    async fn log_in(
        &self,
        mut login: Login,
        target: Target,
    ) -> Result<Result<(Connected, Login), &'static str>, Error> {
        login.config.ssl_mode(match (&login.tls, self.ssl_mode) {
            (None, _) => Encryption::Disable,
            (Some(_), SslMode::Prefer) => Encryption::Prefer,
            (Some(_), _) => Encryption::Require,
        });
        match accepted(&login, target).await {
            // As in libpq: the server may accept a login without TLS.
            Err(error) if self.ssl_mode == SslMode::Prefer && is_refused_for_tls(&error) => {
                login.config.ssl_mode(Encryption::Disable);
                login.tls = None;
                accepted(&login, target).await
            }
            done => done,
        }
        .map(|accepted| accepted.map(|connected| (connected, login)))
    }

    fn too_late(&self) -> Refusal {
        let limit = self.limit.map(|limit| format!(" within {} s", limit.as_secs()));
        Refusal::NoAnswer(format!("no answer{}", limit.unwrap_or_default()))
    }
}

/// The reason why a host does not serve.
enum Refusal {
    /// The host is of another kind, which the text says.
    PassedOver(&'static str),
    /// The host cannot be reached or is starting up.
    NoAnswer(String),
    /// The host refuses the login. The second text is a hint.
    NoLogin(String, Option<&'static str>),
}

/// Connects, and checks that the host is of the kind asked for. The inner error says of
/// which kind it is instead.
async fn accepted(login: &Login, target: Target) -> Result<Result<Connected, &'static str>, Error> {
    let connected = login.connect().await?;
    if target == Target::Any {
        return Ok(Ok(connected));
    }
    let question = "SELECT pg_catalog.pg_is_in_recovery(), \
                    pg_catalog.current_setting('transaction_read_only')";
    let answer = connected.0.simple_query(question).await?;
    let objection = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            target.objection(row.get(0) == Some("t"), row.get(1) == Some("on"))
        }
        _ => None,
    });
    Ok(objection.map_or(Ok(connected), Err))
}

/// Looks names up on a thread of its own, which is left at the time limit: the system's
/// resolver has none that could be set.
fn within<T: Send + 'static>(
    limit: Option<Duration>,
    look_up: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<Option<T>> {
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new().spawn(move || sender.send(look_up()))?;
    Ok(match limit {
        Some(limit) => receiver.recv_timeout(limit).ok(),
        None => receiver.recv().ok(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_takes_too_long_is_abandoned() {
        let limit = Some(Duration::from_millis(10));
        let slow = within(limit, || thread::sleep(Duration::from_mins(1)));
        assert_eq!(slow.expect("a thread"), None);
        assert_eq!(within(None, || 7).expect("a thread"), Some(7));
    }
}
