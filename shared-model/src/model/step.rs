use super::{
    format::{self, Layout, Pool},
    geometry::ConvGeometry,
    kernel_choice::Kernel,
    tensor::Tensor,
};
use crate::contract::fitting;

/// One unit of the engine's work: a layer, or a convolution together with the max pool after it.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Index in [`Metadata::layers`](super::format::Metadata::layers) of the (first) layer.
    pub layer: usize,
    /// The map that is read.
    pub input: Tensor,
    /// The map that is written.
    pub output: Tensor,
    /// The computation.
    pub operation: Operation<'a>,
    /// The code that computes it, and so the order of the weights.
    pub kernel: Kernel,
    /// True if the output is kept for the next [`Operation::Add`], and the next step reads what this
    /// one reads.
    pub keeps: bool,
    /// True if every sum of the layer, requantized but not yet saturated, fits 16 bits. It does in
    /// most layers, and the pool after a convolution may then look at two sums at a time.
    pub(crate) narrow: bool,
}

/// The computation of a [`Step`].
#[derive(Clone, Copy, Debug)]
pub enum Operation<'a> {
    /// A convolution, and the max pool after it if there is one.
    Conv2d {
        /// The convolution's window; its `output` is the map before the pool.
        geometry: ConvGeometry,
        /// The max pool that follows.
        pool: Option<Pool>,
        /// Weights, biases, multipliers.
        parameters: Parameters<'a>,
    },
    /// A max pool that does not follow a convolution.
    MaxPool2d(Pool),
    /// An average pool and its multiplier.
    AveragePool2d(Pool, i32),
    /// A fully connected layer.
    Dense(Parameters<'a>),
    /// Nothing: the output, which is kept, is the input.
    Skip,
    /// A sum of the kept map and the input.
    Add {
        /// The kept map.
        kept: Tensor,
        /// The multipliers of the kept map and of the input.
        multipliers: [u32; 2],
    },
}

impl<'a> Step<'a> {
    /// Returns the number of multiply-accumulates, by the shapes: those on padding count, and so do
    /// a convolution's outputs that the pool after it never reads. What has no weights has none.
    pub fn macs(&self) -> u64 {
        match &self.operation {
            Operation::Conv2d { geometry, parameters, .. } => {
                let pixels = u64::from(geometry.output.height) * u64::from(geometry.output.width);
                pixels * geometry.taps() as u64 * parameters.channels() as u64
            }
            Operation::Dense(parameters) => self.input.len() as u64 * parameters.channels() as u64,
            Operation::MaxPool2d(_)
            | Operation::AveragePool2d(..)
            | Operation::Skip
            | Operation::Add { .. } => 0,
        }
    }

    /// Returns the step's part of [`Model::work`](crate::Model::work).
    pub fn work(&self) -> u64 {
        let outputs = self.output.len() as u64;
        match &self.operation {
            Operation::Conv2d { geometry, pool, .. } => {
                let pooled = pool.map_or(0, |pool| outputs * u64::from(pool.window_len()));
                // Taps fit 32 bits: they are two `u8` and a `u16`, multiplied.
                format::work(pooled.max(geometry.output.len() as u64), geometry.taps() as u32)
            }
            Operation::MaxPool2d(pool) | Operation::AveragePool2d(pool, _) => {
                format::work(outputs, pool.window_len())
            }
            Operation::Dense(_) => format::work(outputs, self.input.len() as u32),
            Operation::Skip => 0,
            Operation::Add { .. } => format::work(outputs, 2),
        }
    }

    /// Returns the number of weights and biases.
    pub fn parameters(&self) -> usize {
        match &self.operation {
            Operation::Conv2d { geometry, parameters, .. } => (geometry.taps() + 1) * parameters.channels(),
            Operation::Dense(parameters) => (self.input.len() + 1) * parameters.channels(),
            Operation::MaxPool2d(_)
            | Operation::AveragePool2d(..)
            | Operation::Skip
            | Operation::Add { .. } => 0,
        }
    }

    /// Returns the bytes of the weights in the file; `None` if the step has none.
    pub fn weights_len(&self) -> Option<usize> {
        match &self.operation {
            Operation::Conv2d { parameters, .. } | Operation::Dense(parameters) => {
                Some(parameters.weights.len())
            }
            Operation::MaxPool2d(_)
            | Operation::AveragePool2d(..)
            | Operation::Skip
            | Operation::Add { .. } => None,
        }
    }

    /// Returns the kernel of the step in a file of this layout.
    pub(crate) fn kernel_in(&self, layout: Layout) -> Kernel {
        match &self.operation {
            Operation::Conv2d { geometry, pool, .. } => Kernel::of_conv(layout, geometry, *pool),
            Operation::Dense(_) => Kernel::of_dense(layout),
            Operation::MaxPool2d(_)
            | Operation::AveragePool2d(..)
            | Operation::Skip
            | Operation::Add { .. } => Kernel::of_weightless(layout),
        }
    }
}

/// Weights, biases and multipliers of a layer, read in place from the model file.
#[derive(Clone, Copy, Debug)]
pub struct Parameters<'a> {
    /// int8, `[output channel][row][column][input channel of the group]`; dense: `[output][input]`.
    /// In a packed model file, the [`Kernel`] decides their order.
    pub weights: &'a [u8],
    /// `i32`, little-endian, one per output channel, at the scale of the accumulator.
    pub biases: &'a [u8],
    /// `i32`, little-endian, one per output channel; see [`requantize`](crate::engine::requantize).
    pub multipliers: &'a [u8],
}

impl Parameters<'_> {
    /// Returns the number of output channels.
    pub fn channels(&self) -> usize {
        self.biases.len() / 4
    }

    /// Returns the bias of output channel `channel`.
    #[inline(always)]
    pub fn bias(&self, channel: usize) -> i32 {
        word(self.biases, channel)
    }

    /// Returns the multiplier of output channel `channel`.
    #[inline(always)]
    pub fn multiplier(&self, channel: usize) -> i32 {
        word(self.multipliers, channel)
    }
}

#[inline(always)]
fn word(words: &[u8], index: usize) -> i32 {
    fitting(words.as_chunks().0.get(index).map(|&bytes| i32::from_le_bytes(bytes)))
}
