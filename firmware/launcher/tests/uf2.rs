//! UF2 files, read back: they hold what the linker left for the flash, for the right chip, and nothing of the gallery.

use object::{Object, ObjectSegment};
use std::{collections::BTreeMap, fs, path::Path, process::Command};
use tinytriplet_boards as boards;
use tinytriplet_launcher::{
    emulator::{self, Binary},
    uf2,
};

/// Reads a UF2 file as a boot loader does: returns the bytes by their addresses, and the family of all blocks.
fn read(file: &[u8]) -> (BTreeMap<u32, u8>, u32) {
    assert_eq!(file.len() % 512, 0, "whole blocks");
    let (mut flash, mut families) = (BTreeMap::new(), Vec::new());
    for (number, block) in file.chunks(512).enumerate() {
        let word = |at: usize| u32::from_le_bytes(block[at..at + 4].try_into().unwrap());
        assert_eq!((word(0), word(4), word(508)), (0x0a32_4655, 0x9e5d_5157, 0x0ab1_6f30), "block {number}");
        assert_eq!(word(8), 0x2000, "flags: a family, and to be flashed");
        let (address, len) = (word(12), word(16));
        assert_eq!((len, address % 256), (256, 0));
        assert_eq!((word(20) as usize, word(24) as usize), (number, file.len() / 512));
        families.push(word(28));
        for (address, &byte) in (address..).zip(&block[32..32 + len as usize]) {
            assert_eq!(flash.insert(address, byte), None, "{address:#x} comes twice");
        }
    }
    families.dedup();
    assert_eq!(families.len(), 1);
    (flash, families[0])
}

#[test]
fn a_uf2_file_flashes_what_the_linker_left_and_keeps_the_gallery() {
    // The numbers of the chips are those of Microsoft's list: RP2040, and RP2350 for Arm's secure state.
    for (name, family) in [("pico", 0xe48b_ff56), ("pico2", 0xe48b_ff59)] {
        let board = boards::find(name).unwrap();
        let program = emulator::build(board, Binary::Firmware).unwrap_or_else(|error| panic!("{error}"));
        let (flash, actual) = read(&uf2::to_uf2(&program).unwrap());
        assert_eq!(actual, family, "{name}");

        let elf = fs::read(program.path()).unwrap();
        let elf = object::read::elf::ElfFile32::<object::Endianness>::parse(&*elf).unwrap();
        let mut expected = 0;
        for segment in elf.segments() {
            let physical = segment.elf_program_header().p_paddr.get(object::Endianness::Little);
            for (address, byte) in (physical..).zip(segment.data().unwrap()) {
                assert_eq!(flash.get(&address), Some(byte), "{name}: {address:#x}");
                expected += 1;
            }
        }
        assert!(expected > 150_000, "{name}: a model and a program, not {expected} bytes");
        assert!(flash.len() - expected < 2 * 4096, "{name}: {} bytes between", flash.len() - expected);
        assert!(elf.segments().any(|segment| segment.address() >= u64::from(board.ram.origin)), "variables");

        // The boot loader erases sectors of 4 KiB.
        assert_eq!(*flash.keys().next().unwrap(), board.flash.origin, "{name}");
        assert!(flash.keys().all(|address| address / 4096 < board.gallery.origin / 4096), "{name}");
    }
}

#[test]
fn the_program_writes_the_file_whole_and_says_what_to_do() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("uf2");
    // Not there the first time.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    let firmware = |words: &[&str]| {
        Command::new(env!("CARGO")).args(["run", "-q", "-p", "firmware", "--"]).args(words).output().unwrap()
    };
    let path = folder.join("board.uf2");
    let output = firmware(&["--uf2", "pico", "--output", path.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("RPI-RP2"), "{text}");
    read(&fs::read(&path).unwrap());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "no other file is left");

    for (words, expected) in [
        (["--uf2", "nrf52840-dk", "-o", path.to_str().unwrap()], "through its debug probe"),
        (["--uf2", "pico", "-o", "/no/such/folder/board.uf2"], "cannot write /no/such/folder/board.uf2"),
    ] {
        let output = firmware(&words);
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && text.contains(expected), "{words:?}: {text}");
    }
}
