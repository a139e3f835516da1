//! A way to a PostgreSQL server that is long, or has somebody on it who loses or holds back what
//! passes at the worst moment.

use std::fs;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// What happens to the first COMMIT behind a write, or to any message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The server never gets it, and both sides lose the connection.
    CommitIsLost,
    /// The server carries it out, and its answer is lost with the connection.
    AnswerIsLost,
    /// The same, and no new connection is had.
    AnswerIsLostForGood,
    /// The answer comes, and what follows it does not, on any connection.
    AllBehindItIsLost,
    /// From the first message with this text on (a COMMIT: behind a write), nothing gets to the
    /// server any more, on no connection, and none is closed.
    Silence(&'static str),
    /// Nothing is lost, and answers come so much later.
    Distance(Duration),
}

impl Fault {
    fn delay(self) -> Duration {
        if let Self::Distance(delay) = self { delay } else { Duration::ZERO }
    }
}

/// A socket in front of a server's.
pub struct Wire {
    folder: TempDir,
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    server: PathBuf,
    fault: Fault,
    /// It happens once.
    has_happened: AtomicBool,
    is_cut: AtomicBool,
    is_silent: AtomicBool,
    /// How often the server was asked something after it had answered.
    round_trips: AtomicUsize,
}

impl Wire {
    /// In front of the server whose socket is in a folder.
    pub fn to(folder: &Path, fault: Fault) -> Self {
        let mut files = folder.read_dir().expect("a folder").map(|it| it.expect("a file").path());
        let is_socket = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(".s.PGSQL.") && !name.ends_with(".lock")
        };
        let server = files.find(is_socket).expect("the socket of a server");
        let folder = tempfile::tempdir().expect("a temporary directory");
        let name = server.file_name().expect("a socket");
        let port = name.to_string_lossy().rsplit('.').next().and_then(|it| it.parse::<u16>().ok());
        let listener = UnixListener::bind(folder.path().join(name)).expect("a socket");
        let shared = Arc::new(Shared {
            server: server.clone(),
            fault,
            has_happened: AtomicBool::new(false),
            is_cut: AtomicBool::new(false),
            is_silent: AtomicBool::new(false),
            round_trips: AtomicUsize::new(0),
        });
        let theirs = Arc::clone(&shared);
        // It ends with the test's process.
        thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), shared) = (client, Arc::clone(&theirs)) else { return };
                if !shared.is_cut.load(Ordering::SeqCst) {
                    thread::spawn(move || shared.serve(client));
                }
            }
        });
        Self { folder, port: port.expect("a port"), shared }
    }

    pub fn url(&self, user: &str, database: &str) -> String {
        let (folder, port) = (self.folder.path().display(), self.port);
        format!("postgres://{user}@/{database}?host={folder}&port={port}")
    }

    pub fn has_happened(&self) -> bool {
        self.shared.has_happened.load(Ordering::SeqCst)
    }

    pub fn round_trips(&self) -> usize {
        self.shared.round_trips.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn serve(self: &Arc<Self>, mut client: UnixStream) -> io::Result<()> {
        let mut server = UnixStream::connect(&self.server)?;
        let answers = (server.try_clone()?, client.try_clone()?);
        let is_swallowed = Arc::new(AtomicBool::new(false));
        let is_answered = Arc::new(AtomicBool::new(false));
        let (swallows, answered) = (Arc::clone(&is_swallowed), Arc::clone(&is_answered));
        let (sender, on_their_way) = mpsc::channel::<(Instant, Vec<u8>)>();
        let fault = self.fault;
        let back = thread::spawn(move || {
            let (mut server, mut client) = answers;
            let arriving = thread::spawn(move || {
                for (due, bytes) in on_their_way {
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                    answered.store(true, Ordering::SeqCst);
                    if client.write_all(&bytes).is_err() {
                        break;
                    }
                }
                let _ = client.shutdown(Shutdown::Both);
            });
            let mut bytes = vec![0; 1 << 16];
            while let Ok(length @ 1..) = server.read(&mut bytes) {
                let due = Instant::now() + fault.delay();
                if swallows.load(Ordering::SeqCst)
                    || sender.send((due, bytes[..length].to_vec())).is_err()
                {
                    break;
                }
            }
            drop(sender);
            let _ = arriving.join();
        });

        // The first message has no type.
        let mut message = message(&mut client, 0)?;
        let mut writes = false;
        loop {
            let says = |text: &[u8]| message.windows(text.len()).any(|it| it == text);
            writes |= says(b"UPDATE ") || says(b"DELETE ");
            if let Fault::Silence(text) = self.fault
                && says(text.as_bytes())
                && (writes || text != "COMMIT")
            {
                self.is_silent.store(true, Ordering::SeqCst);
                self.has_happened.store(true, Ordering::SeqCst);
            }
            if self.is_silent.load(Ordering::SeqCst) {
                // Until the client goes.
                let _ = io::copy(&mut client, &mut io::sink());
                break;
            }
            if is_answered.swap(false, Ordering::SeqCst) {
                self.round_trips.fetch_add(1, Ordering::SeqCst);
            }
            if !matches!(self.fault, Fault::Silence(_) | Fault::Distance(_))
                && writes
                && says(b"COMMIT")
                && !self.has_happened.swap(true, Ordering::SeqCst)
            {
                match self.fault {
                    Fault::CommitIsLost | Fault::Silence(_) | Fault::Distance(_) => break,
                    Fault::AllBehindItIsLost => {
                        self.is_cut.store(true, Ordering::SeqCst);
                        server.write_all(&message)?;
                        let _ = self::message(&mut client, 1);
                        break;
                    }
                    Fault::AnswerIsLost | Fault::AnswerIsLostForGood => {
                        self.is_cut
                            .store(self.fault == Fault::AnswerIsLostForGood, Ordering::SeqCst);
                        is_swallowed.store(true, Ordering::SeqCst);
                        server.write_all(&message)?;
                        // The answer has come when this ends.
                        let _ = back.join();
                        return server.shutdown(Shutdown::Both);
                    }
                }
            }
            server.write_all(&message)?;
            match self::message(&mut client, 1) {
                Ok(next) => message = next,
                Err(_) => break,
            }
        }
        let _ = client.shutdown(Shutdown::Both);
        server.shutdown(Shutdown::Both)
    }
}

/// A message of the protocol: its type where it has one, its length, and its body.
fn message(from: &mut UnixStream, type_length: usize) -> io::Result<Vec<u8>> {
    let mut message = vec![0; type_length + 4];
    from.read_exact(&mut message)?;
    let length: [u8; 4] = message[type_length..].try_into().expect("four bytes");
    let length = usize::try_from(u32::from_be_bytes(length)).expect("a length");
    message.resize(type_length + length, 0);
    from.read_exact(&mut message[type_length + 4..])?;
    Ok(message)
}

impl Drop for Wire {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.folder.path());
    }
}
