//! Pools that do not follow a convolution, and sums of two maps: four channels at a time, so that the
//! places of a window are found once for all of them.

#[cfg(dsp)]
use super::cortex_m::sums::sum_four;
use super::lanes::{even_unsigned, odd_unsigned};
use crate::{
    engine::requantize::requantize,
    model::{
        format::Pool,
        tensor::{Element, Shape},
    },
};

/// Channels that are computed together.
const CHANNELS: usize = 4;

/// A map, and its shape.
pub(crate) type Map<'a> = (&'a [u8], Shape);
/// A map to be written, and its shape.
pub(crate) type MapMut<'a> = (&'a mut [u8], Shape);

/// Computes the largest value of each window.
pub(crate) fn max_pool(pool: Pool, input: Map<'_>, output: MapMut<'_>, element: Element) {
    // A match, so that each element has a loop of its own.
    match element {
        Element::Unsigned => max_pool_of(pool, input, output, Element::Unsigned),
        Element::Signed => max_pool_of(pool, input, output, Element::Signed),
    }
}

#[inline(always)]
fn max_pool_of(pool: Pool, input: Map<'_>, output: MapMut<'_>, element: Element) {
    let least = element.value(match element {
        Element::Unsigned => 0,
        Element::Signed => 0x80,
    });
    let larger = |a: i32, b: u8| a.max(element.value(b));
    let one = Fold {
        initial: least,
        line: |largest, line: Line<'_>| line.fold(largest, |a, [b]: [u8; 1]| larger(a, b)),
    };
    let larger = |[a, b, c, d]: [i32; 4], [e, f, g, h]: [u8; 4]| {
        [larger(a, e), larger(b, f), larger(c, g), larger(d, h)]
    };
    let four =
        Fold { initial: [least; CHANNELS], line: |largest, line: Line<'_>| line.fold(largest, larger) };
    fold(pool, input, output, one, four, |largest| largest as u8);
}

/// Computes the requantized sum of each window.
pub(crate) fn average_pool(
    pool: Pool,
    multiplier: i32,
    input: Map<'_>,
    output: MapMut<'_>,
    element: Element,
) {
    // Signed bytes are taken as 128 more.
    let [rows, columns] = pool.kernel.map(i32::from);
    let (flipped, more) = match element {
        Element::Unsigned => (0, 0),
        Element::Signed => (0x8080_8080, 128 * rows * columns),
    };
    let finish = |sum: i32| requantize(sum.wrapping_sub(more), multiplier, element);
    let add = |sum: i32, [byte]: [u8; 1]| sum.wrapping_add(i32::from(byte ^ flipped as u8));
    let one = Fold { initial: 0, line: |sum, line: Line<'_>| line.fold(sum, add) };
    // Two channels in the lanes of a word: at most 255 bytes of a line.
    let four = |[a, b, c, d]: [i32; CHANNELS], line: Line<'_>| {
        let [even, odd] = sum_lanes(&line, flipped);
        let add = |sum: i32, lane: u32| sum.wrapping_add(lane as i32);
        [add(a, even & 0xffff), add(b, odd & 0xffff), add(c, even >> 16), add(d, odd >> 16)]
    };
    fold(pool, input, output, one, Fold { initial: [0; CHANNELS], line: four }, finish);
}

/// Returns the sums of four channels, in lanes. Bytes are XORed with those of `flipped` first.
#[inline(always)]
fn sum_lanes(line: &Line<'_>, flipped: u32) -> [u32; 2] {
    #[cfg(dsp)]
    if flipped == 0 {
        return sum_four(line.bytes, line.step, line.pixels);
    }
    line.fold([0; 2], |[even, odd]: [u32; 2], pixel: [u8; CHANNELS]| {
        let word = u32::from_le_bytes(pixel) ^ flipped;
        [even.wrapping_add(even_unsigned(word)), odd.wrapping_add(odd_unsigned(word))]
    })
}

/// The pixels of a line of a window.
struct Line<'a> {
    /// From the channels of the first pixel on.
    bytes: &'a [u8],
    /// Bytes from a pixel to the next.
    step: usize,
    pixels: usize,
}

impl Line<'_> {
    #[inline(always)]
    fn fold<S, const N: usize>(&self, initial: S, add: impl Fn(S, [u8; N]) -> S) -> S {
        let (mut value, mut at) = (initial, 0);
        for _ in 0..self.pixels {
            let Some(&pixel) = self.bytes.get(at..).and_then(|pixel| pixel.first_chunk()) else { break };
            value = add(value, pixel);
            at += self.step;
        }
        value
    }
}

/// How a window is reduced to a value: the initial value, and the step for each line.
struct Fold<S, L> {
    initial: S,
    line: L,
}

#[inline(always)]
fn fold(
    pool: Pool,
    (input, shape): Map<'_>,
    (output, output_shape): MapMut<'_>,
    one: Fold<i32, impl Fn(i32, Line<'_>) -> i32>,
    four: Fold<[i32; CHANNELS], impl Fn([i32; CHANNELS], Line<'_>) -> [i32; CHANNELS]>,
    finish: impl Fn(i32) -> u8,
) {
    let channels = usize::from(shape.channels).max(1);
    let row_len = usize::from(shape.width) * channels;
    let mut kernel = pool.kernel.map(usize::from);
    if kernel[1] == usize::from(shape.width) && kernel[0] * kernel[1] <= 255 {
        // Whole lines, which follow each other, are one.
        kernel = [1, kernel[0] * kernel[1]];
    }
    let [down, right] = pool.stride.map(usize::from);
    let lines = output.chunks_exact_mut((usize::from(output_shape.width) * channels).max(1));
    let mut top = 0;
    for line in lines {
        let mut corner = top;
        for out in line.chunks_exact_mut(channels) {
            let mut window = Window { input, first: corner, channels, row_len, kernel };
            let (quads, rest) = out.as_chunks_mut::<CHANNELS>();
            for quad in quads {
                for (out, value) in quad.iter_mut().zip(window.fold(&four)) {
                    *out = finish(value);
                }
                window.first += CHANNELS;
            }
            for out in rest {
                *out = finish(window.fold(&one));
                window.first += 1;
            }
            corner += right * channels;
        }
        top += down * row_len;
    }
}

/// A window of some channels.
struct Window<'a> {
    input: &'a [u8],
    /// The first byte.
    first: usize,
    channels: usize,
    row_len: usize,
    kernel: [usize; 2],
}

impl Window<'_> {
    #[inline(always)]
    fn fold<S: Copy>(&self, fold: &Fold<S, impl Fn(S, Line<'_>) -> S>) -> S {
        let (mut value, mut from) = (fold.initial, self.first);
        for _ in 0..self.kernel[0] {
            let bytes = self.input.get(from..).unwrap_or(&[]);
            value = (fold.line)(value, Line { bytes, step: self.channels, pixels: self.kernel[1] });
            from += self.row_len;
        }
        value
    }
}

/// Adds `other` to `map`: see [`kernel::add`](crate::engine::kernel::add).
pub(crate) fn add(multipliers: [u32; 2], map: &mut [u8], other: &[u8], elements: [Element; 2], to: Element) {
    use Element::{Signed, Unsigned};
    let multipliers = multipliers.map(|multiplier| multiplier as i32);
    match (elements, to) {
        ([Unsigned, Unsigned], Unsigned) => add_as(multipliers, map, other, [Unsigned, Unsigned], Unsigned),
        ([Unsigned, Signed], Unsigned) => add_as(multipliers, map, other, [Unsigned, Signed], Unsigned),
        ([Signed, Unsigned], Unsigned) => add_as(multipliers, map, other, [Signed, Unsigned], Unsigned),
        ([Signed, Signed], Unsigned) => add_as(multipliers, map, other, [Signed, Signed], Unsigned),
        (elements, to) => add_as(multipliers, map, other, elements, to),
    }
}

#[inline(always)]
fn add_as(
    [own, others]: [i32; 2],
    map: &mut [u8],
    other: &[u8],
    [of_own, of_other]: [Element; 2],
    to: Element,
) {
    let (low, high) = to.range();
    let sum = |value: &mut u8, other: u8| {
        let sum =
            own.wrapping_mul(of_own.value(*value)).wrapping_add(others.wrapping_mul(of_other.value(other)));
        *value = (sum.wrapping_add(1 << 15) >> 16).clamp(low, high) as u8;
    };
    let (quads, rest) = map.as_chunks_mut::<CHANNELS>();
    let (other_quads, other_rest) = other.as_chunks::<CHANNELS>();
    for (values, others) in quads.iter_mut().zip(other_quads) {
        for (value, &other) in values.iter_mut().zip(others) {
            sum(value, other);
        }
    }
    for (value, &other) in rest.iter_mut().zip(other_rest) {
        sum(value, other);
    }
}

#[cfg(test)]
mod tests {
    use super::{super::random::Random, *};
    use crate::engine::kernel;
    use std::vec;

    #[test]
    fn equals_the_reference() {
        let mut random = Random(21);
        for index in 0..1000 {
            let kernel = [random.range(1, 5) as u8, random.range(1, 5) as u8];
            let stride = [random.range(1, 4) as u8, random.range(1, 4) as u8];
            let pool = Pool { kernel, stride };
            let size = kernel.map(|side| side as u16 + random.range(0, 6) as u16);
            let shape = Shape::new(size[0], size[1], random.range(1, 11) as u16);
            let windows =
                [0, 1].map(|axis| (size[axis] - u16::from(kernel[axis])) / u16::from(stride[axis]) + 1);
            let pooled = Shape::new(windows[0], windows[1], shape.channels);
            let input = random.bytes(shape.len(), [0, 255]);
            let other = random.bytes(shape.len(), [0x80, 0x7f]);
            let multiplier = random.range(0, i32::MAX as usize) as i32;
            let multipliers = [0, 1].map(|_| random.range(0, 1 << 22) as u32 >> random.range(0, 8));
            for element in [Element::Unsigned, Element::Signed] {
                let [mut expected, mut found] = [vec![1; pooled.len()], vec![2; pooled.len()]];
                kernel::max_pool(pool, (&input, shape), (&mut expected, pooled), element);
                max_pool(pool, (&input, shape), (&mut found, pooled), element);
                assert_eq!(found, expected, "{index}: max {pool:?} {shape}");
                kernel::average_pool(pool, multiplier, (&input, shape), (&mut expected, pooled), element);
                average_pool(pool, multiplier, (&input, shape), (&mut found, pooled), element);
                assert_eq!(found, expected, "{index}: average {pool:?} {shape}");
                for (from, to) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    let [from, to] = [from, to].map(|at| [Element::Unsigned, Element::Signed][at]);
                    let [mut expected, mut found] = [input.clone(), input.clone()];
                    kernel::add(multipliers, &mut expected, &other, [element, from], to);
                    add(multipliers, &mut found, &other, [element, from], to);
                    assert_eq!(found, expected, "{index}: {element:?} + {from:?} = {to:?}");
                }
            }
        }
    }
}
