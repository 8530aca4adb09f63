//! Turns a float net into the integers of a model file.
//!
//! Weights are symmetric int8 with one scale per output channel. Activations get one scale per
//! feature map, found on real images. Everything here ends in the numbers of `docs/ARITHMETIC.md`.

use crate::float_net::{FloatLayer, FloatNet};
use rayon::prelude::*;
use shared_model::{
    inspect::Shape,
    model::format::{self, Activation, Add, AveragePool, Conv2d, Dense, Layer, Pool},
};
use tinytriplet_recipe::NetConfig;

/// Real value of one step of a pixel: a byte b counts as b / 255.
pub const INPUT_SCALE: f32 = 1.0 / 255.0;

/// A net in integers: the layers of a model file and its data.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantizedNet {
    /// The layers, as the metadata has them.
    pub layers: Vec<Layer>,
    /// Multipliers, biases and weights of each layer, each padded to a multiple of 16 bytes.
    pub data: Vec<u8>,
}

/// The reason why a net cannot be written as a model.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum QuantizeError {
    /// A layer is at fault.
    #[error("{name}: {why}")]
    Layer {
        /// Index of the layer in the float net.
        index: usize,
        /// Its name: as `inspect` prints it, or as the config has it, see
        /// [`in_config`](Self::in_config).
        name: String,
        /// The reason.
        why: LayerError,
    },
    /// The calibration had no images.
    #[error("there are no images to calibrate the activations on")]
    NoImages,
}

/// The reason why a layer cannot be written in a model.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum LayerError {
    /// A weight, bias or activation is NaN or infinite.
    #[error("it holds values that are not finite; the training has diverged, try a smaller `lr`")]
    NotFinite,
    /// A number of the layer does not fit the format's field.
    #[error("{what} is {value}, a model file holds at most {largest}; put a pool or a stride before it")]
    TooLarge {
        /// Which number.
        what: &'static str,
        /// The number.
        value: usize,
        /// The limit.
        largest: usize,
    },
    /// Up to this layer, an inference takes more [work](shared_model::Model::work) than the format
    /// allows.
    #[error(
        "up to here, an image takes more than {largest} operations, overlapping windows included, which is the most \
         that a model file may ask for; use larger strides, fewer channels or smaller windows"
    )]
    Work {
        /// The limit.
        largest: u64,
    },
    /// Sums of the layer could overflow the engine's 32 bits.
    #[error(
        "sums of {taps} products do not fit the engine's 32-bit accumulator, sums of {largest} do; put a pool or a \
         stride before it"
    )]
    Accumulator {
        /// Products in one sum.
        taps: usize,
        /// The limit.
        largest: usize,
    },
    /// One step of the accumulator is half a step of the output or more.
    #[error(
        "its outputs are so small against its weights that a sum would be scaled by {ratio:.3}, \
         and the engine scales by less than 0.5; the training has hardly reached this layer"
    )]
    Ratio {
        /// Steps of the output for one step of the accumulator.
        ratio: f64,
    },
}

impl QuantizeError {
    /// Returns the same, with the layer's name in `config`, which the net was built from.
    #[must_use]
    pub fn in_config(self, config: &NetConfig) -> Self {
        match self {
            Self::Layer { index, name, why } => {
                Self::Layer { index, name: config.board_layer(index).unwrap_or(name), why }
            }
            error => error,
        }
    }
}

/// The most bytes that the activations of all images take while scales are chosen.
const CALIBRATION_BYTES: usize = 1 << 30;

/// Quantizes `net`. The scales of the activations are chosen on `images` (a few hundred are
/// enough), each of the net's input length; on fewer of them, evenly spread, where their activations would take
/// more than a gigabyte, as those of 512 images do if the maps of an image have more than 524,288 values together.
///
/// # Errors
/// Returns [`QuantizeError`] if the net holds what a model file or the engine cannot.
pub fn quantize(net: &FloatNet, images: &[&[u8]]) -> Result<QuantizedNet, QuantizeError> {
    check_sizes(net)?;
    with_scales(net, &calibrate(net, images, CALIBRATION_BYTES)?)
}

/// Quantizes `net` with scales that no activation needs: for whether the engine could run nets of
/// these layers, which does not depend on what training makes of the weights.
///
/// # Errors
/// Returns [`QuantizeError`] if it could not.
pub fn quantize_untrained(net: &FloatNet) -> Result<QuantizedNet, QuantizeError> {
    check_sizes(net)?;
    let mut scales: Vec<f32> = Vec::with_capacity(net.layers.len());
    for (layer, source) in net.layers.iter().zip(net.sources()) {
        let scale = source.map_or(INPUT_SCALE, |source| scales[source]);
        // Far from a ratio that is refused, because weights begin below 2 and biases at 0.
        scales.push(scale * if layer.keeps_scale() { 1.0 } else { 4.0 });
    }
    with_scales(net, &scales)
}

fn check_sizes(net: &FloatNet) -> Result<(), QuantizeError> {
    for ((index, layer), [_, shape]) in net.layers.iter().enumerate().zip(net.shapes()) {
        let value = elements(shape);
        let largest = format::MAX_TENSOR as usize;
        if value > largest {
            let what = "the number of output values";
            return Err(Name { index, layer }.refuse(LayerError::TooLarge { what, value, largest }));
        }
    }
    Ok(())
}

/// Returns the number of values of a map.
fn elements(shape: Shape) -> usize {
    [shape.height, shape.width, shape.channels].into_iter().map(usize::from).product()
}

/// Returns the error of a net that takes too much work from layer `index` on.
pub(crate) fn too_much_work(net: &FloatNet, index: usize) -> QuantizeError {
    Name { index, layer: &net.layers[index] }.refuse(LayerError::Work { largest: format::MAX_WORK })
}

fn with_scales(net: &FloatNet, scales: &[f32]) -> Result<QuantizedNet, QuantizeError> {
    let mut quantized = QuantizedNet { layers: Vec::new(), data: Vec::new() };
    let signed = signs(net);
    let mut kept_scale = INPUT_SCALE;
    for ((index, (layer, &scale)), source) in net.layers.iter().zip(scales).enumerate().zip(net.sources()) {
        let name = Name { index, layer };
        let input_scale = source.map_or(INPUT_SCALE, |source| scales[source]);
        // Images are unsigned.
        let largest_input = if source.is_some_and(|source| signed[source]) { 128 } else { 255 };
        if layer.keeps() {
            kept_scale = scale;
        }
        quantized.layers.push(match *layer {
            FloatLayer::Conv2d {
                shortcut,
                kernel,
                stride,
                padding,
                groups,
                out_channels,
                relu,
                ref weight,
                ref bias,
            } => {
                let scales = Scales { input: input_scale, output: scale };
                name.push_parameters(&mut quantized.data, weight, bias, scales, largest_input)?;
                let conv = Conv2d {
                    out_channels: name.fit("the number of channels", out_channels)?,
                    kernel: name.fit_each("the kernel", kernel)?,
                    stride: name.fit_each("the stride", stride)?,
                    padding: name.fit_each("the padding", padding)?,
                    groups: name.fit("the number of groups", groups)?,
                    activation: activation(relu),
                    scale,
                };
                if shortcut { Layer::Shortcut(conv) } else { Layer::Conv2d(conv) }
            }
            FloatLayer::MaxPool { kernel, stride } => Layer::MaxPool2d(name.pool(kernel, stride)?),
            FloatLayer::AveragePool { kernel, stride } => {
                let ratio = f64::from(input_scale) / f64::from(scale) / (kernel[0] * kernel[1]) as f64;
                let pool =
                    AveragePool { pool: name.pool(kernel, stride)?, multiplier: multiplier(ratio), scale };
                Layer::AveragePool2d(pool)
            }
            FloatLayer::Dense { out_features, relu, ref weight, ref bias } => {
                let scales = Scales { input: input_scale, output: scale };
                name.push_parameters(&mut quantized.data, weight, bias, scales, largest_input)?;
                let dense = Dense {
                    out_features: name.fit("the number of features", out_features)?,
                    activation: activation(relu),
                    scale,
                };
                Layer::Dense(dense)
            }
            FloatLayer::Skip => Layer::Skip,
            FloatLayer::Add { relu } => {
                let multipliers = [kept_scale, input_scale].map(|input| add_multiplier(input / scale));
                Layer::Add(Add { multipliers, activation: activation(relu), scale })
            }
        });
    }
    Ok(quantized)
}

fn activation(relu: bool) -> Activation {
    if relu { Activation::Relu } else { Activation::Linear }
}

/// A multiplier holds ratios of accumulator to output below a half.
const LARGEST_RATIO: f64 = 0.499_999;
/// The ratio below which a multiplier would have fewer than 12 bits.
const SMALLEST_RATIO: f64 = 1.0 / (1u64 << 20) as f64;

/// `round(ratio · 2^32)`, for ratios below [`LARGEST_RATIO`].
fn multiplier(ratio: f64) -> i32 {
    (ratio * 2f64.powi(32)).round() as i32
}

/// `round(ratio · 2^16)`, for ratios of at most [`LARGEST_ADD_RATIO`].
fn add_multiplier(ratio: f32) -> u32 {
    ((f64::from(ratio) * 2f64.powi(16)).round() as u32).min(format::MAX_ADD_MULTIPLIER)
}

/// The largest ratio of a summand's scale to that of the sum.
const LARGEST_ADD_RATIO: f32 = (format::MAX_ADD_MULTIPLIER >> 16) as f32;

/// A layer and where it stands, for messages.
struct Name<'a> {
    index: usize,
    layer: &'a FloatLayer,
}

/// Scales of a layer's input and output.
#[derive(Clone, Copy)]
struct Scales {
    input: f32,
    output: f32,
}

impl Name<'_> {
    fn refuse(&self, why: LayerError) -> QuantizeError {
        let name = format!("layer {} ({})", self.index, self.layer.kind());
        QuantizeError::Layer { index: self.index, name, why }
    }

    fn fit<T: TryFrom<usize> + Bounded>(&self, what: &'static str, value: usize) -> Result<T, QuantizeError> {
        T::try_from(value).map_err(|_| self.refuse(LayerError::TooLarge { what, value, largest: T::LARGEST }))
    }

    fn fit_each<const N: usize>(
        &self,
        what: &'static str,
        values: [usize; N],
    ) -> Result<[u8; N], QuantizeError> {
        let mut fitted = [0; N];
        for (to, value) in fitted.iter_mut().zip(values) {
            *to = self.fit(what, value)?;
        }
        Ok(fitted)
    }

    fn pool(&self, kernel: [usize; 2], stride: [usize; 2]) -> Result<Pool, QuantizeError> {
        Ok(Pool {
            kernel: self.fit_each("the kernel", kernel)?,
            stride: self.fit_each("the stride", stride)?,
        })
    }

    /// Appends a layer's multipliers, biases and weights, in integers.
    fn push_parameters(
        &self,
        data: &mut Vec<u8>,
        weight: &[f32],
        bias: &[f32],
        scales: Scales,
        largest_input: i64,
    ) -> Result<(), QuantizeError> {
        if !weight.iter().chain(bias).all(|value| value.is_finite()) {
            return Err(self.refuse(LayerError::NotFinite));
        }
        let taps = weight.len() / bias.len();
        // What the products can take of an accumulator (docs/FORMAT.md, "Accumulators"); the bias
        // has the rest.
        let largest_bias = i64::from(i32::MAX) - taps as i64 * 128 * largest_input;
        if largest_bias <= 0 {
            let largest = (i32::MAX as usize - 1) / (128 * largest_input as usize);
            return Err(self.refuse(LayerError::Accumulator { taps, largest }));
        }
        let (input, output) = (f64::from(scales.input), f64::from(scales.output));
        let (mut multipliers, mut biases, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for (filter, &bias) in weight.chunks_exact(taps).zip(bias) {
            let bias = f64::from(bias);
            let largest = filter.iter().fold(0f32, |largest, w| largest.max(w.abs()));
            // The last two are for a filter of (nearly) nothing but its bias: the bias has to fit
            // its integer, and the multiplier has to keep digits enough.
            let scale = (f64::from(largest) / 127.0)
                .max(bias.abs() / input / largest_bias as f64)
                .max(SMALLEST_RATIO * output / input);
            let ratio = input * scale / output;
            if ratio >= LARGEST_RATIO {
                return Err(self.refuse(LayerError::Ratio { ratio }));
            }
            weights.extend(filter.iter().map(|&w| (f64::from(w) / scale).round() as i8 as u8));
            biases.extend(((bias / (input * scale)).round() as i32).to_le_bytes());
            multipliers.extend(multiplier(ratio).to_le_bytes());
        }
        for section in [multipliers, biases, weights] {
            data.extend(section);
            data.resize(format::align(data.len()), 0);
        }
        Ok(())
    }
}

/// Integers that have a largest value.
trait Bounded {
    const LARGEST: usize;
}

impl Bounded for u8 {
    const LARGEST: usize = u8::MAX as usize;
}

impl Bounded for u16 {
    const LARGEST: usize = u16::MAX as usize;
}

/// Returns the scale of each layer's output.
///
/// A max pool passes its input's scale on, so that a convolution before a pool is calibrated on
/// what the pool lets through.
///
/// All activations are kept, of as many images as `most_bytes` hold.
fn calibrate(net: &FloatNet, images: &[&[u8]], most_bytes: usize) -> Result<Vec<f32>, QuantizeError> {
    if images.is_empty() {
        return Err(QuantizeError::NoImages);
    }
    let values: usize = net.shapes().iter().map(|&[_, output]| elements(output)).sum();
    let most_images = (most_bytes / (values * size_of::<f32>()).max(1)).max(1);
    let chosen = images.par_iter().step_by(images.len().div_ceil(most_images));
    let activations: Vec<Vec<Vec<f32>>> = chosen.map(|pixels| net.forward(pixels)).collect();
    let signed = signs(net);
    let mut scales: Vec<f32> = Vec::with_capacity(net.layers.len());
    let mut kept = INPUT_SCALE;
    for ((index, layer), source) in net.layers.iter().enumerate().zip(net.sources()) {
        let name = Name { index, layer };
        if activations.iter().any(|outputs| !outputs[index].iter().all(|value| value.is_finite())) {
            return Err(name.refuse(LayerError::NotFinite));
        }
        let input = source.map_or(INPUT_SCALE, |source| scales[source]);
        if layer.keeps_scale() {
            scales.push(input);
            kept = if layer.keeps() { input } else { kept };
            continue;
        }
        // The layer after a shortcut reads another map.
        let passes = !layer.keeps() && net.layers.get(index + 1).is_some_and(FloatLayer::keeps_scale);
        let seen = index + usize::from(passes);
        let values: Vec<f32> = activations.iter().flat_map(|o| &o[seen]).copied().collect();
        let scale = best_scale(&values, if signed[index] { 127.0 } else { 255.0 });
        scales.push(match layer {
            FloatLayer::AveragePool { kernel: [rows, columns], .. } => {
                scale.max(input / (rows * columns) as f32 / LARGEST_RATIO as f32 * 1.001)
            }
            FloatLayer::Add { .. } => scale.max(input.max(kept) / LARGEST_ADD_RATIO),
            FloatLayer::Conv2d { .. }
            | FloatLayer::MaxPool { .. }
            | FloatLayer::Dense { .. }
            | FloatLayer::Skip => scale,
        });
        if layer.keeps() {
            kept = scales[index];
        }
    }
    Ok(scales)
}

/// Returns for each layer whether its output is signed: not after a ReLU, and not if nothing changed
/// the image's values.
fn signs(net: &FloatNet) -> Vec<bool> {
    let mut signs: Vec<bool> = Vec::with_capacity(net.layers.len());
    for (layer, source) in net.layers.iter().zip(net.sources()) {
        signs.push(match layer {
            FloatLayer::Conv2d { relu, .. } | FloatLayer::Dense { relu, .. } | FloatLayer::Add { relu } => {
                !relu
            }
            FloatLayer::MaxPool { .. } | FloatLayer::AveragePool { .. } | FloatLayer::Skip => {
                source.is_some_and(|source| signs[source])
            }
        });
    }
    signs
}

/// Returns the scale with the smallest mean squared error of `values` rounded to its steps and cut at
/// `largest` steps. Cutting the rarest values off makes all others finer.
fn best_scale(values: &[f32], largest: f32) -> f32 {
    const CANDIDATES: u32 = 50;
    let peak = values.iter().fold(0f32, |peak, value| peak.max(value.abs()));
    if peak < f32::MIN_POSITIVE * largest {
        return 1.0; // nothing ever comes out of this layer
    }
    // Half of the peak is cut at most: nets worth their name never want more.
    let candidate = |index: u32| peak / largest * (1.0 - 0.5 * index as f32 / CANDIDATES as f32);
    let error = |scale: f32| -> f64 {
        // In chunks of fixed size, so that the sum is the same with any number of threads.
        let chunks = values.par_chunks(1 << 16).map(|chunk| {
            chunk
                .iter()
                .map(|&value| {
                    let rounded = (value / scale).round().clamp(-largest, largest) * scale;
                    f64::from((value - rounded) * (value - rounded))
                })
                .sum::<f64>()
        });
        chunks.collect::<Vec<f64>>().into_iter().sum()
    };
    let errors: Vec<f64> = (0..CANDIDATES).map(|index| error(candidate(index))).collect();
    let best = (0..CANDIDATES).min_by(|&a, &b| errors[a as usize].total_cmp(&errors[b as usize]));
    candidate(best.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dense(weight: Vec<f32>, bias: Vec<f32>, relu: bool) -> FloatNet {
        let layer = FloatLayer::Dense { out_features: bias.len(), relu, weight, bias };
        FloatNet { input: Shape::new(1, 2, 1), layers: vec![layer] }
    }

    #[test]
    fn a_dense_layer_by_hand() {
        // The scale of the output is searched for, everything else follows from it.
        let net = dense(vec![0.5, -0.25], vec![0.25], true);
        let quantized = quantize(&net, &[&[255, 255], &[255, 0], &[0, 255]]).unwrap();
        let word = |at: usize| i32::from_le_bytes(quantized.data[at..at + 4].try_into().unwrap());
        let Layer::Dense(layer) = quantized.layers[0] else { panic!("{:?}", quantized.layers) };
        let weight_scale = 0.5 / 127.0;
        let input_scale = f64::from(INPUT_SCALE);
        let ratio = weight_scale * input_scale / f64::from(layer.scale);
        assert_eq!(word(0), (ratio * 2f64.powi(32)).round() as i32);
        assert_eq!(word(16), (0.25 / input_scale / weight_scale).round() as i32);
        assert_eq!(quantized.data[32] as i8, 127);
        assert_eq!(quantized.data[33] as i8, -64); // −63.5, halves away from zero
        assert_eq!(quantized.data.len(), 48);
    }

    #[test]
    fn a_channel_of_zeros_keeps_its_bias() {
        let net = dense(vec![0.0, 0.0, 1.0, 1.0], vec![0.75, 0.0], true);
        let file = crate::export::export_untrained(&net, &[&[255, 128]]).unwrap();
        let model = shared_model::Model::decode(&file).unwrap();
        let mut embedding = [0; 2];
        model.embed(&[255, 128], &mut [], &mut embedding).unwrap();
        let real = embedding.map(|q| f32::from(q) * model.output().scale);
        assert!((real[0] - 0.75).abs() < 0.005 && (real[1] - 1.502).abs() < 0.005, "{real:?}");
    }

    #[test]
    fn what_is_not_finite_is_refused_by_name() {
        let net = dense(vec![f32::NAN, 0.0], vec![0.0], false);
        let error = quantize(&net, &[&[1, 2]]).unwrap_err();
        let name = "layer 0 (dense)".into();
        assert_eq!(error, QuantizeError::Layer { index: 0, name, why: LayerError::NotFinite });
    }

    /// The outputs of a layer are only known once it is trained.
    #[test]
    fn untrained_nets_are_not_refused_for_their_ratios() {
        let net = dense(vec![0.5, -0.25], vec![0.0], true);
        let refused = |error| matches!(error, QuantizeError::Layer { why: LayerError::Ratio { .. }, .. });
        assert!(refused(quantize(&net, &[&[1, 0]]).unwrap_err()), "of a dim image");
        assert!(quantize_untrained(&net).is_ok());
    }

    /// One value of four bytes an image: every third of the five images, of which the last one is not.
    #[test]
    fn fewer_images_are_looked_at_where_memory_is_short() {
        let net = dense(vec![1.0, 0.0], vec![0.0], true);
        let images: Vec<[u8; 2]> = [51, 51, 51, 102, 255].into_iter().map(|pixel| [pixel, 0]).collect();
        let images: Vec<&[u8]> = images.iter().map(<[u8; 2]>::as_slice).collect();
        let largest = |bytes| 255.0 * calibrate(&net, &images, bytes).unwrap()[0];
        for (bytes, peak) in [(20, 1.0), (19, 1.0), (11, 0.4), (0, 0.2)] {
            assert!((largest(bytes) - peak).abs() < 0.02, "{bytes} bytes: {}", largest(bytes));
        }
    }

    #[test]
    fn rare_peaks_are_cut_when_that_is_better() {
        let mut values = vec![0.0; 10_000];
        values.iter_mut().enumerate().for_each(|(i, v)| *v = (i % 1000) as f32 / 1000.0);
        let without = best_scale(&values, 255.0);
        assert!((without * 255.0 - 1.0).abs() < 0.01, "{without}");
        values.push(1.1);
        assert!(best_scale(&values, 15.0) * 15.0 < 1.1);
    }
}
