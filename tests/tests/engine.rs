//! The engine against a second one that was written from the definition alone.

use firmware::measuring::Pattern;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared_model::{Layout, Model, Operation, Path, Step};
use std::collections::{BTreeMap, HashMap, HashSet};
use tests::{definition, largest, layout, random};

/// 4,000 random nets, one random image each, to the last byte, in both layouts of the weights; and from one layout to
/// the other and back.
#[test]
fn engine_equals_the_definition() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mut kinds, mut paths, mut values) = (HashSet::new(), HashMap::new(), HashSet::new());
    for case in 0..4_000 {
        let file = random::model(&mut rng);
        let packed = layout::repacked(&file, Layout::Packed).unwrap();
        let model = Model::decode(&file).unwrap_or_else(|error| panic!("case {case}: {error}"));
        let pixels = random::pixels(&mut rng, model.input_len());
        let expected = definition::embed(&file, &pixels);
        for file in [&file, &packed] {
            let model = Model::decode(file).unwrap_or_else(|error| panic!("case {case}: {error}"));
            // What is in the scratch, and that it is longer than it need be, must not matter.
            let mut scratch = vec![rng.random::<u32>(); model.scratch_len() + rng.random_range(0..3)];
            let mut embedding = vec![0; model.embedding_len()];
            model.embed(&pixels, &mut scratch, &mut embedding).unwrap();
            assert_eq!(embedding, expected, "case {case}: {:?} {:#?}", model.layout(), model.metadata());
            assert!(model.hash_matches(file), "case {case}");
            for step in model.steps() {
                let fused = matches!(step.operation, Operation::Conv2d { pool: Some(_), .. });
                *paths.entry(format!("{:?} {fused}", step.path)).or_insert(0) += 1;
            }
        }
        assert_eq!(layout::repacked(&packed, Layout::Plain).unwrap(), file, "case {case}");

        kinds.extend(model.metadata().layers.iter().map(|layer| layer.kind()));
        values.extend(expected);
    }
    // The cases are not all the same dull one.
    assert_eq!(kinds.len(), 4);
    assert_eq!(values.len(), 256, "every byte occurs in an embedding");
    assert_eq!(paths.len(), 12, "{paths:#?}");
    assert!(paths.values().all(|&count| count > 130), "{paths:#?}");
}

/// What an observer sees of the steps, put together, are the layers' outputs. Of a packed model it sees no bytes but
/// those, in order, though not those that no one looks at.
#[test]
fn observed_steps_are_the_layers() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut cropped = 0;
    for case in 0..400 {
        let file = random::model(&mut rng);
        let packed = layout::repacked(&file, Layout::Packed).unwrap();
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
        let packed = layout::repacked(&plain, Layout::Packed).unwrap();
        let path = match name.split('-').next() {
            Some("winograd") => Path::Winograd,
            Some("taps") => Path::Taps,
            _ => Path::Rows,
        };
        let mut values = HashSet::new();
        for pattern in Pattern::ALL {
            for file in [&plain, &packed] {
                let model = Model::decode(file).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert!(
                    model.layout() == Layout::Plain || model.steps().all(|step| step.path == path),
                    "{name}"
                );
                let pixels: Vec<u8> = pattern.image(model.input_len()).collect();
                let mut embedding = vec![0; model.embedding_len()];
                model.embed(&pixels, &mut vec![0; model.scratch_len()], &mut embedding).unwrap();
                assert_eq!(embedding, definition::embed(&plain, &pixels), "{name}, {pattern:?}");
                values.extend(embedding);
            }
        }
        // Neither is everything saturated.
        assert!(values.len() > 3, "{name}: {values:?}");
    }
}

#[test]
fn wrong_lengths_are_errors() {
    use shared_model::EmbedError;
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
}
