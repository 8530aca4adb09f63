//! Links the program for a Pico. The scripts are those that the build script of `firmware` writes
//! for its own programs, and their folder is known to the linker from there.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "none") {
        for argument in ["--nmagic", "-Tlink.x", "-Tdefmt.x", "-Tstack.x"] {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
    }
}
