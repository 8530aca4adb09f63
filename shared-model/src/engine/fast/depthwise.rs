//! Depthwise convolution: each channel has a filter of its own. Four channels at a time, on weights
//! of 16 bits.
//!
//! The lines under a row of windows are expanded to lanes, column after column, so that a window is
//! one run of memory and padding is nothing but zeros in it. A window moves by whole columns:
//!
//! ```text
//! lines   a b c d …      panel  a A α  b B β  c C γ  d D δ …
//!         A B C D …             └──── window ────┘
//!         α β γ δ …                    └──── the next ───┘
//! ```

#[cfg(dsp)]
use super::{conv::Channels, cortex_m::depthwise as assembly};
use super::{
    conv::{Conv, Pixels, Rows},
    lanes::*,
    misfit,
};
use crate::{
    engine::requantize::requantize,
    model::{geometry::ConvGeometry, tensor::Element},
};

/// Channels that are computed together: the bytes of a word.
pub(super) const CHANNELS: usize = 4;

/// Four values, or weights, in the lanes of two words: channels 0 and 2, and channels 1 and 3.
pub(super) type Lanes = [u32; 2];

/// Returns how many words of workspace [`rows`] needs.
pub(super) const fn work_words(conv: &Conv<'_, '_>) -> usize {
    // Of two rows, pairs of values of four channels, twice for each column.
    let column = if rows_at_once(conv.geometry) == 2 { 8 } else { 2 * conv.geometry.kernel[0] };
    column * columns(conv)
}

/// Returns how many rows of the output are computed together.
pub(super) const fn rows_at_once(geometry: &ConvGeometry) -> usize {
    if matches!((geometry.kernel, geometry.stride), ([3, 3], [1, 1])) { 2 } else { 1 }
}

/// Returns the number of columns under a row of windows, or under one window if there are columns between
/// windows: these may be many, and nothing reads them.
const fn columns(conv: &Conv<'_, '_>) -> usize {
    let (kernel, stride) = (conv.geometry.kernel[1], conv.geometry.stride[1]);
    match (conv.output.width as usize).checked_sub(1) {
        Some(more) if stride <= kernel => more * stride + kernel,
        _ => kernel,
    }
}

/// Returns the index, among the halves of the packed weights, of the weight of `channel` at row and
/// column `at` of a kernel.
pub(super) const fn half_of(kernel: [usize; 2], channel: usize, at: [usize; 2]) -> usize {
    let (word, lane) = place(channel % CHANNELS);
    let tap = at[1] * kernel[0] + at[0];
    CHANNELS * (channel / CHANNELS * kernel[0] * kernel[1] + tap) + 2 * word + lane
}

/// Packs int8 weights `[channel][row][column]` of a whole number of quads of channels.
pub(super) fn pack(weights: &[i8], kernel: [usize; 2], halves: &mut [i16]) {
    let filters = weights.chunks_exact((kernel[0] * kernel[1]).max(1));
    for (channel, filter) in filters.enumerate() {
        for (tap, &weight) in filter.iter().enumerate() {
            let at = [tap / kernel[1], tap % kernel[1]];
            if let Some(half) = halves.get_mut(half_of(kernel, channel, at)) {
                *half = weight.into();
            }
        }
    }
}

/// Computes row `y` of the output, and the next one if `out` has room for both.
pub(super) fn rows(conv: &Conv<'_, '_>, input: Rows<'_>, y: usize, out: &mut [u8], work: &mut [u32]) {
    #[cfg(dsp)]
    let nine =
        conv.geometry.kernel == [3, 3] && conv.geometry.stride[1] <= 3 && conv.element == Element::Unsigned;
    #[cfg(dsp)]
    if nine
        && rows_at_once(conv.geometry) == 2
        && conv.to == Element::Unsigned
        && two_rows(conv, input, y, out, work).is_some()
    {
        return;
    }
    let row_len = usize::from(conv.output.width) * usize::from(conv.output.channels);
    for (y, out) in (y..).zip(out.chunks_mut(row_len.max(1))) {
        #[cfg(dsp)]
        if nine && one_row(conv, input, y, out, work).is_some() {
            continue;
        }
        row(conv, input, y, out, work);
    }
}

/// The lines under a row of windows, some of which may be outside of the input.
#[cfg(dsp)]
struct Under<'a, const LINES: usize> {
    /// The lines; another one in the place of one that is outside.
    lines: [&'a [u8]; LINES],
    is_outside: [bool; LINES],
}

#[cfg(dsp)]
impl<'a, const LINES: usize> Under<'a, LINES> {
    /// Returns the lines under row `y` of the output; `None` if all are outside.
    #[inline(always)]
    fn row(conv: &Conv<'_, '_>, input: Rows<'a>, y: usize) -> Option<Self> {
        let first = (y * conv.geometry.stride[0]).wrapping_sub(conv.geometry.padding[0]);
        let lines: [&[u8]; LINES] = core::array::from_fn(|i| {
            let row = first.wrapping_add(i);
            if row < conv.input.height.into() { input.row(row) } else { &[] }
        });
        let &any = lines.iter().find(|line| !line.is_empty())?;
        Some(Self {
            lines: lines.map(|line| if line.is_empty() { any } else { line }),
            is_outside: lines.map(<[u8]>::is_empty),
        })
    }

    /// Calls `clear` for the lines that are outside.
    #[inline(always)]
    fn each_outside(&self, mut clear: impl FnMut(usize)) {
        for (line, &is_outside) in self.is_outside.iter().enumerate() {
            if is_outside {
                clear(line);
            }
        }
    }
}

/// Returns the filters of all channels.
#[cfg(dsp)]
fn filters<'a>(conv: &Conv<'_, 'a>) -> assembly::Filters<'a> {
    let Channels { biases, multipliers } = conv.channels();
    let weights = bytemuck::try_cast_slice(conv.parameters.weights).unwrap_or_else(|_| misfit());
    assembly::Filters { weights, biases, multipliers }
}

/// Returns the columns of a panel that pixels are expanded into, with zeros in all others.
#[cfg(dsp)]
#[inline(always)]
fn strip<T: Copy>(conv: &Conv<'_, '_>, panel: &mut [T], zero: T) -> Strip {
    let padding = conv.geometry.padding[1];
    let pixels = usize::from(conv.input.width).min(panel.len().saturating_sub(padding));
    for outside in [0..padding, padding + pixels..panel.len()] {
        panel.get_mut(outside).unwrap_or_default().fill(zero);
    }
    Strip { channels: conv.input.channels.into(), pixels, padding }
}

/// Computes the rows `y` and `y + 1` of the output, or the first of them, of 3 × 3 windows side by
/// side. Returns `None`, and has done nothing, if the input has none of their lines.
///
/// Values of the first and the second line make a pair, and values of the third and the fourth, so
/// that four instructions do the six products of a column with the columns of both rows' windows.
#[cfg(dsp)]
#[inline(never)]
fn two_rows(conv: &Conv<'_, '_>, input: Rows<'_>, y: usize, out: &mut [u8], work: &mut [u32]) -> Option<()> {
    let mut under = Under::<4>::row(conv, input, y)?;
    let panel = work.as_chunks_mut().0.get_mut(..columns(conv))?;
    let strip = strip(conv, panel, [0; 8]);
    let row_len = out.len().min(usize::from(conv.output.width) * strip.channels);
    let rows: [&mut [u8]; 2] = out.split_at_mut_checked(row_len)?.into();
    if rows[1].is_empty() {
        // Nothing reads the fourth line.
        under.is_outside[3] = false;
    }
    let columns = assembly::Columns::new(under.lines, strip, filters(conv), panel)?;
    let mut rows = assembly::TwoRows::new(columns, rows)?;
    while rows.next(|columns| under.each_outside(|line| clear(line, columns))) {}
    Some(())
}

/// Clears the values of a line.
#[cfg(dsp)]
fn clear(line: usize, columns: &mut [assembly::Column]) {
    for column in columns {
        let halves: &mut [u16; 16] = bytemuck::cast_mut(column);
        for pairs in halves.as_chunks_mut::<4>().0 {
            if let Some(half) = pairs.get_mut(line) {
                *half = 0;
            }
        }
    }
}

/// Computes row `y` of the output, of 3 × 3 windows. Returns `None`, and has done nothing, if the input has
/// none of their lines.
#[cfg(dsp)]
#[inline(never)]
fn one_row(conv: &Conv<'_, '_>, input: Rows<'_>, y: usize, out: &mut [u8], work: &mut [u32]) -> Option<()> {
    let under = Under::<3>::row(conv, input, y)?;
    let lanes: &mut [Lanes] = work.as_chunks_mut().0;
    let panel = lanes.as_chunks_mut().0.get_mut(..columns(conv))?;
    let strip = strip(conv, panel, [[0; 2]; 3]);
    let stride = conv.geometry.stride[1];
    let columns = assembly::Columns::new(under.lines, strip, filters(conv), panel)?;
    let mut row = assembly::OneRow::new(columns, stride, conv.to, out)?;
    let clear = |line: usize, columns: &mut [assembly::Column3]| {
        columns.iter_mut().filter_map(|column| column.get_mut(line)).for_each(|lanes| *lanes = [0; 2]);
    };
    while row.next(|columns| under.each_outside(|line| clear(line, columns))) {}
    Some(())
}

/// Computes row `y` of the output.
fn row(conv: &Conv<'_, '_>, input: Rows<'_>, y: usize, out: &mut [u8], work: &mut [u32]) {
    let is_run = conv.geometry.stride[1] <= conv.geometry.kernel[1];
    let at_once = if is_run { out.len() } else { conv.output.channels.into() };
    for (x, out) in out.chunks_mut(at_once.max(1)).enumerate() {
        windows(conv, input, [y, x], out, work);
    }
}

/// Computes the outputs from (y, x) on, all of one row or a single one.
#[inline(never)]
fn windows(conv: &Conv<'_, '_>, input: Rows<'_>, [y, x]: [usize; 2], out: &mut [u8], work: &mut [u32]) {
    let [height, width] = conv.geometry.kernel;
    let Some(panel) = work.as_chunks_mut().0.get_mut(..height * columns(conv)) else { return misfit() };
    // Where nothing is written below, there are zeros for all channels.
    if conv.geometry.is_padded() {
        panel.fill([0; 2]);
    }
    let channels: usize = conv.input.channels.into();
    let (start, padding) = (x * conv.geometry.stride[1], conv.geometry.padding[1]);
    let (from, outside) = (start.saturating_sub(padding), padding.saturating_sub(start));
    let line = |ky: usize| {
        let row = (y * conv.geometry.stride[0] + ky).wrapping_sub(conv.geometry.padding[0]);
        if row < conv.input.height.into() {
            input.row(row).get(from * channels..).unwrap_or(&[])
        } else {
            &[]
        }
    };
    let weights: &[Lanes] = bytemuck::try_cast_slice(conv.parameters.weights).unwrap_or_else(|_| misfit());
    let (biases, multipliers) =
        (conv.channels().biases.as_chunks().0, conv.channels().multipliers.as_chunks().0);
    let filters = weights.chunks_exact((height * width).max(1)).zip(biases.iter().zip(multipliers));
    for (first, (weights, (biases, multipliers))) in (0..).step_by(CHANNELS).zip(filters) {
        for ky in 0..height {
            expand(conv, line(ky), first, panel.get_mut(height * outside + ky..).unwrap_or_default());
        }
        let filter = Filter { weights, biases, multipliers };
        let places = Places { panel, step: height * conv.geometry.stride[1] };
        let pixels = Pixels { bytes: out.get_mut(first..).unwrap_or_default(), channels };
        #[cfg(dsp)]
        if weights.len() == assembly::TAPS {
            assembly::nine(&filter, places, conv.to, pixels);
            continue;
        }
        match conv.to {
            Element::Unsigned => filter.run(places, Element::Unsigned, pixels),
            Element::Signed => filter.run(places, Element::Signed, pixels),
        }
    }
}

/// The columns under a row of windows.
#[cfg(dsp)]
#[derive(Clone, Copy)]
pub(super) struct Strip {
    /// All channels.
    pub channels: usize,
    /// Columns of padding on the left.
    pub padding: usize,
    /// Columns of the input after these.
    pub pixels: usize,
}

/// Expands four channels of a line into every so many lanes of the panel as a kernel has rows.
fn expand(conv: &Conv<'_, '_>, line: &[u8], first: usize, panel: &mut [Lanes]) {
    let line = line.get(first..).unwrap_or(&[]);
    let (step, channels) = (conv.geometry.kernel[0].max(1), conv.input.channels.max(1).into());
    #[cfg(dsp)]
    if conv.element == Element::Unsigned {
        assembly::line(line, channels, panel, step);
        return;
    }
    let slots = panel.iter_mut().step_by(step);
    let pixels = line.chunks(channels).filter_map(|pixel| pixel.first_chunk());
    match conv.element {
        Element::Unsigned => pixels.zip(slots).for_each(|(pixel, slot)| *slot = lanes(pixel, false)),
        Element::Signed => pixels.zip(slots).for_each(|(pixel, slot)| *slot = lanes(pixel, true)),
    }
}

#[inline(always)]
fn lanes(pixel: &[u8; CHANNELS], signed: bool) -> Lanes {
    bytes16(u32::from_le_bytes(*pixel), signed)
}

/// The windows of a row.
#[derive(Clone, Copy)]
pub(super) struct Places<'p> {
    /// What [`expand`] wrote.
    pub panel: &'p [Lanes],
    /// Lanes from a window to the next one.
    pub step: usize,
}

/// The filters of four channels.
pub(super) struct Filter<'a> {
    /// In the order of a window.
    pub weights: &'a [Lanes],
    pub biases: &'a [i32; CHANNELS],
    pub multipliers: &'a [i32; CHANNELS],
}

impl Filter<'_> {
    /// Computes the first four channels of each pixel.
    #[inline(always)]
    fn run(&self, Places { panel, step }: Places<'_>, to: Element, out: Pixels<'_>) {
        let windows = panel.windows(self.weights.len().max(1)).step_by(step.max(1));
        let outputs = out.bytes.chunks_mut(out.channels.max(1)).filter_map(|pixel| pixel.first_chunk_mut());
        for (window, out) in windows.zip(outputs) {
            let sums = self.sum(window);
            let out: &mut [u8; CHANNELS] = out;
            for ((out, sum), &multiplier) in out.iter_mut().zip(sums).zip(self.multipliers) {
                *out = requantize(sum, multiplier, to);
            }
        }
    }

    /// Returns the biases and the products of a window.
    #[inline(always)]
    fn sum(&self, window: &[Lanes]) -> [i32; CHANNELS] {
        let mut sums = *self.biases;
        for (x, w) in window.iter().zip(self.weights) {
            let add = |sum: i32, x: i32, w: i32| sum.wrapping_add(x.wrapping_mul(w));
            sums = [
                add(sums[0], low(x[0]), low(w[0])),
                add(sums[1], low(x[1]), low(w[1])),
                add(sums[2], high(x[0]), high(w[0])),
                add(sums[3], high(x[1]), high(w[1])),
            ];
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::{super::random::*, *};
    use crate::model::tensor::Shape;
    use std::vec;

    #[test]
    fn equals_the_reference() {
        let mut random = Random(7);
        for index in 0..3000 {
            let kernel = random.pick(&[[3, 3], [3, 3], [5, 5], [1, 1], [1, 4], [4, 2]]);
            let stride =
                if random.range(0, 2) == 0 { [1, 1] } else { [random.range(1, 2), random.range(1, 3)] };
            let padding = [random.range(0, kernel[0] - 1), random.range(0, kernel[1] - 1)];
            let size = kernel.map(|k| k + random.range(0, 9));
            // Below and to the right, some windows hang over the edge as well.
            let counts = [0, 1].map(|i| {
                let beyond = random.range(0, kernel[i] - 1);
                (size[i] + padding[i] + beyond - kernel[i]) / stride[i] + 1
            });
            let channels = 4 * random.range(1, 5);
            let shape = |[h, w]: [usize; 2]| Shape::new(h as u16, w as u16, channels as u16);
            let (input, output) = (shape(size), shape(counts));
            let geometry = ConvGeometry { input, output, kernel, stride, padding, groups: channels };
            let case = Case::new(&mut random, geometry, false);
            let mut packed = vec![0i32; case.weights.len() / 2];
            pack(&case.weights, kernel, bytemuck::cast_slice_mut(&mut packed));
            let at_once = rows_at_once(&case.geometry);
            case.check(
                index,
                bytemuck::cast_slice(&packed),
                at_once,
                work_words,
                |conv, input, y, out, work| rows(conv, input, at_once * y, out, work),
            );
        }
    }
}
