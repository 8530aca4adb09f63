//! Puts a built program on its board.

use crate::{
    emulator::{Emulator, Program},
    output::print,
};
use std::{error::Error, io::ErrorKind, path::Path, process::Command, thread, time::Duration};

/// Runs a program on its board until it is interrupted: through probe-rs, or in the emulator if the
/// board is an emulated one.
pub fn run(path: &Path) -> Result<(), Box<dyn Error>> {
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
            print(&format!("{line}\n"))?;
        }
        if !emulator.is_running() {
            return Err("the emulator has ended".into());
        }
        thread::sleep(Duration::from_millis(100));
    }
}
