//! The lines of ruled and squared paper: thin, from one edge of the paper to the other.

use super::lanes::{self, AtLeast};
use core::ops::Range;

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

/// Removes lines from `cells`, in which `inked`, which is not 0, and more is ink; returns their
/// number. Lines cross at least `least` strips of a direction. `work` has at least 16 bytes for each
/// row, and for each column.
pub fn remove(cells: &mut [u8], [height, width]: [usize; 2], inked: u8, least: u8, work: &mut [u8]) -> u16 {
    let thickest = (height.max(width) / THICKEST).max(2);
    let lying = Direction { length: width, along: 1, rows: height, across: width, thickest, inked };
    let standing = Direction { length: height, along: width, rows: width, across: 1, thickest, inked };
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
    /// The least value of a cell with ink.
    inked: u8,
}

impl Direction {
    fn remove(&self, cells: &mut [u8], least: u8, work: &mut [u8]) -> u16 {
        if self.length < SHORTEST {
            return 0;
        }
        let (before, rest) = work.split_at_mut_checked(STRIPS * self.rows).unwrap_or_default();
        let after = rest.get_mut(..before.len()).unwrap_or_default();
        // Most often there are no lines, which is known soon: no path crosses more strips than are
        // crossed anywhere.
        let mut blank = 0;
        for (strip, marks) in before.chunks_exact_mut(self.rows.max(1)).enumerate() {
            blank += usize::from(!self.mark(cells, strip, marks));
            if STRIPS - blank < usize::from(least) {
                return 0;
            }
        }
        after.iter_mut().zip(before.iter()).for_each(|(after, &before)| *after = before);
        if chain(before.chunks_exact_mut(self.rows.max(1))) < least {
            return 0;
        }
        chain(after.chunks_exact_mut(self.rows.max(1)).rev());
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

    fn strip(&self, strip: usize) -> Range<usize> {
        strip * self.length / STRIPS..(strip + 1) * self.length / STRIPS
    }

    fn is_ink(&self, cells: &[u8], at: usize, row: usize) -> bool {
        cells.get(at * self.along + row * self.across).is_some_and(|&cell| cell >= self.inked)
    }

    /// Gives the number of inked cells in a strip of each row to `each`, in order.
    fn count(&self, cells: &[u8], strip: &Range<usize>, mut each: impl FnMut(u32)) {
        let at_least = AtLeast::new(self.inked);
        let is_inked = |&cell: &u8| u32::from(cell >= self.inked);
        if self.along == 1 {
            for row in cells.chunks_exact(self.length.max(1)) {
                let (fours, rest) = row.get(strip.clone()).unwrap_or_default().as_chunks();
                let inked: u32 = fours.iter().map(|&cells| at_least.count(cells)).sum();
                each(lanes::halves(inked) + rest.iter().map(is_inked).sum::<u32>());
            }
            return;
        }
        // Four columns at once.
        let strip = cells.get(strip.start * self.rows..strip.end * self.rows).unwrap_or_default();
        let fours = self.rows / 4;
        for four in 0..fours {
            let cells = strip.get(4 * four..).unwrap_or_default().chunks(self.rows.max(1));
            let flags = cells.map(|cells| at_least.of(cells.first_chunk().copied().unwrap_or_default()) >> 7);
            let [even, odd] = flags.fold([0, 0], |[even, odd], flags| {
                [even + (flags & lanes::EVEN), odd + (flags >> 8 & lanes::EVEN)]
            });
            [even & 0xffff, odd & 0xffff, even >> 16, odd >> 16].into_iter().for_each(&mut each);
        }
        for column in 4 * fours..self.rows {
            let column = strip.get(column..).unwrap_or_default().iter().step_by(self.rows.max(1));
            each(column.map(is_inked).sum());
        }
    }

    /// Marks at which rows, or between them and the next, a strip is crossed; returns true if it is
    /// at any.
    fn mark(&self, cells: &[u8], strip: usize, marks: &mut [u8]) -> bool {
        let strip = self.strip(strip);
        let least = (strip.len() * FILLED[0]).div_ceil(FILLED[1]) as u32;
        let (mut marks, mut above, mut any) = (marks.iter_mut(), None, 0);
        let mut mark = |inked: u32| {
            if let Some(mark) = marks.next() {
                *mark = if inked >= least { CROSSED } else { 0 };
                any |= *mark;
            }
        };
        self.count(cells, &strip, |here| {
            if let Some(above) = above.replace(here) {
                mark(above + here);
            }
        });
        // The last row has none below.
        mark(above.unwrap_or(0));
        any != 0
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

/// Counts, in marks, the most strips that a path crosses from the first of `strips` to each: from
/// one strip to the next, it keeps its row or goes on in a neighbouring one. Returns the most that
/// any path crosses.
fn chain<'a>(strips: impl Iterator<Item = &'a mut [u8]>) -> u8 {
    let mut last: &[u8] = &[];
    for strip in strips {
        follow(last, strip);
        last = strip;
    }
    last.iter().map(|mark| mark & !CROSSED).max().unwrap_or(0)
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
        let lines = remove(&mut cells, size, 1, least, &mut work);
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
