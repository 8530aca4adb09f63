//! The program: its commands, what a person sees of them, and the serial line to a board.

// They panic where nobody reads on: `terminal` prints.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod cli;
pub mod commands;
pub mod device;
pub mod terminal;
