//! The firmware of tinytriplet: a microcontroller that answers over a serial line with the embeddings and
//! distances of a model.
//!
//! # How the pieces fit
//!
//! ```text
//! PC   client ──frames──▶ serial line ──▶ RX queue ──▶ app ──▶ shared_model's engine
//!        ▲                                              │
//!        └───────────────── frames ◀────────────────────┘
//! ```
//!
//! * [`app`] is the application, on the [`hardware`] of any board: it runs there as it runs in a test on the PC.
//! * [`model`] is the model file that is built in. [`memory`] says how much RAM it takes; `build.rs` refuses a
//!   model that the board cannot hold.
//! * [`storage`] keeps the gallery in flash, through resets and power cuts.
//! * [`boards`] is the table of boards. Each has one small module in `src/board/`, which belongs to the
//!   program, not to this library: clocks, pins, flash, and an interrupt that receives.
//!
//! On a PC the package is also what talks to a board: `shared_model::wire::client` asks, [`emulator`] builds the firmware and
//! boots it in an emulator, [`mod@image`] reads digits drawn as text.
//!
//! [`measuring`] is about a second program for boards, `src/measure/`, which counts instructions.
#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

/// Logs through defmt on a board. On a PC, where defmt cannot be linked, it does nothing.
macro_rules! log {
    ($level:ident, $format:literal $(, $argument:expr)*) => {{
        #[cfg(target_os = "none")]
        defmt::$level!($format $(, $argument)*);
        #[cfg(not(target_os = "none"))]
        let _ = ($(&$argument,)*);
    }};
}

pub mod app;
pub mod boards;
pub mod device;
pub mod hardware;
pub mod kept_gallery;
pub mod light;
pub mod measuring;
pub mod memory;
mod memory_flash;
pub mod model;
pub mod storage;

pub use memory_flash::MemoryFlash;

#[cfg(not(target_os = "none"))]
pub mod emulator;
#[cfg(not(target_os = "none"))]
pub mod image;
