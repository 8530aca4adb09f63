//! Types that describe a model from inside: its tensors, its steps, and the kernel of each step.
//!
//! A program that only embeds and recognises does not need them. [`Model::steps`](crate::Model::steps) yields
//! [`Step`]s; [`Model::input`](crate::Model::input) and [`Model::output`](crate::Model::output) return [`Tensor`]s.

pub use crate::model::{
    geometry::ConvGeometry,
    kernel_choice::{Kernel, Reason},
    step::{Operation, Parameters, Step},
    tensor::{Element, Shape, Tensor},
};
