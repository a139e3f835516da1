//! What `--schema` names: a description that the program brings, or a file.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use anyhow::{Context, Result};
use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};
use nix::fcntl::OFlag;
use nix::unistd::Uid;
use sha2::{Digest, Sha256};

use super::environment::variable;
use crate::digest::hexadecimal;
use crate::failure::Failure;
use crate::store::schema::described::{Described, LARGEST, Origin, nearest};
use crate::store::schema::{self, Description, NAMES};

/// Finds a description by its name, or reads the file. Call it before opening the store,
/// which may change this process's user.
///
/// # Errors
///
/// A usage error where there is none of the name, or the file is not of the form or could
/// have been written by others.
pub fn description(named: &str) -> Result<&'static Description> {
    if is_file(named) {
        let described = read(Path::new(named))?;
        let stem = Path::new(named).file_stem().unwrap_or_default().to_string_lossy();
        return Ok(schema::of_file(&stem, described));
    }
    if let Some(found) = schema::named(named)? {
        return Ok(found);
    }
    Err(unknown("--schema <NAME|FILE>", named).into())
}

/// The failure where no description has a name.
pub fn unknown(argument: &str, named: &str) -> Failure {
    let all = || NAMES.iter().copied();
    let near = all().rfind(|name| name.contains(named)).or_else(|| nearest(named, all()));
    let near = near.filter(|name| *name != named);
    let failure = Failure::value(argument, named, "no description has this name");
    let failure = match near {
        Some(near) => failure.hint(format!("a similar name exists: {near}")),
        None => failure,
    };
    failure
        .hint("'tokenctl schema list' lists the names; a file has a / in its path or ends in .toml")
}

/// The names of the files that the program brings, for shells.
pub fn names() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let files = NAMES.iter().filter(|name| schema::shipped(name).is_some());
        files.map(|name| CompletionCandidate::new(*name)).collect()
    })
}

/// What may stand behind `--schema`, for shells: names and files.
pub fn completions() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let begun = current.to_string_lossy();
        let names = NAMES.iter().filter(|name| name.starts_with(&*begun));
        let mut all: Vec<_> = names.map(|name| CompletionCandidate::new(*name)).collect();
        all.extend(PathCompleter::file().complete(current));
        all
    })
}

/// Whether a value of `--schema` is a file.
pub fn is_file(named: &str) -> bool {
    named.contains('/') || Path::new(named).extension().is_some_and(|it| it == "toml")
}

/// Reads a file that nobody else can write: what it says decides what is revoked.
pub fn read(path: &Path) -> Result<Described> {
    let shown = path.display().to_string();
    let cannot = || format!("cannot read the description {shown}");
    let refused = |problem: String| Failure::usage(format!("{shown}: {problem}"));
    // Neither a pipe nor a device is waited for.
    let file = OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path);
    let file = file.with_context(cannot).map_err(|error| Failure::usage(format!("{error:#}")))?;
    let metadata = file.metadata().with_context(cannot)?;
    if !metadata.is_file() {
        return Err(refused("it is not a regular file".into()).into());
    }
    if metadata.mode() & 0o022 != 0 {
        let hint = format!("chmod go-w {}", shell_words::quote(&shown));
        let problem = "others than its owner may write it, and it decides what is revoked";
        return Err(refused(problem.into()).hint(hint).into());
    }
    let owner = metadata.uid();
    let sudo_user = variable("SUDO_UID").and_then(|it| it.to_str()?.parse().ok());
    if ![Some(0), Some(Uid::effective().as_raw()), sudo_user].contains(&Some(owner)) {
        let problem =
            format!("it belongs to another user (uid {owner}), and decides what is revoked");
        return Err(refused(problem).hint("copy it, and read it before you trust it").into());
    }
    if metadata.len() > LARGEST {
        return Err(refused(format!("it is larger than {LARGEST} bytes")).into());
    }
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes).with_context(cannot)?;
    let digest = hexadecimal(Sha256::digest(&bytes));
    let text = String::from_utf8(bytes).map_err(|_| refused("it is not UTF-8".into()))?;
    Ok(Described::read(text, Origin::File { shown, digest })?)
}
