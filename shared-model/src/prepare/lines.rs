//! The lines of ruled and squared paper: thin, from one edge of the paper to the other.

/// Each direction is divided into so many strips, which a line crosses one after another.
pub const STRIPS: usize = 8;
/// A strip is crossed where two neighbouring rows of it have ink in this share of its length.
const FILLED: [usize; 2] = [5, 8];
/// Directions with fewer cells have no lines.
const SHORTEST: usize = 16;
/// A line is at most this share of the longer side thick, or 2 cells: what is thicker crosses it.
const THICKEST: usize = 40;
/// In a mark, the bit of a crossed strip; the others count the strips that were crossed up to it.
const CROSSED: u8 = 0x80;

/// Removes lines from `cells`, in which ink is not 0, that cross at least `least` strips of a
/// direction; returns their number. `work` has at least 16 bytes for each row, and for each column.
pub fn remove(cells: &mut [u8], [height, width]: [usize; 2], least: u8, work: &mut [u8]) -> u16 {
    let thickest = (height.max(width) / THICKEST).max(2);
    let lying = Direction { length: width, along: 1, rows: height, across: width, thickest };
    let standing = Direction { length: height, along: width, rows: width, across: 1, thickest };
    lying.remove(cells, least, work) + standing.remove(cells, least, work)
}

/// Rows in which lines lie: those of the image, or its columns.
struct Direction {
    /// The cells of a row.
    length: usize,
    /// The step from a cell of a row to the next.
    along: usize,
    /// The number of rows.
    rows: usize,
    /// The step from a row to the next.
    across: usize,
    /// The number of cells that a line has across at most.
    thickest: usize,
}

impl Direction {
    fn remove(&self, cells: &mut [u8], least: u8, work: &mut [u8]) -> u16 {
        if self.length < SHORTEST {
            return 0;
        }
        let (before, rest) = work.split_at_mut_checked(STRIPS * self.rows).unwrap_or_default();
        let after = rest.get_mut(..before.len()).unwrap_or_default();
        self.mark(cells, before);
        // Most often there are no lines, which is known at once: no path crosses more strips than
        // are crossed anywhere.
        let strips = before.chunks_exact(self.rows.max(1));
        let crossed = strips.filter(|marks| marks.iter().any(|mark| mark & CROSSED != 0)).count();
        if crossed < usize::from(least) {
            return 0;
        }
        chain(before, after, self.rows);
        let mut lines = 0;
        for strip in 0..STRIPS {
            let (mut here, mut is_within) = (0, false);
            for row in 0..self.rows {
                let place = strip * self.rows + row;
                let [before, after] = [&*before, &*after].map(|marks| marks.get(place).copied().unwrap_or(0));
                // The strip itself is counted from both sides.
                let is_line = before & CROSSED != 0 && (before & !CROSSED) + (after & !CROSSED) > least;
                here += u16::from(is_line && !is_within);
                is_within = is_line;
                if is_line {
                    self.erase(cells, strip, row);
                }
            }
            lines = here.max(lines);
        }
        lines
    }

    fn strip(&self, strip: usize) -> core::ops::Range<usize> {
        strip * self.length / STRIPS..(strip + 1) * self.length / STRIPS
    }

    fn is_ink(&self, cells: &[u8], at: usize, row: usize) -> bool {
        cells.get(at * self.along + row * self.across).is_some_and(|&cell| cell > 0)
    }

    /// Returns the number of inked cells in a part of a row.
    fn inked(&self, cells: &[u8], part: &core::ops::Range<usize>, row: usize) -> usize {
        let first = part.start * self.along + row * self.across;
        let is_ink = |&cell: &u8| usize::from(cell > 0);
        if self.along == 1 {
            cells.get(first..first + part.len()).unwrap_or_default().iter().map(is_ink).sum()
        } else {
            let cells = cells.get(first..).unwrap_or_default().iter();
            cells.step_by(self.along.max(1)).take(part.len()).map(is_ink).sum()
        }
    }

    /// Marks the strips that are crossed at each row or between it and the next.
    fn mark(&self, cells: &[u8], marks: &mut [u8]) {
        for strip in 0..STRIPS {
            let columns = self.strip(strip);
            let marks = marks.get_mut(strip * self.rows..).unwrap_or_default();
            let mut above = 0;
            for row in 0..self.rows {
                let here = self.inked(cells, &columns, row);
                // The last row has none below.
                let mut mark = |row: usize, inked: usize| {
                    let is_crossed = inked * FILLED[1] >= columns.len() * FILLED[0];
                    if let Some(mark) = marks.get_mut(row) {
                        *mark = if is_crossed { CROSSED } else { 0 };
                    }
                };
                if row > 0 {
                    mark(row - 1, above + here);
                }
                mark(row, here);
                above = here;
            }
        }
    }

    /// Erases what a line has in a strip: at each place, the run of ink across it, unless something
    /// thicker is there.
    fn erase(&self, cells: &mut [u8], strip: usize, row: usize) {
        for at in self.strip(strip) {
            for row in row..(row + 2).min(self.rows) {
                if !self.is_ink(cells, at, row) {
                    continue;
                }
                let first = (0..row).rev().take_while(|&row| self.is_ink(cells, at, row)).count();
                let rest = (row..self.rows).take_while(|&row| self.is_ink(cells, at, row)).count();
                if first + rest <= self.thickest {
                    for row in row - first..row + rest {
                        if let Some(cell) = cells.get_mut(at * self.along + row * self.across) {
                            *cell = 0;
                        }
                    }
                }
            }
        }
    }
}

/// Counts, in marks, the most strips that a path crosses from the first strip to each, in `before`,
/// and from the last strip to each, in `after`: from one strip to the next, a path keeps its row or
/// goes on in a neighbouring one.
fn chain(before: &mut [u8], after: &mut [u8], rows: usize) {
    after.iter_mut().zip(before.iter()).for_each(|(after, &before)| *after = before);
    let rows = rows.max(1);
    let mut last: &[u8] = &[];
    for strip in before.chunks_exact_mut(rows) {
        follow(last, strip);
        last = strip;
    }
    let mut last: &[u8] = &[];
    for strip in after.chunks_exact_mut(rows).rev() {
        follow(last, strip);
        last = strip;
    }
}

/// Adds to each mark of a strip the largest count of the three next to it in the strip `from`; it
/// has none if it is empty.
fn follow(from: &[u8], strip: &mut [u8]) {
    let count = |row: usize| from.get(row).map_or(0, |mark| mark & !CROSSED);
    let (mut above, mut here) = (0, count(0));
    for (row, mark) in strip.iter_mut().enumerate() {
        let below = count(row + 1);
        *mark += above.max(here).max(below) + u8::from(*mark & CROSSED != 0);
        (above, here) = (here, below);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{vec, vec::Vec};

    /// Returns what is left of a map (`#` is ink), and the number of lines. It is the same of the map
    /// turned, in which rows are columns.
    fn left(map: &[&str], least: u8) -> (Vec<String>, u16) {
        let straight = removed(map, least);
        let turned: Vec<String> = turn(map);
        let other = removed(&turned.iter().map(String::as_str).collect::<Vec<_>>(), least);
        let back = turn(&other.0.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!((&back, other.1), (&straight.0, straight.1));
        straight
    }

    use std::string::String;

    fn turn(map: &[&str]) -> Vec<String> {
        (0..map[0].len()).map(|x| map.iter().map(|row| row.as_bytes()[x] as char).collect()).collect()
    }

    fn removed(map: &[&str], least: u8) -> (Vec<String>, u16) {
        let size = [map.len(), map[0].len()];
        let mut cells: Vec<u8> = map.concat().bytes().map(|cell| u8::from(cell == b'#')).collect();
        let mut work = vec![0x5a; 2 * STRIPS * size[0].max(size[1])];
        let lines = remove(&mut cells, size, least, &mut work);
        let text = |row: &[u8]| row.iter().map(|&cell| if cell > 0 { '#' } else { '.' }).collect();
        (cells.chunks(size[1]).map(text).collect(), lines)
    }

    const NONE: &str = "................";
    const LINE: &str = "################";

    /// A map of 16 × 16 with these rows from row 4 on.
    fn map<'a>(rows: &[&'a str]) -> Vec<&'a str> {
        let mut map = vec![NONE; 16];
        map[4..4 + rows.len()].copy_from_slice(rows);
        map
    }

    #[test]
    fn a_line_is_removed_and_what_is_thick_is_not() {
        assert_eq!(left(&map(&[]), 7), (map(&[]).iter().map(|&row| row.into()).collect(), 0));
        for rows in [&[LINE][..], &[LINE, LINE]] {
            assert_eq!(left(&map(rows), 8), (vec![NONE.into(); 16], 1), "{rows:?}");
        }
        // Three rows are more than 2 and a 40th of 16: strokes, if they are strokes.
        let thick = map(&[LINE, LINE, LINE]);
        assert_eq!(left(&thick, 8).0, thick);
        // Two lines are two.
        assert_eq!(left(&map(&[LINE, NONE, NONE, NONE, LINE]), 8), (vec![NONE.into(); 16], 2));
    }

    #[test]
    fn a_line_that_crosses_a_stroke_cuts_nothing() {
        let stroke = "......##........";
        let crossed = map(&[stroke, stroke, LINE, stroke, stroke]);
        let expected = map(&[stroke, stroke, stroke, stroke, stroke]);
        assert_eq!(left(&crossed, 7), (expected.iter().map(|&row| row.into()).collect(), 1));
    }

    #[test]
    fn a_line_crosses_at_least_so_many_strips() {
        // Strips are 2 wide: 10 cells are 5 of them, wherever they are.
        for row in ["##########......", "......##########", "...##########..."] {
            let kept = left(&map(&[row]), 6);
            assert_eq!(kept, (map(&[row]).iter().map(|&row| row.into()).collect(), 0));
        }
        assert_eq!(left(&map(&["##########......"]), 5), (vec![NONE.into(); 16], 1));
        // In the last one, only four are filled to 5/8: one cell of 2 is not enough.
        let (rest, lines) = left(&map(&["...##########..."]), 5);
        assert_eq!((rest, lines), (map(&["...##########..."]).iter().map(|&row| row.into()).collect(), 0));
        let (rest, lines) = left(&map(&["...##########..."]), 4);
        assert_eq!((&*rest[4], lines), ("...#........#...", 1));
    }

    #[test]
    fn a_line_may_fall_by_a_row_per_strip() {
        let falls = |by: usize| {
            let mut rows = vec![vec![b'.'; 16]; 16];
            for strip in 0..8 {
                rows[(strip * by).min(15)][2 * strip..2 * strip + 2].fill(b'#');
            }
            let rows: Vec<String> = rows.into_iter().map(|row| String::from_utf8(row).unwrap()).collect();
            let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
            removed(&rows, 8).1
        };
        assert_eq!([0, 1, 2].map(falls), [1, 1, 0]);
        // A strip is crossed at a row and at the one above: once, two are not too many.
        let gap = [&LINE[..8], &NONE[..8]].concat();
        let rest = [&NONE[..8], &LINE[..8]].concat();
        for halves in [[&gap, &rest], [&rest, &gap]] {
            let jump = |by: usize| {
                let mut rows = vec![NONE; 16];
                (rows[4], rows[4 + by]) = (halves[0], halves[1]);
                let (rest, lines) = left(&rows, 8);
                (rest.iter().filter(|row| *row != NONE).count(), lines)
            };
            assert_eq!([1, 2, 3].map(jump), [(0, 1), (0, 1), (2, 0)]);
        }
    }

    #[test]
    fn what_is_short_has_no_lines() {
        let short = vec!["###############"; 1];
        assert_eq!(removed(&short, 5), (vec!["###############".into()], 0));
        assert_eq!(removed(&[LINE], 5), (vec![NONE.into()], 1));
    }
}
