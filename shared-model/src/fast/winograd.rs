//! 3 × 3 convolutions by Winograd's minimal filtering F(2×2, 3×3) (Lavin & Gray, *Fast Algorithms for Convolutional
//! Neural Networks*, CVPR 2016), in exact integers.
//!
//! A tile is 4 × 4 inputs and the 2 × 2 outputs that they yield, which are also a window of the pool. For tile `d` and
//! filter `g` of each input channel, `V = Bᵀ d B` and `U = (2G) g (2G)ᵀ` have 16 values; the sums over the channels of
//! their 16 products are `M`, and `Aᵀ M A` is 4 times the convolution. V is made here, U when the model is packed.

use super::{Conv, LANES, processor};
use crate::kernel::ConvGeometry;

/// Values of a tile before and after its transformation.
pub(super) const POSITIONS: usize = 16;

/// Words that [`rows`] works in: [`LANES`] transformed tiles, and one tile as it is of which some is padding.
pub(super) fn work_len(geometry: &ConvGeometry) -> usize {
    let depth = usize::from(geometry.input.channels);
    POSITIONS * depth / 2 * LANES + POSITIONS * depth / 4
}

/// Computes the output from row `first` on: a row of the pool, or two rows, of which the last may be missing.
pub(super) fn rows(conv: &Conv<'_>, first: usize, output: &mut [u8], work: &mut [u32]) {
    let depth = conv.depth();
    let words = depth / 2;
    let channels = conv.finish.biases.len();
    let (step, top) = if conv.pooled { (1, 2 * first) } else { (2, first) };
    let Some((transformed, patch)) = work.split_at_mut_checked(POSITIONS * words * LANES) else {
        return;
    };
    let patch: &mut [u8] = bytemuck::cast_slice_mut(patch);
    let mut column = 0;
    while column < conv.columns {
        let left = (conv.columns - column).div_ceil(step);
        let tiles = if left >= LANES { LANES } else { 1 };
        let Some(transformed) = transformed.get_mut(..POSITIONS * words * tiles) else { return };
        for tile in 0..tiles {
            let x = if conv.pooled { 2 * (column + tile) } else { column + 2 * tile };
            let lines: [Option<&[u8]>; 4] = core::array::from_fn(|i| conv.columns(top + i, x, 4));
            if let [Some(a), Some(b), Some(c), Some(d)] = lines {
                processor::transform([a, b, c, d], conv.element, transformed, tiles, tile);
            } else if let Some(patch) = patch.get_mut(..16 * depth) {
                for (index, into) in patch.chunks_exact_mut(depth.max(1)).enumerate() {
                    let pixel = conv.pixel(top + index / 4, x + index % 4);
                    into.fill(0);
                    into.iter_mut().zip(pixel).for_each(|(into, from)| *into = *from);
                }
                let mut lines = patch.chunks_exact((4 * depth).max(1));
                let lines = core::array::from_fn(|_| lines.next().unwrap_or_default());
                processor::transform(lines, conv.element, transformed, tiles, tile);
            }
        }
        if conv.pooled {
            let output = output.get_mut(column * channels..).unwrap_or_default();
            processor::winograd_pooled(transformed, conv.weights, tiles, &conv.finish, output);
            column += tiles;
            continue;
        }
        let filters = conv.weights.chunks_exact((POSITIONS * words * 2).max(1));
        for (pair, filters) in filters.enumerate() {
            let channel = 2 * pair;
            let sums = processor::winograd(transformed, filters, tiles);
            for (tile, sums) in sums.into_iter().enumerate().take(tiles) {
                for (index, sum) in sums.into_iter().enumerate() {
                    // Four outputs of two channels.
                    let (row, x, channel) =
                        (index / 4, column + 2 * tile + index / 2 % 2, channel + index % 2);
                    let place = (row * conv.columns + x) * channels + channel;
                    if x < conv.columns
                        && let Some(place) = output.get_mut(place)
                    {
                        *place = conv.finish.value(channel, sum >> 2);
                    }
                }
            }
        }
        column += 2 * tiles;
    }
}
