//! The shapes of a depthwise convolution, checked once.

use crate::fused_conv::{Geometry, Window};

/// A [`Geometry`] without a pool, and the shapes it was checked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DepthwiseShape {
    pub images: usize,
    pub size: [usize; 2],
    pub channels: usize,
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    /// Zeros above, below, left, right.
    pub padding: [usize; 4],
    pub relu: bool,
    /// Rows and columns of the result.
    pub convolved: [usize; 2],
}

impl DepthwiseShape {
    /// Checks the shapes of maps `[images, rows, columns, channels]` and weights
    /// `[channels, 1, kernel rows, kernel columns]`.
    ///
    /// `None` where they do not fit: a kernel larger than its map, channels that differ, an extent of
    /// 0 (but for the number of images), a stride of 0, or a pool.
    pub fn new(x: [usize; 4], weight: [usize; 4], geometry: &Geometry) -> Option<Self> {
        let [images, rows, columns, channels] = x;
        let [filters, 1, kernel_rows, kernel_columns] = weight else { return None };
        let &Geometry { stride, padding, relu, pool: None } = geometry else { return None };
        let [top, bottom, left, right] = padding;
        let padded =
            [rows.checked_add(top)?.checked_add(bottom)?, columns.checked_add(left)?.checked_add(right)?];
        padded[0].checked_mul(padded[1])?.checked_mul(channels.checked_add(16)?)?;
        let kernel = [kernel_rows, kernel_columns];
        if filters != channels || [rows, columns, channels, kernel_rows, kernel_columns].contains(&0) {
            return None;
        }
        let convolved = Window { kernel, stride }.count(padded)?;
        Some(Self { images, size: [rows, columns], channels, kernel, stride, padding, relu, convolved })
    }

    pub fn input_shape(&self) -> [usize; 4] {
        [self.images, self.size[0], self.size[1], self.channels]
    }

    pub fn weight_shape(&self) -> [usize; 4] {
        [self.channels, 1, self.kernel[0], self.kernel[1]]
    }

    pub fn output_shape(&self) -> [usize; 4] {
        [self.images, self.convolved[0], self.convolved[1], self.channels]
    }

    /// Returns the number of values of one image.
    pub fn image_len(&self) -> usize {
        self.size[0] * self.size[1] * self.channels
    }

    /// Returns the number of values of one image's result.
    pub fn result_len(&self) -> usize {
        self.convolved[0] * self.convolved[1] * self.channels
    }

    /// Returns the number of weights of a channel.
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Returns the padding with which the gradient of `x` is a convolution of `g`, the kernel turned
    /// around; `None` if it is none.
    pub fn transposed_padding(&self) -> Option<[usize; 4]> {
        let [rows, columns] = self.kernel;
        let [top, bottom, left, right] = self.padding;
        let rest = |size: usize, padding: usize| (size - 1).checked_sub(padding);
        let padding = [rest(rows, top)?, rest(rows, bottom)?, rest(columns, left)?, rest(columns, right)?];
        (self.stride == [1, 1]).then_some(padding)
    }
}
