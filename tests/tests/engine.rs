//! The engine against a second one that was written from the definition alone.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared_model::{Model, Operation};
use std::collections::HashSet;
use tests::{definition, random};

/// 4,000 random nets, one random image each, to the last byte.
#[test]
fn engine_equals_the_definition() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mut fused, mut kinds, mut values) = (0, HashSet::new(), HashSet::new());
    for case in 0..4_000 {
        let file = random::model(&mut rng);
        let model = Model::decode(&file).unwrap_or_else(|error| panic!("case {case}: {error}"));
        let pixels = random::pixels(&mut rng, model.input_len());
        // What is in the scratch, and that it is longer than it need be, must not matter.
        let mut scratch = vec![rng.random(); model.scratch_len() + rng.random_range(0..3)];
        let mut embedding = vec![0; model.embedding_len()];
        model.embed(&pixels, &mut scratch, &mut embedding).unwrap();
        assert_eq!(embedding, definition::embed(&file, &pixels), "case {case}: {:#?}", model.metadata());

        kinds.extend(model.metadata().layers.iter().map(|layer| layer.kind()));
        fused += model
            .steps()
            .filter(|step| matches!(step.operation, Operation::Conv2d { pool: Some(_), .. }))
            .count();
        values.extend(embedding);
    }
    // The cases are not all the same dull one.
    assert_eq!(kinds.len(), 4);
    assert!(fused > 500, "{fused}");
    assert_eq!(values.len(), 256, "every byte occurs in an embedding");
}

#[test]
fn observed_steps_are_the_layers() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for _ in 0..200 {
        let file = random::model(&mut rng);
        let model = Model::decode(&file).unwrap();
        let pixels = random::pixels(&mut rng, model.input_len());
        let mut scratch = vec![0; model.scratch_len()];
        let mut embedding = vec![0; model.embedding_len()];
        let (mut next, mut last) = (0, Vec::new());
        let observe = |step: &shared_model::Step<'_>, output: &[u8]| {
            assert_eq!(step.layer, next);
            assert_eq!(output.len(), step.output.len());
            next = step.last_layer() + 1;
            last = output.to_vec();
        };
        model.embed_observed(&pixels, &mut scratch, &mut embedding, observe).unwrap();
        assert_eq!(next, model.metadata().layers.len());
        assert_eq!(last, embedding);
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
