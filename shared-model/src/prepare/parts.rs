//! The parts of a sign, and specks: what is connected, and how much of it there is.

use super::lanes::AtLeast;
use core::ops::Range;

/// A block is 2 × 2 cells: gaps as wide as a cell do not part anything.
pub const BLOCK: usize = 2;
/// Something at the rim is left out if there is something else of at least this share of the
/// largest.
const INNER: u32 = 8;
/// Within a quarter of the main part's size around it, a part is kept from a third of the usual
/// share on: a dot belongs to its i.
const AROUND: usize = 4;
const NEAR_SHARE: u32 = 3;

/// A block without ink is 0. The first block of a part holds `ROOT`, flags, and the number of cells
/// with ink; any other one the index of a block before it, plus 1.
const ROOT: u32 = 1 << 31;
const AT_RIM: u32 = 1 << 30;
const NEAR: u32 = 1 << 29;
const CELLS: u32 = NEAR - 1;

/// Erases what belongs to no part of the sign from `cells`, in which `inked`, which is not 0, and
/// more is ink; returns the numbers of parts that are kept and of those that are not. A part is kept
/// from `share` 256ths of the main part on. `blocks` has a word for each block.
pub fn select(cells: &mut [u8], size: [usize; 2], inked: u8, share: u8, blocks: &mut [u32]) -> [u16; 2] {
    let [rows, columns] = size.map(|side| side.div_ceil(BLOCK));
    let blocks = blocks.get_mut(..rows * columns).unwrap_or_default();
    let mut parts = Parts { blocks, rows, columns, inked: 0..0 };
    parts.count_ink(cells, size[1], inked);
    let count = parts.connect();
    if count <= 1 {
        return [count, 0];
    }
    let kept = parts.keep(share);
    if kept[1] == 0 {
        return kept;
    }
    for (y, row) in cells.chunks_exact_mut(size[1].max(1)).enumerate() {
        let blocks = parts.blocks.get(y / BLOCK * columns..).unwrap_or_default();
        for (pair, &block) in row.chunks_mut(BLOCK).zip(blocks) {
            let kept = if block == 0 { 0 } else { u8::MAX };
            pair.iter_mut().for_each(|cell| *cell &= kept);
        }
    }
    kept
}

struct Parts<'a> {
    blocks: &'a mut [u32],
    rows: usize,
    columns: usize,
    /// The rows between which all ink is.
    inked: Range<usize>,
}

impl Parts<'_> {
    fn get(&self, index: usize) -> u32 {
        self.blocks.get(index).copied().unwrap_or(0)
    }

    fn set(&mut self, index: usize, value: u32) {
        if let Some(block) = self.blocks.get_mut(index) {
            *block = value;
        }
    }

    /// Returns the first block of the part to which a block with ink belongs.
    fn root(&mut self, mut index: usize) -> usize {
        loop {
            let block = self.get(index);
            if block & ROOT != 0 || block == 0 {
                return index;
            }
            let parent = block as usize - 1;
            let above = self.get(parent);
            if above & ROOT == 0 {
                // The path is halved for the next time.
                self.set(index, above);
            }
            index = parent;
        }
    }

    /// Fills the blocks with the numbers of their cells with ink.
    fn count_ink(&mut self, cells: &[u8], width: usize, inked: u8) {
        self.blocks.fill(0);
        let at_least = AtLeast::new(inked);
        for (y, row) in cells.chunks_exact(width.max(1)).enumerate() {
            let blocks = self.blocks.get_mut(y / BLOCK * self.columns..).unwrap_or_default();
            let (cells, rest) = row.as_chunks();
            let (whole, blocks) = blocks.split_at_mut_checked(BLOCK * cells.len()).unwrap_or_default();
            for (blocks, &cells) in whole.as_chunks_mut::<2>().0.iter_mut().zip(cells) {
                let inked = at_least.count(cells);
                blocks[0] += inked & 0xffff;
                blocks[1] += inked >> 16;
            }
            for (pair, block) in rest.chunks(BLOCK).zip(blocks) {
                *block += pair.iter().map(|&cell| u32::from(cell >= inked)).sum::<u32>();
            }
        }
    }

    /// Makes parts of the blocks that touch; returns how many there are.
    fn connect(&mut self) -> u16 {
        let (mut count, mut first) = (0u32, self.rows);
        for y in 0..self.rows {
            for x in 0..self.columns {
                let index = y * self.columns + x;
                let inked = self.get(index);
                if inked == 0 {
                    continue;
                }
                (first, self.inked) = (first.min(y), first.min(y)..y + 1);
                let is_rim = x == 0 || y == 0 || x + 1 == self.columns || y + 1 == self.rows;
                self.set(index, ROOT | inked | if is_rim { AT_RIM } else { 0 });
                count += 1;
                if x > 0 {
                    count -= self.join(index - 1, index);
                }
                if let Some(above) = index.checked_sub(self.columns) {
                    count -= self.join(above, index);
                    if x > 0 {
                        count -= self.join(above - 1, index);
                    }
                    if x + 1 < self.columns {
                        count -= self.join(above + 1, index);
                    }
                }
            }
        }
        count.min(u16::MAX.into()) as u16
    }

    /// Returns the indices of all blocks that may have ink.
    fn indices(&self) -> Range<usize> {
        self.inked.start * self.columns..self.inked.end * self.columns
    }

    /// Makes one part of those of two blocks, if both have ink; returns by how many parts there are
    /// fewer.
    fn join(&mut self, a: usize, b: usize) -> u32 {
        if self.get(a) == 0 {
            return 0;
        }
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return 0;
        }
        let (first, second) = (a.min(b), a.max(b));
        let (one, other) = (self.get(first), self.get(second));
        let cells = (one & CELLS) + (other & CELLS);
        self.set(first, ROOT | (one | other) & AT_RIM | cells.min(CELLS));
        self.set(second, first as u32 + 1);
        1
    }

    /// Leaves of all blocks only those of the parts that are kept.
    fn keep(&mut self, share: u8) -> [u16; 2] {
        let (mut largest, mut inner) = ((0, 0), (0, 0));
        for index in self.indices() {
            let block = self.get(index);
            if block & ROOT == 0 {
                continue;
            }
            let cells = block & CELLS;
            if cells > largest.0 {
                largest = (cells, index);
            }
            if block & AT_RIM == 0 && cells > inner.0 {
                inner = (cells, index);
            }
        }
        let is_inner = inner.0 > 0 && inner.0 * INNER >= largest.0;
        let (main, first) = if is_inner { inner } else { largest };
        self.mark_near(first);
        let (mut kept, mut left_out) = (0u16, 0u16);
        for index in self.indices() {
            let block = self.get(index);
            if block & ROOT == 0 {
                continue;
            }
            let times = if block & NEAR != 0 { NEAR_SHARE } else { 1 };
            let is_large = u64::from((block & CELLS) * times) * 256 >= u64::from(main) * u64::from(share);
            if is_large && !(is_inner && block & AT_RIM != 0) {
                kept = kept.saturating_add(1);
            } else {
                left_out = left_out.saturating_add(1);
                self.set(index, 0);
            }
        }
        for index in self.indices() {
            // A root that is not kept is 0, and so is what hangs on it: parents come first.
            let block = self.get(index);
            if block != 0 && block & ROOT == 0 && self.get(block as usize - 1) == 0 {
                self.set(index, 0);
            }
        }
        [kept, left_out]
    }

    /// Marks the parts that are near the one that begins at `first`.
    fn mark_near(&mut self, first: usize) {
        let (mut low, mut high) = ([usize::MAX; 2], [0; 2]);
        for y in self.inked.clone() {
            for x in 0..self.columns {
                let index = y * self.columns + x;
                if self.get(index) != 0 && self.root(index) == first {
                    low = [low[0].min(y), low[1].min(x)];
                    high = [high[0].max(y), high[1].max(x)];
                }
            }
        }
        let around = [0, 1].map(|axis| (high[axis] + 1 - low[axis]) / AROUND);
        for y in low[0].saturating_sub(around[0])..self.rows.min(high[0] + around[0] + 1) {
            for x in low[1].saturating_sub(around[1])..self.columns.min(high[1] + around[1] + 1) {
                let index = y * self.columns + x;
                if self.get(index) != 0 {
                    let root = self.root(index);
                    let block = self.get(root);
                    self.set(root, block | NEAR);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{vec, vec::Vec};

    /// A map of cells without ink, and rectangles of ink: top, left, height, width.
    fn map(size: [usize; 2], rectangles: &[[usize; 4]]) -> Vec<u8> {
        let mut cells = vec![0; size[0] * size[1]];
        for &[top, left, height, width] in rectangles {
            for row in top..top + height {
                cells[row * size[1] + left..][..width].fill(7);
            }
        }
        cells
    }

    /// Returns the numbers of parts that are kept and not; what is left is these rectangles.
    #[track_caller]
    fn selects(size: [usize; 2], share: u8, of: &[[usize; 4]], left: &[[usize; 4]]) -> [u16; 2] {
        let mut cells = map(size, of);
        let mut blocks = vec![0x5a5a_5a5a; size[0].div_ceil(BLOCK) * size[1].div_ceil(BLOCK)];
        let parts = select(&mut cells, size, 7, share, &mut blocks);
        assert!(cells == map(size, left), "not these are left: {left:?}");
        parts
    }

    const SIZE: [usize; 2] = [40, 40];

    #[test]
    fn without_ink_there_is_no_part() {
        assert_eq!(selects(SIZE, 38, &[], &[]), [0, 0]);
        assert_eq!(selects([1, 1], 38, &[], &[]), [0, 0]);
        assert_eq!(selects([1, 1], 255, &[[0, 0, 1, 1]], &[[0, 0, 1, 1]]), [1, 0]);
    }

    #[test]
    fn blocks_that_touch_are_one_part() {
        let main = [20, 20, 4, 4];
        // By a side, by a corner, and over a gap that lies within blocks.
        for part in [[20, 24, 4, 4], [24, 24, 2, 2], [18, 18, 2, 2], [24, 18, 2, 2]] {
            assert_eq!(selects(SIZE, 0, &[main, part], &[main, part]), [1, 0], "{part:?}");
        }
        assert_eq!(
            selects(SIZE, 0, &[[20, 20, 1, 1], [20, 23, 1, 1]], &[[20, 20, 1, 1], [20, 23, 1, 1]]),
            [1, 0]
        );
        // A block without ink parts them.
        for part in [[20, 26, 4, 4], [26, 26, 2, 2]] {
            assert_eq!(selects(SIZE, 0, &[main, part], &[main, part]), [2, 0], "{part:?}");
        }
        // A ring that closes at its end is one.
        let ring = [[10, 10, 2, 12], [12, 10, 8, 2], [12, 20, 8, 2], [20, 10, 2, 12]];
        assert_eq!(selects(SIZE, 255, &ring, &ring), [1, 0]);
    }

    #[test]
    fn a_speck_has_less_than_its_share_of_the_main_part() {
        // 16 cells; 16/256 of them are 1.
        let (main, speck) = ([20, 20, 4, 4], [4, 4, 1, 1]);
        assert_eq!(selects(SIZE, 16, &[main, speck], &[main, speck]), [2, 0]);
        assert_eq!(selects(SIZE, 17, &[main, speck], &[main]), [1, 1]);
    }

    #[test]
    fn a_dot_near_the_main_part_needs_a_third_of_the_share() {
        // 8 × 8 blocks: near is up to 2 blocks away. 3 · 13 · 256 is at least 256 · 39.
        let main = [20, 20, 16, 16];
        let dot = |top: usize| [[top, 24, 2, 6], [top, 30, 1, 1]];
        let with = |top: usize| [main, dot(top)[0], dot(top)[1]];
        assert_eq!(selects([50, 50], 39, &with(16), &with(16)), [2, 0]);
        assert_eq!(selects([50, 50], 40, &with(16), &[main]), [1, 1]);
        // A block farther, the whole share counts.
        assert_eq!(selects([50, 50], 39, &with(12), &[main]), [1, 1]);
        assert_eq!(selects([50, 50], 13, &with(12), &with(12)), [2, 0]);
    }

    #[test]
    fn what_is_at_the_rim_is_left_out_beside_a_part_of_an_eighth() {
        let rim = [0, 10, 8, 13];
        let inner = |cells: usize| [20, 12, 1, cells];
        // 8 · 13 is 104, and 8 · 12 is less.
        assert_eq!(selects(SIZE, 1, &[rim, inner(13)], &[inner(13)]), [1, 1]);
        assert_eq!(selects(SIZE, 1, &[rim, inner(12)], &[rim, inner(12)]), [2, 0]);
        assert_eq!(selects(SIZE, 38, &[rim, inner(12)], &[rim]), [1, 1]);
        // Without another part, it is the sign.
        for side in [rim, [32, 10, 8, 13], [10, 0, 13, 8], [10, 32, 13, 8]] {
            assert_eq!(selects(SIZE, 38, &[side], &[side]), [1, 0], "{side:?}");
            assert_eq!(selects(SIZE, 1, &[side, inner(13)], &[inner(13)]), [1, 1], "{side:?}");
        }
    }

    #[test]
    fn of_two_that_are_as_large_the_first_is_the_main_part() {
        // 12 cells are enough beside the first, and not beside the second.
        let (first, second) = ([24, 4, 16, 16], [24, 40, 16, 16]);
        let dots = [[20, 6, 2, 6], [20, 44, 2, 6]];
        let with = |dot| [first, second, dot];
        assert_eq!(selects([60, 60], 36, &with(dots[0]), &with(dots[0])), [3, 0]);
        assert_eq!(selects([60, 60], 36, &with(dots[1]), &[first, second]), [2, 1]);
    }
}
