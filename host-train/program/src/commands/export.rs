//! `export`: a run's checkpoint once more into a model file.

use super::{
    checkpoint::checkpoint,
    data::{DataArgs, decoys},
    folds,
    run_data::{Needed, OtherData, RunData, recipe},
};
use crate::terminal::print;
use anyhow::{Context, Result};
use clap::Args;
use shared_model::{Model, model::format::MAX_VIEWS};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tinytriplet_evaluation::export::export;
use tinytriplet_report::{
    run_folder::{CHECKPOINT, METRICS, MODEL, RunFolder, unreadable, write_whole},
    text::{hex, thousands},
};

/// Arguments of `export`.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// The run's folder: its config.toml and checkpoint are read
    pub run: PathBuf,
    /// The source of the images
    #[command(flatten)]
    pub data: DataArgs,
    /// Whether they may be others than the run's
    #[command(flatten)]
    pub other_data: OtherData,
    /// Number of views of an image that the model averages [default: the recipe's net.views]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(1..=i64::from(MAX_VIEWS)))]
    pub views: Option<u8>,
    /// Model file to write [default: model.postcard in the run's folder]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Reads a run's config and checkpoint, quantizes and calibrates, and writes the model file.
///
/// # Errors
/// Returns an error if the folder is not that of a run, the checkpoint does not fit the config, the
/// data are not the run's, or the file cannot be written.
pub fn run(args: &ExportArgs) -> Result<()> {
    let run = RunFolder::open(&args.run)?;
    let mut config = recipe(&run)?;
    if let Some(views) = args.views {
        let mut changed = config.into_inner();
        changed.net.views = views;
        config = changed.validate("--views")?;
    }
    let own = RunData::read(&run)?;
    let mut data = own.find(&args.data, config.seed, &config.data)?;
    own.ensure_own(&data, Needed::Training, args.other_data)?;
    if let Some(name) = own.name() {
        data.name = name.into(); // whatever the model is calibrated on now, it was trained on that
    }
    let data = data.without(&data.unseen_labels(&config.data)?);
    let net = checkpoint(&config.net, &data.train, &args.run.join(CHECKPOINT))?;
    let path = run.file(METRICS);
    let images_seen = images_seen(&path).map_err(|error| {
        let advice = "It tells how many images the run has seen, which a model file names: copy the run again, or \
                      train once more";
        unreadable(&path, format_args!("{error:#}"), advice)
    })?;
    let questions = folds::read(&run)?;
    let decoys = decoys(&data, own.skips_broken(&args.data), &config.data)?;
    let file = export(&net.to_float_net(), &config, &data, images_seen, questions.as_ref(), decoys.as_ref())?;
    let out = args.out.clone().unwrap_or_else(|| args.run.join(MODEL));
    write_whole(&out, &file)?;
    let hash = hex(Model::decode(&file)?.hash());
    let bytes = thousands(file.len() as u64);
    Ok(print(format_args!("wrote {}: {bytes} bytes, hash {hash}\n", out.display()))?)
}

fn images_seen(metrics: &Path) -> Result<u64> {
    let metrics: serde_json::Value = serde_json::from_slice(&fs::read(metrics)?)?;
    metrics["images_seen"].as_u64().context("images_seen is missing")
}
