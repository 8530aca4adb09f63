//! `train`: the main job, from images to a model file and its numbers.

use super::{bench::embeddings_per_second, data::mark, export::checkpoint, inspect::hex, scores};
use crate::{
    cli::TrainArgs,
    config::{Backend, Config, ConfigError, NetConfig, READY, ValidConfig},
    data::Dataset,
    evaluation::{Scores, float_scores, int8_scores},
    export::export,
    metrics::Rates,
    run_folder::RunFolder,
    terminal::{Progress, thousands},
    train::{self, HistoryRow, Observer, Trained},
};
use anyhow::{Context, Result};
use serde::Serialize;
use shared_model::{Distance, Model};
use std::path::Path;

/// Files of a run's folder.
pub const MODEL: &str = "model.postcard";
/// The config that was used.
pub const CONFIG: &str = "config.toml";
/// The float weights, in Burn's format.
pub const CHECKPOINT: &str = "checkpoint.bpk";
/// The numbers.
pub const METRICS: &str = "metrics.json";
/// How often each limit errs on test pairs, int8.
pub const ROC: &str = "roc.csv";

/// Trains, evaluates, exports, and says what was written.
///
/// # Errors
/// Config or data are wrong, training fails, or the run's folder cannot be written.
pub fn run(args: &TrainArgs) -> Result<()> {
    let config = config(args)?;
    let data = super::data::find(&args.data, config.seed)?;
    let unseen = config.data.unseen_labels(&data.class_names())?;
    let seen = data.without(&unseen);
    let trained = train(&config, &seen)?;

    let folder = RunFolder::create(&args.out, &config.name)?;
    folder.write(CONFIG, config.to_toml().context("cannot write the config as TOML")?.as_bytes())?;
    folder.write("history.csv", history(&trained.history).as_bytes())?;
    trained
        .net
        .save(&folder.file(CHECKPOINT))
        .with_context(|| format!("cannot write {}", folder.file(CHECKPOINT).display()))?;

    let net = trained.net.to_float_net();
    let progress = Progress::new("quantize", 0);
    let file = export(&net, &config, &seen, trained.images_seen)?;
    let model = Model::decode(&file)?;
    folder.write(MODEL, &file)?;
    progress.finish(&format!("{} bytes", thousands(file.len() as u64)));

    let progress = Progress::new("evaluate", 0);
    // On Flex, whatever trained it: the other backend takes a minute for 10,000 images. Not normalised, because the
    // engine's embeddings are not either: a prototype is the mean of what a board has.
    let raw = NetConfig { normalise: false, ..config.net.clone() };
    let raw = checkpoint(&raw, &data.train, &folder.file(CHECKPOINT), Backend::Flex)?;
    let float = float_scores(&raw, model.distance(), &data, &unseen);
    let int8 = int8_scores(&model, &data, &unseen);
    folder.write(ROC, roc(&int8.pairs.roc).as_bytes())?;
    let rate = embeddings_per_second(&model);
    progress.finish(&format!("{} test images, float and int8", thousands(data.test.len() as u64)));

    let metrics = Metrics {
        dataset: &data.name,
        float: &float,
        int8: &int8,
        embeddings_per_second: rate,
        train_seconds: trained.train_seconds,
        images_seen: trained.images_seen,
        model: ModelMetrics {
            hash: hex(model.hash()),
            bytes: file.len(),
            parameters: model.parameters(),
            macs: model.macs(),
            ram_bytes: model.ram_len(),
        },
        seed: config.seed,
        backend: config.backend,
    };
    let mut json = serde_json::to_string_pretty(&metrics)?;
    json.push('\n');
    folder.write(METRICS, json.as_bytes())?;
    print!("{}", summary(&metrics, &data, folder.path()));
    Ok(())
}

/// The recipe that the arguments name, with their changes.
fn config(args: &TrainArgs) -> Result<ValidConfig, ConfigError> {
    let name = args.config.as_str();
    let is_ready = READY.iter().any(|(ready, _)| *ready == name);
    let looks_like_path = name.contains(['/', '\\', '.']);
    let mut config =
        if is_ready || !looks_like_path { Config::ready(name)? } else { Config::read(Path::new(name))? };
    config.seed = args.seed.unwrap_or(config.seed);
    config.backend = args.backend.map_or(config.backend, Backend::from);
    if let Some(name) = &args.name {
        config.name.clone_from(name);
    }
    config.validate(name)
}

fn train(config: &ValidConfig, data: &Dataset) -> Result<Trained> {
    let mut terminal = Terminal { progress: Progress::new("train", 0), precision: None };
    let trained = train::train(config, &data.train, &config.backend.device(), &mut terminal)?;
    let precision = percent(", held-out P@1", terminal.precision);
    terminal.progress.finish(&format!("{} images seen{precision}", thousands(trained.images_seen)));
    Ok(trained)
}

/// Shows how training goes.
struct Terminal {
    progress: Progress,
    /// P@1 on the held-out images, when it was last looked at.
    precision: Option<f64>,
}

impl Observer for Terminal {
    fn step(&mut self, progress: &train::Progress) {
        self.progress.set_total(progress.steps as u64);
        let precision = percent(", P@1", self.precision);
        self.progress.set(progress.step as u64, || {
            let (loss, triplets, rate) = (progress.loss, progress.triplets, progress.images_per_second);
            format!("loss {loss:.3}, {triplets} triplets, {rate:.0} img/s{precision}")
        });
    }

    fn row(&mut self, row: &HistoryRow) {
        self.precision = row.precision_at_1.or(self.precision);
    }
}

/// `name 12.34 %`, or nothing.
fn percent(name: &str, share: Option<f64>) -> String {
    share.map_or(String::new(), |share| format!("{name} {:.2} %", 100.0 * share))
}

/// The history as comma-separated values.
fn history(rows: &[HistoryRow]) -> String {
    let mut text =
        String::from("step,images_seen,seconds,loss,triplets,learning_rate,held_out_precision_at_1\n");
    for row in rows {
        let HistoryRow { step, images_seen, seconds, loss, triplets, learning_rate, precision_at_1 } = row;
        let precision = precision_at_1.map_or(String::new(), |precision| format!("{precision:.6}"));
        text += &format!(
            "{step},{images_seen},{seconds:.3},{loss:.6},{triplets:.1},{learning_rate:.6e},{precision}\n"
        );
    }
    text
}

/// The points of a receiver operating characteristic as comma-separated values.
fn roc(points: &[Rates<f64>]) -> String {
    let mut text = String::from("threshold,false_accept_rate,false_reject_rate\n");
    for Rates { threshold, false_accept_rate, false_reject_rate } in points {
        text += &format!("{threshold:.9},{false_accept_rate:.9},{false_reject_rate:.9}\n");
    }
    text
}

/// What `metrics.json` holds.
#[derive(Serialize)]
struct Metrics<'a> {
    dataset: &'a str,
    float: &'a Scores,
    int8: &'a Scores,
    embeddings_per_second: f64,
    train_seconds: f64,
    images_seen: u64,
    model: ModelMetrics,
    seed: u64,
    backend: Backend,
}

#[derive(Serialize)]
struct ModelMetrics {
    hash: String,
    bytes: usize,
    parameters: usize,
    macs: u64,
    ram_bytes: usize,
}

/// The last lines of a run.
fn summary(metrics: &Metrics<'_>, data: &Dataset, folder: &Path) -> String {
    let Metrics { float, int8, model, .. } = metrics;
    let mut text = triplet_table(int8, mark(data));
    text += &scores::table(&[("float", float), ("int8", int8)], &data.class_names(), mark(data));
    text += &format!(
        "\n\
         {} embeddings/s on this machine; {:.1} s of training, on {}\n\
         {} parameters, {} MACs, {} bytes of RAM, {} bytes of flash\n\
         model hash {}\n\n\
         wrote {}: {MODEL}, {METRICS}, {ROC}, history.csv, {CONFIG}, {CHECKPOINT}\n",
        thousands(metrics.embeddings_per_second as u64),
        metrics.train_seconds,
        metrics.dataset,
        thousands(model.parameters as u64),
        thousands(model.macs),
        thousands(model.ram_bytes as u64),
        thousands(model.bytes as u64),
        model.hash,
        folder.display(),
    );
    let base = if folder.is_absolute() { "" } else { "$PWD/" };
    text += &format!(
        "next: cargo run -p host-train -- inspect {folder}\n      \
         TINYTRIPLET_MODEL={base}{folder}/{MODEL} cargo run -p firmware\n",
        folder = folder.display()
    );
    text
}

/// The origin's table.
pub fn triplet_table(scores: &Scores, mark: &str) -> String {
    let measure = match scores.distance {
        Distance::SquaredL2 => "|a-p|^2 - |a-n|^2",
        Distance::Cosine => "cos(a,n) - cos(a,p)",
    };
    let mut text = format!("\n{measure} of test triplets, int8{mark}\n");
    text += "class       min       max      mean   below 0\n";
    for class in &scores.triplets.classes {
        text += &format!(
            "{:>5} {:>9.3} {:>9.3} {:>9.3} {:>8.2} %\n",
            class.label,
            class.min,
            class.max,
            class.mean,
            100.0 * class.accuracy
        );
    }
    text
}
