//! A model file as a header.

use shared_model::build::PackedModel;
use std::{error::Error, fmt::Write};

/// Returns a header for C and C++ with a model file in it: packed, aligned, and its lengths as constants.
pub fn of(path: &str) -> Result<String, Box<dyn Error>> {
    let packed = PackedModel::read(path)?;
    let mut text = "/* A packed model file, written by tinytriplet-c. */\n#pragma once\n".to_owned();
    for (name, _, value) in packed.lengths()? {
        writeln!(text, "#define MODEL_{name} {value}")?;
    }
    text += "#ifdef __cplusplus\nalignas(16)\n#else\n_Alignas(16)\n#endif\n";
    writeln!(text, "static const unsigned char MODEL_FILE[{}] = {{", packed.bytes().len())?;
    for line in packed.bytes().chunks(24) {
        let bytes: Vec<String> = line.iter().map(u8::to_string).collect();
        writeln!(text, "{},", bytes.join(","))?;
    }
    text += "};\n";
    Ok(text)
}
