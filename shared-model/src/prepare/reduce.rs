//! Reducing: a frame without its rim becomes the means of square blocks, few enough to keep.

use super::lanes;

/// The reduced frame has at most this many times the net's pixels.
pub const AREA: u32 = 25;
/// Its sides are at most this many times the net's.
pub const SIDE: u32 = 8;
/// One side's share of the frame that is left out on each side of it: an edge of the table, a
/// lens's shadow.
const RIM: u16 = 64;

/// The blocks of a frame.
#[derive(Clone, Copy, Debug)]
pub struct Blocks {
    /// Rows and columns that are left out at each side.
    rim: [u16; 2],
    /// Rows and columns of a block.
    block: [u16; 2],
    /// Rows and columns of the reduced frame.
    pub size: [u16; 2],
}

impl Blocks {
    /// Divides a frame of `from` for a net of `net`, both (height, width) without a 0.
    pub fn new(from: [u16; 2], net: [u16; 2]) -> Self {
        let is_small = from[0] <= net[0] && from[1] <= net[1];
        let rim = from.map(|side| if is_small { 0 } else { side / RIM });
        let inner = [0, 1].map(|axis| from[axis] - 2 * rim[axis]);
        let room = net.map(u32::from);
        let most = u64::from(AREA) * u64::from(room[0]) * u64::from(room[1]);
        let size = |side: u16| inner.map(|length| (length / side.max(1)).max(1));
        let fits = |side: &u16| {
            let size = size(*side).map(u32::from);
            u64::from(size[0]) * u64::from(size[1]) <= most
                && size[0] <= SIDE * room[0]
                && size[1] <= SIDE * room[1]
        };
        let side = (1..=u16::MAX).find(fits).unwrap_or(u16::MAX);
        Self { rim, block: inner.map(|length| length.min(side)), size: size(side) }
    }

    /// Takes row `row` of the frame into `reduced`. The first words of `sums`, two for each column,
    /// keep what is begun.
    pub fn push(&self, row: u16, greys: impl Iterator<Item = u8>, sums: &mut [u32], reduced: &mut [u8]) {
        let Some((pixels, part)) = self.pixels_of(row, reduced) else { return };
        let mut greys = greys.skip(self.rim[1].into());
        if self.block == [1, 1] {
            pixels.iter_mut().zip(greys).for_each(|(pixel, grey)| *pixel = grey);
            return;
        }
        let [height, width] = self.block;
        let (sums, _) = sums.as_chunks_mut::<2>();
        let area = u64::from(height) * u64::from(width);
        for (sum, pixel) in sums.iter_mut().zip(pixels) {
            let begun = if part == 0 { 0 } else { u64::from(sum[1]) << 32 | u64::from(sum[0]) };
            let across: u32 = greys.by_ref().take(width.into()).map(u32::from).sum();
            let total = begun + u64::from(across);
            *sum = [total as u32, (total >> 32) as u32];
            if part == height - 1 {
                *pixel = mean(total, area);
            }
        }
    }

    /// Takes a row as [`push`](Self::push) does, which copies it if every pixel is kept.
    pub fn push_bytes(&self, row: u16, greys: &[u8], sums: &mut [u32], reduced: &mut [u8]) {
        if self.block != [1, 1] {
            return self.push(row, greys.iter().copied(), sums, reduced);
        }
        if let Some((pixels, _)) = self.pixels_of(row, reduced) {
            let greys = greys.get(usize::from(self.rim[1])..).unwrap_or_default();
            lanes::copy(pixels, greys.get(..pixels.len()).unwrap_or_default());
        }
    }

    /// Returns the pixels to which a row belongs, and its place among the rows that do; `None` if it
    /// is left out.
    fn pixels_of<'a>(&self, row: u16, reduced: &'a mut [u8]) -> Option<(&'a mut [u8], u16)> {
        let row = row.checked_sub(self.rim[0])?;
        let (place, part) = (row / self.block[0].max(1), row % self.block[0].max(1));
        let columns = usize::from(self.size[1]);
        let pixels = reduced.get_mut(usize::from(place) * columns..).filter(|_| place < self.size[0])?;
        Some((pixels.get_mut(..columns)?, part))
    }
}

/// Returns `total / count`, rounded to the nearest, halves up.
pub fn mean(total: u64, count: u64) -> u8 {
    let (rounded, count) = (total + count / 2, count.max(1));
    match (u32::try_from(rounded), u32::try_from(count)) {
        // Most often: processors divide 32 bits faster.
        (Ok(rounded), Ok(count)) => (rounded / count.max(1)) as u8,
        _ => (rounded / count) as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{vec, vec::Vec};

    #[test]
    fn blocks_are_the_smallest_that_are_few_enough() {
        let blocks = |from, net| {
            let Blocks { rim, block, size } = Blocks::new(from, net);
            (rim, block, size)
        };
        // What fits the net has no rim.
        assert_eq!(blocks([28, 28], [28, 28]), ([0, 0], [1, 1], [28, 28]));
        assert_eq!(blocks([1, 64], [28, 64]), ([0, 0], [1, 1], [1, 64]));
        // 118 · 156 = 18,408 is less than 25 · 784 = 19,600; 234 · 310 is more.
        assert_eq!(blocks([120, 160], [28, 28]), ([1, 2], [1, 1], [118, 156]));
        assert_eq!(blocks([240, 320], [28, 28]), ([3, 5], [2, 2], [117, 155]));
        // The area would allow blocks of 127, and 8 times the net's width does not: 63,489 / 1,924
        // is less than 33.
        assert_eq!(blocks([3, 65_535], [5, 4]), ([0, 1_023], [3, 1_924], [1, 32]));
        assert_eq!(blocks([65_535, 1], [1, 1]), ([1_023, 0], [7_055, 1], [8, 1]));
    }

    fn reduced(rows: &[&[u8]], net: [u16; 2]) -> Vec<u8> {
        let blocks = Blocks::new([rows.len() as u16, rows[0].len() as u16], net);
        let [height, width] = blocks.size.map(usize::from);
        let mut sums = vec![0x5a5a_5a5a; 2 * width];
        let mut reduced = vec![0; height * width];
        for (y, row) in (0..).zip(rows) {
            blocks.push(y, row.iter().copied(), &mut sums, &mut reduced);
        }
        reduced
    }

    #[test]
    fn a_block_is_its_mean_and_what_is_over_is_left_out() {
        // 5 × 7 are too many for 25, and blocks of 2 × 2 leave a row and a column over.
        let rows: [&[u8]; 5] = [
            &[1, 2, 0, 0, 255, 255, 9],
            &[3, 4, 0, 1, 255, 255, 9],
            &[10, 10, 0, 0, 255, 254, 9],
            &[10, 11, 0, 2, 254, 254, 9],
            &[9, 9, 9, 9, 9, 9, 9],
        ];
        // 10 / 4 is 2.5 and becomes 3, 1 / 4 becomes 0; 2 / 4 becomes 1, 1017 / 4 is 254.25.
        assert_eq!(reduced(&rows, [1, 1]), [3, 0, 255, 10, 1, 254]);
    }

    #[test]
    fn the_rim_is_left_out_on_each_side() {
        // 64 columns have a rim of 1, 2 rows have none; 62 columns are too many for 8, and blocks of
        // 7 are 8.
        let mut row = [100; 64];
        (row[0], row[63]) = (255, 255);
        row[1] = 107;
        row[57..63].fill(0);
        assert_eq!(reduced(&[&row, &row], [1, 1]), [101, 100, 100, 100, 100, 100, 100, 100]);
    }

    #[test]
    fn the_largest_sums_do_not_overflow() {
        let long = vec![255; 65_535];
        assert_eq!(reduced(&[&long, &long], [1, 1]), [255; 8]);
        // A part of more than 2^32: 65,535 rows of 65,535.
        let blocks = Blocks::new([65_535, 65_535], [1, 1]);
        let (mut sums, mut reduced) = ([0; 32], [0; 64]);
        assert_eq!((blocks.block, blocks.size), ([10_582, 10_582], [5, 5]));
        sums[..2].copy_from_slice(&[u32::MAX, 5]);
        let row = blocks.rim[0] + blocks.block[0] - 1;
        blocks.push(row, long.iter().copied(), &mut sums, &mut reduced);
        let total = (5u64 << 32 | u64::from(u32::MAX)) + 255 * 10_582;
        assert_eq!(u64::from(reduced[0]), (total + 10_582 * 10_582 / 2) / (10_582 * 10_582));
        assert_eq!(u64::from(sums[1]) << 32 | u64::from(sums[0]), total);
    }
}
