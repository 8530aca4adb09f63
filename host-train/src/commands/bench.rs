//! `bench`: embeddings a second on this machine.

use super::read_model;
use crate::{engine, terminal::thousands};
use anyhow::Result;
use rayon::prelude::*;
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// Embeddings a second of `model` in batches, on all of this machine's cores: the best of several rounds of at
/// least 0.2 seconds, because whatever else the machine does only makes a round slower.
pub fn embeddings_per_second(model: &shared_model::Model<'_>) -> f64 {
    const ROUNDS: usize = 5;
    const BATCH: usize = 256;
    // Every value occurs; time does not depend on what the pixels are.
    let image: Vec<u8> = (0..model.input_len()).map(|index| (index * 37 % 256) as u8).collect();
    let round = || {
        let started = Instant::now();
        let mut embedded = 0;
        while started.elapsed() < Duration::from_millis(200) {
            let batch = (0..BATCH).into_par_iter().map(|_| image.as_slice());
            std::hint::black_box(engine::embed_all(model, batch));
            embedded += BATCH;
        }
        embedded as f64 / started.elapsed().as_secs_f64()
    };
    (0..ROUNDS).map(|_| round()).fold(0.0, f64::max)
}

/// Measures the model at `path` and prints the result.
///
/// # Errors
/// The file is no valid model.
pub fn run(path: &Path, json: bool) -> Result<()> {
    let file = read_model(path)?;
    let model = file.decode()?;
    let rate = embeddings_per_second(&model);
    let threads = rayon::current_num_threads();
    if json {
        let result = serde_json::json!({
            "embeddings_per_second": rate,
            "threads": threads,
            "macs": model.macs(),
            "hash": super::inspect::hex(model.hash()),
        });
        println!("{result:#}");
    } else {
        let gigamacs = rate * model.macs() as f64 / 1e9;
        println!("{} embeddings/s on {threads} threads, {gigamacs:.2} GMAC/s", thousands(rate as u64));
    }
    Ok(())
}
