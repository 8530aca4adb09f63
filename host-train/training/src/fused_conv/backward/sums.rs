//! Sums of the gradients of weights and biases.

use super::{
    rows::{for_each_tap, padded_row, padded_taps},
    tables::BackwardTables,
};
use crate::fused_conv::geometry::Plan;

/// Sums of the weight and bias gradients over some images.
pub(in super::super) struct WeightSums {
    /// The sums in the layout of [`Dense`](super::tables::Dense), or
    /// `[output][row][column][input]`, rows filled up.
    pub weight: Vec<f32>,
    /// `[output]`, filled up if dense.
    pub bias: Vec<f32>,
}

impl WeightSums {
    pub fn new(plan: &Plan, tables: &BackwardTables) -> Self {
        let (weights, biases) = match tables.dense {
            Some(dense) => (dense.taps * dense.outputs, dense.outputs),
            None => (plan.outputs * padded_taps(plan), plan.outputs),
        };
        Self { weight: vec![0.0; weights], bias: vec![0.0; biases] }
    }

    /// Returns the sums of all groups, in order, as `[output][input][row][column]` and `[output]`.
    pub fn total(plan: &Plan, tables: &BackwardTables, groups: &[Self]) -> (Vec<f32>, Vec<f32>) {
        let mut total = Self::new(plan, tables);
        for group in groups {
            add(&mut total.weight, &group.weight);
            add(&mut total.bias, &group.bias);
        }
        let mut weight = vec![0.0; plan.outputs * plan.taps()];
        for (output, filter) in weight.chunks_exact_mut(plan.taps()).enumerate() {
            for_each_tap(plan, |tap, row, place| {
                filter[tap] = total.weight[match tables.dense {
                    Some(dense) => (row * plan.kernel_row() + place) * dense.outputs + output,
                    None => output * padded_taps(plan) + row * padded_row(plan) + place,
                }];
            });
        }
        total.bias.truncate(plan.outputs);
        (weight, total.bias)
    }
}

fn add(sums: &mut [f32], values: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}
