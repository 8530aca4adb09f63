//! `eval`: how good a model file is on a test set.

use super::{
    data::{DataArgs, mark},
    images::size,
    model_file::read_model,
    run_data::RunData,
    scores::{explanation, table, triplet_table},
};
use crate::terminal::{Progress, note, print};
use anyhow::{Result, bail, ensure};
use clap::Args;
use shared_model::Model;
use std::{
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};
use tinytriplet_data::{DRAWN_DIGITS, Dataset, MNIST};
use tinytriplet_evaluation::{export::cut, scores::int8_scores};
use tinytriplet_recipe::{Config, DataConfig};
use tinytriplet_report::{
    run_folder::{CONFIG, RunFolder},
    text::hex,
};

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
    /// Print what each row of the table means
    #[arg(long, conflicts_with = "json")]
    pub explain: bool,
}

/// Embeds the test set with the int8 engine and prints the scores.
///
/// # Errors
/// Returns an error if model or data cannot be used, or do not belong together.
pub fn run(args: &EvalArgs) -> Result<()> {
    let file = read_model(&args.model)?;
    let model = file.decode()?;
    let metadata = model.metadata();
    let size = size(metadata.input)?;
    let config = data_config(&args.model)?.for_model(metadata.input, metadata.preprocessing);
    let data = find(args, &model, &config)?;
    let shape = metadata.input;
    ensure!(
        [data.test.height, data.test.width] == size,
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
            "test_images": data.test.len(),
            "int8": scores,
            "model": { "hash": hex(model.hash()) },
        });
        print(format_args!("{result:#}\n"))?;
    } else {
        print(triplet_table(&scores, &data))?;
        print(table(None, &scores, &data.class_names, mark(&data)))?;
        if args.explain {
            print(explanation(&scores))?;
        } else if io::stdout().is_terminal() {
            print("what the rows mean: --explain\n")?;
        }
    }
    Ok(())
}

/// Returns the data that the user names, or else those of the run; of a model file alone, those at
/// hand, if it was trained on the like.
fn find(args: &EvalArgs, model: &Model<'_>, config: &DataConfig) -> Result<Dataset> {
    let training = &model.metadata().training;
    let is_run = args.model.join(CONFIG).is_file();
    let run = is_run.then(|| RunData::read(&RunFolder::open(&args.model)?)).transpose()?;
    let data = match &run {
        Some(run) => run.find(&args.data, training.seed, config)?,
        None => {
            if args.data.data.is_none() && ![MNIST, DRAWN_DIGITS].contains(&training.dataset) {
                bail!(
                    "{}: this model was trained on {}, and a model file alone does not tell where that is; name the \
                     data with --data, or the model by the folder of its run",
                    args.model.display(),
                    training.dataset
                );
            }
            super::data::find(&args.data, training.seed, config)?
        }
    };
    if training.dataset != cut(&data.name) {
        note("note", format_args!("trained on {}, evaluated on {}", training.dataset, data.name));
    } else if let Some(run) = run {
        run.note_change(&data);
    }
    Ok(data)
}

/// Returns the settings for data of the model's run, so that the model is not tested on what it was
/// trained on; a model file alone does not tell.
fn data_config(model: &Path) -> Result<DataConfig> {
    let config = model.join(CONFIG);
    Ok(if config.is_file() { Config::read(&config)?.into_inner().data } else { DataConfig::default() })
}
