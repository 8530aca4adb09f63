use crate::Aligned;
use rand::{Rng, RngExt};
use shared_model::{
    DecodeError, Gallery, Layout, Model, Threshold,
    engine::TestImage,
    gallery::{Method, entry_len, value_len},
    model::{crc32, format::HEADER_LEN, layout::repack_to_vec},
};
use tests::{definition, random};
use tinytriplet_evaluation::engine::Engine;

/// The most work and memory of a net that is computed: a fuzzer has no time for more.
const MOST_WORK: u64 = 250_000;
const MOST_MEMORY: usize = 1 << 20;

/// Makes a file's CRC right, so that what it protects is read.
pub fn mend(file: &mut [u8]) {
    if file.len() >= HEADER_LEN {
        let crc = crc32(&[&file[..HEADER_LEN - 4], &file[HEADER_LEN..]].concat());
        file[HEADER_LEN - 4..HEADER_LEN].copy_from_slice(&crc.to_le_bytes());
    }
}

/// Decodes a file. What is valid computes as the definition says, in both layouts, on a board's engine and on the PC's.
///
/// # Panics
/// Panics if anything that is promised of a valid file is not so.
pub fn check(file: &[u8], rng: &mut impl Rng) {
    let file = Aligned::new(file);
    let file = file.bytes();
    let model = match Model::decode(file) {
        Ok(model) => model,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    if model.work() > MOST_WORK || model.input_len() > MOST_MEMORY || model.scratch_len() > MOST_MEMORY {
        return;
    }
    let other = match model.layout() {
        Layout::Plain => Layout::Packed,
        Layout::Packed => Layout::Plain,
    };
    let repacked = Aligned::new(&repack_to_vec(file, other).expect("what is valid can be repacked"));
    let back = repack_to_vec(repacked.bytes(), model.layout()).expect("and back");
    assert_eq!(back, file);
    let hash_matches = model.hash_matches(file);
    let second = Model::decode(repacked.bytes()).expect("what was repacked is valid");
    assert_eq!(second.hash_matches(repacked.bytes()), hash_matches);

    let (plain, packed) = match other {
        Layout::Packed => (file, repacked.bytes()),
        Layout::Plain => (repacked.bytes(), file),
    };
    let shifted = Aligned::new(&[&[0], packed].concat());
    assert_eq!(Model::decode(&shifted.bytes()[1..]).err(), Some(DecodeError::Unaligned));

    let images: Vec<Vec<u8>> = (0..3).map(|_| random::pixels(rng, model.input_len())).collect();
    let embeddings: Vec<Vec<u8>> = images.iter().map(|pixels| definition::embed(plain, pixels)).collect();
    for model in [&model, &second] {
        check_engine(model, &images, &embeddings, rng);
    }
    check_gallery(&model, &embeddings, rng);
    let plain = Model::decode(plain).expect("it is one of the two");
    let slices: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
    let (found, _) = Engine::new(&plain).embed_timed(&slices).expect("the images have the right length");
    if plain.metadata().views == 1 {
        assert_eq!(found, embeddings.concat(), "the engine of the PC");
    }
}

/// The engine gives the definition's bytes, whatever is in its memory before.
fn check_engine(model: &Model<'_>, images: &[Vec<u8>], embeddings: &[Vec<u8>], rng: &mut impl Rng) {
    let mut scratch = vec![rng.random(); model.scratch_len()];
    let mut embedding = vec![rng.random(); model.embedding_len()];
    for (pixels, expected) in images.iter().zip(embeddings) {
        model.embed(pixels, &mut scratch, &mut embedding).expect("all lengths are right");
        assert_eq!(embedding, *expected, "{:?}", model.layout());
    }
    let mut pixels = vec![0; model.input_len()];
    let crc = model.test_crc(&mut pixels, &mut scratch, &mut embedding).expect("all lengths are right");
    let passed = model.self_test(&mut pixels, &mut scratch, &mut embedding).is_ok();
    assert_eq!(passed, crc == model.metadata().golden_crc);
    TestImage::Noise.draw(&mut pixels);
    model.digests(&pixels, &mut scratch, &mut embedding).expect("all lengths are right");
}

/// A gallery does what it says it would, and answers whatever is in it.
fn check_gallery(model: &Model<'_>, embeddings: &[Vec<u8>], rng: &mut impl Rng) {
    let (dim, exemplars) = (model.embedding_len(), rng.random_range(0..4));
    let mut memory = vec![rng.random(); 3 * entry_len(dim, exemplars) + rng.random_range(0..3)];
    let mut gallery = Gallery::new(model, exemplars, &mut memory);
    let mut value = vec![0; value_len(dim, exemplars)];
    for _ in 0..6 {
        let label = ["a", "b", "ü", "d"][rng.random_range(0..4)];
        let embedding = &embeddings[rng.random_range(0..embeddings.len())];
        match rng.random_range(0..6) {
            0 => drop(gallery.remove(label)),
            1 => {
                rng.fill(&mut value[..]);
                // Small counts are those that are true of some sums.
                value[1..4].fill(0);
                let checked = gallery.check(label, &value).is_ok();
                assert_eq!(gallery.insert(label, &value).is_ok(), checked);
            }
            _ => {
                let promised = gallery.enrolled(label, embedding, &mut value);
                assert_eq!(gallery.enrol(label, embedding), promised);
                if promised.is_ok() {
                    assert_eq!(gallery.find(label).map(|entry| entry.value()), Some(&value[..]));
                    gallery.check(label, &value).expect("what was enrolled can be inserted");
                }
            }
        }
    }
    let thresholds = [
        Threshold::None,
        Threshold::Own,
        Threshold::EqualError,
        Threshold::FalseAccept1Percent,
        Threshold::Distance(rng.random()),
    ];
    for embedding in embeddings {
        for method in [Method::Prototype, Method::Neighbours(rng.random())] {
            for threshold in thresholds {
                if let Ok(found) = gallery.recognise(model, embedding, method, threshold) {
                    let _ = (found.label(), found.margin());
                }
            }
            if let Ok(nearest) = gallery.nearest(embedding, method)
                && let (Some(first), Some(second)) = (nearest.first, nearest.second)
            {
                assert_ne!(first.label, second.label);
                // The neighbours' vote may go against the nearest one.
                assert!(method != Method::Prototype || first.distance <= second.distance);
            }
        }
        for other in embeddings {
            assert_eq!(model.compare(embedding, other), model.compare(other, embedding));
        }
    }
}
