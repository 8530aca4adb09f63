//! 3 × 3 convolution of stride 1 as Winograd's F(2×2, 3×3), in exact integers, with or without the
//! 2 × 2 max pool of stride 2 after it.
//!
//! A tile is 2 × 2 outputs, computed from 4 × 4 inputs d: `Y = Aᵀ (U ⊙ V) A` with
//! `U = (2G) g (2G)ᵀ`, `V = Bᵀ d B`, summed over the input channels before the outer transform. 2G
//! is an integer matrix, so that Y is exactly 4 times the convolution: 16 products instead of 36.
//! Sums wrap; Y itself fits, and so do differences of two of its elements, as long as
//! `9 · depth · 128 · 255 < 2^28`.

use super::{
    conv::{Conv, Pixels, Rows},
    lanes::*,
    misfit,
    panel::{TilePlace, Tiles},
};
use crate::{engine::requantize::requantize, model::tensor::Element};

#[cfg(dsp)]
use super::cortex_m::{
    transform::{Columns, transform},
    winograd as inner,
};
#[cfg(not(dsp))]
use portable as inner;

/// Products for each tile, input channel and output channel.
const POSITIONS: usize = 16;
/// Most tiles that are computed together.
const TILES: usize = 3;
/// Largest depth for which differences of outputs cannot overflow.
pub(super) const MAX_DEPTH: usize = (1 << 28) / (9 * 128 * 255) - 1;

/// Returns how many words of workspace [`rows`] needs.
pub(super) const fn work_words(conv: &Conv<'_, '_>) -> usize {
    panel_words(conv) + if touches_border(conv) { 4 * conv.input.channels as usize } else { 0 }
}

/// Returns how many words transformed tiles take.
const fn panel_words(conv: &Conv<'_, '_>) -> usize {
    let count = if tiles(conv) <= 2 { 2 } else { TILES };
    count * POSITIONS * conv.input.channels as usize / 2
}

/// Returns the number of tiles of a row.
const fn tiles(conv: &Conv<'_, '_>) -> usize {
    let width = conv.output.width as usize;
    if conv.pooled { width } else { width.div_ceil(2) }
}

/// Returns whether a tile reads pixels outside of the input.
const fn touches_border(conv: &Conv<'_, '_>) -> bool {
    let height = conv.output.height as usize;
    let rows = if conv.pooled { height } else { height.div_ceil(2) };
    conv.geometry.padding[0] > 0
        || conv.geometry.padding[1] > 0
        || 2 * tiles(conv) + 2 > conv.input.width as usize
        || 2 * rows + 2 > conv.input.height as usize
}

/// Returns how many i16 [`pack`] writes.
pub(crate) const fn packed_len(depth: usize, outputs: usize) -> usize {
    POSITIONS * depth * outputs
}

/// The order of the rows in a column of products. The sums of the rows 2, 2 + 1 and 2 + 1 + 0 are
/// intermediate results of one accumulator, which is why rows come in this order.
const ROWS: [usize; 4] = [2, 1, 0, 3];

/// Packs int8 weights `[output][row][column][input channel]`.
///
/// `[output pair][position 16][word depth/2][output of the pair 2][lane 2]`. Position `4j + n` is
/// U's column j and row 2, 1, 0, 3 for n = 0 to 3; row 3 is stored negated. Word and lane of an
/// input channel: word `2q + h` holds the channels `4q + h` and `4q + 2 + h`. Writes [`packed_len`]
/// elements.
pub(crate) fn pack(weights: &[i8], depth: usize, packed: &mut [i16]) {
    if depth == 0 {
        return;
    }
    for (output, filter) in weights.chunks_exact(9 * depth).enumerate() {
        for channel in 0..depth {
            let tap = |tap: usize| filter.get(tap * depth + channel).map_or(0, |&w| i16::from(w));
            let transformed = transform_filter([0, 1, 2, 3, 4, 5, 6, 7, 8].map(tap));
            for (position, value) in transformed.into_iter().enumerate() {
                if let Some(slot) = packed.get_mut(half(depth, output, position, channel)) {
                    *slot = value;
                }
            }
        }
    }
}

/// Returns the index of a position of an output's transformed filter.
const fn half(depth: usize, output: usize, position: usize, channel: usize) -> usize {
    let (word, lane) = place(channel);
    ((output / 2 * POSITIONS + position) * (depth / 2) + word) * 4 + output % 2 * 2 + lane
}

/// Returns `(2G) g (2G)ᵀ` in the order of positions.
fn transform_filter([a, b, c, d, e, f, g, h, i]: [i16; 9]) -> [i16; POSITIONS] {
    // For each column of a filter, and then for each row of the four values of these.
    let double = |a: i16, b: i16, c: i16| {
        let ends = a.wrapping_add(c);
        (a.wrapping_mul(2), ends.wrapping_add(b), ends.wrapping_sub(b), c.wrapping_mul(2))
    };
    let (a, b, c) = (double(a, d, g), double(b, e, h), double(c, f, i));
    let (zero, one) = (double(a.0, b.0, c.0), double(a.1, b.1, c.1));
    let (two, three) = (double(a.2, b.2, c.2), double(a.3, b.3, c.3));
    let negated =
        (three.0.wrapping_neg(), three.1.wrapping_neg(), three.2.wrapping_neg(), three.3.wrapping_neg());
    // Each column has the rows 2, 1, 0 and 3: see `ROWS`.
    [
        two.0, one.0, zero.0, negated.0, //
        two.1, one.1, zero.1, negated.1, //
        two.2, one.2, zero.2, negated.2, //
        two.3, one.3, zero.3, negated.3,
    ]
}

/// Reads the transformed filter of an output and a channel.
fn transformed(
    halves: impl Fn(usize) -> i16,
    depth: usize,
    output: usize,
    channel: usize,
) -> [i16; POSITIONS] {
    let mut values = [0; POSITIONS];
    let first = half(depth, output, 0, channel);
    for (position, value) in values.iter_mut().enumerate() {
        *value = halves(first + 2 * depth * position);
    }
    values
}

/// Returns the filter that was packed. In each direction, the first and the last of the four values
/// are twice the first and the last weight, and the difference of the two between is twice the
/// middle one.
pub(super) fn filter(halves: impl Fn(usize) -> i16, depth: usize, output: usize, channel: usize) -> [i16; 9] {
    let u = transformed(halves, depth, output, channel);
    let line = |a: i16, b: i16, c: i16, d: i16| (a / 2, b.wrapping_sub(c) / 2, d / 2);
    // Each column has the rows 2, 1, 0 and, negated, 3.
    let a = line(u[2], u[1], u[0], u[3].wrapping_neg());
    let b = line(u[6], u[5], u[4], u[7].wrapping_neg());
    let c = line(u[10], u[9], u[8], u[11].wrapping_neg());
    let d = line(u[14], u[13], u[12], u[15].wrapping_neg());
    let (zero, one, two) = (line(a.0, b.0, c.0, d.0), line(a.1, b.1, c.1, d.1), line(a.2, b.2, c.2, d.2));
    [zero.0, zero.1, zero.2, one.0, one.1, one.2, two.0, two.1, two.2]
}

/// Returns whether packing makes such halves of any weights.
pub(super) fn is_transformed(
    halves: impl Fn(usize) -> i16,
    depth: usize,
    output: usize,
    channel: usize,
) -> bool {
    let filter = filter(&halves, depth, output, channel);
    filter.iter().all(|&weight| i8::try_from(weight).is_ok())
        && transform_filter(filter) == transformed(halves, depth, output, channel)
}

/// Computes the pooled row `y`, or the rows `2y` and `2y + 1` of a convolution without a pool.
/// There, `out` may have room for the first row only.
pub(crate) fn rows(conv: &Conv<'_, '_>, input: Rows<'_>, y: usize, out: &mut [u8], work: &mut [u32]) {
    let (depth, outputs) = (usize::from(conv.input.channels), usize::from(conv.output.channels));
    let height = usize::from(conv.input.height);
    if depth == 0 || depth % 4 != 0 || depth > MAX_DEPTH || outputs == 0 || outputs % 2 != 0 {
        return misfit();
    }
    let line = |i: usize| {
        let row = (2 * y + i).wrapping_sub(conv.geometry.padding[0]);
        if row < height { input.row(row) } else { &[] }
    };
    let lines = [line(0), line(1), line(2), line(3)];
    let (channels, weights) = (conv.channels(), conv.halves());
    let tiles = tiles(conv);
    let Some((panels, border)) = work.split_at_mut_checked(panel_words(conv)) else { return misfit() };
    // Lines outside of the input.
    #[cfg(dsp)]
    if lines.iter().any(|line| line.is_empty()) {
        border.get_mut(..(2 * TILES + 2) * depth / 4).unwrap_or_default().fill(0);
    }
    let mut tile = 0;
    while tile < tiles {
        let left = tiles - tile;
        let count = if left == 1 || left == 2 || left == 4 { 2 } else { TILES };
        let valid = count.min(left);
        let Some(panel) = panels.get_mut(..count * POSITIONS * depth / 2) else { return misfit() };
        let first = (2 * tile) as isize - conv.geometry.padding[1] as isize;
        transform_tiles(conv, lines, first, border, Tiles { count, valid }, panel);
        if conv.pooled && conv.to == Element::Unsigned {
            let Some(out) = out.get_mut(tile * outputs..) else { return misfit() };
            let out = Pixels { bytes: out, channels: outputs };
            let tiles = Tiles { count, valid };
            inner::multiply_pool(panel, weights, channels, depth, tiles, out);
        } else {
            multiply_apart(conv, panel, tile, Tiles { count, valid }, out);
        }
        tile += count;
    }
}

/// Transforms the tiles side by side that begin at the column `first` of the input.
#[inline(always)]
fn transform_tiles(
    conv: &Conv<'_, '_>,
    lines: [&[u8]; 4],
    first: isize,
    border: &mut [u32],
    Tiles { count, valid }: Tiles,
    panel: &mut [u32],
) {
    let (depth, width) = (usize::from(conv.input.channels), usize::from(conv.input.width));
    #[cfg(dsp)]
    if conv.element == Element::Unsigned {
        let to = TilePlace { panel, count, tile: 0 };
        return transform(lines, Columns { first, width, depth }, border, to, valid);
    }
    for index in 0..valid {
        let column = first + 2 * index as isize;
        let start = column.unsigned_abs() * depth;
        let inside = lines.map(|line| line.get(start..start + 4 * depth).unwrap_or(&[]));
        let to = TilePlace { panel: &mut *panel, count, tile: index };
        if column >= 0 && inside.iter().all(|line| !line.is_empty()) {
            #[cfg(not(dsp))]
            portable::transform(inside, depth, conv.element, to);
            #[cfg(dsp)]
            transform_bytes(inside, depth, conv.element, to);
        } else {
            gather_border(lines, column, width, depth, border);
            transform_words(border, depth, conv.element, to);
        }
    }
}

/// Computes the panel's tiles, the first of which is `tile`, where there is no pool or the output
/// is signed, so that [`inner::multiply_pool`] cannot.
#[inline(never)]
fn multiply_apart(conv: &Conv<'_, '_>, panel: &[u32], tile: usize, tiles: Tiles, out: &mut [u8]) {
    let Tiles { count, valid } = tiles;
    let (depth, outputs) = (usize::from(conv.input.channels), usize::from(conv.output.channels));
    if depth == 0 {
        return; // and so the compiler knows that no chunk is empty
    }
    let (channels, weights) = (conv.channels(), conv.halves());
    #[cfg(dsp)]
    if !conv.pooled {
        let width = usize::from(conv.output.width);
        let Some(out) = out.get_mut(2 * tile * outputs..) else { return misfit() };
        let place = inner::Place { out, width, outputs, columns: width - 2 * tile };
        return inner::multiply_write(panel, weights, channels, depth, tiles, conv.to, place);
    }
    let pairs = weights.chunks_exact(POSITIONS * depth * 2).take(outputs / 2);
    let biases = channels.biases.as_chunks().0.iter();
    let parameters = biases.zip(channels.multipliers.as_chunks().0);
    let mut sums = [[[0; 2]; 4]; TILES];
    for (pair, (weights, (&biases, &multipliers))) in pairs.zip(parameters).enumerate() {
        inner::multiply(panel, weights, depth, count, &mut sums);
        let parameters = Pair { biases, multipliers };
        for (index, sums) in sums.iter().enumerate().take(valid) {
            let place = [tile + index, 2 * pair];
            match conv.to {
                Element::Unsigned => parameters.write(sums, conv, Element::Unsigned, place, &mut *out),
                Element::Signed => parameters.write(sums, conv, Element::Signed, place, &mut *out),
            }
        }
    }
}

/// Biases and multipliers of two output channels.
struct Pair {
    biases: [i32; 2],
    multipliers: [i32; 2],
}

impl Pair {
    #[inline(always)]
    fn finish(&self, [a, b]: [i32; 2], element: Element) -> [u8; 2] {
        [
            requantize((a >> 2).wrapping_add(self.biases[0]), self.multipliers[0], element),
            requantize((b >> 2).wrapping_add(self.biases[1]), self.multipliers[1], element),
        ]
    }

    /// Finishes a tile's sums and writes them, for the output channels `channel` and the next.
    #[inline(always)]
    fn write(
        &self,
        sums: &[[i32; 2]; 4],
        conv: &Conv<'_, '_>,
        element: Element,
        [tile, channel]: [usize; 2],
        out: &mut [u8],
    ) {
        let (width, outputs) = (usize::from(conv.output.width), usize::from(conv.output.channels));
        let mut put = |at: usize, pair: [i32; 2]| {
            if let Some(slot) = out.get_mut(at..).and_then(|out| out.first_chunk_mut()) {
                *slot = self.finish(pair, element);
            }
        };
        if conv.pooled {
            let [a, b, c, d] = *sums;
            let largest = [a[0].max(b[0]).max(c[0].max(d[0])), a[1].max(b[1]).max(c[1].max(d[1]))];
            put(tile * outputs + channel, largest);
        } else {
            let at = 2 * tile * outputs + channel;
            let below = at + width * outputs;
            put(at, sums[0]);
            put(below, sums[2]);
            if 2 * tile + 1 < width {
                put(at + outputs, sums[1]);
                put(below + outputs, sums[3]);
            }
        }
    }
}

/// Copies the 4 × 4 pixels of a tile that reaches over the input's border, `depth` words for each
/// row.
#[inline(never)]
fn gather_border(lines: [&[u8]; 4], column: isize, width: usize, depth: usize, to: &mut [u32]) {
    for (line, to) in lines.into_iter().zip(to.chunks_exact_mut(depth.max(1))) {
        let line = line.get(..width * depth).unwrap_or(&[]);
        // `depth` is a multiple of 4, so a pixel is whole words.
        for (i, pixel) in to.chunks_exact_mut((depth / 4).max(1)).enumerate() {
            for (q, word) in pixel.iter_mut().enumerate() {
                let mut bytes = [0; 4];
                let at = (column + i as isize) * depth as isize + 4 * q as isize;
                let inside = if at < 0 { &[] } else { line.get(at.unsigned_abs()..).unwrap_or(&[]) };
                bytes.iter_mut().zip(inside).for_each(|(to, from)| *to = *from);
                *word = u32::from_le_bytes(bytes);
            }
        }
    }
}

/// Returns the index of the word `2q + half` of a tile within its position of the panel.
///
/// The panel is `[position 16][word depth/2][tile 3]`, or, for two tiles,
/// `[position 16][depth/4][tile 2][half 2]` with the DSP extension and
/// `[position 16][word depth/2][tile 2]` without it: the order in which the inner loops read.
#[inline(always)]
const fn slot(count: usize, tile: usize, q: usize, half: usize) -> usize {
    if count == TILES {
        (2 * q + half) * TILES + tile
    } else if cfg!(dsp) {
        4 * q + 2 * tile + half
    } else {
        4 * q + 2 * half + tile
    }
}

/// Computes `V = Bᵀ d B` for four bytes of each pixel of a tile, into the panel.
#[inline(always)]
fn transform_four(
    pixel: impl Fn(usize, usize) -> u32,
    signed: bool,
    depth: usize,
    q: usize,
    to: TilePlace<'_>,
) {
    let TilePlace { panel, count, tile } = to;
    let mut t = [[[0; 2]; 4]; 4]; // [column][row][half]
    for (j, t) in t.iter_mut().enumerate() {
        let d = [0, 1, 2, 3].map(|i| bytes16(pixel(i, j), signed));
        let [a, b, c, d] = d;
        for half in 0..2 {
            let [a, b, c, d] = [a, b, c, d].map(|pair| if half == 0 { pair[0] } else { pair[1] });
            for (t, value) in t.iter_mut().zip([sub16(a, c), add16(b, c), sub16(c, b), sub16(b, d)]) {
                if half == 0 { t[0] = value } else { t[1] = value }
            }
        }
    }
    let [t0, t1, t2, t3] = t;
    for (n, row) in ROWS.into_iter().enumerate() {
        for half in 0..2 {
            let get = |t: [[u32; 2]; 4]| {
                let pair = t.get(row).copied().unwrap_or([0; 2]);
                if half == 0 { pair[0] } else { pair[1] }
            };
            let [a, b, c, d] = [t0, t1, t2, t3].map(get);
            for (j, value) in [sub16(a, c), add16(b, c), sub16(c, b), sub16(b, d)].into_iter().enumerate() {
                let at = (4 * j + n) * (depth / 2) * count + slot(count, tile, q, half);
                match panel.get_mut(at) {
                    Some(slot) => *slot = value,
                    None => misfit(),
                }
            }
        }
    }
}

/// Transforms a tile whose pixels `lines` hold, `4 · depth` bytes each, at any address.
#[inline(never)]
fn transform_bytes(lines: [&[u8]; 4], depth: usize, element: Element, to: TilePlace<'_>) {
    let TilePlace { panel, count, tile } = to;
    for q in 0..depth / 4 {
        let pixel = |i: usize, j: usize| {
            let line = lines.get(i).copied().unwrap_or(&[]);
            let four = line.get(j * depth + 4 * q..).and_then(|bytes| bytes.first_chunk::<4>());
            four.map_or_else(misfit, |&bytes| u32::from_le_bytes(bytes))
        };
        transform_four(
            pixel,
            element == Element::Signed,
            depth,
            q,
            TilePlace { panel: &mut *panel, count, tile },
        );
    }
}

/// Transforms a tile whose pixels [`gather_border`] copied.
#[cold]
#[inline(never)]
fn transform_words(words: &[u32], depth: usize, element: Element, to: TilePlace<'_>) {
    let TilePlace { panel, count, tile } = to;
    for q in 0..depth / 4 {
        let pixel =
            |i: usize, j: usize| words.get(i * depth + j * (depth / 4) + q).copied().unwrap_or_else(misfit);
        transform_four(
            pixel,
            element == Element::Signed,
            depth,
            q,
            TilePlace { panel: &mut *panel, count, tile },
        );
    }
}

/// Returns the four outputs of a tile and channel, from the products at `index` of each position.
#[cfg(not(dsp))]
#[inline(always)]
fn outputs<const N: usize>(products: &[[i32; N]; POSITIONS], index: usize) -> [i32; 4] {
    let p = |position: usize| products[position].get(index).copied().unwrap_or_else(misfit);
    // The parts of the upper and the lower output in a column of positions, which has the rows 2,
    // 1, 0 and, negated, 3.
    let column = |at: usize| {
        let (two, one, zero, three) = (p(at), p(at + 1), p(at + 2), p(at + 3));
        [zero.wrapping_add(one).wrapping_add(two), one.wrapping_sub(two).wrapping_add(three)]
    };
    let (a, b, c, d) = (column(0), column(4), column(8), column(12));
    let left = |row: usize| a[row].wrapping_add(b[row]).wrapping_add(c[row]);
    let right = |row: usize| b[row].wrapping_sub(c[row]).wrapping_sub(d[row]);
    [left(0), right(0), left(1), right(1)]
}

/// The inner loops for any processor.
#[cfg(not(dsp))]
mod portable {
    use super::{super::conv::Channels, *};

    /// Transforms a tile whose pixels `lines` hold, `4 · depth` bytes each.
    #[inline(never)]
    pub(super) fn transform(lines: [&[u8]; 4], depth: usize, element: Element, to: TilePlace<'_>) {
        let TilePlace { panel, count, tile } = to;
        let words = lines.map(|line| bytemuck::try_cast_slice(line).unwrap_or(&[]));
        let pixel = depth / 4;
        if words.iter().any(|line| line.len() < 4 * pixel) {
            return transform_bytes(lines, depth, element, TilePlace { panel, count, tile });
        }
        let stride = depth / 2 * count;
        let signed = element == Element::Signed;
        let mut panel = panel;
        for (a, b, plus) in [(0, 2, false), (1, 2, true), (2, 1, false), (1, 3, false)] {
            let get = |column: usize| {
                words.map(|line| line.get(column * pixel..(column + 1) * pixel).unwrap_or_else(misfit))
            };
            let Some((first, rest)) = core::mem::take(&mut panel).split_at_mut_checked(4 * stride) else {
                return misfit();
            };
            panel = rest;
            let to = TilePlace { panel: first, count, tile };
            match (plus, signed) {
                (false, false) => column::<false, false>(get(a), get(b), to),
                (true, false) => column::<true, false>(get(a), get(b), to),
                (false, true) => column::<false, true>(get(a), get(b), to),
                (true, true) => column::<true, true>(get(a), get(b), to),
            }
        }
    }

    /// Computes a column of V from two columns of pixels, added or subtracted.
    ///
    /// Pairs of numbers are added and subtracted as `65536 · high + low`, regardless of borrows.
    /// Only the result becomes two lanes: there, a negative `low` has borrowed from `high`.
    #[inline(never)]
    fn column<const PLUS: bool, const SIGNED: bool>(
        [a0, a1, a2, a3]: [&[u32]; 4],
        [b0, b1, b2, b3]: [&[u32]; 4],
        to: TilePlace<'_>,
    ) {
        let TilePlace { panel, count, tile } = to;
        let (upper, lower) = panel.split_at_mut(panel.len() / 2);
        let (p0, p1) = upper.split_at_mut(upper.len() / 2);
        let (p2, p3) = lower.split_at_mut(lower.len() / 2);
        let sum = |a: u32, b: u32| {
            let [a, b] = [a, b].map(|word| [even_unsigned(word), odd_unsigned(word)]);
            let [a, b] = [a, b].map(|[x, y]| {
                const SIGN: u32 = 0x0080_0080;
                if SIGNED { [(x ^ SIGN).wrapping_sub(SIGN), (y ^ SIGN).wrapping_sub(SIGN)] } else { [x, y] }
            });
            let add = |x: u32, y: u32| if PLUS { x.wrapping_add(y) } else { x.wrapping_sub(y) };
            [add(a[0], b[0]), add(a[1], b[1])]
        };
        let lanes = |word: u32| word.wrapping_add((word & 0x8000) << 1);
        let mut at = tile;
        let pixels = a0.iter().zip(a1).zip(a2.iter().zip(a3)).zip(b0.iter().zip(b1).zip(b2.iter().zip(b3)));
        for (((&a0, &a1), (&a2, &a3)), ((&b0, &b1), (&b2, &b3))) in pixels {
            let [d0, d1, d2, d3] = [sum(a0, b0), sum(a1, b1), sum(a2, b2), sum(a3, b3)];
            for half in 0..2 {
                let [d0, d1, d2, d3] = [d0[half], d1[half], d2[half], d3[half]];
                // The rows 2, 1, 0 and 3.
                let values =
                    [d2.wrapping_sub(d1), d1.wrapping_add(d2), d0.wrapping_sub(d2), d1.wrapping_sub(d3)];
                if let (Some(p0), Some(p1), Some(p2), Some(p3)) =
                    (p0.get_mut(at), p1.get_mut(at), p2.get_mut(at), p3.get_mut(at))
                {
                    let [v0, v1, v2, v3] = values;
                    (*p0, *p1, *p2, *p3) = (lanes(v0), lanes(v1), lanes(v2), lanes(v3));
                }
                at += count;
            }
        }
    }

    /// For each position, the products of two channels of up to three tiles.
    type Products = [[i32; 2 * TILES]; POSITIONS];

    /// Computes a pair of output channels for every tile of the panel: four sums each, times 4 and
    /// without bias.
    #[inline(never)]
    pub(super) fn multiply(
        panel: &[u32],
        weights: &[i16],
        depth: usize,
        count: usize,
        sums: &mut [[[i32; 2]; 4]; TILES],
    ) {
        let mut products = [[0; 2 * TILES]; POSITIONS];
        multiply_all(panel, weights, depth, count, &mut products);
        for (tile, sums) in sums.iter_mut().enumerate().take(count) {
            for channel in 0..2 {
                let four = outputs(&products, (2 * tile + channel).min(2 * TILES - 1));
                for (sums, sum) in sums.iter_mut().zip(four) {
                    sums[channel] = sum;
                }
            }
        }
    }

    /// Computes the products of all positions.
    #[inline(never)]
    fn multiply_all(panel: &[u32], weights: &[i16], depth: usize, count: usize, products: &mut Products) {
        if count == TILES {
            dots::<TILES, { 2 * TILES }>(panel, weights, depth, products);
        } else {
            dots::<2, 4>(panel, weights, depth, products);
        }
    }

    /// [`multiply_all`] for `N` tiles; a word of each has `M` halves.
    #[inline(always)]
    fn dots<const N: usize, const M: usize>(
        panel: &[u32],
        weights: &[i16],
        depth: usize,
        products: &mut Products,
    ) {
        let (mut panel, mut weights): (&[i16], _) = (bytemuck::cast_slice(panel), weights);
        for products in products {
            let Some((v, rest)) = panel.split_at_checked(N * depth) else { return misfit() };
            let Some((u, others)) = weights.split_at_checked(2 * depth) else { return misfit() };
            (panel, weights) = (rest, others);
            let (v, u) = (v.as_chunks().0, u.as_chunks().0);
            let sums = dot::<N, M>(v, u);
            for (products, sums) in products.as_chunks_mut().0.iter_mut().zip(sums) {
                *products = sums;
            }
        }
    }

    /// Computes the products of a position. The sums, two weights and a value fit the registers of
    /// most cores, but only if the compiler does not mix one lane's products with the other's,
    /// which a [`seam`] prevents.
    #[inline(always)]
    fn dot<const N: usize, const M: usize>(v: &[[i16; M]], u: &[[i16; 4]]) -> [[i32; 2]; N] {
        let mut sums = [[0; 2]; N];
        for (v, u) in v.iter().zip(u) {
            for lane in 0..2 {
                let weights = [u[lane], u[2 + lane]];
                for (sums, v) in sums.iter_mut().zip(v.as_chunks::<2>().0) {
                    *sums = add(*sums, v[lane], weights);
                }
                if lane == 0 {
                    seam(weights[0].into());
                }
            }
            barrier();
        }
        sums
    }

    #[inline(always)]
    fn add(sums: [i32; 2], value: i16, weights: [i16; 2]) -> [i32; 2] {
        let value = i32::from(value);
        [
            sums[0].wrapping_add(value.wrapping_mul(weights[0].into())),
            sums[1].wrapping_add(value.wrapping_mul(weights[1].into())),
        ]
    }

    /// Computes all output channels of the panel's tiles, pooled.
    pub(super) fn multiply_pool(
        panel: &[u32],
        weights: &[i16],
        channels: Channels<'_>,
        depth: usize,
        tiles: Tiles,
        out: Pixels<'_>,
    ) {
        let (Tiles { count, valid }, Pixels { bytes: out, channels: outputs }) = (tiles, out);
        let pairs = weights.chunks_exact((POSITIONS * depth * 2).max(1)).take(outputs / 2);
        let biases = channels.biases.as_chunks::<2>().0;
        let multipliers = channels.multipliers.as_chunks::<2>().0;
        let mut products = [[0; 2 * TILES]; POSITIONS];
        for (pair, (weights, (biases, multipliers))) in pairs.zip(biases.iter().zip(multipliers)).enumerate()
        {
            multiply_all(panel, weights, depth, count, &mut products);
            let out = out.get_mut(2 * pair..).unwrap_or_else(misfit);
            pool(&products, biases, multipliers, valid, Pixels { bytes: out, channels: outputs });
        }
    }

    /// Pools and finishes the products of a pair of channels, and writes them.
    #[inline(never)]
    fn pool(products: &Products, biases: &[i32; 2], multipliers: &[i32; 2], valid: usize, out: Pixels<'_>) {
        let Pixels { bytes: mut out, channels: outputs } = out;
        for tile in 0..valid.min(TILES) {
            for channel in 0..2 {
                let [a, b, c, d] = super::outputs(products, 2 * tile + channel);
                let largest = a.max(b).max(c.max(d));
                let sum = (largest >> 2).wrapping_add(biases[channel]);
                if let Some(slot) = out.get_mut(channel) {
                    *slot = requantize(sum, multipliers[channel], Element::Unsigned);
                }
            }
            out = core::mem::take(&mut out).get_mut(outputs..).unwrap_or(&mut []);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::fast::random::{Case, Random},
        model::{geometry::ConvGeometry, tensor::Shape},
    };
    use std::vec;

    #[test]
    fn same_bytes_as_the_reference() {
        let mut random = Random(7);
        for index in 0..400 {
            let depth = 4 * random.pick(&[1, 2, 3, 4, 8, 9, 12, 16, 17]);
            let outputs = 2 * random.range(1, 5);
            let padding = [random.range(0, 2), random.range(0, 2)];
            let size = [random.range(3, 11), random.range(3, 14)];
            let conv = [0, 1].map(|axis| size[axis] + padding[axis] + random.range(0, 1) - 2);
            let pooled = random.range(0, 1) == 0 && conv[0] > 1 && conv[1] > 1;
            let shape = |[h, w]: [usize; 2], c: usize| Shape::new(h as u16, w as u16, c as u16);
            let geometry = ConvGeometry {
                input: shape(size, depth),
                output: shape(conv, outputs),
                kernel: [3, 3],
                stride: [1, 1],
                padding,
                groups: 1,
            };
            let case = Case::new(&mut random, geometry, pooled);
            let mut packed = vec![0i16; packed_len(depth, outputs)];
            pack(&case.weights, depth, &mut packed);
            let rows_at_once = if pooled { 1 } else { 2 };
            case.check(index, bytemuck::cast_slice(&packed), rows_at_once, work_words, rows);
        }
    }
}
