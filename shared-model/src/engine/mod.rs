//! The engine: from an image to its embedding, with the same bytes on every processor.
//!
//! [`kernel`] defines what each layer computes, and [`requantize`] the only rounding.
//! [`Model::embed`] runs the steps of a model, on the plain kernels or on fast ones that return the
//! same bytes, for each of the model's [`views`] of an image; [`Model::start`] does so in slices.
//! [`Model::self_test`] and [`Model::digests`] find out whether they do.
//!
//! [`Model::embed`]: crate::Model::embed
//! [`Model::start`]: crate::Model::start
//! [`Model::self_test`]: crate::Model::self_test
//! [`Model::digests`]: crate::Model::digests

mod digests;
mod embed;
pub(crate) mod fast;
pub mod kernel;
pub mod requantize;
mod self_test;
mod slices;
pub mod views;

pub use embed::EmbedError;
pub(crate) use embed::Plan;
pub use self_test::{SelfTestError, TestImage};
pub use slices::Inference;
