//! A program for a board, as a linker left it.

use super::EmulatorError;
use object::{
    Endianness, Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind,
    elf::{FileHeader32, PT_LOAD, SHF_ALLOC},
    read::elf::{FileHeader, ProgramHeader},
};
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
    /// What is to be in flash, by address, in order.
    segments: Vec<(u32, Vec<u8>)>,
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
        let elf = read_file(path)?;
        let file = object::File::parse(&*elf).ok();
        let name = file.as_ref().and_then(|file| bytes_of_symbol(file, BOARD));
        let board = name.and_then(|name| find(std::str::from_utf8(name).ok()?));
        Self::new(path, elf, board.ok_or_else(|| EmulatorError::NoFirmware(path.to_owned()))?)
    }

    /// Reads the file of a firmware of somebody else's, for a board.
    ///
    /// # Errors
    /// Returns the errors of [`read`](Self::read).
    pub fn read_for(path: &Path, board: &'static Board) -> Result<Self, EmulatorError> {
        Self::new(path, read_file(path)?, board)
    }

    fn new(path: &Path, elf: Vec<u8>, board: &'static Board) -> Result<Self, EmulatorError> {
        let no_firmware = || EmulatorError::NoFirmware(path.to_owned());
        let file = object::File::parse(&*elf).map_err(|_| no_firmware())?;
        let segments = segments(&elf).ok_or_else(no_firmware)?;
        // A linker may put two sections into one segment, with everything between them.
        let gallery = board.gallery;
        if segments.iter().any(|(from, bytes)| {
            *from < gallery.end() && u64::from(gallery.origin) < u64::from(*from) + bytes.len() as u64
        }) {
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
        Ok(Self { path: path.to_owned(), board, segments, flash, ram, elf })
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the board that it is for.
    pub fn board(&self) -> &'static Board {
        self.board
    }

    /// Returns what is to be in flash: the address of its first byte, and the bytes. Those between
    /// two parts of the program are `ff`.
    pub fn image(&self) -> (u32, Vec<u8>) {
        let origin = self.segments.first().map_or(self.board.flash.origin, |(address, _)| *address);
        let mut image = Vec::new();
        for (address, bytes) in &self.segments {
            image.resize((address - origin) as usize, 0xff);
            image.extend(bytes);
        }
        (origin, image)
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

fn read_file(path: &Path) -> Result<Vec<u8>, EmulatorError> {
    fs::read(path).map_err(|error| EmulatorError::File(path.to_owned(), error))
}

fn bytes_of_symbol<'f>(file: &object::File<'f>, name: &str) -> Option<&'f [u8]> {
    let symbol = file.symbols().find(|symbol| symbol.name() == Ok(name))?;
    let section = file.section_by_index(symbol.section_index()?).ok()?;
    section.data_range(symbol.address(), symbol.size()).ok()?
}

/// Returns the parts of a program that are to be in flash, by the addresses where they lie there:
/// that of a variable's first value is not that of the variable. Returns `None` if they overlap, or
/// it is no such file.
fn segments(elf: &[u8]) -> Option<Vec<(u32, Vec<u8>)>> {
    let header = FileHeader32::<Endianness>::parse(elf).ok()?;
    let endian = header.endian().ok()?;
    let mut segments = Vec::new();
    for segment in header.program_headers(endian, elf).ok()? {
        let bytes = segment.data(endian, elf).ok()?;
        if segment.p_type(endian) == PT_LOAD && !bytes.is_empty() {
            segments.push((segment.p_paddr(endian), bytes.to_vec()));
        }
    }
    segments.sort();
    let ends = segments.iter().map(|(address, bytes)| u64::from(*address) + bytes.len() as u64);
    let is_apart = ends.zip(segments.iter().skip(1)).all(|(end, (next, _))| end <= u64::from(*next));
    is_apart.then_some(segments)
}
