use super::dot;
use crate::contract::fitting;
use crate::model::{
    format::Pool,
    geometry::ConvGeometry,
    step::Parameters,
    tensor::{Element, Shape},
};

/// Windows of up to this many values are gathered once, on the stack, and then multiplied with
/// every filter. 3 × 3 windows of up to 56 channels fit.
const WINDOW: usize = 512;
/// Output channels that are computed together.
const CHANNELS: usize = 32;

impl ConvGeometry {
    /// Returns the index of the input's pixel under (`ky`, `kx`) of the window at (`row`,
    /// `column`), or `None` if that is padding.
    #[inline(always)]
    fn pixel(&self, [row, column]: [usize; 2], ky: usize, kx: usize) -> Option<usize> {
        let (height, width) = (usize::from(self.input.height), usize::from(self.input.width));
        // What is above or to the left wraps to a huge number and fails the comparison like what is
        // beyond.
        let y = (row * self.stride[0] + ky).wrapping_sub(self.padding[0]);
        let x = (column * self.stride[1] + kx).wrapping_sub(self.padding[1]);
        (y < height && x < width).then(|| y * width + x)
    }

    /// Computes `Σ weight · input` over the window at `position` for one output channel per element
    /// of `sums`. The channels begin at `first` and belong to one group. Pixels outside of the
    /// input count as 0.
    fn sum_window(
        &self,
        (input, element): (&[u8], Element),
        weights: &[u8],
        position: [usize; 2],
        first: usize,
        sums: &mut [i32],
    ) {
        let (taps, depth) = (self.taps(), self.group_depth());
        let group = first / self.group_channels().max(1);
        let [kernel_height, kernel_width] = self.kernel;
        let filters = fitting(weights.get(first * taps..)).chunks_exact(taps.max(1));
        let channels = |pixel: usize| {
            let start = pixel * usize::from(self.input.channels) + group * depth;
            fitting(input.get(start..start + depth))
        };

        let mut window = [0; WINDOW];
        if let Some(window) = window.get_mut(..taps) {
            for ky in 0..kernel_height {
                for kx in 0..kernel_width {
                    if let Some(pixel) = self.pixel(position, ky, kx) {
                        let at = (ky * kernel_width + kx) * depth;
                        let into = fitting(window.get_mut(at..at + depth));
                        into.iter_mut().zip(channels(pixel)).for_each(|(into, from)| *into = *from);
                    }
                }
            }
            for (sum, filter) in sums.iter_mut().zip(filters) {
                *sum = dot(window, element, filter);
            }
        } else {
            for (sum, filter) in sums.iter_mut().zip(filters) {
                *sum = 0;
                for (tap, weights) in filter.chunks_exact(depth.max(1)).enumerate() {
                    let (ky, kx) = (tap / kernel_width.max(1), tap % kernel_width.max(1));
                    if let Some(pixel) = self.pixel(position, ky, kx) {
                        *sum += dot(channels(pixel), element, weights);
                    }
                }
            }
        }
    }

    /// Returns the output channels in runs of one group, no longer than [`CHANNELS`], as first
    /// channel and length.
    fn channel_runs(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let group = self.group_channels();
        (0..self.groups).flat_map(move |index| {
            (0..group).step_by(CHANNELS).map(move |at| (index * group + at, CHANNELS.min(group - at)))
        })
    }
}

/// Computes a convolution (a cross-correlation, as in every deep-learning library):
/// `output[y][x][o] = requantize(bias[o] + Σ weight[o][ky][kx][c] · input[y·stride + ky −
/// padding][…][c])`.
pub fn conv2d(
    geometry: &ConvGeometry,
    parameters: &Parameters<'_>,
    input: (&[u8], Element),
    output: (&mut [u8], Element),
) {
    let alone = Pool { kernel: [1, 1], stride: [1, 1] };
    conv2d_max_pool(geometry, alone, geometry.output, parameters, input, output);
}

/// Computes a convolution and the max pool after it, without the map between them: the largest
/// accumulator of a pool window is requantized once. The bytes are those of [`conv2d`] and then
/// [`max_pool`](super::max_pool()), because requantizing never decreases.
///
/// `pooled` is the shape of `output`.
pub fn conv2d_max_pool(
    geometry: &ConvGeometry,
    pool: Pool,
    pooled: Shape,
    parameters: &Parameters<'_>,
    input: (&[u8], Element),
    (output, element): (&mut [u8], Element),
) {
    debug_assert_eq!(input.0.len(), geometry.input.len(), "the input has another shape");
    debug_assert_eq!(output.len(), pooled.len(), "the output has another shape");
    let (width, channels) = (usize::from(pooled.width), usize::from(pooled.channels));
    let [pool_height, pool_width] = pool.kernel.map(usize::from);
    let [stride_y, stride_x] = pool.stride.map(usize::from);
    for (index, out) in output.chunks_exact_mut(channels.max(1)).enumerate() {
        let (top, left) = (index / width.max(1) * stride_y, index % width.max(1) * stride_x);
        for (first, count) in geometry.channel_runs() {
            let mut largest = [i32::MIN; CHANNELS];
            let mut sums = [0; CHANNELS];
            for row in top..top + pool_height {
                for column in left..left + pool_width {
                    let sums = fitting(sums.get_mut(..count));
                    geometry.sum_window(input, parameters.weights, [row, column], first, sums);
                    largest.iter_mut().zip(sums).for_each(|(largest, sum)| *largest = (*largest).max(*sum));
                }
            }
            let out = fitting(out.get_mut(first..first + count));
            for (channel, (out, largest)) in (first..).zip(out.iter_mut().zip(largest)) {
                *out = parameters.finish(largest, channel, element);
            }
        }
    }
}
