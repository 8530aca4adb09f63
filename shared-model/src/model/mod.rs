//! The model file: its bytes, what makes them valid, and the order of the weights in it.

pub(crate) mod crc;
pub(crate) mod decode;
pub mod format;
pub(crate) mod geometry;
pub(crate) mod kernel_choice;
pub mod layout;
pub(crate) mod step;
pub(crate) mod tensor;

pub use crc::crc32;
pub use decode::{DecodeError, Model};
