//! Pools that do not follow a convolution, and sums of two maps: four channels at a time, so that the
//! places of a window are found once for all of them.

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
        Element::Unsigned => {
            fold(pool, input, output, Element::Unsigned, 0, i32::max, |largest| largest as u8)
        }
        Element::Signed => {
            fold(pool, input, output, Element::Signed, -128, i32::max, |largest| largest as u8);
        }
    }
}

/// Computes the requantized sum of each window.
pub(crate) fn average_pool(
    pool: Pool,
    multiplier: i32,
    input: Map<'_>,
    output: MapMut<'_>,
    element: Element,
) {
    let add = |sum: i32, value: i32| sum.wrapping_add(value);
    match element {
        Element::Unsigned => {
            let finish = |sum| requantize(sum, multiplier, Element::Unsigned);
            fold(pool, input, output, Element::Unsigned, 0, add, finish);
        }
        Element::Signed => {
            let finish = |sum| requantize(sum, multiplier, Element::Signed);
            fold(pool, input, output, Element::Signed, 0, add, finish);
        }
    }
}

#[inline(always)]
fn fold(
    pool: Pool,
    (input, shape): Map<'_>,
    (output, output_shape): MapMut<'_>,
    element: Element,
    initial: i32,
    fold: impl Fn(i32, i32) -> i32,
    finish: impl Fn(i32) -> u8,
) {
    let channels = usize::from(shape.channels).max(1);
    let row_len = usize::from(shape.width) * channels;
    let [rows, columns] = pool.kernel.map(usize::from);
    let [down, right] = pool.stride.map(usize::from);
    let lines = output.chunks_exact_mut((usize::from(output_shape.width) * channels).max(1));
    let mut top = 0;
    for line in lines {
        let mut corner = top;
        for out in line.chunks_exact_mut(channels) {
            let mut first = corner;
            let (quads, rest) = out.as_chunks_mut::<CHANNELS>();
            for quad in quads {
                let mut values = [initial; CHANNELS];
                let mut from = first;
                for _ in 0..rows {
                    let mut at = from;
                    for _ in 0..columns {
                        let Some(pixel) = input.get(at..).and_then(|pixel| pixel.first_chunk()) else {
                            break;
                        };
                        let pixel: &[u8; CHANNELS] = pixel;
                        for (value, &byte) in values.iter_mut().zip(pixel) {
                            *value = fold(*value, element.value(byte));
                        }
                        at += channels;
                    }
                    from += row_len;
                }
                for (out, value) in quad.iter_mut().zip(values) {
                    *out = finish(value);
                }
                first += CHANNELS;
            }
            for out in rest {
                let mut value = initial;
                let mut from = first;
                for _ in 0..rows {
                    let mut at = from;
                    for _ in 0..columns {
                        let Some(&byte) = input.get(at) else { break };
                        value = fold(value, element.value(byte));
                        at += channels;
                    }
                    from += row_len;
                }
                *out = finish(value);
                first += 1;
            }
            corner += right * channels;
        }
        top += down * row_len;
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
