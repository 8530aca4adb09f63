//! Says which of the inner loops in `src/fast/` the processor can run.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(dsp, armv7em)");
    // What `cfg(target_feature)` does not tell on stable Rust: these targets' processors have ARM's DSP extension.
    // It is part of ARMv7E-M, and an option of ARMv8-M that no Cortex-M33 on the market is known to lack.
    let target = std::env::var("TARGET").unwrap_or_default();
    if target.starts_with("thumbv7em") {
        println!("cargo::rustc-cfg=armv7em");
    }
    if target.starts_with("thumbv7em") || target.starts_with("thumbv8m.main") {
        println!("cargo::rustc-cfg=dsp");
    }
}
