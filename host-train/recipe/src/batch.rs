//! `train.batch`: what a step sees.

use serde::{Deserialize, Serialize};

/// The batch of a step, and the source of its triplets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchConfig {
    /// The same number of images of several classes (P × K); triplets are mined among them.
    #[serde(rename_all = "snake_case")]
    Balanced(BalancedConfig),
    /// This many of the origin's triplets, 1 to 1,024: two consecutive images of a class, and one
    /// of another.
    Triplets(usize),
}

/// A P × K batch; at most 2,048 images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalancedConfig {
    /// P, 2 to 256. Data with fewer classes give all of theirs.
    pub classes: usize,
    /// K, 2 to 256.
    pub images_per_class: usize,
}
