//! The command line of `cargo run -p firmware`.

use crate::{
    alone, demo,
    emulator::{EmulatorError, Line},
    measure::{self, Models},
    output::print,
    run, serve, uf2,
};
use clap::Parser;
use std::{
    env,
    error::Error,
    io::{self, ErrorKind},
    path::PathBuf,
    process::ExitCode,
};
use tinytriplet_boards::{BOARDS, Board, Emulated, find};

/// The exit status of a program whose standard output was closed, as shells have it.
const CLOSED: u8 = 141;

/// The tasks besides `--measure`. (What an option requires counts as given where it could not be
/// given.)
const NOT_MEASURE: [&str; 7] = ["alone", "board", "list", "list_boards", "serve", "run", "uf2"];
/// The tasks besides `--serve`.
const NOT_SERVE: [&str; 7] = ["alone", "board", "list", "list_boards", "measure", "run", "uf2"];
/// The tasks besides `--uf2`.
const NOT_UF2: [&str; 7] = ["alone", "board", "list", "list_boards", "measure", "run", "serve"];

/// Builds the firmware, boots it on an emulated board and shows it at work.
#[derive(Debug, Parser)]
#[command(name = "firmware", term_width = 80)]
#[command(override_usage = "cargo run -p firmware [-- OPTIONS]")]
#[command(after_help = "\
TINYTRIPLET_MODEL=FILE builds another model in.

Exit status: 0 done, 1 failed (standard error says why), 2 wrong usage,
130 interrupted by Ctrl-C, 141 nothing reads standard output any more.")]
pub struct Cli {
    /// Emulate this board [default: mps2-an386]
    #[arg(long, value_name = "NAME", value_parser = find_emulated, group = "task")]
    board: Option<&'static Board>,
    /// Let an emulated board see by itself, without a PC: digits step by, it
    /// learns them and names them
    #[arg(long, value_name = "NAME", value_parser = find_emulated, group = "task")]
    alone: Option<&'static Board>,
    /// List the boards
    #[arg(long, group = "task")]
    list: bool,
    /// List the boards' names and compiler targets, for scripts
    #[arg(long, group = "task")]
    list_boards: bool,
    /// Count what an inference costs on this board: instructions, stack
    #[arg(long, value_name = "NAME", value_parser = find_emulated, group = "task")]
    measure: Option<&'static Board>,
    /// With --measure: count each *.postcard in this folder, not the built-in
    /// model
    #[arg(long, value_name = "FOLDER", requires = "measure", conflicts_with_all = NOT_MEASURE)]
    models: Option<PathBuf>,
    /// With --measure: print JSON
    #[arg(long, requires = "measure", conflicts_with_all = NOT_MEASURE)]
    json: bool,
    /// Lend an emulated board to another program: its serial line over standard
    /// input and output, until the input ends
    #[arg(long, value_name = "NAME", value_parser = find_emulated, group = "task")]
    serve: Option<&'static Board>,
    /// With --serve: keep the gallery in this file, not in
    /// target/boards/NAME.flash
    #[arg(long, value_name = "FILE", requires = "serve", conflicts_with_all = NOT_SERVE)]
    flash: Option<PathBuf>,
    /// With --serve: talk to the board over its USB port, not its UART
    #[arg(long, requires = "serve", conflicts_with_all = NOT_SERVE)]
    usb: bool,
    /// With --serve: do not tell on standard error which board runs where
    #[arg(long, requires = "serve", conflicts_with_all = NOT_SERVE)]
    quiet: bool,
    /// Put a built firmware on its board and show its log: through probe-rs, or
    /// in the emulator if the board is an emulated one
    #[arg(long, value_name = "PROGRAM", group = "task")]
    run: Option<PathBuf>,
    /// Write the firmware as a UF2 file, to be copied to the board's drive: the
    /// board needs a USB cable, and no debug probe
    #[arg(long, value_name = "NAME", value_parser = find_board, group = "task")]
    uf2: Option<&'static Board>,
    /// With --uf2: write this file, not target/boards/NAME.uf2
    #[arg(long, short, value_name = "FILE", requires = "uf2", conflicts_with_all = NOT_UF2)]
    output: Option<PathBuf>,
}

/// Carries out the command line. `model` is the model file that is built into the firmware, and
/// `capacity` the number of labels that its gallery has room for.
pub fn main(model: &'static [u8], capacity: usize) -> ExitCode {
    let result = match Cli::try_parse() {
        Ok(cli) => cli.run(model, capacity),
        Err(error) => match error.print() {
            // Help is asked for; anything else is wrong usage.
            Ok(()) => return ExitCode::from(error.exit_code() as u8),
            Err(error) => Err(error.into()),
        },
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&*error) => ExitCode::from(CLOSED),
        Err(error) => {
            eprintln!("firmware: {error}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

impl Cli {
    fn run(self, model: &'static [u8], capacity: usize) -> Result<(), Box<dyn Error>> {
        if let Some(board) = self.measure {
            let models = self.models.or_else(models_variable).map_or(Models::BuiltIn(model), Models::Folder);
            measure::run(board, &models, self.json)
        } else if let Some(board) = self.serve {
            serve::run(board, self.flash, if self.usb { Line::Usb } else { Line::Uart }, self.quiet)
        } else if let Some(board) = self.alone {
            alone::run(board, model, capacity)
        } else if let Some(program) = self.run {
            run::run(&program)
        } else if let Some(board) = self.uf2 {
            uf2::run(board, self.output)
        } else if self.list {
            list(|board| format!("{:15} {}; {}\n", board.name, board.description, board.emulator))
        } else if self.list_boards {
            list(|board| format!("{} {}\n", board.name, board.target))
        } else {
            demo::run(self.board.unwrap_or(&BOARDS[0]), model)
        }
    }
}

/// Returns the folder that `TINYTRIPLET_MODELS` names. A relative path counts from the workspace,
/// as in the firmware's build script.
fn models_variable() -> Option<PathBuf> {
    let path = env::var_os("TINYTRIPLET_MODELS").filter(|path| !path.is_empty())?;
    Some(crate::emulator::workspace().join(path))
}

fn find_board(name: &str) -> Result<&'static Board, String> {
    find(name).ok_or_else(|| {
        let names = BOARDS.map(|board| board.name).join(", ");
        format!("there is no such board; there are {names}")
    })
}

fn find_emulated(name: &str) -> Result<&'static Board, String> {
    let board = find_board(name)?;
    match board.emulator {
        Emulated::None => Err(EmulatorError::NoEmulator(board).to_string()),
        _ => Ok(board),
    }
}

fn list(line: impl Fn(&Board) -> String) -> Result<(), Box<dyn Error>> {
    BOARDS.iter().try_for_each(|board| print(&line(board)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, error::ErrorKind::*};

    #[test]
    fn the_command_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_has_eighty_columns() {
        let help = Cli::command().render_help().to_string();
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
    }

    #[test]
    fn wrong_usage_is_refused() {
        for (kind, words) in [
            (UnknownArgument, &["--bored", "pico"][..]),
            (ValueValidation, &["--board", "picot"]),
            (ValueValidation, &["--board", "pico2"]),
            (InvalidValue, &["--measure"]),
            (MissingRequiredArgument, &["--models", "folder"]),
            (ArgumentConflict, &["--board", "pico", "--json"]),
            (ArgumentConflict, &["--measure", "pico", "--quiet"]),
            (MissingRequiredArgument, &["--flash", "file"]),
            (MissingRequiredArgument, &["--quiet"]),
            (MissingRequiredArgument, &["--usb"]),
            (ArgumentConflict, &["--list", "--board", "pico"]),
            (ArgumentConflict, &["--alone", "pico", "--quiet"]),
            (ValueValidation, &["--uf2", "picot"]),
            (MissingRequiredArgument, &["--output", "file"]),
            (ArgumentConflict, &["--board", "pico", "--output", "file"]),
        ] {
            let error = Cli::try_parse_from([&["firmware"], words].concat()).unwrap_err();
            assert_eq!((error.kind(), error.exit_code()), (kind, 2), "{words:?}: {error}");
        }
    }

    #[test]
    fn options_are_read() {
        let cli = |words: &[&str]| Cli::try_parse_from([&["firmware"], words].concat()).unwrap();
        assert_eq!(cli(&["--board", "pico"]).board, find("pico"));
        let measure = cli(&["--measure", "pico", "--json", "--models", "folder"]);
        assert_eq!(
            (measure.measure, measure.json, measure.models),
            (find("pico"), true, Some("folder".into()))
        );
        let serve = cli(&["--serve", "pico", "--quiet", "--usb", "--flash", "file"]);
        assert_eq!((serve.serve, serve.quiet, serve.flash), (find("pico"), true, Some("file".into())));
        assert!(serve.usb);
        assert_eq!(cli(&["--alone", "pico"]).alone, find("pico"));
        assert_eq!(cli(&["--run", "program"]).run, Some("program".into()));
        // Known, though it has no emulator.
        let uf2 = cli(&["--uf2", "pico2", "-o", "file"]);
        assert_eq!((uf2.uf2, uf2.output), (find("pico2"), Some("file".into())));
        assert!(cli(&["--list"]).list && cli(&["--list-boards"]).list_boards);
    }
}
