//! A net that begins with the weights of another one.

use super::{Block, Net, floats};
use burn::{
    module::Param,
    tensor::{Device, Tensor, TensorData},
};
use thiserror::Error;
use tinytriplet_evaluation::float_net::{FloatLayer, FloatNet};

/// The reason why a net cannot begin with the weights of another one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PretrainedError {
    /// One has more layers.
    #[error("it has {pretrained} layers that a board runs, and this net has {own}")]
    Layers {
        /// Layers of the pretrained net.
        pretrained: usize,
        /// Layers of the other one.
        own: usize,
    },
    /// Layers differ. They count from 0, without those that a board does not run.
    #[error("its layer {layer} is {pretrained}, and this net's is {own}")]
    Layer {
        /// Index of the layer.
        layer: usize,
        /// The pretrained net's.
        pretrained: String,
        /// The other net's.
        own: String,
    },
}

impl Net {
    /// Returns the net with the weights of `pretrained`. The net is one without batch normalization and
    /// standardised filters.
    ///
    /// # Errors
    /// Returns [`PretrainedError`] if its layers differ from those of `pretrained`.
    pub fn with_weights(mut self, pretrained: &FloatNet) -> Result<Self, PretrainedError> {
        let own = self.to_float_net().layers;
        let layers = &pretrained.layers;
        if own.len() != layers.len() {
            return Err(PretrainedError::Layers { pretrained: layers.len(), own: own.len() });
        }
        for (layer, (own, pretrained)) in own.iter().zip(layers).enumerate() {
            if without_weights(own) != without_weights(pretrained) {
                let [own, pretrained] = [own, pretrained].map(described);
                return Err(PretrainedError::Layer { layer, pretrained, own });
            }
        }
        let mut weights = layers.iter().filter_map(|layer| match layer {
            FloatLayer::Conv2d { weight, bias, .. } | FloatLayer::Dense { weight, bias, .. } => {
                Some((weight, bias))
            }
            _ => None,
        });
        for block in &mut self.blocks {
            match block {
                Block::Conv(conv) | Block::Shortcut(conv) => {
                    let Some((weight, bias)) = weights.next() else { continue };
                    let device = conv.bias.val().device();
                    let [outputs, inputs, rows, columns] = conv.weight.val().dims();
                    let weight = tensor(weight, [outputs, rows, columns, inputs], &device);
                    conv.weight = leaf(weight.permute([0, 3, 1, 2]));
                    conv.bias = leaf(tensor(bias, [outputs], &device));
                }
                Block::Dense(dense) => {
                    let Some((weight, bias)) = weights.next() else { continue };
                    let device = dense.bias.val().device();
                    let [inputs, outputs] = dense.weight.val().dims();
                    dense.weight = leaf(tensor(weight, [outputs, inputs], &device).transpose());
                    dense.bias = leaf(tensor(bias, [outputs], &device));
                }
                Block::Norm(_) | Block::Plain(_) => {}
            }
        }
        Ok(self)
    }
}

fn tensor<const D: usize>(values: &[f32], shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
}

/// Returns the values as a parameter, which knows nothing of where they come from.
fn leaf<const D: usize>(tensor: Tensor<D>) -> Param<Tensor<D>> {
    let (shape, device) = (tensor.dims(), tensor.device());
    Param::from_data(TensorData::new(floats(tensor), shape), &device)
}

/// Returns the layer with weights and biases of 0: what two layers have in common whose weights fit both.
fn without_weights(layer: &FloatLayer) -> FloatLayer {
    let mut layer = layer.clone();
    if let FloatLayer::Conv2d { weight, bias, .. } | FloatLayer::Dense { weight, bias, .. } = &mut layer {
        weight.fill(0.0);
        bias.fill(0.0);
    }
    layer
}

/// Returns a layer in a few words.
fn described(layer: &FloatLayer) -> String {
    let relu = |relu: bool| if relu { " with relu" } else { "" };
    let kind = layer.kind();
    match layer {
        FloatLayer::Conv2d { kernel, stride, padding, out_channels, relu: follows, weight, .. } => format!(
            "a {kind} of {out_channels} filters of {} weights ({}x{}, stride {}x{}, padding {}x{}){}",
            weight.len() / out_channels,
            kernel[0],
            kernel[1],
            stride[0],
            stride[1],
            padding[0],
            padding[2],
            relu(*follows)
        ),
        FloatLayer::Dense { out_features, relu: follows, weight, .. } => {
            format!(
                "a {kind} of {out_features} times {} weights{}",
                weight.len() / out_features,
                relu(*follows)
            )
        }
        FloatLayer::MaxPool { kernel, stride } | FloatLayer::AveragePool { kernel, stride } => {
            format!("a {kind} of {}x{}, stride {}x{}", kernel[0], kernel[1], stride[0], stride[1])
        }
        FloatLayer::Skip => format!("a {kind}"),
        FloatLayer::Add { relu: follows } => format!("an {kind}{}", relu(*follows)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::inspect::Shape;
    use tinytriplet_data::Rng;
    use tinytriplet_recipe::{Config, NetConfig};

    fn net(layers: &str, seed: u64) -> Net {
        let config: NetConfig = toml::from_str(&format!("normalise = false\nlayers = [{layers}]")).unwrap();
        Net::new(&config, Shape::new(12, 12, 1), &mut Rng::new(seed), &Device::flex()).unwrap()
    }

    const RESIDUAL: &str = "{ conv = { out_channels = 4, kernel = 3, relu = true } }, { max_pool = { kernel = 2 } }, \
        { dropout = 0.5 }, { shortcut = { out_channels = 6, kernel = 1 } }, \
        { depthwise_conv = { kernel = 3, padding = 1, relu = true } }, { conv = { out_channels = 6, kernel = 1 } }, \
        { add = { relu = true } }, { average_pool = { kernel = 5 } }, { dense = { out_features = 7 } }";

    #[test]
    fn weights_are_taken_layer_by_layer() {
        let [one, other] = [1, 2].map(|seed| net(RESIDUAL, seed));
        let pretrained = one.to_float_net();
        assert_ne!(other.to_float_net(), pretrained);
        assert_eq!(other.with_weights(&pretrained).unwrap().to_float_net(), pretrained);
        // Those of every preset that can have some.
        for name in ["default", "best", "lenet5", "resnet8"] {
            let config = Config::preset(name).unwrap().net;
            assert!(config.takes_pretrained());
            let of = |seed| {
                Net::new(&config, Shape::new(28, 28, 1), &mut Rng::new(seed), &Device::flex()).unwrap()
            };
            let pretrained = of(1).to_float_net();
            assert_eq!(of(2).with_weights(&pretrained).unwrap().to_float_net(), pretrained, "{name}");
        }
    }

    #[test]
    fn other_layers_are_refused() {
        let pretrained = net(RESIDUAL, 1).to_float_net();
        let error = |layers: &str| net(layers, 1).with_weights(&pretrained).unwrap_err().to_string();
        assert_eq!(
            error("{ dense = { out_features = 7 } }"),
            "it has 8 layers that a board runs, and this net has 1"
        );
        assert_eq!(
            error(&RESIDUAL.replace("out_features = 7", "out_features = 9")),
            "its layer 7 is a dense of 7 times 6 weights, and this net's is a dense of 9 times 6 weights"
        );
        let message =
            error(&RESIDUAL.replace("{ max_pool = { kernel = 2 } }", "{ average_pool = { kernel = 2 } }"));
        assert!(message.starts_with("its layer 1 is a max"), "{message}");
        let message = error(&RESIDUAL.replace("kernel = 3, padding = 1", "kernel = 5, padding = 2"));
        assert!(
            message.contains("layer 3") && message.contains("(5x5, stride 1x1, padding 2x2)"),
            "{message}"
        );
    }
}
