//! The parts of a sign, and specks: what is connected, and how much of it there is.

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

/// Erases what belongs to no part of the sign from `cells`, in which ink is not 0; returns the
/// numbers of parts that are kept and of those that are not. A part is kept from `share` 256ths of
/// the main part on. `blocks` has a word for each block.
pub fn select(cells: &mut [u8], size: [usize; 2], share: u8, blocks: &mut [u32]) -> [u16; 2] {
    let [rows, columns] = size.map(|side| side.div_ceil(BLOCK));
    let blocks = blocks.get_mut(..rows * columns).unwrap_or_default();
    let mut parts = Parts { blocks, rows, columns };
    parts.connect(cells, size);
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

    fn connect(&mut self, cells: &[u8], [height, width]: [usize; 2]) {
        debug_assert!(cells.len() == height * width);
        let row_of = |row: usize| cells.get(row * width..(row + 1) * width).unwrap_or_default();
        let ink = |row: &[u8], column: usize| u32::from(row.get(column).is_some_and(|&cell| cell > 0));
        for y in 0..self.rows {
            let [upper, lower] = [BLOCK * y, BLOCK * y + 1].map(row_of);
            for x in 0..self.columns {
                let index = y * self.columns + x;
                let [left, right] = [BLOCK * x, BLOCK * x + 1];
                let inked = ink(upper, left) + ink(upper, right) + ink(lower, left) + ink(lower, right);
                if inked == 0 {
                    self.set(index, 0);
                    continue;
                }
                let is_rim = x == 0 || y == 0 || x + 1 == self.columns || y + 1 == self.rows;
                self.set(index, ROOT | inked | if is_rim { AT_RIM } else { 0 });
                if x > 0 {
                    self.join(index - 1, index);
                }
                if let Some(above) = index.checked_sub(self.columns) {
                    self.join(above, index);
                    if x > 0 {
                        self.join(above - 1, index);
                    }
                    if x + 1 < self.columns {
                        self.join(above + 1, index);
                    }
                }
            }
        }
    }

    /// Makes one part of those of two blocks, if both have ink.
    fn join(&mut self, a: usize, b: usize) {
        if self.get(a) == 0 {
            return;
        }
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            let (first, second) = (a.min(b), a.max(b));
            let (one, other) = (self.get(first), self.get(second));
            let cells = (one & CELLS) + (other & CELLS);
            self.set(first, ROOT | (one | other) & AT_RIM | cells.min(CELLS));
            self.set(second, first as u32 + 1);
        }
    }

    /// Leaves of all blocks only those of the parts that are kept.
    fn keep(&mut self, share: u8) -> [u16; 2] {
        let (mut largest, mut inner) = ((0, 0), (0, 0));
        for (index, &block) in self.blocks.iter().enumerate().filter(|(_, block)| **block & ROOT != 0) {
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
        if main == 0 {
            return [0; 2];
        }
        self.mark_near(first);
        let (mut kept, mut left_out) = (0u16, 0u16);
        for index in 0..self.blocks.len() {
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
        for index in 0..self.blocks.len() {
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
        for y in 0..self.rows {
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
