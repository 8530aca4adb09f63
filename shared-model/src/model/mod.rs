//! The model file: its bytes, what makes them valid, and the order of the weights in it.
//!
//! [`format`] defines the bytes. [`Model::decode`] checks them. [`layout`] converts between the
//! plain order of the weights, which training exports, and the packed one, which fast kernels read.
//!
//! Files import each other one way: `tensor`, `format` → `geometry` → `kernel_choice` → `step` →
//! `decode` → `layout`.

pub(crate) mod crc;
pub(crate) mod decode;
pub mod format;
pub(crate) mod geometry;
pub(crate) mod kernel_choice;
pub mod layout;
pub(crate) mod step;
pub(crate) mod tensor;
#[cfg(test)]
mod tests;

pub use crc::crc32;
pub use decode::{DecodeError, Model};
