//! Whether two programs put out the same rows. Holds a row of each at a time.

use std::io::{BufRead, BufReader};
use std::process::{ChildStdout, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::measure::{Running, Side};

type Rows = Box<dyn Iterator<Item = Result<Vec<String>>>>;

/// Runs both sides and compares what they put out, a header included. Gives the number of
/// lines.
///
/// # Errors
///
/// At the first difference, and when there is nothing.
pub fn compare(ours: &Side, theirs: &Side) -> Result<u32> {
    let (our_run, mut our_rows) = start(ours)?;
    let (their_run, mut their_rows) = start(theirs)?;
    let mut lines = 0;
    let ended = loop {
        match (our_rows.next().transpose()?, their_rows.next().transpose()?) {
            (Some(one), Some(other)) if one == other => lines += 1,
            (Some(one), Some(other)) => bail!("{ours:?}\n{theirs:?}\n{one:?} is not {other:?}"),
            (one, other) => break [one.is_none(), other.is_none()],
        }
    };
    // Why a side ends before the other is best said by itself.
    for (run, has_ended) in [our_run, their_run].into_iter().zip(ended) {
        if has_ended {
            run.end()?;
        }
    }
    ensure!(ended == [true, true] && lines > 0, "{ours:?}\n{theirs:?}\n{ended:?} after {lines}");
    Ok(lines)
}

fn start(side: &Side) -> Result<(Running, Rows)> {
    let mut running = side.start(Stdio::piped())?;
    let output = running.child.stdout.take().context("an output")?;
    Ok((running, rows(&side.args, output)))
}

/// The rows of an output, whose form the arguments tell. What means the same has the same
/// text, whichever side wrote it.
fn rows(args: &[String], output: ChildStdout) -> Rows {
    let has = |one: &str, other: &str| args.iter().any(|arg| arg == one || arg == other);
    if has("jsonl", "-json") {
        Box::new(BufReader::new(output).lines().map(|line| of_json(&line?)))
    } else if has("table", "-table") {
        let lines = BufReader::new(output).lines();
        Box::new(
            lines.filter_map(|line| {
                line.map(|line| of_table(&line)).map_err(Into::into).transpose()
            }),
        )
    } else {
        let reader = csv::ReaderBuilder::new().has_headers(false).from_reader(output);
        Box::new(reader.into_records().map(|row| Ok(row?.iter().map(plain).collect())))
    }
}

/// The keys and values of a line of JSON, in an order of their own.
fn of_json(line: &str) -> Result<Vec<String>> {
    // The shell makes one array.
    let line = line.trim_start_matches('[').trim_end_matches([',', ']']);
    let object: serde_json::Map<String, Value> = serde_json::from_str(line)?;
    let cells = object.into_iter().map(|(key, value)| {
        let value = match value {
            Value::Null => String::new(),
            Value::String(text) => plain(&text),
            value => plain(&value.to_string()),
        };
        format!("{key}: {value}")
    });
    Ok(cells.collect())
}

/// The cells of a line of a table, with the shell's borders or with blanks between them.
fn of_table(line: &str) -> Option<Vec<String>> {
    let cells: Vec<&str> = if line.starts_with('+') {
        return None;
    } else if let Some(line) = line.strip_prefix('|') {
        line.trim_end_matches('|').split('|').collect()
    } else {
        line.split("  ").filter(|cell| !cell.is_empty()).collect()
    };
    Some(cells.into_iter().map(|cell| plain(cell.trim())).collect())
}

/// A value without regard to its form. We write `true` and the shell 1, we write scopes
/// with blanks between them and the shell the array as it is stored, and every run has an
/// id of its own. That we escape what is hostile, and mark what a spreadsheet could take for
/// a formula, makes no difference: the sample has none of it.
fn plain(cell: &str) -> String {
    match cell {
        "true" => "1".into(),
        "false" => "0".into(),
        "-" => String::new(),
        _ if cell.starts_with('[') => {
            serde_json::from_str::<Vec<String>>(cell).map_or(cell.into(), |it| it.join(" "))
        }
        _ if uuid::Uuid::parse_str(cell).is_ok() => "a run".into(),
        _ => cell.into(),
    }
}
