//! `eval`: how good a model file is on a test set.

use super::{
    data::{DataArgs, mark},
    model_file::read_model,
    scores::{self, triplet_table},
};
use crate::terminal::{Progress, print};
use anyhow::{Result, ensure};
use clap::Args;
use std::path::Path;
use std::path::PathBuf;
use tinytriplet_evaluation::scores::int8_scores;
use tinytriplet_recipe::{Config, DataConfig};
use tinytriplet_report::{run_folder::CONFIG, text::hex};

/// Arguments of `eval`.
#[derive(Clone, Debug, Args)]
pub struct EvalArgs {
    /// A model file, or the folder of a run
    pub model: PathBuf,
    /// The source of the images
    #[command(flatten)]
    pub data: DataArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Embeds the test set with the int8 engine and prints the scores.
///
/// # Errors
/// Returns an error if model or data cannot be used, or do not belong together.
pub fn run(args: &EvalArgs) -> Result<()> {
    let file = read_model(&args.model)?;
    let model = file.decode()?;
    let metadata = model.metadata();
    let config = data_config(&args.model)?.for_model(metadata.input, metadata.preprocessing);
    let data = super::data::find(&args.data, metadata.training.seed, &config)?;
    let shape = metadata.input;
    ensure!(
        data.test.image(0).len() == model.input_len(),
        "the images have {}x{} pixels, the model takes {shape}",
        data.test.height,
        data.test.width,
    );
    let progress = Progress::new("evaluate", 0, "images");
    let unseen = data.unseen_labels(&config)?;
    let scores = int8_scores(&model, &data, &unseen);
    progress.finish("int8");
    if args.json {
        let result = serde_json::json!({
            "dataset": data.name,
            "int8": scores,
            "model": { "hash": hex(model.hash()) },
        });
        print(format_args!("{result:#}\n"))?;
    } else {
        print(triplet_table(&scores, &data))?;
        print(scores::table(&[("int8", &scores)], &data.class_names, mark(&data)))?;
    }
    Ok(())
}

/// Returns the settings for data of the model's run, so that the model is not tested on what it was
/// trained on; a model file alone does not tell.
fn data_config(model: &Path) -> Result<DataConfig> {
    let config = model.join(CONFIG);
    Ok(if config.is_file() { Config::read(&config)?.into_inner().data } else { DataConfig::default() })
}
