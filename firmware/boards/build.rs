//! Checks that the features choose one board, and names it: to this crate, and to the build script
//! of the firmware.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // defmt reads it, which Cargo does not know.
    println!("cargo::rerun-if-env-changed=DEFMT_LOG");
    // On a PC there is only the table.
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("none") {
        return;
    }
    // All features of this crate are boards.
    let features = env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok()?.strip_prefix("CARGO_FEATURE_").map(str::to_owned));
    let boards: Vec<String> = features.map(|name| name.to_lowercase().replace('_', "-")).collect();
    match &boards[..] {
        [board] => {
            println!("cargo::rustc-env=TINYTRIPLET_BOARD={board}");
            println!("cargo::metadata=NAME={board}");
        }
        _ => println!(
            "cargo::error=a firmware is for one board, {} were given: name one of those that `cargo run -p firmware \
             -- --list` shows, --features pico for example",
            boards.len()
        ),
    }
}
