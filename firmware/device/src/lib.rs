#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "testing")]
extern crate alloc;
#[cfg(test)]
extern crate std;

/// Logs through defmt. Without the feature, as on a PC, where defmt cannot be linked, it does
/// nothing.
macro_rules! log {
    ($level:ident, $format:literal $(, $argument:expr)*) => {{
        #[cfg(feature = "defmt")]
        defmt::$level!($format $(, $argument)*);
        #[cfg(not(feature = "defmt"))]
        let _ = ($(&$argument,)*);
    }};
}

pub mod app;
pub mod device;
pub mod emergency;
pub mod hardware;
mod image;
pub mod light;
pub mod memory;
#[cfg(feature = "pattern")]
pub mod pattern;
pub mod persistent_gallery;
mod presses;
pub mod reading;
pub mod source;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wear;
mod wire;
