//! One image's gradients.

mod dense;
mod rows;
mod sparse;
mod sums;
mod tables;
mod terms;
mod transposed;

pub(super) use sums::WeightSums;
pub(super) use tables::BackwardTables;

use super::{
    forward::{ForwardImage, ForwardScratch},
    geometry::{CUT, Plan},
    memory::{PaddedImage, zeroed},
};
use dense::{dense_sums, fill_up};
use sparse::{CHANNELS, ScatteredGradient, sparse_sums};
use std::mem::MaybeUninit;
use terms::Term;
use tinytriplet_evaluation::vector::{
    Simd,
    f32::{Kernel, Target},
};
use transposed::Transposed;

/// Memory that a thread needs for its images.
pub(super) struct BackwardScratch {
    image: PaddedImage,
    /// Sums of the gradient; not for [`Transposed`].
    gradient: Option<PaddedImage>,
    /// [`CHANNELS`] lists with room for each window; or, for each position of a window, one with
    /// room for each output channel.
    terms: Vec<Term>,
    /// An image's `g` and argmax, the channels filled up; empty where they need no filling.
    g: Vec<f32>,
    argmax: Vec<u8>,
    /// For [`Transposed`]: `g` with 0 where ReLU did, the argmax of its pool, which it has not, and
    /// what the convolution needs.
    uncut: Vec<f32>,
    ignored: Vec<u8>,
    convolution: Option<ForwardScratch>,
}

impl BackwardScratch {
    pub fn new(plan: &Plan, tables: &BackwardTables) -> Self {
        let filled = match tables.dense {
            Some(dense) if dense.outputs != plan.outputs => plan.windows() * dense.outputs,
            _ => 0,
        };
        let sparse_terms = if tables.dense.is_some() { 0 } else { CHANNELS * (plan.windows() + 1) };
        let scattered = !tables.weight.is_empty();
        let scattered_terms = if scattered { plan.pool_positions() * (plan.outputs + 1) } else { 0 };
        Self {
            image: PaddedImage::new(plan),
            gradient: scattered.then(|| PaddedImage::new(plan)),
            terms: vec![Term::default(); sparse_terms.max(scattered_terms)],
            g: vec![0.0; filled],
            argmax: vec![CUT; filled],
            uncut: vec![0.0; if tables.transposed.is_some() { plan.result_len() } else { 0 }],
            ignored: vec![0; if tables.transposed.is_some() { plan.image_len() } else { 0 }],
            convolution: tables.transposed.as_ref().map(|t| ForwardScratch::new(&t.plan, &t.filters)),
        }
    }
}

/// Adds one image's weight and bias gradients to `sums`.
#[allow(clippy::too_many_arguments)]
pub(super) fn add_weight_gradients(
    simd: Simd,
    plan: &Plan,
    tables: &BackwardTables,
    image: &[f32],
    g: &[f32],
    argmax: &[u8],
    scratch: &mut BackwardScratch,
    sums: &mut WeightSums,
) {
    simd.run(WeightGradients { plan, tables, image, g, argmax, scratch, sums });
}

/// Writes the gradient of one image to all of `gradient`.
pub(super) fn write_image_gradient(
    simd: Simd,
    plan: &Plan,
    tables: &BackwardTables,
    g: &[f32],
    argmax: &[u8],
    scratch: &mut BackwardScratch,
    gradient: &mut [MaybeUninit<f32>],
) {
    if let (Some(transposed), Some(convolution)) = (&tables.transposed, &mut scratch.convolution) {
        for ((uncut, &g), &argmax) in scratch.uncut.iter_mut().zip(g).zip(argmax) {
            *uncut = if argmax == CUT { 0.0 } else { g };
        }
        let Transposed { plan, filters } = transposed;
        let (values, argmax) = (zeroed(gradient, 0.0), &mut scratch.ignored[..]);
        simd.run(ForwardImage { plan, filters, image: &scratch.uncut, scratch: convolution, values, argmax });
    } else {
        let sums = scratch.gradient.as_mut().expect("made where there is no convolution");
        simd.run(ScatteredGradient { plan, tables, g, argmax, terms: &mut scratch.terms, sums: &mut sums.0 });
        sums.unload(plan, gradient);
    }
}

struct WeightGradients<'a> {
    plan: &'a Plan,
    tables: &'a BackwardTables,
    image: &'a [f32],
    g: &'a [f32],
    argmax: &'a [u8],
    scratch: &'a mut BackwardScratch,
    sums: &'a mut WeightSums,
}

impl Kernel for WeightGradients<'_> {
    #[inline(always)]
    fn run<T: Target>(self) {
        let Self { plan, tables, image, mut g, mut argmax, scratch, sums } = self;
        let x = scratch.image.load(plan, image);
        let Some(dense) = tables.dense else {
            return sparse_sums::<T>(plan, tables, x, g, argmax, &mut scratch.terms, sums);
        };
        if !scratch.g.is_empty() {
            fill_up(&mut scratch.g, dense.outputs, g, plan.outputs);
            fill_up(&mut scratch.argmax, dense.outputs, argmax, plan.outputs);
            (g, argmax) = (&scratch.g, &scratch.argmax);
        }
        for output in (0..dense.outputs).step_by(T::LANES) {
            dense_sums::<T>(plan, tables, dense, output, x, g, argmax, sums);
        }
    }
}
