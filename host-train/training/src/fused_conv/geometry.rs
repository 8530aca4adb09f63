//! The shapes of a convolution and its pool, checked once and turned into the numbers that the
//! kernel works with.

use tinytriplet_evaluation::float_net::windows;

/// The mark in place of an argmax of a value that ReLU cut.
pub(super) const CUT: u8 = u8::MAX;

/// Positions of a pool's window that an argmax can tell apart.
pub(super) const MOST_POOL_POSITIONS: usize = CUT as usize;

/// Values of a cache line, and of an AVX-512 register.
pub(super) const LANES: usize = 16;

/// The stride and padding of a convolution, what follows it, and its pool. The kernel's own size
/// is that of the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Geometry {
    /// Rows and columns from one window of the convolution to the next.
    pub stride: [usize; 2],
    /// Zeros above, below, left, right.
    pub padding: [usize; 4],
    /// True if `max(0, ·)` follows.
    pub relu: bool,
    /// The max pool after that, or none.
    pub pool: Option<Window>,
}

/// Rows and columns of a window, and the step from one to the next. What does not fill a window is
/// left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Rows and columns.
    pub kernel: [usize; 2],
    /// Rows and columns from one window to the next.
    pub stride: [usize; 2],
}

impl Window {
    /// A pool of one position: no pool.
    pub(super) const NONE: Self = Self { kernel: [1, 1], stride: [1, 1] };

    /// Returns how many windows fit `size` rows and columns; `None` if a window is larger, or the
    /// stride is 0.
    pub fn count(&self, size: [usize; 2]) -> Option<[usize; 2]> {
        let along = |axis: usize| windows(size[axis], self.kernel[axis], self.stride[axis]);
        Some([along(0)?, along(1)?])
    }
}

/// A [`Geometry`] and the shapes it was checked with. No pool is a pool of one position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub images: usize,
    pub size: [usize; 2],
    pub inputs: usize,
    pub outputs: usize,
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 4],
    pub relu: bool,
    pub pool: Window,
    /// The map with its padding.
    pub padded: [usize; 2],
    /// The convolution's result.
    pub convolved: [usize; 2],
    /// The pool's result.
    pub pooled: [usize; 2],
}

impl Plan {
    /// Checks the shapes of maps `[images, rows, columns, inputs]` and weights
    /// `[outputs, inputs, kernel rows, kernel columns]`.
    ///
    /// `None` where they do not fit: a window larger than its map, channels that differ, an extent
    /// of 0 (but for the number of images), a stride of 0, or a map whose size overflows 32 bits.
    pub fn new(x: [usize; 4], weight: [usize; 4], geometry: &Geometry) -> Option<Self> {
        let [images, height, width, inputs] = x;
        let [outputs, weight_inputs, kernel_rows, kernel_columns] = weight;
        let Geometry { stride, padding, relu, pool } = *geometry;
        let pool = pool.unwrap_or(Window::NONE);
        let kernel = [kernel_rows, kernel_columns];
        let extents = [height, width, inputs, outputs, kernel[0], kernel[1], pool.kernel[0], pool.kernel[1]];
        if weight_inputs != inputs || extents.contains(&0) {
            return None;
        }
        let [top, bottom, left, right] = padding;
        let padded =
            [height.checked_add(top)?.checked_add(bottom)?, width.checked_add(left)?.checked_add(right)?];
        let convolved = Window { kernel, stride }.count(padded)?;
        let pooled = pool.count(convolved)?;
        let values = |size: [usize; 2], channels: usize| size[0].checked_mul(size[1])?.checked_mul(channels);
        let most = values(padded, inputs)?
            .max(values(convolved, outputs)?)
            .max(values(kernel, inputs)?.checked_mul(outputs)?);
        // Offsets within an image or within the weights are kept as `u32`, with room for rounding
        // up.
        (most <= u32::MAX as usize / 32).then_some(Self {
            images,
            size: [height, width],
            inputs,
            outputs,
            kernel,
            stride,
            padding,
            relu,
            pool,
            padded,
            convolved,
            pooled,
        })
    }

    pub fn input_shape(&self) -> [usize; 4] {
        [self.images, self.size[0], self.size[1], self.inputs]
    }

    pub fn weight_shape(&self) -> [usize; 4] {
        [self.outputs, self.inputs, self.kernel[0], self.kernel[1]]
    }

    pub fn output_shape(&self) -> [usize; 4] {
        [self.images, self.pooled[0], self.pooled[1], self.outputs]
    }

    /// Returns the number of values of one image.
    pub fn image_len(&self) -> usize {
        self.size[0] * self.size[1] * self.inputs
    }

    /// Returns the number of values of one padded image.
    pub fn padded_len(&self) -> usize {
        self.padded[0] * self.row_step()
    }

    /// Returns the number of values of one image's result.
    pub fn result_len(&self) -> usize {
        self.windows() * self.outputs
    }

    /// Returns the number of windows of the pool in an image.
    pub fn windows(&self) -> usize {
        self.pooled[0] * self.pooled[1]
    }

    /// Returns the number of positions in one window of the pool.
    pub fn pool_positions(&self) -> usize {
        self.pool.kernel[0] * self.pool.kernel[1]
    }

    /// Returns the step from one row of a padded image to the next.
    pub fn row_step(&self) -> usize {
        self.padded[1] * self.inputs
    }

    /// Returns the step from one position of the convolution to the one below it and the one to its right, in a
    /// padded image.
    pub fn position_step(&self) -> [usize; 2] {
        [self.stride[0] * self.row_step(), self.stride[1] * self.inputs]
    }

    /// Returns the number of values under one row of the kernel; they lie side by side in a padded image.
    pub fn kernel_row(&self) -> usize {
        self.kernel[1] * self.inputs
    }

    /// Returns the number of weights of one output channel.
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel_row()
    }

    /// Returns where the first position of a window of the pool begins, in a padded image.
    pub fn window_offset(&self, row: usize, column: usize) -> usize {
        let [down, right] = self.position_step();
        row * self.pool.stride[0] * down + column * self.pool.stride[1] * right
    }
}
