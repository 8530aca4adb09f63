use super::{
    format::{Layout, Pool},
    geometry::ConvGeometry,
};

/// The code that computes a step. It decides how the step's weights are laid out.
///
/// The kernel follows from the layout of the file and the shape of the layer alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// The plain kernel, with plain weights.
    Reference(Reason),
    /// A 3 × 3 convolution by Winograd's F(2×2, 3×3): 16 multiplications for 4 outputs instead of
    /// 36. Nine weights become 32 bytes.
    Winograd,
    /// A convolution with few weights, in 2 bytes each. Its windows are gathered, or their
    /// differences if a pool follows.
    Taps,
    /// A depthwise convolution, four channels at a time, with weights in 2 bytes each.
    Depthwise,
    /// A dense layer, or any other convolution with its windows gathered. Two rows of weights share
    /// a 16-bit word.
    Rows,
    /// What has no weights: a pool that does not follow a convolution, four channels at a time, or
    /// what is kept and added.
    Weightless,
}

/// The reason for computing a step with the plain kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The file has the plain layout.
    Plain,
    /// The convolution has several groups, and is not a depthwise one of a multiple of 4 channels.
    Groups,
}

/// Most input channels of [`Kernel::Winograd`]: its transformed tiles need 96 bytes of RAM per
/// channel.
pub(crate) const MAX_WINOGRAD_DEPTH: u16 = 64;

/// Up to this many weights per output channel, [`Kernel::Taps`] is preferred to any other kernel.
const MAX_TAPS: usize = 32;

/// Up to this many weights in a layer, [`Kernel::Taps`] is preferred to [`Kernel::Rows`]: it is
/// faster, but its weights need twice the flash.
const MAX_TAPS_WEIGHTS: usize = 4096;

/// Returns the pool after a convolution if a fast kernel computes both at once. Any other pool is
/// taken when all of the convolution's output is there.
pub(crate) fn fused(conv: &ConvGeometry, pool: Option<Pool>) -> Option<Pool> {
    const FUSED: Pool = Pool { kernel: [2, 2], stride: [2, 2] };
    pool.filter(|&pool| pool == FUSED && conv.groups == 1)
}

impl Kernel {
    /// Returns the kernel of a dense layer.
    pub(crate) fn of_dense(layout: Layout) -> Self {
        match layout {
            Layout::Plain => Self::Reference(Reason::Plain),
            Layout::Packed => Self::Rows,
        }
    }

    /// Returns the kernel of a step without weights.
    pub(crate) fn of_weightless(layout: Layout) -> Self {
        match layout {
            Layout::Plain => Self::Reference(Reason::Plain),
            Layout::Packed => Self::Weightless,
        }
    }

    /// Returns the kernel of a convolution and the max pool after it.
    pub(crate) fn of_conv(layout: Layout, conv: &ConvGeometry, pool: Option<Pool>) -> Self {
        if layout == Layout::Plain {
            return Self::Reference(Reason::Plain);
        }
        if conv.groups != 1 {
            let quads = conv.is_depthwise() && conv.input.channels.is_multiple_of(4);
            return if quads { Self::Depthwise } else { Self::Reference(Reason::Groups) };
        }
        let pool = fused(conv, pool);
        let even = conv.output.channels.is_multiple_of(2);
        if even && conv.taps() <= MAX_TAPS {
            return Self::Taps;
        }
        // Some tiles of 2 × 2 outputs may hang over the edge. If many do, multiplying all of them
        // gains nothing.
        let (height, width) = (u32::from(conv.output.height), u32::from(conv.output.width));
        let tiles = height.div_ceil(2) * width.div_ceil(2);
        let pays = pool.is_some() || 3 * 16 * tiles <= 2 * 9 * height * width;
        let fits = even && conv.input.channels.is_multiple_of(4) && conv.input.channels <= MAX_WINOGRAD_DEPTH;
        if (conv.kernel, conv.stride) == ([3, 3], [1, 1]) && fits && pays {
            return Self::Winograd;
        }
        if even && conv.taps().saturating_mul(conv.output.channels.into()) <= MAX_TAPS_WEIGHTS {
            return Self::Taps;
        }
        Self::Rows
    }

    /// Returns true for every kernel but the plain one.
    pub fn is_fast(self) -> bool {
        !matches!(self, Self::Reference(_))
    }
}
