//! The means of pixels, which are cells, and of cells, which are tiles.

use super::lanes;

/// The sides of a tile, in cells.
pub const TILE: usize = 4;

/// Fills cells with the means of 2 × 2 pixels of rows of `width`. The last row and the last column
/// stand for those that are missing.
pub fn cells(pixels: &[u8], width: usize, cells: &mut [u8]) {
    let columns = width.div_ceil(2).max(1);
    for (rows, cells) in pixels.chunks(2 * width.max(1)).zip(cells.chunks_exact_mut(columns)) {
        let (upper, lower) = rows.split_at_checked(width).unwrap_or_default();
        let lower = if lower.is_empty() { upper } else { lower };
        let ((upper, upper_end), (lower, lower_end)) = (upper.as_chunks(), lower.as_chunks());
        let (cells, cells_end) = cells.as_chunks_mut();
        for ((&upper, &lower), cells) in upper.iter().zip(lower).zip(cells.iter_mut()) {
            *cells = lanes::means(upper, lower);
        }
        let means = lanes::means(padded(upper_end), padded(lower_end));
        // One cell may have been cut off from a pair of them.
        let cells = cells.as_flattened_mut().get_mut(2 * upper.len()..).unwrap_or_default();
        cells.iter_mut().chain(cells_end).zip(means).for_each(|(cell, mean)| *cell = mean);
    }
}

/// Returns up to four bytes, and the last one in place of those that are missing.
fn padded(bytes: &[u8]) -> [u8; 4] {
    let mut padded = [bytes.last().copied().unwrap_or(0); 4];
    padded.iter_mut().zip(bytes).for_each(|(padded, &byte)| *padded = byte);
    padded
}

/// Fills tiles with the means of 4 × 4 cells of rows of `width`, fewer at the lower and right edge.
/// `sums` has a word for each tile of a row.
pub fn tiles(cells: &[u8], width: usize, tiles: &mut [u8], sums: &mut [u32]) {
    let columns = width.div_ceil(TILE).max(1);
    let sums = sums.get_mut(..columns).unwrap_or_default();
    for (cells, tiles) in cells.chunks(TILE * width.max(1)).zip(tiles.chunks_exact_mut(columns)) {
        let rows = cells.chunks_exact(width.max(1));
        let height = rows.len();
        sums.fill(0);
        for row in rows {
            let (whole, rest) = row.as_chunks();
            for (sum, &cells) in sums.iter_mut().zip(whole) {
                *sum += lanes::pairs(cells);
            }
            if let Some(sum) = sums.get_mut(whole.len()) {
                *sum += rest.iter().map(|&cell| u32::from(cell)).sum::<u32>();
            }
        }
        for (x, (tile, &sum)) in tiles.iter_mut().zip(sums.iter()).enumerate() {
            let count = (height * TILE.min(width - TILE * x)) as u32;
            *tile = ((lanes::halves(sum) + count / 2) / count.max(1)) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{vec, vec::Vec};

    #[test]
    fn cells_and_tiles_are_means_however_many_are_missing() {
        for height in [1_usize, 2, 3, 7, 8, 9, 17] {
            for width in (1_usize..20).chain([63, 64, 65]) {
                let pixels: Vec<u8> = (0..height * width).map(|at| (at * at * 37 % 256) as u8).collect();
                let columns = width.div_ceil(2);
                let mut found = vec![0x5a; height.div_ceil(2) * columns];
                cells(&pixels, width, &mut found);
                for (at, &cell) in found.iter().enumerate() {
                    let [y, x] = [at / columns * 2, at % columns * 2];
                    let pixel =
                        |y: usize, x: usize| u32::from(pixels[y.min(height - 1) * width + x.min(width - 1)]);
                    let sum = pixel(y, x) + pixel(y, x + 1) + pixel(y + 1, x) + pixel(y + 1, x + 1);
                    assert_eq!(u32::from(cell), (sum + 2) / 4, "{height} × {width}: {at}");
                }

                let columns = width.div_ceil(TILE);
                let mut found = vec![0x5a; height.div_ceil(TILE) * columns];
                tiles(&pixels, width, &mut found, &mut vec![0x5a5a_5a5a; columns + 3]);
                for (at, &tile) in found.iter().enumerate() {
                    let rows = at / columns * TILE..height.min((at / columns + 1) * TILE);
                    let part = |y: usize| {
                        &pixels[y * width..][at % columns * TILE..width.min((at % columns + 1) * TILE)]
                    };
                    let of: Vec<u32> = rows.flat_map(part).map(|&cell| cell.into()).collect();
                    let (sum, count) = (of.iter().sum::<u32>(), of.len() as u32);
                    assert_eq!(u32::from(tile), (2 * sum + count) / (2 * count), "{height} × {width}: {at}");
                }
            }
        }
    }
}
