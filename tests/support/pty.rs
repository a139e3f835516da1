//! A program at a terminal of its own.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};

use nix::poll::{PollFd, PollFlags, poll};
use nix::pty::{Winsize, openpty};

use super::Sandbox;

/// The program at a terminal of its own.
pub struct Terminal {
    pub child: Child,
    pub screen: File,
    /// Kept open: when the last end is closed, what is still on its way may be lost.
    _end: OwnedFd,
    pub seen: String,
    /// The beginning of a character whose end has not come yet.
    begun: Vec<u8>,
}

impl Terminal {
    pub fn start(sandbox: &Sandbox, columns: u16, line: &str, env: &[(&str, &str)]) -> Self {
        Self::start_after("", sandbox, columns, line, env)
    }

    /// Starts it when something has been typed already.
    pub fn start_after(
        typed: &str,
        sandbox: &Sandbox,
        columns: u16,
        line: &str,
        env: &[(&str, &str)],
    ) -> Self {
        let mut command = sandbox.command(shell_words::split(line).expect(line));
        command.envs(env.iter().copied());
        Self::run(typed, columns, &mut command)
    }

    /// Starts any command.
    pub fn run(typed: &str, columns: u16, command: &mut Command) -> Self {
        let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None).expect("a terminal");
        let mut screen = File::from(pty.master);
        screen.write_all(typed.as_bytes()).expect("the terminal takes keys");
        let end = |fd: &OwnedFd| Stdio::from(fd.try_clone().expect("a handle"));
        if !command.get_envs().any(|(name, _)| name == "TERM") {
            command.env("TERM", "xterm-256color");
        }
        let child = command
            .stdin(end(&pty.slave))
            .stdout(end(&pty.slave))
            .stderr(end(&pty.slave))
            .spawn()
            .expect("the program starts");
        Self { child, screen, _end: pty.slave, seen: String::new(), begun: Vec::new() }
    }

    /// Reads until `text` appears.
    pub fn wait_for(&mut self, text: &str) {
        while !self.seen.contains(text) {
            assert!(self.read(), "no {text:?} in {}", self.seen);
        }
    }

    /// Reads what is printed next. False when the program has ended and nothing has
    /// come for a while.
    pub fn read(&mut self) -> bool {
        let mut bytes = [0; 1024];
        loop {
            let has_ended = self.child.try_wait().expect("a child").is_some();
            let mut waiting = [PollFd::new(self.screen.as_fd(), PollFlags::POLLIN)];
            if poll(&mut waiting, 100_u16).expect("a terminal") > 0 {
                let count = self.screen.read(&mut bytes).expect("a terminal");
                self.see(&bytes[..count]);
                return true;
            }
            if has_ended {
                return false;
            }
        }
    }

    fn see(&mut self, bytes: &[u8]) {
        self.begun.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.begun) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.begun.len(),
        };
        let bytes: Vec<_> = self.begun.drain(..whole).collect();
        self.seen.push_str(&String::from_utf8_lossy(&bytes));
    }

    /// Reads until nothing has come for a while.
    pub fn settle(&mut self) {
        let mut bytes = [0; 1024];
        loop {
            let mut waiting = [PollFd::new(self.screen.as_fd(), PollFlags::POLLIN)];
            if poll(&mut waiting, 200_u16).expect("a terminal") == 0 {
                return;
            }
            let count = self.screen.read(&mut bytes).expect("a terminal");
            self.see(&bytes[..count]);
        }
    }

    pub fn type_in(&mut self, keys: &str) {
        self.screen.write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    /// What was printed, and the exit status.
    pub fn end(mut self) -> (String, Option<i32>) {
        while self.read() {}
        let status = self.child.wait().expect("the program ends");
        (self.seen.replace("\r\n", "\n"), status.code())
    }
}
