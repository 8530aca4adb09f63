//! The linker's scripts: the board's memories, and a check of the stack.
//!
//! On ARM the stack lies below the variables, at the beginning of the RAM. One that is too small runs out of the RAM,
//! where the processor faults, instead of over the variables.

use std::{fs, path::Path};
use tinytriplet_boards::{Board, Boot, Region, STAGE2_LEN};
use tinytriplet_device::memory::STACK_LEN;

/// Writes the scripts, and tells Cargo to link with them.
pub fn prepare(board: &Board, out: &Path) -> Result<(), String> {
    let riscv = board.target.starts_with("riscv");
    let stack = if riscv {
        format!(
            "ASSERT(SIZEOF(.stack) >= {STACK_LEN}, \"less than {STACK_LEN} bytes of RAM are left to the stack\");\n"
        )
    } else {
        "ASSERT(ADDR(.data) >= _stack_start, \"there are variables below the stack\");\n".to_owned()
    };
    fs::write(out.join("memory.x"), memory_x(board, riscv))
        .and_then(|()| fs::write(out.join("stack.x"), stack))
        .map_err(|error| format!("cannot write to {}: {error}", out.display()))?;
    println!("cargo::rustc-link-search={}", out.display());
    if riscv {
        // cortex-m-rt includes it.
        println!("cargo::rustc-link-arg-bins=-Tmemory.x");
    }
    for argument in ["--nmagic", "--emit-relocs", "-Tlink.x", "-Tdefmt.x", "-Tstack.x"] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    Ok(())
}

/// Returns the script of the board's memories, for cortex-m-rt and riscv-rt.
fn memory_x(board: &Board, riscv: bool) -> String {
    let region =
        |name: &str, origin: u32, len: usize| format!("  {name} : ORIGIN = {origin:#010x}, LENGTH = {len}\n");
    let (flash, program) = (board.flash, program_flash(board));
    let boot_len = if board.boot == Boot::Stage2 { STAGE2_LEN } else { 0 };
    let vectors = flash.origin + boot_len as u32;
    let mut text = "MEMORY\n{\n".to_owned();
    if boot_len > 0 {
        text += &region("BOOT2", flash.origin, boot_len);
    }
    text += &region("FLASH", vectors, (program.end() - vectors) as usize);
    let stack_len = if riscv { 0 } else { STACK_LEN };
    text += &region("RAM", board.ram.origin + stack_len as u32, board.ram.len - stack_len);
    text += "}\n";
    if !riscv {
        text += &format!("_stack_start = ORIGIN(RAM);\n_stack_end = {:#010x};\n", board.ram.origin);
    }
    if program.origin > flash.origin {
        // The gallery is between the vectors and the rest of the program.
        text += &format!("_stext = {:#010x};\n", program.origin);
    }
    text += match board.boot {
        Boot::Vectors => "",
        Boot::Stage2 => {
            "SECTIONS { .boot2 ORIGIN(BOOT2) : { KEEP(*(.boot2)); } > BOOT2 } INSERT BEFORE .text;\n"
        }
        Boot::ImageDefinition => {
            "SECTIONS { .start_block : ALIGN(4) { KEEP(*(.start_block)); } > FLASH } INSERT AFTER .vector_table;\n\
             _stext = ADDR(.start_block) + SIZEOF(.start_block);\n"
        }
    };
    if riscv {
        for (section, memory) in [
            ("TEXT", "FLASH"),
            ("RODATA", "FLASH"),
            ("DATA", "RAM"),
            ("BSS", "RAM"),
            ("HEAP", "RAM"),
            ("STACK", "RAM"),
        ] {
            text += &format!("REGION_ALIAS(\"REGION_{section}\", {memory});\n");
        }
        // cortex-m-rt's name for the lower end of the stack.
        text += "PROVIDE(_stack_end = _eheap);\n";
    }
    text
}
/// Returns the flash that the gallery leaves to the program. The vectors are always at the
/// beginning of the flash.
pub fn program_flash(board: &Board) -> Region {
    let (flash, gallery) = (board.flash, board.gallery);
    if gallery.end() == flash.end() {
        Region { len: flash.len - gallery.len, ..flash }
    } else if flash.origin < gallery.origin && gallery.end() < flash.end() {
        Region { origin: gallery.end(), len: (flash.end() - gallery.end()) as usize }
    } else {
        flash
    }
}
