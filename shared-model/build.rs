//! Sets `cfg(dsp)` where the processor has the DSP extension: stable Rust does not tell.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(dsp)");
    println!("cargo::rustc-check-cfg=cfg(armv8m)");
    let target = env::var("TARGET").unwrap_or_default();
    let armv8m = target.starts_with("thumbv8m.main");
    if armv8m {
        println!("cargo::rustc-cfg=armv8m");
    }
    if armv8m || target.starts_with("thumbv7em") {
        println!("cargo::rustc-cfg=dsp");
    }
}
