//! `train`: the main job, from images to a model file and its numbers.

use super::{
    bench::embeddings_per_second,
    checkpoint::checkpoint,
    data::{DataArgs, decoys, mark, trained_on, training_data},
    episodes::episode_tables,
    folds::{self, Asked, Trainable},
    inspect::HeldOut,
    other_nets::{OtherNets, has_own},
    run_data::{Record, RunData, recipe},
    scores::{explanation, table, triplet_table},
};
use crate::cli::whole_number;
use crate::terminal::{
    INTERRUPTED, Progress, error, interrupt_at_once, interrupted, listen_for_interrupt, note, print,
};
use anyhow::{Context, Result, anyhow};
use clap::{Args, ValueEnum};
use serde::Serialize;
use shared_model::model::layout::repack_to_vec;
use shared_model::{Layout, Model};
use std::{
    io::{self, IsTerminal},
    mem,
    path::{Path, PathBuf},
    process::ExitCode,
};
use tinytriplet_data::{
    Dataset, ENOUGH_CLASSES_TO_HOLD_OUT, Label, PartImages, Source, Split, TrainingData, any_angle, classes,
    is_own, is_word,
    names::{counted, quoted, shown},
};
use tinytriplet_evaluation::{
    export::export,
    history::HistoryRow,
    metrics::Draws,
    metrics::{Rates, SeparatePairs},
    scores::{Scores, float_scores, int8_scores},
    strangers::{Questions, StrangerRates},
};
use tinytriplet_recipe::{
    Backend, Config, ConfigError, DataConfig, HoldOut, NetConfig, PRESETS, TeacherConfig, ValidConfig,
};
use tinytriplet_report::{
    REPORT, Run, history,
    run_folder::{CHECKPOINT, CONFIG, DATA, HISTORY, METRICS, MODEL, ROC, RunFolder},
    table::MANY,
    text::{MODEL_IN_FLASH, RAM, count, hex, listed, thousands},
};
use tinytriplet_training::{
    Device, device,
    net::Net,
    sampler::SamplerError,
    train::{
        self, CheckpointError, Checkpoints, Ended, Observer, Start, TrainError, Trained, check_net, shape,
    },
};

/// Arguments of `train`.
#[derive(Clone, Debug, Args)]
pub struct TrainArgs {
    /// Recipe: a file (TOML or JSON), or one of the program's own: default, best, characters,
    /// characters-large, characters-small, conv4, depthwise, dscnn, lenet5, mobilenet, origin,
    /// quick, resnet8, tiny, unseen
    #[arg(short, long, value_name = "FILE|NAME", default_value = "default")]
    pub config: String,
    /// The source of the images
    #[command(flatten)]
    pub data: DataArgs,
    /// Folder of pictures of anything else, without classes: trained on as what is to be told apart from all
    /// classes, and never enrolled
    #[arg(long, value_name = "FOLDER")]
    pub decoys: Option<PathBuf>,
    /// Backend that computes [default: the recipe's]
    #[arg(long, value_enum)]
    pub backend: Option<BackendArg>,
    /// Same seed, same model [default: the recipe's]
    #[arg(long, value_parser = whole_number::<u64>)]
    pub seed: Option<u64>,
    /// Name of the run and of the model [default: the recipe's]
    #[arg(long)]
    pub name: Option<String>,
    /// Change a field of the recipe, such as train.steps=500; may be given several times
    #[arg(long, value_name = "FIELD=VALUE")]
    pub set: Vec<String>,
    /// Folder that the run's folder is made in
    #[arg(long, value_name = "FOLDER", default_value = "runs")]
    pub out: PathBuf,
    /// Go on with an interrupted run: its folder
    #[arg(long, value_name = "RUN", conflicts_with_all = ["config", "decoys", "backend", "seed", "name", "set", "out"])]
    pub resume: Option<PathBuf>,
    /// Print JSON, as in the run's metrics.json, and which folder is the run's, instead of tables
    #[arg(long)]
    pub json: bool,
    /// Print what each row of the table means
    #[arg(long, conflicts_with = "json")]
    pub explain: bool,
}

/// [`Backend`] on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum BackendArg {
    /// Burn's CPU backend, several times faster
    Flex,
    /// The one built on the ndarray crate; wants `cargo run --release`
    Ndarray,
    /// NVIDIA's GPUs; wants `cargo run --features cuda`
    Cuda,
    /// GPUs by Vulkan, Metal or DirectX; wants `cargo run --features wgpu`
    Wgpu,
}

impl From<BackendArg> for Backend {
    fn from(backend: BackendArg) -> Self {
        match backend {
            BackendArg::Flex => Backend::Flex,
            BackendArg::Ndarray => Backend::Ndarray,
            BackendArg::Cuda => Backend::Cuda,
            BackendArg::Wgpu => Backend::Wgpu,
        }
    }
}

/// Trains, evaluates, exports, and says what was written.
///
/// # Errors
/// Returns an error if config or data are wrong, training fails, or the run's folder cannot be
/// written.
pub fn run(args: &TrainArgs) -> Result<ExitCode> {
    let job = Job::begin(args)?;
    job.run().map_err(|error| job.with_advice(error))
}

/// The quality of a model, and its speed on this machine.
struct Evaluated {
    float: Scores,
    int8: Scores,
    embeddings_per_second: f64,
}

/// A run that has begun: what is trained on what, and where it is kept.
struct Job<'a> {
    args: &'a TrainArgs,
    config: ValidConfig,
    device: Device,
    data: Dataset,
    /// What is written down of the data.
    record: Record,
    /// Labels that are not trained on.
    unseen: Vec<Label>,
    /// What all classes are kept apart from.
    decoys: Option<Split>,
    /// The net whose weights the training begins with.
    others: OtherNets,
    folder: RunFolder,
    checkpoints: Checkpoints,
}

impl<'a> Job<'a> {
    /// Reads the recipe, finds the data, and creates the run's folder or opens it again.
    fn begin(args: &'a TrainArgs) -> Result<Self> {
        match &args.resume {
            Some(run) => Self::begin_again(args, RunFolder::open(run)?),
            None => Self::begin_new(args),
        }
    }

    fn begin_new(args: &'a TrainArgs) -> Result<Self> {
        let config = config(args)?;
        let device = device(config.backend)?;
        if let Some(shape) = args.data.known_shape(&config.data) {
            check_net(&config.net, shape)?;
        }
        let data = super::data::find_to_train(&args.data, config.seed, &config.data)?;
        let record = Record::new(&data, args.data.skip_broken);
        let unseen = data.unseen_labels(&config.data)?;
        let decoys = decoys(&data, args.data.skip_broken, &config.data)?;
        let config = for_own(config, &data)?;
        let config = where_few(config, args, &data.without(&unseen), decoys.as_ref())?;
        let others = OtherNets::find(&config, shape(&data.train)?)?;
        let folder = RunFolder::create(&args.out, &config.name)?;
        let earlier = args.out.join(&config.name);
        if earlier != folder.path() && earlier.exists() {
            let [earlier, folder] = [&*earlier, folder.path()].map(shown);
            note("note", format_args!("{earlier} is an earlier run; this one is {folder}"));
        }
        let checkpoints = Checkpoints::new(folder.path());
        Ok(Self { args, config, device, data, record, unseen, decoys, others, folder, checkpoints })
    }

    fn begin_again(args: &'a TrainArgs, folder: RunFolder) -> Result<Self> {
        let config = recipe(&folder)?;
        let device = device(config.backend)?;
        let own = RunData::read(&folder)?;
        let data = own.find_to_resume(&args.data, config.seed, &config.data)?;
        let record = Record::new(&data, own.skips_broken(&args.data));
        let unseen = data.unseen_labels(&config.data)?;
        let decoys = decoys(&data, record.skips_broken(), &config.data)?;
        let others = OtherNets::find(&config, shape(&data.train)?)?;
        let checkpoints = Checkpoints::new(folder.path());
        Ok(Self { args, config, device, data, record, unseen, decoys, others, folder, checkpoints })
    }

    /// Trains, exports, evaluates and reports.
    fn run(&self) -> Result<ExitCode> {
        let seen = self.data.without(&self.unseen);
        let trained = self.train(&seen)?;
        let (questions, interruption) = self.questions(&seen, &trained)?;
        if interruption.is_some() {
            note("note", "the run is finished as it is now; Ctrl-C once more ends it at once");
        }
        interrupt_at_once();
        let (net, file) = self.export(&seen, &trained, questions.as_ref())?;
        let model = Model::decode(&file)?;
        let evaluated = self.evaluate(&net, &model)?;
        let metrics = self.metrics(&seen, &trained, (&model, &file), &evaluated, questions.as_ref())?;
        let report = self.report(&trained, &net, &file, &evaluated, questions.as_ref())?;
        self.end(interruption, &metrics, questions.as_ref(), &report)
    }

    /// Adds how to go on, if a file could not be written and a checkpoint is there.
    fn with_advice(&self, error: anyhow::Error) -> anyhow::Error {
        let is_of_disk = error.chain().any(|cause| {
            let checkpoint = cause.downcast_ref::<CheckpointError>();
            cause.is::<io::Error>() || matches!(checkpoint, Some(CheckpointError::Write { .. }))
        });
        match is_of_disk && !self.checkpoints.is_empty() {
            true => anyhow!("{error:#}. The last checkpoint is kept; {}", self.to_go_on()),
            false => error,
        }
    }

    /// Returns the command that goes on with this run.
    fn to_go_on(&self) -> String {
        format!("to go on: cargo run -p host-train -- --resume {}", quoted(self.folder.path()))
    }

    /// Trains, and saves the weights. A run that fails before its first checkpoint leaves no
    /// folder.
    fn train(&self, seen: &Dataset) -> Result<Trained> {
        let Self { args, config, folder, checkpoints, .. } = self;
        let toml = config.to_toml().context("cannot write the config as TOML")?;
        let skip_broken = self.record.skips_broken();
        let decoys = self.decoys.as_ref();
        let data = training_data(&seen.train, &self.data, decoys, skip_broken, config.seed, &config.data)?;
        let start = match &args.resume {
            Some(_) => Start::Resuming(checkpoints),
            None => Start::Saving(checkpoints),
        };
        listen_for_interrupt(self.to_go_on()).context("cannot listen for Ctrl-C")?;
        let begun = folder.write(CONFIG, toml.as_bytes()).and_then(|()| match args.resume {
            // An earlier version may have begun it on other data: its checkpoint tells.
            Some(_) => Ok(()),
            None => self.record.write(folder),
        });
        let trained = begun
            .and_then(|()| {
                self.others.with(|others| train(config, &data, seen, others, &self.device, folder, start))
            })
            .inspect_err(|_| {
                if args.resume.is_none() && checkpoints.is_empty() {
                    folder.discard(&[CONFIG, DATA, HISTORY]); // nothing was trained: the name stays free
                }
            })?;
        self.record.write(folder)?;
        Ok(trained)
    }

    /// Returns what nets without some of the classes and decoys make of these, where the recipe wants that; and
    /// where Ctrl-C has ended the run, if it has.
    fn questions(&self, seen: &Dataset, trained: &Trained) -> Result<(Option<Questions>, Option<String>)> {
        let Self { config, data, decoys, record, device, folder, .. } = self;
        if trained.ended == Ended::Interrupted {
            return Ok((None, Some(format!("at step {}", trained.steps))));
        }
        if !folds::are_wanted(config) {
            return Ok((None, None));
        }
        if !folds::may_fold(seen, decoys.as_ref(), config.train.folds) {
            note(
                "note",
                "no net is asked about strangers: that takes three classes, or decoys (--decoys FOLDER), and a class\n\
                 with 3 training images, or 4 for train.folds = 2. Add pictures.",
            );
            return Ok((None, None));
        }
        let asked = self.others.with(|others| {
            let part = Trainable { seen, data, decoys: decoys.as_ref(), others };
            folds::questions(config, &part, record.skips_broken(), device)
        });
        let asked = asked.map_err(|error| {
            anyhow!(
                "{}. The net itself is trained: set folds = 0 in {} to do without thresholds from these nets; {}",
                format!("{error:#}").trim_end_matches('.'),
                folder.file(CONFIG).display(),
                self.to_go_on()
            )
        })?;
        match asked {
            Asked::All(questions) if questions.suffice() => {
                folds::write(folder, &questions)?;
                Ok((Some(questions), None))
            }
            Asked::All(_) => {
                note(
                    "note",
                    "the nets that were asked about strangers named no picture of their own classes right, so no\n\
                     thresholds come from them. Add pictures.",
                );
                Ok((None, None))
            }
            Asked::Interrupted { nets } => Ok((
                None,
                Some(format!(
                    "after {nets} of {} nets about strangers, so the model has no thresholds from these",
                    config.train.folds
                )),
            )),
        }
    }

    /// Saves the checkpoint and makes the model file of it, as `export` does. The net is not
    /// normalised, because the engine's embeddings are not either: a prototype is the mean of what
    /// a board has.
    fn export(
        &self,
        seen: &Dataset,
        trained: &Trained,
        questions: Option<&Questions>,
    ) -> Result<(Net, Vec<u8>)> {
        let Self { config, folder, .. } = self;
        let path = folder.file(CHECKPOINT);
        // Burn renames it, too, when it is whole.
        let saved = trained.net.save(&path).map_err(io::Error::other);
        saved.with_context(|| format!("cannot write {}", path.display()))?;
        let progress = Progress::new("quantize", 0, "");
        let raw = NetConfig { normalise: false, ..config.net.clone() };
        let net = checkpoint(&raw, &seen.train, &path)?;
        let file =
            export(&net.to_float_net(), config, seen, trained.images_seen, questions, self.decoys.as_ref())?;
        folder.write(MODEL, &file)?;
        progress.finish(&format!("{} bytes", thousands(file.len() as u64)));
        Ok((net, file))
    }

    /// Measures the float net and the int8 engine.
    fn evaluate(&self, net: &Net, model: &Model<'_>) -> Result<Evaluated> {
        let Self { data, unseen, .. } = self;
        let progress = Progress::new("evaluate", 0, "");
        let float = float_scores(|split| net.embed(split.images()), model.distance(), data, unseen);
        let int8 =
            int8_scores(model, data, trained_on(data, &self.config.data, unseen), Some(Draws::DEFAULT));
        self.folder.write(ROC, roc(&int8.pairs.roc).as_bytes())?;
        let embeddings_per_second = embeddings_per_second(model);
        progress.finish(&format!("{} test images, float and int8", thousands(data.test.len() as u64)));
        Ok(Evaluated { float, int8, embeddings_per_second })
    }

    /// Returns the numbers, which are written to the run's folder.
    fn metrics<'m>(
        &'m self,
        seen: &Dataset,
        trained: &Trained,
        (model, file): (&Model<'_>, &[u8]),
        evaluated: &'m Evaluated,
        questions: Option<&Questions>,
    ) -> Result<Metrics<'m>> {
        let packed = repack_to_vec(file, Layout::Packed)?;
        let held_out: Vec<Label> = trained.held_out.iter().map(|&index| seen.train.label(index)).collect();
        let metrics = Metrics {
            dataset: &self.data.name,
            test_images: self.data.test.len(),
            held_out: HeldOut {
                images: trained.held_out.len(),
                pairs: SeparatePairs::of(&held_out),
                asked: None,
            },
            strangers: questions.map(|questions| StrangerMetrics {
                equal_error: questions.of_folds(self.config.net.distance()),
                false_accept_1_percent: questions.accepting_1_percent(),
            }),
            float: &evaluated.float,
            int8: &evaluated.int8,
            embeddings_per_second: evaluated.embeddings_per_second,
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
            seed: self.config.seed,
            backend: self.config.backend,
        };
        let json = serde_json::to_string_pretty(&metrics)? + "\n";
        self.folder.write(METRICS, json.as_bytes())?;
        Ok(metrics)
    }

    /// Writes the report; returns its files.
    fn report(
        &self,
        trained: &Trained,
        net: &Net,
        file: &[u8],
        evaluated: &Evaluated,
        questions: Option<&Questions>,
    ) -> Result<Vec<&'static str>> {
        let progress = Progress::new("report", 0, "");
        let run = Run {
            name: &self.folder.name(&self.config.name),
            config: &self.config,
            net: &net.to_float_net(),
            file,
            data: &self.data,
            unseen: &self.unseen,
            // As `report` will read it, so that it writes the same.
            history: history::from_csv(&history::to_csv(&trained.history))?,
            float: &evaluated.float,
            int8: &evaluated.int8,
            strangers: questions.map(|questions| questions.of_folds(self.config.net.distance())),
        };
        let files = tinytriplet_report::write(&self.folder, &run)?;
        progress.finish(&format!("{REPORT}, plots, files for TensorBoard"));
        Ok(files)
    }

    /// Removes the checkpoints of a run that nobody has interrupted, and prints what came of it.
    fn end(
        &self,
        interruption: Option<String>,
        metrics: &Metrics<'_>,
        questions: Option<&Questions>,
        report: &[&str],
    ) -> Result<ExitCode> {
        if interruption.is_none() {
            self.checkpoints.remove()?;
        }
        let run = self.folder.path();
        if self.args.json {
            print(serde_json::to_string_pretty(&Printed { run, metrics })? + "\n")?;
        } else {
            let strangers = questions
                .map(|questions| folds::lines(questions, self.config.net.distance(), self.decoys.is_some()));
            let sources = tinytriplet_data::trained_on(&self.data, &self.config.data);
            print(summary(metrics, &self.data, &sources, strangers, run, report, self.args.explain))?;
        }
        if let Some(interruption) = interruption {
            error(format_args!("interrupted {interruption}; {}", self.to_go_on()));
            return Ok(ExitCode::from(INTERRUPTED));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Returns the recipe without sources that are for other data than these.
pub(super) fn for_own(config: ValidConfig, data: &Dataset) -> Result<ValidConfig, ConfigError> {
    config.into_inner().for_own(|word| is_own(data, word)).validate("data.mixture")
}

/// Returns the recipe with what it changes where the images are few pictures in a folder, and says so.
fn where_few(
    config: ValidConfig,
    args: &TrainArgs,
    seen: &Dataset,
    decoys: Option<&Split>,
) -> Result<ValidConfig> {
    let Some(few) = config.train.few else { return Ok(config) };
    let is_folder = matches!(seen.source, Source::Given(_) | Source::Environment(_));
    let are_pictures = is_folder && args.data.known_shape(&config.data).is_some();
    let mut config = config.into_inner();
    if are_pictures && seen.train.len() <= few.images {
        let any_angle = few.turn && any_angle(&seen.train, &classes(seen.train.labels()));
        let before = config.train.augment.map(|augment| augment.degrees);
        let may_fold = folds::may_fold(seen, decoys, few.folds);
        let is_pretrained =
            few.pretrained && config.net.pretrained.is_none() && has_own(&config.net, shape(&seen.train)?);
        config.train = config.train.with_few(any_angle, may_fold, is_pretrained);
        if is_pretrained {
            config.net.pretrained = Some(NetConfig::CHARACTERS.into());
            note(
                "note",
                "the pictures are few, so training begins with what a net has learned from made-up characters\n\
                 (train.few.pretrained)",
            );
        }
        if config.train.augment.map(|augment| augment.degrees) != before {
            note(
                "note",
                "the pictures of a class show it at any angle, so pictures are turned by up to 180 degrees while\n\
                 training. If your things are always upright, say --set train.few.turn=false",
            );
        }
    } else {
        config.train.few = None;
    }
    Ok(config.validate("train.few")?)
}

/// Returns the text of a recipe: of one of the program's own, or of a file.
///
/// # Errors
/// Returns an error if there is no such recipe.
pub fn recipe_text(name: &str) -> Result<String, ConfigError> {
    let is_preset = PRESETS.iter().any(|(preset, _)| *preset == name);
    let looks_like_path = name.contains(['/', '\\', '.']);
    match is_preset || !looks_like_path {
        true => Ok(Config::preset_text(name)?.to_owned()),
        false => Config::read_text(Path::new(name)),
    }
}

/// Returns the recipe that the arguments name, with their changes.
fn config(args: &TrainArgs) -> Result<ValidConfig, ConfigError> {
    let name = args.config.as_str();
    let text = recipe_text(name)?;
    let config = Config::parse(&text, name)?;
    let mut changed = config.clone().with(&args.set)?;
    changed.seed = args.seed.unwrap_or(changed.seed);
    if let Some(folder) = &args.decoys {
        changed.data.decoys = Some(folder.clone());
    }
    changed.backend = args.backend.map_or(changed.backend, Backend::from);
    if let Some(name) = &args.name {
        changed.name.clone_from(name);
    }
    match config.clone().validate(name) {
        // What is wrong stands in the file, unless a change has put it right.
        Err(error) if changed == config => Err(error.located(&text)),
        _ => with_absolute_paths(changed).validate(&format!("{name}, as the command line changes it")),
    }
}

/// Returns the recipe with absolute paths, so that the run finds them from wherever it goes on.
fn with_absolute_paths(mut config: Config) -> Config {
    let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
    config.data.decoys = config.data.decoys.map(absolute);
    let unless = |word: &str, path: PathBuf| if path == Path::new(word) { path } else { absolute(path) };
    config.net.pretrained = config.net.pretrained.map(|path| unless(NetConfig::CHARACTERS, path));
    if let Some(teacher) = &mut config.teacher {
        teacher.model = unless(TeacherConfig::CHARACTERS_LARGE, mem::take(&mut teacher.model));
    }
    for source in config.data.mixture.iter_mut().filter_map(|source| source.source.as_mut()) {
        if !is_word(Path::new(source)) {
            let path = absolute(source.as_str().into()).into_os_string();
            *source = path.into_string().unwrap_or_else(|_| source.clone());
        }
    }
    config
}

/// Trains on `data`, of which `seen` are the run's own.
fn train(
    config: &ValidConfig,
    data: &TrainingData<'_>,
    seen: &Dataset,
    others: train::OtherNets<'_>,
    device: &Device,
    folder: &RunFolder,
    start: Start<'_>,
) -> Result<Trained> {
    let progress = Progress::new("train", 0, "steps");
    let mut terminal = Terminal { progress, folder, precision: None, unwritten: None };
    let trained = train::train(config, data, others, device, start, &mut terminal);
    let trained = trained.map_err(|error| in_their_words(error, data, seen, &config.data))?;
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
    if trained.held_out.is_empty() && config.train.hold_out != HoldOut::None {
        let or = match seen.class_count() {
            ENOUGH_CLASSES_TO_HOLD_OUT.. => ", or hold whole classes out (train.hold_out = \"classes\")",
            _ => "",
        };
        note(
            "note",
            format_args!(
                "No class has 6 training images, so none are held out and the model has no thresholds for\n\
                 \"unknown\". Add images{or}."
            ),
        );
    }
    Ok(trained)
}

/// Errors of training know neither where the data are nor what the classes are called.
pub(super) fn in_their_words(
    error: TrainError,
    data: &TrainingData<'_>,
    seen: &Dataset,
    config: &DataConfig,
) -> anyhow::Error {
    let place = match &error {
        TrainError::Data { part, reason } => match (&data.parts[*part].images, reason) {
            (PartImages::Own, SamplerError::TooFewImages { label, .. }) => {
                let name = seen.class_names.get(usize::from(*label));
                let class = name.map_or(String::new(), |name| format!(": class {label} is `{name}`"));
                format!("{}{class}", seen.source)
            }
            (PartImages::Own, SamplerError::TooFewClasses(left)) if !config.unseen.is_empty() => {
                return anyhow!(
                    "{}: data.unseen leaves {left} of {} to train on, and triplets need 2 or more: name fewer there, \
                     or add images of another class",
                    seen.source,
                    counted(seen.class_names.len(), "class")
                );
            }
            (PartImages::Own, SamplerError::TooFewClasses(_)) => seen.source.to_string(),
            (PartImages::Others(_) | PartImages::Characters(_), _) => {
                let source = config.mixture.get(*part).and_then(|source| source.source.as_deref());
                format!("data.mixture[{part}], {}", source.unwrap_or_default())
            }
        },
        TrainError::HoldOut(_) if !config.unseen.is_empty() => {
            let unseen = counted(config.unseen.len(), "name");
            format!("{}, without the {unseen} of data.unseen", seen.source)
        }
        TrainError::HoldOut(_) => seen.source.to_string(),
        _ => return error.into(),
    };
    anyhow::Error::new(error).context(place)
}

/// Shows how training goes.
struct Terminal<'a> {
    progress: Progress,
    folder: &'a RunFolder,
    /// P@1 on the held-out images, when it was last looked at.
    precision: Option<f64>,
    /// The reason why the history could not be written.
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

/// Returns the points of a receiver operating characteristic as comma-separated values.
fn roc(points: &[Rates<f64>]) -> String {
    let mut text = String::from("threshold,false_accept_rate,false_reject_rate\n");
    for Rates { threshold, false_accept_rate, false_reject_rate } in points {
        text += &format!("{threshold:.9},{false_accept_rate:.9},{false_reject_rate:.9}\n");
    }
    text
}

/// The output of `--json`.
#[derive(Serialize)]
struct Printed<'a> {
    /// The run's folder.
    run: &'a Path,
    #[serde(flatten)]
    metrics: &'a Metrics<'a>,
}

/// The content of `metrics.json`.
#[derive(Serialize)]
struct Metrics<'a> {
    dataset: &'a str,
    test_images: usize,
    held_out: HeldOut,
    /// What nets that were trained without some of the classes and decoys make of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    strangers: Option<StrangerMetrics>,
    float: &'a Scores,
    int8: &'a Scores,
    embeddings_per_second: f64,
    train_seconds: f64,
    images_seen: u64,
    model: ModelMetrics,
    seed: u64,
    backend: Backend,
}

/// The rates at the model's thresholds.
#[derive(Serialize)]
struct StrangerMetrics {
    equal_error: StrangerRates,
    false_accept_1_percent: StrangerRates,
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

/// Returns the last lines of a run.
fn summary(
    metrics: &Metrics<'_>,
    data: &Dataset,
    sources: &str,
    strangers: Option<String>,
    folder: &Path,
    report: &[&str],
    explain: bool,
) -> String {
    let Metrics { float, int8, model, held_out, .. } = metrics;
    let mut text = triplet_table(int8, data);
    text += &table(Some(float), int8, &data.class_names, mark(data));
    if let Some(episodes) = &int8.episodes {
        text += &episode_tables(episodes, mark(data));
    }
    if explain {
        text += &explanation(int8);
    } else if io::stdout().is_terminal() {
        text +=
            &format!("what the rows mean: cargo run -p host-train -- eval {} --explain\n", quoted(folder));
    }
    if let Some(strangers) = strangers {
        text += &strangers;
    } else if held_out.images > 0 {
        let images = count(held_out.images as u64, "held-out training image");
        text += &format!("\nthresholds calibrated on {images}");
        if held_out.images < MANY {
            text += ": rough (docs/THRESHOLD.md)";
        }
    }
    text += &format!(
        "\n\
         {} embeddings/s on this machine; {:.1} s of training\n\
         trained on {sources}\n\
         {} parameters, {} MACs\n\
         on a board: {RAM} {} bytes, {MODEL_IN_FLASH} {} bytes\n\
         model hash {}\n\n\
         wrote {}:\n{}",
        thousands(metrics.embeddings_per_second as u64),
        metrics.train_seconds,
        thousands(model.parameters as u64),
        thousands(model.macs),
        thousands(model.board_ram_bytes as u64),
        thousands(model.board_flash_bytes as u64),
        model.hash,
        folder.display(),
        listed(&[report, &[MODEL, METRICS, ROC, HISTORY, CONFIG, DATA, CHECKPOINT]].concat()),
    );
    let base = if folder.is_absolute() { "" } else { "$PWD/" };
    text += &format!(
        "open {}\n\
         next: cargo run -p host-train -- inspect {}\n      \
         TINYTRIPLET_MODEL={base}{} cargo run -p firmware\n",
        quoted(&folder.join(REPORT)),
        quoted(folder),
        quoted(&folder.join(MODEL)),
    );
    text
}
