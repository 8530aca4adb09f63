use super::{
    format::{Layout, Pool},
    geometry::ConvGeometry,
};

/// The code that computes a step, which says how its weights are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// The plain kernel, with plain weights.
    Reference(Reason),
    /// A 3 × 3 convolution by Winograd's F(2×2, 3×3): 16 multiplications for 4 outputs instead of 36. Its transformed
    /// weights take 32 bytes for 9.
    Winograd,
    /// A convolution with few weights, which take 2 bytes each: its windows are gathered, or, where a pool follows, their
    /// differences.
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
}

/// Most input channels that [`Kernel::Winograd`] takes: its transformed tiles take 96 bytes of RAM for each.
pub(crate) const MAX_WINOGRAD_DEPTH: u16 = 64;

/// Most weights of an output channel that [`Kernel::Taps`] takes before another kernel that would do.
const MAX_TAPS: usize = 32;

/// Most weights of a layer that [`Kernel::Taps`] takes where it is faster than [`Kernel::Rows`]: they take twice the flash.
const MAX_TAPS_WEIGHTS: usize = 4096;

impl Kernel {
    pub(crate) const POOL: Self = Self::Reference(Reason::Pool);

    /// The kernel of a dense layer.
    pub(crate) fn of_dense(layout: Layout) -> Self {
        match layout {
            Layout::Plain => Self::Reference(Reason::Plain),
            Layout::Packed => Self::Rows,
        }
    }

    /// The kernel of a convolution and the max pool behind it.
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
        let even = conv.output.channels.is_multiple_of(2);
        if even && conv.taps() <= MAX_TAPS {
            return Self::Taps;
        }
        // Tiles of 2 × 2 outputs, of which some may hang over the edge. Where many do, multiplying all is no gain.
        let (height, width) = (u32::from(conv.output.height), u32::from(conv.output.width));
        let tiles = height.div_ceil(2) * width.div_ceil(2);
        let pays = pool.is_some() || 3 * 16 * tiles <= 2 * 9 * height * width;
        let fits = even && conv.input.channels.is_multiple_of(4) && conv.input.channels <= MAX_WINOGRAD_DEPTH;
        if (conv.kernel, conv.stride) == ([3, 3], [1, 1]) && fits && pays {
            return Self::Winograd;
        }
        if even && conv.taps() * usize::from(conv.output.channels) <= MAX_TAPS_WEIGHTS {
            return Self::Taps;
        }
        Self::Rows
    }

    /// Whether it is another one than the plain kernel.
    pub fn is_fast(self) -> bool {
        !matches!(self, Self::Reference(_))
    }
}
