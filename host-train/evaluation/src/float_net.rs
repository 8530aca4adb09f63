//! A trained net as plain arrays: what the quantizer reads, and what the int8 engine is measured
//! against.
//!
//! It knows nothing of Burn, so that everything after training (calibration, quantization,
//! evaluation) is the same whatever backend trained the net. Feature maps are channels last, as in
//! `shared-model`.

use crate::metrics::Value;
use rayon::prelude::*;
use shared_model::{inspect::Shape, model::format::Layer};

/// A sequential net for inference, in `f32`.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatNet {
    /// Shape of the image.
    pub input: Shape,
    /// The layers, in order.
    pub layers: Vec<FloatLayer>,
}

/// One layer. What only matters in training (dropout, batch norm) is gone or folded into its
/// neighbour.
#[derive(Clone, Debug, PartialEq)]
pub enum FloatLayer {
    /// Convolution, and perhaps a ReLU after it.
    Conv2d {
        /// True if the output is kept for the next sum, and the next layer reads the same input.
        shortcut: bool,
        /// Rows and columns of the kernel.
        kernel: [usize; 2],
        /// Rows and columns from one window to the next.
        stride: [usize; 2],
        /// Zeros above, below, left, right.
        padding: [usize; 4],
        /// Groups of channels that do not see each other.
        groups: usize,
        /// Channels of the output.
        out_channels: usize,
        /// True if `max(0, x)` follows.
        relu: bool,
        /// `[output channel][row][column][input channel of the group]`.
        weight: Vec<f32>,
        /// One per output channel.
        bias: Vec<f32>,
    },
    /// Largest value of each window, without padding.
    MaxPool {
        /// Rows and columns of the window.
        kernel: [usize; 2],
        /// Rows and columns from one window to the next.
        stride: [usize; 2],
    },
    /// Mean of each window, without padding.
    AveragePool {
        /// Rows and columns of the window.
        kernel: [usize; 2],
        /// Rows and columns from one window to the next.
        stride: [usize; 2],
    },
    /// Fully connected, and perhaps a ReLU after it.
    Dense {
        /// Values of the output.
        out_features: usize,
        /// True if `max(0, x)` follows.
        relu: bool,
        /// `[output][input]`; the input is a feature map in its own order.
        weight: Vec<f32>,
        /// One per output.
        bias: Vec<f32>,
    },
    /// Keeps its input for the next sum.
    Skip,
    /// Sum of what is kept and the input, and perhaps a ReLU after it.
    Add {
        /// True if `max(0, x)` follows.
        relu: bool,
    },
}

/// Returns how many windows fit along a side; `None` if a window is larger, or the stride is 0.
pub fn windows(size: usize, kernel: usize, stride: usize) -> Option<usize> {
    Some(size.checked_sub(kernel)?.checked_div(stride)? + 1)
}

impl FloatLayer {
    /// Returns the name that the layer has in a model file.
    pub const fn kind(&self) -> &'static str {
        match self {
            FloatLayer::Conv2d { shortcut: false, .. } => Layer::CONV2D,
            FloatLayer::Conv2d { shortcut: true, .. } => Layer::SHORTCUT,
            FloatLayer::MaxPool { .. } => Layer::MAX_POOL2D,
            FloatLayer::AveragePool { .. } => Layer::AVERAGE_POOL2D,
            FloatLayer::Dense { .. } => Layer::DENSE,
            FloatLayer::Skip => Layer::SKIP,
            FloatLayer::Add { .. } => Layer::ADD,
        }
    }

    /// Returns true if the output is kept for the next sum.
    pub const fn keeps(&self) -> bool {
        matches!(self, FloatLayer::Skip | FloatLayer::Conv2d { shortcut: true, .. })
    }

    /// Returns true if the layer only chooses among the values that it reads, so that the scale of
    /// its input is that of its output.
    pub const fn keeps_scale(&self) -> bool {
        match self {
            FloatLayer::MaxPool { .. } | FloatLayer::Skip => true,
            FloatLayer::Conv2d { .. }
            | FloatLayer::AveragePool { .. }
            | FloatLayer::Dense { .. }
            | FloatLayer::Add { .. } => false,
        }
    }

    /// Returns the shape of the output for an input of shape `input`, which must fit.
    ///
    /// # Panics
    /// A window does not fit.
    pub fn output(&self, input: Shape) -> Shape {
        let windows =
            |size, kernel, stride| windows(size, kernel, stride).expect("a window that fits the map") as u16;
        let (height, width) = (usize::from(input.height), usize::from(input.width));
        match *self {
            FloatLayer::Conv2d {
                kernel, stride, padding: [top, bottom, left, right], out_channels, ..
            } => Shape::new(
                windows(height + top + bottom, kernel[0], stride[0]),
                windows(width + left + right, kernel[1], stride[1]),
                out_channels as u16,
            ),
            FloatLayer::MaxPool { kernel, stride } | FloatLayer::AveragePool { kernel, stride } => {
                Shape::new(
                    windows(height, kernel[0], stride[0]),
                    windows(width, kernel[1], stride[1]),
                    input.channels,
                )
            }
            FloatLayer::Dense { out_features, .. } => Shape::new(1, 1, out_features as u16),
            FloatLayer::Skip | FloatLayer::Add { .. } => input,
        }
    }

    fn forward(&self, input: &[f32], kept: &[f32], shape: Shape) -> Vec<f32> {
        let output_shape = self.output(shape);
        match self {
            FloatLayer::Conv2d { .. } => self.conv2d(input, shape, output_shape),
            FloatLayer::MaxPool { kernel, stride } => {
                pool(input, shape, output_shape, (*kernel, *stride), f32::NEG_INFINITY, f32::max)
            }
            FloatLayer::AveragePool { kernel, stride } => {
                let mut sums = pool(input, shape, output_shape, (*kernel, *stride), 0.0, |a, b| a + b);
                let area = (kernel[0] * kernel[1]) as f32;
                sums.iter_mut().for_each(|sum| *sum /= area);
                sums
            }
            FloatLayer::Dense { relu, weight, bias, .. } => weight
                .chunks_exact(input.len())
                .zip(bias)
                .map(|(row, bias)| rectify(f32::dot(row, input) + bias, *relu))
                .collect(),
            FloatLayer::Skip => input.to_vec(),
            FloatLayer::Add { relu } => input.iter().zip(kept).map(|(a, b)| rectify(a + b, *relu)).collect(),
        }
    }

    fn conv2d(&self, input: &[f32], shape: Shape, output_shape: Shape) -> Vec<f32> {
        let FloatLayer::Conv2d { kernel, stride, padding, groups, relu, weight, bias, .. } = self else {
            unreachable!("called for convolutions")
        };
        let (height, width, depth) = dimensions(shape);
        let (rows, columns, channels) = dimensions(output_shape);
        let group_depth = depth / groups;
        let mut output = Vec::with_capacity(rows * columns * channels);
        let mut window = vec![0.0; kernel[0] * kernel[1] * group_depth];
        for row in 0..rows {
            for column in 0..columns {
                for group in 0..*groups {
                    for ky in 0..kernel[0] {
                        for kx in 0..kernel[1] {
                            let to = &mut window[(ky * kernel[1] + kx) * group_depth..][..group_depth];
                            let y = (row * stride[0] + ky).wrapping_sub(padding[0]);
                            let x = (column * stride[1] + kx).wrapping_sub(padding[2]);
                            if y < height && x < width {
                                let from = (y * width + x) * depth + group * group_depth;
                                to.copy_from_slice(&input[from..from + group_depth]);
                            } else {
                                to.fill(0.0);
                            }
                        }
                    }
                    let in_group = channels / groups;
                    let filters = weight.chunks_exact(window.len()).zip(bias);
                    output.extend(
                        filters
                            .skip(group * in_group)
                            .take(in_group)
                            .map(|(filter, bias)| rectify(f32::dot(filter, &window) + bias, *relu)),
                    );
                }
            }
        }
        output
    }
}

fn dimensions(shape: Shape) -> (usize, usize, usize) {
    (shape.height.into(), shape.width.into(), shape.channels.into())
}

fn rectify(value: f32, relu: bool) -> f32 {
    if relu { value.max(0.0) } else { value }
}

fn pool(
    input: &[f32],
    shape: Shape,
    output_shape: Shape,
    (kernel, stride): ([usize; 2], [usize; 2]),
    initial: f32,
    fold: impl Fn(f32, f32) -> f32,
) -> Vec<f32> {
    let (_, width, channels) = dimensions(shape);
    let (rows, columns, _) = dimensions(output_shape);
    let mut output = vec![initial; rows * columns * channels];
    for (index, out) in output.chunks_exact_mut(channels).enumerate() {
        let (top, left) = (index / columns * stride[0], index % columns * stride[1]);
        for y in top..top + kernel[0] {
            for x in left..left + kernel[1] {
                let pixel = &input[(y * width + x) * channels..][..channels];
                out.iter_mut().zip(pixel).for_each(|(out, &value)| *out = fold(*out, value));
            }
        }
    }
    output
}

impl FloatNet {
    /// Returns the number of values of an embedding.
    pub fn embedding_len(&self) -> usize {
        let (height, width, channels) =
            dimensions(self.shapes().last().map_or(self.input, |&[_, output]| output));
        height * width * channels
    }

    /// Returns for each layer the index of the one whose output it reads; `None` for the image. The
    /// layer after a shortcut reads what the shortcut reads.
    pub fn sources(&self) -> impl Iterator<Item = Option<usize>> {
        let mut source = None;
        self.layers.iter().enumerate().map(move |(index, layer)| {
            let of_this = source;
            if !layer.keeps() {
                source = Some(index);
            }
            of_this
        })
    }

    /// Returns each layer's input and output.
    pub fn shapes(&self) -> Vec<[Shape; 2]> {
        let mut shapes: Vec<[Shape; 2]> = Vec::with_capacity(self.layers.len());
        for (layer, source) in self.layers.iter().zip(self.sources()) {
            let input = source.map_or(self.input, |source| shapes[source][1]);
            shapes.push([input, layer.output(input)]);
        }
        shapes
    }

    /// Returns the output of every layer, in order, for an image of bytes; a pixel counts as byte / 255.
    pub fn forward(&self, pixels: &[u8]) -> Vec<Vec<f32>> {
        let image: Vec<f32> = pixels.iter().map(|&pixel| f32::from(pixel) / 255.0).collect();
        let mut outputs: Vec<Vec<f32>> = Vec::with_capacity(self.layers.len());
        let mut kept = None;
        for ((index, layer), (source, [shape, _])) in
            self.layers.iter().enumerate().zip(self.sources().zip(self.shapes()))
        {
            let of = |layer: Option<usize>| layer.map_or(&image, |layer| &outputs[layer]);
            let output = layer.forward(of(source), of(kept), shape);
            if layer.keeps() {
                kept = Some(index);
            }
            outputs.push(output);
        }
        outputs
    }

    /// Returns the embeddings of many images, one per row; not normalised.
    pub fn embed_all<'a>(&self, images: impl IndexedParallelIterator<Item = &'a [u8]>) -> Vec<f32> {
        images.flat_map_iter(|pixels| self.forward(pixels).pop().unwrap_or_default()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_by_hand() {
        let shape = Shape::new(3, 3, 1);
        let input = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
        let conv = FloatLayer::Conv2d {
            shortcut: false,
            kernel: [2, 2],
            stride: [1, 1],
            padding: [1, 0, 0, 0],
            groups: 1,
            out_channels: 2,
            relu: true,
            weight: vec![1.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0, 0.0],
            bias: vec![0.5, 4.0],
        };
        assert_eq!(conv.output(shape), Shape::new(3, 2, 2));
        // First filter: upper left + lower right + 0.5; second: 4 − upper right, cut at 0.
        assert_eq!(
            conv.forward(&input, &[], shape),
            [2.5, 4.0, 3.5, 4.0, 6.5, 2.0, 8.5, 1.0, 12.5, 0.0, 14.5, 0.0]
        );
        let max = FloatLayer::MaxPool { kernel: [2, 2], stride: [1, 1] };
        assert_eq!(max.forward(&input, &[], shape), [5.0, 6.0, 8.0, 9.0]);
        let mean = FloatLayer::AveragePool { kernel: [3, 3], stride: [1, 1] };
        assert_eq!(mean.forward(&input, &[], shape), [5.0]);
        let dense =
            FloatLayer::Dense { out_features: 1, relu: false, weight: vec![-1.0; 9], bias: vec![1.0] };
        assert_eq!(dense.forward(&input, &[], shape), [-44.0]);
        assert_eq!(FloatLayer::Add { relu: true }.forward(&[1.0, 2.0], &[-3.0, 5.0], shape), [0.0, 7.0]);
    }

    #[test]
    fn grouped_convolution_sees_its_own_channels() {
        let depthwise = FloatLayer::Conv2d {
            shortcut: false,
            kernel: [1, 1],
            stride: [1, 1],
            padding: [0; 4],
            groups: 2,
            out_channels: 2,
            relu: false,
            weight: vec![2.0, 3.0],
            bias: vec![0.0, 0.0],
        };
        assert_eq!(depthwise.forward(&[1.0, 10.0], &[], Shape::new(1, 1, 2)), [2.0, 30.0]);
    }
}
