//! The int8 engine of `shared-model` on many images.

use rayon::prelude::*;
use shared_model::Model;

/// Embeddings of `images`, one a row of [`Model::embedding_len`] bytes: the engine's own, bit for bit what a
/// board computes. Each image must have [`Model::input_len`] bytes.
pub fn embed_all<'a>(model: &Model<'_>, images: impl IndexedParallelIterator<Item = &'a [u8]>) -> Vec<u8> {
    let len = model.embedding_len();
    let mut embeddings = vec![0; images.len() * len];
    embeddings.par_chunks_exact_mut(len).zip(images).for_each_init(
        || vec![0; model.scratch_len()],
        |scratch, (embedding, pixels)| {
            model.embed(pixels, scratch, embedding).expect("images have the model's input length");
        },
    );
    embeddings
}
