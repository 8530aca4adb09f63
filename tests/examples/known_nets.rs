//! Writes well-known nets with random weights into a folder, to be measured:
//!
//! ```text
//! cargo run -p tests --no-default-features --example known_nets -- FOLDER
//! cargo run -p firmware -- --measure mps2-an386 --models FOLDER
//! ```

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::{env, io};
use tests::{known, model_folder};

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).ok_or_else(|| io::Error::other("which folder?"))?;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    model_folder::write(folder.into(), &known::models(&mut rng)).map(drop)
}
