//! `device`: the PC's side of a board.

mod bench;
mod board;
mod enrol;
mod gallery;
mod help;
mod info;
mod parity;
mod recognise;
mod restart;
mod see;

use crate::{
    device::{Address, Settings, serial_ports},
    terminal::{error, is_quiet, note},
};
use anyhow::{Context, Result};
use board::{Board, ImageArgs, RawArgs};
use clap::{Args, Subcommand};
use std::{env, path::PathBuf, process::ExitCode};

/// The environment variable that names a port.
const VARIABLE: &str = "TINYTRIPLET_PORT";
/// The environment variable that names the file of an emulated board's flash.
const FLASH: &str = "TINYTRIPLET_FLASH";
/// The status of wrong usage, as clap has it.
const USAGE: u8 = 2;

/// Arguments of `device`.
#[derive(Clone, Debug, Args)]
#[command(after_help = help::DEVICE)]
pub struct DeviceArgs {
    /// Address of the board: a serial port (/dev/ttyACM0, COM3), auto, which finds a board on USB,
    /// tcp:HOST:PORT, or emulate:BOARD, which builds the firmware and boots it in an emulator
    /// [default: TINYTRIPLET_PORT]
    #[arg(long, global = true, help_heading = "Board", value_name = "PORT")]
    port: Option<Address>,
    /// Bits a second on a serial port [default: the fastest that works, of 115200 to 921600]
    #[arg(long, global = true, help_heading = "Board", value_name = "RATE",
        value_parser = clap::value_parser!(u32).range(1..))]
    baud: Option<u32>,
    /// File that holds an emulated board's flash [default: TINYTRIPLET_FLASH,
    /// target/boards/BOARD.flash]
    #[arg(long, global = true, help_heading = "Board", value_name = "FILE")]
    flash: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Show the board, its firmware and model, and how much is enrolled
    #[command(after_help = help::INFO)]
    Info {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Teach it what a label looks like: one image or more
    #[command(visible_alias = "enroll", after_help = help::ENROL)]
    Enrol {
        /// Its name: at most 31 bytes
        label: String,
        #[command(flatten)]
        images: ImageArgs,
    },
    /// Ask what images show
    #[command(visible_alias = "recognize", after_help = help::RECOGNISE)]
    Recognise {
        #[command(flatten)]
        images: ImageArgs,
        #[command(flatten)]
        how: recognise::How,
    },
    /// Show what the board makes of a picture: the pixels that its net is given
    #[command(after_help = help::SEE)]
    See(see::SeeArgs),
    /// Ask what images show as they arrive in a folder, until Ctrl-C
    #[command(after_help = help::WATCH)]
    Watch {
        /// The folder
        folder: PathBuf,
        #[command(flatten)]
        raw: RawArgs,
        #[command(flatten)]
        how: recognise::How,
    },
    /// List the labels, and the number of images of each
    #[command(after_help = help::LIST)]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Forget labels, or the image that was enrolled last
    #[command(after_help = help::FORGET)]
    Forget {
        /// Which; all of them must be enrolled
        #[arg(value_name = "LABEL", required_unless_present = "last", conflicts_with = "last")]
        labels: Vec<String>,
        /// Take back the image that was enrolled last, until another is shown, something else is
        /// changed, or the board restarts
        #[arg(long)]
        last: bool,
    },
    /// Forget all labels, and whatever else lies in the gallery's flash
    #[command(after_help = help::CLEAR)]
    Clear {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Save what is enrolled to a file: JSON, one line per label
    #[command(after_help = help::EXPORT)]
    Export {
        /// File to write
        file: PathBuf,
    },
    /// Put what a file holds into the gallery; labels that are enrolled are replaced, others stay
    #[command(after_help = help::IMPORT)]
    Import {
        /// File that `export` has written
        file: PathBuf,
    },
    /// Measure the time of an embedding on the board, and of a request with its answer over the
    /// line
    #[command(after_help = help::BENCH)]
    Bench {
        /// Number of each
        #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
        runs: u16,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Compare pixels and what each layer computes on the board with what this PC makes and
    /// computes, to the last bit
    #[command(after_help = help::PARITY)]
    Parity(parity::ParityArgs),
    /// Have the board check its model and its arithmetic
    #[command(after_help = help::SELFTEST)]
    Selftest,
    /// Restart the board, and wait until it is back
    #[command(after_help = help::RESET)]
    Reset {
        /// Panic, as if it had found a fault in itself
        #[arg(long)]
        panic: bool,
        /// Hang until its watchdog restarts it
        #[arg(long, conflicts_with = "panic")]
        hang: bool,
        /// Restart into its boot loader, and do not wait: a Pico becomes a drive that takes a UF2
        /// file
        #[arg(long, conflicts_with_all = ["panic", "hang"])]
        bootsel: bool,
    },
}

/// Connects, and does what the arguments say.
///
/// # Errors
/// Returns an error if no board answers, it refuses, or a file cannot be used.
pub fn run(args: DeviceArgs) -> Result<ExitCode> {
    // Set to nothing means not set, as is the habit.
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty());
    let address = match (args.port, variable(VARIABLE)) {
        (Some(address), _) => address,
        (None, Some(text)) => text.to_string_lossy().parse().context(VARIABLE)?,
        (None, None) => {
            error(format_args!("error: which board? Say --port PORT, or set {VARIABLE}. {}", ports()));
            return Ok(ExitCode::from(USAGE));
        }
    };
    if let Command::Enrol { label, .. } = &args.command {
        enrol::check(label)?;
    }
    if let Address::Emulated(board) = &address {
        note("board", format_args!("{board}: building its firmware and booting it"));
    }
    let flash = args.flash.or_else(|| variable(FLASH).map(PathBuf::from));
    let board = Board::connect(&address, &Settings { baud: args.baud, flash, quiet: is_quiet() })?;
    match args.command {
        Command::Info { json } => info::run(board, json),
        Command::Enrol { label, images } => return enrol::run(board, &label, &images),
        Command::Recognise { images, how } => recognise::run(board, &images, how),
        Command::See(args) => see::run(board, &args),
        Command::Watch { folder, raw, how } => recognise::watch(board, &folder, raw, how),
        Command::List { json } => gallery::list(board, json),
        Command::Forget { last: true, .. } => gallery::take_back(board),
        Command::Forget { labels, .. } => gallery::forget(board, &labels),
        Command::Clear { yes } => gallery::clear(board, yes),
        Command::Export { file } => gallery::export(board, &file),
        Command::Import { file } => return gallery::import(board, &file),
        Command::Bench { runs, json } => bench::run(board, runs, json),
        Command::Parity(args) => return parity::run(board, &args),
        Command::Selftest => return parity::self_test(board),
        Command::Reset { bootsel: true, .. } => restart::into_bootloader(board),
        Command::Reset { panic, hang, .. } => restart::run(board, panic, hang),
    }
    .map(|()| ExitCode::SUCCESS)
}

/// Returns what `--port` could be.
fn ports() -> String {
    let mut ports = serial_ports();
    ports.extend(["auto".into(), "tcp:HOST:PORT".into(), "emulate:mps2-an386".into()]);
    format!("PORT is one of {}", ports.join(", "))
}
