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

impl BatchConfig {
    /// Returns a batch of this share of the classes, at least two, or of the triplets, at least one.
    pub(super) fn times(self, share: f64) -> Self {
        let of = |count: usize| (count as f64 * share).round() as usize;
        match self {
            Self::Balanced(batch) => {
                Self::Balanced(BalancedConfig { classes: of(batch.classes).max(2), ..batch })
            }
            Self::Triplets(count) => Self::Triplets(of(count).max(1)),
        }
    }
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
