//! `study`: recipes side by side, judged by held-out images; the tables of docs/TRAINING.md.

use crate::{
    cli::StudyArgs,
    config::{Config, ConfigError, ValidConfig},
    data::Dataset,
    evaluation::{HeldOutScores, held_out_scores, int8_embeddings},
    export::export,
    metrics::Embeddings,
    sampler::{classes, hold_out},
    terminal::{Progress, thousands},
    train::{Start, train},
};
use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use serde::Deserialize;
use shared_model::Model;
use std::path::Path;

/// A file of `configs/studies/`: variants of one recipe.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Study {
    /// What it asks, for the head of the table.
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
/// The study or the data cannot be read, a recipe is not valid, or a training fails.
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
    variants.iter().try_for_each(|(_, config)| config.backend.device().map(drop))?;
    let base = Config::ready(&study.base)?;
    let data = super::data::find(&args.data, study.seeds[0], &base.data)?;
    println!("{}\n", study.question);
    println!("| variant | P@1 | 5-shot | int8 P@1 | parameters | MACs | images | s |");
    println!("|---|---|---|---|---|---|---|---|");
    let progress_total = (variants.len() * study.seeds.len()) as u64;
    let mut progress = Progress::new("study", progress_total);
    let mut done = 0;
    for (name, config) in &variants {
        let mut outcomes = Vec::new();
        for &seed in &study.seeds {
            progress.set(done, || format!("{name}, seed {seed}"));
            outcomes.push(outcome(config, seed, &data)?);
            done += 1;
        }
        progress.suspend(|| println!("{}", row(name, &outcomes)));
    }
    progress.finish(&format!("{} seed(s), on {}", study.seeds.len(), data.name));
    Ok(())
}

fn read(path: &Path) -> Result<Study, ConfigError> {
    let text = Config::read_text(path)?;
    toml::from_str(&text).map_err(|error| ConfigError::toml(&error, &text, &path.display().to_string()))
}

impl Study {
    fn config(&self, variant: &Variant) -> Result<ValidConfig, ConfigError> {
        let config = Config::ready(&self.base)?.with(&[self.set.as_slice(), &variant.set].concat())?;
        config.validate(&variant.name)
    }
}

/// What a training came to.
struct Outcome {
    float: HeldOutScores,
    int8: HeldOutScores,
    parameters: usize,
    macs: u64,
    images_seen: u64,
    seconds: f64,
}

fn outcome(config: &ValidConfig, seed: u64, data: &Dataset) -> Result<Outcome> {
    let mut config = config.clone().into_inner();
    config.seed = seed;
    let config = config.validate("study")?;
    let unseen = config.data.unseen_labels(&data.class_names)?;
    let data = &*data.without(&unseen);
    let trained = train(&config, &data.train, &config.backend.device()?, Start::New, &mut ())?;
    let net = trained.net.to_float_net();
    let file = export(&net, &config, data, trained.images_seen)?;
    let model = Model::decode(&file)?;

    let mut trained_on = classes(data.train.labels());
    hold_out(&mut trained_on, config.train.hold_out)?;
    let trained_on: Vec<usize> = trained_on.into_iter().flat_map(|class| class.images).collect();
    let scores = |int8: bool| {
        let float = |indices: &[usize]| {
            let images = indices.par_iter().map(|&index| data.train.image(index));
            Embeddings::from_floats(net.embed_all(images), indices.len(), config.net.distance())
        };
        let engine = |indices: &[usize]| int8_embeddings(&model, &data.train, indices);
        match int8 {
            false => held_out_scores(&data.train, &trained_on, &trained.held_out, usize::MAX, float),
            true => held_out_scores(&data.train, &trained_on, &trained.held_out, usize::MAX, engine),
        }
    };
    Ok(Outcome {
        float: scores(false),
        int8: scores(true),
        parameters: model.parameters(),
        macs: model.macs(),
        images_seen: trained.images_seen,
        seconds: trained.train_seconds,
    })
}

/// A line of the table: means over the seeds, with the standard deviation where there are several.
fn row(name: &str, outcomes: &[Outcome]) -> String {
    let percent = |value: fn(&Outcome) -> f64| {
        let values: Vec<f64> = outcomes.iter().map(|outcome| 100.0 * value(outcome)).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        match values.len() {
            1 => format!("{mean:.2} %"),
            count => format!("{mean:.2} ± {:.2} %", (squares / (count - 1) as f64).sqrt()),
        }
    };
    let first = &outcomes[0];
    let seconds = outcomes.iter().map(|outcome| outcome.seconds).sum::<f64>() / outcomes.len() as f64;
    format!(
        "| {name} | {} | {} | {} | {} | {} | {} | {seconds:.0} |",
        percent(|outcome| outcome.float.precision_at_1_gallery),
        percent(|outcome| outcome.float.prototype_5_shot),
        percent(|outcome| outcome.int8.precision_at_1_gallery),
        thousands(first.parameters as u64),
        thousands(first.macs),
        thousands(first.images_seen),
    )
}
