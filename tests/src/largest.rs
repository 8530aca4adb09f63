//! Nets whose sums are as large as a model file may have them: where 32 bits overflow, if they do.

use crate::random::encode;
use shared_model::{
    Distance,
    inspect::Shape,
    model::format::{self, Activation, Background, Conv2d, Dense, Fit, Layer, Pool, Preprocessing},
};

/// Returns model files and their names. All weights of an output channel are 127, or all are −128; of two channels
/// that share words, one has each. From the fifth channel on, both values alternate within a channel. The biases of the
/// first four are the largest that are left, with the sign of the weights.
pub fn models() -> Vec<(&'static str, Vec<u8>)> {
    let in_groups = |kernel: [u8; 2], out_channels, groups| {
        Layer::Conv2d(Conv2d {
            out_channels,
            kernel,
            stride: [1, 1],
            padding: [0; 4],
            groups,
            activation: Activation::Linear,
            scale: 0.5,
        })
    };
    let conv = |kernel, out_channels| in_groups(kernel, out_channels, 1);
    let pool = Layer::MaxPool2d(Pool { kernel: [2, 2], stride: [2, 2] });
    let dense = Layer::Dense(Dense { out_features: 5, activation: Activation::Linear, scale: 0.5 });
    let whole = i32::MAX as i64;
    // The one that takes the least memory, whatever the size.
    let preprocessing = Preprocessing::new(Fit::Stretch, Background::Dark);
    let file = |input, layers: &[Layer], data: &[u8]| {
        encode(input, layers, (preprocessing, 1, Distance::SquaredL2), 0, data)
    };
    vec![
        // Winograd's method multiplies sums by 4, and takes no more channels.
        (
            "winograd",
            file(Shape::new(4, 4, 64), &[conv([3, 3], 4)], &parameters(4, 9 * 64, 9 * 64 * 128 * 255 + 1000)),
        ),
        (
            "winograd-pooled",
            file(
                Shape::new(4, 4, 64),
                &[conv([3, 3], 4), pool],
                &parameters(4, 9 * 64, 9 * 64 * 128 * 255 + 1000),
            ),
        ),
        // A few weights, and biases of nearly 32 bits.
        ("taps", file(Shape::new(6, 7, 2), &[conv([4, 4], 6)], &parameters(6, 32, whole))),
        ("taps-pooled", file(Shape::new(6, 7, 2), &[conv([4, 4], 6), pool], &parameters(6, 32, whole))),
        ("depthwise", file(Shape::new(6, 7, 8), &[in_groups([3, 3], 8, 8)], &parameters(8, 9, whole))),
        (
            "depthwise-15",
            file(Shape::new(16, 17, 8), &[in_groups([15, 15], 8, 8)], &parameters(8, 225, whole)),
        ),
        ("rows", file(Shape::new(16, 17, 256), &[conv([16, 16], 5)], &parameters(5, 16 * 16 * 256, whole))),
        (
            "rows-pooled",
            file(Shape::new(16, 16, 290), &[conv([15, 15], 5), pool], &parameters(5, 15 * 15 * 290, whole)),
        ),
        ("dense", file(Shape::new(256, 257, 1), &[dense], &parameters(5, 256 * 257, whole))),
    ]
}

/// Multipliers, biases, weights of a layer whose sums may be `largest`.
fn parameters(outputs: usize, taps: usize, largest: i64) -> Vec<u8> {
    let bias =
        i32::try_from(largest - taps as i64 * 128 * 255).expect("the layer has no more taps than it may");
    // Full scale is at twice the range of the embedding, so that something saturates.
    let multiplier = ((1_i64 << 32) * 254 / largest) as i32;
    let mut data = Vec::new();
    let mut push = |bytes: Vec<u8>| {
        data.extend(bytes);
        data.resize(format::align(data.len()), 0);
    };
    push((0..outputs).flat_map(|output| (multiplier << output).to_le_bytes()).collect());
    push(
        (0..outputs)
            .flat_map(|output| [bias, -bias, -bias, bias, 0, 0, 0, 0][output].to_le_bytes())
            .collect(),
    );
    let weight = |output, tap| match output {
        0 | 3 => 127,
        1 | 2 => 128,
        _ => 127 + (tap % 2) as u8,
    };
    push((0..outputs).flat_map(|output| (0..taps).map(move |tap| weight(output, tap))).collect());
    data
}
