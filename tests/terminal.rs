//! At a real terminal: widths, colour, relative times, and the question before
//! tokens are revoked.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};

use nix::pty::{Winsize, openpty};
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
        let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None).expect("a terminal");
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
        Self { child, screen: File::from(pty.master), seen: String::new() }
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
    for columns in [60, 80, 100, 200] {
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
    for (keys, status, count) in [("\r", 3, "2"), ("n", 3, "2"), ("y", 0, "4")] {
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
        // Of three ids one is denied.
        let expected = if status == 0 { 5 } else { status };
        assert_eq!(ended, Some(expected), "{screen}");
        assert_eq!(revoked(), count, "{screen}");
    }
    assert_eq!(sandbox.value("SELECT count(*) FROM audit_events"), "2");
}

#[test]
fn an_interrupt_at_the_question_changes_nothing() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, 100, "--as olive revoke 1 2", &[]);
    terminal.wait_for("[y/N]");
    terminal.type_in("\u{3}");
    let (screen, status) = terminal.end();
    assert_eq!(status, Some(130), "{screen}");
    assert_eq!(sandbox.value("SELECT count(*) FROM audit_events"), "0");
}
