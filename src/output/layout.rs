//! Shares the width of a terminal among the columns of a table: what is useless when cut
//! stands whole or not at all, and what a person knows a record by is cut last.

use super::view::{Column, Record, Room};

/// Cells between two columns.
pub const GAP: usize = 2;

/// A cell wider than this pushes the rest of its own line out of line, instead of
/// widening every line: a name may be as long as its owner likes.
pub const WIDEST_IN_LINE: usize = 256;

/// To how many cells columns are cut, in this order: by the first two before others are
/// left out, by the next two before all but the first are, by the last in any case.
const CUTS: [(Room, usize); 6] = [
    (Room::Text, 10),
    (Room::Name, 20),
    (Room::Text, 5),
    (Room::Name, 8),
    (Room::Text, 1),
    (Room::Name, 1),
];

/// The place of a column.
#[derive(Debug)]
pub struct Place {
    name: &'static str,
    pub room: Room,
    /// In cells. Never becomes less than what was printed, so that columns stay in line,
    /// unless another column needs its cells.
    pub width: usize,
    pub is_left_out: bool,
}

impl Place {
    pub fn of<R: Record>(column: &Column<R>) -> Self {
        Self { name: column.name, room: column.room, width: column.name.len(), is_left_out: false }
    }

    /// Makes place for a cell.
    pub fn hold(&mut self, width: usize) {
        self.width = self.width.max(width.min(WIDEST_IN_LINE));
    }
}

/// Fits the columns into so many cells. Those for which there is no room are left out: first
/// any that `left_out` does not name, then those in its order; names after them, and then the
/// others from the right, those of `kept` too, but for the first column.
pub fn fit(places: &mut [Place], left_out: &[&str], kept: &[&str], cells: usize) {
    let rank = |it: &Place| left_out.iter().position(|name| *name == it.name);
    while least(places, &CUTS[..2]) > cells {
        let rest = places.iter_mut().skip(1).rev().filter(|it| !it.is_left_out);
        let rest = rest.filter(|it| it.room != Room::Name && !kept.contains(&it.name));
        let Some(place) = rest.min_by_key(|it| rank(it)) else { break };
        place.is_left_out = true;
    }
    while least(places, &CUTS[..4]) > cells {
        let rest = places.iter_mut().skip(1).rev().filter(|it| !it.is_left_out);
        let Some(place) = rest.min_by_key(|it| rank(it).unwrap_or(usize::MAX)) else { break };
        place.is_left_out = true;
    }
    for (room, least) in CUTS {
        while total(places.iter().map(|it| (it, it.width))) > cells {
            let cut = places.iter_mut().filter(|it| !it.is_left_out && it.room == room);
            match cut.max_by_key(|it| it.width) {
                Some(place) if place.width > least => place.width -= 1,
                _ => break,
            }
        }
    }
}

/// The cells that the columns take at least, cut like this.
fn least(places: &[Place], cuts: &[(Room, usize)]) -> usize {
    let cut = |it: &Place| cuts.iter().rfind(|(room, _)| *room == it.room).map(|(_, least)| *least);
    total(places.iter().map(|it| (it, cut(it).map_or(it.width, |least| it.width.min(least)))))
}

fn total<'a>(widths: impl Iterator<Item = (&'a Place, usize)>) -> usize {
    let widths = widths.filter(|(it, _)| !it.is_left_out).map(|(_, width)| width + GAP);
    widths.sum::<usize>().saturating_sub(GAP)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAMES: [&str; 8] =
        ["id", "username", "name", "scopes", "state", "created_at", "last_used_at", "expires_at"];
    const LEFT_OUT: [&str; 5] = ["scopes", "created_at", "expires_at", "last_used_at", "username"];
    const KEPT: [&str; 2] = ["id", "state"];

    fn places(widths: [usize; 8]) -> Vec<Place> {
        let room = |name| match name {
            "id" => Room::Number,
            "username" | "name" => Room::Name,
            "scopes" => Room::Text,
            _ => Room::Whole,
        };
        let place = |(name, width)| Place { name, room: room(name), width, is_left_out: false };
        NAMES.into_iter().zip(widths).map(place).collect()
    }

    fn fitted(cells: usize) -> String {
        let mut places = places([3, 14, 24, 30, 7, 11, 12, 11]);
        fit(&mut places, &LEFT_OUT, &KEPT, cells);
        let shown = places.iter().filter(|it| !it.is_left_out);
        shown.map(|it| format!("{} {}", it.name, it.width)).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn names_are_cut_last_and_what_must_stand_whole_is_left_out() {
        let all = "id 3, username 14, name 24, scopes 30, state 7, created_at 11, last_used_at 12, expires_at 11";
        assert_eq!(fitted(200), all);
        assert_eq!(
            fitted(120),
            "id 3, username 14, name 24, scopes 24, state 7, created_at 11, last_used_at 12, expires_at 11"
        );
        assert_eq!(
            fitted(80),
            "id 3, username 14, name 23, state 7, last_used_at 12, expires_at 11"
        );
        assert_eq!(fitted(40), "id 3, username 12, name 12, state 7");
        assert_eq!(fitted(24), "id 3, name 10, state 7");
        assert_eq!(fitted(20), "id 3, name 15");
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_the_terminal_and_nothing_that_must_be_whole_is_cut(
            widths in prop::array::uniform8(1_usize..WIDEST_IN_LINE),
            cells in 20_usize..300,
        ) {
            let mut fitted = places(widths);
            fit(&mut fitted, &LEFT_OUT, &KEPT, cells);
            for (place, width) in fitted.iter().zip(widths) {
                let is_whole = matches!(place.room, Room::Whole | Room::Number);
                prop_assert!(place.width <= width && (!is_whole || place.width == width));
            }
            let shown = total(fitted.iter().map(|it| (it, it.width)));
            prop_assert!(shown <= cells.max(widths[0]), "{fitted:?}");
        }
    }
}
