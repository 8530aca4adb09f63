//! The command line.

mod help;

use crate::{
    commands::{
        self, bench::BenchArgs, calibrate::CalibrateArgs, characters::CharactersArgs,
        completions::CompletionsArgs, device::DeviceArgs, draw::DrawArgs, embed::EmbedArgs, eval::EvalArgs,
        export::ExportArgs, inspect::InspectArgs, report::ReportArgs, samples::SamplesArgs, see::SeeArgs,
        study::StudyArgs, threshold::ThresholdArgs, train::TrainArgs,
    },
    terminal,
};
use anyhow::Result;
use clap::{
    CommandFactory, FromArgMatches, Parser, Subcommand,
    builder::StyledStr,
    error::{ContextKind, ContextValue, ErrorKind},
    parser::ValueSource,
};
use std::{ffi::OsString, process::ExitCode, str::FromStr};

/// Train an embedding, quantize it to int8, and write the file that a microcontroller runs.
///
/// Without a command it does the main job: `train` with the default recipe, on real MNIST where it
/// finds or can download it, on drawn digits otherwise.
#[derive(Debug, Parser)]
#[command(name = "host-train", version, max_term_width = 100)]
#[command(override_usage = "host-train [OPTIONS]\n       host-train [OPTIONS] <COMMAND>")]
#[command(after_help = help::PROGRAM)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    train: TrainArgs,
    /// Nothing but errors on standard error: no progress, no notes; results are printed all the
    /// same
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
    /// Show what the net is given of a picture: in the terminal, and as a PNG beside the original
    #[command(after_help = help::SEE)]
    See(SeeArgs),
    /// Print layers, shapes, sizes, RAM, hash and thresholds of a model file, and run its self-test; or
    /// what a recipe's net will take
    #[command(after_help = help::INSPECT)]
    Inspect(InspectArgs),
    /// Ask a model about strangers, and put thresholds by shots into its file
    #[command(after_help = help::CALIBRATE)]
    Calibrate(CalibrateArgs),
    /// Ask a model about pictures of your own things and of strangers, and propose a threshold
    #[command(after_help = help::THRESHOLD)]
    Threshold(ThresholdArgs),
    /// Measure how many embeddings a second this machine computes, and the time of each layer
    #[command(after_help = help::BENCH)]
    Bench(BenchArgs),
    /// Talk to a board: enrol, recognise, measure, compare
    Device(DeviceArgs),
    /// Write test images as PNG files, one sub-folder per class: something to show to a board
    #[command(after_help = help::SAMPLES)]
    Samples(SamplesArgs),
    /// Print the drawn digits as text, the format of firmware/demo/digits.txt
    #[command(after_help = help::DRAW)]
    Draw(DrawArgs),
    /// Write a picture of made-up characters, a row per character
    #[command(after_help = help::CHARACTERS)]
    Characters(CharactersArgs),
    /// Print a script that lets a shell complete this program's commands and options
    #[command(after_help = help::COMPLETIONS)]
    Completions(CompletionsArgs),
}

impl Cli {
    /// Returns every command and option, with the exit statuses after each help text.
    pub fn description() -> clap::Command {
        with_negative_numbers(help::with_exit_status(Self::command()))
    }

    /// Reads the arguments; the first is the program's name.
    ///
    /// # Errors
    /// Returns an error if they are no command line of this program, or ask for help.
    pub fn from_arguments(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut description = Self::description();
        let matches =
            description.try_get_matches_from_mut(arguments).map_err(|error| hint(error, &description))?;
        if let Some(command) = matches.subcommand_name() {
            // clap's `args_conflicts_with_subcommands` would refuse `--quiet`, too, which suits
            // every command.
            let is_stray = |argument: &&clap::Arg| {
                let source = matches.value_source(argument.get_id().as_str());
                !argument.is_global_set() && source == Some(ValueSource::CommandLine)
            };
            let stray = description.get_arguments().find(is_stray).map(|argument| {
                format!(
                    "`{argument}` stands before `{command}`, where it means nothing: put it after the command"
                )
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
    /// Returns what went wrong, for a person to read.
    pub fn run(self) -> Result<ExitCode> {
        if self.quiet {
            terminal::set_quiet();
        }
        match self.command.unwrap_or(Command::Train(self.train)) {
            Command::Train(args) => return commands::train::run(&args),
            Command::Export(args) => commands::export::run(&args),
            Command::Eval(args) => commands::eval::run(&args),
            Command::Report(args) => commands::report::run(&args),
            Command::Study(args) => commands::study::run(&args),
            Command::Embed(args) => commands::embed::run(&args),
            Command::See(args) => commands::see::run(&args),
            Command::Inspect(args) => commands::inspect::run(&args),
            Command::Calibrate(args) => commands::calibrate::run(&args),
            Command::Threshold(args) => commands::threshold::run(&args),
            Command::Bench(args) => commands::bench::run(&args),
            Command::Device(args) => return commands::device::run(args),
            Command::Samples(args) => commands::samples::run(&args),
            Command::Draw(args) => commands::draw::run(&args),
            Command::Characters(args) => commands::characters::run(&args),
            Command::Completions(args) => commands::completions::run(&args, &mut Self::description()),
        }
        .map(|()| ExitCode::SUCCESS)
    }
}

/// Lets options take a negative number, which clap otherwise takes for an option of its own: the error is then about
/// the number.
fn with_negative_numbers(command: clap::Command) -> clap::Command {
    let negative = |argument: clap::Arg| match argument.is_positional() {
        true => argument,
        false => argument.allow_negative_numbers(true),
    };
    command.mut_args(negative).mut_subcommands(with_negative_numbers)
}

/// Reads a whole number of the command line.
///
/// # Errors
/// Returns an error in words if it is something else, negative, or too large.
pub fn whole_number<T: FromStr>(text: &str) -> Result<T, &'static str> {
    let is_whole = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .map_err(|_| if is_whole { "it is too large" } else { "it must be a whole number, 0 or more" })
}

/// Adds to the error about an unknown command that it is one of `device`'s, if it is.
fn hint(mut error: clap::Error, description: &clap::Command) -> clap::Error {
    if let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand)
        && let Some(device) = description.find_subcommand("device")
        && device.find_subcommand(name).is_some()
    {
        let tip = StyledStr::from(format!("boards have such a command: 'device {name}'"));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    error
}
