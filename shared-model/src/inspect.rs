//! The types that describe a model from inside: its tensors, its steps, and the kernel of each
//! step.
//!
//! A program that only embeds and recognises does not need them.
//! [`Model::steps`](crate::Model::steps) yields [`Step`]s; [`Model::input`](crate::Model::input)
//! and [`Model::output`](crate::Model::output) return [`Tensor`]s. A new kind of layer adds
//! variants to [`Operation`], [`Kernel`] and [`Reason`], in a version that may break callers.
//!
//! ```
//! use shared_model::{Model, inspect::Operation};
//!
//! # const FILE: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.postcard"));
//! let model = Model::decode(FILE)?;
//! for step in model.steps() {
//!     let kind = match step.operation {
//!         Operation::Conv2d { .. } => "convolution",
//!         Operation::Dense(_) => "fully connected",
//!         Operation::MaxPool2d(_) | Operation::AveragePool2d(..) => "pool",
//!         Operation::Skip | Operation::Add { .. } => "residual",
//!     };
//!     println!("{kind}: {} → {}, {} MACs", step.input.shape, step.output.shape, step.macs());
//! }
//! # Ok::<(), shared_model::DecodeError>(())
//! ```

pub use crate::model::{
    geometry::ConvGeometry,
    kernel_choice::{Kernel, Reason},
    step::{Operation, Parameters, Step},
    tensor::{Element, Shape, Tensor},
};
