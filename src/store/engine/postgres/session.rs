//! A session with a server. Its answers are waited for with an eye on the run, which may
//! have been stopped, and on the server, which may have fallen silent.
//!
//! The driver is asynchronous, and so can be left; futures end in this file and the search
//! for a host.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, Config, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::{SessionError, Silence};
use crate::stop_flag::StopFlag;

/// How soon a signal is noticed.
const TICK: Duration = Duration::from_millis(50);
/// What an answer that is on its way is given when the run has been stopped.
const GRACE: Duration = Duration::from_millis(450);

/// A session.
pub struct Session {
    /// Dropped before what carries its connection on to the end.
    client: Client,
    connection: Carried,
    login: Login,
    /// How long the server may be silent before it is asked whether it is still there;
    /// `None`: it is waited for however long it takes.
    pub patience: Option<Duration>,
    pub stop: StopFlag,
    /// How long the quickest answer took, in nanoseconds.
    quickest: AtomicU64,
}

/// A connection, and what carries it on.
struct Carried {
    runtime: Runtime,
    connection: JoinHandle<()>,
    /// Why the server is not waited for any more.
    silence: OnceLock<Silence>,
}

impl Drop for Carried {
    /// Lets the connection read what is still on its way, and take its leave: where it only
    /// broke off, the server would note that in its log.
    fn drop(&mut self) {
        if self.silence.get().is_none() {
            let _ = self.runtime.block_on(async { timeout(GRACE, &mut self.connection).await });
        }
    }
}

/// A client, and the task that ends with its connection.
pub type Connected = (Client, JoinHandle<()>);

/// How to log in at one address.
#[derive(Clone)]
pub struct Login {
    pub config: Config,
    /// `None`: without encryption.
    pub tls: Option<MakeRustlsConnect>,
    farewell: Farewell,
}

/// What a server said as it ended a session that asked nothing. The driver has that from the
/// connection, and not where the next statement fails.
#[derive(Clone, Default)]
struct Farewell(Arc<Mutex<Option<Error>>>);

impl Farewell {
    /// Carries a connection on to its end.
    async fn listen(self, connection: impl Future<Output = Result<(), Error>>) {
        if let Err(error) = connection.await
            && error.as_db_error().is_some()
            && let Ok(mut said) = self.0.lock()
        {
            *said = Some(error);
        }
    }

    /// Why a statement fails.
    fn explain(&self, error: Error) -> Error {
        let said =
            if error.is_closed() { self.0.lock().ok().and_then(|mut it| it.take()) } else { None };
        said.unwrap_or(error)
    }
}

impl Login {
    pub fn new(config: Config, tls: Option<MakeRustlsConnect>) -> Self {
        Self { config, tls, farewell: Farewell::default() }
    }

    pub async fn connect(&self) -> Result<Connected, Error> {
        // The runtime carries the connection on as long as there is the client.
        let farewell = self.farewell.clone();
        if let Some(tls) = &self.tls {
            let (client, connection) = self.config.connect(tls.clone()).await?;
            Ok((client, tokio::spawn(farewell.listen(connection))))
        } else {
            let (client, connection) = self.config.connect(NoTls).await?;
            Ok((client, tokio::spawn(farewell.listen(connection))))
        }
    }

    /// Whether the server answers at all, if only to refuse the login.
    async fn is_answered(&self) -> bool {
        self.connect().await.map_or_else(|error| error.as_db_error().is_some(), |_| true)
    }
}

/// What carries sessions on.
pub fn runtime() -> Result<Runtime> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.context("cannot wait for answers of a server")
}

impl Session {
    pub fn new(
        runtime: Runtime,
        ((client, connection), login): (Connected, Login),
        patience: Option<Duration>,
    ) -> Self {
        let connection = Carried { runtime, connection, silence: OnceLock::new() };
        let (stop, quickest) = (StopFlag::default(), AtomicU64::new(u64::MAX));
        Self { client, connection, login, patience, stop, quickest }
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Sends a request that has not been sent yet, and waits for its answer for at most `limit`.
    ///
    /// # Errors
    ///
    /// As of [`Self::wait`].
    pub fn ask<T>(
        &self,
        limit: Duration,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, SessionError> {
        let asked_at = Instant::now();
        let answered = self.wait(Some(limit), answer)?;
        let took = u64::try_from(asked_at.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.quickest.fetch_min(took, Ordering::Relaxed);
        Ok(answered)
    }

    /// How long a request and its answer are on their way, as far as is known.
    pub fn round_trip(&self) -> Duration {
        match self.quickest.load(Ordering::Relaxed) {
            u64::MAX => Duration::ZERO,
            nanoseconds => Duration::from_nanos(nanoseconds),
        }
    }

    /// Waits for an answer of the server: as long as it takes, but for at most `limit`, as
    /// long as the server answers other connections, and until the run is stopped. After
    /// that nothing more is had of the session.
    ///
    /// # Errors
    ///
    /// Those of the server, or its silence.
    pub fn wait<T>(
        &self,
        limit: Option<Duration>,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, SessionError> {
        if let Some(&silence) = self.connection.silence.get() {
            return Err(SessionError::Silence(silence));
        }
        let answered = self.connection.runtime.block_on(async {
            // What the server has said meanwhile is read before it is asked: to write to a
            // session that has ended fails, and its farewell would be lost.
            yield_now().await;
            let mut answer = pin!(answer);
            tokio::select! {
                biased;
                answered = &mut answer => Ok(answered),
                silence = self.silence(limit) => Err(silence),
            }
        });
        match answered {
            Ok(answered) => {
                answered.map_err(|error| SessionError::Driver(self.login.farewell.explain(error)))
            }
            Err(silence) => {
                Err(SessionError::Silence(*self.connection.silence.get_or_init(|| silence)))
            }
        }
    }

    /// Sends a BEGIN before a statement, where there is one.
    pub async fn behind<T>(
        &self,
        begin: Option<String>,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        match begin {
            Some(begin) => Ok(behind(self.client.simple_query(&begin), answer).await?.1),
            None => answer.await,
        }
    }

    /// Sends a statement whose answer nobody waits for.
    pub fn send(&self, statement: &'static str) {
        self.connection.runtime.block_on(async {
            let answer = pin!(self.client.simple_query(statement));
            // It is on its way once what is ready to be done is done.
            tokio::select! { biased; _ = answer => {}, () = yield_now() => {} }
        });
    }

    /// Ends when the server is not to be waited for any more.
    async fn silence(&self, limit: Option<Duration>) -> Silence {
        let begun = Instant::now();
        let (mut is_over, mut probe) = (self.stop.set_for(GRACE), begun);
        loop {
            sleep(TICK).await;
            let now = Instant::now();
            if is_over() {
                return Silence::Stopped;
            }
            if limit.is_some_and(|limit| now - begun >= limit) {
                return Silence::Fallen;
            }
            let Some(patience) = self.patience else { continue };
            if now - probe >= patience {
                // A signal waits for this, but for no longer than a moment.
                let mut answered = pin!(timeout(patience, self.login.is_answered()));
                let is_answered = loop {
                    match timeout(TICK, &mut answered).await {
                        Ok(answered) => break answered.unwrap_or(false),
                        Err(_) if self.stop.is_set() => break true,
                        Err(_) => {}
                    }
                };
                if !is_answered {
                    return Silence::Fallen;
                }
                probe = Instant::now();
            }
        }
    }

    /// Asks the server to end the statement that the session is at. It does not matter where
    /// that fails: the statement then ends by itself.
    pub fn cancel(&self) {
        let token = self.client.cancel_token();
        self.connection.runtime.block_on(async {
            let _ = match &self.login.tls {
                Some(tls) => timeout(GRACE, token.cancel_query(tls.clone())).await,
                None => timeout(GRACE, token.cancel_query(NoTls)).await,
            };
        });
    }
}

/// Sends two statements at once, in this order, and gives both answers.
pub async fn behind<A, B>(
    first: impl Future<Output = Result<A, Error>>,
    second: impl Future<Output = Result<B, Error>>,
) -> Result<(A, B), Error> {
    let (first, second) = tokio::join!(biased; first, second);
    // If the first fails, that is why the second does.
    Ok((first?, second?))
}
