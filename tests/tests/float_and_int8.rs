//! The integers mean what the floats say.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared_model::{Model, inspect::Shape};
use tinytriplet_data::drawn;
use tinytriplet_evaluation::{
    export::export_untrained,
    float_net::{FloatLayer, FloatNet},
};

fn weights(rng: &mut impl Rng, len: usize, fan_in: usize) -> Vec<f32> {
    // He et al. 2015: outputs keep the variance of the inputs through a ReLU.
    let limit = (6.0 / fan_in as f32).sqrt();
    (0..len).map(|_| rng.random_range(-limit..limit)).collect()
}

fn conv(rng: &mut impl Rng, kernel: usize, inputs: usize, outputs: usize, padding: usize) -> FloatLayer {
    let taps = kernel * kernel * inputs;
    FloatLayer::Conv2d {
        shortcut: false,
        kernel: [kernel; 2],
        stride: [1; 2],
        padding: [padding; 4],
        groups: 1,
        out_channels: outputs,
        relu: true,
        weight: weights(rng, outputs * taps, taps),
        bias: (0..outputs).map(|_| rng.random_range(-0.1..0.1)).collect(),
    }
}

fn linear(mut layer: FloatLayer) -> FloatLayer {
    if let FloatLayer::Conv2d { relu, .. } = &mut layer {
        *relu = false;
    }
    layer
}

fn shortcut(mut layer: FloatLayer) -> FloatLayer {
    if let FloatLayer::Conv2d { shortcut, .. } = &mut layer {
        *shortcut = true;
    }
    layer
}

fn dense(rng: &mut impl Rng, inputs: usize, outputs: usize, relu: bool) -> FloatLayer {
    FloatLayer::Dense {
        out_features: outputs,
        relu,
        weight: weights(rng, outputs * inputs, inputs),
        bias: vec![0.05; outputs],
    }
}

fn nets(rng: &mut impl Rng) -> Vec<(&'static str, FloatNet)> {
    let pool = || FloatLayer::MaxPool { kernel: [2; 2], stride: [2; 2] };
    let input = Shape::new(28, 28, 1);
    let net = |layers| FloatNet { input, layers };
    vec![
        (
            "the origin's net",
            net(vec![
                conv(rng, 3, 1, 32, 0),
                pool(),
                conv(rng, 3, 32, 32, 0),
                pool(),
                dense(rng, 800, 128, true),
            ]),
        ),
        (
            "padding, an average pool, a signed embedding",
            net(vec![
                conv(rng, 5, 1, 8, 2),
                pool(),
                conv(rng, 3, 8, 24, 1),
                FloatLayer::AveragePool { kernel: [14; 2], stride: [14; 2] },
                dense(rng, 24, 16, false),
            ]),
        ),
        (
            "residual blocks, with a skip and with a shortcut",
            net(vec![
                conv(rng, 3, 1, 8, 1),
                pool(),
                FloatLayer::Skip,
                conv(rng, 3, 8, 8, 1),
                linear(conv(rng, 3, 8, 8, 1)),
                FloatLayer::Add { relu: true },
                shortcut(linear(conv(rng, 1, 8, 16, 0))),
                conv(rng, 3, 8, 16, 1),
                FloatLayer::Add { relu: true },
                pool(),
                dense(rng, 784, 16, false),
            ]),
        ),
        ("two dense layers, signed between", net(vec![dense(rng, 784, 40, false), dense(rng, 40, 10, true)])),
    ]
}

/// Relative error of the whole embeddings, `|float − int8| / |float|` in squared L2: every layer adds rounding
/// noise of about 1/255/√12 of its range, and weights as much, which makes about 1 % over three layers. Averages
/// of 196 values have a smaller range, and more noise against it. 3 % leaves a factor of two, and a wrong scale or
/// a bias forgotten is far beyond.
#[test]
fn float_and_int8_agree() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let data = drawn::dataset(1, 50, 20);
    let training: Vec<&[u8]> = (0..data.train.len()).map(|index| data.train.image(index)).collect();
    for (name, net) in nets(&mut rng) {
        let file = export_untrained(&net, &training).unwrap();
        let model = Model::decode(&file).unwrap();
        let scale = model.output().scale;
        let (mut error, mut norm) = (0.0, 0.0);
        for index in 0..data.test.len() {
            let pixels = data.test.image(index);
            let float = net.forward(pixels).pop().unwrap();
            let mut embedding = vec![0; model.embedding_len()];
            model.embed(pixels, &mut vec![0; model.scratch_len()], &mut embedding).unwrap();
            for (&float, byte) in float.iter().zip(embedding) {
                let int8 = model.output().element.value(byte) as f32 * scale;
                error += f64::from((float - int8).powi(2));
                norm += f64::from(float.powi(2));
            }
        }
        let relative = (error / norm).sqrt();
        assert!(relative < 0.03, "{name}: {relative:.4}");
    }
}
