//! Turns the integers of a model file back into a float net, so that a training can begin with them.

use crate::float_net::{FloatLayer, FloatNet};
use shared_model::{
    Layout, Model,
    inspect::{Operation, Parameters},
    model::format::{Activation, Layer, Pool},
};

/// Returns the net that a model's integers stand for. Rounding aside, it is the one that was quantized: a weight
/// is its integer times the scale of its output channel, which the multiplier tells (`docs/ARITHMETIC.md`).
///
/// # Panics
/// The model is [packed](Layout::Packed), so that the order of its weights is a board's.
#[must_use]
pub fn dequantize(model: &Model<'_>) -> FloatNet {
    assert_eq!(model.layout(), Layout::Plain, "the weights are in a board's order");
    let layer = |(index, layer): (usize, &Layer)| {
        // A pool that is computed together with the convolution before it has no step of its own, nor weights.
        let step = model.steps().find(|step| step.layer == index);
        let real = |output_scale: f32| {
            let parameters = step.as_ref().and_then(|step| match &step.operation {
                Operation::Conv2d { parameters, .. } | Operation::Dense(parameters) => {
                    Some(real(parameters, step.input.scale, output_scale))
                }
                _ => None,
            });
            parameters.unwrap_or_default()
        };
        match layer {
            Layer::Conv2d(conv) | Layer::Shortcut(conv) => {
                let (weight, bias) = real(conv.scale);
                FloatLayer::Conv2d {
                    shortcut: matches!(layer, Layer::Shortcut(_)),
                    kernel: conv.kernel.map(usize::from),
                    stride: conv.stride.map(usize::from),
                    padding: conv.padding.map(usize::from),
                    groups: conv.groups.into(),
                    out_channels: conv.out_channels.into(),
                    relu: conv.activation == Activation::Relu,
                    weight,
                    bias,
                }
            }
            Layer::Dense(dense) => {
                let (weight, bias) = real(dense.scale);
                let (out_features, relu) = (dense.out_features.into(), dense.activation == Activation::Relu);
                FloatLayer::Dense { out_features, relu, weight, bias }
            }
            Layer::MaxPool2d(pool) => {
                let [kernel, stride] = window(pool);
                FloatLayer::MaxPool { kernel, stride }
            }
            Layer::AveragePool2d(average) => {
                let [kernel, stride] = window(&average.pool);
                FloatLayer::AveragePool { kernel, stride }
            }
            Layer::Skip => FloatLayer::Skip,
            Layer::Add(add) => FloatLayer::Add { relu: add.activation == Activation::Relu },
        }
    };
    let layers = model.metadata().layers.iter().enumerate().map(layer).collect();
    FloatNet { input: model.input().shape, layers }
}

fn window(pool: &Pool) -> [[usize; 2]; 2] {
    [pool.kernel, pool.stride].map(|sides| sides.map(usize::from))
}

/// Returns the weights and biases that a layer's integers stand for. A multiplier is
/// `s_in · s_w · 2^32 / s_out`.
fn real(parameters: &Parameters<'_>, input_scale: f32, output_scale: f32) -> (Vec<f32>, Vec<f32>) {
    let taps = parameters.weights.len() / parameters.channels().max(1);
    let accumulator =
        |channel: usize| f64::from(parameters.multiplier(channel)) * 2f64.powi(-32) * f64::from(output_scale);
    let weight = |(channel, filter): (usize, &[u8])| {
        let scale = accumulator(channel) / f64::from(input_scale);
        filter.iter().map(|&weight| (f64::from(weight as i8) * scale) as f32).collect::<Vec<_>>()
    };
    let bias = |channel| (f64::from(parameters.bias(channel)) * accumulator(channel)) as f32;
    let weights = parameters.weights.chunks_exact(taps.max(1)).enumerate().flat_map(weight).collect();
    (weights, (0..parameters.channels()).map(bias).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::export_untrained;
    use shared_model::inspect::Shape;
    use tinytriplet_data::Rng;

    /// A net of every kind of layer.
    fn net(rng: &mut Rng) -> FloatNet {
        let mut values = |count| (0..count).map(|_| rng.symmetric()).collect::<Vec<f32>>();
        let mut conv = |shortcut, kernel: usize, groups: usize, inputs: usize| FloatLayer::Conv2d {
            shortcut,
            kernel: [kernel; 2],
            stride: [1, 1],
            padding: [kernel / 2; 4],
            groups,
            out_channels: 4,
            relu: !shortcut,
            weight: values(4 * kernel * kernel * inputs / groups),
            bias: values(4),
        };
        let mut layers = vec![conv(false, 3, 1, 1), FloatLayer::MaxPool { kernel: [2; 2], stride: [2; 2] }];
        layers.extend([conv(true, 1, 1, 4), conv(false, 3, 4, 4), FloatLayer::Add { relu: true }]);
        layers.extend([FloatLayer::Skip, conv(false, 3, 1, 4), FloatLayer::Add { relu: false }]);
        layers.push(FloatLayer::AveragePool { kernel: [3; 2], stride: [1; 2] });
        let (weight, bias) = (values(16 * 8), values(8));
        layers.push(FloatLayer::Dense { out_features: 8, relu: false, weight, bias });
        FloatNet { input: Shape::new(8, 8, 1), layers }
    }

    #[test]
    fn what_was_quantized_comes_back_but_for_rounding() {
        let mut rng = Rng::new(1);
        let net = net(&mut rng);
        let images: Vec<Vec<u8>> = (0..20).map(|_| (0..64).map(|_| rng.below(256) as u8).collect()).collect();
        let images: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
        let file = export_untrained(&net, &images).unwrap();
        let back = dequantize(&Model::decode(&file).unwrap());
        assert_eq!(back.input, net.input);
        assert_eq!(back.layers.len(), net.layers.len());
        for (back, layer) in back.layers.iter().zip(&net.layers) {
            let mut rounded = back.clone();
            if let (
                FloatLayer::Conv2d { weight, bias, .. } | FloatLayer::Dense { weight, bias, .. },
                FloatLayer::Conv2d { weight: w, bias: b, .. } | FloatLayer::Dense { weight: w, bias: b, .. },
            ) = (&mut rounded, layer)
            {
                // Half a step of a filter, whose largest weight is 127 steps and at most 1.
                assert!(weight.iter().zip(w).all(|(a, b)| (a - b).abs() < 0.51 / 127.0), "{back:?}");
                assert!(bias.iter().zip(b).all(|(a, b)| (a - b).abs() < 0.01), "{back:?}");
                weight.clone_from(w);
                bias.clone_from(b);
            }
            assert_eq!(rounded, *layer);
        }
    }
}
