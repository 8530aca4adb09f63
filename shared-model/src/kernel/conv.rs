use super::{Parameters, dot};
use crate::{Element, Shape, format::Pool};

/// The window of a convolution on a feature map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvGeometry {
    /// The feature map that is read.
    pub input: Shape,
    /// The feature map that comes out.
    pub output: Shape,
    /// Rows and columns of the kernel.
    pub kernel: [usize; 2],
    /// Rows and columns from one window to the next.
    pub stride: [usize; 2],
    /// Rows of zeros above and columns of zeros to the left of the input. (How many are below and to
    /// the right follows from the output's shape.)
    pub padding: [usize; 2],
    /// Input and output channels are split into this many groups that do not see each other.
    pub groups: usize,
}

impl ConvGeometry {
    /// `Σ weight · input` over the window of the output value at (`row`, `column`, `channel`).
    /// What lies outside of the input counts as 0.
    #[inline(always)]
    fn accumulate(
        &self,
        input: &[u8],
        element: Element,
        weights: &[u8],
        [row, column, channel]: [usize; 3],
    ) -> i32 {
        let [kernel_height, kernel_width] = self.kernel;
        let (height, width) = (self.input.height as usize, self.input.width as usize);
        let depth = self.input.channels as usize;
        let group_depth = depth / self.groups;
        let group = channel / (self.output.channels as usize / self.groups);
        let weights = &weights[channel * kernel_height * kernel_width * group_depth..];

        // The columns of the window that are inside of the input: what is outside adds nothing.
        let left = column * self.stride[1];
        let inside = self.padding[1].saturating_sub(left)..kernel_width.min(width + self.padding[1] - left);

        let mut accumulator = 0;
        for ky in 0..kernel_height {
            // A row above the input wraps to a huge number and fails the comparison like one below it.
            let y = (row * self.stride[0] + ky).wrapping_sub(self.padding[0]);
            if y >= height {
                continue;
            }
            let taps = &weights[ky * kernel_width * group_depth..][..kernel_width * group_depth];
            let pixels = &input[(y * width + left + inside.start - self.padding[1]) * depth..];
            if self.groups == 1 {
                // Neighbouring pixels are neighbours in memory, and so are their weights.
                let taps = &taps[inside.start * depth..inside.end * depth];
                accumulator += dot(&pixels[..taps.len()], element, taps);
            } else {
                let taps = taps[inside.start * group_depth..].chunks_exact(group_depth);
                for (pixel, taps) in pixels.chunks_exact(depth).zip(taps).take(inside.len()) {
                    accumulator += dot(&pixel[group * group_depth..][..group_depth], element, taps);
                }
            }
        }
        accumulator
    }
}

/// Convolution (cross-correlation, as in every deep-learning library):
/// `output[y][x][o] = requantize(bias[o] + Σ weight[o][ky][kx][c] · input[y·stride + ky − padding][…][c])`.
pub fn conv2d(
    geometry: &ConvGeometry,
    parameters: &Parameters<'_>,
    (input, input_element): (&[u8], Element),
    (output, output_element): (&mut [u8], Element),
) {
    let (width, channels) = (geometry.output.width as usize, geometry.output.channels as usize);
    for (index, out) in output.iter_mut().enumerate() {
        let (pixel, channel) = (index / channels, index % channels);
        let position = [pixel / width, pixel % width, channel];
        let sum = geometry.accumulate(input, input_element, parameters.weights, position);
        *out = parameters.finish(sum, channel, output_element);
    }
}

/// A convolution and the max pool that follows it, without the map between them: the largest accumulator of
/// a pool window is requantized once. The same bytes as [`conv2d`] and then
/// [`max_pool`](super::max_pool()), because requantizing never decreases.
///
/// `pooled` is the shape of `output`.
pub fn conv2d_max_pool(
    geometry: &ConvGeometry,
    pool: Pool,
    pooled: Shape,
    parameters: &Parameters<'_>,
    (input, input_element): (&[u8], Element),
    (output, output_element): (&mut [u8], Element),
) {
    let (width, channels) = (pooled.width as usize, pooled.channels as usize);
    let [pool_height, pool_width] = pool.kernel.map(usize::from);
    let [stride_y, stride_x] = pool.stride.map(usize::from);
    for (index, out) in output.iter_mut().enumerate() {
        let (pixel, channel) = (index / channels, index % channels);
        let (top, left) = (pixel / width * stride_y, pixel % width * stride_x);
        let mut largest = i32::MIN;
        for row in top..top + pool_height {
            for column in left..left + pool_width {
                let position = [row, column, channel];
                let sum = geometry.accumulate(input, input_element, parameters.weights, position);
                largest = largest.max(sum);
            }
        }
        *out = parameters.finish(largest, channel, output_element);
    }
}
