//! The result of a training.

use crate::net::Net;
use tinytriplet_evaluation::history::HistoryRow;

/// The result of a training.
#[derive(Debug)]
pub struct Trained {
    /// The net, for inference.
    pub net: Net,
    /// The history, a row per look at the held-out images.
    pub history: Vec<HistoryRow>,
    /// Images that went through the net in training, repetitions counted.
    pub images_seen: u64,
    /// Time spent in training, without evaluation.
    pub train_seconds: f64,
    /// Images that were held out, as ascending indices into the training set.
    pub held_out: Vec<usize>,
    /// Steps done.
    pub steps: usize,
    /// The reason why there were no more.
    pub ended: Ended,
}

/// The reason why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All steps are done.
    Done,
    /// The held-out images said that it would not get better; the net is the best one of the run.
    Early,
    /// The observer wanted it.
    Interrupted,
}
