//! On a PC: `cargo run -p firmware`.

mod demo;
mod measure;
mod serve;

use firmware::{
    boards::{self, BOARDS, Board, Emulated},
    emulator::{Emulator, EmulatorError, Program},
};
use std::{
    env,
    error::Error,
    ffi::{OsStr, OsString},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    thread,
    time::Duration,
};

const HELP: &str = "\
Builds the firmware, boots it on an emulated board and shows it at work.

  cargo run -p firmware [-- OPTION]

  --board NAME    the board to emulate
  --list          the boards
  --list-boards   their names and compiler's targets, for scripts
  --measure NAME  what an inference costs on this board: instructions, stack
    --models FOLDER   ... by each *.postcard in it, not by the built-in model
    --json            ... as JSON
  --serve NAME    an emulated board for another program: its serial line over
                  standard input and output, until the input ends
    --flash FILE      ... with the gallery in this file, not in
                      target/boards/NAME.flash
    --quiet           ... without a word about it on standard error
  --run PROGRAM   put a built firmware on its board: through probe-rs, or in the
                  emulator where the board is an emulated one; shows its log
  --help          this text

TINYTRIPLET_MODEL=FILE builds another model in.

Exit status: 0 done, 1 failed (standard error says why), 2 wrong usage,
130 interrupted by Ctrl-C, 141 nobody reads standard output any more.
";

/// The statuses of wrong usage, and of a program whose standard output was closed, as shells have them.
const USAGE: u8 = 2;
const CLOSED: u8 = 141;

/// What the command line asks for.
enum Task {
    Demo(&'static Board),
    Measure(Measuring),
    Serve(Serving),
    List,
    ListTargets,
    Run(OsString),
    Help,
}

/// What is to be lent, and how.
struct Serving {
    board: &'static Board,
    flash: Option<PathBuf>,
    quiet: bool,
}

/// What is to be measured, and how it is to be shown.
struct Measuring {
    board: &'static Board,
    models: Option<PathBuf>,
    json: bool,
}

pub fn main() -> ExitCode {
    let result = match task(env::args_os().skip(1)) {
        Ok(Task::Demo(board)) => demo::run(board),
        Ok(Task::Measure(measuring)) => measure::run(&measuring),
        Ok(Task::Serve(serving)) => serve::run(&serving),
        Ok(Task::List) => list(),
        Ok(Task::ListTargets) => list_targets(),
        Ok(Task::Run(program)) => run(Path::new(&program)),
        Ok(Task::Help) => demo::print(HELP),
        Err(message) => {
            eprintln!("firmware: {message}");
            return ExitCode::from(USAGE);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read along has seen enough.
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

fn task(mut arguments: impl Iterator<Item = OsString>) -> Result<Task, String> {
    let mut task = Task::Demo(&BOARDS[0]);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{} needs a value", argument.display()));
        task = match argument.to_str() {
            Some("--board") => Task::Demo(find_emulated(&value()?)?),
            Some("--measure") => {
                Task::Measure(Measuring { board: find_emulated(&value()?)?, models: None, json: false })
            }
            Some("--models") => match task {
                Task::Measure(measuring) => {
                    Task::Measure(Measuring { models: Some(value()?.into()), ..measuring })
                }
                _ => return Err("--models belongs behind --measure".to_owned()),
            },
            Some("--json") => match task {
                Task::Measure(measuring) => Task::Measure(Measuring { json: true, ..measuring }),
                _ => return Err("--json belongs behind --measure".to_owned()),
            },
            Some("--serve") => {
                Task::Serve(Serving { board: find_emulated(&value()?)?, flash: None, quiet: false })
            }
            Some("--flash") => match task {
                Task::Serve(serving) => Task::Serve(Serving { flash: Some(value()?.into()), ..serving }),
                _ => return Err("--flash belongs behind --serve".to_owned()),
            },
            Some("--quiet") => match task {
                Task::Serve(serving) => Task::Serve(Serving { quiet: true, ..serving }),
                _ => return Err("--quiet belongs behind --serve".to_owned()),
            },
            Some("--run") => return Ok(Task::Run(value()?)),
            Some("--list") => Task::List,
            Some("--list-boards") => Task::ListTargets,
            Some("--help" | "-h") => return Ok(Task::Help),
            _ => {
                return Err(format!("unknown argument {}; --help tells which there are", argument.display()));
            }
        };
    }
    Ok(task)
}

fn find_emulated(name: &OsStr) -> Result<&'static Board, String> {
    let board = name.to_str().and_then(boards::find).ok_or_else(|| {
        let names = BOARDS.map(|board| board.name).join(", ");
        format!("there is no board {}; there are {names}", name.display())
    })?;
    match board.emulator {
        Emulated::None => Err(EmulatorError::NoEmulator(board).to_string()),
        _ => Ok(board),
    }
}

fn list() -> Result<(), Box<dyn Error>> {
    BOARDS.iter().try_for_each(|board| {
        demo::print(&format!("{:15} {}; {}\n", board.name, board.description, board.emulator))
    })
}

fn list_targets() -> Result<(), Box<dyn Error>> {
    BOARDS.iter().try_for_each(|board| demo::print(&format!("{} {}\n", board.name, board.target)))
}

/// Runs a program where it belongs, until it is interrupted.
fn run(path: &Path) -> Result<(), Box<dyn Error>> {
    let program = Program::read(path)?;
    let Some(chip) = program.board().chip else { return run_emulated(&program) };
    let status = Command::new("probe-rs").args(["run", "--chip", chip]).arg(path).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("probe-rs: {status}").into()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err("probe-rs is not installed; `cargo install probe-rs-tools --locked` installs it".into())
        }
        Err(error) => Err(error.into()),
    }
}

fn run_emulated(program: &Program) -> Result<(), Box<dyn Error>> {
    let mut emulator = Emulator::boot(program)?;
    loop {
        for line in emulator.log_lines()? {
            demo::print(&format!("{line}\n"))?;
        }
        if !emulator.is_running() {
            return Err("the emulator has ended".into());
        }
        thread::sleep(Duration::from_millis(100));
    }
}
