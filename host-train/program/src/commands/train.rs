//! `train`: the main job, from images to a model file and its numbers.

use super::{bench::embeddings_per_second, data::mark, export::checkpoint, history, scores};
use crate::{
    cli::TrainArgs,
    terminal::{
        INTERRUPTED, Progress, error, interrupt_at_once, interrupted, listen_for_interrupt, note, print,
    },
};
use anyhow::{Context, Result};
use serde::Serialize;
use shared_model::{Distance, Layout, Model};
use std::{path::Path, process::ExitCode};
use tinytriplet_data::Dataset;
use tinytriplet_evaluation::{
    export::{export, repacked},
    history::HistoryRow,
    metrics::Rates,
    scores::{Scores, float_scores, int8_scores},
};
use tinytriplet_recipe::{Backend, Config, ConfigError, HoldOut, NetConfig, READY, ValidConfig};
use tinytriplet_report::{
    REPORT, Run,
    run_folder::{CONFIG, RunFolder},
    text::{cut, hex, listed, thousands},
};
use tinytriplet_training::{
    Device, device,
    sampler::SamplerError,
    train::{self, Checkpoints, Ended, Observer, Start, TrainError, Trained},
};

/// Files of a run's folder.
pub const MODEL: &str = "model.postcard";
/// The float weights, in Burn's format.
pub const CHECKPOINT: &str = "checkpoint.bpk";
/// The numbers.
pub const METRICS: &str = "metrics.json";
/// How training went.
pub const HISTORY: &str = "history.csv";
/// How often each limit errs on test pairs, int8.
pub const ROC: &str = "roc.csv";

/// Columns of a class's name that leave room for its numbers in 80.
const NAME: usize = 38;

/// Trains, evaluates, exports, and says what was written.
///
/// # Errors
/// Config or data are wrong, training fails, or the run's folder cannot be written.
pub fn run(args: &TrainArgs) -> Result<ExitCode> {
    let resumed = args.resume.as_deref().map(RunFolder::open).transpose()?;
    let config = match &resumed {
        Some(run) => Config::read(&run.file(CONFIG))?,
        None => config(args)?,
    };
    let device = device(config.backend)?;
    let data = super::data::find(&args.data, config.seed, &config.data)?;
    let unseen = data.unseen_labels(&config.data)?;
    let seen = data.without(&unseen);
    let folder = match resumed {
        Some(run) => run,
        None => RunFolder::create(&args.out, &config.name)?,
    };
    let toml = config.to_toml().context("cannot write the config as TOML")?;
    let checkpoints = Checkpoints::new(folder.path());
    let start = match &args.resume {
        Some(_) => Start::Resuming(&checkpoints),
        None => Start::Saving(&checkpoints),
    };
    let to_go_on = format!("to go on: cargo run -p host-train -- --resume {}", folder.path().display());
    listen_for_interrupt(to_go_on.clone()).context("cannot listen for Ctrl-C")?;
    let begun = folder.write(CONFIG, toml.as_bytes());
    let trained = match begun.and_then(|()| train(&config, &seen, &device, &folder, start)) {
        Ok(trained) => trained,
        Err(error) => {
            if args.resume.is_none() && checkpoints.is_empty() {
                folder.discard(&[CONFIG, HISTORY]); // nothing was trained: the name stays free
            }
            return Err(error);
        }
    };
    interrupt_at_once();
    trained
        .net
        .save(&folder.file(CHECKPOINT))
        .with_context(|| format!("cannot write {}", folder.file(CHECKPOINT).display()))?;

    let progress = Progress::new("quantize", 0, "");
    // Of the checkpoint, as `export` makes it. Not normalised, because the engine's embeddings are not either: a
    // prototype is the mean of what a board has.
    let raw = NetConfig { normalise: false, ..config.net.clone() };
    let raw = checkpoint(&raw, &seen.train, &folder.file(CHECKPOINT))?;
    let file = export(&raw.to_float_net(), &config, &seen, trained.images_seen)?;
    let model = Model::decode(&file)?;
    folder.write(MODEL, &file)?;
    let packed = repacked(&file, Layout::Packed)?;
    progress.finish(&format!("{} bytes", thousands(file.len() as u64)));

    let progress = Progress::new("evaluate", 0, "");
    let float = float_scores(|split| raw.embed(split.images()), model.distance(), &data, &unseen);
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
            board_ram_bytes: Model::decode(&packed)?.ram_len(),
            board_flash_bytes: packed.len(),
        },
        seed: config.seed,
        backend: config.backend,
    };
    let mut json = serde_json::to_string_pretty(&metrics)?;
    json.push('\n');
    folder.write(METRICS, json.as_bytes())?;
    let progress = Progress::new("report", 0, "");
    let run = Run {
        name: &folder.name(&config.name),
        config: &config,
        net: &raw.to_float_net(),
        file: &file,
        data: &data,
        unseen: &unseen,
        // As `report` will read it, so that it writes the same.
        history: history::from_csv(&history::to_csv(&trained.history))?,
        float: &float,
        int8: &int8,
    };
    let report = tinytriplet_report::write(&folder, &run)?;
    progress.finish(&format!("{REPORT}, plots, files for TensorBoard"));
    let is_interrupted = trained.ended == Ended::Interrupted;
    if !is_interrupted {
        checkpoints.remove()?;
    }
    if args.json {
        let printed = Printed { run: folder.path(), metrics: &metrics };
        print(serde_json::to_string_pretty(&printed)? + "\n")?;
    } else {
        print(summary(&metrics, &data, folder.path(), &report))?;
    }
    if is_interrupted {
        error(format_args!("interrupted at step {}; {to_go_on}", trained.steps));
        return Ok(ExitCode::from(INTERRUPTED));
    }
    Ok(ExitCode::SUCCESS)
}

/// The recipe that the arguments name, with their changes.
fn config(args: &TrainArgs) -> Result<ValidConfig, ConfigError> {
    let name = args.config.as_str();
    let is_ready = READY.iter().any(|(ready, _)| *ready == name);
    let looks_like_path = name.contains(['/', '\\', '.']);
    let text = match is_ready || !looks_like_path {
        true => Config::ready_text(name)?.to_owned(),
        false => Config::read_text(Path::new(name))?,
    };
    let config = Config::parse(&text, name)?;
    let mut changed = config.clone().with(&args.set)?;
    changed.seed = args.seed.unwrap_or(changed.seed);
    changed.backend = args.backend.map_or(changed.backend, Backend::from);
    if let Some(name) = &args.name {
        changed.name.clone_from(name);
    }
    match config.clone().validate(name) {
        // What is wrong stands in the file, unless a change has put it right.
        Err(error) if changed == config => Err(error.located(&text)),
        _ => changed.validate(&format!("{name}, as the command line changes it")),
    }
}

fn train(
    config: &ValidConfig,
    data: &Dataset,
    device: &Device,
    folder: &RunFolder,
    start: Start<'_>,
) -> Result<Trained> {
    let progress = Progress::new("train", 0, "steps");
    let mut terminal = Terminal { progress, folder, precision: None, unwritten: None };
    let trained = train::train(config, &data.train, device, start, &mut terminal);
    let trained = trained.map_err(|error| in_their_words(error, data))?;
    if let Some(error) = terminal.unwritten {
        return Err(error);
    }
    let precision = percent(", held-out P@1", terminal.precision);
    let how = match trained.ended {
        Ended::Done => "",
        Ended::Early => ", no better for long",
        Ended::Interrupted => ", interrupted",
    };
    terminal.progress.finish(&format!("{} images seen{precision}{how}", thousands(trained.images_seen)));
    if trained.ended == Ended::Interrupted {
        note("note", "the run is finished as it is now; Ctrl-C once more ends it at once");
    }
    if trained.held_out.is_empty() && config.train.hold_out != HoldOut::None {
        note(
            "note",
            "No class has 6 training images, which it takes to hold 2 out: the model has no limits for\n\
             \"unknown\". Add images, or hold whole classes out (train.hold_out = \"classes\").",
        );
    }
    Ok(trained)
}

/// Errors of training know neither where the data are nor what the classes are called.
fn in_their_words(error: TrainError, data: &Dataset) -> anyhow::Error {
    let class = match error {
        TrainError::Data(SamplerError::TooFewImages { label, .. }) => {
            format!(": class {label} is `{}`", data.class_names[usize::from(label)])
        }
        _ => String::new(),
    };
    match error {
        TrainError::Data(_) => anyhow::Error::new(error).context(format!("{}{class}", data.source)),
        error => error.into(),
    }
}

/// Shows how training goes.
struct Terminal<'a> {
    progress: Progress,
    folder: &'a RunFolder,
    /// P@1 on the held-out images, when it was last looked at.
    precision: Option<f64>,
    /// Why the history could not be written.
    unwritten: Option<anyhow::Error>,
}

impl Observer for Terminal<'_> {
    fn step(&mut self, progress: &train::Progress) {
        self.progress.set_total(progress.steps as u64);
        self.progress.set(progress.step as u64, || {
            let &train::Progress { loss, mined, unit, images_per_second, .. } = progress;
            let (mined, rate) = (thousands(mined as u64), thousands(images_per_second as u64));
            let precision = percent(", held-out P@1", self.precision);
            format!("loss {loss:.3}, {mined} {unit}{precision}, {rate} images/s")
        });
    }

    fn row(&mut self, rows: &[HistoryRow]) {
        self.precision = rows.last().and_then(|row| row.precision_at_1).or(self.precision);
        self.unwritten = self.folder.write(HISTORY, history::to_csv(rows).as_bytes()).err();
    }

    fn interrupted(&self) -> bool {
        interrupted() || self.unwritten.is_some()
    }
}

/// `name 12.34 %`, or nothing.
fn percent(name: &str, share: Option<f64>) -> String {
    share.map_or(String::new(), |share| format!("{name} {:.2} %", 100.0 * share))
}

/// The points of a receiver operating characteristic as comma-separated values.
fn roc(points: &[Rates<f64>]) -> String {
    let mut text = String::from("threshold,false_accept_rate,false_reject_rate\n");
    for Rates { threshold, false_accept_rate, false_reject_rate } in points {
        text += &format!("{threshold:.9},{false_accept_rate:.9},{false_reject_rate:.9}\n");
    }
    text
}

/// What `--json` prints.
#[derive(Serialize)]
struct Printed<'a> {
    /// The run's folder.
    run: &'a Path,
    #[serde(flatten)]
    metrics: &'a Metrics<'a>,
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
    /// With its weights packed: image, rows of maps, workspace, embedding, without the stack.
    board_ram_bytes: usize,
    /// The packed file.
    board_flash_bytes: usize,
}

/// The last lines of a run.
fn summary(metrics: &Metrics<'_>, data: &Dataset, folder: &Path, report: &[&str]) -> String {
    let Metrics { float, int8, model, .. } = metrics;
    let mut text = triplet_table(int8, data);
    text += &scores::table(&[("float", float), ("int8", int8)], &data.class_names, mark(data));
    text += &format!(
        "\n\
         {} embeddings/s on this machine; {:.1} s of training, on {}\n\
         {} parameters, {} MACs; on a board {} bytes of RAM, {} of flash\n\
         model hash {}\n\n\
         wrote {}:\n{}",
        thousands(metrics.embeddings_per_second as u64),
        metrics.train_seconds,
        metrics.dataset,
        thousands(model.parameters as u64),
        thousands(model.macs),
        thousands(model.board_ram_bytes as u64),
        thousands(model.board_flash_bytes as u64),
        model.hash,
        folder.display(),
        listed(&[report, &[MODEL, METRICS, ROC, HISTORY, CONFIG, CHECKPOINT]].concat()),
    );
    let base = if folder.is_absolute() { "" } else { "$PWD/" };
    text += &format!(
        "open {folder}/{REPORT}\n\
         next: cargo run -p host-train -- inspect {folder}\n      \
         TINYTRIPLET_MODEL={base}{folder}/{MODEL} cargo run -p firmware\n",
        folder = folder.display()
    );
    text
}

/// The origin's table, of scores that were measured on `data`; empty where no test triplet can be made.
pub fn triplet_table(scores: &Scores, data: &Dataset) -> String {
    if scores.triplets.classes.is_empty() {
        return String::new();
    }
    let measure = match scores.distance {
        Distance::SquaredL2 => "|a-p|^2 - |a-n|^2",
        Distance::Cosine => "cos(a,n) - cos(a,p)",
    };
    let mut text = format!("\n{measure} of test triplets, int8{}\n", mark(data));
    let name = |label| cut(&data.class_names[usize::from(label)], NAME);
    let names = scores.triplets.classes.iter().map(|class| name(class.label).chars().count());
    let width = names.max().unwrap_or(0).max(5);
    text += &format!("{:>width$}       min       max      mean   below 0\n", "class");
    for class in &scores.triplets.classes {
        text += &format!(
            "{:>width$} {:>9.3} {:>9.3} {:>9.3} {:>8.2} %\n",
            name(class.label),
            class.min,
            class.max,
            class.mean,
            100.0 * class.accuracy
        );
    }
    text
}
