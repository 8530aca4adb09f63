use super::EmulatorError;
use crate::boards::{self, Board};
use object::{Object, ObjectSection, ObjectSegment, ObjectSymbol, SectionFlags, SectionKind, elf::SHF_ALLOC};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The symbol that holds the name of the board; see `src/start.rs`.
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
    /// It cannot be read, is not a firmware of this project, or would overwrite the gallery.
    pub fn read(path: &Path) -> Result<Self, EmulatorError> {
        let elf = fs::read(path).map_err(|error| EmulatorError::File(path.to_owned(), error))?;
        let no_firmware = || EmulatorError::NoFirmware(path.to_owned());
        let file = object::File::parse(&*elf).map_err(|_| no_firmware())?;
        let name = bytes_of_symbol(&file, BOARD).ok_or_else(no_firmware)?;
        let board = std::str::from_utf8(name).ok().and_then(boards::find).ok_or_else(no_firmware)?;

        // A linker may well put two sections into one segment, with all that is between them.
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
            // riscv-rt calls a section what is left to the stack.
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

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The board it is for.
    pub fn board(&self) -> &'static Board {
        self.board
    }

    /// Bytes of flash it takes, model included.
    pub fn flash(&self) -> u64 {
        self.flash
    }

    /// Bytes of RAM its variables take; the stack is in the rest.
    pub fn ram(&self) -> u64 {
        self.ram
    }

    /// Address of a variable.
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
