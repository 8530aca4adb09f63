//! The learning rate of each step.

use tinytriplet_recipe::{Schedule, TrainConfig, WarmUp};

/// Returns the rate of step `step`, counted from 0.
pub(super) fn learning_rate(recipe: &TrainConfig, step: usize, steps: usize) -> f64 {
    let factor = match recipe.schedule {
        Schedule::Constant => 1.0,
        Schedule::Cosine(WarmUp { warm_up }) if step < warm_up => (step + 1) as f64 / warm_up as f64,
        Schedule::Cosine(WarmUp { warm_up }) => {
            let share = (step - warm_up) as f64 / steps.saturating_sub(warm_up).max(1) as f64;
            0.5 + 0.5 * (std::f64::consts::PI * share).cos()
        }
    };
    recipe.lr * factor / (1.0 + recipe.decay * step as f64)
}
