//! Sets `cfg(dsp)` if the processor has the DSP extension, which stable Rust does not tell, unless
//! the feature `portable` is on; and `cfg(documents)` in tinytriplet's own folder, where the tests
//! compare with a document that is not part of the package.

use std::{env, path::Path};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(dsp)");
    println!("cargo::rustc-check-cfg=cfg(armv8m)");
    println!("cargo::rustc-check-cfg=cfg(documents)");
    if Path::new("../docs/PROTOCOL.md").exists() {
        println!("cargo::rustc-cfg=documents");
    }
    if env::var_os("CARGO_FEATURE_PORTABLE").is_some() {
        return;
    }
    let target = env::var("TARGET").unwrap_or_default();
    let armv8m = target.starts_with("thumbv8m.main");
    if armv8m {
        println!("cargo::rustc-cfg=armv8m");
    }
    if armv8m || target.starts_with("thumbv7em") {
        println!("cargo::rustc-cfg=dsp");
    }
}
