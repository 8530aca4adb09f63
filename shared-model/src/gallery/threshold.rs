use crate::model::format::Thresholds;
use serde::{Deserialize, Serialize};

/// The distance beyond which a thing is unknown. At the threshold itself it is known.
///
/// The default is the model's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Threshold {
    /// The model's own threshold at which false accepts are as frequent as false rejects.
    EqualError,
    /// The model's own threshold at which one different pair in a hundred is accepted.
    FalseAccept1Percent,
    /// This distance, in the integers of the model's [`Distance`](crate::Distance).
    Distance(u32),
    /// No threshold: the nearest entry is the answer, however far it is, and whatever the
    /// background.
    None,
    /// The model's own threshold for as many images as the nearest entry has: see
    /// [`Thresholds::own`].
    #[default]
    Own,
}

impl Threshold {
    /// Returns the largest distance that is known from an entry of `count` images: `u32::MAX` for
    /// [`Threshold::None`], and `None` if the model has no such threshold.
    pub fn distance(self, thresholds: &Thresholds, count: u32) -> Option<u32> {
        match self {
            Self::EqualError => thresholds.equal_error.map(|threshold| threshold.distance),
            Self::FalseAccept1Percent => {
                thresholds.false_accept_1_percent.map(|threshold| threshold.distance)
            }
            Self::Distance(distance) => Some(distance),
            Self::None => Some(u32::MAX),
            Self::Own => thresholds.own(count).map(|threshold| threshold.distance),
        }
    }
}
