//! Faster ways to the bytes that the [kernels](crate::kernel) define. `docs/KERNELS.md` explains them.
//!
//! A packed model file has the weights of each layer in the order in which its path reads them; which path that is
//! follows from the layer's shape alone. Each path is a driver in safe Rust and an inner loop, of which there is one
//! for every processor and one in assembly for those with ARM's DSP extension.

#[cfg(dsp)]
#[allow(unsafe_code)]
mod dsp;
mod gather;
mod pack;
mod portable;
mod winograd;

#[cfg(dsp)]
use dsp as processor;
#[cfg(not(dsp))]
use portable as processor;

pub(crate) use pack::FilterShape;

use crate::{
    Element, Layout, Operation, Step,
    format::Pool,
    kernel::{ConvGeometry, Parameters},
    requantize::requantize,
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

/// Windows, or tiles, that are computed together. Where fewer are left, tiles are computed one by one.
const LANES: usize = 4;

/// Most input channels that [`Path::Winograd`] takes: its transformed tiles take 64 bytes of RAM for each.
const MAX_WINOGRAD_DEPTH: u16 = 64;

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
        let fits = conv.input.channels.is_multiple_of(4)
            && conv.input.channels <= MAX_WINOGRAD_DEPTH
            && conv.output.channels.is_multiple_of(2);
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

/// Words of 32 bits that a step works in, beside its input and its output.
pub(crate) fn work_len(step: &Step<'_>) -> usize {
    match (step.path, &step.operation) {
        (Path::Reference(_), _) => 0,
        (Path::Winograd, Operation::Conv2d { geometry, .. }) => winograd::work_len(geometry),
        (path, Operation::Conv2d { geometry, .. }) => gather::work_len(path, geometry.filters()),
        _ => step.filters().map_or(0, |(filters, _)| gather::dense_work_len(filters)),
    }
}

/// Computes the rows of a convolution's output, or of the pool's behind it, that fill `output`; the first of them is
/// row `first`. They may have fewer columns than the layer says, and so may the rows of `input`.
pub(crate) fn conv_rows(
    step: &Step<'_>,
    input: Rows<'_>,
    first: usize,
    rows: usize,
    output: &mut [u8],
    work: &mut [u32],
) {
    let Operation::Conv2d { geometry, pool, parameters } = &step.operation else { return };
    let conv = Conv {
        geometry,
        input,
        element: step.input.element,
        columns: output.len() / rows.max(1) / parameters.channels().max(1),
        pooled: pool.is_some(),
        weights: bytemuck::try_cast_slice(parameters.weights).unwrap_or_default(),
        finish: Finish::new(step, parameters),
    };
    match step.path {
        Path::Winograd => winograd::rows(&conv, first, output, work),
        path => gather::rows(&conv, path == Path::Rows, first, output, work),
    }
}

/// Computes a dense layer.
pub(crate) fn dense(step: &Step<'_>, input: &[u8], output: &mut [u8], work: &mut [u32]) {
    let Operation::Dense(parameters) = &step.operation else { return };
    let weights = bytemuck::try_cast_slice(parameters.weights).unwrap_or_default();
    gather::dense(weights, &Finish::new(step, parameters), (input, step.input.element), output, work);
}

/// A convolution and some rows of its input.
struct Conv<'a> {
    geometry: &'a ConvGeometry,
    input: Rows<'a>,
    element: Element,
    /// Columns of the output that are computed.
    columns: usize,
    /// Whether a max pool of 2 × 2 follows.
    pooled: bool,
    weights: &'a [u32],
    finish: Finish<'a>,
}

impl Conv<'_> {
    /// Input channels.
    fn depth(&self) -> usize {
        usize::from(self.geometry.input.channels)
    }

    /// The bytes of row `y`, `count` columns from `x` on, where all of them lie in the map. Both count from the upper
    /// left corner of the padding.
    #[inline(always)]
    fn columns(&self, y: usize, x: usize, count: usize) -> Option<&[u8]> {
        let (depth, [above, left]) = (self.depth(), self.geometry.padding);
        let (y, x) = (y.checked_sub(above)?, x.checked_sub(left)?);
        if y >= usize::from(self.geometry.input.height) {
            return None;
        }
        self.input.row(y).get(x * depth..(x + count) * depth)
    }

    /// The bytes of one pixel; none where it is padding.
    fn pixel(&self, y: usize, x: usize) -> &[u8] {
        self.columns(y, x, 1).unwrap_or_default()
    }
}

/// What is done with sums: bias, rounding, saturation.
struct Finish<'a> {
    biases: &'a [i32],
    multipliers: &'a [i32],
    element: Element,
    /// See [`Step::narrow`].
    #[cfg_attr(not(dsp), allow(dead_code))]
    narrow: bool,
}

impl<'a> Finish<'a> {
    fn new(step: &Step<'_>, parameters: &Parameters<'a>) -> Self {
        Self {
            biases: bytemuck::try_cast_slice(parameters.biases).unwrap_or_default(),
            multipliers: bytemuck::try_cast_slice(parameters.multipliers).unwrap_or_default(),
            element: step.output.element,
            narrow: step.narrow,
        }
    }

    /// The output of channel `channel` for a sum without its bias.
    #[inline(always)]
    fn value(&self, channel: usize, sum: i32) -> u8 {
        let (bias, multiplier) = (self.biases.get(channel), self.multipliers.get(channel));
        requantize(
            sum.wrapping_add(bias.copied().unwrap_or_default()),
            multiplier.copied().unwrap_or_default(),
            self.element,
        )
    }
}
