//! Writes a firmware as a UF2 file, which is dragged onto a board's drive.
//!
//! The format is [Microsoft's](https://github.com/microsoft/uf2): blocks of 512 bytes, each with
//! 256 bytes for an address. The board's boot loader erases each sector of 4 KiB that a block is
//! in, and nothing else: what no block is in, such as the gallery, is kept.

use crate::{
    emulator::{self, Binary, Program},
    output::print,
};
use std::{
    error::Error,
    fmt, fs,
    path::{Path, PathBuf},
};
use tinytriplet_boards::{Board, Region};

/// Bytes of a block.
const BLOCK: usize = 512;
/// Bytes of a block that go to the flash.
const PAYLOAD: usize = 256;
/// Bytes that the boot loader erases together.
const SECTOR: u32 = 4096;
/// The words that a block begins with, and the one that ends it.
const MAGIC: [u32; 3] = [0x0a32_4655, 0x9e5d_5157, 0x0ab1_6f30];
/// The flag of a block that names the chips it is for.
const HAS_FAMILY: u32 = 0x2000;

/// The reason why there is no UF2 file of a firmware.
#[derive(Debug, PartialEq, Eq)]
pub enum Uf2Error {
    /// The board has no boot loader that reads UF2 files.
    NoLoader(&'static Board),
    /// The boot loader would erase a sector with a part of the gallery.
    Gallery(&'static Board),
}

impl fmt::Display for Uf2Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLoader(board) if board.chip.is_some() => write!(
                f,
                "{} has no boot loader that reads UF2 files: flash it through its debug probe, with\n  \
                 cargo run --release -p firmware --features {} --target {}",
                board.name, board.name, board.target
            ),
            Self::NoLoader(board) => {
                write!(
                    f,
                    "{} exists in the emulator only: `cargo run -p firmware -- --board {}` boots it",
                    board.name, board.name
                )
            }
            Self::Gallery(board) => write!(
                f,
                "this firmware reaches into the flash that keeps the gallery of {}: its linker laid it out wrong",
                board.name
            ),
        }
    }
}

impl Error for Uf2Error {}

/// Builds the firmware of a board and writes it to the file `output`, or to
/// `target/boards/NAME.uf2`. The file is whole or not there.
pub fn run(board: &'static Board, output: Option<PathBuf>) -> Result<(), Box<dyn Error>> {
    let Some(uf2) = board.uf2 else { return Err(Uf2Error::NoLoader(board).into()) };
    let file = to_uf2(&emulator::build(board, Binary::Firmware)?)?;
    let path = output.unwrap_or_else(|| emulator::target_folder().join(format!("{}.uf2", board.name)));
    write(&path, &file).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    print(&format!(
        "{}: {} bytes of flash in {} blocks; the gallery is kept\n\
         Hold BOOTSEL while you plug the {} in, and copy the file to the drive {}.\n",
        path.display(),
        file.len() / BLOCK * PAYLOAD,
        file.len() / BLOCK,
        board.name,
        uf2.drive,
    ))?;
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let new = path.with_extension("uf2.new");
    fs::write(&new, bytes)?;
    fs::rename(&new, path)
}

/// Returns the UF2 file of a program.
///
/// # Errors
/// Returns [`Uf2Error::NoLoader`] if its board reads no such files, and [`Uf2Error::Gallery`] if a
/// block would have a part of the gallery erased.
pub fn to_uf2(program: &Program) -> Result<Vec<u8>, Uf2Error> {
    let board = program.board();
    let Some(uf2) = board.uf2 else { return Err(Uf2Error::NoLoader(board)) };
    let (origin, bytes) = program.image();
    encode(origin, &bytes, uf2.family, board.gallery).ok_or(Uf2Error::Gallery(board))
}

/// Returns blocks for `bytes`, which lie from `origin` on; what is missing in the first and the
/// last is `ff`. Returns `None` if the sectors of the blocks have a part of `gallery`.
fn encode(origin: u32, bytes: &[u8], family: u32, gallery: Region) -> Option<Vec<u8>> {
    // From the beginning of a sector on, without gaps: the RP2040's boot loader goes by the blocks'
    // numbers to know which of them begins a sector, and has to be erased.
    let start = origin / SECTOR * SECTOR;
    let mut flash = vec![0xff; (origin - start) as usize];
    flash.extend(bytes);
    flash.resize(flash.len().next_multiple_of(PAYLOAD), 0xff);
    let erased = start..(start + flash.len() as u32).next_multiple_of(SECTOR);
    if erased.start < gallery.end() && gallery.origin < erased.end {
        return None;
    }
    let count = (flash.len() / PAYLOAD) as u32;
    let mut file = Vec::with_capacity(count as usize * BLOCK);
    for ((payload, address), number) in flash.chunks(PAYLOAD).zip((start..).step_by(PAYLOAD)).zip(0..) {
        let [first, second, last] = MAGIC;
        for word in [first, second, HAS_FAMILY, address, PAYLOAD as u32, number, count, family] {
            file.extend(word.to_le_bytes());
        }
        file.extend(payload);
        file.resize(file.len().next_multiple_of(BLOCK) - 4, 0);
        file.extend(last.to_le_bytes());
    }
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinytriplet_boards::find;

    const GALLERY: Region = Region { origin: 0x2000, len: 0x1000 };

    #[test]
    fn a_block_is_as_the_specification_has_it() {
        let file = encode(0x1000, &[1, 2, 3], 0xe48b_ff56, GALLERY).unwrap();
        let mut expected =
            b"UF2\nWQ]\x9e\x00\x20\0\0\0\x10\0\0\0\x01\0\0\0\0\0\0\x01\0\0\0\x56\xff\x8b\xe4".to_vec();
        expected.extend([1, 2, 3]);
        expected.resize(32 + 256, 0xff);
        expected.resize(508, 0);
        expected.extend(b"\x30\x6f\xb1\x0a");
        assert_eq!(file, expected);
    }

    #[test]
    fn blocks_begin_with_the_sector_and_count() {
        let file = encode(0x1180, &[7; 0x181], 1, GALLERY).unwrap();
        let word =
            |block: usize, at: usize| u32::from_le_bytes(file[512 * block + at..][..4].try_into().unwrap());
        assert_eq!(file.len(), 4 * 512);
        for block in 0..4 {
            assert_eq!(
                [12, 20, 24].map(|at| word(block, at)),
                [0x1000 + 256 * block as u32, block as u32, 4]
            );
        }
        let payload = |block: usize| &file[512 * block + 32..][..256];
        assert_eq!(payload(0), [0xff; 256]);
        assert_eq!(payload(1), [[0xff; 128], [7; 128]].concat());
        assert_eq!((payload(2), payload(3)[0], payload(3)[1]), (&[7; 256][..], 7, 0xff));
    }

    #[test]
    fn a_sector_of_the_gallery_is_refused() {
        assert!(encode(0x1000, &[0; 0x1000], 1, GALLERY).is_some());
        assert_eq!(encode(0x1000, &[0; 0x1001], 1, GALLERY), None);
        assert!(encode(0x3000, &[0], 1, GALLERY).is_some());
        // Its blocks end before the gallery, its sector does not.
        assert_eq!(encode(0x1000, &[0; 0x100], 1, Region { origin: 0x1800, len: 0x800 }), None);
    }

    #[test]
    fn boards_without_such_a_loader_are_told_what_to_use_instead() {
        for (name, instead) in
            [("nrf52840-dk", "--features nrf52840-dk"), ("mps2-an386", "--board mps2-an386")]
        {
            let error = run(find(name).unwrap(), None).unwrap_err().to_string();
            assert!(error.starts_with(name) && error.contains(instead), "{error}");
        }
    }
}
