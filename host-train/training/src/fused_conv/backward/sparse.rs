//! Gradients by lists of what was not cut: of the weights, and of the images.

use super::{
    rows::{padded_row, padded_taps},
    sums::WeightSums,
    tables::BackwardTables,
    terms::{Term, add_terms},
};
use crate::fused_conv::geometry::{CUT, Plan};
use tinytriplet_evaluation::vector::f32::{Kernel, Target};

/// Output channels whose argmax are looked for at once.
pub(super) const CHANNELS: usize = 16;

/// Adds up the sums of one output channel after another, over its argmax.
#[inline(always)]
pub(super) fn sparse_sums<T: Target>(
    plan: &Plan,
    tables: &BackwardTables,
    x: &[f32],
    g: &[f32],
    argmax: &[u8],
    terms: &mut [Term],
    sums: &mut WeightSums,
) {
    let room = plan.windows() + 1;
    for first in (0..plan.outputs).step_by(CHANNELS) {
        let outputs = first..plan.outputs.min(first + CHANNELS);
        let mut counts = [0; CHANNELS];
        for (window, &offset) in tables.windows.iter().enumerate() {
            let row = window * plan.outputs..(window + 1) * plan.outputs;
            let (g, argmax) = (&g[row.clone()][outputs.clone()], &argmax[row][outputs.clone()]);
            for (list, (&g, &argmax)) in g.iter().zip(argmax).enumerate() {
                // Written in any case, and kept if it is wanted: there is nothing to predict.
                let offset = offset + tables.positions[usize::from(argmax)];
                terms[list * room + counts[list]] = Term { offset, factor: g };
                counts[list] += usize::from((argmax != CUT) & (g != 0.0));
            }
        }
        for (list, output) in outputs.enumerate() {
            let terms = &terms[list * room..][..counts[list]];
            for term in terms {
                sums.bias[output] += term.factor;
            }
            let weight = &mut sums.weight[output * padded_taps(plan)..][..padded_taps(plan)];
            add_terms::<T>(plan, weight, padded_row(plan), x, plan.row_step(), terms);
        }
    }
}

/// Adds up the gradient of one padded image, `sums`.
pub(super) struct ScatteredGradient<'a> {
    pub plan: &'a Plan,
    pub tables: &'a BackwardTables,
    pub g: &'a [f32],
    pub argmax: &'a [u8],
    pub terms: &'a mut [Term],
    pub sums: &'a mut [f32],
}

impl Kernel for ScatteredGradient<'_> {
    #[inline(always)]
    fn run<T: Target>(self) {
        let Self { plan, tables, g, argmax, terms, sums } = self;
        sums.fill(0.0);
        let room = plan.outputs + 1;
        let mut counts = [0; 256];
        let windows = g.chunks_exact(plan.outputs).zip(argmax.chunks_exact(plan.outputs));
        for ((g, argmax), &window) in windows.zip(&tables.windows) {
            let counts = &mut counts[..plan.pool_positions()];
            if let [count] = counts {
                *count = one_list(plan, g, argmax, terms);
            } else {
                list_each_position(plan, g, argmax, terms, counts);
            }
            for (position, &count) in counts.iter().enumerate() {
                let terms = &terms[position * room..][..count];
                if !terms.is_empty() {
                    let sums = &mut sums[(window + tables.positions[position]) as usize..];
                    add_terms::<T>(plan, sums, plan.row_step(), &tables.weight, padded_row(plan), terms);
                }
            }
        }
    }
}

/// Lists the output channels that were not cut, for a pool of one position.
#[inline(always)]
fn one_list(plan: &Plan, g: &[f32], argmax: &[u8], terms: &mut [Term]) -> usize {
    let mut count = 0;
    for (output, (&factor, &argmax)) in g.iter().zip(argmax).enumerate() {
        terms[count] = Term { offset: (output * padded_taps(plan)) as u32, factor };
        count += usize::from((argmax != CUT) & (factor != 0.0));
    }
    count
}

/// Lists the output channels that were not cut, for each position of a window.
#[inline(always)]
fn list_each_position(plan: &Plan, g: &[f32], argmax: &[u8], terms: &mut [Term], counts: &mut [usize]) {
    let room = plan.outputs + 1;
    counts.fill(0);
    for (output, (&factor, &argmax)) in g.iter().zip(argmax).enumerate() {
        let position = if argmax == CUT { 0 } else { usize::from(argmax) };
        let offset = (output * padded_taps(plan)) as u32;
        terms[position * room + counts[position]] = Term { offset, factor };
        counts[position] += usize::from((argmax != CUT) & (factor != 0.0));
    }
}
