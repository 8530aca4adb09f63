//! A program for a board, as a linker left it.

use super::EmulatorError;
use object::{Object, ObjectSection, ObjectSegment, ObjectSymbol, SectionFlags, SectionKind, elf::SHF_ALLOC};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tinytriplet_boards::{Board, find};

/// The symbol with the name of the board, from `firmware/program/src/runtime.rs`.
const BOARD: &str = "FIRMWARE_BOARD";

/// A firmware, built for a board: an ELF file.
pub struct Program {
    path: PathBuf,
    elf: Vec<u8>,
    board: &'static Board,
    flash: u64,
    ram: u64,
}

impl Program {
    /// Reads the file.
    ///
    /// # Errors
    /// Returns [`EmulatorError::File`] if it cannot be read, [`EmulatorError::NoFirmware`] if it is
    /// not a firmware of this project, and [`EmulatorError::Gallery`] if it would overwrite the
    /// gallery.
    pub fn read(path: &Path) -> Result<Self, EmulatorError> {
        let elf = fs::read(path).map_err(|error| EmulatorError::File(path.to_owned(), error))?;
        let no_firmware = || EmulatorError::NoFirmware(path.to_owned());
        let file = object::File::parse(&*elf).map_err(|_| no_firmware())?;
        let name = bytes_of_symbol(&file, BOARD).ok_or_else(no_firmware)?;
        let board = std::str::from_utf8(name).ok().and_then(find).ok_or_else(no_firmware)?;

        // A linker may put two sections into one segment, with everything between them.
        let gallery = u64::from(board.gallery.origin)..u64::from(board.gallery.end());
        let is_overwritten = |segment: object::Segment<'_, '_>| {
            segment.address() < gallery.end && gallery.start < segment.address() + segment.file_range().1
        };
        if file.segments().any(is_overwritten) {
            return Err(EmulatorError::Gallery(path.to_owned()));
        }

        let (mut flash, mut ram) = (0, 0);
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags } = section.flags() else { continue };
            // riscv-rt has a section for the rest, which is the stack's.
            if sh_flags & u64::from(SHF_ALLOC) == 0 || section.name() == Ok(".stack") {
                continue;
            }
            if section.kind() != SectionKind::UninitializedData {
                flash += section.file_range().map_or(0, |(_, len)| len);
            }
            if section.address() >= u64::from(board.ram.origin) {
                ram += section.size();
            }
        }
        Ok(Self { path: path.to_owned(), board, flash, ram, elf })
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the board that it is for.
    pub fn board(&self) -> &'static Board {
        self.board
    }

    /// Returns the bytes of flash that it needs, with the model.
    pub fn flash(&self) -> u64 {
        self.flash
    }

    /// Returns the bytes of RAM that its variables need. The stack has the rest.
    pub fn ram(&self) -> u64 {
        self.ram
    }

    /// Returns the address of a variable.
    pub(super) fn address(&self, symbol: &str) -> Option<u64> {
        let file = object::File::parse(&*self.elf).ok()?;
        file.symbols().find(|s| s.name() == Ok(symbol)).map(|s| s.address())
    }
}

fn bytes_of_symbol<'f>(file: &object::File<'f>, name: &str) -> Option<&'f [u8]> {
    let symbol = file.symbols().find(|symbol| symbol.name() == Ok(name))?;
    let section = file.section_by_index(symbol.section_index()?).ok()?;
    section.data_range(symbol.address(), symbol.size()).ok()?
}
