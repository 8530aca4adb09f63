//! Dense layers, and convolutions of any kernel, on int8 weights that stay one byte each: two
//! output channels A and B share a halfword `(B << 8) | (A + 128)`.
//!
//! With `T = Σ halfword · x` and `S = Σ B · x`, `Σ (A + 128) · x = T − 256 · S` mod 2^32, and
//! `128 · Σ x` is the same for all channels.

use super::{
    conv::{Channels, Conv, Rows},
    lanes::*,
    misfit,
    panel::{Fours, Panel},
};
use crate::{
    engine::requantize::requantize,
    model::{geometry::ConvGeometry, tensor::Element},
};

#[cfg(dsp)]
use super::{
    conv::Pixels,
    cortex_m::{dense::fours, dot4x2::dot4x2, expand::expand as expand_quads, rows4::rows4},
};
#[cfg(not(dsp))]
use portable::{dot4, dot4x2};

/// Zeros fill up rows of weights to a multiple of this.
pub(super) const ROW_MULTIPLE: usize = 8;
/// Windows that are summed together.
const WINDOWS: usize = 4;

/// A dense layer.
#[derive(Clone, Copy)]
pub(crate) struct Dense<'a> {
    /// The type of the input's bytes.
    pub element: Element,
    /// The type of the output's bytes.
    pub to: Element,
    /// Biases and multipliers.
    pub channels: Channels<'a>,
    /// Weights as [`pack`] writes them, 4-byte aligned.
    pub weights: &'a [u8],
}

/// Returns how many words of workspace [`conv`] needs.
pub(super) const fn work_words(conv: &Conv<'_, '_>) -> usize {
    (WINDOWS + 1) * conv.taps().next_multiple_of(8) / 2
}

/// Returns how many words of workspace [`dense`] needs.
pub(super) const fn dense_work_words(inputs: usize) -> usize {
    inputs.next_multiple_of(8) / 2
}

/// Packs int8 weights `[output][tap]`: `[four outputs][word][pair 2][lane 2][A + 128, B]`. Weights
/// of 0 fill up taps to a multiple of 8, outputs to a multiple of 4. Word and lane of a tap: word
/// `2q + h` holds the taps `4q + h` and `4q + 2 + h`.
pub(crate) fn pack(weights: &[i8], taps: usize, packed: &mut [u8]) {
    if taps == 0 {
        return;
    }
    packed
        .chunks_exact_mut(2)
        .for_each(|pair| pair.iter_mut().zip([128, 0]).for_each(|(byte, zero)| *byte = zero));
    for (output, filter) in weights.chunks_exact(taps).enumerate() {
        for (tap, &weight) in filter.iter().enumerate() {
            if let Some(slot) = packed.get_mut(place_of(taps, output, tap)) {
                *slot = if output % 2 == 0 { (weight as u8).wrapping_add(128) } else { weight as u8 };
            }
        }
    }
}

/// Returns the index of the weight of a tap of an output.
pub(super) const fn place_of(taps: usize, output: usize, tap: usize) -> usize {
    let (word, lane) = place(tap);
    output / 4 * 4 * taps.next_multiple_of(ROW_MULTIPLE)
        + 8 * word
        + 4 * (output / 2 % 2)
        + 2 * lane
        + output % 2
}

/// Expands bytes to words of two, stores one in every `step` words of the panel, and returns the
/// sum of the bytes.
fn expand(bytes: &[u8], signed: bool, panel: &mut [u32], step: usize) -> i32 {
    let mut sum = 0u32; // two sums of 16 lanes each would overflow: lanes are added one by one
    #[cfg(dsp)]
    let (bytes, panel) = if signed {
        (bytes, panel)
    } else {
        let (quads, rest) = bytes.as_chunks();
        sum = expand_quads(quads, panel, [step, 2 * step]);
        (rest, panel.get_mut(2 * step * quads.len()..).unwrap_or(&mut []))
    };
    let mut add = |slot: Option<&mut u32>, lanes: u32| {
        if let Some(slot) = slot {
            *slot = lanes;
        }
        sum = sum.wrapping_add((low(lanes) + high(lanes)) as u32);
    };
    let mut slots = panel.iter_mut().step_by(step.max(1));
    let (fours, rest) = bytes.as_chunks::<4>();
    for &four in fours {
        let [even, odd] = bytes16(u32::from_le_bytes(four), signed);
        add(slots.next(), even);
        add(slots.next(), odd);
    }
    if !rest.is_empty() {
        let mut four = [0; 4];
        super::copy(&mut four, rest);
        let [even, odd] = bytes16(u32::from_le_bytes(four), signed);
        add(slots.next(), even);
        add(slots.next(), odd);
    }
    slots.for_each(|slot| *slot = 0);
    sum as i32
}

/// [`expand`] of unsigned bytes into consecutive words.
#[cfg(dsp)]
fn expand_unsigned(bytes: &[u8], panel: &mut [u32]) -> i32 {
    expand(bytes, false, panel, 1)
}

/// [`expand`] of unsigned bytes into consecutive words.
#[cfg(not(dsp))]
fn expand_unsigned(bytes: &[u8], panel: &mut [u32]) -> i32 {
    // 64 times 4 bytes do not overflow two sums of 16 bits. The slower function expands the last,
    // shorter piece.
    let (pieces, rest) = bytes.as_chunks::<256>();
    let Some((panels, end)) = panel.split_at_mut_checked(128 * pieces.len()) else { return 0 };
    let mut sum = 0u32;
    for (piece, panel) in pieces.iter().zip(panels.as_chunks_mut::<128>().0) {
        sum += expand_quads(piece.as_chunks().0, panel.as_chunks_mut().0);
    }
    let (quads, rest) = rest.as_chunks();
    sum += expand_quads(quads, end.as_chunks_mut().0);
    let end = end.get_mut(2 * quads.len()..).unwrap_or(&mut []);
    if end.is_empty() {
        return sum as i32; // a row of a window, which is whole words
    }
    sum as i32 + expand(rest, false, end, 1)
}

/// Expands up to 128 times four bytes; returns their sum.
#[cfg(not(dsp))]
#[inline(always)]
fn expand_quads(quads: &[[u8; 4]], panel: &mut [[u32; 2]]) -> u32 {
    let mut sums = 0u32;
    for (&quad, panel) in quads.iter().zip(panel) {
        let [even, odd] = bytes16(u32::from_le_bytes(quad), false);
        *panel = [even, odd];
        sums += even + odd;
    }
    (sums & 0xffff) + (sums >> 16)
}

/// Computes a dense layer.
pub(crate) fn dense(layer: &Dense<'_>, input: &[u8], out: &mut [u8], work: &mut [u32]) {
    let padded = input.len().next_multiple_of(8);
    let Some(panel) = work.get_mut(..padded / 2) else { return misfit() };
    if panel.is_empty() {
        return misfit();
    }
    let offset = match layer.element {
        Element::Unsigned => expand_unsigned(input, panel),
        Element::Signed => expand(input, true, panel, 1),
    };
    let offset = offset.wrapping_mul(128);
    dense_rows(layer, panel, offset, out);
}

/// Computes the rows of [`dense`], four at a time; `offset` is 128 times the sum of the panel.
fn dense_rows(layer: &Dense<'_>, panel: &[u32], offset: i32, out: &mut [u8]) {
    let (biases, last_biases) = layer.channels.biases.as_chunks();
    let (multipliers, last_multipliers) = layer.channels.multipliers.as_chunks();
    let (whole, rest) = out.as_chunks_mut();
    let last = whole.len() * 8 * panel.len();
    let panel = Panel { words: panel, offset };
    fours(panel, layer.weights, Fours { biases, multipliers }, layer.to, whole);
    if !rest.is_empty() {
        // Four more rows, some of which are not used.
        let mut parameters = [[0; 4]; 2];
        for (to, from) in parameters.iter_mut().zip([last_biases, last_multipliers]) {
            to.iter_mut().zip(from).for_each(|(to, &from)| *to = from);
        }
        let [biases, multipliers] = &parameters;
        let (biases, multipliers) = (core::slice::from_ref(biases), core::slice::from_ref(multipliers));
        let mut four = [[0; 4]];
        let weights = layer.weights.get(last..).unwrap_or_else(misfit);
        fours(panel, weights, Fours { biases, multipliers }, layer.to, &mut four);
        super::copy(rest, four.as_flattened());
    }
}

/// Computes groups of four outputs.
#[cfg(not(dsp))]
fn fours(panel: Panel<'_>, weights: &[u8], parameters: Fours<'_>, to: Element, out: &mut [[u8; 4]]) {
    match to {
        Element::Unsigned => fours_to(Element::Unsigned, panel, weights, parameters, out),
        Element::Signed => fours_to(Element::Signed, panel, weights, parameters, out),
    }
}

#[cfg(not(dsp))]
#[inline(always)]
fn fours_to(to: Element, panel: Panel<'_>, weights: &[u8], parameters: Fours<'_>, out: &mut [[u8; 4]]) {
    let (Panel { words: panel, offset }, Fours { biases, multipliers }) = (panel, parameters);
    let groups = weights.chunks_exact((8 * panel.len()).max(1));
    let finish = |sum: i32, bias: i32, multiplier: i32| requantize(sum.wrapping_add(bias), multiplier, to);
    for ((out, weights), (b, m)) in out.iter_mut().zip(groups).zip(biases.iter().zip(multipliers)) {
        let s = dot4(panel, weights);
        *out = [
            finish(s[0].wrapping_sub(offset), b[0], m[0]),
            finish(s[1], b[1], m[1]),
            finish(s[2].wrapping_sub(offset), b[2], m[2]),
            finish(s[3], b[3], m[3]),
        ];
    }
}

/// Returns how many rows of the output are computed together: of a 1 × 1 convolution as many as make
/// whole fours of windows.
pub(super) const fn rows_at_once(geometry: &ConvGeometry) -> usize {
    match (geometry.kernel, geometry.output.width % 4) {
        ([1, 1], 2) => 2,
        ([1, 1], 1 | 3) => 4,
        _ => 1,
    }
}

/// Computes row `y` of a convolution's output, and the rows after it for which `out` has room.
pub(crate) fn conv(conv: &Conv<'_, '_>, input: Rows<'_>, y: usize, out: &mut [u8], work: &mut [u32]) {
    // Without the DSP extension, four windows of several rows cost more than the last ones of each
    // row by themselves.
    let row_len = usize::from(conv.output.width) * usize::from(conv.output.channels);
    let at_once = if cfg!(dsp) { out.len() } else { row_len };
    for (y, out) in (y..).zip(out.chunks_mut(at_once.max(1))) {
        conv_rows(conv, input, y, out, work);
    }
}

/// Computes the rows from `y` on for which `out` has room.
fn conv_rows(conv: &Conv<'_, '_>, input: Rows<'_>, y: usize, out: &mut [u8], work: &mut [u32]) {
    let padded = conv.taps().next_multiple_of(8);
    let outputs = usize::from(conv.output.channels);
    if padded == 0 || outputs == 0 {
        return misfit();
    }
    let Some((panel, bytes)) = work.split_at_mut_checked(WINDOWS * padded / 2) else { return misfit() };
    let (channels, weights) = (conv.channels(), conv.parameters.weights);
    let columns = usize::from(conv.output.width);
    let advance =
        |[row, column]: [usize; 2]| if column + 1 < columns { [row, column + 1] } else { [row + 1, 0] };
    let (mut place, mut rest) = ([y, 0], out);
    let at_once = if conv.pooled { 1 } else { WINDOWS };
    while rest.len() >= at_once * outputs
        && let Some((out, others)) = core::mem::take(&mut rest).split_at_mut_checked(at_once * outputs)
    {
        rest = others;
        let mut offsets = [0i32; WINDOWS];
        for (window, offset) in offsets.iter_mut().enumerate() {
            let mut position = place;
            if conv.pooled {
                position = [2 * place[0] + window / 2, 2 * place[1] + window % 2];
            } else {
                place = advance(place);
            }
            *offset =
                gather(conv, input, position, bytes, panel.get_mut(window..).unwrap_or_else(misfit), WINDOWS);
        }
        if conv.pooled {
            place = advance(place);
        }
        #[cfg(dsp)]
        if !conv.pooled && outputs % 2 == 0 {
            rows4(panel, offsets, weights, channels, conv.to, Pixels { bytes: out, channels: outputs });
            continue;
        }
        let groups = weights.chunks_exact((4 * padded).max(1));
        let parameters = channels.biases.chunks(4).zip(channels.multipliers.chunks(4));
        for (group, (weights, (biases, multipliers))) in groups.zip(parameters).enumerate() {
            for pair in 0..2 {
                let (a, b) = dot4x2(panel, weights, pair);
                for (channel, sums) in [a, b].into_iter().enumerate() {
                    let at = 2 * pair + channel;
                    let (Some(&bias), Some(&multiplier)) = (biases.get(at), multipliers.get(at)) else {
                        break;
                    };
                    let mut sums = sums;
                    if channel == 0 {
                        sums.iter_mut()
                            .zip(offsets)
                            .for_each(|(sum, x)| *sum = sum.wrapping_sub(x.wrapping_mul(128)));
                    }
                    if conv.pooled {
                        let [a, b, c, d] = sums;
                        sums[0] = a.max(b).max(c.max(d));
                    }
                    for (out, sum) in out.chunks_exact_mut(outputs).zip(sums) {
                        let Some(slot) = out.get_mut(4 * group + at) else { return misfit() };
                        *slot = requantize(sum.wrapping_add(bias), multiplier, conv.to);
                    }
                }
            }
        }
    }
    // One window at a time, as for a dense layer, costs less than computing four and using fewer.
    let Some(panel) = panel.get_mut(..padded / 2) else { return misfit() };
    let dense = Dense { element: conv.element, to: conv.to, channels, weights };
    for out in rest.chunks_exact_mut(outputs) {
        let offset = gather(conv, input, place, bytes, panel, 1).wrapping_mul(128);
        dense_rows(&dense, panel, offset, out);
        place = advance(place);
    }
}

/// Expands the window at `position` of the convolution into every `step`th word of the panel.
/// Returns its sum.
fn gather(
    conv: &Conv<'_, '_>,
    input: Rows<'_>,
    [y, x]: [usize; 2],
    bytes: &mut [u32],
    panel: &mut [u32],
    step: usize,
) -> i32 {
    let depth = usize::from(conv.input.channels);
    let height = usize::from(conv.input.height);
    let left = (x * conv.geometry.stride[1]) as isize - conv.geometry.padding[1] as isize;
    let run = conv.geometry.kernel[1] * depth;
    let start = left * depth as isize;
    let line = |i: usize| {
        let row = (y * conv.geometry.stride[0] + i).wrapping_sub(conv.geometry.padding[0]);
        if row < height { input.row(row) } else { &[] }
    };
    let width = usize::from(conv.input.width) * depth;
    let (from, end) = (start.max(0).unsigned_abs(), (start + run as isize).max(0).unsigned_abs().min(width));
    let is_inside = from + run == end;
    if run.is_multiple_of(4) && (is_inside || depth.is_multiple_of(4)) {
        // Each line fills whole words of the panel, and so does what is inside of it.
        if !is_inside {
            panel.iter_mut().step_by(step.max(1)).for_each(|word| *word = 0);
        }
        let mut sum = 0i32;
        let words = run / 2 * step;
        let outside = start.min(0).unsigned_abs() / 2 * step;
        for i in 0..conv.geometry.kernel[0] {
            // The panel may end before the last word of the last line that another window would
            // have.
            let last = panel.len().min((i + 1) * words);
            let Some(panel) = panel.get_mut(i * words + outside..last) else { break };
            let line = line(i).get(from..end).unwrap_or(&[]);
            #[cfg(dsp)]
            if conv.element == Element::Unsigned && !line.is_empty() {
                sum = sum.wrapping_add(expand_quads(line.as_chunks().0, panel, [step, 2 * step]) as i32);
                continue;
            }
            let more = if step == 1 && conv.element == Element::Unsigned {
                expand_unsigned(line, panel)
            } else {
                expand(line, conv.element == Element::Signed, panel, step)
            };
            sum = sum.wrapping_add(more);
        }
        let rest = panel.get_mut(conv.geometry.kernel[0] * words..).unwrap_or(&mut []);
        rest.iter_mut().step_by(step.max(1)).for_each(|word| *word = 0);
        return sum;
    }
    let mut sum = 0i32;
    let mut writer = super::taps::ByteWriter::new(bytes);
    for i in 0..conv.geometry.kernel[0] {
        let line = line(i);
        for at in start..start + run as isize {
            writer.push(if at < 0 { 0 } else { line.get(at.unsigned_abs()).copied().unwrap_or(0) });
        }
    }
    writer.finish();
    let mut slots = panel.iter_mut().step_by(step.max(1));
    let words = conv.taps().div_ceil(4);
    for &word in bytes.iter().take(words) {
        for lanes in bytes16(word, conv.element == Element::Signed) {
            if let Some(slot) = slots.next() {
                *slot = lanes;
            }
            sum = sum.wrapping_add(low(lanes) + high(lanes));
        }
    }
    slots.for_each(|slot| *slot = 0);
    sum
}

/// The inner loops for any processor.
#[cfg(not(dsp))]
mod portable {
    use super::*;

    /// Returns `[Σ (A + 128)x, Σ Bx]` for both pairs of four outputs.
    #[inline(never)]
    pub(super) fn dot4(panel: &[u32], weights: &[u8]) -> [i32; 4] {
        let mut sums = [0i32; 4];
        let panel: &[i16] = bytemuck::cast_slice(panel);
        let (x, w) = (panel.as_chunks::<2>().0, weights.as_chunks::<8>().0);
        debug_assert_eq!(x.len(), w.len());
        let words = x.len().min(w.len());
        let (x, w) = (x.get(..words).unwrap_or(&[]), w.get(..words).unwrap_or(&[]));
        pass::<0>(&mut sums, x, w);
        // The second lane begins one half-word later and leaves out the last word. So it is read
        // like the first one, at the beginnings of pieces, for which processors have instructions.
        // A compiler that knew how much later would undo that.
        seam(sums[0]);
        let one = opaque(1);
        let later_x = x.as_flattened().get(one..).unwrap_or(&[]).as_chunks().0;
        let later_w = w.as_flattened().get(2 * one..).unwrap_or(&[]).as_chunks().0;
        debug_assert_eq!([later_x.len(), later_w.len()], [words.saturating_sub(1); 2]);
        pass::<0>(&mut sums, later_x, later_w);
        if let (Some(x), Some(w)) = (x.last_chunk::<1>(), w.last_chunk::<1>()) {
            pass::<1>(&mut sums, x, w);
        }
        sums
    }

    /// Adds the products of one lane of every word.
    #[inline(always)]
    fn pass<const LANE: usize>(sums: &mut [i32; 4], x: &[[i16; 2]], w: &[[u8; 8]]) {
        for (x, w) in x.iter().zip(w) {
            let x = i32::from(x[LANE]);
            let at = 2 * LANE;
            let w = [w[at].into(), (w[at + 1] as i8).into(), w[at + 4].into(), (w[at + 5] as i8).into()];
            for (sum, w) in sums.iter_mut().zip(w) {
                *sum = sum.wrapping_add(x.wrapping_mul(w));
            }
            barrier();
        }
    }

    /// Returns `Σ (A + 128)x` and `Σ Bx` of four windows, for pair 0 or 1 of four outputs.
    #[inline(never)]
    pub(super) fn dot4x2(panel: &[u32], weights: &[u8], pair: usize) -> ([i32; 4], [i32; 4]) {
        let (mut a, mut b) = ([0i32; 4], [0i32; 4]);
        debug_assert_eq!(2 * panel.len(), weights.len());
        for (x, w) in panel.as_chunks::<4>().0.iter().zip(weights.as_chunks::<8>().0) {
            let [a0, b0, a1, b1] =
                if pair == 0 { [w[0], w[1], w[2], w[3]] } else { [w[4], w[5], w[6], w[7]] };
            for ((a, b), &x) in a.iter_mut().zip(&mut b).zip(x) {
                let (x, y) = (low(x), high(x));
                *a = a.wrapping_add(x.wrapping_mul(a0.into())).wrapping_add(y.wrapping_mul(a1.into()));
                let (b0, b1) = (i32::from(b0 as i8), i32::from(b1 as i8));
                *b = b.wrapping_add(x.wrapping_mul(b0)).wrapping_add(y.wrapping_mul(b1));
                barrier();
            }
        }
        (a, b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::{
            fast::random::{Case, Random, le},
            kernel,
        },
        model::step::Parameters,
    };
    use std::vec;

    /// Returns `len` bytes from where a word begins.
    fn aligned(bytes: &mut [u8], len: usize) -> &mut [u8] {
        let at = bytes.as_ptr().align_offset(4);
        &mut bytes[at..][..len]
    }

    #[test]
    fn dense_gives_the_same_bytes_as_the_reference() {
        let mut random = Random(13);
        for case in 0..300 {
            let (inputs, outputs) =
                (random.range(1, if case % 2 == 0 { 600 } else { 40 }), random.range(1, 33));
            let elements = [0, 1].map(|_| random.pick(&[Element::Unsigned, Element::Signed]));
            let extremes = if elements[0] == Element::Signed { [0x80, 0x7f] } else { [0, 255] };
            let input = random.bytes(inputs, extremes);
            let weights = random.bytes(inputs * outputs, [0x80, 0x7f]);
            let (biases, multipliers) = random.channels(outputs, inputs);
            let parameters =
                Parameters { weights: &weights, biases: &le(&biases), multipliers: &le(&multipliers) };
            let mut expected = vec![0; outputs];
            kernel::dense(&parameters, (&input, elements[0]), (&mut expected, elements[1]));
            let signed: vec::Vec<i8> = weights.iter().map(|&w| w as i8).collect();
            let mut packed = vec![0; (inputs.next_multiple_of(8) * outputs.next_multiple_of(4)) + 4];
            let packed = aligned(&mut packed, inputs.next_multiple_of(8) * outputs.next_multiple_of(4));
            pack(&signed, inputs, packed);
            let channels = Channels { biases: &biases, multipliers: &multipliers };
            let layer = Dense { element: elements[0], to: elements[1], channels, weights: packed };
            let mut work = vec![0x5555_5555; dense_work_words(inputs)];
            let mut got = vec![0x55; outputs];
            dense(&layer, &input, &mut got, &mut work);
            assert!(got == expected, "case {case}: {inputs} {outputs} {elements:?}");
        }
    }

    #[test]
    fn conv_gives_the_same_bytes_as_the_reference() {
        let mut random = Random(17);
        for index in 0..300 {
            let case = Case::random(&mut random, &[1, 2, 3, 4, 6, 16], index % 3 == 0);
            let (taps, outputs) = (case.geometry.taps(), usize::from(case.output.channels));
            let mut packed = vec![0; taps.next_multiple_of(8) * outputs.next_multiple_of(4) + 4];
            let packed = aligned(&mut packed, taps.next_multiple_of(8) * outputs.next_multiple_of(4));
            pack(&case.weights, taps, packed);
            case.check(index, packed, 1, work_words, conv);
        }
    }
}
