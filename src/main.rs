//! The `tokenctl` program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    tokenctl::failure::without_panic(|| tokenctl::cli::run(std::env::args_os()))
}
