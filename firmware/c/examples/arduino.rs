//! Writes a library for the Arduino IDE and its command line: the archives for its processors, the header, and a
//! sketch with a model.
//!
//! ```sh
//! cargo run -p tinytriplet-c --example arduino -- firmware/models/characters.model.postcard tinytriplet
//! ```
//!
//! The folder then goes to `libraries` in the sketchbook's folder. Its layout is that of Arduino's library
//! specification, revision 2.2, "precompiled binaries".

mod header;

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

/// Rust's targets, and the folder that each is looked for in: `{build.mcu}/{build.fpu}-{build.float-abi}`.
const TARGETS: [(&str, &str); 4] = [
    ("thumbv6m-none-eabi", "cortex-m0plus"),                 // Pico
    ("thumbv7m-none-eabi", "cortex-m3"),                     // Due
    ("thumbv7em-none-eabi", "cortex-m4/fpv4-sp-d16-softfp"), // Nano 33 BLE
    ("thumbv7em-none-eabihf", "cortex-m4/fpv4-sp-d16-hard"), // STM32 F4
];
const ARCHIVE: &str = "libtinytriplet_c.a";
const SKETCH: &str = "examples/Recognise";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [model, folder, targets @ ..] = arguments.as_slice() else {
        eprintln!(
            "usage: arduino MODEL.postcard FOLDER [RUST_TARGET…]   (without targets, for all processors)"
        );
        return ExitCode::FAILURE;
    };
    match write(model, Path::new(folder), targets) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("arduino: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes the library to a folder that is not there yet, for all processors or some.
fn write(model: &str, folder: &Path, targets: &[String]) -> Result<(), Box<dyn Error>> {
    if folder.exists() {
        return Err(
            format!("{} is there already: give another folder, or remove it", folder.display()).into()
        );
    }
    if let Some(unknown) = targets.iter().find(|target| !TARGETS.iter().any(|(known, _)| known == target)) {
        let known = TARGETS.map(|(target, _)| target).join(", ");
        return Err(format!("there is no archive for {unknown}: the targets are {known}").into());
    }
    let header = header::of(model)?;
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let chosen =
        TARGETS.iter().filter(|(target, _)| targets.is_empty() || targets.iter().any(|one| one == target));
    let archives =
        chosen.map(|&(target, place)| Ok((build(target)?, place))).collect::<Result<Vec<_>, String>>()?;

    let source = folder.join("src");
    fs::create_dir_all(folder.join(SKETCH))?;
    for (archive, place) in archives {
        fs::create_dir_all(source.join(place))?;
        fs::copy(archive, source.join(place).join(ARCHIVE))?;
    }
    fs::copy(package.join("include/tinytriplet.h"), source.join("tinytriplet.h"))?;
    fs::copy(package.join("arduino/library.properties"), folder.join("library.properties"))?;
    let sketch = folder.join(SKETCH);
    fs::copy(package.join("arduino/Recognise.ino"), sketch.join("Recognise.ino"))?;
    for file in ["recognise.c", "recognise.h"] {
        fs::copy(package.join("example").join(file), sketch.join(file))?;
    }
    fs::write(sketch.join("model.h"), header)?;
    Ok(())
}

/// Builds the archive for a target, and returns where it is.
fn build(target: &str) -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/arduino");
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--release", "-p", "tinytriplet-c", "--lib", "--target", target])
        .arg("--target-dir")
        .arg(&folder)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    match status.success() {
        true => Ok(folder.join(target).join("release").join(ARCHIVE)),
        false => Err(format!("the library was not built for {target}")),
    }
}
