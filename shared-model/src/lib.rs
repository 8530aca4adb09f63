//! The half of tinytriplet that runs on both sides: on the PC that trains and on the
//! microcontroller that recognises. No heap, no floating-point arithmetic in an answer, no panic in an inference,
//! `unsafe` only around the assembly for Cortex-M4, M7 and M33.
//!
//! # How the pieces fit
//!
//! ```text
//! bytes ──decode──▶ Model ──embed(pixels)──▶ embedding ──Gallery::recognise──▶ label, distance
//! ```
//!
//! * [`format`] says what the bytes of a model file are. Bytes come from outside and are not trusted.
//! * [`Model::decode`] checks magic, version, CRC, every length, shape, range and accumulator bound
//!   once. What it returns is valid, so that inference has nothing left to check and cannot fail:
//!   raw bytes and a validated model are different types.
//! * [`Model::embed`] runs the layers, one [`Step`] after the other, on a scratch buffer whose length
//!   the model states. Two builds given the same model and pixels give the same bytes, whatever the
//!   processor: all arithmetic is on integers, and every rounding is the one in [`requantize`].
//! * [`Model::compare`] compares two embeddings, exactly.
//! * [`Model::self_test`] proves that it is so here: the model file has a CRC of what four images must give.
//! * A [`Gallery`] is what a device has been taught: it says which enrolled thing an embedding is nearest to, and whether
//!   it is that thing or an unknown one.
//! * [`protocol`] carries all of this over a serial line.
//!
//! The arithmetic is defined in `docs/ARITHMETIC.md`, the file in `docs/FORMAT.md`, both in enough
//! detail to write a second implementation in another language.
//!
//! # Layout
//!
//! Feature maps are stored row by row, channels last (H, W, C). An image is one byte a pixel,
//! 0 (background) to 255. Weights are `[output channel][row][column][input channel]`; [`layout::repack`] puts them into
//! the order in which the fast [`Kernel`]s of a board read them. A model may be decoded and run in either.
//!
//! # Example
//!
//! ```
//! # fn run(file: &[u8], pixels: &[u8], others: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! use shared_model::Model;
//!
//! let model = Model::decode(file)?;
//! let mut scratch = vec![0_u32; model.scratch_len()];   // on a board: a static array
//! let [mut a, mut b] = [vec![0; model.embedding_len()], vec![0; model.embedding_len()]];
//! model.embed(pixels, &mut scratch, &mut a)?;
//! model.embed(others, &mut scratch, &mut b)?;
//! let distance = model.compare(&a, &b);                 // an integer; smaller is more alike
//! # Ok(()) }
//! ```
//!
//! The [README](https://docs.rs/crate/shared-model) enrols and recognises; `examples/recognise.rs` does both with real files.
#![no_std]
#![deny(unsafe_code)]
#![warn(missing_docs)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

mod contract;
pub mod engine;
pub mod gallery;
pub mod inspect;
pub mod model;
pub mod wire;

pub use engine::EmbedError;
pub use gallery::{Gallery, GalleryError, Recognition, Threshold};
pub use model::{
    DecodeError, Model,
    format::{Distance, Layout},
};

// TRANSITION
#[doc(hidden)]
pub use engine::{SelfTestError, TestImage, kernel, requantize};
#[doc(hidden)]
pub use gallery::distance;
#[doc(hidden)]
pub use inspect::*;
#[doc(hidden)]
pub use model::{crc32, format, layout};
#[doc(hidden)]
pub mod protocol {
    pub use crate::gallery::{Recognition, Threshold};
    pub use crate::wire::*;
}
#[cfg(feature = "std")]
#[doc(hidden)]
pub use wire::client;

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
