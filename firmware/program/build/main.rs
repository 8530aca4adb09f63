//! The build script of the programs for a board: embeds the model file, checks that the board can
//! hold it, and lays out the board's memory for the linker.

mod fit;
mod gallery_size;
mod linker;
mod model_file;
mod source;

use gallery_size::GallerySize;
use std::{
    env, fs,
    path::{Path, PathBuf},
};

fn main() {
    println!("cargo::rerun-if-changed=build");
    for variable in [
        "TINYTRIPLET_MODEL",
        "TINYTRIPLET_MODELS",
        "TINYTRIPLET_CAPACITY",
        "TINYTRIPLET_EXEMPLARS",
        "DEFMT_LOG",
        "DEFMT_RTT_BUFFER_SIZE",
    ] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR"));
    if let Err(message) = build(&out) {
        println!("cargo::error={message}");
    }
}

fn build(out: &Path) -> Result<(), String> {
    let model = model_file::built_in()?;
    let measured = model_file::measured()?.unwrap_or_else(|| vec![model.clone()]);
    let gallery = GallerySize::chosen()?;
    let model_source = source::model(&model).map_err(|error| error.to_string())?;
    let measured_source = source::measured(&measured).map_err(|error| error.to_string())?;
    let source = model_source + &source::gallery(gallery) + &measured_source;
    fs::write(out.join("model.rs"), source)
        .map_err(|error| format!("cannot write to {}: {error}", out.display()))?;

    // The build script of tinytriplet-boards names the board; on a PC it names no board.
    if let Some(name) = env::var_os("DEP_TINYTRIPLET_BOARD_NAME") {
        let board = name.to_str().and_then(tinytriplet_boards::find);
        let board = board.ok_or(format!("the table of boards does not have {}", name.display()))?;
        fit::check(board, &model, gallery)?;
        fit::check_measured(board, &measured)?;
        linker::prepare(board, out)?;
    }
    Ok(())
}
