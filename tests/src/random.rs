//! Random nets: small, odd-shaped, and valid.

use rand::{Rng, RngExt};
use shared_model::{
    Distance,
    inspect::Shape,
    model::format::{
        self, Activation, Add, AveragePool, Background, CalibratedThreshold, Centring, Conv2d, Dense, Fit,
        Layer, MAX_VIEWS, Metadata, Pool, Preprocessing, Thresholds, TrainingSummary,
    },
};

/// A model file of one to five random layers. Shapes, strides, paddings, groups and channels are whatever
/// fits, 1×1 maps and channels that are no multiple of 4 among them, and often what the fast paths are made for;
/// weights reach −128 and 127.
pub fn model(rng: &mut impl Rng) -> Vec<u8> {
    let input = Shape::new(rng.random_range(1..=14), rng.random_range(1..=14), rng.random_range(1..=4));
    let mut layers = Vec::new();
    let mut data = Vec::new();
    let mut shape = input;
    for _ in 0..rng.random_range(1..=5) {
        if rng.random_range(0..8) == 0 {
            shape = residual(rng, shape, &mut layers, &mut data);
        }
        let (layer, output) = layer(rng, shape, &mut data);
        let is_conv = matches!(layer, Layer::Conv2d(_));
        layers.push(layer);
        shape = output;
        if is_conv && shape.height.min(shape.width) >= 2 && rng.random() {
            let overlaps = shape.height.min(shape.width) >= 3 && rng.random_range(0..12) == 0;
            let size: u8 = if overlaps { 3 } else { 2 };
            layers.push(Layer::MaxPool2d(Pool { kernel: [size; 2], stride: [2, 2] }));
            let windows = |side: u16| (side - u16::from(size)) / 2 + 1;
            shape = Shape::new(windows(shape.height), windows(shape.width), shape.channels);
        }
    }
    if shape.checked_len().is_none_or(|len| len > format::MAX_EMBEDDING as u32) {
        let (layer, output) = dense(rng, shape, &mut data);
        layers.push(layer);
        shape = output;
    }
    let len = shape.checked_len().expect("it is at most an embedding's") as usize;
    let (rest, background) = (rest(rng), background(rng, len, &mut data));
    encode(input, &layers, rest, background, &data)
}

/// Appends some background prototypes of embeddings of `len` values.
fn background(rng: &mut impl Rng, len: usize, data: &mut Vec<u8>) -> u16 {
    let count = rng.random_range(0..4);
    data.extend((0..usize::from(count) * len).map(|_| rng.random::<u8>()));
    data.resize(format::align(data.len()), 0);
    count
}

/// A model file of five to twelve convolutions in a row, as fast kernels compute them row by row: depthwise, 1 × 1
/// and 3 × 3, padded or not, now and then with a stride of 2 or a max pool; an average pool, and a fully connected layer.
pub fn deep_model(rng: &mut impl Rng) -> Vec<u8> {
    let input =
        Shape::new(rng.random_range(6..=30), rng.random_range(4..=12), [1, 3, 4][rng.random_range(0..3)]);
    let (mut layers, mut data, mut shape) = (Vec::new(), Vec::new(), input);
    for _ in 0..rng.random_range(5..=12) {
        let least = shape.height.min(shape.width);
        let kind = rng.random_range(0..4);
        let depthwise = kind < 2 && shape.channels.is_multiple_of(4) && least >= 3;
        let kernel = if kind == 2 || least < 3 { 1 } else { 3 };
        let padding = if kernel == 1 || rng.random_range(0..6) == 0 { 0 } else { 1 };
        let stride = if least >= 6 && rng.random_range(0..6) == 0 { 2 } else { 1 };
        let out_channels = if depthwise { shape.channels } else { 4 * rng.random_range(1..=6) };
        let groups = if depthwise { shape.channels } else { 1 };
        let taps = usize::from(kernel).pow(2) * usize::from(shape.channels / groups);
        parameters(rng, &mut data, out_channels.into(), taps, None);
        layers.push(conv([out_channels, groups], [kernel; 2], [padding; 4], [stride; 2], activation(rng)));
        let size = |size: u16| (size + 2 * u16::from(padding) - u16::from(kernel)) / u16::from(stride) + 1;
        shape = Shape::new(size(shape.height), size(shape.width), out_channels);
        if !depthwise && shape.height.min(shape.width) >= 6 && rng.random_range(0..8) == 0 {
            layers.push(Layer::MaxPool2d(Pool { kernel: [2, 2], stride: [2, 2] }));
            shape = Shape::new(shape.height / 2, shape.width / 2, out_channels);
        }
    }
    let kernel = [shape.height, shape.width].map(|size| size as u8);
    let area = u64::from(kernel[0]) * u64::from(kernel[1]);
    let multiplier = ((1u64 << 31) / area).min(i32::MAX as u64) as i32;
    let pool = Pool { kernel, stride: [1, 1] };
    layers.push(Layer::AveragePool2d(AveragePool { pool, multiplier, scale: 0.25 }));
    let (last, output) = dense(rng, Shape::new(1, 1, shape.channels), &mut data);
    layers.push(last);
    let (rest, background) = (rest(rng), background(rng, output.channels.into(), &mut data));
    encode(input, &layers, rest, background, &data)
}

/// Preprocessing, views and distance.
pub type Rest = (Preprocessing, u8, Distance);

/// Returns random values for the rest of a model file's metadata, besides its layers.
pub(crate) fn rest(rng: &mut impl Rng) -> Rest {
    let fit = [Fit::Stretch, Fit::Contain, Fit::Centre][rng.random_range(0..3)];
    let background = [Background::Dark, Background::Light, Background::Auto][rng.random_range(0..3)];
    let distance = if rng.random() { Distance::SquaredL2 } else { Distance::Cosine };
    let centring = Centring {
        threshold: rng.random_range(1..=255),
        line: [0, 5, 6, 7, 8][rng.random_range(0..5)],
        speck: rng.random(),
    };
    let views = if rng.random_range(0..8) > 0 { 1 } else { rng.random_range(2..=MAX_VIEWS) };
    (Preprocessing { fit, background, centring }, views, distance)
}

/// A convolution of so many output channels, in so many groups.
fn conv(
    [out_channels, groups]: [u16; 2],
    kernel: [u8; 2],
    padding: [u8; 4],
    stride: [u8; 2],
    activation: Activation,
) -> Layer {
    Layer::Conv2d(Conv2d { out_channels, kernel, stride, padding, groups, activation, scale: 0.5 })
}

/// A convolution of one to three channels and nothing else, so that it has no working memory but its own. Without
/// padding, the last words of its last window end beyond the input.
pub fn lone_conv(rng: &mut impl Rng) -> Vec<u8> {
    let input = Shape::new(rng.random_range(3..=9), rng.random_range(3..=9), rng.random_range(1..=3));
    let (channels, padding) = (2 * rng.random_range(1..=8), [rng.random_range(0..=1); 4]);
    let stride = [rng.random_range(1..=2), rng.random_range(1..=2)];
    let layers = [conv([channels, 1], [3, 3], padding, stride, activation(rng))];
    let mut data = Vec::new();
    parameters(rng, &mut data, channels.into(), 9 * usize::from(input.channels), None);
    let (preprocessing, _, distance) = rest(rng);
    encode(input, &layers, (preprocessing, 1, distance), 0, &data)
}

/// A model file of what nets are made of, with `channels` output channels in every layer: a convolution with
/// ReLU and a max pool; a padded convolution without ReLU; one with a stride, which reads signed bytes; a
/// fully connected layer. All weights are `weight`, or random ones.
pub fn wide_model(rng: &mut impl Rng, channels: u16, weight: Option<i8>) -> Vec<u8> {
    let input = Shape::new(11, 9, 2);
    let conv = |kernel, padding, stride, activation| conv([channels, 1], kernel, padding, stride, activation);
    let layers = [
        conv([3, 2], [0; 4], [1, 1], Activation::Relu),            // 9x8
        Layer::MaxPool2d(Pool { kernel: [2, 3], stride: [2, 2] }), // 4x3
        conv([3, 3], [1; 4], [1, 1], Activation::Linear),          // 4x3
        conv([2, 2], [1, 0, 1, 1], [2, 1], Activation::Relu),      // 2x4
        Layer::Dense(Dense { out_features: channels, activation: Activation::Linear, scale: 2.0 }),
    ];
    let (depth, outputs) = (usize::from(channels), usize::from(channels));
    let mut data = Vec::new();
    for taps in [3 * 2 * 2, 3 * 3 * depth, 2 * 2 * depth, 2 * 4 * depth] {
        parameters(rng, &mut data, outputs, taps, weight);
    }
    let (rest, background) = (rest(rng), background(rng, outputs, &mut data));
    encode(input, &layers, rest, background, &data)
}

/// A model file of depthwise convolutions of `channels` channels: padded ones of unsigned and of signed bytes, one with a
/// stride and a max pool after it, and one of another window. All weights are `weight`, or random ones.
pub fn wide_depthwise_model(rng: &mut impl Rng, channels: u16, weight: Option<i8>) -> Vec<u8> {
    let conv =
        |kernel, padding, stride, activation| conv([channels, channels], kernel, padding, stride, activation);
    let layers = [
        conv([3, 3], [1; 4], [1, 1], Activation::Linear),     // 13x11
        conv([3, 3], [1, 0, 0, 1], [1, 2], Activation::Relu), // 12x5
        Layer::MaxPool2d(Pool { kernel: [2, 2], stride: [2, 1] }), // 6x4
        conv([3, 3], [0, 1, 1, 1], [2, 2], Activation::Relu), // 3x2
        conv([2, 5], [1, 0, 2, 2], [1, 1], Activation::Linear), // 3x2
        Layer::Dense(Dense { out_features: 5, activation: Activation::Linear, scale: 2.0 }),
    ];
    let mut data = Vec::new();
    for (outputs, taps) in [(channels, 9), (channels, 9), (channels, 9), (channels, 10), (5, 6 * channels)] {
        parameters(rng, &mut data, outputs.into(), taps.into(), weight);
    }
    let (rest, background) = (rest(rng), background(rng, 5, &mut data));
    encode(Shape::new(13, 11, channels), &layers, rest, background, &data)
}

/// A model file whose first map is larger than most caches, and whose average pool gives an embedding of
/// three values.
pub fn large_model(rng: &mut impl Rng) -> Vec<u8> {
    let conv = Conv2d {
        out_channels: 3,
        kernel: [3, 3],
        stride: [2, 2],
        padding: [1, 0, 1, 0],
        groups: 1,
        activation: Activation::Relu,
        scale: 0.5,
    };
    let pool = Pool { kernel: [250, 250], stride: [255, 255] };
    let average = AveragePool { pool, multiplier: ((1u64 << 32) / (250 * 250)) as i32, scale: 0.5 };
    let layers = [Layer::Conv2d(conv), Layer::AveragePool2d(average)];
    let mut data = Vec::new();
    parameters(rng, &mut data, 3, 9, None);
    let (rest, background) = (rest(rng), background(rng, 3, &mut data));
    encode(Shape::new(520, 520, 1), &layers, rest, background, &data)
}

/// A model file for pictures of 96 × 96 pixels in three colours.
pub fn colour_model(rng: &mut impl Rng) -> Vec<u8> {
    let conv = |out_channels, stride| {
        Layer::Conv2d(Conv2d {
            out_channels,
            kernel: [3, 3],
            stride: [stride; 2],
            padding: [0; 4],
            groups: 1,
            activation: Activation::Relu,
            scale: 0.5,
        })
    };
    let pool = Layer::MaxPool2d(Pool { kernel: [2, 2], stride: [2, 2] });
    let layers = [
        conv(8, 2), // 47x47
        pool,
        conv(16, 1), // 21x21
        pool,
        conv(32, 1), // 8x8
        pool,
        Layer::Dense(Dense { out_features: 64, activation: Activation::Linear, scale: 2.0 }),
    ];
    let mut data = Vec::new();
    for (outputs, taps) in [(8, 9 * 3), (16, 9 * 8), (32, 9 * 16), (64, 4 * 4 * 32)] {
        parameters(rng, &mut data, outputs, taps, None);
    }
    encode(Shape::new(96, 96, 3), &layers, rest(rng), 0, &data)
}

/// A model file of these layers, whose multipliers, biases and weights are in `data`, and behind them so many
/// `background` prototypes.
pub(crate) fn encode(
    input: Shape,
    layers: &[Layer],
    (preprocessing, views, distance): Rest,
    background_prototypes: u16,
    data: &[u8],
) -> Vec<u8> {
    let threshold =
        |distance| CalibratedThreshold { distance, false_accept_rate: 0.05, false_reject_rate: 0.25 };
    let metadata = Metadata {
        name: "random",
        input,
        input_scale: 1.0 / 255.0,
        preprocessing,
        views,
        layers: heapless::Vec::from_slice(layers).expect("a model holds as many"),
        distance,
        thresholds: Thresholds {
            equal_error: Some(threshold(2_000)),
            false_accept_1_percent: None,
            by_shots: Some([3_000, 2_500, 1_500, 1_000].map(threshold)),
        },
        training: TrainingSummary {
            dataset: "none",
            tool: "tests",
            seed: 0,
            images_seen: 0,
            precision_at_1: 0.0,
        },
        golden_crc: 0,
        background_prototypes,
    };
    let mut file = vec![0; data.len() + 8192];
    let len = format::encode(&metadata, data, &mut file).expect("it fits");
    file.truncate(len);
    file
}

/// Random pixels, with runs of 0 and 255 in some images.
pub fn pixels(rng: &mut impl Rng, len: usize) -> Vec<u8> {
    let kind = rng.random_range(0..4);
    (0..len)
        .map(|_| match kind {
            0 => 255 * rng.random_range(0..=1),
            1 => 255,
            _ => rng.random(),
        })
        .collect()
}

/// Appends a skip or a shortcut, layers, and an add. Returns the shape of the sum.
fn residual(rng: &mut impl Rng, input: Shape, layers: &mut Vec<Layer>, data: &mut Vec<u8>) -> Shape {
    let shortcut = rng.random();
    let stride = if shortcut { [rng.random_range(1..=2), rng.random_range(1..=2)] } else { [1, 1] };
    let size = |size: u16, axis: usize| (size - 1) / u16::from(stride[axis]) + 1;
    let channels = match rng.random_range(0..3) {
        _ if !shortcut => input.channels,
        0 => rng.random_range(1..=5),
        _ => 4 * rng.random_range(1..=4),
    };
    let output = Shape::new(size(input.height, 0), size(input.width, 1), channels);
    let conv = |rng: &mut _, data: &mut _, depth: u16, kernel: u8, stride| {
        let taps = usize::from(kernel).pow(2) * usize::from(depth);
        parameters(rng, data, channels.into(), taps, None);
        Conv2d {
            out_channels: channels,
            kernel: [kernel; 2],
            stride,
            padding: [kernel / 2; 4],
            groups: 1,
            activation: activation(rng),
            scale: 0.5,
        }
    };
    layers.push(match shortcut {
        true => Layer::Shortcut(conv(rng, data, input.channels, 1, stride)),
        false => Layer::Skip,
    });
    let kernel = [1, 3, 3][rng.random_range(0..3)];
    layers.push(Layer::Conv2d(conv(rng, data, input.channels, kernel, stride)));
    for _ in 0..rng.random_range(0..3) {
        layers.push(match rng.random_range(0..3) {
            0 => {
                let pool = Pool { kernel: [1, 1], stride: [1, 1] };
                match rng.random() {
                    true => Layer::MaxPool2d(pool),
                    false => Layer::AveragePool2d(AveragePool { pool, multiplier: i32::MAX, scale: 0.25 }),
                }
            }
            _ => Layer::Conv2d(conv(rng, data, channels, 3, [1, 1])),
        });
    }
    let largest = [1 << 16, 1 << 17, 1 << 22][rng.random_range(0..3)];
    let multipliers = core::array::from_fn(|_| rng.random_range(0..=largest));
    layers.push(Layer::Add(Add { multipliers, activation: activation(rng), scale: 0.5 }));
    output
}

fn activation(rng: &mut impl Rng) -> Activation {
    if rng.random() { Activation::Relu } else { Activation::Linear }
}

fn layer(rng: &mut impl Rng, input: Shape, data: &mut Vec<u8>) -> (Layer, Shape) {
    let activation = activation(rng);
    let stride = [rng.random_range(1..=3), rng.random_range(1..=3)];
    match rng.random_range(0..6) {
        0..=2 => {
            let padding: [u8; 4] = core::array::from_fn(|_| rng.random_range(0..=2));
            let padded = [
                input.height + u16::from(padding[0]) + u16::from(padding[1]),
                input.width + u16::from(padding[2]) + u16::from(padding[3]),
            ];
            let usual = padded[0].min(padded[1]) >= 3 && rng.random();
            let stride = if usual { [1, 1] } else { stride };
            let kernel = padded.map(|size| if usual { 3 } else { rng.random_range(1..=size.min(5)) as u8 });
            // A padding as large as the kernel is refused.
            let largest = [kernel[0], kernel[0], kernel[1], kernel[1]];
            let padding: [u8; 4] = core::array::from_fn(|side| padding[side].min(largest[side] - 1));
            let padded = [
                input.height + u16::from(padding[0]) + u16::from(padding[1]),
                input.width + u16::from(padding[2]) + u16::from(padding[3]),
            ];
            let divisors: Vec<u16> =
                (1..=input.channels).filter(|&d| input.channels.is_multiple_of(d)).collect();
            let depthwise = usual && input.channels.is_multiple_of(4) && rng.random_range(0..4) == 0;
            let groups = match () {
                () if depthwise => input.channels,
                () if usual => 1,
                () => divisors[rng.random_range(0..divisors.len())],
            };
            let out_channels = if depthwise {
                input.channels
            } else if usual && rng.random_range(0..4) > 0 {
                4 * rng.random_range(1..=5)
            } else {
                groups * rng.random_range(1..=9u16.div_ceil(groups))
            };
            let taps = usize::from(kernel[0]) * usize::from(kernel[1]) * usize::from(input.channels / groups);
            parameters(rng, data, usize::from(out_channels), taps, None);
            let conv = Conv2d { out_channels, kernel, stride, padding, groups, activation, scale: 0.5 };
            let size = |axis: usize| (padded[axis] - u16::from(kernel[axis])) / u16::from(stride[axis]) + 1;
            (Layer::Conv2d(conv), Shape::new(size(0), size(1), out_channels))
        }
        3 | 4 => {
            let size = [input.height, input.width];
            let usual = size[0].min(size[1]) >= 2 && rng.random();
            let kernel = size.map(|size| if usual { 2 } else { rng.random_range(1..=size.min(4)) as u8 });
            let stride = if usual { [2, 2] } else { stride };
            let pool = Pool { kernel, stride };
            let windows = |axis: usize| (size[axis] - u16::from(kernel[axis])) / u16::from(stride[axis]) + 1;
            let output = Shape::new(windows(0), windows(1), input.channels);
            if rng.random() {
                return (Layer::MaxPool2d(pool), output);
            }
            let area = u32::from(kernel[0]) * u32::from(kernel[1]);
            let multiplier = ((1u64 << 32) / u64::from(area)).min(i32::MAX as u64) as i32;
            (Layer::AveragePool2d(AveragePool { pool, multiplier, scale: 0.25 }), output)
        }
        _ => dense(rng, input, data),
    }
}

fn dense(rng: &mut impl Rng, input: Shape, data: &mut Vec<u8>) -> (Layer, Shape) {
    let activation = activation(rng);
    let out_features = rng.random_range(1..=11);
    let taps = usize::from(input.height) * usize::from(input.width) * usize::from(input.channels);
    parameters(rng, data, usize::from(out_features), taps, None);
    (Layer::Dense(Dense { out_features, activation, scale: 2.0 }), Shape::new(1, 1, out_features))
}

/// Appends multipliers, biases and weights, which are all `weight` or random ones. Multipliers are such that outputs spread over their range, now and
/// then beyond it, and now and then beyond 16 bits.
pub(crate) fn parameters(
    rng: &mut impl Rng,
    data: &mut Vec<u8>,
    outputs: usize,
    taps: usize,
    weight: Option<i8>,
) {
    let typical = (taps as f64).sqrt() * 70.0 * 70.0;
    let mut push = |bytes: Vec<u8>| {
        data.extend(bytes);
        data.resize(format::align(data.len()), 0);
    };
    let wide = if rng.random_range(0..6) == 0 { 50.0 } else { 1.0 };
    let multipliers: Vec<u8> = (0..outputs)
        .flat_map(|_| {
            let ratio = wide * rng.random_range(0.1..4.0) * 127.0 / typical;
            ((ratio * 2f64.powi(32)).min(f64::from(i32::MAX)) as i32).to_le_bytes()
        })
        .collect();
    push(multipliers);
    let largest = typical as i32;
    push((0..outputs).flat_map(|_| rng.random_range(-largest..=largest).to_le_bytes()).collect());
    let extreme = rng.random_range(0..4) == 0;
    push(
        (0..outputs * taps)
            .map(|_| match weight {
                Some(weight) => weight as u8,
                None if extreme => [127, 128][rng.random_range(0..2)],
                None => rng.random(),
            })
            .collect(),
    );
}
