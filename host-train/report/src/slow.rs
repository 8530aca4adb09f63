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
    /// What would avoid it.
    pub advice: &'static str,
}

impl SlowLayer {
    /// Returns all of it as a sentence. `name` is the layer's, if it has a better one than its number.
    pub fn sentence(&self, name: Option<&str>) -> String {
        let Self { layer, operation, advice } = self;
        let layer = name.map_or_else(|| format!("layer {layer} ({operation})"), str::to_owned);
        format!(
            "{layer} takes the plain kernel, which needs about {GROUPS} times as many instructions as a fast one: {advice}"
        )
    }
}

/// Returns those of a model, which is packed as for a board.
pub fn slow_layers(packed: &Model<'_>) -> Vec<SlowLayer> {
    let slow = |step: Step<'_>| {
        let Kernel::Reference(reason) = step.kernel else { return None };
        let Operation::Conv2d { geometry, .. } = &step.operation else { return None };
        let advice = match reason {
            Reason::Groups if is_depthwise(geometry) => FOURS,
            Reason::Groups => ALL,
            // The file is not packed.
            Reason::Plain => return None,
        };
        Some(SlowLayer { layer: step.layer, operation: crate::text::operation(&step), advice })
    };
    packed.steps().filter_map(slow).collect()
}

fn is_depthwise(conv: &ConvGeometry) -> bool {
    conv.groups == usize::from(conv.input.channels) && conv.input.channels == conv.output.channels
}

/// How many times as many instructions as a fast kernel the plain one takes for a multiplication:
/// those of a Cortex-M4 for a depthwise convolution of 3 × 3, 142 by 4 to 5.
const GROUPS: u32 = 30;

const FOURS: &str = "give it a multiple of 4 channels, by the `out_channels` of the convolution before it";
const ALL: &str = "let it see all channels, or let each channel have a filter of its own (`depthwise_conv`)";
