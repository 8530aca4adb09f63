//! Writes a model file as a header for C: packed, aligned, and its lengths as constants.
//!
//! ```sh
//! cargo run -p tinytriplet-c --example pack -- firmware/models/default.model.postcard model.h
//! ```

use shared_model::build::PackedModel;
use std::{env, error::Error, fmt::Write, fs, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [model, header] = arguments.as_slice() else {
        eprintln!("usage: pack MODEL.postcard HEADER.h");
        return ExitCode::FAILURE;
    };
    match header_of(model).and_then(|text| Ok(fs::write(header, text)?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pack: {error}");
            ExitCode::FAILURE
        }
    }
}

fn header_of(path: &str) -> Result<String, Box<dyn Error>> {
    let packed = PackedModel::read(path)?;
    let mut text =
        "/* A packed model file, written by the example \"pack\" of tinytriplet-c. */\n#pragma once\n"
            .to_owned();
    for (name, _, value) in packed.lengths()? {
        writeln!(text, "#define MODEL_{name} {value}")?;
    }
    writeln!(text, "static const _Alignas(16) unsigned char MODEL_FILE[{}] = {{", packed.bytes().len())?;
    for line in packed.bytes().chunks(24) {
        let bytes: Vec<String> = line.iter().map(u8::to_string).collect();
        writeln!(text, "{},", bytes.join(","))?;
    }
    text += "};\n";
    Ok(text)
}
