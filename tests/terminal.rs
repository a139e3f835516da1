//! At a real terminal: widths, colour, relative times, and the question before
//! tokens are revoked.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};

use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use unicode_width::UnicodeWidthStr;

use crate::support::Sandbox;

/// The program at a terminal of its own.
struct Terminal {
    child: Child,
    screen: File,
    seen: String,
}

impl Terminal {
    fn start(sandbox: &Sandbox, columns: u16, line: &str, env: &[(&str, &str)]) -> Self {
        Self::start_after("", sandbox, columns, line, env)
    }

    /// Starts it when something has been typed already.
    fn start_after(
        typed: &str,
        sandbox: &Sandbox,
        columns: u16,
        line: &str,
        env: &[(&str, &str)],
    ) -> Self {
        let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None).expect("a terminal");
        let mut screen = File::from(pty.master);
        screen.write_all(typed.as_bytes()).expect("the terminal takes keys");
        let end = |fd: &OwnedFd| Stdio::from(fd.try_clone().expect("a handle"));
        let child = sandbox
            .command(shell_words::split(line).expect(line))
            .env("TERM", "xterm-256color")
            .envs(env.iter().copied())
            .stdin(end(&pty.slave))
            .stdout(end(&pty.slave))
            .stderr(end(&pty.slave))
            .spawn()
            .expect("the program starts");
        Self { child, screen, seen: String::new() }
    }

    /// Reads until `text` appears.
    fn wait_for(&mut self, text: &str) {
        let mut bytes = [0; 1024];
        while !self.seen.contains(text) {
            // The terminal reports an error when the program has closed it.
            match self.screen.read(&mut bytes) {
                Ok(count) if count > 0 => {
                    self.seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
                }
                _ => panic!("no {text:?} in {}", self.seen),
            }
        }
    }

    fn type_in(&mut self, keys: &str) {
        self.screen.write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    /// What was printed, and the exit status.
    fn end(mut self) -> (String, Option<i32>) {
        let mut bytes = [0; 1024];
        while let Ok(count @ 1..) = self.screen.read(&mut bytes) {
            self.seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        let status = self.child.wait().expect("the program ends");
        (self.seen.replace("\r\n", "\n"), status.code())
    }
}

fn shown(sandbox: &Sandbox, columns: u16, line: &str, env: &[(&str, &str)]) -> String {
    let (screen, status) = Terminal::start(sandbox, columns, line, env).end();
    assert_eq!(status, Some(0), "{screen}");
    screen
}

#[test]
fn a_table_fits_the_terminal_and_speaks_of_time_as_people_do() {
    let sandbox = Sandbox::new();
    sandbox.sql(
        "UPDATE personal_access_tokens SET name = '部署部署部署部署部署部署部署部署部署部署' WHERE id = 3",
    );
    for columns in [30, 50, 60, 80, 100, 200] {
        let screen = shown(&sandbox, columns, "--as root list --color never", &[]);
        for line in screen.lines() {
            assert!(line.width() <= columns.into(), "{columns}: {line}");
        }
        assert_eq!(screen.lines().count(), 17, "{screen}");
    }
    let screen = shown(&sandbox, 200, "--as olive list --color never", &[]);
    for words in ["2 months ago", "never", "today", "in a day"] {
        assert!(screen.contains(words), "{words}: {screen}");
    }
    assert!(!screen.contains("2024-"), "{screen}");
    // Beside the relative time there is room for the exact one.
    let screen = shown(&sandbox, 80, "--as olive show 4", &[]);
    assert!(screen.contains("2024-03-15 (today)"), "{screen}");
}

#[test]
fn colour_follows_the_conventions() {
    let sandbox = Sandbox::new();
    let coloured = |flags: &str, env: &[(&str, &str)]| {
        shown(&sandbox, 100, &format!("--as root list {flags}"), env).contains('\u{1b}')
    };
    assert!(coloured("", &[]));
    assert!(!coloured("--color never", &[]));
    assert!(!coloured("", &[("NO_COLOR", "1")]));
    assert!(coloured("", &[("NO_COLOR", "")]));
    assert!(coloured("--color always", &[("NO_COLOR", "1")]));
    assert!(!coloured("", &[("TERM", "dumb")]));
    // In a pipe there is none, unless it is asked for.
    assert!(!sandbox.run("--as root list").stdout.contains('\u{1b}'));
    assert!(sandbox.run("--as root list --color always").stdout.contains('\u{1b}'));
    let forced = sandbox.command(["--as", "root", "list"]).env("CLICOLOR_FORCE", "1").output();
    assert!(forced.expect("it runs").stdout.contains(&0x1b));
    assert!(!sandbox.run("--as root list -o json --color always").stdout.contains('\u{1b}'));
}

#[test]
fn more_than_one_token_is_asked_about_and_no_is_the_default() {
    let sandbox = Sandbox::new();
    let revoked = || sandbox.value("SELECT count(*) FROM personal_access_tokens WHERE revoked");
    for (keys, status, count) in
        [("\n", 3, "2"), ("no\n", 3, "2"), ("\u{4}", 3, "2"), ("yes\n", 5, "4")]
    {
        let mut terminal = Terminal::start(&sandbox, 100, "--as olive revoke 1 2 9", &[]);
        terminal.wait_for("[y/N]");
        assert!(
            terminal.seen.contains("Revoke 2 personal access tokens of 1 user?"),
            "{}",
            terminal.seen
        );
        assert!(terminal.seen.contains("laptop"), "a preview: {}", terminal.seen);
        terminal.type_in(keys);
        let (screen, ended) = terminal.end();
        // 5: of three ids one is denied.
        assert_eq!(ended, Some(status), "{screen}");
        assert_eq!(revoked(), count, "{screen}");
    }
    assert_eq!(sandbox.value("SELECT count(*) FROM audit_events"), "2");
}

#[test]
fn a_signal_at_the_question_changes_nothing() {
    let sandbox = Sandbox::new();
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let mut terminal = Terminal::start(&sandbox, 100, "--as olive revoke 1 2", &[]);
        terminal.wait_for("[y/N]");
        let id = i32::try_from(terminal.child.id()).expect("a process id");
        kill(Pid::from_raw(id), signal).expect("the program runs");
        let (screen, status) = terminal.end();
        assert_eq!(status, Some(128 + signal as i32), "{screen}");
        assert!(screen.contains("nothing was revoked: stopped by SIG"), "{screen}");
    }
    assert_eq!(sandbox.value("SELECT count(*) FROM audit_events"), "0");
}

#[test]
fn what_was_typed_before_the_question_is_no_answer() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start_after("y\n", &sandbox, 100, "--as olive revoke 1 2", &[]);
    terminal.wait_for("[y/N]");
    terminal.type_in("n\n");
    let (screen, status) = terminal.end();
    assert_eq!(status, Some(3), "{screen}");
}

#[test]
fn a_long_name_of_marks_without_width_costs_no_more_than_its_length() {
    let sandbox = Sandbox::new();
    let name = format!("e{}{}", "\u{301}".repeat(100_000), "x".repeat(300));
    sandbox
        .connection()
        .execute("UPDATE personal_access_tokens SET name = ?1 WHERE id = 1", [name])
        .expect("an update");
    let begun = std::time::Instant::now();
    shown(&sandbox, 80, "--as root list", &[]);
    // Quadratic work took most of a minute.
    assert!(begun.elapsed().as_secs() < 20);
}
