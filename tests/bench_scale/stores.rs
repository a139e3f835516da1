//! The stores that are measured, who is in them, and the machine.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{ErrorKind, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, OpenFlags};

use crate::Args;
use crate::measure::{Side, printed};
use crate::table::mebibytes;

#[path = "../support/tools.rs"]
mod tools;

/// What was built. It is measured as a copy: how the linker leaves a file in the page cache
/// makes a look-up take a quarter more, or not.
pub const BUILT: &str = env!("CARGO_BIN_EXE_tokenctl");
/// The present, for the stores and for every run of ours. SQL has it as literals.
const NOW: &str = "2024-03-15T12:00:00Z";

/// Adds events where there are none: a tenth as many as tokens, of one actor. Half of them are
/// one run's, and the others of runs of a hundred.
const EVENTS: &str = "
    INSERT INTO audit_events (created_at, run_id, action, actor_id, actor, os_user, target_type,
        target_id, target_name, target_user_id, target_username)
    SELECT t.created_at, CASE WHEN t.id % 20 = 0 THEN '0190e2c5-0000-7000-8000-000000000000'
            ELSE printf('0190e2c6-0000-7000-8000-%012d', t.id / 2000) END,
        'revoke', 1, 'root', 'root', 'personal_access_token', t.id, t.name, t.user_id, u.username
    FROM personal_access_tokens t JOIN users u ON u.id = t.user_id
    WHERE t.id % 10 = 0 AND NOT EXISTS (SELECT 1 FROM audit_events)";

/// Which of the three stores.
#[derive(Clone, Copy)]
pub enum Size {
    Small,
    Middle,
    Large,
}

impl Size {
    pub const ALL: [Self; 3] = [Self::Small, Self::Middle, Self::Large];
}

/// What a run of the benchmark goes by, and what has come of it.
pub struct Bench {
    pub quick: bool,
    folder: PathBuf,
    words: Vec<String>,
    shell: PathBuf,
    pub program: PathBuf,
    /// The rows that are over their limits.
    over: Cell<u32>,
}

impl Bench {
    pub fn new(args: Args, names: &[&str]) -> Result<Self> {
        for word in &args.rows {
            let is_known = names.iter().any(|name| name.contains(word.as_str()));
            ensure!(is_known, "'{word}' is in no row; there are:\n{}", names.join("\n"));
        }
        fs::create_dir_all(&args.folder)?;
        // By its path, as ours is started: looking for a program takes its time.
        let shell = tools::tool("sqlite3").context("the sqlite3 shell is not installed")?;
        let folder = args.folder.canonicalize()?;
        let (quick, words) = (args.quick, args.rows);
        let program = folder.join("tokenctl");
        fs::copy(BUILT, &program)?;
        let bench = Self { quick, folder, words, shell, program, over: Cell::new(0) };
        let empty = bench.empty_store();
        remove(&empty)?;
        bench.ours(&empty, "init -q").run()?;
        Ok(bench)
    }

    /// How many tokens a store has.
    pub fn tokens(&self, size: Size) -> u32 {
        let tokens = match size {
            Size::Small => 10_000,
            Size::Middle => 1_000_000,
            Size::Large => 10_000_000,
        };
        if self.quick { (tokens / 100).max(1000) } else { tokens }
    }

    /// A store, which is made unless it is there.
    pub fn store(&self, size: Size) -> Result<PathBuf> {
        let tokens = self.tokens(size);
        let store = self.file(&format!("{tokens}.db"));
        if !store.exists() {
            self.ours(&store, &format!("init --sample={tokens} -q")).run()?;
        }
        let is_current = schema(&store)? == schema(&self.empty_store())?;
        ensure!(is_current, "{} has another schema: remove it", store.display());
        Connection::open(&store)?.execute(EVENTS, [])?;
        Ok(store)
    }

    /// A new store without rows.
    pub fn empty_store(&self) -> PathBuf {
        self.file("empty.db")
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Whether a row of this name is to be measured.
    pub fn wants(&self, name: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| name.contains(word))
    }

    /// Our side, by its arguments with blanks between them.
    pub fn ours(&self, store: &Path, args: &str) -> Side {
        side(&self.program, store, args)
    }

    /// The shell's side, without its user's settings and as patient as ours: by its flags
    /// with blanks between them, and the statement, unless it comes from standard input.
    pub fn shell(&self, store: &Path, flags: &str, sql: Option<&str>) -> Side {
        let store = store.display().to_string();
        let args = ["-init", "/dev/null", "-cmd", ".timeout 5000"].into_iter();
        let args = args.chain(flags.split(' ')).chain([store.as_str()]).chain(sql);
        Side::new(&self.shell, args.map(Into::into).collect())
    }

    /// Whether a row keeps to its limits, in a word. One that does not is counted.
    pub fn judge(&self, keeps: bool) -> String {
        if keeps {
            return "ok".into();
        }
        self.over.set(self.over.get() + 1);
        "over".into()
    }

    /// Says on what machine, and of what.
    pub fn introduce(&self) -> Result<()> {
        let store = self.store(Size::Small)?;
        let connection = read(&store)?;
        let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0));
        let sql = "SELECT journal_mode || ', synchronous ' || synchronous
             FROM pragma_journal_mode, pragma_synchronous";
        let settings = ask(sql)?;
        let theirs = printed(&mut self.shell(&store, "-list", Some(sql)).command())?;
        ensure!(settings == theirs, "settings differ: {settings}, and {theirs} in the shell");
        writeln!(
            stdout(),
            "{}\n{}: {}, with SQLite {}; sqlite3 {}\n\
             stores as of {NOW}, on both sides with journal mode {settings} (2 is FULL)",
            machine()?,
            ask("SELECT date()")?,
            printed(Command::new(&self.program).arg("--version"))?,
            rusqlite::version(),
            printed(Command::new(&self.shell).arg("--version"))?,
        )?;
        Ok(())
    }

    /// Says how many rows are over their limits.
    pub fn conclude(self) -> Result<ExitCode> {
        let floor = mebibytes(Side::new(Path::new("/bin/true"), Vec::new()).run()?.peak);
        let over = self.over.get();
        writeln!(
            stdout(),
            "\nNo peak is seen below {floor} MiB, the benchmark's own. Over a limit: {over}."
        )?;
        Ok(if over == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn schema(store: &Path) -> Result<Vec<String>> {
    let connection = read(store)?;
    let sql = "SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' ORDER BY name";
    let mut statement = connection.prepare(sql)?;
    let statements = statement.query_map([], |row| row.get(0))?;
    Ok(statements.collect::<Result<_, _>>()?)
}

fn machine() -> Result<String> {
    let field = |file: &str, name: &str| -> Result<String> {
        let text = fs::read_to_string(file)?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)).context("a field")?;
        Ok(line.trim_start_matches(['\t', ' ', ':']).into())
    };
    let cores = std::thread::available_parallelism()?;
    Ok(format!(
        "{cores} cores of {}, memory {}, Linux {}",
        field("/proc/cpuinfo", "model name").unwrap_or_else(|_| "an unknown model".into()),
        field("/proc/meminfo", "MemTotal")?,
        fs::read_to_string("/proc/sys/kernel/osrelease")?.trim_end(),
    ))
}

/// The side of a copy of ours.
pub fn side(program: &Path, store: &Path, args: &str) -> Side {
    let store = store.display().to_string();
    let args = ["--db", &store, "--now", NOW].into_iter().chain(args.split(' '));
    Side::new(program, args.map(Into::into).collect())
}

/// A connection that changes nothing.
pub fn read(store: &Path) -> Result<Connection> {
    Ok(Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
}

/// The words that stand for `{placeholders}` of command lines and statements.
#[derive(Default)]
pub struct Words(Vec<(&'static str, String)>);

impl Words {
    pub fn with(mut self, placeholder: &'static str, word: impl Into<String>) -> Self {
        self.0.push((placeholder, word.into()));
        self
    }

    /// The same with an `{owner}` of so many tokens, and a `{token}` of that owner.
    pub fn with_owner(self, store: &Path, tokens: u32) -> Result<Self> {
        let sql = "SELECT u.username, (SELECT t.id FROM personal_access_tokens t
                                       WHERE t.user_id = u.id AND NOT t.impersonation)
                   FROM (SELECT user_id FROM personal_access_tokens
                         GROUP BY user_id HAVING count(*) = ?1) counted
                   JOIN users u ON u.id = counted.user_id
                   WHERE u.state = 'active' AND NOT u.admin AND u.user_type = 'human'
                   LIMIT 1";
        let found = read(store)?.query_row(sql, [tokens], |row| Ok((row.get(0)?, row.get(1)?)));
        let (owner, token): (String, u32) = found.context("an owner")?;
        Ok(self.with("{owner}", owner).with("{token}", token.to_string()))
    }

    pub fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.into(), |text, (place, word)| text.replace(place, word))
    }
}

/// A copy of a store, which is removed in the end.
pub struct Copied {
    original: PathBuf,
    pub path: PathBuf,
}

impl Copied {
    pub fn new(bench: &Bench, original: PathBuf, name: &str) -> Self {
        Self { original, path: bench.file(name) }
    }

    /// Makes it afresh: the file alone, without a log to be played back. All of it is on
    /// disk, so that no later writing of it disturbs what is timed.
    pub fn renew(&self) -> Result<()> {
        remove(&self.path)?;
        fs::copy(&self.original, &self.path)?;
        Ok(File::open(&self.path)?.sync_all()?)
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        drop(remove(&self.path));
    }
}

/// Removes a database that may be there.
fn remove(store: &Path) -> Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut path = store.to_owned().into_os_string();
        path.push(suffix);
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}
