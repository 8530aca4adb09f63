//! The inner loops in Rust, for every processor: two lanes and two channels at a time, so that four sums, as many
//! values and the pointers fit the registers of the smallest.

use super::{Finish, LANES, pack::place, winograd::POSITIONS};
use crate::Element;

/// Transforms a tile of 4 rows of 4 pixels, `Bᵀ d B`, into lane `tile` of `tiles`.
pub(super) fn transform(lines: [&[u8]; 4], element: Element, out: &mut [u32], tiles: usize, tile: usize) {
    let depth = lines[0].len() / 4;
    let out: &mut [i16] = bytemuck::cast_slice_mut(out);
    let position_len = depth * tiles;
    for channel in 0..depth {
        let column = |x: usize| {
            let value = |line: &[u8]| line.get(x * depth + channel).map_or(0, |&byte| element.value(byte));
            let [a, b, c, d] = lines.map(value);
            [a - c, b + c, c - b, b - d]
        };
        let columns = [column(0), column(1), column(2), column(3)];
        let place = place(channel);
        let mut at = (place / 2 * tiles + tile) * 2 + place % 2;
        for row in 0..4 {
            let [a, b, c, d] = columns.map(|column| column[row]);
            for value in [a - c, b + c, c - b, b - d] {
                if let Some(half) = out.get_mut(at) {
                    *half = value as i16;
                }
                at += position_len;
            }
        }
    }
}

/// Convolves 1 or [`LANES`] transformed tiles with the transformed filters of two channels: of each tile, 4 times its
/// outputs (upper left, upper right, lower left, lower right), the two channels in turns.
pub(super) fn winograd(tiles: &[u32], filters: &[u32], count: usize) -> [[i32; 8]; LANES] {
    let mut sums = [[0; 8]; LANES];
    if count == 1 {
        let mut products = [[0; POSITIONS]; 2];
        let words = filters.len() / (2 * POSITIONS);
        let positions = tiles.chunks_exact(words.max(1)).zip(filters.chunks_exact((2 * words).max(1)));
        for (position, (tiles, filters)) in positions.enumerate().take(POSITIONS) {
            for (products, product) in products.iter_mut().zip(one_lane(tiles, filters)) {
                products[position] = product;
            }
        }
        sums[0] = outputs(&products[0], &products[1]);
        return sums;
    }
    let (pairs, _) = sums.as_chunks_mut();
    for (lane, [first, second]) in pairs.iter_mut().enumerate() {
        let mut products = [[0; POSITIONS]; 4];
        let words = filters.len() / (2 * POSITIONS);
        let positions =
            tiles.chunks_exact((LANES * words).max(1)).zip(filters.chunks_exact((2 * words).max(1)));
        for (position, (tiles, filters)) in positions.enumerate().take(POSITIONS) {
            for (products, product) in products.iter_mut().zip(two_lanes(tiles, filters, 2 * lane)) {
                products[position] = product;
            }
        }
        *first = outputs(&products[0], &products[1]);
        *second = outputs(&products[2], &products[3]);
    }
    sums
}

/// [`winograd`] with the filters of all channels, and the largest of each tile's outputs, finished. The tiles' pixels
/// lie side by side in `output`.
pub(super) fn winograd_pooled(
    tiles: &[u32],
    filters: &[u32],
    count: usize,
    finish: &Finish<'_>,
    output: &mut [u8],
) {
    let channels = finish.biases.len();
    let pair_len = 2 * tiles.len() / count.max(1);
    for (pair, filters) in filters.chunks_exact(pair_len.max(1)).enumerate() {
        let sums = winograd(tiles, filters, count);
        for (pixel, sums) in output.chunks_exact_mut(channels.max(1)).zip(sums).take(count) {
            let pixel = pixel.iter_mut().skip(2 * pair).zip(2 * pair..);
            for ((place, channel), c) in pixel.zip(0..2) {
                let largest = sums[c].max(sums[2 + c]).max(sums[4 + c].max(sums[6 + c]));
                *place = finish.value(channel, largest >> 2);
            }
        }
    }
}

/// `Aᵀ M A` of two channels.
fn outputs(first: &[i32; POSITIONS], second: &[i32; POSITIONS]) -> [i32; 8] {
    let [a, b] = [first, second].map(|m| {
        // The last steps may leave 32 bits and come back.
        let line =
            |[a, b, c, d]: [i32; 4]| [a.wrapping_add(b).wrapping_add(c), b.wrapping_sub(c).wrapping_sub(d)];
        let column = |x: usize| line([m[x], m[4 + x], m[8 + x], m[12 + x]]);
        let columns = [column(0), column(1), column(2), column(3)];
        let row = |y: usize| line(columns.map(|column| column[y]));
        [row(0), row(1)]
    });
    [a[0][0], b[0][0], a[0][1], b[0][1], a[1][0], b[1][0], a[1][1], b[1][1]]
}

/// Multiplies [`LANES`] windows with all filters and finishes the sums: the largest of the four if `pooled`, else one
/// output a window, of which there may be fewer.
pub(super) fn lanes(
    panel: &[u32],
    weights: &[u32],
    bytes: bool,
    pooled: bool,
    finish: &Finish<'_>,
    output: &mut [u8],
) {
    let channels = finish.biases.len();
    let words = panel.len() / LANES;
    // What makes A's weights positive, for each window: see `byte_lanes`.
    let excess = if bytes { excess(panel) } else { [0; LANES] };
    let record = if bytes { 2 * words } else { 2 * words + 4 };
    let filters = weights.chunks_exact(record.max(1));
    let mut sums = [[0; 2]; LANES];
    let mut store = |channel: usize, sums: &[[i32; 2]; LANES]| {
        for c in 0..2 {
            if channel + c >= channels {
                break;
            }
            if pooled {
                let largest = sums.iter().map(|sums| sums[c]).max().unwrap_or_default();
                if let Some(place) = output.get_mut(channel + c) {
                    *place = finish.value(channel + c, largest);
                }
                continue;
            }
            for (pixel, sums) in output.chunks_exact_mut(channels.max(1)).zip(sums) {
                if let Some(place) = pixel.get_mut(channel + c) {
                    *place = finish.value(channel + c, sums[c]);
                }
            }
        }
    };
    for (index, filters) in filters.enumerate() {
        if bytes {
            for pair in 0..2 {
                for lane in [0, 2] {
                    let products = two_byte_lanes(panel, filters, pair, lane);
                    sums[lane] = split(products[0], products[1], excess[lane]);
                    sums[lane + 1] = split(products[2], products[3], excess[lane + 1]);
                }
                store(4 * index + 2 * pair, &sums);
            }
        } else {
            // Between the biases and the multipliers, which `finish` knows.
            let filters = filters.get(2..2 + 2 * words).unwrap_or_default();
            for lane in [0, 2] {
                let [a, b, c, d] = two_lanes(panel, filters, lane);
                sums[lane] = [a, b];
                sums[lane + 1] = [c, d];
            }
            store(2 * index, &sums);
        }
    }
}

/// Computes a dense layer of the packed `input`.
pub(super) fn dense(input: &[u32], weights: &[u32], finish: &Finish<'_>, output: &mut [u8]) {
    let halves: &[i16] = bytemuck::cast_slice(input);
    let excess = halves.iter().map(|&x| i32::from(x)).sum::<i32>().wrapping_mul(128);
    let rows = weights.chunks_exact((2 * input.len()).max(1));
    for (group, (rows, output)) in rows.zip(output.chunks_mut(4)).enumerate() {
        let rows: &[i16] = bytemuck::cast_slice(rows);
        let mut sums = [0i32; 4];
        for (x, h) in halves.as_chunks::<2>().0.iter().zip(rows.as_chunks::<4>().0) {
            let (x, y) = (i32::from(x[0]), i32::from(x[1]));
            let [a, b, c, d] = h.map(i32::from);
            sums[0] = sums[0].wrapping_add(a.wrapping_mul(x)).wrapping_add(b.wrapping_mul(y));
            sums[1] = sums[1].wrapping_add((a >> 8).wrapping_mul(x)).wrapping_add((b >> 8).wrapping_mul(y));
            sums[2] = sums[2].wrapping_add(c.wrapping_mul(x)).wrapping_add(d.wrapping_mul(y));
            sums[3] = sums[3].wrapping_add((c >> 8).wrapping_mul(x)).wrapping_add((d >> 8).wrapping_mul(y));
        }
        let ([a, b], [c, d]) = (split(sums[0], sums[1], excess), split(sums[2], sums[3], excess));
        for ((channel, place), sum) in (4 * group..).zip(output).zip([a, b, c, d]) {
            *place = finish.value(channel, sum);
        }
    }
}

/// `Σ` of two channels' products with one window.
fn one_lane(values: &[u32], filters: &[u32]) -> [i32; 2] {
    let (values, filters): (&[i16], &[i16]) = (bytemuck::cast_slice(values), bytemuck::cast_slice(filters));
    let mut sums = [0i32; 2];
    for (v, u) in values.as_chunks::<2>().0.iter().zip(filters.as_chunks::<4>().0) {
        let ([v, w], [a, b, c, d]) = (v.map(i32::from), u.map(i32::from));
        sums[0] = sums[0].wrapping_add(v.wrapping_mul(a)).wrapping_add(w.wrapping_mul(b));
        sums[1] = sums[1].wrapping_add(v.wrapping_mul(c)).wrapping_add(w.wrapping_mul(d));
    }
    sums
}

/// `Σ` of two channels' products with two windows of [`LANES`], from `lane` on: the first window's two, then the
/// second's.
fn two_lanes(values: &[u32], filters: &[u32], lane: usize) -> [i32; 4] {
    let (values, filters): (&[i16], &[i16]) = (bytemuck::cast_slice(values), bytemuck::cast_slice(filters));
    let mut sums = [0i32; 4];
    let values = values.get(2 * lane..).unwrap_or_default().chunks(2 * LANES);
    for (v, u) in values.zip(filters.as_chunks::<4>().0) {
        let (Some(v), [a, b, c, d]) = (v.first_chunk::<4>(), u.map(i32::from)) else { break };
        let [v, w, x, y] = v.map(i32::from);
        sums[0] = sums[0].wrapping_add(v.wrapping_mul(a)).wrapping_add(w.wrapping_mul(b));
        sums[1] = sums[1].wrapping_add(v.wrapping_mul(c)).wrapping_add(w.wrapping_mul(d));
        sums[2] = sums[2].wrapping_add(x.wrapping_mul(a)).wrapping_add(y.wrapping_mul(b));
        sums[3] = sums[3].wrapping_add(x.wrapping_mul(c)).wrapping_add(y.wrapping_mul(d));
    }
    sums
}

/// [`two_lanes`] with filters whose weights share halves: for each window the products with the halves as they are, and
/// with their upper bytes. [`split`] makes channels of them.
fn two_byte_lanes(values: &[u32], filters: &[u32], pair: usize, lane: usize) -> [i32; 4] {
    let (values, filters): (&[i16], &[i16]) = (bytemuck::cast_slice(values), bytemuck::cast_slice(filters));
    let mut sums = [0i32; 4];
    let values = values.get(2 * lane..).unwrap_or_default().chunks(2 * LANES);
    let filters = filters.get(2 * pair..).unwrap_or_default().chunks(4);
    for (v, h) in values.zip(filters) {
        let (Some(v), Some(h)) = (v.first_chunk::<4>(), h.first_chunk::<2>()) else { break };
        let ([v, w, x, y], [a, b]) = (v.map(i32::from), h.map(i32::from));
        sums[0] = sums[0].wrapping_add(v.wrapping_mul(a)).wrapping_add(w.wrapping_mul(b));
        sums[1] = sums[1].wrapping_add(v.wrapping_mul(a >> 8)).wrapping_add(w.wrapping_mul(b >> 8));
        sums[2] = sums[2].wrapping_add(x.wrapping_mul(a)).wrapping_add(y.wrapping_mul(b));
        sums[3] = sums[3].wrapping_add(x.wrapping_mul(a >> 8)).wrapping_add(y.wrapping_mul(b >> 8));
    }
    sums
}

/// The sums of two channels, A and B, whose weights share halves `256 · b + (a + 128)`: of `both`, the sum with the
/// halves, and `upper`, the sum with b, which is B's, and `excess`, 128 times the sum of the window. All in 32 bits that
/// may overflow on the way.
fn split(both: i32, upper: i32, excess: i32) -> [i32; 2] {
    [both.wrapping_sub(upper << 8).wrapping_sub(excess), upper]
}

/// 128 times the sum of each window.
fn excess(panel: &[u32]) -> [i32; LANES] {
    let mut sums = [0i32; LANES];
    let panel: &[i16] = bytemuck::cast_slice(panel);
    for words in panel.as_chunks::<{ 2 * LANES }>().0 {
        for (sum, word) in sums.iter_mut().zip(words.as_chunks::<2>().0) {
            *sum += i32::from(word[0]) + i32::from(word[1]);
        }
    }
    sums.map(|sum| sum.wrapping_mul(128))
}
