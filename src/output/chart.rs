//! Groups of tokens as pictures at a terminal: a bar for each, and a histogram of times.
//! Nothing is wider than the terminal, unless that is narrower than the numbers are.

use std::io::Write;

use anstyle::{AnsiColor, Style as Paint};
use anyhow::{Context, Result};

use super::CANNOT_PRINT;
use super::cell::cut;
use super::text::{visible, width};
use crate::model::stats::{Bucket, By, Group, Key};
use crate::model::time::{Date, Expiry};
use crate::model::token::State;

/// What pictures are drawn on, and with.
#[derive(Clone, Copy, Debug)]
pub struct Canvas {
    /// In cells.
    pub width: usize,
    pub colour: bool,
    /// Whether it has more than the characters of ASCII.
    pub unicode: bool,
}

/// Eighths of a cell: from the left, and from below.
const ACROSS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
const UPWARDS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Lines of a histogram.
const HEIGHT: usize = 6;
/// The widest column of a histogram, in cells.
const WIDEST: usize = 6;
/// Its caption needs this many cells.
const LEAST_HISTOGRAM: usize = 40;
/// Bars shorter than this say nothing.
const LEAST_BAR: usize = 4;
/// A name is cut to no less than this.
const LEAST_NAME: usize = 12;

/// Writes how many tokens there are.
///
/// # Errors
///
/// When `out` cannot be written to; the same holds for the other functions.
pub fn total(out: &mut impl Write, count: u64, canvas: Canvas) -> Result<()> {
    let name = painted("total", Some(Paint::new().bold()), canvas);
    writeln!(out, "{name}  {}", with_commas(count)).context(CANNOT_PRINT)
}

/// Writes the heading of a picture, under an empty line.
pub fn heading(out: &mut impl Write, title: &str, canvas: Canvas) -> Result<()> {
    let title = painted(title, Some(Paint::new().bold()), canvas);
    writeln!(out, "\n{title}").context(CANNOT_PRINT)
}

/// Writes a line for each group: name, count, share, and a bar as long as the share, of which
/// the largest fills the line. What stands beyond the largest groups is none and has no bar.
pub fn bars(out: &mut impl Write, groups: &[Group], canvas: Canvas) -> Result<()> {
    let counts: Vec<_> = groups.iter().map(|it| with_commas(it.count)).collect();
    let count_width = counts.iter().map(String::len).max().unwrap_or(0);
    let labels: Vec<_> = groups.iter().map(label).collect();
    let widest = labels.iter().map(|it| width(it)).max().unwrap_or(0);
    // Two blanks between columns, and a share is at most `100.0%`.
    let numbers = count_width + 2 + "100.0%".len();
    let room = canvas.width.saturating_sub(numbers + 2);
    // A third of the line is kept for the bars while names are legible.
    let wanted = (canvas.width / 3).max(LEAST_NAME);
    let name_width = widest.min(wanted.max(room.saturating_sub(2 + canvas.width / 3))).min(room);
    let bar_width = room.saturating_sub(name_width + 2);
    let has_bar = |it: &&Group| !matches!(it.key, Key::Others(_));
    let most = groups.iter().filter(has_bar).map(|it| it.count).max().unwrap_or(0);

    let print = |out: &mut dyn Write| -> std::io::Result<()> {
        for ((group, label), count) in groups.iter().zip(labels).zip(counts) {
            let mut name = label;
            cut(&mut name, name_width);
            let gap = " ".repeat(name_width.saturating_sub(width(&name)));
            let name = painted(&name, absent(&group.key), canvas);
            let share = percent(group.share);
            let bar = if bar_width < LEAST_BAR || !has_bar(&group) {
                String::new()
            } else {
                bar(group.count, most, bar_width, canvas)
            };
            let line = format!("{name}{gap}  {count:>count_width$}  {share:>6}");
            if bar.is_empty() {
                writeln!(out, "{line}")?;
            } else {
                writeln!(out, "{line}  {}", painted(&bar, group.state().map(colour), canvas))?;
            }
        }
        Ok(())
    };
    print(out).context(CANNOT_PRINT)
}

/// Writes a histogram of the groups that have a time, from the first to the last: nothing
/// where there are not two. Where there are more than the line has cells, several are drawn as
/// one, which is said.
pub fn histogram(
    out: &mut impl Write,
    groups: &[Group],
    bucket: Bucket,
    canvas: Canvas,
) -> Result<()> {
    let timed: Vec<(Date, u64)> = groups
        .iter()
        .filter_map(|it| match it.key {
            // The ends of time are no place on a line.
            Key::Date(Some(date)) if date != Date::MIN && date != Date::MAX => {
                Some((date, it.count))
            }
            _ => None,
        })
        .collect();
    let (Some((first, _)), Some((last, _))) = (timed.first(), timed.last()) else { return Ok(()) };
    if first == last || canvas.width < LEAST_HISTOGRAM {
        return Ok(());
    }
    let begin = bucket.number(*first);
    let buckets = usize::try_from(bucket.number(*last) - begin).unwrap_or(0) + 1;
    let per_column = buckets.div_ceil(canvas.width);
    let columns = buckets.div_ceil(per_column);
    let cells = (canvas.width / columns).clamp(1, WIDEST);
    let mut counts = vec![0; columns];
    for (date, count) in &timed {
        let place = usize::try_from(bucket.number(*date) - begin).unwrap_or(0) / per_column;
        counts[place] += count;
    }
    let most = counts.iter().copied().max().unwrap_or(0);

    let print = |out: &mut dyn Write| -> std::io::Result<()> {
        for line in (0..HEIGHT).rev() {
            let mut text = String::new();
            for count in &counts {
                let drawn = upwards(*count, most, line, canvas);
                // A gap between columns that have one to spare.
                let filled = if cells > 2 { cells - 1 } else { cells };
                text.extend(std::iter::repeat_n(drawn, filled));
                text.extend(std::iter::repeat_n(' ', cells - filled));
            }
            writeln!(out, "{}", text.trim_end())?;
        }
        let [first, last] = [first, last].map(|it| Expiry::Date(*it).to_string());
        let gap = (columns * cells).saturating_sub(first.len() + last.len()).max(2);
        writeln!(out, "{first}{}{last}", " ".repeat(gap))?;
        let (at_most, name) = (with_commas(most), bucket.name());
        match per_column {
            1 => writeln!(out, "1 {name} a column, {at_most} at most"),
            _ => writeln!(out, "{per_column} {name}s a column, {at_most} at most"),
        }
    };
    print(out).context(CANNOT_PRINT)
}

/// The name of a group, safe to print. What has none is in brackets.
pub(super) fn label(group: &Group) -> String {
    match &group.key {
        Key::Total(total) => total.name().into(),
        Key::Text(Some(text)) => visible(text).into_owned(),
        Key::Date(Some(date)) => Expiry::Date(*date).to_string(),
        Key::Others(1) => "(1 other)".into(),
        Key::Others(count) => format!("({} others)", with_commas(*count)),
        Key::Text(None) | Key::Date(None) => match group.by {
            Some(By::User) => "(gone)".into(),
            Some(By::Scope) => "(no scope)".into(),
            Some(By::Expires | By::LastUsed) => "(never)".into(),
            Some(By::UserType | By::UserState | By::Created) | None => "(unknown)".into(),
        },
    }
}

fn absent(key: &Key) -> Option<Paint> {
    matches!(key, Key::Text(None) | Key::Date(None) | Key::Others(_)).then(|| Paint::new().dimmed())
}

fn colour(state: State) -> Paint {
    match state {
        State::Active => AnsiColor::Green.on_default(),
        State::Revoked => AnsiColor::Red.on_default(),
        State::Expired => AnsiColor::Yellow.on_default(),
    }
}

fn painted(text: &str, paint: Option<Paint>, canvas: Canvas) -> String {
    match paint.filter(|_| canvas.colour) {
        Some(paint) => format!("{paint}{text}{paint:#}"),
        None => text.into(),
    }
}

/// A bar of `count` of `most`, which would fill `cells`; something, however few there are.
fn bar(count: u64, most: u64, cells: usize, canvas: Canvas) -> String {
    let parts = if canvas.unicode { ACROSS.len() } else { 1 };
    let parts_filled = part(count, most, cells * parts);
    let (full, rest) = (parts_filled / parts, parts_filled % parts);
    let mut text: String =
        std::iter::repeat_n(if canvas.unicode { ACROSS[7] } else { '#' }, full).collect();
    if rest > 0 {
        text.push(ACROSS[rest - 1]);
    }
    text
}

/// What a column of `count` of `most` has in a line of the histogram.
fn upwards(count: u64, most: u64, line: usize, canvas: Canvas) -> char {
    let parts = if canvas.unicode { UPWARDS.len() } else { 1 };
    match part(count, most, HEIGHT * parts).saturating_sub(line * parts) {
        0 => ' ',
        _ if !canvas.unicode => '#',
        filled => UPWARDS[filled.min(UPWARDS.len()) - 1],
    }
}

/// So many of `all` parts; one at least of what is there.
fn part(count: u64, most: u64, all: usize) -> usize {
    let exact = (u128::from(count) * all as u128).checked_div(u128::from(most)).unwrap_or(0);
    usize::try_from(exact).unwrap_or(all).max(usize::from(count > 0))
}

/// A share in tenths of a per cent. What there is never reads as nothing.
pub(super) fn percent(share: u32) -> String {
    format!("{}.{}%", share / 100, share / 10 % 10)
}

/// A number as people read it.
pub(super) fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
