//! Lends an emulated board's serial line to another program.

use crate::emulator::{self, Binary, Emulator, Line};
use std::{
    error::Error,
    io::{self, ErrorKind, Read, Write},
    path::PathBuf,
    thread,
};
use tinytriplet_boards::Board;

/// Builds the firmware, boots it with the gallery in the file `flash`, and carries its line
/// `line` over standard input and output until standard input ends. Unless `quiet`, it tells on standard
/// error which board runs where.
pub fn run(
    board: &'static Board,
    flash: Option<PathBuf>,
    line: Line,
    quiet: bool,
) -> Result<(), Box<dyn Error>> {
    let program = emulator::build(board, Binary::Firmware)?;
    let flash = flash.unwrap_or_else(|| emulator::flash_path(board));
    let mut emulator = Emulator::boot_with_flash(&program, &flash, line)?;
    match board.kept_memory() {
        _ if quiet => {}
        Some(_) => {
            eprintln!("{} runs in {}, its gallery is in {}", board.name, board.emulator, flash.display())
        }
        None => eprintln!("{} runs in {}, which forgets its gallery", board.name, board.emulator),
    }

    let mut serial = emulator.serial()?;
    let input = thread::spawn(move || io::copy(&mut io::stdin().lock(), &mut serial));
    let mut buffer = [0; 4096];
    while !input.is_finished() {
        match emulator.read(&mut buffer) {
            Ok(0) => return Err("the emulator has ended".into()),
            Ok(len) => {
                let mut output = io::stdout().lock();
                output.write_all(&buffer[..len])?;
                output.flush()?;
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error.into()),
        }
    }
    match input.join() {
        Ok(carried) => carried.map(|_| ()).map_err(Into::into),
        Err(_) => Err("the serial line could not be written to".into()),
    }
}
