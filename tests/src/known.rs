//! The shapes of well-known small nets, with random weights: what a layer costs depends on its shape alone.

use crate::random::{encode, parameters, rest};
use rand::Rng;
use shared_model::{
    inspect::Shape,
    model::format::{Activation, Add, AveragePool, Conv2d, Dense, Layer, Pool},
};

/// A net in the making.
struct Net<'r, R: Rng> {
    rng: &'r mut R,
    input: Shape,
    channels: u16,
    layers: Vec<Layer>,
    data: Vec<u8>,
}

impl<'r, R: Rng> Net<'r, R> {
    fn new(rng: &'r mut R, input: Shape) -> Self {
        Self { rng, input, channels: input.channels, layers: Vec::new(), data: Vec::new() }
    }

    /// A convolution whose padding is above, below, left and right.
    fn conv(&mut self, out_channels: u16, kernel: [u8; 2], stride: u8, padding: [u8; 4]) -> Conv2d {
        let taps = usize::from(kernel[0]) * usize::from(kernel[1]) * usize::from(self.channels);
        self.conv_of(out_channels, kernel, stride, padding, taps, 1)
    }

    fn conv_of(
        &mut self,
        out_channels: u16,
        kernel: [u8; 2],
        stride: u8,
        padding: [u8; 4],
        taps: usize,
        groups: u16,
    ) -> Conv2d {
        parameters(self.rng, &mut self.data, out_channels.into(), taps, None);
        let activation = Activation::Relu;
        Conv2d { out_channels, kernel, stride: [stride; 2], padding, groups, activation, scale: 0.5 }
    }

    fn push_conv(&mut self, out_channels: u16, kernel: u8, stride: u8, padding: [u8; 4]) {
        let conv = self.conv(out_channels, [kernel; 2], stride, padding);
        self.layers.push(Layer::Conv2d(conv));
        self.channels = out_channels;
    }

    /// Depthwise 3 × 3, and 1 × 1.
    fn separable(&mut self, out_channels: u16, stride: u8, padding: [u8; 4]) {
        let channels = self.channels;
        let conv = self.conv_of(channels, [3, 3], stride, padding, 9, channels);
        self.layers.push(Layer::Conv2d(conv));
        self.push_conv(out_channels, 1, 1, [0; 4]);
    }

    fn max_pool(&mut self) {
        self.layers.push(Layer::MaxPool2d(Pool { kernel: [2, 2], stride: [2, 2] }));
    }

    fn average(&mut self, kernel: [u8; 2]) {
        let pool = Pool { kernel, stride: kernel };
        let multiplier = ((1u64 << 32) / (u64::from(kernel[0]) * u64::from(kernel[1]))) as i32;
        self.layers.push(Layer::AveragePool2d(AveragePool { pool, multiplier, scale: 0.5 }));
    }

    fn dense(mut self, inputs: usize, out_features: u16) -> Vec<u8> {
        parameters(self.rng, &mut self.data, out_features.into(), inputs, None);
        self.layers.push(Layer::Dense(Dense { out_features, activation: Activation::Linear, scale: 0.5 }));
        self.end()
    }

    fn end(self) -> Vec<u8> {
        let (preprocessing, _, distance) = rest(self.rng);
        encode(self.input, &self.layers, (preprocessing, 1, distance), 0, &self.data)
    }
}

/// MLPerf Tiny's visual wake words: MobileNetV1 with a quarter of the channels, 96 × 96 × 3 (Howard et al. 2017). Of its
/// paddings of one pixel, those of a stride of 2 are below and on the right, as TensorFlow has them.
pub fn mobilenet(rng: &mut impl Rng) -> Vec<u8> {
    const LATE: [u8; 4] = [0, 1, 0, 1];
    let mut net = Net::new(rng, Shape::new(96, 96, 3));
    net.push_conv(8, 3, 2, LATE);
    for (out_channels, stride) in [
        (16, 1),
        (32, 2),
        (32, 1),
        (64, 2),
        (64, 1),
        (128, 2),
        (128, 1),
        (128, 1),
        (128, 1),
        (128, 1),
        (128, 1),
        (256, 2),
        (256, 1),
    ] {
        net.separable(out_channels, stride, if stride == 2 { LATE } else { [1; 4] });
    }
    net.average([3, 3]);
    net.dense(256, 2)
}

/// MLPerf Tiny's keyword spotting: DS-CNN, 49 × 10 (Zhang et al. 2017).
pub fn dscnn(rng: &mut impl Rng) -> Vec<u8> {
    let mut net = Net::new(rng, Shape::new(49, 10, 1));
    let conv = net.conv(64, [10, 4], 2, [4, 5, 1, 1]);
    net.layers.push(Layer::Conv2d(conv));
    net.channels = 64;
    for _ in 0..4 {
        net.separable(64, 1, [1; 4]);
    }
    net.average([24, 5]);
    net.dense(64, 12)
}

/// MLPerf Tiny's image classification: ResNet-8, 32 × 32 × 3.
pub fn resnet8(rng: &mut impl Rng) -> Vec<u8> {
    let mut net = Net::new(rng, Shape::new(32, 32, 3));
    net.push_conv(16, 3, 1, [1; 4]);
    for (channels, stride) in [(16, 1), (32, 2), (64, 2)] {
        let keeps = match stride {
            1 => Layer::Skip,
            _ => Layer::Shortcut(net.conv(channels, [1, 1], stride, [0; 4])),
        };
        net.layers.push(keeps);
        net.push_conv(channels, 3, stride, if stride == 2 { [0, 1, 0, 1] } else { [1; 4] });
        net.push_conv(channels, 3, 1, [1; 4]);
        let multipliers = [40_000, 30_000];
        net.layers.push(Layer::Add(Add { multipliers, activation: Activation::Relu, scale: 0.5 }));
    }
    net.average([8, 8]);
    net.dense(64, 10)
}

/// Conv-4 of prototypical networks, 28 × 28 × 1 (Snell et al. 2017).
pub fn conv4(rng: &mut impl Rng) -> Vec<u8> {
    let mut net = Net::new(rng, Shape::new(28, 28, 1));
    for _ in 0..4 {
        net.push_conv(64, 3, 1, [1; 4]);
        net.max_pool();
    }
    net.end()
}

/// All of them, by name.
pub fn models(rng: &mut impl Rng) -> Vec<(String, Vec<u8>)> {
    vec![
        ("mobilenet".to_owned(), mobilenet(rng)),
        ("dscnn".to_owned(), dscnn(rng)),
        ("resnet8".to_owned(), resnet8(rng)),
        ("conv4".to_owned(), conv4(rng)),
    ]
}
