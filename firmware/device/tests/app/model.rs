//! The model that the application runs: the committed one, with plain weights.

use shared_model::Model;

pub const INPUT_LEN: usize = 28 * 28;
pub const SCRATCH_LEN: usize = 2048;
pub const EMBEDDING_LEN: usize = 64;
/// Entries that the gallery holds.
pub const CAPACITY: usize = 16;
/// Embeddings that it keeps of each.
pub const EXEMPLARS: usize = 0;

/// Weights are read in place, in sections aligned from the beginning of the file.
#[repr(C, align(16))]
struct Aligned<Bytes: ?Sized>(Bytes);

static FILE: &Aligned<[u8]> = &Aligned(*include_bytes!("../../../models/digits.model.postcard"));

pub fn model() -> Model<'static> {
    Model::decode(&FILE.0).unwrap()
}

#[test]
fn its_lengths() {
    let model = model();
    assert_eq!((model.input_len(), model.embedding_len()), (INPUT_LEN, EMBEDDING_LEN));
    assert!(model.scratch_len() <= SCRATCH_LEN);
}
