//! Layers that boards compute with a plain kernel, where a small change of the recipe would give them
//! a fast one.

use shared_model::{
    Model,
    inspect::{ConvGeometry, Kernel, Operation, Reason, Step},
};

/// A layer that is slow on a board, and need not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlowLayer {
    /// Its index in the model.
    pub layer: usize,
    /// The layer as `inspect` shows it.
    pub operation: String,
    /// How many times as many instructions as a fast kernel it takes for a multiplication, about.
    pub times: u32,
    /// What would avoid it.
    pub advice: &'static str,
}

impl SlowLayer {
    /// Returns all of it as a sentence. `name` is the layer's, if it has a better one than its number.
    pub fn sentence(&self, name: Option<&str>) -> String {
        let Self { layer, operation, times, advice } = self;
        let layer = name.map_or_else(|| format!("layer {layer} ({operation})"), str::to_owned);
        format!(
            "{layer} takes the plain kernel, which needs about {times} times as many instructions as a fast one: {advice}"
        )
    }
}

/// Returns those of a model, which is packed as for a board.
pub fn slow_layers(packed: &Model<'_>) -> Vec<SlowLayer> {
    let slow = |step: Step<'_>| {
        let Kernel::Reference(reason) = step.kernel else { return None };
        let Operation::Conv2d { geometry, .. } = &step.operation else { return None };
        let (times, advice) = match reason {
            Reason::Groups => (GROUPS, if is_depthwise(geometry) { FOURS } else { ALL }),
            // The file is not packed.
            Reason::Plain => return None,
        };
        Some(SlowLayer { layer: step.layer, operation: crate::text::operation(&step), times, advice })
    };
    packed.steps().filter_map(slow).collect()
}

fn is_depthwise(conv: &ConvGeometry) -> bool {
    conv.groups == usize::from(conv.input.channels) && conv.input.channels == conv.output.channels
}

/// Instructions of a Cortex-M4 for a multiplication of a depthwise convolution of 3 × 3, by those of the
/// fast kernel: 142 by 4 to 5.
const GROUPS: u32 = 30;

const FOURS: &str = "give it a multiple of 4 channels, by the `out_channels` of the convolution before it";
const ALL: &str = "let it see all channels, or let each channel have a filter of its own (`depthwise_conv`)";
