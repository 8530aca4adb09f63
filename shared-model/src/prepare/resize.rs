//! Resizing: the mean of areas where an image becomes smaller, linear interpolation where it
//! becomes larger, each axis for itself, and one rounding at the end.
//!
//! An output is the sum of its sources times whole-numbered weights, divided by the weights' sum.
//! For `from` values that become `to`:
//!
//! * If there are not more (`to ≤ from`), a source is `to` long and an output `from`: the weight is
//!   the length that they share, and the weights' sum is `from`.
//! * If there are more, an output lies at `p = (2 · output + 1) · from − to`, and source `i` at
//!   `2 · to · i`. Between two sources, their weights are the distances to the respective other one;
//!   beyond the outermost ones, these have it all. The weights' sum is `2 · to`.
//!
//! A weight is at most 131,070, twice the longest side, so the sum across a row is below 2^25, and
//! that of all rows below 2^42.

use super::reduce::mean;

/// One axis.
#[derive(Clone, Copy, Debug)]
struct Axis {
    from: u32,
    to: u32,
}

impl Axis {
    const fn new(from: u16, to: u16) -> Self {
        Self { from: from as u32, to: to as u32 }
    }

    const fn enlarges(self) -> bool {
        self.to > self.from
    }

    /// Returns the sum of an output's weights.
    const fn weights(self) -> u32 {
        if self.enlarges() { 2 * self.to } else { self.from }
    }

    /// Returns the position of the first output after the first source: its distance where the axis
    /// enlarges, and the length of it that is free where it does not.
    const fn start(self) -> i32 {
        if self.enlarges() { self.from as i32 - self.to as i32 } else { self.from as i32 }
    }

    /// Gives the weighted sum for each output to `each`, in order.
    #[inline(always)]
    fn sums<const N: usize>(self, pixels: impl Iterator<Item = [u8; N]>, mut each: impl FnMut([u32; N])) {
        let Self { from, to } = self;
        let mut pixels = pixels.map(|pixel| pixel.map(u32::from));
        if !self.enlarges() {
            let (mut sum, mut free) = ([0; N], from);
            for pixel in pixels {
                if to < free {
                    sum = weighted((1, sum), (to, pixel));
                    free -= to;
                } else {
                    // The source ends this output, and its rest begins the next.
                    each(weighted((1, sum), (free, pixel)));
                    sum = pixel.map(|value| (to - free) * value);
                    free += from - to;
                }
            }
            return;
        }
        let Some(mut left) = pixels.next() else { return };
        let (mut position, mut given) = (self.start(), 0);
        for right in pixels {
            while position < 2 * to as i32 {
                let to_left = position.max(0) as u32;
                each(weighted((2 * to - to_left, left), (to_left, right)));
                position += 2 * from as i32;
                given += 1;
            }
            position -= 2 * to as i32;
            left = right;
        }
        for _ in given..to {
            each(left.map(|value| 2 * to * value));
        }
    }
}

/// Returns the sum of two pixels, each times its weight.
#[inline(always)]
fn weighted<const N: usize>((a, left): (u32, [u32; N]), (b, right): (u32, [u32; N])) -> [u32; N] {
    core::array::from_fn(|channel| a * left[channel] + b * right[channel])
}

/// A sum of 64 bits, low half first, in scratch that is aligned for 32.
type Sum = [u32; 2];

fn put(value: u64) -> Sum {
    [value as u32, (value >> 32) as u32]
}

fn get([low, high]: Sum) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// Returns the scratch that an output of so many values in a row needs, in words.
pub const fn scratch_len(values: usize) -> usize {
    values.saturating_mul(2)
}

/// The place of an image within a larger one.
pub struct Target<'a> {
    /// The values of the larger one.
    pub pixels: &'a mut [u8],
    /// The width of the larger one, in pixels.
    pub stride: usize,
    /// The number of the pixel at the left upper corner.
    pub corner: usize,
}

impl Target<'_> {
    /// Returns the pixels, of `N` values each, of row `row` and those behind it.
    pub fn rows_from<const N: usize>(&mut self, row: u32) -> &mut [[u8; N]] {
        let (pixels, _) = self.pixels.as_chunks_mut();
        pixels.get_mut(self.corner + row as usize * self.stride..).unwrap_or_default()
    }
}

/// Resizes an image whose rows come one after the other.
#[derive(Debug)]
pub struct Resizer {
    across: Axis,
    down: Axis,
    /// The sources that have come.
    rows: u32,
    /// The next output.
    row: u32,
    /// See [`Axis::start`].
    position: i32,
}

impl Resizer {
    /// Resizes from one height and width to another, none of which is 0.
    pub fn new([from_height, from_width]: [u16; 2], [to_height, to_width]: [u16; 2]) -> Self {
        let down = Axis::new(from_height, to_height);
        Self { across: Axis::new(from_width, to_width), down, rows: 0, row: 0, position: down.start() }
    }

    /// Takes the next row, of pixels of `N` values each, and writes all rows that follow from what has
    /// come. The first words of `scratch` belong to the resizer as long as there are rows to come.
    pub fn push<const N: usize>(
        &mut self,
        row: impl Iterator<Item = [u8; N]>,
        scratch: &mut [u32],
        target: &mut Target<'_>,
    ) {
        let (sums, _) = scratch.as_chunks_mut::<2>();
        let (sums, _) = sums.as_chunks_mut::<N>();
        let sums = sums.get_mut(..self.across.to as usize).unwrap_or_default();
        if self.rows == 0 {
            sums.fill([[0; 2]; N]);
        }
        self.rows += 1;
        if self.down.enlarges() {
            self.interpolate(row, sums, target);
        } else {
            self.average(row, sums, target);
        }
    }

    /// Adds the row to the output to which it belongs, or to two.
    fn average<const N: usize>(
        &mut self,
        row: impl Iterator<Item = [u8; N]>,
        sums: &mut [[Sum; N]],
        target: &mut Target<'_>,
    ) {
        let (to, free) = (self.down.to, self.position as u32);
        if to < free {
            let mut sums = sums.iter_mut();
            self.across.sums(row, |values| {
                let sums = sums.next().into_iter().flatten();
                for (sum, value) in sums.zip(values) {
                    *sum = put(get(*sum) + u64::from(to) * u64::from(value));
                }
            });
            self.position -= to as i32;
            return;
        }
        let mean = self.mean();
        let mut outputs = sums.iter_mut().zip(target.rows_from::<N>(self.row));
        self.across.sums(row, |values| {
            let Some((sums, pixel)) = outputs.next() else { return };
            for ((sum, pixel), value) in sums.iter_mut().zip(pixel).zip(values) {
                *pixel = mean(get(*sum) + u64::from(free) * u64::from(value));
                *sum = put(u64::from(to - free) * u64::from(value));
            }
        });
        self.row += 1;
        self.position += (self.down.from - to) as i32;
    }

    /// Writes the outputs between the row before this one, whose sums are kept, and this one; after
    /// the last one, those that are left.
    fn interpolate<const N: usize>(
        &mut self,
        row: impl Iterator<Item = [u8; N]>,
        sums: &mut [[Sum; N]],
        target: &mut Target<'_>,
    ) {
        let Axis { from, to } = self.down;
        let (weights, step) = (self.down.weights(), 2 * from as i32);
        let (mean, begin, is_first) = (self.mean(), self.position, self.rows == 1);
        let stride = target.stride;
        let rows = if is_first { 0 } else { (weights as i32 - begin + step - 1) / step };
        let pixels = target.rows_from::<N>(self.row);
        let mut columns = sums.iter_mut().enumerate();
        self.across.sums(row, |values| {
            let Some((column, sums)) = columns.next() else { return };
            let mut position = begin;
            for row in 0..rows as usize {
                let below = position.max(0) as u32;
                let pixel = pixels.get_mut(row * stride + column).into_iter().flatten();
                for ((pixel, sum), value) in pixel.zip(&*sums).zip(values) {
                    let above = u64::from(weights - below) * get(*sum);
                    *pixel = mean(above + u64::from(below) * u64::from(value));
                }
                position += step;
            }
            *sums = values.map(|value| put(value.into()));
        });
        self.row += rows as u32;
        if !is_first {
            self.position += rows * step - weights as i32;
        }
        while self.rows == from && self.row < to {
            for (pixel, sums) in target.rows_from::<N>(self.row).iter_mut().zip(sums.iter()) {
                *pixel = sums.map(|sum| mean(u64::from(weights) * get(sum)));
            }
            self.row += 1;
        }
    }

    /// Returns the division by the sum of all weights, rounded to the nearest, halves up.
    fn mean(&self) -> impl Fn(u64) -> u8 + use<> {
        let weights = u64::from(self.across.weights()) * u64::from(self.down.weights());
        move |sum| mean(sum, weights)
    }
}

/// Returns the largest size, of the same shape as `[height, width]`, that fits into `room`; the
/// side that is not as long as the room's is rounded to the nearest, and is at least 1.
pub fn fitted([height, width]: [u16; 2], room: [u16; 2]) -> [u16; 2] {
    let [h, w, rows, columns] = [height, width, room[0], room[1]].map(u64::from);
    let scaled = |side: u64, by: u64, of: u64, most: u64| ((side * by + of / 2) / of).clamp(1, most) as u16;
    if w * rows >= h * columns {
        [scaled(h, columns, w, rows), room[1]]
    } else {
        [room[0], scaled(w, rows, h, columns)]
    }
}
