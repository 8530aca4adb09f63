//! tinytriplet's boards on a PC: builds the firmware, boots it in an emulator, shows it at work,
//! lends it to other programs, and measures it.
//!
//! * [`emulator`] builds a program for a board and boots it.
//! * [`mod@measure`] counts what models cost on a board.
//! * [`uf2`] writes a program as a file that is dragged onto a board's drive.
//! * [`Cli`] is the command line of `cargo run -p firmware`, and [`main`] its program.

mod alone;
mod cli;
mod demo;
pub mod emulator;
mod image;
pub mod measure;
mod output;
mod run;
mod serve;
pub mod uf2;

pub use cli::{Cli, main};
