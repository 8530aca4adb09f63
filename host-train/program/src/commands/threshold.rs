//! `threshold`: asks a model about your own things and about strangers, and proposes a threshold.

use super::{data, folds::table, model_file::read_model};
use crate::terminal::{note, print};
use anyhow::{Result, ensure};
use clap::Args;
use std::path::PathBuf;
use tinytriplet_data::names::shown;
use tinytriplet_evaluation::strangers::Questions;
use tinytriplet_recipe::DataConfig;

/// Arguments of `threshold`.
#[derive(Clone, Debug, Args)]
pub struct ThresholdArgs {
    /// Model file, or folder of a run
    pub model: PathBuf,
    /// Folder of your things, one sub-folder per label: up to five pictures of the first half of each are
    /// enrolled, the others are asked about
    #[arg(long, value_name = "OWN")]
    pub own: PathBuf,
    /// Folder of pictures of anything else, which must be unknown
    #[arg(long, value_name = "OTHERS")]
    pub strangers: PathBuf,
    /// Name image files that are broken, and go on without them
    #[arg(long)]
    pub skip_broken: bool,
}

/// Enrols a part of the own pictures, asks about the others and about strangers, and proposes a threshold.
///
/// # Errors
/// Returns an error if the model or a folder cannot be used, or a threshold cannot be told from them.
pub fn run(args: &ThresholdArgs) -> Result<()> {
    let file = read_model(&args.model)?;
    let model = file.decode()?;
    let preprocessing = model.metadata().preprocessing;
    let config =
        DataConfig { test_share: 0.5, ..DataConfig::default() }.for_model(model.input().shape, preprocessing);
    let own = data::find_in(&args.own, args.skip_broken, &config)?;
    let strangers = data::others(&args.strangers, &own, args.skip_broken)?;
    data::check_apart(&args.strangers, &strangers, &own)?;
    note("strangers", format_args!("{}: {} images", shown(&args.strangers), strangers.len()));
    let questions = Questions::ask(&model, &own.train, &own.test, &[&strangers]);
    ensure!(
        questions.suffice(),
        "no picture of your own things is nearest to its own label: show the net other pictures, or train it on them"
    );
    let (equal, strict) = (questions.equal_error(), questions.accepting_1_percent());
    let (mut text, mut proposed) = (table(&equal, &strict), vec![equal]);
    if equal.strangers_pass() {
        proposed.insert(0, strict);
        text += "STRANGERS WILL PASS by `eer`. Take `far1`, or train with such pictures as decoys\n\
                 (docs/THRESHOLD.md).\n";
    }
    for rates in proposed {
        text += &format!("\nhost-train device recognise --threshold {:.4} …\n", rates.threshold);
    }
    Ok(print(text)?)
}
