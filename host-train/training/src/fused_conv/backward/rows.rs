//! Rows of the kernel, filled up to whole vectors.

use crate::fused_conv::geometry::{LANES, Plan};

/// Returns a row of the kernel, filled up to whole vectors.
pub(super) fn padded_row(plan: &Plan) -> usize {
    plan.kernel_row().next_multiple_of(LANES)
}

/// Returns weights of one output channel, each row filled up.
pub(super) fn padded_taps(plan: &Plan) -> usize {
    plan.kernel[0] * padded_row(plan)
}

/// Calls `visit` for each weight of an output channel, with its index in `[input][row][column]`,
/// its row of the kernel, and its place in that row's `[column][input]`.
pub(super) fn for_each_tap(plan: &Plan, mut visit: impl FnMut(usize, usize, usize)) {
    let [rows, columns] = plan.kernel;
    for input in 0..plan.inputs {
        for row in 0..rows {
            for column in 0..columns {
                visit((input * rows + row) * columns + column, row, column * plan.inputs + input);
            }
        }
    }
}
