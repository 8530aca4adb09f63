//! Prints on a board's serial line what a computation costs there: see [`firmware::measuring`].
//!
//! `TINYTRIPLET_MODELS` names a folder of model files when it is built; else it measures the built-in model.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
#[path = "../board/mod.rs"]
mod board;
#[cfg(target_os = "none")]
mod program;
#[cfg(target_os = "none")]
#[path = "../runtime.rs"]
mod runtime;
#[cfg(target_os = "none")]
mod stack;
#[cfg(target_os = "none")]
mod stopwatch;

#[cfg(not(target_os = "none"))]
fn main() {
    println!("This program is for boards: `cargo run -p firmware -- --measure BOARD` builds and boots it.");
}
