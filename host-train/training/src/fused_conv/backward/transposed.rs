//! The gradient of the images where it is a convolution itself.

use crate::fused_conv::{
    forward::Filters,
    geometry::{Geometry, Plan, Window},
};

/// The gradient of `x` as a convolution of `g`, with the kernel turned around: without a pool, and
/// with a stride of 1, that is faster than adding up products.
pub(super) struct Transposed {
    pub plan: Plan,
    pub filters: Filters,
}

impl Transposed {
    pub fn new(plan: &Plan, weight: &[f32], lanes: usize) -> Option<Self> {
        let [rows, columns] = plan.kernel;
        if plan.stride != [1, 1] || plan.pool != Window::NONE {
            return None;
        }
        let [top, bottom, left, right] = plan.padding;
        let vertically = |padding: usize| (rows - 1).checked_sub(padding);
        let horizontally = |padding: usize| (columns - 1).checked_sub(padding);
        let padding = [vertically(top)?, vertically(bottom)?, horizontally(left)?, horizontally(right)?];
        let geometry = Geometry { stride: [1, 1], padding, relu: false, pool: None };
        let transposed =
            Plan::new(plan.output_shape(), [plan.inputs, plan.outputs, rows, columns], &geometry)?;
        let positions = rows * columns;
        let mut turned = vec![0.0; weight.len()];
        for output in 0..plan.outputs {
            for input in 0..plan.inputs {
                let from = &weight[(output * plan.inputs + input) * positions..][..positions];
                let to = &mut turned[(input * plan.outputs + output) * positions..][..positions];
                for (to, from) in to.iter_mut().zip(from.iter().rev()) {
                    *to = *from;
                }
            }
        }
        let filters = Filters::new(&transposed, &turned, &vec![0.0; plan.inputs], lanes);
        Some(Self { plan: transposed, filters })
    }
}
