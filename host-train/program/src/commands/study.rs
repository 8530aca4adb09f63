//! `study`: recipes side by side, judged by held-out images; the tables of docs/TRAINING.md.

use super::{
    data::{DataArgs, decoys, trained_on, training_data},
    other_nets::OtherNets,
    train::for_own,
};
use crate::terminal::{Progress, print};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde::Deserialize;
use shared_model::Model;
use std::path::{Path, PathBuf};
use tinytriplet_data::Dataset;
use tinytriplet_evaluation::{
    export::export,
    scores::{Scores, float_scores, int8_scores},
};
use tinytriplet_recipe::{Config, ConfigError, HoldOut, ValidConfig, from_toml};
use tinytriplet_report::text::{count, thousands};
use tinytriplet_training::{
    device,
    train::{Start, check_net, shape, train},
};

/// Arguments of `study`.
#[derive(Clone, Debug, Args)]
pub struct StudyArgs {
    /// The study: a file such as configs/studies/losses.toml
    pub study: PathBuf,
    /// The source of the images
    #[command(flatten)]
    pub data: DataArgs,
}

/// A file of `configs/studies/`: variants of one recipe.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Study {
    /// Its question, for the head of the table.
    question: String,
    /// The recipe that is varied: one of the program's own.
    base: String,
    /// Seeds that every variant is trained with.
    seeds: Vec<u64>,
    /// Changes to the base in all variants, as `--set` takes them.
    #[serde(default)]
    set: Vec<String>,
    variant: Vec<Variant>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    name: String,
    /// Its changes, as `--set` takes them.
    #[serde(default)]
    set: Vec<String>,
}

/// Trains every variant with every seed and prints a Markdown table, line by line as they are done.
///
/// # Errors
/// Returns an error if the study or the data cannot be read, a recipe is not valid, or a training
/// fails.
pub fn run(args: &StudyArgs) -> Result<()> {
    let file = args.study.display().to_string();
    let study = read(&args.study)?;
    ensure!(!study.seeds.is_empty(), "{file}: seeds is empty; name at least one");
    let variants: Vec<(&str, ValidConfig)> = study
        .variant
        .iter()
        .map(|variant| Ok((variant.name.as_str(), study.config(variant)?)))
        .collect::<Result<_, ConfigError>>()
        .with_context(|| file.clone())?;
    let Some((first, base)) = variants.first() else { bail!("{file}: there is no [[variant]]") };
    for (name, config) in &variants {
        ensure!(
            config.data.reads_as(&base.data),
            "{file}: `{name}` makes its images in another way than `{first}` (data.size, fit, background or \
             test_share); a study compares recipes on the same images: set it for all of them, in `set` above the variants"
        );
        let by_images = config.train.hold_out == HoldOut::Images;
        ensure!(by_images, "{file}: `{name}` must hold out images, because they judge");
        device(config.backend)?;
    }
    if let Some(shape) = args.data.known_shape(&base.data) {
        for (name, config) in &variants {
            check_net(&config.net, shape).with_context(|| format!("{file}: `{name}`"))?;
        }
    }
    let data = super::data::find_to_train(&args.data, study.seeds[0], &base.data)?;
    let validation = data.validation();
    let with_unseen = variants.iter().any(|(_, config)| !config.data.unseen.is_empty());
    print(format_args!("{}\n\n{}", study.question, head(with_unseen)))?;
    let trainings = (variants.len() * study.seeds.len()) as u64;
    let mut progress = Progress::new("study", trainings, "trainings");
    let mut done = 0;
    for (name, config) in &variants {
        let mut outcomes = Vec::new();
        for &seed in &study.seeds {
            progress.set(done, || format!("{name}, seed {seed}"));
            outcomes.push(outcome(config, seed, &data, &validation, args.data.skip_broken)?);
            done += 1;
        }
        progress.suspend(|| print(row(name, &outcomes, with_unseen) + "\n"))?;
    }
    progress.finish(&format!("{}, on {}", count(trainings, "training"), data.name));
    Ok(())
}

fn read(path: &Path) -> Result<Study, ConfigError> {
    let text = Config::read_text(path)?;
    from_toml(&text, &path.display().to_string())
}

impl Study {
    fn config(&self, variant: &Variant) -> Result<ValidConfig, ConfigError> {
        let config = Config::preset(&self.base)?.with(&[self.set.as_slice(), &variant.set].concat())?;
        config.validate(&variant.name)
    }
}

/// The result of a training.
struct Outcome {
    float: Scores,
    int8: Scores,
    parameters: usize,
    macs: u64,
    images_seen: u64,
    seconds: f64,
}

/// `validation` is [`Dataset::validation`] of `data`.
fn outcome(
    config: &ValidConfig,
    seed: u64,
    data: &Dataset,
    validation: &Dataset,
    skip_broken: bool,
) -> Result<Outcome> {
    let mut config = for_own(config.clone(), data)?.into_inner();
    config.seed = seed;
    let config = config.validate("study")?;
    let unseen = data.unseen_labels(&config.data)?;
    let seen = data.without(&unseen);
    let decoys = decoys(data, skip_broken, &config.data)?;
    let training = training_data(&seen.train, data, decoys.as_ref(), skip_broken, seed, &config.data)?;
    let others = OtherNets::find(&config, shape(&seen.train)?)?;
    let device = device(config.backend)?;
    let trained =
        others.with(|others| Ok(train(&config, &training, others, &device, Start::New, &mut ())?))?;
    let file =
        export(&trained.net.to_float_net(), &config, &seen, trained.images_seen, None, decoys.as_ref())?;
    let model = Model::decode(&file)?;
    Ok(Outcome {
        float: float_scores(|split| trained.net.embed(split.images()), model.distance(), validation, &unseen),
        int8: int8_scores(&model, validation, trained_on(data, &config.data, &unseen), None),
        parameters: model.parameters(),
        macs: model.macs(),
        images_seen: trained.images_seen,
        seconds: trained.train_seconds,
    })
}

/// A column of the table: its heading, and its share.
type Column = (&'static str, fn(&Outcome) -> f64);

const COLUMNS: [Column; 6] = [
    ("triplets", |outcome| outcome.float.triplet_accuracy.mean),
    ("P@1, nearest training image", |outcome| outcome.float.precision_at_1_gallery),
    ("MAP@R", |outcome| outcome.float.map_at_r),
    ("5-shot", |outcome| outcome.float.prototype_5_shot.mean),
    ("int8 P@1, nearest training image", |outcome| outcome.int8.precision_at_1_gallery),
    ("int8 5-shot", |outcome| outcome.int8.prototype_5_shot.mean),
];

/// Columns for classes that were never trained on, int8.
const UNSEEN: [Column; 3] = [
    ("unseen P@1, nearest other image", |outcome| {
        outcome.int8.unseen.as_ref().map_or(f64::NAN, |unseen| unseen.precision_at_1)
    }),
    ("5-shot", |outcome| {
        outcome.int8.unseen.as_ref().map_or(f64::NAN, |unseen| unseen.prototype_5_shot.mean)
    }),
    ("EER", |outcome| outcome.int8.unseen.as_ref().map_or(f64::NAN, |unseen| unseen.pairs.equal_error_rate)),
];

fn columns(with_unseen: bool) -> impl Iterator<Item = Column> {
    COLUMNS.into_iter().chain(UNSEEN.into_iter().filter(move |_| with_unseen))
}

fn head(with_unseen: bool) -> String {
    let names: Vec<&str> = columns(with_unseen).map(|(name, _)| name).collect();
    let names = names.join(" | ");
    let rule = "---|".repeat(columns(with_unseen).count() + 5);
    format!("| variant | {names} | parameters | MACs | images | s |\n|{rule}\n")
}

/// Returns a line of the table: means over the seeds in percent, with the standard deviation where there
/// are several.
fn row(name: &str, outcomes: &[Outcome], with_unseen: bool) -> String {
    let percent = |value: fn(&Outcome) -> f64| {
        let values: Vec<f64> = outcomes.iter().map(|outcome| 100.0 * value(outcome)).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        match values.len() {
            1 => format!("{mean:.2}"),
            count => format!("{mean:.2} ± {:.2}", (squares / (count - 1) as f64).sqrt()),
        }
    };
    let shares: Vec<String> = columns(with_unseen).map(|(_, value)| percent(value)).collect();
    let first = &outcomes[0];
    let seconds = outcomes.iter().map(|outcome| outcome.seconds).sum::<f64>() / outcomes.len() as f64;
    format!(
        "| {name} | {} | {} | {} | {} | {seconds:.1} |",
        shares.join(" | "),
        thousands(first.parameters as u64),
        thousands(first.macs),
        thousands(first.images_seen),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_studies_of_the_project_are_valid() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/studies");
        let mut studies = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let study = read(&entry.unwrap().path()).unwrap();
            for variant in &study.variant {
                study.config(variant).unwrap();
            }
            studies += 1;
        }
        assert!(studies >= 4, "{studies}");
    }

    #[test]
    fn the_reference_shows_a_study() {
        let page = include_str!("../../../../docs/CONFIG.md");
        let text = page.split("```toml\n").find(|block| block.contains("[[variant]]")).unwrap();
        let text = text.split("```").next().unwrap();
        let study: Study = toml::from_str(text).unwrap();
        study.variant.iter().for_each(|variant| drop(study.config(variant).unwrap()));
        // Serde lists the fields where it does not know one.
        for inner in ["?", "base = \"\"\nquestion = \"\"\nseeds = []\n[[variant]]\n?"] {
            let error = toml::from_str::<Study>(&inner.replace('?', "unknown = 1")).unwrap_err();
            let fields: Vec<&str> = error.message().split('`').skip(3).step_by(2).collect();
            assert!(fields.len() >= 2, "{error}");
            fields.iter().for_each(|field| assert!(page.contains(&format!("`{field}`")), "{field}"));
        }
    }
}
