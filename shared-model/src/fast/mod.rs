//! Faster ways to the bytes that the [kernels](crate::kernel) define. `docs/KERNELS.md` explains them.
//!
//! A packed model file has the weights of each layer in the order in which its path reads them; which path that is
//! follows from the layer's shape alone. Each path is a driver in safe Rust and an inner loop, of which there is one
//! for every processor and one in assembly for those with ARM's DSP extension.

mod pack;

use crate::{
    Layout, Operation, Step,
    format::Pool,
    kernel::{ConvGeometry, Parameters},
};

/// The code that computes a step, which says how its weights are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// The plain kernel, with plain weights.
    Reference(Reason),
    /// A 3 × 3 convolution by Winograd's F(2×2, 3×3): 16 multiplications for 4 outputs instead of 36. Its transformed
    /// weights take 32 bytes for 9.
    Winograd,
    /// A convolution with few weights a channel: windows are gathered as they are, and weights take 2 bytes.
    Taps,
    /// Dense layers, and any other convolution, its windows gathered: two rows of weights share a 16-bit word.
    Rows,
}

/// Why a step is computed by the plain kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The file is laid out plainly.
    Plain,
    /// The convolution has several groups.
    Groups,
    /// The pool behind the convolution is not 2 × 2 with a stride of 2.
    PoolWindow,
    /// It is a pool of its own, which has no weights.
    Pool,
    /// The channels do not come in the numbers that the fast paths take.
    Channels,
}

/// Most weights of an output channel that [`Path::Taps`] takes.
const MAX_TAPS: usize = 32;

impl Path {
    pub(crate) const POOL: Self = Self::Reference(Reason::Pool);

    /// The path of a dense layer.
    pub(crate) fn of_dense(layout: Layout) -> Self {
        match layout {
            Layout::Plain => Self::Reference(Reason::Plain),
            Layout::Packed => Self::Rows,
        }
    }

    /// The path of a convolution and the max pool behind it.
    pub(crate) fn of_conv(layout: Layout, conv: &ConvGeometry, pool: Option<Pool>) -> Self {
        const FUSED: Pool = Pool { kernel: [2, 2], stride: [2, 2] };
        if layout == Layout::Plain {
            return Self::Reference(Reason::Plain);
        }
        if conv.groups != 1 {
            return Self::Reference(Reason::Groups);
        }
        if pool.is_some_and(|pool| pool != FUSED) {
            return Self::Reference(Reason::PoolWindow);
        }
        if conv.taps() <= MAX_TAPS {
            return Self::Taps;
        }
        // Tiles of 2 × 2 outputs, of which some may hang over the edge. Where many do, multiplying all is no gain.
        let (height, width) = (u32::from(conv.output.height), u32::from(conv.output.width));
        let tiles = height.div_ceil(2) * width.div_ceil(2);
        let pays = pool.is_some() || 3 * 16 * tiles <= 2 * 9 * height * width;
        let fits = conv.input.channels.is_multiple_of(4) && conv.output.channels.is_multiple_of(2);
        if (conv.kernel, conv.stride) == ([3, 3], [1, 1]) && fits && pays {
            return Self::Winograd;
        }
        Self::Rows
    }

    /// The path that a step of any file takes in one of this layout.
    pub(crate) fn of(layout: Layout, step: &Step<'_>) -> Self {
        match &step.operation {
            Operation::Conv2d { geometry, pool, .. } => Self::of_conv(layout, geometry, *pool),
            Operation::Dense(_) => Self::of_dense(layout),
            Operation::MaxPool2d(_) | Operation::AveragePool2d(..) => Self::POOL,
        }
    }

    /// Whether it is another one than the plain kernel.
    pub fn is_fast(self) -> bool {
        !matches!(self, Self::Reference(_))
    }

    /// The largest magnitude of a sum that it computes right.
    pub(crate) fn largest_accumulator(self) -> u64 {
        let headroom = if self == Self::Winograd { 4 } else { 1 };
        i32::MAX as u64 / headroom
    }
}

/// Rows of a feature map in a ring: row `r` lies in slot `r % slots`. A whole map has as many slots as rows.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub bytes: &'a [u8],
    pub row_len: usize,
    pub slots: usize,
}

impl<'a> Rows<'a> {
    /// Row `r`, if it is there.
    #[inline(always)]
    pub fn row(&self, r: usize) -> &'a [u8] {
        let start = r.checked_rem(self.slots).unwrap_or(0) * self.row_len;
        self.bytes.get(start..start + self.row_len).unwrap_or_default()
    }
}

pub(crate) fn work_len(_step: &Step<'_>) -> usize { 0 }

pub(crate) fn conv_rows(step: &Step<'_>, input: Rows<'_>, first: usize, output: &mut [u8], _work: &mut [u32]) {
    let Operation::Conv2d { geometry, pool, parameters } = &step.operation else { return };
    let o = usize::from(step.output.shape.channels);
    let w = output.len() / o / if pool.is_none() && step.path == Path::Winograd && first + 2 <= usize::from(step.output.shape.height) { 2 } else { 1 };
    let d = usize::from(geometry.input.channels);
    let n = if pool.is_some() { 2 } else { 1 };
    for (i, out) in output.iter_mut().enumerate() {
        let (y, x, c) = (first + i / (w * o), i / o % w, i % o);
        let mut best = i32::MIN;
        for cy in n * y..n * y + n { for cx in n * x..n * x + n {
            let mut sum = 0;
            for ky in 0..geometry.kernel[0] { for kx in 0..geometry.kernel[1] {
                let (iy, ix) = ((cy * geometry.stride[0] + ky).wrapping_sub(geometry.padding[0]), (cx * geometry.stride[1] + kx).wrapping_sub(geometry.padding[1]));
                if iy >= usize::from(geometry.input.height) || ix >= usize::from(geometry.input.width) { continue }
                for k in 0..d {
                    sum += step.input.element.value(*input.row(iy).get(ix * d + k).unwrap()) * i32::from(step.path.weight(geometry.taps(), parameters, c, (ky * geometry.kernel[1] + kx) * d + k));
                }
            } }
            best = best.max(sum);
        } }
        *out = crate::requantize::requantize(best + parameters.bias(c), parameters.multiplier(c), step.output.element);
    }
}

pub(crate) fn dense(step: &Step<'_>, input: &[u8], output: &mut [u8], _work: &mut [u32]) {
    let Operation::Dense(parameters) = &step.operation else { return };
    for (c, out) in output.iter_mut().enumerate() {
        let sum: i32 = input.iter().enumerate().map(|(k, x)| step.input.element.value(*x) * i32::from(step.path.weight(input.len(), parameters, c, k))).sum();
        *out = crate::requantize::requantize(sum + parameters.bias(c), parameters.multiplier(c), step.output.element);
    }
}
