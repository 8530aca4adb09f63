//! Writes the header of tinytriplet-c from its source, or checks that it is up to date.

use std::{env, fs, path::Path, process::ExitCode};

fn main() -> ExitCode {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = package.join("include/tinytriplet.h");
    let config = cbindgen::Config::from_file(package.join("cbindgen.toml")).expect("cbindgen.toml is valid");
    // The modules follow from it.
    let builder = cbindgen::Builder::new().with_config(config).with_src(package.join("src/lib.rs"));
    let mut header = Vec::new();
    builder.generate().expect("cbindgen reads the crate").write(&mut header);
    if env::args().skip(1).eq(["--check"]) {
        if fs::read(&path).is_ok_and(|current| current == header) {
            return ExitCode::SUCCESS;
        }
        eprintln!(
            "{} is not what the crate says: cargo run --manifest-path firmware/c/header/Cargo.toml",
            path.display()
        );
        return ExitCode::FAILURE;
    }
    fs::write(&path, header).expect("the header can be written");
    ExitCode::SUCCESS
}
