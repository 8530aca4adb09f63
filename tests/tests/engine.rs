//! The engine against a second one that was written from the definition alone, and the fast one for PCs
//! against it.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use shared_model::model::layout::repack_to_vec;
use shared_model::{
    EmbedError, Layout, Model,
    engine::{SelfTestError, TestImage},
    inspect::{Kernel, Operation, Step},
    model::format,
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    iter,
};
use tests::{definition, largest, random};
use tinytriplet_evaluation::engine::{Engine, Simd, StepPath};

/// The models that come with the firmware.
const COMMITTED: [&[u8]; 2] = [
    include_bytes!("../../firmware/models/digits.model.postcard"),
    include_bytes!("../../firmware/models/unseen.model.postcard"),
];

/// 4,000 random nets, one random image each, to the last byte, in both layouts of the weights; and from one layout to
/// the other and back.
#[test]
fn engine_equals_the_definition() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mut kinds, mut paths, mut values) = (HashSet::new(), HashMap::new(), HashSet::new());
    let (mut overlapping, mut slices) = (0, 0);
    for case in 0..4_000 {
        let file = random::model(&mut rng);
        let packed = repack_to_vec(&file, Layout::Packed).unwrap();
        let model = Model::decode(&file).unwrap_or_else(|error| panic!("case {case}: {error}"));
        let pixels = random::pixels(&mut rng, model.input_len());
        let expected = definition::embed(&file, &pixels);
        overlapping += usize::from(model.steps().any(|step| match step.operation {
            Operation::Conv2d { geometry, pool: Some(pool), .. } => {
                let window = usize::from(pool.kernel[0]) * usize::from(pool.kernel[1]);
                step.output.len() * window > geometry.output.checked_len().unwrap() as usize
            }
            _ => false,
        }));
        for file in [&file, &packed] {
            let model = Model::decode(file).unwrap_or_else(|error| panic!("case {case}: {error}"));
            let work = model.work() * u64::from(model.metadata().views);
            assert_eq!(i128::from(work), definition::work(model.metadata()), "case {case}");
            // What is in the scratch, and that it is longer than it need be, must not matter.
            let mut scratch = vec![rng.random::<u32>(); model.scratch_len() + rng.random_range(0..3)];
            slices += assert_embeds(&model, &pixels, &mut scratch, &expected, case) - model.steps().count();
            assert!(model.hash_matches(file), "case {case}");
            for step in model.steps() {
                let fused = matches!(step.operation, Operation::Conv2d { pool: Some(_), .. });
                *paths.entry(format!("{:?} {fused}", step.kernel)).or_insert(0) += 1;
            }
        }
        assert_eq!(repack_to_vec(&packed, Layout::Plain).unwrap(), file, "case {case}");
        let model = Model::decode(&packed).unwrap();
        let weights = model.steps().filter_map(|step| match step.operation {
            Operation::Conv2d { parameters, .. } | Operation::Dense(parameters) => Some(parameters.weights),
            Operation::MaxPool2d(_)
            | Operation::AveragePool2d(..)
            | Operation::Skip
            | Operation::Add { .. } => None,
        });
        assert!(weights.eq(definition::packed_weights(&file)), "case {case}: {:#?}", model.metadata());

        kinds.extend(model.metadata().layers.iter().map(|layer| layer.kind()));
        values.extend(expected);
    }
    // The cases are not all the same dull one.
    assert_eq!(kinds.len(), 7);
    assert!(overlapping > 50, "{overlapping}");
    assert!(slices > 10_000, "{slices}: fast convolutions are taken row by row");
    assert_eq!(values.len(), 256, "every byte occurs in an embedding");
    assert_eq!(paths.len(), 13, "{paths:#?}");
    assert!(paths.values().all(|&count| count > 130), "{paths:#?}");
}

/// Asserts the embedding, computed at once and in slices, and returns the number of slices.
fn assert_embeds(
    model: &Model<'_>,
    pixels: &[u8],
    scratch: &mut [u32],
    expected: &[u8],
    case: usize,
) -> usize {
    let mut embedding = vec![0; model.embedding_len()];
    model.embed(pixels, scratch, &mut embedding).unwrap();
    assert_eq!(embedding, expected, "case {case}: {:?} {:#?}", model.layout(), model.metadata());
    embedding.fill(0);
    let mut inference = model.start(pixels, scratch, &mut embedding).unwrap();
    let further = iter::from_fn(|| inference.step().then_some(())).count();
    assert!(!inference.step(), "case {case}: it was complete");
    drop(inference);
    assert_eq!(embedding, expected, "case {case}, in slices: {:?} {:#?}", model.layout(), model.metadata());
    further + 1
}

/// 600 nets of many convolutions that run row by row, at once and in slices. In some of them rows of a map take the place
/// of rows of the map that it is computed from.
#[test]
fn deep_nets_equal_the_definition() {
    let mut rng = ChaCha8Rng::seed_from_u64(10);
    let mut overlapping = 0;
    for case in 0..600 {
        let file = random::deep_model(&mut rng);
        let packed = repack_to_vec(&file, Layout::Packed).unwrap();
        let model = Model::decode(&packed).unwrap_or_else(|error| panic!("case {case}: {error}"));
        let pixels = random::pixels(&mut rng, model.input_len());
        let expected = definition::embed(&file, &pixels);
        let mut scratch = vec![rng.random::<u32>(); model.scratch_len()];
        assert_embeds(&model, &pixels, &mut scratch, &expected, case);

        // Two, three or four at a time alternate, and only the first of them read the image.
        let steps: Vec<Step<'_>> = model.steps().collect();
        let convolutions = &steps[..steps.len() - 2];
        let too_large = |steps: &[Step<'_>]| {
            steps[0].input.len() + steps[steps.len() - 1].output.len() > 4 * model.scratch_len()
        };
        overlapping +=
            usize::from((2..=4).all(|at_once| convolutions.chunks(at_once).skip(1).any(too_large)));
    }
    assert!(overlapping > 10, "{overlapping}");
}

/// The parts that an observer sees of the steps make up the layers' outputs. Of a packed model it sees only these
/// bytes, in order, except those that nothing reads.
#[test]
fn observed_steps_are_the_layers() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut cropped = 0;
    for case in 0..400 {
        let file = random::model(&mut rng);
        let packed = repack_to_vec(&file, Layout::Packed).unwrap();
        let pixels = random::pixels(&mut rng, Model::decode(&file).unwrap().input_len());
        let [plain, packed] = [&file, &packed].map(|file| {
            let model = Model::decode(file).unwrap();
            let mut scratch = vec![0; model.scratch_len()];
            let mut embedding = vec![0; model.embedding_len()];
            let mut outputs = BTreeMap::<usize, Vec<u8>>::new();
            let observe = |step: &Step<'_>, rows: &[u8]| {
                outputs.entry(step.layer).or_default().extend_from_slice(rows);
            };
            model.embed_observed(&pixels, &mut scratch, &mut embedding, observe).unwrap();
            assert_eq!(outputs.values().last(), Some(&embedding), "case {case}");
            assert!(outputs.keys().copied().eq(model.steps().map(|step| step.layer)), "case {case}");
            outputs
        });
        for (step, [plain, packed]) in Model::decode(&file)
            .unwrap()
            .steps()
            .zip(plain.values().zip(packed.values()).map(|(a, b)| [a, b]))
        {
            assert_eq!(plain.len(), step.output.len(), "case {case}");
            cropped += usize::from(packed.len() < plain.len());
            let mut rest = plain.iter();
            assert!(packed.iter().all(|byte| rest.any(|other| other == byte)), "case {case}");
        }
    }
    assert!(cropped > 5, "{cropped}");
}

/// Sums as large as decoding lets them be, in both layouts.
#[test]
fn the_largest_sums_equal_the_definition() {
    for (name, plain) in largest::models() {
        let packed = repack_to_vec(&plain, Layout::Packed).unwrap();
        let path = match name.split('-').next() {
            Some("winograd") => Kernel::Winograd,
            Some("taps") => Kernel::Taps,
            Some("depthwise") => Kernel::Depthwise,
            _ => Kernel::Rows,
        };
        let mut values = HashSet::new();
        for image in TestImage::ALL {
            for file in [&plain, &packed] {
                let model = Model::decode(file).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert!(
                    model.layout() == Layout::Plain || model.steps().all(|step| step.kernel == path),
                    "{name}"
                );
                let mut pixels = vec![0; model.input_len()];
                image.draw(&mut pixels);
                let mut embedding = vec![0; model.embedding_len()];
                model.embed(&pixels, &mut vec![0; model.scratch_len()], &mut embedding).unwrap();
                assert_eq!(embedding, definition::embed(&plain, &pixels), "{name}, {image:?}");
                values.extend(embedding);
            }
        }
        // Neither is everything saturated.
        assert!(values.len() > 3, "{name}: {values:?}");
    }
}

/// The golden CRC that a model computes for itself, in both layouts, is that of the definition.
#[test]
fn golden_crcs_are_those_of_the_definition() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    for case in 0..400 {
        let plain = random::model(&mut rng);
        let expected = definition::golden_crc(&plain);
        for file in [&plain, &repack_to_vec(&plain, Layout::Packed).unwrap()] {
            // Random nets are written without it.
            let error = SelfTestError::Mismatch { expected: 0, actual: expected };
            assert_eq!(self_test(file), Err(error), "case {case}");
        }
    }
}

/// Wherever the weights lie, the background prototypes are behind them.
#[test]
fn background_prototypes_are_those_of_the_definition() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    for _ in 0..100 {
        let plain = random::model(&mut rng);
        let expected = definition::background_prototypes(&plain);
        for file in [&plain, &repack_to_vec(&plain, Layout::Packed).unwrap()] {
            let model = Model::decode(file).unwrap();
            assert_eq!(model.background_prototypes().collect::<Vec<_>>(), expected);
        }
    }
}

fn self_test(file: &[u8]) -> Result<(), SelfTestError> {
    let model = Model::decode(file).unwrap();
    let [mut pixels, mut embedding] = [model.input_len(), model.embedding_len()].map(|len| vec![1; len]);
    model.self_test(&mut pixels, &mut vec![1; model.scratch_len()], &mut embedding)
}

#[test]
fn committed_models_pass_their_self_test() {
    for file in COMMITTED {
        assert_eq!(self_test(file), Ok(()));
        assert_eq!(self_test(&repack_to_vec(file, Layout::Packed).unwrap()), Ok(()));
        let model = Model::decode(file).unwrap();
        assert_eq!(model.metadata().golden_crc, definition::golden_crc(file));
    }
}

/// One wrong weight in a file that is valid otherwise, its CRC and hash mended: both layouts see the same. A weight that
/// meets only zeros in the four images goes unnoticed, as many do after a ReLU.
#[test]
fn self_tests_find_wrong_weights() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let file = COMMITTED[0];
    let model = Model::decode(file).unwrap();
    let data = &file[file.len() - model.header().data_len as usize..];
    for step in model.steps() {
        let (Operation::Conv2d { parameters, .. } | Operation::Dense(parameters)) = step.operation else {
            panic!("layer {} has no weights", step.layer);
        };
        let start = parameters.weights.as_ptr().addr() - data.as_ptr().addr();
        let mut found = 0;
        for _ in 0..40 {
            let mut data = data.to_vec();
            data[start + rng.random_range(0..parameters.weights.len())] ^= 0x80;
            let mut wrong = vec![0; file.len()];
            format::encode(model.metadata(), &data, &mut wrong).unwrap();
            let result = self_test(&wrong);
            assert_eq!(
                self_test(&repack_to_vec(&wrong, Layout::Packed).unwrap()),
                result,
                "layer {}",
                step.layer
            );
            if let Err(SelfTestError::Mismatch { expected, actual }) = result {
                assert!(expected == model.metadata().golden_crc && actual != expected);
                found += 1;
            }
        }
        assert!(found > 0, "layer {}", step.layer);
    }
}

#[test]
fn wrong_lengths_are_errors() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let file = loop {
        let file = random::model(&mut rng);
        if Model::decode(&file).unwrap().scratch_len() > 0 {
            break file;
        }
    };
    let model = Model::decode(&file).unwrap();
    let (input, scratch, output) = (model.input_len(), model.scratch_len(), model.embedding_len());
    let embed = |input: usize, scratch: usize, output: usize| {
        model.embed(&vec![0; input], &mut vec![0; scratch], &mut vec![0; output])
    };
    assert_eq!(embed(input, scratch, output), Ok(()));
    assert_eq!(embed(input + 1, scratch, output), Err(EmbedError::InputLength));
    assert_eq!(embed(input - 1, scratch, output), Err(EmbedError::InputLength));
    assert_eq!(embed(input, scratch - 1, output), Err(EmbedError::ScratchLength));
    assert_eq!(embed(input, scratch, output + 1), Err(EmbedError::EmbeddingLength));
    let self_test = |input: usize, scratch: usize, output: usize| {
        model.self_test(&mut vec![0; input], &mut vec![0; scratch], &mut vec![0; output])
    };
    let lengths = |error| Err(SelfTestError::Embed(error));
    assert_eq!(self_test(input + 1, scratch, output), lengths(EmbedError::InputLength));
    assert_eq!(self_test(input, scratch - 1, output), lengths(EmbedError::ScratchLength));
    assert_eq!(self_test(input, scratch, output - 1), lengths(EmbedError::EmbeddingLength));
}

/// Embeds `images` with the fast engine, for each instruction set of this CPU, on all cores and on one, and
/// compares to the last byte.
fn assert_batch_is_as_one_by_one(model: &Model<'_>, images: &[Vec<u8>], what: &str) {
    let mut scratch = vec![0; model.scratch_len()];
    let mut expected = vec![0; images.len() * model.embedding_len()];
    for (image, embedding) in images.iter().zip(expected.chunks_exact_mut(model.embedding_len())) {
        model.embed(image, &mut scratch, embedding).unwrap();
    }
    let slices: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
    for simd in Simd::available() {
        let engine = Engine::with_simd(model, simd);
        let case = || format!("{what}, {}, {} images: {:#?}", simd.name(), images.len(), model.metadata());
        // Twice, because the second time memory is used again.
        for _ in 0..2 {
            assert!(engine.embed_all(slices.par_iter().copied()).unwrap() == expected, "{}", case());
        }
        let (embeddings, times) = engine.embed_timed(&slices).unwrap();
        assert!(model.metadata().views > 1 || embeddings == expected, "one thread, {}", case());
        assert_eq!(times.len(), model.steps().count());
    }
}

/// 600 random nets, with batches of 1 image, of less than a chunk, and of several chunks a core.
#[test]
fn batches_equal_single_images() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let mut paths = [0; 2];
    let (cases, most, macs) =
        if cfg!(miri) { (8, [1, 1, 2, 3], 5_000) } else { (600, [1, 9, 40, 200], u64::MAX) };
    for case in 0..cases {
        let file = iter::repeat_with(|| random::model(&mut rng))
            .find(|file| Model::decode(file).unwrap().macs() <= macs)
            .unwrap();
        let model = Model::decode(&file).unwrap();
        let most = most[case % 4];
        let images: Vec<Vec<u8>> =
            (0..rng.random_range(1..=most)).map(|_| random::pixels(&mut rng, model.input_len())).collect();
        assert_batch_is_as_one_by_one(&model, &images, &format!("case {case}"));
        Engine::new(&model).steps().for_each(|(_, path)| paths[usize::from(path == StepPath::Fast)] += 1);
    }
    assert!(paths.iter().all(|&steps| steps > cases / 2), "{paths:?}");
}

/// Channels that are no multiple of what the vector units take at once, and extreme weights and images.
#[test]
fn wide_layers_and_extremes_in_batches() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let around = [1, 2, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 32, 33, 40, 47, 48, 49, 64, 65];
    for channels in around {
        for weight in [None, Some(-128), Some(127)] {
            let file = random::wide_model(&mut rng, channels, weight);
            let model = Model::decode(&file).unwrap();
            let mut images = vec![vec![0; model.input_len()], vec![255; model.input_len()]];
            images.extend((0..7).map(|_| random::pixels(&mut rng, model.input_len())));
            assert_batch_is_as_one_by_one(&model, &images, &format!("{channels} channels of {weight:?}"));
            assert!(Engine::new(&model).steps().all(|(_, path)| path == StepPath::Fast));
        }
    }
}

#[test]
fn depthwise_layers_of_any_width_in_batches() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    for channels in [2, 3, 7, 8, 9, 15, 16, 17, 24, 25, 31, 32, 33, 48, 64, 65] {
        for weight in [None, Some(-128), Some(127)] {
            let file = random::wide_depthwise_model(&mut rng, channels, weight);
            let model = Model::decode(&file).unwrap();
            let mut images = vec![vec![0; model.input_len()], vec![255; model.input_len()]];
            images.extend((0..7).map(|_| random::pixels(&mut rng, model.input_len())));
            assert_batch_is_as_one_by_one(&model, &images, &format!("{channels} channels of {weight:?}"));
            assert!(Engine::new(&model).steps().all(|(_, path)| path == StepPath::Fast));
        }
    }
}

#[test]
fn maps_larger_than_a_cache_in_batches() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let file = random::large_model(&mut rng);
    let model = Model::decode(&file).unwrap();
    let images: Vec<Vec<u8>> = (0..3).map(|_| random::pixels(&mut rng, model.input_len())).collect();
    assert_batch_is_as_one_by_one(&model, &images, "large");
}

#[test]
fn batches_of_wrong_images_are_errors() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let file = random::model(&mut rng);
    let model = Model::decode(&file).unwrap();
    for simd in Simd::available() {
        let engine = Engine::with_simd(&model, simd);
        assert_eq!(engine.embed_all(rayon::iter::empty()), Ok(Vec::new()));
        let right = vec![0; model.input_len()];
        for wrong in [vec![0; model.input_len() + 1], vec![0; model.input_len() - 1]] {
            let images = [right.as_slice(), &wrong];
            assert_eq!(engine.embed_all(images.into_par_iter()), Err(EmbedError::InputLength));
            assert_eq!(engine.embed_timed(&images), Err(EmbedError::InputLength));
        }
    }
}
