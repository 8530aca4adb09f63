//! Model files from outside: whatever is done to them, there is an error and no panic.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared_model::model::layout::repack_to_vec;
use shared_model::{
    DecodeError, Layout, Model,
    inspect::{Kernel, Operation, Shape},
    model::{
        crc32,
        format::{
            self, Activation, Add, CalibratedThreshold, Conv2d, HEADER_LEN, Layer, Metadata, Pool, SHOTS,
            Thresholds,
        },
    },
};
use std::{
    collections::{BTreeMap, HashSet},
    ops::Range,
};
use tests::random;

fn file(seed: u64) -> Vec<u8> {
    random::model(&mut ChaCha8Rng::seed_from_u64(seed))
}

fn packed(file: &[u8]) -> Vec<u8> {
    repack_to_vec(file, Layout::Packed).unwrap()
}

/// Memory that begins at a multiple of 4 bytes, which packed files must, and what a `Vec<u8>` need not do.
#[derive(Default)]
struct Words(Vec<u32>);

impl Words {
    /// The bytes in memory of their own, from `offset` on.
    fn hold(&mut self, bytes: &[u8], offset: usize) -> &[u8] {
        self.0.clear();
        self.0.resize((offset + bytes.len()).div_ceil(4), 0);
        let place = &mut bytemuck::cast_slice_mut::<u32, u8>(&mut self.0)[offset..offset + bytes.len()];
        place.copy_from_slice(bytes);
        place
    }
}

/// Returns the error of decoding these bytes in aligned memory.
fn decode_error(bytes: &[u8]) -> Option<DecodeError> {
    Model::decode(Words::default().hold(bytes, 0)).err()
}

/// Returns the places of the fast layers' weights in a packed file: the layer, its path, the bytes.
fn fast_weights(file: &[u8]) -> Vec<(usize, Kernel, Range<usize>)> {
    let mut words = Words::default();
    let file = words.hold(file, 0);
    let model = Model::decode(file).unwrap();
    let fast = model.steps().filter(|step| step.kernel.is_fast());
    fast.filter_map(|step| match &step.operation {
        Operation::Conv2d { parameters, .. } | Operation::Dense(parameters) => {
            let start = parameters.weights.as_ptr().addr() - file.as_ptr().addr();
            Some((step.layer, step.kernel, start..start + parameters.weights.len()))
        }
        Operation::MaxPool2d(_) | Operation::AveragePool2d(..) | Operation::Skip | Operation::Add { .. } => {
            None
        }
    })
    .collect()
}

/// Makes the CRC right again, so that what comes after it gets tested.
fn mend_crc(file: &mut [u8]) {
    if file.len() >= HEADER_LEN {
        let crc = crc32(&[&file[..HEADER_LEN - 4], &file[HEADER_LEN..]].concat());
        file[HEADER_LEN - 4..HEADER_LEN].copy_from_slice(&crc.to_le_bytes());
    }
}

#[test]
fn every_header_byte_matters() {
    for good in [file(1), packed(&file(1))] {
        for index in 0..HEADER_LEN {
            for flip in 1..=255 {
                let mut bad = good.clone();
                bad[index] ^= flip;
                assert!(decode_error(&bad).is_some(), "byte {index} ^ {flip:#x}");
            }
        }
    }
}

#[test]
fn every_bit_of_the_rest_matters() {
    for good in [file(2), packed(&file(2))] {
        for index in HEADER_LEN..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[index] ^= 1 << bit;
                assert_eq!(decode_error(&bad), Some(DecodeError::Crc), "byte {index} bit {bit}");
            }
        }
    }
}

#[test]
fn every_length_but_the_right_one_is_refused() {
    for good in [file(3), packed(&file(3))] {
        assert_eq!(decode_error(&good), None);
        for len in 0..good.len() {
            let mut bad = good[..len].to_vec();
            assert_eq!(decode_error(&bad), Some(DecodeError::Truncated), "{len} bytes");
            mend_crc(&mut bad);
            assert_eq!(decode_error(&bad), Some(DecodeError::Truncated), "{len} bytes, CRC mended");
        }
        let longer = [&good[..], &[0]].concat();
        assert_eq!(decode_error(&longer), Some(DecodeError::TrailingBytes));
    }
}

/// The header says how the weights lie, and no file passes for one of another layout.
#[test]
fn the_layout_in_the_header_is_the_weights() {
    let mut refused = 0;
    for seed in 0..200 {
        let plain = file(seed);
        let fast = !fast_weights(&packed(&plain)).is_empty();
        for (good, other) in [(packed(&plain), 0), (plain, 1)] {
            let error_as = |layout: u8| {
                let mut bad = good.clone();
                bad[10] = layout;
                mend_crc(&mut bad);
                decode_error(&bad)
            };
            for unknown in 2..=255 {
                assert_eq!(error_as(unknown), Some(DecodeError::Layout(unknown.into())), "seed {seed}");
            }
            let mut bad = good.clone();
            bad[11] = 1;
            mend_crc(&mut bad);
            assert_eq!(decode_error(&bad), Some(DecodeError::Layout(256 + u16::from(1 - other))));
            match error_as(other) {
                Some(_) => refused += 1,
                // Where a net has no fast layer, both layouts are one. Where a dense layer has channels and taps that need
                // no padding, any weights may be packed ones; the hash knows better.
                None => {
                    let mut bad = good.clone();
                    bad[10] = other;
                    mend_crc(&mut bad);
                    let mut words = Words::default();
                    let file = words.hold(&bad, 0);
                    let model = Model::decode(file).unwrap();
                    assert_eq!(model.hash_matches(file), !fast, "seed {seed}");
                }
            }
        }
    }
    assert!(refused > 300, "{refused}");
}

/// Words are read from packed weights, so that the file must lie where words do; a plain one may lie anywhere.
#[test]
fn packed_files_lie_at_words() {
    let plain = file(4);
    let packed = packed(&plain);
    let mut words = Words::default();
    for offset in 0..8 {
        let expected = if offset % 4 == 0 { None } else { Some(DecodeError::Unaligned) };
        assert_eq!(Model::decode(words.hold(&packed, offset)).err(), expected, "{offset}");
        assert_eq!(Model::decode(words.hold(&plain, offset)).err(), None, "{offset}");
    }
}

/// Packed weights that packing makes of no weights are refused, and named by their layer; all others are weights. Those
/// of Taps and Depthwise are 16-bit numbers, of which a byte's are few; Winograd's depend on each other; those of Rows share 16 bits,
/// where only what follows the last channel or tap is known.
#[test]
fn packed_weights_are_what_packing_makes() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    // How often a file with one byte changed was refused, and how often it was another model.
    let mut met = BTreeMap::<String, [u32; 2]>::new();
    for seed in 0..300 {
        let good = packed(&file(seed));
        for (layer, path, weights) in fast_weights(&good) {
            for _ in 0..100 {
                let mut bad = good.clone();
                bad[rng.random_range(weights.clone())] ^= rng.random_range(1..=255);
                mend_crc(&mut bad);
                let error = decode_error(&bad);
                let count = met.entry(format!("{path:?}")).or_default();
                match error {
                    Some(error) => assert_eq!(error, DecodeError::Packed(layer), "seed {seed}"),
                    // It has other weights, of which its header does not know.
                    None => {
                        let mut words = Words::default();
                        let file = words.hold(&bad, 0);
                        assert!(!Model::decode(file).unwrap().hash_matches(file), "seed {seed}");
                        assert_ne!(
                            repack_to_vec(file, Layout::Plain).unwrap(),
                            repack_to_vec(&good, Layout::Plain).unwrap(),
                            "seed {seed}"
                        );
                    }
                }
                count[usize::from(error.is_none())] += 1;
            }
        }
    }
    assert!(met.values().all(|[refused, _]| *refused > 100), "refused, another model: {met:?}");
    assert_eq!(met.len(), 4, "refused, another model: {met:?}");
    assert_eq!(met["Winograd"][1], 0, "one value of 16 cannot change alone: {met:?}");
    let changed = ["Taps", "Depthwise", "Rows"].map(|kernel| met[kernel][1]);
    assert!(changed.iter().all(|&changed| changed > 100), "refused, another model: {met:?}");
}

#[test]
fn each_rule_of_the_format_is_kept() {
    let good = file(4);
    assert!(Model::decode(&good).is_ok());
    let error_of = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bad = good.clone();
        change(&mut bad);
        mend_crc(&mut bad);
        Model::decode(&bad).unwrap_err()
    };
    assert_eq!(error_of(&|f| f[0] = b't'), DecodeError::Magic);
    assert_eq!(error_of(&|f| f[8] = 1), DecodeError::Version(1));
    assert_eq!(error_of(&|f| f[10] = 2), DecodeError::Layout(2));
    assert_eq!(error_of(&|f| f[11] = 1), DecodeError::Layout(256));
    assert_eq!(error_of(&|f| f[12] = 1), DecodeError::TrailingBytes);
    assert_eq!(error_of(&|f| f[15] = 255), DecodeError::Truncated);
    assert_eq!(error_of(&|f| f[19] = 255), DecodeError::Truncated);
    assert_eq!(error_of(&|f| f[HEADER_LEN] = 65), DecodeError::Metadata); // a text longer than there is
    assert_eq!(error_of(&|f| f[HEADER_LEN + 1] = b'\n'), DecodeError::Text);
    // name (7 bytes), height, width, channels (3 bytes), then the scale's four bytes: a NaN.
    assert_eq!(error_of(&|f| f[HEADER_LEN + 10..HEADER_LEN + 14].fill(255)), DecodeError::Scale(None));
    assert_eq!(error_of(&|f| f[HEADER_LEN + 14] = 3), DecodeError::Metadata); // no such fit
    assert_eq!(error_of(&|f| f[HEADER_LEN + 15] = 3), DecodeError::Metadata); // no such background
    // threshold, line and speck, of which the last may have any value.
    assert_eq!(error_of(&|f| f[HEADER_LEN + 16] = 0), DecodeError::Centring);
    for line in [1, 4, 9, 255] {
        assert_eq!(error_of(&|f| f[HEADER_LEN + 17] = line), DecodeError::Centring);
    }
    assert_eq!(error_of(&|f| f[HEADER_LEN + 7] = 0), DecodeError::InputShape);
}

/// Postcard would take longer encodings: of a length more bytes on a PC than on a board.
#[test]
fn integers_and_lengths_have_one_encoding() {
    let good = file(4);
    let metadata_len = u32::from_le_bytes(good[12..16].try_into().unwrap()) as usize;
    let data = &good[(HEADER_LEN + metadata_len).next_multiple_of(16)..];
    // The byte at `at` of the metadata in `len` bytes.
    let error_with = |at: usize, len: usize| {
        let mut metadata = good[HEADER_LEN..HEADER_LEN + metadata_len].to_vec();
        let value = metadata[at];
        assert!(value < 0x80);
        let mut long = vec![0x80; len];
        (long[0], long[len - 1]) = (value | 0x80, 0);
        metadata.splice(at..=at, if len == 1 { vec![value] } else { long });
        let mut bad = good[..HEADER_LEN].to_vec();
        bad[12..16].copy_from_slice(&(metadata.len() as u32).to_le_bytes());
        bad.extend(metadata);
        bad.resize(bad.len().next_multiple_of(16), 0);
        bad.extend(data);
        mend_crc(&mut bad);
        decode_error(&bad)
    };
    // The lengths of the name, of the list of layers, of the data set and of the tool; the height; the fit.
    let place = |text: &[u8]| {
        let metadata = &good[HEADER_LEN..HEADER_LEN + metadata_len];
        metadata.windows(text.len()).position(|bytes| bytes == text).unwrap() - 1
    };
    let (dataset, tool) = (place(b"none"), place(b"tests"));
    for at in [0, 19, dataset, tool, 7, 14] {
        assert_eq!(error_with(at, 1), None, "{at}");
        for len in 2..=10 {
            assert_eq!(error_with(at, len), Some(DecodeError::Metadata), "{at}, {len} bytes");
        }
    }
}

/// Errors that mutations do not meet, because several bytes must fit together.
#[test]
fn what_takes_more_than_a_few_bytes_is_refused() {
    let good = file(4);
    let metadata = Model::decode(&good).unwrap().metadata().clone();
    let error_with = |input: Shape, layers: &[Layer], background_prototypes: u16, data: &[u8]| {
        let layers = heapless::Vec::from_slice(layers).unwrap();
        let mut bad = vec![0; 1024];
        let metadata = Metadata { input, views: 1, layers, background_prototypes, ..metadata.clone() };
        let len = format::encode(&metadata, data, &mut bad).unwrap();
        decode_error(&bad[..len])
    };
    let error_of = |input, layers: &[Layer]| error_with(input, layers, 0, &[]);
    let pool = Layer::MaxPool2d(Pool { kernel: [1, 1], stride: [1, 1] });
    assert_eq!(error_of(Shape::new(4, 4, 1), &[]), Some(DecodeError::NoLayers));
    assert_eq!(error_of(Shape::new(4, 4, 1), &[pool; 32]), None);
    let many = |count: u8| {
        // The list's length is one byte, before the kernel and stride of each layer.
        let mut bad = good.clone();
        bad[HEADER_LEN + 20] = count;
        mend_crc(&mut bad);
        decode_error(&bad)
    };
    let views = |views: u8| {
        let mut bad = good.clone();
        bad[HEADER_LEN + 19] = views;
        mend_crc(&mut bad);
        decode_error(&bad)
    };
    assert_eq!([views(0), views(10), views(255)], [Some(DecodeError::Views); 3]);
    assert_eq!([1, 9].map(views), [None; 2]);
    assert_eq!(many(33), Some(DecodeError::TooManyLayers));
    assert_eq!(many(127), Some(DecodeError::TooManyLayers));
    assert_eq!(many(31), Some(DecodeError::Metadata), "there are fewer");
    assert_eq!(error_of(Shape::new(32, 32, 1), &[pool]), None);
    assert_eq!(error_of(Shape::new(5, 205, 1), &[pool]), Some(DecodeError::Embedding));
    // Embeddings of 5 values.
    let background = |count, data: &[u8]| error_with(Shape::new(5, 1, 1), &[pool], count, data);
    assert_eq!(background(64, &[1; 320]), None);
    assert_eq!(background(65, &[1; 336]), Some(DecodeError::BackgroundPrototypes));
    assert_eq!(background(u16::MAX, &[]), Some(DecodeError::BackgroundPrototypes));
    assert_eq!(background(3, &[0; 16]), None);
    assert_eq!(background(3, &[1; 16]), Some(DecodeError::Reserved));
    for (count, data) in [(0, &[0; 16][..]), (3, &[]), (3, &[0; 32]), (4, &[0; 16])] {
        assert_eq!(background(count, data), Some(DecodeError::DataLength), "{count}, {}", data.len());
    }
}

/// From each skip or shortcut there is a way to one add, around at least one layer and no other skip or shortcut.
#[test]
fn skips_and_adds_belong_together() {
    let good = file(4);
    let metadata = Model::decode(&good).unwrap().metadata().clone();
    let error_of = |layers: &[Layer], data: usize| {
        let layers = heapless::Vec::from_slice(layers).unwrap();
        let mut bad = vec![0; 4096];
        let input = Shape::new(4, 4, 4);
        let metadata = Metadata { input, views: 1, layers, background_prototypes: 0, ..metadata.clone() };
        let len = format::encode(&metadata, &vec![0; data], &mut bad).unwrap();
        decode_error(&bad[..len])
    };
    let pool = |kernel| Layer::MaxPool2d(Pool { kernel: [kernel; 2], stride: [1, 1] });
    let with = |multipliers| Layer::Add(Add { multipliers, activation: Activation::Relu, scale: 1.0 });
    let (skip, add) = (Layer::Skip, with([1 << 22; 2]));
    // 16 bytes each of multipliers, biases and weights.
    let shortcut = |kernel: u8, out_channels| {
        Layer::Shortcut(Conv2d {
            out_channels,
            kernel: [kernel; 2],
            stride: [1, 1],
            padding: [0; 4],
            groups: 1,
            activation: Activation::Linear,
            scale: 1.0,
        })
    };
    assert_eq!(error_of(&[skip, pool(1), add], 0), None);
    assert_eq!(error_of(&[skip, pool(1), add, shortcut(1, 4), pool(1), pool(1), add, pool(1)], 48), None);
    assert_eq!(error_of(&[shortcut(2, 4), pool(2), add], 96), None);
    // The pool after a shortcut is not a pool of it.
    assert_eq!(error_of(&[shortcut(1, 4), pool(2), add], 48), Some(DecodeError::Geometry(2)));
    assert_eq!(error_of(&[shortcut(1, 2), pool(1), add], 48), Some(DecodeError::Geometry(2)));
    assert_eq!(error_of(&[shortcut(5, 4), pool(1), add], 48), Some(DecodeError::Geometry(0)));
    let residual = |index| Some(DecodeError::Residual(index));
    assert_eq!(error_of(&[pool(1), add], 0), residual(1));
    assert_eq!(error_of(&[add], 0), residual(0));
    assert_eq!(error_of(&[skip, add], 0), residual(1));
    assert_eq!(error_of(&[pool(1), shortcut(1, 4), add], 48), residual(2));
    assert_eq!(error_of(&[skip, pool(1), add, add], 0), residual(3));
    assert_eq!(error_of(&[skip, skip, pool(1), add], 0), residual(1));
    assert_eq!(error_of(&[skip, pool(1), shortcut(1, 4), pool(1), add], 48), residual(2));
    assert_eq!(error_of(&[pool(1), skip], 0), residual(2));
    assert_eq!(error_of(&[skip, pool(1), add, skip, pool(1)], 0), residual(5));
    for multipliers in [[0, (1 << 22) + 1], [(1 << 22) + 1, 0], [u32::MAX; 2]] {
        assert_eq!(error_of(&[skip, pool(1), with(multipliers)], 0), Some(DecodeError::Multiplier(2)));
    }
    for scale in [0.0, f32::NAN] {
        let add = Layer::Add(Add { multipliers: [1; 2], activation: Activation::Relu, scale });
        assert_eq!(error_of(&[skip, pool(1), add], 0), Some(DecodeError::Scale(Some(2))));
    }
}

#[test]
fn every_rate_is_a_share() {
    let good = file(4);
    let model = Model::decode(&good).unwrap();
    let data = &good[good.len() - model.header().data_len as usize..];
    let error_with = |change: &dyn Fn(&mut Thresholds)| {
        let mut metadata = model.metadata().clone();
        change(&mut metadata.thresholds);
        let mut bad = vec![0; good.len() + 64];
        let len = format::encode(&metadata, data, &mut bad).unwrap();
        decode_error(&bad[..len])
    };
    assert_eq!(error_with(&|thresholds| thresholds.by_shots = None), None);
    for rate in [-0.01, 1.01, f32::NAN, f32::INFINITY] {
        let wrong = CalibratedThreshold { distance: 1, false_accept_rate: rate, false_reject_rate: 0.0 };
        let other = CalibratedThreshold { distance: 1, false_accept_rate: 0.0, false_reject_rate: rate };
        for threshold in [wrong, other] {
            assert_eq!(error_with(&|all| all.equal_error = Some(threshold)), Some(DecodeError::Share));
            for (at, shots) in SHOTS.into_iter().enumerate() {
                let error = error_with(&|all| all.by_shots.as_mut().unwrap()[at] = threshold);
                assert_eq!(error, Some(DecodeError::Share), "{rate} for {shots} shots");
            }
        }
    }
}

/// What a file may ask of an engine is bounded, and the largest work that is allowed is exact.
#[test]
fn too_much_work_is_refused() {
    let good = file(4);
    let metadata = Model::decode(&good).unwrap().metadata().clone();
    let error_with = |views: u8, input: Shape, layers: &[Layer], data: &[u8]| {
        let layers = heapless::Vec::from_slice(layers).unwrap();
        let mut bad = vec![0; 1024];
        let metadata = Metadata { input, views, layers, background_prototypes: 0, ..metadata.clone() };
        let len = format::encode(&metadata, data, &mut bad).unwrap();
        decode_error(&bad[..len])
    };
    let error_of = |input, layers: &[Layer], data: &[u8]| error_with(1, input, layers, data);
    let pool = |kernel, stride| Layer::MaxPool2d(Pool { kernel, stride });
    // 2048 × 2048 windows of 15 × 16 values: 2^22 · (240 + 16). The embedding of so many values is looked at later.
    let overlapping = [pool([15, 16], [1, 1])];
    assert_eq!(error_of(Shape::new(2062, 2063, 1), &overlapping, &[]), Some(DecodeError::Embedding));
    assert_eq!(error_of(Shape::new(2063, 2063, 1), &overlapping, &[]), Some(DecodeError::Work(0)));
    // Half as many windows, for each of two views.
    assert_eq!(error_with(2, Shape::new(1038, 2063, 1), &overlapping, &[]), Some(DecodeError::Embedding));
    assert_eq!(error_with(2, Shape::new(1039, 2063, 1), &overlapping, &[]), Some(DecodeError::Work(0)));
    assert_eq!(error_with(1, Shape::new(1039, 2063, 1), &overlapping, &[]), Some(DecodeError::Embedding));
    // A convolution under windows that overlap. Each of its 300 × 300 outputs has one weight.
    let conv = Layer::Conv2d(Conv2d {
        out_channels: 1,
        kernel: [1, 1],
        stride: [1, 1],
        padding: [0; 4],
        groups: 1,
        activation: Activation::Relu,
        scale: 1.0,
    });
    let image = Shape::new(300, 300, 1);
    let slow =
        |stride| error_of(image, &[conv, pool([100, 100], stride), pool([1, 1], [255, 255])], &[0; 48]);
    assert_eq!(slow([1, 1]), Some(DecodeError::Work(1)));
    assert_eq!(slow([100, 100]), None);
    // 201 · 51 windows of 10,000 outputs are 1,742,670,000 operations; 101 · 51 are 875,670,000.
    assert_eq!(slow([1, 4]), Some(DecodeError::Work(1)));
    assert_eq!(slow([2, 4]), None);
    // The sum of all layers counts: 17 · 2^22 each.
    let half = Shape::new(2048, 2048, 1);
    assert_eq!(error_of(half, &[pool([1, 1], [1, 1]); 32], &[]), Some(DecodeError::Work(15)));
}

/// A million files with one to eight bytes changed, every second one packed, the CRC mended in all of them. Those that
/// are still valid (a changed weight is a weight) must run, and stay within their buffers.
#[test]
fn a_million_mutations_do_no_harm() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let plain: Vec<Vec<u8>> = (0..1_000).map(|_| random::model(&mut rng)).collect();
    let files = [plain.iter().map(|file| packed(file)).collect(), plain];
    let layouts = [Layout::Packed, Layout::Plain];
    let mut errors = [HashSet::new(), HashSet::new()];
    let (mut valid, mut run) = ([0u32; 2], [0u32; 2]);
    let (mut bad, mut words) = (Vec::new(), Words::default());
    for case in 0..1_000_000 {
        let from: &Vec<Vec<u8>> = &files[case % 2];
        bad.clone_from(&from[rng.random_range(0..from.len())]);
        mutate(&mut rng, &mut bad);
        mend_crc(&mut bad);
        // One in 16 lies where no word does.
        let offset = if rng.random_range(0..16) == 0 { rng.random_range(1..4) } else { 0 };
        match Model::decode(words.hold(&bad, offset)) {
            Err(error) => {
                errors[case % 2].insert(kind(error));
            }
            Ok(model) => {
                // The mutation may have changed the layout.
                let Some(layout) = layouts.iter().position(|&layout| layout == model.layout()) else {
                    panic!("{:?}", model.layout());
                };
                valid[layout] += 1;
                // Anything valid may be run, but not everything valid is quick.
                if model.work() < 40_000 && model.ram_len() < 1 << 16 && valid[layout].is_multiple_of(8) {
                    let mut scratch = vec![0; model.scratch_len()];
                    let mut embedding = vec![0; model.embedding_len()];
                    model.embed(&vec![255; model.input_len()], &mut scratch, &mut embedding).unwrap();
                    run[layout] += 1;
                }
            }
        }
    }
    assert!(valid.iter().all(|&count| count > 5_000), "{valid:?}");
    assert!(run.iter().all(|&count| count > 500), "{run:?}");
    // All but those of `what_takes_more_than_a_few_bytes_is_refused`, and that of the CRC, which is mended.
    let expected = [
        "Accumulator",
        "DataLength",
        "Geometry",
        "InputShape",
        "Layout",
        "Magic",
        "Metadata",
        "Multiplier",
        "Reserved",
        "Residual",
        "Scale",
        "Share",
        "Text",
        "TrailingBytes",
        "Truncated",
        "Unaligned",
        "Version",
    ];
    for (layout, errors) in layouts.iter().zip(&errors) {
        for kind in expected {
            assert!(errors.contains(kind), "{layout:?}: no {kind} among {errors:?}");
        }
    }
    assert!(errors[0].contains("Packed"), "{:?}", errors[0]);
}

/// The name of an error, without its layer.
fn kind(error: DecodeError) -> String {
    let text = format!("{error:?}");
    text.split('(').next().unwrap_or_default().to_owned()
}

fn mutate(rng: &mut impl Rng, file: &mut Vec<u8>) {
    match rng.random_range(0..8) {
        0 => file.truncate(rng.random_range(0..file.len())),
        1 => file.extend(core::iter::repeat_n(0, rng.random_range(1..40))),
        _ => {}
    }
    // Half of the changes hit the front, where header and metadata are.
    for _ in 0..rng.random_range(1..=8) {
        let end = if rng.random() { file.len() } else { file.len().min(HEADER_LEN + 80) };
        if end > 0 {
            let index = rng.random_range(0..end);
            file[index] =
                if rng.random() { rng.random() } else { file[index] ^ (1 << rng.random_range(0..8)) };
        }
    }
}
