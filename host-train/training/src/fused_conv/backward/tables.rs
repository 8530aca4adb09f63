//! Tables that are computed once for all images.

use super::{
    rows::{for_each_tap, padded_row, padded_taps},
    transposed::Transposed,
};
use crate::fused_conv::{geometry::Plan, memory::Aligned};

/// Returns true if it is faster to compute the products of all positions of a window, with the
/// output channels side by side, than to look for the argmax and compute theirs, with the weights
/// side by side. Measured on AVX-512; it must be the same on all, for the bits to be.
fn dense_is_faster(plan: &Plan) -> bool {
    plan.pool_positions() * plan.taps() <= 150 + padded_taps(plan) * 3 / 4
}

/// Weights of an output channel whose dense sums are computed at once.
pub(super) const TAPS: usize = 9;

/// Tables that are the same for all images.
pub(in super::super) struct BackwardTables {
    /// The beginning of each window of the pool in a padded image.
    pub windows: Vec<u32>,
    /// The offset of each position of a window from there. A value that was cut may look up any.
    pub positions: [u32; 256],
    /// The offset that each weight of an output channel reads, from there, in the order
    /// `[row][column][input]`; for the dense sums filled up with the last.
    pub taps: Vec<u32>,
    /// Layout of the sums.
    pub(super) dense: Option<Dense>,
    /// `[output][row][column][input]`, each row filled up with zeros; empty where the gradient of
    /// `x` is not wanted or is a convolution.
    pub weight: Aligned,
    pub(super) transposed: Option<Transposed>,
}

/// Layout of the dense sums: `[tap][output]`, both filled up.
#[derive(Clone, Copy)]
pub(super) struct Dense {
    pub taps: usize,
    pub outputs: usize,
}

impl BackwardTables {
    /// `lanes` is that of the instruction set; `weight` is given where the gradient of `x` is
    /// wanted.
    pub fn new(plan: &Plan, weight: Option<&[f32]>, lanes: usize) -> Self {
        let columns = plan.pooled[1];
        let window = |window: usize| plan.window_offset(window / columns, window % columns) as u32;
        let [down, right] = plan.position_step();
        let pool_columns = plan.pool.kernel[1];
        let position = |p: usize| ((p / pool_columns) * down + (p % pool_columns) * right) as u32;
        let mut positions = [0; 256];
        for (p, offset) in positions.iter_mut().enumerate().take(plan.pool_positions()) {
            *offset = position(p);
        }
        let row = plan.kernel_row();
        let tap = |tap: usize| ((tap / row) * plan.row_step() + tap % row) as u32;
        let dense = dense_is_faster(plan).then(|| {
            let (taps, outputs) = (plan.taps().next_multiple_of(TAPS), plan.outputs.next_multiple_of(lanes));
            Dense { taps, outputs }
        });
        let taps = dense.map_or(plan.taps(), |dense| dense.taps);
        let transposed = weight.and_then(|weight| Transposed::new(plan, weight, lanes));
        let scattered = weight.filter(|_| transposed.is_none());
        let mut packed = Aligned::new(if scattered.is_some() { padded_taps(plan) * plan.outputs } else { 0 });
        let filters = scattered.unwrap_or_default().chunks_exact(plan.taps());
        for (filter, packed) in filters.zip(packed.chunks_exact_mut(padded_taps(plan))) {
            for_each_tap(plan, |tap, row, place| packed[row * padded_row(plan) + place] = filter[tap]);
        }
        Self {
            windows: (0..plan.windows()).map(window).collect(),
            positions,
            taps: (0..taps).map(|i| tap(i.min(plan.taps() - 1))).collect(),
            dense,
            weight: packed,
            transposed,
        }
    }
}
