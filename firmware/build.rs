//! Embeds the model file, checks that the board can hold it, and lays out the board's memory.

use shared_model::Model;
use std::{
    env, fs,
    path::{Path, PathBuf},
};

#[allow(dead_code)]
#[path = "src/boards.rs"]
mod boards;
#[allow(dead_code)]
#[path = "src/memory.rs"]
mod memory;

const DEFAULT_MODEL: &str = "models/default.model.postcard";
/// `DEFMT_RTT_BUFFER_SIZE` unless it is set, as in the crate defmt-rtt.
const RTT_LEN: usize = 1024;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=TINYTRIPLET_MODEL");
    println!("cargo::rerun-if-env-changed=DEFMT_LOG");
    println!("cargo::rerun-if-env-changed=DEFMT_RTT_BUFFER_SIZE");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR"));
    if let Err(message) = build(&out) {
        println!("cargo::error={message}");
    }
}

fn build(out: &Path) -> Result<(), String> {
    let path = model_path();
    println!("cargo::rerun-if-changed={}", path.display());
    let file = fs::read(&path).map_err(|error| {
        format!("cannot read the model {}: {error} (TINYTRIPLET_MODEL names another one)", path.display())
    })?;
    let model = Model::decode(&file).map_err(|error| format!("{}: {error}", path.display()))?;
    fs::write(out.join("model.rs"), model_source(&path, &model))
        .map_err(|error| format!("cannot write to {}: {error}", out.display()))?;

    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("none") {
        let board = chosen_board()?;
        check_fit(board, &model, file.len())?;
        link_for(board, out)?;
    }
    Ok(())
}

/// The file that `TINYTRIPLET_MODEL` names, from the workspace's folder; else the one that is committed.
fn model_path() -> PathBuf {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets CARGO_MANIFEST_DIR"));
    match env::var_os("TINYTRIPLET_MODEL").filter(|path| !path.is_empty()) {
        Some(path) => package.parent().unwrap_or(&package).join(path),
        None => package.join(DEFAULT_MODEL),
    }
}

/// The part of `src/model.rs` that depends on the model file.
fn model_source(path: &Path, model: &Model<'_>) -> String {
    format!(
        "static ALIGNED: &Aligned<[u8]> = &Aligned(*include_bytes!({path:?}));\n\
         /// Bytes of an image.\npub const INPUT_LEN: usize = {};\n\
         /// Bytes that the engine needs for the maps between the layers.\npub const SCRATCH_LEN: usize = {};\n\
         /// Bytes of an embedding.\npub const EMBEDDING_LEN: usize = {};\n",
        model.input_len(),
        model.scratch_len(),
        model.embedding_len(),
    )
}

/// The one board whose feature is on.
fn chosen_board() -> Result<&'static boards::Board, String> {
    let feature = |board: &&boards::Board| {
        let name = board.name.to_uppercase().replace('-', "_");
        env::var_os(format!("CARGO_FEATURE_{name}")).is_some()
    };
    let chosen: Vec<_> = boards::BOARDS.iter().filter(feature).collect();
    match chosen[..] {
        [board] => Ok(board),
        _ => {
            let names = boards::BOARDS.map(|board| board.name).join(", ");
            Err(format!(
                "a firmware is for one board, {} were given: --features with one of {names}",
                chosen.len()
            ))
        }
    }
}

/// Whether RAM and flash suffice, as far as the model decides it. The linker checks the rest.
fn check_fit(board: &boards::Board, model: &Model<'_>, file_len: usize) -> Result<(), String> {
    let rtt = env::var("DEFMT_RTT_BUFFER_SIZE").ok().and_then(|size| size.parse().ok()).unwrap_or(RTT_LEN);
    let ram = rtt + memory::ram_len(model.input_len(), model.scratch_len(), model.embedding_len());
    let name = model.metadata().name;
    if ram > board.ram.len {
        return Err(format!(
            "the model \"{name}\" needs {ram} bytes of RAM ({} of them for the maps between its layers), \
             {} has {}",
            model.scratch_len(),
            board.name,
            board.ram.len
        ));
    }
    if file_len > board.flash.len {
        return Err(format!(
            "the model \"{name}\" has {file_len} bytes, {} has {} bytes of flash, program included",
            board.name, board.flash.len
        ));
    }
    Ok(())
}

/// Writes the linker's `memory.x` and has it used.
fn link_for(board: &boards::Board, out: &Path) -> Result<(), String> {
    let riscv = board.target.starts_with("riscv");
    let stack = format!(
        "ASSERT({} >= {}, \"less than {} bytes of RAM are left to the stack\");\n",
        if riscv { "SIZEOF(.stack)" } else { "_stack_start - _stack_end" },
        memory::STACK_LEN,
        memory::STACK_LEN
    );
    fs::write(out.join("memory.x"), memory_x(board, riscv))
        .and_then(|()| fs::write(out.join("stack.x"), stack))
        .map_err(|error| format!("cannot write to {}: {error}", out.display()))?;
    println!("cargo::rustc-link-search={}", out.display());
    for argument in ["--nmagic", "-Tlink.x", "-Tdefmt.x", "-Tstack.x"] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    println!("cargo::rustc-env=FIRMWARE_BOARD={}", board.name);
    if env::var_os("DEFMT_LOG").is_none() {
        println!("cargo::rustc-env=DEFMT_LOG=info");
    }
    Ok(())
}

/// The board's memories, as cortex-m-rt and riscv-rt want to be told.
fn memory_x(board: &boards::Board, riscv: bool) -> String {
    let region =
        |name: &str, origin: u32, len: usize| format!("  {name} : ORIGIN = {origin:#010x}, LENGTH = {len}\n");
    let (flash, boot2) = (board.flash, board.boot2);
    let mut text = "MEMORY\n{\n".to_owned();
    if boot2 > 0 {
        text += &region("BOOT2", flash.origin, boot2);
    }
    text += &region("FLASH", flash.origin + boot2 as u32, flash.len - boot2);
    text += &region("RAM", board.ram.origin, board.ram.len);
    text += "}\n";
    if boot2 > 0 {
        text += "SECTIONS { .boot2 ORIGIN(BOOT2) : { KEEP(*(.boot2)); } > BOOT2 } INSERT BEFORE .text;\n";
    }
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
        // cortex-m-rt's name for the end of what the stack must not reach.
        text += "PROVIDE(_stack_end = __eheap);\n";
    }
    text
}
