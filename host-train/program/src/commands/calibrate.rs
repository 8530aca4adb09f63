//! `calibrate`: thresholds by shots for a model file that has none, or had others.

use super::{data, model_file::read_model};
use crate::terminal::{Progress, print};
use anyhow::{Context, Result, bail};
use clap::Args;
use shared_model::Model;
use std::path::PathBuf;
use tinytriplet_data::{MADE_UP_CHARACTERS, classes, hold_out, is_among};
use tinytriplet_evaluation::{
    calibrate::{Enrolled, by_shots},
    engine::Engine,
    export::{cut, with_thresholds},
};
use tinytriplet_recipe::{DataConfig, HoldOut};
use tinytriplet_report::{run_folder::write_whole, text::hex};

/// Arguments of `calibrate`.
#[derive(Clone, Debug, Args)]
pub struct CalibrateArgs {
    /// Model file, or the folder of a run
    pub model: PathBuf,
    /// The source of the images
    #[command(flatten)]
    pub data: data::DataArgs,
    /// Model file to write [default: MODEL itself]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Asks the model about strangers, and writes it with the thresholds that come of it.
///
/// # Errors
/// Returns an error if the model or the data cannot be used or do not belong together, thresholds cannot be told
/// from them, or the file cannot be written.
pub fn run(args: &CalibrateArgs) -> Result<()> {
    let file = read_model(&args.model)?;
    let model = file.decode()?;
    let (engine, metadata) = (Engine::new(&model), model.metadata());
    let progress = Progress::new("calibrate", 0, "");
    let trained_on = metadata.training.dataset;
    let found = if trained_on == MADE_UP_CHARACTERS {
        by_shots(&engine, Enrolled::AnySigns)
    } else {
        let config = DataConfig::default().for_model(metadata.input, metadata.preprocessing);
        let data = data::find(&args.data, metadata.training.seed, &config)?;
        if !is_among(cut(&data.name), trained_on) {
            bail!(
                "{}: this model was trained on {trained_on}, not on {}; name its own data with --data",
                args.model.display(),
                data.name
            );
        }
        let held_out = hold_out(&mut classes(data.train.labels()), HoldOut::Images)?;
        by_shots(&engine, Enrolled::Trained(&data.train, &held_out))
    };
    let by_shots = found.with_context(|| {
        format!(
            "{}: no thresholds by shots: they take a model of 28x28 pixels with fit \"centre\", and eleven held-out \
             images of a class",
            args.model.display()
        )
    })?;
    progress.finish("asked about strangers");
    let calibrated = with_thresholds(file.bytes(), by_shots)?;
    let out = args.out.as_deref().unwrap_or(file.path());
    write_whole(out, &calibrated)?;
    let hash = hex(Model::decode(&calibrated)?.hash());
    Ok(print(format_args!("wrote {}: hash {hash}\n", out.display()))?)
}
