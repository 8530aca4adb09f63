//! Faster ways to the bytes that the [kernels](crate::engine::kernel) define. `docs/KERNELS.md` explains them.
//!
//! A packed model file has the weights of each layer in the order in which its path reads them; which path that is
//! follows from the layer's shape alone. Each path is a driver in safe Rust, which is the same on every processor, and a
//! few inner loops that exist twice: in portable Rust next to the driver, and in the `dsp` module for cores with ARM's
//! DSP extension.

#[cfg(dsp)]
#[allow(unsafe_code)]
mod dsp;
mod lanes;
mod pack;
#[cfg(test)]
mod random;
mod rows;
mod taps;
#[cfg(dsp)]
#[allow(unsafe_code)]
mod windows5;
mod winograd;

use crate::model::{
    geometry::ConvGeometry,
    kernel_choice::{Kernel, MAX_WINOGRAD_DEPTH},
    step::{Operation, Parameters, Step},
    tensor::Shape,
};

const _: () = assert!(
    MAX_WINOGRAD_DEPTH as usize <= winograd::MAX_DEPTH,
    "sums of transformed values fit 32 bits for every depth that is given to Winograd's method"
);

/// What a step reads and writes at a time: its input and its output without the rows and columns that no one looks at.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    pub input: Shape,
    pub output: Shape,
}

/// Words of 32 bits that a step works in, beside its input and its output.
pub(crate) fn work_len(step: &Step<'_>, extent: Extent) -> usize {
    match &step.operation {
        Operation::Conv2d { geometry, pool, parameters } => {
            let conv = Conv { step, extent, geometry, pooled: pool.is_some(), parameters };
            match step.kernel {
                Kernel::Winograd => conv.winograd().work_words(),
                Kernel::Taps => conv.taps().work_words(),
                Kernel::Rows => conv.rows().work_words(),
                Kernel::Reference(_) => 0,
            }
        }
        Operation::Dense(_) if step.kernel.is_fast() => rows::work_words(step.input.len()),
        _ => 0,
    }
}

/// Computes the rows of a convolution's output, or of the pool's behind it, that fill `output`; the first of them is row
/// `first`.
pub(crate) fn conv_rows(
    step: &Step<'_>,
    extent: Extent,
    input: Rows<'_>,
    first: usize,
    output: &mut [u8],
    work: &mut [u32],
) {
    let Operation::Conv2d { geometry, pool, parameters } = &step.operation else { return };
    let conv = Conv { step, extent, geometry, pooled: pool.is_some(), parameters };
    match step.kernel {
        Kernel::Winograd => {
            let tile_row = if conv.pooled { first } else { first / 2 };
            winograd::rows(&conv.winograd(), input, tile_row, output, work);
        }
        Kernel::Taps => taps::rows(&conv.taps(), input, first, output, work),
        Kernel::Rows => rows::conv(&conv.rows(), input, first, output, work),
        Kernel::Reference(_) => {}
    }
}

/// Computes a dense layer.
pub(crate) fn dense(step: &Step<'_>, input: &[u8], output: &mut [u8], work: &mut [u32]) {
    let Operation::Dense(parameters) = &step.operation else { return };
    let job = rows::Dense {
        element: step.input.element,
        to: step.output.element,
        channels: Channels::of(parameters),
        weights: parameters.weights,
    };
    rows::dense(&job, input, output, work);
}

/// A convolution, from which each path takes what it needs.
struct Conv<'s, 'a> {
    step: &'s Step<'a>,
    extent: Extent,
    geometry: &'s ConvGeometry,
    pooled: bool,
    parameters: &'s Parameters<'a>,
}

impl<'a> Conv<'_, 'a> {
    #[inline(always)]
    fn halves(&self) -> &'a [i16] {
        bytemuck::try_cast_slice(self.parameters.weights).unwrap_or_default()
    }

    #[inline(always)]
    fn winograd(&self) -> winograd::Job<'a> {
        winograd::Job {
            input: self.extent.input,
            element: self.step.input.element,
            output: self.extent.output,
            padding: self.geometry.padding,
            pooled: self.pooled,
            to: self.step.output.element,
            channels: Channels::of(self.parameters),
            weights: self.halves(),
        }
    }

    #[inline(always)]
    fn taps(&self) -> taps::Job<'a> {
        taps::Job {
            input: self.extent.input,
            element: self.step.input.element,
            output: self.extent.output,
            kernel: self.geometry.kernel,
            stride: self.geometry.stride,
            padding: self.geometry.padding,
            padded: self.geometry.is_padded(),
            pooled: self.pooled,
            to: self.step.output.element,
            narrow: self.step.narrow,
            weights: self.halves(),
        }
    }

    #[inline(always)]
    fn rows(&self) -> rows::Conv<'a> {
        rows::Conv {
            input: self.extent.input,
            element: self.step.input.element,
            output: self.extent.output,
            kernel: self.geometry.kernel,
            stride: self.geometry.stride,
            padding: self.geometry.padding,
            pooled: self.pooled,
            to: self.step.output.element,
            channels: Channels::of(self.parameters),
            weights: self.parameters.weights,
        }
    }
}

/// Rows of a feature map in a ring: row `r` lies in slot `r % slots`. A whole map has as many slots as rows.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    /// The slots, one behind the other.
    pub bytes: &'a [u8],
    /// Bytes of a row.
    pub row_len: usize,
    /// Rows that are held.
    pub slots: usize,
}

impl<'a> Rows<'a> {
    /// The bytes of row `r`; none where the ring does not hold it.
    #[inline]
    pub fn row(&self, r: usize) -> &'a [u8] {
        // `checked_rem` would do, but a ring is turned once a row: no division on cores that have none.
        let mut slot = r;
        while self.slots > 0 && slot >= self.slots {
            slot -= self.slots;
        }
        let start = slot * self.row_len;
        self.bytes.get(start..start + self.row_len).unwrap_or(&[])
    }
}

/// Biases and multipliers of the output channels.
#[derive(Clone, Copy)]
pub(crate) struct Channels<'a> {
    /// At the scale of the accumulator.
    pub biases: &'a [i32],
    /// See [`requantize`](crate::engine::requantize).
    pub multipliers: &'a [i32],
}

impl<'a> Channels<'a> {
    fn of(parameters: &Parameters<'a>) -> Self {
        Self {
            biases: bytemuck::try_cast_slice(parameters.biases).unwrap_or_default(),
            multipliers: bytemuck::try_cast_slice(parameters.multipliers).unwrap_or_default(),
        }
    }
}

/// Copies as many bytes as both have. (`copy_from_slice` would ask whether the lengths agree, and panic.)
#[inline(always)]
fn copy(to: &mut [u8], from: &[u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

/// Copies the pixels from column `left` on of a row into `to`; what lies outside of the row is 0.
fn copy_pixels(to: &mut [u8], row: &[u8], left: isize, channels: usize) {
    if left < 0 {
        let outside = (left.unsigned_abs() * channels).min(to.len());
        if let Some((zeros, rest)) = to.split_at_mut_checked(outside) {
            zeros.fill(0);
            copy_pixels(rest, row, 0, channels);
        }
        return;
    }
    let from = row.get(left.unsigned_abs() * channels..).unwrap_or(&[]);
    let inside = from.len().min(to.len());
    if let Some((pixels, zeros)) = to.split_at_mut_checked(inside) {
        copy(pixels, from);
        zeros.fill(0);
    }
}
