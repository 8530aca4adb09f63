//! The command line.

mod help;

use crate::{
    commands::{self, device::DeviceArgs},
    terminal,
};
use anyhow::Result;
use clap::{
    Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, error::ErrorKind,
    parser::ValueSource, value_parser,
};
use clap_complete::Shell;
use std::{ffi::OsString, path::PathBuf, process::ExitCode};
use tinytriplet_recipe::Backend;

/// Train an embedding, quantize it to int8, and write the file that a microcontroller runs.
///
/// Without a command it does the main job: `train` with the default recipe, on real MNIST where it finds or can
/// download it, on drawn digits otherwise.
#[derive(Debug, Parser)]
#[command(name = "host-train", version, max_term_width = 100)]
#[command(override_usage = "host-train [OPTIONS]\n       host-train [OPTIONS] <COMMAND>")]
#[command(after_help = help::PROGRAM)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    train: TrainArgs,
    /// Nothing but errors on standard error: no progress, no notes; results are printed all the same
    #[arg(short, long, global = true, display_order = 1000)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Train, evaluate float and int8 side by side, and export (the default)
    #[command(after_help = help::TRAIN)]
    Train(TrainArgs),
    /// Quantize a run's checkpoint again and write its model file
    #[command(after_help = help::EXPORT)]
    Export(ExportArgs),
    /// Evaluate a model file on the test set
    #[command(after_help = help::EVAL)]
    Eval(EvalArgs),
    /// Write the report of a run, one HTML file; of several runs, a comparison
    #[command(after_help = help::REPORT)]
    Report(ReportArgs),
    /// Train variants of a recipe side by side and print a Markdown table of held-out scores
    #[command(after_help = help::STUDY)]
    Study(StudyArgs),
    /// Write the embeddings of images as a NumPy array
    #[command(after_help = help::EMBED)]
    Embed(EmbedArgs),
    /// Print layers, shapes, sizes, RAM, hash and thresholds of a model file, and run its self-test
    #[command(after_help = help::INSPECT)]
    Inspect(InspectArgs),
    /// Measure how many embeddings a second this machine computes, and the time of each layer
    #[command(after_help = help::BENCH)]
    Bench(BenchArgs),
    /// Talk to a board: enrol, recognise, measure, compare
    Device(DeviceArgs),
    /// Write test images as PNG files, a sub-folder a class: something to show to a board
    #[command(after_help = help::SAMPLES)]
    Samples(SamplesArgs),
    /// Print the drawn digits as text, the format of firmware/demo/digits.txt
    #[command(after_help = help::DRAW)]
    Draw {
        /// How many of each class
        #[arg(long, default_value_t = 1, value_name = "N", value_parser = value_parser!(u16).range(1..=10_000))]
        per_class: u16,
        /// Same seed, same digits
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Print a script that lets a shell complete this program's commands and options
    #[command(after_help = help::COMPLETIONS)]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Where the images come from.
#[derive(Clone, Debug, Args)]
pub struct DataArgs {
    /// Folder of the four IDX files, plain or gzipped; or of images (PNG, JPEG, BMP), a sub-folder a class; or
    /// `drawn` for drawn digits [default: the folder in TINYTRIPLET_DATA, the cache, a download, drawn digits]
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Name image files that are broken, and go on without them
    #[arg(long)]
    pub skip_broken: bool,
}

/// Arguments of `train`.
#[derive(Clone, Debug, Args)]
pub struct TrainArgs {
    /// Recipe: a file (TOML or JSON), or one of the program's own: default, best, lenet5, origin, quick, tiny, unseen
    #[arg(short, long, value_name = "FILE|NAME", default_value = "default")]
    pub config: String,
    /// Where the images come from
    #[command(flatten)]
    pub data: DataArgs,
    /// What computes [default: the recipe's]
    #[arg(long, value_enum)]
    pub backend: Option<BackendArg>,
    /// Same seed, same model [default: the recipe's]
    #[arg(long)]
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
    #[arg(long, value_name = "RUN", conflicts_with_all = ["config", "backend", "seed", "name", "set", "out"])]
    pub resume: Option<PathBuf>,
    /// Print JSON, as in the run's metrics.json, and which folder is the run's, instead of tables
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `export`.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// The run's folder: its config.toml and checkpoint are read
    pub run: PathBuf,
    /// Where the images come from
    #[command(flatten)]
    pub data: DataArgs,
    /// Model file to write [default: model.postcard in the run's folder]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Arguments of `eval`.
#[derive(Clone, Debug, Args)]
pub struct EvalArgs {
    /// A model file, or the folder of a run
    pub model: PathBuf,
    /// Where the images come from
    #[command(flatten)]
    pub data: DataArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `report`.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// Folders of runs, such as runs/default
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// Where the images come from
    #[command(flatten)]
    pub data: DataArgs,
    /// File to write [default: report.html in the run's folder; of several runs, comparison.html beside them]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print all that the report shows as JSON, a list of runs, and write nothing
    #[arg(long, conflicts_with = "out")]
    pub json: bool,
}

/// Arguments of `study`.
#[derive(Clone, Debug, Args)]
pub struct StudyArgs {
    /// The study: a file such as configs/studies/losses.toml
    pub study: PathBuf,
    /// Where the images come from
    #[command(flatten)]
    pub data: DataArgs,
}

/// Arguments of `embed`.
#[derive(Clone, Debug, Args)]
pub struct EmbedArgs {
    /// A model file, or the folder of a run
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// Image files (PNG, JPEG, BMP), folders of them, or IDX files, plain or gzipped, of which `FILE:3,5,10-19`
    /// chooses some; pictures are made ready as the model says. Each is printed behind its row of the array, unless
    /// that is its number in an IDX file
    #[arg(long, value_name = "PATH", num_args = 1.., required = true)]
    pub images: Vec<PathBuf>,
    /// NumPy file to write: N x D, uint8 or int8, the engine's own integers
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Arguments of `samples`.
#[derive(Clone, Debug, Args)]
pub struct SamplesArgs {
    /// Folder to write to; it must be empty, or not there
    pub folder: PathBuf,
    /// Where the images come from
    #[command(flatten)]
    pub data: DataArgs,
    /// How many of each class
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = value_parser!(u16).range(1..))]
    pub per_class: u16,
    /// Same seed, same images
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Arguments of `inspect`.
#[derive(Clone, Debug, Args)]
pub struct InspectArgs {
    /// A model file, or the folder of a run
    pub model: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `bench`.
#[derive(Clone, Debug, Args)]
pub struct BenchArgs {
    /// A model file, or the folder of a run
    pub model: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
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

impl Cli {
    /// Every command and option, with the exit statuses behind each help text.
    pub fn description() -> clap::Command {
        help::with_exit_status(Self::command())
    }

    /// What the arguments say; the first is the program's name.
    ///
    /// # Errors
    /// They are no command line of this program, or ask for help.
    pub fn from_arguments(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut description = Self::description();
        let matches = description.try_get_matches_from_mut(arguments)?;
        if let Some(command) = matches.subcommand_name() {
            // clap's `args_conflicts_with_subcommands` would refuse `--quiet`, too, which suits every command.
            let is_stray = |argument: &&clap::Arg| {
                let source = matches.value_source(argument.get_id().as_str());
                !argument.is_global_set() && source == Some(ValueSource::CommandLine)
            };
            let stray = description.get_arguments().find(is_stray).map(|argument| {
                format!("`{argument}` stands before `{command}`, where it means nothing: put it behind")
            });
            if let Some(message) = stray {
                return Err(description.error(ErrorKind::ArgumentConflict, message));
            }
        }
        Self::from_arg_matches(&matches).map_err(|error| error.format(&mut description))
    }

    /// Does what the command line says.
    ///
    /// # Errors
    /// What went wrong, for a person to read.
    pub fn run(self) -> Result<ExitCode> {
        if self.quiet {
            terminal::be_quiet();
        }
        match self.command.unwrap_or(Command::Train(self.train)) {
            Command::Train(args) => return commands::train::run(&args),
            Command::Export(args) => commands::export::run(&args),
            Command::Eval(args) => commands::eval::run(&args),
            Command::Report(args) => commands::report::run(&args),
            Command::Study(args) => commands::study::run(&args),
            Command::Embed(args) => commands::embed::run(&args.model, &args.images, &args.out),
            Command::Inspect(args) => commands::inspect::run(&args.model, args.json),
            Command::Bench(args) => commands::bench::run(&args.model, args.json),
            Command::Device(args) => return commands::device::run(args),
            Command::Samples(args) => commands::samples::run(&args),
            Command::Draw { per_class, seed } => commands::draw::run(per_class.into(), seed),
            Command::Completions { shell } => commands::completions::run(shell),
        }
        .map(|()| ExitCode::SUCCESS)
    }
}
