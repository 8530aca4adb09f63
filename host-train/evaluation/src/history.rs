//! The course of a training.

use serde::{Deserialize, Serialize};

/// A line of the training history: means over the steps since the line before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryRow {
    /// Steps done.
    pub step: usize,
    /// Images that went through the net in training, repetitions counted.
    pub images_seen: u64,
    /// Time spent in training, without evaluation.
    pub seconds: f64,
    /// Mean loss.
    pub loss: f64,
    /// Mean number of triplets, pairs or images in a step that the loss rests on.
    pub mined: f64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Share of held-out images whose nearest other held-out image has the same label; none are
    /// held out where the config says so, or where every class is too small.
    pub precision_at_1: Option<f64>,
}
