//! A terminal that hands over each key as it is pressed, on a screen of its own. It is put
//! back as it was at the end, at a failure, and while the program is suspended.

use std::io::{self, ErrorKind};
use std::os::fd::AsFd;

use anyhow::Result;
use dialoguer::console::Term;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::termios::{FlushArg, LocalFlags, SetArg, Termios, tcflush, tcgetattr, tcsetattr};
use nix::unistd::read;
use signal_hook::consts::SIGTSTP;
use signal_hook::low_level::emulate_default_handler;

/// The codes that every terminal of today knows: to another screen, and back.
const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";

/// How often a signal and a new size are looked for, in milliseconds.
const MOMENT: u16 = 100;
/// How long what follows an escape character takes to arrive.
const ESCAPE: u16 = 25;

/// A key that means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    Space,
    Enter,
    Escape,
    /// Ctrl-C.
    Interrupt,
    Letter(u8),
    /// No key: the screen is to be drawn again.
    Redraw,
}

pub struct RawTerminal<'t> {
    screen: &'t Term,
    before: Termios,
}

impl<'t> RawTerminal<'t> {
    /// Drops what was typed before, and takes over.
    pub fn enter(screen: &'t Term) -> Result<Self> {
        let input = io::stdin();
        tcflush(&input, FlushArg::TCIFLUSH)?;
        let terminal = Self { screen, before: tcgetattr(&input)? };
        terminal.begin()?;
        Ok(terminal)
    }

    fn begin(&self) -> Result<()> {
        let mut raw = self.before.clone();
        // Keys that make signals are keys: the screen has to be left before anything stops.
        raw.local_flags &= !(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG);
        tcsetattr(io::stdin(), SetArg::TCSADRAIN, &raw)?;
        self.screen.write_str(ENTER)?;
        Ok(self.screen.hide_cursor()?)
    }

    /// Does all it can: after a failure too, the shell must get back its terminal.
    fn end(&self) -> Result<()> {
        let shown = self.screen.show_cursor().and_then(|()| self.screen.write_str(LEAVE));
        tcsetattr(io::stdin(), SetArg::TCSADRAIN, &self.before)?;
        Ok(shown?)
    }

    /// Waits a moment for a key.
    pub fn key(&self) -> Result<Option<Key>> {
        let Some(byte) = next_byte(MOMENT)? else { return Ok(None) };
        Ok(Some(match byte {
            b' ' => Key::Space,
            b'\r' | b'\n' => Key::Enter,
            3 => Key::Interrupt,
            26 => {
                self.end()?;
                emulate_default_handler(SIGTSTP)?;
                self.begin()?;
                Key::Redraw
            }
            27 => escaped()?,
            byte => Key::Letter(byte),
        }))
    }
}

impl Drop for RawTerminal<'_> {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// The key whose code begins with an escape character.
fn escaped() -> Result<Key> {
    let Some(b'[' | b'O') = next_byte(ESCAPE)? else { return Ok(Key::Escape) };
    let mut number = 0_u8;
    loop {
        let key = match next_byte(ESCAPE)? {
            Some(digit @ b'0'..=b'9') => {
                number = number.saturating_mul(10).saturating_add(digit - b'0');
                continue;
            }
            // What follows tells of Shift and Ctrl.
            Some(b';') => continue,
            Some(b'A') => Key::Up,
            Some(b'B') => Key::Down,
            Some(b'H') => Key::Home,
            Some(b'F') => Key::End,
            Some(b'~') => match number {
                1 | 7 => Key::Home,
                4 | 8 => Key::End,
                5 => Key::PageUp,
                6 => Key::PageDown,
                _ => Key::Redraw,
            },
            _ => Key::Redraw,
        };
        return Ok(key);
    }
}

/// The next byte that is typed, if one is within so many milliseconds. The end of the input
/// is an error.
fn next_byte(milliseconds: u16) -> Result<Option<u8>> {
    let input = io::stdin();
    let mut waiting = [PollFd::new(input.as_fd(), PollFlags::POLLIN)];
    match poll(&mut waiting, milliseconds) {
        Ok(0) | Err(Errno::EINTR) => return Ok(None),
        polled => polled?,
    };
    let mut byte = [0];
    // Not by the buffer of the standard input, which would hide bytes from the next poll.
    match read(&input, &mut byte)? {
        0 => Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
        _ => Ok(Some(byte[0])),
    }
}
