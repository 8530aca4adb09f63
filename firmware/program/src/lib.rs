//! The firmware of tinytriplet: a microcontroller that answers over a serial line with the
//! embeddings and distances of a model.
//!
//! The package has two programs for a board. `firmware` answers a PC; `measure` prints what a
//! computation costs. This library is what they share, with programs outside of this package: the
//! [`model`] that is built in, the handlers of panics and faults, and the start of the application.
//! On a PC `firmware` is a launcher, which builds the programs and boots them in an emulator.
//!
//! The rest is in crates of its own, beside this one:
//!
//! * `tinytriplet-device` is the application, on any board;
//! * `tinytriplet-store` keeps its gallery in flash;
//! * `tinytriplet-boards` is the table of boards, and their hardware;
//! * `tinytriplet-launcher` is the PC's side.
#![no_std]

pub mod model;
#[cfg(target_os = "none")]
mod runtime;
#[cfg(target_os = "none")]
pub mod start;
