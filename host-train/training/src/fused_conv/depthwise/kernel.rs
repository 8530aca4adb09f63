//! One image's depthwise convolution and its gradients. Every sum runs in the same order whatever
//! the length of a vector.

use super::{padded::Padded, shape::DepthwiseShape};
use crate::fused_conv::{memory::Aligned, unroll::unrolled};
use tinytriplet_evaluation::vector::f32::{Kernel, Target};

/// Weights, `[tap][channel]`, and biases, the channels filled up with zeros.
pub(super) struct Filters {
    pub weight: Aligned,
    pub bias: Aligned,
}

impl Filters {
    /// `weight` is `[channel][tap]`; `bias` may be empty, for zeros. The filled up channels are
    /// `lanes` times something.
    pub fn new(shape: &DepthwiseShape, weight: &[f32], bias: &[f32], turned: bool, lanes: usize) -> Self {
        let (taps, filled) = (shape.taps(), shape.channels.next_multiple_of(lanes));
        let mut filters = Self { weight: Aligned::new(taps * filled), bias: Aligned::new(filled) };
        for (channel, filter) in weight.chunks_exact(taps).enumerate() {
            for (tap, &value) in filter.iter().enumerate() {
                let tap = if turned { taps - 1 - tap } else { tap };
                filters.weight[tap * filled + channel] = value;
            }
        }
        filters.bias[..bias.len()].copy_from_slice(bias);
        filters
    }
}

/// Convolves a padded image.
pub(super) struct Convolution<'a> {
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub relu: bool,
    pub x: &'a Padded,
    pub filters: &'a Filters,
    /// Columns and channels of the result.
    pub count: [usize; 2],
    /// The result: `[row][column][channel]`.
    pub y: &'a mut [f32],
}

impl Kernel for Convolution<'_> {
    #[inline(always)]
    fn run<T: Target>(self) {
        let Self { kernel, stride, relu, x, filters, count: [columns, channels], y } = self;
        let (down, right) = (stride[0] * x.row_step, stride[1] * x.column_step);
        // Nothing is less than or equal to NaN.
        let floor = T::splat(if relu { 0.0 } else { f32::NAN });
        for first in (0..channels).step_by(T::LANES) {
            let kept = T::LANES.min(channels - first);
            let (weight, bias) = (&filters.weight[first..], T::load(&filters.bias[first..]));
            for (row, y) in y.chunks_exact_mut(columns * channels).enumerate() {
                let row =
                    Row { x: &x.values[row * down + first..], row_step: x.row_step, step: x.column_step };
                let result = Result { y: &mut y[first..], channels, kept, floor };
                if kernel == [3, 3] {
                    row.convolve_3x3::<T>(weight, bias, right, columns, result);
                } else {
                    row.convolve::<T>(kernel, weight, bias, right, columns, result);
                }
            }
        }
    }
}

/// A row of the result, from a vector's first channel on.
struct Result<'a, T: Target> {
    y: &'a mut [f32],
    channels: usize,
    /// Channels of the vector that are no filling.
    kept: usize,
    /// What is at most this becomes 0.
    floor: T::V,
}

impl<T: Target> Result<'_, T> {
    #[inline(always)]
    fn write(&mut self, column: usize, sum: T::V) {
        let value = T::select_le(sum, self.floor, T::splat(0.0), sum);
        let y = &mut self.y[column * self.channels..][..self.kept];
        if self.kept == T::LANES {
            T::store(value, y);
        } else {
            let mut values = [0.0; 16];
            T::store(value, &mut values);
            y.copy_from_slice(&values[..self.kept]);
        }
    }
}

/// The rows of a padded image from one on, for a vector of channels.
struct Row<'a> {
    x: &'a [f32],
    row_step: usize,
    /// From one column to the next, and from one tap's weights to the next.
    step: usize,
}

impl Row<'_> {
    #[inline(always)]
    fn convolve_3x3<T: Target>(
        &self,
        weight: &[f32],
        bias: T::V,
        right: usize,
        columns: usize,
        mut result: Result<T>,
    ) {
        let reach = (columns - 1) * right + 2 * self.step + T::LANES;
        let rows = [0, 1, 2].map(|row| &self.x[row * self.row_step..][..reach]);
        let mut weights = [T::splat(0.0); 9];
        unrolled!(tap in [0, 1, 2, 3, 4, 5, 6, 7, 8], below 9, {
            weights[tap] = T::load(&weight[tap * self.step..]);
        });
        for column in 0..columns {
            let mut sum = bias;
            unrolled!(tap in [0, 1, 2, 3, 4, 5, 6, 7, 8], below 9, {
                let at = column * right + tap % 3 * self.step;
                // SAFETY: `column` is at most `columns - 1` and `tap % 3` at most 2, so that this is
                // within `reach`, the length of each row.
                let x = T::load(unsafe { rows[tap / 3].get_unchecked(at..at + T::LANES) });
                sum = T::multiply_add(x, weights[tap], sum);
            });
            result.write(column, sum);
        }
    }

    /// The same, for any kernel.
    #[inline(always)]
    fn convolve<T: Target>(
        &self,
        [kernel_rows, kernel_columns]: [usize; 2],
        weight: &[f32],
        bias: T::V,
        right: usize,
        columns: usize,
        mut result: Result<T>,
    ) {
        for column in 0..columns {
            let mut sum = bias;
            for row in 0..kernel_rows {
                for kernel_column in 0..kernel_columns {
                    let x = &self.x[row * self.row_step + column * right + kernel_column * self.step..];
                    let weight = &weight[(row * kernel_columns + kernel_column) * self.step..];
                    sum = T::multiply_add(T::load(x), T::load(weight), sum);
                }
            }
            result.write(column, sum);
        }
    }
}

/// Adds up the gradients of weights, `[tap][channel]`, and biases over one image.
pub(super) struct WeightGradients<'a> {
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    /// Rows and columns of `g`.
    pub count: [usize; 2],
    pub x: &'a Padded,
    pub g: &'a Padded,
    pub sums: &'a mut Filters,
}

impl Kernel for WeightGradients<'_> {
    #[inline(always)]
    fn run<T: Target>(self) {
        let Self { kernel, stride, count: [rows, columns], x, g, sums } = self;
        let step = x.column_step;
        let (down, right) = (stride[0] * x.row_step, stride[1] * step);
        for first in (0..step).step_by(T::LANES) {
            let mut bias = T::load(&sums.bias[first..]);
            if kernel == [3, 3] {
                let mut weights = [T::splat(0.0); 9];
                unrolled!(tap in [0, 1, 2, 3, 4, 5, 6, 7, 8], below 9, {
                    weights[tap] = T::load(&sums.weight[tap * step + first..]);
                });
                for row in 0..rows {
                    let g = &g.row(row, first)[..(columns - 1) * step + T::LANES];
                    let reach = (columns - 1) * right + 2 * step + T::LANES;
                    let lines =
                        [0, 1, 2].map(|line| &x.values[row * down + line * x.row_step + first..][..reach]);
                    let mut of_row = T::splat(0.0);
                    for column in 0..columns {
                        // SAFETY: `column` is at most `columns - 1`.
                        let g = T::load(unsafe { g.get_unchecked(column * step..column * step + T::LANES) });
                        of_row = T::add(of_row, g);
                        unrolled!(tap in [0, 1, 2, 3, 4, 5, 6, 7, 8], below 9, {
                            let at = column * right + tap % 3 * step;
                            // SAFETY: as above, and `tap % 3` is at most 2: within `reach`.
                            let x = T::load(unsafe { lines[tap / 3].get_unchecked(at..at + T::LANES) });
                            weights[tap] = T::multiply_add(x, g, weights[tap]);
                        });
                    }
                    bias = T::add(bias, of_row);
                }
                unrolled!(tap in [0, 1, 2, 3, 4, 5, 6, 7, 8], below 9, {
                    T::store(weights[tap], &mut sums.weight[tap * step + first..]);
                });
            } else {
                for row in 0..rows {
                    let mut of_row = T::splat(0.0);
                    for g in g.row(row, first).chunks(step).take(columns) {
                        of_row = T::add(of_row, T::load(g));
                    }
                    bias = T::add(bias, of_row);
                }
                for tap in 0..kernel[0] * kernel[1] {
                    let mut sum = T::load(&sums.weight[tap * step + first..]);
                    let offset = tap / kernel[1] * x.row_step + tap % kernel[1] * step + first;
                    for row in 0..rows {
                        let (x, g) = (&x.values[row * down + offset..], g.row(row, first));
                        for column in 0..columns {
                            let (x, g) = (T::load(&x[column * right..]), T::load(&g[column * step..]));
                            sum = T::multiply_add(x, g, sum);
                        }
                    }
                    T::store(sum, &mut sums.weight[tap * step + first..]);
                }
            }
            T::store(bias, &mut sums.bias[first..]);
        }
    }
}

/// Adds up the gradient of a padded image, output by output.
pub(super) struct ScatteredGradient<'a> {
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    /// Rows and columns of `g`.
    pub count: [usize; 2],
    pub g: &'a Padded,
    pub filters: &'a Filters,
    pub sums: &'a mut Padded,
}

impl Kernel for ScatteredGradient<'_> {
    #[inline(always)]
    fn run<T: Target>(self) {
        let Self { kernel, stride, count: [rows, columns], g, filters, sums } = self;
        let step = sums.column_step;
        let (row_step, down, right) = (sums.row_step, stride[0] * sums.row_step, stride[1] * step);
        sums.values.fill(0.0);
        for first in (0..step).step_by(T::LANES) {
            for row in 0..rows {
                let g = &g.values[g.start + row * g.row_step + first..][..(columns - 1) * step + T::LANES];
                for line in 0..kernel[0] {
                    let weight = &filters.weight[line * kernel[1] * step + first..];
                    let sums = &mut sums.values[row * down + line * row_step + first..];
                    if kernel[1] == 3 {
                        add_line_of_3::<T>(
                            weight,
                            step,
                            g,
                            right,
                            &mut sums[..(columns - 1) * right + 2 * step + T::LANES],
                        );
                    } else {
                        add_line::<T>(kernel[1], weight, step, g, right, sums);
                    }
                }
            }
        }
    }
}

/// Adds each of `g` times the three weights of a row of the kernel. `sums` ends with the last of them.
#[inline(always)]
fn add_line_of_3<T: Target>(weight: &[f32], step: usize, g: &[f32], right: usize, sums: &mut [f32]) {
    let weights = [T::load(weight), T::load(&weight[step..]), T::load(&weight[2 * step..])];
    for (column, g) in g.chunks(step).enumerate() {
        let g = T::load(g);
        unrolled!(tap in [0, 1, 2], below 3, {
            let sum = &mut sums[column * right + tap * step..][..T::LANES];
            T::store(T::multiply_add(g, weights[tap], T::load(sum)), sum);
        });
    }
}

/// The same, for any number of weights.
#[inline(always)]
fn add_line<T: Target>(taps: usize, weight: &[f32], step: usize, g: &[f32], right: usize, sums: &mut [f32]) {
    for (column, g) in g.chunks(step).enumerate() {
        let g = T::load(g);
        for tap in 0..taps {
            let sum = &mut sums[column * right + tap * step..][..T::LANES];
            T::store(T::multiply_add(g, T::load(&weight[tap * step..]), T::load(sum)), sum);
        }
    }
}
