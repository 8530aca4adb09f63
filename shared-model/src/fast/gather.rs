//! Convolutions of any kernel, stride and padding: windows are gathered as words of two 16-bit values, in the order in
//! which the weights are packed, and multiplied with all filters. A dense layer is one window.

use super::{
    Conv, Finish, LANES,
    pack::{place, row_words, taps_words},
    processor,
};
use crate::Element;

/// Words that [`rows`] works in.
pub(super) fn work_len(bytes: bool, taps: usize) -> usize {
    LANES * if bytes { row_words(taps) } else { taps_words(taps) }
}

/// Words that [`dense`] works in.
pub(super) fn dense_work_len(inputs: usize) -> usize {
    row_words(inputs)
}

/// Computes row `row` of the output. Weights are those of [`Path::Rows`](super::Path::Rows) if `bytes`, of
/// [`Path::Taps`](super::Path::Taps) if not.
pub(super) fn rows(conv: &Conv<'_>, bytes: bool, row: usize, output: &mut [u8], work: &mut [u32]) {
    let channels = conv.finish.biases.len();
    let Some(panel) = work.get_mut(..work_len(bytes, conv.geometry.taps())) else { return };
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
            gather(conv, bytes, [y * down, x * right], lane, panel);
        }
        processor::lanes(panel, conv.weights, bytes, conv.pooled, &conv.finish, output);
    }
}

/// Copies the window whose upper left corner is at (`y`, `x`) of the padded input into a lane of the panel.
fn gather(conv: &Conv<'_>, bytes: bool, [y, x]: [usize; 2], lane: usize, panel: &mut [u32]) {
    let halves: &mut [i16] = bytemuck::cast_slice_mut(panel);
    let [kernel_height, kernel_width] = conv.geometry.kernel;
    let mut tap = 0;
    let mut put = |value: i32| {
        let at = if bytes { place(tap) } else { tap };
        if let Some(half) = halves.get_mut(at / 2 * 2 * LANES + 2 * lane + at % 2) {
            *half = value as i16;
        }
        tap += 1;
    };
    for y in y..y + kernel_height {
        if let Some(line) = conv.columns(y, x, kernel_width) {
            line.iter().for_each(|&byte| put(conv.element.value(byte)));
            continue;
        }
        for x in x..x + kernel_width {
            match conv.columns(y, x, 1) {
                Some(pixel) => pixel.iter().for_each(|&byte| put(conv.element.value(byte))),
                None => (0..conv.depth()).for_each(|_| put(0)),
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
    let Some(words) = work.get_mut(..row_words(input.len())) else { return };
    let mut bytes = input.chunks(4);
    for pair in words.chunks_exact_mut(2) {
        let mut values = [0; 4];
        values.iter_mut().zip(bytes.next().unwrap_or_default()).for_each(|(value, byte)| {
            *value = element.value(*byte) as u32;
        });
        let [a, b, c, d] = values;
        pair.copy_from_slice(&[a & 0xffff | c << 16, b & 0xffff | d << 16]);
    }
    processor::dense(words, weights, finish, output);
}
