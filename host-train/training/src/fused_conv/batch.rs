//! The arithmetic of convolution → ReLU → max pool and of its gradients, on plain slices.
//!
//! ```text
//! v[p, o] = bias[o] + Σ over (ky, kx, i) of x[p · stride + (ky, kx) − padding, i] · weight[o, i, ky, kx]
//! y[q, o] = the largest of max(0, v[p, o]) over the positions p in the pool's window q
//! ```
//!
//! Maps are `[images, rows, columns, channels]`. Beside `y` the forward pass keeps one byte per
//! value: which position of the window won ([`CUT`](super::geometry::CUT) where ReLU left 0). Of
//! equal values the first in row-major order wins, as in PyTorch and Burn. Where all values of a
//! window are NaN the result is, so that a diverging training shows; among others a NaN may lose.
//!
//! **Why the backward pass is exact.** `y[q, o]` depends on `v` at its argmax only, with slope 1,
//! and on nothing where it was cut. With `g = ∂loss/∂y` and `p = argmax(q, o)`, over the `(q, o)`
//! that were not cut:
//!
//! ```text
//! ∂loss/∂bias[o]              = Σ over q of g[q, o]
//! ∂loss/∂weight[o, i, ky, kx] = Σ over q of g[q, o] · x[p · stride + (ky, kx) − padding, i]
//! ∂loss/∂x[·, i]              = Σ of g[q, o] · weight[o, i, ky, kx] over all that read it
//! ```
//!
//! These are the same sums as those of the three operations in a row, less their zeros: for a 2×2
//! pool three in four.
//!
//! **Why the bits do not depend on the threads.** An image's `y` and `∂loss/∂x` are computed by one
//! thread, in one order. The sums over images are made of [`GROUPS`] partial sums, each over
//! neighbouring images by one thread in order; they are added in order at the end. Which thread did
//! what makes no difference.
//!
//! Every value's sum runs in the same order whatever the instruction set, so that AVX2 and AVX-512
//! give the same bits (and NEON should: nobody has looked); where there is no fused multiply-add
//! (SSE2), the rounding differs.
//!
//! This file has what goes around the images; one image's work is in [`forward`](super::forward)
//! and [`backward`](super::backward).

use super::{
    backward::{BackwardScratch, BackwardTables, WeightSums, add_weight_gradients, write_image_gradient},
    forward::{Filters, ForwardImage, ForwardScratch},
    geometry::{MOST_POOL_POSITIONS, Plan},
    memory::{room, zeroed},
};
use rayon::prelude::*;
use tinytriplet_evaluation::vector::Simd;

/// Partial sums of the weight gradients: a fixed number, and the most threads that can work on
/// them.
pub(super) const GROUPS: usize = 16;

/// Fewest images a thread takes at once in the forward pass.
pub(super) const FORWARD_IMAGES: usize = 4;

/// The result of [`forward`].
pub(super) struct Output {
    /// `[images, rows, columns, outputs]`
    pub values: Vec<f32>,
    /// Position in the window, row-major, that each value comes from, or
    /// [`CUT`](super::geometry::CUT).
    pub argmax: Vec<u8>,
}

/// The result of [`backward`].
pub(super) struct Gradients {
    /// `[images, rows, columns, inputs]`, if asked for.
    pub x: Option<Vec<f32>>,
    /// `[outputs, inputs, kernel rows, kernel columns]`
    pub weight: Vec<f32>,
    /// `[outputs]`
    pub bias: Vec<f32>,
}

/// `x`, `weight` and `bias` have the shapes that `plan` was made with.
pub(super) fn forward(simd: Simd, plan: &Plan, x: &[f32], weight: &[f32], bias: &[f32]) -> Output {
    assert!(
        plan.pool_positions() <= MOST_POOL_POSITIONS,
        "a pool of more than {MOST_POOL_POSITIONS} positions"
    );
    assert_eq!(x.len(), plan.images * plan.image_len());
    assert_eq!(weight.len(), plan.outputs * plan.taps());
    assert_eq!(bias.len(), plan.outputs);
    let filters = Filters::new(plan, weight, bias, simd.lanes());
    let len = plan.images * plan.result_len();
    let (mut values, mut argmax) = (Vec::with_capacity(len), Vec::with_capacity(len));
    room(&mut values, len)
        .par_chunks_mut(plan.result_len())
        .zip(room(&mut argmax, len).par_chunks_mut(plan.result_len()))
        .enumerate()
        .with_min_len(FORWARD_IMAGES)
        .for_each_init(
            || ForwardScratch::new(plan, &filters),
            |scratch, (index, (values, argmax))| {
                let image = &x[index * plan.image_len()..][..plan.image_len()];
                let (values, argmax) = (zeroed(values, 0.0), zeroed(argmax, 0));
                simd.run(ForwardImage { plan, filters: &filters, image, scratch, values, argmax });
            },
        );
    // SAFETY: the chunks, one per image, are all of the first `len` values, and `zeroed` wrote
    // each.
    unsafe {
        values.set_len(len);
        argmax.set_len(len);
    }
    Output { values, argmax }
}

/// Gradients, given `g = ∂loss/∂y` and what [`forward`] was given and found.
pub(super) fn backward(
    simd: Simd,
    plan: &Plan,
    x: &[f32],
    weight: &[f32],
    argmax: &[u8],
    g: &[f32],
    want_x: bool,
) -> Gradients {
    assert_eq!(x.len(), plan.images * plan.image_len());
    assert_eq!(weight.len(), plan.outputs * plan.taps());
    assert_eq!(g.len(), plan.images * plan.result_len());
    assert_eq!(argmax.len(), g.len());
    let tables = BackwardTables::new(plan, want_x.then_some(weight), simd.lanes());
    let group = plan.images.div_ceil(GROUPS).max(1);
    let len = if want_x { x.len() } else { 0 };
    let mut gradient_x = Vec::with_capacity(len);
    let mut gradients: Vec<_> = room(&mut gradient_x, len).chunks_mut(group * plan.image_len()).collect();
    gradients.resize_with(plan.images.div_ceil(group), || &mut []);
    let groups: Vec<WeightSums> = gradients
        .into_par_iter()
        .enumerate()
        .map_init(
            || BackwardScratch::new(plan, &tables),
            |scratch, (index, gradients)| {
                let mut sums = WeightSums::new(plan, &tables);
                let mut gradients = gradients.chunks_exact_mut(plan.image_len());
                for index in index * group..plan.images.min((index + 1) * group) {
                    let image = &x[index * plan.image_len()..][..plan.image_len()];
                    let result = index * plan.result_len()..(index + 1) * plan.result_len();
                    let (g, argmax) = (&g[result.clone()], &argmax[result]);
                    add_weight_gradients(simd, plan, &tables, image, g, argmax, scratch, &mut sums);
                    if want_x {
                        let gradient = gradients.next().expect("as many chunks as images");
                        write_image_gradient(simd, plan, &tables, g, argmax, scratch, gradient);
                    }
                }
                sums
            },
        )
        .collect();
    // SAFETY: `len` is 0, or each of the images in each of the groups had its gradient written
    // whole by `write_image_gradient`; together they are the first `len` values.
    unsafe { gradient_x.set_len(len) };
    let (weight, bias) = WeightSums::total(plan, &tables, &groups);
    Gradients { x: want_x.then_some(gradient_x), weight, bias }
}
