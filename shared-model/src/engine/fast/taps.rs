//! Convolution with few weights per output channel. Each output is one sum over a window that was
//! gathered before, with weights of 16 bits.
//!
//! With a 2 × 2 max pool of stride 2 after it, the four windows a, b, c, d of a pooled output need
//! one accumulator:
//!
//! ```text
//! max(a, b, c, d) = d + r(c − d + r(b − c + r(a − b)))      r(x) = max(x, 0)
//! ```
//!
//! `a − b` is the convolution of the difference of two windows: with differences gathered instead
//! of windows, a pooled output is one chain of products with an `r` (USAT) after each of the first
//! three quarters.

use super::{
    conv::{Conv, Pixels, Rows},
    lanes::*,
    misfit,
    panel::{LineWindows, Stages, Tile},
};
use crate::model::{geometry::ConvGeometry, step::Parameters, tensor::Element};

#[cfg(dsp)]
use super::{
    cortex_m::{
        differences,
        expand::{self, Panels},
        taps::{sum, sum_row},
        windows3, windows5,
    },
    panel::Windows,
};
#[cfg(not(dsp))]
use portable::sum;

/// Words of a record after the weights: two biases, two multipliers.
const TAIL: usize = 4;

/// The order of a layer's windows and weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    form: Form,
    /// Rows of the kernel.
    rows: usize,
    /// Values of a row of the kernel.
    run: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// 3 × 3 on one channel, stride 1, no padding, pooled.
    Three,
    /// 5 × 5 on one channel, no padding; stride 1 where it is pooled.
    Five,
    /// Anything else.
    Any,
}

/// The assembly for pooled windows of one channel assumes these records.
#[cfg(dsp)]
const _: () = {
    assert!(windows3::RECORD == Order::of(1, [3, 3], [1, 1], false, true).record());
    assert!(windows5::RECORD == Order::of(1, [5, 5], [1, 1], false, true).record());
};

impl Order {
    /// Returns the order of a layer that reads `depth` channels.
    pub(super) const fn of(
        depth: usize,
        kernel: [usize; 2],
        stride: [usize; 2],
        padded: bool,
        pooled: bool,
    ) -> Self {
        let form = match (depth, kernel, stride, padded, pooled) {
            (1, [3, 3], [1, 1], false, true) => Form::Three,
            (1, [5, 5], [1, 1], false, true) | (1, [5, 5], _, false, false) => Form::Five,
            _ => Form::Any,
        };
        Self { form, rows: kernel[0], run: kernel[1] * depth }
    }

    /// Returns the words of a window.
    #[inline]
    const fn words(self) -> usize {
        match self.form {
            Form::Three => 5,
            Form::Five => 14,
            Form::Any => self.rows * 2 * self.run.div_ceil(4),
        }
    }

    /// Returns the words of a record's weights, for one output.
    #[inline]
    const fn record_words(self) -> usize {
        match self.form {
            Form::Three => 10,
            _ => self.words(),
        }
    }

    /// Returns the number of i16 of a record.
    #[inline]
    pub(super) const fn record(self) -> usize {
        4 * self.record_words() + 2 * TAIL
    }

    /// Returns the word and the lane of the tap at `index` of `row`.
    #[inline]
    const fn place(self, row: usize, index: usize) -> (usize, usize) {
        match self.form {
            Form::Three => match (row, index) {
                (0 | 1, 2) => (3, row),
                (_, 2) => (4, 0),
                _ => (row, index),
            },
            Form::Five if index < 4 => place(4 * row + index),
            Form::Five => place(20 + row),
            Form::Any => {
                let (word, lane) = place(index);
                (row * 2 * self.run.div_ceil(4) + word, lane)
            }
        }
    }
}

impl Order {
    /// Returns the index among all halves of an output's weight at `index` of a row of the kernel.
    #[inline]
    pub(super) const fn weight_half(self, output: usize, row: usize, index: usize) -> usize {
        let (word, lane) = self.place(row, index);
        output / 2 * self.record() + 4 * word + 2 * (output % 2) + lane
    }

    /// Returns the index of the copy of the half at `at`, if there is one.
    #[inline]
    pub(super) fn copy_of(self, at: usize) -> Option<usize> {
        (self.form == Form::Three).then_some(at + 4 * 5)
    }

    /// Returns the indices at which an output's bias and multiplier begin.
    #[inline]
    pub(super) const fn parameter_halves(self, output: usize) -> [usize; 2] {
        let tail = output / 2 * self.record() + 4 * self.record_words() + 2 * (output % 2);
        [tail, tail + 4]
    }

    /// Returns the halves of a record that may hold weights.
    #[inline]
    pub(super) fn weight_halves(self, record: usize) -> core::ops::Range<usize> {
        let first = record * self.record();
        first..first + 4 * self.record_words()
    }
}

/// Returns the order of a convolution; `padded` is [`ConvGeometry::is_padded`].
fn order(conv: &Conv<'_, '_>, padded: bool) -> Order {
    let ConvGeometry { kernel, stride, .. } = *conv.geometry;
    Order::of(conv.input.channels.into(), kernel, stride, padded, conv.pooled)
}

/// Returns how many windows, or differences of windows, an output sums one after the other.
const fn stages(conv: &Conv<'_, '_>) -> usize {
    if conv.pooled { 4 } else { 1 }
}

/// Windows of a row that are gathered together, two in each panel, where there is no pool: as many
/// as have 1.75 KB of words, but at least eight.
const GATHERED_WORDS: usize = 448;
const MIN_GATHERED: usize = 8;

/// Returns how many words of workspace [`rows`] needs.
pub(super) fn work_words(conv: &Conv<'_, '_>) -> usize {
    let padded = conv.geometry.is_padded();
    let order = order(conv, padded);
    let panel = 2 * stages(conv) * order.words();
    let border = if padded { panel / 4 } else { 0 };
    panel * panels(conv, order) + border
}

/// Returns how many panels are filled before they are summed.
fn panels(conv: &Conv<'_, '_>, order: Order) -> usize {
    if conv.pooled || order.form != Form::Any {
        return 1;
    }
    let fitting = GATHERED_WORDS.checked_div(order.words()).unwrap_or(0).max(MIN_GATHERED);
    let windows = rows_at_once(conv.geometry) * usize::from(conv.output.width);
    windows.min(fitting).div_ceil(2)
}

/// Most words of a window of which two rows are gathered together; two rows of larger ones cost too
/// much RAM.
const MAX_TWO_ROWS: usize = 32;

/// Returns how many rows of the output are computed together where no pool follows: of an odd number of
/// columns two, so that no window is alone, if windows are small or the kernel is 1 × 1.
pub(super) const fn rows_at_once(geometry: &ConvGeometry) -> usize {
    let [height, width] = geometry.kernel;
    let words = height * 2 * (width * geometry.input.channels as usize).div_ceil(4);
    let small = words <= MAX_TWO_ROWS || matches!(geometry.kernel, [1, 1]);
    if small && !geometry.output.width.is_multiple_of(2) { 2 } else { 1 }
}

/// Returns how many i16 [`pack`] writes.
pub(crate) const fn packed_len(order: Order, outputs: usize) -> usize {
    order.record() * (outputs / 2)
}

/// Packs int8 weights `[output][row][column][input channel]`, with biases and multipliers.
///
/// One record per pair of outputs: `[word][output of the pair 2][lane 2]`, then two biases and two
/// multipliers, each as two i16, the lower half first. Words and lanes:
///
/// * in general, zeros fill up every row of the kernel to whole words; word `2q + h` of a row holds
///   its values `4q + h` and `4q + 2 + h`;
/// * 5 × 5 on one channel without padding: the same for one row, which consists of four columns of
///   each row and then of the fifth column;
/// * 3 × 3 on one channel without padding, pooled: three words with columns 0 and 1 of a row, one
///   with column 2 of rows 0 and 1, one with the last tap and 0; and all five words again.
///
/// Writes [`packed_len`] elements.
pub(crate) fn pack(weights: &[i8], order: Order, parameters: &Parameters<'_>, packed: &mut [i16]) {
    if order.run == 0 || order.rows == 0 {
        return;
    }
    packed.fill(0);
    let mut set = |at: usize, value: i16| {
        if let Some(slot) = packed.get_mut(at) {
            *slot = value;
        }
    };
    for (output, filter) in weights.chunks_exact(order.rows * order.run).enumerate() {
        for (row, weights) in filter.chunks_exact(order.run).enumerate() {
            for (index, &weight) in weights.iter().enumerate() {
                let at = order.weight_half(output, row, index);
                set(at, i16::from(weight));
                if let Some(copy) = order.copy_of(at) {
                    set(copy, i16::from(weight));
                }
            }
        }
        let values = [parameters.bias(output), parameters.multiplier(output)];
        for (at, value) in order.parameter_halves(output).into_iter().zip(values) {
            set(at, value as i16);
            set(at + 1, (value >> 16) as i16);
        }
    }
}

/// Computes row `y` of the output, and the next one if `out` has room for both.
pub(crate) fn rows(conv: &Conv<'_, '_>, input: Rows<'_>, y: usize, out: &mut [u8], work: &mut [u32]) {
    let outputs = usize::from(conv.output.channels);
    let ConvGeometry { kernel, stride, .. } = *conv.geometry;
    let padded = conv.geometry.is_padded();
    let order = self::order(conv, padded);
    let stages = stages(conv);
    #[cfg(dsp)]
    let depth = usize::from(conv.input.channels);
    let (form, words) = (order.form, order.words());
    if outputs == 0 || outputs % 2 != 0 || words == 0 {
        return misfit();
    }
    let panels = panels(conv, order);
    let Some((panel, border)) = work.split_at_mut_checked(2 * stages * words * panels) else {
        return misfit();
    };
    let Some(weights) = conv.halves().get(..outputs / 2 * order.record()) else { return misfit() };
    let columns = usize::from(conv.output.width);
    if !conv.pooled && form == Form::Any {
        return windows(conv, input, y, out, Work { panel, border, words, weights, at_once: 2 * panels });
    }
    let pool = conv.pool();
    // One after the other: of an array's `map` the compiler makes a call for each line.
    let first = (pool * stride[0] * y).wrapping_sub(conv.geometry.padding[0]);
    let line = |i: usize| {
        let row = first.wrapping_add(i);
        if i < kernel[0] + pool - 1 && row < conv.input.height.into() { input.row(row) } else { &[] }
    };
    let lines = [line(0), line(1), line(2), line(3), line(4), line(5)];
    let signed = conv.element == Element::Signed;
    #[cfg(dsp)]
    if form == Form::Five
        && conv.pooled
        && conv.narrow
        && (conv.element, conv.to) == (Element::Unsigned, Element::Unsigned)
        && windows5::row(lines, weights, outputs, out)
    {
        return;
    }
    #[cfg(dsp)]
    if form == Form::Three && !signed {
        let Some(panel) = panel.as_chunks_mut().0.first_chunk_mut() else { return misfit() };
        let [l0, l1, l2, l3, ..] = lines;
        let pixels = Pixels { bytes: &mut *out, channels: outputs };
        if windows3::row([l0, l1, l2, l3], panel, columns, weights, conv.to, pixels) {
            return;
        }
    }
    let mut column = 0;
    while column < columns {
        let valid = (columns - column).min(2);
        let Some(out) = out.get_mut(column * outputs..(column + valid) * outputs) else { return misfit() };
        let out = Pixels { bytes: out, channels: outputs };
        if form == Form::Three {
            let Some(panel) = panel.as_chunks_mut().0.first_chunk_mut() else { return misfit() };
            let [l0, l1, l2, l3, ..] = lines;
            let patch = Patch { lines: [l0, l1, l2, l3], left: 2 * column, signed };
            #[cfg(dsp)]
            {
                write_differences3(patch, valid, panel);
                windows3::sum(panel, weights, conv.to, out);
            }
            #[cfg(not(dsp))]
            {
                portable::write_pixels3(patch, valid, panel);
                portable::sum_pixels3(panel, weights, conv.to, out);
            }
        } else {
            for tile in 0..valid {
                let panel = panel.as_chunks_mut().0;
                if form == Form::Five {
                    let left = pool * (column + tile) * stride[1];
                    expand5(lines, left, signed, conv.pooled, Tile { panel, index: tile });
                } else {
                    #[cfg(dsp)]
                    if conv.pooled && !signed && stride == [1, 1] {
                        let left = (2 * (column + tile)) as isize - conv.geometry.padding[1] as isize;
                        let patch = Lines { lines, left: left * depth as isize, next: depth };
                        if patch.expand(order, border, Tile { panel: &mut *panel, index: tile }) {
                            continue;
                        }
                    }
                    expand(conv, input, [y, column + tile], border, Tile { panel, index: tile });
                }
            }
            sum(panel, weights, Stages { count: stages, words }, conv.to, out);
        }
        column += 2;
    }
}

/// Where windows are gathered, and what they meet.
struct Work<'w> {
    panel: &'w mut [u32],
    border: &'w mut [u32],
    /// Words of a window.
    words: usize,
    weights: &'w [i16],
    /// Windows that the panel holds.
    at_once: usize,
}

/// Computes one or two rows of the output, as `out` has room, where no pool follows.
#[inline(never)]
fn windows(conv: &Conv<'_, '_>, input: Rows<'_>, y: usize, out: &mut [u8], work: Work<'_>) {
    let Work { panel, border, words, weights, at_once } = work;
    let (columns, outputs) = (usize::from(conv.output.width), usize::from(conv.output.channels));
    let windows = if out.len() > columns * outputs { 2 * columns } else { columns };
    let mut done = 0;
    while done < windows {
        let count = (windows - done).min(at_once);
        let mut first = 0;
        while first < count {
            let at = done + first;
            let place = if at < columns { [y, at] } else { [y + 1, at - columns] };
            let count = (count - first).min(columns - place[1]);
            let panels = panel.as_chunks_mut().0;
            gather(conv, input, place, border, Gathered { panels, panel_len: words / 2, first, count });
            first += count;
        }
        let Some(out) = out.get_mut(done * outputs..(done + count) * outputs) else { return misfit() };
        sum_row(panel, count, weights, words, conv.to, Pixels { bytes: out, channels: outputs });
        done += count;
    }
}

/// The lines of a pooled output's four windows, from byte `left` on, of `next` bytes for a pixel.
#[cfg(dsp)]
struct Lines<'a> {
    lines: [&'a [u8]; 6],
    left: isize,
    next: usize,
}

#[cfg(dsp)]
impl Lines<'_> {
    /// Writes the differences of the windows, if there are not too many lines.
    #[inline(always)]
    fn expand(&self, order: Order, border: &mut [u32], Tile { panel, index }: Tile<'_>) -> bool {
        let &Self { lines, left, next } = self;
        let windows = Windows { left: left.unsigned_abs(), next, rows: order.rows, run: order.run };
        if left >= 0 && differences::expand(lines, windows, Tile { panel: &mut *panel, index }) {
            return true;
        }
        self.expand_padded(order, border, Tile { panel, index })
    }

    /// The same, with zeros for what is outside of the input, if there is padding.
    #[inline(never)]
    fn expand_padded(&self, order: Order, border: &mut [u32], tile: Tile<'_>) -> bool {
        let len = (order.run.max(4) + self.next).div_ceil(4);
        let (mut gathered, mut rest) = ([&[][..]; 6], border);
        for (to, line) in gathered.iter_mut().zip(self.lines).take(order.rows + 1) {
            let Some((words, others)) = rest.split_at_mut_checked(len) else { return false };
            (*to, rest) = (copy_padded(line, self.left, words), others);
        }
        let windows = Windows { left: 0, next: self.next, rows: order.rows, run: order.run };
        differences::expand(gathered, windows, tile)
    }
}

/// Returns the four bytes of a line from `at` on.
#[inline(always)]
fn four(line: &[u8], at: usize) -> u32 {
    let four = line.get(at..).and_then(|line| line.first_chunk());
    four.map_or_else(misfit, |&four| u32::from_le_bytes(four))
}

/// Stores two words of a tile.
#[inline(always)]
fn put<const TILE: usize>(step: &mut [u32; 4], words: [u32; 2]) {
    let [a, b, c, d] = step;
    if TILE == 0 { (*a, *b) = (words[0], words[1]) } else { (*c, *d) = (words[0], words[1]) }
}

/// The pixels of the four 3 × 3 windows of a pooled output: four rows from column `left` on.
struct Patch<'a> {
    lines: [&'a [u8]; 4],
    left: usize,
    signed: bool,
}

/// Writes the differences of the windows of one or two pooled outputs, for [`windows3::sum`].
#[cfg(dsp)]
#[inline(never)]
fn write_differences3(patch: Patch<'_>, tiles: usize, panel: &mut windows3::Panel) {
    let Patch { lines, left, signed } = patch;
    write_differences3_of::<0>(Patch { lines, left, signed }, panel);
    if tiles > 1 {
        write_differences3_of::<1>(Patch { lines, left: left + 2, signed }, panel);
    }
}

#[cfg(dsp)]
#[inline(always)]
fn write_differences3_of<const TILE: usize>(patch: Patch<'_>, panel: &mut windows3::Panel) {
    let Patch { lines: [l0, l1, l2, l3], left, signed } = patch;
    // Columns 0 and 2, and 1 and 3, of each row; columns 0 and 1; columns 1 and 2.
    let [r0, r1, r2, r3] = [l0, l1, l2, l3].map(|line| {
        let [even, odd] = bytes16(four(line, left), signed);
        (even, odd, pack_low(even, odd), pack_low_high(odd, even))
    });
    let across = [r0, r1, r2, r3].map(|(even, odd, x, y)| (sub16(x, y), sub16(even, odd)));
    let down = [(r0, r1), (r1, r2), (r2, r3)].map(|(a, b)| (sub16(a.3, b.2), sub16(a.1, b.0)));
    let ([h0, h1, h2, h3], [d0, d1, d2]) = (across, down);
    let [p0, p1, p2, p3, p4, p5, p6, p7, p8, p9] = panel;
    put::<TILE>(p0, [h0.0, h1.0]);
    put::<TILE>(p1, [h2.0, pack_high(h0.1, h1.1)]);
    put::<TILE>(p2, [h2.1 >> 16, d0.0]);
    put::<TILE>(p3, [d1.0, d2.0]);
    put::<TILE>(p4, [pack_high(d0.1, d1.1), d2.1 >> 16]);
    put::<TILE>(p5, [h1.0, h2.0]);
    put::<TILE>(p6, [h3.0, pack_high(h1.1, h2.1)]);
    put::<TILE>(p7, [h3.1 >> 16, r1.3]);
    put::<TILE>(p8, [r2.3, r3.3]);
    put::<TILE>(p9, [pack_high(r1.1, r2.1), r3.1 >> 16]);
}

/// Writes a 5 × 5 window, or the differences of four of them, straight from the map.
#[inline(never)]
fn expand5(lines: [&[u8]; 6], left: usize, signed: bool, pooled: bool, to: Tile<'_>) {
    let Tile { panel, index: tile } = to;
    let byte = |line: &[u8], at: usize| line.get(at).copied().map_or(0, u32::from);
    // The fifth column of windows that begin at `left + x`: rows 0 to 3, and rows 1 to 4, in a
    // word, rows 4 and 5.
    let fifth = |x: usize| {
        let [a, b, c, d, e, f] = lines.map(|line| byte(line, left + 4 + x));
        let upper = a | b << 8 | c << 16 | d << 24;
        (upper, upper >> 8 | e << 24, e, f)
    };
    let put = |step: Option<&mut [u32; 4]>, words: [u32; 2]| {
        let Some(step) = step else { return misfit() };
        if tile == 0 { put::<0>(step, words) } else { put::<1>(step, words) }
    };
    let wide = |word: u32| bytes16(word, signed);
    let sub = |a: [u32; 2], b: [u32; 2]| [sub16(a[0], b[0]), sub16(a[1], b[1])];
    let x4 = fifth(0);
    if !pooled {
        let mut steps = panel.iter_mut();
        for line in lines.into_iter().take(5) {
            put(steps.next(), wide(four(line, left)));
        }
        put(steps.next(), wide(x4.0));
        put(steps.next(), wide(x4.2));
        return;
    }
    let y4 = fifth(1);
    let Some(panel) = panel.first_chunk_mut::<28>() else { return misfit() };
    let mut last = None; // of the row above: columns 1 to 4 of the patch
    for (r, line) in lines.into_iter().enumerate() {
        let x = wide(four(line, left));
        let y = wide(four(line, left + 1));
        let across = sub(x, y);
        if r < 5 {
            put(panel.get_mut(r), across);
        }
        if let Some(above) = last {
            put(panel.get_mut(7 + r - 1), sub(above, x));
            put(panel.get_mut(14 + r - 1), across);
            put(panel.get_mut(21 + r - 1), y);
        }
        last = Some(y);
    }
    for (at, x, y, z) in [(5, x4.0, y4.0, (x4.1, y4.1)), (6, x4.2, y4.2, (x4.3, y4.3))] {
        let (a, b, c, d) = (wide(x), wide(y), wide(z.0), wide(z.1));
        put(panel.get_mut(at), sub(a, b));
        put(panel.get_mut(at + 7), sub(b, c));
        put(panel.get_mut(at + 14), sub(c, d));
        put(panel.get_mut(at + 21), d);
    }
}

/// Writes bytes into words, little-endian.
pub(super) struct ByteWriter<'a> {
    words: core::slice::IterMut<'a, u32>,
    held: u32,
    count: u32,
}

impl<'a> ByteWriter<'a> {
    pub(super) fn new(words: &'a mut [u32]) -> Self {
        Self { words: words.iter_mut(), held: 0, count: 0 }
    }

    #[inline(always)]
    pub(super) fn push(&mut self, byte: u8) {
        self.held |= u32::from(byte) << (8 * (self.count & 3));
        self.count += 1;
        if self.count & 3 == 0 {
            if let Some(word) = self.words.next() {
                *word = self.held;
            }
            self.held = 0;
        }
    }

    pub(super) fn finish(mut self) {
        if let Some(word) = self.words.next() {
            *word = self.held;
            self.words.for_each(|word| *word = 0);
        }
    }
}

/// Windows of one row that are side by side, two in each panel.
struct Gathered<'a> {
    panels: &'a mut [[u32; 4]],
    /// Steps of a panel.
    panel_len: usize,
    /// The number of the first window, and how many there are.
    first: usize,
    count: usize,
}

/// Expands the windows of outputs from (y, x) on to 16 bits, where there is no pool.
fn gather(conv: &Conv<'_, '_>, input: Rows<'_>, [y, x]: [usize; 2], border: &mut [u32], to: Gathered<'_>) {
    let Gathered { panels, panel_len, first, count } = to;
    let ConvGeometry { kernel, stride, padding, .. } = *conv.geometry;
    let (height, depth) = (usize::from(conv.input.height), usize::from(conv.input.channels));
    let run = kernel[1] * depth;
    let quads = run.div_ceil(4);
    let step = stride[1] * depth;
    let start = (x * step) as isize - (padding[1] * depth) as isize;
    #[cfg(dsp)]
    let is_inside = start >= 0
        && start.unsigned_abs() + count.saturating_sub(1) * step + run <= input.row_len
        && conv.element == Element::Unsigned;
    for row in 0..kernel[0] {
        let at = (y * stride[0] + row).wrapping_sub(padding[0]);
        let steps = panels.get_mut(row * quads..).unwrap_or_else(misfit);
        #[cfg(dsp)]
        if is_inside && at < height {
            let bytes = input.from(at).get(start.unsigned_abs()..).unwrap_or(&[]);
            let lines = LineWindows { bytes, step, run };
            if expand::windows(&lines, first, count, &mut Panels { steps, panel_len }) {
                continue;
            }
        }
        let line = if at < height { input.row(at) } else { &[] };
        let to = Gathered { panels: steps, panel_len, first, count };
        match conv.element {
            #[cfg(dsp)]
            Element::Unsigned if !line.is_empty() => {
                gather_padded(&LineWindows { bytes: line, step, run }, start, border, to);
            }
            element => gather_line(&LineWindows { bytes: line, step, run }, start, element, border, to),
        }
    }
}

/// Expands unsigned windows of a line, which begin `start` bytes after the line does, with zeros for
/// what is outside of it.
#[cfg(dsp)]
#[inline(never)]
fn gather_padded(lines: &LineWindows<'_>, mut start: isize, border: &mut [u32], to: Gathered<'_>) {
    let Gathered { panels: steps, panel_len, mut first, mut count } = to;
    let &LineWindows { bytes: line, step, run } = lines;
    let quads = run.div_ceil(4);
    while count > 0 {
        let (mut bytes, mut windows) = (&[][..], 0);
        if start >= 0 {
            bytes = line.get(start.unsigned_abs()..).unwrap_or(&[]);
            windows = inside(bytes, count, step, quads);
        }
        if windows == 0 && border.len() < quads {
            // Without padding, the last words of the last line end beyond the input.
            let to = Gathered { panels: steps, panel_len, first, count };
            return gather_line(lines, start, Element::Unsigned, border, to);
        }
        if windows == 0 {
            // All that are left, or one.
            windows = count;
            let mut words = quads + ((count - 1) * step).div_ceil(4);
            if words > border.len() {
                (windows, words) = (1, quads);
            }
            bytes = copy_padded(line, start, border.get_mut(..words).unwrap_or_else(misfit));
        }
        let lines = LineWindows { bytes, step, run };
        if !expand::windows(&lines, first, windows, &mut Panels { steps: &mut *steps, panel_len }) {
            return misfit();
        }
        (first, count) = (first + windows, count - windows);
        start += (windows * step) as isize;
    }
}

/// Returns how many of `most` windows are inside of a line, each of so many words.
#[cfg(dsp)]
#[inline(never)]
fn inside(line: &[u8], most: usize, step: usize, quads: usize) -> usize {
    let mut count = most;
    while count > 0 && (count - 1) * step + 4 * quads > line.len() {
        count -= 1;
    }
    count
}

/// Expands windows of a line one by one; an empty line is outside of the input.
#[cfg_attr(dsp, inline(never))]
#[cfg_attr(not(dsp), inline(always))]
fn gather_line(
    lines: &LineWindows<'_>,
    mut start: isize,
    element: Element,
    border: &mut [u32],
    to: Gathered<'_>,
) {
    let Gathered { panels, panel_len, first, count } = to;
    let &LineWindows { bytes: line, step, run } = lines;
    for window in first..first + count {
        let windows = WindowRow { lines: [line; 2], starts: [start; 2], run };
        let panel = panels.get_mut(window / 2 * panel_len..).unwrap_or_else(misfit);
        let to = KernelRow { panel, stage_len: 0, tile: window % 2 };
        if line.is_empty() {
            clear_row(run.div_ceil(4), to);
        } else {
            let inside = windows.inside(false);
            expand_row(&windows, inside, false, element == Element::Signed, border, to);
        }
        start += step as isize;
    }
}

/// Copies a line's bytes from `start` on, with zeros for what is outside of it.
#[cfg(dsp)]
fn copy_padded<'a>(line: &[u8], start: isize, to: &'a mut [u32]) -> &'a [u8] {
    let mut at = start;
    for word in &mut *to {
        let four =
            if at < 0 { None } else { line.get(at.unsigned_abs()..).and_then(|line| line.first_chunk()) };
        *word = match four {
            Some(&four) => u32::from_le_bytes(four),
            None => edge(line, at),
        };
        at += 4;
    }
    bytemuck::cast_slice(to)
}

/// Returns four bytes of a line, with zeros for those that are outside of it.
#[cfg(dsp)]
#[inline(never)]
fn edge(line: &[u8], start: isize) -> u32 {
    let byte = |at: isize| line.get(at.cast_unsigned()).copied().unwrap_or(0);
    u32::from_le_bytes([0, 1, 2, 3].map(|i| byte(start + i)))
}

/// Writes a row of the kernel that is outside of the input.
#[inline(always)]
fn clear_row(quads: usize, mut to: KernelRow<'_>) {
    for q in 0..quads {
        to.set(0, q, [0; 2]);
    }
}

/// Sums the windows of some outputs.
#[cfg(not(dsp))]
fn sum_row(panels: &[u32], tiles: usize, weights: &[i16], words: usize, to: Element, out: Pixels<'_>) {
    let Pixels { bytes: out, channels: outputs } = out;
    let panels = panels.chunks_exact((2 * words).max(1)).take(tiles.div_ceil(2));
    for (panel, out) in panels.zip(out.chunks_mut((2 * outputs).max(1))) {
        sum(panel, weights, Stages { count: 1, words }, to, Pixels { bytes: out, channels: outputs });
    }
}

/// Expands the windows of a pooled output to 16 bits and writes the differences of one and the next
/// into the panel `[stage][words/2][tile 2][half 2]`.
#[inline(never)]
fn expand(conv: &Conv<'_, '_>, input: Rows<'_>, [y, x]: [usize; 2], border: &mut [u32], to: Tile<'_>) {
    let Tile { panel, index: tile } = to;
    let pool = conv.pool();
    let ConvGeometry { kernel, stride, padding, .. } = *conv.geometry;
    let (height, depth) = (usize::from(conv.input.height), usize::from(conv.input.channels));
    let starts =
        [0, 1].map(|i| (((pool * x + i) * stride[1]) as isize - padding[1] as isize) * depth as isize);
    let run = kernel[1] * depth;
    let quads = run.div_ceil(4);
    let stage_len = kernel[0] * quads;
    let line = |row: usize| {
        let row = (pool * y * stride[0] + row).wrapping_sub(padding[0]);
        if row < height { input.row(row) } else { &[] }
    };
    let signed = conv.element == Element::Signed;
    for row in 0..kernel[0] {
        let windows = WindowRow { lines: [line(row), line(row + stride[0])], starts, run };
        let inside = windows.inside(true);
        let panel = panel.get_mut(row * quads..).unwrap_or_else(misfit);
        let to = KernelRow { panel, stage_len, tile };
        expand_row(&windows, inside, true, signed, border, to);
    }
}

/// A row of the kernel in the windows of an output.
struct WindowRow<'a> {
    /// The lines of the upper windows and of the lower ones.
    lines: [&'a [u8]; 2],
    /// Bytes of a line at which the left windows and the right ones begin.
    starts: [isize; 2],
    /// Bytes of a window.
    run: usize,
}

impl<'a> WindowRow<'a> {
    /// Returns whether the first window, or all four, are inside of the input.
    #[inline(always)]
    fn inside(&self, pooled: bool) -> bool {
        let ([upper, lower], [left, right]) = (self.lines, self.starts);
        let end = if pooled { right } else { left }.unsigned_abs() + self.run;
        left >= 0 && upper.len() >= end && (!pooled || lower.len() >= end)
    }

    /// Returns the line and the start of a window: 0 and 1 are the upper ones, 0 and 2 the left
    /// ones.
    #[inline(always)]
    fn place(&self, window: usize) -> (&'a [u8], isize) {
        let ([upper, lower], [left, right]) = (self.lines, self.starts);
        (if window < 2 { upper } else { lower }, if window.is_multiple_of(2) { left } else { right })
    }

    /// Returns a window that is inside of the input.
    #[inline(always)]
    fn get(&self, window: usize) -> Option<&'a [u8]> {
        let (line, start) = self.place(window);
        line.get(start.unsigned_abs()..start.unsigned_abs() + self.run)
    }

    /// Copies a window, with zeros for pixels outside of the input.
    #[inline(always)]
    fn gather(&self, window: usize, words: &mut [u32]) {
        let mut bytes = ByteWriter::new(words);
        let (line, start) = self.place(window);
        for at in start..start + self.run as isize {
            bytes.push(if at < 0 { 0 } else { line.get(at.unsigned_abs()).copied().unwrap_or(0) });
        }
        bytes.finish();
    }
}

/// Expands one row of the kernel.
#[cfg_attr(dsp, inline(never))]
#[cfg_attr(not(dsp), inline(always))]
fn expand_row(
    row: &WindowRow<'_>,
    inside: bool,
    pooled: bool,
    signed: bool,
    border: &mut [u32],
    to: KernelRow<'_>,
) {
    let quads = row.run.div_ceil(4);
    if !inside {
        let count = if pooled { 4 } else { 1 };
        for (window, words) in border.chunks_exact_mut(quads.max(1)).enumerate().take(count) {
            row.gather(window, words);
        }
    }
    let gathered: &[u8] = bytemuck::cast_slice(border);
    let window = |index: usize| {
        let start = 4 * quads * index;
        if inside { row.get(index) } else { gathered.get(start..start + row.run) }
    };
    if pooled {
        let windows = [window(0), window(1), window(2), window(3)];
        let [Some(a), Some(b), Some(c), Some(d)] = windows else { return misfit() };
        expand_differences([a, b, c, d], signed, to);
    } else {
        let Some(window) = window(0) else { return misfit() };
        expand_window(window, signed, to);
    }
}

/// One row of the kernel in a panel, from its place in the first stage on.
struct KernelRow<'a> {
    panel: &'a mut [[u32; 4]],
    stage_len: usize,
    tile: usize,
}

impl KernelRow<'_> {
    /// Stores the words at index `q` of a stage.
    #[inline(always)]
    fn set(&mut self, stage: usize, q: usize, words: [u32; 2]) {
        let Some(step) = self.panel.get_mut(stage * self.stage_len + q) else { return misfit() };
        if self.tile == 0 { put::<0>(step, words) } else { put::<1>(step, words) }
    }
}

/// Expands one row of a window.
#[inline(always)]
fn expand_window(window: &[u8], signed: bool, mut to: KernelRow<'_>) {
    let (fours, rest) = window.as_chunks();
    for (q, &four) in fours.iter().enumerate() {
        to.set(0, q, bytes16(u32::from_le_bytes(four), signed));
    }
    if !rest.is_empty() {
        to.set(0, fours.len(), bytes16(fewer(rest), signed));
    }
}

/// Expands one row of each of the four windows of a pool, which have one length, and takes the
/// differences.
#[inline(always)]
fn expand_differences(windows: [&[u8]; 4], signed: bool, mut to: KernelRow<'_>) {
    let sub = |a: [u32; 2], b: [u32; 2]| [sub16(a[0], b[0]), sub16(a[1], b[1])];
    let mut step = |q: usize, words: [u32; 4]| {
        let [a, b, c, d] = words.map(|word| bytes16(word, signed));
        to.set(0, q, sub(a, b));
        to.set(1, q, sub(b, c));
        to.set(2, q, sub(c, d));
        to.set(3, q, d);
    };
    debug_assert!(windows.iter().all(|window| window.len() == windows[0].len()));
    let [a, b, c, d] = windows.map(<[u8]>::as_chunks);
    for (q, (((&a, &b), &c), &d)) in a.0.iter().zip(b.0).zip(c.0).zip(d.0).enumerate() {
        step(q, [a, b, c, d].map(u32::from_le_bytes));
    }
    if !a.1.is_empty() {
        step(a.0.len(), [a.1, b.1, c.1, d.1].map(fewer));
    }
}

/// Returns a word of up to three bytes; the others are 0.
#[inline(always)]
fn fewer(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte))
}

/// The inner loops for any processor.
#[cfg(not(dsp))]
mod portable {
    use super::*;
    use crate::engine::requantize::requantize;

    /// Sums the panel's two tiles with every record, and writes the outputs of those tiles for
    /// which `out` has room.
    #[inline(never)]
    pub(super) fn sum(panel: &[u32], weights: &[i16], stages: Stages, to: Element, out: Pixels<'_>) {
        let (Stages { count: stages, words }, Pixels { bytes: out, channels: outputs }) = (stages, out);
        for (pair, record) in weights.chunks_exact(((words + TAIL / 2) * 4).max(1)).enumerate() {
            let Some((weights, tail)) = record.split_at_checked(words * 4) else { return misfit() };
            let (mut a, mut b) = ([0; 2], [0; 2]); // a tile's sums, of two channels
            for (stage, panel) in panel.chunks_exact((words * 2).max(1)).enumerate().take(stages) {
                if stage > 0 {
                    (a, b) = (relu(a), relu(b));
                }
                for (x, w) in panel.as_chunks::<4>().0.iter().zip(weights.as_chunks::<8>().0) {
                    let [v, w] = split_weights(w);
                    a = add_lanes(a, x[0], v);
                    b = add_lanes(b, x[2], v);
                    barrier();
                    a = add_lanes(a, x[1], w);
                    b = add_lanes(b, x[3], w);
                    barrier();
                }
            }
            let Some(&tail) = tail.first_chunk() else { return misfit() };
            finish([a, b], tail, to, pair, Pixels { bytes: &mut *out, channels: outputs });
        }
    }

    #[inline(always)]
    fn relu([a, b]: [i32; 2]) -> [i32; 2] {
        [a.max(0), b.max(0)]
    }

    /// Writes the four rows of six pixels under one or two pooled outputs, in one word each, for
    /// [`sum_pixels3`].
    #[inline(never)]
    pub(super) fn write_pixels3(patch: Patch<'_>, tiles: usize, panel: &mut [[u32; 4]; 10]) {
        let Patch { lines, left, signed } = patch;
        let pixels = if tiles > 1 { 6 } else { 4 };
        for (line, row) in lines.into_iter().zip(panel.as_flattened_mut().as_chunks_mut::<6>().0) {
            let line = line.get(left..left + pixels).unwrap_or_else(misfit);
            for (to, &byte) in row.iter_mut().zip(line) {
                *to = if signed { byte as i8 as u32 } else { byte.into() };
            }
        }
    }

    /// Sums what [`write_pixels3`] wrote with every record, and writes the outputs.
    #[inline(never)]
    pub(super) fn sum_pixels3(panel: &[[u32; 4]; 10], weights: &[i16], to: Element, out: Pixels<'_>) {
        let Pixels { bytes: out, channels: outputs } = out;
        let Some((first, second)) = out.split_at_mut_checked(outputs) else { return misfit() };
        let mut second = second.as_chunks_mut::<2>().0.iter_mut();
        for (record, out) in weights.as_chunks::<48>().0.iter().zip(first.as_chunks_mut::<2>().0) {
            let Some(words) = record.as_chunks().0.first_chunk() else { return misfit() };
            let ([a0, b0], [a1, b1]) = (channel::<0>(panel, words), channel::<1>(panel, words));
            let parameters = parameters(record.last_chunk().copied().unwrap_or_else(misfit));
            // A match, so that the limits are constants.
            let finish = |sums: [i32; 2], to: Element| {
                let [(b, m), (c, n)] = parameters;
                [requantize(sums[0].wrapping_add(b), m, to), requantize(sums[1].wrapping_add(c), n, to)]
            };
            let (a, b) = ([a0, a1], [b0, b1]);
            let (a, b) = match to {
                Element::Unsigned => (finish(a, Element::Unsigned), finish(b, Element::Unsigned)),
                Element::Signed => (finish(a, Element::Signed), finish(b, Element::Signed)),
            };
            *out = a;
            if let Some(out) = second.next() {
                *out = b;
            }
        }
    }

    /// Returns the largest sums of a channel in both tiles.
    #[inline(always)]
    fn channel<const CHANNEL: usize>(panel: &[[u32; 4]; 10], words: &[[i16; 4]; 5]) -> [i32; 2] {
        let rows = panel.as_flattened().as_chunks::<6>().0;
        let weight = |word: usize, lane: usize| words[word][2 * CHANNEL + lane];
        let mut largest = [i32::MIN; 2];
        for upper in 0..2 {
            let mut s = [0i32; 4];
            for row in 0..3 {
                let last = if row < 2 { weight(3, row) } else { weight(4, 0) };
                let w = [weight(row, 0), weight(row, 1), last];
                let x = rows.get(upper + row).copied().unwrap_or([0; 6]);
                for (window, sum) in s.iter_mut().enumerate() {
                    for (column, &w) in w.iter().enumerate() {
                        let x = x.get(window + column).map_or(0, |&x| x as i32);
                        *sum = sum.wrapping_add(x.wrapping_mul(w.into()));
                    }
                }
                seam(s[0]);
            }
            for (largest, s) in largest.iter_mut().zip(s.as_chunks::<2>().0) {
                *largest = (*largest).max(s[0]).max(s[1]);
            }
            seam(largest[0]);
        }
        largest
    }

    /// Returns bias and multiplier of both channels.
    #[inline(always)]
    fn parameters([b0, b1, c0, c1, m0, m1, n0, n1]: [i16; 8]) -> [(i32, i32); 2] {
        let word = |low: i16, high: i16| i32::from(low as u16) | i32::from(high) << 16;
        [(word(b0, b1), word(m0, m1)), (word(c0, c1), word(n0, n1))]
    }

    /// Adds the biases, rounds and writes.
    #[inline(always)]
    fn finish(sums: [[i32; 2]; 2], tail: [i16; 8], to: Element, pair: usize, out: Pixels<'_>) {
        let Pixels { bytes: out, channels: outputs } = out;
        let parameters = parameters(tail);
        for (out, sums) in out.chunks_mut(outputs.max(1)).zip(sums) {
            if let Some(out) = out.get_mut(2 * pair..) {
                for ((out, sum), (bias, multiplier)) in out.iter_mut().zip(sums).zip(parameters) {
                    *out = requantize(sum.wrapping_add(bias), multiplier, to);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fast::random::{Case, Random, le};
    use std::vec;

    #[test]
    fn same_bytes_as_the_reference() {
        let mut random = Random(11);
        for index in 0..500 {
            let case = Case::random(&mut random, &[1, 1, 2, 3, 6], index % 2 == 0);
            let (biases, multipliers) = (le(&case.biases), le(&case.multipliers));
            let parameters = Parameters { weights: &[], biases: &biases, multipliers: &multipliers };
            let order = order(&case.conv(&parameters), case.geometry.is_padded());
            let mut packed = vec![0i16; packed_len(order, case.output.channels.into())];
            pack(&case.weights, order, &parameters, &mut packed);
            case.check(index, bytemuck::cast_slice(&packed), 1, work_words, rows);
        }
    }
}
