//! Writes the header of tinytriplet-c from its source, or checks that it is up to date.

use std::{env, error::Error, fs, path::Path, process::ExitCode};

/// The text before and after the name of each exported function.
const EXPORT: [&str; 2] = ["#[unsafe(export_name = symbol!(", "))]"];
const VERSION: [&str; 2] = ["#define TT_ABI_VERSION ", "\n"];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = package.join("include/tinytriplet.h");
    let header = header(&package)?;
    if env::args().skip(1).eq(["--check"]) {
        if fs::read_to_string(&path).is_ok_and(|current| current == header) {
            return Ok(ExitCode::SUCCESS);
        }
        eprintln!(
            "{} is not what the crate says: cargo run --manifest-path firmware/c/header/Cargo.toml",
            path.display()
        );
        return Ok(ExitCode::FAILURE);
    }
    fs::write(&path, header)?;
    Ok(ExitCode::SUCCESS)
}

fn header(package: &Path) -> Result<String, Box<dyn Error>> {
    // cbindgen takes functions with a literal name only, and is shown the source with plain names.
    let plain = tempfile::tempdir()?;
    let mut functions = Vec::new();
    for file in fs::read_dir(package.join("src"))? {
        let file = file?;
        let source = fs::read_to_string(file.path())?;
        let mut parts = source.split(EXPORT[0]);
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once(EXPORT[1]).ok_or("an export's name has no end")?;
            functions.push(name.to_owned());
            text += "#[unsafe(no_mangle)]";
            text += rest;
        }
        fs::write(plain.path().join(file.file_name()), text)?;
    }
    functions.sort();

    let config = cbindgen::Config::from_file(package.join("cbindgen.toml"))?;
    // The modules follow from it.
    let builder = cbindgen::Builder::new().with_config(config).with_src(plain.path().join("lib.rs"));
    let mut header = Vec::new();
    builder.generate()?.write(&mut header);
    let header = String::from_utf8(header)?;

    let (before, rest) = header.split_once(VERSION[0]).ok_or("the header has no version")?;
    let (version, after) = rest.split_once(VERSION[1]).ok_or("the version has no end")?;
    let mut symbols =
        "\n/* The functions' symbols. A library of another version does not have them. */\n".to_owned();
    for function in functions {
        symbols += &format!("#define {function} {function}_abi{version}\n");
    }
    Ok([before, VERSION[0], version, VERSION[1], &symbols, after].concat())
}
