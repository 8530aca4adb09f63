//! The engine: from an image to its embedding, with the same bytes on every processor.

mod digests;
mod embed;
pub(crate) mod fast;
pub mod kernel;
pub mod requantize;
mod self_test;

pub use embed::EmbedError;
pub use self_test::{SelfTestError, TestImage};
