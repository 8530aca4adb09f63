//! int8 metric-learning inference for a microcontroller, and the same bytes on a PC.
//!
//! This crate is the half of tinytriplet that runs on both sides. It uses no heap and no
//! floating-point arithmetic in an answer, an inference cannot panic, and `unsafe` stands only
//! around the assembly for Cortex-M4, M7 and M33.
//!
//! # How the parts fit together
//!
//! ```text
//! frame ──prepare──▶ pixels ─┐
//! file ──decode──▶ Model ────┴─embed──▶ embedding ──Gallery::recognise──▶ Recognition
//! ```
//!
//! The crate has five modules. Each uses only those above it:
//!
//! * [`model`] is the model file. Its bytes come from outside and are not trusted.
//!   [`Model::decode`] checks the magic, version, CRC and every length, shape, range and
//!   accumulator bound once. What it returns is valid, so inference has nothing left to check and
//!   cannot fail: raw bytes and a validated model are different types.
//! * [`prepare`] makes the pixels of a net from a camera frame or a decoded picture, as the model
//!   file says, row by row and in integers.
//! * [`engine`] computes embeddings. [`Model::embed`] runs the layers one after another in a buffer
//!   whose length the model states. All arithmetic is on integers, and there is only one rounding
//!   ([`engine::requantize`]), so two builds given the same model and pixels return the same bytes,
//!   whatever the processor. [`Model::self_test`] proves it on the processor at hand.
//! * [`gallery`] holds what a device has been taught. [`Model::compare`] returns the exact distance
//!   of two embeddings, and [`Gallery::recognise`] the enrolled thing that an embedding shows, or
//!   that it is unknown.
//! * [`wire`] carries all of this over a serial line.
//!
//! [`inspect`] names the types that describe a model from inside.
//!
//! `docs/ARITHMETIC.md` in tinytriplet's repository defines the arithmetic, and `docs/FORMAT.md`
//! the file, both in enough detail to write a second implementation in another language.
//!
//! # Layout of memory
//!
//! Feature maps are stored row by row, channels last (H, W, C). An image has one byte per pixel
//! and channel, from 0 (background) to 255. Weights are
//! `[output channel][row][column][input channel]`. [`repack`](model::layout::repack) puts them into
//! the order in which the fast [kernels](inspect::Kernel) of a board read them. A model can be
//! decoded and run in either order.
//!
//! # Example
//!
//! ```
//! use shared_model::{Gallery, Model, Threshold, gallery};
//!
//! # const FILE: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.postcard"));
//! # let (pixels, others) = ([200; 64], [100; 64]);
//! let model = Model::decode(FILE)?;
//! let mut scratch = vec![0_u32; model.scratch_len()]; // on a board: a static array
//! let mut embedding = vec![0; model.embedding_len()];
//! let mut memory = vec![0; 16 * gallery::entry_len(model.embedding_len(), 0)];
//! let mut gallery = Gallery::new(&model, 0, &mut memory);
//!
//! model.embed(&pixels, &mut scratch, &mut embedding)?;
//! gallery.enrol("blue mug", &embedding)?;
//!
//! model.embed(&others, &mut scratch, &mut embedding)?;
//! let seen = gallery.recognise(&model, &embedding, gallery::Method::Prototype, Threshold::Own)?;
//! println!("{}", seen.label().unwrap_or("unknown"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! On a board, the buffers are static arrays. Their lengths are facts of the model file: in a
//! `build.rs`, `build::pack` packs the file, and [`include_model!`] has it and its lengths as
//! constants. `examples/recognise.rs` enrols and recognises with real files on a PC.
//!
//! # Features
//!
//! None is on by default.
//!
//! * `alloc`: [`model::layout::repack_to_vec`](model::layout) and `Model::scratch_in_use`, which
//!   need a heap.
//! * `std`: the PC's end of the wire, `wire::client`, and `build`, for build scripts. It turns
//!   `alloc` on.
//! * `defmt`: `defmt::Format` for the types that a board logs. Only for boards: a crate that logs
//!   through defmt cannot be linked into a program on a PC.
//! * `portable`: no assembly, and the same bytes. For an Armv8-M core without the DSP extension,
//!   whose target is that of a core with it.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code)]
#![warn(missing_docs, missing_debug_implementations)]

#[cfg(feature = "alloc")]
extern crate alloc;
// Documentation of all features is built for boards, too, which have no std.
#[cfg(any(test, all(feature = "std", not(all(docsrs, target_os = "none")))))]
extern crate std;

#[cfg(all(feature = "std", not(all(docsrs, target_os = "none"))))]
#[cfg_attr(docsrs, doc(cfg(feature = "std")))]
pub mod build;
mod contract;
pub mod engine;
pub mod gallery;
mod include_model;
pub mod inspect;
pub mod model;
pub mod prepare;
pub mod wire;

pub use engine::EmbedError;
pub use gallery::{Gallery, GalleryError, Recognition, Threshold};
pub use model::{
    DecodeError, Model,
    format::{Distance, Layout},
};

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
