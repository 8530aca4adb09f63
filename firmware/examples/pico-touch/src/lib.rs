//! A touch panel that recognises what is written on it, without a PC.
//!
//! [`Panel`] is a source of strokes for `tinytriplet-device`, with a screen that it draws on: a pad
//! to write on, three keys, and two lines of text. It knows neither the screen nor the touch
//! controller: the screen is any [`DrawTarget`](embedded_graphics::draw_target::DrawTarget), the
//! controller any [`Touch`], such as an [`Xpt2046`]. So the tests run it on a PC.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(not(target_os = "none"))]
extern crate std;

mod layout;
mod lines;
mod panel;
#[cfg(not(target_os = "none"))]
pub mod simulation;
mod xpt2046;

pub use layout::{HEIGHT, Key, WIDTH};
pub use lines::{Lines, Text};
pub use panel::{POINTS, Panel, Touch};
pub use xpt2046::{Calibration, Xpt2046, Xpt2046Error};
