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
#[cfg(not(dsp))]
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
#[cfg(not(dsp))]
pub(super) fn winograd_pooled(
    tiles: &[u32],
    filters: &[u32],
    count: usize,
    finish: &Finish<'_>,
    output: &mut [u8],
) {
    winograd_pooled_by(winograd, tiles, filters, count, finish, output);
}

/// [`winograd_pooled`], the sums by `winograd`.
pub(super) fn winograd_pooled_by(
    winograd: impl Fn(&[u32], &[u32], usize) -> [[i32; 8]; LANES],
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
#[cfg(not(dsp))]
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

/// Convolves and pools a row of windows of one channel, of which `lines` are the rows of the input that they take: where
/// the processor has a faster way than gathering them. It says whether it has.
#[cfg(not(dsp))]
pub(super) fn windows(
    _lines: &[&[u8]],
    _filters: super::FilterShape,
    _weights: &[u32],
    _finish: &Finish<'_>,
    _output: &mut [u8],
) -> bool {
    false
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
    if bytes {
        return byte_lanes(panel, weights, pooled, finish, output, |panel, rows, pair| {
            let ([a, b, c, d], [e, f, g, h]) =
                (two_byte_lanes(panel, rows, pair, 0), two_byte_lanes(panel, rows, pair, 2));
            [[a, c, e, g], [b, d, f, h]]
        });
    }
    let words = panel.len() / LANES;
    for (pair, record) in weights.chunks_exact(2 * words + 4).enumerate() {
        // Between the biases and the multipliers, which `finish` knows.
        let filters = record.get(2..2 + 2 * words).unwrap_or_default();
        let ([a, b, c, d], [e, f, g, h]) = (two_lanes(panel, filters, 0), two_lanes(panel, filters, 2));
        store(2 * pair, [[a, c, e, g], [b, d, f, h]], pooled, finish, output);
    }
}

/// [`lanes`] with rows of byte-packed weights. `multiply` has the panel, a group of rows, and which pair of it; it gives
/// each window's sums with the halves, and those with the halves' upper bytes.
pub(super) fn byte_lanes(
    panel: &[u32],
    weights: &[u32],
    pooled: bool,
    finish: &Finish<'_>,
    output: &mut [u8],
    multiply: impl Fn(&[u32], &[u32], usize) -> [[i32; LANES]; 2],
) {
    let words = panel.len() / LANES;
    let excess = excess(panel);
    for (group, rows) in weights.chunks_exact((2 * words).max(1)).enumerate() {
        for pair in 0..2 {
            let [both, upper] = multiply(panel, rows, pair);
            let mut sums = [[0; LANES]; 2];
            for lane in 0..LANES {
                [sums[0][lane], sums[1][lane]] = split(both[lane], upper[lane], excess[lane]);
            }
            store(4 * group + 2 * pair, sums, pooled, finish, output);
        }
    }
}

/// Finishes the sums of two channels with [`LANES`] windows.
#[inline(always)]
fn store(channel: usize, sums: [[i32; LANES]; 2], pooled: bool, finish: &Finish<'_>, output: &mut [u8]) {
    let channels = finish.biases.len();
    for (channel, sums) in (channel..channels).zip(sums) {
        if pooled {
            let [a, b, c, d] = sums;
            if let Some(place) = output.get_mut(channel) {
                *place = finish.value(channel, a.max(b).max(c.max(d)));
            }
            continue;
        }
        for (pixel, sum) in output.chunks_exact_mut(channels.max(1)).zip(sums) {
            if let Some(place) = pixel.get_mut(channel) {
                *place = finish.value(channel, sum);
            }
        }
    }
}

/// Computes a dense layer of the packed `input`.
#[cfg(not(dsp))]
pub(super) fn dense(input: &[u32], weights: &[u32], finish: &Finish<'_>, output: &mut [u8]) {
    dense_by(input, weights, finish, output, |input, rows| {
        let (input, rows): (&[i16], &[i16]) = (bytemuck::cast_slice(input), bytemuck::cast_slice(rows));
        let mut sums = [0i32; 4];
        for (x, h) in input.as_chunks::<2>().0.iter().zip(rows.as_chunks::<4>().0) {
            let ([x, y], [a, b, c, d]) = (x.map(i32::from), h.map(i32::from));
            sums[0] = sums[0].wrapping_add(a.wrapping_mul(x)).wrapping_add(b.wrapping_mul(y));
            sums[1] = sums[1].wrapping_add((a >> 8).wrapping_mul(x)).wrapping_add((b >> 8).wrapping_mul(y));
            sums[2] = sums[2].wrapping_add(c.wrapping_mul(x)).wrapping_add(d.wrapping_mul(y));
            sums[3] = sums[3].wrapping_add((c >> 8).wrapping_mul(x)).wrapping_add((d >> 8).wrapping_mul(y));
        }
        sums
    });
}

/// [`dense`]. `multiply` has the input and a group of four rows; it gives the sums with the halves of the first two rows,
/// with their upper bytes, and the same of the other two.
pub(super) fn dense_by(
    input: &[u32],
    weights: &[u32],
    finish: &Finish<'_>,
    output: &mut [u8],
    multiply: impl Fn(&[u32], &[u32]) -> [i32; 4],
) {
    let halves: &[i16] = bytemuck::cast_slice(input);
    let excess = halves.iter().map(|&x| i32::from(x)).sum::<i32>().wrapping_mul(128);
    let rows = weights.chunks_exact((2 * input.len()).max(1));
    for (group, (rows, output)) in rows.zip(output.chunks_mut(4)).enumerate() {
        let [a, b, c, d] = multiply(input, rows);
        let ([a, b], [c, d]) = (split(a, b, excess), split(c, d, excess));
        for ((channel, place), sum) in (4 * group..).zip(output).zip([a, b, c, d]) {
            *place = finish.value(channel, sum);
        }
    }
}

/// `Σ` of two channels' products with one window.
#[cfg(not(dsp))]
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
#[cfg_attr(dsp, allow(dead_code))]
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
