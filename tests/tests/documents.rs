//! The example in docs/FORMAT.md is a real file, and the memory in docs/BOARDS.md what a board takes.

use shared_model::{
    DecodeError, Distance, Layout, Model,
    engine::TestImage,
    inspect::{Kernel, Operation, Shape},
    model::{
        crc32,
        format::{
            Activation, Background, CalibratedThreshold, Conv2d, Dense, Fit, Layer, Metadata, Preprocessing,
            Thresholds, TrainingSummary, encode,
        },
        layout::repack_to_vec,
    },
};
use tests::{definition, hex::hex_dump};
use tinytriplet_device::memory;

fn example() -> Vec<u8> {
    let dense = Dense { out_features: 1, activation: Activation::Linear, scale: 1.0 };
    let threshold = CalibratedThreshold { distance: 300, false_accept_rate: 0.5, false_reject_rate: 0.5 };
    let metadata = Metadata {
        name: "é",
        input: Shape::new(1, 1, 1),
        input_scale: 1.0 / 255.0,
        preprocessing: Preprocessing::new(Fit::Contain, Background::Auto),
        views: 1,
        layers: heapless::Vec::from_slice(&[Layer::Dense(dense)]).unwrap(),
        distance: Distance::SquaredL2,
        thresholds: Thresholds { equal_error: Some(threshold), ..Thresholds::default() },
        training: TrainingSummary {
            dataset: "none",
            tool: "hand",
            seed: 300,
            images_seen: 0,
            precision_at_1: 1.0,
        },
        golden_crc: crc32(&[0, 0, 127, 0]),
        background_prototypes: 2,
    };
    let mut data = [0; 64];
    data[..4].copy_from_slice(&(1i32 << 24).to_le_bytes());
    data[16..20].copy_from_slice(&5i32.to_le_bytes());
    data[32] = 127;
    data[48..50].copy_from_slice(&[127, -3_i8 as u8]);
    let mut file = [0; 512];
    let len = encode(&metadata, &data, &mut file).unwrap();
    file[..len].to_vec()
}

#[test]
fn format_shows_a_whole_file() {
    let document = include_str!("../../docs/FORMAT.md");
    let dump = hex_dump(&example());
    assert!(document.contains(&dump), "docs/FORMAT.md should show this file:\n{dump}");
}

/// The net of "A packed file": Taps, Depthwise, Winograd, Rows.
fn packed_example() -> Vec<u8> {
    let conv = |out_channels, kernel, groups| {
        Layer::Conv2d(Conv2d {
            out_channels,
            kernel,
            stride: [1, 1],
            padding: [0; 4],
            groups,
            activation: Activation::Relu,
            scale: 1.0,
        })
    };
    let dense = Layer::Dense(Dense { out_features: 2, activation: Activation::Linear, scale: 1.0 });
    let file = example();
    let metadata = Metadata {
        input: Shape::new(7, 6, 1),
        layers: [conv(4, [3, 3], 1), conv(4, [2, 1], 4), conv(2, [3, 3], 1), dense].into_iter().collect(),
        background_prototypes: 0,
        ..Model::decode(&file).unwrap().metadata().clone()
    };
    let mut data = Vec::new();
    for (channels, taps) in [(4, 9), (4, 2), (2, 36), (2, 8)] {
        let words = |first: i32| (first..first + channels).flat_map(i32::to_le_bytes).collect::<Vec<u8>>();
        let weight = |o: i32, k: i32| (10 * o + k + 1) * if o % 2 == 0 { 1 } else { -1 };
        let weights = (0..channels).flat_map(|o| (0..taps).map(move |k| weight(o, k) as u8)).collect();
        for section in [words(1 << 24), words(1000), weights] {
            data.extend(section);
            data.resize(data.len().next_multiple_of(16), 0);
        }
    }
    let mut file = [0; 512];
    let len = encode(&metadata, &data, &mut file).unwrap();
    repack_to_vec(&file[..len], Layout::Packed).unwrap()
}

#[test]
fn format_shows_packed_weights() {
    let document = include_str!("../../docs/FORMAT.md");
    let file = packed_example();
    let model = Model::decode(&file).unwrap();
    let sections: Vec<_> = model
        .steps()
        .map(|step| match step.operation {
            Operation::Conv2d { parameters, .. } | Operation::Dense(parameters) => {
                (step.kernel, parameters.weights)
            }
            _ => unreachable!("all its layers have weights"),
        })
        .collect();
    let [
        (Kernel::Taps, taps),
        (Kernel::Depthwise, depthwise),
        (Kernel::Winograd, winograd),
        (Kernel::Rows, rows),
    ] = sections[..]
    else {
        panic!("{sections:?}")
    };
    assert_eq!((taps.len(), depthwise.len(), winograd.len(), rows.len()), (128, 16, 256, 32));
    for section in [taps, depthwise, &winograd[..64], rows] {
        let dump = hex_dump(section);
        assert!(document.contains(&dump), "docs/FORMAT.md should show this section:\n{dump}");
    }
}

#[test]
fn the_example_computes_what_the_document_says() {
    let file = example();
    let model = Model::decode(&file).unwrap();
    let mut embedding = [0];
    // floor(((5 + 127 · 200) · 2^24 + 2^31) / 2^32) = floor(99.74) = 99
    model.embed(&[200], &mut [], &mut embedding).unwrap();
    assert_eq!(embedding, [99]);
    // Its test images are one pixel each: 0, 0, 255, 0.
    model.self_test(&mut [0], &mut [], &mut embedding).unwrap();
    assert_eq!(model.metadata().golden_crc, definition::golden_crc(&file));
    assert_eq!(model.background_prototypes().collect::<Vec<_>>(), [[127], [253]]);
}

#[test]
fn format_shows_how_the_noise_begins() {
    let mut noise = [0; 8];
    TestImage::Noise.draw(&mut noise);
    let values = noise.map(|value| value.to_string()).join(", ");
    assert!(include_str!("../../docs/FORMAT.md").contains(&values), "docs/FORMAT.md should show {values}");
}

/// "A reader refuses versions that it does not know with a message that says so."
#[test]
fn other_versions_are_refused_before_all_else() {
    for version in [0, 1, 2, 3, 5, 0xff] {
        let mut file = example();
        file[8] = version;
        let error = Model::decode(&file).unwrap_err();
        assert_eq!(error, DecodeError::Version(version.into()));
        assert!(
            error.to_string().ends_with("this program reads version 4: export the model again"),
            "{error}"
        );
    }
}

/// BOARDS.md's table of memory, for the model that is built in.
#[test]
fn boards_tells_what_buffers_take() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../firmware/models/digits.model.postcard");
    let packed = repack_to_vec(&std::fs::read(path).unwrap(), Layout::Packed).unwrap();
    let model = Model::decode(&packed).unwrap();
    let (input, dim) = (model.input_len(), model.embedding_len());
    let request = memory::request_len(dim, 0);
    let document = include_str!("../../docs/BOARDS.md").replace(',', "");
    for (buffer, bytes) in [
        ("4 × `memory::scratch_len`", 4 * memory::scratch_len(&model)),
        ("`memory::buffer_len`", memory::buffer_len(input, dim, 0)),
        ("`memory::request_len`: a chunk and some", request),
        ("`memory::rx_queue_len`: the same and 64", memory::rx_queue_len(request)),
        ("`memory::gallery_len`: 16 labels", memory::gallery_len(dim, 0, 16)),
    ] {
        let row = format!("{buffer} | {bytes} |");
        assert!(document.contains(&row), "docs/BOARDS.md should say: {row}");
    }
}
