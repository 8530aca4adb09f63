//! Prints the cost of a computation on the board's serial line, in the lines of
//! [`tinytriplet_boards::cost`].
//!
//! It measures the model files of the folder that `TINYTRIPLET_MODELS` names at build time, or else
//! the built-in model.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod program;
#[cfg(target_os = "none")]
mod stack;
#[cfg(target_os = "none")]
mod stopwatch;

#[cfg(not(target_os = "none"))]
fn main() {
    println!("This program is for boards: `cargo run -p firmware -- --measure BOARD` builds and boots it.");
}
