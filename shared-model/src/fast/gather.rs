//! Convolutions of any kernel, stride and padding: windows are gathered as words of two 16-bit values, in the order in
//! which the weights are packed, and multiplied with all filters. A dense layer is one window.

use super::{Conv, FilterShape, Finish, LANES, Path, processor};
use crate::Element;

/// Most lines that windows of one channel are taken from without gathering them.
const MAX_LINES: usize = 6;

/// Words that [`rows`] works in: a panel of [`LANES`] windows.
pub(super) fn work_len(path: Path, filters: FilterShape) -> usize {
    LANES * if path == Path::Rows { dense_work_len(filters) } else { filters.tap_words() }
}

/// Words that [`dense`] works in: one window.
pub(super) fn dense_work_len(filters: FilterShape) -> usize {
    filters.row_words().unwrap_or_default()
}

/// Computes row `row` of the output. Weights are those of [`Path::Rows`] if `bytes`, of [`Path::Taps`] if not.
pub(super) fn rows(conv: &Conv<'_>, bytes: bool, row: usize, output: &mut [u8], work: &mut [u32]) {
    let filters = conv.geometry.filters();
    let channels = filters.channels;
    let words = if bytes { filters.row_words().unwrap_or_default() } else { filters.tap_words() };
    if conv.pooled && conv.geometry.stride == [1, 1] && filters.depth == 1 && filters.kernel[0] < MAX_LINES {
        let columns = 2 * conv.columns + filters.kernel[1] - 1;
        let mut lines = [&[][..]; MAX_LINES];
        let lines = lines.get_mut(..filters.kernel[0] + 1).unwrap_or_default();
        for (line, y) in lines.iter_mut().zip(2 * row..) {
            *line = conv.columns(y, 0, columns).unwrap_or_default();
        }
        if processor::windows(lines, filters, conv.weights, &conv.finish, output) {
            return;
        }
    }
    let Some(panel) = work.get_mut(..words * LANES) else { return };
    // What is behind the last value of a window.
    panel.fill(0);
    // The windows: the four of a pool's output, or those of four outputs.
    let [down, right] = conv.geometry.stride;
    let outputs = if conv.pooled { 1 } else { LANES };
    for (index, output) in output.chunks_mut((outputs * channels).max(1)).enumerate() {
        let windows = if conv.pooled { LANES } else { output.len() / channels.max(1) };
        for lane in 0..windows {
            let (y, x) = match conv.pooled {
                true => (2 * row + lane / 2, 2 * index + lane % 2),
                false => (row, LANES * index + lane),
            };
            if bytes {
                gather_lines(conv, filters, [y * down, x * right], lane, panel);
            } else {
                gather_taps(conv, filters, [y * down, x * right], lane, panel);
            }
        }
        processor::lanes(panel, conv.weights, bytes, conv.pooled, &conv.finish, output);
    }
}

/// Copies the window whose upper left corner is at (`y`, `x`) of the padded input into a lane of the panel, for
/// [`Path::Rows`].
fn gather_lines(conv: &Conv<'_>, filters: FilterShape, [y, x]: [usize; 2], lane: usize, panel: &mut [u32]) {
    let columns = filters.kernel[1];
    let words = panel.get_mut(lane..).unwrap_or_default();
    let lines = words.chunks_mut((filters.line_halves() / 2 * LANES).max(1));
    for (y, words) in (y..y + filters.kernel[0]).zip(lines) {
        if let Some(line) = conv.columns(y, x, columns) {
            spread(line.chunks(4), conv.element, words);
            continue;
        }
        // Some of it is padding.
        let depth = conv.depth();
        let mut bytes = (0..columns * depth).map(|index| {
            let pixel = conv.columns(y, x + index / depth.max(1), 1).unwrap_or_default();
            pixel.get(index % depth.max(1)).copied().unwrap_or_default()
        });
        for index in 0..filters.line_halves() / 4 {
            let four: [u8; 4] = core::array::from_fn(|_| bytes.next().unwrap_or_default());
            let words = words.get_mut(2 * LANES * index..).unwrap_or_default();
            spread(core::iter::once(&four[..]), conv.element, words);
        }
    }
}

/// Makes two words of each four bytes, and puts them into a lane.
#[inline(always)]
fn spread<'b>(fours: impl Iterator<Item = &'b [u8]>, element: Element, words: &mut [u32]) {
    let mut words = words.iter_mut().step_by(LANES);
    for four in fours {
        let [even, odd] = pairs(four, element);
        for (pair, word) in [even, odd].into_iter().zip(words.by_ref()) {
            *word = pair;
        }
    }
}

/// Up to four bytes as words of two: the first and the third, the second and the fourth.
#[inline(always)]
fn pairs(four: &[u8], element: Element) -> [u32; 2] {
    let value = |index: usize| four.get(index).map_or(0, |&byte| element.value(byte)) as u32 & 0xffff;
    [value(0) | value(2) << 16, value(1) | value(3) << 16]
}

/// The same for [`Path::Taps`].
fn gather_taps(conv: &Conv<'_>, filters: FilterShape, [y, x]: [usize; 2], lane: usize, panel: &mut [u32]) {
    let halves: &mut [i16] = bytemuck::cast_slice_mut(panel);
    let mut tap = 0;
    for y in y..y + filters.kernel[0] {
        for x in x..x + filters.kernel[1] {
            let pixel = conv.columns(y, x, 1);
            for channel in 0..filters.depth {
                let byte = pixel.and_then(|pixel| pixel.get(channel)).copied().unwrap_or_default();
                let at = filters.tap_place(tap);
                if let Some(half) = halves.get_mut(at / 2 * 2 * LANES + 2 * lane + at % 2) {
                    *half = conv.element.value(byte) as i16;
                }
                tap += 1;
            }
        }
    }
}

/// Computes a dense layer.
pub(super) fn dense(
    weights: &[u32],
    finish: &Finish<'_>,
    (input, element): (&[u8], Element),
    output: &mut [u8],
    work: &mut [u32],
) {
    let filters = FilterShape { channels: finish.biases.len(), kernel: [1, 1], depth: input.len() };
    let Some(words) = work.get_mut(..filters.row_words().unwrap_or_default()) else { return };
    let mut fours = input.chunks(4);
    for words in words.as_chunks_mut().0 {
        *words = pairs(fours.next().unwrap_or_default(), element);
    }
    processor::dense(words, weights, finish, output);
}
