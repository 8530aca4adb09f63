//! On a Pico, the panel and the application. On a PC, a picture of the screen:
//!
//! ```sh
//! cargo run --manifest-path firmware/examples/pico-touch/Cargo.toml -- docs/touch.png
//! ```
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod board;
#[cfg(not(target_os = "none"))]
mod picture;

#[cfg(not(target_os = "none"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    picture::main()
}
