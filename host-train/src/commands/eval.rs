//! `eval`: how good a model file is on a test set.

use super::{
    data::mark,
    inspect::hex,
    read_model,
    train::{CONFIG, share, triplet_table},
};
use crate::{
    cli::EvalArgs,
    config::{Config, DataConfig},
    evaluation::int8_scores,
    terminal::Progress,
};
use anyhow::{Result, ensure};
use std::path::Path;

/// Embeds the test set with the int8 engine and prints the scores.
///
/// # Errors
/// Model or data cannot be used, or do not belong together.
pub fn run(args: &EvalArgs) -> Result<()> {
    let file = read_model(&args.model)?;
    let model = file.decode()?;
    let metadata = model.metadata();
    let config = DataConfig::of_model(metadata.input, metadata.preparation, test_share(&args.model)?);
    let data = super::data::find(&args.data, metadata.training.seed, config)?;
    let shape = metadata.input;
    ensure!(
        data.test.image(0).len() == model.input_len(),
        "the images have {}x{} pixels, the model takes {shape}",
        data.test.height,
        data.test.width,
    );
    let progress = Progress::new("evaluate", 0);
    let scores = int8_scores(&model, &data);
    progress.finish("int8");
    if args.json {
        let result = serde_json::json!({
            "dataset": data.name,
            "int8": scores,
            "model": { "hash": hex(model.hash()) },
        });
        println!("{result:#}");
    } else {
        print!("{}", triplet_table(&scores, &data));
        println!(
            "\ntriplet accuracy               {:>6} %{}",
            share(scores.triplet_accuracy.mean),
            mark(&data)
        );
        println!("P@1, nearest other test image  {:>6} %", share(scores.precision_at_1));
        println!("5-shot prototypes              {:>6} %", share(scores.prototype_5_shot));
    }
    Ok(())
}

/// The share of a folder's images that is tested with, as the model's run had it, so that the model is not tested on
/// what it was trained on; a model file alone does not tell.
fn test_share(model: &Path) -> Result<f64> {
    let config = model.join(CONFIG);
    Ok(if config.is_file() { Config::read(&config)?.data } else { DataConfig::default() }.test_share)
}
