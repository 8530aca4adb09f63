//! Faster ways to the bytes that the [reference kernels](crate::engine::kernel) define.
//! `docs/KERNELS.md` explains them.
//!
//! A packed model file has the weights of each layer in the order in which its kernel reads them.
//! The kernel follows from the layer's shape alone. Each kernel is a driver in safe Rust, the same
//! on every processor, and a few inner loops that exist twice: in portable Rust next to the driver,
//! and in `cortex_m` for cores with ARM's DSP extension.

mod conv;
#[cfg(dsp)]
#[allow(unsafe_code)]
mod cortex_m;
mod depthwise;
mod lanes;
mod pack;
mod panel;
#[cfg(test)]
mod random;
mod rows;
mod taps;
pub(crate) mod weightless;
mod winograd;

pub(crate) use conv::Rows;

use crate::model::{
    format::Pool,
    kernel_choice::{Kernel, MAX_WINOGRAD_DEPTH, fused},
    step::{Operation, Step},
    tensor::Shape,
};
use conv::{Channels, Conv};

const _: () = assert!(
    MAX_WINOGRAD_DEPTH as usize <= winograd::MAX_DEPTH,
    "sums of transformed values fit 32 bits for every depth that is given to Winograd's method"
);

/// The input and the output of a step without the rows and columns that nothing reads.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    pub input: Shape,
    pub output: Shape,
}

/// Returns how many words of workspace a step needs beside its input and its output.
pub(crate) fn work_len(step: &Step<'_>, mut extent: Extent) -> usize {
    let mut map = 0;
    if let Some((_, shape)) = apart(step) {
        extent.output = shape;
        map = shape.len().div_ceil(4);
    }
    let conv = conv(step, extent);
    let words = match (conv, step.kernel) {
        (Some(conv), Kernel::Winograd) => winograd::work_words(&conv),
        (Some(conv), Kernel::Taps) => taps::work_words(&conv),
        (Some(conv), Kernel::Depthwise) => depthwise::work_words(&conv),
        (Some(conv), Kernel::Rows) => rows::work_words(&conv),
        (None, Kernel::Rows) => rows::dense_work_words(step.input.len()),
        _ => 0,
    };
    map + words
}

/// Returns the step's convolution, if it is one.
#[inline(always)]
fn conv<'s, 'a>(step: &'s Step<'a>, extent: Extent) -> Option<Conv<'s, 'a>> {
    let Operation::Conv2d { geometry, pool, parameters } = &step.operation else { return None };
    Some(Conv {
        input: extent.input,
        element: step.input.element,
        output: extent.output,
        to: step.output.element,
        geometry,
        pooled: fused(geometry, *pool).is_some(),
        narrow: step.narrow,
        parameters,
    })
}

/// Computes as many rows of a convolution's output, or of the output of the pool after it, as fill
/// `output`. The first of them is row `first`.
pub(crate) fn conv_rows(
    step: &Step<'_>,
    extent: Extent,
    input: Rows<'_>,
    first: usize,
    output: &mut [u8],
    work: &mut [u32],
) {
    let Some(conv) = conv(step, extent) else { return misfit() };
    match step.kernel {
        Kernel::Winograd => {
            let tile_row = if conv.pooled { first } else { first / 2 };
            winograd::rows(&conv, input, tile_row, output, work);
        }
        Kernel::Taps => taps::rows(&conv, input, first, output, work),
        Kernel::Depthwise => depthwise::rows(&conv, input, first, output, work),
        Kernel::Rows => rows::conv(&conv, input, first, output, work),
        Kernel::Reference(_) | Kernel::Weightless => {}
    }
}

/// Returns the pool of a step that is taken from the convolution's whole output, and that output.
pub(crate) fn apart(step: &Step<'_>) -> Option<(Pool, Shape)> {
    match &step.operation {
        &Operation::Conv2d { geometry, pool: Some(pool), .. }
            if step.kernel.is_fast() && fused(&geometry, Some(pool)).is_none() =>
        {
            Some((pool, geometry.output))
        }
        _ => None,
    }
}

/// Returns the number of rows of a convolution's output that are computed together, where no fused
/// pool follows.
pub(crate) fn rows_at_once(step: &Step<'_>) -> usize {
    match &step.operation {
        Operation::Conv2d { geometry, .. } => match step.kernel {
            Kernel::Winograd => 2,
            Kernel::Depthwise => depthwise::rows_at_once(geometry),
            Kernel::Rows => rows::rows_at_once(geometry),
            Kernel::Taps => taps::rows_at_once(geometry),
            _ => 1,
        },
        _ => 1,
    }
}

/// Computes a convolution, and then the pool after it: see [`apart`].
pub(crate) fn conv_and_pool(step: &Step<'_>, input: &[u8], output: &mut [u8], work: &mut [u32]) {
    let Some((pool, shape)) = apart(step) else { return misfit() };
    let Some((map, work)) = work.split_at_mut_checked(shape.len().div_ceil(4)) else { return misfit() };
    let Some(map) = bytemuck::cast_slice_mut(map).get_mut(..shape.len()) else { return misfit() };
    let row_len = usize::from(step.input.shape.width) * usize::from(step.input.shape.channels);
    let rows = Rows { bytes: input, row_len, slots: step.input.shape.height.into() };
    let at_once = rows_at_once(step);
    let line = at_once * usize::from(shape.width) * usize::from(shape.channels);
    let extent = Extent { input: step.input.shape, output: shape };
    let mut first = 0;
    for out in map.chunks_mut(line.max(1)) {
        conv_rows(step, extent, rows, first, out, work);
        first += at_once;
    }
    weightless::max_pool(pool, (map, shape), (output, step.output.shape), step.output.element);
}

/// Computes a dense layer.
pub(crate) fn dense(step: &Step<'_>, input: &[u8], output: &mut [u8], work: &mut [u32]) {
    let Operation::Dense(parameters) = &step.operation else { return misfit() };
    let layer = rows::Dense {
        element: step.input.element,
        to: step.output.element,
        channels: Channels::of(parameters),
        weights: parameters.weights,
    };
    rows::dense(&layer, input, output, work);
}

/// Marks a branch for lengths that do not fit the layer, which
/// [`Model::decode`](crate::Model::decode) rules out.
///
/// Such a length is a mistake in this module, and a debug build panics. A release build goes on
/// with an empty value: no panic may be linked into an inference on a board.
#[inline(always)]
#[track_caller]
fn misfit<T: Default>() -> T {
    debug_assert!(false, "a length does not fit the layer's shape");
    T::default()
}

/// Copies as many bytes as both have. (`copy_from_slice` would compare the lengths, and panic.)
#[inline(always)]
fn copy(to: &mut [u8], from: &[u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}
