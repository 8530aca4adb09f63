//! The boards that tinytriplet runs on.
//!
//! [`BOARDS`] is a table of them, on a PC and on every board: the launcher, the measuring program
//! and the build script of the firmware read it. [`cost`] is how a board tells what a computation
//! costs there, and [`photograph`] is what it makes pixels of to tell it.
//!
//! On a board there is also its hardware: each board has one module in `src/board/`, with an `init`
//! that returns the [`Parts`](https://docs.rs/tinytriplet-device) that the application needs. What
//! boards have in common is beside it: the serial port and its queue, clocks, the stack, flash.
//!
//! # A new board
//!
//! A board is a feature in `Cargo.toml` (here and in `firmware/program`), an entry in the table,
//! and a module in `src/board/`. `docs/BOARDS.md` has the details.
#![no_std]

#[cfg(test)]
extern crate std;

pub mod cost;
pub mod photograph;
mod table;

pub use table::{BOARDS, Board, Boot, Counter, Emulated, Region, STAGE2_LEN, TIMER_SHIFT, Uf2, find};

#[cfg(target_os = "none")]
mod board;
#[cfg(target_os = "none")]
mod flash;
#[cfg(target_os = "none")]
mod kept;
#[cfg(feature = "nrf52840-dk")]
#[cfg(target_os = "none")]
mod nrf52840_timer;
#[cfg(target_os = "none")]
#[cfg(not(any(feature = "nrf52840-dk", feature = "nucleo-f446re", feature = "pico", feature = "pico2")))]
mod registers;
#[cfg(target_os = "none")]
mod rx_queue;
#[cfg(target_os = "none")]
mod serial;
#[cfg(target_os = "none")]
pub mod stack;
#[cfg(target_os = "none")]
mod system;
#[cfg(target_os = "none")]
#[cfg(all(target_arch = "arm", not(feature = "nrf52840-dk")))]
mod systick;

#[cfg(all(target_os = "none", any(feature = "nrf52840-dk", feature = "pico", feature = "pico2")))]
mod usb;

#[cfg(target_os = "none")]
pub use board::{BOARD, init, reset};
#[cfg(all(target_os = "none", any(feature = "pico", feature = "pico2")))]
pub use board::{Spare, init_with_spare};
