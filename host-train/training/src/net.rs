//! The embedding net: a Burn module built from a config's list of layers, for images of any size.
//!
//! Maps are `[images, rows, columns, channels]` throughout, pixels are from 0 to 1.

mod pretrained;

pub use pretrained::PretrainedError;

use crate::{
    conv::{ConvShape, Window, average_pool, conv2d, max_pool},
    product::product,
    standardise::standardise,
};
use burn::{
    module::{Module, Param},
    nn::{BatchNorm, BatchNormConfig},
    store::RecordError,
    tensor::{Device, Tensor, TensorData, activation::relu},
};
use shared_model::{inspect::Shape, model::format::MAX_EMBEDDING};
use std::path::Path;
use thiserror::Error;
use tinytriplet_data::Rng;
use tinytriplet_evaluation::float_net::{FloatLayer, FloatNet};
use tinytriplet_recipe::{LayerConfig, NetConfig, PoolConfig};

/// A net that turns images into embeddings.
#[derive(Module, Debug)]
pub struct Net {
    blocks: Vec<Block>,
    #[module(skip)]
    input: Shape,
    #[module(skip)]
    embedding_len: usize,
    #[module(skip)]
    normalise: bool,
}

#[derive(Module, Debug)]
enum Block {
    Conv(Conv),
    Dense(Dense),
    Norm(Norm),
    Plain(Plain),
    /// A convolution that is kept for the next sum.
    Shortcut(Conv),
}

/// Convolution, ReLU or none, max pool or none: together, because they can be computed together.
#[derive(Module, Debug)]
struct Conv {
    /// `[out, in, rows, columns]`
    weight: Param<Tensor<4>>,
    /// `[out]`: the lengths of the filters, if they are standardised.
    gain: Option<Param<Tensor<1>>>,
    bias: Param<Tensor<1>>,
    #[module(skip)]
    shape: ConvShape,
}

#[derive(Module, Debug)]
struct Dense {
    /// `[in, out]`
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
    #[module(skip)]
    relu: bool,
}

#[derive(Module, Debug)]
struct Norm {
    norm: BatchNorm,
    #[module(skip)]
    relu: bool,
    /// True if it is folded into the layer before it, false if into the next one.
    #[module(skip)]
    backward: bool,
}

/// A layer without parameters.
#[derive(Module, Debug)]
struct Plain {
    #[module(skip)]
    layer: PlainLayer,
}

#[derive(Clone, Copy, Debug)]
enum PlainLayer {
    MaxPool(Window),
    AveragePool(Window),
    Dropout(f32),
    /// Keeps the map for the next sum.
    Skip,
    /// Adds what is kept; true if ReLU follows.
    Add(bool),
}

/// The reason why a list of layers is no net for images of a size. Layers count from 0.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NetError {
    /// A window is larger than what it slides over.
    #[error(
        "net.layers[{layer}] ({kind}): a window of {}x{} does not fit its input of {input} with padding {}x{}; \
         use a smaller kernel or fewer pools before it",
        kernel[0], kernel[1], padding[0], padding[1]
    )]
    Window {
        /// Index of the layer.
        layer: usize,
        /// Its name.
        kind: &'static str,
        /// Rows and columns of the window.
        kernel: [usize; 2],
        /// Zeros on each side, vertically and horizontally.
        padding: [usize; 2],
        /// The layer's input.
        input: Shape,
    },
    /// A layer has more weights than any that the engine runs.
    #[error(
        "net.layers[{layer}] ({kind}): {inputs} weights for each of {outputs} outputs are too many; there may be \
         {MAX_INPUTS} for each, and {MAX_WEIGHTS} in all: put a pool or a stride before it, or use fewer outputs"
    )]
    Weights {
        /// Index of the layer.
        layer: usize,
        /// Its name.
        kind: &'static str,
        /// Weights of an output.
        inputs: usize,
        /// Outputs, or channels.
        outputs: usize,
    },
    /// A batch normalization that cannot be folded into its neighbours.
    #[error(
        "net.layers[{layer}] (batch_norm) cannot be folded away for the board: put it directly after a conv or \
         dense layer without relu, or before a dense layer or a conv without padding (and then without relu)"
    )]
    BatchNorm {
        /// Index of the layer.
        layer: usize,
    },
    /// A layer that keeps or adds a map at the wrong place.
    #[error("net.layers[{layer}] ({kind}): {why}")]
    Residual {
        /// Index of the layer.
        layer: usize,
        /// Its name.
        kind: &'static str,
        /// What is wrong with it.
        why: ResidualError,
    },
    /// The embedding has too many values, or none.
    #[error("an embedding of {len} values is not supported; it must be 1 to {MAX_EMBEDDING}")]
    Embedding {
        /// Values of the embedding.
        len: usize,
    },
}

/// The reason why a layer cannot keep or add a map.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ResidualError {
    /// A map is kept already.
    #[error("another map is kept here; put the `add` of that one before it")]
    Nested,
    /// Nothing is kept.
    #[error("there is nothing to add; put a `skip` or a `shortcut` before the layers that it goes around")]
    NothingKept,
    /// There is no layer between.
    #[error("there are no layers between this and what keeps the map")]
    NoLayers,
    /// What is kept is never added.
    #[error("what it keeps is never added; put an `add` behind the layers that it goes around")]
    NotAdded,
    /// The maps have different shapes.
    #[error(
        "the map before it has {input}, the kept one {kept}; use a `shortcut` of that shape or pad the layers"
    )]
    Shapes {
        /// The map that is read.
        input: Shape,
        /// The one that is kept.
        kept: Shape,
    },
}

/// The most weights of an output: more products of int8 values do not fit 32 bits. How many fit exactly
/// depends on the layer's input; the quantizer knows.
const MAX_INPUTS: usize = 131_071;
/// The most weights of a layer: a model file of 64 MiB, as large as one may be.
const MAX_WEIGHTS: usize = 64 << 20;

impl Net {
    /// Creates a net for images of shape `input`, with random weights (Glorot and Bengio 2010, uniform)
    /// drawn from `rng`, and biases of 0.
    ///
    /// # Errors
    /// Returns [`NetError`] if the layers do not fit each other or the image.
    pub fn new(config: &NetConfig, input: Shape, rng: &mut Rng, device: &Device) -> Result<Self, NetError> {
        let mut blocks = Vec::with_capacity(config.layers.len());
        let mut map = input;
        // What is kept for the next sum: the layer that keeps it, and its shape.
        let mut kept = None;
        let standardised = config.weight_standardization;
        for (index, layer) in config.layers.iter().enumerate() {
            let windows = |window: Window, padding: [usize; 2]| {
                let [height, width] = [usize::from(map.height), usize::from(map.width)];
                let count = window.count([height + 2 * padding[0], width + 2 * padding[1]]);
                let [rows, columns] = count.ok_or(NetError::Window {
                    layer: index,
                    kind: layer.kind(),
                    kernel: window.kernel,
                    padding,
                    input: map,
                })?;
                Ok((rows as u16, columns as u16))
            };
            let channels = usize::from(map.channels);
            let weights = |inputs: usize, outputs: usize| match inputs <= MAX_INPUTS
                && inputs * outputs <= MAX_WEIGHTS
            {
                true => Ok(()),
                false => Err(NetError::Weights { layer: index, kind: layer.kind(), inputs, outputs }),
            };
            let residual = |why| NetError::Residual { layer: index, kind: layer.kind(), why };
            match *layer {
                LayerConfig::Conv(conv) | LayerConfig::Shortcut(conv) => {
                    let window = Window { kernel: conv.kernel.0, stride: conv.stride.0 };
                    let (rows, columns) = windows(window, conv.padding.0)?;
                    weights(window.kernel[0] * window.kernel[1] * channels, conv.out_channels)?;
                    let (padding, relu) = (conv.padding.0, conv.relu);
                    let shape = ConvShape { window, padding, depthwise: false, relu, pool: None };
                    let output = Shape::new(rows, columns, conv.out_channels as u16);
                    let conv = Conv::new(channels, conv.out_channels, shape, standardised, rng, device);
                    if let LayerConfig::Shortcut(_) = layer {
                        keep(&mut kept, index, output).map_err(residual)?;
                        blocks.push(Block::Shortcut(conv));
                    } else {
                        blocks.push(Block::Conv(conv));
                        map = output;
                    }
                }
                LayerConfig::DepthwiseConv(conv) => {
                    let window = Window { kernel: conv.kernel.0, stride: conv.stride.0 };
                    let (rows, columns) = windows(window, conv.padding.0)?;
                    let (padding, relu) = (conv.padding.0, conv.relu);
                    let shape = ConvShape { window, padding, depthwise: true, relu, pool: None };
                    blocks.push(Block::Conv(Conv::new(1, channels, shape, standardised, rng, device)));
                    map = Shape::new(rows, columns, map.channels);
                }
                LayerConfig::MaxPool(pool) => {
                    let window = window_of(pool);
                    let (rows, columns) = windows(window, [0, 0])?;
                    match blocks.last_mut() {
                        Some(Block::Conv(conv)) if conv.shape.pool.is_none() => {
                            conv.shape.pool = Some(window)
                        }
                        _ => blocks.push(Block::plain(PlainLayer::MaxPool(window))),
                    }
                    map = Shape::new(rows, columns, map.channels);
                }
                LayerConfig::AveragePool(pool) => {
                    let (rows, columns) = windows(window_of(pool), [0, 0])?;
                    blocks.push(Block::plain(PlainLayer::AveragePool(window_of(pool))));
                    map = Shape::new(rows, columns, map.channels);
                }
                LayerConfig::GlobalAveragePool => {
                    let kernel = [map.height.into(), map.width.into()];
                    blocks.push(Block::plain(PlainLayer::AveragePool(Window { kernel, stride: kernel })));
                    map = Shape::new(1, 1, map.channels);
                }
                LayerConfig::Dropout(share) => blocks.push(Block::plain(PlainLayer::Dropout(share as f32))),
                LayerConfig::BatchNorm(norm) => {
                    let backward = folds_backward(&config.layers[..index]);
                    if !backward && (norm.relu || !folds_forward(&config.layers[index + 1..])) {
                        return Err(NetError::BatchNorm { layer: index });
                    }
                    let burn_norm = BatchNormConfig::new(channels).init(device);
                    blocks.push(Block::Norm(Norm { norm: burn_norm, relu: norm.relu, backward }));
                }
                LayerConfig::Dense(dense) => {
                    let inputs = values(map);
                    weights(inputs, dense.out_features)?;
                    blocks.push(Block::Dense(Dense::new(
                        inputs,
                        dense.out_features,
                        dense.relu,
                        rng,
                        device,
                    )));
                    map = Shape::new(1, 1, dense.out_features as u16);
                }
                LayerConfig::Skip => {
                    keep(&mut kept, index, map).map_err(residual)?;
                    blocks.push(Block::plain(PlainLayer::Skip));
                }
                LayerConfig::Add(add) => {
                    let (from, shape) = kept.take().ok_or(residual(ResidualError::NothingKept))?;
                    let between = &config.layers[from + 1..index];
                    if !between.iter().any(LayerConfig::is_on_board) {
                        return Err(residual(ResidualError::NoLayers));
                    }
                    if shape != map {
                        return Err(residual(ResidualError::Shapes { input: map, kept: shape }));
                    }
                    blocks.push(Block::plain(PlainLayer::Add(add.relu)));
                }
            }
        }
        if let Some((layer, _)) = kept {
            let kind = config.layers[layer].kind();
            return Err(NetError::Residual { layer, kind, why: ResidualError::NotAdded });
        }
        match values(map) {
            embedding_len @ 1..=MAX_EMBEDDING => {
                Ok(Self { blocks, input, embedding_len, normalise: config.normalise })
            }
            len => Err(NetError::Embedding { len }),
        }
    }

    /// Returns the shape of an image.
    pub fn input(&self) -> Shape {
        self.input
    }

    /// Returns the number of values of an embedding.
    pub fn embedding_len(&self) -> usize {
        self.embedding_len
    }

    /// Returns the embeddings, `[images, values]`, of images, `[images, rows, columns, channels]` with
    /// pixels from 0 to 1. Dropout draws from `rng`, and does nothing without one.
    pub fn forward(&self, images: Tensor<4>, mut rng: Option<&mut Rng>) -> Tensor<2> {
        let mut map = images;
        let mut kept: Option<Tensor<4>> = None;
        for block in &self.blocks {
            map = match block {
                Block::Shortcut(conv) => {
                    kept = Some(conv2d(map.clone(), conv.filters(), conv.bias.val(), &conv.shape));
                    map
                }
                Block::Plain(Plain { layer: PlainLayer::Skip }) => {
                    kept = Some(map.clone());
                    map
                }
                Block::Plain(Plain { layer: PlainLayer::Add(rectified) }) => {
                    let sum = match kept.take() {
                        Some(kept) => map + kept,
                        None => map, // never: checked when the net was built
                    };
                    if *rectified { relu(sum) } else { sum }
                }
                Block::Conv(conv) => conv2d(map, conv.filters(), conv.bias.val(), &conv.shape),
                Block::Dense(dense) => dense.forward(map),
                Block::Norm(norm) => norm.forward(map),
                Block::Plain(Plain { layer: PlainLayer::MaxPool(window) }) => max_pool(map, *window),
                Block::Plain(Plain { layer: PlainLayer::AveragePool(window) }) => average_pool(map, *window),
                Block::Plain(Plain { layer: PlainLayer::Dropout(share) }) => match &mut rng {
                    Some(rng) => dropout(map, *share, rng),
                    None => map,
                },
            };
        }
        let embeddings = map.flatten(1, 3);
        if !self.normalise {
            return embeddings;
        }
        let length = embeddings.clone().square().sum_dim(1).add_scalar(1e-12).sqrt();
        embeddings / length
    }

    /// Returns the embeddings of images of bytes, one after the other, as training sees them without
    /// distortion and dropout.
    pub fn embed<'a>(&self, images: impl IntoIterator<Item = &'a [u8]>) -> Vec<f32> {
        const AT_ONCE: usize = 250;
        let net = self.valid();
        let device = net.devices().first().cloned().unwrap_or_default();
        let mut images = images.into_iter().peekable();
        let mut embeddings = Vec::new();
        while images.peek().is_some() {
            let bytes = images.by_ref().take(AT_ONCE).flatten();
            let pixels: Vec<f32> = bytes.map(|&pixel| f32::from(pixel) / 255.0).collect();
            embeddings.extend(floats(net.forward(self.images(pixels, &device), None)));
        }
        embeddings
    }

    /// Pixels of whole images, from 0 to 1, as a tensor `[images, rows, columns, channels]`.
    pub fn images(&self, pixels: Vec<f32>, device: &Device) -> Tensor<4> {
        let Shape { height, width, channels } = self.input;
        let [height, width, channels] = [height, width, channels].map(usize::from);
        let images = pixels.len() / (height * width * channels);
        Tensor::from_data(TensorData::new(pixels, [images, height, width, channels]), device)
    }

    /// Writes the weights to a file of Burn's, which by convention ends in `.bpk`.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), RecordError> {
        self.valid().save_file(path)
    }

    /// Reads weights that [`save`](Self::save) wrote for a net of the same layers.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, or belongs to other layers.
    pub fn load(self, path: &Path) -> Result<Self, RecordError> {
        self.try_load_file(path)
    }

    /// Returns the net as plain arrays. Dropout is left out and batch normalization is folded into its
    /// neighbours, so that both nets compute the same but for rounding; normalisation of the
    /// embedding is left out as well.
    pub fn to_float_net(&self) -> FloatNet {
        let mut layers = Vec::with_capacity(self.blocks.len());
        // `scale · x + offset` of each channel, which the next layer with weights still has to
        // apply.
        let mut pending: Option<(Vec<f32>, Vec<f32>)> = None;
        for block in &self.blocks {
            match block {
                Block::Conv(conv) | Block::Shortcut(conv) => {
                    let Window { kernel, stride } = conv.shape.window;
                    let [vertical, horizontal] = conv.shape.padding;
                    let mut weight = floats(conv.filters().permute([0, 2, 3, 1]));
                    let mut bias = floats(conv.bias.val());
                    fold_into_inputs(&mut weight, &mut bias, pending.take());
                    layers.push(FloatLayer::Conv2d {
                        shortcut: matches!(block, Block::Shortcut(_)),
                        kernel,
                        stride,
                        padding: [vertical, vertical, horizontal, horizontal],
                        groups: if conv.shape.depthwise { bias.len() } else { 1 },
                        out_channels: bias.len(),
                        relu: conv.shape.relu,
                        weight,
                        bias,
                    });
                    if let Some(Window { kernel, stride }) = conv.shape.pool {
                        layers.push(FloatLayer::MaxPool { kernel, stride });
                    }
                }
                Block::Dense(dense) => {
                    let mut weight = floats(dense.weight.val().transpose());
                    let mut bias = floats(dense.bias.val());
                    fold_into_inputs(&mut weight, &mut bias, pending.take());
                    layers.push(FloatLayer::Dense {
                        out_features: bias.len(),
                        relu: dense.relu,
                        weight,
                        bias,
                    });
                }
                Block::Norm(norm) if norm.backward => {
                    if let Some(layer) = layers.last_mut() {
                        fold_into_outputs(layer, norm.scale_and_offset(), norm.relu);
                    }
                }
                Block::Norm(norm) => pending = Some(norm.scale_and_offset()),
                Block::Plain(Plain { layer: PlainLayer::MaxPool(Window { kernel, stride }) }) => {
                    layers.push(FloatLayer::MaxPool { kernel: *kernel, stride: *stride });
                }
                Block::Plain(Plain { layer: PlainLayer::AveragePool(Window { kernel, stride }) }) => {
                    layers.push(FloatLayer::AveragePool { kernel: *kernel, stride: *stride });
                }
                Block::Plain(Plain { layer: PlainLayer::Dropout(_) }) => {}
                Block::Plain(Plain { layer: PlainLayer::Skip }) => layers.push(FloatLayer::Skip),
                Block::Plain(Plain { layer: PlainLayer::Add(relu) }) => {
                    layers.push(FloatLayer::Add { relu: *relu });
                }
            }
        }
        FloatNet { input: self.input, layers }
    }
}

impl Block {
    fn plain(layer: PlainLayer) -> Self {
        Self::Plain(Plain { layer })
    }
}

impl Conv {
    fn new(
        inputs: usize,
        outputs: usize,
        shape: ConvShape,
        standardised: bool,
        rng: &mut Rng,
        device: &Device,
    ) -> Self {
        let [rows, columns] = shape.window.kernel;
        // What an input value goes into: all outputs, or, if each channel has a filter of its own,
        // one.
        let reached = if shape.depthwise { 1 } else { outputs };
        let fans = (rows * columns * inputs, rows * columns * reached);
        // A channel's own filter of mean 0 sees nothing but edges: what is even in a map would be lost, and a
        // deep net of such layers learns nothing.
        let standardised = standardised && !shape.depthwise;
        Self {
            weight: glorot([outputs, inputs, rows, columns], fans, rng, device),
            // What keeps the variance of a map through a convolution and ReLU (He et al. 2015).
            gain: standardised.then(|| Param::from_tensor(Tensor::full([outputs], 2f32.sqrt(), device))),
            bias: Param::from_tensor(Tensor::zeros([outputs], device)),
            shape,
        }
    }

    /// Returns the filters, `[out, in, rows, columns]`, standardised if there are gains.
    fn filters(&self) -> Tensor<4> {
        let weight = self.weight.val();
        match &self.gain {
            Some(gain) => standardise(weight, gain.val()),
            None => weight,
        }
    }
}

impl Dense {
    fn new(inputs: usize, outputs: usize, relu: bool, rng: &mut Rng, device: &Device) -> Self {
        Self {
            weight: glorot([inputs, outputs], (inputs, outputs), rng, device),
            bias: Param::from_tensor(Tensor::zeros([outputs], device)),
            relu,
        }
    }

    fn forward(&self, map: Tensor<4>) -> Tensor<4> {
        let y = product(map.flatten(1, 3), self.weight.val()) + self.bias.val().unsqueeze();
        let y = if self.relu { relu(y) } else { y };
        let [images, outputs] = y.dims();
        y.reshape([images, 1, 1, outputs])
    }
}

impl Norm {
    fn forward(&self, map: Tensor<4>) -> Tensor<4> {
        let [images, rows, columns, channels] = map.dims();
        let y = self.norm.forward(map.reshape([images * rows * columns, channels]));
        let y = if self.relu { relu(y) } else { y };
        y.reshape([images, rows, columns, channels])
    }

    /// Returns the normalization as `scale · x + offset`, one of each a channel.
    fn scale_and_offset(&self) -> (Vec<f32>, Vec<f32>) {
        let variance = self.norm.running_var.value().add_scalar(self.norm.epsilon);
        let scale = self.norm.gamma.val().without_autodiff() / variance.without_autodiff().sqrt();
        let mean = self.norm.running_mean.value().without_autodiff();
        let offset = self.norm.beta.val().without_autodiff() - mean * scale.clone();
        (floats(scale), floats(offset))
    }
}

/// Keeps the output of layer `index` for the next sum.
fn keep(kept: &mut Option<(usize, Shape)>, index: usize, output: Shape) -> Result<(), ResidualError> {
    match kept.replace((index, output)) {
        Some(_) => Err(ResidualError::Nested),
        None => Ok(()),
    }
}

fn window_of(pool: PoolConfig) -> Window {
    Window { kernel: pool.kernel.0, stride: pool.stride.unwrap_or(pool.kernel).0 }
}

fn values(shape: Shape) -> usize {
    usize::from(shape.height) * usize::from(shape.width) * usize::from(shape.channels)
}

/// Returns true if a batch normalization after these layers can be folded into the last of them.
fn folds_backward(before: &[LayerConfig]) -> bool {
    match before.last() {
        Some(LayerConfig::Conv(conv)) => !conv.relu,
        Some(LayerConfig::DepthwiseConv(conv)) => !conv.relu,
        Some(LayerConfig::Dense(dense)) => !dense.relu,
        _ => false,
    }
}

/// Returns true if a batch normalization before these layers can be folded into one of them. A mean
/// of scaled values is the scaled mean, which a maximum is not where a scale is negative; and a
/// padded zero is not scaled.
fn folds_forward(after: &[LayerConfig]) -> bool {
    let passes = |layer: &&LayerConfig| {
        matches!(
            layer,
            LayerConfig::Dropout(_) | LayerConfig::AveragePool(_) | LayerConfig::GlobalAveragePool
        )
    };
    match after.iter().find(|layer| !passes(layer)) {
        Some(LayerConfig::Conv(conv)) => conv.padding.0 == [0, 0],
        Some(LayerConfig::Dense(_)) => true,
        _ => false,
    }
}

/// `w · (scale · x + offset) + b` as `w' · x + b'`. The channel of an input runs fastest in
/// `weight`.
fn fold_into_inputs(weight: &mut [f32], bias: &mut [f32], affine: Option<(Vec<f32>, Vec<f32>)>) {
    let Some((scale, offset)) = affine else { return };
    let inputs = weight.len() / bias.len();
    for (filter, bias) in weight.chunks_exact_mut(inputs).zip(bias) {
        for (index, weight) in filter.iter_mut().enumerate() {
            let channel = index % scale.len();
            *bias += *weight * offset[channel];
            *weight *= scale[channel];
        }
    }
}

/// `scale · (w · x + b) + offset` as `w' · x + b'`, and what follows it.
fn fold_into_outputs(layer: &mut FloatLayer, (scale, offset): (Vec<f32>, Vec<f32>), relu: bool) {
    let (FloatLayer::Conv2d { weight, bias, relu: follows, .. }
    | FloatLayer::Dense { weight, bias, relu: follows, .. }) = layer
    else {
        unreachable!("checked when the net was built")
    };
    *follows = relu;
    let inputs = weight.len() / bias.len();
    for (channel, filter) in weight.chunks_exact_mut(inputs).enumerate() {
        filter.iter_mut().for_each(|weight| *weight *= scale[channel]);
        bias[channel] = scale[channel] * bias[channel] + offset[channel];
    }
}

/// Even on ± √(6 / (inputs + outputs)).
pub(crate) fn glorot<const D: usize>(
    shape: [usize; D],
    (inputs, outputs): (usize, usize),
    rng: &mut Rng,
    device: &Device,
) -> Param<Tensor<D>> {
    let limit = (6.0 / (inputs + outputs) as f32).sqrt();
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| limit * rng.symmetric()).collect();
    Param::from_data(TensorData::new(values, shape), device)
}

/// Sets about `share` of the values to 0 and scales the others up, so that their mean stays.
fn dropout(x: Tensor<4>, share: f32, rng: &mut Rng) -> Tensor<4> {
    let (limit, kept) = ((share * 65536.0) as u64, 1.0 / (1.0 - share));
    let shape = x.dims();
    let len = shape.iter().product();
    let mut mask = Vec::with_capacity(len + 3);
    while mask.len() < len {
        let bits = rng.bits();
        mask.extend([0, 16, 32, 48].map(|at| if bits >> at & 0xFFFF < limit { 0.0 } else { kept }));
    }
    mask.truncate(len);
    let mask = Tensor::from_data(TensorData::new(mask, shape), &x.device());
    x * mask
}

/// Returns the values of a tensor of `f32`, in order.
pub(crate) fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().try_into_vec().expect("converted to f32")
}

#[cfg(test)]
mod tests;
