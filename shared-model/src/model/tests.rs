//! A tiny model, which the examples in the documentation run on.

use super::{
    decode::{DecodeError, Model},
    format::{
        self, Activation, CalibratedThreshold, Conv2d, Dense, Distance, Layer, Layout, Metadata, Pool,
        Preprocessing, Thresholds, TrainingSummary,
    },
    layout::{RepackError, repack, repacked_len},
    tensor::Shape,
};
use std::{env, fs, vec, vec::Vec};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.postcard");
static TINY: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.postcard"));

/// Multipliers, biases and weights of a layer whose filters have so many weights, each section
/// padded.
fn sections(channels: usize, taps: usize, state: &mut u32) -> Vec<u8> {
    let mut random = || {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (*state >> 24) as u8
    };
    let multipliers = (1_u32 << 25).to_le_bytes().repeat(channels);
    let biases = vec![0; 4 * channels];
    let weights = (0..channels * taps).map(|_| random()).collect();
    let mut data = Vec::new();
    for section in [multipliers, biases, weights] {
        data.extend(section);
        data.resize(format::align(data.len()), 0);
    }
    data
}

/// 8 × 8 pixels → convolution of 3 × 3, 4 channels → max pool → 8 values.
fn tiny() -> Vec<u8> {
    let conv = Conv2d {
        out_channels: 4,
        kernel: [3, 3],
        stride: [1, 1],
        padding: [0; 4],
        groups: 1,
        activation: Activation::Relu,
        scale: 0.125,
    };
    let pool = Pool { kernel: [2, 2], stride: [2, 2] };
    let dense = Dense { out_features: 8, activation: Activation::Linear, scale: 0.125 };
    let threshold =
        |distance| CalibratedThreshold { distance, false_accept_rate: 0.0, false_reject_rate: 0.0 };
    let mut metadata = Metadata {
        name: "tiny",
        input: Shape::new(8, 8, 1),
        input_scale: 1.0 / 255.0,
        preprocessing: Preprocessing::MNIST,
        views: 1,
        layers: heapless::Vec::from_slice(&[
            Layer::Conv2d(conv),
            Layer::MaxPool2d(pool),
            Layer::Dense(dense),
        ])
        .unwrap(),
        distance: Distance::SquaredL2,
        thresholds: Thresholds {
            equal_error: Some(threshold(500)),
            false_accept_1_percent: Some(threshold(400)),
            by_shots: Some([600, 550, 450, 350].map(threshold)),
        },
        training: TrainingSummary { dataset: "", tool: "", seed: 0, images_seen: 0, precision_at_1: 0.0 },
        golden_crc: 0,
        background_prototypes: 0,
    };
    let mut state = 1;
    let data = [sections(4, 9, &mut state), sections(8, 36, &mut state)].concat();
    let encode = |metadata: &Metadata<'_>| {
        let mut file = vec![0; 2048];
        let len = format::encode(metadata, &data, &mut file).unwrap();
        file.truncate(len);
        file
    };
    let file = encode(&metadata);
    let model = Model::decode(&file).unwrap();
    let [mut pixels, mut embedding] = [vec![0; model.input_len()], vec![0; model.embedding_len()]];
    metadata.golden_crc =
        model.test_crc(&mut pixels, &mut vec![0; model.scratch_len()], &mut embedding).unwrap();
    encode(&metadata)
}

/// With `BLESS=1` it writes the file.
#[test]
fn the_examples_model_is_this_one() {
    let file = tiny();
    if env::var_os("BLESS").is_some() {
        fs::write(FILE, file).unwrap();
    } else {
        assert!(TINY == file, "BLESS=1 cargo test -p shared-model writes {FILE} again");
    }
}

/// The smallest buffers that do, and ones that are too short or not aligned.
#[test]
fn repacking_there_and_back() {
    let model = Model::decode(TINY).unwrap();
    let mut words = [0_u32; 512];
    let packed: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
    let len = repacked_len(&model, Layout::Packed).unwrap();
    assert_eq!(repack(TINY, Layout::Packed, &mut packed[..len - 1]), Err(RepackError::Full));
    assert_eq!(repack(TINY, Layout::Packed, &mut packed[1..]), Err(RepackError::Unaligned));
    assert_eq!(repack(TINY, Layout::Packed, packed), Ok(len));
    let packed = &packed[..len];
    assert_eq!(Model::decode(packed).unwrap().hash(), model.hash());
    let mut plain = vec![0; TINY.len()];
    assert_eq!(repack(packed, Layout::Plain, &mut plain), Ok(TINY.len()));
    assert_eq!(plain, TINY);
    plain[100] ^= 1;
    assert_eq!(repack(&plain, Layout::Packed, &mut []), Err(RepackError::Decode(DecodeError::Crc)));
}

/// Nets that others run on microcontrollers, as (outputs, values in a window) of each layer.
#[test]
fn useful_nets_take_a_hundredth_of_the_largest_work() {
    let work = |layers: &[(u64, u32)]| -> u64 {
        layers.iter().map(|&(outputs, values)| format::work(outputs, values)).sum()
    };
    let macs = |layers: &[(u64, u32)]| -> u64 {
        layers.iter().map(|&(outputs, values)| outputs * u64::from(values)).sum()
    };
    // MobileNetV1 0.25, colour images of 96 × 96.
    let (mut mobilenet, mut side, mut depth) = (vec![(48 * 48 * 8, 27)], 48, 8);
    let blocks = [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2)];
    let blocks = blocks.into_iter().chain([(128, 1); 5]).chain([(256, 2), (256, 1)]);
    for (channels, stride) in blocks {
        side /= stride;
        let area = side * side;
        mobilenet.extend([(area * u64::from(depth), 9), (area * u64::from(channels), depth)]);
        depth = channels;
    }
    mobilenet.push((2, depth));
    // ResNet-8, colour images of 32 × 32.
    let resnet = [
        vec![(32 * 32 * 16, 27), (32 * 32 * 16, 144), (32 * 32 * 16, 144)],
        vec![(16 * 16 * 32, 144), (16 * 16 * 32, 288), (16 * 16 * 32, 16)],
        vec![(8 * 8 * 64, 288), (8 * 8 * 64, 576), (8 * 8 * 64, 32), (10, 64)],
    ]
    .concat();
    assert_eq!((macs(&mobilenet), work(&mobilenet)), (7_489_664, 11_194_528));
    assert_eq!((macs(&resnet), work(&resnet)), (12_501_632, 13_878_048));
    assert!(work(&mobilenet).max(work(&resnet)) * 77 < format::MAX_WORK);
    assert!(format::work(u64::MAX, u32::MAX) > format::MAX_WORK);
}
