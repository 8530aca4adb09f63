//! Writes a model file as a header for C: packed, aligned, and its lengths as constants.
//!
//! ```sh
//! cargo run -p tinytriplet-c --example pack -- firmware/models/characters.model.postcard model.h
//! ```

mod header;

use std::{env, fs, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [model, file] = arguments.as_slice() else {
        eprintln!("usage: pack MODEL.postcard HEADER.h");
        return ExitCode::FAILURE;
    };
    match header::of(model).and_then(|text| Ok(fs::write(file, text)?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pack: {error}");
            ExitCode::FAILURE
        }
    }
}
