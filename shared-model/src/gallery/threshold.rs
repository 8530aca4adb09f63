use crate::model::format::Thresholds;
use serde::{Deserialize, Serialize};

/// From which distance on a thing is unknown. A distance up to and including the threshold is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Threshold {
    /// The model's own, where false accepts are as frequent as false rejects.
    EqualError,
    /// The model's own, where one different pair in a hundred is accepted.
    FalseAccept1Percent,
    /// This distance, in the integers of the model's [`Distance`].
    Distance(u32),
    /// None: the nearest is the answer, however far, and whatever is in the background.
    None,
}

impl Threshold {
    /// The distance; with [`Threshold::None`] the largest there is. `None` where the model has no such threshold.
    pub fn distance(self, thresholds: &Thresholds) -> Option<u32> {
        match self {
            Self::EqualError => thresholds.equal_error.map(|threshold| threshold.distance),
            Self::FalseAccept1Percent => {
                thresholds.false_accept_1_percent.map(|threshold| threshold.distance)
            }
            Self::Distance(distance) => Some(distance),
            Self::None => Some(u32::MAX),
        }
    }
}
