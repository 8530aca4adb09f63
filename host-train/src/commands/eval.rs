//! `eval`: how good a model file is on a test set.

use super::{data::mark, inspect::hex, read_model, train::triplet_table};
use crate::{cli::EvalArgs, evaluation::int8_scores, terminal::Progress};
use anyhow::{Result, ensure};

/// Embeds the test set with the int8 engine and prints the scores.
///
/// # Errors
/// Model or data cannot be used, or do not belong together.
pub fn run(args: &EvalArgs) -> Result<()> {
    let file = read_model(&args.model)?;
    let model = file.decode()?;
    let data = super::data::find(&args.data, model.metadata().training.seed)?;
    let shape = model.metadata().input;
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
        print!("{}", triplet_table(&scores, mark(&data)));
        println!(
            "\ntriplet accuracy               {:>6.2} %{}",
            100.0 * scores.triplet_accuracy.mean,
            mark(&data)
        );
        println!("P@1, nearest other test image  {:>6.2} %", 100.0 * scores.precision_at_1);
        println!("5-shot prototypes              {:>6.2} %", 100.0 * scores.prototype_5_shot);
    }
    Ok(())
}
