//! Convolutions and fully connected layers, made ready for the [kernel](super::kernel): what is
//! known before the first image comes is computed here.

use crate::vector::i8::{MOST_LANES, Target};
use shared_model::inspect::{ConvGeometry, Element, Operation, Parameters, Step};

/// A convolution with the max pool after it, or a fully connected layer, which is a convolution
/// whose window is the whole map.
///
/// *Staged* images are its inputs as the kernel reads them: [values](Target::Value) with the
/// padding around them.
pub(super) struct Packed<T: Target> {
    pub staging: Staging,
    pub filters: Filters<T>,
    /// The beginning of the first window of each output pixel, in the staged images of a whole
    /// chunk: outputs of the first image in stored order, then of the second. Of one image before
    /// [`repeat`](Self::repeat).
    pub windows: Vec<usize>,
    /// Outputs of an image.
    pub pixels: usize,
    /// The distance from the first window of an output to each window of its pool.
    pub positions: Vec<usize>,
    /// Values from the beginning of the first window to the end of the last.
    pub reach: usize,
    /// Output channels.
    pub channels: usize,
    /// The bias of each channel, up to a whole number of [`Target::LANES`]; the offset of the
    /// input's values is taken off.
    pub biases: Vec<i32>,
    /// The multiplier of each channel, as many as there are biases.
    pub multipliers: Vec<i32>,
    /// The output's.
    pub element: Element,
}

/// What is multiplied with what.
pub(super) enum Filters<T: Target> {
    /// Every output channel sees every input channel.
    Full(Runs<T>),
    /// Each output channel sees one input channel, its own.
    Depthwise(Taps<T>),
}

/// A window is a few *runs* of neighbouring values, one a kernel row, cut into groups. Where a run
/// does not fill its last group, that reaches into whatever lies after it, with weights of 0.
pub(super) struct Runs<T: Target> {
    /// Runs of a window.
    pub count: usize,
    /// Values from one run to the next.
    pub stride: usize,
    /// Groups of a run.
    pub groups: usize,
    /// `[block][run][group][LANES channels]`, a block being two times LANES channels or, at the
    /// end, one.
    pub weights: Vec<T::Weights>,
}

/// The last [`Target::LANES`] channels may reach into whatever lies after them; their outputs are
/// not used.
pub(super) struct Taps<T: Target> {
    /// The distance from the beginning of a window to each of its pixels.
    pub places: Vec<usize>,
    /// `[block of LANES channels][pixel]`, for [`Target::multiply_add_each`].
    pub weights: Vec<T::Weights>,
}

/// Settings for [staging](Packed) images.
pub(super) struct Staging {
    /// The meaning of their bytes.
    pub element: Element,
    /// Bytes of an image.
    pub input_len: usize,
    /// Values of a staged image.
    pub len: usize,
    /// Rows that are copied.
    pub rows: usize,
    /// Values of a row that are copied.
    pub row_len: usize,
    /// The distance from one row to the next: in the image, in the staged image.
    pub strides: [usize; 2],
    /// The place of the first row.
    pub start: usize,
    /// True if there is anything around the rows.
    pub padded: bool,
}

impl<T: Target> Packed<T> {
    /// Makes ready for one image at once. `None` for what the kernel is not made for: pools alone,
    /// sums, and convolutions in groups that are not depthwise.
    pub fn new(step: &Step<'_>) -> Option<Self> {
        let input = step.input.shape;
        let (geometry, pool, parameters) = match step.operation {
            Operation::Conv2d { geometry, pool, parameters }
                if geometry.groups == 1 || is_depthwise(&geometry) =>
            {
                let [kernel, stride] = pool
                    .map_or([[1, 1]; 2], |pool| [pool.kernel, pool.stride].map(|size| size.map(usize::from)));
                (geometry, [kernel, stride], parameters)
            }
            Operation::Dense(parameters) => {
                let geometry = ConvGeometry {
                    input,
                    output: step.output.shape,
                    kernel: [input.height, input.width].map(usize::from),
                    stride: [1, 1],
                    padding: [0, 0],
                    groups: 1,
                };
                (geometry, [[1, 1]; 2], parameters)
            }
            Operation::Conv2d { .. }
            | Operation::MaxPool2d(_)
            | Operation::AveragePool2d(..)
            | Operation::Skip
            | Operation::Add { .. } => return None,
        };
        Some(Self::of_window(step, &geometry, pool, &parameters))
    }

    fn of_window(
        step: &Step<'_>,
        geometry: &ConvGeometry,
        [pool_kernel, pool_stride]: [[usize; 2]; 2],
        parameters: &Parameters<'_>,
    ) -> Self {
        let output = [step.output.shape.height, step.output.shape.width].map(usize::from);
        let depth = usize::from(geometry.input.channels);
        // Rows and columns that some window looks at, with the padding and without what no window
        // reaches.
        let reach = [0, 1].map(|axis| {
            let last = (output[axis] - 1) * pool_stride[axis] + pool_kernel[axis] - 1;
            last * geometry.stride[axis] + geometry.kernel[axis]
        });
        let row_stride = reach[1] * depth;
        let staging = Staging::new(geometry, reach, step.input.element);

        let at = |row: usize, column: usize| {
            row * geometry.stride[0] * row_stride + column * geometry.stride[1] * depth
        };
        let windows: Vec<usize> = places(output, pool_stride).map(|(row, column)| at(row, column)).collect();
        let positions: Vec<usize> =
            places(pool_kernel, [1, 1]).map(|(row, column)| at(row, column)).collect();

        let channels = usize::from(step.output.shape.channels);
        let lanes = channels.next_multiple_of(T::LANES);
        let taps = geometry.taps();
        let weight = |channel: usize, tap: usize| parameters.weights[channel * taps + tap] as i8;
        let (filters, window) = if is_depthwise(geometry) && channels > 1 {
            let places: Vec<usize> =
                places(geometry.kernel, [row_stride, depth]).map(|(y, x)| y + x).collect();
            let weights = (0..lanes).step_by(T::LANES).flat_map(|first| {
                (0..taps).map(move |tap| {
                    T::weights(|lane, index| {
                        let channel = first + lane;
                        if channel < channels && index == 0 { weight(channel, tap) } else { 0 }
                    })
                })
            });
            let (weights, window) = (weights.collect(), places[taps - 1] + lanes);
            (Filters::Depthwise(Taps { places, weights }), window)
        } else {
            // Where a window is as wide as the staged rows, its runs follow upon each other and are
            // one.
            let run = geometry.kernel[1] * depth;
            let (count, run) =
                if run == row_stride { (1, geometry.kernel[0] * run) } else { (geometry.kernel[0], run) };
            let groups = run.div_ceil(T::GROUP);
            let mut weights = Vec::new();
            for first in (0..lanes).step_by(2 * T::LANES) {
                let block = first..lanes.min(first + 2 * T::LANES);
                for (row, group) in places([count, groups], [1, 1]) {
                    weights.extend(block.clone().step_by(T::LANES).map(|first| {
                        T::weights(|lane, index| {
                            let (channel, at) = (first + lane, group * T::GROUP + index);
                            if channel < channels && at < run { weight(channel, row * run + at) } else { 0 }
                        })
                    }));
                }
            }
            let window = (count - 1) * row_stride + groups * T::GROUP;
            (Filters::Full(Runs { count, stride: row_stride, groups, weights }), window)
        };

        let offset = T::offset(step.input.element);
        let mut biases: Vec<i32> = (0..channels)
            .map(|channel| {
                let sum = (0..taps).fold(0i32, |sum, tap| sum.wrapping_add(weight(channel, tap).into()));
                parameters.bias(channel).wrapping_sub(sum.wrapping_mul(offset))
            })
            .collect();
        biases.resize(lanes, 0);
        let mut multipliers: Vec<i32> =
            parameters.multipliers.as_chunks().0.iter().map(|&bytes| i32::from_le_bytes(bytes)).collect();
        multipliers.resize(lanes, 0);

        Self {
            staging,
            filters,
            windows,
            pixels: output[0] * output[1],
            reach: positions[positions.len() - 1] + window,
            positions,
            channels,
            biases,
            multipliers,
            element: step.output.element,
        }
    }

    /// Makes ready for up to `chunk` images at once.
    pub fn repeat(&mut self, chunk: usize) {
        let (len, first) = (self.staging.len, core::mem::take(&mut self.windows));
        self.windows =
            (0..chunk).flat_map(|image| first.iter().map(move |window| image * len + window)).collect();
    }

    /// Returns values that `images` staged images take, with what the end of the last window may reach
    /// into.
    pub fn staged_len(&self, images: usize) -> usize {
        images * self.staging.len + MOST_LANES.max(T::GROUP) - 1
    }
}

/// Returns true if each output channel sees one input channel, its own.
fn is_depthwise(geometry: &ConvGeometry) -> bool {
    let groups = geometry.groups;
    [geometry.input.channels, geometry.output.channels].map(usize::from) == [groups; 2]
}

/// Returns rows and columns, each times its stride, row by row.
fn places(size: [usize; 2], stride: [usize; 2]) -> impl Iterator<Item = (usize, usize)> {
    (0..size[0]).flat_map(move |y| (0..size[1]).map(move |x| (y * stride[0], x * stride[1])))
}

impl Staging {
    /// `reach`: rows and columns of a staged image.
    fn new(geometry: &ConvGeometry, reach: [usize; 2], element: Element) -> Self {
        let depth = usize::from(geometry.input.channels);
        let size = [geometry.input.height, geometry.input.width].map(usize::from);
        let [top, left] = geometry.padding;
        let [rows, columns] = [0, 1].map(|axis| size[axis].min(reach[axis] - geometry.padding[axis]));
        let staged = Self {
            element,
            input_len: size[0] * size[1] * depth,
            len: reach[0] * reach[1] * depth,
            rows,
            row_len: columns * depth,
            strides: [size[1], reach[1]].map(|width| width * depth),
            start: (top * reach[1] + left) * depth,
            padded: [rows, columns] != reach,
        };
        // Rows without gaps are one.
        if staged.strides == [staged.row_len; 2] {
            Self { rows: 1, row_len: staged.rows * staged.row_len, ..staged }
        } else {
            staged
        }
    }
}
