//! Code compiled once for each instruction set and chosen at run time.

pub mod f32;
pub(crate) mod i8;
