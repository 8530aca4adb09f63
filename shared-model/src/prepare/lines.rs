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
