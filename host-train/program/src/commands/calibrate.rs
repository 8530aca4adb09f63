//! `calibrate`: thresholds by shots for a model file that has none, or had others.

use super::{
    data,
    model_file::read_model,
    run_data::{RunData, is_run, recipe},
};
use crate::terminal::{Progress, print};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use shared_model::{Model, model::format::Metadata};
use std::path::PathBuf;
use tinytriplet_data::{Dataset, MADE_UP_CHARACTERS, classes, hold_out, is_among};
use tinytriplet_evaluation::{
    calibrate::{Enrolled, by_shots},
    engine::Engine,
    export::{cut, with_thresholds},
};
use tinytriplet_recipe::{DataConfig, HoldOut};
use tinytriplet_report::{
    run_folder::{RunFolder, write_whole},
    text::hex,
};

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
        let (data, kind) = find(args, metadata)?;
        if !is_among(cut(&data.name), trained_on) {
            bail!(
                "{}: this model was trained on {trained_on}, not on {}; name its own data with --data",
                args.model.display(),
                data.name
            );
        }
        let held_out = hold_out(&mut classes(data.train.labels()), kind)?;
        let enrolled = match kind {
            HoldOut::Images => Enrolled::Trained(&data.train, &held_out),
            HoldOut::Classes => Enrolled::Untrained(&data.train, &held_out),
            HoldOut::None => bail!(
                "{}: this run held no images out (train.hold_out = \"none\"), so all that it has was trained on, and \
                 says nothing of what is new; train again with --set 'train.hold_out=\"images\"'",
                args.model.display()
            ),
        };
        by_shots(&engine, enrolled)
    };
    let by_shots = found.with_context(|| {
        format!(
            "{}: no thresholds by shots: they take eleven held-out images of a class, and a model of 28x28 pixels with \
             fit \"centre\" unless whole classes were held out",
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

/// Returns what the model was trained on, without classes that it has not seen, and what was held out of it. A run's
/// folder tells both; of a model file alone, images of every class were, as by the recipes of this program.
fn find(args: &CalibrateArgs, metadata: &Metadata<'_>) -> Result<(Dataset, HoldOut)> {
    if !is_run(&args.model, &args.data)? {
        let config = DataConfig::default().for_model(metadata.input, metadata.preprocessing);
        return Ok((data::find(&args.data, metadata.training.seed, &config)?, HoldOut::Images));
    }
    let run = RunFolder::open(&args.model)?;
    let config = recipe(&run)?;
    ensure!(
        config.train.folds == 0,
        "{}: the thresholds of this run come from nets that were asked about strangers (train.folds), so there is \
         nothing to calibrate",
        args.model.display()
    );
    let data = RunData::read(&run)?.find_same(&args.data, config.seed, &config.data)?;
    let unseen = data.unseen_labels(&config.data)?;
    Ok((data.without(&unseen).into_owned(), config.train.hold_out))
}
