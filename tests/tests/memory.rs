//! The RAM that an application needs, whatever size images have.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use shared_model::{Layout, Model, model::layout::repack_to_vec};
use tests::random;
use tinytriplet_boards as boards;
use tinytriplet_device::memory::{self, Sizes};

/// The log's buffer, as `firmware/program/build/fit.rs` has it.
const LOG: usize = 1024;

/// In version 2 of the protocol, it needed five images beside the scratch, and 163 KB in all.
#[test]
fn a_net_for_colour_pictures_of_96_by_96_fits_a_nucleo() {
    let file = random::colour_model(&mut ChaCha8Rng::seed_from_u64(1));
    let packed = repack_to_vec(&file, Layout::Packed).unwrap();
    let model = Model::decode(&packed).unwrap();
    let (input_len, dim, exemplars, capacity) = (model.input_len(), model.embedding_len(), 0, 16);
    assert_eq!(input_len, 27_648);
    let scratch_len = memory::scratch_len(&model);
    let ram = LOG + memory::ram_len(Sizes { input_len, scratch_len, dim, exemplars, capacity });
    let nucleo = boards::find("nucleo-f446re").unwrap().ram.len;
    assert!(ram < nucleo / 2, "{ram} bytes of {nucleo}");
    // An image more or less is all that its size matters.
    let half = Sizes { input_len: input_len / 2, scratch_len, dim, exemplars, capacity };
    assert_eq!(ram - LOG - memory::ram_len(half), input_len / 2);
    println!("{ram} bytes, {} of them to compute in", 4 * scratch_len);
}
